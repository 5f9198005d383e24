//! Which bounds a search has met, and what to loosen or to tighten.

use super::gesture::Grain;
use super::model::Bounds;
use super::search::{Ended, Found, Search};

/// A bound of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// [`Bounds::term_max`].
    Terms,
    /// [`Bounds::log_max`].
    Logs,
    /// [`Bounds::restarts_max`].
    Restarts,
    /// [`Bounds::messages_max`].
    Messages,
}

impl Bound {
    /// All of them.
    pub const ALL: [Bound; 4] = [Bound::Terms, Bound::Logs, Bound::Restarts, Bound::Messages];

    /// Its name at the command line and in programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Bound::Terms => "terms",
            Bound::Logs => "logs",
            Bound::Restarts => "restarts",
            Bound::Messages => "messages",
        }
    }

    fn of(self, bounds: &Bounds) -> u64 {
        match self {
            Bound::Terms => bounds.term_max,
            Bound::Logs => bounds.log_max,
            Bound::Restarts => bounds.restarts_max.into(),
            Bound::Messages => bounds.messages_max.into(),
        }
    }
}

/// A set of bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoundSet(u8);

impl BoundSet {
    pub(super) fn add(&mut self, bound: Bound) {
        self.0 |= 1 << bound as u8;
    }

    pub(super) fn extend(&mut self, other: BoundSet) {
        self.0 |= other.0;
    }

    /// Whether it is among them.
    #[must_use]
    pub fn has(self, bound: Bound) -> bool {
        self.0 >> (bound as u8) & 1 == 1
    }

    /// Those that are in it.
    pub fn iter(self) -> impl Iterator<Item = Bound> {
        Bound::ALL.into_iter().filter(move |&bound| self.has(bound))
    }
}

/// What to do about a search that found nothing: bounds with the values to try instead. Looser ones where all
/// within the bounds was seen, as far as they kept anything back: where none did, the goal is nowhere at all.
/// Tighter ones where memory or states ran out, since the same search goes deeper then: a run that exists mostly
/// needs one term more than there is at the start, and entries that are one longer than the longest log.
#[must_use]
pub fn advice(search: &Search, found: &Found) -> Vec<(Bound, u64)> {
    match found.ended {
        Ended::Exhausted => {
            let looser = |bound: Bound| (bound, bound.of(&search.bounds) + 1);
            found.met.iter().map(looser).collect()
        }
        Ended::States | Ended::Memory => {
            let tighter = |bound: Bound| {
                let least = least(search, bound)?;
                (bound.of(&search.bounds) > least).then_some((bound, least))
            };
            Bound::ALL.into_iter().filter_map(tighter).collect()
        }
        Ended::Found | Ended::Steps | Ended::Cancelled => Vec::new(),
    }
}

/// The tightest that is worth a try.
fn least(search: &Search, bound: Bound) -> Option<u64> {
    let nodes = || search.from.servers.iter().map(|server| &server.node);
    match bound {
        Bound::Terms => Some(nodes().map(|node| node.term().0).max().unwrap_or(0) + 1),
        Bound::Logs => Some(nodes().map(|node| node.log().last_index().0).max().unwrap_or(0) + 1),
        Bound::Restarts => Some(0),
        // Where steps are messages, nothing happens without them.
        Bound::Messages => (search.grain == Grain::Gesture).then_some(0),
    }
}
