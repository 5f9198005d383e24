//! The order of a server's indexes (Figure 2): what a snapshot covers is applied, what is applied is
//! committed, what is committed is in the log. And of a leader's: what is to be sent to a follower next
//! lies behind what it is known to have (matchIndex < nextIndex).

use super::Finding;
use super::look::{Known, Look};
use crate::raft::{Leadership, Progress, ServerId, ServerSet};
use crate::sim::Server;

/// A server's own indexes.
pub(super) fn look(look: &Look) -> Option<Finding> {
    let Known { base, applied, commit, last, .. } = look.now;
    (base > applied || applied > commit || commit > last).then(|| crossed(look))
}

#[cold]
fn crossed(look: &Look) -> Finding {
    let Known { base, applied, commit, last, .. } = look.now;
    let id = look.id;
    let (index, sentence) = if base > applied {
        (base, format!("{id}'s snapshot covers the log up to {base}, but it has applied it up to {applied}."))
    } else if applied > commit {
        (applied, format!("{id} applied up to {applied}, but committed only up to {commit}."))
    } else {
        (commit, format!("{id} committed up to {commit}, but its log ends at {last}."))
    };
    let finding = Finding::new([id], sentence).at(index);
    let finding = finding.value("snapshot up to", base).value("lastApplied", applied);
    finding.value("commitIndex", commit).value("end of the log", last)
}

/// The first follower, of those that this server leads, whose indexes are not in order.
pub(super) fn disordered(server: &Server) -> Option<(ServerId, Progress)> {
    let node = &server.node;
    let leading = node.leadership()?;
    let mut peers = node.configuration().members();
    peers.remove(node.id());
    first_disordered(leading, peers)
}

fn first_disordered(leading: &Leadership, peers: ServerSet) -> Option<(ServerId, Progress)> {
    let mut known = peers.iter().map(|peer| (peer, leading.progress[peer.slot()]));
    known.find(|(_, progress)| progress.matched >= progress.next)
}

/// A leader that would send a follower next what it already knows it to have.
#[cold]
pub(super) fn judge(leader: ServerId, (peer, progress): (ServerId, Progress)) -> Finding {
    let Progress { next, matched, .. } = progress;
    let sentence = format!(
        "{leader} believes that {peer} has its log up to {matched}, and would send it entry {next} next."
    );
    Finding::new([leader, peer], sentence)
        .at(matched)
        .value(format!("nextIndex of {peer}"), next)
        .value(format!("matchIndex of {peer}"), matched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Property;
    use crate::raft::Index;
    use crate::sim::EventId;

    // No rule that is off brings a leader to this, so there is no run in which it falls.
    #[test]
    fn what_is_sent_next_lies_behind_what_is_known_to_be_there() {
        let [s1, s2, s3] = [1, 2, 3].map(|n| ServerId::new(n).unwrap());
        let mut leading = Leadership::default();
        let peers = [s2, s3].into_iter().collect();
        for (next, matched, in_order) in
            [(1, 0, true), (8, 7, true), (8, 3, true), (7, 7, false), (2, 5, false)]
        {
            leading.progress[s2.slot()] =
                Progress { next: Index(9), matched: Index(8), ..Progress::default() };
            leading.progress[s3.slot()] =
                Progress { next: Index(next), matched: Index(matched), ..Progress::default() };
            let found = first_disordered(&leading, peers);
            assert_eq!(found.map(|(peer, _)| peer), (!in_order).then_some(s3), "{next} {matched}");
        }
        let found = first_disordered(&leading, peers).expect("the last one of the table");
        let violation = judge(s1, found).dated(Property::Order, EventId(4), 10);
        assert_eq!(
            violation.sentence,
            "S1 believes that S3 has its log up to 5, and would send it entry 2 next."
        );
        assert_eq!((violation.index, violation.events), (Some(Index(5)), vec![EventId(4)]));
        assert_eq!(violation.values.len(), 2);
    }
}
