//! What only grows (Figure 2: "increases monotonically"): terms, and within one life of a server its
//! commitIndex and lastApplied.
//!
//! A term that a crash caught before it was on the disk is lost, and that is no harm: nothing that bore
//! it has left. So a term is held against a later life only from the disk on.

use super::Finding;
use super::look::Look;
use super::violation::START;
use crate::raft::MAX_SERVERS;
use crate::sim::EventId;

/// Remembers since when each server's values are what they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Monotone {
    since: [Since; MAX_SERVERS as usize],
}

/// The events of a server in which its values last changed.
#[derive(Clone, Copy, Debug)]
struct Since {
    term: EventId,
    commit: EventId,
    applied: EventId,
}

impl Default for Since {
    fn default() -> Since {
        Since { term: START, commit: START, applied: START }
    }
}

impl Monotone {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let finding = self.falls_back(look);
        let (was, is, since) = (&look.before, &look.now, &mut self.since[look.id.slot()]);
        if is.term != was.term {
            since.term = look.event;
        }
        if is.commit != was.commit {
            since.commit = look.event;
        }
        if is.applied != was.applied {
            since.applied = look.event;
        }
        finding
    }

    fn falls_back(&self, look: &Look) -> Option<Finding> {
        let (was, is, id) = (&look.before, &look.now, look.id);
        let since = self.since[id.slot()];
        let on_disk = look.server.disk.durable.hard.term;
        let finding = |what: &str, (was, is): (u64, u64), since, sentence| {
            let finding = Finding::new([id], sentence).since([since]);
            Some(finding.value(format!("{what} before"), was).value(format!("{what} now"), is))
        };
        if look.reborn && is.term < on_disk {
            let sentence = format!("{id} came up in term {}, though term {on_disk} is on its disk.", is.term);
            return finding("term", (on_disk.0, is.term.0), since.term, sentence);
        }
        if !look.same_life() {
            return None;
        }
        if is.term < was.term {
            let sentence = format!("{id} went back from term {} to term {}.", was.term, is.term);
            return finding("term", (was.term.0, is.term.0), since.term, sentence);
        }
        for (what, was, is, since) in [
            ("commitIndex", was.commit, is.commit, since.commit),
            ("lastApplied", was.applied, is.applied, since.applied),
        ] {
            if is < was {
                let sentence = format!("{id}'s {what} went back from {was} to {is}.");
                return finding(what, (was.0, is.0), since, sentence);
            }
        }
        None
    }
}
