//! State Machine Safety (Figure 3, §5.4.3): if a server has applied a log entry at a given index to its
//! state machine, no other server will ever apply a different log entry for the same index.

use super::{Finding, Look, pair};
use crate::raft::{Entry, Index, ServerId};

/// Remembers what was applied at each index, and where first.
#[derive(Clone, Debug, Default)]
pub(super) struct StateMachineSafety {
    /// By index, from 1.
    applied: Vec<(Entry, ServerId)>,
}

impl StateMachineSafety {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let log = look.server.node.log();
        let from = if look.reborn { Index(0) } else { look.before.applied };
        for index in (from.0 + 1..=look.now.applied.0).map(Index) {
            let Some(entry) = log.get(index) else { continue };
            match self.applied.get(index.0 as usize - 1) {
                None => self.applied.push((entry.clone(), look.id)),
                Some((first, by)) if first != entry => {
                    return Some(Finding {
                        servers: pair(*by, look.id),
                        index: Some(index),
                        sentence: format!(
                            "At index {index}, {by} applied an entry of term {}, and {} another one, of term {}.",
                            first.term, look.id, entry.term
                        ),
                    });
                }
                Some(_) => {}
            }
        }
        None
    }
}
