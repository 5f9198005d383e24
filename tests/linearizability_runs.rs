//! Linearizability while a run goes on: what is held against a cluster, and what is not. Stale reads by
//! broken rules are in `tests/broken_rules/reads.rs`.

mod common;

use common::*;
use wavetank::check::Property;
use wavetank::check::history::History;
use wavetank::check::linearizability::{STEPS, Verdict, check};
use wavetank::kv::{Op, Output};
use wavetank::raft::{ReadMode, Rule};
use wavetank::sim::{Action, Endpoint, Outcome, Setup};
use wavetank::timeline::Run;
use wavetank::timeline::export::{history, tell};

const LED: &str = "S1:L2 2 / S2:F2 2 / S3:F2 2";

fn increment() -> Op {
    Op::Increment { key: "x".into() }
}

fn get() -> Op {
    Op::Get { key: "x".into() }
}

fn value(text: &str) -> Outcome {
    Outcome::Done(Output::Value(Some(text.into())))
}

/// What the checker says of the run; and who judges the history that is exported says the same.
#[track_caller]
fn broken(run: &Run) -> Vec<Property> {
    let mut text = Vec::new();
    tell(&run.recording(), &mut history::History::new(&mut text)).unwrap();
    let history = History::parse(&String::from_utf8(text).unwrap()).unwrap();
    let found = common::broken(run);
    let well = !found.contains(&Property::Linearizability);
    let verdict = check(&history, STEPS);
    assert_eq!(verdict == Verdict::Yes, well, "{verdict:?}\n{}", history.to_json());
    found
}

/// The client asks, and the first answer is lost on its way.
#[track_caller]
fn ask_and_lose_the_answer(run: &mut Run, op: Op) {
    submit(run, op);
    let answer = |run: &Run| {
        let mut names = run.world().network().packets().map(|packet| packet.name);
        names.find(|name| matches!(name.to, Endpoint::Client(_)))
    };
    until(run, 1000, "an answer is on its way", |run| answer(run).is_some());
    let message = answer(run).expect("it was just seen");
    act(run, Action::Drop { message });
    until(run, 10_000, "the client knows", |run| run.world().clients()[0].call.is_none());
}

#[test]
fn without_a_session_what_is_asked_again_may_take_effect_twice() {
    let mut run = state_with(&Setup::new(3, 1), LED);
    ask_and_lose_the_answer(&mut run, increment());
    assert_eq!(outcome(&run), Some(value("2")), "it did, and the client may believe so");
    assert_eq!(ask(&mut run, increment()), value("3"));
    assert_eq!(ask(&mut run, get()), value("3"));
    assert_eq!(broken(&run), []);
}

#[test]
fn with_a_session_it_takes_effect_once_or_the_promise_falls() {
    for (rule_is_on, told) in [(true, "1"), (false, "2")] {
        let mut setup = Setup::new(3, 1);
        setup.options.sessions = true;
        let setup = if rule_is_on { setup } else { without(&setup, &[Rule::Sessions]) };
        let mut run = state_with(&setup, LED);
        assert_eq!(ask(&mut run, put("y", "1")), Outcome::Done(Output::Done));
        ask_and_lose_the_answer(&mut run, increment());
        assert_eq!(outcome(&run), Some(value(told)));
        assert_eq!(broken(&run).contains(&Property::Linearizability), !rule_is_on, "{:?}", run.violations());
    }
}

#[test]
fn a_proposal_by_hand_may_take_effect_at_any_time_after_it_or_never() {
    let mut run = state_with(&Setup::new(3, 1), LED);
    assert_eq!(ask(&mut run, put("x", "1")), Outcome::Done(Output::Done));
    act(&mut run, Action::Propose { server: s(1), op: put("x", "7") });
    assert_eq!(ask(&mut run, get()), value("7"));
    assert_eq!(broken(&run), []);
}

