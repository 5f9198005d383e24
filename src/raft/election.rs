//! Leader election: §5.2, with the restriction of §5.4.1; PreVote (D9.6), the check of the quorum (D6.2)
//! and the withholding of votes (D4.2.3), each if its option is on.

use super::interface::Effect;
use super::message::Body;
use super::node::{Node, Step};
use super::options::{Options, TimerRange};
use super::quorum;
use super::role::{Leadership, Lease, Progress, Role};
use super::rules::{Observer, Rule};
use super::types::{Index, MAX_SERVERS, ServerId, ServerSet, Term, Timer};
use super::{Entry, Payload};

impl Node {
    /// The election timeout has passed without word from a leader: start an election (§5.2), or first
    /// ask whether it would be won (D9.6).
    pub(super) fn stand_for_election<O: Observer>(&mut self, step: &mut Step<O>) {
        if self.is_leader() {
            return;
        }
        if !self.may_stand() {
            // It starts no election. But the leader that it knew of has been silent for an election timeout,
            // and is forgotten: else two servers could refer clients to each other for ever (D6.2).
            return self.forget_leader();
        }
        // Where leaders hold leases a server withholds its vote from itself as well. By itself it never
        // stands so early; its timer may be made to fire by hand.
        let hears = self.hears_leader;
        if self.options.lease && !step.guard(Rule::Stickiness, !hears, hears, false) {
            return self.set_election_timer(step);
        }
        self.stop_withholding(step);
        let next = self.term.next();
        if self.options.pre_vote && !step.guard(Rule::PreVote, false, self.term, next) {
            self.ask_before_standing(step);
        } else {
            self.stand(false, step);
        }
    }

    /// Whether an election could make this server leader. A server without a vote starts none (a non-voting
    /// member, D4.2.1, or one that has heard of no cluster), unless a configuration in which it votes may still
    /// be the last committed one: the others may need it until it can know that its removal is committed
    /// (D4.2.2). After a restart it knows little of what is committed, so every configuration counts that may be
    /// the last committed one. And a peer may claim any term, even the last one there is: then no election can
    /// follow it.
    fn may_stand(&self) -> bool {
        let mut possible = self.log.configurations_from(self.commit).chain([&self.configuration]);
        possible.any(|one| one.all_voters().contains(self.id)) && self.term < Term(u64::MAX)
    }

    /// The election itself (§5.2). The new term and the vote for oneself go to the disk before any
    /// request leaves.
    fn stand<O: Observer>(&mut self, transfer: bool, step: &mut Step<O>) {
        self.term = self.term.next();
        self.voted_for = Some(self.id);
        self.hard_state_changes();
        self.role =
            Role::Candidate { granted: ServerSet::EMPTY, refused: ServerSet::EMPTY, again: 0, transfer };
        self.set_election_timer(step);
        self.repeat_requests(step);
    }

    /// PreVote (D9.6): the term stays as it is, and so does the disk. A server that could not win does
    /// not disturb the others with a higher term.
    fn ask_before_standing<O: Observer>(&mut self, step: &mut Step<O>) {
        let granted = [self.id].into_iter().collect();
        self.role = Role::PreCandidate { granted, refused: ServerSet::EMPTY };
        self.set_election_timer(step);
        self.repeat_requests(step);
        self.tally_votes(step);
    }

    /// The leader has asked this server to stand (D3.10). It does so at once, and asks nobody before:
    /// the leader is not silent, so others would say no.
    pub(super) fn stand_at_once<O: Observer>(&mut self, asked: Term, step: &mut Step<O>) {
        if asked == self.term && !self.is_leader() && self.may_stand() {
            self.stop_withholding(step);
            self.stand(true, step);
        }
    }

    /// Forgets whom it believed to lead.
    fn forget_leader(&mut self) {
        if let Role::Follower { leader } = &mut self.role {
            *leader = None;
        }
    }

    /// Asks again, or sends a heartbeat: requests are repeated until they are answered (§5.1, §5.5). A
    /// candidate asks those who have not answered, a leader tells everyone.
    pub(super) fn repeat_requests<O: Observer>(&mut self, step: &mut Step<O>) {
        let peers = match &self.role {
            Role::Follower { .. } => return,
            Role::PreCandidate { granted, refused } | Role::Candidate { granted, refused, .. } => {
                self.configuration.all_voters().minus(granted.or(*refused))
            }
            Role::Leader(_) => self.configuration.members(),
        };
        self.set_heartbeat_timer(step);
        peers.iter().for_each(|peer| self.send_request(peer, step));
    }

