//! What the campaigns share: what storms find when a rule is off. Each takes it in by `#[path]`.

use wavetank::check::{Checker, Property};
use wavetank::explore::{STORM_US, Script, weather};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::World;

/// Does something for each seed below, on two threads. The results are in the order of the seeds.
pub fn for_seeds<T: Send>(seeds: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let mut results = Vec::new();
    wavetank::explore::for_seeds(0..seeds, 2, work, |_, result| {
        results.push(result);
        true
    });
    results
}

/// What storms find when a rule is off: for each of the first seeds that found something, which promise
/// fell first.
pub fn caught(rule: Rule, seeds: u64, plan: impl Fn(u64) -> Script + Sync) -> Vec<Property> {
    let found = for_seeds(seeds, |seed| {
        let (mut setup, actions) = plan(seed);
        setup.rules_off = Rules::without(&[rule]);
        let mut world = World::new(&setup);
        let mut checker = Checker::new(&world);
        weather(&mut world, actions, STORM_US, &mut checker);
        checker.violations().first().map(|violation| violation.property)
    });
    found.into_iter().flatten().collect()
}

/// A storm catches each of these rules when it is off.
pub fn assert_caught(rules: &[(Rule, u64)], plan: impl Fn(u64) -> Script + Sync) {
    for &(rule, seeds) in rules {
        let found = caught(rule, seeds, &plan);
        println!("{rule}: {} of {seeds} storms; first {:?}", found.len(), found.first());
        assert!(!found.is_empty(), "{rule} is off, and no storm of {seeds} notices");
    }
}
