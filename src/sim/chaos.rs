//! Random trouble: a cluster, its options, and what befalls it, all from one seed.
//!
//! A plan is drawn before the run, so it is data like any script, and the same on every machine: only
//! whole numbers of a fixed width are drawn, by a generator that is written down. Messages have no
//! names before they are sent; [`meddle`] picks one that is on its way.

mod all;
mod calm;

pub use all::plan_of_all;
pub use calm::{Calm, calm, calm_majority, heals_a_majority_only};

use super::action::Action;
use super::draw::{Purpose, Seed, Shape, draw, within};
use super::setup::{Link, Options, Setup};
use super::world::World;
use crate::kv::Op;
use crate::raft::{Backtracking, MAX_SERVERS, ServerId, ServerSet, Timer, TimerRange};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A stream of draws.
struct Dice(Xoshiro256PlusPlus);

impl Dice {
    fn between(&mut self, min: u64, max: u64) -> u64 {
        within(self.0.next_u64(), min, max)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.between(1, n) == 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.between(0, from.len() as u64 - 1) as usize]
    }

    /// A place in a list that is so long; none in an empty one.
    fn below(&mut self, length: usize) -> Option<usize> {
        Some(self.between(0, length.checked_sub(1)? as u64) as usize)
    }

    fn server(&mut self, servers: u8) -> ServerId {
        ServerId::new(self.between(1, u64::from(servers)) as u8).expect("a cluster has S1 to S9 at most")
    }

    /// Two different servers, where there are two.
    fn pair(&mut self, servers: u8) -> Option<(ServerId, ServerId)> {
        let from = self.server(servers);
        let others: Vec<ServerId> = ServerId::first(servers).filter(|&id| id != from).collect();
        (!others.is_empty()).then(|| (from, self.pick(&others)))
    }

    /// Some of the servers, never none.
    fn group(&mut self, servers: u8) -> ServerSet {
        let some = ServerId::first(servers).filter(|_| self.one_in(2)).collect::<ServerSet>();
        if some.is_empty() { [self.server(servers)].into_iter().collect() } else { some }
    }
}

/// Random trouble until then, for that many servers (0: as many as are drawn): what the run is set up
/// with, and what is done when, in order. Whoever crashes comes back, whoever is paused goes on, and
/// what is cut is mended, some time before the end or at it; a link that was made worse may stay so.
///
/// # Panics
/// When there are more than [`MAX_SERVERS`].
#[must_use]
pub fn plan(seed: Seed, servers: u8, until_us: u64) -> (Setup, Vec<(u64, Action)>) {
    assert!(servers <= MAX_SERVERS, "a cluster has at most {MAX_SERVERS} servers");
    let dice = &mut Dice(Xoshiro256PlusPlus::seed_from_u64(seed.0));
    let drawn = dice.between(1, u64::from(MAX_SERVERS)) as u8;
    let servers = if servers == 0 { drawn } else { servers };
    let setup = Setup { options: options(dice), ..Setup::new(servers, seed.0) };

    let mut plan = Plan { servers, until_us, down: [0; 9], paused: [0; 9], actions: Vec::new() };
    // Some runs are rough, some are calm: what needs peace to happen happens as well.
    let pause_ms = dice.pick(&[100, 300, 300, 800, 2500]);
    let mut now_us = 0;
    loop {
        now_us += dice.between(1000, pause_ms * 2000);
        if now_us >= until_us {
            break;
        }
        plan.trouble(now_us, &setup, dice);
    }
    // Actions of the same moment stay in the order in which they were planned.
    plan.actions.sort_by_key(|&(at_us, _)| at_us);
    (setup, plan.actions)
}

/// The variants of the protocol of one, with the timings of another.
fn of_calm(variants: &Options, timings: &Options) -> Options {
    let Options { election, heartbeat_us, link, fsync, .. } = *timings;
    let Options { client_timeout_us, client_attempts, workload_every_us, .. } = *timings;
    Options {
        election,
        heartbeat_us,
        link,
        fsync,
        client_timeout_us,
        client_attempts,
        workload_every_us,
        ..variants.clone()
    }
}

const fn range(min_us: u64, max_us: u64) -> TimerRange {
    TimerRange { min_us, max_us }
}

fn link(dice: &mut Dice) -> Link {
    let latency = dice.pick(&[
        range(0, 0),
        range(100, 2000),
        range(1000, 5000),
        range(10_000, 15_000),
        range(10_000, 15_000),
        range(1000, 60_000),
        range(5000, 250_000),
    ]);
    Link {
        latency,
        shape: dice.pick(&[Shape::Uniform, Shape::LongTail]),
        loss_ppm: dice.pick(&[0, 0, 1000, 20_000, 100_000, 300_000]),
        duplicate_ppm: dice.pick(&[0, 0, 10_000, 100_000, 300_000]),
    }
}

