//! The small model that is searched: nodes, one held message, and a memory of the past.

use super::gesture::Gesture;
use crate::check::Property;
use crate::raft::{
    AppendOutcome, Body, Configuration, Durable, Effect, HardState, Index, Input, Message, Node, Options,
    Role, RoleName, Rules, ServerId, Term, Timer, Unobserved,
};
use crate::sim::notation;

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The highest term.
    pub term_max: u64,
    /// The longest log.
    pub log_max: u64,
    /// The most restarts in a run.
    pub restarts_max: u8,
    /// Whether a message may be held.
    pub hold: bool,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { term_max: 4, log_max: 3, restarts_max: 2, hold: true }
    }
}

/// What has to be remembered of the past to see a promise broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ghost {
    /// By term, from 1: who led it first.
    pub leaders: Vec<Option<ServerId>>,
    /// By index, from 1: the term of the entry that was committed there, and in which term it was.
    pub committed: Vec<(Term, Term)>,
    /// The promise that was broken first.
    pub violated: Option<Property>,
}

/// A state of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The servers, S1 first. All of them run; a crash and its restart are one gesture.
    pub nodes: Vec<Node>,
    /// The message that is kept on its way.
    pub held: Option<Message>,
    /// How many restarts there were.
    pub restarts: u8,
    /// The past.
    pub ghost: Ghost,
}

/// The options of the small model: no no-op, nextIndex back by one, everything in one message. Times
/// are not used.
#[must_use]
pub fn options() -> Options {
    Options { max_entries: 100_000, ..Options::default() }
}

impl Model {
    /// Servers that have never run.
    #[must_use]
    pub fn new(servers: u8) -> Model {
        let disk = Durable::new(Configuration::of_first(servers));
        let node = |id| Node::new(id, options(), &disk, Rules::ALL_ON, &mut Unobserved);
        Model {
            nodes: ServerId::first(servers).map(node).collect(),
            held: None,
            restarts: 0,
            ghost: Ghost::default(),
        }
    }

    /// The names of the servers.
    fn ids(&self) -> impl Iterator<Item = ServerId> + use<> {
        ServerId::first(self.nodes.len() as u8)
    }

    /// One server.
    #[must_use]
    pub fn node(&self, id: ServerId) -> &Node {
        &self.nodes[id.slot()]
    }

    /// The gestures that are possible here, within the bounds.
    pub fn gestures(&self, bounds: Bounds, out: &mut Vec<Gesture>) {
        out.clear();
        for id in self.ids() {
            let node = self.node(id);
            if node.is_leader() {
                if node.log().last_index() < Index(bounds.log_max) {
                    out.push(Gesture::Request(id));
                }
            } else if node.term() < Term(bounds.term_max) {
                out.push(Gesture::Timeout(id));
            }
            if self.restarts < bounds.restarts_max {
                out.push(Gesture::Restart(id));
            }
            if matches!(node.role(), Role::Follower { .. }) {
                continue;
            }
            for peer in self.ids().filter(|&peer| peer != id) {
                out.push(Gesture::Rpc(id, peer));
                if bounds.hold && self.held.is_none() {
                    out.push(Gesture::HoldRequest(id, peer));
                    out.push(Gesture::HoldReply(id, peer));
                }
            }
        }
        if self.held.is_some() {
            out.push(Gesture::Release);
        }
    }

