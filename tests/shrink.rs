//! Shrinking: what is left of a recording still shows what it showed, and nothing in it can be left out.

use wavetank::check::Property;
use wavetank::check::goal::Lookout;
use wavetank::explore::{Hunt, NotShrunk, Plan, Shrunk, Target, hunt, shrink};
use wavetank::raft::{Rule, Rules, ServerId, Timer};
use wavetank::sim::{Action, Options, Setup};
use wavetank::timeline::{Recording, Run, Stamp, Start};

const REPLAYS: u32 = 20_000;

/// A storm in which a promise falls while this rule is off.
fn storm(plan: Plan, rule: Rule) -> Recording {
    let off = Rules::without(&[rule]);
    let report = hunt(&Hunt { plan, off, ..Hunt::new(0..300) }, 2, |_| {}, |_| true);
    report.first.unwrap_or_else(|| panic!("no storm notices that {rule} is off")).recording
}

fn small(recording: &Recording, target: &Target) -> Shrunk {
    shrink(recording, target, REPLAYS, |_, _| true).unwrap()
}

/// What falls in a recording, first to last, as it comes back from a file.
fn fallen(recording: &Recording) -> Vec<Property> {
    let recording = Recording::from_json(&recording.to_json()).unwrap();
    let run = Run::replay(&recording).unwrap();
    run.violations().iter().map(|violation| violation.property).collect()
}

/// Everything that a recording becomes by leaving one action out.
fn one_less(recording: &Recording) -> impl Iterator<Item = Recording> {
    (0..recording.actions.len()).map(|number| {
        let mut less = recording.clone();
        less.actions.remove(number);
        less
    })
}

#[test]
fn a_storm_shrinks_to_a_recording_of_which_no_action_can_be_left_out() {
    let rules = [
        (Plan::Figure2, Rule::OneVotePerTerm),
        (Plan::Figure2, Rule::LogUpToDate),
        (Plan::Figure2, Rule::LogSurvivesCrash),
        (Plan::All, Rule::SnapshotOnlyIfNewer),
    ];
    for (plan, rule) in rules {
        let large = storm(plan, rule);
        let first = fallen(&large)[0];
        let Shrunk { recording, replays, complete } = small(&large, &Target::Any);
        println!(
            "{rule}: {first}: {} actions in {} ms become {} in {} ms, by {replays} replays\n{}",
            large.actions.len(),
            large.end.at_us / 1000,
            recording.actions.len(),
            recording.end.at_us / 1000,
            serde_json::to_string(&recording).unwrap()
        );
        assert!(complete, "{rule}: {replays} replays were not enough");
        assert_eq!(fallen(&recording)[0], first, "{rule}: another promise falls");
        assert!(recording.actions.len() * 2 <= large.actions.len(), "{rule}");
        assert!(recording.end <= large.end && recording.setup.servers <= large.setup.servers);
        for less in one_less(&recording) {
            assert!(!fallen(&less).contains(&first), "{rule}: an action can be left out");
        }
        // The rule is what makes it fall.
        assert_eq!(recording.setup.rules_off, Rules::without(&[rule]));
        assert_eq!(fallen(&recording.clone().with_rules_on(Rules::without(&[rule]))), [], "{rule}");
        // It ends where the promise falls.
        let run = Run::replay(&recording).unwrap();
        assert_eq!(run.world().events() - 1, run.violations()[0].event.0);
        assert_eq!(small(&recording, &Target::Any).recording, recording, "small things stay as they are");
    }
}

fn s(n: u8) -> ServerId {
    ServerId::new(n).unwrap()
}

/// Two leaders in one term, made by hand among much that has nothing to do with it.
fn made_by_hand() -> Recording {
    let mut setup = Setup::new(5, 987_654_321);
    setup.rules_off = Rules::without(&[Rule::QuorumOfAll, Rule::PrevLogTerm, Rule::CommitAfterQuorum]);
    setup.options = Options { noop: true, max_entries: 7, client_attempts: 3, ..Options::default() };
    setup.options.link.loss_ppm = 100_000;
    setup.options.link.duplicate_ppm = 50_000;
    let mut run = Run::new(&setup).unwrap();
    run.run_until(3_000_000);
    let _ = run.act(Action::Heal);
    let _ = run.act(Action::Pause { server: s(3) });
    run.run_until(3_500_000);
    let groups = vec![[s(1)].into_iter().collect(), [s(2), s(5)].into_iter().collect()];
    let _ = run.act(Action::Partition { groups });
    run.run_until(4_000_000);
    for _ in 0..6 {
        for server in [s(1), s(2)] {
            let _ = run.act(Action::Fire { server, timer: Timer::Election });
        }
        run.run_until(run.world().now_us() + 700_000);
    }
    let _ = run.act(Action::Resume { server: s(3) });
    run.run_until(run.world().now_us() + 2_000_000);
    run.recording()
}

