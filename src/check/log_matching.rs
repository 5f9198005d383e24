//! Log Matching (Figure 3, §5.3): if two logs contain an entry with the same index and term, then the
//! logs are identical in all entries up through the given index.
//!
//! It is enough to remember, for each (index, term) that ever stood in any log, the entry and the term
//! of its predecessor: where these are the same everywhere, so are, by induction, the whole prefixes.

use super::Finding;
use super::look::Look;
use super::past::Past;
use super::violation::{payload, same};
use crate::raft::{Entry, Index, Payload, ServerId, Term};
use crate::sim::EventId;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub(super) struct LogMatching {
    /// By index: the entry of the first term that stood there. Mostly there is no other.
    first: Past<Seen>,
    /// Those of other terms.
    others: Arc<BTreeMap<(Index, Term), Seen>>,
}

#[derive(Clone, Debug)]
struct Seen {
    term: Term,
    before: Term,
    payload: Payload,
    on: ServerId,
    event: EventId,
}

impl LogMatching {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let log = look.node.log();
        let mut index = look.log_from?.max(log.first_index());
        let mut before = log.term_at(index.prev()).unwrap_or_default();
        while let Some(entry) = log.get(index) {
            let Some(seen) = self.seen(index, entry.term) else {
                self.remember(index, before, entry, look);
                (before, index) = (entry.term, index.next());
                continue;
            };
            if !same(&seen.payload, &entry.payload) || seen.before != before {
                return Some(seen.differs(index, before, entry, look.id));
            }
            (before, index) = (entry.term, index.next());
        }
        None
    }

    fn seen(&self, index: Index, term: Term) -> Option<&Seen> {
        match self.first.get(index.0) {
            Some(seen) if seen.term == term => Some(seen),
            _ if self.others.is_empty() => None,
            _ => self.others.get(&(index, term)),
        }
    }

    fn remember(&mut self, index: Index, before: Term, entry: &Entry, look: &Look) {
        let Entry { term, payload } = entry.clone();
        let seen = Seen { term, before, payload, on: look.id, event: look.event };
        if index.0 == self.first.len() + 1 {
            self.first.push(seen);
        } else {
            Arc::make_mut(&mut self.others).insert((index, term), seen);
        }
    }

    /// When that entry first stood in a log.
    pub(super) fn appeared(&self, index: Index, term: Term) -> Option<EventId> {
        self.seen(index, term).map(|seen| seen.event)
    }
}

impl Seen {
    #[cold]
    fn differs(&self, index: Index, before: Term, entry: &Entry, id: ServerId) -> Finding {
        let Seen { on, event, .. } = *self;
        let wrong = if self.payload != entry.payload {
            "another command".to_string()
        } else {
            format!("an entry of term {before} before it, not of term {}", self.before)
        };
        let sentence =
            format!("Entry {index} of term {} stood in {on}'s log; in {id}'s it has {wrong}.", entry.term);
        Finding::new([on, id], sentence)
            .at(index)
            .since([event])
            .value(format!("on {on}"), payload(&self.payload))
            .value(format!("term before it on {on}"), self.before)
            .value(format!("on {id}"), payload(&entry.payload))
            .value(format!("term before it on {id}"), before)
    }
}
