//! Our side.

use super::side::{Event, Kind, Route, Seen, Side, Slot, View};
use wavetank::raft::{
    Body, Configuration, Durable, Effect, Entries, Entry, Index, Input, Message, Node, Options, Payload,
    Rules, ServerId, Timer, Unobserved,
};

struct Server {
    node: Node,
    disk: Durable,
    applied: Vec<Seen>,
}

pub struct Ours {
    servers: Vec<Server>,
    options: Options,
    rules: Rules,
}

fn id(slot: Slot) -> ServerId {
    ServerId::new(slot as u8 + 1).expect("few servers")
}

fn seen(entry: &Entry) -> Seen {
    let command = match &entry.payload {
        Payload::Command(bytes) => Some(u64::from_le_bytes(bytes[..].try_into().expect("eight bytes"))),
        _ => None,
    };
    (entry.term.0, command)
}

impl Ours {
    pub fn new(servers: Slot, options: Options, rules: Rules) -> Ours {
        let configuration = Configuration::of_first(servers as u8);
        let server = |slot| {
            let disk = Durable::new(configuration);
            let node = Node::new(id(slot), options, &disk, rules, &mut Unobserved);
            Server { node, disk, applied: Vec::new() }
        };
        Ours { servers: (0..servers).map(server).collect(), options, rules }
    }

    /// One step, and what it wants done, until nothing is left to do.
    fn step(&mut self, slot: Slot, input: Input, out: &mut Vec<Message>) {
        let Server { node, disk, applied } = &mut self.servers[slot];
        let mut effects = Vec::new();
        node.step(input, self.rules, &mut Unobserved, &mut effects);
        while !effects.is_empty() {
            let mut written = Vec::new();
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Persist(write) => written.push((write.token, disk.write(&write))),
                    Effect::Send(message, _) if is_sent_by_both(&message, &self.options) => out.push(message),
                    Effect::Apply(upto) => {
                        let log = node.log();
                        let new = applied.len() as u64 + 1..=upto.0;
                        applied.extend(new.filter_map(|index| log.get(Index(index)).map(seen)));
                    }
                    _ => {}
                }
            }
            for (token, last) in written {
                node.step(Input::Persisted(token, last), self.rules, &mut Unobserved, &mut effects);
            }
        }
    }

    /// Both withhold their vote while they hear from a leader. With a later term raft-rs forgets that it
    /// heard one; ours lets the time pass, since that leader's lease may count on it. Here it passes.
    fn forget_old_leader(&mut self, slot: Slot, out: &mut Vec<Message>) {
        let node = &self.servers[slot].node;
        if node.hears_leader() && node.leader().is_none() {
            self.step(slot, Input::Fired(Timer::Stickiness), out);
        }
    }

    fn restart(&mut self, slot: Slot) {
        let Server { node, disk, applied } = &mut self.servers[slot];
        *node = Node::new(id(slot), self.options, disk, self.rules, &mut Unobserved);
        applied.clear();
    }
}

/// Whether raft-rs would have sent this, too. Figure 2 answers a request of an older term, and whoever
/// asked learns the term; raft-rs does so with pre_vote or check_quorum, and then not for votes. And where
/// ours says no to a candidate because it hears from a leader, raft-rs says nothing. A network may lose
/// any message, so here it loses those.
fn is_sent_by_both(message: &Message, options: &Options) -> bool {
    match message.body {
        Body::RequestVoteReply { asked, .. } => asked == message.term,
        Body::AppendEntriesReply { asked, .. } => asked == message.term || options.pre_vote,
        _ => true,
    }
}

impl Side for Ours {
    type Message = Message;

    fn happen(&mut self, slot: Slot, event: Event, out: &mut Vec<Message>) {
        match event {
            Event::Stand => self.step(slot, Input::Fired(Timer::Election), out),
            Event::Beat => self.step(slot, Input::Fired(Timer::Heartbeat), out),
            Event::Propose(command) => {
                let payload = Payload::Command(command.to_le_bytes()[..].into());
                self.step(slot, Input::Proposed(vec![payload]), out);
            }
            Event::Restart => self.restart(slot),
            Event::Silence => self.step(slot, Input::Fired(Timer::Stickiness), out),
            Event::CheckQuorum => self.step(slot, Input::Fired(Timer::Quorum), out),
            Event::Transfer(to) => self.step(slot, Input::TransferAsked(id(to)), out),
            Event::EndTransfer => self.step(slot, Input::Fired(Timer::Transfer), out),
        }
    }

    fn deliver(&mut self, message: Message, out: &mut Vec<Message>) {
        let slot = message.to.slot();
        self.step(slot, Input::Received(message), out);
        self.forget_old_leader(slot, out);
    }

    fn without_entries(mut message: Message) -> Message {
        if let Body::AppendEntries { entries, .. } = &mut message.body {
            *entries = Entries::default();
        }
        message
    }

    fn route(message: &Message) -> Route {
        let kind = match message.body {
            Body::PreVote { .. } => Kind::PreVoteRequest,
            Body::PreVoteReply { .. } => Kind::PreVoteReply,
            Body::RequestVote { .. } => Kind::VoteRequest,
            Body::RequestVoteReply { .. } => Kind::VoteReply,
            Body::AppendEntries { .. } => Kind::AppendRequest,
            Body::AppendEntriesReply { .. } => Kind::AppendReply,
            Body::TimeoutNow => Kind::TimeoutNow,
            ref other => unreachable!("{other:?} is not sent here"),
        };
        let (fresh, about) = match &message.body {
            Body::AppendEntries { entries, .. } => {
                (entries.iter().any(|entry| entry.term == message.term), None)
            }
            Body::PreVote { asked, .. } => (false, Some(asked.0)),
            _ => (false, None),
        };
        Route { from: message.from.slot(), to: message.to.slot(), kind, fresh, about }
    }

    fn term(&self, slot: Slot) -> u64 {
        self.servers[slot].node.term().0
    }

    fn leads(&self, slot: Slot) -> bool {
        self.servers[slot].node.is_leader()
    }

    fn view(&self, slot: Slot) -> View {
        let Server { node, applied, .. } = &self.servers[slot];
        View {
            term: node.term().0,
            leads: node.is_leader(),
            leader: node.leader().map(ServerId::slot),
            commit: node.commit().0,
            log: node.log().iter().map(seen).collect(),
            applied: applied.clone(),
        }
    }
}
