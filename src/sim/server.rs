//! A server as the world keeps it: the node, its state machine, its disk, its timers, and what waits.

use super::disk::Disk;
use super::event::{Brief, EventId};
use super::net::{ClientId, Packet};
use crate::kv::{Command, Store};
use crate::raft::{Index, Message, Node, ReadId, ServerId, Term, Timer, Token};
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
    /// Whether it has lost its disk for good: nobody of this name comes back.
    pub retired: bool,
    /// By how much its clock runs fast (or slow, below 0), in millionths.
    pub clock_ppm: i32,
    /// Its timers, each at its own number.
    timers: [Option<Running>; Timer::ALL.len()],
    /// Which of them run, a bit each: most don't, and needn't be looked at.
    running: u8,
    /// The one that fires first, and when.
    next_timer: Option<(u64, Timer)>,
    /// Messages that wait for a write.
    pub waiting: Vec<Waiting>,
    /// Clients' requests that stand in its log, if it leads or led.
    pub requests: BTreeMap<Index, Request>,
    /// Reads that it has been asked for past the log.
    pub reads: BTreeMap<ReadId, Read>,
    /// Requests that wait until it has handed its leadership over, or has given that up (D3.10).
    pub held: Vec<(ClientId, Command)>,
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

/// A client's read that does not go through the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// Who asked.
    pub client: ClientId,
    /// Its number for the request.
    pub serial: u32,
    /// What it reads.
    pub key: String,
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
            retired: false,
            clock_ppm: 0,
            timers: [None; Timer::ALL.len()],
            running: 0,
            next_timer: None,
            waiting: Vec::new(),
            requests: BTreeMap::new(),
            reads: BTreeMap::new(),
            held: Vec::new(),
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

    /// The timer that fires first, and when.
    #[inline]
    #[must_use]
    pub fn next_timer(&self) -> Option<(u64, Timer)> {
        self.next_timer
    }

    /// Starts a timer anew, or stops it. Returns what ran before.
    pub(super) fn put_timer(&mut self, timer: Timer, running: Option<Running>) -> Option<Running> {
        let before = std::mem::replace(&mut self.timers[timer as usize], running);
        let bit = 1 << timer as u8;
        self.running = if running.is_some() { self.running | bit } else { self.running & !bit };
        self.next_timer = match running {
            Some(only) if self.running == bit => Some((only.fires_us, timer)),
            _ => self.first_of_several(),
        };
        before
    }

    fn first_of_several(&self) -> Option<(u64, Timer)> {
        let runs = |timer: &&Timer| self.running & 1 << **timer as u8 != 0;
        let fires = |timer: &Timer| Some((self.timers[*timer as usize]?.fires_us, *timer));
        let firing = Timer::ALL.iter().filter(runs).filter_map(fires);
        firing.min_by_key(|(fires_us, _)| *fires_us)
    }

    /// How long a timer of this length really takes by this server's clock, in microseconds: at least 1, since
    /// a timer that takes no time would fire for ever at one instant.
    pub(super) fn by_its_clock(&self, length_us: u64) -> u64 {
        if self.clock_ppm == 0 {
            return length_us.max(1);
        }
        let speed = u128::from((1_000_000 + i64::from(self.clock_ppm)).max(1) as u64);
        ((u128::from(length_us) * 1_000_000 / speed) as u64).max(1)
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
            first_index: node.log().first_index(),
            configuration: *node.configuration(),
            transferring: node.transferring(),
        }
    }

    /// Everything that is only in memory is gone. The state machine is what the snapshot holds.
    pub(super) fn forget(&mut self, node: Node) {
        let disk = self.disk.clone();
        let Server { fired, retired, clock_ppm, .. } = *self;
        let mut server = Server { fired, retired, clock_ppm, ..Server::new(node, disk) };
        if let Some(snapshot) = server.node.snapshot() {
            server.store = Store::decode(&snapshot.data).unwrap_or_default();
            server.applied = server.node.applied();
        }
        *self = server;
    }
}
