//! The promises by name.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Property {
    /// At most one leader in a term (§5.2).
    ElectionSafety,
    /// A leader never overwrites or deletes entries of its own log (§5.3).
    LeaderAppendOnly,
    /// Two entries of the same index and term are the same, and so is everything before them (§5.3).
    LogMatching,
    /// What is committed in a term is in the logs of the leaders of all later terms (§5.4).
    LeaderCompleteness,
    /// No two servers apply different commands at the same index (§5.4.3).
    StateMachineSafety,
    /// Terms never go back on a server, once they are on its disk; commitIndex and lastApplied don't
    /// within one life (Figure 2).
    Monotone,
    /// What a leader commits is on the disks of a majority then, of both majorities in joint consensus,
    /// and no server that lacks it can be elected later (§5.4, D10.2.1).
    DurableCommit,
    /// A server votes for at most one candidate in a term (§5.2).
    OneVote,
    /// Snapshot ≤ lastApplied ≤ commitIndex ≤ the end of the log, and matchIndex < nextIndex (Figure 2).
    Order,
    /// A server goes by the last configuration in its log, else by its snapshot's (§6).
    LatestConfiguration,
    /// A command takes effect at most once, however often it is sent (§8, D6.3).
    AtMostOnce,
    /// To clients it looks as if there were one copy, on which each operation takes effect at one moment
    /// between its call and its return (§8, D6).
    Linearizability,
    /// When everything is well again there is a leader, logs converge and requests are served, in time
    /// (§5.2, D9).
    Liveness,
}

impl Property {
    /// All properties, Figure 3's first.
    pub const ALL: [Property; 13] = [
        Property::ElectionSafety,
        Property::LeaderAppendOnly,
        Property::LogMatching,
        Property::LeaderCompleteness,
        Property::StateMachineSafety,
        Property::Monotone,
        Property::DurableCommit,
        Property::OneVote,
        Property::Order,
        Property::LatestConfiguration,
        Property::AtMostOnce,
        Property::Linearizability,
        Property::Liveness,
    ];

    /// Those of Figure 3.
    pub const FIGURE_3: [Property; 5] = [
        Property::ElectionSafety,
        Property::LeaderAppendOnly,
        Property::LogMatching,
        Property::LeaderCompleteness,
        Property::StateMachineSafety,
    ];

    /// The property's name, as the paper has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Property::ElectionSafety => "Election Safety",
            Property::LeaderAppendOnly => "Leader Append-Only",
            Property::LogMatching => "Log Matching",
            Property::LeaderCompleteness => "Leader Completeness",
            Property::StateMachineSafety => "State Machine Safety",
            Property::Monotone => "Monotone",
            Property::DurableCommit => "Durable Commit",
            Property::OneVote => "One Vote",
            Property::Order => "Order",
            Property::LatestConfiguration => "Latest Configuration",
            Property::AtMostOnce => "At Most Once",
            Property::Linearizability => "Linearizability",
            Property::Liveness => "Liveness",
        }
    }

    /// The property in one sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Property::ElectionSafety => "At most one leader can be elected in a term.",
            Property::LeaderAppendOnly => "A leader never overwrites or deletes entries of its own log.",
            Property::LogMatching => {
                "If two logs have an entry with the same index and term, they are identical up to there."
            }
            Property::LeaderCompleteness => {
                "An entry that is committed in a term is in the logs of the leaders of all later terms."
            }
            Property::StateMachineSafety => "No two servers ever apply different commands at the same index.",
            Property::Monotone => {
                "A server's term never goes back; commitIndex and lastApplied don't while it runs."
            }
            Property::DurableCommit => {
                "What is committed is on the disks of a majority, and stays with everyone who can be elected."
            }
            Property::OneVote => "A server votes for at most one candidate in a term.",
            Property::Order => {
                "Snapshot, lastApplied, commitIndex and the end of the log are in this order; matchIndex is below nextIndex."
            }
            Property::LatestConfiguration => "A server goes by the last configuration in its log.",
            Property::AtMostOnce => "A command takes effect at most once, however often it is sent.",
            Property::Linearizability => {
                "To clients it looks like one copy: each operation takes effect at one moment between its call and its return."
            }
            Property::Liveness => {
                "When everything is well again, there is soon a leader, the logs agree, and requests are served."
            }
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
