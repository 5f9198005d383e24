//! Leader Append-Only (Figure 3, §5.3): a leader never overwrites or deletes entries in its log; it
//! only appends new entries.

use super::Finding;
use super::election_safety::ElectionSafety;
use super::look::Look;

pub(super) fn look(look: &Look, leaders: &ElectionSafety) -> Option<Finding> {
    let from = look.log_from?;
    let led = look.before.leads() && look.leads() && look.before.term == look.now.term && !look.reborn;
    if !led || from > look.before.last {
        return None;
    }
    let (id, term) = (look.id, look.now.term);
    let sentence = format!("{id} leads term {term}, and changed its own entry {from}.");
    let finding = Finding::new([id], sentence).at(from).since(leaders.elected(id, term));
    Some(finding.value("its log went up to", look.before.last).value("it wrote from", from))
}
