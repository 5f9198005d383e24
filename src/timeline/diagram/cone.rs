//! Who could have known what: the causal past and future of an event.

use super::lines::Line;
use super::{Diagram, Point, host, message_of};
use crate::sim::{Event, EventId, What};
use std::sync::Arc;

/// No event.
const NONE: u32 = u32::MAX;

/// What makes one event part of another's past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relation {
    /// Lamport's happened-before: whatever went before at the same server or client, and the sending of what
    /// was received. All that the event can have depended on.
    #[default]
    HappenedBefore,
    /// Only the events that the simulator names as causes: the one that sent the message, that set the timer,
    /// that began the write, that did it by hand. Part of happened-before.
    Causes,
}

/// The events just before an event, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Before {
    /// The last one of the same server or client, and the sending of the message.
    order: [u32; 2],
    causes: [u32; 2],
}

impl Before {
    /// The events just before, by this relation.
    pub(super) fn places(self, relation: Relation) -> impl Iterator<Item = usize> {
        let order = if relation == Relation::HappenedBefore { self.order } else { [NONE; 2] };
        order.into_iter().chain(self.causes).filter(|&place| place != NONE).map(|place| place as usize)
    }
}

/// What is just before each event.
pub(super) fn before(events: &[Arc<Event>], points: &[Point], lines: &[Line]) -> Vec<Before> {
    let mut senders = vec![NONE; events.len()];
    for line in lines {
        for arrived in line.end.place().into_iter().chain(line.waits) {
            senders[arrived] = line.sent_by.map_or(NONE, |place| place as u32);
        }
    }
    let rows = points.iter().map(|point| point.row + 1).max().unwrap_or(0);
    let mut last = vec![NONE; rows];
    let mut all = Vec::with_capacity(events.len());
    for (place, (event, point)) in events.iter().zip(points).enumerate() {
        let on_row = if point.takes_part { last[point.row] } else { NONE };
        let cause = |id: Option<EventId>| id.and_then(|id| cause(events, event, id)).unwrap_or(NONE);
        all.push(Before { order: [on_row, senders[place]], causes: event.causes.map(cause) });
        if point.takes_part {
            last[point.row] = place as u32;
        }
    }
    all
}

/// The place of an event's cause. What the servers do at the very start has no event, and is named by number
/// 0, which may be anybody's: so a cause counts only if it is of the same server or client, of the sender, or
/// somebody's hand.
fn cause(events: &[Arc<Event>], event: &Event, id: EventId) -> Option<u32> {
    let place = events.binary_search_by_key(&id, |event| event.id).ok()?;
    let cause = &events[place];
    let by_hand = matches!(cause.what, What::Acted { .. });
    let sender = message_of(event).map(|name| name.from.into());
    let host_of_cause = host(cause);
    let related = by_hand || host_of_cause.is_some() && [host(event), sender].contains(&host_of_cause);
    (cause.id < event.id && related).then_some(place as u32)
}

/// The causal past and future of one event, within the stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cone {
    /// The event's place.
    pub of: usize,
    /// By which relation.
    pub relation: Relation,
    /// How many events are in its past.
    pub past: usize,
    /// How many are in its future.
    pub future: usize,
    reached: Vec<bool>,
}

impl Cone {
    /// Whether an event is part of it: of the past, of the future, or the event itself.
    #[must_use]
    pub fn contains(&self, place: usize) -> bool {
        self.reached.get(place).copied().unwrap_or(false)
    }

    /// Whether an event is in the past of this one.
    #[must_use]
    pub fn is_past(&self, place: usize) -> bool {
        place < self.of && self.contains(place)
    }

    /// Whether an event is in the future of this one.
    #[must_use]
    pub fn is_future(&self, place: usize) -> bool {
        place > self.of && self.contains(place)
    }

    /// Whether the message was sent and arrived within it, both in the past or both in the future.
    #[must_use]
    pub fn has_line(&self, line: &Line) -> bool {
        let both = line.sent_by.zip(line.end.place());
        both.is_some_and(|(from, to)| {
            self.contains(from) && self.contains(to) && (to <= self.of || from >= self.of)
        })
    }
}

impl Diagram {
    /// What an event can have depended on, and what can have depended on it. Nothing for a place that is not
    /// of this stretch.
    #[must_use]
    pub fn cone(&self, of: usize, relation: Relation) -> Option<Cone> {
        let mut reached = vec![false; self.before.len()];
        *reached.get_mut(of)? = true;
        // Events only depend on earlier ones: one pass back and one forth see everything.
        for place in (0..=of).rev() {
            if reached[place] {
                self.before[place].places(relation).for_each(|before| reached[before] = true);
            }
        }
        let past = reached[..of].iter().filter(|&&is| is).count();
        // What the past has led to besides is no future of this event, so the past does not count here.
        for place in of + 1..reached.len() {
            reached[place] =
                self.before[place].places(relation).any(|before| before >= of && reached[before]);
        }
        let future = reached[of + 1..].iter().filter(|&&is| is).count();
        Some(Cone { of, relation, past, future, reached })
    }
}
