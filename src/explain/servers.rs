//! Raft's messages and writes in words: AppendEntries and its answers, and what reaches the disk.

use super::client;
use super::guards::{because, of, refused};
use super::sentence::{Draft, Kind, Scene, draft};
use super::words::{electorate, entries, list, once};
use super::{quorums, snapshots, votes};
use crate::raft::{
    AppendOutcome, Body, Guard, Index, Message, RoleName, Rule, ServerId, Term, Token, quorum,
};
use crate::sim::{Brief, Change, Content, Event, What};

pub(super) fn change_of(event: &Event) -> (Brief, Brief) {
    let Change { before, after, .. } = event.change.expect("an event of a server has its change");
    (before, after)
}

/// What is said of a server that has no change: it never happens to events of the world.
fn nothing(event: &Event) -> Option<Draft> {
    event.change.is_none().then(|| draft(Kind::Election, &[], "Something happened that left no trace"))
}

/// "; it leaves when that is on its disk", where something waits.
pub(super) fn waits(event: &Event, what: &str) -> String {
    match event.waiting {
        0 => String::new(),
        _ => format!("; {what} when that is on its disk"),
    }
}

/// What a server gives up for a message, and because of what: behind its name as the subject with `having`
/// ("having"), behind its name elsewhere with "which has".
pub(super) fn gives_up(event: &Event, having: &str) -> String {
    let (before, after) = change_of(event);
    if after.role != RoleName::Follower {
        return String::new();
    }
    let what = match before.role {
        RoleName::Leader => format!("stepped down as leader of term {}", before.term),
        RoleName::Candidate => format!("given up its candidacy in term {}", before.term),
        RoleName::PreCandidate => "given up asking whether it would be elected".into(),
        RoleName::Follower => return String::new(),
    };
    let because = match after.leader {
        _ if after.term > before.term && before.role == RoleName::PreCandidate => {
            format!(" because term {} is above its term {}", after.term, before.term)
        }
        _ if after.term > before.term => format!(" because term {} is higher", after.term),
        Some(leader) => format!(" because {leader} leads term {}", after.term),
        None => String::new(),
    };
    format!(", {having} {what}{because}")
}

// Messages.

pub(super) fn delivered(event: &Event, said: &Message, scene: Scene) -> Draft {
    if let Some(nothing) = nothing(event) {
        return nothing;
    }
    match &said.body {
        Body::RequestVote { .. } => votes::asked(event, said),
        Body::RequestVoteReply { asked, granted } => votes::came(event, said, *asked, *granted, scene),
        Body::PreVote { asked, .. } => votes::would_be_asked(event, said, *asked),
        Body::PreVoteReply { asked, granted } => votes::would_be_came(event, said, *asked, *granted, scene),
        Body::TimeoutNow => votes::told_to_stand(event, said),
        Body::ReadIndex { .. } => client::index_asked(event, said),
        Body::ReadIndexReply { asked, index, .. } => client::index_came(event, said, *asked, *index),
        Body::AppendEntries { prev_index, entries, .. } => {
            let last = Index(prev_index.0 + entries.len() as u64);
            append_came(event, said, *prev_index, last)
        }
        Body::InstallSnapshot { .. } => snapshots::came(event, said),
        Body::AppendEntriesReply { .. } | Body::InstallSnapshotReply { .. } if commits(event) => {
            committed(event, said.to, scene)
        }
        Body::AppendEntriesReply { asked, outcome, .. } => reply_came(event, said, *asked, *outcome),
        Body::InstallSnapshotReply { asked, last_index, outcome, .. } => {
            snapshots::answered(event, said, *asked, *last_index, *outcome)
        }
    }
}

/// Why something was refused, short enough for a sentence that goes on.
pub(super) fn reason(guard: &Guard) -> String {
    let compared = because(guard);
    compared.rsplit_once(": ").map_or(compared.clone(), |(compared, _)| compared.to_string())
}

