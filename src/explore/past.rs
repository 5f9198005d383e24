//! What has to be remembered of the past to see a promise broken: Figure 3 speaks of all of history.

use super::local::Local;
use crate::check::Property;
use crate::check::goal::Memory;
use crate::raft::{Entry, Index, Log, ServerId, Term};
use std::collections::{BTreeMap, BTreeSet};

/// What is remembered of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Past {
    /// By term: its leaders, in the order of their elections.
    pub leaders: BTreeMap<Term, Vec<ServerId>>,
    /// By index, from 1: the entry that was committed there first, and in which term it was.
    pub committed: Vec<(Entry, Term)>,
    /// The promises that were broken.
    pub violated: BTreeSet<Property>,
    /// How many restarts there were.
    pub restarts: u8,
    /// How often a nextIndex was set to something else by hand.
    pub misled: u8,
    /// What the goal remembers.
    pub memory: Memory,
}

/// What a step may have changed that the past has to know of, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct News(u8);

impl News {
    const LEADS: u8 = 1;
    const COMMITTED: u8 = 2;
    const LOG: u8 = 4;
    const OVERWRITTEN: u8 = 8;

    /// What is new on a server.
    pub(super) fn of(before: &Local, after: &Local) -> News {
        let (was, is) = (&before.node, &after.node);
        let led = before.up && was.is_leader() && was.term() == is.term();
        let leads = after.up && is.is_leader();
        let mut news = 0;
        if leads && !led {
            news |= News::LEADS;
        }
        if is.commit().min(is.log().last_index()) > was.commit().min(was.log().last_index()) {
            news |= News::COMMITTED;
        }
        if was.log() != is.log() {
            news |= News::LOG;
            if led && leads && !begins_with(is.log(), was.log()) {
                news |= News::OVERWRITTEN;
            }
        }
        News(news)
    }

    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// Whether a log has, from where both are there to be seen, all that another has.
fn begins_with(log: &Log, start: &Log) -> bool {
    let from = log.first_index().max(start.first_index());
    (from.0..=start.last_index().0).all(|index| log.term_at(Index(index)) == start.term_at(Index(index)))
}

/// Log Matching (§5.3) between two logs: below the last index where their terms agree, they agree.
fn match_up(a: &Log, b: &Log) -> bool {
    let (first, last) = (a.first_index().max(b.first_index()), a.last_index().min(b.last_index()));
    let agree = |index: u64| a.get(Index(index)) == b.get(Index(index));
    let same_term = |index: u64| a.term_at(Index(index)) == b.term_at(Index(index));
    let Some(upto) = (first.0..=last.0).rev().find(|&index| same_term(index)) else { return true };
    (first.0..=upto).all(agree)
}

impl Past {
    /// Takes in what a step of this server has changed. `servers` are all of them after it.
    pub(super) fn learn<'a>(
        &mut self,
        server: &Local,
        news: News,
        servers: impl Iterator<Item = &'a Local> + Clone,
    ) {
        if news.has(News::OVERWRITTEN) {
            self.violated.insert(Property::LeaderAppendOnly);
        }
        if news.has(News::LOG) && !servers.clone().all(|other| match_up(server.node.log(), other.node.log()))
        {
            self.violated.insert(Property::LogMatching);
        }
        if news.has(News::LEADS) {
            self.note_leader(server);
        }
        if news.has(News::COMMITTED) {
            self.note_commit(server);
            servers
                .filter(|server| server.up && server.node.is_leader())
                .for_each(|leader| self.require(leader));
        }
    }

    fn note_leader(&mut self, leader: &Local) {
        let leaders = self.leaders.entry(leader.node.term()).or_default();
        leaders.push(leader.node.id());
        if leaders[0] != leader.node.id() {
            self.violated.insert(Property::ElectionSafety);
        }
        self.require(leader);
    }

    fn note_commit(&mut self, server: &Local) {
        let node = &server.node;
        for index in 1..=node.commit().0.min(node.log().last_index().0) {
            let Some(entry) = node.log().get(Index(index)) else { continue };
            match self.committed.get(index as usize - 1) {
                None => self.committed.push((entry.clone(), node.term())),
                Some((committed, _)) if committed != entry => {
                    self.violated.insert(Property::StateMachineSafety);
                }
                Some(_) => {}
            }
        }
    }

    /// A leader has everything that was committed in earlier terms (§5.4).
    fn require(&mut self, leader: &Local) {
        let log = leader.node.log();
        let has = |(index, (entry, in_term)): (u64, &(Entry, Term))| {
            *in_term >= leader.node.term()
                || index <= log.base_index().0
                || log.get(Index(index)) == Some(entry)
        };
        if !(1..).zip(&self.committed).all(has) {
            self.violated.insert(Property::LeaderCompleteness);
        }
    }

    /// Which of its term's leaders a leader is, from 0.
    pub(super) fn which_leader(&self, leader: ServerId, term: Term) -> u8 {
        let leaders = self.leaders.get(&term);
        leaders.and_then(|leaders| leaders.iter().rposition(|&id| id == leader)).unwrap_or(0) as u8
    }

    /// Forgets in which earlier terms things happened: who leads from now on leads this one or a later one.
    pub(super) fn forget_before(&mut self, oldest: Term) {
        self.leaders = self.leaders.split_off(&oldest);
        for (_, in_term) in self.committed.iter_mut().filter(|(_, in_term)| *in_term < oldest) {
            *in_term = Term(0);
        }
    }

    /// The same past of servers of other names.
    #[must_use]
    pub(super) fn renamed(&self, names: &impl Fn(ServerId) -> ServerId) -> Past {
        let name = |leaders: &Vec<ServerId>| leaders.iter().map(|&leader| names(leader)).collect();
        let leaders = self.leaders.iter().map(|(&term, leaders)| (term, name(leaders))).collect();
        Past { leaders, ..self.clone() }
    }
}
