//! Goals: what is looked for in a run, as a condition that people can type.
//!
//! `leaders >= 2`, `committed(1 of term 1 in term 3)`, `any i in 1..3, t in 1..4: lost(i of term t)`: a
//! condition on the servers at one moment, and on what was before. The grammar and every word stand in
//! `docs/goals.md`, each with an example that the tests try.
//!
//! What a goal has to remember of the past it says itself, by `once(…)`: [`Goal::remembers`] bits, which
//! whoever goes from moment to moment keeps in a [`Memory`]. A search keeps them in each state, so it
//! knows before it begins what that costs.

mod atoms;
mod election;
mod eval;
mod lexer;
mod parser;
mod syntax;
mod words;

use crate::check::{Checker, Property};
use crate::raft::{Index, Node, Rules, ServerId, Term};
use crate::sim::World;
use std::fmt;
use std::str::FromStr;
use syntax::Expr;

pub use election::can_win;
pub use words::words;

/// The longest goal, in bytes.
pub const GOAL_MAX: usize = 4000;
/// The most that a goal can remember, in bits.
pub const MEMORY_MAX: u32 = 64;

/// A condition on the state of a cluster and its past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    condition: Expr,
    facts: Facts,
}

/// What is known of a goal from its text alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    /// The highest server that is named.
    highest: Option<ServerId>,
    /// Whether it remembers something of a particular server.
    remembers_servers: bool,
    /// How many bits it remembers.
    bits: u32,
}

/// What a goal remembers of the moments that were: a bit for each `once(…)` and each value of the
/// variables in it. Bits are set and never cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Memory(pub u64);

/// Why a text is no goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalError {
    /// Where, in letters from 1.
    pub column: usize,
    /// What is wrong there, and what to write instead.
    pub what: String,
}

impl fmt::Display for GoalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.what)
    }
}

impl std::error::Error for GoalError {}

/// A moment of a run, and what has to be known of its past whatever the goal.
pub trait Scene {
    /// How many servers there are, S1 first.
    fn servers(&self) -> u8;
    /// A server's node; of a crashed server, what it would find on its disk.
    fn node(&self, id: ServerId) -> Option<&Node>;
    /// Whether the server runs.
    fn up(&self, id: ServerId) -> bool;
    /// The rules in force.
    fn rules(&self) -> Rules;
    /// Who was elected first in a term, if anybody was.
    fn leader_of(&self, term: Term) -> Option<ServerId>;
    /// What was committed first at an index: the term of the entry, and the term in which it was.
    fn committed(&self, index: Index) -> Option<(Term, Term)>;
    /// Whether a promise is broken.
    fn violated(&self, property: Property) -> bool;
}

impl Goal {
    /// Whether it holds at this moment. `memory` has to have taken this moment in already, by
    /// [`Goal::remember`].
    #[must_use]
    pub fn holds(&self, scene: &impl Scene, memory: Memory) -> bool {
        eval::holds(&self.condition, scene, memory)
    }

    /// What it remembers after this moment, given what it remembered before. To be called for each
    /// moment in turn, the first one too, before [`Goal::holds`].
    #[must_use]
    pub fn remember(&self, scene: &impl Scene, memory: Memory) -> Memory {
        if self.facts.bits == 0 { memory } else { eval::remember(&self.condition, scene, memory) }
    }

    /// How many bits it remembers; 0 if it looks at the present alone, and at what every scene knows.
    #[must_use]
    pub fn remembers(&self) -> u32 {
        self.facts.bits
    }

    /// Whether servers have to be told apart: one is named, or something is remembered of each. If
    /// not, renaming the servers of a state changes nothing for this goal.
    #[must_use]
    pub fn names_servers(&self) -> bool {
        self.facts.highest.is_some() || self.facts.remembers_servers
    }

    /// Whether it asks who led a term, or in which term something was committed: what a search may forget
    /// of terms that all servers have left, unless this is so.
    #[must_use]
    pub fn names_old_terms(&self) -> bool {
        self.condition.names_old_terms()
    }

    /// Whether a search can tell. It knows less than a timed run does: the promises of Figure 3 alone, and
    /// not whom a server follows, which has no influence on what comes.
    ///
    /// # Errors
    /// A sentence, when it asks for something else.
    pub fn fits_search(&self) -> Result<(), String> {
        self.condition.beyond_search().map_or(Ok(()), Err)
    }

    /// Whether it makes sense for a cluster of this size.
    ///
    /// # Errors
    /// A sentence, when it names a server that is not there.
    pub fn fits(&self, servers: u8) -> Result<(), String> {
        match self.facts.highest {
            Some(id) if id.number() > servers => {
                Err(format!("there is no {id}: this cluster has S1 to S{servers}"))
            }
            _ => Ok(()),
        }
    }
}

impl FromStr for Goal {
    type Err = GoalError;

    fn from_str(text: &str) -> Result<Goal, GoalError> {
        let (condition, facts) = parser::parse(text)?;
        Ok(Goal { condition, facts })
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

/// A goal that is watched for, moment after moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookout {
    goal: Goal,
    memory: Memory,
}

impl Lookout {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(goal: Goal) -> Lookout {
        Lookout { goal, memory: Memory::default() }
    }

    /// Takes a moment in. Whether the goal holds then.
    pub fn look(&mut self, scene: &impl Scene) -> bool {
        self.memory = self.goal.remember(scene, self.memory);
        self.goal.holds(scene, self.memory)
    }
}

/// A timed run: the world, and the checker that has watched it.
impl Scene for (&World, &Checker) {
    fn servers(&self) -> u8 {
        self.0.servers().len() as u8
    }

    fn node(&self, id: ServerId) -> Option<&Node> {
        self.0.server(id).map(|server| &server.node)
    }

    fn up(&self, id: ServerId) -> bool {
        self.0.server(id).is_some_and(|server| server.up)
    }

    fn rules(&self) -> Rules {
        self.0.rules()
    }

    fn leader_of(&self, term: Term) -> Option<ServerId> {
        self.1.leader_of(term)
    }

    fn committed(&self, index: Index) -> Option<(Term, Term)> {
        self.1.committed_at(index)
    }

    fn violated(&self, property: Property) -> bool {
        self.1.violations().iter().any(|violation| violation.property == property)
    }
}
