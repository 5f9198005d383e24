//! Storms of a seed, as [`chaos`] plans them now. What is to stay the same for ever is kept as recordings
//! (`golden_storms.rs`). This file stands alone, so that any test can take it in by `#[path]`.

use wavetank::sim::{Action, Seed, Setup, chaos};
use wavetank::timeline::Run;

/// How long each one lasts, in microseconds.
pub const STORM_US: u64 = 20_000_000;

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
