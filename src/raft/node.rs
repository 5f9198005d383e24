//! One server: its state, its inputs, its effects, and the rules that all servers follow whatever
//! their role.

use super::log::{Log, Payload};
use super::message::{Body, Message};
use super::persistence::{Durable, HardState, Write, Writes};
use super::rules::{self, Observer, Rule, Rules, Value};
use super::types::{Index, MAX_SERVERS, ServerId, ServerSet, Term, Timer, Token};
use serde::{Deserialize, Serialize};

/// What can be set for a server. Times are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// From which range an election timeout is drawn (§5.2).
    pub election: TimerRange,
    /// How long a leader may be silent.
    pub heartbeat_us: u64,
    /// Whether a leader begins its term with an entry that does nothing (§8).
    pub noop: bool,
    /// How a leader finds the place where a follower's log agrees with its own.
    pub backtracking: Backtracking,
    /// The most entries in one AppendEntries, at least 1.
    pub max_entries: u32,
}

/// The range from which the world draws the length of a timer, both ends included, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimerRange {
    /// The shortest length.
    pub min_us: u64,
    /// The longest length.
    pub max_us: u64,
}

impl From<TimerRange> for Value {
    fn from(range: TimerRange) -> Value {
        Value::RangeUs(range.min_us, range.max_us)
    }
}

/// How a leader finds the last entry on which it and a follower agree (§5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Backtracking {
    /// nextIndex goes back by one with each refusal.
    StepByOne,
    /// The follower names the conflicting term and its first index; nextIndex jumps.
    ConflictHints,
}

/// What happens to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It begins to run, for the first time or after a crash.
    Started,
    /// A timer that it had asked for has run out.
    Fired(Timer),
    /// A message has arrived.
    Received(Message),
    /// A write is durable, and with it all earlier ones. `last` is where the log ended that it wrote.
    Persisted(Token, Option<(Index, Term)>),
    /// A client wants this in the log.
    Proposed(Payload),
    /// It is to give up its candidacy or leadership, as it may at any time without harm.
    SteppedDown,
}

/// What a server wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this to the disk and say when it is durable.
    Persist(Write),
    /// Send this, but not before the write of that token is durable.
    Send(Message, Option<Token>),
    /// Start this timer anew, with a length drawn from the range.
    SetTimer(Timer, TimerRange),
    /// Stop this timer.
    CancelTimer(Timer),
    /// Apply the entries after the last applied one, up to and with this one, to the state machine.
    Apply(Index),
    /// The proposal is in the leader's log, there.
    Accepted(Index, Term),
    /// This server does not lead; that one does, as far as it knows.
    NotLeader(Option<ServerId>),
}

/// What a server is, and what it keeps only as long as it is that (§5.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers, and knows at most who leads.
    Follower {
        /// Whom it has heard as leader in this term.
        leader: Option<ServerId>,
    },
    /// Stands for election.
    Candidate {
        /// Who has granted it a vote. Itself only once its own vote is on disk.
        granted: ServerSet,
        /// Who has refused.
        refused: ServerSet,
    },
    /// Leads. One progress for each server, itself included (its own is not used).
    Leader {
        /// How far each follower is, by [`ServerId::slot`].
        progress: [Progress; MAX_SERVERS as usize],
    },
}

/// The name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoleName {
    /// See [`Role::Follower`].
    Follower,
    /// See [`Role::Candidate`].
    Candidate,
    /// See [`Role::Leader`].
    Leader,
}

impl Role {
    /// The role without what it keeps.
    #[must_use]
    pub fn name(&self) -> RoleName {
        match self {
            Role::Follower { .. } => RoleName::Follower,
            Role::Candidate { .. } => RoleName::Candidate,
            Role::Leader { .. } => RoleName::Leader,
        }
    }
}

/// How far a follower is, as the leader sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Progress {
    /// nextIndex: the next entry to send.
    pub next: Index,
    /// matchIndex: up to here the follower's log is known to be the leader's.
    pub matched: Index,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub(super) id: ServerId,
    pub(super) options: Options,
    // Persistent state (Figure 2), as it is in memory; the disk follows.
    pub(super) term: Term,
    pub(super) voted_for: Option<ServerId>,
    pub(super) log: Log,
    // Volatile state.
    pub(super) commit: Index,
    pub(super) applied: Index,
    pub(super) role: Role,
    pub(super) writes: Writes,
}

/// One step under way: what it may consult, and what it has found to do.
pub(super) struct Step<'a, O> {
    pub(super) rules: Rules,
    pub(super) observer: &'a mut O,
    pub(super) effects: &'a mut Vec<Effect>,
    /// From which index on this step changes the log.
    pub(super) log_from: Option<Index>,
}

impl<O: Observer> Step<'_, O> {
    pub(super) fn guard(
        &mut self,
        rule: Rule,
        held: bool,
        left: impl Into<Value>,
        right: impl Into<Value>,
    ) -> bool {
        rules::guard(self.rules, self.observer, rule, held, left, right)
    }

    pub(super) fn choose<T: Copy + Into<Value>>(&mut self, rule: Rule, right: T, wrong: T) -> T {
        rules::choose(self.rules, self.observer, rule, right, wrong)
    }
}

