//! A broken promise: which one, by whom, with which values, and through which events.

use super::Property;
use crate::kv::Command;
use crate::raft::{Entry, Index, Log, Payload, ServerId, ServerSet};
use crate::sim::EventId;
use serde::Serialize;
use std::sync::Arc;

/// Stands for the start of a run where an event is remembered.
pub(super) const START: EventId = EventId(u64::MAX);

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// Which one.
    pub property: Property,
    /// The event after which it no longer held; the first one, if it did not hold from the start.
    pub event: EventId,
    /// When, in microseconds.
    pub at_us: u64,
    /// The servers that make it so.
    pub servers: ServerSet,
    /// The index in question, if there is one.
    pub index: Option<Index>,
    /// The values that make it so.
    pub values: Vec<Fact>,
    /// The events that make it so, in the order in which they happened; what was so from the start is
    /// left out. The last one is `event`.
    pub events: Vec<EventId>,
    /// What is wrong, in one sentence.
    pub sentence: String,
}

/// A value with its name, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// What it is: `S1's entry 2`.
    pub label: String,
    /// What it is worth: `term 3, x←1`.
    pub text: String,
}

/// What a property found wrong, before it is dated. In a box: mostly there is nothing to hand on.
#[derive(Debug)]
pub(super) struct Finding(Box<Found>);

#[derive(Debug)]
struct Found {
    servers: ServerSet,
    index: Option<Index>,
    values: Vec<Fact>,
    events: Vec<EventId>,
    sentence: String,
}

impl Finding {
    pub(super) fn new(servers: impl IntoIterator<Item = ServerId>, sentence: String) -> Finding {
        let servers = servers.into_iter().collect();
        let (values, events) = (Vec::new(), Vec::new());
        Finding(Box::new(Found { servers, index: None, values, events, sentence }))
    }

    pub(super) fn at(mut self, index: Index) -> Finding {
        self.0.index = Some(index);
        self
    }

    pub(super) fn value(mut self, label: impl Into<String>, text: impl ToString) -> Finding {
        self.0.values.push(Fact { label: label.into(), text: text.to_string() });
        self
    }

    /// Also because of that event.
    pub(super) fn since(mut self, event: impl IntoIterator<Item = EventId>) -> Finding {
        self.0.events.extend(event);
        self
    }

    pub(super) fn dated(self, property: Property, event: EventId, at_us: u64) -> Violation {
        let Found { servers, index, values, mut events, sentence } = *self.0;
        // What was so from the start was brought about by no event.
        events.retain(|event| *event != START);
        let event = if event == START { EventId(0) } else { event };
        events.push(event);
        events.sort_unstable();
        events.dedup();
        Violation { property, event, at_us, servers, index, values, events, sentence }
    }
}

/// Whether two entries carry the same. Most servers share the memory of an entry with its leader.
pub(super) fn same(one: &Payload, other: &Payload) -> bool {
    match (one, other) {
        (Payload::Command(one), Payload::Command(other)) => Arc::ptr_eq(one, other) || one == other,
        _ => one == other,
    }
}

/// An entry in a few words.
pub(super) fn entry(entry: &Entry) -> String {
    format!("term {}, {}", entry.term, payload(&entry.payload))
}

/// What an entry carries, in a few words.
pub(super) fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Noop => "no-op".to_string(),
        Payload::Configuration(configuration) => configuration.to_string(),
        Payload::Command(bytes) => match Command::decode(bytes) {
            Some(command) => command.op.to_string(),
            None => "bytes that are no command".to_string(),
        },
    }
}

/// What stands at a place of a log, in a few words.
pub(super) fn stands_at(log: &Log, index: Index) -> String {
    match log.get(index) {
        Some(there) => entry(there),
        None if index == log.base_index() && index > Index(0) => {
            format!("the snapshot ends there, in term {}", log.term_at(index).unwrap_or_default())
        }
        None if index < log.base_index() => format!("covered by the snapshot up to {}", log.base_index()),
        None => format!("nothing: the log ends at {}", log.last_index()),
    }
}
