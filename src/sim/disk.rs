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
    /// Whether it acknowledges writes before they are done. No such disk is in Raft's fault model.
    pub lies: bool,
    /// How long a write takes on this disk. None: as long as on any other ([`super::Options::fsync`]).
    pub fsync: Option<TimerRange>,
    /// No write becomes durable before then, in microseconds. It stalls while that lies ahead.
    pub stalls_until_us: u64,
    /// What it pretends to hold, and what it still has to write for that to be true.
    pretended: Option<Box<(Durable, VecDeque<Pending>)>>,
    /// The bucket of the last write, and how many began in it before.
    last: (u64, u64),
}

/// How long a disk that lies keeps in its cache what it says is written, in microseconds.
const CACHED_US: u64 = 1_000_000;

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
        Disk {
            seed,
            server,
            durable,
            queue: VecDeque::new(),
            lies: false,
            fsync: None,
            stalls_until_us: 0,
            pretended: None,
            last: (0, 0),
        }
    }

    /// Begins a write, which takes as long as `common` says unless this disk has a range of its own.
    pub fn begin(&mut self, write: Write, common: TimerRange, now_us: u64, cause: EventId) {
        let fsync = self.fsync.unwrap_or(common);
        let bucket = now_us / BUCKET_US;
        self.last = if self.last.0 == bucket { (bucket, self.last.1 + 1) } else { (bucket, 0) };
        let draw = draw(self.seed, Purpose::Fsync, u64::from(self.server.number()), bucket, self.last.1);
        let takes_us = within(draw, fsync.min_us, fsync.max_us);
        let before = self.queue.back().map_or(0, |earlier| earlier.done_us);
        self.queue.push_back(Pending {
            write,
            from_us: now_us,
            done_us: before.max(now_us + takes_us).max(self.stalls_until_us),
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
    pub fn finish(&mut self, now_us: u64) -> Option<(Token, EventId, Option<LogEnd>)> {
        let pending = self.queue.pop_front()?;
        let (token, cause) = (pending.write.token, pending.cause);
        let last = if self.lies { self.pretend(pending, now_us) } else { self.durable.write(&pending.write) };
        Some((token, cause, last))
    }

    /// Says that a write is done, and does it later.
    fn pretend(&mut self, pending: Pending, now_us: u64) -> Option<LogEnd> {
        self.flush(now_us);
        let durable = &self.durable;
        let pretended = self.pretended.get_or_insert_with(|| Box::new((durable.clone(), VecDeque::new())));
        let last = pretended.0.write(&pending.write);
        let done_us = self.stalls_until_us.max(now_us + CACHED_US);
        pretended.1.push_back(Pending { done_us, ..pending });
        last
    }

    /// From now on it lies, or tells the truth; then it first does all that it has said was done.
    pub fn set_lies(&mut self, lies: bool) {
        self.lies = lies;
        if !lies {
            self.flush(u64::MAX);
        }
    }

    /// Until then no write becomes durable: neither what is under way nor what begins meanwhile.
    pub fn stall(&mut self, until_us: u64) {
        self.stalls_until_us = until_us;
        let cached = self.pretended.iter_mut().flat_map(|pretended| &mut pretended.1);
        for pending in self.queue.iter_mut().chain(cached) {
            pending.done_us = pending.done_us.max(until_us);
        }
    }

    /// Another disk, empty but for this, in the place of the lost one. It is as fast as any other.
    pub fn replace(&mut self, durable: Durable) {
        (self.durable, self.fsync, self.stalls_until_us) = (durable, None, 0);
    }

    /// Does what it has said was done, as far as there was time.
    fn flush(&mut self, now_us: u64) {
        let Some(pretended) = &mut self.pretended else { return };
        while let Some(pending) = pretended.1.pop_front_if(|pending| pending.done_us <= now_us) {
            self.durable.write(&pending.write);
        }
        if pretended.1.is_empty() {
            self.pretended = None;
        }
    }

    /// A crash: what is not durable is lost.
    pub fn crash(&mut self, now_us: u64) {
        self.flush(now_us);
        self.pretended = None;
        self.queue.clear();
    }

    /// The entries of the write under way, if it writes some.
    #[must_use]
    pub fn writing_entries(&self) -> usize {
        let suffix = self.queue.front().and_then(|pending| pending.write.log.as_ref());
        suffix.map_or(0, |suffix| suffix.entries.len())
    }

    /// A crash in the middle of the write under way.
    pub fn tear(&mut self, now_us: u64) {
        self.flush(now_us);
        if let Some(pending) = self.queue.front()
            && self.pretended.is_none()
        {
            self.durable.tear(&pending.write);
        }
        self.crash(now_us);
    }
}
