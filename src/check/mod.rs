//! What must always hold, whatever happens in the world: Raft's promises (Figure 3), and what they rest
//! on. It watches and never changes; a broken promise is a value, not a panic.
//!
//! Each property keeps what it has to remember of the whole history, and looks at a step only at what
//! the step changed: the cost of a step does not grow with the run, and a step that changes nothing that
//! anybody looks at costs next to nothing. A clone of a checker shares the history.

mod at_most_once;
mod durable_commit;
mod election_safety;
pub mod goal;
pub mod history;
mod latest_configuration;
mod leader_append_only;
mod leader_completeness;
pub mod linearizability;
mod liveness;
mod log_matching;
mod look;
mod monotone;
mod one_vote;
mod order;
mod past;
mod property;
mod state_machine_safety;
mod violation;

pub use property::Property;
pub use violation::{Fact, Violation};

use crate::raft::{Entry, Guard, Index, MAX_SERVERS, Observer, ServerId, ServerSet, Term};
use crate::sim::{Event, EventId, Server, Stepped, Watch, World};
use durable_commit::DurableCommit;
use look::{Known, Look};
use violation::{Finding, START};

/// Everything that is checked, with what it remembers.
#[derive(Clone, Debug)]
pub struct Checker {
    known: [Option<Known>; MAX_SERVERS as usize],
    election_safety: election_safety::ElectionSafety,
    log_matching: log_matching::LogMatching,
    leader_completeness: leader_completeness::LeaderCompleteness,
    state_machine_safety: state_machine_safety::StateMachineSafety,
    monotone: monotone::Monotone,
    one_vote: one_vote::OneVote,
    at_most_once: at_most_once::AtMostOnce,
    linearizability: linearizability::Watching,
    liveness: liveness::Liveness,
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
            log_matching: Default::default(),
            leader_completeness: Default::default(),
            state_machine_safety: Default::default(),
            monotone: Default::default(),
            one_vote: Default::default(),
            at_most_once: Default::default(),
            linearizability: linearizability::Watching::new(world),
            liveness: liveness::Liveness::new(world),
            violations: Vec::new(),
            looked: 0,
        };
        for id in world.ids() {
            let (event, log_from) = (START, Some(Index(1)));
            let took_effect = &[];
            let step = Stepped {
                event,
                server: Some(id),
                client: None,
                acted: false,
                log_from,
                reborn: true,
                took_effect,
            };
            checker.look(world, &step);
        }
        checker
    }

    /// Looks at what a step has changed.
    pub fn look(&mut self, world: &World, step: &Stepped) {
        self.look_at_client(world, step);
        if let Some(finding) = self.liveness.look(world, step.acted) {
            self.report(Property::Liveness, finding, step.event, world.now_us());
        }
        let Some((id, server)) = step.server.and_then(|id| Some((id, world.server(id)?))) else { return };
        self.looked += 1;
        if let Some(disordered) = order::disordered(server) {
            self.report(Property::Order, order::judge(id, disordered), step.event, world.now_us());
        }
        let now = Known::of(server);
        let before = self.known[id.slot()];
        if before != Some(now) {
            self.known[id.slot()] = Some(now);
        } else if step.log_from.is_none()
            && !step.reborn
            && step.took_effect.is_empty()
            && !self.one_vote.is_pending(id)
        {
            return;
        }
        // A server that was never looked at has a life that begins here.
        let step = &Stepped { reborn: step.reborn || before.is_none(), ..*step };
        self.look_closely(world, server, step, before.unwrap_or(now), now);
    }

    /// Something has changed that a property may be about.
    fn look_closely(&mut self, world: &World, server: &Server, step: &Stepped, before: Known, now: Known) {
        let Stepped { event, log_from, reborn, took_effect, .. } = *step;
        let node = &server.node;
        let look = &Look { world, event, server, node, id: node.id(), now, before, log_from, reborn };
        // What is remembered comes first where another property goes by it.
        let election_safety = self.election_safety.look(look);
        let log_matching = self.log_matching.look(look);
        let news = self.leader_completeness.note_commits(look);
        let leaders = &self.election_safety;
        let durable_commit = DurableCommit { committed: &self.leader_completeness, seen: &self.log_matching };
        // What is wrong once may be so for long, and is not looked up again and again.
        let holds = |property| self.violations.iter().all(|violation| violation.property != property);
        let completeness = holds(Property::LeaderCompleteness)
            .then(|| self.leader_completeness.look(look, news, leaders))
            .flatten();
        let durable = holds(Property::DurableCommit).then(|| durable_commit.look(look, news)).flatten();
        let findings = [
            (Property::ElectionSafety, election_safety),
            (Property::LeaderAppendOnly, leader_append_only::look(look, leaders)),
            (Property::LogMatching, log_matching),
            (Property::LeaderCompleteness, completeness),
            (Property::StateMachineSafety, self.state_machine_safety.look(look)),
            (Property::Monotone, self.monotone.look(look)),
            (Property::DurableCommit, durable),
            (Property::OneVote, self.one_vote.look(look)),
            (Property::Order, order::look(look)),
            (Property::LatestConfiguration, latest_configuration::look(look)),
            (Property::AtMostOnce, self.at_most_once.look(look, took_effect)),
        ];
        self.linearizability.look_at_log(look);
        for (property, finding) in findings {
            if let Some(finding) = finding {
                self.report(property, finding, event, world.now_us());
            }
        }
    }

    /// What a client asks and is told.
    fn look_at_client(&mut self, world: &World, step: &Stepped) {
        let client = step.client.and_then(|id| world.clients().iter().find(|client| client.id == id));
        if let Some(finding) = client.and_then(|client| self.linearizability.look(client, step.event)) {
            self.report(Property::Linearizability, finding, step.event, world.now_us());
        }
    }

    /// The first time that a promise is broken is what counts: what follows is often only its echo.
    fn report(&mut self, property: Property, finding: Finding, event: EventId, at_us: u64) {
        if self.violations.iter().all(|violation| violation.property != property) {
            self.violations.push(finding.dated(property, event, at_us));
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
        self.leader_completeness.get(index).map(|committed| (committed.entry.term, committed.in_term))
    }

    /// The entry that was committed first at an index, and the term in which it was.
    #[must_use]
    pub fn entry_committed_at(&self, index: Index) -> Option<(Entry, Term)> {
        self.leader_completeness.get(index).map(|committed| (committed.entry.clone(), committed.in_term))
    }

    /// Up to here the log was committed somewhere, some time.
    #[must_use]
    pub fn committed(&self) -> Index {
        self.leader_completeness.committed()
    }

    /// How many answers to clients linearizability was not decided for: too much was possible by then.
    #[must_use]
    pub fn undecided(&self) -> u64 {
        self.linearizability.unjudged()
    }

    /// The majority to which [`Property::Liveness`] promises a leader as the world is, and as far as was looked:
    /// nothing is in its way. None where nobody is promised anything.
    #[must_use]
    pub fn promised(&self) -> Option<ServerSet> {
        self.liveness.majority()
    }

    /// How many times it was looked whether that majority had a leader when one was due.
    #[must_use]
    pub fn leaders_due(&self) -> u64 {
        self.liveness.judged()
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