/// A server has learnt of a higher term from an answer, and that is all there is to it.
pub(super) fn only_a_term(event: &Event, said: &Message) -> Option<Draft> {
    let (before, after) = change_of(event);
    if after.term <= before.term || said.term <= before.term {
        return None;
    }
    let (to, from, term) = (said.to, said.from, after.term);
    let becomes = match (before.role, after.role) {
        (RoleName::Leader, RoleName::Follower) => " and steps down from leading",
        (RoleName::Candidate, RoleName::Follower) => " and gives up its candidacy",
        (RoleName::PreCandidate, RoleName::Follower) => " and asks for no election any more",
        (RoleName::Follower, _) => " and adopts it",
        _ => " and takes it, but keeps its role",
    };
    Some(draft(
        Kind::Election,
        &["§5.1"],
        format!("{to} sees the higher term {term} in the answer of {from}{becomes}"),
    ))
}

/// A reply of an older term.
pub(super) fn stale_reply(event: &Event, said: &Message, asked: Term, what: &str) -> Option<Draft> {
    refused(event, Rule::DropStaleReplies)?;
    let (_, after) = change_of(event);
    let text = format!(
        "{}'s {what} answers a request of term {asked}, and {} is in term {} by now: it is dropped",
        said.from, said.to, after.term
    );
    Some(draft(Kind::Election, &["§5.1"], text))
}

fn append_came(event: &Event, said: &Message, prev: Index, last: Index) -> Draft {
    let (before, after) = change_of(event);
    let (to, from) = (said.to, said.from);
    if let Some(guard) = refused(event, Rule::RefuseStaleAppend) {
        let text = format!(
            "{to} refuses {from}'s AppendEntries: it is of term {}, and {to} is in term {}",
            said.term, after.term
        );
        return draft(Kind::Replication, &[guard.rule.section()], text);
    }
    if refused(event, Rule::PrevLogIndex).is_some() {
        let text = format!(
            "{to} refuses {from}'s AppendEntries{}: it has no entry at prevLogIndex {prev}, its log ends at {}",
            gives_up(event, "having"),
            before.last_index
        );
        return draft(Kind::Replication, &["§5.3"], text).at(prev);
    }
    if let Some(guard) = refused(event, Rule::PrevLogTerm) {
        let text =
            format!("{to} refuses {from}'s AppendEntries{}: {}", gives_up(event, "having"), reason(guard));
        return draft(Kind::Replication, &["§5.3"], text).at(prev);
    }
    if after.role == RoleName::Leader {
        let text =
            format!("{from}'s AppendEntries reaches {to}, which leads too: only a broken rule can do that");
        return draft(Kind::Replication, &["§5.2"], text);
    }
    append_taken(event, said, prev, last)
}

fn append_taken(event: &Event, said: &Message, prev: Index, last: Index) -> Draft {
    let (before, after) = change_of(event);
    let (to, from) = (said.to, said.from);
    let name = if last == prev { "heartbeat" } else { "AppendEntries" };
    let mut parts = vec![stored(event, prev, last)];
    if after.commit > before.commit {
        parts.push(Some(format!("commitIndex {} → {}", before.commit, after.commit)));
    }
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let kind = if after.commit > before.commit && last == prev { Kind::Commit } else { Kind::Replication };
    let (sections, told): (&[&str], _) = if parts.is_empty() {
        (&["§5.2"], "its election timer starts again".to_string())
    } else {
        (&["§5.3"], parts.join(", "))
    };
    let text = format!("{from}'s {name} reaches {to}{}: {told}", gives_up(event, "which has"));
    let draft = draft(kind, sections, text).and(&waits(event, "its answer leaves"));
    if last > prev || after.commit > before.commit { draft.at(last.max(after.commit)) } else { draft }
}

/// What became of the entries of an AppendEntries.
fn stored(event: &Event, prev: Index, last: Index) -> Option<String> {
    let (before, after) = change_of(event);
    let Some(from) = event.change.and_then(|change| change.log_from) else {
        let be = if last == prev.next() { "was" } else { "were" };
        return (last > prev).then(|| format!("{} {be} there already", entries(prev.next(), last)));
    };
    let new = (after.last_index >= from).then(|| format!("{} stored", entries(from, after.last_index)));
    let gone = (before.last_index >= from)
        .then(|| format!("{} deleted, in conflict with the leader's", entries(from, before.last_index)));
    Some(gone.into_iter().chain(new).collect::<Vec<_>>().join(", "))
}

