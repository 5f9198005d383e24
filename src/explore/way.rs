//! A run to a state in shorthand, put together instead of searched for.
//!
//! Everything that happens can be put in the order of terms: a server only ever goes to higher ones, and
//! what an old term's message does, it does in that term. So the run is made term by term: for each term
//! that somebody must have led, its leader is elected, makes its entries one by one, and gives each server
//! what that server needs of them. Who led is tried out. What comes out is held against the state, so a
//! way that is found is one; where none is found there may be one all the same.

use super::gesture::{Ask, Gesture};
use super::local::Local;
use super::model::Model;
use crate::raft::{Message, RoleName, Rules, ServerId, Term, quorum};
use crate::sim::notation::{Shorthand, objections};
use std::collections::BTreeMap;

/// So many ways to share out the leaderships are tried.
const TRIES: usize = 500;
/// The longest log for which a way is put together: each entry is a step or more.
const ENTRIES_MAX: usize = 60;
const RULES: Rules = Rules::ALL_ON;

/// A run from servers that have never run to this state, if one can be put together. Servers that are down
/// are still up at its end.
#[must_use]
pub fn way(states: &[Shorthand]) -> Option<Vec<Gesture>> {
    let asks = |state: &Shorthand| state.role == Some(RoleName::PreCandidate);
    let long = |state: &Shorthand| state.entries.len() > ENTRIES_MAX || state.term.0 > ENTRIES_MAX as u64;
    if states.iter().any(|state| asks(state) || long(state)) || !objections(states).is_empty() {
        return None;
    }
    let reigns = reigns(states);
    let mut leaders = Vec::new();
    let mut tries = TRIES;
    share_out(states, &reigns, &mut leaders, &mut tries)
}

/// A term that somebody led.
struct Reign {
    term: Term,
    /// The log with which its leader was elected, and the longest with entries of the term.
    before: Vec<Term>,
    whole: Vec<Term>,
    /// Who may have led it, the likeliest first.
    may_lead: Vec<ServerId>,
}

fn reigns(states: &[Shorthand]) -> Vec<Reign> {
    let mut whole: BTreeMap<Term, &[Term]> = BTreeMap::new();
    for state in states {
        for (end, term) in (1..).zip(&state.entries) {
            let longest = whole.entry(*term).or_default();
            if longest.len() < end {
                *longest = &state.entries[..end];
            }
        }
    }
    for leader in states.iter().filter(|state| state.role == Some(RoleName::Leader)) {
        whole.insert(leader.term, &leader.entries);
    }
    let reign = |(term, whole): (Term, &[Term])| Reign {
        term,
        before: whole.iter().copied().filter(|entry| *entry < term).collect(),
        whole: whole.to_vec(),
        may_lead: may_lead(states, term, whole),
    };
    whole.into_iter().map(reign).collect()
}

fn may_lead(states: &[Shorthand], term: Term, whole: &[Term]) -> Vec<ServerId> {
    let leads = |state: &&Shorthand| state.role == Some(RoleName::Leader) && state.term == term;
    if let Some(leader) = states.iter().find(leads) {
        return vec![leader.server];
    }
    let stands = |state: &&Shorthand| state.role == Some(RoleName::Candidate) && state.term == term;
    let may: Vec<&Shorthand> = states.iter().filter(|state| state.term >= term && !stands(state)).collect();
    let mut servers: Vec<&Shorthand> = may.clone();
    // Who has all entries of the term, and has to remember no commitIndex over a restart.
    servers.sort_by_key(|state| (!state.entries.starts_with(whole), state.commit.0 > 0));
    servers.into_iter().map(|state| state.server).collect()
}

/// Tries out who led which term, from the first term on.
fn share_out(
    states: &[Shorthand],
    reigns: &[Reign],
    leaders: &mut Vec<ServerId>,
    tries: &mut usize,
) -> Option<Vec<Gesture>> {
    let Some(reign) = reigns.get(leaders.len()) else {
        *tries = tries.checked_sub(1)?;
        let make = |late| Maker::new(states, reigns, leaders, late).make();
        return make(false).or_else(|| make(true));
    };
    for &leader in &reign.may_lead {
        leaders.push(leader);
        let way = share_out(states, reigns, leaders, tries);
        leaders.pop();
        if way.is_some() || *tries == 0 {
            return way;
        }
    }
    None
}

/// Makes the run where it is settled who led which term.
struct Maker<'a> {
    states: &'a [Shorthand],
    reigns: &'a [Reign],
    leaders: &'a [ServerId],
    /// Whether servers get their logs as late as they can: who has less may vote for more.
    late: bool,
    servers: Vec<Local>,
    done: Vec<Gesture>,
}