fn options(dice: &mut Dice) -> Options {
    let (election, heartbeat_us) = dice.pick(&[
        (range(150_000, 300_000), 50_000),
        (range(150_000, 300_000), 50_000),
        (range(100_000, 200_000), 50_000),
        (range(50_000, 400_000), 20_000),
        (range(300_000, 350_000), 100_000),
    ]);
    Options {
        election,
        heartbeat_us,
        link: link(dice),
        fsync: dice.pick(&[
            range(0, 0),
            range(500, 1500),
            range(500, 1500),
            range(2000, 30_000),
            range(100, 400_000),
        ]),
        noop: dice.one_in(2),
        backtracking: dice.pick(&[Backtracking::StepByOne, Backtracking::ConflictHints]),
        max_entries: dice.pick(&[1, 2, 8, 64]),
        client_timeout_us: dice.pick(&[100_000, 600_000, 2_000_000]),
        client_attempts: dice.pick(&[1, 3, 10]),
        workload_every_us: dice.pick(&[0, 50_000, 100_000, 400_000]),
        ..Options::default()
    }
}

/// A plan that is being made.
struct Plan {
    servers: u8,
    until_us: u64,
    /// Until when a server is down.
    down: [u64; MAX_SERVERS as usize],
    /// Until when a server is paused.
    paused: [u64; MAX_SERVERS as usize],
    actions: Vec<(u64, Action)>,
}

impl Plan {
    fn at(&mut self, at_us: u64, action: Action) {
        self.actions.push((at_us, action));
    }

    /// The moment at which trouble that begins now ends.
    fn end(&self, now_us: u64, dice: &mut Dice) -> u64 {
        let lasts_ms = dice.pick(&[50, 500, 500, 3000, 10_000]);
        (now_us + dice.between(1000, lasts_ms * 1000)).min(self.until_us)
    }

    fn trouble(&mut self, now_us: u64, setup: &Setup, dice: &mut Dice) {
        let servers = self.servers;
        match dice.between(0, 19) {
            0..=2 => self.crash(now_us, dice.server(servers), dice),
            // Everyone at once, or nearly.
            3 if dice.one_in(4) => {
                let group = dice.group(servers);
                group.iter().for_each(|id| self.crash(now_us, id, dice));
            }
            3 | 4 => self.pause(now_us, dice.server(servers), dice),
            5..=7 => self.partition(now_us, dice),
            8 | 9 => {
                if let Some((from, to)) = dice.pair(servers) {
                    self.at(now_us, Action::Cut { from, to });
                    let end_us = self.end(now_us, dice);
                    self.at(end_us, Action::Mend { from, to });
                }
            }
            10 => self.at(now_us, Action::Heal),
            11 => {
                if let Some((from, to)) = dice.pair(servers) {
                    let (from, to) = (Some(from), Some(to));
                    self.at(now_us, Action::SetLink { from, to, link: link(dice) });
                    let end_us = self.end(now_us, dice);
                    self.at(end_us, Action::SetLink { from, to, link: setup.options.link });
                }
            }
            12 => {
                let options = options(dice);
                self.at(now_us, Action::SetOptions { options });
                let end_us = self.end(now_us, dice);
                self.at(end_us, Action::SetOptions { options: setup.options.clone() });
            }
            13 => {
                let server = dice.server(servers);
                self.at(now_us, Action::Fire { server, timer: Timer::Election });
            }
            14 => match dice.pair(servers) {
                Some((from, to)) if dice.one_in(2) => {
                    self.at(now_us, Action::Send { from, to, empty: false })
                }
                _ => self.at(now_us, Action::StepDown { server: dice.server(servers) }),
            },
            _ => self.commands(now_us, dice),
        }
    }

    fn crash(&mut self, now_us: u64, server: ServerId, dice: &mut Dice) {
        if self.down[server.slot()] > now_us {
            return;
        }
        let end_us = self.end(now_us, dice);
        self.down[server.slot()] = end_us;
        self.at(now_us, Action::Crash { server });
        self.at(end_us, Action::Restart { server });
    }

    fn pause(&mut self, now_us: u64, server: ServerId, dice: &mut Dice) {
        if self.down[server.slot()].max(self.paused[server.slot()]) > now_us {
            return;
        }
        let end_us = self.end(now_us, dice);
        self.paused[server.slot()] = end_us;
        self.at(now_us, Action::Pause { server });
        self.at(end_us, Action::Resume { server });
    }

