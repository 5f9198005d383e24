//! A state of the search, to look at.

use super::local::Local;
use super::past::Past;
use super::space::Space;
use crate::check::Property;
use crate::check::goal::Scene;
use crate::raft::{Index, Node, Rules, ServerId, Term};

/// A state of the search, to look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    space: &'a Space<'a>,
    row: &'a [u32],
}

impl<'a> View<'a> {
    pub(super) fn new(space: &'a Space, row: &'a [u32]) -> View<'a> {
        View { space, row }
    }

    /// The servers, S1 first.
    pub fn servers(&self) -> impl Iterator<Item = &'a Local> + Clone {
        self.space.servers(self.row)
    }

    /// What is remembered of the past.
    #[must_use]
    pub fn past(&self) -> &'a Past {
        self.space.past(self.row)
    }
}

impl Scene for View<'_> {
    fn servers(&self) -> u8 {
        self.space.frame().servers as u8
    }

    fn node(&self, id: ServerId) -> Option<&Node> {
        View::servers(self).nth(id.slot()).map(|local| &local.node)
    }

    fn up(&self, id: ServerId) -> bool {
        View::servers(self).nth(id.slot()).is_some_and(|local| local.up)
    }

    fn rules(&self) -> Rules {
        self.space.frame().rules
    }

    fn leader_of(&self, term: Term) -> Option<ServerId> {
        self.past().leaders.get(&term)?.first().copied()
    }

    fn committed(&self, index: Index) -> Option<(Term, Term)> {
        let slot = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.past().committed.get(slot).map(|(entry, in_term)| (entry.term, *in_term))
    }

    fn violated(&self, property: Property) -> bool {
        self.past().violated.contains(&property)
    }
}
