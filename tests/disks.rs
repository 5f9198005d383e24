//! One server's disk: its own range of how long a write takes, and a stall.

mod common;

use common::*;
use serde_json::json;
use wavetank::check::Property;
use wavetank::raft::{Rule, Rules, ServerId, TimerRange};
use wavetank::sim::{Action, Options, Outcome, Refusal, Setup, What};
use wavetank::timeline::Run;

const LED: &str = "S1:L1 1 c1 / S2:F1 1 c1 / S3:F1 1 c1";

fn exactly(us: u64) -> TimerRange {
    TimerRange { min_us: us, max_us: us }
}

/// Each disk takes 1 ms for a write.
fn setup(change: impl Fn(&mut Options)) -> Setup {
    let mut options = Options { fsync: exactly(1000), ..Options::default() };
    change(&mut options);
    Setup { options, ..Setup::new(3, 1) }
}

/// S1 leads three servers, and everything that it said at the start is heard.
fn led_with(setup: &Setup) -> Run {
    let mut run = state_with(setup, LED);
    wait(&mut run, 120);
    run
}

fn led() -> Run {
    led_with(&setup(|_| {}))
}

fn takes(n: u8, fsync: TimerRange) -> Action {
    Action::SetDisk { server: s(n), lies: false, fsync: Some(fsync) }
}

fn stalls(n: u8, for_ms: u64) -> Action {
    Action::StallDisk { server: s(n), for_us: for_ms * 1000 }
}

fn durable(run: &Run, n: u8) -> u64 {
    server(run, n).node.durable_index().0
}

/// When the writes of a server became durable, in milliseconds from then on.
fn synced_ms(run: &Run, n: u8, from_us: u64) -> Vec<u64> {
    let of = |event: &&std::sync::Arc<wavetank::sim::Event>| {
        event.server == Some(s(n)) && event.at_us >= from_us && matches!(event.what, What::Synced { .. })
    };
    run.events().iter().filter(of).map(|event| (event.at_us - from_us) / 1000).collect()
}

#[test]
fn an_entry_is_committed_by_the_followers_copies_while_the_leaders_disk_is_slow() {
    let mut run = led();
    act(&mut run, takes(1, exactly(3_000_000)));
    let asked_us = run.world().now_us();
    submit(&mut run, put("x", "1"));
    let committed_us = until(&mut run, 100, "it is committed", |run| commit(run, 1) == 2) - asked_us;
    assert!(committed_us < 60_000, "{committed_us} µs");
    assert_eq!((durable(&run, 1), durable(&run, 2), durable(&run, 3)), (1, 2, 2));
    until(&mut run, 100, "the client knows", |run| outcome(run).is_some());
    assert_eq!(outcome(&run), Some(Outcome::Done(wavetank::kv::Output::Done)));
    wait(&mut run, 2800);
    assert_eq!(durable(&run, 1), 1, "its own copy counts only later");
    wait(&mut run, 200);
    assert_eq!(durable(&run, 1), 2);
    assert_eq!(broken(&run), []);
}

#[test]
fn a_leader_with_a_slow_disk_that_counts_itself_at_once_commits_what_no_majority_has() {
    for (rules_off, committed, properties) in [
        (Rules::ALL_ON, 1, vec![]),
        (Rules::without(&[Rule::LeaderCountsSelfWhenDurable]), 2, vec![Property::DurableCommit]),
    ] {
        let mut run = led_with(&Setup { rules_off, ..setup(|_| {}) });
        act(&mut run, takes(1, exactly(3_000_000)));
        act(&mut run, groups("12 3"));
        propose(&mut run, 1, "a");
        wait(&mut run, 1000);
        assert_eq!((commit(&run, 1), broken(&run)), (committed, properties), "{rules_off:?}");
        wait(&mut run, 2500);
        assert_eq!((commit(&run, 1), durable(&run, 1)), (2, 2));
    }
}

#[test]
fn the_range_of_one_disk_is_its_own_and_stays_through_crash_and_restart() {
    let mut run = led();
    act(&mut run, takes(2, TimerRange { min_us: 40_000, max_us: 60_000 }));
    crash(&mut run, 2);
    restart(&mut run, 2);
    let options = Options { fsync: exactly(2000), ..run.world().options().clone() };
    act(&mut run, Action::SetOptions { options });
    wait(&mut run, 200);
    let from_us = run.world().now_us();
    propose(&mut run, 1, "a");
    wait(&mut run, 400);
    assert_eq!(synced_ms(&run, 1, from_us), [2]);
    let (own, other) = (synced_ms(&run, 2, from_us), synced_ms(&run, 3, from_us));
    // 10 to 15 ms on the way.
    assert!(matches!(own[..], [ms] if (50..=75).contains(&ms)), "{own:?}");
    assert!(matches!(other[..], [ms] if (12..=17).contains(&ms)), "{other:?}");
    act(&mut run, Action::SetDisk { server: s(2), lies: false, fsync: None });
    let from_us = run.world().now_us();
    propose(&mut run, 1, "b");
    wait(&mut run, 400);
    assert!(matches!(synced_ms(&run, 2, from_us)[..], [ms] if (12..=17).contains(&ms)));
}

