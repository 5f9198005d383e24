//! One core for world and search: what the search finds is replayed in the timed world, to equal states.

use wavetank::check::Property;
use wavetank::explore::{Bounds, Found, Model, ReplayError, Search, replay, search};
use wavetank::raft::{Node, Rule, Rules};

fn look_for(rules: Rules, bounds: Bounds, property: Property) -> Found {
    let within = Search { from: Model::new(3), rules, bounds, gestures_max: 20, states_max: 4_000_000 };
    search(&within, |model| model.ghost.violated == Some(property))
}

/// The gestures made in the model, one by one.
fn states(rules: Rules, run: &[wavetank::explore::Gesture]) -> Vec<Vec<Node>> {
    let mut model = Model::new(3);
    run.iter()
        .map(|&gesture| {
            assert!(model.make(gesture, rules), "{gesture}");
            model.nodes.clone()
        })
        .collect()
}

/// Finds the shortest run in which the promise falls, and does it again in the world.
fn falls_and_replays(rule: Rule, bounds: Bounds, property: Property, gestures: usize) {
    let rules = Rules::without(&[rule]);
    let found = look_for(rules, bounds, property);
    let run = found.run.unwrap_or_else(|| panic!("{rule}: not found in {} states", found.states));
    println!("{rule}: {} gestures, {} states", run.len(), found.states);
    assert_eq!(run.len(), gestures, "{rule}: {run:?}");

    let mut expected = states(rules, &run).into_iter();
    let replayed = replay(3, rules, &run, |run| {
        let nodes: Vec<Node> =
            run.world().servers().iter().map(|server| server.node.clone().canonical()).collect();
        assert_eq!(Some(nodes), expected.next());
    })
    .unwrap();
    assert_eq!(expected.next(), None);
    assert!(replayed.violations().iter().any(|violation| violation.property == property));

    // With the rule on, the same gestures do no harm: a server refuses, and either a later gesture is
    // no longer possible, or the run ends with every promise kept.
    match replay(3, Rules::ALL_ON, &run, |_| {}) {
        Ok(kept) => assert_eq!(kept.violations(), [], "{rule}"),
        Err(refused) => assert!(!matches!(refused, ReplayError::Setup(_)), "{rule}: {refused:?}"),
    }
}

const NEITHER: Bounds = Bounds { term_max: 4, log_max: 3, restarts_max: 0, hold: false };

#[test]
fn two_votes_in_a_term_make_two_leaders_in_four_gestures() {
    falls_and_replays(Rule::OneVotePerTerm, Bounds::default(), Property::ElectionSafety, 4);
}

#[test]
fn a_forgotten_vote_makes_two_leaders_in_five_gestures() {
    falls_and_replays(Rule::VoteSurvivesCrash, Bounds::default(), Property::ElectionSafety, 5);
}

#[test]
fn a_vote_for_any_log_loses_a_committed_entry_in_six_gestures() {
    falls_and_replays(Rule::LogUpToDate, NEITHER, Property::LeaderCompleteness, 6);
}

#[test]
fn counting_copies_of_old_entries_loses_one_as_in_figure_8() {
    falls_and_replays(Rule::CommitOnlyCurrentTerm, NEITHER, Property::LeaderCompleteness, 14);
}

#[test]
fn with_every_rule_on_no_promise_falls_within_small_bounds() {
    let bounds = Bounds { term_max: 3, log_max: 2, restarts_max: 1, hold: false };
    let within = Search {
        from: Model::new(3),
        rules: Rules::ALL_ON,
        bounds,
        gestures_max: 100,
        states_max: 4_000_000,
    };
    let found = search(&within, |model| model.ghost.violated.is_some());
    println!("{} states, depth {}", found.states, found.depth);
    assert_eq!(found.run, None);
    assert!(found.exhausted);
    assert!(found.states > 10_000);
}
