//! One that looks on at a storm: the checker, and the observers of what has to hold at the seams.

use crate::administration;
use crate::answers::Answers;
use crate::leading::{Led, Reigns};
use crate::transfers::Transfers;
use std::fmt;
use wavetank::check::{Checker, Property, Violation};
use wavetank::raft::{Guard, MAX_SERVERS, Observer, RoleName, ServerSet, Term, quorum};
use wavetank::sim::{Action, Event, Options, Server, Stepped, Watch, What, World};

/// How often a premise held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held {
    /// Leaders that were heard for a while, with the three options that keep a leader.
    pub reigns: u64,
    /// Times without a leader, while a majority was up and connected.
    pub unled: u64,
    /// Transfers to a server that was caught up, which nothing disturbed.
    pub transfers: u64,
    /// Requests that ended.
    pub requests: u64,
}

impl Held {
    pub fn add(&mut self, other: &Held) {
        self.reigns += other.reigns;
        self.unled += other.unled;
        self.transfers += other.transfers;
        self.requests += other.requests;
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held { reigns, unled, transfers, requests } = self;
        write!(f, "{reigns} heard leaders, {unled} times unled, {transfers} transfers, {requests} requests")
    }
}

/// Something happened: the event, and the world after it.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    pub world: &'a World,
    pub event: &'a Event,
    /// What is known of the run so far.
    pub past: &'a Past,
}

/// What more than one observer needs to know of the past.
pub struct Past {
    /// Since when a server has been running without a crash.
    pub up_since_us: [u64; MAX_SERVERS as usize],
    /// Until when a server was paused last.
    pub resumed_us: [u64; MAX_SERVERS as usize],
    /// Who started elections in which term.
    pub candidates: std::collections::BTreeMap<Term, ServerSet>,
    /// When some server first came to a term.
    pub terms: std::collections::BTreeMap<Term, u64>,
    /// When several servers were last candidates of one term.
    pub split_us: u64,
    /// By how much the clocks may run fast or slow, in millionths.
    pub drift_ppm: u64,
}

impl Past {
    fn new(world: &World) -> Past {
        Past {
            up_since_us: [0; MAX_SERVERS as usize],
            resumed_us: [0; MAX_SERVERS as usize],
            candidates: Default::default(),
            terms: Default::default(),
            split_us: 0,
            drift_ppm: u64::from(world.options().drift_ppm),
        }
    }

    fn note(&mut self, world: &World, event: &Event) {
        let now_us = event.at_us;
        if let What::Acted { action, refused: None } = &event.what {
            match action {
                Action::Restart { server } | Action::Boot { server } => {
                    self.up_since_us[server.slot()] = now_us
                }
                Action::Resume { server } => self.resumed_us[server.slot()] = now_us,
                _ => {}
            }
        }
        let Some(server) = event.server.and_then(|id| world.server(id)) else { return };
        let (id, term) = (server.node.id(), server.node.term());
        self.terms.entry(term).or_insert(now_us);
        if server.node.role().name() == RoleName::Candidate {
            let candidates = self.candidates.entry(term).or_insert(ServerSet::EMPTY);
            if !candidates.contains(id) {
                candidates.insert(id);
                if candidates.len() > 1 {
                    self.split_us = now_us;
                }
            }
        }
    }

    /// What a length is by the slowest clock.
    pub fn by_slowest_us(&self, length_us: u64) -> u64 {
        length_us * 1_000_000 / (1_000_000 - self.drift_ppm)
    }

    /// What a length is by the fastest clock.
    pub fn by_fastest_us(&self, length_us: u64) -> u64 {
        length_us * 1_000_000 / (1_000_000 + self.drift_ppm)
    }

    /// How long a message and its answer take at most, each written to a disk that has other things to write.
    pub fn round_trip_us(&self, options: &Options) -> u64 {
        2 * options.link.latency.max_us + 6 * options.fsync.max_us
    }
}

/// Those that run and are not paused.
pub fn active(world: &World) -> impl Iterator<Item = &Server> {
    world.servers().iter().filter(|server| server.is_active())
}

