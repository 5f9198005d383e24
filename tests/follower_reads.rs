//! Reads that a follower answers (D6.4): it asks its leader for a ReadIndex, waits until it has applied its log
//! that far, and answers from its own state machine.

mod common;

use common::bench::*;
use common::*;
use wavetank::check::Property;
use wavetank::kv::{Op, Output};
use wavetank::raft::{Body, Index, Options, ReadId, ReadMode, Rule, Term, Timer};
use wavetank::sim::{Action, Endpoint, Outcome, Setup, What};
use wavetank::timeline::Run;

/// Three servers, the first of which leads.
const LED: &str = "S1:L2 2 / S2:F2 2 / S3:F2 2";

/// S1 follows S2 in term 2, with two entries of which one is committed.
fn follower() -> Bench {
    let mut bench = Bench::new(3, 2, 2, "22");
    bench.receive(2, 2, append((2, 2), "", 1));
    bench
}

/// S1 leads term 2 of three, and has committed an entry of its own.
fn leader() -> Bench {
    let mut bench = Bench::leader_with(Options { noop: true, ..options() }, 3, 2, "");
    bench.receive(2, 2, success(2, 0, 1));
    bench.sync_all();
    assert_eq!(bench.node.commit(), Index(1));
    bench
}

fn asks(read: u64) -> Body {
    Body::ReadIndex { read: ReadId(read) }
}

fn told(asked: u64, read: u64, index: Option<u64>) -> Body {
    Body::ReadIndexReply { asked: Term(asked), read: ReadId(read), index: index.map(Index) }
}

// The follower.

#[test]
fn a_follower_asks_its_leader_and_answers_when_it_has_applied_that_far() {
    let mut bench = follower();
    assert_eq!(bench.read(7, ReadMode::Follower), ["to S2 t2: index for 7?"]);
    assert_eq!(bench.receive(2, 2, told(2, 7, Some(2))), [""; 0], "entry 2 is not applied yet");
    let effects = bench.receive(2, 2, append((2, 2), "", 2));
    assert!(has(&effects, "apply to 2") && has(&effects, "read 7 is ready"), "{effects:?}");
}

#[test]
fn a_follower_that_is_far_enough_answers_at_once() {
    let mut bench = follower();
    bench.read(7, ReadMode::Follower);
    assert_eq!(bench.receive(2, 2, told(2, 7, Some(1))), ["read 7 is ready"]);
    assert_eq!(bench.receive(2, 2, told(2, 7, Some(1))), [""; 0], "a copy of the answer changes nothing");
}

#[test]
fn who_knows_no_leader_turns_the_client_away() {
    let mut bench = Bench::new(3, 2, 2, "22");
    assert_eq!(bench.read(7, ReadMode::Follower), ["read 7: ask someone else"]);
    bench.fire(Timer::Election);
    assert_eq!(bench.read(8, ReadMode::Follower), ["read 8: ask someone else"], "as a candidate too");
}

#[test]
fn other_reads_are_still_the_leaders() {
    for mode in [ReadMode::ReadIndex, ReadMode::Lease] {
        assert_eq!(follower().read(7, mode), ["read 7: ask S2"], "{mode:?}");
    }
}

#[test]
fn a_refusal_turns_the_client_away() {
    let mut bench = follower();
    bench.read(7, ReadMode::Follower);
    assert_eq!(bench.receive(2, 2, told(2, 7, None)), ["read 7: ask S2"]);
}

#[test]
fn a_read_whose_leader_is_followed_no_more_is_given_up() {
    let mut bench = follower();
    bench.read(7, ReadMode::Follower);
    let effects = bench.receive(3, 3, append((2, 2), "", 1));
    assert!(has(&effects, "read 7: ask S3"), "{effects:?}");
    let mut bench = follower();
    bench.read(7, ReadMode::Follower);
    assert!(has(&bench.fire(Timer::Election), "read 7: ask someone else"));
}

#[test]
fn an_index_that_has_come_holds_under_the_next_leader_as_well() {
    let mut bench = follower();
    bench.read(7, ReadMode::Follower);
    bench.receive(2, 2, told(2, 7, Some(2)));
    let effects = bench.receive(3, 3, append((2, 2), "3", 3));
    assert!(has(&effects, "read 7 is ready"), "what it covers is committed: {effects:?}");
}

#[test]
fn an_answer_to_a_request_of_an_older_term_is_not_taken() {
    let mut bench = follower();
    bench.read(7, ReadMode::Follower);
    bench.receive(3, 3, append((2, 2), "", 1));
    bench.read(7, ReadMode::Follower);
    assert_eq!(bench.receive(2, 3, told(2, 7, Some(1))), [""; 0]);
    assert_eq!(bench.receive(3, 3, told(3, 7, Some(1))), ["read 7 is ready"]);
}

// The leader.

#[test]
fn a_leader_says_its_commit_index_when_a_majority_has_confirmed_it() {
    let mut bench = leader();
    let effects = bench.receive(2, 2, asks(7));
    assert_eq!(sent(&effects), ["to S2 t2: append 1.2 - c1 r1", "to S3 t2: append 0.0 2 c1 r1"]);
    let effects = bench.receive(3, 2, of_round(1, success(2, 0, 1)));
    assert!(has(&effects, "to S2 t2: index for 7 is 1"), "{effects:?}");
}

