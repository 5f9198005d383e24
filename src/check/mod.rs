//! What must always hold, whatever happens in the world: Raft's promises (Figure 3), and that what
//! only grows never shrinks. It watches and never changes; a broken promise is a value, not a panic.
//!
//! Each property keeps what it has to remember of the whole history, and looks at a step only at what
//! the step changed: the cost of a step does not grow with the run.

mod election_safety;
pub mod goal;
pub mod history;
mod leader_append_only;
mod leader_completeness;
pub mod linearizability;
mod log_matching;
mod monotone;
mod state_machine_safety;

use crate::raft::{Guard, Index, MAX_SERVERS, Observer, RoleName, ServerId, ServerSet, Term};
use crate::sim::{Brief, Event, EventId, Server, Stepped, Watch, World};
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
    /// within one life, and stay within the log (Figure 2).
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

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// Which one.
    pub property: Property,
    /// The event after which it no longer held.
    pub event: EventId,
    /// When, in microseconds.
    pub at_us: u64,
    /// The servers that make it so.
    pub servers: ServerSet,
    /// The index in question, if there is one.
    pub index: Option<Index>,
    /// What is wrong, in one sentence.
    pub sentence: String,
}

/// What a property found wrong, before it is dated.
#[derive(Debug)]
struct Finding {
    servers: ServerSet,
    index: Option<Index>,
    sentence: String,
}

/// What a property looks at: a server after a step, and what was known of it before.
struct Look<'a> {
    world: &'a World,
    server: &'a Server,
    id: ServerId,
    now: Brief,
    before: Brief,
    /// From which index on the log was written to.
    log_from: Option<Index>,
    reborn: bool,
}

impl Look<'_> {
    /// Whether it leads now.
    fn leads(&self) -> bool {
        leads(&self.now)
    }

    /// Whether it leads now, and did not lead in this term before.
    fn newly_leads(&self) -> bool {
        self.leads() && !(leads(&self.before) && self.before.term == self.now.term)
    }
}

fn leads(brief: &Brief) -> bool {
    brief.up && brief.role == RoleName::Leader
}

fn pair(a: ServerId, b: ServerId) -> ServerSet {
    [a, b].into_iter().collect()
}

/// Everything that is checked, with what it remembers.
#[derive(Clone, Debug)]
pub struct Checker {
    known: [Option<Brief>; MAX_SERVERS as usize],
    election_safety: election_safety::ElectionSafety,
    leader_append_only: leader_append_only::LeaderAppendOnly,
    log_matching: log_matching::LogMatching,
    leader_completeness: leader_completeness::LeaderCompleteness,
    state_machine_safety: state_machine_safety::StateMachineSafety,
    monotone: monotone::Monotone,
    violations: Vec<Violation>,
    /// How many steps were looked at.
    looked: u64,
}

impl Checker {
    /// A checker of a run that begins with this world.
    #[must_use]
    pub fn new(world: &World) -> Checker {
        let mut checker = Checker {
            known: Default::default(),
            election_safety: Default::default(),
            leader_append_only: leader_append_only::LeaderAppendOnly,
            log_matching: Default::default(),
            leader_completeness: Default::default(),
            state_machine_safety: Default::default(),
            monotone: monotone::Monotone,
            violations: Vec::new(),
            looked: 0,
        };
        let start = EventId(0);
        for id in world.ids() {
            let step = Stepped { event: start, server: Some(id), log_from: Some(Index(1)), reborn: true };
            checker.look(world, &step);
        }
        checker
    }

    /// Looks at what a step has changed.
    pub fn look(&mut self, world: &World, step: &Stepped) {
        let Some((id, server)) = step.server.and_then(|id| Some((id, world.server(id)?))) else { return };
        self.looked += 1;
        let now = server.brief();
        let known = self.known[id.slot()].replace(now);
        if known == Some(now) && step.log_from.is_none() && !step.reborn {
            return;
        }
        let before = known.unwrap_or(now);
        let look = Look { world, server, id, now, before, log_from: step.log_from, reborn: step.reborn };
        let findings = [
            (Property::ElectionSafety, self.election_safety.look(&look)),
            (Property::LeaderAppendOnly, self.leader_append_only.look(&look)),
            (Property::LogMatching, self.log_matching.look(&look)),
            (Property::LeaderCompleteness, self.leader_completeness.look(&look)),
            (Property::StateMachineSafety, self.state_machine_safety.look(&look)),
            (Property::Monotone, self.monotone.look(&look)),
        ];
        for (property, finding) in findings {
            if let Some(finding) = finding {
                self.report(property, finding, step.event, world.now_us());
            }
        }
    }

    /// The first time that a promise is broken is what counts: what follows is often only its echo.
    fn report(&mut self, property: Property, finding: Finding, event: EventId, at_us: u64) {
        if self.violations.iter().all(|violation| violation.property != property) {
            let Finding { servers, index, sentence } = finding;
            self.violations.push(Violation { property, event, at_us, servers, index, sentence });
        }
    }

    /// What was broken, in the order in which it was: the first time for each property.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The terms that had a leader, with the first one of each.
    pub fn leaders(&self) -> impl Iterator<Item = (Term, ServerId)> {
        self.election_safety.leaders()
    }

    /// Who led a term first.
    #[must_use]
    pub fn leader_of(&self, term: Term) -> Option<ServerId> {
        self.election_safety.leader_of(term)
    }

    /// What was committed first at an index: the term of the entry, and the term in which it was.
    #[must_use]
    pub fn committed_at(&self, index: Index) -> Option<(Term, Term)> {
        self.leader_completeness.committed_at(index)
    }

    /// Up to here the log was committed somewhere, some time.
    #[must_use]
    pub fn committed(&self) -> Index {
        self.leader_completeness.committed()
    }

    /// How many steps of servers were looked at.
    #[must_use]
    pub fn looked(&self) -> u64 {
        self.looked
    }
}

// A checker can look on by itself, where nobody wants a trace.
impl Observer for Checker {
    const WATCHES: bool = false;

    fn decided(&mut self, _: Guard) {}
}

impl Watch for Checker {
    fn happened(&mut self, world: &World, step: &Stepped, _: Option<Event>) {
        self.look(world, step);
    }
}
