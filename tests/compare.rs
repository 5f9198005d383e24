//! Two runs side by side: up to where they are the same, and what differs.

mod common;

use common::s;
use proptest::prelude::*;
use wavetank::check::Checker;
use wavetank::explain::{Scene, difference, sentence};
use wavetank::explore::{Plan, weather};
use wavetank::kv::Op;
use wavetank::raft::Rules;
use wavetank::sim::{Action, Setup, World};
use wavetank::timeline::compare::{Comparing, Comparison, Difference, Knows};
use wavetank::timeline::{Actor, Recording, Run, Start, Target, Timeline};

fn compare(one: &Recording, other: &Recording) -> Comparison {
    done(Comparing::new([one, other]).unwrap())
}

fn done(mut comparing: Comparing) -> Comparison {
    loop {
        // The size of a slice makes no difference.
        if let Some(comparison) = comparing.go_on(7) {
            return comparison;
        }
    }
}

fn told(comparison: &Comparison) -> Vec<String> {
    comparison.differences.iter().map(|it| difference(it, ["A", "B"])).collect()
}

/// A run of three servers in which C1 writes something.
fn run(until_us: u64) -> Run {
    let mut run = Run::new(&Setup::new(3, 7)).unwrap();
    run.run_until(500_000);
    for key in ["x", "y"] {
        let op = Op::Put { key: key.into(), value: "1".into() };
        run.act(Action::Submit { op, to: None, mode: None }).unwrap();
    }
    run.run_until(until_us);
    run
}

#[test]
fn a_recording_does_not_differ_from_itself() {
    let recording = run(900_000).recording();
    let comparison = compare(&recording, &recording);
    assert!(comparison.parting.is_none() && !comparison.cut_short);
    assert_eq!(told(&comparison), [""; 0]);
    assert_eq!(comparison.tapes[0], comparison.tapes[1]);
}

#[test]
fn the_same_run_for_longer_parts_where_the_shorter_one_ends() {
    let [short, long] = [700_000, 900_000].map(|until| run(until).recording());
    let events = Run::replay(&short).unwrap().world().events();
    let comparison = compare(&short, &long);
    let parting = comparison.parting.as_ref().expect("one goes on");
    assert_eq!((parting.same, parting.first[0].is_none()), (events, true));
    assert_eq!(parting.first[1].as_ref().map(|event| event.id.0), Some(events));
    assert!(told(&comparison)[0].starts_with("A ends at 700 ms after"), "{:?}", told(&comparison));
}

#[test]
fn a_message_that_is_lost_is_the_first_difference() {
    let before = run(520_000);
    let message =
        before.world().network().packets().map(|packet| packet.name).min().expect("one is on its way");
    let mut dropped = before.clone();
    dropped.act(Action::Drop { message }).unwrap();
    let mut kept = before.clone();
    [&mut dropped, &mut kept].into_iter().for_each(|run| run.run_until(900_000));
    let comparison = compare(&kept.recording(), &dropped.recording());
    let parting = comparison.parting.as_ref().expect("they part");
    assert_eq!(parting.same, before.world().events());
    let event = parting.first[1].as_ref().unwrap();
    let words = sentence(event, Scene::of(&parting.runs[1])).to_string();
    assert!(words.contains(&message.to.to_string()), "{words}");
    assert_eq!(comparison.tapes[1].events(), dropped.world().events());
}

