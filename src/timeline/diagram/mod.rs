//! The space-time diagram as data: a stretch of events as points on rows, one row for each server and
//! client, and messages as lines between them. Nothing here knows a browser.
//!
//! **Whatever is asked of it is worked out from the stretch alone**: what happened before it shows only where
//! an event names it, and is never guessed. Its size is bounded by [`EVENTS_MAX`].

mod axis;
mod cone;
mod follow;
mod lines;
mod picture;
mod quiet;
mod sheet;
mod spans;
mod svg;

pub use axis::{Axis, BAND_PX};
pub use cone::{Cone, Relation};
pub use follow::{Follow, STEPS_MAX, Step, StepKind, follow};
pub use lines::{End, Line, MessageKind};
pub use picture::{Colour, Dash, Fold, Light, MarkLook, Picture, Shape, StrokeLook, Words, picture};
pub use quiet::{BAND_MIN, Band, bands};
pub use sheet::{GUTTER_PX, Hit, SCALE_MAX, Sheet, TOP_PX};
pub use spans::Span;
pub use svg::{svg, svg_size};

use crate::raft::{Index, ServerId, Term};
use crate::sim::{Action, ClientId, Endpoint, Event, EventId, PacketName, What};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The most events of one diagram. A longer stretch is cut off at its end.
pub const EVENTS_MAX: usize = 10_000;

/// Who asks when a person does.
const THE_PERSON: ClientId = ClientId(1);

/// One row of the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// A client's.
    Client(ClientId),
    /// A server's.
    Server(ServerId),
    /// What somebody does to the world as a whole: cuts, rules, options, messages taken by hand.
    Hand,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Client(id) => id.fmt(f),
            Row::Server(id) => id.fmt(f),
            Row::Hand => f.write_str("hand"),
        }
    }
}

impl From<Endpoint> for Row {
    fn from(end: Endpoint) -> Row {
        match end {
            Endpoint::Server(id) => Row::Server(id),
            Endpoint::Client(id) => Row::Client(id),
        }
    }
}

/// What kind of event a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointKind {
    /// A timer ran out.
    Timer,
    /// A message was received.
    Delivery,
    /// A write is on the disk.
    Write,
    /// Somebody acted.
    Action,
    /// A client asks by itself, or stops waiting.
    Client,
    /// A message was lost.
    Lost,
    /// A message waits in front of a paused server.
    Waits,
}

/// An event of the stretch, as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The place of its row in [`Diagram::rows`].
    pub row: usize,
    /// Whether it happened to whom the row is: a message that is lost happens to nobody, and stands on the
    /// row that it never reached.
    pub takes_part: bool,
    /// When, in microseconds.
    pub at_us: u64,
    /// What kind of event.
    pub kind: PointKind,
    /// The server's term after it.
    pub term: Option<Term>,
    /// commitIndex after it, where it rose.
    pub commit: Option<Index>,
}

/// A stretch of a run as a space-time diagram.
#[derive(Clone, Debug)]
pub struct Diagram {
    events: Vec<Arc<Event>>,
    rows: Vec<Row>,
    points: Vec<Point>,
    /// By row: the places of what happened on it or is shown there, ascending.
    on_row: Vec<Vec<u32>>,
    lines: Vec<Line>,
    /// The greatest end of this line and all before it: lines in sight are found by halving.
    ends_us: Vec<u64>,
    spans: Vec<Span>,
    before: Vec<cone::Before>,
}

impl Diagram {
    /// The diagram of a stretch: events with ascending numbers, at most [`EVENTS_MAX`] of them, in a cluster
    /// of so many servers. Servers and clients that the events name besides get rows as well.
    #[must_use]
    pub fn new(mut events: Vec<Arc<Event>>, servers: u8) -> Diagram {
        events.truncate(EVENTS_MAX);
        let rows = rows(&events, servers);
        let points: Vec<Point> = events.iter().map(|event| point(event, &rows)).collect();
        let mut on_row = vec![Vec::new(); rows.len()];
        for (place, point) in points.iter().enumerate() {
            on_row[point.row].push(place as u32);
        }
        let lines = lines::lines(&events, &rows);
        let ends_us = lines.iter().scan(0, |most: &mut u64, line| {
            *most = line.end_us.max(*most);
            Some(*most)
        });
        let ends_us = ends_us.collect();
        let spans = spans::spans(&events, &rows);
        let before = cone::before(&events, &points, &lines);
        Diagram { events, rows, points, on_row, lines, ends_us, spans, before }
    }

