//! Two thousand random storms over all of Raft: every option drawn at random and switched while the run
//! goes on, servers added, removed, wiped and made to lead, snapshots, torn writes, clocks that drift.
//! No promise falls, no safe read is stale, no command of a session takes effect twice, and whoever is
//! left of the cluster comes together again. Every other storm ends for a random majority only, and for that
//! Liveness holds.
//!
//! `WAVETANK_SEEDS=100000 cargo test --release --test campaign_all` looks at more, and
//! `WAVETANK_SEED=17` at that one alone.

#[path = "common/storms.rs"]
mod storms;

use std::collections::BTreeMap;
use std::time::Instant;
use storms::for_seeds;
use wavetank::check::Checker;
use wavetank::explore::{Counts, Ending, Judge, STORM_US, subside, weather};
use wavetank::kv::{Op, Output};
use wavetank::raft::{Change, Configuration, Guard, Observer, Payload, Rule, ServerId, ServerSet, quorum};
use wavetank::sim::{
    Action, ClientId, Event, Finished, Options, Outcome, Seed, Server, Setup, Stepped, Watch, World, chaos,
    notation,
};

const SEEDS: u64 = 2000;
/// For one seed in so many a trace is made, and its events are looked at. (A trace changes nothing.)
const TRACE_EVERY: u64 = 5;
/// From the end of the storm to a leader that has committed something, at most.
const LEADER_WITHIN_US: u64 = 20_000_000;
/// From then to equal state machines on all members, at most.
const EQUAL_WITHIN_US: u64 = 10_000_000;

/// A checker that also follows what the clients are told.
struct Witness {
    checker: Checker,
    counts: Counts,
    /// Whether clients have sessions from the start to the end, and none but C2 writes to its keys.
    sessions: bool,
    /// When which value of the background client's keys was acknowledged.
    acknowledged: BTreeMap<String, Vec<(u64, u64)>>,
    increments_done: u64,
    increments_unknown: u64,
    /// What a client was told that can't be.
    wrong: Option<String>,
}

impl Observer for Witness {
    const WATCHES: bool = true;

    fn decided(&mut self, guard: Guard) {
        self.counts.decided(&guard);
    }
}

impl Watch for Witness {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        self.checker.look(world, step);
        let event = event.expect("one who watches is told");
        self.counts.happened(&event);
        if let Some(finished) = &event.finished {
            self.hear(finished);
        }
    }
}

impl Witness {
    /// A client knows the outcome of a request.
    fn hear(&mut self, finished: &Finished) {
        let Finished { client, op, called_us, returned_us, outcome, .. } = finished;
        match (op, outcome) {
            (Op::Put { key, value }, Outcome::Done(_)) if *client == ClientId(2) => {
                let known = self.acknowledged.entry(key.clone()).or_default();
                known.push((*returned_us, value.parse().expect("a number")));
            }
            (Op::Get { key }, Outcome::Done(Output::Value(value))) => {
                self.counts.count("reads answered", 1);
                let value = value.as_ref().map_or(0, |value| value.parse().expect("a number"));
                let known = self.acknowledged.get(key).into_iter().flatten();
                let least = known.filter(|(at_us, _)| at_us < called_us).map(|(_, value)| *value).max();
                if self.sessions && least > Some(value) {
                    self.wrong = Some(format!(
                        "{key} was read as {value} at {called_us}–{returned_us}, after {least:?} was acknowledged"
                    ));
                }
            }
            (Op::Increment { key }, Outcome::Done(_)) if key == "counter" => self.increments_done += 1,
            (Op::Increment { key }, Outcome::Unknown) if key == "counter" => self.increments_unknown += 1,
            _ => {}
        }
    }

    /// How often the counter was incremented, and how often it may have been.
    fn check_counter(&self, seed: u64, world: &World, store: &Server) {
        let under_way = world.clients().iter().filter_map(|client| client.call.as_ref());
        let under_way = under_way
            .filter(|call| matches!(&call.op, Op::Increment { key } if key == "counter"))
            .count() as u64;
        let counter: u64 = store.store.get("counter").map_or(0, |n| n.parse().expect("a number"));
        let most = self.increments_done + self.increments_unknown + under_way;
        assert!(
            (self.increments_done..=most).contains(&counter),
            "seed {seed}: {} increments were acknowledged, {most} asked for, and the counter is {counter}",
            self.increments_done
        );
    }
}

