//! Our search and the one of the package `figure2`, which shares only the specification, put the same question.

use figure2::{End, Properties, Setup, Wanted};
use wavetank::check::Property;
use wavetank::explore::{Bounds, Ended, Gesture, Grain, Search, first_violations};
use wavetank::raft::{Rule, Rules};

/// The rules of Figure 2: those that the other program knows, by their names.
pub fn rules() -> Vec<Rule> {
    figure2::Rule::ALL.iter().filter_map(|rule| rule.name().parse().ok()).collect()
}

/// The properties of Figure 3 with their names in the other program.
pub const PROPERTIES: [(Property, figure2::Property); 5] = [
    (Property::ElectionSafety, figure2::Property::ElectionSafety),
    (Property::LeaderAppendOnly, figure2::Property::LeaderAppendOnly),
    (Property::LogMatching, figure2::Property::LogMatching),
    (Property::LeaderCompleteness, figure2::Property::LeaderCompleteness),
    (Property::StateMachineSafety, figure2::Property::StateMachineSafety),
];

/// What both searches are asked: with these rules off, the fewest gestures that violate each property.
#[derive(Clone, Debug)]
pub struct Question {
    pub off: Vec<Rule>,
    pub bounds: Bounds,
    /// The most gestures in a run.
    pub steps_max: u32,
    /// The most bytes that each may take.
    pub bytes_max: u64,
    /// With how many threads ours works; theirs has one.
    pub threads: usize,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// For each of [`PROPERTIES`] the fewest gestures that violate it.
    pub fewest: [Option<usize>; 5],
    /// Whether memory ended the search. Then it says nothing of runs longer than `depth`.
    pub cut: bool,
    /// Runs of so many gestures were all looked at.
    pub depth: u32,
    pub states: u64,
}

impl Answer {
    /// Both answers where both searches looked at all runs of so many gestures: longer ones are left out.
    pub fn agrees(&self, other: &Answer) -> bool {
        let both = |answer: &Answer| if answer.cut { answer.depth } else { u32::MAX };
        let depth = both(self).min(both(other)) as usize;
        let within = |fewest: Option<usize>| fewest.filter(|gestures| *gestures <= depth);
        self.fewest.map(within) == other.fewest.map(within)
    }
}

/// What our search answers, and the runs that it found.
pub fn ours(question: &Question) -> (Answer, Vec<(Property, Vec<Gesture>)>) {
    let Question { bounds, steps_max, bytes_max, threads, .. } = *question;
    let search = Search {
        rules: Rules::without(&question.off),
        bounds,
        steps_max,
        bytes_max,
        threads,
        ..Search::new(3, Grain::Gesture, "violated(ElectionSafety)".parse().expect("it is a goal"))
    };
    let (told, found) = first_violations(&search, &PROPERTIES.map(|(property, _)| property), |_| true);
    let run = |property| told.iter().find(|(violated, _)| *violated == property);
    let answer = Answer {
        fewest: PROPERTIES.map(|(property, _)| run(property).map(|(_, run)| run.len())),
        cut: matches!(found.ended, Ended::Memory | Ended::States),
        depth: found.progress.depth,
        states: found.progress.states,
    };
    (answer, told)
}

/// What the other program answers, and the runs that it found.
pub fn theirs(question: &Question) -> (Answer, Vec<(figure2::Property, Vec<figure2::Gesture>)>) {
    let rules: Vec<_> = question.off.iter().filter_map(|rule| figure2::Rule::named(rule.name())).collect();
    let Bounds { term_max, log_max, restarts_max, messages_max, .. } = question.bounds;
    let setup = Setup {
        rules: figure2::Rules::without(&rules),
        bounds: figure2::Bounds {
            terms: term_max as u8,
            entries: log_max as u8,
            restarts: restarts_max,
            held: messages_max,
        },
        wanted: Wanted::AllOf(Properties::of(&figure2::Property::ALL)),
        depth_max: question.steps_max,
        bytes_max: question.bytes_max,
        ..Setup::default()
    };
    let outcome = figure2::search(&setup).expect("these bounds are within its own");
    let answer = Answer {
        fewest: PROPERTIES.map(|(_, property)| outcome.fewest(property)),
        cut: matches!(outcome.end, End::Memory | End::States),
        depth: outcome.depth,
        states: outcome.states,
    };
    (answer, outcome.violations)
}
