//! A random recording, sought in random order, across branches: every moment is what a straight replay
//! shows. Shared by the native tests and those in the browser.

use std::hash::{DefaultHasher, Hash, Hasher};
use wavetank::raft::{Rule, Rules, ServerId, Timer};
use wavetank::sim::{Action, Purpose, Seed, Setup, chaos, draw};
use wavetank::timeline::{Actor, BranchId, Recording, Run, Script, Target, Timeline};

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compared {
    pub moments: u32,
    pub branches: u32,
    pub backwards: u32,
}

/// Random numbers for one recording.
struct Dice(Seed, u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.1 += 1;
        draw(self.0, Purpose::Latency, 99, 0, self.1) % most.max(1)
    }
}

/// A storm as a recording; in some of them a rule is off, so that promises fall.
pub fn storm(seed: u64, until_us: u64) -> Recording {
    let off = if seed.is_multiple_of(4) { Rules::without(&[Rule::VoteSurvivesCrash]) } else { Rules::ALL_ON };
    let plan = if seed.is_multiple_of(2) { chaos::plan } else { chaos::plan_of_all };
    let (setup, actions) = plan(Seed(seed), 0, until_us);
    let mut run = Run::new(&Setup { rules_off: off, ..setup }).expect("a plan makes a run");
    for (number, (at_us, action)) in actions.into_iter().enumerate() {
        run.run_until(at_us);
        let _ = run.act(action);
        if number % 3 == 0
            && let Some(action) = chaos::meddle(run.world())
        {
            let _ = run.act(action);
        }
        if number % 40 == 7 {
            // Time stands still for a while.
            let _ = run.act(Action::Manual { on: true });
            let _ = run
                .act(Action::Fire { server: ServerId::first(1).next().expect("S1"), timer: Timer::Election });
            run.run_until(at_us);
            let _ = run.act(Action::Manual { on: false });
        }
    }
    run.run_until(until_us);
    run.recording()
}

/// Everything that a run is at a moment, as one number: world, checker, digest, and the last events.
fn print(run: &Run) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{:?}", run.world()).hash(&mut hasher);
    format!("{:?}", run.checker()).hash(&mut hasher);
    format!("{}", run.digest()).hash(&mut hasher);
    format!("{:?}", run.recording().actions).hash(&mut hasher);
    hasher.finish()
}

/// The run at a moment, by doing the recording straight from its beginning.
fn straight(recording: &Recording, target: Target) -> Run {
    let (mut run, mut script) = Script::begin(recording).expect("a storm makes a run");
    let is_before = |run: &mut Run, script: &Script| match target {
        Target::Start => false,
        Target::End => true,
        Target::Events(events) => run.world().events() < events,
        Target::Time(at_us) => script.next_us(run).is_some_and(|next_us| next_us <= at_us),
    };
    while is_before(&mut run, &script) && script.step(&mut run, &mut |_, _| {}) {}
    if let Target::Time(at_us) = target
        && !run.world().is_manual()
    {
        run.run_until(at_us.min(recording.end.at_us));
    }
    run
}

fn random_target(dice: &mut Dice, events: u64, end_us: u64) -> Target {
    match dice.below(12) {
        0 => Target::Start,
        1 => Target::End,
        2..=6 => Target::Time(dice.below(end_us + end_us / 50 + 1)),
        _ => Target::Events(dice.below(events + 1)),
    }
}

/// Whether the trace is what it should be: its events follow on each other and end at the moment, and what
/// is known of the future follows on them.
fn check_trace(timeline: &Timeline, whole: &Run, seed: u64) {
    let run = timeline.run();
    let events = run.world().events();
    for (expected, event) in (0..).zip(run.events().iter().rev()) {
        assert_eq!(event.id.0 + 1 + expected, events, "seed {seed}: the trace has a gap");
        if expected < 30 {
            assert!(whole.event(event.id).is_none_or(|known| known == event), "seed {seed}");
        }
    }
    let from = events.saturating_sub(20);
    let around = timeline.trace(from, events + 20, 40);
    let known = timeline.events_known().min(events + 20);
    assert_eq!(around.len() as u64, known - from, "seed {seed}: from {from} on");
    for (id, event) in (from..).zip(&around) {
        assert_eq!(event.id.0, id, "seed {seed}");
        // Of a long run the straight replay keeps the end only.
        assert!(whole.event(event.id).is_none_or(|known| known == event), "seed {seed}: event {id}");
    }
}

/// One recording, so many moments of it.
pub fn seek_everywhere(seed: u64, until_us: u64, moments: u32) -> Compared {
    let recording = storm(seed, until_us);
    let mut dice = Dice(Seed(seed), 0);
    let mut compared = Compared::default();
    let mut timeline = Timeline::of(&recording).expect("a storm makes a run");
    let mut whole = Run::replay(&recording).expect("it does");
    let mut shown = recording;
    let mut forked: Vec<(BranchId, Recording)> = vec![(timeline.branch().id(), shown.clone())];
    for number in 0..moments {
        let before = timeline.run().world().events();
        let target = random_target(&mut dice, whole.world().events(), shown.end.at_us);
        let budget = [u64::MAX / 2, 50, 1000][dice.below(3) as usize];
        let mut calls = 0;
        while !timeline.seek(target, budget) {
            calls += 1;
            assert!(calls < 100_000, "seed {seed}: {target:?} is never reached");
        }
        let expected = straight(&shown, target);
        let (now, then) = (timeline.run(), &expected);
        assert_eq!(now.stamp(), then.stamp(), "seed {seed}, moment {number}: {target:?}");
        assert_eq!(now.digest(), then.digest(), "seed {seed}, moment {number}: {target:?}");
        assert_eq!(now.violations(), then.violations(), "seed {seed}, moment {number}: {target:?}");
        assert_eq!(print(now), print(then), "seed {seed}, moment {number}: {target:?}");
        check_trace(&timeline, &whole, seed);
        compared.moments += 1;
        compared.backwards += u32::from(timeline.run().world().events() < before);
        match dice.below(7) {
            // Somebody acts, and then some time goes by.
            0 => {
                let server = ServerId::first(3).nth(dice.below(3) as usize).expect("there are three");
                let up = timeline.run().world().server(server).is_some_and(|s| s.up);
                let action = if up { Action::Crash { server } } else { Action::Restart { server } };
                let was_at_end = timeline.is_at_end();
                let count = timeline.branches().count();
                let done = timeline.act(action).is_ok();
                if was_at_end || done {
                    assert_eq!(timeline.branches().count(), count + usize::from(!was_at_end), "seed {seed}");
                    let until_us = timeline.run().world().now_us() + dice.below(2_000_000);
                    timeline.run_until(until_us);
                    shown = timeline.recording().clone();
                    whole = Run::replay(&shown).expect("a branch makes a run");
                    assert_eq!(
                        print(timeline.run()),
                        print(&whole),
                        "seed {seed}: the branch as it was made"
                    );
                    let id = timeline.branch().id();
                    forked.retain(|(other, _)| *other != id);
                    forked.push((id, shown.clone()));
                    compared.branches += u32::from(!was_at_end);
                }
            }
            // Another branch is looked at: it is what it was.
            1 => {
                let (id, recording) = forked[dice.below(forked.len() as u64) as usize].clone();
                assert!(timeline.switch(id), "seed {seed}");
                assert_eq!(*timeline.recording(), recording, "seed {seed}");
                shown = recording;
                whole = Run::replay(&shown).expect("a branch makes a run");
            }
            _ => {}
        }
    }
    compared
}
