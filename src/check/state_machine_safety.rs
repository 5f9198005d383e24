//! State Machine Safety (Figure 3, §5.4.3): if a server has applied a log entry at a given index to its
//! state machine, no other server will ever apply a different log entry for the same index.

use super::Finding;
use super::look::Look;
use super::past::Past;
use super::violation::{self, same};
use crate::raft::{Entry, Index, MAX_SERVERS, ServerId};
use crate::sim::{Digest, EventId};

/// Remembers what was applied at each index, and where first; and what each snapshot held.
#[derive(Clone, Debug, Default)]
pub(super) struct StateMachineSafety {
    /// By index.
    applied: Past<Applied>,
    /// In the order of the last index that they cover.
    snapshots: Past<Held>,
    /// By server: the last snapshot that was looked at.
    looked: [Index; MAX_SERVERS as usize],
}

/// An entry, and who applied it first.
#[derive(Clone, Debug)]
struct Applied {
    entry: Entry,
    by: ServerId,
    event: EventId,
}

/// A snapshot: a fingerprint of the state machine, and whose it was first.
#[derive(Clone, Copy, Debug)]
struct Held {
    index: Index,
    digest: Digest,
    by: ServerId,
    event: EventId,
}

impl StateMachineSafety {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let found =
            if look.now.applied > look.before.applied || look.reborn { self.compare(look) } else { None };
        found.or_else(|| self.look_at_snapshot(look))
    }

    fn compare(&mut self, look: &Look) -> Option<Finding> {
        let log = look.node.log();
        // A new life begins with the snapshot, and applies the log once more.
        let from = if look.reborn { log.base_index() } else { look.before.applied.max(log.base_index()) };
        for index in (from.0 + 1..=look.now.applied.0).map(Index) {
            let Some(entry) = log.get(index) else { continue };
            match self.applied.get(index.0) {
                Some(first)
                    if first.entry.term != entry.term || !same(&first.entry.payload, &entry.payload) =>
                {
                    return Some(first.differs(index, entry, look.id));
                }
                None if index.0 == self.applied.len() + 1 => {
                    self.applied.push(Applied { entry: entry.clone(), by: look.id, event: look.event });
                }
                _ => {}
            }
        }
        None
    }

    /// Whoever has applied the same entries has the same state machine.
    fn look_at_snapshot(&mut self, look: &Look) -> Option<Finding> {
        let looked = &mut self.looked[look.id.slot()];
        if look.now.base == *looked {
            return None;
        }
        *looked = look.now.base;
        let (snapshot, id, event) = (look.node.snapshot()?, look.id, look.event);
        let mut digest = Digest::default();
        digest.bytes(&snapshot.data);
        let index = snapshot.index;
        let Some(first) = self.snapshots.find(index, |held| held.index) else {
            self.snapshots.insert(Held { index, digest, by: id, event }, |held| held.index);
            return None;
        };
        let Held { by, digest: known, event, .. } = *first;
        (known != digest).then(|| {
            let sentence = format!(
                "{by} and {id} have applied the log up to {index}, and their snapshots of it differ."
            );
            let finding = Finding::new([by, id], sentence).at(index).since([event]);
            let label = |id| format!("fingerprint of {id}'s snapshot");
            finding.value(label(by), known).value(label(id), digest)
        })
    }
}

impl Applied {
    #[cold]
    fn differs(&self, index: Index, entry: &Entry, id: ServerId) -> Finding {
        let Applied { entry: first, by, event } = self;
        let sentence = format!(
            "At index {index}, {by} applied an entry of term {}, and {id} another one, of term {}.",
            first.term, entry.term
        );
        let finding = Finding::new([*by, id], sentence).at(index).since([*event]);
        let label = |id| format!("applied by {id}");
        finding.value(label(*by), violation::entry(first)).value(label(id), violation::entry(entry))
    }
}
