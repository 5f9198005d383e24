//! Storms end in two ways: for everyone, or for a random majority, while all other faults stay. Liveness holds
//! in both; and where a rule is off, it is violated for the majority while the others stay as they are.

use wavetank::check::{Checker, Property};
use wavetank::explore::{Ending, Hunt, Plan, Report, Target, hunt, weather};
use wavetank::raft::{Configuration, Rule, Rules, ServerId, ServerSet, quorum};
use wavetank::sim::chaos::{self, Calm};
use wavetank::sim::{Action, Endpoint, Link, Options, PacketName, Seed, World};

const STORM_US: u64 = 15_000_000;

fn endings(seeds: u64, plan: Plan, ending: Ending, off: &[Rule]) -> Hunt {
    let off = Rules::without(off);
    let target = Target::Any;
    Hunt { plan, until_us: STORM_US, ending, off, target, all: true, ..Hunt::new(0..seeds) }
}

/// PreVote, the check of the quorum and stickiness are on: servers outside may be heard.
fn ignoring(options: &mut Options) {
    (options.pre_vote, options.check_quorum, options.stickiness) = (true, true, true);
}

fn go(what: &Hunt, adjust: fn(&mut Options)) -> Report {
    hunt(what, 2, adjust, |_| true)
}

#[test]
fn liveness_holds_for_those_for_whom_a_storm_has_ended() {
    let nothing: fn(&mut Options) = |_| {};
    let table = [
        ("Figure 2", Plan::Figure2, nothing, 500),
        ("all of Raft", Plan::All, nothing, 500),
        ("all of Raft, with others heard", Plan::All, ignoring, 1200),
    ];
    for (what, plan, adjust, seeds) in table {
        let report = go(&endings(seeds, plan, Ending::Majority, &[]), adjust);
        assert_eq!(report.hits, 0, "{what}: {:?}", report.first.map(|hit| (hit.seed, hit.violation)));
        let majorities = report.counts.of("storms that ended for a majority");
        assert!(majorities * 10 >= seeds * 7, "{what}: {majorities} of {seeds}");
        assert!(report.counts.of("leaders due") > 4 * seeds, "{what}: it was hardly looked");
    }
}

/// In how many runs Liveness is violated first.
fn violated(rule: Rule, ending: Ending) -> u64 {
    let report = go(&endings(300, Plan::Figure2, ending, &[rule]), ignoring);
    report.violations.get(&Property::Liveness).copied().unwrap_or(0)
}

#[test]
fn a_leader_that_does_not_step_down_is_in_the_way_of_a_majority_alone() {
    // Somebody outside led, is heard there, and hears nobody: it is followed for ever. Where everyone hears
    // everyone again nothing is wrong.
    let (healed, majority) = (Ending::Healed, Ending::Majority);
    let rule = Rule::CheckQuorum;
    assert_eq!(violated(rule, healed), 0);
    assert!(violated(rule, majority) > 0);
}

/// The world of a seed as its storm leaves it.
fn after_the_storm(seed: u64, plan: Plan, adjust: fn(&mut Options)) -> World {
    let (setup, actions) = plan.draw(seed, 0, STORM_US, Rules::ALL_ON, adjust);
    let mut world = World::new(&setup);
    let mut checker = Checker::new(&world);
    weather(&mut world, actions, STORM_US, &mut checker);
    world
}

/// What is wrong with servers, links and messages outside of a majority.
#[derive(Debug, PartialEq)]
struct Outside {
    servers: Vec<(bool, bool, i32)>,
    links: Vec<(ServerId, ServerId, Option<Link>, bool)>,
    held: Vec<PacketName>,
}

impl Outside {
    fn of(world: &World, majority: ServerSet) -> Outside {
        let outside = |id: &ServerId| !majority.contains(*id);
        let servers = world.servers().iter().filter(|server| outside(&server.node.id()));
        let pairs = world.ids().flat_map(|from| world.ids().map(move |to| (from, to)));
        let links = pairs.filter(|(from, to)| from != to && outside(from) && outside(to));
        let cut = |from, to| world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to));
        let held = world.network().packets().filter(|packet| packet.held).map(|packet| packet.name);
        let any_outside = |name: &PacketName| {
            [name.from, name.to].iter().filter_map(|end| end.server()).any(|id| outside(&id))
        };
        let mut held: Vec<PacketName> = held.filter(any_outside).collect();
        held.sort_unstable();
        Outside {
            servers: servers.map(|server| (server.up, server.paused, server.clock_ppm)).collect(),
            links: links
                .map(|(from, to)| (from, to, world.network().own_link(from, to), cut(from, to)))
                .collect(),
            held,
        }
    }
}

