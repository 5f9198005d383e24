//! Ways in which links fail that have a name of their own: from a plain partition to the three partial
//! connectivities that keep leaders from leading.
//!
//! `halves`, `bridge` and `ring` are known from Jepsen's tests; `quorumLoss`, `constrainedElection` and
//! `chained` are from §2 of “Omni-Paxos: Breaking the Barriers of Partial Connectivity” (Ng, Haridi and
//! Carbone, EuroSys 2023).

use crate::raft::{MAX_SERVERS, ServerId, ServerSet};
use serde::{Deserialize, Serialize};
use std::fmt;

/// By sender ([`ServerId::slot`]): who does not hear it.
pub type Cuts = [ServerSet; MAX_SERVERS as usize];

/// A way in which links fail. Unless one of them says so, a link works in both directions or in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LinkPreset {
    /// The first half of the servers by number, the smaller one, apart from the others.
    Halves,
    /// The leader with as many others as make a minority, apart from all others.
    MinorityLeader,
    /// Each server is connected with its nearest neighbours in a ring of all servers: on each side with as
    /// many as it takes for a majority.
    Ring,
    /// Two halves that share one server, which is connected with all of them.
    Bridge,
    /// All others hear the leader, and it hears none of them.
    OneWay,
    /// All servers are connected with one server only, the hub, and the hub is not the leader.
    QuorumLoss,
    /// The leader is cut off from all others, and these are connected with a hub only: the server whose log
    /// ends first.
    ConstrainedElection,
    /// A chain, with the leader at one end: each server is connected with its neighbours only.
    Chained,
}

/// The servers of a cluster as a preset sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// All of them, in the order of their numbers.
    pub servers: Vec<ServerId>,
    /// The one that leads.
    pub leader: Option<ServerId>,
    /// The hub of [`LinkPreset::QuorumLoss`].
    pub first: Option<ServerId>,
    /// The hub of [`LinkPreset::ConstrainedElection`].
    pub last_in_log: Option<ServerId>,
}

impl LinkPreset {
    /// All of them.
    pub const ALL: [LinkPreset; 8] = [
        LinkPreset::Halves,
        LinkPreset::MinorityLeader,
        LinkPreset::Ring,
        LinkPreset::Bridge,
        LinkPreset::OneWay,
        LinkPreset::QuorumLoss,
        LinkPreset::ConstrainedElection,
        LinkPreset::Chained,
    ];