    /// The heartbeat timer has run out.
    pub(super) fn beat<O: Observer>(&mut self, step: &mut Step<O>) {
        self.begin_to_check_quorum(step);
        self.append_noop_that_is_due(step);
        self.renew_lease(step);
        self.repeat_requests(step);
        self.repeat_timeout_now(step);
    }

    /// What a candidate asks a voter.
    pub(super) fn vote_request_for(&self, peer: ServerId) -> Option<Body> {
        let (last_index, last_term) = (self.log.last_index(), self.log.last_term());
        let body = match self.role {
            Role::Candidate { transfer, .. } => Body::RequestVote { last_index, last_term, transfer },
            _ => Body::PreVote { asked: self.term.next(), last_index, last_term },
        };
        self.configuration.all_voters().contains(peer).then_some(body)
    }

    /// RequestVote, at the receiver (Figure 2). The first guard that refuses is the reason for a no.
    pub(super) fn answer_vote_request<O: Observer>(
        &mut self,
        candidate: ServerId,
        asked: Term,
        end: (Term, Index),
        step: &mut Step<O>,
    ) {
        let free = self.voted_for.is_none() || self.voted_for == Some(candidate);
        let granted = step.guard(Rule::RefuseStaleVoteRequest, asked >= self.term, asked, self.term)
            && step.guard(Rule::OneVotePerTerm, free, self.voted_for, Some(candidate))
            && self.is_up_to_date(end, step);
        if granted && self.voted_for != Some(candidate) {
            self.voted_for = Some(candidate);
            self.hard_state_changes();
        }
        if granted && matches!(self.role, Role::PreCandidate { .. }) {
            // It has given its voice to somebody else.
            self.become_follower(None, step);
        }
        if !self.is_leader() && step.guard(Rule::VoteTimerOnlyOnGrant, granted, granted, true) {
            self.set_election_timer(step);
        }
        let after = self.hard_state_under_way();
        self.reply(candidate, Body::RequestVoteReply { asked, granted }, after, step);
    }

    /// PreVote, at the receiver (D9.6): would it vote for that server in that term? It says yes only if
    /// it does not hear from a leader, and nothing changes here: no term, no vote, no timer, no disk.
    pub(super) fn answer_pre_vote<O: Observer>(
        &mut self,
        candidate: ServerId,
        asked: Term,
        end: (Term, Index),
        step: &mut Step<O>,
    ) {
        let hears = self.hears_leader || self.is_leader();
        let granted = step.guard(Rule::RefuseStaleVoteRequest, asked > self.term, asked, self.term)
            && step.guard(Rule::PreVote, !hears, hears, false)
            && self.would_be_up_to_date(end, step);
        let after = self.hard_state_under_way();
        self.reply(candidate, Body::PreVoteReply { asked, granted }, after, step);
    }

    /// The answer to a PreVote. One that was about another term is old.
    pub(super) fn count_pre_vote<O: Observer>(
        &mut self,
        from: ServerId,
        asked: Term,
        yes: bool,
        step: &mut Step<O>,
    ) {
        let next = self.term.next();
        if !matches!(self.role, Role::PreCandidate { .. })
            || !step.guard(Rule::DropStaleReplies, asked == next, asked, next)
        {
            return;
        }
        if let Role::PreCandidate { granted, refused } = &mut self.role {
            let answered = if yes { granted } else { refused };
            answered.insert(from);
        }
        self.tally_votes(step);
    }

    /// Whether a vote request goes unheeded: a leader is there, so nobody needs to be elected, and a
    /// server that was removed, or was cut off, can't disturb the others by it (D4.2.3). An election
    /// that the leader has asked for is heeded.
    pub(super) fn is_sticky<O: Observer>(&mut self, transfer: bool, step: &mut Step<O>) -> bool {
        let hears = self.hears_leader || self.is_leader();
        self.options.stickiness && !step.guard(Rule::Stickiness, !hears || transfer, hears, transfer)
    }