fn reply_came(event: &Event, said: &Message, asked: Term, outcome: AppendOutcome) -> Draft {
    let what = "answer to AppendEntries";
    if let Some(draft) = only_a_term(event, said).or_else(|| stale_reply(event, said, asked, what)) {
        return Draft { kind: Kind::Replication, ..draft };
    }
    let (before, _) = change_of(event);
    let (leader, follower) = (said.to, said.from);
    if before.role != RoleName::Leader {
        let text =
            format!("{follower}'s {what} reaches {leader}, which does not lead any more: nothing changes");
        return draft(Kind::Replication, &["§5.1"], text);
    }
    match outcome {
        AppendOutcome::Success => acknowledged(event, said),
        AppendOutcome::Stale => draft(
            Kind::Replication,
            &["§5.1"],
            format!(
                "{leader} hears that {follower} had refused an older term: that says nothing about its log"
            ),
        ),
        AppendOutcome::Mismatch { .. } if event.sent.is_empty() => draft(
            Kind::Replication,
            &["§5.3"],
            format!("{follower}'s refusal answers an earlier attempt: {leader} has gone further already"),
        ),
        AppendOutcome::Mismatch { .. } => draft(
            Kind::Replication,
            &["§5.3"],
            format!(
                "{leader} hears that {follower}'s log differs: it lowers nextIndex and tries again further back"
            ),
        ),
    }
}

fn acknowledged(event: &Event, said: &Message) -> Draft {
    let (leader, follower) = (said.to, said.from);
    let Body::AppendEntriesReply { prev_index, count, .. } = said.body else {
        return draft(Kind::Replication, &["§5.3"], format!("{follower} answers {leader}"));
    };
    let upto = Index(prev_index.0 + count);
    if let Some(guard) = refused(event, Rule::CommitOnlyCurrentTerm) {
        let text = format!(
            "{follower} has stored {leader}'s log up to {upto}, and that is not committed by counting: {}",
            reason(guard)
        );
        return draft(Kind::Commit, &["§5.4.2"], text).at(upto);
    }
    let text = if count == 0 && upto == Index(0) {
        format!("{follower} has answered {leader}'s heartbeat")
    } else if count == 0 {
        format!("{follower} has answered {leader}'s heartbeat: its log agrees up to entry {upto}")
    } else {
        format!("{leader} hears that {follower} has stored {}", entries(prev_index.next(), upto))
    };
    draft(Kind::Replication, &["§5.3"], text).at(upto)
}

/// Whether this has made a leader commit.
fn commits(event: &Event) -> bool {
    let (before, after) = change_of(event);
    before.role == RoleName::Leader && after.commit > before.commit
}

/// A leader's commitIndex has risen.
fn committed(event: &Event, leader: ServerId, scene: Scene) -> Draft {
    let (before, after) = change_of(event);
    let index = after.commit;
    let configuration = before.configuration;
    let have = quorums::acknowledged(scene, event, leader, index).and(configuration.all_voters());
    let which = entries(before.commit.next(), index);
    let voters = electorate(&configuration);
    let alone = of(event, Rule::CommitAfterQuorum).is_some_and(Guard::broken);
    let text = if alone {
        format!("{leader} commits {which} before a majority has it")
    } else if quorum::is_quorum(&configuration, have) {
        format!("{leader} now has {which} on {}, a majority of {voters}: committed", list(have.iter()))
    } else {
        format!("{leader} now has {which} on a majority of {voters}: committed")
    };
    draft(Kind::Commit, &["§5.3", "§5.4.2"], text).at(index)
}

// The disk.

