//! Raft's messages and writes in words: AppendEntries and its answers, and what reaches the disk.

use super::claim::{Claim, Fate, Written};
use super::client;
use super::guards::{because, of, refused, vote_refused};
use super::roles::{gives_up, role_change, stood};
use super::sentence::{Draft, Kind, Scene, draft};
use super::words::{electorate, entries, list, once};
use super::{quorums, snapshots, votes};
use crate::raft::{
    AppendOutcome, Body, Guard, Index, Message, RoleName, Rule, ServerId, Term, TimerRange, Token, Value,
    quorum,
};
use crate::sim::{Action, Brief, Change, Content, Event, EventId, What};

pub(super) fn change_of(event: &Event) -> (Brief, Brief) {
    let Change { before, after, .. } = event.change.expect("an event of a server has its change");
    (before, after)
}

/// What is said of a server that has no change: it never happens to events of the world.
fn nothing(event: &Event) -> Option<Draft> {
    event.change.is_none().then(|| draft(Kind::Election, &[], "Something happened that left no trace"))
}

impl Draft {
    /// "; it leaves when that is on its disk", where something waits.
    pub(super) fn waits(self, event: &Event, what: &str) -> Draft {
        match event.server.filter(|_| event.waiting > 0) {
            Some(server) => {
                self.and(&format!("; {what} when that is on its disk")).claim([Claim::Waits { server }])
            }
            None => self,
        }
    }
}

// Messages.

