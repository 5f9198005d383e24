//! Figure 2: what a server does when it times out, restarts, takes a command, sends and receives. Each
//! function is named after the place in the figure that it follows.

use crate::property::{Properties, Property, overwritten, violated};
use crate::rules::{Rule, Rules};
use crate::state::{
    Body, Committed, Entry, Id, Index, Log, Message, Role, SERVERS, Server, Set, State, Term,
};

/// A cluster in which something happens.
pub struct Cluster {
    pub rules: Rules,
    /// How many servers there are.
    pub servers: u8,
    pub state: State,
    /// What was seen to be violated since this value was made.
    pub violated: Properties,
}

/// The index and the term of a log's last entry.
type Last = (Index, Term);

impl Cluster {
    pub fn new(rules: Rules, servers: u8, state: State) -> Cluster {
        Cluster { rules, servers, state, violated: Properties::default() }
    }

    fn on(&self, rule: Rule) -> bool {
        self.rules.on(rule)
    }

    fn server(&mut self, id: Id) -> &mut Server {
        self.state.server_mut(id)
    }

    fn majority(&self, count: u8) -> bool {
        2 * count > self.servers
    }

    /// Candidates (§5.2): "On conversion to candidate, start election". The requests leave one by one, as
    /// gestures of their own.
    pub fn time_out(&mut self, id: Id) {
        let server = self.server(id);
        server.term += 1;
        server.voted_for = Some(id);
        server.role = Role::Candidate { votes: Set::only(id), copies: 0, refused: Set::default() };
        // A cluster of one needs no answer.
        self.lead_if_elected(id);
        self.judge();
    }

    /// A crash and the restart: what is volatile is lost, and what is on disk where its rule is off (D3.8).
    pub fn restart(&mut self, id: Id) {
        let (term, vote, log) = (
            self.on(Rule::TermSurvivesCrash),
            self.on(Rule::VoteSurvivesCrash),
            self.on(Rule::LogSurvivesCrash),
        );
        let server = self.server(id);
        server.role = Role::Follower;
        server.commit = 0;
        if !term {
            server.term = 0;
        }
        // A vote is one of its term: in term 0 nobody has asked for one.
        if !vote || !term {
            server.voted_for = None;
        }
        if !log {
            server.log = Log::default();
        }
        self.state.restarts += 1;
        self.judge();
    }

    /// Leaders: "If command received from client: append entry to local log".
    pub fn request(&mut self, id: Id) {
        let term = self.server(id).term;
        let place = self.state.leaders[usize::from(term)].place_of(id);
        let log = &mut self.server(id).log;
        log.push(Entry { term, index: log.last() + 1, leader: place.unwrap_or_default() });
        self.commit_what_is_stored(id);
        self.judge();
    }

    /// RequestVote RPC, arguments.
    pub fn request_vote(&mut self, candidate: Id, voter: Id) -> Message {
        let server = self.server(candidate);
        let (last_index, last_term) = last(&server.log);
        Message {
            from: candidate,
            to: voter,
            term: server.term,
            body: Body::RequestVote { last_index, last_term },
        }
    }

    /// AppendEntries RPC, arguments: everything from nextIndex, or nothing (a heartbeat).
    pub fn append_entries(&mut self, leader: Id, follower: Id, heartbeat: bool) -> Option<Message> {
        let server = self.server(leader);
        let Role::Leader { next, .. } = server.role else { return None };
        // A leader's log is never shorter than that, unless something was overwritten in it.
        let prev_index = (next[usize::from(follower)] - 1).min(server.log.last());
        let entries = if heartbeat { Log::default() } else { server.log.after(prev_index) };
        let prev_term = server.log.term_at(prev_index);
        let body = Body::AppendEntries { prev_index, prev_term, entries, leader_commit: server.commit };
        Some(Message { from: leader, to: follower, term: server.term, body })
    }

    /// A message arrives. A request is answered.
    pub fn receive(&mut self, message: &Message) -> Option<Message> {
        let before = self.state.clone();
        let id = message.to;
        self.adopt(id, message.term);
        let answer = match message.body {
            Body::RequestVote { last_index, last_term } => {
                Some(self.vote(id, message.from, message.term, (last_index, last_term)))
            }
            Body::Vote { asked, granted } => {
                self.count(id, message.from, asked, granted);
                None
            }
            // The figure has no rule for a leader that receives what another one of its term sends.
            Body::AppendEntries { .. } if self.is_not_for_a_leader(id, message.term) => None,
            Body::AppendEntries { prev_index, prev_term, entries, leader_commit } => {
                let up_to = self.append(id, message.term, (prev_index, prev_term), &entries, leader_commit);
                Some(Body::Appended { asked: message.term, up_to })
            }
            Body::Appended { asked, up_to } => {
                self.acknowledge(id, message, asked, up_to);
                None
            }
        };
        if overwritten(&before, &self.state, id) {
            self.violated = self.violated.with(Property::LeaderAppendOnly);
        }
        self.judge();
        Some(Message { from: id, to: message.from, term: self.server(id).term, body: answer? })
    }

