//! Plans over all of Raft: what the dissertation adds, and faults that a single disk, a schedule or a way with
//! a name brings about.

use super::{Dice, of_calm, plan, range};
use crate::kv::Op;
use crate::raft::{Change, MAX_SERVERS, ReadMode, ServerId};
use crate::sim::action::Action;
use crate::sim::draw::Seed;
use crate::sim::presets::LinkPreset;
use crate::sim::schedule::Fault;
use crate::sim::setup::{Options, Setup};
use crate::sim::workload::{BACKGROUND_MAX, Workload};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

/// [`plan`] with everything that the dissertation adds: its options drawn at random, and changes of the
/// configuration, transfers, snapshots, reads of every kind, torn writes, wiped disks, disks that are slow or
/// stall, links that fail in a way that has a name, schedules, load and clocks that drift among the actions.
/// Clocks drift by no more than leases allow for, so every promise must hold.
///
/// # Panics
/// When there are more than [`MAX_SERVERS`].
#[must_use]
pub fn plan_of_all(seed: Seed, servers: u8, until_us: u64) -> (Setup, Vec<(u64, Action)>) {
    let (mut setup, mut actions) = plan(seed, servers, until_us);
    let dice = &mut Dice(Xoshiro256PlusPlus::seed_from_u64(seed.0 ^ 0x5eed_0fa1));
    setup.options = all_options(&setup.options, dice);
    let mut more = Vec::new();
    for (at_us, action) in &mut actions {
        match action {
            Action::SetOptions { options } => {
                let Options { sessions, session_life, .. } = setup.options;
                let drawn = Options { sessions, session_life, ..all_options(options, dice) };
                *options = if dice.one_in(2) { drawn } else { of_calm(&setup.options, options) };
            }
            // A crash in the middle of a write, if there is one; else it crashes as planned.
            Action::Crash { server } if dice.one_in(4) => {
                more.push((*at_us, Action::Tear { server: *server }))
            }
            Action::Submit { op, mode, .. } => *mode = read_mode(op, dice),
            Action::Propose { op, .. } => *op = of_c1(op),
            _ => {}
        }
    }
    let hurry_ms = dice.pick(&[200, 1000, 4000]);
    let mut booted = setup.servers;
    let mut now_us = 0;
    loop {
        now_us += dice.between(1000, hurry_ms * 2000);
        if now_us >= until_us {
            break;
        }
        more.push((now_us, administration(&mut booted, &setup, dice)));
    }
    // What stands at the same moment stays in order, and a torn write comes before the crash.
    more.extend(actions);
    let dice = &mut Dice(Xoshiro256PlusPlus::seed_from_u64(seed.0 ^ 0x0d15_c0fa));
    more.extend(more_trouble(&setup, until_us, dice));
    more.sort_by_key(|&(at_us, _)| at_us);
    (setup, more)
}

/// How far clocks drift in these plans, at most, in millionths.
const DRIFT_PPM: i32 = 100_000;

fn all_options(base: &Options, dice: &mut Dice) -> Options {
    Options {
        window: dice.pick(&[0, 1, 4, 64]),
        write_before_send: dice.one_in(4),
        pre_vote: dice.one_in(2),
        check_quorum: dice.one_in(2),
        stickiness: dice.one_in(2),
        lease: dice.one_in(2),
        drift_ppm: DRIFT_PPM as u32,
        catch_up_rounds: dice.pick(&[0, 0, 1, 10]),
        snapshot_every: dice.pick(&[0, 1, 5, 30, 200]),
        snapshot_chunk: dice.pick(&[0, 7, 100]),
        sessions: dice.one_in(2),
        session_life: dice.pick(&[0, 0, 10, 100]),
        reads: dice.pick(&[ReadMode::Log, ReadMode::ReadIndex, ReadMode::Lease, ReadMode::Follower]),
        hand_over_on_removal: dice.one_in(2),
        ..base.clone()
    }
}

fn read_mode(op: &mut Op, dice: &mut Dice) -> Option<ReadMode> {
    match op {
        // The background client's keys are its own, so that one can tell whether a read of them is stale.
        Op::Get { .. } => Some(dice.pick(&[
            ReadMode::Log,
            ReadMode::ReadIndex,
            ReadMode::Lease,
            ReadMode::Lease,
            ReadMode::Follower,
        ])),
        _ => {
            *op = if dice.one_in(2) { Op::Increment { key: "counter".into() } } else { of_c1(op) };
            None
        }
    }
}

/// The same with keys of its own.
fn of_c1(op: &Op) -> Op {
    let own = |key: String| format!("c1.{key}");
    match op.clone() {
        Op::Put { key, value } => Op::Put { key: own(key), value },
        Op::Append { key, value } => Op::Append { key: own(key), value },
        Op::Cas { key, expect, value } => Op::Cas { key: own(key), expect, value },
        Op::Delete { key } => Op::Delete { key: own(key) },
        other => other,
    }
}

