//! Transfers of leadership (D3.10): where nothing disturbs one it ends with the other server leading.

use crate::watcher::{Past, Sight, active, active_set, is_calm};
use wavetank::raft::{Body, RoleName, ServerId, Term, Timer, quorum};
use wavetank::sim::{Action, Content, DropReason, Event, Options, Server, What, World};

#[derive(Default)]
pub struct Transfers {
    /// When one was accepted last.
    pub accepted_us: Option<u64>,
    under_way: Option<Handover>,
    pub held: u64,
}

/// A transfer that a leader has accepted.
struct Handover {
    from: ServerId,
    to: ServerId,
    term: Term,
    accepted_us: u64,
    /// When the other server was caught up, and asked to start an election.
    asked_us: Option<u64>,
    /// Whether a request to start an election was lost: it is repeated with the next heartbeat (§5.1).
    lost: bool,
}

impl Transfers {
    pub fn look(&mut self, sight: Sight) -> Option<String> {
        let Sight { world, event, past } = sight;
        if let What::Acted { action: Action::Transfer { to, .. }, refused: None } = event.what
            && let Some(from) = event.server.and_then(|id| world.server(id))
        {
            self.accepted_us = Some(event.at_us);
            let (from, term) = (from.node.id(), from.node.term());
            let handover = Handover { from, to, term, accepted_us: event.at_us, asked_us: None, lost: false };
            self.under_way = Some(handover).filter(|handover| handover.is_clear(world));
        }
        let handover = self.under_way.as_mut()?;
        if handover.succeeded(event) {
            self.held += u64::from(handover.asked_us.is_some());
            self.under_way = None;
            return None;
        }
        if !handover.goes_on(world, event, past) {
            self.under_way = None;
            return None;
        }
        let Handover { from, to, asked_us, lost, .. } = *handover;
        let asked_us = asked_us?;
        (event.at_us > asked_us + within_us(world.options(), past, lost)).then(|| {
            format!(
                "{from} was to hand over to {to}, which was caught up and asked to start an election at {} ms, and \
                 does not lead",
                asked_us / 1000
            )
        })
    }
}

/// From the request to start an election to a leader, at most: three messages and what is written on the way.
fn within_us(options: &Options, past: &Past, lost: bool) -> u64 {
    let again_us = past.by_slowest_us(options.heartbeat_us) + options.link.latency.max_us;
    3 * options.link.latency.max_us + 10 * options.fsync.max_us + 1000 + if lost { again_us } else { 0 }
}

impl Handover {
    /// Whether nothing is in the way: a majority is up and connected, the other server too, and no server is in
    /// a later term than the leader, or has timed out already.
    fn is_clear(&self, world: &World) -> bool {
        let up = active_set(world);
        let later = world.servers().iter().any(|server| server.up && server.node.term() > self.term);
        let follows = |server: &Server| server.node.role().name() == RoleName::Follower;
        let timed_out = active(world).any(|server| !follows(server) && server.node.id() != self.from);
        let leads = world.server(self.from).is_some_and(|server| {
            quorum::is_quorum(server.node.configuration(), up) && server.node.is_leader()
        });
        leads && up.contains(self.to) && !later && !timed_out && is_calm(world)
    }

    fn succeeded(&self, event: &Event) -> bool {
        event.server == Some(self.to)
            && event
                .change
                .is_some_and(|change| change.after.role == RoleName::Leader && change.after.term > self.term)
    }

    /// Whether the premise may yet come to hold: the other server is being caught up. If that is done by now, it
    /// was asked to start an election.
    fn waits(&mut self, world: &World, event: &Event, past: &Past) -> bool {
        let leader = world.server(self.from).and_then(|server| server.node.leadership());
        let Some(transfer) = leader.and_then(|leading| leading.transfer) else { return false };
        if transfer.sent {
            self.asked_us = Some(event.at_us);
            return self.is_clear(world);
        }
        let patience_us = 2 * past.by_slowest_us(world.options().election.max_us);
        event.at_us < self.accepted_us + patience_us && is_calm(world)
    }

    /// Whether the premise still holds.
    fn goes_on(&mut self, world: &World, event: &Event, past: &Past) -> bool {
        if self.asked_us.is_none() {
            return self.waits(world, event, past);
        }
        let leader = world.server(self.from).and_then(|server| server.node.leadership());
        if leader.is_some_and(|leading| leading.transfer.is_none()) {
            // It has given the transfer up, since the other server was caught up too late.
            return false;
        }
        let up = active_set(world);
        match &event.what {
            What::Fired { timer: Timer::Election } => false,
            What::Dropped { reason: DropReason::Down, .. } => true,
            What::Dropped { content: Content::Raft(message), .. } if message.body == Body::TimeoutNow => {
                !std::mem::replace(&mut self.lost, true)
            }
            What::Dropped { content: Content::Raft(_), .. } => false,
            What::Acted { action: Action::StepDown { .. }, refused: None } => false,
            What::Acted { action: Action::Crash { .. } | Action::Pause { .. }, refused: None } => false,
            What::Acted { action: Action::Restart { .. } | Action::Resume { .. }, refused: None } => false,
            _ => up.contains(self.to) && !world.network().any_cut(),
        }
    }
}
