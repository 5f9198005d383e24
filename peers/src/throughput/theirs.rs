//! A raft-rs server as its user would run it, in the ways that promise speed.

use super::cluster::{Applied, Server, command};
use super::storage::Store;
use raft::eraftpb::{Entry, Message, MessageType};
use raft::{Config, RawNode};
use std::ops::Range;

/// What can be set for the sake of speed.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Whether a leader tells at once that it has committed; else with its next message.
    pub tell_commits: bool,
    /// Whether entries join a message that has not left yet.
    pub batch_append: bool,
    /// Whether commands that come together are proposed by one message.
    pub together: bool,
}

/// A node with its storage, and what its state machine has come to.
pub struct Theirs<S: Store> {
    node: RawNode<S>,
    together: bool,
    applied: Applied,
}

/// Server `id` of so many.
pub fn server<S: Store>(id: u8, servers: u8, settings: Settings) -> Theirs<S> {
    let config = Config {
        id: u64::from(id),
        max_size_per_msg: 1 << 20,
        max_inflight_msgs: 256,
        skip_bcast_commit: !settings.tell_commits,
        batch_append: settings.batch_append,
        ..Config::default()
    };
    let storage = S::of((1..=u64::from(servers)).collect());
    let logger = slog::Logger::root(slog::Discard, slog::o!());
    let node = RawNode::new(&config, storage, &logger).expect("these settings are valid");
    Theirs { node, together: settings.together, applied: Applied::default() }
}

fn entry(number: u64) -> Entry {
    Entry { data: command(number).to_vec().into(), ..Entry::default() }
}

impl<S: Store> Theirs<S> {
    fn propose_entries(&mut self, entries: Vec<Entry>) {
        let mut message = Message::default();
        message.set_msg_type(MessageType::MsgPropose);
        message.from = self.node.raft.id;
        message.set_entries(entries.into());
        self.node.step(message).expect("the leader takes proposals");
    }

    fn apply(&mut self, entries: &[Entry]) {
        // The leader's first entry is empty.
        for entry in entries.iter().filter(|entry| !entry.data.is_empty()) {
            self.applied.apply(&entry.data);
        }
    }
}

impl<S: Store> Server for Theirs<S> {
    type Message = Message;

    fn stand(&mut self, _: &mut Vec<Message>) {
        self.node.campaign().expect("a follower can stand for election");
    }

    fn beat(&mut self, _: &mut Vec<Message>) {
        self.node.ping();
    }

    fn receive(&mut self, message: Message, _: &mut Vec<Message>) {
        self.node.step(message).expect("messages of this cluster are of use");
    }

    fn propose(&mut self, commands: Range<u64>, _: &mut Vec<Message>) {
        if self.together {
            self.propose_entries(commands.map(entry).collect());
        } else {
            for number in commands {
                self.node.propose(vec![], command(number).to_vec()).expect("the leader takes proposals");
            }
        }
    }

    fn carry_out(&mut self, out: &mut Vec<Message>) {
        if !self.node.has_ready() {
            return;
        }
        let mut ready = self.node.ready();
        out.append(&mut ready.take_messages());
        self.apply(&ready.take_committed_entries());
        let store = self.node.raft.raft_log.store();
        if !ready.entries().is_empty() {
            store.append(ready.take_entries());
        }
        if let Some(hard) = ready.hs() {
            store.set_hard(hard.clone());
        }
        out.append(&mut ready.take_persisted_messages());
        let mut light = self.node.advance(ready);
        if let Some(commit) = light.commit_index() {
            self.node.raft.raft_log.store().set_commit(commit);
        }
        out.append(&mut light.take_messages());
        self.apply(&light.take_committed_entries());
        self.node.advance_apply();
    }

    fn applied(&self) -> Applied {
        self.applied
    }

    fn receiver(message: &Message) -> usize {
        message.to as usize - 1
    }
}