    /// All servers: "If RPC request or response contains term T > currentTerm: set currentTerm = T, convert to
    /// follower" (§5.1). A leader that keeps its role leads in the term that it takes.
    fn adopt(&mut self, id: Id, term: Term) {
        let steps_down = self.on(Rule::StepDownOnHigherTerm);
        let server = self.server(id);
        if term <= server.term {
            return;
        }
        server.term = term;
        server.voted_for = None;
        if steps_down {
            server.role = Role::Follower;
        }
        if server.leads() {
            self.state.leaders[usize::from(term)].note(id);
        }
    }

    /// RequestVote RPC, receiver implementation.
    fn vote(&mut self, id: Id, candidate: Id, term: Term, candidates_last: Last) -> Body {
        let server = *self.server(id);
        let stale = term < server.term && self.on(Rule::RefuseStaleVoteRequest);
        let free = server.voted_for.is_none_or(|other| other == candidate) || !self.on(Rule::OneVotePerTerm);
        let granted = !stale && free && self.up_to_date(candidates_last, last(&server.log));
        if granted {
            self.server(id).voted_for = Some(candidate);
        }
        Body::Vote { asked: term, granted }
    }

    /// §5.4.1: the later last term is more up to date; with equal terms the longer log.
    fn up_to_date(&self, candidate: Last, voter: Last) -> bool {
        if !self.on(Rule::LogUpToDate) {
            true
        } else if !self.on(Rule::LengthBreaksTies) {
            candidate.1 >= voter.1
        } else if !self.on(Rule::LastTermFirst) {
            candidate.0 >= voter.0
        } else {
            (candidate.1, candidate.0) >= (voter.1, voter.0)
        }
    }

    /// A vote or a refusal reaches the candidate.
    fn count(&mut self, id: Id, voter: Id, asked: Term, granted: bool) {
        let (once, of_all) = (self.on(Rule::CountVotesOnce), self.on(Rule::QuorumOfAll));
        if self.stale(id, asked) {
            return;
        }
        let servers = self.servers;
        if let Role::Candidate { votes, copies, refused } = &mut self.server(id).role {
            if !granted {
                if !of_all {
                    *refused = refused.with(voter);
                }
            } else if !votes.has(voter) {
                *votes = votes.with(voter);
            } else if !once {
                // More than a vote of every server changes nothing.
                *copies = (*copies + 1).min(servers);
            }
            // Who refused and then granted has answered once.
            *refused = refused.without(*votes);
            self.lead_if_elected(id);
        }
    }

    /// Whether the answer is to a request of a term that the asker has left, and therefore dropped.
    fn stale(&mut self, id: Id, asked: Term) -> bool {
        asked < self.server(id).term && self.on(Rule::DropStaleReplies)
    }

    /// Candidates: "If votes received from majority of servers: become leader".
    fn lead_if_elected(&mut self, id: Id) {
        let Server { term, log, role: Role::Candidate { votes, copies, refused }, .. } = *self.server(id)
        else {
            return;
        };
        let votes = votes.count() + copies;
        let elected = if self.on(Rule::QuorumOfAll) {
            self.majority(votes)
        } else {
            2 * votes > votes + refused.count()
        };
        if elected {
            self.server(id).role = Role::Leader { next: [log.last() + 1; SERVERS], matched: [0; SERVERS] };
            self.state.leaders[usize::from(term)].note(id);
            self.commit_what_is_stored(id);
        }
    }

    /// Whether a leader takes no notice of AppendEntries: they are of its own term, or count as such.
    fn is_not_for_a_leader(&mut self, id: Id, term: Term) -> bool {
        let counts_as_current = !self.on(Rule::RefuseStaleAppend);
        let server = self.server(id);
        server.leads() && (term == server.term || counts_as_current)
    }

    /// AppendEntries RPC, receiver implementation. The answer is the last index that the request spoke of, or
    /// nothing for a refusal.
    fn append(
        &mut self,
        id: Id,
        term: Term,
        prev: Last,
        entries: &Log,
        leader_commit: Index,
    ) -> Option<Index> {
        if term < self.server(id).term && self.on(Rule::RefuseStaleAppend) {
            return None;
        }
        self.hear_leader(id);
        let skips = entries.last() == 0 && !self.on(Rule::HeartbeatChecked);
        if !skips && !self.consistent(id, prev) {
            return None;
        }
        let up_to = prev.0 + entries.last();
        self.store(id, prev.0, entries);
        let server = *self.server(id);
        // The last new entry of a heartbeat is that at prevLogIndex. One that skips the check has none.
        let limited = self.on(Rule::CommitUpToLastNew) && !skips;
        let new = if limited { leader_commit.min(up_to) } else { leader_commit };
        // A commitIndex never goes back (RAFT.md §4), nor past the log.
        if new > server.commit {
            self.commit(id, new.min(server.log.last()));
        }
        Some(up_to)
    }

