//! State Machine Safety (Figure 3, §5.4.3): if a server has applied a log entry at a given index to its
//! state machine, no other server will ever apply a different log entry for the same index.

use super::{Finding, Look, pair};
use crate::raft::{Entry, Index, MAX_SERVERS, ServerId};
use crate::sim::Digest;
use std::collections::BTreeMap;

/// Remembers what was applied at each index, and where first; and what each snapshot held.
#[derive(Clone, Debug, Default)]
pub(super) struct StateMachineSafety {
    /// By index, from 1.
    applied: Vec<(Entry, ServerId)>,
    /// By the last index covered: a fingerprint of the state machine, and whose it was first.
    snapshots: BTreeMap<Index, (Digest, ServerId)>,
    /// By server: the last snapshot that was looked at.
    looked: [Index; MAX_SERVERS as usize],
}

impl StateMachineSafety {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let log = look.server.node.log();
        let from = if look.reborn { log.base_index() } else { look.before.applied };
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
        self.look_at_snapshot(look)
    }

    /// Whoever has applied the same entries has the same state machine.
    fn look_at_snapshot(&mut self, look: &Look) -> Option<Finding> {
        let snapshot = look.server.node.snapshot()?;
        let looked = &mut self.looked[look.id.slot()];
        if std::mem::replace(looked, snapshot.index) == snapshot.index {
            return None;
        }
        let mut digest = Digest::default();
        digest.bytes(&snapshot.data);
        let (first, by) = *self.snapshots.entry(snapshot.index).or_insert((digest, look.id));
        (first != digest).then(|| Finding {
            servers: pair(by, look.id),
            index: Some(snapshot.index),
            sentence: format!(
                "{by} and {} have applied the log up to {}, and their snapshots of it differ.",
                look.id, snapshot.index
            ),
        })
    }
}
