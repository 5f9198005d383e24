//! Clients in words: requests, redirections, answers, and what is known in the end.

use super::sentence::{Draft, Kind, draft};
use super::words::{list, op as asks};
use crate::kv::Op;
use crate::raft::RoleName;
use crate::sim::{Answer, ClientId, Event, Finished, Outcome, PacketName};

/// The words for not knowing.
pub(super) const UNKNOWN: &str = "it may have been done, may be done later, or never";

/// A request has reached a server.
pub(super) fn asked(event: &Event, name: PacketName, op: &Op) -> Draft {
    let Some(change) = &event.change else {
        return draft(Kind::Client, &["§8"], format!("{} asks {} for {}", name.from, name.to, asks(op)));
    };
    let (client, server, now) = (name.from, name.to, change.after);
    if now.role == RoleName::Leader {
        let text = format!(
            "{server} takes {client}'s {} into its log as entry {} of term {}{}",
            asks(op),
            now.last_index,
            now.term,
            sent_to(event)
        );
        return draft(Kind::Client, &["§5.3"], text).at(now.last_index);
    }
    let text = match now.leader {
        Some(leader) => format!("{server} does not lead and points {client} to {leader} for {}", asks(op)),
        None => {
            format!("{server} does not lead, knows nobody who does, and turns {client}'s {} away", asks(op))
        }
    };
    draft(Kind::Client, &["§8"], text)
}

/// " and sends it to S2 and S3", where anything left.
pub(super) fn sent_to(event: &Event) -> String {
    if event.sent.is_empty() {
        return String::new();
    }
    format!(", and sends it to {}", list(event.sent.iter().map(|name| name.to)))
}

/// An answer has reached a client.
pub(super) fn answered(event: &Event, name: PacketName, answer: &Answer) -> Draft {
    let (server, client) = (name.from, name.to);
    if let Some(finished) = &event.finished {
        return draft(Kind::Client, &["§8"], format!("{} – {server} has answered", known(finished)));
    }
    let next = event.sent.first().map(|name| name.to);
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
        (Answer::Done(_), _) => format!("{client} hears again from {server} what it knows already"),
    };
    draft(Kind::Client, &["§8"], text)
}

/// What a client knows of a request that is over.
fn known(finished: &Finished) -> String {
    let Finished { client, op, outcome, .. } = finished;
    let op = asks(op);
    match outcome {
        Outcome::Done(output) => {
            format!("{client} knows that {op} is done: {}", super::words::short(&output.to_string()))
        }
        Outcome::Failed => format!("{client} knows that {op} has failed: no server took it"),
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
    draft(Kind::Client, &["§8"], text)
}

/// The background client wants something new.
pub(super) fn ticked(event: &Event, client: ClientId) -> Draft {
    let text = match event.sent.first() {
        Some(name) => format!("{client}, the background client, asks {} for something new", name.to),
        None => {
            format!("{client}, the background client, still waits for an answer and asks for nothing new")
        }
    };
    draft(Kind::Client, &["§8"], text)
}