impl<'a> Maker<'a> {
    fn new(states: &'a [Shorthand], reigns: &'a [Reign], leaders: &'a [ServerId], late: bool) -> Maker<'a> {
        let servers = Model::new(states.len() as u8).servers;
        Maker { states, reigns, leaders, late, servers, done: Vec::new() }
    }

    fn make(mut self) -> Option<Vec<Gesture>> {
        for (reign, &leader) in self.reigns.iter().zip(self.leaders) {
            self.elect(reign, leader)?;
            self.rule(reign, leader)?;
        }
        for state in self.states {
            self.settle(state)?;
        }
        self.states.iter().all(|state| self.is_there(state)).then_some(self.done)
    }

    fn is_there(&self, state: &Shorthand) -> bool {
        let node = &self.servers[state.server.slot()].node;
        let stays = node.term() == state.term && self.log(state.server) == state.entries;
        stays && state.role.is_none_or(|role| node.role().name() == role && node.commit() == state.commit)
    }

    fn log(&self, id: ServerId) -> Vec<Term> {
        self.servers[id.slot()].node.log().iter().map(|entry| entry.term).collect()
    }

    fn role(&self, id: ServerId) -> RoleName {
        self.servers[id.slot()].node.role().name()
    }

    fn term(&self, id: ServerId) -> Term {
        self.servers[id.slot()].node.term()
    }

    fn commit(&self, id: ServerId) -> u64 {
        self.servers[id.slot()].node.commit().0
    }
}

// Terms.
impl Maker<'_> {
    fn elect(&mut self, reign: &Reign, leader: ServerId) -> Option<()> {
        if self.log(leader) != reign.before || self.term(leader) >= reign.term {
            return None;
        }
        let target = &self.states[leader.slot()];
        // Who leads cannot stand; and what it is not to know at the end it forgets now.
        let knows_much = target.term == reign.term && self.commit(leader) > target.commit.0;
        if self.role(leader) == RoleName::Leader || knows_much {
            self.restart(leader);
        }
        self.stand(leader, reign.term);
        let stood = |state: &&Shorthand| state.role == Some(RoleName::Candidate) && state.term == reign.term;
        let others = self.states.iter().filter(|state| state.server != leader && state.term >= reign.term);
        let mut voters: Vec<ServerId> =
            others.filter(|state| !stood(state)).map(|state| state.server).collect();
        // Who led before steps down when it is asked, and keeps its commitIndex; a restart forgets it.
        let steps_down =
            |id: &ServerId| self.role(*id) == RoleName::Leader && self.states[id.slot()].commit.0 > 0;
        voters.sort_by_key(|id| !steps_down(id));
        for voter in voters {
            if self.role(leader) == RoleName::Leader {
                break;
            }
            if self.term(voter) < reign.term {
                self.ask(leader, voter);
            }
        }
        (self.role(leader) == RoleName::Leader).then_some(())
    }

    /// The leader makes its entries one by one, and gives each server what it needs.
    fn rule(&mut self, reign: &Reign, leader: ServerId) -> Option<()> {
        for length in reign.before.len()..=reign.whole.len() {
            if length > reign.before.len() {
                self.request(leader);
            }
            let learners = self.learners(reign, length);
            if !learners.is_empty() {
                self.commit_on_majority(reign, leader, length)?;
            }
            for server in self.needing(reign, length) {
                self.give(leader, server, false)?;
            }
            for server in learners.into_iter().filter(|server| *server != leader) {
                self.give(leader, server, false)?;
                self.ask(leader, server);
            }
        }
        Some(())
    }

    /// Those who need the leader's log as long as that: because they end with it, or are elected with it.
    fn needing(&self, reign: &Reign, length: usize) -> Vec<ServerId> {
        let is_last = |log: &[Term]| log.len() == length && log.last() == Some(&reign.term);
        let elected = |id: ServerId| {
            let later = self.reigns.iter().zip(self.leaders).filter(|(later, _)| later.term > reign.term);
            let mut own = later.filter(|(_, leader)| **leader == id);
            own.any(|(later, _)| is_last(&later.before))
        };
        let ends =
            |state: &Shorthand| state.entries.len() == length && self.ends_in(state) == Some(reign.term);
        let needs = |state: &&Shorthand| ends(state) || elected(state.server);
        let leads = |id: ServerId| self.role(id) == RoleName::Leader && self.term(id) == reign.term;
        let needing = self.states.iter().filter(needs).map(|state| state.server);
        needing.filter(|id| !leads(*id)).collect()
    }

    /// The term in which a server gets the log with which it ends.
    fn ends_in(&self, state: &Shorthand) -> Option<Term> {
        let has = |reign: &&Reign| {
            let length = state.entries.len();
            let gives = length > reign.before.len() || self.late && length == reign.before.len();
            gives && reign.term <= state.term && reign.whole.starts_with(&state.entries)
        };
        self.reigns.iter().rev().find(has).map(|reign| reign.term)
    }

    /// Those who learn in this term that so many entries are committed.
    fn learners(&self, reign: &Reign, length: usize) -> Vec<ServerId> {
        let learns = |state: &&Shorthand| {
            let commit = state.commit.0 as usize;
            state.role.is_some()
                && commit > 0
                && self.committer(state) == Some((reign.term, commit))
                && commit == length
        };
        self.states.iter().filter(learns).map(|state| state.server).collect()
    }

