//! The digests of storms: the same in a browser as on this machine. This file stands alone, so that the
//! tests in the browser can take it in by `#[path]`, and compare with the same golden list.

use wavetank::sim::{Action, Seed, Setup, chaos};
use wavetank::timeline::Run;

/// How many storms the golden list has.
pub const STORMS: u64 = 200;
/// How long each one lasts, in microseconds.
pub const STORM_US: u64 = 20_000_000;

/// How many storms over all of Raft the second golden list has.
pub const STORMS_OF_ALL: u64 = 100;

/// The digests of the storms of these seeds, `to` not included.
pub fn digests(from: u64, to: u64) -> Vec<(u64, String)> {
    (from..to).map(|seed| (seed, storm(seed).digest().to_string())).collect()
}

/// The same of storms over all of Raft.
pub fn digests_of_all() -> Vec<(u64, String)> {
    (0..STORMS_OF_ALL).map(|seed| (seed, storm_of_all(seed).digest().to_string())).collect()
}

/// The storm of that seed in Figure 2's world.
pub fn storm(seed: u64) -> Run {
    weather(chaos::plan(Seed(seed), 0, STORM_US))
}

/// The storm of that seed over all of Raft.
pub fn storm_of_all(seed: u64) -> Run {
    weather(chaos::plan_of_all(Seed(seed), 0, STORM_US))
}

/// What is planned, and after every third action one with a message that happens to be on its way.
fn weather((setup, actions): (Setup, Vec<(u64, Action)>)) -> Run {
    let mut run = Run::new(&setup).expect("a plan makes a run");
    run.keep_events(0);
    for (number, (at_us, action)) in actions.into_iter().enumerate() {
        run.run_until(at_us);
        // What misses is an event too.
        let _ = run.act(action);
        if number % 3 == 0
            && let Some(action) = chaos::meddle(run.world())
        {
            let _ = run.act(action);
        }
    }
    run.run_until(STORM_US);
    run
}

/// A list of digests as text: a seed and its digest a line.
pub fn write(digests: &[(u64, String)]) -> String {
    digests.iter().map(|(seed, digest)| format!("{seed} {digest}\n")).collect()
}