    /// Does a gesture. Whether it was possible.
    pub fn make(&mut self, gesture: Gesture, rules: Rules) -> bool {
        let effects = &mut Vec::new();
        match gesture {
            Gesture::Timeout(id) if !self.node(id).is_leader() => {
                self.step(id, Input::Fired(Timer::Election), rules, effects);
            }
            Gesture::Request(id) if self.node(id).is_leader() => {
                let node = self.node(id);
                let entry = notation::entry(node.term(), node.log().last_index().next());
                self.step(id, Input::Proposed(vec![entry.payload]), rules, effects);
            }
            Gesture::Restart(id) => self.restart(id, rules),
            Gesture::Rpc(from, to) => match self.node(from).rpc_for(to) {
                Some(request) => self.deliver(request, rules),
                None => return false,
            },
            Gesture::HoldRequest(from, to) if self.held.is_none() => match self.node(from).rpc_for(to) {
                Some(request) => self.held = Some(request),
                None => return false,
            },
            Gesture::HoldReply(from, to) if self.held.is_none() => match self.node(from).rpc_for(to) {
                Some(request) => self.held = self.answer_to(request, rules),
                None => return false,
            },
            Gesture::Release => match self.held.take() {
                Some(message) => self.deliver(message, rules),
                None => return false,
            },
            _ => return false,
        }
        true
    }

    /// A message arrives; if it is a request, its reply does too.
    fn deliver(&mut self, message: Message, rules: Rules) {
        if !message.is_request() {
            let to = message.to;
            self.step(to, Input::Received(message), rules, &mut Vec::new());
        } else if let Some(reply) = self.answer_to(message, rules) {
            let to = reply.to;
            self.step(to, Input::Received(reply), rules, &mut Vec::new());
        }
    }

    /// A request arrives: the reply to it.
    fn answer_to(&mut self, request: Message, rules: Rules) -> Option<Message> {
        let (from, to) = (request.from, request.to);
        let effects = &mut Vec::new();
        self.step(to, Input::Received(request), rules, effects);
        effects.drain(..).find_map(|effect| match effect {
            Effect::Send(message, _) if message.to == from && !message.is_request() => Some(message),
            _ => None,
        })
    }

    /// One step of one server. What it writes is durable at once; what it would send by itself is
    /// dropped: requests are gestures.
    fn step(&mut self, id: ServerId, input: Input, rules: Rules, effects: &mut Vec<Effect>) {
        let node = &mut self.nodes[id.slot()];
        let was_leader_in = node.is_leader().then(|| node.term());
        let (commit, applied) = (node.commit(), node.applied());
        node.step(input, rules, &mut Unobserved, effects);
        while let Some(at) = effects.iter().position(|effect| matches!(effect, Effect::Persist(_))) {
            if let Effect::Persist(write) = effects.remove(at) {
                let last = write.log.map(|_| (node.log().last_index(), node.log().last_term()));
                node.step(Input::Persisted(write.token, last), rules, &mut Unobserved, effects);
            }
        }
        let canonical = node.clone().canonical();
        *node = canonical;
        self.ghost.remember(&self.nodes, id, was_leader_in, commit.min(applied));
    }

    fn restart(&mut self, id: ServerId, rules: Rules) {
        let node = self.node(id);
        let hard = HardState { term: node.term(), voted_for: node.voted_for() };
        let disk = Durable { hard, log: node.log().clone(), snapshot: None, torn: None };
        self.nodes[id.slot()] = Node::new(id, options(), &disk, rules, &mut Unobserved);
        self.restarts += 1;
    }

    /// The state in few bytes, the same for equal states and only for those: what the search knows
    /// states by.
    pub fn key(&self, key: &mut Vec<u8>) {
        key.clear();
        let option = |id: Option<ServerId>| id.map_or(0, ServerId::number);
        for node in &self.nodes {
            key.extend([node.term().0 as u8, option(node.voted_for()), node.commit().0 as u8]);
            key.push(node.log().last_index().0 as u8);
            key.extend(node.log().iter().map(|entry| entry.term.0 as u8));
            match node.role() {
                Role::Follower { leader } => key.extend([0, option(*leader)]),
                Role::Candidate { granted, refused, .. } | Role::PreCandidate { granted, refused } => {
                    key.push(if node.role().name() == RoleName::Candidate { 1 } else { 3 });
                    key.extend(
                        [granted, refused]
                            .map(|set| set.iter().fold(0, |bits, id| bits | 1 << (id.number() - 1))),
                    );
                }
                Role::Leader(leading) => {
                    key.push(2);
                    let peers = leading.progress.iter().take(self.nodes.len());
                    key.extend(peers.flat_map(|peer| [peer.next.0 as u8, peer.matched.0 as u8]));
                }
            }
        }
        key.push(self.restarts);
        key.extend(self.ghost.leaders.iter().map(|&leader| option(leader)));
        key.push(0xfe);
        key.extend(self.ghost.committed.iter().flat_map(|&(term, in_term)| [term.0 as u8, in_term.0 as u8]));
        key.push(0xff);
        key.push(self.ghost.violated.map_or(0, |property| property as u8 + 1));
        if let Some(message) = &self.held {
            message_key(message, key);
        }
    }
}

