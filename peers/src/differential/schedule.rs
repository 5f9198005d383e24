//! What happens in a round, drawn from a seed.
//!
//! A round is the same for both sides, so it names nothing that only one of them has. Its links are up
//! or down in both directions: raft-rs sends entries only to a follower whose answers it hears, and we
//! send them with every heartbeat, so a link that is up in one direction is no link to raft-rs.

use super::side::{Event, Kind, Route, Slot};
use std::fmt;

/// The most servers.
pub const MOST: Slot = 5;

/// splitmix64: small, and good enough to choose by.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed);
        // The states of one seed must not be those of the next one, a step on.
        Dice(dice.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// Which links are up, by both ends.
#[derive(Clone, Default)]
pub struct Links([[bool; MOST]; MOST]);

impl Links {
    /// All of them.
    pub fn all() -> Links {
        Links([[true; MOST]; MOST])
    }

    fn up(&self, a: Slot, b: Slot) -> bool {
        self.0[a][b]
    }

    /// Only the links that satisfy this, whichever end is named first.
    fn only(&self, keep: impl Fn(Slot, Slot) -> bool) -> Links {
        let mut links = self.clone();
        for (a, row) in links.0.iter_mut().enumerate() {
            for (b, up) in row.iter_mut().enumerate() {
                *up = *up && keep(a.min(b), a.max(b));
            }
        }
        links
    }

    /// Fewer links: one server cut off, two groups, or any.
    fn fewer(&self, servers: Slot, dice: &mut Dice) -> Links {
        match dice.below(5) {
            0 | 1 => {
                let alone = dice.below(servers);
                self.only(|a, b| a != alone && b != alone)
            }
            2 | 3 => {
                let group = dice.next();
                self.only(|a, b| (group >> a) & 1 == (group >> b) & 1)
            }
            _ => {
                let cut = dice.next() & dice.next();
                self.only(|a, b| (cut >> (a * MOST + b)) & 1 == 0)
            }
        }
    }
}

/// The links that are up: `S1-S2 S2-S3`.
impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let links = (0..MOST).flat_map(|a| (a + 1..MOST).map(move |b| (a, b)));
        let up = links.filter(|&(a, b)| self.up(a, b)).map(|(a, b)| format!("S{}-S{}", a + 1, b + 1));
        f.write_str(&up.collect::<Vec<_>>().join(" "))
    }
}

/// What passes over the links that are up while something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    Everything,
    /// An election, and nothing of what the new leader says.
    Votes,
    /// The entries, and no answer to them.
    Requests,
    /// Everything, but the entries of the leader's own term are taken out on the way, so that it may find
    /// old ones on a majority and must not commit them (Figure 8). Only where a message carries a single
    /// entry, else the two sides differ in what else is in it; and never together with `Requests`, after
    /// which raft-rs asks for the entries it has sent, and we send them again.
    Old,
}

/// What a schedule may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub servers: Slot,
    /// The most commands that one round proposes.
    pub commands: usize,
    /// Whether messages carry a single entry.
    pub single: bool,
    /// Whether servers ask before they stand, keep to the leader that they hear, and lead only while they
    /// are heard: pre_vote and check_quorum.
    pub guarded: bool,
}

/// Something happens to a server.
#[derive(Clone, Copy, Debug)]
pub struct Happening {
    pub slot: Slot,
    pub event: Event,
}

#[derive(Clone, Debug)]
pub struct Round {
    /// The links over which late votes arrive and everyone gets up to date first.
    pub links: Links,
    /// The links while it happens: some of those.
    pub event_links: Links,
    pub passes: Passes,
    pub happenings: Vec<Happening>,
    /// The links on which votes are slow: they arrive in the next round.
    pub slow: Links,
    /// In which order vote requests arrive that are sent at the same time.
    pub order: [[u64; MOST]; MOST],
}

impl Round {
    /// Nothing happens.
    pub fn quiet(links: Links) -> Round {
        Round {
            event_links: links.clone(),
            links,
            passes: Passes::Everything,
            happenings: Vec::new(),
            slow: Links::default(),
            order: [[0; MOST]; MOST],
        }
    }