#[test]
fn whoever_gets_another_disk_gets_one_like_the_others() {
    for off in [Rules::ALL_ON, Rules::without(&[Rule::FreshIdentity])] {
        let mut run = led_with(&Setup { rules_off: off, ..setup(|_| {}) });
        act(&mut run, takes(2, exactly(70_000)));
        act(&mut run, stalls(2, 500));
        act(&mut run, Action::Wipe { server: s(2) });
        let heir = &server(&run, if off == Rules::ALL_ON { 4 } else { 2 }).disk;
        assert_eq!((heir.fsync, heir.stalls_until_us), (None, 0), "{off:?}");
    }
}

#[test]
fn while_a_disk_stalls_no_write_becomes_durable_and_afterwards_all_do_in_their_order() {
    let mut run = led();
    act(&mut run, takes(2, exactly(30_000)));
    propose(&mut run, 1, "a");
    until(&mut run, 100, "S2 writes it", |run| !server(run, 2).disk.queue.is_empty());
    let from_us = run.world().now_us();
    act(&mut run, stalls(2, 300));
    wait(&mut run, 50);
    propose(&mut run, 1, "b");
    wait(&mut run, 200);
    assert_eq!((durable(&run, 2), server(&run, 2).disk.queue.len()), (1, 2));
    assert!(!server(&run, 2).waiting.is_empty(), "its answers wait");
    assert_eq!(commit(&run, 1), 3, "S1 and S3 are a majority");
    wait(&mut run, 60);
    assert_eq!(durable(&run, 2), 3);
    assert_eq!(synced_ms(&run, 2, from_us), [300, 300]);
    propose(&mut run, 1, "c");
    wait(&mut run, 60);
    assert_eq!(durable(&run, 2), 4, "then it is as fast as before");
    assert_eq!(broken(&run), []);
}

#[test]
fn a_crash_loses_what_a_stalled_disk_has_not_written_and_does_not_end_the_stall() {
    let mut run = led();
    act(&mut run, stalls(2, 400));
    let from_us = run.world().now_us();
    propose(&mut run, 1, "a");
    until(&mut run, 100, "S2 has it", |run| log(run, 2) == "11");
    crash(&mut run, 2);
    assert_eq!(log(&run, 2), "1");
    restart(&mut run, 2);
    wait(&mut run, 300);
    assert_eq!((log(&run, 2).as_str(), durable(&run, 2)), ("11", 1), "sent again, and not yet written");
    wait(&mut run, 100);
    assert_eq!(durable(&run, 2), 2);
    assert!(synced_ms(&run, 2, from_us).iter().all(|&ms| ms == 400), "{:?}", synced_ms(&run, 2, from_us));
    assert_eq!(broken(&run), []);
}

#[test]
fn what_a_disk_that_lies_keeps_in_its_cache_is_not_written_while_it_stalls_either() {
    let mut run = led();
    act(&mut run, Action::SetDisk { server: s(2), lies: true, fsync: None });
    propose(&mut run, 1, "a");
    until(&mut run, 100, "it says that it is written", |run| durable(run, 2) == 2);
    let mut other = run.clone();
    act(&mut run, stalls(2, 3000));
    for (run, kept) in [(&mut run, "1"), (&mut other, "11")] {
        wait(run, 2000);
        crash(run, 2);
        assert_eq!(log(run, 2), kept);
    }
}

#[test]
fn a_leader_whose_disk_stalls_goes_on_leading_and_does_not_where_it_writes_before_it_sends() {
    // The same with a disk that takes 400 ms for a write.
    for trouble in [stalls(1, 400), takes(1, exactly(400_000))] {
        for (write_before_send, term) in [(false, 1), (true, 2)] {
            let mut run = led_with(&setup(|options| options.write_before_send = write_before_send));
            act(&mut run, trouble.clone());
            for text in ["a", "b", "c", "d", "e", "f"] {
                if server(&run, 1).node.is_leader() {
                    propose(&mut run, 1, text);
                }
                wait(&mut run, 60);
            }
            let newest = run.world().servers().iter().map(|server| server.node.term().0).max();
            assert_eq!(newest.map(|newest| newest.min(2)), Some(term), "{trouble:?} {write_before_send}");
            assert_eq!(broken(&run), []);
        }
    }
}