impl Node {
    /// A server as it comes up with what is on its disk: for the first time, or after a crash. Term,
    /// vote and log survive; commitIndex and lastApplied start at what the log's base covers, since
    /// the state machine is in memory (Figure 2, D3.8).
    pub fn new<O: Observer>(
        id: ServerId,
        options: Options,
        disk: &Durable,
        rules: Rules,
        observer: &mut O,
    ) -> Node {
        let HardState { term, voted_for } = disk.hard;
        let term = rules::choose(rules, observer, Rule::TermSurvivesCrash, term, Term(0));
        let voted_for = rules::choose(rules, observer, Rule::VoteSurvivesCrash, voted_for, None);
        let last = disk.log.last_index();
        let base = disk.log.first_index().prev();
        let mut log = disk.log.clone();
        log.truncate_after(rules::choose(rules, observer, Rule::LogSurvivesCrash, last, base));
        Node {
            id,
            options,
            term,
            voted_for,
            commit: base,
            applied: base,
            role: Role::Follower { leader: None },
            writes: Writes { durable_index: log.last_index(), ..Writes::default() },
            log,
        }
    }

    /// Which server this is.
    #[must_use]
    pub fn id(&self) -> ServerId {
        self.id
    }

    /// The options in force.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Puts other options in force, from the next step on. A timer that runs is not touched.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
    }

    /// currentTerm.
    #[must_use]
    pub fn term(&self) -> Term {
        self.term
    }

    /// votedFor in the current term.
    #[must_use]
    pub fn voted_for(&self) -> Option<ServerId> {
        self.voted_for
    }

    /// The log, as it is in memory.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// commitIndex.
    #[must_use]
    pub fn commit(&self) -> Index {
        self.commit
    }

    /// lastApplied.
    #[must_use]
    pub fn applied(&self) -> Index {
        self.applied
    }

    /// What the server is at the moment.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Whether it leads, in its own opinion.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    /// Who leads in its term, as far as it knows.
    #[must_use]
    pub fn leader(&self) -> Option<ServerId> {
        match self.role {
            Role::Follower { leader } => leader,
            Role::Candidate { .. } => None,
            Role::Leader { .. } => Some(self.id),
        }
    }

    /// What a leader knows of a follower.
    #[must_use]
    pub fn progress(&self, peer: ServerId) -> Option<Progress> {
        match &self.role {
            Role::Leader { progress } if peer != self.id => Some(progress[peer.slot()]),
            _ => None,
        }
    }

    /// Up to which index the log in memory is on disk.
    #[must_use]
    pub fn durable_index(&self) -> Index {
        self.writes.durable_index
    }

    /// Whether a write is under way.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.writes.last > self.writes.durable
    }

    /// This state with its writes renumbered, so that two states that differ only in how many writes
    /// went before are equal. Where a write is under way nothing changes.
    #[must_use]
    pub fn canonical(mut self) -> Node {
        if !self.is_writing() {
            self.writes = Writes { durable_index: self.writes.durable_index, ..Writes::default() };
        }
        self
    }

    /// The state of a server in the middle of a run, for stories that begin there: the disk of a server
    /// that has come up, with another role and commitIndex. A leader has just been elected, a
    /// candidate has just begun. What is committed is not applied yet: the next step applies it.
    #[must_use]
    pub fn in_role(mut self, role: Role, commit: Index) -> Node {
        self.commit = commit.min(self.log.last_index());
        self.role = role;
        if let Role::Leader { progress } = &mut self.role {
            *progress =
                [Progress { next: self.log.last_index().next(), matched: Index(0) }; MAX_SERVERS as usize];
        }
        self
    }

    /// Lets one thing happen to the server. What it wants done is appended to `effects`.
    pub fn step<O: Observer>(
        &mut self,
        input: Input,
        rules: Rules,
        observer: &mut O,
        effects: &mut Vec<Effect>,
    ) {
        let step = &mut Step { rules, observer, effects, log_from: None };
        match input {
            Input::Started => self.set_election_timer(step),
            Input::Fired(Timer::Election) => self.stand_for_election(step),
            Input::Fired(Timer::Heartbeat) => self.repeat_requests(step),
            Input::Received(message) => self.receive(message, step),
            Input::Persisted(token, last) => self.learn_of_write(token, last, step),
            Input::Proposed(payload) => self.propose(payload, step),
            Input::SteppedDown => self.step_down(step),
        }
        self.apply_committed(step);
        self.persist_what_changed(step);
        assert!(self.applied <= self.commit, "what is applied is committed, whatever rule is off");
    }

    /// All servers: a higher term makes a follower before anything else is done with the message; then
    /// it is handled by kind (§5.1). One's own configuration is not consulted (§6).
    fn receive<O: Observer>(&mut self, message: Message, step: &mut Step<O>) {
        if message.term > self.term {
            self.adopt_term(message.term, step);
        }
        let Message { from, term, body, .. } = message;
        match body {
            Body::RequestVote { last_index, last_term } => {
                self.answer_vote_request(from, term, (last_term, last_index), step);
            }
            Body::RequestVoteReply { asked, granted } => self.count_vote(from, asked, granted, step),
            Body::AppendEntries { prev_index, prev_term, entries, leader_commit } => {
                let prev = (prev_term, prev_index);
                self.answer_append(from, term, prev, &entries, leader_commit, step);
            }
            Body::AppendEntriesReply { asked, prev_index, count, outcome } => {
                self.learn_from_reply(from, asked, (prev_index, count), outcome, step);
            }
        }
    }

    /// A higher term: adopt it, forget the vote of the old one, and follow (§5.1).
    fn adopt_term<O: Observer>(&mut self, term: Term, step: &mut Step<O>) {
        let own = std::mem::replace(&mut self.term, term);
        self.voted_for = None;
        self.hard_state_changes();
        if let Role::Follower { leader } = &mut self.role {
            *leader = None;
        } else if !step.guard(Rule::StepDownOnHigherTerm, false, own, term) {
            self.become_follower(None, step);
        }
    }

    /// Leaves a candidacy or leadership. A candidate's election timer keeps running, a leader has none
    /// and starts one.
    pub(super) fn become_follower<O: Observer>(&mut self, leader: Option<ServerId>, step: &mut Step<O>) {
        let led = self.is_leader();
        if !matches!(self.role, Role::Follower { .. }) {
            step.effects.push(Effect::CancelTimer(Timer::Heartbeat));
        }
        self.role = Role::Follower { leader };
        if led {
            self.set_election_timer(step);
        }
    }

    /// Gives up a candidacy or leadership without being told to by a higher term. The vote binds until
    /// the term ends, so it is kept.
    fn step_down<O: Observer>(&mut self, step: &mut Step<O>) {
        if !matches!(self.role, Role::Follower { .. }) {
            self.become_follower(None, step);
            self.keep_vote(step);
        }
    }

    /// Within a term the vote stays given, also when the one who cast it for itself steps back.
    pub(super) fn keep_vote<O: Observer>(&mut self, step: &mut Step<O>) {
        let kept = step.choose(Rule::VoteKeptWithinTerm, self.voted_for, None);
        if self.voted_for != kept {
            self.voted_for = kept;
            self.hard_state_changes();
        }
    }

    /// All servers: if commitIndex > lastApplied, apply (Figure 2). With rules off, entries can be gone
    /// that were committed: those can't be applied.
    fn apply_committed<O: Observer>(&mut self, step: &mut Step<O>) {
        let upto = self.commit.min(self.log.last_index());
        if upto > self.applied {
            self.applied = upto;
            step.effects.push(Effect::Apply(upto));
        }
    }

    /// Starts the election timer anew. Who calls this is what Figure 2 says about the election timeout.
    pub(super) fn set_election_timer<O: Observer>(&mut self, step: &mut Step<O>) {
        let range = self.options.election;
        let shortest = TimerRange { min_us: range.min_us, max_us: range.min_us };
        let range = step.choose(Rule::RandomisedTimeouts, range, shortest);
        step.effects.push(Effect::SetTimer(Timer::Election, range));
    }

    /// Starts the heartbeat timer anew.
    pub(super) fn set_heartbeat_timer<O: Observer>(&mut self, step: &mut Step<O>) {
        let range = TimerRange { min_us: self.options.heartbeat_us, max_us: self.options.heartbeat_us };
        step.effects.push(Effect::SetTimer(Timer::Heartbeat, range));
    }

    // Requests.

    /// [`Node::rpc_for`], with the write that it has to wait for: what the world needs to send one request by
    /// itself.
    #[must_use]
    pub fn send_for(&self, peer: ServerId, rules: Rules) -> Option<Effect> {
        let message = self.rpc_for(peer)?;
        let after = self.hard_state_under_way().filter(|_| rules.is_on(Rule::ReplyAfterFsync));
        Some(Effect::Send(message, after))
    }

    /// Sends the request of the moment to that peer.
    pub(super) fn send_request<O: Observer>(&mut self, peer: ServerId, step: &mut Step<O>) {
        if let Some(message) = self.rpc_for(peer) {
            self.send(message, self.hard_state_under_way(), step);
        }
    }

    /// Answers that peer. No answer leaves before the term that it bears, nor the vote or the entries
    /// that it promises, are on disk.
    pub(super) fn reply<O: Observer>(
        &mut self,
        peer: ServerId,
        body: Body,
        after: Option<Token>,
        step: &mut Step<O>,
    ) {
        let message = Message { from: self.id, to: peer, term: self.term, body };
        self.send(message, after, step);
    }

    fn send<O: Observer>(&mut self, message: Message, after: Option<Token>, step: &mut Step<O>) {
        let after = match after {
            Some(_) => step.choose(Rule::ReplyAfterFsync, after, None),
            None => None,
        };
        step.effects.push(Effect::Send(message, after));
    }
}
