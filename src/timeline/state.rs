//! A run's state as plain data, for programs that look at it: no types of ours needed to read it.

use super::{Run, Start};
use crate::check::Violation;
use crate::kv::Command;
use crate::order;
use crate::raft::{Index, Payload, Progress, Role, ServerId, ServerSet, Term};
use crate::sim::{
    Brief, ClientId, Content, DropReason, Finished, Packet, PacketName, Schedule, Seed, Server, Workload,
    notation,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that can be seen of a run at a moment. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The time, from the start.
    pub now_us: u64,
    /// How many events there have been.
    pub events: u64,
    /// The seed.
    pub seed: Seed,
    /// Whether time stands still.
    pub manual: bool,
    /// The servers that lead, in their own opinion, and run.
    pub leaders: Vec<ServerId>,
    /// The servers, S1 first.
    pub servers: Vec<ServerState>,
    /// The messages on their way.
    pub messages: Vec<MessageState>,
    /// The clients.
    pub clients: Vec<ClientState>,
    /// By server: who does not hear it. Only servers that someone does not hear.
    pub cuts: BTreeMap<ServerId, ServerSet>,
    /// What the world does by itself, again and again.
    pub schedules: Vec<Schedule>,
    /// What background clients ask, where it is not what the options say.
    pub workload: Option<Workload>,
    /// The promises that were broken.
    pub violations: Vec<Violation>,
}

/// One server.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerState {
    /// Its name.
    pub id: ServerId,
    /// Role, term, vote, indexes and the like: its fields stand beside the others.
    #[serde(flatten)]
    pub brief: Brief,
    /// The log.
    pub log: Vec<EntryState>,
    /// Who has granted a candidate its vote.
    pub votes: Option<ServerSet>,
    /// What a leader knows of the others.
    pub progress: BTreeMap<ServerId, Progress>,
    /// What the state machine holds.
    pub store: BTreeMap<String, String>,
    /// How many messages wait for its disk.
    pub waiting: usize,
}

/// One entry of a log.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryState {
    /// Where it stands.
    pub index: Index,
    /// The term in which it was created.
    pub term: Term,
    /// Its command in short; nothing for a no-op.
    pub command: Option<String>,
}

/// One message on its way.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageState {
    /// Its name, for actions.
    pub name: PacketName,
    /// When it arrives.
    pub arrives_us: u64,
    /// Whether it is held.
    pub held: bool,
    /// Whether, and why, it will not arrive.
    pub doomed: Option<DropReason>,
    /// What it says.
    pub content: Content,
}

/// One client.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientState {
    /// Its name.
    pub id: ClientId,
    /// Whom it believes to lead.
    pub believes: ServerId,
    /// The number of the request that it waits for.
    pub waits_for: Option<u32>,
    /// How many requests wait behind that.
    pub queued: usize,
    /// Its last requests that are over, newest at the end.
    pub finished: Vec<Finished>,
}

impl Run {
    /// What there was at the beginning.
    #[must_use]
    pub fn start(&self) -> &Start {
        &self.recording.start
    }

    /// The state at the moment in shorthand, so that it can be typed: with the terms of what snapshots have
    /// taken the place of, as far as the checker remembers them.
    #[must_use]
    pub fn shorthand(&self) -> String {
        let committed = |index| self.checker().committed_at(index).map(|(term, _)| term);
        notation::write_whole(self.world(), committed)
    }
}

impl State {
    /// The state of a run at its moment.
    #[must_use]
    pub fn of(run: &Run) -> State {
        let world = run.world();
        let cuts = world.ids().map(|id| (id, world.network().cuts()[id.slot()]));
        let packets = order::by_key(world.network().packets(), |packet| (packet.arrives_us, packet.name));
        State {
            now_us: world.now_us(),
            events: world.events(),
            seed: world.setup().seed,
            manual: world.is_manual(),
            leaders: world
                .servers()
                .iter()
                .filter(|s| s.up && s.node.is_leader())
                .map(|s| s.node.id())
                .collect(),
            servers: world.servers().iter().map(|s| server(s, world.ids())).collect(),
            messages: packets.into_iter().map(message).collect(),
            clients: world
                .clients()
                .iter()
                .map(|client| ClientState {
                    id: client.id,
                    believes: client.target,
                    waits_for: client.call.as_ref().map(|call| call.serial),
                    queued: client.queue.len(),
                    finished: client.finished.iter().cloned().collect(),
                })
                .collect(),
            cuts: order::map(cuts.filter(|(_, unheard)| !unheard.is_empty())),
            schedules: world.schedules().running().to_vec(),
            workload: world.workload().copied(),
            violations: run.violations().to_vec(),
        }
    }
}

fn server(server: &Server, ids: impl Iterator<Item = ServerId>) -> ServerState {
    let node = &server.node;
    ServerState {
        id: node.id(),
        brief: server.brief(),
        log: (node.log().first_index().0..)
            .zip(node.log().iter())
            .map(|(index, entry)| EntryState {
                index: Index(index),
                term: entry.term,
                command: match &entry.payload {
                    Payload::Command(bytes) => Command::decode(bytes).map(|command| command.op.to_string()),
                    Payload::Noop => None,
                    Payload::Configuration(configuration) => Some(configuration.to_string()),
                },
            })
            .collect(),
        votes: match node.role() {
            Role::Candidate { granted, .. } | Role::PreCandidate { granted, .. } => Some(*granted),
            _ => None,
        },
        progress: order::map(ids.filter_map(|peer| Some((peer, node.progress(peer)?)))),
        store: order::map(server.store.iter().map(|(key, value)| (key.to_string(), value.to_string()))),
        waiting: server.waiting.len(),
    }
}

fn message(packet: &Packet) -> MessageState {
    MessageState {
        name: packet.name,
        arrives_us: packet.arrives_us,
        held: packet.held,
        doomed: packet.doomed,
        content: packet.content.clone(),
    }
}
