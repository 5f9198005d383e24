//! The pace of the first seconds.

use super::{SPEED_MAX, SPEED_USUAL, Tank};
use crate::ui::math;

/// The first election plays fast; then the speed settles, unless the person has set one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// Until there is a leader; for so many real milliseconds so far.
    Opening(f64),
    /// On the way to the usual speed.
    Settling,
    /// As it was set.
    Set,
}

impl Tank {
    pub(super) fn choose_pace(&self, passed_ms: f64) {
        match self.0.pace.get() {
            Pace::Set => {}
            Pace::Opening(since_ms) => {
                let (leads, stands) = self.with(|run| {
                    let servers = run.world().servers();
                    let stands = |s: &&crate::sim::Server| s.up && s.node.leader().is_none();
                    let voting = servers
                        .iter()
                        .filter(stands)
                        .any(|s| s.brief().role != crate::raft::RoleName::Follower);
                    (servers.iter().any(|s| s.up && s.node.is_leader()), voting)
                });
                let speed = if stands && since_ms < 800.0 { 0.1 } else { 0.6 + since_ms / 1000.0 };
                if leads {
                    self.0.pace.set(Pace::Settling);
                } else {
                    self.0.speed.set(speed.min(SPEED_MAX));
                    self.0.pace.set(Pace::Opening(since_ms + passed_ms));
                }
            }
            Pace::Settling => {
                let speed = self.speed() * math::exp(-passed_ms / 250.0);
                if speed <= SPEED_USUAL {
                    self.settle_pace();
                } else {
                    self.0.speed.set(speed);
                }
                self.0.revision.set(self.revision() + 1);
            }
        }
    }

    /// Ends the opening.
    pub(super) fn settle_pace(&self) {
        if self.0.pace.get() != Pace::Set {
            self.0.pace.set(Pace::Set);
            self.0.speed.set(SPEED_USUAL);
        }
    }
}
