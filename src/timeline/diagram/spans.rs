//! What servers were, as the lines that points stand on: role, term, crashed, paused.

use super::{Row, row_at};
use crate::raft::{RoleName, Term};
use crate::sim::{Brief, Event};
use std::sync::Arc;

/// A time in which a server was the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The place of its row.
    pub row: usize,
    /// From when, in microseconds.
    pub from_us: u64,
    /// Until when.
    pub to_us: u64,
    /// Whether it ran.
    pub up: bool,
    /// Whether it was paused.
    pub paused: bool,
    /// What it was.
    pub role: RoleName,
    /// Its term.
    pub term: Term,
    /// The place of the event that made it so; none where it was so at the beginning.
    pub since: Option<usize>,
}

impl Span {
    fn of(row: usize, brief: &Brief, from_us: u64, to_us: u64, since: Option<usize>) -> Span {
        let Brief { up, paused, role, term, .. } = *brief;
        Span { row, from_us, to_us, up, paused, role, term, since }
    }

    /// Its role in a letter, with its term: L4; crashed and paused servers have signs.
    #[must_use]
    pub fn label(&self) -> String {
        let role = match (self.up, self.paused, self.role) {
            (false, ..) => "✕",
            (true, true, _) => "‖",
            (true, false, RoleName::Follower) => "F",
            (true, false, RoleName::Candidate) => "C",
            (true, false, RoleName::PreCandidate) => "P",
            (true, false, RoleName::Leader) => "L",
        };
        format!("{role}{}", self.term)
    }
}

/// The spans of all servers to which something happened, row by row.
pub(super) fn spans(events: &[Arc<Event>], rows: &[Row]) -> Vec<Span> {
    let from_us = events.first().map_or(0, |event| event.at_us);
    let to_us = events.last().map_or(0, |event| event.at_us);
    let mut by_row: Vec<Vec<Span>> = vec![Vec::new(); rows.len()];
    for (place, event) in events.iter().enumerate() {
        let (Some(server), Some(change)) = (event.server, &event.change) else { continue };
        let Some(row) = row_at(rows, Row::Server(server)) else { continue };
        let spans = &mut by_row[row];
        if spans.is_empty() {
            spans.push(Span::of(row, &change.before, from_us, to_us, None));
        }
        let after = Span::of(row, &change.after, event.at_us, to_us, Some(place));
        let Some(last) = spans.last_mut() else { continue };
        let same =
            (last.up, last.paused, last.role, last.term) == (after.up, after.paused, after.role, after.term);
        if !same {
            last.to_us = event.at_us;
            spans.push(after);
        }
    }
    by_row.concat()
}