/// Something that an administrator does, or a fault of a single server.
fn administration(booted: &mut u8, setup: &Setup, dice: &mut Dice) -> Action {
    let any = |dice: &mut Dice| dice.server(*booted);
    let change = |change| Action::Change { change, at: None };
    match dice.between(0, 19) {
        0..=2 if *booted < MAX_SERVERS => {
            *booted += 1;
            Action::Boot { server: ServerId::new(*booted).expect("there are not too many") }
        }
        0..=4 => change(Change::Add(any(dice))),
        5 => change(Change::Learner(any(dice))),
        6 | 7 => change(Change::Remove(any(dice))),
        8 | 9 => {
            let voters = dice.group(*booted);
            let learners = dice.group(*booted).minus(voters);
            change(Change::Joint { voters, learners, manual: dice.one_in(3) })
        }
        10..=12 => change(Change::Leave),
        13 => Action::Transfer { to: any(dice), at: None },
        14 | 15 => Action::Snapshot { server: any(dice) },
        16 | 17 => {
            let ppm = dice.pick(&[0, DRIFT_PPM, -DRIFT_PPM]);
            Action::SetClock { server: any(dice), ppm }
        }
        // Losing more than one disk can lose what is committed, and no protocol helps.
        18 if dice.one_in(8) && *booted < MAX_SERVERS && *booted == setup.servers && *booted > 2 => {
            let server = any(dice);
            *booted += 1;
            Action::Wipe { server }
        }
        _ if dice.one_in(2) => Action::Crash { server: any(dice) },
        _ => Action::Restart { server: any(dice) },
    }
}

/// Trouble of other kinds: a disk that is slow, or stalls; links that fail in a way that has a name; schedules;
/// load; and a heartbeat out of turn.
fn more_trouble(setup: &Setup, until_us: u64, dice: &mut Dice) -> Vec<(u64, Action)> {
    let pause_ms = dice.pick(&[1000, 4000, 15_000]);
    let mut actions = Vec::new();
    let mut now_us = 0;
    loop {
        now_us += dice.between(1000, pause_ms * 2000);
        if now_us >= until_us {
            return actions;
        }
        let lasts_ms = dice.pick(&[500, 3000, 10_000]);
        let end_us = (now_us + dice.between(1000, lasts_ms * 1000)).min(until_us);
        let server = dice.server(setup.servers);
        let (begin, end) = match dice.between(0, 9) {
            0 | 1 => {
                let slow = dice.pick(&[range(0, 200), range(2000, 30_000), range(100, 400_000)]);
                let disk = |fsync| Action::SetDisk { server, lies: false, fsync };
                (disk(Some(slow)), Some(disk(None)))
            }
            2 | 3 => (Action::StallDisk { server, for_us: end_us - now_us }, None),
            4 | 5 => (Action::LinkPreset { preset: dice.pick(&LinkPreset::ALL) }, Some(Action::Heal)),
            6 => {
                let schedule = schedule(dice);
                let Action::Schedule { fault, .. } = schedule else { continue };
                (schedule, Some(Action::Schedule { fault, every_us: 0, for_us: None }))
            }
            7 => (Action::Workload(workload(dice)), Some(Action::Workload(Workload::none()))),
            _ => match dice.pair(setup.servers) {
                Some((from, to)) => (Action::Send { from, to, empty: true }, None),
                None => continue,
            },
        };
        actions.push((now_us, begin));
        actions.extend(end.map(|end| (end_us, end)));
    }
}

fn schedule(dice: &mut Dice) -> Action {
    let fault = match dice.between(0, Fault::PLAIN.len() as u64) {
        0 => Fault::Links(dice.pick(&LinkPreset::ALL)),
        _ => dice.pick(&Fault::PLAIN),
    };
    let every_us = dice.pick(&[200_000, 1_000_000, 5_000_000]);
    let for_us = dice.pick(&[50_000, 500_000, 3_000_000]);
    Action::Schedule { fault, every_us, for_us: fault.ends().then_some(for_us) }
}

fn workload(dice: &mut Dice) -> Workload {
    Workload {
        clients: dice.between(1, u64::from(BACKGROUND_MAX)) as u8,
        every_us: dice.pick(&[5000, 50_000, 400_000]),
        reads_ppm: dice.pick(&[0, 300_000, 900_000]),
        increments_ppm: dice.pick(&[0, 100_000]),
        keys: dice.pick(&[1, 5]),
        hot_ppm: dice.pick(&[None, Some(500_000)]),
        mode: dice.pick(&[None, Some(ReadMode::ReadIndex), Some(ReadMode::Lease), Some(ReadMode::Follower)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn plans_over_all_of_raft_have_everything_that_can_be_done_but_by_hand() {
        let mut kinds = BTreeSet::new();
        for seed in 0..400 {
            let (setup, actions) = plan_of_all(Seed(seed), 0, 20_000_000);
            assert_eq!(setup.check(), Ok(()));
            assert!(actions.is_sorted_by_key(|&(at_us, _)| at_us));
            for (at_us, action) in actions {
                assert!(at_us <= 20_000_000);
                if let Action::Workload(workload) = &action {
                    assert_eq!(workload.check(), Ok(()));
                }
                kinds.insert(match serde_json::to_value(&action).expect("an action is JSON") {
                    serde_json::Value::Object(fields) => fields.keys().next().expect("it has a name").clone(),
                    name => name.as_str().expect("it is a name").to_string(),
                });
            }
        }
        let expected = "boot change crash cut fire heal linkPreset mend partition pause propose restart resume \
                        schedule send setClock setDisk setLink setOptions snapshot stallDisk stepDown submit tear \
                        transfer wipe workload";
        assert_eq!(kinds.into_iter().collect::<Vec<_>>().join(" "), expected);
    }
}