impl Judge for Witness {
    fn checker(&self) -> &Checker {
        &self.checker
    }
}

/// The server that has committed most, of those that know of a cluster.
fn authority(world: &World) -> &Server {
    let knows = |server: &&Server| !server.node.configuration().members().is_empty();
    let known = world.servers().iter().filter(knows);
    known.max_by_key(|server| (server.node.commit(), server.node.term())).expect("there is one")
}

/// Everyone who may still have a say: the members of the last configuration that is known to be
/// committed, and of all later ones that stand in some log.
fn concerned(world: &World) -> ServerSet {
    let commit = authority(world).node.commit();
    let committed = authority(world).node.log().configuration_at(commit).members();
    let later = world.servers().iter().flat_map(|server| {
        let log = server.node.log();
        let entries = (log.first_index().0..).zip(log.iter());
        entries.filter(|(index, _)| *index > commit.0).filter_map(|(_, entry)| match &entry.payload {
            Payload::Configuration(configuration) => Some(configuration.members()),
            _ => None,
        })
    });
    later.chain(world.servers().iter().map(awaited)).fold(committed, ServerSet::or)
}

/// Whom a leader is to bring in as soon as some have caught up (D4.2.1).
fn awaited(server: &Server) -> ServerSet {
    match server.node.leadership().and_then(|leading| leading.catch_up).map(|catch_up| catch_up.change) {
        Some(Change::Add(id) | Change::Learner(id)) => [id].into_iter().collect(),
        Some(Change::Joint { voters, learners, .. }) => voters.or(learners),
        Some(Change::Remove(_) | Change::Leave) | None => ServerSet::EMPTY,
    }
}

/// Those who are not concerned are switched off: without stickiness they would go on disturbing (D4.2.3).
fn switch_off_others<J: Judge>(world: &mut World, keep: ServerSet, judge: &mut J) {
    let others: Vec<ServerId> = world.ids().filter(|id| !keep.contains(*id)).collect();
    for server in others {
        let _ = world.act(&Action::Crash { server }, judge);
    }
}

/// Whether those whose disks are not lost are enough for every configuration that may be in force.
fn can_recover(world: &World) -> bool {
    let alive = world.servers().iter().filter(|server| !server.retired).map(|server| server.node.id());
    let alive = alive.collect();
    let enough = |configuration: &Configuration| {
        configuration.all_voters().is_empty() || quorum::is_quorum(configuration, alive)
    };
    world.servers().iter().filter(|server| !server.retired).all(|server| {
        let log = server.node.log();
        let committed = log.configuration_at(server.node.commit());
        let in_log = log.iter().filter_map(|entry| match &entry.payload {
            Payload::Configuration(configuration) => Some(configuration),
            _ => None,
        });
        in_log.chain([committed]).all(enough)
    })
}

/// Who leads, has committed something of its own term, and has no change of the configuration ahead.
fn leader(world: &World) -> Option<&Server> {
    let leads = |server: &&Server| {
        let node = &server.node;
        let settled = node.log().configuration_index() <= node.commit() && !node.configuration().auto_leave;
        server.is_active()
            && settled
            && node.log().term_at(node.commit()) == Some(node.term())
            && node.leadership().is_some_and(|leading| leading.catch_up.is_none())
    };
    world.servers().iter().filter(leads).max_by_key(|server| server.node.term())
}

/// Whether all members of the leader's configuration have the same log, committed and applied.
fn all_equal(world: &World) -> bool {
    let Some(leader) = leader(world) else { return false };
    let (log, members) = (leader.node.log(), leader.node.configuration().members());
    leader.node.commit() == log.last_index()
        && members.iter().filter_map(|id| world.server(id)).filter(|server| !server.retired).all(|server| {
            let node = &server.node;
            node.log().last_index() == log.last_index()
                && node.log().last_term() == log.last_term()
                && node.applied() == log.last_index()
                && server.store == leader.store
        })
}

fn run_until_it_holds<J: Judge>(
    world: &mut World,
    within_us: u64,
    judge: &mut J,
    mut holds: impl FnMut(&mut World, &mut J) -> bool,
) -> bool {
    let until_us = world.now_us() + within_us;
    while !holds(world, judge) {
        if world.now_us() > until_us {
            return false;
        }
        world.run_until(world.now_us() + 50_000, judge);
    }
    true
}

