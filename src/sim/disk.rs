//! A server's disk: what is on it, and the writes that are under way.

use super::draw::{Purpose, Seed, draw, within};
use super::event::EventId;
use crate::raft::{Durable, Index, ServerId, Term, TimerRange, Token, Write};
use std::collections::VecDeque;

/// Draws for writes are named by the bucket of their start, of this many microseconds.
const BUCKET_US: u64 = 1024;

/// A disk. Writes become durable one after the other, in the order in which they were asked for.
#[derive(Clone, Debug)]
pub struct Disk {
    seed: Seed,
    server: ServerId,
    /// What a crash leaves.
    pub durable: Durable,
    /// What a crash loses.
    pub queue: VecDeque<Pending>,
    /// The bucket of the last write, and how many began in it before.
    last: (u64, u64),
}

/// Where a log ends: the index and the term of its last entry.
pub type LogEnd = (Index, Term);

/// A write under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What is written.
    pub write: Write,
    /// When it was asked for, in microseconds.
    pub from_us: u64,
    /// When it will be durable, in microseconds.
    pub done_us: u64,
    /// The event that asked for it.
    pub cause: EventId,
}

impl Disk {
    /// A disk with this on it.
    #[must_use]
    pub fn new(seed: Seed, server: ServerId, durable: Durable) -> Disk {
        Disk { seed, server, durable, queue: VecDeque::new(), last: (0, 0) }
    }

    /// Begins a write.
    pub fn begin(&mut self, write: Write, fsync: TimerRange, now_us: u64, cause: EventId) {
        let bucket = now_us / BUCKET_US;
        self.last = if self.last.0 == bucket { (bucket, self.last.1 + 1) } else { (bucket, 0) };
        let draw = draw(self.seed, Purpose::Fsync, u64::from(self.server.number()), bucket, self.last.1);
        let takes_us = within(draw, fsync.min_us, fsync.max_us);
        let before = self.queue.back().map_or(0, |earlier| earlier.done_us);
        self.queue.push_back(Pending {
            write,
            from_us: now_us,
            done_us: before.max(now_us + takes_us),
            cause,
        });
    }

    /// When the next write is durable.
    #[inline]
    #[must_use]
    pub fn next_done_us(&self) -> Option<u64> {
        self.queue.front().map(|pending| pending.done_us)
    }

    /// Makes the next write durable. Returns its token, the event that asked for it, and where the log
    /// ends that it wrote.
    pub fn finish(&mut self) -> Option<(Token, EventId, Option<LogEnd>)> {
        let Pending { write, cause, .. } = self.queue.pop_front()?;
        let last = self.durable.write(&write);
        Some((write.token, cause, last))
    }

    /// A crash: what is not durable is lost.
    pub fn crash(&mut self) {
        self.queue.clear();
    }
}
