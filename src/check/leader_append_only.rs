//! Leader Append-Only (Figure 3, §5.3): a leader never overwrites or deletes entries in its log; it
//! only appends new entries.

use super::{Finding, Look, leads};

#[derive(Clone, Debug)]
pub(super) struct LeaderAppendOnly;

impl LeaderAppendOnly {
    pub(super) fn look(&mut self, look: &Look) -> Option<Finding> {
        let from = look.log_from?;
        let led = leads(&look.before) && look.leads() && look.before.term == look.now.term && !look.reborn;
        (led && from <= look.before.last_index).then(|| Finding {
            servers: [look.id].into_iter().collect(),
            index: Some(from),
            sentence: format!("{} leads term {}, and changed its own entry {from}.", look.id, look.now.term),
        })
    }
}
