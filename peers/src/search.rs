//! The search at the grain of single messages beside stateright's, which looks at the Raft that its package
//! ships as an example: three servers, breadth first to the same depth, on as many threads. Both check what
//! they promise in every state; neither treats servers as alike. Nobody crashes: the example persists
//! nothing, so with a crash its search ends at two leaders in a term.

use crate::spread::spread;
use stateright::Checker;
use stateright::Model;
use stateright::actor::Network;
use std::time::Instant;
use wavetank::explore::{Bounds, Ended, Grain, Search, search};

#[allow(dead_code, clippy::all)]
mod rival {
    include!(concat!(env!("OUT_DIR"), "/stateright_raft.rs"));
}

/// Rounds; in each of them both search.
pub const ROUNDS: u64 = 5;
/// How many steps runs have at most.
const STEPS: u32 = 10;
const SERVERS: u8 = 3;

/// Distinct states per second, side by side.
pub fn run(rounds: u64) {
    let threads = wavetank::explore::threads();
    println!(
        "Breadth first, {SERVERS} servers, no crash, {STEPS} steps, {threads} threads, {rounds} rounds."
    );
    println!("| search | distinct states | distinct states per second |\n|---|---:|---:|");
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut our_states, mut their_states) = (0, 0);
    for _ in 0..rounds {
        let (states, speed) = timed(|| our_search(threads));
        our_states = states;
        ours.push(speed);
        let (states, speed) = timed(|| their_search(threads));
        their_states = states;
        theirs.push(speed);
        ratios.push(ours[ours.len() - 1] / speed);
    }
    println!("| wavetank, single messages | {our_states} | {} |", said(&ours, 0));
    println!("| stateright's Raft example | {their_states} | {} |", said(&theirs, 0));
    println!("\nOurs beside theirs, by round: {}.", said(&ratios, 2));
}

/// The median with the least and the greatest.
fn said(numbers: &[f64], digits: usize) -> String {
    let (median, least, greatest) = spread(numbers);
    format!("{median:.digits$} ({least:.digits$} to {greatest:.digits$})")
}

/// How many states were found, and how many a second.
fn timed(search: impl FnOnce() -> u64) -> (u64, f64) {
    let start = Instant::now();
    let states = search();
    (states, states as f64 / start.elapsed().as_secs_f64())
}

/// Their servers each have one command to bring in; our logs take as many.
fn our_search(threads: usize) -> u64 {
    let bounds = Bounds {
        term_max: 1000,
        log_max: u64::from(SERVERS),
        restarts_max: 0,
        messages_max: 30,
        drops: false,
        heartbeats: false,
        misled_max: 0,
    };
    let goal = "violated".parse().expect("it is a goal");
    let within = Search {
        bounds,
        steps_max: STEPS,
        threads,
        symmetry: false,
        bytes_max: 8 << 30,
        ..Search::new(SERVERS, Grain::Message, goal)
    };
    let found = search(&within, |_| true);
    assert_eq!((found.run, found.ended), (None, Ended::Steps));
    found.progress.states
}

fn their_search(threads: usize) -> u64 {
    let network = Network::new_unordered_nonduplicating([]);
    let model =
        rival::RaftModelCfg { server_count: usize::from(SERVERS), network }.into_model().max_crashes(0);
    // They count states, we count the steps between them.
    let depth = STEPS as usize + 1;
    let checked = model.checker().target_max_depth(depth).threads(threads).spawn_bfs().join();
    checked.assert_no_discovery("Election Safety");
    checked.unique_state_count() as u64
}