#[test]
fn what_differs_at_the_end_is_said() {
    let mut one = run(520_000);
    let leader = one.world().ids().find(|id| one.world().server(*id).unwrap().node.is_leader()).unwrap();
    let mut other = one.clone();
    other.act(Action::Crash { server: leader }).unwrap();
    let op = Op::Put { key: "z".into(), value: "2".into() };
    one.act(Action::Submit { op, to: None, mode: None }).unwrap();
    [&mut one, &mut other].into_iter().for_each(|run| run.run_until(3_000_000));
    let comparison = compare(&one.recording(), &other.recording());
    let all = &comparison.differences;
    let text = told(&comparison).join("\n");
    assert!(all.iter().any(|it| matches!(it, Difference::Leader(_, [None, Some(_)]))), "{text}");
    assert!(
        all.iter().any(
            |it| matches!(it, Difference::Server(id, [_, Some(is)]) if *id == leader && is.role.is_none())
        ),
        "{text}"
    );
    assert!(
        all.iter().any(|it| matches!(it, Difference::Request(_, _, _, [Knows::Over(_), Knows::NotAsked]))),
        "{text}"
    );
    assert!(text.contains(&format!("{leader} leads term")) && text.contains("is down, in term"), "{text}");
    assert!(text.contains("The key ‘z’ is ‘2’ in A, and nothing in B."), "{text}");
    assert!(text.contains("was led by nobody in A"), "{text}");
    assert!(text.contains("differs from entry"), "{text}");
}

#[test]
fn runs_that_begin_differently_have_nothing_in_common() {
    let two = ["S1:F1 11 / S2:F1 1", "S1:F2 12 / S2:F1 1"]
        .map(|state| Run::from_start(&Setup::new(2, 1), Start::State(state.into())).unwrap().recording());
    let comparison = compare(&two[0], &two[1]);
    assert_eq!(comparison.parting.as_ref().map(|parting| parting.same), Some(0));
    assert_eq!(
        told(&comparison),
        [
            "S1 follows in term 1 in A, and follows in term 2 in B.",
            "The log of S1 differs from entry 2 on: terms 1 in A, terms 2 in B.",
        ]
    );
}

#[test]
fn branches_are_compared_from_where_they_part() {
    let mut timeline = Timeline::new(&Setup::new(3, 7), Start::Empty).unwrap();
    timeline.run_until(3_000_000);
    let main = timeline.branch().id();
    while !timeline.seek(Target::Time(2_000_000), 5000) {}
    let events = timeline.run().world().events();
    timeline.act(Action::Crash { server: s(1) }).unwrap();
    timeline.run_until(3_000_000);
    let branch = timeline.branch().id();
    assert_ne!(main, branch);
    let comparison = done(Comparing::branches(&timeline, [main, branch]).unwrap());
    let plain = compare(timeline.find_branch(main).unwrap().recording(), timeline.recording());
    let parted = |it: &Comparison| it.parting.as_ref().map(|parting| parting.same);
    assert_eq!(parted(&comparison), Some(events));
    assert_eq!((parted(&plain), &plain.tapes), (Some(events), &comparison.tapes));
    let ended = |it: &Comparison| {
        it.differences.iter().filter(|it| !matches!(it, Difference::Request(..))).cloned().collect::<Vec<_>>()
    };
    assert_eq!(ended(&plain), ended(&comparison));
    assert_eq!(Comparing::branches(&timeline, [main, main]).map(done).unwrap().differences, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A storm and the same storm with something left out of it part at the first action that is not the same.
    #[test]
    fn storms_part_where_an_action_is_left_out(seed in 0..1000_u64, out in any::<prop::sample::Index>()) {
        let (setup, actions) = Plan::All.draw(seed, 3, 4_000_000, Rules::ALL_ON, |_| {});
        let mut world = World::new(&setup);
        let mut checker = Checker::new(&world);
        let done = weather(&mut world, actions, 4_000_000, &mut checker);
        prop_assume!(!done.is_empty());
        let mut whole = Recording::new(world.setup().clone(), Start::Empty);
        whole.actions = done;
        whole.end = wavetank::timeline::moment(&world);
        let mut less = whole.clone();
        let at = out.index(less.actions.len());
        let left_out = less.actions.remove(at);
        let comparison = compare(&whole, &less);
        let parting = comparison.parting.expect("an action is an event");
        let run = wavetank::timeline::Run::replay(&Recording { end: left_out.when, actions: whole.actions[..at].to_vec(), ..whole.clone() }).unwrap();
        prop_assert_eq!(parting.same, run.world().events());
        prop_assert!(parting.first[0].is_some());
    }
}