/// What an administrator does when the storm is over: everything is mended, and servers that are no
/// longer members are switched off. Returns whether stickiness was needed.
fn recover<J: Judge>(seed: u64, world: &mut World, judge: &mut J) -> bool {
    for action in chaos::calm(world) {
        world.act(&action, judge).unwrap_or_else(|why| panic!("seed {seed}: {action:?}: {why}"));
    }
    switch_off_others(world, concerned(world), judge);
    // A leader that was cut off learns that it was replaced.
    world.run_until(world.now_us() + 1_000_000, judge);
    let mut found =
        run_until_it_holds(world, LEADER_WITHIN_US, judge, |world, judge| has_leader(world, judge));
    let disturbed = !found;
    if disturbed {
        // Without stickiness a server that was removed, and is still a voter to its own knowledge, can
        // depose every leader before that has brought a new server's log up to date (D4.2.3).
        let options = Options { stickiness: true, pre_vote: true, ..world.options().clone() };
        let _ = world.act(&Action::SetOptions { options }, judge);
        found = run_until_it_holds(world, LEADER_WITHIN_US, judge, |world, judge| has_leader(world, judge));
    }
    let known = *authority(world).node.configuration();
    assert!(found, "seed {seed}: no leader after the storm: {known}\n{}", notation::write(world));
    let members = leader(world).expect("it was just seen").node.configuration().members();
    switch_off_others(world, members, judge);
    let equal = run_until_it_holds(world, EQUAL_WITHIN_US, judge, |world, judge| {
        has_leader(world, judge) && all_equal(world)
    });
    assert!(
        equal,
        "seed {seed}: the members do not come together: {known}\n{}\n{:#?}",
        notation::write(world),
        world.servers().iter().map(|s| (s.brief(), &s.store, s.node.role())).collect::<Vec<_>>()
    );
    disturbed
}

/// Whether there is a leader as [`leader`] has it. Without a no-op one needs a command to commit
/// something of its own: it gets one. What may be in force stands in its log, so whoever is in no
/// configuration there can be switched off.
fn has_leader<J: Judge>(world: &mut World, judge: &mut J) -> bool {
    if leader(world).is_some() {
        return true;
    }
    let leads = world.servers().iter().filter(|s| s.is_active() && s.node.is_leader());
    let Some(server) = leads.max_by_key(|server| server.node.term()) else { return false };
    let (id, log) = (server.node.id(), server.node.log());
    let possible = log.configurations_from(server.node.commit());
    let keep = possible.fold(awaited(server), |all, one| all.or(one.members()));
    switch_off_others(world, keep, judge);
    let op = Op::Submit { text: "after the storm".into() };
    let _ = world.act(&Action::Propose { server: id, op }, judge);
    leader(world).is_some()
}

fn has_sessions(setup: &Setup, actions: &[(u64, Action)]) -> bool {
    let switched_off =
        |(_, action): &(u64, Action)| matches!(action, Action::SetOptions { options } if !options.sessions);
    let loaded = |(_, action): &(u64, Action)| matches!(action, Action::Workload(_));
    setup.options.sessions && !actions.iter().any(switched_off) && !actions.iter().any(loaded)
}

/// A minute of storm, then calm.
fn survive<J: Judge>(seed: u64, make: impl Fn(Checker, bool) -> J) -> (Counts, J, World) {
    let (setup, actions) = chaos::plan_of_all(Seed(seed), 0, STORM_US);
    let mut world = World::new(&setup);
    let mut judge = make(Checker::new(&world), has_sessions(&setup, &actions));
    weather(&mut world, actions, STORM_US, &mut judge);
    let violations = judge.checker().violations();
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}\n{}", notation::write(&world));
    let mut counts = Counts::default();
    counts.count("seeds", 1);
    if chaos::heals_a_majority_only(Seed(seed)) && chaos::calm_majority(&world).is_some() {
        counts.count("seeds that ended for a majority", 1);
        counts.subsided(subside(&mut world, Ending::Majority, &mut judge, &mut Vec::new()));
    } else if can_recover(&world) {
        counts.count("seeds that recovered", 1);
        let disturbed = recover(seed, &mut world, &mut judge);
        counts.count("seeds that needed stickiness to recover", u64::from(disturbed));
    }
    let violations = judge.checker().violations();
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}\n{}", notation::write(&world));
    counts.ended(&world, judge.checker());
    let snapshots = world.servers().iter().filter(|server| server.node.snapshot().is_some()).count();
    counts.count("servers that ended on a snapshot", snapshots as u64);
    let joint = world.servers().iter().filter(|server| server.node.configuration().is_joint()).count();
    counts.count("servers that ended in a joint configuration", joint as u64);
    (counts, judge, world)
}

