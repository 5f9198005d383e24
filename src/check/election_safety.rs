//! Election Safety (Figure 3, §5.2): at most one leader can be elected in a given term.

use super::{Finding, Look, pair};
use crate::raft::{ServerId, Term};
use std::collections::BTreeMap;

/// Remembers who led each term.
#[derive(Clone, Debug, Default)]
pub(super) struct ElectionSafety {
    leaders: BTreeMap<Term, ServerId>,
}

impl ElectionSafety {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        if !look.newly_leads() && !look.reborn {
            return None;
        }
        if !look.leads() {
            return None;
        }
        let term = look.now.term;
        let first = *self.leaders.entry(term).or_insert(look.id);
        (first != look.id).then(|| Finding {
            servers: pair(first, look.id),
            index: None,
            sentence: format!(
                "Term {term} has two leaders: {first} was elected in it, and now {} is.",
                look.id
            ),
        })
    }

    pub(super) fn leader_of(&self, term: Term) -> Option<ServerId> {
        self.leaders.get(&term).copied()
    }

    pub(super) fn leaders(&self) -> impl Iterator<Item = (Term, ServerId)> {
        self.leaders.iter().map(|(&term, &leader)| (term, leader))
    }
}