fn message_key(message: &Message, key: &mut Vec<u8>) {
    key.extend([message.from.number(), message.to.number(), message.term.0 as u8]);
    match &message.body {
        Body::RequestVote { last_index, last_term, .. } => {
            key.extend([1, last_index.0 as u8, last_term.0 as u8])
        }
        Body::RequestVoteReply { asked, granted } => key.extend([2, asked.0 as u8, u8::from(*granted)]),
        Body::AppendEntries { prev_index, prev_term, entries, leader_commit, .. } => {
            key.extend([3, prev_index.0 as u8, prev_term.0 as u8, leader_commit.0 as u8]);
            key.extend(entries.iter().map(|entry| entry.term.0 as u8));
        }
        Body::AppendEntriesReply { asked, prev_index, count, outcome, .. } => {
            let outcome = match outcome {
                AppendOutcome::Success => 0,
                AppendOutcome::Stale => 1,
                AppendOutcome::Mismatch { .. } => 2,
            };
            key.extend([4, asked.0 as u8, prev_index.0 as u8, *count as u8, outcome]);
        }
        // The small model has none of the options that bring these about.
        Body::PreVote { .. }
        | Body::PreVoteReply { .. }
        | Body::InstallSnapshot { .. }
        | Body::InstallSnapshotReply { .. }
        | Body::TimeoutNow => {}
    }
}

impl Ghost {
    /// Takes in what a step of this server has changed.
    fn remember(&mut self, nodes: &[Node], id: ServerId, was_leader_in: Option<Term>, commit: Index) {
        let node = &nodes[id.slot()];
        if node.is_leader() && was_leader_in != Some(node.term()) {
            self.remember_leader(node);
        }
        if node.commit() > commit {
            self.remember_commit(nodes, node);
        }
    }

    fn remember_leader(&mut self, node: &Node) {
        let slot = node.term().0 as usize - 1;
        self.leaders.resize(self.leaders.len().max(slot + 1), None);
        let first = *self.leaders[slot].get_or_insert(node.id());
        if first != node.id() {
            self.break_promise(Property::ElectionSafety);
        }
        self.require_committed(node);
    }

    fn remember_commit(&mut self, nodes: &[Node], node: &Node) {
        for index in 1..=node.commit().0.min(node.log().last_index().0) {
            let term = node.log().term_at(Index(index)).unwrap_or_default();
            match self.committed.get(index as usize - 1) {
                None => self.committed.push((term, node.term())),
                Some((committed, _)) if *committed != term => {
                    self.break_promise(Property::StateMachineSafety)
                }
                Some(_) => {}
            }
        }
        nodes.iter().filter(|node| node.is_leader()).for_each(|leader| self.require_committed(leader));
    }

    /// A leader has everything that was committed in earlier terms.
    fn require_committed(&mut self, leader: &Node) {
        let has = |(index, &(term, in_term)): (u64, &(Term, Term))| {
            in_term >= leader.term() || leader.log().term_at(Index(index)) == Some(term)
        };
        if !(1..).zip(&self.committed).all(has) {
            self.break_promise(Property::LeaderCompleteness);
        }
    }

    fn break_promise(&mut self, property: Property) {
        self.violated.get_or_insert(property);
    }
}
