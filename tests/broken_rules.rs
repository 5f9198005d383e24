//! What each rule is good for, as scripts: each plays one of the recordings of `static/broken` with its rule
//! off. What falls in them, and which step refuses with the rule on, is judged by `kill_matrix.rs`.
//!
//! After a change of a script, its recording is made anew by
//! `WAVETANK_GOLDEN=write cargo test --test broken_rules`, and then what is said of it by the same with
//! `--test kill_matrix`.

mod common;
#[path = "broken_rules/disk.rs"]
mod disk;
#[path = "broken_rules/figure2.rs"]
mod figure2;
#[path = "broken_rules/liveness.rs"]
mod liveness;
#[path = "broken_rules/membership.rs"]
mod membership;
#[path = "broken_rules/reads.rs"]
mod reads;
#[path = "broken_rules/scripts.rs"]
mod scripts;
#[path = "broken_rules/snapshots.rs"]
mod snapshots;

use wavetank::check::{Checker, Property};
use wavetank::learn::broken;
use wavetank::raft::{Rule, Rules};
use wavetank::sim::{Seed, World, chaos};

/// The rules whose absence alone breaks no promise about what has happened: what makes the others needed
/// is time, or another rule that is off.
const SAFE_ALONE: [Rule; 10] = [
    Rule::RefuseStaleVoteRequest,
    Rule::RandomisedTimeouts,
    Rule::VoteTimerOnlyOnGrant,
    Rule::AppendTimerOnlyCurrent,
    Rule::PreVote,
    Rule::CheckQuorum,
    Rule::Stickiness,
    Rule::TransferWaitsForCatchUp,
    Rule::LearnersCatchUpFirst,
    Rule::RemovedLeaderStepsDownAfterCommit,
];

#[test]
fn what_only_costs_time_is_safe() {
    for rule in SAFE_ALONE {
        for seed in 0..60 {
            let plan = if seed % 2 == 0 { chaos::plan } else { chaos::plan_of_all };
            let (mut setup, actions) = plan(Seed(seed), 0, 20_000_000);
            setup.rules_off = Rules::without(&[rule]);
            let mut world = World::new(&setup);
            let mut checker = Checker::new(&world);
            for (at_us, action) in actions {
                world.run_until(at_us, &mut checker);
                let _ = world.act(&action, &mut checker);
            }
            let unsafe_ones =
                checker.violations().iter().filter(|found| found.property != Property::Liveness);
            assert_eq!(unsafe_ones.count(), 0, "{rule}, seed {seed}: {:?}", checker.violations());
        }
    }
}

/// The files with the scripts.
const FILES: [&str; 6] = [
    include_str!("broken_rules/disk.rs"),
    include_str!("broken_rules/figure2.rs"),
    include_str!("broken_rules/liveness.rs"),
    include_str!("broken_rules/membership.rs"),
    include_str!("broken_rules/reads.rs"),
    include_str!("broken_rules/snapshots.rs"),
];

#[test]
fn every_recording_has_its_script() {
    // However the lines are broken.
    let source: String = FILES.concat().split_whitespace().collect();
    for &rule in Rule::ALL {
        let scripts = ["falls", "falls_in", "falls_as"]
            .map(|how| source.matches(&format!("{how}(Rule::{rule:?},")).count());
        let recordings = broken::of(rule).filter(|row| row.falls.is_some()).count();
        assert_eq!(scripts.iter().sum::<usize>(), recordings, "{rule}");
    }
}
