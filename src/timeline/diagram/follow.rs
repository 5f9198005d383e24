//! One entry followed from the client's request to its being applied on every server.

use super::{Diagram, Row, host, message_of};
use crate::raft::{Body, Index, RoleName, ServerId, Term};
use crate::sim::{ClientId, Content, Event, EventId, PacketName, What};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The most steps that are listed.
pub const STEPS_MAX: usize = 300;

/// What happened to the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// A client asks for what the entry holds.
    Asked,
    /// A leader has put it into its log.
    Appended,
    /// A message that carries it leaves.
    Sent,
    /// A message that carried it was lost.
    Lost,
    /// A follower has put it into its log.
    Stored,
    /// A follower was told of it, and has it already.
    Known,
    /// It is on the disk.
    Durable,
    /// A snapshot that covers it has taken the place of the log.
    Covered,
    /// commitIndex has reached it.
    Committed,
    /// The state machine has applied it.
    Applied,
    /// It is no longer in the log: replaced, or lost in a crash.
    Gone,
    /// The answer leaves.
    Answered,
    /// The client has the answer.
    Heard,
}

/// One step of the entry's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The place of the event in the diagram.
    pub place: usize,
    /// The event.
    pub event: EventId,
    /// When, in microseconds.
    pub at_us: u64,
    /// Who: a server, a client.
    pub who: Row,
    /// What happened to the entry there.
    pub kind: StepKind,
    /// The message by which it came or went.
    pub message: Option<PacketName>,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.who;
        match (self.kind, self.message) {
            (StepKind::Asked, Some(name)) => write!(f, "{who} asks {} for it", name.to),
            (StepKind::Asked, None) => write!(f, "{who} asks for it"),
            (StepKind::Appended, _) => write!(f, "{who} leads, and puts it into its log"),
            (StepKind::Sent, Some(name)) => write!(f, "{who} sends it to {}", name.to),
            (StepKind::Sent, None) => write!(f, "{who} sends it"),
            (StepKind::Lost, Some(name)) => {
                write!(f, "on its way from {} to {} it is lost", name.from, name.to)
            }
            (StepKind::Lost, None) => f.write_str("it is lost on its way"),
            (StepKind::Stored, Some(name)) => write!(f, "{who} puts it into its log, from {}", name.from),
            (StepKind::Stored, None) => write!(f, "{who} puts it into its log"),
            (StepKind::Known, _) => write!(f, "{who} is sent it, and has it already or refuses it"),
            (StepKind::Durable, _) => write!(f, "it is on {who}’s disk"),
            (StepKind::Covered, _) => write!(f, "a snapshot that covers it takes the place of {who}’s log"),
            (StepKind::Committed, _) => write!(f, "{who} knows that it is committed"),
            (StepKind::Applied, _) => write!(f, "{who} applies it"),
            (StepKind::Gone, _) => write!(f, "{who} no longer has it"),
            (StepKind::Answered, Some(name)) => write!(f, "{who} answers {}", name.to),
            (StepKind::Answered, None) => write!(f, "{who} answers the client"),
            (StepKind::Heard, _) => write!(f, "{who} has the answer"),
        }
    }
}

/// The way of an entry through the stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// Its index.
    pub index: Index,
    /// Its term.
    pub term: Term,
    /// What happened to it, in order; the first [`STEPS_MAX`] of it.
    pub steps: Vec<Step>,
    /// How many steps there are beyond those.
    pub more: usize,
    /// The messages that carried it.
    pub messages: BTreeSet<PacketName>,
}

/// Follows an entry through a stretch. What a server had in its log before the stretch is known only where
/// an event says so: by the last entry of its log, or by an entry that it is sent.
#[must_use]
pub fn follow(diagram: &Diagram, index: Index, term: Term) -> Follow {
    let mut way = Way {
        diagram,
        index,
        term,
        holders: BTreeSet::new(),
        request: None,
        messages: messages(diagram, index, term),
        steps: Vec::new(),
    };
    way.request = way.find_request();
    for place in 0..diagram.events().len() {
        way.look(place);
    }
    let more = way.steps.len().saturating_sub(STEPS_MAX);
    way.steps.truncate(STEPS_MAX);
    Follow { index, term, steps: way.steps, more, messages: way.messages.into_keys().collect() }
}

