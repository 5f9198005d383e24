//! Clients in words: requests, redirections, answers, and what is known in the end.

use super::claim::{Claim, Fate};
use super::guards::{passed, refused};
use super::roles::{gives_up, role_change};
use super::sentence::{Draft, Kind, Scene, draft};
use super::servers::{change_of, only_a_term};
use super::words::{list, once, op as wanted, request};
use crate::kv::{Op, Output};
use crate::raft::{Index, Message, ReadMode, RoleName, Rule, ServerSet, Term};
use crate::sim::{Answer, Brief, ClientId, Endpoint, Event, Finished, Outcome, PacketName};

/// The words for not knowing.
pub(super) const UNKNOWN: &str = "it may have been done, may be done later, or never";

/// "C1's x←1".
fn wish(client: Endpoint, op: &Op) -> String {
    let a = if matches!(op, Op::Register { .. }) { "request for " } else { "" };
    format!("{client}'s {a}{}", wanted(op))
}

/// A request has reached a server.
pub(super) fn asked(event: &Event, name: PacketName, op: &Op, mode: ReadMode) -> Draft {
    let (client, server) = (name.from, name.to);
    let Some(change) = &event.change else {
        let text = format!("{client} asks {server} {}", request(op, mode));
        return draft(Kind::Client, &["§8"], text);
    };
    let (wish, now) = (wish(client, op), change.after);
    if mode == ReadMode::Local && matches!(op, Op::Get { .. }) {
        let text = format!(
            "{server} answers {wish} at once from what it has applied, up to entry {}: that may be old",
            now.applied
        );
        return draft(Kind::Client, &["D6.4"], text);
    }
    if now.role == RoleName::Leader {
        return by_leader(event, name, &wish, mode, change.before, now);
    }
    let text = match now.leader {
        Some(leader) if mode == ReadMode::Follower && event.waiting > 0 => {
            format!(
                "{server} takes {wish} itself; its question to {leader} for a ReadIndex waits for its disk"
            )
        }
        Some(leader) if event.sent.iter().any(|sent| sent.to == Endpoint::Server(leader)) => {
            format!(
                "{server} takes {wish} itself, and asks {leader} up to where it has to apply its log first"
            )
        }
        Some(leader) => format!("{server} does not lead and points {client} to {leader} for {}", wanted(op)),
        None => format!("{server} does not lead, knows nobody who does, and turns {wish} away"),
    };
    draft(Kind::Client, &["§8"], text)
}

fn by_leader(
    event: &Event,
    name: PacketName,
    wish: &str,
    mode: ReadMode,
    before: Brief,
    now: Brief,
) -> Draft {
    let server = name.to;
    if mode != ReadMode::Log {
        return read(event, name, wish, mode, now);
    }
    if now.last_index == before.last_index
        && let Some(to) = now.transferring
    {
        let text = format!(
            "{server} hands its leadership over to {to}, and keeps {wish} waiting until that is over"
        );
        return draft(Kind::Client, &["D3.10"], text);
    }
    let (index, term) = (now.last_index, now.term);
    let text =
        format!("{server} takes {wish} into its log as entry {index} of term {term}{}", sent_to(event));
    draft(Kind::Client, &["§5.3"], text).at(index).claim(appended(event, index))
}

/// A follower asks its leader for a ReadIndex (D6.4).
pub(super) fn index_asked(event: &Event, said: &Message) -> Draft {
    let (_, now) = change_of(event);
    let (leader, follower) = (said.to, said.from);
    let text = if now.role != RoleName::Leader || now.term != said.term {
        let having = gives_up(event, "having");
        format!(
            "{follower} asks {leader} for a ReadIndex, but {leader} does not lead term {}{having}",
            said.term
        )
    } else if refused(event, Rule::ReadAfterOwnTermCommit).is_some() {
        format!(
            "{follower} asks {leader} for a ReadIndex, which has to wait until {leader} has committed an entry of its own term"
        )
    } else {
        format!(
            "{follower} asks {leader} for a ReadIndex: {leader} notes commitIndex {} and makes sure that it still leads",
            now.commit
        )
    };
    draft(Kind::Client, &["D6.4"], text).at(now.commit).claim(role_change(event))
}

