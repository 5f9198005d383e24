//! Clients: a request ends in bounded time, and no server sends clients to a leader that has long been silent.

use crate::watcher::Sight;
use wavetank::raft::{Body, MAX_SERVERS, RoleName};
use wavetank::sim::{Content, What, World};

#[derive(Default)]
pub struct Answers {
    /// When each server last heard from the leader that it names.
    heard_us: [u64; MAX_SERVERS as usize],
    pub held: u64,
}

impl Answers {
    pub fn look(&mut self, sight: Sight) -> Option<String> {
        self.held += u64::from(sight.event.finished.is_some());
        unanswered(sight.world).or(self.silent_leader(sight))
    }

    /// A server names a leader from which it has heard nothing for long. A vote that it grants starts its timer
    /// once more, so it may take two election timeouts.
    fn silent_leader(&mut self, Sight { world, event, past }: Sight) -> Option<String> {
        let id = event.server?;
        let server = world.server(id)?;
        let heard_us = &mut self.heard_us[id.slot()];
        let leader = event.change?.after.leader;
        if let What::Delivered { content: Content::Raft(message), .. } = &event.what
            && matches!(message.body, Body::AppendEntries { .. } | Body::InstallSnapshot { .. })
            && leader == Some(message.from)
        {
            *heard_us = event.at_us;
        }
        let since_us = (*heard_us).max(past.up_since_us[id.slot()]).max(past.resumed_us[id.slot()]);
        let within_us = 2 * past.by_slowest_us(world.options().election.max_us) + 1000;
        let follows = server.node.role().name() == RoleName::Follower && server.is_active();
        let leader = leader.filter(|_| follows && event.at_us > since_us + within_us)?;
        Some(format!("{id} has heard nothing from {leader} since {} ms, and names it", *heard_us / 1000))
    }
}

/// A client has been waiting for longer than it was to wait, without knowing that the outcome is unknown.
fn unanswered(world: &World) -> Option<String> {
    let options = world.options();
    let patience_us = u64::from(options.client_attempts) * options.client_timeout_us;
    let within_us = patience_us + 2 * options.client_timeout_us + 4 * options.heartbeat_us;
    let late = world.clients().iter().find_map(|client| {
        let call = client.call.as_ref()?;
        (world.now_us() > call.called_us + within_us).then_some((client.id, call))
    });
    let (client, call) = late?;
    Some(format!(
        "{client} asked {} at {} ms, and knows neither an answer nor that there will be none",
        call.op,
        call.called_us / 1000
    ))
}
