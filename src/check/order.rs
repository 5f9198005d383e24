//! The order of a server's indexes (Figure 2): what a snapshot covers is applied, what is applied is
//! committed, what is committed is in the log. And of a leader's: what is to be sent to a follower next
//! lies behind what it is known to have (matchIndex < nextIndex).

use super::Finding;
use super::look::{Known, Look};
use crate::raft::{Progress, ServerId};
use crate::sim::Server;

/// A server's own indexes.
pub(super) fn look(look: &Look) -> Option<Finding> {
    let Known { base, applied, commit, last, .. } = look.now;
    let id = look.id;
    let (index, sentence) = if base > applied {
        (base, format!("{id}'s snapshot covers the log up to {base}, but it has applied it up to {applied}."))
    } else if applied > commit {
        (applied, format!("{id} applied up to {applied}, but committed only up to {commit}."))
    } else if commit > last {
        (commit, format!("{id} committed up to {commit}, but its log ends at {last}."))
    } else {
        return None;
    };
    let finding = Finding::new([id], sentence).at(index);
    let finding = finding.value("snapshot up to", base).value("lastApplied", applied);
    Some(finding.value("commitIndex", commit).value("end of the log", last))
}

/// The first follower, of those that this server leads, whose indexes are not in order.
pub(super) fn disordered(server: &Server) -> Option<(ServerId, Progress)> {
    let leading = server.node.leadership()?;
    let peers = server.node.configuration().members();
    let out_of_order = |progress: &Progress| progress.matched >= progress.next;
    let found = peers.iter().find(|peer| out_of_order(&leading.progress[peer.slot()]))?;
    (found != server.node.id()).then(|| (found, leading.progress[found.slot()]))
}

/// A leader that would send a follower next what it already knows it to have.
pub(super) fn judge(leader: ServerId, (peer, progress): (ServerId, Progress)) -> Finding {
    let Progress { next, matched, .. } = progress;
    let sentence = format!(
        "{leader} knows that {peer} has its log up to {matched}, and would send it entry {next} next."
    );
    Finding::new([leader, peer], sentence)
        .at(matched)
        .value(format!("nextIndex of {peer}"), next)
        .value(format!("matchIndex of {peer}"), matched)
}