/// The leader's answer to a follower (D6.4).
pub(super) fn index_came(event: &Event, said: &Message, asked: Term, index: Option<Index>) -> Draft {
    if let Some(draft) = only_a_term(event, said) {
        return draft;
    }
    let (_, now) = change_of(event);
    let (leader, follower) = (said.from, said.to);
    let answers = event.sent.iter().any(|name| matches!(name.to, Endpoint::Client(_)));
    let text = match index {
        Some(index) if answers => {
            format!(
                "{follower} has applied its log up to ReadIndex {index}, which {leader} confirms, and answers the read"
            )
        }
        Some(index) if now.applied < index => {
            format!(
                "{follower} has to apply its log up to {index} before it answers the read, and is at {}",
                now.applied
            )
        }
        Some(_) => format!("{leader}'s ReadIndex reaches {follower}, which no longer needs it"),
        None => format!("{leader} has no ReadIndex for {follower}: it does not lead term {asked}"),
    };
    draft(Kind::Client, &["D6.4"], text)
}

/// A read past the log has reached a leader.
fn read(event: &Event, name: PacketName, wish: &str, mode: ReadMode, now: Brief) -> Draft {
    let server = name.to;
    let done = event.sent.iter().any(|sent| sent.to == name.from);
    let commit = now.commit;
    let no_lease = match mode {
        ReadMode::Lease => ", having no lease that counts,",
        _ => "",
    };
    let (section, text) = if done && passed(event, Rule::ReadConfirmed).is_none() {
        let text = format!(
            "{server} holds a lease and answers {wish} at once, without asking whether it still leads"
        );
        ("D6.4.1", text)
    } else if done {
        ("D6.4", format!("{server} answers {wish} at once"))
    } else if refused(event, Rule::ReadAfterOwnTermCommit).is_some() {
        ("D6.4", format!("{server} keeps {wish} until it has committed an entry of its own term"))
    } else if event.sent.is_empty() {
        (
            "D6.4",
            format!(
                "{server} notes commitIndex {commit} for {wish}, and will ask round when the round under way is over"
            ),
        )
    } else {
        let to = once(event.sent.iter().map(|name| name.to));
        (
            "D6.4",
            format!(
                "{server}{no_lease} notes commitIndex {commit} for {wish}, and asks {to} whether it still leads"
            ),
        )
    };
    draft(Kind::Client, &[section], text).at(commit)
}

/// An entry is new at the end of a leader's log.
pub(super) fn appended(event: &Event, index: Index) -> Option<Claim> {
    event.server.map(|server| Claim::Entries { server, from: index, to: index, fate: Fate::Stored })
}

/// " and sends it to S2 and S3", where anything left for another server.
pub(super) fn sent_to(event: &Event) -> String {
    let to: ServerSet = event.sent.iter().filter_map(|name| name.to.server()).collect();
    if to.is_empty() { String::new() } else { format!(", and sends it to {}", list(to.iter())) }
}

