//! Two thousand random storms of a minute each, in none of which a promise falls; and the proof that
//! one would be noticed. Half of them end for everyone, half for a random majority alone.

#[path = "common/storms.rs"]
mod storms;

use std::time::Instant;
use storms::for_seeds;
use wavetank::check::Checker;
use wavetank::explore::{Counts, Judge, Plan, STORM_US, weather};
use wavetank::kv::Op;
use wavetank::raft::{
    AppendOutcome, Body, Guard, Index, Observer, Rule, Rules, ServerId, ServerSet, TimerRange,
};
use wavetank::sim::{Action, Content, Event, Seed, Server, Stepped, Watch, World, chaos, notation};

const SEEDS: u64 = 2000;
/// For one seed in so many a trace is made, and its events are counted. (A trace changes nothing.)
const TALLY_EVERY: u64 = 20;
/// From the end of the storm to a leader, at most.
const LEADER_WITHIN_US: u64 = 5_000_000;
/// From one more write to equal logs everywhere, at most.
const EQUAL_WITHIN_US: u64 = 5_000_000;
/// So long after the end of the storm the checker has seen whether there was a leader when one was due.
const JUDGED_AFTER_US: u64 = 12_000_000;

/// A checker that counts what it sees.
struct Tally {
    checker: Checker,
    counts: Counts,
}

impl Observer for Tally {
    const WATCHES: bool = true;

    fn decided(&mut self, _: Guard) {}
}

impl Watch for Tally {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        self.checker.look(world, step);
        self.counts.happened(&event.expect("one who watches is told"));
    }
}

impl Judge for Tally {
    fn checker(&self) -> &Checker {
        &self.checker
    }
}

/// The storm of that seed, over a world with these rules. It stops early where a promise falls.
fn storm(seed: u64, rules: Rules) -> (World, Vec<(u64, Action)>) {
    let (setup, actions) = Plan::Figure2.draw(seed, 0, STORM_US, rules, |_| {});
    (World::new(&setup), actions)
}

/// Those for whom the storm has ended.
fn concerned(world: &World, majority: ServerSet) -> Vec<&Server> {
    majority.iter().filter_map(|id| world.server(id)).collect()
}

/// Who leads them, if one does and everyone of them knows it.
fn settled_leader(world: &World, majority: ServerSet) -> Option<ServerId> {
    let servers = concerned(world, majority);
    let leaders: Vec<&&Server> = servers.iter().filter(|server| server.node.is_leader()).collect();
    let [leader] = leaders[..] else { return None };
    let knows =
        |s: &&Server| s.node.term() == leader.node.term() && s.node.leader() == Some(leader.node.id());
    servers.iter().all(knows).then(|| leader.node.id())
}

/// Whether all their logs, commitIndexes and stores are equal, and everything is committed and applied.
fn all_equal(world: &World, majority: ServerSet) -> bool {
    let servers = concerned(world, majority);
    servers.iter().all(|server| {
        let node = &server.node;
        node.log() == servers[0].node.log()
            && node.commit() == node.log().last_index()
            && node.applied() == node.commit()
            && server.store == servers[0].store
    })
}

fn run_until_it_holds<J: Judge>(
    world: &mut World,
    within_us: u64,
    judge: &mut J,
    holds: impl Fn(&World) -> bool,
) -> Option<u64> {
    let from_us = world.now_us();
    while !holds(world) {
        if world.now_us() > from_us + within_us {
            return None;
        }
        world.run_until(world.now_us() + 50_000, judge);
    }
    Some(world.now_us() - from_us)
}

/// A minute of storm, then calm: nothing is broken, and the cluster comes together again.
fn survive<J: Judge>(seed: u64, make: impl Fn(Checker) -> J) -> (Counts, J) {
    let (mut world, actions) = storm(seed, Rules::ALL_ON);
    let mut judge = make(Checker::new(&world));
    let done = weather(&mut world, actions, STORM_US, &mut judge);
    let mut counts = Counts::default();
    counts.ended(&world, judge.checker());
    counts.count("seeds", 1);
    counts.count("seeds that committed", u64::from(judge.checker().committed() > Index(0)));
    let crashes = done.iter().filter(|stamped| matches!(stamped.action, Action::Crash { .. })).count();
    counts.count("crashes planned", crashes as u64);
    let majority = chaos::heals_a_majority_only(Seed(seed)).then(|| chaos::calm_majority(&world)).flatten();
    counts.count("seeds that ended for a majority", u64::from(majority.is_some()));
    let (among, actions) = match majority {
        Some(calm) => (calm.majority, calm.actions),
        None => (world.ids().collect(), chaos::calm(&world)),
    };
    for action in actions {
        world.act(&action, &mut judge).unwrap_or_else(|why| panic!("seed {seed}: {action:?}: {why}"));
    }
    let ended_us = world.now_us();
    let leader_after = run_until_it_holds(&mut world, LEADER_WITHIN_US, &mut judge, |world| {
        settled_leader(world, among).is_some()
    });
    let state = |world: &World| format!("{among}: {}", notation::write(world));
    assert!(leader_after.is_some(), "seed {seed}: no leader after the storm: {}", state(&world));
    let server = settled_leader(&world, among).expect("it has just been seen");
    let op = Op::Submit { text: "after the storm".into() };
    world.act(&Action::Propose { server, op }, &mut judge).expect("a leader takes commands");
    let equal_after =
        run_until_it_holds(&mut world, EQUAL_WITHIN_US, &mut judge, |world| all_equal(world, among));
    assert!(equal_after.is_some(), "seed {seed}: the logs do not come together: {}", state(&world));
    let due = judge.checker().leaders_due();
    world.run_until(ended_us + JUDGED_AFTER_US, &mut judge);
    assert!(judge.checker().leaders_due() > due, "seed {seed}: it was never looked: {}", state(&world));
    let violations = judge.checker().violations();
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}\n{}", state(&world));
    (counts, judge)
}

