//! Runs as people leave them behind, for tests of links and documents. This file stands alone, so that
//! others can take it in by `#[path]`.

use wavetank::raft::ServerId;
use wavetank::sim::{Action, Seed, Setup, chaos};
use wavetank::timeline::{BranchData, DigestMark, Document, Recording, Run};

/// A session of so many actions: those of a storm, and after every third something that is done to a message
/// on its way, as by hand. With marks, which a replay is held against.
pub fn session(seed: u64, actions: usize, of_all: bool) -> Document {
    let us = 400_000 * actions as u64 + 2_000_000;
    let (setup, mut planned): (Setup, Vec<(u64, Action)>) =
        if of_all { chaos::plan_of_all(Seed(seed), 5, us) } else { chaos::plan(Seed(seed), 5, us) };
    // Where the storm is too quiet, servers are crashed and restarted.
    let mut at_us = planned.last().map_or(0, |(at_us, _)| *at_us);
    while planned.len() < actions {
        at_us += 123_457;
        let server = ServerId::first(5).nth(planned.len() / 2 % 5).expect("there are five");
        let action = if planned.len().is_multiple_of(2) {
            Action::Crash { server }
        } else {
            Action::Restart { server }
        };
        planned.push((at_us, action));
    }
    let mut run = Run::new(&setup).expect("a plan makes a run");
    run.keep_events(0);
    let mut marks = Vec::new();
    for (at_us, action) in planned {
        let done = run.recording().actions.len();
        if done >= actions {
            break;
        }
        run.run_until(at_us);
        let _ = run.act(action);
        if done.is_multiple_of(3)
            && done + 1 < actions
            && let Some(action) = chaos::meddle(run.world())
        {
            let _ = run.act(action);
        }
        marks.push(mark(&run));
    }
    run.run_until(run.world().now_us() + 1_000_000);
    marks.push(mark(&run));
    with_marks(run.recording(), &marks)
}

/// The digest of the moment.
pub fn mark(run: &Run) -> DigestMark {
    DigestMark { events: run.world().events(), digest: run.digest() }
}

/// The document of a recording with at most thirty of these marks, the last one among them.
pub fn with_marks(recording: Recording, marks: &[DigestMark]) -> Document {
    let mut document = Document::of(recording);
    let every = marks.len().div_ceil(30).max(1);
    let mut some: Vec<DigestMark> = marks.iter().rev().step_by(every).rev().copied().collect();
    some.dedup_by_key(|mark| mark.events);
    document.branches =
        document.branches.into_iter().map(|branch| BranchData { marks: some.clone(), ..branch }).collect();
    document
}