    /// The events, oldest first. A place is a place in this list.
    #[must_use]
    pub fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// The rows from top to bottom: clients, servers, what is done by hand.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The points, one for each event, in their order.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The places of the events that stand on a row, ascending.
    #[must_use]
    pub fn on_row(&self, row: usize) -> &[u32] {
        self.on_row.get(row).map_or(&[], Vec::as_slice)
    }

    /// The messages, in the order of their sending.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line of a message, if it is part of the stretch.
    #[must_use]
    pub fn line(&self, name: PacketName) -> Option<&Line> {
        let place =
            self.lines.binary_search_by_key(&(name.sent_us, name), |line| (line.start_us, line.message));
        self.lines.get(place.ok()?)
    }

    /// What servers were, row by row and in order of time.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The place of an event, if it is part of the stretch.
    #[must_use]
    pub fn place(&self, id: EventId) -> Option<usize> {
        self.events.binary_search_by_key(&id, |event| event.id).ok()
    }

    /// When the stretch begins and ends, in microseconds.
    #[must_use]
    pub fn stretch_us(&self) -> Range<u64> {
        let at = |event: Option<&Arc<Event>>| event.map_or(0, |event| event.at_us);
        at(self.events.first())..at(self.events.last())
    }

    /// The places of the events from one moment to another, both included.
    #[must_use]
    pub fn places_within(&self, from_us: u64, to_us: u64) -> Range<usize> {
        let first = self.points.partition_point(|point| point.at_us < from_us);
        let end = self.points.partition_point(|point| point.at_us <= to_us);
        first..end.max(first)
    }

    /// The places in [`Diagram::lines`] of all lines that touch a stretch of time, and of some that don't.
    #[must_use]
    pub fn lines_within(&self, from_us: u64, to_us: u64) -> Range<usize> {
        let first = self.ends_us.partition_point(|&end_us| end_us < from_us);
        let end = self.lines.partition_point(|line| line.start_us <= to_us);
        first..end.max(first)
    }
}

/// The rows that the events need.
fn rows(events: &[Arc<Event>], servers: u8) -> Vec<Row> {
    let mut rows: BTreeSet<Row> = ServerId::first(servers).map(Row::Server).collect();
    for event in events {
        rows.extend(host(event).or_else(|| shown_on(event)));
        for name in event.sent.iter().chain(message_of(event).as_ref()) {
            rows.extend([Row::from(name.from), Row::from(name.to)]);
        }
    }
    rows.into_iter().collect()
}

/// The message that has come to the end of its way, or to a paused server.
pub(super) fn message_of(event: &Event) -> Option<PacketName> {
    match &event.what {
        What::Delivered { message, .. } | What::Dropped { message, .. } | What::Queued { message, .. } => {
            Some(*message)
        }
        _ => None,
    }
}

/// To whom an event happened; nobody where it happened on the network or to the world as a whole.
pub(super) fn host(event: &Event) -> Option<Row> {
    match &event.what {
        What::Delivered { message, .. } => Some(message.to.into()),
        What::Woke { client, .. } | What::Ticked { client } => Some(Row::Client(*client)),
        What::Acted { action: Action::Submit { .. }, refused: None } => Some(Row::Client(THE_PERSON)),
        _ => event.server.map(Row::Server),
    }
}

/// Where an event is shown that happened to nobody.
fn shown_on(event: &Event) -> Option<Row> {
    match &event.what {
        What::Acted { .. } => Some(Row::Hand),
        _ => message_of(event).map(|name| name.to.into()),
    }
}

fn point(event: &Event, rows: &[Row]) -> Point {
    let host = host(event);
    let row = host.or_else(|| shown_on(event)).and_then(|row| row_at(rows, row));
    let change = event.change.as_ref();
    Point {
        row: row.unwrap_or(0),
        takes_part: host.is_some(),
        at_us: event.at_us,
        kind: match &event.what {
            What::Acted { .. } => PointKind::Action,
            What::Fired { .. } => PointKind::Timer,
            What::Delivered { .. } => PointKind::Delivery,
            What::Dropped { .. } => PointKind::Lost,
            What::Queued { .. } => PointKind::Waits,
            What::Synced { .. } => PointKind::Write,
            What::Woke { .. } | What::Ticked { .. } => PointKind::Client,
        },
        term: change.map(|change| change.after.term),
        commit: change.filter(|c| c.after.commit > c.before.commit).map(|c| c.after.commit),
    }
}

/// The place of a row.
pub(super) fn row_at(rows: &[Row], row: Row) -> Option<usize> {
    rows.binary_search(&row).ok()
}