#[test]
fn no_promise_falls_in_two_thousand_storms_and_every_cluster_recovers() {
    let begun = Instant::now();
    let each = for_seeds(SEEDS, |seed| {
        if seed % TALLY_EVERY == 0 {
            let (mut counts, judge) = survive(seed, |checker| Tally { checker, counts: Counts::default() });
            counts.add(&judge.counts);
            counts
        } else {
            survive(seed, |checker| checker).0
        }
    });
    let mut all = Counts::default();
    each.iter().for_each(|counts| all.add(counts));
    println!("{all:#?}\nin {:.1} s", begun.elapsed().as_secs_f64());

    // It was not idle.
    assert_eq!(all.of("seeds"), SEEDS);
    assert!(all.of("seeds that ended for a majority") * 10 >= SEEDS * 3, "most clusters have a majority");
    assert!(all.of("seeds that committed") * 10 >= SEEDS * 9, "most storms have room for commands");
    let more = [
        ("terms with a leader", 5 * SEEDS),
        ("entries committed", 50 * SEEDS),
        ("crashes planned", 5 * SEEDS),
        ("messages lost", 1000),
        ("messages cut off", 1000),
        ("messages to servers that were down", 1000),
        ("messages dropped by hand", 10),
        ("second copies that arrived", 1000),
        ("writes", 10_000),
        ("requests done", 1000),
        ("requests failed", 1),
        ("requests of unknown outcome", 100),
    ];
    for (what, least) in more {
        assert!(all.of(what) >= least, "{what}: {}, expected at least {least}", all.of(what));
    }
}

#[test]
fn a_storm_catches_a_broken_rule() {
    let rules = [
        (Rule::OneVotePerTerm, 20),
        (Rule::QuorumOfAll, 20),
        (Rule::LogUpToDate, 40),
        (Rule::LogSurvivesCrash, 40),
        (Rule::CommitAfterQuorum, 20),
        (Rule::PrevLogTerm, 40),
    ];
    storms::assert_caught(&rules, |seed| chaos::plan(Seed(seed), 0, STORM_US));
}

/// Looks at each message that leaves, and at the disk of its sender.
struct Customs {
    looked: u64,
    waited: u64,
}

impl Observer for Customs {
    const WATCHES: bool = true;

    fn decided(&mut self, _: Guard) {}
}

impl Watch for Customs {
    fn happened(&mut self, world: &World, _: &Stepped, event: Option<Event>) {
        let event = event.expect("one who watches is told");
        self.waited += u64::from(event.waiting);
        for name in event.sent {
            let Some(packet) = world.network().packet(name) else { continue };
            let Content::Raft(message) = &packet.content else { continue };
            self.looked += 1;
            let sender = world.server(message.from).expect("a server sent it");
            let (node, disk) = (&sender.node, &sender.disk.durable);
            assert!(disk.hard.term >= message.term, "it bears a term that is not on disk: {message:?}");
            let voted = match message.body {
                Body::RequestVote { .. } => Some(message.from),
                Body::RequestVoteReply { granted: true, .. } => Some(message.to),
                _ => None,
            };
            if voted.is_some() && disk.hard.term == message.term {
                assert_eq!(disk.hard.voted_for, voted, "the vote is not on disk: {message:?}");
            }
            // Where the term has moved on, the log may have been changed by another leader since.
            if let Body::AppendEntriesReply { prev_index, count, outcome: AppendOutcome::Success, .. } =
                message.body
                && node.term() == message.term
            {
                let upto = Index(prev_index.0 + count);
                for index in (1..=upto.0).map(Index) {
                    let (kept, known) = (disk.log.get(index), node.log().get(index));
                    assert!(kept == known && kept.is_some(), "entry {index} is not on disk: {message:?}");
                }
            }
        }
    }
}

#[test]
fn nothing_leaves_a_server_before_what_it_promises_is_on_its_disk() {
    let counts = for_seeds(400, |seed| {
        let (mut setup, mut actions) = chaos::plan(Seed(seed), 3 + (seed % 3) as u8, STORM_US);
        // Disks so slow that elections overtake them.
        let slow = TimerRange { min_us: 0, max_us: 400_000 + 400_000 * (seed % 4) };
        setup.options.fsync = slow;
        for (_, action) in &mut actions {
            if let Action::SetOptions { options } = action {
                options.fsync = slow;
            }
        }
        let mut world = World::new(&setup);
        let mut customs = Customs { looked: 0, waited: 0 };
        for (at_us, action) in actions {
            world.run_until(at_us, &mut customs);
            let _ = world.act(&action, &mut customs);
        }
        (customs.looked, customs.waited)
    });
    let (looked, waited) = counts.iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    println!("{looked} messages looked at, {waited} had to wait");
    assert!(looked > 100_000 && waited > 10_000, "{looked} messages, {waited} waited");
}