    /// Its name in files and in the console.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LinkPreset::Halves => "halves",
            LinkPreset::MinorityLeader => "minorityLeader",
            LinkPreset::Ring => "ring",
            LinkPreset::Bridge => "bridge",
            LinkPreset::OneWay => "oneWay",
            LinkPreset::QuorumLoss => "quorumLoss",
            LinkPreset::ConstrainedElection => "constrainedElection",
            LinkPreset::Chained => "chained",
        }
    }

    /// Its name in text.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            LinkPreset::Halves => "half and half",
            LinkPreset::MinorityLeader => "leader in a minority",
            LinkPreset::Ring => "ring",
            LinkPreset::Bridge => "bridge",
            LinkPreset::OneWay => "one way",
            LinkPreset::QuorumLoss => "quorum loss",
            LinkPreset::ConstrainedElection => "constrained election",
            LinkPreset::Chained => "chain",
        }
    }

    /// What it does and what that puts to the test, in one sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            LinkPreset::Halves => {
                "The servers fall into two halves by number: only the larger one can elect a leader."
            }
            LinkPreset::MinorityLeader => {
                "The leader stays with a minority and commits nothing more, while the majority elects another one."
            }
            LinkPreset::Ring => {
                "Each server hears a majority around it in a ring, and no two servers hear the same one."
            }
            LinkPreset::Bridge => "Two halves share one server, which alone hears both of them.",
            LinkPreset::OneWay => {
                "All others hear the leader and it hears none of them: without checkQuorum (D6.2) they follow it for ever, and nothing is committed."
            }
            LinkPreset::QuorumLoss => {
                "Every server hears one hub only, so the leader has lost its quorum and nobody but the hub can win an election."
            }
            LinkPreset::ConstrainedElection => {
                "The leader hears nobody, and the others hear only a hub whose log is behind, so that nobody may vote for it (§5.4.1)."
            }
            LinkPreset::Chained => {
                "A chain with the leader at one end: whoever does not hear the leader stands for election, again and again."
            }
        }
    }

    /// From how many servers on it is what its name says.
    fn servers_min(self) -> usize {
        match self {
            LinkPreset::Halves | LinkPreset::MinorityLeader | LinkPreset::OneWay => 2,
            // Where three stand in a ring, everyone is next to everyone.
            LinkPreset::Ring => 4,
            _ => 3,
        }
    }

    /// Whether it is drawn around a leader.
    fn needs_leader(self) -> bool {
        !matches!(self, LinkPreset::Halves | LinkPreset::Ring | LinkPreset::Bridge)
    }

    /// The links that it cuts in this cluster. Servers that are in no place keep all of theirs.
    ///
    /// # Errors
    /// When there are too few servers, or when nobody leads and it is drawn around a leader.
    pub fn cuts(self, places: &Places) -> Result<Cuts, String> {
        let (count, least) = (places.servers.len(), self.servers_min());
        if count < least {
            return Err(format!("‘{self}’ means nothing among so few servers: it takes {least} at least"));
        }
        let Some(leader) = places.leader.or((!self.needs_leader()).then_some(places.servers[0])) else {
            return Err(format!(
                "nobody leads, and ‘{self}’ is drawn around a leader: wait until one is elected"
            ));
        };
        // Those that have a part of their own come first, the others in the order of their numbers.
        let heads = match self {
            LinkPreset::Halves | LinkPreset::Ring | LinkPreset::Bridge => vec![],
            LinkPreset::MinorityLeader | LinkPreset::OneWay | LinkPreset::Chained => vec![leader],
            LinkPreset::QuorumLoss => places.first.into_iter().collect(),
            LinkPreset::ConstrainedElection => [leader].into_iter().chain(places.last_in_log).collect(),
        };
        let others = places.servers.iter().copied().filter(|id| !heads.contains(id));
        let order: Vec<ServerId> = heads.iter().copied().chain(others).collect();
        let mut cuts = Cuts::default();
        for (from, sender) in order.iter().enumerate() {
            for (to, receiver) in order.iter().enumerate() {
                if from != to && !self.hears(from, to, count) {
                    cuts[sender.slot()].insert(*receiver);
                }
            }
        }
        Ok(cuts)
    }

    /// Whether the server at place `to` hears the one at place `from`, of so many.
    fn hears(self, from: usize, to: usize, count: usize) -> bool {
        let apart = from.abs_diff(to);
        let is_end = |place| from == place || to == place;
        let together = |first: usize| (from < first) == (to < first);
        let half = count / 2;
        match self {
            LinkPreset::Halves => together(half),
            LinkPreset::MinorityLeader => together(((count - 1) / 2).max(1)),
            // A majority has half + 1 servers: itself, and half of that many on each side.
            LinkPreset::Ring => apart.min(count - apart) <= half.div_ceil(2),
            LinkPreset::Bridge => is_end(half) || together(half),
            LinkPreset::OneWay => to != 0,
            LinkPreset::QuorumLoss => is_end(0),
            LinkPreset::ConstrainedElection => !is_end(0) && is_end(1),
            LinkPreset::Chained => apart == 1,
        }
    }
}

impl fmt::Display for LinkPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_files_and_each_has_its_own_words() {
        for preset in LinkPreset::ALL {
            assert_eq!(serde_json::to_string(&preset).unwrap(), format!("\"{preset}\""));
            let same = LinkPreset::ALL.iter().filter(|other| other.title() == preset.title()).count();
            assert_eq!(same, 1, "{preset}");
        }
    }
}
