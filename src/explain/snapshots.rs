//! InstallSnapshot in words (§7).

use super::claim::Claim;
use super::guards::{of, refused};
use super::roles::{gives_up, role_change};
use super::sentence::{Draft, Kind, draft};
use super::servers::{asks_again, change_of, leads_itself, only_a_term, stale_reply};
use crate::raft::{Body, Index, Message, RoleName, Rule, SnapshotOutcome, Term};
use crate::sim::Event;

pub(super) fn came(event: &Event, said: &Message) -> Draft {
    let Body::InstallSnapshot { last_index, offset, data, done, .. } = &said.body else {
        return draft(Kind::Replication, &["§7"], format!("{} hears from {}", said.to, said.from));
    };
    let (_, after) = change_of(event);
    let (to, from) = (said.to, said.from);
    let name = format!("{from}'s snapshot up to entry {last_index}");
    if refused(event, Rule::RefuseStaleAppend).is_some() {
        let (asked, term) = (said.term, after.term);
        let text = format!("{to} refuses {name}: it is sent in term {asked}, and {to} is in term {term}");
        return draft(Kind::Replication, &["§5.1"], text);
    }
    if after.role == RoleName::Leader {
        return leads_itself(event, said, &format!("snapshot up to entry {last_index}"));
    }
    let which = gives_up(event, "which has");
    let mut claim = None;
    let text = if refused(event, Rule::SnapshotOnlyIfNewer).is_some() {
        format!("{name} reaches {to}{which}: all of that is committed there already, so it is ignored")
    } else if let Some(kept) = of(event, Rule::SnapshotKeepsSuffix) {
        let agrees = kept.left == true.into();
        let rest = match (agrees && kept.on, agrees) {
            (true, _) => "what follows that entry stays in the log",
            (false, true) => "the log goes, with what follows that entry",
            (false, false) => "the log does not have that entry, so all of it goes",
        };
        let having = gives_up(event, "having");
        claim = Some(Claim::Snapshot { server: to, upto: *last_index, installed: true });
        format!("{to} installs {name} in the place of its state machine{having}; {rest}")
    } else {
        let (size, end) = (data.0.len() as u64, if *done { ", the last ones," } else { "" });
        let to_byte = (offset + size).saturating_sub(1);
        format!("Bytes {offset}–{to_byte}{end} of {name} reach {to}{which}: {to} asks for what it lacks")
    };
    draft(Kind::Replication, &["§7"], text)
        .claim(claim)
        .claim(role_change(event))
        .waits(event, "its answer leaves")
        .at(*last_index)
}

pub(super) fn answered(
    event: &Event,
    said: &Message,
    asked: Term,
    last: Index,
    outcome: SnapshotOutcome,
) -> Draft {
    let what = "answer to InstallSnapshot";
    if let Some(draft) = only_a_term(event, said).or_else(|| stale_reply(event, said, asked, what)) {
        return Draft { kind: Kind::Replication, ..draft };
    }
    let (before, _) = change_of(event);
    let (leader, follower) = (said.to, said.from);
    let sends = asks_again(event, follower);
    if before.role != RoleName::Leader {
        let text =
            format!("{follower}'s {what} reaches {leader}, which does not lead any more: nothing changes");
        return draft(Kind::Replication, &["§7"], text).claim([Claim::Unchanged { server: leader }]).at(last);
    }
    let text = match outcome {
        SnapshotOutcome::Stale => {
            format!(
                "{leader} hears that {follower} had refused an older term: that says nothing about its log"
            )
        }
        SnapshotOutcome::Installed if sends == Some(true) => {
            format!(
                "{follower} has all that {leader}'s snapshot covers, up to entry {last}: {leader} goes on with what follows"
            )
        }
        SnapshotOutcome::Installed => {
            format!("{leader} hears that {follower} has all that its snapshot covers, up to entry {last}")
        }
        SnapshotOutcome::More { offset } => match sends {
            Some(true) => {
                format!("{follower} has the snapshot up to byte {offset}: {leader} sends the next piece")
            }
            Some(false) => {
                format!(
                    "{follower} has answered a piece of a snapshot once more: {leader} has gone on already"
                )
            }
            None => format!("{leader} hears that {follower} has the snapshot up to byte {offset}"),
        },
    };
    draft(Kind::Replication, &["§7"], text).at(last)
}