pub(super) fn synced(event: &Event, scene: Scene) -> Draft {
    let Some(id) = event.server.filter(|_| event.change.is_some()) else {
        return draft(Kind::Disk, &["§5.1"], "A write is on disk");
    };
    let (before, after) = change_of(event);
    if commits(event) {
        return committed(event, id, scene);
    }
    if after.role == RoleName::Leader && before.role == RoleName::Candidate {
        let text = format!(
            "{id}'s vote for itself is on its disk, and with it a majority of {}: it leads in term {}",
            electorate(&before.configuration),
            after.term
        );
        return draft(Kind::Election, &["§5.2"], text);
    }
    let leaves = leaving(event, id, after, scene).map(|what| format!("; {what}")).unwrap_or_default();
    if after.first_index > before.first_index {
        let text = format!(
            "{id}'s own snapshot up to entry {} is on its disk: its log gives up what that covers{leaves}",
            after.first_index.prev()
        );
        return draft(Kind::Disk, &["§7", "D3.8"], text).at(after.first_index.prev());
    }
    draft(Kind::Disk, &["§5.1", "D3.8"], format!("{} is on its disk{leaves}", written(event, id, scene)))
}

/// What was written, by the event that asked for it.
fn written(event: &Event, id: ServerId, scene: Scene) -> String {
    let Some((cause, change)) = asked_by(event, scene) else { return format!("A write of {id}") };
    let now = change.after;
    if let What::Delivered { content: Content::Raft(said), .. } = &cause.what
        && let Body::InstallSnapshot { last_index, .. } = said.body
        && of(cause, Rule::SnapshotKeepsSuffix).is_some()
    {
        return format!("{id}'s copy of {}'s snapshot up to entry {last_index}", said.from);
    }
    match change.log_from {
        Some(from) if now.last_index >= from => {
            format!("{id}'s write of {}", entries(from, now.last_index))
        }
        Some(_) => format!("{id}'s shorter log"),
        // With its rule off, term and vote are written one after the other.
        None if cause.wrote > Some(token(event)) => {
            format!("{id}'s new term {}, still without its vote,", now.term)
        }
        None if now.term == change.before.term && now.voted_for == change.before.voted_for => {
            format!("{id}'s snapshot of what it had applied")
        }
        None => match now.voted_for {
            Some(candidate) if candidate == id => format!("{id}'s vote for itself in term {}", now.term),
            Some(candidate) => format!("{id}'s vote for {candidate} in term {}", now.term),
            None => format!("{id}'s new term {}", now.term),
        },
    }
}

fn token(event: &Event) -> Token {
    match event.what {
        What::Synced { token } => token,
        _ => Token(u64::MAX),
    }
}

/// The event that asked for the write, with its change.
fn asked_by<'a>(event: &Event, scene: Scene<'a>) -> Option<(&'a Event, Change)> {
    let cause = scene.event(event.causes[0]?)?;
    Some((cause, cause.change?))
}

/// What leaves now that had waited for the disk.
fn leaving(event: &Event, id: ServerId, now: Brief, scene: Scene) -> Option<String> {
    if event.sent.is_empty() {
        return None;
    }
    let to = once(event.sent.iter().map(|name| name.to));
    let (cause, role) =
        asked_by(event, scene).map(|(cause, change)| (&cause.what, change.after.role)).unzip();
    let role = role.unwrap_or(now.role);
    let several = event.sent.len() > 1;
    Some(match cause {
        _ if role == RoleName::Candidate => format!("its requests for votes leave, to {to}"),
        _ if role == RoleName::PreCandidate => format!("its questions to {to} leave"),
        Some(What::Delivered {
            content: Content::Raft(Message { body: Body::RequestVote { .. }, .. }),
            ..
        }) if event.sent.iter().all(|name| name.to.server() == now.voted_for) => {
            format!("its vote for {to} leaves")
        }
        Some(What::Delivered { .. }) if several => format!("its {} answers to {to} leave", event.sent.len()),
        Some(What::Delivered { .. }) => format!("its answer to {to} leaves"),
        _ => format!("what {id} had to say to {to} leaves"),
    })
}
