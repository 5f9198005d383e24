//! What a property looks at.

use crate::raft::{Configuration, Index, Node, RoleName, ServerId, Term};
use crate::sim::{EventId, Server, World};

/// As much of a server as has to be known to see what a step has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) up: bool,
    pub(super) role: RoleName,
    pub(super) term: Term,
    pub(super) voted_for: Option<ServerId>,
    /// The index of the last entry.
    pub(super) last: Index,
    pub(super) last_term: Term,
    /// What the log stands on.
    pub(super) base: Index,
    pub(super) commit: Index,
    pub(super) applied: Index,
    pub(super) configuration: Configuration,
}

impl Known {
    pub(super) fn of(server: &Server) -> Known {
        let node = &server.node;
        Known {
            up: server.up,
            role: node.role().name(),
            term: node.term(),
            voted_for: node.voted_for(),
            last: node.log().last_index(),
            last_term: node.log().last_term(),
            base: node.log().base_index(),
            commit: node.commit(),
            applied: node.applied(),
            configuration: *node.configuration(),
        }
    }

    /// Whether it leads, in its own opinion.
    pub(super) fn leads(&self) -> bool {
        self.up && self.role == RoleName::Leader
    }
}

/// What a property looks at: a server after a step, and what was known of it before.
pub(super) struct Look<'a> {
    pub(super) world: &'a World,
    pub(super) event: EventId,
    pub(super) server: &'a Server,
    pub(super) node: &'a Node,
    pub(super) id: ServerId,
    pub(super) now: Known,
    pub(super) before: Known,
    /// From which index on the log was written to.
    pub(super) log_from: Option<Index>,
    /// Whether the server has begun a new life.
    pub(super) reborn: bool,
}

impl Look<'_> {
    /// Whether it leads now.
    pub(super) fn leads(&self) -> bool {
        self.now.leads()
    }

    /// Whether it leads now, and did not lead in this term before.
    pub(super) fn newly_leads(&self) -> bool {
        let led = self.before.leads() && self.before.term == self.now.term && !self.reborn;
        self.leads() && !led
    }

    /// Whether it leads a term that it took over while it led an older one: without the rule of §5.1.
    pub(super) fn took_over(&self) -> bool {
        self.same_life() && self.before.leads()
    }

    /// Whether it runs on from before the step.
    pub(super) fn same_life(&self) -> bool {
        self.before.up && self.now.up && !self.reborn
    }
}
