//! Breadth first: all states that one gesture reaches, then two, so that what is found first takes the fewest.

use crate::gesture::{Gesture, apply, gestures};
use crate::pack::Packer;
use crate::property::{Properties, Property};
use crate::rules::Rules;
use crate::state::{ENTRIES, SERVERS, State, TERMS};
use crate::store::{Place, Put, Store};

/// How far a run may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// No server times out into a term above this one; 1 to 7.
    pub terms: u8,
    /// No leader takes a command behind this index; up to 6.
    pub entries: u8,
    /// Restarts in a run; up to 15.
    pub restarts: u8,
    /// Messages held at the same time; up to 7.
    pub held: u8,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { terms: 4, entries: 3, restarts: 2, held: 1 }
    }
}

/// When a search has what it looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// As soon as one of these properties is violated.
    AnyOf(Properties),
    /// When each of them was violated.
    AllOf(Properties),
}

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// How many servers there are; 1 to 5.
    pub servers: u8,
    pub rules: Rules,
    pub bounds: Bounds,
    pub wanted: Wanted,
    /// The most gestures of a run.
    pub depth_max: u32,
    /// The most states that are kept.
    pub states_max: u64,
    /// The most bytes that they may take.
    pub bytes_max: u64,
    /// Whether states are one that differ only in the servers' names, or in what can no longer matter. It finds
    /// the same with fewer states.
    pub reduced: bool,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            servers: 3,
            rules: Rules::default(),
            bounds: Bounds::default(),
            wanted: Wanted::AnyOf(Properties::of(&Property::ALL)),
            depth_max: u32::MAX,
            states_max: u64::MAX,
            bytes_max: 2 << 30,
            reduced: true,
        }
    }
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has what it looked for.
    Found,
    /// There are no more states.
    Exhausted,
    /// `depth_max` was reached.
    Depth,
    /// `states_max` was reached.
    States,
    /// `bytes_max` was reached.
    Memory,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// For each property that was violated a run of the fewest gestures; the last one violates it.
    pub violations: Vec<(Property, Vec<Gesture>)>,
    pub end: End,
    /// How many states were kept.
    pub states: u64,
    /// Runs of so many gestures were all looked at.
    pub depth: u32,
}

impl Outcome {
    /// The fewest gestures that violate a property, if it was violated.
    pub fn fewest(&self, property: Property) -> Option<usize> {
        self.run(property).map(<[Gesture]>::len)
    }

    /// A shortest run that violates a property.
    pub fn run(&self, property: Property) -> Option<&[Gesture]> {
        self.violations.iter().find(|(violated, _)| *violated == property).map(|(_, run)| &run[..])
    }
}

/// Searches, or says which bound is beyond what this program can do.
pub fn search(setup: &Setup) -> Result<Outcome, String> {
    let Bounds { terms, entries, restarts, held } = setup.bounds;
    let within = |what: &str, value: u8, least: u8, most: usize| {
        let fits = value >= least && usize::from(value) <= most;
        if fits { Ok(()) } else { Err(format!("{value} {what}: it has to be {least} to {most}.")) }
    };
    within("servers", setup.servers, 1, SERVERS)?;
    within("terms", terms, 1, TERMS)?;
    within("entries", entries, 1, ENTRIES)?;
    within("restarts", restarts, 0, 15)?;
    within("held messages", held, 0, 7)?;
    Ok(Search::new(setup).run())
}

struct Search<'a> {
    setup: &'a Setup,
    packer: Packer,
    store: Store,
    /// Properties, and the state from which one gesture violates it.
    violations: Vec<(Property, Place)>,
    /// Those that were not yet violated.
    missing: Properties,
}

impl<'a> Search<'a> {
    fn new(setup: &'a Setup) -> Search<'a> {
        let (Wanted::AnyOf(missing) | Wanted::AllOf(missing)) = setup.wanted;
        Search {
            setup,
            packer: Packer::new(setup),
            store: Store::new(setup.bytes_max),
            violations: Vec::new(),
            missing,
        }
    }

    fn run(mut self) -> Outcome {
        let mut end = self.keep(&State::new(), 0);
        let (mut depth, mut from) = (0, 0);
        while end.is_none() {
            let to = self.store.end();
            if self.missing.is_empty() {
                end = Some(End::Found);
            } else if from == to {
                end = Some(End::Exhausted);
            } else if depth == self.setup.depth_max {
                end = Some(End::Depth);
            } else {
                end = self.layer(from, to);
                depth += u32::from(end.is_none());
                from = to;
            }
        }
        let violations =
            self.violations.iter().map(|(property, place)| (*property, self.way(*property, *place)));
        Outcome {
            violations: violations.collect(),
            end: end.unwrap_or(End::Exhausted),
            states: self.store.len,
            depth,
        }
    }

    /// Goes on from all states of one depth: those from one place to before another.
    fn layer(&mut self, from: Place, to: Place) -> Option<End> {
        let mut place = from;
        while place < to {
            let state = self.packer.unpack(self.store.bytes(place));
            for gesture in gestures(self.setup, &state) {
                let (next, violated) = apply(self.setup, &state, &gesture);
                let news = violated.and(self.missing);
                if !news.is_empty() {
                    self.violations.extend(news.iter().map(|property| (property, place)));
                    self.missing = self.missing.without(news);
                    if self.missing.is_empty() || matches!(self.setup.wanted, Wanted::AnyOf(_)) {
                        return Some(End::Found);
                    }
                }
                let end = self.keep(&next, place);
                if end.is_some() {
                    return end;
                }
            }
            place = self.store.next(place);
        }
        None
    }

    /// Keeps a state, unless it is known; says if there is no room.
    fn keep(&mut self, state: &State, parent: Place) -> Option<End> {
        match self.store.put(self.packer.pack(state), parent) {
            Put::Known => None,
            Put::New => (self.store.len > self.setup.states_max).then_some(End::States),
            Put::Full => Some(End::Memory),
        }
    }

    /// The run to a state and on to the violation. The states of a search have lost the servers' names, so it
    /// is made anew, by the gestures whose states are spelled alike.
    fn way(&self, property: Property, last: Place) -> Vec<Gesture> {
        let mut places = vec![last];
        while let Some(&place) = places.last().filter(|place| **place != 0) {
            places.push(self.store.parent(place));
        }
        let mut packer = Packer::new(self.setup);
        let (mut state, mut way) = (State::new(), Vec::new());
        for place in places.iter().rev().skip(1) {
            let mut offered = gestures(self.setup, &state).into_iter();
            let step = offered.find_map(|gesture| {
                let next = apply(self.setup, &state, &gesture).0;
                (packer.pack(&next) == self.store.bytes(*place)).then_some((gesture, next))
            });
            let Some((gesture, next)) = step else { break };
            way.push(gesture);
            state = next;
        }
        let violates = |gesture: &Gesture| apply(self.setup, &state, gesture).1.has(property);
        way.extend(gestures(self.setup, &state).into_iter().find(violates));
        way
    }
}
