//! Every event in one plain sentence.

use super::claim::Claim;
use super::guards::deciding;
use super::{asides, client, hands, phrases, servers, timers};
use crate::raft::{Index, ServerId, ServerSet};
use crate::sim::{Content, Event, EventId, PacketName, What};
use crate::timeline::Run;
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// What kind of thing happened, to filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Timeouts, votes, leaders coming and going.
    Election,
    /// AppendEntries, heartbeats, and their answers.
    Replication,
    /// A commitIndex rises, or does not though one may have hoped so.
    Commit,
    /// Clients ask and are answered.
    Client,
    /// Messages that do not arrive.
    Network,
    /// Writes that become durable.
    Disk,
    /// Somebody acts: timers and messages by hand, rules, options.
    Action,
    /// Somebody makes trouble, or ends it: crashes, restarts, pauses, cuts.
    Fault,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 8] = [
        Kind::Election,
        Kind::Replication,
        Kind::Commit,
        Kind::Client,
        Kind::Network,
        Kind::Disk,
        Kind::Action,
        Kind::Fault,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Election => "election",
            Kind::Replication => "replication",
            Kind::Commit => "commit",
            Kind::Client => "client",
            Kind::Network => "network",
            Kind::Disk => "disk",
            Kind::Action => "action",
            Kind::Fault => "fault",
        }
    }
}

/// An event in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sentence {
    /// The sentence, without sections and without a full stop.
    pub text: String,
    /// Where it stands: sections of the paper (§) or of the dissertation (D).
    pub sections: Vec<&'static str>,
    /// What kind of thing happened.
    pub kind: Kind,
    /// The servers that it concerns.
    pub servers: ServerSet,
    /// What it speaks of.
    pub about: About,
    /// What it claims.
    pub claims: Vec<Claim>,
}

/// What a sentence speaks of: where a click on it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The event.
    pub event: EventId,
    /// The server that it happened to.
    pub server: Option<ServerId>,
    /// The message.
    pub message: Option<PacketName>,
    /// The index in the log.
    pub index: Option<Index>,
}

impl Sentence {
    /// The sections as they stand behind the sentence, "§5.2, §5.4.1"; empty where there are none.
    #[must_use]
    pub fn citation(&self) -> String {
        self.sections.join(", ")
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if !self.sections.is_empty() {
            write!(f, " ({})", self.citation())?;
        }
        f.write_str(".")
    }
}

/// What a sentence may consult besides the event itself: how many servers there are, and what went
/// before.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// How many servers there are.
    pub servers: u8,
    /// The events that are known, oldest first.
    pub trace: &'a VecDeque<Arc<Event>>,
}

impl<'a> Scene<'a> {
    /// What a run knows.
    #[must_use]
    pub fn of(run: &'a Run) -> Scene<'a> {
        Scene { servers: run.world().servers().len() as u8, trace: run.events() }
    }

    /// An event, if it is still known.
    #[must_use]
    pub fn event(self, id: EventId) -> Option<&'a Event> {
        self.trace.get(self.place(id)?).map(|event| &**event)
    }

    /// The events before that one, newest first.
    pub fn before(self, id: EventId) -> impl Iterator<Item = &'a Event> {
        let known = self.place(id).unwrap_or(0).min(self.trace.len());
        self.trace.range(..known).rev().map(|event| &**event)
    }

    fn place(self, id: EventId) -> Option<usize> {
        let first = self.trace.front()?.id;
        usize::try_from(id.0.checked_sub(first.0)?).ok()
    }
}

/// A sentence in the making.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) sections: Vec<&'static str>,
    pub(super) kind: Kind,
    pub(super) index: Option<Index>,
    pub(super) claims: Vec<Claim>,
}

pub(super) fn draft(kind: Kind, sections: &[&'static str], text: impl Into<String>) -> Draft {
    Draft { text: text.into(), sections: sections.to_vec(), kind, index: None, claims: Vec::new() }
}

impl Draft {
    pub(super) fn at(mut self, index: Index) -> Draft {
        self.index = Some(index);
        self
    }

    pub(super) fn also(mut self, section: &'static str) -> Draft {
        self.sections.push(section);
        self
    }

    /// What its words claim.
    pub(super) fn claim(mut self, claims: impl IntoIterator<Item = Claim>) -> Draft {
        self.claims.extend(claims);
        self
    }

    pub(super) fn and(mut self, more: &str) -> Draft {
        self.text.push_str(more);
        self
    }
}

/// An event in one sentence.
#[must_use]
pub fn sentence(event: &Event, scene: Scene) -> Sentence {
    let mut draft = match &event.what {
        What::Acted { action, refused } => hands::acted(event, action, refused.as_ref(), scene),
        What::Fired { timer } => timers::fired(event, *timer, scene),
        What::Delivered { message, content } => match content {
            Content::Raft(said) => servers::delivered(event, said, scene),
            Content::Request { op, mode, .. } => client::asked(event, *message, op, *mode),
            Content::Response { answer, .. } => client::answered(event, *message, answer, scene),
        },
        What::Dropped { message, content, reason } => phrases::dropped(*message, content, *reason),
        What::Queued { message, content } => phrases::queued(*message, content),
        What::Synced { .. } => servers::synced(event, scene),
        What::Woke { client, serial, timed_out } => client::woke(event, *client, *serial, *timed_out),
        What::Ticked { client } => client::ticked(event, *client),
    };
    asides::add(&mut draft, event, scene);
    if let Some(guard) = deciding(event).filter(|guard| guard.broken()) {
        draft.text.push_str(&format!("; a rule is off here: {}", guard.rule.title()));
        draft.sections.push(guard.rule.section());
    }
    let mut sections: Vec<&'static str> = Vec::new();
    for section in draft.sections.iter().flat_map(|sections| sections.split(", ")) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    Sentence {
        servers: concerned(event, &draft.text),
        text: draft.text,
        sections,
        kind: draft.kind,
        claims: draft.claims,
        about: About {
            event: event.id,
            server: event.server.or_else(|| acted_on(event).iter().next()),
            message: message_of(event),
            index: draft.index,
        },
    }
}

/// The servers that an event concerns: where it happened, the ends of its message, and whom the sentence
/// names. That a leader also sent something to everyone concerns not everyone.
fn concerned(event: &Event, text: &str) -> ServerSet {
    let ends = message_of(event).into_iter().flat_map(|name| [name.from.server(), name.to.server()]);
    let named = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| word.len() == 2 && word.starts_with('S'))
        .filter_map(|word| word.parse().ok());
    event.server.into_iter().chain(ends.flatten()).chain(named).collect::<ServerSet>().or(acted_on(event))
}

fn acted_on(event: &Event) -> ServerSet {
    match &event.what {
        What::Acted { action, .. } => phrases::servers_of(action),
        _ => ServerSet::EMPTY,
    }
}

fn message_of(event: &Event) -> Option<PacketName> {
    match &event.what {
        What::Delivered { message, .. } | What::Dropped { message, .. } | What::Queued { message, .. } => {
            Some(*message)
        }
        What::Acted { action, .. } => phrases::message_of(action),
        _ => None,
    }
}
