//! One server: its state, and the rules that all servers follow whatever their role.

use super::config::Configuration;
use super::interface::{Effect, Input};
use super::log::{Entries, Log};
use super::message::{Body, Message};
use super::options::{Options, TimerRange};
use super::persistence::{Durable, HardState, SnapshotWrite, Writes};
use super::replication::Append;
use super::role::{FollowerRead, Leadership, Progress, Role};
use super::rules::{self, Observer, Rule, Rules, Value};
use super::snapshots::{Incoming, Piece, Snapshot};
use super::types::{Index, ServerId, Term, Timer, Token};
use std::sync::Arc;

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub(super) id: ServerId,
    pub(super) options: Options,
    // Persistent state (Figure 2), as it is in memory; the disk follows.
    pub(super) term: Term,
    pub(super) voted_for: Option<ServerId>,
    pub(super) log: Log,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    // Volatile state.
    pub(super) commit: Index,
    pub(super) applied: Index,
    pub(super) role: Role,
    pub(super) writes: Writes,
    /// The configuration that it goes by: the latest one in its log, committed or not (§6).
    pub(super) configuration: Configuration,
    /// Whether it has heard from a leader within the shortest election timeout (D4.2.3). Kept only where
    /// an option asks for it: PreVote, stickiness or leases.
    pub(super) hears_leader: bool,
    /// A snapshot of its own that is on its way to the disk; the log still has what it covers.
    pub(super) taken: Option<(Token, Arc<Snapshot>)>,
    /// The pieces of a leader's snapshot that have come so far.
    pub(super) incoming: Option<Incoming>,
    /// Reads that it will answer as a follower, in the order in which they came (D6.4).
    pub(super) follower_reads: Vec<FollowerRead>,
}