    /// Candidates: "If AppendEntries RPC received from new leader: convert to follower". The vote remains.
    fn hear_leader(&mut self, id: Id) {
        let (steps_back, keeps_vote) = (self.on(Rule::CandidateStepsBack), self.on(Rule::VoteKeptWithinTerm));
        let server = self.server(id);
        if steps_back && matches!(server.role, Role::Candidate { .. }) {
            server.role = Role::Follower;
        }
        if !keeps_vote {
            server.voted_for = None;
        }
    }

    /// "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm".
    fn consistent(&mut self, id: Id, prev: Last) -> bool {
        let log = self.server(id).log;
        if prev.0 > log.last() {
            !self.on(Rule::PrevLogIndex)
        } else {
            log.term_at(prev.0) == prev.1 || !self.on(Rule::PrevLogTerm)
        }
    }

    /// "If an existing entry conflicts with a new one (same index but different terms), delete the existing
    /// entry and all that follow it. Append any new entries not already in the log."
    fn store(&mut self, id: Id, prev_index: Index, entries: &Log) {
        let rules = self.rules;
        let log = &mut self.server(id).log;
        // It lies behind the log only where that is not checked: then the entries go to the end.
        let prev_index = prev_index.min(log.last());
        let conflicts =
            |(index, entry): (Index, &Entry)| log.get(index).is_some_and(|old| old.term != entry.term);
        let stays =
            !rules.on(Rule::DeleteConflicts) && (prev_index + 1..).zip(entries.entries()).any(conflicts);
        if !rules.on(Rule::TruncateOnlyOnConflict) && !stays {
            log.truncate(prev_index);
        }
        for (index, entry) in (prev_index + 1..).zip(entries.entries()) {
            match log.get(index) {
                None => log.push(*entry),
                Some(old) if old.term == entry.term => {}
                Some(_) if !rules.on(Rule::DeleteConflicts) => {}
                Some(_) if !rules.on(Rule::NewTailReplacesSuffix) => log.replace(index, *entry),
                Some(_) => {
                    log.truncate(index - 1);
                    log.push(*entry);
                }
            }
        }
    }

    /// Leaders: "If successful: update nextIndex and matchIndex for follower. If AppendEntries fails because of
    /// log inconsistency: decrement nextIndex". Neither goes back by an answer that comes late.
    fn acknowledge(&mut self, id: Id, answer: &Message, asked: Term, up_to: Option<Index>) {
        if self.stale(id, asked) {
            return;
        }
        let from_request = self.on(Rule::MatchFromRequest);
        let server = self.server(id);
        let last = server.log.last();
        let Role::Leader { next, matched } = &mut server.role else { return };
        let (next, matched) = (&mut next[usize::from(answer.from)], &mut matched[usize::from(answer.from)]);
        match up_to {
            Some(up_to) => {
                *matched = (*matched).max(if from_request { up_to } else { last });
                *next = (*next).max(*matched + 1).min(last + 1);
                self.commit_what_is_stored(id);
            }
            // Refused for the log: for a term it is refused in a later one.
            None if answer.term == asked => *next = (*next - 1).max(*matched + 1).min(*next),
            None => {}
        }
    }

    /// Leaders: "If there exists an N such that N > commitIndex, a majority of matchIndex[i] ≥ N, and
    /// log[N].term == currentTerm: set commitIndex = N" (§5.3, §5.4).
    fn commit_what_is_stored(&mut self, id: Id) {
        let Server { term, log, commit, role: Role::Leader { matched, .. }, .. } = *self.server(id) else {
            return;
        };
        let stored = |n: Index| {
            let others = (0..self.servers).filter(|other| *other != id && matched[usize::from(*other)] >= n);
            self.majority(1 + others.count() as u8) || !self.on(Rule::CommitAfterQuorum)
        };
        let own = |n: Index| log.term_at(n) == term || !self.on(Rule::CommitOnlyCurrentTerm);
        if let Some(n) = (commit + 1..=log.last()).rev().find(|n| stored(*n) && own(*n)) {
            self.commit(id, n);
        }
    }

    /// commitIndex rises, and what it passes is committed: the past remembers it with the server's term.
    fn commit(&mut self, id: Id, to: Index) {
        let Server { term, log, commit, .. } = *self.server(id);
        for index in commit + 1..=to {
            let Some(entry) = log.get(index) else { continue };
            let facts = &mut self.state.committed;
            match facts.iter_mut().find(|fact| fact.index == index) {
                Some(fact) if fact.entry == entry => fact.term = fact.term.min(term),
                // The first one stands: which of the two is committed nobody can say.
                Some(_) => self.violated = self.violated.with(Property::StateMachineSafety),
                None => facts.push(Committed { index, entry, term }),
            }
        }
        self.state.committed.sort_unstable();
        let server = self.server(id);
        server.commit = server.commit.max(to);
    }

    fn judge(&mut self) {
        let now = violated(&self.state, self.servers);
        self.violated = now.iter().fold(self.violated, Properties::with);
    }
}

fn last(log: &Log) -> Last {
    (log.last(), log.term_at(log.last()))
}
