//! Histories, judged by our checker and by `porcupine-rs`: random ones, good and spoiled, unknown outcomes
//! included, and those of simulated runs in which stale reads are possible.
//!
//! What porcupine's format can't say is put in other words: an operation without an answer returns after
//! everything else, and whatever it answers then is right. At one moment porcupine has calls before returns,
//! ours returns before calls; so both are given moments that differ.

mod random;
mod runs;
mod theirs;

use std::time::{Duration, Instant};
use wavetank::check::history::{History, Operation};
use wavetank::check::linearizability::{Bounds, Verdict, judge};

/// Histories, unless told otherwise.
pub const HISTORIES: u64 = 10_000;
/// One run is simulated for so many random histories.
const PER_RUN: u64 = 200;
/// How long porcupine may take: where we have decided, and where we have not.
const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(60);

/// What the verdicts were.
#[derive(Default)]
struct Tally {
    histories: u64,
    operations: u64,
    unanswered: u64,
    yes: u64,
    no: u64,
    undecided: u64,
    undecided_by_them: u64,
    different: u64,
    /// How long each took, ours and theirs, where both have decided.
    times: Vec<(Duration, Duration)>,
}

/// Compares the verdicts on small histories. Whether all are equal, and both kinds came up.
pub fn run(histories: u64) -> bool {
    let start = Instant::now();
    let good = compare("good", (0..histories / 2).map(random::good));
    let spoiled = compare("spoiled", (0..histories.div_ceil(2)).map(random::spoiled));
    let runs = (0..histories.div_ceil(PER_RUN)).map(runs::history);
    let simulated = compare("of runs with broken reads", runs);
    println!("In {:.1} s.", start.elapsed().as_secs_f64());
    let all = [&good, &spoiled, &simulated];
    let equal = all.iter().all(|tally| tally.different == 0 && tally.undecided == 0);
    // Else it would be a comparison of nothing.
    let telling = good.no == 0 && spoiled.yes > 0 && spoiled.no > 0 && simulated.no > 0;
    if !telling {
        println!("These histories tell too little.");
    }
    equal && telling
}

/// Compares the verdicts on large histories, as far as porcupine finds one. Whether all are equal, and we
/// have one wherever it has.
pub fn run_large(histories: u64) -> bool {
    let tally = compare("large", (0..histories).map(random::large));
    tally.different == 0
}

fn compare(what: &str, histories: impl Iterator<Item = History>) -> Tally {
    let mut tally = Tally::default();
    for history in histories {
        let history = History(one_after_the_other(history.0));
        tally.histories += 1;
        tally.operations += history.0.len() as u64;
        tally.unanswered += history.0.iter().filter(|operation| operation.done.is_none()).count() as u64;
        let start = Instant::now();
        let ours = judge(&history, Bounds::default(), |_| true).verdict;
        let our_time = start.elapsed();
        let theirs = theirs::Theirs::new(&history);
        let verdict = theirs.check_within(if ours == Verdict::Undecided { LATE } else { SOON });
        // With a limit of time it starts a thread; without one, for a single key, none.
        let start = Instant::now();
        let theirs = verdict.map(|_| theirs.check());
        let their_time = start.elapsed();
        *match ours {
            Verdict::Yes => &mut tally.yes,
            Verdict::No(_) => &mut tally.no,
            Verdict::Undecided => &mut tally.undecided,
        } += 1;
        tally.undecided_by_them += u64::from(theirs.is_none());
        let different = match (&ours, theirs) {
            (_, None) => false,
            // Whatever they can decide we have to.
            (Verdict::Undecided, Some(_)) => true,
            (ours, Some(theirs)) => (*ours == Verdict::Yes) != theirs,
        };
        if different {
            tally.different += 1;
            println!("Ours: {ours:?}. Theirs: {theirs:?}.\n{}", history.to_json());
        } else if theirs.is_some() {
            tally.times.push((our_time, their_time));
        }
    }
    tell(what, &mut tally);
    tally
}

fn tell(what: &str, tally: &mut Tally) {
    let Tally { histories, operations, unanswered, yes, no, undecided, undecided_by_them, different, times } =
        tally;
    println!(
        "{histories} {what}, {operations} operations, {unanswered} of them unanswered: {yes} linearizable, {no} \
         not, {undecided} undecided ({undecided_by_them} by porcupine in time); {different} verdicts differ."
    );
    let middle = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e6
    };
    let longest = |times: &[Duration]| times.last().copied().unwrap_or_default().as_secs_f64() * 1e3;
    let mut ours: Vec<Duration> = times.iter().map(|(ours, _)| *ours).collect();
    let mut theirs: Vec<Duration> = times.iter().map(|(_, theirs)| *theirs).collect();
    let (our_middle, their_middle) = (middle(&mut ours), middle(&mut theirs));
    println!(
        "  median: ours {our_middle:.1} µs, theirs {their_middle:.1} µs, {:.2} times theirs; longest: ours {:.1} \
         ms, theirs {:.1} ms.",
        our_middle / their_middle,
        longest(&ours),
        longest(&theirs),
    );
}

/// The same history with times that all differ: what returns at a moment comes before what is called then.
fn one_after_the_other(mut operations: Vec<Operation>) -> Vec<Operation> {
    let mut moments: Vec<(u64, u8, usize)> = Vec::new();
    for (which, operation) in operations.iter().enumerate() {
        let at_once = operation.done.as_ref().is_some_and(|done| done.at_us == operation.call_us);
        moments.push((operation.call_us, if at_once { 1 } else { 3 }, which));
        if let Some(done) = &operation.done {
            moments.push((done.at_us, if at_once { 2 } else { 0 }, which));
        }
    }
    moments.sort_unstable();
    for (place, (_, rank, which)) in (0..).zip(moments) {
        let operation = &mut operations[which];
        match (rank, &mut operation.done) {
            (0 | 2, Some(done)) => done.at_us = place,
            _ => operation.call_us = place,
        }
    }
    operations
}
