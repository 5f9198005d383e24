//! What only grows (Figure 2: "increases monotonically"), and stays in order:
//! lastApplied ≤ commitIndex ≤ the end of the log.
//!
//! A term that a crash caught before it was on the disk is lost, and that is no harm: nothing that bore
//! it has left. So a term is held against a later life only from the disk on.

use super::{Finding, Look};

#[derive(Clone, Debug)]
pub(super) struct Monotone;

impl Monotone {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let (was, is, id) = (&look.before, &look.now, look.id);
        let same_life = was.up && is.up && !look.reborn;
        let on_disk = look.server.disk.durable.hard.term;
        let sentence = if same_life && is.term < was.term {
            format!("{id} went back from term {} to term {}.", was.term, is.term)
        } else if look.reborn && is.term < on_disk {
            format!("{id} came up in term {}, though term {on_disk} is on its disk.", is.term)
        } else if same_life && is.commit < was.commit {
            format!("{id}'s commitIndex went back from {} to {}.", was.commit, is.commit)
        } else if same_life && is.applied < was.applied {
            format!("{id}'s lastApplied went back from {} to {}.", was.applied, is.applied)
        } else if is.applied > is.commit {
            format!("{id} applied up to {}, but committed only up to {}.", is.applied, is.commit)
        } else if is.commit > is.last_index {
            format!("{id} committed up to {}, but its log ends at {}.", is.commit, is.last_index)
        } else {
            return None;
        };
        Some(Finding { servers: [id].into_iter().collect(), index: None, sentence })
    }
}
