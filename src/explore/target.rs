//! What a run is looked through for.

use crate::check::goal::{Goal, Lookout};
use crate::check::{Checker, Property};
use crate::raft::{Guard, Observer};
use crate::sim::{Event, Stepped, Watch, World};
use crate::timeline::{Stamp, moment};
use std::fmt;

/// What a run is looked through for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Any promise that falls.
    Any,
    /// That this promise falls.
    Property(Property),
    /// That this holds.
    Goal(Goal),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Any => f.write_str("violated"),
            Target::Property(property) => property.fmt(f),
            Target::Goal(goal) => goal.fmt(f),
        }
    }
}

/// One who looks a run through, and knows when it was found.
pub(super) struct Seeker {
    pub(super) checker: Checker,
    target: Seek,
    pub(super) found: Option<Stamp>,
}

enum Seek {
    Any,
    Property(Property),
    Goal(Lookout),
}

impl Seeker {
    /// One who looks through a run that begins with this world.
    pub(super) fn new(target: &Target, world: &World) -> Seeker {
        let target = match target {
            Target::Any => Seek::Any,
            Target::Property(property) => Seek::Property(*property),
            Target::Goal(goal) => Seek::Goal(Lookout::new(goal.clone())),
        };
        let mut seeker = Seeker { checker: Checker::new(world), target, found: None };
        seeker.look(world);
        seeker
    }

    pub(super) fn look(&mut self, world: &World) {
        let broken = self.checker.violations();
        let found = match &mut self.target {
            _ if self.found.is_some() => false,
            Seek::Any => !broken.is_empty(),
            Seek::Property(property) => broken.iter().any(|violation| violation.property == *property),
            Seek::Goal(lookout) => lookout.look(&(world, &self.checker)),
        };
        if found {
            self.found = Some(moment(world));
        }
    }
}

impl Observer for Seeker {
    const WATCHES: bool = false;

    fn decided(&mut self, _: Guard) {}
}

impl Watch for Seeker {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        self.checker.happened(world, step, event);
        self.look(world);
    }
}
