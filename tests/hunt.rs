//! The hunt over seeds: what it finds is a recording that shows it, and nothing of it depends on how many
//! threads there are.

use wavetank::check::goal::{Goal, Lookout};
use wavetank::explore::{ENDING_US, Hit, Hunt, Plan, Report, Target, hunt};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::Action;
use wavetank::timeline::{Recording, Run};

fn seeds(count: u64) -> Hunt {
    Hunt { until_us: 20_000_000, ..Hunt::new(0..count) }
}

fn go(what: &Hunt, threads: usize) -> Report {
    hunt(what, threads, |_| {}, |_| true)
}

fn first(report: &Report) -> &Hit {
    report.first.as_ref().expect("something was found")
}

/// A recording as it comes back from a file.
fn again(recording: &Recording) -> Run {
    Run::replay(&Recording::from_json(&recording.to_json()).unwrap()).unwrap()
}

#[test]
fn a_broken_rule_is_found_and_its_recording_ends_where_the_promise_falls() {
    for plan in [Plan::Figure2, Plan::All] {
        let off = Rules::without(&[Rule::OneVotePerTerm]);
        let report = go(&Hunt { plan, off, ..seeds(200) }, 2);
        let hit = first(&report);
        assert_eq!((report.hits, report.runs), (1, hit.seed + 1), "it stops at the first");
        let violation = hit.violation.as_ref().expect("a promise fell");
        assert_eq!(report.violations.get(&violation.property), Some(&1));
        let run = again(&hit.recording);
        assert_eq!(run.violations().first(), Some(violation));
        assert_eq!(run.world().events() - 1, violation.event.0, "the run ends with that event");
        // The seed alone brings it back.
        let alone = go(&Hunt { plan, off, seeds: hit.seed..hit.seed + 1, ..seeds(0) }, 1);
        assert_eq!(alone.first.as_ref(), Some(hit));
    }
}

#[test]
fn nothing_of_a_report_depends_on_the_threads() {
    let off = Rules::without(&[Rule::QuorumOfAll]);
    let first_of = |all| go(&Hunt { off, all, ..seeds(30) }, 1).first;
    assert_eq!(first_of(true), first_of(false), "the first find is the first, however many follow");
    for all in [false, true] {
        let what = Hunt { off, all, ..seeds(30) };
        let alone = go(&what, 1);
        assert!(alone.hits > 0 && alone.counts.of("messages lost") > 0);
        assert_eq!(alone.runs == 30, all, "{} runs", alone.runs);
        for threads in [2, 5] {
            assert_eq!(go(&what, threads), alone, "{threads} threads");
        }
    }
}

#[test]
fn with_every_rule_on_nothing_falls_and_it_was_not_idle() {
    for plan in [Plan::Figure2, Plan::All] {
        let report = go(&Hunt { plan, ..seeds(40) }, 2);
        assert_eq!((report.runs, report.hits, report.first.as_ref()), (40, 0, None));
        assert_eq!(report.simulated_us, 40 * (20_000_000 + ENDING_US));
        assert!(report.violations.is_empty());
        let trouble = ["crashes", "pauses", "partitions", "cuts in one direction", "messages lost"];
        let work = ["second copies that arrived", "writes", "requests done", "entries committed"];
        let endings = ["storms that ended for everyone", "storms that ended for a majority", "leaders due"];
        let more = ["changes begun", "pieces of snapshots", "clocks set", "leases run out"];
        let more = more.iter().filter(|_| plan == Plan::All);
        for what in trouble.iter().chain(&work).chain(&endings).chain(more) {
            assert!(report.counts.of(what) > 0, "{what}: {:#?}", report.counts);
        }
    }
}

#[test]
fn a_goal_is_hunted_for_and_holds_where_the_recording_ends_and_not_before() {
    let goal: Goal = "leaders >= 2 and any s: role(s) = leader and commit(s) >= 3".parse().unwrap();
    let report = go(&Hunt { target: Target::Goal(goal.clone()), ..seeds(100) }, 2);
    let hit = first(&report);
    assert_eq!(hit.violation, None, "two leaders of different terms break nothing");
    let run = again(&hit.recording);
    assert!(Lookout::new(goal.clone()).look(&(run.world(), run.checker())));
    let mut before = hit.recording.clone();
    before.end.k = before.end.k.saturating_sub(1);
    before.actions.retain(|stamped| stamped.when < hit.recording.end);
    before.end = before.end.max(before.actions.last().map(|stamped| stamped.when).unwrap_or_default());
    let run = again(&before);
    assert!(!Lookout::new(goal).look(&(run.world(), run.checker())), "one event earlier it did not hold");
}

#[test]
fn options_can_be_had_otherwise_in_every_run_and_in_every_switch_of_them() {
    let what = Hunt { plan: Plan::All, target: Target::Goal("leaders >= 1".parse().unwrap()), ..seeds(20) };
    let report = hunt(&what, 1, |options| (options.noop, options.link.loss_ppm) = (true, 0), |_| true);
    assert!(first(&report).recording.setup.options.noop);
    let loss = Hunt { target: Target::Goal("leaders >= 9".parse().unwrap()), servers: 3, ..what };
    let drawn = hunt(&loss, 2, |_| {}, |_| true);
    let without = hunt(&loss, 2, |options| options.link.loss_ppm = 0, |_| true);
    assert!(without.counts.of("messages lost") < drawn.counts.of("messages lost"));
    let (_, actions) = Plan::All.draw(3, 0, 60_000_000, Rules::ALL_ON, |options| options.max_entries = 77);
    let switched = actions.iter().filter_map(|(_, action)| match action {
        Action::SetOptions { options } => Some(options.max_entries),
        _ => None,
    });
    let switched: Vec<u32> = switched.collect();
    assert!(!switched.is_empty() && switched.iter().all(|&entries| entries == 77));
}

#[test]
fn a_hunt_is_called_off_between_runs_and_says_so() {
    let mut shown = Vec::new();
    let report = hunt(
        &seeds(1000),
        2,
        |_| {},
        |so_far| {
            shown.push(so_far.runs);
            so_far.runs < 4
        },
    );
    assert_eq!(shown, [1, 2, 3, 4]);
    assert!(report.cancelled && report.runs == 4 && report.first.is_none());
    let off = Rules::without(&[Rule::QuorumOfAll]);
    let found = hunt(&Hunt { off, ..seeds(100) }, 1, |_| {}, |so_far| so_far.hits == 0);
    assert!(!found.cancelled, "it had found what it was after");
    assert_eq!((found.hits, found.violations.len()), (1, 1));
}
