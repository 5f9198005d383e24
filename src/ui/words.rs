//! Short texts for what the page shows again and again.

use crate::kv::{Command, Op};
use crate::raft::{AppendOutcome, Body, Message, Payload, ReadMode, RoleName, SnapshotOutcome, Term};
use crate::sim::{Answer, Content, Outcome, Server};

/// The class that gives a term its colour. Colours repeat; the number is always written as well.
#[must_use]
pub fn term_class(term: Term) -> &'static str {
    const CLASSES: [&str; 7] = ["t1", "t2", "t3", "t4", "t5", "t6", "t7"];
    match term.0.checked_sub(1) {
        None => "t0",
        Some(n) => CLASSES[(n % 7) as usize],
    }
}

/// What a server is, in a word.
#[must_use]
pub fn role_word(server: &Server) -> &'static str {
    let brief = server.brief();
    match (brief.up, brief.role) {
        _ if server.retired => "retired: its disk is lost",
        (false, _) => "crashed",
        (true, RoleName::Follower) => "follower",
        (true, RoleName::Candidate) => "candidate",
        (true, RoleName::Leader) => "leader",
        (true, RoleName::PreCandidate) => "pre-candidate",
    }
}

/// A virtual time, in milliseconds or seconds.
#[must_use]
pub fn time_text(us: f64) -> String {
    if us < 10_000_000.0 { format!("{:.2} ms", us / 1000.0) } else { format!("{:.3} s", us / 1_000_000.0) }
}

/// A speed, as people say it: 1/50 or 2.
#[must_use]
pub fn speed_text(speed: f64) -> String {
    if speed < 0.95 {
        let part = 1.0 / speed;
        let part = if part < 10.0 { (part * 10.0).round() / 10.0 } else { part.round() };
        return format!("1/{part}");
    }
    format!("{}", (speed * 10.0).round() / 10.0)
}

/// At most so many characters of a text.
#[must_use]
pub fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// What an entry says.
#[must_use]
pub fn payload_text(payload: &Payload) -> String {
    match payload {
        Payload::Noop => "no-op".into(),
        Payload::Command(bytes) => Command::decode(bytes).map_or("(unreadable)".into(), |c| c.op.to_string()),
        Payload::Configuration(configuration) => configuration.to_string(),
    }
}

/// The name of what a message says.
#[must_use]
pub fn content_name(content: &Content) -> &'static str {
    match content {
        Content::Raft(message) => message_name(message),
        Content::Request { .. } => "client request",
        Content::Response { .. } => "answer to the client",
    }
}

/// The name of a message between servers.
#[must_use]
pub fn message_name(message: &Message) -> &'static str {
    match &message.body {
        Body::RequestVote { .. } => "RequestVote",
        Body::RequestVoteReply { granted: true, .. } => "vote granted",
        Body::RequestVoteReply { granted: false, .. } => "vote refused",
        Body::AppendEntries { entries, .. } if entries.is_empty() => "AppendEntries, heartbeat",
        Body::AppendEntries { .. } => "AppendEntries",
        Body::AppendEntriesReply { outcome: AppendOutcome::Success, .. } => "AppendEntries accepted",
        Body::AppendEntriesReply { .. } => "AppendEntries refused",
        Body::PreVote { .. } => "PreVote",
        Body::PreVoteReply { granted: true, .. } => "pre-vote granted",
        Body::PreVoteReply { granted: false, .. } => "pre-vote refused",
        Body::InstallSnapshot { .. } => "InstallSnapshot",
        Body::InstallSnapshotReply { outcome: SnapshotOutcome::Installed, .. } => "snapshot installed",
        Body::InstallSnapshotReply { outcome: SnapshotOutcome::Stale, .. } => "InstallSnapshot refused",
        Body::InstallSnapshotReply { .. } => "piece of a snapshot received",
        Body::TimeoutNow => "TimeoutNow",
        Body::ReadIndex { .. } => "ReadIndex asked for",
        Body::ReadIndexReply { index: Some(_), .. } => "ReadIndex",
        Body::ReadIndexReply { .. } => "ReadIndex refused",
    }
}

/// What a message says, line by line: a name and a value.
#[must_use]
pub fn content_lines(content: &Content) -> Vec<(&'static str, String)> {
    match content {
        Content::Raft(message) => message_lines(message),
        Content::Request { serial, op, session, mode } => {
            let mut lines = vec![("asks", op.to_string()), ("request", format!("no. {serial}"))];
            if matches!(op, Op::Get { .. }) {
                lines.push(("read", mode_text(*mode).into()));
            }
            lines.extend(session.then(|| ("session", "yes: takes effect at most once".into())));
            lines
        }
        Content::Response { serial, answer } => {
            vec![("says", answer_text(answer)), ("request", format!("no. {serial}"))]
        }
    }
}

