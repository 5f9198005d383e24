//! Who the cluster is made of (§6).

use super::types::ServerSet;

/// A configuration: whose votes and acknowledgements count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// The servers whose majority decides.
    pub voters: ServerSet,
    /// During a change by joint consensus, the voters of the old configuration, whose majority is
    /// needed as well (§6). Empty otherwise.
    pub outgoing: ServerSet,
    /// Servers that receive the log and are never counted (D4.2.1).
    pub learners: ServerSet,
}

impl Configuration {
    /// The configuration of these voters and nobody else.
    #[must_use]
    pub fn of(voters: ServerSet) -> Configuration {
        Configuration { voters, outgoing: ServerSet::EMPTY, learners: ServerSet::EMPTY }
    }

    /// The configuration of S1 to S`n`.
    #[must_use]
    pub fn of_first(n: u8) -> Configuration {
        Configuration::of(ServerSet::first(n))
    }

    /// Everyone whose vote counts.
    #[must_use]
    pub fn all_voters(&self) -> ServerSet {
        self.voters.or(self.outgoing)
    }

    /// Everyone that a leader sends entries to.
    #[must_use]
    pub fn members(&self) -> ServerSet {
        self.all_voters().or(self.learners)
    }

    /// This configuration as it would be if only these servers existed.
    #[must_use]
    pub fn restricted_to(&self, servers: ServerSet) -> Configuration {
        Configuration {
            voters: self.voters.and(servers),
            outgoing: self.outgoing.and(servers),
            learners: self.learners.and(servers),
        }
    }
}
