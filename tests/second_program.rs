//! The search gives the answers of a program that shares with it only the specification: the package `figure2`.
//!
//! `cargo xtask test --long` compares all rules of Figure 2 and all pairs of them, and further (peers/src/second).

#[path = "../peers/src/second/beside.rs"]
mod beside;

use beside::{Answer, PROPERTIES, Question, ours, rules, theirs};
use wavetank::check::Property;
use wavetank::explore::together::{Fact, rows};
use wavetank::explore::{Bounds, Grain};
use wavetank::raft::Rule;

fn both(off: &[Rule], bounds: Bounds, steps_max: u32) -> (Answer, Answer) {
    let question = Question { off: off.to_vec(), bounds, steps_max, bytes_max: 1 << 30, threads: 1 };
    let ((ours, our_runs), (theirs, their_runs)) = (ours(&question), theirs(&question));
    // Each run that was found is as long as its answer says.
    for (place, (property, other)) in PROPERTIES.into_iter().enumerate() {
        let run = our_runs.iter().find(|(violated, _)| *violated == property).map(|(_, run)| run.len());
        assert_eq!(run, ours.fewest[place]);
        let run = their_runs.iter().find(|(violated, _)| *violated == other).map(|(_, run)| run.len());
        assert_eq!(run, theirs.fewest[place]);
    }
    (ours, theirs)
}

#[test]
fn every_rule_of_figure_2_alone_is_off_for_both() {
    assert_eq!(rules().len(), 25);
    for rule in rules() {
        let (ours, theirs) = both(&[rule], Bounds::of(Grain::Gesture), 7);
        assert!(ours.agrees(&theirs), "without {rule}: {ours:?}, and of figure2 {theirs:?}");
    }
}

#[test]
fn heartbeats_and_names_of_commands_give_the_same_disasters() {
    let cases = [
        (Rule::CommitUpToLastNew, Property::StateMachineSafety, 8),
        (Rule::HeartbeatChecked, Property::StateMachineSafety, 8),
        (Rule::MatchFromRequest, Property::LeaderCompleteness, 6),
        (Rule::OneVotePerTerm, Property::StateMachineSafety, 8),
        (Rule::VoteSurvivesCrash, Property::StateMachineSafety, 9),
        (Rule::VoteKeptWithinTerm, Property::ElectionSafety, 5),
    ];
    for (rule, property, gestures) in cases {
        let (ours, theirs) = both(&[rule], Bounds::of(Grain::Gesture), gestures);
        let place = PROPERTIES.iter().position(|(known, _)| *known == property).unwrap();
        let expected = Some(gestures as usize);
        assert_eq!((ours.fewest[place], theirs.fewest[place]), (expected, expected), "without {rule}");
    }
}

/// The rows of docs/together.md.
#[test]
fn rules_that_need_each_other_do_so_for_both() {
    let fact = |line| serde_json::from_str::<Fact>(line).expect("a fact");
    let facts: Vec<Fact> = include_str!("../docs/together.ndjson").lines().map(fact).collect();
    let rows = rows(&facts);
    assert!(!rows.is_empty());
    for row in rows {
        let shows =
            |fact: &&Fact| fact.off == row.off && fact.violated.get(&row.property) == Some(&row.gestures);
        let within = facts.iter().find(shows).expect("a fact that shows it").within;
        let place = PROPERTIES.iter().position(|(known, _)| *known == row.property).unwrap();
        let expected = usize::try_from(row.gestures).ok();
        let (ours, theirs) = both(&row.off, within.bounds(), row.gestures);
        assert_eq!((ours.fewest[place], theirs.fewest[place]), (expected, expected), "{}", row.name());
        for rule in row.off {
            let (ours, theirs) = both(&[rule], within.bounds(), row.gestures);
            assert_eq!((ours.fewest[place], theirs.fewest[place]), (None, None), "{rule} alone");
        }
    }
}

#[test]
fn all_runs_within_small_bounds_give_the_same_answers() {
    let bounds = Bounds { term_max: 2, log_max: 1, restarts_max: 1, ..Bounds::of(Grain::Gesture) };
    let pairs: [&[Rule]; 4] = [
        &[],
        &[Rule::LogUpToDate, Rule::CommitOnlyCurrentTerm],
        &[Rule::DropStaleReplies, Rule::CommitUpToLastNew],
        &[Rule::RefuseStaleAppend, Rule::CandidateStepsBack],
    ];
    for off in pairs {
        let (ours, theirs) = both(off, bounds, 1000);
        assert!(!ours.cut && !theirs.cut);
        assert_eq!(ours.fewest, theirs.fewest, "without {off:?}");
        assert!(ours.states > 1000 && theirs.states > 1000);
    }
}