/// A message between servers, line by line, with the names of Figure 2.
#[must_use]
pub fn message_lines(message: &Message) -> Vec<(&'static str, String)> {
    let mut lines = vec![("term", message.term.to_string())];
    match &message.body {
        Body::RequestVote { last_index, last_term, transfer } => {
            lines.push(("candidateId", message.from.to_string()));
            lines.push(("lastLogIndex", last_index.to_string()));
            lines.push(("lastLogTerm", last_term.to_string()));
            lines.extend(transfer.then(|| ("leadership transfer", "yes: the leader asked for it".into())));
        }
        Body::PreVote { asked, last_index, last_term } => {
            lines.push(("would stand in term", asked.to_string()));
            lines.push(("lastLogIndex", last_index.to_string()));
            lines.push(("lastLogTerm", last_term.to_string()));
        }
        Body::PreVoteReply { asked, granted } => {
            lines.push(("would vote", granted.to_string()));
            lines.push(("in term", asked.to_string()));
        }
        Body::InstallSnapshot { last_index, last_term, configuration, offset, data, done, round: _ } => {
            lines.push(("lastIncludedIndex", last_index.to_string()));
            lines.push(("lastIncludedTerm", last_term.to_string()));
            lines.push(("configuration", configuration.to_string()));
            lines.push(("offset", offset.to_string()));
            lines.push(("data", format!("{} bytes", data.0.len())));
            lines.push(("done", done.to_string()));
        }
        Body::InstallSnapshotReply { last_index, outcome, .. } => {
            lines.push(("snapshot up to", last_index.to_string()));
            lines.push((
                "says",
                match outcome {
                    SnapshotOutcome::Stale => "the request was of an older term".into(),
                    SnapshotOutcome::More { offset } => format!("go on from byte {offset}"),
                    SnapshotOutcome::Installed => "everything it covers is here, and on disk".into(),
                },
            ));
        }
        Body::TimeoutNow => lines.push(("asks", format!("{} to start an election at once", message.to))),
        Body::ReadIndex { .. } => {
            lines.push(("asks", "up to which index it has to apply its log before it answers a read".into()));
        }
        Body::ReadIndexReply { asked, index, .. } => {
            let says = index.map_or("it does not lead".into(), |index| format!("apply up to {index} first"));
            lines.push(("says", says));
            lines.push(("answers a request of term", asked.to_string()));
        }
        Body::RequestVoteReply { asked, granted } => {
            lines.push(("voteGranted", granted.to_string()));
            lines.push(("answers a request of term", asked.to_string()));
        }
        Body::AppendEntries { prev_index, prev_term, entries, leader_commit, round } => {
            lines.push(("leaderId", message.from.to_string()));
            lines.push(("prevLogIndex", prev_index.to_string()));
            lines.push(("prevLogTerm", prev_term.to_string()));
            let told: Vec<String> = (prev_index.0 + 1..)
                .zip(entries.iter())
                .take(6)
                .map(|(index, entry)| {
                    format!("{index}: {} (term {})", clip(&payload_text(&entry.payload), 24), entry.term)
                })
                .collect();
            let more = entries.len().saturating_sub(told.len());
            lines.push(match (told.is_empty(), more) {
                (true, _) => ("entries", "none: a heartbeat".into()),
                (false, 0) => ("entries", told.join(", ")),
                (false, more) => ("entries", format!("{} and {more} more", told.join(", "))),
            });
            lines.push(("leaderCommit", leader_commit.to_string()));
            lines.extend((round.0 > 0).then(|| ("round", round.0.to_string())));
        }
        Body::AppendEntriesReply { asked, prev_index, count, outcome, round } => {
            let (success, why) = match outcome {
                AppendOutcome::Success => ("true", None),
                AppendOutcome::Stale => ("false", Some("the request was of an older term".into())),
                AppendOutcome::Mismatch { hint } => (
                    "false",
                    Some(match hint {
                        None => "no such entry at prevLogIndex".into(),
                        Some(hint) => match hint.term {
                            Some(term) => format!("conflict: term {term} from index {} on", hint.index),
                            None => format!("conflict: the log ends before index {}", hint.index),
                        },
                    }),
                ),
            };
            lines.push(("success", success.into()));
            lines.extend(why.map(|why| ("because", why)));
            lines.push(("answers", format!("{count} entries after index {prev_index}, term {asked}")));
            lines.extend((round.0 > 0).then(|| ("round", round.0.to_string())));
        }
    }
    lines
}

/// How a read is answered, in a few words.
#[must_use]
pub fn mode_text(mode: ReadMode) -> &'static str {
    match mode {
        ReadMode::Log => "through the log",
        ReadMode::ReadIndex => "ReadIndex",
        ReadMode::Lease => "by the lease",
        ReadMode::Local => "local, without a promise",
        ReadMode::Follower => "at a follower, by its leader's ReadIndex",
    }
}

/// What a server answers to a client.
#[must_use]
pub fn answer_text(answer: &Answer) -> String {
    match answer {
        Answer::Done(output) => format!("done: {output}"),
        Answer::NotLeader(Some(leader)) => format!("not the leader; ask {leader}"),
        Answer::NotLeader(None) => "not the leader, and knows of none".into(),
        Answer::Erased => "another entry was committed in its place".into(),
    }
}

/// What a client knows in the end.
#[must_use]
pub fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(output) => format!("✓ {output}"),
        Outcome::Failed => "✕ failed".into(),
        Outcome::Unknown => "? outcome unknown".into(),
    }
}