    /// A message of the current leader has come: no election for another timeout, even if what it says
    /// is refused (§5.2).
    pub(super) fn hear_leader<O: Observer>(&mut self, step: &mut Step<O>) {
        self.set_election_timer(step);
        let Options { pre_vote, stickiness, lease, .. } = self.options;
        if pre_vote || stickiness || lease {
            self.withhold_vote(step);
        }
    }

    /// No vote for the shortest election timeout: it is in nobody's interest (D4.2.3), and leases count
    /// on it (D6.4.1).
    pub(super) fn withhold_vote<O: Observer>(&mut self, step: &mut Step<O>) {
        self.hears_leader = true;
        step.effects.push(Effect::SetTimer(Timer::Stickiness, self.options.election.shortest()));
    }

    fn stop_withholding<O: Observer>(&mut self, step: &mut Step<O>) {
        if std::mem::take(&mut self.hears_leader) {
            step.effects.push(Effect::CancelTimer(Timer::Stickiness));
        }
    }

    /// Whether a candidate's log, which ends there, is at least as up to date as this server's: the
    /// later last term wins, then the greater length (§5.4.1). This is what keeps committed entries: a
    /// majority has each of them, and votes for nobody who lacks it.
    fn is_up_to_date<O: Observer>(&self, candidate: (Term, Index), step: &mut Step<O>) -> bool {
        self.compare_logs(Rule::LogUpToDate, candidate, step)
    }

    /// The same for a PreVote, which asks whether a vote would be given: so the log is not looked at where
    /// votes don't look at it either.
    fn would_be_up_to_date<O: Observer>(&self, candidate: (Term, Index), step: &mut Step<O>) -> bool {
        let votes_look = step.rules.is_on(Rule::LogUpToDate);
        let rule = if votes_look { Rule::PreVoteLogUpToDate } else { Rule::LogUpToDate };
        self.compare_logs(rule, candidate, step)
    }

    fn compare_logs<O: Observer>(&self, rule: Rule, candidate: (Term, Index), step: &mut Step<O>) -> bool {
        let own = (self.log.last_term(), self.log.last_index());
        let up_to_date = candidate >= own;
        let up_to_date = step.choose(Rule::LastTermFirst, up_to_date, candidate.1 >= own.1);
        let up_to_date = step.choose(Rule::LengthBreaksTies, up_to_date, candidate.0 >= own.0);
        step.guard(rule, up_to_date, candidate, own)
    }

    /// The answer to a RequestVote.
    pub(super) fn count_vote<O: Observer>(
        &mut self,
        from: ServerId,
        asked: Term,
        yes: bool,
        step: &mut Step<O>,
    ) {
        if !matches!(self.role, Role::Candidate { .. })
            || !step.guard(Rule::DropStaleReplies, asked == self.term, asked, self.term)
        {
            return;
        }
        if let Role::Candidate { granted, refused, again, .. } = &mut self.role {
            if yes && granted.contains(from) {
                // The network may deliver a message twice, and votes are counted by voter, not by message.
                let counted = granted.len() + *again;
                if !step.guard(Rule::CountVotesOnce, false, counted, counted + 1) {
                    return;
                }
                *again += 1;
            }
            let answered = if yes { granted } else { refused };
            answered.insert(from);
        }
        self.tally_votes(step);
    }

    /// A candidate counts its own vote once it is on disk, like anybody's.
    pub(super) fn count_own_vote<O: Observer>(&mut self, step: &mut Step<O>) {
        let id = self.id;
        if self.voted_for != Some(id) || self.hard_state_under_way().is_some() {
            return;
        }
        if let Role::Candidate { granted, .. } = &mut self.role
            && !granted.contains(id)
        {
            granted.insert(id);
            self.tally_votes(step);
        }
    }

    /// A candidate with the votes of a majority of all voters leads (§5.2); a server that a majority would
    /// vote for stands (D9.6).
    fn tally_votes<O: Observer>(&mut self, step: &mut Step<O>) {
        let (granted, refused, again) = match self.role {
            Role::Candidate { granted, refused, again, .. } => (granted, refused, again),
            Role::PreCandidate { granted, refused } => (granted, refused, 0),
            Role::Follower { .. } | Role::Leader(_) => return,
        };
        let voters = self.configuration.all_voters();
        let electorate = step.choose(Rule::QuorumOfAll, voters, voters.and(granted.or(refused)));
        if !quorum::is_quorum_with(&self.configuration.restricted_to(electorate), granted, again) {
            return;
        }
        if matches!(self.role, Role::PreCandidate { .. }) { self.stand(false, step) } else { self.lead(step) }
    }

