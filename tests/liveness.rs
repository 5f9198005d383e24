//! Liveness: recordings in which a rule is off and a cluster does not go on, though nothing is in its way
//! that the options allow for; the same with the rule on; and what is no fault of the cluster's.

mod common;

use common::*;
use wavetank::check::{Property, Violation};
use wavetank::kv::Op;
use wavetank::raft::{Change, ReadMode, Rule, Rules, ServerSet, Timer, TimerRange};
use wavetank::sim::{Action, Link, Options, Setup};
use wavetank::timeline::{Recording, Run, Start};

const LED: &str = "S1:L2 2 / S2:F2 2 / S3:F2 2";

/// The recording that ships for a rule.
fn shipped(rule: Rule) -> Recording {
    let file = format!("{}/static/broken/{rule}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).expect("each of these rules has one");
    serde_json::from_str(&text).expect("it is a recording")
}

fn liveness(run: &Run) -> Option<&Violation> {
    run.violations().iter().find(|violation| violation.property == Property::Liveness)
}

/// How it falls without the rule; with the rule it does not.
#[track_caller]
fn falls(rule: Rule) -> String {
    let mut recording = shipped(rule);
    let off = Run::replay(&recording).expect("it makes a run");
    recording.setup.rules_off = Rules::ALL_ON;
    let on = Run::replay(&recording).expect("it makes a run");
    assert_eq!(liveness(&on), None, "{rule} is on");
    let violation = liveness(&off).unwrap_or_else(|| panic!("{rule} is off, and nothing falls"));
    violation.sentence.clone()
}

/// The same recording with other options from the start, and every rule on.
fn with_options(rule: Rule, change: impl Fn(&mut Options)) -> Run {
    let mut recording = shipped(rule);
    recording.setup.rules_off = Rules::ALL_ON;
    change(&mut recording.setup.options);
    Run::replay(&recording).expect("it makes a run")
}

#[test]
fn timeouts_that_are_all_the_same_elect_nobody() {
    let told = falls(Rule::RandomisedTimeouts);
    assert!(
        told.contains("nothing has been in the way of {S1, S2, S3}, and one election follows the other"),
        "{told}"
    );
}

#[test]
fn the_timer_rules() {
    assert!(falls(Rule::VoteTimerOnlyOnGrant).contains("one election follows the other"));
    let told = falls(Rule::AppendTimerOnlyCurrent);
    assert!(told.contains("{S2, S3}, and nobody leads them in term 3"), "{told}");
}

#[test]
fn a_voter_that_is_heard_and_hears_nobody_is_held_back_by_pre_vote_and_without_it_nothing_is_promised() {
    let told = falls(Rule::PreVote);
    assert!(told.contains("in the way of {S1, S2}, and one election follows the other"), "{told}");
    let run = with_options(Rule::PreVote, |options| options.pre_vote = false);
    assert!(term(&run, 1).0 > 50, "one election follows the other");
    assert_eq!(liveness(&run), None);
}

#[test]
fn a_leader_without_a_majority_steps_down_by_its_check_and_without_it_nothing_is_promised() {
    let told = falls(Rule::CheckQuorum);
    assert!(told.contains("{S2, S3}, and nobody leads them in term 2"), "{told}");
    let run = with_options(Rule::CheckQuorum, |options| options.check_quorum = false);
    assert!(server(&run, 1).node.is_leader() && commit(&run, 2) == 0, "nothing goes on");
    assert_eq!(liveness(&run), None);
}

#[test]
fn a_server_that_was_removed_is_ignored_by_stickiness_and_without_it_nothing_is_promised() {
    let told = falls(Rule::Stickiness);
    assert!(told.contains("{S1, S2, S3}, and one election follows the other"), "{told}");
    let run = with_options(Rule::Stickiness, |options| options.stickiness = false);
    assert!(term(&run, 1).0 > 50, "one election follows the other");
    assert_eq!(liveness(&run), None);
}

// What is no fault of the cluster's.

/// Ten seconds of the run without random timeouts, after something has been done to it.
fn without_chance(change: impl Fn(&mut Options), script: impl Fn(&mut Run)) -> Run {
    let mut options = Options::default();
    change(&mut options);
    let setup = without(&Setup { options, ..Setup::new(3, 1) }, &[Rule::RandomisedTimeouts]);
    let mut run = Run::from_start(&setup, Start::State("S1:F1 1 / S2:F1 1 / S3:F1 1".into())).unwrap();
    script(&mut run);
    wait(&mut run, 10_000);
    run
}

#[test]
fn where_something_is_in_the_way_nothing_is_promised() {
    let nothing = |_: &mut Run| {};
    let table: [(&str, bool, Run); 8] = [
        ("nothing", true, without_chance(|_| {}, nothing)),
        ("messages are lost", false, without_chance(|o| o.link.loss_ppm = 1, nothing)),
        ("messages come twice", true, without_chance(|o| o.link.duplicate_ppm = 100_000, nothing)),
        (
            "messages travel too slowly",
            false,
            without_chance(|o| o.link.latency = TimerRange { min_us: 10_000, max_us: 80_000 }, nothing),
        ),
        ("one of three is down", true, without_chance(|_| {}, |run| crash(run, 3))),
        (
            "two of three are down",
            false,
            without_chance(
                |_| {},
                |run| {
                    crash(run, 2);
                    crash(run, 3);
                },
            ),
        ),
        (
            "everybody is alone",
            false,
            without_chance(
                |_| {},
                |run| {
                    act(run, groups("1 2 3"));
                },
            ),
        ),
        (
            "time stands still",
            false,
            without_chance(
                |_| {},
                |run| {
                    act(run, Action::Manual { on: true });
                },
            ),
        ),
    ];
    for (what, expected, run) in table {
        assert_eq!(liveness(&run).is_some(), expected, "{what}: {:?}", run.violations());
    }
}

/// A link between two servers that is not like the others.
fn one_link(run: &mut Run, link: Link) {
    act(run, Action::SetLink { from: Some(s(1)), to: Some(s(2)), link });
}

#[test]
fn one_bad_link_a_slow_disk_and_timeouts_that_are_too_close_are_in_the_way_as_well() {
    let nothing = |_: &mut Run| {};
    let runs = [
        ("a lossy link", {
            without_chance(|_| {}, |run| one_link(run, Link { loss_ppm: 1, ..Link::default() }))
        }),
        ("a slow link", {
            let latency = TimerRange { min_us: 10_000, max_us: 80_000 };
            without_chance(|_| {}, |run| one_link(run, Link { latency, ..Link::default() }))
        }),
        ("a slow disk", {
            let fsync = TimerRange { min_us: 500, max_us: 50_001 };
            without_chance(|o| o.fsync = fsync, nothing)
        }),
        ("timeouts that hardly differ", {
            let election = TimerRange { min_us: 290_000, max_us: 300_000 };
            without_chance(|o| o.election = election, nothing)
        }),
    ];
    for (what, run) in runs {
        assert_eq!(liveness(&run), None, "{what}");
    }
}

#[test]
fn what_began_under_other_options_takes_its_time() {
    let minute = TimerRange { min_us: 60_000_000, max_us: 61_000_000 };
    let patient = Options { client_attempts: 1000, ..Options::default() };
    let options = Options { election: minute, ..patient };
    let mut run = state_with(&Setup { options, ..Setup::new(3, 1) }, "S1:F1 1 / S2:F1 1 / S3:F1 1");
    act(&mut run, Action::SetOptions { options: patient });
    submit(&mut run, put("x", "1"));
    wait(&mut run, 50_000);
    assert_eq!((leader(&run), liveness(&run)), (None, None));
}

#[test]
fn without_an_entry_of_its_own_term_a_leader_commits_nothing_and_answers_no_such_read() {
    let options = Options { client_attempts: 1000, ..Options::default() };
    let setup = Setup { options, ..Setup::new(3, 1) };
    let mut run = state_with(&setup, "S1:L2 1 / S2:F2 1 / S3:F2 1");
    let get = Op::Get { key: "x".into() };
    act(&mut run, Action::Submit { op: get, to: None, mode: Some(ReadMode::ReadIndex) });
    wait(&mut run, 30_000);
    assert_eq!((commit(&run, 1), liveness(&run)), (0, None));
}

#[test]
fn a_leader_from_before_the_no_op_was_switched_on_owes_no_such_read_either() {
    let mut run = state(LED);
    act(&mut run, Action::SetOptions { options: Options { noop: true, ..Options::default() } });
    for _ in 0..6 {
        let get = Op::Get { key: "x".into() };
        act(&mut run, Action::Submit { op: get, to: None, mode: Some(ReadMode::ReadIndex) });
        wait(&mut run, 7000);
    }
    assert_eq!(liveness(&run), None);
    // Nor one in whose run the option was on from the start.
    let options = Options { noop: true, client_attempts: 1000, ..Options::default() };
    let mut run = state_with(&Setup { options, ..Setup::new(3, 1) }, LED);
    let get = Op::Get { key: "x".into() };
    act(&mut run, Action::Submit { op: get, to: None, mode: Some(ReadMode::Lease) });
    wait(&mut run, 30_000);
    assert_eq!(liveness(&run), None);
}

#[test]
fn a_server_that_has_forgotten_in_a_crash_that_it_was_removed_needs_stickiness_to_be_ignored() {
    let far = Link { latency: TimerRange { min_us: 45_000, max_us: 50_000 }, ..Link::default() };
    for stickiness in [false, true] {
        let options = Options { stickiness, link: far, noop: true, ..Options::default() };
        let setup = without(&Setup { options, ..Setup::new(3, 1) }, &[Rule::Stickiness]);
        let mut run = state_with(&setup, LED);
        submit(&mut run, put("x", "1"));
        wait(&mut run, 1000);
        act(&mut run, Action::Change { change: Change::Remove(s(1)), at: Some(s(1)) });
        wait(&mut run, 1000);
        // Its log says so, but commitIndex was in memory.
        crash(&mut run, 1);
        act(&mut run, Action::SetClock { server: s(1), ppm: 1_000_000 });
        restart(&mut run, 1);
        wait(&mut run, 20_000);
        let configurations: Vec<_> = run.world().servers().iter().map(|s| *s.node.configuration()).collect();
        assert!(configurations.iter().all(|one| one.voters == set("23")), "{configurations:?}");
        assert!(term(&run, 1).0 > 50, "one election follows the other");
        assert_eq!(liveness(&run).is_some(), stickiness, "stickiness {stickiness}: {:?}", run.violations());
    }
}

// A majority is enough.

/// Thirty seconds of five servers without random timeouts, after something has been done to them.
fn five(ignoring: bool, script: impl Fn(&mut Run)) -> Run {
    let mut options = Options::default();
    (options.pre_vote, options.check_quorum, options.stickiness) = (ignoring, ignoring, ignoring);
    let setup = without(&Setup { options, ..Setup::new(5, 1) }, &[Rule::RandomisedTimeouts]);
    let start = "S1:F1 1 / S2:F1 1 / S3:F1 1 / S4:F1 1 / S5:F1 1";
    let mut run = Run::from_start(&setup, Start::State(start.into())).unwrap();
    script(&mut run);
    wait(&mut run, 30_000);
    run
}

/// All links from and to these are lossy from now on.
fn lossy(run: &mut Run, servers: &str) {
    let link =
        Link { loss_ppm: 300_000, latency: TimerRange { min_us: 0, max_us: 900_000 }, ..Link::default() };
    for bad in set(servers).iter() {
        for other in set("12345").iter().filter(|&other| other != bad) {
            act(run, Action::SetLink { from: Some(bad), to: Some(other), link });
            act(run, Action::SetLink { from: Some(other), to: Some(bad), link });
        }
    }
}

/// Holds a message between two servers that is on its way now.
fn hold_one(run: &mut Run, from: u8, to: u8) {
    let asks = |run: &Run| {
        let mut names = run.world().network().packets().map(|packet| packet.name);
        names.find(|name| name.from.server() == Some(s(from)) && name.to.server() == Some(s(to)))
    };
    until(run, 5000, "it says something", |run| asks(run).is_some());
    let message = asks(run).expect("it was just seen");
    act(run, Action::Hold { message });
}

#[test]
fn what_is_wrong_outside_of_a_majority_is_not_in_its_way_if_it_cannot_be_heard_there() {
    type Script = fn(&mut Run);
    let cut: Script = |run| {
        act(run, groups("123 45"));
    };
    // Whether others are ignored, to whom a leader is promised, and whether the rule that is off breaks that.
    let table: [(&str, bool, &str, bool, Script); 12] = [
        ("two are down", false, "123", true, |run| {
            crash(run, 4);
            crash(run, 5);
        }),
        ("two are paused", false, "123", true, |run| {
            act(run, Action::Pause { server: s(4) });
            act(run, Action::Pause { server: s(5) });
        }),
        ("two are cut off", false, "123", true, cut),
        ("two are cut off, and their links bad", false, "123", true, |run| {
            lossy(run, "45");
            act(run, groups("123 45"));
        }),
        ("a message is held outside", false, "123", true, |run| {
            hold_one(run, 4, 5);
            act(run, groups("123 45"));
        }),
        ("two are cut off, and a clock of theirs runs fast", false, "123", true, |run| {
            act(run, groups("123 45"));
            act(run, Action::SetClock { server: s(4), ppm: 9_000_000 });
        }),
        ("a message is held inside", false, "", false, |run| {
            act(run, groups("123 45"));
            hold_one(run, 1, 2);
        }),
        ("two are heard", false, "", false, |run| {
            for (from, to) in [(1, 4), (2, 4), (3, 4), (1, 5), (2, 5), (3, 5)] {
                act(run, Action::Cut { from: s(from), to: s(to) });
            }
        }),
        ("two are heard by way of another", false, "", false, |run| {
            act(run, groups("123 45"));
            act(run, Action::Mend { from: s(4), to: s(3) });
        }),
        ("two have bad links", false, "", false, |run| lossy(run, "45")),
        ("two have bad links, but are ignored", true, "123", false, |run| lossy(run, "45")),
        ("two have fast clocks, and may win", true, "", false, |run| {
            act(run, Action::SetClock { server: s(4), ppm: 9_000_000 });
            act(run, Action::SetClock { server: s(5), ppm: 9_000_000 });
        }),
    ];
    for (what, ignoring, promised, violated, script) in table {
        let run = five(ignoring, script);
        assert_eq!(run.checker().promised().unwrap_or(ServerSet::EMPTY), set(promised), "{what}");
        assert_eq!(liveness(&run).is_some(), violated, "{what}: {:?}", run.violations());
        let told = liveness(&run).map_or("", |violation| violation.sentence.as_str());
        assert!(!violated || told.contains("in the way of {S1, S2, S3}"), "{what}: {told}");
    }
}

#[test]
fn a_client_that_is_sent_to_and_fro_by_servers_that_are_cut_off_is_promised_nothing() {
    // S1 leads the past and S2 follows it; without a check of its quorum S1 does not notice (D6.2).
    let options = Options { client_attempts: 1000, ..Options::default() };
    let five = "S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2 / S5:F2 2";
    for check_quorum in [false, true] {
        let options = Options { check_quorum, ..options.clone() };
        let mut run = state_with(&Setup { options, ..Setup::new(5, 1) }, five);
        act(&mut run, groups("12 345"));
        wait(&mut run, 5000);
        act(&mut run, Action::Submit { op: put("x", "1"), to: Some(s(1)), mode: None });
        wait(&mut run, 60_000);
        let answered = run.world().clients()[0].call.is_none();
        assert_eq!((answered, liveness(&run)), (check_quorum, None));
    }
}

#[test]
fn logs_far_behind_are_given_time_and_so_are_clients_until_then() {
    let link = Link { latency: TimerRange { min_us: 45_000, max_us: 50_000 }, ..Link::default() };
    let options = Options { link, client_attempts: 1000, ..Options::default() };
    let setup = Setup { options, ..Setup::new(3, 1) };
    let long = "1".repeat(300);
    let mut run = state_with(&setup, &format!("S1:L2 {long}2 / S2:F2 / S3:F2"));
    submit(&mut run, put("x", "1"));
    wait(&mut run, 20_000);
    assert_eq!(commit(&run, 1), 0, "nextIndex goes back by one each round trip");
    wait(&mut run, 40_000);
    assert!(commit(&run, 1) > 300);
    assert_eq!(liveness(&run), None);
}

#[test]
fn each_action_begins_the_waiting_anew_and_questions_do_not() {
    let disturbed = without_chance(
        |_| {},
        |run| {
            for n in 0..20u8 {
                wait(run, 1000);
                let server = s(1 + n % 3);
                let _ = run.act(Action::Fire { server, timer: Timer::Election });
                wait(run, 1000);
            }
            run.act(Action::Crash { server: s(1) }).unwrap();
            run.act(Action::Crash { server: s(2) }).unwrap();
        },
    );
    assert_eq!(liveness(&disturbed), None);
    let asked = without_chance(
        |_| {},
        |run| {
            for _ in 0..5 {
                submit(run, put("x", "1"));
                wait(run, 1500);
            }
        },
    );
    assert!(liveness(&asked).is_some_and(|violation| violation.at_us < 9_000_000));
}

#[test]
fn a_cluster_that_changes_all_the_time_is_well() {
    let link = Link { latency: TimerRange { min_us: 1000, max_us: 30_000 }, ..Link::default() };
    for seed in 1..4 {
        let options = Options {
            noop: true,
            link,
            workload_every_us: 100_000,
            snapshot_every: 20,
            ..Options::default()
        };
        let mut run = state_with(&Setup { options, ..Setup::new(3, seed) }, LED);
        for round in 0..4u8 {
            wait(&mut run, 12_000);
            let led = leader(&run).expect("somebody leads");
            act(&mut run, Action::Boot { server: s(4 + round) });
            act(&mut run, Action::Change { change: Change::Add(s(4 + round)), at: None });
            wait(&mut run, 12_000);
            act(&mut run, Action::Change { change: Change::Remove(led), at: None });
            wait(&mut run, 3000);
            act(&mut run, Action::Crash { server: led });
        }
        wait(&mut run, 20_000);
        assert_eq!(broken(&run), [], "seed {seed}: {:?}", run.violations());
        assert!(run.checker().committed().0 > 500);
    }
}