/// The messages that carry the entry.
fn messages(diagram: &Diagram, index: Index, term: Term) -> BTreeMap<PacketName, ()> {
    let carries = |event: &Event| match &event.what {
        What::Delivered { message, content }
        | What::Dropped { message, content, .. }
        | What::Queued { message, content } => carries(content, index, term).then_some((*message, ())),
        _ => None,
    };
    diagram.events().iter().filter_map(|event| carries(event)).collect()
}

/// Whether a message carries that entry.
fn carries(content: &Content, index: Index, term: Term) -> bool {
    let Content::Raft(message) = content else { return false };
    let Body::AppendEntries { prev_index, entries, .. } = &message.body else { return false };
    let Some(nth) = index.0.checked_sub(prev_index.0 + 1).and_then(|nth| usize::try_from(nth).ok()) else {
        return false;
    };
    entries.get(nth).is_some_and(|entry| entry.term == term)
}

/// An entry on its way.
struct Way<'a> {
    diagram: &'a Diagram,
    index: Index,
    term: Term,
    /// Who has it in its log, as far as the events say.
    holders: BTreeSet<ServerId>,
    /// Whose request it is.
    request: Option<(ClientId, u32)>,
    messages: BTreeMap<PacketName, ()>,
    steps: Vec<Step>,
}

