//! The small words of the protocol: terms, indexes, servers, sets of servers, timers, tokens.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The most servers a cluster can have. Server numbers run from 1 to this.
pub const MAX_SERVERS: u8 = 9;

/// A term (§5.1): terms number the elections, and act as a logical clock. 0 is the term of a server that has
/// never run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Term(pub u64);

/// A position in the log (§5.3). The first entry has index 1; 0 is "before the first entry".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Index(pub u64);

impl Term {
    /// The term that a candidate starts (§5.2).
    #[must_use]
    pub fn next(self) -> Term {
        Term(self.0.saturating_add(1))
    }
}

impl Index {
    /// The index after this one.
    #[must_use]
    pub fn next(self) -> Index {
        Index(self.0.saturating_add(1))
    }

    /// The index before this one; 0 stays 0.
    #[must_use]
    pub fn prev(self) -> Index {
        Index(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A server, S1 to S9. It is written `S3` wherever people or files see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(u8);

impl ServerId {
    /// Server number `n`, if 1 ≤ n ≤ [`MAX_SERVERS`].
    #[must_use]
    pub fn new(n: u8) -> Option<ServerId> {
        (1..=MAX_SERVERS).contains(&n).then_some(ServerId(n))
    }

    /// The number, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The place in an array that has one element per server, from 0.
    #[must_use]
    pub fn slot(self) -> usize {
        usize::from(self.0 - 1)
    }

    /// The servers S1 to S`n`, in order.
    pub fn first(n: u8) -> impl Iterator<Item = ServerId> {
        (1..=n.min(MAX_SERVERS)).map(ServerId)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}", self.0)
    }
}

impl std::str::FromStr for ServerId {
    type Err = String;

    fn from_str(s: &str) -> Result<ServerId, String> {
        s.strip_prefix(['S', 's'])
            .and_then(|n| n.parse().ok())
            .and_then(ServerId::new)
            .ok_or_else(|| format!("‘{s}’ is not a server: write S1 to S{MAX_SERVERS}"))
    }
}

impl Serialize for ServerId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ServerId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ServerId, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of servers, kept in order of their numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerSet(u16);

impl ServerSet {
    /// No server.
    pub const EMPTY: ServerSet = ServerSet(0);

    /// The servers S1 to S`n`.
    #[must_use]
    pub fn first(n: u8) -> ServerSet {
        ServerId::first(n).collect()
    }

    /// Adds a server; adding twice changes nothing.
    pub fn insert(&mut self, id: ServerId) {
        self.0 |= 1 << id.0;
    }

    /// Removes a server, if it is there.
    pub fn remove(&mut self, id: ServerId) {
        self.0 &= !(1 << id.0);
    }

    /// Whether the server is in the set.
    #[must_use]
    pub fn contains(self, id: ServerId) -> bool {
        self.0 & (1 << id.0) != 0
    }

    /// How many servers are in the set.
    #[must_use]
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether no server is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The servers in both sets.
    #[must_use]
    pub fn and(self, other: ServerSet) -> ServerSet {
        ServerSet(self.0 & other.0)
    }

    /// The servers in either set.
    #[must_use]
    pub fn or(self, other: ServerSet) -> ServerSet {
        ServerSet(self.0 | other.0)
    }

    /// The servers of this set that are not in the other.
    #[must_use]
    pub fn minus(self, other: ServerSet) -> ServerSet {
        ServerSet(self.0 & !other.0)
    }

    /// The servers, lowest number first.
    pub fn iter(self) -> impl Iterator<Item = ServerId> + Clone {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let lowest = rest.trailing_zeros();
            rest &= rest - 1;
            Some(ServerId(lowest as u8))
        })
    }
}

impl FromIterator<ServerId> for ServerSet {
    fn from_iter<I: IntoIterator<Item = ServerId>>(ids: I) -> ServerSet {
        let mut set = ServerSet::EMPTY;
        ids.into_iter().for_each(|id| set.insert(id));
        set
    }
}

impl fmt::Display for ServerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (n, id) in self.iter().enumerate() {
            write!(f, "{}{id}", if n == 0 { "" } else { ", " })?;
        }
        f.write_str("}")
    }
}

impl Serialize for ServerSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ServerSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ServerSet, D::Error> {
        struct Servers;
        impl<'de> serde::de::Visitor<'de> for Servers {
            type Value = ServerSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of servers such as [\"S1\", \"S2\"]")
            }

            // One by one: a list of ten million names needs no memory.
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<ServerSet, A::Error> {
                let mut set = ServerSet::EMPTY;
                while let Some(id) = seq.next_element()? {
                    set.insert(id);
                }
                Ok(set)
            }
        }
        deserializer.deserialize_seq(Servers)
    }
}

/// The timers that a server asks its world for. The world draws the length from the range that the
/// server names, and fires the timer by [`Input::Fired`](super::Input::Fired).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Timer {
    /// No word from a leader for this long, and a follower stands for election (§5.2).
    Election,
    /// A leader that has been silent for this long sends AppendEntries to everyone (§5.2).
    Heartbeat,
    /// A leader that has not heard from a majority for this long steps down (D6.2).
    Quorum,
    /// A server that has heard from a leader withholds its vote for this long (D4.2.3).
    Stickiness,
    /// How long a leader's lease lasts from the round of heartbeats that earned it (D6.4.1). While one
    /// lease runs the next is being earned, so there are two, which take turns.
    LeaseA,
    /// See [`Timer::LeaseA`].
    LeaseB,
    /// A transfer of leadership that has taken this long is given up (D3.10).
    Transfer,
    /// A new server that takes longer than this for a round is not yet caught up (D4.2.1).
    CatchUp,
}

impl Timer {
    /// All timers, in the order in which they fire at the same instant: what a server may no longer rely
    /// on ends before it does anything else.
    pub const ALL: [Timer; 8] = [
        Timer::LeaseA,
        Timer::LeaseB,
        Timer::Stickiness,
        Timer::Election,
        Timer::Heartbeat,
        Timer::Quorum,
        Timer::Transfer,
        Timer::CatchUp,
    ];

    /// The two that take turns for the lease.
    pub const LEASES: [Timer; 2] = [Timer::LeaseA, Timer::LeaseB];
}

/// Names a write to the disk. Tokens of one server grow with each write, and writes become
/// durable in that order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub u64);

/// Names a read, by a number that whoever asks has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReadId(pub u64);

/// Counts the rounds of requests by which a leader makes sure that it still leads (D6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Round(pub u64);

/// How a read is answered (D6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReadMode {
    /// Like a write, by an entry in the log.
    #[default]
    Log,
    /// By the leader, after a round of heartbeats has shown that it still leads (D6.4).
    ReadIndex,
    /// By the leader, as long as its lease lasts; else by ReadIndex (D6.4.1).
    Lease,
    /// By whoever is asked, from what it has applied, be it old: no promise at all.
    Local,
    /// By the follower that is asked: it asks its leader for a ReadIndex, and answers from its own state
    /// machine once that has come so far (D6.4). A leader that is asked answers by ReadIndex.
    Follower,
}
