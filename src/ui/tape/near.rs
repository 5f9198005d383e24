//! Single events near the moment, where the tape is so close that each has its place.

use super::frame::Frame;
use crate::raft::ServerId;
use crate::sim::{Event, What};
use crate::timeline::Timeline;
use crate::timeline::tape::{Measure, Window};
use std::sync::Arc;

/// So many events before and after the moment are looked at.
const REACH: u64 = 400;

/// What a dot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message has arrived.
    Delivered,
    /// A message has not.
    Dropped,
    /// A timer has fired.
    Fired,
    /// A write is on the disk.
    Synced,
}

/// An event on a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Where, in pixels.
    pub x: f64,
    /// On which lane.
    pub lane: usize,
    /// What it stands for.
    pub kind: Kind,
}

/// The events around the moment, with the moment for which they were fetched.
#[derive(Clone, Debug, Default)]
pub struct Near {
    of: Option<(u64, u64, u64)>,
    events: Vec<Arc<Event>>,
}

/// Whether single events have room in a window.
fn is_close(window: &Window) -> bool {
    match window.measure {
        Measure::Time => window.span <= 150_000.0,
        Measure::Events => window.span <= 400.0,
    }
}

fn place(event: &Event, measure: Measure) -> f64 {
    match measure {
        Measure::Time => event.at_us as f64,
        Measure::Events => (event.id.0 + 1) as f64,
    }
}

fn kind(event: &Event) -> Option<(Kind, ServerId)> {
    match &event.what {
        What::Delivered { .. } => Some((Kind::Delivered, event.server?)),
        What::Fired { .. } => Some((Kind::Fired, event.server?)),
        What::Synced { .. } => Some((Kind::Synced, event.server?)),
        What::Dropped { message, .. } => Some((Kind::Dropped, message.to.server()?)),
        _ => None,
    }
}

impl Near {
    /// Fetches what is near, unless that is known. While time goes by, only what has happened: to bring
    /// back what comes may take a replay.
    pub fn fetch(&mut self, timeline: &Timeline, window: &Window, generation: u64, playing: bool) {
        if !is_close(window) {
            *self = Near::default();
            return;
        }
        let now = timeline.run().world().events();
        let to = if playing { now } else { now.saturating_add(REACH).min(timeline.events_known()) };
        let of = Some((generation, now, to));
        if self.of != of {
            let kept = timeline.run().events().front().map_or(now, |event| event.id.0);
            let from = now.saturating_sub(REACH).max(kept).min(now);
            *self = Near { of, events: timeline.trace(from, to, 2 * REACH as usize) };
        }
    }

    /// Tells one fetch from another.
    pub fn stamp(&self) -> u64 {
        self.of.map_or(0, |(_, now, to)| now ^ to << 32)
    }

    /// Their dots in a window.
    pub fn dots(&self, window: &Window) -> impl Iterator<Item = Dot> {
        self.events.iter().filter_map(|event| {
            let (kind, id) = kind(event)?;
            let x = window.x(place(event, window.measure));
            (0.0..=window.width).contains(&x).then_some(Dot { x, lane: id.slot(), kind })
        })
    }

    /// The event that is pointed at, in a frame.
    pub fn pointed(&self, window: &Window, frame: Frame, x: f64, y: f64) -> Option<&Arc<Event>> {
        let lane = frame.lane_at(y)?;
        let distance = |event: &Event| (window.x(place(event, window.measure)) - x).abs();
        let on_lane = |event: &&Arc<Event>| kind(event).is_some_and(|(_, id)| id.slot() == lane);
        let nearest =
            self.events.iter().filter(on_lane).min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        (distance(nearest) <= 6.0).then_some(nearest)
    }
}