fn witness(checker: Checker, sessions: bool) -> Witness {
    Witness {
        checker,
        counts: Counts::default(),
        sessions,
        acknowledged: BTreeMap::new(),
        increments_done: 0,
        increments_unknown: 0,
        wrong: None,
    }
}

fn one(seed: u64) -> Counts {
    if !seed.is_multiple_of(TRACE_EVERY) {
        return survive(seed, |checker, _| checker).0;
    }
    let (mut counts, judge, world) = survive(seed, witness);
    assert_eq!(judge.wrong, None, "seed {seed}");
    if judge.sessions && counts.of("seeds that recovered") == 1 {
        counts.count("seeds with sessions throughout", 1);
        judge.check_counter(seed, &world, leader(&world).expect("a cluster that recovered has one"));
    }
    counts.count("increments", judge.increments_done);
    counts.count("seeds with a trace", 1);
    counts.add(&judge.counts);
    counts
}

#[test]
fn no_promise_falls_in_two_thousand_storms_over_all_of_raft() {
    let begun = Instant::now();
    let usual = if std::env::var_os("WAVETANK_LONG").is_some() { 10 * SEEDS } else { SEEDS };
    let seeds = std::env::var("WAVETANK_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    if let Some(seed) = std::env::var("WAVETANK_SEED").ok().and_then(|n| n.parse().ok()) {
        return println!("{:#?}", one(seed));
    }
    let mut all = Counts::default();
    for_seeds(seeds, one).iter().for_each(|counts| all.add(counts));
    println!("{all:#?}\nin {:.1} s", begun.elapsed().as_secs_f64());

    // It was not idle.
    assert_eq!(all.of("seeds"), seeds);
    let rare = ["disks wiped"];
    let some = [
        "snapshots before a suffix",
        "leaders without a quorum",
        "reads by a lease",
        "reads confirmed by a round",
        "requests to stand at once",
        "torn entries found",
        "transfers begun",
        "slow rounds of catching up",
        "heartbeats sent by hand",
        "schedules",
        "workloads",
    ];
    let many = [
        "asked or refused before standing",
        "changes begun",
        "clocks set",
        "disks changed",
        "disks stalled",
        "link presets",
        "commands answered from memory",
        "configurations delivered",
        "counts of a leader outside",
        "counts with learners",
        "increments",
        "leases run out",
        "old snapshots ignored",
        "pieces of snapshots",
        "restarts with a lease about",
        "servers started",
        "votes withheld",
    ];
    for (names, least) in [(&rare[..], 1), (&some[..], seeds / 50), (&many[..], seeds / 4)] {
        for what in names {
            assert!(all.of(what) >= least, "{what}: {}, expected at least {least}", all.of(what));
        }
    }
    assert!(all.of("entries committed") >= 50 * seeds && all.of("terms with a leader") >= 5 * seeds);
    let (everyone, majority) = (all.of("seeds that recovered"), all.of("seeds that ended for a majority"));
    assert!((everyone + majority) * 100 >= 98 * seeds, "disks are rarely lost for good");
    assert!(everyone * 10 >= 4 * seeds && majority * 10 >= 4 * seeds, "storms end in both ways");
    assert!(
        all.of("majorities that hear others") * 100 >= seeds,
        "PreVote, CheckQuorum and stickiness are on"
    );
    assert!(all.of("leaders due") >= 4 * majority);
    assert!(all.of("seeds that needed stickiness to recover") * 100 <= seeds, "few are disturbed for long");
    assert!(all.of("seeds with sessions throughout") * 100 >= all.of("seeds with a trace"));
}

#[test]
fn a_storm_over_all_of_raft_catches_a_broken_rule() {
    let rules = [
        (Rule::JointPhase, 100),
        (Rule::LearnersNotCounted, 200),
        (Rule::ChecksumEndsLog, 50),
        (Rule::SnapshotOnlyIfNewer, 60),
        (Rule::SnapshotCarriesSessions, 30),
    ];
    storms::assert_caught(&rules, |seed| chaos::plan_of_all(Seed(seed), 0, STORM_US));
}
