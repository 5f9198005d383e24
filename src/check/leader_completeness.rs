//! Leader Completeness (Figure 3, §5.4): if a log entry is committed in a given term, then that entry
//! will be present in the logs of the leaders for all higher-numbered terms.

use super::{Finding, Look, leads, pair};
use crate::raft::{Entry, Index, Log, ServerId, Term};

/// Remembers what was committed, and in which term.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaderCompleteness {
    /// By index, from 1.
    committed: Vec<Committed>,
    /// The terms in which it was committed, each with the last index of its stretch.
    stretches: Vec<(Term, Index)>,
}

#[derive(Clone, Debug)]
struct Committed {
    entry: Entry,
    by: ServerId,
    in_term: Term,
}

impl LeaderCompleteness {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let mut finding = None;
        if self.note_commits(look) {
            finding = look
                .world
                .servers()
                .iter()
                .filter(|server| leads(&server.brief()))
                .find_map(|leader| self.lacks(leader.node.id(), leader.node.term(), leader.node.log()));
        }
        if finding.is_none() && look.newly_leads() {
            finding = self.lacks(look.id, look.now.term, look.server.node.log());
        }
        finding
    }

    /// Notes what the server's commitIndex covers that no commitIndex had covered before.
    fn note_commits(&mut self, look: &Look) -> bool {
        let log = look.server.node.log();
        let known = self.committed.len();
        while self.committed().next() <= look.now.commit
            && let Some(entry) = log.get(self.committed().next())
        {
            let in_term = look.now.term;
            self.committed.push(Committed { entry: entry.clone(), by: look.id, in_term });
            let upto = self.committed();
            match self.stretches.last_mut() {
                Some((term, last)) if *term == in_term => *last = upto,
                _ => self.stretches.push((in_term, upto)),
            }
        }
        self.committed.len() > known
    }

    /// An entry that was committed in an earlier term and that this leader lacks. Where the log has the
    /// last of them, it has, by Log Matching, all before it.
    fn lacks(&self, leader: ServerId, term: Term, log: &Log) -> Option<Finding> {
        // What a snapshot covers is no longer there to be seen, but for the term of its last entry.
        let has = |index: Index, committed: &Committed| match log.get(index) {
            Some(entry) => *entry == committed.entry,
            None if index == log.base_index() => log.term_at(index) == Some(committed.entry.term),
            None => index < log.base_index(),
        };
        let mut earlier = (1..).map(Index).zip(&self.committed).filter(|(_, c)| c.in_term < term);
        let (last, committed) = self.last_before(term)?;
        if has(last, committed) {
            return None;
        }
        let (index, committed) = earlier.find(|(index, committed)| !has(*index, committed))?;
        Some(Finding {
            servers: pair(committed.by, leader),
            index: Some(index),
            sentence: format!(
                "{leader} leads term {term} without entry {index} of term {}, which {} had committed in term {}.",
                committed.entry.term, committed.by, committed.in_term
            ),
        })
    }

    fn last_before(&self, term: Term) -> Option<(Index, &Committed)> {
        let (_, last) = self.stretches.iter().rfind(|(in_term, _)| *in_term < term)?;
        Some((*last, &self.committed[last.0 as usize - 1]))
    }

    /// The term of the entry that was committed first at an index, and the term in which it was.
    pub(super) fn committed_at(&self, index: Index) -> Option<(Term, Term)> {
        let at = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.committed.get(at).map(|committed| (committed.entry.term, committed.in_term))
    }

    pub(super) fn committed(&self) -> Index {
        Index(self.committed.len() as u64)
    }
}
