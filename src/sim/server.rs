//! A server as the world keeps it: the node, its state machine, its disk, its timers, and what waits.

use super::disk::Disk;
use super::event::{Brief, EventId};
use super::net::{ClientId, Packet};
use crate::kv::Store;
use crate::raft::{Index, Message, Node, ServerId, Term, Timer, Token};
use std::collections::BTreeMap;

/// A server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Raft. Of a crashed server: what it would find on its disk.
    pub node: Node,
    /// The state machine.
    pub store: Store,
    /// Up to here the state machine has applied the log.
    pub applied: Index,
    /// Whether it runs (paused or not), or has crashed.
    pub up: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Its disk.
    pub disk: Disk,
    /// Its timers, in the order of [`Timer::ALL`].
    pub timers: [Option<Running>; 2],
    /// Messages that wait for a write.
    pub waiting: Vec<Waiting>,
    /// Clients' requests that stand in its log, if it leads or led.
    pub requests: BTreeMap<Index, Request>,
    /// What has arrived while it was paused.
    pub inbox: Vec<Packet>,
    /// From whom it heard last, and when.
    pub heard: Option<(ServerId, u64)>,
    /// The last write that is durable.
    pub(super) synced: Token,
    /// How many election timeouts have fired in which term.
    pub(super) fired: (Term, u64),
}

/// A timer that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Running {
    /// When it was started, in microseconds.
    pub from_us: u64,
    /// When it fires, in microseconds.
    pub fires_us: u64,
    /// The event that started it.
    pub cause: EventId,
}

/// A message that waits for a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The message.
    pub message: Message,
    /// The write.
    pub after: Token,
    /// The event that wrote the message.
    pub cause: EventId,
}

/// A client's request that stands in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Who asked.
    pub client: ClientId,
    /// Its number for the request.
    pub serial: u32,
    /// The term in which the entry was appended.
    pub term: Term,
}

impl Server {
    /// A server with this node, not running.
    #[must_use]
    pub fn new(node: Node, disk: Disk) -> Server {
        Server {
            node,
            store: Store::default(),
            applied: Index(0),
            up: false,
            paused: false,
            disk,
            timers: [None; 2],
            waiting: Vec::new(),
            requests: BTreeMap::new(),
            inbox: Vec::new(),
            heard: None,
            synced: Token(0),
            fired: (Term(0), 0),
        }
    }

    /// The timer, if it runs.
    #[must_use]
    pub fn timer(&self, timer: Timer) -> Option<Running> {
        self.timers[timer as usize]
    }

    /// Whether it runs and is not paused.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.up && !self.paused
    }

    /// Its state in brief.
    #[must_use]
    pub fn brief(&self) -> Brief {
        let node = &self.node;
        Brief {
            up: self.up,
            paused: self.paused,
            role: node.role().name(),
            term: node.term(),
            voted_for: node.voted_for(),
            leader: node.leader(),
            last_index: node.log().last_index(),
            last_term: node.log().last_term(),
            durable_index: node.durable_index(),
            commit: node.commit(),
            applied: node.applied(),
        }
    }

    /// Everything that is only in memory is gone.
    pub(super) fn forget(&mut self, node: Node) {
        self.disk.crash();
        let disk = self.disk.clone();
        let fired = self.fired;
        *self = Server { fired, ..Server::new(node, disk) };
    }
}