#[test]
fn a_leader_keeps_apart_what_clients_and_followers_ask_by_the_same_number() {
    let mut bench = leader();
    bench.receive(2, 2, asks(7));
    bench.receive(3, 2, asks(7));
    bench.read(7, ReadMode::ReadIndex);
    let mut effects = Vec::new();
    for round in 1..=3 {
        effects.extend(bench.receive(3, 2, of_round(round, success(2, 0, 1))));
    }
    for expected in ["to S2 t2: index for 7 is 1", "to S3 t2: index for 7 is 1", "read 7 is ready"] {
        assert!(has(&effects, expected), "{expected}: {effects:?}");
    }
}

#[test]
fn a_leader_without_a_committed_entry_of_its_term_lets_the_follower_wait() {
    let mut bench = Bench::leader(3, 2, "1");
    assert_eq!(sent(&bench.receive(2, 2, asks(7))), [""; 0]);
    bench.propose();
    bench.sync_all();
    bench.receive(2, 2, success(2, 1, 1));
    let effects = bench.receive(2, 2, of_round(1, success(2, 2, 0)));
    assert!(has(&effects, "to S2 t2: index for 7 is 2"), "{effects:?}");
}

#[test]
fn who_does_not_lead_that_term_says_so() {
    let mut bench = leader();
    assert_eq!(bench.receive(2, 1, asks(7)), ["to S2 t2: no index for 7"]);
    let mut bench = follower();
    assert_eq!(bench.receive(3, 2, asks(7)), ["to S3 t2: no index for 7"]);
}

// In a world.

fn get(run: &mut Run, to: Option<u8>) {
    let op = Op::Get { key: "x".into() };
    act(run, Action::Submit { op, to: to.map(s), mode: Some(ReadMode::Follower) });
}

fn put(run: &mut Run, value: &str) {
    let op = Op::Put { key: "x".into(), value: value.into() };
    act(run, Action::Submit { op, to: Some(s(1)), mode: None });
    until(run, 2000, "it is written", |run| run.world().clients()[0].call.is_none());
}

fn value(run: &mut Run) -> Option<String> {
    until(run, 2000, "it is read", |run| run.world().clients()[0].call.is_none());
    match &run.world().clients()[0].finished.back().expect("it is over").outcome {
        Outcome::Done(Output::Value(value)) => value.clone(),
        other => panic!("{other:?}"),
    }
}

/// Who has answered the person's client last.
fn answered_by(run: &Run) -> Endpoint {
    let answer = run.events().iter().rev().find_map(|event| match &event.what {
        What::Delivered { message, .. } if matches!(message.to, Endpoint::Client(_)) => Some(message.from),
        _ => None,
    });
    answer.expect("there was an answer")
}

#[test]
fn the_follower_itself_answers_with_what_was_written_before() {
    let mut run = state(LED);
    put(&mut run, "1");
    get(&mut run, Some(3));
    assert_eq!(value(&mut run), Some("1".into()));
    assert_eq!(answered_by(&run), Endpoint::Server(s(3)));
    assert_eq!(log(&run, 1).len(), 2, "the read stands in no log");
}

#[test]
fn without_a_server_named_the_client_asks_one_that_it_does_not_believe_to_lead() {
    let mut run = state(LED);
    put(&mut run, "1");
    get(&mut run, None);
    assert_eq!(value(&mut run), Some("1".into()));
    assert_eq!(answered_by(&run), Endpoint::Server(s(2)));
    assert_eq!(run.world().clients()[0].target, s(1), "and still knows who leads");
}

/// S3 follows S1, which is cut off from S2 and S4 and S5; those have elected S2 and written 2.
fn behind_a_deposed_leader(setup: &Setup) -> Run {
    let mut run = state_with(setup, "S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2 / S5:F2 2");
    put(&mut run, "1");
    act(&mut run, groups("13 245"));
    elect(&mut run, 2);
    let op = Op::Put { key: "x".into(), value: "2".into() };
    act(&mut run, Action::Submit { op, to: Some(s(2)), mode: None });
    until(&mut run, 2000, "it is written", |run| run.world().clients()[0].call.is_none());
    get(&mut run, Some(3));
    run
}

#[test]
fn a_follower_of_a_deposed_leader_answers_nothing_old() {
    let mut run = behind_a_deposed_leader(&Setup::new(5, 1));
    wait(&mut run, 400);
    assert!(run.world().clients()[0].call.is_some(), "S1 finds no majority that confirms it");
    act(&mut run, Action::Heal);
    assert_eq!(value(&mut run), Some("2".into()));
    assert!(run.violations().is_empty());
}

#[test]
fn a_read_at_a_follower_is_judged_like_any_other() {
    let mut run = behind_a_deposed_leader(&without(&Setup::new(5, 1), &[Rule::ReadConfirmed]));
    assert_eq!(value(&mut run), Some("1".into()), "with the rule off it is stale");
    assert_eq!(broken(&run), [Property::Linearizability]);
}
