//! Which states are the same: what has no influence on what a server does from now on, and what its name
//! has to do with it. None of this is Raft; whoever searches the states of a cluster needs it.

use super::config::{Change, Configuration};
use super::message::Message;
use super::node::Node;
use super::persistence::{Durable, HardState, Write, Writes};
use super::role::{Leadership, Mode, Role};
use super::types::{Index, ServerId, ServerSet, Token};

impl Node {
    /// This state without what has no influence on what comes, so that states that differ only there are
    /// equal. Where a write is under way nothing is renumbered.
    #[must_use]
    pub fn canonical(mut self) -> Node {
        if !self.is_writing() {
            self.writes = Writes { durable_index: self.writes.durable_index, ..Writes::default() };
        }
        let (window, checks) = (self.options.window, self.options.check_quorum);
        match &mut self.role {
            // Whom it would send a client to (§8).
            Role::Follower { leader } => *leader = None,
            Role::Leader(leading) => {
                if !checks {
                    leading.heard = ServerSet::EMPTY;
                }
                for progress in &mut leading.progress {
                    if window == 0 && !matches!(progress.mode, Mode::Snapshot { .. }) {
                        progress.mode = Mode::default();
                    }
                }
            }
            Role::PreCandidate { .. } | Role::Candidate { .. } => {}
        }
        self
    }

    /// Numbers the writes under way anew, from 1. Returns by how much their tokens go down; the caller does
    /// the same to its own ([`Write::token`]).
    pub fn renumber_writes(&mut self) -> u64 {
        let Writes { last, last_hard, last_log, last_cut, durable, .. } = &mut self.writes;
        let by = durable.0;
        for token in [last, last_hard, last_log, last_cut, durable] {
            *token = Token(token.0.saturating_sub(by));
        }
        by
    }

    /// This leader with another nextIndex for a follower, which is its guess at where their logs agree. It
    /// stays above matchIndex, which is no guess.
    #[must_use]
    pub fn with_next(mut self, peer: ServerId, next: Index) -> Node {
        let last = self.log.last_index();
        if let Some(leading) = self.leading_mut() {
            let progress = &mut leading.progress[peer.slot()];
            progress.next = next.clamp(progress.matched.next(), last.next().max(progress.matched.next()));
        }
        self
    }

    /// The same server under other names. Servers are alike, so what holds of a cluster holds of it with
    /// its names exchanged. Entries keep what they carry: where a log holds a configuration, or where a
    /// snapshot does, names stand in what is replicated, and this is not the same server.
    #[must_use]
    pub fn renamed(&self, names: &impl Fn(ServerId) -> ServerId) -> Node {
        let all = |set: ServerSet| set.iter().map(names).collect::<ServerSet>();
        let role = match &self.role {
            Role::Follower { leader } => Role::Follower { leader: leader.map(names) },
            Role::PreCandidate { granted, refused } => {
                Role::PreCandidate { granted: all(*granted), refused: all(*refused) }
            }
            Role::Candidate { granted, refused, again, transfer } => Role::Candidate {
                granted: all(*granted),
                refused: all(*refused),
                again: *again,
                transfer: *transfer,
            },
            Role::Leader(leading) => Role::Leader(Box::new(leading.renamed(names))),
        };
        let Configuration { voters, outgoing, learners, auto_leave } = self.configuration;
        let configuration = Configuration {
            voters: all(voters),
            outgoing: all(outgoing),
            learners: all(learners),
            auto_leave,
        };
        let mut renamed = Node { id: names(self.id), role, configuration, ..self.clone() };
        renamed.voted_for = self.voted_for.map(names);
        renamed.follower_reads.iter_mut().for_each(|read| read.leader = names(read.leader));
        renamed
    }
}

impl Leadership {
    fn renamed(&self, names: &impl Fn(ServerId) -> ServerId) -> Leadership {
        let mut renamed = self.clone();
        for (slot, id) in ServerId::first(self.progress.len() as u8).enumerate() {
            renamed.progress[names(id).slot()] = self.progress[slot];
        }
        renamed.sending = self.sending.iter().map(|(&id, snapshot)| (names(id), snapshot.clone())).collect();
        renamed.heard = self.heard.iter().map(names).collect();
        for read in &mut renamed.reads {
            read.follower = read.follower.map(names);
        }
        if let Some(transfer) = &mut renamed.transfer {
            transfer.to = names(transfer.to);
        }
        if let Some(catch_up) = &mut renamed.catch_up {
            catch_up.servers = catch_up.servers.iter().map(names).collect();
            catch_up.change = catch_up.change.renamed(names);
        }
        renamed
    }
}

impl Change {
    fn renamed(self, names: &impl Fn(ServerId) -> ServerId) -> Change {
        let all = |set: ServerSet| set.iter().map(names).collect::<ServerSet>();
        match self {
            Change::Add(id) => Change::Add(names(id)),
            Change::Learner(id) => Change::Learner(names(id)),
            Change::Remove(id) => Change::Remove(names(id)),
            Change::Joint { voters, learners, manual } => {
                Change::Joint { voters: all(voters), learners: all(learners), manual }
            }
            Change::Leave => Change::Leave,
        }
    }
}

impl HardState {
    fn renamed(self, names: &impl Fn(ServerId) -> ServerId) -> HardState {
        HardState { term: self.term, voted_for: self.voted_for.map(names) }
    }
}

impl Durable {
    /// See [`Node::renamed`].
    #[must_use]
    pub fn renamed(&self, names: &impl Fn(ServerId) -> ServerId) -> Durable {
        Durable { hard: self.hard.renamed(names), ..self.clone() }
    }
}

impl Write {
    /// See [`Node::renamed`].
    #[must_use]
    pub fn renamed(&self, names: &impl Fn(ServerId) -> ServerId) -> Write {
        Write { hard: self.hard.map(|hard| hard.renamed(names)), ..self.clone() }
    }
}

impl Message {
    /// The same message between servers of other names.
    #[must_use]
    pub fn renamed(&self, names: &impl Fn(ServerId) -> ServerId) -> Message {
        Message { from: names(self.from), to: names(self.to), ..self.clone() }
    }
}
