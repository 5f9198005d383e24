//! Raft itself in words: timeouts, votes, AppendEntries, writes.

use super::guards::{because, of, vote_refused};
use super::quorums;
use super::sentence::{Draft, Kind, Scene, draft};
use super::words::{entries, list, number, once};
use crate::raft::{AppendOutcome, Body, Guard, Index, Message, RoleName, Rule, ServerId, Term, Timer};
use crate::sim::{Brief, Change, Content, Event, What};

fn change_of(event: &Event) -> (Brief, Brief) {
    let Change { before, after, .. } = event.change.expect("an event of a server has its change");
    (before, after)
}

fn refused(event: &Event, rule: Rule) -> Option<&Guard> {
    of(event, rule).filter(|guard| guard.refused())
}

/// What is said of a server that has no change: it never happens to events of the world.
fn nothing(event: &Event) -> Option<Draft> {
    event.change.is_none().then(|| draft(Kind::Election, &[], "Something happened that left no trace"))
}

/// "; it leaves when that is on its disk", where something waits.
fn waits(event: &Event, what: &str) -> String {
    match event.waiting {
        0 => String::new(),
        _ => format!("; {what} when that is on its disk"),
    }
}

/// What a server gives up for a higher term.
fn gives_up(event: &Event) -> String {
    let (before, after) = change_of(event);
    match (before.role, after.role) {
        (RoleName::Leader, RoleName::Follower) => {
            format!(", having stepped down as leader of term {}", before.term)
        }
        (RoleName::Candidate, RoleName::Follower) => {
            format!(", having given up its candidacy in term {}", before.term)
        }
        _ => String::new(),
    }
}

// Timers.

pub(super) fn fired(event: &Event, timer: Timer) -> Draft {
    let Some(id) = event.server.filter(|_| event.change.is_some()) else {
        return nothing(event).unwrap_or_else(|| draft(Kind::Election, &[], "A timer runs out"));
    };
    match timer {
        Timer::Election => election_timeout(event, id),
        Timer::Heartbeat => heartbeat(event, id),
        _ => draft(Kind::Election, &[], format!("{id}'s {timer:?} timer runs out")),
    }
}

fn election_timeout(event: &Event, id: ServerId) -> Draft {
    let (before, after) = change_of(event);
    let by_hand = event.causes[1].is_some();
    let term = after.term;
    let why = match before.role {
        _ if after.role == RoleName::Leader && before.role == RoleName::Leader => {
            return draft(
                Kind::Election,
                &["§5.2"],
                format!("{id}'s election timer runs out, but it leads already"),
            );
        }
        RoleName::Candidate if by_hand => {
            format!(
                "{id}'s election timer is made to fire: it gives up term {} and stands again in term {term}",
                before.term
            )
        }
        RoleName::Candidate => {
            format!(
                "{id} has found no majority in term {} and stands for election again in term {term}",
                before.term
            )
        }
        _ if by_hand => {
            format!("{id}'s election timer is made to fire: it stands for election in term {term}")
        }
        _ => format!(
            "{id} has heard nothing from a leader for its election timeout and stands for election in term {term}"
        ),
    };
    draft(Kind::Election, &["§5.2"], why).and(&waits(event, "it asks for votes"))
}

fn heartbeat(event: &Event, id: ServerId) -> Draft {
    let (_, after) = change_of(event);
    let to = once(event.sent.iter().map(|name| name.to));
    match after.role {
        RoleName::Leader if event.sent.is_empty() => draft(
            Kind::Replication,
            &["§5.2"],
            format!("{id} leads alone and has nobody to send a heartbeat to"),
        ),
        RoleName::Leader => draft(
            Kind::Replication,
            &["§5.2"],
            format!("{id} keeps its followers from standing: AppendEntries to {to}"),
        ),
        RoleName::PreCandidate => {
            draft(Kind::Election, &["D9.6"], format!("{id} asks {to} whether it would be elected"))
        }
        RoleName::Candidate if event.sent.is_empty() => draft(
            Kind::Election,
            &["§5.1"],
            format!("{id} still waits for votes in term {}, and has nobody left to ask", after.term),
        ),
        RoleName::Candidate => draft(
            Kind::Election,
            &["§5.1", "§5.5"],
            format!("{id} has no answer yet from {to} and asks again"),
        ),
        RoleName::Follower => draft(
            Kind::Replication,
            &["§5.2"],
            format!("{id}'s heartbeat timer runs out, but it does not lead"),
        ),
    }
}

