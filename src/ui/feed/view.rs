//! What the feed shows: a window of the trace, in words. Sentences are made once, for the events that
//! are shown, and never for a whole trace.

use crate::explain::{Kind, Scene, Sentence, sentence};
use crate::raft::ServerId;
use crate::sim::EventId;
use crate::timeline::Run;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::rc::Rc;

/// How many rows there are at most.
pub const ROWS_MAX: usize = 200;
/// How many events are looked at, in one go, for rows that pass the filter.
const LOOKED_AT_MAX: usize = 4000;

/// Which events are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Only those that concern this server.
    pub server: Option<ServerId>,
    /// A bit for each kind that is hidden, in the order of [`Kind::ALL`].
    pub(super) hidden: u8,
}

impl Filter {
    /// Everything.
    pub const ALL: Filter = Filter { server: None, hidden: 0 };

    fn bit(kind: Kind) -> u8 {
        1 << kind as u8
    }

    /// Whether a kind is shown.
    #[must_use]
    pub fn shows(self, kind: Kind) -> bool {
        self.hidden & Filter::bit(kind) == 0
    }

    /// The same filter, with this kind shown if it was hidden, and hidden if it was shown.
    #[must_use]
    pub fn toggled(self, kind: Kind) -> Filter {
        Filter { hidden: self.hidden ^ Filter::bit(kind), ..self }
    }

    /// Whether an event is shown.
    #[must_use]
    pub fn passes(self, sentence: &Sentence) -> bool {
        self.shows(sentence.kind) && self.server.is_none_or(|server| sentence.servers.contains(server))
    }
}

/// One row. Rows of one run with the same event are equal.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which run it belongs to.
    pub generation: u64,
    /// When it happened, in microseconds.
    pub at_us: u64,
    /// The event in words.
    pub sentence: Sentence,
}

impl Row {
    /// The event.
    #[must_use]
    pub fn event(&self) -> EventId {
        self.sentence.about.event
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Row) -> bool {
        (self.generation, self.event()) == (other.generation, other.event())
    }
}

/// What is shown at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The rows, newest at the end.
    pub rows: Vec<Rc<Row>>,
    /// Whether there are events before the first row.
    pub more_before: bool,
    /// Whether there is any event at all.
    pub any: bool,
    /// How many servers there are.
    pub servers: u8,
}

/// What was shown last, so that only what is new has to be put into words.
#[derive(Debug, Default)]
pub struct Cache {
    key: Option<(u64, Filter, Option<EventId>)>,
    /// The first event that was not looked at yet.
    next: u64,
    rows: VecDeque<Rc<Row>>,
}

impl Cache {
    /// The last rows up to and with the event `until`, or up to now.
    pub fn look(&mut self, run: &Run, generation: u64, filter: Filter, until: Option<EventId>) -> Shown {
        let key = (generation, filter, until);
        let known = run.events().front().map_or(0, |event| event.id.0);
        let happened = run.events().back().map_or(0, |event| event.id.0 + 1);
        let end = until.map_or(happened, |until| (until.0 + 1).clamp(known, happened));
        if self.key != Some(key) || end < self.next {
            *self = Cache { key: Some(key), next: known, rows: VecDeque::new() };
        }
        let new = self.new_rows(run, generation, filter, self.next.max(known)..end);
        self.rows.extend(new.into_iter().rev());
        let surplus = self.rows.len().saturating_sub(ROWS_MAX);
        self.rows.drain(..surplus);
        self.next = end;
        Shown {
            more_before: self.rows.front().is_some_and(|row| row.event().0 > known),
            any: happened > 0,
            servers: run.world().servers().len() as u8,
            rows: self.rows.iter().cloned().collect(),
        }
    }

    /// Rows for these events, newest first. Where not all of them can be looked at, older rows go too:
    /// a window has no holes.
    fn new_rows(
        &mut self,
        run: &Run,
        generation: u64,
        filter: Filter,
        events: std::ops::Range<u64>,
    ) -> Vec<Rc<Row>> {
        let scene = Scene::of(run);
        let mut rows = Vec::new();
        for (looked_at, id) in events.rev().enumerate() {
            if looked_at == LOOKED_AT_MAX || rows.len() == ROWS_MAX {
                self.rows.clear();
                break;
            }
            let Some(event) = run.event(EventId(id)) else { continue };
            let sentence = sentence(event, scene);
            if filter.passes(&sentence) {
                rows.push(Rc::new(Row { generation, at_us: event.at_us, sentence }));
            }
        }
        rows
    }
}