    /// An election is won: forget what was known of the others, and say so at once (§5.2, §5.3).
    fn lead<O: Observer>(&mut self, step: &mut Step<O>) {
        self.role = self.new_leadership();
        step.effects.push(Effect::CancelTimer(Timer::Election));
        self.stop_withholding(step);
        if self.options.noop {
            self.append_noop(step);
        }
        self.leave_joint(step);
        self.beat(step);
    }

    /// Only an entry of its own term lets a leader commit what earlier ones left (§5.4.2, §8).
    fn append_noop<O: Observer>(&mut self, step: &mut Step<O>) {
        self.append(Entry { term: self.term, payload: Payload::Noop }, step);
    }

    /// A leader that was elected before the option was switched on may still lack such an entry.
    fn append_noop_that_is_due<O: Observer>(&mut self, step: &mut Step<O>) {
        let nothing_of_own_term = self.log.last_term() < self.term;
        if self.options.noop && nothing_of_own_term && self.is_leader() && self.transferring().is_none() {
            self.append_noop(step);
        }
    }

    pub(super) fn new_leadership(&self) -> Role {
        let unknown = Progress { next: self.log.last_index().next(), ..Progress::default() };
        let progress = [unknown; MAX_SERVERS as usize];
        Role::Leader(Box::new(Leadership { progress, ..Leadership::default() }))
    }

    // The check of the quorum.

    pub(super) fn begin_to_check_quorum<O: Observer>(&mut self, step: &mut Step<O>) {
        let (wanted, length) = (self.options.check_quorum, self.options.election.longest());
        if let Some(leading) = self.leading_mut()
            && wanted
            && !leading.checks_quorum
        {
            leading.checks_quorum = true;
            // Answers that came while nobody asked for them say nothing of the time that is checked.
            leading.heard = ServerSet::EMPTY;
            step.effects.push(Effect::SetTimer(Timer::Quorum, length));
        }
    }

    /// An election timeout has passed since the last check. A leader that no majority has answered in that
    /// time may have been replaced without knowing; it steps down, so that its clients look elsewhere
    /// (D6.2). A voter that has joined in that time counts as heard: it had no whole election timeout to answer.
    pub(super) fn check_quorum<O: Observer>(&mut self, step: &mut Step<O>) {
        let (id, configuration) = (self.id, self.configuration);
        let Some(leading) = self.leading_mut() else { return };
        leading.checks_quorum = false;
        let mut heard = std::mem::take(&mut leading.heard);
        heard.insert(id);
        if !self.options.check_quorum {
            return;
        }
        let enough = quorum::is_quorum(&configuration, heard);
        if step.guard(Rule::CheckQuorum, enough, heard, configuration.all_voters()) {
            self.begin_to_check_quorum(step);
        } else {
            self.step_down(step);
        }
    }
}

impl Leadership {
    /// What was asked of this leader alone ends with its leadership: its timers, and the reads that wait
    /// for it.
    pub(super) fn end(&self, leader: Option<ServerId>, effects: &mut Vec<Effect>) {
        let leases = Timer::LEASES.iter().zip(self.leases).filter(|(_, lease)| *lease != Lease::None);
        let timers = [
            (Timer::Quorum, self.checks_quorum),
            (Timer::Transfer, self.transfer.is_some()),
            (Timer::CatchUp, self.catch_up.is_some()),
        ];
        let running = timers.into_iter().filter(|(_, runs)| *runs).map(|(timer, _)| timer);
        effects.extend(running.chain(leases.map(|(timer, _)| *timer)).map(Effect::CancelTimer));
        // What a follower has asked for it gives up by itself, when it hears of the new term.
        let of_clients = self.reads.iter().filter(|read| read.follower.is_none());
        effects.extend(of_clients.map(|read| Effect::ReadRefused(read.id, leader)));
    }
}

impl TimerRange {
    /// Always the shortest length.
    pub(super) fn shortest(self) -> TimerRange {
        TimerRange { max_us: self.min_us, ..self }
    }

    /// Always the longest length.
    pub(super) fn longest(self) -> TimerRange {
        TimerRange { min_us: self.max_us, ..self }
    }
}