/// An answer has reached a client.
pub(super) fn answered(event: &Event, name: PacketName, answer: &Answer, scene: Scene) -> Draft {
    let (server, client) = (name.from, name.to);
    if let Some(finished) = &event.finished {
        if matches!(answer, Answer::Done(Output::NoSession | Output::Outdated)) {
            let text =
                format!("{server} has answered {client} that its session has ended: {}", known(finished));
            return draft(Kind::Client, &["D6.3"], text);
        }
        let text = match finished.outcome {
            Outcome::Done(_) => format!("{} – {server} has answered", known(finished)),
            _ => format!("{server} has answered {client}, which has asked long enough: {}", known(finished)),
        };
        return draft(Kind::Client, &["§8"], text);
    }
    let next = event.sent.first().map(|name| name.to);
    if next.is_none()
        && (matches!(answer, Answer::Done(_)) || asked_last(scene, event, client) != Some(server))
    {
        let text = format!(
            "{server}'s answer reaches {client}, which does not wait for it any more: nothing changes"
        );
        return draft(Kind::Client, &["§8"], text);
    }
    let text = match (answer, next) {
        (Answer::NotLeader(Some(leader)), Some(next)) => {
            format!("{client} hears from {server} that {leader} leads, and asks {next}")
        }
        (Answer::NotLeader(_), None) => {
            format!("{client} hears that {server} does not lead, and waits a little before it asks another")
        }
        (Answer::NotLeader(None), Some(next)) => {
            format!("{client} hears that {server} does not lead, and asks {next}")
        }
        (Answer::Erased, _) => {
            format!(
                "{client} hears from {server} that another entry took the place of its own, and will ask again"
            )
        }
        (Answer::Done(Output::NoSession | Output::Outdated), Some(next)) => {
            format!("{client} hears from {server} that its session has ended, and asks {next} for a new one")
        }
        (Answer::Done(_), Some(next)) => {
            format!("{client} has a session at {server} now, and asks {next} for what it wanted")
        }
        (Answer::Done(_), None) => format!("{server} has answered {client}"),
    };
    let sessions = matches!(answer, Answer::Done(_)) && next.is_some();
    draft(Kind::Client, if sessions { &["D6.3"] } else { &["§8"] }, text).claim(asks(event))
}

/// Whom a client has asked last, if it waits for an answer still.
fn asked_last(scene: Scene, event: &Event, client: Endpoint) -> Option<Endpoint> {
    let over =
        |other: &Event| other.finished.as_ref().is_some_and(|over| Endpoint::Client(over.client) == client);
    let asked = |other: &Event| other.sent.iter().rev().find(|name| name.from == client).map(|name| name.to);
    scene.before(event.id).find_map(|other| asked(other).map(Some).or(over(other).then_some(None))).flatten()
}

/// A client asks a server.
fn asks(event: &Event) -> Option<Claim> {
    event.sent.first().and_then(|name| match (name.from, name.to) {
        (Endpoint::Client(client), Endpoint::Server(server)) => Some(Claim::Asks { client, server }),
        _ => None,
    })
}

/// What a client knows of a request that is over.
fn known(finished: &Finished) -> String {
    let Finished { client, op, outcome, .. } = finished;
    let op = wanted(op);
    match outcome {
        Outcome::Done(output) => {
            format!("{client} knows that {op} is done: {}", super::words::short(&output.to_string()))
        }
        Outcome::Failed => format!("{client} knows that {op} has failed: it was not done and never will be"),
        Outcome::Unknown => {
            format!("{client} gives up on {op} and does not know what became of it: {UNKNOWN}")
        }
    }
}

/// A client has waited long enough.
pub(super) fn woke(event: &Event, client: ClientId, serial: u32, timed_out: bool) -> Draft {
    if let Some(finished) = &event.finished {
        return draft(Kind::Client, &["§8"], known(finished));
    }
    let waited = if timed_out {
        format!("{client} has waited in vain for an answer to its request {serial}")
    } else {
        format!("{client} has paused before asking again for its request {serial}")
    };
    let text = match event.sent.first() {
        Some(name) => format!("{waited}, and asks {}", name.to),
        None => waited,
    };
    draft(Kind::Client, &["§8"], text).claim(asks(event))
}

/// The background client wants something new.
pub(super) fn ticked(event: &Event, client: ClientId) -> Draft {
    let text = match event.sent.first() {
        Some(name) => format!("{client}, a background client, asks {} for something new", name.to),
        None => {
            format!(
                "{client}, a background client, is still busy with its last request and asks for nothing new"
            )
        }
    };
    draft(Kind::Client, &["§8"], text).claim(asks(event))
}
