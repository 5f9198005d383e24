//! Leader Completeness (Figure 3, §5.4): if a log entry is committed in a given term, then that entry
//! will be present in the logs of the leaders for all higher-numbered terms.

use super::Finding;
use super::election_safety::ElectionSafety;
use super::look::Look;
use super::past::Past;
use super::violation::{entry, stands_at};
use crate::raft::{Entry, Index, Log, Node, ServerId, Term};
use crate::sim::EventId;

/// Remembers what was committed, and in which term.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaderCompleteness {
    /// By index.
    committed: Past<Committed>,
    /// The terms in which it was committed, each with the last index of its stretch.
    stretches: Past<(Term, Index)>,
}

/// An entry that was committed: which, by whom first, in which term and when.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub(super) entry: Entry,
    pub(super) by: ServerId,
    pub(super) in_term: Term,
    pub(super) event: EventId,
}

impl Committed {
    /// Whether a log has the entry, as far as can be seen: what a snapshot covers is no longer there, but
    /// for the term of its last entry.
    pub(super) fn is_in(&self, log: &Log, index: Index) -> bool {
        match log.get(index) {
            Some(entry) => *entry == self.entry,
            None if index == log.base_index() => log.term_at(index) == Some(self.entry.term),
            None => index < log.base_index(),
        }
    }

    #[cold]
    fn is_missed(&self, node: &Node, index: Index, leaders: &ElectionSafety) -> Finding {
        let Committed { entry: lost, by, in_term, event } = self;
        let (leader, term) = (node.id(), node.term());
        let sentence = format!(
            "{leader} leads term {term} without entry {index} of term {}, which {by} had committed in term {in_term}.",
            lost.term
        );
        let finding = Finding::new([*by, leader], sentence).at(index);
        let finding = finding.since([*event]).since(leaders.elected(leader, term));
        finding.value("committed", entry(lost)).value(format!("on {leader}"), stands_at(node.log(), index))
    }
}

impl LeaderCompleteness {
    /// Notes what the server's commitIndex covers that no commitIndex had covered before. Whether there
    /// is something.
    pub(super) fn note_commits(&mut self, look: &Look) -> bool {
        if look.now.commit <= self.committed() {
            return false;
        }
        let log = look.node.log();
        let known = self.committed();
        while self.committed() < look.now.commit
            && let Some(entry) = log.get(self.committed().next())
        {
            let (by, in_term, event) = (look.id, look.now.term, look.event);
            self.committed.push(Committed { entry: entry.clone(), by, in_term, event });
        }
        let upto = self.committed();
        if upto > known {
            if self.stretches.last().is_some_and(|(term, _)| *term == look.now.term) {
                self.stretches.pop();
            }
            self.stretches.push((look.now.term, upto));
        }
        upto > known
    }

    /// `news`: whether something was committed just now, so that all who lead have to have it.
    pub(super) fn look(&self, look: &Look, news: bool, leaders: &ElectionSafety) -> Option<Finding> {
        let found = if news {
            let servers = look.world.servers().iter().filter(|server| server.up);
            servers.map(|server| &server.node).find_map(|node| self.lacks(node))
        } else if look.newly_leads() {
            self.lacks(look.node)
        } else {
            None
        };
        found.map(|(node, index, committed)| committed.is_missed(node, index, leaders))
    }

    /// An entry that was committed in an earlier term and that this server lacks, though it leads. Where
    /// the log has the last of them, it has, by Log Matching, all before it.
    fn lacks<'a>(&self, node: &'a Node) -> Option<(&'a Node, Index, &Committed)> {
        if !node.is_leader() {
            return None;
        }
        let last = self.last_before(node.term())?;
        if self.get(last)?.is_in(node.log(), last) {
            return None;
        }
        let earlier = |committed: &Committed| committed.in_term < node.term();
        self.first_lacking(node.log(), earlier).map(|(index, committed)| (node, index, committed))
    }

    /// The first entry like this that was committed and is not in that log.
    pub(super) fn first_lacking(
        &self,
        log: &Log,
        like: impl Fn(&Committed) -> bool,
    ) -> Option<(Index, &Committed)> {
        let lacking = |(index, one): &(Index, &Committed)| like(one) && !one.is_in(log, *index);
        (1..).map(Index).zip(self.committed.iter()).find(lacking)
    }

    /// The last index that was committed in a term before this one.
    fn last_before(&self, term: Term) -> Option<Index> {
        // Mostly it is the stretch before the last, or the last. Stretches come in the order in which they
        // were committed, and only broken rules have a term come after a later one.
        let mut n = self.stretches.len();
        while let Some((in_term, last)) = self.stretches.get(n) {
            if *in_term < term {
                return Some(*last);
            }
            n -= 1;
        }
        None
    }

    pub(super) fn get(&self, index: Index) -> Option<&Committed> {
        self.committed.get(index.0)
    }

    pub(super) fn committed(&self) -> Index {
        Index(self.committed.len())
    }
}