    /// Two halves; or two halves that share a server, which hears both; or one server alone.
    fn partition(&mut self, now_us: u64, dice: &mut Dice) {
        let all = ServerSet::first(self.servers);
        let one = dice.group(self.servers);
        let mut other = all.minus(one);
        match dice.between(0, 3) {
            0 => other.insert(dice.server(self.servers)),
            1 => {
                let alone = dice.server(self.servers);
                self.at(now_us, Action::Partition { groups: vec![all.minus([alone].into_iter().collect())] });
                let end_us = self.end(now_us, dice);
                return self.at(end_us, Action::Heal);
            }
            _ => {}
        }
        self.at(now_us, Action::Partition { groups: vec![one, other] });
        let end_us = self.end(now_us, dice);
        self.at(end_us, Action::Heal);
    }

    fn commands(&mut self, now_us: u64, dice: &mut Dice) {
        for n in 0..dice.between(1, 5) {
            let key = format!("k{}", dice.between(0, 4));
            let value = format!("{now_us}.{n}");
            let op = match dice.between(0, 7) {
                0 => Op::Get { key },
                1 => Op::Delete { key },
                2 => Op::Append { key, value },
                3 => Op::Cas { key, expect: dice.one_in(2).then(|| "1".into()), value },
                4 => Op::Set { value },
                5 => Op::Submit { text: value },
                _ => Op::Put { key, value },
            };
            let to = dice.one_in(4).then(|| dice.server(self.servers));
            if dice.one_in(4) {
                self.at(now_us, Action::Propose { server: dice.server(self.servers), op });
            } else {
                self.at(now_us, Action::Submit { op, to, mode: None });
            }
        }
    }
}

/// Picks a message that is on its way, and what to do with it by hand. The pick depends on the run's
/// seed and on how much has happened, and on nothing else.
#[must_use]
pub fn meddle(world: &World) -> Option<Action> {
    // Not a draw of the world's: a purpose of the world with a subject that no link has.
    let draw = |k| draw(world.setup().seed, Purpose::Latency, 1 << 16, world.events(), k);
    let mut names: Vec<_> = world.network().packets().map(|packet| (packet.name, packet.held)).collect();
    names.sort_unstable();
    let last = names.len().checked_sub(1)?;
    let (message, held) = names[within(draw(0), 0, last as u64) as usize];
    Some(match within(draw(1), 0, 5) {
        _ if held => Action::Release { message },
        0 => Action::Drop { message },
        1 => Action::Hold { message },
        2 | 3 => Action::Duplicate { message },
        _ => Action::Deliver { message },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Digest;

    /// The same on 32 and 64 bits. If it changes, so do the golden digests of `tests/digests.rs`.
    #[test]
    fn golden_plan() {
        let (setup, actions) = plan(Seed(8), 0, 10_000_000);
        let mut digest = Digest::default();
        digest.bytes(serde_json::to_string(&(&setup, &actions)).unwrap().as_bytes());
        assert_eq!((setup.servers, actions.len(), digest.to_string().as_str()), (4, 68, "9b7c120be5708f08"));
    }

    #[test]
    fn every_plan_makes_a_run_and_nobody_is_left_behind() {
        for seed in 0..300 {
            let until_us = 20_000_000;
            let (setup, actions) = plan(Seed(seed), 0, until_us);
            assert_eq!(setup.check(), Ok(()));
            assert!(actions.is_sorted_by_key(|&(at_us, _)| at_us));
            assert!(actions.iter().all(|&(at_us, _)| at_us <= until_us));
            for id in ServerId::first(setup.servers) {
                let count = |wanted: Action| actions.iter().filter(|(_, action)| *action == wanted).count();
                assert_eq!(count(Action::Crash { server: id }), count(Action::Restart { server: id }));
                assert_eq!(count(Action::Pause { server: id }), count(Action::Resume { server: id }));
            }
        }
    }

    #[test]
    fn plans_differ_in_everything_that_is_drawn() {
        let plans: Vec<_> = (0..300).map(|seed| plan(Seed(seed), 0, 20_000_000)).collect();
        for servers in 1..=MAX_SERVERS {
            assert!(plans.iter().any(|(setup, _)| setup.servers == servers), "{servers}");
        }
        assert!((1..=MAX_SERVERS).all(|n| plan(Seed(1), n, 1).0.servers == n));
        let kind = |action: &Action| match serde_json::to_value(action).unwrap() {
            serde_json::Value::Object(fields) => fields.keys().next().unwrap().clone(),
            name => name.as_str().unwrap().to_string(),
        };
        let kinds: std::collections::BTreeSet<String> =
            plans.iter().flat_map(|(_, actions)| actions).map(|(_, action)| kind(action)).collect();
        let expected = "crash cut fire heal mend partition pause propose restart resume send setLink \
                        setOptions stepDown submit";
        assert_eq!(kinds.into_iter().collect::<Vec<_>>().join(" "), expected);
    }
}