/// A read of S1, which led once, after S3 has acknowledged a write that S1 knows nothing of.
fn stale_read(mode: ReadMode) -> Run {
    let setup = without(&Setup::new(3, 1), &[Rule::ReadConfirmed]);
    let mut run = state_with(&setup, LED);
    // S1 has committed something of its own, so it may answer.
    assert_eq!(ask(&mut run, put("y", "1")), Outcome::Done(Output::Done));
    act(&mut run, groups("1 23"));
    elect(&mut run, 3);
    act(&mut run, Action::Submit { op: put("x", "1"), to: Some(s(3)), mode: None });
    until(&mut run, 1000, "it is written", |run| run.world().clients()[0].call.is_none());
    act(&mut run, Action::Submit { op: get(), to: Some(s(1)), mode: Some(mode) });
    until(&mut run, 1000, "it is read", |run| run.world().clients()[0].call.is_none());
    assert_eq!(outcome(&run), Some(Outcome::Done(Output::Value(None))));
    run
}

#[test]
fn a_stale_read_breaks_the_promise_and_the_violation_names_what_was_overlooked() {
    let run = stale_read(ReadMode::ReadIndex);
    assert_eq!(broken(&run), [Property::Linearizability]);
    let [violation] = run.violations() else { panic!("{:?}", run.violations()) };
    assert_eq!(violation.property, Property::Linearizability);
    let values: Vec<String> =
        violation.values.iter().map(|fact| format!("{}: {}", fact.label, fact.text)).collect();
    assert_eq!(values.len(), 2, "{values:?}");
    assert_eq!(values[0], "C1 was told of x?: (nothing)");
    assert!(values[1].starts_with("x could be: ‘1’, by C1's x←1 (asked at "), "{values:?}");
    // When the write was asked for, when the read was, and when it was answered.
    let [wrote, asked, answered] = violation.events[..] else { panic!("{:?}", violation.events) };
    assert!(wrote < asked && asked < answered && answered == violation.event);
}

#[test]
fn local_reads_promise_nothing() {
    assert_eq!(broken(&stale_read(ReadMode::Local)), []);
}

// Time stands still: everything happens at one microsecond, and one thing after the other.

/// By hand: what the client says arrives, and what it is told.
fn client_by_hand(run: &mut Run) {
    let is_client = |end: Endpoint| matches!(end, Endpoint::Client(_));
    let next = |run: &Run| {
        let mut names = run.world().network().packets().map(|packet| packet.name);
        names.find(|name| is_client(name.from) || is_client(name.to))
    };
    while let Some(message) = next(run) {
        act(run, Action::Deliver { message });
        settle(run);
    }
}

#[test]
fn a_stale_read_is_one_where_time_stands_still() {
    let off = [Rule::ReadConfirmed, Rule::ReadAfterOwnTermCommit];
    let mut run = still(&without(&Setup::new(3, 1), &off), LED);
    elect_by(&mut run, 3, &[2]);
    act(&mut run, Action::Submit { op: put("x", "1"), to: Some(s(3)), mode: None });
    client_by_hand(&mut run);
    replicate(&mut run, 3, 2);
    client_by_hand(&mut run);
    assert_eq!(outcome(&run), Some(Outcome::Done(Output::Done)));
    act(&mut run, Action::Submit { op: get(), to: Some(s(1)), mode: Some(ReadMode::ReadIndex) });
    client_by_hand(&mut run);
    assert_eq!(outcome(&run), Some(Outcome::Done(Output::Value(None))));
    assert_eq!(broken(&run), [Property::Linearizability]);
}

#[test]
fn what_is_proposed_while_somebody_reads_may_be_read_where_time_stands_still() {
    let mut run = still(&Setup::new(3, 1), LED);
    act(&mut run, Action::Submit { op: get(), to: Some(s(1)), mode: Some(ReadMode::Log) });
    act(&mut run, Action::Propose { server: s(1), op: put("x", "7") });
    settle(&mut run);
    client_by_hand(&mut run);
    replicate(&mut run, 1, 2);
    client_by_hand(&mut run);
    assert_eq!(outcome(&run), Some(value("7")));
    assert_eq!(broken(&run), []);
}