// Messages.

pub(super) fn delivered(event: &Event, said: &Message, scene: Scene) -> Draft {
    if let Some(nothing) = nothing(event) {
        return nothing;
    }
    match &said.body {
        Body::RequestVote { .. } => vote_asked(event, said),
        Body::RequestVoteReply { asked, granted } => vote_came(event, said, *asked, *granted, scene),
        Body::AppendEntries { prev_index, entries, .. } => {
            let last = Index(prev_index.0 + entries.len() as u64);
            append_came(event, said, *prev_index, last)
        }
        Body::AppendEntriesReply { asked, outcome, .. } => reply_came(event, said, *asked, *outcome, scene),
        other => draft(Kind::Replication, &[], format!("{} hears from {}: {other:?}", said.to, said.from)),
    }
}

fn vote_asked(event: &Event, said: &Message) -> Draft {
    let (voter, candidate, term) = (said.to, said.from, said.term);
    match vote_refused(&event.guards) {
        None => draft(
            Kind::Election,
            &["§5.2", "§5.4.1"],
            format!("{voter} grants its vote to {candidate} in term {term}{}", gives_up(event)),
        )
        .and(&waits(event, "its vote leaves")),
        Some(guard) => draft(
            Kind::Election,
            &[guard.rule.section()],
            format!(
                "{voter} refuses its vote to {candidate} in term {term}{}: {}",
                gives_up(event),
                reason(guard)
            ),
        ),
    }
}

/// Why a vote was refused, short enough for a sentence that goes on.
fn reason(guard: &Guard) -> String {
    let compared = because(guard);
    compared.rsplit_once(": ").map_or(compared.clone(), |(compared, _)| compared.to_string())
}

