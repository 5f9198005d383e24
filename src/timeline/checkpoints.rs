//! Where a run can be taken up again without doing it from its beginning.
//!
//! A checkpoint is a world and its checker, which share with the next one what has not changed between
//! them. Near the moment that is looked at checkpoints stand close together, far from it they thin out:
//! what is far is seldom gone to, and then a longer replay is bearable.

use super::Run;
use crate::check::Checker;
use crate::sim::{Digest, World};
use std::sync::Arc;

/// A checkpoint is taken after so many events. To do that many again takes a few milliseconds.
const STRIDE: u64 = 2048;
/// So many checkpoints stand between the moment and one that is twice as far: the distance between two
/// is at most this part of the distance to the moment.
const DENSITY: u64 = 64;

/// A moment of a run, right after an event, from which it can be done again.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub(super) world: World,
    pub(super) checker: Checker,
    pub(super) digest: Digest,
    /// How many actions of the recording were done.
    pub(super) actions: usize,
}

impl Checkpoint {
    pub(super) fn of(run: &Run) -> Checkpoint {
        Checkpoint {
            world: run.world.clone(),
            checker: run.eyes.checker.clone(),
            digest: run.eyes.digest,
            actions: run.recording.actions.len(),
        }
    }

    pub(super) fn events(&self) -> u64 {
        self.world.events()
    }
}

/// The checkpoints of a branch, in order. The first is its beginning. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints(Vec<Arc<Checkpoint>>);

impl Checkpoints {
    /// Only the beginning.
    pub(super) fn beginning(run: &Run) -> Checkpoints {
        Checkpoints(vec![Arc::new(Checkpoint::of(run))])
    }

    /// The last one with at most so many events.
    pub(super) fn before_event(&self, events: u64) -> &Arc<Checkpoint> {
        self.last_of(self.0.partition_point(|checkpoint| checkpoint.events() <= events))
    }

    /// The last one that is not later than that, in microseconds.
    pub(super) fn before_us(&self, at_us: u64) -> &Arc<Checkpoint> {
        self.last_of(self.0.partition_point(|checkpoint| checkpoint.world.now_us() <= at_us))
    }

    /// The last of the first `n`: at least the beginning.
    fn last_of(&self, n: usize) -> &Arc<Checkpoint> {
        &self.0[n.saturating_sub(1)]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Checkpoint>> {
        self.0.iter()
    }

    /// Those with at most so many events: what a branch shares that begins there.
    pub(super) fn until(&self, events: u64) -> Checkpoints {
        let shared = self.0.iter().filter(|checkpoint| checkpoint.events() <= events.max(self.0[0].events()));
        Checkpoints(shared.cloned().collect())
    }

    /// Takes one, if the last one before it lies far enough back.
    pub(super) fn offer(&mut self, run: &Run) {
        let events = run.world.events();
        let place = self.0.partition_point(|checkpoint| checkpoint.events() <= events);
        if events >= self.last_of(place).events() + STRIDE {
            self.0.insert(place, Arc::new(Checkpoint::of(run)));
            self.thin(events, DENSITY);
        }
    }

    /// Nobody looks at this branch any more: fewer are enough.
    pub(super) fn rest(&mut self) {
        self.thin(u64::MAX / 2, u64::MAX / 2 / (STRIDE * 16));
    }

    /// Leaves out those that stand closer together than their distance from the moment asks for.
    fn thin(&mut self, here: u64, density: u64) {
        let mut kept: Vec<Arc<Checkpoint>> = Vec::with_capacity(self.0.len());
        for (n, checkpoint) in self.0.iter().enumerate() {
            let needed = match (kept.last(), self.0.get(n + 1)) {
                (Some(before), Some(after)) => {
                    let gap = after.events() - before.events();
                    gap > here.abs_diff(checkpoint.events()) / density
                }
                // The beginning, and the last one.
                _ => true,
            };
            if needed {
                kept.push(Arc::clone(checkpoint));
            }
        }
        self.0 = kept;
    }
}
