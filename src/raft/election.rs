//! Leader election: §5.2, with the restriction of §5.4.1.

use super::message::{Body, Message};
use super::node::{Effect, Node, Progress, Role, Step};
use super::quorum;
use super::rules::{Observer, Rule};
use super::types::{Index, MAX_SERVERS, ServerId, ServerSet, Term, Timer};
use super::{Entry, Payload};

impl Node {
    /// The election timeout has passed without word from a leader: start an election (§5.2). The new
    /// term and the vote for oneself go to the disk before any request leaves.
    pub(super) fn stand_for_election<O: Observer>(&mut self, step: &mut Step<O>) {
        // A peer may claim any term, even the last one there is: then no election can follow it.
        if self.is_leader() || self.term == Term(u64::MAX) {
            return;
        }
        self.term = self.term.next();
        self.voted_for = Some(self.id);
        self.hard_state_changes();
        self.role = Role::Candidate { granted: ServerSet::EMPTY, refused: ServerSet::EMPTY };
        self.set_election_timer(step);
        self.repeat_requests(step);
    }

    /// Asks again, or sends a heartbeat: requests are repeated until they are answered (§5.1, §5.5). A
    /// candidate asks those who have not answered, a leader tells everyone.
    pub(super) fn repeat_requests<O: Observer>(&mut self, step: &mut Step<O>) {
        let peers = match &self.role {
            Role::Follower { .. } => return,
            Role::Candidate { granted, refused } => {
                self.log.configuration().all_voters().minus(granted.or(*refused))
            }
            Role::Leader { .. } => self.log.configuration().members(),
        };
        self.set_heartbeat_timer(step);
        peers.iter().for_each(|peer| self.send_request(peer, step));
    }

    /// What a candidate asks a voter.
    pub(super) fn vote_request_for(&self, peer: ServerId) -> Option<Body> {
        self.log
            .configuration()
            .all_voters()
            .contains(peer)
            .then(|| Body::RequestVote { last_index: self.log.last_index(), last_term: self.log.last_term() })
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
        if !self.is_leader() && step.guard(Rule::VoteTimerOnlyOnGrant, granted, granted, true) {
            self.set_election_timer(step);
        }
        let after = self.hard_state_under_way();
        self.reply(candidate, Body::RequestVoteReply { asked, granted }, after, step);
    }

    /// Whether a candidate's log, which ends there, is at least as up to date as this server's: the
    /// later last term wins, then the greater length (§5.4.1). This is what keeps committed entries: a
    /// majority has each of them, and votes for nobody who lacks it.
    fn is_up_to_date<O: Observer>(&self, candidate: (Term, Index), step: &mut Step<O>) -> bool {
        let own = (self.log.last_term(), self.log.last_index());
        let up_to_date = candidate >= own;
        let up_to_date = step.choose(Rule::LastTermFirst, up_to_date, candidate.1 >= own.1);
        let up_to_date = step.choose(Rule::LengthBreaksTies, up_to_date, candidate.0 >= own.0);
        step.guard(Rule::LogUpToDate, up_to_date, candidate, own)
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
        if let Role::Candidate { granted, refused } = &mut self.role {
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

    /// A candidate with the votes of a majority of all voters leads (§5.2).
    fn tally_votes<O: Observer>(&mut self, step: &mut Step<O>) {
        let Role::Candidate { granted, refused } = self.role else { return };
        let configuration = *self.log.configuration();
        let voters = configuration.all_voters();
        let electorate = step.choose(Rule::QuorumOfAll, voters, voters.and(granted.or(refused)));
        if quorum::is_quorum(&configuration.restricted_to(electorate), granted) {
            self.lead(step);
        }
    }

    /// An election is won: forget what was known of the others, and say so at once (§5.2, §5.3).
    fn lead<O: Observer>(&mut self, step: &mut Step<O>) {
        let unknown = Progress { next: self.log.last_index().next(), matched: Index(0) };
        self.role = Role::Leader { progress: [unknown; MAX_SERVERS as usize] };
        step.effects.push(Effect::CancelTimer(Timer::Election));
        if self.options.noop {
            // Only an entry of its own term lets a leader commit what earlier ones left (§5.4.2, §8).
            self.append(Entry { term: self.term, payload: Payload::Noop }, step);
        }
        self.repeat_requests(step);
    }

    /// The request that this server would send to that peer now: a candidate's RequestVote, a leader's
    /// AppendEntries; a follower has none. The one place where a request is built.
    #[must_use]
    pub fn rpc_for(&self, peer: ServerId) -> Option<Message> {
        if peer == self.id {
            return None;
        }
        let body = match &self.role {
            Role::Follower { .. } => return None,
            Role::Candidate { .. } => self.vote_request_for(peer)?,
            Role::Leader { progress } => self.append_request_for(progress[peer.slot()]),
        };
        Some(Message { from: self.id, to: peer, term: self.term, body })
    }
}