#[test]
fn what_a_disk_can_not_be_is_refused_in_a_sentence() {
    let why = |run: &Run, action: Action| run.world().check(&action).unwrap_err().to_string();
    let mut run = led();
    let range = |min_us, max_us| takes(2, TimerRange { min_us, max_us });
    assert_eq!(
        why(&run, range(5000, 1000)),
        "fsync: the range 5 ms to 1 ms is upside down; put the smaller first"
    );
    assert_eq!(
        why(&run, range(0, 600_000_001)),
        "fsync: 0 ms to 600.000001 s is out of bounds; use 0 ms to 600 s"
    );
    let stall = |for_us| Action::StallDisk { server: s(2), for_us };
    assert_eq!(why(&run, stall(0)), "stall: 0 ms is out of bounds; use 1 µs to 600 s");
    assert_eq!(why(&run, stall(u64::MAX)).split(';').next_back(), Some(" use 1 µs to 600 s"));
    assert_eq!(why(&run, takes(4, exactly(1))), "there is no S4: this cluster has S1 to S3");
    assert_eq!(why(&run, stalls(4, 1)), "there is no S4: this cluster has S1 to S3");
    let same = |fsync| Action::SetDisk { server: s(2), lies: false, fsync };
    assert_eq!(run.world().check(&same(None)), Err(Refusal::Already));
    act(&mut run, takes(2, exactly(0)));
    assert_eq!(run.world().check(&takes(2, exactly(0))), Err(Refusal::Already));
    assert_eq!(run.world().check(&same(None)), Ok(()));
    act(&mut run, stall(500));
    assert_eq!(run.world().check(&stall(500)), Err(Refusal::Already), "it stalls as long already");
    assert_eq!(run.world().check(&stall(501)), Ok(()));
    crash(&mut run, 2);
    assert_eq!(run.world().check(&stall(501)), Ok(()), "a disk is there though its server is down");
    act(&mut run, Action::Manual { on: true });
    assert_eq!(
        why(&run, stall(501)),
        "time stands still, and there disks finish their writes at once: let time go on first"
    );
}

#[test]
fn a_slow_disk_is_within_the_fault_model_and_within_the_paper() {
    for action in [takes(1, exactly(9)), stalls(1, 9)] {
        assert!(!action.is_outside_fault_model(Rules::ALL_ON) && !action.is_beyond_paper(), "{action:?}");
    }
    let mut run = led_with(&Setup { options: Options::paper(), ..setup(|_| {}) });
    act(&mut run, takes(1, exactly(9)));
    act(&mut run, stalls(1, 9));
}

#[test]
fn without_a_range_of_its_own_a_disk_is_written_as_ever() {
    let wire = |action: Action| serde_json::to_value(action).unwrap();
    let server: ServerId = s(1);
    assert_eq!(
        wire(Action::SetDisk { server, lies: true, fsync: None }),
        json!({"setDisk": {"server": "S1", "lies": true}})
    );
    assert_eq!(
        wire(takes(1, exactly(7))),
        json!({"setDisk": {"server": "S1", "lies": false, "fsync": {"minUs": 7, "maxUs": 7}}})
    );
    assert_eq!(wire(stalls(1, 3000)), json!({"stallDisk": {"server": "S1", "forUs": 3_000_000}}));
}

#[test]
fn where_the_disks_of_a_majority_are_slow_or_stall_nobody_promises_a_leader() {
    let equal = Setup { rules_off: Rules::without(&[Rule::RandomisedTimeouts]), ..setup(|_| {}) };
    let falls = |actions: &[Action]| {
        let mut run = state_with(&equal, "S1:F1 1 / S2:F1 1 / S3:F1 1");
        for action in actions {
            act(&mut run, action.clone());
        }
        wait(&mut run, 11_000);
        broken(&run)
    };
    let faster = exactly(500);
    assert_eq!(falls(&[takes(1, faster), takes(2, faster)]), [Property::Liveness]);
    assert_eq!(falls(&[takes(1, exactly(100_000)), takes(2, exactly(100_000))]), []);
    assert_eq!(falls(&[stalls(1, 20_000), stalls(2, 20_000)]), []);
}

#[test]
fn that_the_disk_is_why_elections_fail_is_said() {
    let told = |change: fn(&mut Options)| setup(change).options.warnings();
    let slow = |us| move |options: &mut Options| options.fsync = exactly(us);
    assert_eq!(told(|_| {}), [] as [String; 0]);
    let warnings = setup(slow(60_000)).options.warnings();
    assert!(
        matches!(&warnings[..], [one] if one.contains("the disk will make elections fail")),
        "{warnings:?}"
    );
    let warnings = setup(slow(175_000)).options.warnings();
    assert!(matches!(&warnings[..], [_, two] if two.contains("(D3.8)")), "{warnings:?}");
    let warnings = told(|options| (options.write_before_send, options.fsync) = (true, exactly(90_000)));
    assert!(warnings.iter().any(|one| one.contains("because its disk is slow")), "{warnings:?}");
    let options = Options::default();
    assert_eq!(options.warnings_of_disk(exactly(60_000)), setup(slow(60_000)).options.warnings());
    assert_eq!(options.warnings_of_disk(exactly(10)), [] as [String; 0]);
}