pub fn active_set(world: &World) -> ServerSet {
    active(world).map(|server| server.node.id()).collect()
}

/// Whether nothing is in the way of an election, or of a transfer: no link is cut, a majority of each
/// configuration that some server goes by is up, and no server that was removed disturbs the others, because the
/// options are there that prevent it or because there is none.
pub fn is_calm(world: &World) -> bool {
    let up = active_set(world);
    let options = world.options();
    let known = |server: &&Server| !server.node.configuration().all_voters().is_empty();
    let latest = active(world).filter(known).max_by_key(|server| {
        let log = server.node.log();
        (log.term_at(log.configuration_index()), log.configuration_index())
    });
    let Some(latest) = latest.map(|server| *server.node.configuration()) else { return false };
    // A removed server starts elections as long as it can't know that its removal is committed.
    let removed = |server: &Server| {
        let (id, node) = (server.node.id(), &server.node);
        let unsure = node.configuration().all_voters().contains(id)
            || node.commit() < node.log().configuration_index();
        !latest.all_voters().contains(id) && unsure
    };
    let prevented = options.pre_vote && options.stickiness;
    !world.network().any_cut()
        && active(world).filter(known).all(|server| quorum::is_quorum(server.node.configuration(), up))
        && (prevented || !active(world).any(removed))
}

/// Whether a majority follows a leader.
pub fn is_led(world: &World) -> bool {
    active(world).filter(|server| server.node.is_leader()).any(|leader| {
        let (id, term) = (leader.node.id(), leader.node.term());
        let follows = |server: &&Server| server.node.term() == term && server.node.leader() == Some(id);
        let following: ServerSet = active(world).filter(follows).map(|server| server.node.id()).collect();
        quorum::is_quorum(leader.node.configuration(), following)
    })
}

pub struct Watcher {
    checker: Checker,
    past: Past,
    reigns: Reigns,
    led: Led,
    transfers: Transfers,
    answers: Answers,
    /// What was decided in the course of the event under way.
    guards: Vec<Guard>,
    wrong: Option<String>,
}

impl Watcher {
    pub fn new(world: &World) -> Watcher {
        Watcher {
            checker: Checker::new(world),
            past: Past::new(world),
            reigns: Reigns::default(),
            led: Led::default(),
            transfers: Transfers::default(),
            answers: Answers::default(),
            guards: Vec::new(),
            wrong: None,
        }
    }

    /// What went wrong first.
    pub fn wrong(&self) -> Option<&str> {
        self.wrong.as_deref()
    }

    pub fn held(&self) -> Held {
        Held {
            reigns: self.reigns.held(),
            unled: self.led.held,
            transfers: self.transfers.held,
            requests: self.answers.held,
        }
    }
}

impl Observer for Watcher {
    const WATCHES: bool = true;

    fn decided(&mut self, guard: Guard) {
        self.guards.push(guard);
    }
}

impl Watch for Watcher {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        self.checker.look(world, step);
        let event = &event.expect("one who watches is told");
        // The terms before this event are what a reign is judged by.
        let before = Sight { world, event, past: &self.past };
        let mut wrong = self.reigns.look(before);
        self.past.note(world, event);
        let sight = Sight { world, event, past: &self.past };
        wrong = wrong.or(self.transfers.look(sight)).or(self.answers.look(sight));
        wrong = wrong.or(self.led.look(sight, self.transfers.accepted_us));
        wrong = wrong.or_else(|| administration::look(sight, &self.guards));
        self.guards.clear();
        // Clients whose sessions are shorter than their turns end each other's, and are promised nothing (D6.3).
        let options = world.options();
        let turns = 2 * world.clients().len() as u32;
        let livelock = options.sessions && (1..turns).contains(&options.session_life);
        let counts = |violation: &&Violation| !(livelock && violation.property == Property::Liveness);
        let lamp = self
            .checker
            .violations()
            .iter()
            .find(counts)
            .map(|it| format!("{:?}: {}", it.property, it.sentence));
        if self.wrong.is_none() {
            self.wrong = wrong.or(lamp).map(|told| format!("at {} ms: {told}", event.at_us / 1000));
        }
    }
}
