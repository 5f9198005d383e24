//! A small event loop around raft-rs: five `RawNode`s with their `MemStorage`, messages that travel 10
//! to 15 ms, in virtual time. It is built to be quick: nothing is logged, checked or kept that the
//! protocol does not need, writes are durable at once, and entries are counted, not applied.

use raft::eraftpb::{Entry, Message};
use raft::storage::MemStorage;
use raft::{Config, RawNode, StateRole};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const SERVERS: u64 = 5;

/// What is told to raft-rs.
#[derive(Clone, Copy)]
pub struct Settings {
    /// How often each server is told that time has passed. raft-rs counts timeouts in such ticks, so a
    /// long tick is less work and a coarser choice of election timeouts.
    pub tick_us: u64,
    /// How often something is proposed, or 0.
    pub request_every_us: u64,
    /// Whether a leader tells at once that it has committed; else with its next message, as in Figure 2.
    pub tell_commits: bool,
}

/// The cluster.
pub struct Rival {
    settings: Settings,
    now_us: u64,
    nodes: Vec<RawNode<MemStorage>>,
    /// When each server ticks next.
    ticks: [u64; SERVERS as usize],
    request_us: u64,
    requests: u64,
    /// (arrival, order, slot).
    queue: BinaryHeap<Reverse<(u64, u64, u32)>>,
    slots: Vec<Message>,
    free: Vec<u32>,
    sent: u64,
    random: u64,
    /// Normal entries that servers have learnt to be committed, over all servers.
    pub committed: u64,
    /// What has happened: ticks, arrivals and proposals.
    pub events: u64,
}

impl Rival {
    /// Five servers that have never run.
    pub fn new(settings: Settings, seed: u64) -> Rival {
        let logger = slog::Logger::root(slog::Discard, slog::o!());
        let voters: Vec<u64> = (1..=SERVERS).collect();
        let node = |id| {
            let config = Config {
                id,
                // raft-rs draws a timeout from election_tick up to, and without, twice that.
                election_tick: (100_000 / settings.tick_us) as usize,
                heartbeat_tick: (50_000 / settings.tick_us) as usize,
                max_size_per_msg: 1 << 20,
                max_inflight_msgs: 256,
                skip_bcast_commit: !settings.tell_commits,
                ..Config::default()
            };
            let storage = MemStorage::new_with_conf_state((voters.clone(), vec![]));
            RawNode::new(&config, storage, &logger).expect("these settings are valid")
        };
        Rival {
            settings,
            now_us: 0,
            nodes: voters.iter().map(|&id| node(id)).collect(),
            // Servers do not tick in step. A follower counts a long tick just before a heartbeat and another
            // just after the next one as two, so the ticks keep clear of the times when heartbeats come.
            ticks: std::array::from_fn(|slot| 2_000 * (slot as u64 + 1)),
            request_us: if settings.request_every_us == 0 { u64::MAX } else { settings.request_every_us },
            requests: 0,
            queue: BinaryHeap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            sent: 0,
            random: seed | 1,
            committed: 0,
            events: 0,
        }
    }

    /// Lets everything happen that happens until then.
    pub fn run_until(&mut self, until_us: u64) {
        loop {
            let (mut at_us, mut ticks) = (u64::MAX, None);
            for (slot, &tick_us) in self.ticks.iter().enumerate() {
                if tick_us < at_us {
                    (at_us, ticks) = (tick_us, Some(slot));
                }
            }
            let arrives_us = self.queue.peek().map_or(u64::MAX, |Reverse((arrives_us, ..))| *arrives_us);
            let next_us = at_us.min(arrives_us).min(self.request_us);
            if next_us > until_us {
                self.now_us = until_us;
                return;
            }
            self.now_us = next_us;
            self.events += 1;
            if next_us == arrives_us {
                self.arrive();
            } else if next_us == self.request_us {
                self.request_us += self.settings.request_every_us;
                self.request();
            } else if let Some(slot) = ticks {
                self.ticks[slot] += self.settings.tick_us;
                if self.nodes[slot].tick() {
                    self.carry_out(slot);
                }
            }
        }
    }

    /// How many servers lead.
    pub fn leaders(&self) -> usize {
        self.nodes.iter().filter(|node| node.raft.state == StateRole::Leader).count()
    }

    /// The highest term.
    pub fn term(&self) -> u64 {
        self.nodes.iter().map(|node| node.raft.term).max().unwrap_or(0)
    }

    fn arrive(&mut self) {
        let Some(Reverse((_, _, slot))) = self.queue.pop() else { return };
        self.free.push(slot);
        let message = std::mem::take(&mut self.slots[slot as usize]);
        let to = message.to as usize - 1;
        // An error means that the message is of no use, which is no harm.
        if self.nodes[to].step(message).is_ok() {
            self.carry_out(to);
        }
    }

    fn request(&mut self) {
        let leads = |node: &RawNode<MemStorage>| node.raft.state == StateRole::Leader;
        let Some(leader) = self.nodes.iter().position(leads) else { return };
        self.requests += 1;
        let n = self.requests;
        if self.nodes[leader].propose(vec![], format!("put k{} {n}", n % 5).into_bytes()).is_ok() {
            self.carry_out(leader);
        }
    }

    /// Does what a server wants done, as raft-rs's own example does it.
    fn carry_out(&mut self, slot: usize) {
        if !self.nodes[slot].has_ready() {
            return;
        }
        let mut ready = self.nodes[slot].ready();
        self.send(ready.take_messages());
        self.count(&ready.take_committed_entries());
        {
            let mut store = self.nodes[slot].raft.raft_log.store.wl();
            if !ready.entries().is_empty() {
                store.append(ready.entries()).expect("entries follow each other");
            }
            if let Some(hard) = ready.hs() {
                store.set_hardstate(hard.clone());
            }
        }
        self.send(ready.take_persisted_messages());
        let mut light = self.nodes[slot].advance(ready);
        if let Some(commit) = light.commit_index() {
            self.nodes[slot].raft.raft_log.store.wl().mut_hard_state().set_commit(commit);
        }
        self.send(light.take_messages());
        self.count(&light.take_committed_entries());
        self.nodes[slot].advance_apply();
    }

    fn count(&mut self, entries: &[Entry]) {
        self.committed += entries.iter().filter(|entry| !entry.data.is_empty()).count() as u64;
    }

    fn send(&mut self, messages: Vec<Message>) {
        for message in messages {
            // xorshift64: quick, and good enough for travel times.
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            let arrives_us = self.now_us + 10_000 + (((self.random >> 32) * 5_001) >> 32);
            let slot = match self.free.pop() {
                Some(slot) => {
                    self.slots[slot as usize] = message;
                    slot
                }
                None => {
                    self.slots.push(message);
                    self.slots.len() as u32 - 1
                }
            };
            self.queue.push(Reverse((arrives_us, self.sent, slot)));
            self.sent += 1;
        }
    }
}
