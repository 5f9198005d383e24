//! raft-rs's side.

use super::side::{Event, Kind, Route, Seen, Side, Slot, View};
use raft::eraftpb::{Entry, HardState, Message, MessageType};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};

struct Server {
    node: RawNode<MemStorage>,
    applied: Vec<Seen>,
}

pub struct Theirs {
    servers: Vec<Server>,
    settings: Settings,
}

/// What is told to raft-rs.
#[derive(Clone, Copy)]
pub struct Settings {
    /// The most bytes of entries in one message; 0 is one entry.
    pub max_size_per_msg: u64,
    /// Whether pre_vote and check_quorum are on.
    pub guarded: bool,
}

fn node(slot: Slot, storage: MemStorage, settings: Settings) -> RawNode<MemStorage> {
    let config = Config {
        id: slot as u64 + 1,
        max_size_per_msg: settings.max_size_per_msg,
        pre_vote: settings.guarded,
        check_quorum: settings.guarded,
        // raft-rs may tell a commit at once. Figure 2 tells it with the next message.
        skip_bcast_commit: true,
        ..Config::default()
    };
    let logger = slog::Logger::root(slog::Discard, slog::o!());
    RawNode::new(&config, storage, &logger).expect("these settings are valid")
}

fn seen(entry: &Entry) -> Seen {
    let command = <[u8; 8]>::try_from(&entry.data[..]).map(u64::from_le_bytes);
    (entry.term, command.ok())
}

impl Theirs {
    pub fn new(servers: Slot, settings: Settings) -> Theirs {
        let voters: Vec<u64> = (1..=servers as u64).collect();
        let server = |slot| {
            let storage = MemStorage::new_with_conf_state((voters.clone(), vec![]));
            Server { node: node(slot, storage, settings), applied: Vec::new() }
        };
        Theirs { servers: (0..servers).map(server).collect(), settings }
    }

    /// Does what a server wants done, as raft-rs's own example does it.
    fn carry_out(&mut self, slot: Slot, out: &mut Vec<Message>) {
        let Server { node, applied } = &mut self.servers[slot];
        if !node.has_ready() {
            return;
        }
        let mut ready = node.ready();
        let mut messages = ready.take_messages();
        applied.extend(ready.take_committed_entries().iter().map(seen));
        let store = node.store().clone();
        if !ready.entries().is_empty() {
            store.wl().append(ready.entries()).expect("entries follow each other");
        }
        if let Some(hard) = ready.hs() {
            // raft-rs may remember its commit over a restart. Figure 2 does not, so it is not kept.
            store.wl().set_hardstate(HardState { commit: 0, ..hard.clone() });
        }
        messages.append(&mut ready.take_persisted_messages());
        let mut light = node.advance(ready);
        messages.append(&mut light.take_messages());
        applied.extend(light.take_committed_entries().iter().map(seen));
        node.advance_apply();
        out.extend(messages.into_iter().map(without_commit_by_vote));
    }

    fn restart(&mut self, slot: Slot) {
        let Server { node: running, applied } = &mut self.servers[slot];
        *running = node(slot, running.store().clone(), self.settings);
        applied.clear();
    }
}

/// raft-rs does this by itself after so many ticks.
fn check_quorum(node: &mut RawNode<MemStorage>) {
    let mut message = Message::default();
    message.set_msg_type(MessageType::MsgCheckQuorum);
    node.raft.step(message).expect("a check is never refused");
}

/// raft-rs lets votes say what the sender knows to be committed. Figure 2 does not, so it is taken out.
fn without_commit_by_vote(mut message: Message) -> Message {
    if !matches!(Theirs::route(&message).kind, Kind::AppendRequest | Kind::AppendReply) {
        message.commit = 0;
        message.commit_term = 0;
    }
    message
}

impl Side for Theirs {
    type Message = Message;

    fn happen(&mut self, slot: Slot, event: Event, out: &mut Vec<Message>) {
        let node = &mut self.servers[slot].node;
        match event {
            Event::Stand => node.campaign().expect("a timeout is never refused"),
            Event::Beat => node.ping(),
            Event::Propose(command) => {
                node.propose(vec![], command.to_le_bytes().to_vec()).expect("the leader takes proposals");
            }
            Event::Restart => self.restart(slot),
            // It counts ticks since it heard from a leader.
            Event::Silence => node.raft.election_elapsed = Config::default().election_tick,
            Event::CheckQuorum => check_quorum(node),
            Event::Transfer(to) => node.transfer_leader(to as u64 + 1),
            Event::EndTransfer => node.raft.abort_leader_transfer(),
        }
        self.carry_out(slot, out);
    }

    fn deliver(&mut self, message: Message, out: &mut Vec<Message>) {
        let slot = message.to as Slot - 1;
        // An error means that the message is of no use, which is no harm.
        let _ = self.servers[slot].node.step(message);
        self.carry_out(slot, out);
    }

    fn without_entries(mut message: Message) -> Message {
        message.clear_entries();
        message
    }

    fn route(message: &Message) -> Route {
        let kind = match message.get_msg_type() {
            MessageType::MsgRequestPreVote => Kind::PreVoteRequest,
            MessageType::MsgRequestPreVoteResponse => Kind::PreVoteReply,
            MessageType::MsgTimeoutNow => Kind::TimeoutNow,
            MessageType::MsgRequestVote => Kind::VoteRequest,
            MessageType::MsgRequestVoteResponse => Kind::VoteReply,
            MessageType::MsgAppend | MessageType::MsgHeartbeat => Kind::AppendRequest,
            MessageType::MsgAppendResponse | MessageType::MsgHeartbeatResponse => Kind::AppendReply,
            other => unreachable!("{other:?} is not sent here"),
        };
        let fresh = message.entries.iter().any(|entry| entry.term == message.term);
        let about = (kind == Kind::PreVoteRequest).then_some(message.term);
        Route { from: message.from as Slot - 1, to: message.to as Slot - 1, kind, fresh, about }
    }

    fn term(&self, slot: Slot) -> u64 {
        self.servers[slot].node.raft.term
    }

    fn leads(&self, slot: Slot) -> bool {
        self.servers[slot].node.raft.state == StateRole::Leader
    }

    fn view(&self, slot: Slot) -> View {
        let Server { node, applied } = &self.servers[slot];
        let raft = &node.raft;
        View {
            term: raft.term,
            leads: raft.state == StateRole::Leader,
            leader: raft.leader_id.checked_sub(1).map(|slot| slot as Slot),
            commit: raft.raft_log.committed,
            log: raft.raft_log.all_entries().iter().map(seen).collect(),
            applied: applied.clone(),
        }
    }
}