#[test]
fn rules_come_on_again_options_go_back_to_their_defaults_and_servers_go() {
    let large = made_by_hand();
    let goal = Target::Goal(
        "any a, b: role(a) = leader and role(b) = leader and term(a) = term(b)".parse().unwrap(),
    );
    let Shrunk { recording, complete, .. } = small(&large, &goal);
    println!("{}", serde_json::to_string(&recording).unwrap());
    assert!(complete);
    let Target::Goal(goal) = goal else { unreachable!() };
    let run = Run::replay(&recording).unwrap();
    assert!(Lookout::new(goal).look(&(run.world(), run.checker())), "it holds at the end");
    let off: Vec<Rule> = recording.setup.rules_off.off().collect();
    assert_eq!(off, [Rule::QuorumOfAll], "the other two have nothing to do with it");
    assert!(recording.setup.servers < 5, "{} servers", recording.setup.servers);
    assert_eq!(recording.setup.options, Options::default(), "no option is needed");
    assert!(recording.actions.len() < large.actions.len() / 2, "{} actions", recording.actions.len());
    assert!(recording.end.at_us < 1_000_000, "the long wait at the beginning is gone: {:?}", recording.end);
}

#[test]
fn a_recording_that_begins_in_a_state_shrinks_as_well() {
    let setup = Setup { rules_off: Rules::without(&[Rule::CommitAfterQuorum]), ..Setup::new(5, 7) };
    let state = "S1:L2 12 c1 / S2:F2 1 / S3:F2 1 / S4:x1 1 / S5:x1 1";
    let mut run = Run::from_start(&setup, Start::State(state.into())).unwrap();
    run.run_until(500_000);
    for server in [s(4), s(5)] {
        run.act(Action::Restart { server }).unwrap();
    }
    run.run_until(5_000_000);
    let target = Target::Goal("committed(1) and any s: last(s) = 2".parse().unwrap());
    let Shrunk { recording, .. } = small(&run.recording(), &target);
    assert_eq!(recording.start, Start::State("S1:L2 12 c1".into()));
    assert_eq!((recording.actions.len(), recording.end), (0, Stamp::default()), "it holds at the start");
}

#[test]
fn it_stops_when_told_to_or_at_its_limit_with_what_it_has() {
    let large = storm(Plan::Figure2, Rule::OneVotePerTerm);
    let first = fallen(&large)[0];
    let mut shown = Vec::new();
    let stopped = shrink(&large, &Target::Property(first), REPLAYS, |best, replays| {
        shown.push((replays, best.actions.len()));
        replays < 12
    })
    .unwrap();
    assert_eq!((stopped.complete, stopped.replays), (false, 12));
    assert_eq!(shown.iter().map(|(replays, _)| *replays).collect::<Vec<_>>(), (2..=12).collect::<Vec<_>>());
    assert!(shown.is_sorted_by(|a, b| a.1 >= b.1), "the best never grows: {shown:?}");
    let limited = shrink(&large, &Target::Property(first), 12, |_, _| true).unwrap();
    assert_eq!(limited, stopped);
    assert!(fallen(&limited.recording).contains(&first));
    assert_eq!(small(&large, &Target::Any), small(&large, &Target::Any), "it is the same every time");
}

#[test]
fn what_does_not_happen_can_not_be_shrunk() {
    let large = storm(Plan::Figure2, Rule::OneVotePerTerm);
    let told = |recording: &Recording, target: &Target| {
        shrink(recording, target, REPLAYS, |_, _| true).unwrap_err().to_string()
    };
    let on = large.clone().with_rules_on(large.setup.rules_off);
    assert_eq!(told(&on, &Target::Any), "No promise is broken in the recording.");
    let property = Target::Property(Property::Liveness);
    assert_eq!(told(&large, &property), "Liveness is not broken in the recording.");
    let goal = Target::Goal("leaders = 9".parse().unwrap());
    assert_eq!(told(&large, &goal), "‘leaders = 9’ never holds in the recording.");
    let mut broken = large.clone();
    broken.setup.servers = 77;
    let why = shrink(&broken, &Target::Any, REPLAYS, |_, _| true).unwrap_err();
    assert!(matches!(why, NotShrunk::Recording(_)), "{why}");
}

/// The recordings of broken rules are made by hand, in manual mode, with messages named one by one.
#[test]
fn every_recording_of_a_broken_rule_shrinks_to_one_in_which_the_same_promise_falls() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/broken");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut paths: Vec<_> = files.filter(|path| !path.ends_with("index.json")).collect();
    paths.sort();
    let (mut shrunk, mut actions) = (0, (0, 0));
    for path in &paths {
        let name = path.file_stem().unwrap().display();
        let large = Recording::from_json(&std::fs::read_to_string(path).unwrap()).unwrap();
        let Some(&first) = fallen(&large).first() else { continue };
        let Shrunk { recording, replays, complete } = small(&large, &Target::Any);
        println!(
            "{name}: {first}: {} actions become {}, {replays} replays",
            large.actions.len(),
            recording.actions.len()
        );
        assert!(complete, "{name}: {replays} replays were not enough");
        assert_eq!(fallen(&recording).first(), Some(&first), "{name}");
        for less in one_less(&recording) {
            assert!(!fallen(&less).contains(&first), "{name}: an action can be left out");
        }
        shrunk += 1;
        actions = (actions.0 + large.actions.len(), actions.1 + recording.actions.len());
    }
    println!("{shrunk} recordings: {} actions become {}", actions.0, actions.1);
    assert!(shrunk >= 40, "{shrunk} of {}", paths.len());
    assert!(actions.1 < actions.0);
}