/// One step under way: what it may consult, and what it has found to do.
pub(super) struct Step<'a, O> {
    pub(super) rules: Rules,
    pub(super) observer: &'a mut O,
    pub(super) effects: &'a mut Vec<Effect>,
    /// From which index on this step changes the log.
    pub(super) log_from: Option<Index>,
    /// The snapshot that this step puts on the disk.
    pub(super) snapshot: Option<SnapshotWrite>,
    /// A run of entries that several messages and the disk can share, and the index of its first.
    pub(super) shared: Option<(Index, Entries)>,
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
        let (latest, committed) = (*log.configuration(), *log.configuration_at(base));
        let configuration = if latest == committed {
            latest
        } else {
            rules::choose(rules, observer, Rule::ConfigurationOnAppend, latest, committed)
        };
        Node {
            id,
            options,
            term,
            voted_for,
            commit: base,
            applied: base,
            role: Role::Follower { leader: None },
            writes: Writes { durable_index: log.last_index(), ..Writes::default() },
            configuration,
            hears_leader: false,
            taken: None,
            incoming: None,
            follower_reads: Vec::new(),
            snapshot: disk.snapshot.clone(),
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
        let of_leases = |o: &Options| (o.lease, o.stickiness, o.drift_ppm, o.election);
        if of_leases(&options) != of_leases(&self.options)
            && let Some(leading) = self.leading_mut()
        {
            // A lease that was earned under other options proves nothing under these.
            leading.leases = Default::default();
        }
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

    /// The last snapshot that the log stands on, if it stands on one.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// The configuration that it goes by.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Whether it has heard from a leader within the shortest election timeout, as far as an option
    /// makes it keep account of that.
    #[must_use]
    pub fn hears_leader(&self) -> bool {
        self.hears_leader
    }

    /// How many bytes of a leader's snapshot have come so far, and up to which index it goes.
    #[must_use]
    pub fn incoming(&self) -> Option<(Index, u64)> {
        self.incoming.as_ref().map(|incoming| (incoming.index, incoming.received()))
    }

    /// What the server is at the moment.
    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// Whether it leads, in its own opinion.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// What it keeps as a leader.
    #[must_use]
    pub fn leadership(&self) -> Option<&Leadership> {
        match &self.role {
            Role::Leader(leading) => Some(leading),
            _ => None,
        }
    }

    pub(super) fn leading_mut(&mut self) -> Option<&mut Leadership> {
        match &mut self.role {
            Role::Leader(leading) => Some(leading),
            _ => None,
        }
    }

    /// Who leads in its term, as far as it knows.
    #[must_use]
    pub fn leader(&self) -> Option<ServerId> {
        match self.role {
            Role::Follower { leader } => leader,
            Role::PreCandidate { .. } | Role::Candidate { .. } => None,
            Role::Leader(_) => Some(self.id),
        }
    }

    /// What a leader knows of a follower.
    #[must_use]
    pub fn progress(&self, peer: ServerId) -> Option<Progress> {
        self.leadership().filter(|_| peer != self.id).map(|leading| leading.progress[peer.slot()])
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

    /// The state of a server in the middle of a run, for stories that begin there: the disk of a server
    /// that has come up, with another role and commitIndex. A leader has just been elected, a
    /// candidate has just begun. What is committed is not applied yet: the next step applies it.
    #[must_use]
    pub fn in_role(mut self, role: Role, commit: Index) -> Node {
        self.commit = commit.min(self.log.last_index());
        self.role = role;
        if self.is_leader() {
            self.role = self.new_leadership();
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
        let step = &mut Step { rules, observer, effects, log_from: None, snapshot: None, shared: None };
        match input {
            Input::Started => self.start(step),
            Input::Fired(timer) => self.time_is_up(timer, step),
            Input::Received(message) => self.receive(message, step),
            Input::Persisted(token, last) => self.learn_of_write(token, last, step),
            Input::Proposed(payloads) => self.propose(payloads, step),
            Input::SteppedDown => self.step_down(step),
            Input::ChangeAsked(change) => self.ask_for_change(change, step),
            Input::TransferAsked(to) => self.ask_for_transfer(to, step),
            Input::ReadAsked(id, mode) => self.ask_to_read(id, mode, step),
            Input::SnapshotTaken(index, data) => self.take_snapshot(index, data, step),
        }
        self.apply_committed(step);
        self.serve_reads(step);
        self.serve_follower_reads(step);
        self.persist_what_changed(step);
        assert!(self.applied <= self.commit, "what is applied is committed, whatever rule is off");
    }

    fn start<O: Observer>(&mut self, step: &mut Step<O>) {
        self.set_election_timer(step);
        // It may have heard from a leader just before it crashed, and that leader may hold a lease that
        // counts on its silence. The dissertation says nothing of restarts; this follows from D6.4.1.
        if self.options.lease && !step.guard(Rule::RestartedVoterWaits, false, false, true) {
            self.withhold_vote(step);
        }
    }

    fn time_is_up<O: Observer>(&mut self, timer: Timer, step: &mut Step<O>) {
        match timer {
            Timer::Election => self.stand_for_election(step),
            Timer::Heartbeat => self.beat(step),
            Timer::Quorum => self.check_quorum(step),
            Timer::Stickiness => self.hears_leader = false,
            Timer::LeaseA | Timer::LeaseB => self.lease_ends(timer),
            Timer::Transfer => self.give_up_transfer(step),
            Timer::CatchUp => self.round_takes_long(step),
        }
    }

    /// All servers: a higher term makes a follower before anything else is done with the message; then
    /// it is handled by kind (§5.1). One's own configuration is not consulted (§6). Three kinds change
    /// no term: a PreVote and the yes to one, which only ask what would be, and a vote request that a
    /// server ignores because it hears from a leader.
    fn receive<O: Observer>(&mut self, message: Message, step: &mut Step<O>) {
        let Message { from, term, body, .. } = message;
        if let Body::RequestVote { transfer, .. } = body
            && self.is_sticky(transfer, step)
        {
            let after = self.hard_state_under_way();
            return self.reply(from, Body::RequestVoteReply { asked: term, granted: false }, after, step);
        }
        let only_asks = matches!(body, Body::PreVote { .. } | Body::PreVoteReply { granted: true, .. });
        if term > self.term && !only_asks {
            self.adopt_term(term, step);
        }
        match body {
            Body::RequestVote { last_index, last_term, .. } => {
                self.answer_vote_request(from, term, (last_term, last_index), step);
            }
            Body::RequestVoteReply { asked, granted } => self.count_vote(from, asked, granted, step),
            Body::PreVote { asked, last_index, last_term } => {
                self.answer_pre_vote(from, asked, (last_term, last_index), step);
            }
            Body::PreVoteReply { asked, granted } => self.count_pre_vote(from, asked, granted, step),
            Body::AppendEntries { prev_index, prev_term, entries, leader_commit, round } => {
                let prev = (prev_term, prev_index);
                self.answer_append(from, term, Append { prev, entries, leader_commit, round }, step);
            }
            Body::AppendEntriesReply { asked, prev_index, count, outcome, round } => {
                if self.hear_answer(from, asked, round, step) {
                    self.learn_from_reply(from, (prev_index, count), outcome, step);
                }
            }
            Body::InstallSnapshot { last_index, last_term, configuration, offset, data, done, round } => {
                let piece = Piece { last_index, last_term, configuration, offset, data, done, round };
                self.answer_install(from, term, piece, step);
            }
            Body::InstallSnapshotReply { asked, last_index, offset, outcome, round } => {
                if self.hear_answer(from, asked, round, step) {
                    self.learn_of_snapshot(from, last_index, offset, outcome, step);
                }
            }
            Body::TimeoutNow => self.stand_at_once(term, step),
            Body::ReadIndex { read } => self.answer_read_index(from, term, read, step),
            Body::ReadIndexReply { asked, read, index } => self.learn_read_index(asked, read, index, step),
        }
    }

    /// A higher term: adopt it, forget the vote of the old one, and follow (§5.1). A vote that is withheld
    /// because a leader was heard stays withheld: leases count on that silence, whatever the term.
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
        if !matches!(self.role, Role::Follower { .. }) {
            step.effects.push(Effect::CancelTimer(Timer::Heartbeat));
        }
        let before = std::mem::replace(&mut self.role, Role::Follower { leader });
        if let Role::Leader(leading) = before {
            leading.end(leader, step.effects);
            self.set_election_timer(step);
        }
    }

    /// Gives up a candidacy or leadership without being told to by a higher term. The vote binds until
    /// the term ends, so it is kept.
    pub(super) fn step_down<O: Observer>(&mut self, step: &mut Step<O>) {
        if !matches!(self.role, Role::Follower { .. }) {
            self.become_follower(None, step);
            self.keep_vote(step);
        }
    }

    /// Within a term the vote stays given: when a leader is heard, and when the one who cast it for itself
    /// steps back.
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
            self.use_configuration(step);
            self.ask_for_snapshot(step);
        }
    }

    /// Starts the election timer anew. Who calls this is what Figure 2 says about the election timeout.
    pub(super) fn set_election_timer<O: Observer>(&mut self, step: &mut Step<O>) {
        let range = self.options.election;
        let range = step.choose(Rule::RandomisedTimeouts, range, range.shortest());
        step.effects.push(Effect::SetTimer(Timer::Election, range));
    }

    /// Starts the heartbeat timer anew.
    pub(super) fn set_heartbeat_timer<O: Observer>(&mut self, step: &mut Step<O>) {
        let range = TimerRange { min_us: self.options.heartbeat_us, max_us: self.options.heartbeat_us };
        step.effects.push(Effect::SetTimer(Timer::Heartbeat, range));
    }
}