    /// In which term what a server has committed was committed: that of the entry itself.
    fn committer(&self, state: &Shorthand) -> Option<(Term, usize)> {
        let commit = state.commit.0 as usize;
        Some((*state.entries.get(commit.checked_sub(1)?)?, commit))
    }

    /// Gives so much to a majority of those who have it at the end, and hears of it.
    fn commit_on_majority(&mut self, reign: &Reign, leader: ServerId, length: usize) -> Option<()> {
        let part = &reign.whole[..length];
        let has = |state: &&Shorthand| state.entries.starts_with(part) && state.term >= reign.term;
        let mut holders: Vec<&Shorthand> = self.states.iter().filter(has).collect();
        // Who needs no more than that goes first: later it would learn too much.
        holders.sort_by_key(|state| (state.commit.0 as usize != length, state.entries.len()));
        let majority = quorum::majority_of(self.states.len() as u32) as usize;
        let others: Vec<ServerId> =
            holders.iter().map(|state| state.server).filter(|id| *id != leader).collect();
        for server in others.into_iter().take(majority - 1) {
            self.give(leader, server, true)?;
        }
        (self.commit(leader) == length as u64).then_some(())
    }

    /// A server comes to its last term, and to what it is there.
    fn settle(&mut self, state: &Shorthand) -> Option<()> {
        let (id, role) = (state.server, state.role.unwrap_or(RoleName::Follower));
        let forgets = state.role.is_some() && self.commit(id) > state.commit.0;
        if role != RoleName::Leader
            && (self.role(id) == RoleName::Leader && self.term(id) < state.term || forgets)
        {
            self.restart(id);
        }
        if self.term(id) < state.term && role == RoleName::Follower {
            self.be_told(id, state.term);
        }
        if self.term(id) < state.term {
            self.stand(id, state.term);
        }
        if role == RoleName::Follower && self.role(id) != RoleName::Follower && state.role.is_some() {
            self.restart(id);
        }
        Some(())
    }

    /// Hears of a term from somebody who stands in it, as far as there is one: so it keeps its commitIndex.
    fn be_told(&mut self, id: ServerId, term: Term) {
        let tells = |state: &&Shorthand| state.role == Some(RoleName::Candidate) && state.term == term;
        let Some(candidate) = self.states.iter().find(tells).map(|state| state.server) else { return };
        self.stand(candidate, term);
        let others = self.servers.clone();
        self.ask(candidate, id);
        if self.role(candidate) != RoleName::Candidate {
            // That vote would be one too many.
            self.servers = others;
            self.done.pop();
        }
    }
}

// Steps.
impl Maker<'_> {
    fn restart(&mut self, id: ServerId) {
        self.servers[id.slot()] = self.servers[id.slot()].restart(RULES);
        self.done.push(Gesture::Restart(id));
    }

    /// Times out until it is in that term.
    fn stand(&mut self, id: ServerId, term: Term) {
        while self.term(id) < term && self.role(id) != RoleName::Leader {
            self.servers[id.slot()] = self.servers[id.slot()].time_out(RULES).0;
            self.done.push(Gesture::Timeout(id));
        }
    }

    fn request(&mut self, leader: ServerId) {
        self.servers[leader.slot()] = self.servers[leader.slot()].request(0, RULES).0;
        self.done.push(Gesture::Request(leader, 0));
    }

    fn arrives(&mut self, message: Message) -> Option<Message> {
        let (from, to) = (message.from, message.to);
        let (after, sent) = self.servers[to.slot()].receive(message, RULES);
        self.servers[to.slot()] = after;
        sent.into_iter().find(|reply| reply.to == from && !reply.is_request())
    }

    /// A request and its reply.
    fn ask(&mut self, from: ServerId, to: ServerId) {
        let Some(request) = self.servers[from.slot()].node.rpc_for(to) else { return };
        if let Some(reply) = self.arrives(request) {
            self.arrives(reply);
        }
        self.done.push(Gesture::Rpc(Ask::all(from, to)));
    }

    /// Gives a server the leader's log. Where the leader is not to hear of it, the last reply stays on its way.
    fn give(&mut self, leader: ServerId, to: ServerId, hears: bool) -> Option<()> {
        let log = self.log(leader);
        // Each refusal brings nextIndex back by one.
        for _ in 0..=log.len() + 1 {
            if self.log(to) == log && !hears {
                return Some(());
            }
            let before = self.servers.clone();
            let request = self.servers[leader.slot()].node.rpc_for(to)?;
            let reply = self.arrives(request)?;
            let has = self.log(to) == log;
            if has && !hears {
                self.done.push(Gesture::HoldReply(Ask::all(leader, to)));
                return Some(());
            }
            self.servers = before;
            self.ask(leader, to);
            if has && reply.term == self.term(leader) {
                return Some(());
            }
        }
        None
    }
}
