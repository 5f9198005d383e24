//! Log Matching (Figure 3, §5.3): if two logs contain an entry with the same index and term, then the
//! logs are identical in all entries up through the given index.
//!
//! It is enough to remember, for each (index, term) that ever stood in any log, the entry and the term
//! of its predecessor: where these are the same everywhere, so are, by induction, the whole prefixes.

use super::{Finding, Look, pair};
use crate::raft::{Index, Payload, ServerId, Term};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub(super) struct LogMatching {
    seen: BTreeMap<(Index, Term), Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    before: Term,
    payload: Payload,
    first_on: ServerId,
}

impl LogMatching {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let log = look.server.node.log();
        let mut index = look.log_from?.max(log.first_index());
        while let Some(entry) = log.get(index) {
            let before = log.term_at(index.prev()).unwrap_or_default();
            let seen = self.seen.entry((index, entry.term)).or_insert_with(|| Seen {
                before,
                payload: entry.payload.clone(),
                first_on: look.id,
            });
            let wrong = if seen.payload != entry.payload {
                Some("another command".to_string())
            } else if seen.before != before {
                Some(format!("an entry of term {before} before it, not of term {}", seen.before))
            } else {
                None
            };
            if let Some(wrong) = wrong {
                return Some(Finding {
                    servers: pair(seen.first_on, look.id),
                    index: Some(index),
                    sentence: format!(
                        "Entry {index} of term {} stood in {}'s log; in {}'s it has {wrong}.",
                        entry.term, seen.first_on, look.id
                    ),
                });
            }
            index = index.next();
        }
        None
    }
}