#[test]
fn a_majority_heals_and_all_other_faults_stay() {
    let nothing: fn(&mut Options) = |_| {};
    let (mut seen, mut heard, mut crashed, mut faulty) = (0, 0, 0, 0);
    for seed in 0..240 {
        let adjust = if seed % 3 == 0 { ignoring } else { nothing };
        let plan = if seed % 2 == 0 { Plan::All } else { Plan::Figure2 };
        let mut world = after_the_storm(seed, plan, adjust);
        let Some(Calm { majority, disturbed, actions }) = chaos::calm_majority(&world) else { continue };
        let before = Outside::of(&world, majority);
        let mut checker = Checker::new(&world);
        for action in &actions {
            assert!(world.act(action, &mut checker).is_ok(), "seed {seed}: {action:?}");
        }
        // Those that it crashes are down, and all else is as it was.
        let mut after = Outside::of(&world, majority);
        let crashes = actions.iter().filter(|action| matches!(action, Action::Crash { .. })).count();
        for (now, then) in after.servers.iter_mut().zip(&before.servers) {
            if (now.0, now.1) == (false, false) && then.0 {
                now.0 = true;
            }
        }
        assert_eq!(after, before, "seed {seed}");
        assert_majority_is_well(&world, majority, seed);
        let cut = |a, b| world.network().is_cut(Endpoint::Server(a), Endpoint::Server(b));
        let outside = world.servers().iter().filter(|s| s.is_active() && !majority.contains(s.node.id()));
        let talks = outside.filter(|server| {
            majority.iter().any(|id| !cut(server.node.id(), id) || !cut(id, server.node.id()))
        });
        assert_eq!(talks.count() > 0, disturbed, "seed {seed}");
        seen += 1;
        heard += u64::from(disturbed);
        crashed += crashes;
        faulty += u64::from(
            before.servers.iter().any(|server| *server != (true, false, 0)) || !before.held.is_empty(),
        );
    }
    println!("{seen} majorities, {heard} hear others, {crashed} crashes, {faulty} with faults that stay");
    assert!(seen > 150 && heard > 30 && crashed > 30 && faulty > 60);
}

fn assert_majority_is_well(world: &World, majority: ServerSet, seed: u64) {
    let cut = |a, b| world.network().is_cut(Endpoint::Server(a), Endpoint::Server(b));
    for id in majority.iter() {
        let server = world.server(id).expect("it is there");
        assert!(server.is_active() && server.clock_ppm == 0 && !server.disk.lies, "seed {seed}: {id}");
        let known = *server.node.configuration();
        let enough = known == Configuration::NOBODY || quorum::is_quorum(&known, majority);
        assert!(enough, "seed {seed}: {majority} is no majority of {known}");
        for other in majority.iter().filter(|&other| other != id) {
            let link = world.network().link(Endpoint::Server(id), Endpoint::Server(other));
            assert!(!cut(id, other) && link.loss_ppm == 0 && link.latency.max_us == 2000, "seed {seed}");
        }
    }
    let inside = |end: Endpoint| end.server().is_none_or(|id| majority.contains(id));
    let mut held = world.network().packets().filter(|packet| packet.held).map(|packet| packet.name);
    assert!(!held.any(|name| inside(name.from) && inside(name.to)), "seed {seed}");
}

#[test]
fn every_other_storm_ends_for_a_majority_and_always_the_same_one() {
    let majorities = (0..1000).filter(|&seed| chaos::heals_a_majority_only(Seed(seed))).count();
    assert!((450..550).contains(&majorities), "{majorities}");
    let drawn = |seed| chaos::calm_majority(&after_the_storm(seed, Plan::All, |_| {}));
    let first: Vec<_> = (0..20).map(drawn).collect();
    assert_eq!(first, (0..20).map(drawn).collect::<Vec<_>>());
    let sets: std::collections::BTreeSet<_> = first.iter().flatten().map(|calm| calm.majority).collect();
    assert!(sets.len() > 10, "{sets:?}");
}
