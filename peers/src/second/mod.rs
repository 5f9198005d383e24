//! The search beside the program `figure2`: each rule of Figure 2 off alone, and each pair of them.

mod beside;

use beside::{Answer, PROPERTIES, Question, ours, rules, theirs};
use wavetank::explore::{Bounds, Grain, threads};
use wavetank::raft::Rule;

/// The most gestures in a run with one rule off, and with two.
pub const STEPS: [u32; 2] = [12, 9];
/// The most memory that each of the two searches takes, in bytes.
const BYTES: u64 = 2 << 30;

/// Puts every question to both, prints a table of the differences, and says whether there are none. `steps`
/// are the most gestures in a run with two rules off.
pub fn run(steps: u32) -> bool {
    let all = rules();
    let alone = all.iter().map(|rule| vec![*rule]);
    let pairs = (0..all.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    let pairs: Vec<_> = pairs.map(|(i, j)| vec![all[i], all[j]]).collect();
    println!("Three servers, bounds of the gesture grain; {} rules and {} pairs.", all.len(), pairs.len());
    println!("| rules off | property | fewest gestures | of figure2 |\n|---|---|---:|---:|");
    let mut sum = Sum::default();
    alone.for_each(|off| sum.add(off, STEPS[0]));
    pairs.into_iter().for_each(|off| sum.add(off, steps));
    println!(
        "\n{} questions, {} answered alike; {} properties violated; {} and {} states; memory cut {} short.",
        sum.asked, sum.alike, sum.violated, sum.states[0], sum.states[1], sum.cut
    );
    sum.alike == sum.asked
}

/// What came of the questions.
#[derive(Default)]
struct Sum {
    asked: u64,
    alike: u64,
    /// Properties that some rules off violate.
    violated: u64,
    /// Distinct states, ours and theirs.
    states: [u64; 2],
    cut: u64,
}

impl Sum {
    fn add(&mut self, off: Vec<Rule>, steps_max: u32) {
        let bounds = Bounds::of(Grain::Gesture);
        let question = Question { off, bounds, steps_max, bytes_max: BYTES, threads: threads() };
        let ((ours, our_runs), (theirs, their_runs)) = (ours(&question), theirs(&question));
        self.asked += 1;
        self.violated += ours.fewest.iter().flatten().count() as u64;
        self.states[0] += ours.states;
        self.states[1] += theirs.states;
        self.cut += u64::from(ours.cut || theirs.cut);
        if ours.agrees(&theirs) {
            self.alike += 1;
            return;
        }
        for ((property, other), (our, their)) in
            PROPERTIES.into_iter().zip(ours.fewest.into_iter().zip(theirs.fewest))
        {
            if our == their {
                continue;
            }
            println!("{}", row(&question, property.name(), [&ours, &theirs], [our, their]));
            for (_, run) in our_runs.iter().filter(|(violated, _)| *violated == property) {
                run.iter().for_each(|gesture| println!("  wavetank: {gesture}"));
            }
            for (_, run) in their_runs.iter().filter(|(violated, _)| *violated == other) {
                run.iter().for_each(|gesture| println!("  figure2: {gesture}"));
            }
        }
    }
}

fn row(question: &Question, property: &str, answers: [&Answer; 2], fewest: [Option<usize>; 2]) -> String {
    let names: Vec<&str> = question.off.iter().map(|rule| rule.name()).collect();
    let said = |i: usize| match fewest[i] {
        Some(gestures) => gestures.to_string(),
        None => format!("none to {}", answers[i].depth),
    };
    format!("| {} | {property} | {} | {} |", names.join(", "), said(0), said(1))
}