pub(super) fn delivered(event: &Event, said: &Message, scene: Scene) -> Draft {
    if let Some(nothing) = nothing(event) {
        return nothing;
    }
    match &said.body {
        Body::RequestVote { .. } => votes::asked(event, said, scene),
        Body::RequestVoteReply { asked, granted } => votes::came(event, said, *asked, *granted, scene),
        Body::PreVote { asked, .. } => votes::would_be_asked(event, said, *asked, scene),
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
    let claim = role_change(event).unwrap_or(Claim::Term { server: to, from: before.term, to: term });
    let text = format!("{to} sees the higher term {term} in the answer of {from}{becomes}");
    Some(draft(Kind::Election, &["§5.1"], text).claim([claim]))
}

/// A reply of an older term.
pub(super) fn stale_reply(event: &Event, said: &Message, asked: Term, what: &str) -> Option<Draft> {
    refused(event, Rule::DropStaleReplies)?;
    let (_, after) = change_of(event);
    let text = format!(
        "{}'s {what} answers a request of term {asked}, and {} is in term {} by now: it is dropped",
        said.from, said.to, after.term
    );
    Some(draft(Kind::Election, &["§5.1"], text).claim([Claim::Unchanged { server: said.to }]))
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
    if after.role == RoleName::Leader {
        return leads_itself(event, said, "AppendEntries");
    }
    // With its rule off, a heartbeat is taken whatever the check has said.
    let unchecked = of(event, Rule::HeartbeatChecked).is_some_and(Guard::broken);
    let why = if refused(event, Rule::PrevLogIndex).is_some() {
        Some(format!("it has no entry at prevLogIndex {prev}, its log ends at {}", before.last_index))
    } else {
        refused(event, Rule::PrevLogTerm).map(reason)
    };
    match why.filter(|_| !unchecked) {
        Some(why) => {
            let having = gives_up(event, "having");
            let text = format!("{to} refuses {from}'s AppendEntries{having}: {why}");
            let refusal = Claim::Append { follower: to, leader: from, accepted: false };
            draft(Kind::Replication, &["§5.3"], text).at(prev).claim([refusal]).claim(role_change(event))
        }
        None => append_taken(event, said, prev, last),
    }
}

/// A leader hears what only another leader sends, in its own term or, with a rule off, in an older one.
pub(super) fn leads_itself(event: &Event, said: &Message, what: &str) -> Draft {
    let (before, after) = change_of(event);
    let (to, from, term) = (said.to, said.from, after.term);
    let text = if term > before.term {
        format!(
            "{from}'s {what} of term {term} reaches {to}, which takes that term, leads on in it, and gives no answer: only a broken rule can do that"
        )
    } else {
        format!(
            "{from}'s {what} of term {} reaches {to}, which leads in term {term}: only a broken rule can do that, and nothing changes",
            said.term
        )
    };
    draft(Kind::Replication, &["§5.2"], text).claim([term_or_nothing(to, before.term, term)])
}

fn term_or_nothing(server: ServerId, from: Term, to: Term) -> Claim {
    if to > from { Claim::Term { server, from, to } } else { Claim::Unchanged { server } }
}

fn append_taken(event: &Event, said: &Message, prev: Index, last: Index) -> Draft {
    let (before, after) = change_of(event);
    let (to, from) = (said.to, said.from);
    let name = if last == prev { "heartbeat" } else { "AppendEntries" };
    let rises = after.commit > before.commit;
    let mut claims = stored(event, to, prev, last);
    if rises {
        claims.push(Claim::Commit { server: to, from: before.commit, to: after.commit });
    }
    let parts: Vec<String> = claims.iter().filter_map(part).collect();
    let kind = if rises && last == prev { Kind::Commit } else { Kind::Replication };
    let (sections, told): (&[&str], _) = if parts.is_empty() {
        claims.push(Claim::ElectionTimer { server: to });
        (&["§5.2"], "its election timer starts again".to_string())
    } else {
        (&["§5.3"], parts.join(", "))
    };
    let text = format!("{from}'s {name} reaches {to}{}: {told}", gives_up(event, "which has"));
    claims.push(Claim::Append { follower: to, leader: from, accepted: true });
    let draft =
        draft(kind, sections, text).claim(claims).claim(role_change(event)).waits(event, "its answer leaves");
    if last > prev || rises { draft.at(last.max(after.commit)) } else { draft }
}

/// What became of entries, and of commitIndex, in words.
fn part(claim: &Claim) -> Option<String> {
    Some(match *claim {
        Claim::Commit { from, to, .. } => format!("commitIndex {from} → {to}"),
        Claim::Entries { from, to, fate, .. } => {
            let (which, one) = (entries(from, to), from == to);
            match fate {
                Fate::Stored => format!("{which} stored"),
                Fate::Deleted => format!("{which} deleted, in conflict with the leader's"),
                Fate::Cut => format!("{which} deleted, in conflict with the leader's or not"),
                Fate::Lost => format!("{which} lost"),
                Fate::Present => format!("{which} {} there already", if one { "was" } else { "were" }),
                Fate::Kept => {
                    format!(
                        "{which} {}, though in conflict with the leader's",
                        if one { "stays" } else { "stay" }
                    )
                }
            }
        }
        _ => return None,
    })
}

/// What became of the entries of an AppendEntries, and of those that were there.
fn stored(event: &Event, server: ServerId, prev: Index, last: Index) -> Vec<Claim> {
    let (before, _) = change_of(event);
    let broken = |rule| of(event, rule).filter(|guard| guard.broken());
    // With the rule of prevLogIndex off, entries go to the log's end, wherever they belong.
    let first = prev.min(before.last_index).next();
    let last = Index(first.prev().0 + (last.0 - prev.0));
    let conflict = match broken(Rule::DeleteConflicts).map(|guard| guard.left) {
        Some(Value::Index(agreed)) => Some(agreed.next()),
        _ => None,
    };
    let spared = broken(Rule::NewTailReplacesSuffix).is_some();
    let cut = broken(Rule::TruncateOnlyOnConflict).is_some();
    let end = if spared { last } else { before.last_index };
    let written = event.change.and_then(|change| change.log_from);
    let gone = if cut { Fate::Cut } else { Fate::Deleted };
    let pieces = match (conflict, written) {
        (Some(at), _) => {
            [(at, last.min(before.last_index), Fate::Kept), (before.last_index.next(), last, Fate::Stored)]
        }
        (None, Some(from)) => [(from, end, gone), (from, last, Fate::Stored)],
        (None, None) => [(first, last, Fate::Present), (Index(1), Index(0), Fate::Present)],
    };
    let some = pieces.into_iter().filter(|(from, to, _)| from <= to);
    some.map(|(from, to, fate)| Claim::Entries { server, from, to, fate }).collect()
}

fn reply_came(event: &Event, said: &Message, asked: Term, outcome: AppendOutcome) -> Draft {
    let what = "answer to AppendEntries";
    if let Some(draft) = only_a_term(event, said).or_else(|| stale_reply(event, said, asked, what)) {
        return Draft { kind: Kind::Replication, ..draft };
    }
    let (before, _) = change_of(event);
    let (leader, follower) = (said.to, said.from);
    let unchanged = [Claim::Unchanged { server: leader }];
    if before.role != RoleName::Leader {
        let text =
            format!("{follower}'s {what} reaches {leader}, which does not lead any more: nothing changes");
        return draft(Kind::Replication, &["§5.1"], text).claim(unchanged);
    }
    let draft = |text| draft(Kind::Replication, &["§5.3"], text);
    match outcome {
        AppendOutcome::Success => acknowledged(event, said),
        AppendOutcome::Stale => draft(format!(
            "{leader} hears that {follower} had refused an older term: that says nothing about its log"
        )),
        AppendOutcome::Mismatch { .. } => {
            let differs = format!("{leader} hears that {follower}'s log differs");
            let lowered = asks_again(event, follower);
            let text = match lowered {
                Some(true) => differs + ": it lowers nextIndex and tries again further back",
                Some(false) => {
                    format!(
                        "{follower}'s refusal answers an earlier attempt: {leader} has gone further already"
                    )
                }
                None => differs,
            };
            draft(text).claim(lowered.map(|lowered| Claim::Retries { leader, follower, lowered }))
        }
    }
}

/// Whether a leader asks a follower once more because of its answer. That is not known where reads wait, for
/// which it may have begun a round of requests as well, or answered the follower.
pub(super) fn asks_again(event: &Event, follower: ServerId) -> Option<bool> {
    let sends = event.waiting > 0 || event.sent.iter().any(|name| name.to.server() == Some(follower));
    (!sends || of(event, Rule::ReadConfirmed).is_none()).then_some(sends)
}

fn acknowledged(event: &Event, said: &Message) -> Draft {
    let (leader, follower) = (said.to, said.from);
    let Body::AppendEntriesReply { prev_index, count, .. } = said.body else {
        return draft(Kind::Replication, &["§5.3"], format!("{follower} answers {leader}"));
    };
    let upto = Index(prev_index.0.saturating_add(count));
    if let Some(guard) = refused(event, Rule::CommitOnlyCurrentTerm) {
        let text = format!(
            "{leader} hears that {follower} has stored its log up to {upto}, and commits nothing by counting: {}",
            reason(guard)
        );
        return draft(Kind::Commit, &["§5.4.2"], text).at(upto);
    }
    let text = match (count, upto) {
        (0, Index(0)) => format!("{follower} has answered {leader}'s heartbeat"),
        (0, _) => format!("{leader} hears that {follower}'s log agrees up to entry {upto}"),
        _ => format!("{leader} hears that {follower} has stored {}", entries(prev_index.next(), upto)),
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
    let rise = Claim::Commit { server: leader, from: before.commit, to: index };
    if let Some(guard) = of(event, Rule::CommitAfterQuorum).filter(|guard| guard.broken()) {
        let counted = if let Value::Index(stored) = guard.left { stored } else { before.commit };
        let which = entries(before.commit.max(counted).next(), index);
        let text = format!("{leader} commits {which} before a majority has it");
        return draft(Kind::Commit, &["§5.3", "§5.4.2"], text).at(index).claim([rise]);
    }
    let quorums::Copies { on, complete } = quorums::acknowledged(scene, event, leader, index);
    let (which, voters) = (entries(before.commit.next(), index), electorate(&configuration));
    let off = |rule| of(event, rule).is_some_and(|guard| !guard.on);
    let mut counted = configuration.all_voters();
    if off(Rule::LearnersNotCounted) {
        counted = counted.or(configuration.members());
    }
    if off(Rule::LeaderOutsideNotCounted) {
        counted.insert(leader);
    }
    let on = on.and(counted);
    let majority = quorum::is_quorum(&configuration, on);
    let text = match (complete, majority) {
        (_, true) => {
            format!("{leader} counts {which} on {}, a majority of {voters}: committed", list(on.iter()))
        }
        (true, false) => {
            format!("{leader} counts {which} on {}, no majority of {voters}, and commits", list(on.iter()))
        }
        (false, false) => format!("{leader} counts {which} on enough servers: committed"),
    };
    let copies = complete.then_some(Claim::Copies { leader, index, on, majority });
    draft(Kind::Commit, &["§5.3", "§5.4.2"], text).at(index).claim([rise]).claim(copies)
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
    let lies = disk_of(scene, event.id, id).is_some_and(|(lies, _)| lies);
    let is_written = if lies { "is on its disk, as the disk says" } else { "is on its disk" };
    if after.role == RoleName::Leader && before.role == RoleName::Candidate {
        let (won, claim) = votes::won(event, scene, id);
        let text = format!(
            "{id}'s vote for itself {is_written}, and {id} has {won}: it leads in term {}",
            after.term
        );
        return draft(Kind::Election, &["§5.2"], text).claim(claim).claim(role_change(event));
    }
    let (what, written) = written(event, id, scene);
    let draft = if after.first_index > before.first_index {
        let upto = after.first_index.prev();
        let text =
            format!("{id}'s own snapshot up to entry {upto} {is_written}: its log gives up what that covers");
        draft(Kind::Disk, &["§7", "D3.8"], text).at(upto).claim([Claim::Snapshot {
            server: id,
            upto,
            installed: false,
        }])
    } else {
        draft(Kind::Disk, &["§5.1", "D3.8"], format!("{what} {is_written}"))
    };
    let draft = draft.claim([Claim::Durable { server: id, what: written, lies }]);
    match leaving(event, id, after, scene) {
        Some(leaves) => {
            let to = event.sent.iter().filter_map(|name| name.to.server()).collect();
            draft.and(&format!("; {leaves}")).claim([Claim::Sends { server: id, to }])
        }
        None => draft,
    }
}

/// Whether a server's disk lied before that event and how long its writes took, if that was ever said.
pub(super) fn disk_of(scene: Scene, before: EventId, id: ServerId) -> Option<(bool, Option<TimerRange>)> {
    scene.before(before).find_map(|event| match &event.what {
        What::Acted { action: Action::SetDisk { server, lies, fsync }, refused: None } if *server == id => {
            Some((*lies, *fsync))
        }
        _ => None,
    })
}

/// What was written, by the event that asked for it.
fn written(event: &Event, id: ServerId, scene: Scene) -> (String, Written) {
    let Some((cause, change)) = asked_by(event, scene) else {
        return (format!("A write of {id}"), Written::Other);
    };
    let now = change.after;
    if let What::Delivered { content: Content::Raft(said), .. } = &cause.what
        && let Body::InstallSnapshot { last_index: upto, .. } = said.body
        && of(cause, Rule::SnapshotKeepsSuffix).is_some()
    {
        let text = format!("{id}'s copy of {}'s snapshot up to entry {upto}", said.from);
        return (text, Written::Snapshot { upto });
    }
    let (term, vote) = (now.term, now.voted_for);
    match change.log_from {
        // With its rule off, term and vote are written one after the other.
        _ if cause.wrote > Some(token(event)) && of(cause, Rule::TermAndVoteTogether).is_none() => {
            (format!("A write of {id}"), Written::Other)
        }
        _ if cause.wrote > Some(token(event)) => {
            (format!("{id}'s new term {term}, still without its vote,"), Written::Term { term, vote: None })
        }
        Some(from) if now.last_index >= from => (
            format!("{id}'s write of {}", entries(from, now.last_index)),
            Written::Log { upto: now.last_index },
        ),
        Some(_) => (format!("{id}'s shorter log"), Written::Log { upto: now.last_index }),
        None if (term, vote) == (change.before.term, change.before.voted_for) => {
            (format!("{id}'s snapshot of what it had applied"), Written::Other)
        }
        None => {
            let text = match vote {
                Some(candidate) if candidate == id => format!("{id}'s vote for itself in term {term}"),
                Some(candidate) => format!("{id}'s vote for {candidate} in term {term}"),
                None if term > change.before.term => format!("{id}'s new term {term}"),
                None => format!("{id}'s term {term}, without its vote,"),
            };
            (text, Written::Term { term, vote })
        }
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
    // Where another event has left something waiting too, all that is known is to whom it goes.
    let alone = |cause: &Event| {
        let others = scene.before(event.id).take_while(|other| other.id > cause.id);
        cause.waiting as usize == event.sent.len()
            && others.filter(|other| other.server == Some(id)).all(|other| other.waiting == 0)
    };
    let cause = asked_by(event, scene).filter(|(cause, _)| alone(cause));
    let several = event.sent.len() > 1;
    Some(match cause {
        Some((_, change)) if stood(id, change.before, change.after) => {
            format!("its requests for votes leave, to {to}")
        }
        Some((cause, _)) => match &cause.what {
            What::Delivered {
                content: Content::Raft(Message { body: Body::RequestVote { .. }, from, .. }),
                ..
            } if now.voted_for == Some(*from) && vote_refused(&cause.guards).is_none() => {
                format!("its vote for {to} leaves")
            }
            What::Delivered { .. } if several => format!("its {} answers to {to} leave", event.sent.len()),
            What::Delivered { .. } => format!("its answer to {to} leaves"),
            _ => format!("what {id} had to say to {to} leaves"),
        },
        None => format!("what {id} had to say to {to} leaves"),
    })
}