impl Way<'_> {
    fn event(&self, place: usize) -> &Event {
        &self.diagram.events()[place]
    }

    /// Whether it enters a leader's log by this event.
    fn is_appended(&self, event: &Event) -> bool {
        event.change.as_ref().is_some_and(|change| {
            let wrote = change.log_from.is_some_and(|from| from <= self.index);
            let after = &change.after;
            wrote
                && after.role == RoleName::Leader
                && after.term == self.term
                && self.index <= after.last_index
                && change.before.last_index < self.index
        })
    }

    /// The client's request that became the entry, if it came within the stretch.
    fn find_request(&self) -> Option<(ClientId, u32)> {
        let event = self.diagram.events().iter().find(|event| self.is_appended(event))?;
        match &event.what {
            What::Delivered { message, content: Content::Request { serial, .. } } => match message.from {
                crate::sim::Endpoint::Client(client) => Some((client, *serial)),
                crate::sim::Endpoint::Server(_) => None,
            },
            _ => None,
        }
    }

    fn step(&mut self, place: usize, kind: StepKind, message: Option<PacketName>) {
        let event = self.event(place);
        let who = host(event).or_else(|| message.map(|name| name.to.into()));
        let Some(who) = who else { return };
        let (id, at_us) = (event.id, event.at_us);
        self.steps.push(Step { place, event: id, at_us, who, kind, message });
    }

    /// All that an event does to the entry.
    fn look(&mut self, place: usize) {
        let diagram = self.diagram;
        let event: &Event = &diagram.events()[place];
        self.arrives(place, event);
        self.changes(place, event);
        for &name in &event.sent {
            if self.messages.contains_key(&name) {
                self.step(place, StepKind::Sent, Some(name));
            } else if self.is_request(name) {
                self.step(place, StepKind::Asked, Some(name));
            } else if self.is_answer(name) {
                self.step(place, StepKind::Answered, Some(name));
            }
        }
    }

    /// A message arrives, or is lost.
    fn arrives(&mut self, place: usize, event: &Event) {
        let Some(name) = message_of(event) else { return };
        let carries = self.messages.contains_key(&name);
        match &event.what {
            What::Dropped { .. } if carries => self.step(place, StepKind::Lost, Some(name)),
            What::Delivered { content: Content::Response { serial, .. }, .. }
                if self.request.is_some_and(|(client, asked)| {
                    Row::Client(client) == name.to.into() && asked == *serial
                }) && event.finished.is_some() =>
            {
                self.step(place, StepKind::Heard, Some(name));
            }
            What::Delivered { .. } if carries => {
                let stored = self.is_stored(event);
                self.step(place, if stored { StepKind::Stored } else { StepKind::Known }, Some(name));
                if stored {
                    self.holders.extend(event.server);
                }
            }
            _ => {}
        }
    }

    /// Whether a follower writes its log from the entry or before it.
    fn is_stored(&self, event: &Event) -> bool {
        event.change.as_ref().is_some_and(|change| {
            change.log_from.is_some_and(|from| from <= self.index) && self.index <= change.after.last_index
        })
    }

    /// The server's state changes.
    fn changes(&mut self, place: usize, event: &Event) {
        let (Some(server), Some(change)) = (event.server, &event.change) else { return };
        let (before, after) = (&change.before, &change.after);
        let index = self.index;
        if (before.last_index, before.last_term) == (index, self.term) {
            self.holders.insert(server);
        }
        let had = self.holders.contains(&server);
        let appended = self.is_appended(event);
        let stored = self.steps.last().is_some_and(|s| s.place == place && s.kind == StepKind::Stored);
        if appended {
            self.step(place, StepKind::Appended, None);
            self.holders.insert(server);
        } else if had && !stored && Self::is_gone(event, index) {
            self.step(place, StepKind::Gone, None);
            self.holders.remove(&server);
        }
        if (after.last_index, after.last_term) == (index, self.term) {
            self.holders.insert(server);
        }
        let covered = before.first_index <= index && index < after.first_index;
        if covered && (had || self.commits_elsewhere()) {
            self.step(place, StepKind::Covered, None);
            self.holders.insert(server);
        }
        if !self.holders.contains(&server) {
            return;
        }
        let reaches = |before: Index, after: Index| before < index && index <= after;
        if reaches(before.durable_index, after.durable_index) {
            self.step(place, StepKind::Durable, None);
        }
        if reaches(before.commit, after.commit) {
            self.step(place, StepKind::Committed, None);
        }
        if reaches(before.applied, after.applied) {
            self.step(place, StepKind::Applied, None);
        }
    }

    /// Whether the entry leaves a log by this event, whose server had it: the log is written from it or from
    /// before it by somebody who does not send it, or it ends before it.
    fn is_gone(event: &Event, index: Index) -> bool {
        event.change.as_ref().is_some_and(|change| {
            change.log_from.is_some_and(|from| from <= index) && change.after.first_index <= index
                || change.after.last_index < index
        })
    }

    /// Whether anybody was seen to commit it: only then a snapshot from elsewhere holds this very entry.
    fn commits_elsewhere(&self) -> bool {
        self.steps.iter().any(|step| step.kind == StepKind::Committed)
    }

    /// Whether a message is the client's request, a repeated one included.
    fn is_request(&self, name: PacketName) -> bool {
        self.request.is_some_and(|(client, serial)| {
            Row::Client(client) == name.from.into() && self.client_message(name) == Some((true, serial))
        })
    }

    /// Whether a message is the answer to it.
    fn is_answer(&self, name: PacketName) -> bool {
        self.request.is_some_and(|(client, serial)| {
            Row::Client(client) == name.to.into() && self.client_message(name) == Some((false, serial))
        })
    }

    /// Whether a client's message is a request, and its number.
    fn client_message(&self, name: PacketName) -> Option<(bool, u32)> {
        let line = self.diagram.line(name)?;
        match &self.event(line.end.place()?).what {
            What::Delivered { content, .. } | What::Dropped { content, .. } => match content {
                Content::Request { serial, .. } => Some((true, *serial)),
                Content::Response { serial, .. } => Some((false, *serial)),
                Content::Raft(_) => None,
            },
            _ => None,
        }
    }
}
