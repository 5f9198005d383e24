//! Quiet stretches: nothing but heartbeats and their answers, which change nothing, be it that they arrive or
//! that they are lost on a cut link or before a crashed server.

use super::Diagram;
use super::lines::{End, MessageKind};
use crate::raft::Timer;
use crate::sim::{DropReason, Event, What};

/// So many quiet events in a row are worth folding: more than one round of heartbeats of five servers.
pub const BAND_MIN: usize = 12;

/// A quiet stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The place of its first event.
    pub first: usize,
    /// The place after its last one.
    pub end: usize,
    /// When it begins, in microseconds.
    pub from_us: u64,
    /// When it ends.
    pub to_us: u64,
}

impl Band {
    /// How many events it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.end - self.first
    }
}

/// The quiet stretches, in order.
#[must_use]
pub fn bands(diagram: &Diagram) -> Vec<Band> {
    let quiet = quiet(diagram);
    let mut bands = Vec::new();
    let mut first = 0;
    for part in quiet.chunk_by(|one, other| one == other) {
        let end = first + part.len();
        if part[0] && part.len() >= BAND_MIN {
            let at = |place: usize| diagram.points()[place].at_us;
            bands.push(Band { first, end, from_us: at(first), to_us: at(end - 1) });
        }
        first = end;
    }
    bands
}

/// Which events change nothing. A heartbeat's timer is as quiet as all that it sent.
fn quiet(diagram: &Diagram) -> Vec<bool> {
    let mut quiet: Vec<bool> = diagram.events().iter().map(|event| changes_nothing(event)).collect();
    for line in diagram.lines() {
        let idle = match line.end {
            End::Received(_) => line.kind == MessageKind::Heartbeat && line.agrees,
            End::Lost(_, reason) => line.kind == MessageKind::Heartbeat && reason != DropReason::ByHand,
            End::OnWay => line.waits.is_none() && line.held.is_none(),
        };
        if let Some(sender) = line.sent_by.filter(|_| !idle) {
            quiet[sender] = false;
        }
        if let Some(receiver) = line.end.place().filter(|_| !idle) {
            quiet[receiver] = false;
        }
    }
    quiet
}

/// Whether an event leaves its server as it was and is none of a client's or of somebody's hands.
fn changes_nothing(event: &Event) -> bool {
    let unchanged =
        event.change.is_none_or(|change| change.before == change.after && change.log_from.is_none());
    let kind = match &event.what {
        What::Delivered { .. } | What::Dropped { .. } => true,
        What::Fired { timer } => *timer != Timer::Election,
        What::Ticked { .. } => event.sent.is_empty(),
        _ => false,
    };
    kind && unchanged && event.finished.is_none() && event.wrote.is_none() && event.waiting == 0
}
