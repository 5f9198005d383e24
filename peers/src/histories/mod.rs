//! Histories, judged by our checker and by `porcupine-rs`: random ones, good and spoiled, unknown outcomes
//! included, and those of simulated runs in which stale reads are possible.
//!
//! What porcupine's format can't say is put in other words: an operation without an answer returns after
//! everything else, and whatever it answers then is right. At one moment porcupine has calls before returns,
//! ours returns before calls; so both are given moments that differ.

mod random;
mod runs;
mod theirs;

use std::time::Instant;
use wavetank::check::history::{History, Operation};
use wavetank::check::linearizability::{STEPS, Verdict, check};

/// Histories, unless told otherwise.
pub const HISTORIES: u64 = 10_000;
/// One run is simulated for so many random histories.
const PER_RUN: u64 = 200;

/// What the verdicts were.
#[derive(Default)]
struct Tally {
    histories: u64,
    operations: u64,
    unanswered: u64,
    yes: u64,
    no: u64,
    undecided: u64,
    different: u64,
}

/// Compares the verdicts. Whether all are equal, and both kinds came up.
pub fn run(histories: u64) -> bool {
    let start = Instant::now();
    let good = compare("good", (0..histories / 2).map(random::good));
    let spoiled = compare("spoiled", (0..histories.div_ceil(2)).map(random::spoiled));
    let simulated = compare("of runs with broken reads", (0..histories.div_ceil(PER_RUN)).map(runs::history));
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

fn compare(what: &str, histories: impl Iterator<Item = History>) -> Tally {
    let mut tally = Tally::default();
    for history in histories {
        let history = History(one_after_the_other(history.0));
        let ours = check(&history, STEPS);
        let theirs = theirs::check(&history);
        tally.histories += 1;
        tally.operations += history.0.len() as u64;
        tally.unanswered += history.0.iter().filter(|operation| operation.done.is_none()).count() as u64;
        *match ours {
            Verdict::Yes => &mut tally.yes,
            Verdict::No(_) => &mut tally.no,
            Verdict::Undecided => &mut tally.undecided,
        } += 1;
        if ours != Verdict::Undecided && (ours == Verdict::Yes) != theirs {
            tally.different += 1;
            println!("Ours: {ours:?}. Theirs: {theirs}.\n{}", history.to_json());
        }
    }
    let Tally { histories, operations, unanswered, yes, no, undecided, different } = tally;
    println!(
        "{histories} {what}, {operations} operations, {unanswered} of them unanswered: {yes} linearizable, {no} \
         not, {undecided} undecided; {different} verdicts differ."
    );
    tally
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
