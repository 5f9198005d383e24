//! What the campaigns share: storms over many seeds, and who watches them. Each takes it in by `#[path]`.

use std::sync::atomic::{AtomicU64, Ordering};
use wavetank::check::{Checker, Property};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::{Action, Setup, Watch, World, chaos};

/// How long a storm lasts, in microseconds.
pub const STORM_US: u64 = 60_000_000;

/// One who watches, and whose checker can be asked.
pub trait Judge: Watch {
    fn checker(&self) -> &Checker;
}

impl Judge for Checker {
    fn checker(&self) -> &Checker {
        self
    }
}

/// Does what is planned, and after every third action something with a message that happens to be on its
/// way. It stops early where a promise falls. Returns how many servers crashed.
pub fn weather<J: Judge>(world: &mut World, actions: &[(u64, Action)], judge: &mut J) -> u64 {
    let mut crashes = 0;
    for (number, (at_us, action)) in actions.iter().enumerate() {
        world.run_until(*at_us, judge);
        let done = world.act(action, judge).is_ok();
        crashes += u64::from(done && matches!(action, Action::Crash { .. }));
        if number % 3 == 0
            && let Some(action) = chaos::meddle(world)
        {
            let _ = world.act(&action, judge);
        }
        if !judge.checker().violations().is_empty() {
            return crashes;
        }
    }
    world.run_until(STORM_US, judge);
    crashes
}

/// Does something for each seed below, on two threads. The results are in the order of the seeds.
pub fn for_seeds<T: Send>(seeds: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut results = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return results;
            }
            results.push((seed, work(seed)));
        }
    };
    let mut results = std::thread::scope(|scope| {
        let other = scope.spawn(worker);
        let mut results = worker();
        results.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        results
    });
    results.sort_by_key(|&(seed, _)| seed);
    results.into_iter().map(|(_, result)| result).collect()
}

/// What storms find when a rule is off: for each of the first seeds that found something, which promise
/// fell first.
pub fn caught(
    rule: Rule,
    seeds: u64,
    plan: impl Fn(u64) -> (Setup, Vec<(u64, Action)>) + Sync,
) -> Vec<Property> {
    let found = for_seeds(seeds, |seed| {
        let (mut setup, actions) = plan(seed);
        setup.rules_off = Rules::without(&[rule]);
        let mut world = World::new(&setup);
        let mut checker = Checker::new(&world);
        weather(&mut world, &actions, &mut checker);
        checker.violations().first().map(|violation| violation.property)
    });
    found.into_iter().flatten().collect()
}

/// A storm catches each of these rules when it is off.
pub fn assert_caught(rules: &[(Rule, u64)], plan: impl Fn(u64) -> (Setup, Vec<(u64, Action)>) + Sync) {
    for &(rule, seeds) in rules {
        let found = caught(rule, seeds, &plan);
        println!("{rule}: {} of {seeds} storms; first {:?}", found.len(), found.first());
        assert!(!found.is_empty(), "{rule} is off, and no storm of {seeds} notices");
    }
}