/// A server has learnt of a higher term from an answer, and that is all there is to it.
fn only_a_term(event: &Event, said: &Message) -> Option<Draft> {
    let (before, after) = change_of(event);
    if after.term <= before.term {
        return None;
    }
    let (to, from, term) = (said.to, said.from, after.term);
    let becomes = match (before.role, after.role) {
        (RoleName::Leader, RoleName::Follower) => " and steps down from leading",
        (RoleName::Candidate, RoleName::Follower) => " and gives up its candidacy",
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
fn stale_reply(event: &Event, said: &Message, asked: Term, what: &str) -> Option<Draft> {
    refused(event, Rule::DropStaleReplies)?;
    let (_, after) = change_of(event);
    let text = format!(
        "{}'s {what} answers a request of term {asked}, and {} is in term {} by now: it is dropped",
        said.from, said.to, after.term
    );
    Some(draft(Kind::Election, &["§5.1"], text))
}

fn vote_came(event: &Event, said: &Message, asked: Term, granted: bool, scene: Scene) -> Draft {
    let what = if granted { "vote" } else { "refusal" };
    if let Some(draft) = only_a_term(event, said).or_else(|| stale_reply(event, said, asked, what)) {
        return draft;
    }
    let (before, after) = change_of(event);
    let (voter, candidate, term) = (said.from, said.to, after.term);
    if before.role != RoleName::Candidate {
        let state = if before.role == RoleName::Leader { "leads already" } else { "no longer stands" };
        let text = format!("{voter}'s {what} reaches {candidate}, which {state}: nothing changes");
        return draft(Kind::Election, &["§5.2"], text);
    }
    let servers = number(scene.servers.into());
    let have = quorums::granted(scene, event, candidate, term);
    let votes = list(have.iter());
    if after.role == RoleName::Leader {
        let text =
            format!("{candidate} has the votes of {votes}, a majority of {servers}: it leads in term {term}");
        return draft(Kind::Election, &["§5.2"], text);
    }
    let text = if granted {
        format!("{candidate} has the votes of {votes} in term {term}, not yet a majority of {servers}")
    } else {
        format!("{candidate} hears that {voter} does not vote for it in term {term}")
    };
    draft(Kind::Election, &["§5.2"], text)
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
            gives_up(event),
            before.last_index
        );
        return draft(Kind::Replication, &["§5.3"], text).at(prev);
    }
    if let Some(guard) = refused(event, Rule::PrevLogTerm) {
        let text = format!("{to} refuses {from}'s AppendEntries{}: {}", gives_up(event), reason(guard));
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
    let text = format!("{from}'s {name} reaches {to}{}: {told}", gives_up(event));
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

fn reply_came(event: &Event, said: &Message, asked: Term, outcome: AppendOutcome, scene: Scene) -> Draft {
    let what = "answer to AppendEntries";
    if let Some(draft) = only_a_term(event, said).or_else(|| stale_reply(event, said, asked, what)) {
        return Draft { kind: Kind::Replication, ..draft };
    }
    let (before, after) = change_of(event);
    let (leader, follower) = (said.to, said.from);
    if before.role != RoleName::Leader {
        let text =
            format!("{follower}'s {what} reaches {leader}, which does not lead any more: nothing changes");
        return draft(Kind::Replication, &["§5.1"], text);
    }
    if after.commit > before.commit {
        return committed(event, leader, scene);
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

/// A leader's commitIndex has risen.
fn committed(event: &Event, leader: ServerId, scene: Scene) -> Draft {
    let (before, after) = change_of(event);
    let index = after.commit;
    let have = quorums::acknowledged(scene, event, leader, index);
    let which = entries(before.commit.next(), index);
    let servers = number(scene.servers.into());
    let alone = of(event, Rule::CommitAfterQuorum).is_some_and(Guard::broken);
    let text = if alone {
        format!("{leader} commits {which} before a majority has it")
    } else if u32::from(scene.servers) < 2 * have.len() {
        format!("{leader} now has {which} on {}, a majority of {servers}: committed", list(have.iter()))
    } else {
        format!("{leader} now has {which} on a majority of {servers}: committed")
    };
    draft(Kind::Commit, &["§5.3", "§5.4.2"], text).at(index)
}

// The disk.

pub(super) fn synced(event: &Event, scene: Scene) -> Draft {
    let Some(id) = event.server.filter(|_| event.change.is_some()) else {
        return draft(Kind::Disk, &["§5.1"], "A write is on disk");
    };
    let (before, after) = change_of(event);
    if after.commit > before.commit {
        return committed(event, id, scene);
    }
    if after.role == RoleName::Leader && before.role == RoleName::Candidate {
        let text = format!(
            "{id}'s vote for itself is on its disk, a majority of {}: it leads in term {}",
            number(scene.servers.into()),
            after.term
        );
        return draft(Kind::Election, &["§5.2"], text);
    }
    let leaves = leaving(event, id, after, scene).map(|what| format!("; {what}")).unwrap_or_default();
    draft(Kind::Disk, &["§5.1", "D3.8"], format!("{} is on its disk{leaves}", written(event, id, scene)))
}

/// What was written, by the event that asked for it.
fn written(event: &Event, id: ServerId, scene: Scene) -> String {
    let Some((cause, change)) = asked_by(event, scene) else { return format!("A write of {id}") };
    match change.log_from {
        Some(from) if change.after.last_index >= from => {
            format!("{id}'s write of {}", entries(from, change.after.last_index))
        }
        Some(_) => format!("{id}'s shorter log"),
        None if change.after.voted_for == Some(id) && matches!(cause.what, What::Fired { .. }) => {
            format!("{id}'s vote for itself in term {}", change.after.term)
        }
        None => match change.after.voted_for {
            Some(candidate) => format!("{id}'s vote for {candidate} in term {}", change.after.term),
            None => format!("{id}'s new term {}", change.after.term),
        },
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
    let cause = asked_by(event, scene).map(|(cause, _)| &cause.what);
    let several = event.sent.len() > 1;
    Some(match cause {
        _ if now.role == RoleName::Candidate => format!("its requests for votes leave, to {to}"),
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