    /// That happens, and everything passes everywhere.
    pub fn plain(slot: Slot, event: Event) -> Round {
        Round { happenings: vec![Happening { slot, event }], ..Round::quiet(Links::all()) }
    }

    /// What passes before it happens.
    pub fn before(&self) -> Round {
        let passes = if self.passes == Passes::Old { Passes::Old } else { Passes::Everything };
        Round { passes, ..Round::quiet(self.links.clone()) }
    }

    /// The same, but over no other links than those of this server to these.
    pub fn between(&self, slot: Slot, peers: &[bool; MOST]) -> Round {
        let links = self.event_links.only(|a, b| (a == slot && peers[b]) || (b == slot && peers[a]));
        Round { event_links: links, ..self.clone() }
    }

    /// Draws a round, for a cluster of which these lead.
    pub fn draw(
        limits: Limits,
        leaders: &[Slot],
        before: &Links,
        command: &mut u64,
        dice: &mut Dice,
    ) -> Round {
        let servers = limits.servers;
        let links = match dice.below(4) {
            0 => Links::all(),
            1 => Links::all().fewer(servers, dice),
            _ => before.clone(),
        };
        let event_links = if dice.percent(30) { links.fewer(servers, dice) } else { links.clone() };
        let slow = if dice.percent(40) { Links::all().fewer(servers, dice) } else { Links::default() };
        let order = std::array::from_fn(|_| std::array::from_fn(|_| dice.next()));
        let mut round =
            Round { event_links, passes: Passes::Everything, happenings: vec![], slow, order, links };
        round.draw_happenings(limits, leaders, command, dice);
        round
    }

    fn draw_happenings(&mut self, limits: Limits, leaders: &[Slot], command: &mut u64, dice: &mut Dice) {
        let servers = limits.servers;
        match dice.below(10) {
            0..=3 if !leaders.is_empty() => {
                let slot = leaders[dice.below(leaders.len())];
                for _ in 0..=dice.below(limits.commands) {
                    *command += 1;
                    self.add(slot, Event::Propose(*command));
                }
                let unanswered = !limits.single && dice.percent(40);
                self.passes = if unanswered { Passes::Requests } else { Passes::Everything };
            }
            4 | 5 if limits.single => self.passes = Passes::Old,
            4 => {}
            5 => self.add(dice.below(servers), Event::Restart),
            6 if !leaders.is_empty() => {
                self.draw_for_leader(limits, leaders[dice.below(leaders.len())], dice)
            }
            _ => self.draw_elections(limits, dice),
        }
    }

    fn draw_for_leader(&mut self, limits: Limits, leader: Slot, dice: &mut Dice) {
        if limits.guarded && dice.percent(50) {
            self.add(leader, Event::CheckQuorum);
        } else {
            self.add(leader, Event::Transfer(dice.below(limits.servers)));
        }
    }

    fn draw_elections(&mut self, limits: Limits, dice: &mut Dice) {
        let share = [0, 50, 100, 100][dice.below(4)];
        for slot in (0..limits.servers).filter(|_| limits.guarded) {
            if dice.percent(share) {
                self.add(slot, Event::Silence);
            }
        }
        for _ in 0..=dice.below(3) {
            self.add(dice.below(limits.servers), Event::Stand);
        }
        self.passes = if dice.percent(40) { Passes::Votes } else { Passes::Everything };
    }

    pub fn add(&mut self, slot: Slot, event: Event) {
        self.happenings.push(Happening { slot, event });
    }

    /// Whether such a message arrives.
    pub fn lets_pass(&self, route: Route) -> bool {
        let kind = match self.passes {
            Passes::Everything | Passes::Old => true,
            Passes::Votes => is_vote(route.kind),
            Passes::Requests => route.kind != Kind::AppendReply,
        };
        kind && self.event_links.up(route.from, route.to)
    }

    /// Whether such a message waits for the next round. A PreVote does not: raft-rs counts a late yes for
    /// another term than it was asked about.
    pub fn delays(&self, route: Route) -> bool {
        matches!(route.kind, Kind::VoteRequest | Kind::VoteReply) && self.slow.up(route.from, route.to)
    }
}

fn is_vote(kind: Kind) -> bool {
    matches!(kind, Kind::PreVoteRequest | Kind::PreVoteReply | Kind::VoteRequest | Kind::VoteReply)
}
