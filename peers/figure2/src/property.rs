//! The five properties of Figure 3, as far as one moment shows them.

use crate::state::{Id, Server, State};

/// A property of Figure 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Property {
    /// At most one server leads in a term.
    ElectionSafety,
    /// A leader only appends to its log.
    LeaderAppendOnly,
    /// Logs that have an entry of one term at one index are the same up to it.
    LogMatching,
    /// What was committed in a term is in the log of every leader of a later term.
    LeaderCompleteness,
    /// No two entries are committed at one index.
    StateMachineSafety,
}

impl Property {
    pub const ALL: [Property; 5] = [
        Property::ElectionSafety,
        Property::LeaderAppendOnly,
        Property::LogMatching,
        Property::LeaderCompleteness,
        Property::StateMachineSafety,
    ];

    /// Its name in the paper.
    pub fn name(self) -> &'static str {
        match self {
            Property::ElectionSafety => "Election Safety",
            Property::LeaderAppendOnly => "Leader Append-Only",
            Property::LogMatching => "Log Matching",
            Property::LeaderCompleteness => "Leader Completeness",
            Property::StateMachineSafety => "State Machine Safety",
        }
    }
}

/// A set of properties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Properties(u8);

impl Properties {
    pub fn of(properties: &[Property]) -> Properties {
        properties.iter().fold(Properties::default(), |set, property| set.with(*property))
    }

    pub fn with(self, property: Property) -> Properties {
        Properties(self.0 | 1 << property as u8)
    }

    pub fn has(self, property: Property) -> bool {
        self.0 & (1 << property as u8) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of Figure 3.
    pub fn iter(self) -> impl Iterator<Item = Property> {
        Property::ALL.into_iter().filter(move |property| self.has(*property))
    }

    /// Those that are in both.
    pub fn and(self, other: Properties) -> Properties {
        Properties(self.0 & other.0)
    }

    /// Those that are not in `other`.
    pub fn without(self, other: Properties) -> Properties {
        Properties(self.0 & !other.0)
    }
}

/// The properties that the state shows to be violated, given what it remembers of the past. Two are about a
/// step, not a state: Leader Append-Only (see [`overwritten`]), and State Machine Safety, which is violated where
/// commitIndex passes another entry than the one that is remembered.
pub fn violated(state: &State, servers: u8) -> Properties {
    let logs = &state.servers[..usize::from(servers)];
    let mut violated = Properties::default();
    if state.leaders.iter().any(|leaders| leaders.ids().len() > 1) {
        violated = violated.with(Property::ElectionSafety);
    }
    if (1..logs.len()).any(|i| logs[..i].iter().any(|other| !match_each_other(&logs[i], other))) {
        violated = violated.with(Property::LogMatching);
    }
    if logs.iter().filter(|server| server.leads()).any(|leader| lacks_something(state, leader)) {
        violated = violated.with(Property::LeaderCompleteness);
    }
    violated
}

/// Log Matching of two logs: up to the last index where the terms agree, everything has to.
fn match_each_other(one: &Server, other: &Server) -> bool {
    let pairs = || one.log.entries().iter().zip(other.log.entries());
    let common = pairs().rposition(|(one, other)| one.term == other.term).map_or(0, |place| place + 1);
    pairs().take(common).all(|(one, other)| one == other)
}

/// Whether the leader is without something that was committed in an earlier term.
fn lacks_something(state: &State, leader: &Server) -> bool {
    let earlier = state.committed.iter().filter(|fact| fact.term < leader.term);
    earlier.into_iter().any(|fact| leader.log.get(fact.index) != Some(fact.entry))
}

/// Whether a server that led all the while has lost or replaced an entry.
pub fn overwritten(before: &State, after: &State, id: Id) -> bool {
    let (before, after) = (before.server(id), after.server(id));
    before.leads() && after.leads() && !after.log.begins_with(&before.log)
}
