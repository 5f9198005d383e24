//! What the search finds, and that it may leave out what it leaves out.

use figure2::{
    Bounds, End, Gesture, Passage, Properties, Property, Role, Rule, Rules, Setup, State, Wanted, apply,
    gestures, search,
};

use Property::{ElectionSafety, LeaderCompleteness, LogMatching, StateMachineSafety};

/// Three servers, the usual bounds, all properties, and so many gestures at most.
fn without(rules: &[Rule], depth_max: u32) -> Setup {
    Setup {
        rules: Rules::without(rules),
        wanted: Wanted::AllOf(Properties::of(&Property::ALL)),
        depth_max,
        ..Setup::default()
    }
}

/// Small enough that all states are found soon.
const SMALL: Bounds = Bounds { terms: 2, entries: 2, restarts: 1, held: 1 };

/// The fewest gestures to each violation, in the order of Figure 3.
fn depths(setup: &Setup) -> Vec<(Property, usize)> {
    let outcome = search(setup).expect("the setup is within the bounds");
    let mut depths: Vec<_> =
        outcome.violations.iter().map(|(property, run)| (*property, run.len())).collect();
    depths.sort_unstable();
    depths
}

#[test]
fn a_rule_that_is_off_violates_these_properties_in_so_many_gestures() {
    // Up to eight gestures, and further violations may take more.
    let cases: [(Rule, &[(Property, usize)]); 16] = [
        (
            Rule::StepDownOnHigherTerm,
            &[(ElectionSafety, 4), (LogMatching, 6), (LeaderCompleteness, 8), (StateMachineSafety, 8)],
        ),
        (Rule::DropStaleReplies, &[(ElectionSafety, 6), (LogMatching, 8), (LeaderCompleteness, 8)]),
        (Rule::OneVotePerTerm, &[(ElectionSafety, 4), (LogMatching, 6), (StateMachineSafety, 8)]),
        (Rule::VoteKeptWithinTerm, &[(ElectionSafety, 5), (LogMatching, 7)]),
        (Rule::LogUpToDate, &[(LeaderCompleteness, 6), (StateMachineSafety, 8)]),
        (Rule::LengthBreaksTies, &[(LeaderCompleteness, 8)]),
        (
            Rule::QuorumOfAll,
            &[(ElectionSafety, 2), (LogMatching, 4), (LeaderCompleteness, 5), (StateMachineSafety, 6)],
        ),
        (Rule::RefuseStaleAppend, &[]),
        (Rule::HeartbeatChecked, &[(StateMachineSafety, 8)]),
        (Rule::DeleteConflicts, &[(LogMatching, 8), (StateMachineSafety, 8)]),
        (Rule::TruncateOnlyOnConflict, &[(LeaderCompleteness, 8)]),
        (Rule::CommitUpToLastNew, &[(StateMachineSafety, 8)]),
        (Rule::MatchFromRequest, &[(LeaderCompleteness, 6), (StateMachineSafety, 8)]),
        (Rule::CommitAfterQuorum, &[(LeaderCompleteness, 5), (StateMachineSafety, 6)]),
        (Rule::TermSurvivesCrash, &[(ElectionSafety, 5), (LogMatching, 7), (LeaderCompleteness, 7)]),
        (Rule::LogSurvivesCrash, &[(LeaderCompleteness, 7)]),
    ];
    for (rule, expected) in cases {
        assert_eq!(depths(&without(&[rule], 8)), expected, "without {}", rule.name());
    }
}

#[test]
fn a_vote_that_a_crash_or_a_heartbeat_erases_lets_two_commands_commit_in_nine() {
    for rule in [Rule::VoteSurvivesCrash, Rule::VoteKeptWithinTerm] {
        let setup = Setup {
            wanted: Wanted::AnyOf(Properties::of(&[StateMachineSafety])),
            ..without(&[rule], u32::MAX)
        };
        assert_eq!(depths(&setup), [(StateMachineSafety, 9)], "without {}", rule.name());
    }
}

#[test]
fn with_all_rules_on_no_property_is_violated() {
    let outcome =
        search(&Setup { bounds: Bounds { restarts: 0, ..SMALL }, ..without(&[], u32::MAX) }).unwrap();
    assert_eq!(outcome.end, End::Exhausted);
    assert!(outcome.violations.is_empty());
    assert!(outcome.states > 10_000, "{} states", outcome.states);
}

#[test]
fn what_is_taken_for_one_state_changes_no_answer() {
    let rules = Rule::ALL.map(|rule| vec![rule]);
    let pairs = [
        vec![Rule::StepDownOnHigherTerm, Rule::RefuseStaleVoteRequest],
        vec![Rule::OneVotePerTerm, Rule::DropStaleReplies],
        vec![Rule::VoteSurvivesCrash, Rule::TermSurvivesCrash],
    ];
    for rules in rules.into_iter().chain(pairs) {
        let setup = without(&rules, 7);
        let plain = Setup { reduced: false, ..setup };
        assert_eq!(depths(&setup), depths(&plain), "without {rules:?}");
    }
    // To the end, where everything that was forgotten would be missed.
    let bounds = Bounds { restarts: 0, entries: 1, ..SMALL };
    for rules in [&[][..], &[Rule::VoteKeptWithinTerm], &[Rule::LogUpToDate, Rule::CommitOnlyCurrentTerm]] {
        let setup = Setup { bounds, ..without(rules, u32::MAX) };
        let plain = Setup { reduced: false, ..setup };
        assert_eq!(depths(&setup), depths(&plain), "without {rules:?}");
        let states = |setup| search(&setup).map(|outcome| (outcome.end, outcome.states)).unwrap();
        assert!(states(plain).1 > 4 * states(setup).1, "without {rules:?}");
    }
}

#[test]
fn a_run_that_was_found_can_be_done_again_and_its_last_gesture_violates() {
    for rule in
        [Rule::StepDownOnHigherTerm, Rule::DropStaleReplies, Rule::TermSurvivesCrash, Rule::DeleteConflicts]
    {
        let setup = without(&[rule], 9);
        for (property, run) in search(&setup).unwrap().violations {
            let mut state = State::new();
            for (place, gesture) in run.iter().enumerate() {
                assert!(gestures(&setup, &state).contains(gesture), "{gesture} is not offered");
                let (next, violated) = apply(&setup, &state, gesture);
                assert_eq!(violated.has(property), place + 1 == run.len(), "{}: {gesture}", property.name());
                state = next;
            }
        }
    }
}

#[test]
fn refusals_lead_a_leader_back_one_by_one_and_a_restart_forgets_what_is_volatile() {
    let setup = Setup::default();
    let mut state = State::new();
    let mut does = |gesture: Gesture| {
        assert!(gestures(&setup, &state).contains(&gesture), "{gesture} is not offered");
        state = apply(&setup, &state, &gesture).0;
        state.clone()
    };
    let passage = Passage::Whole;
    // S1 leads and commits two commands, which S2 stores.
    does(Gesture::TimeOut(0));
    does(Gesture::Ask { candidate: 0, voter: 1, passage });
    does(Gesture::Request(0));
    does(Gesture::Request(0));
    let state = does(Gesture::Append { leader: 0, follower: 1, passage });
    assert_eq!((state.server(0).commit, state.server(1).commit), (2, 0));
    let state = does(Gesture::Restart(0));
    assert_eq!((state.server(0).commit, state.server(0).role), (0, Role::Follower));
    assert_eq!((state.server(0).term, state.server(0).log.last()), (1, 2));
    // S2 leads in term 2, and S3 has nothing.
    does(Gesture::TimeOut(1));
    does(Gesture::Ask { candidate: 1, voter: 0, passage });
    let of_s3 = |state: &State| match state.server(1).role {
        Role::Leader { next, matched } => Some((next[2], matched[2])),
        _ => None,
    };
    let heartbeat = Gesture::Heartbeat { leader: 1, follower: 2, passage };
    assert_eq!(of_s3(&does(heartbeat)), Some((2, 0)));
    assert_eq!(of_s3(&does(heartbeat)), Some((1, 0)));
    // Nothing stands before the first entry, so this one succeeds.
    assert_eq!(of_s3(&does(heartbeat)), Some((1, 0)));
    let state = does(Gesture::Append { leader: 1, follower: 2, passage });
    assert_eq!(of_s3(&state), Some((3, 2)));
    assert_eq!(state.server(2).log, state.server(1).log);
    // A majority has them, but they are of an older term.
    assert_eq!(state.server(1).commit, 0);
    // A heartbeat although something waits: it says that S3 has the first two.
    does(Gesture::Request(1));
    assert_eq!(of_s3(&does(heartbeat)), Some((3, 2)));
}

#[test]
fn copies_of_a_vote_elect_only_where_one_vote_is_no_majority() {
    let bounds = Bounds { terms: 1, entries: 1, restarts: 0, held: 2 };
    let setup = Setup {
        bounds,
        wanted: Wanted::AnyOf(Properties::of(&[ElectionSafety])),
        ..without(&[Rule::CountVotesOnce], 10)
    };
    assert_eq!(depths(&setup), []);
    // Of five: one candidate with one voter's vote and its copy, and the other with two voters' votes.
    assert_eq!(depths(&Setup { servers: 5, ..setup }), [(ElectionSafety, 7)]);
}

#[test]
fn bounds_end_a_search_and_say_which() {
    let setup = without(&[], 3);
    let outcome = search(&setup).unwrap();
    assert_eq!((outcome.end, outcome.depth), (End::Depth, 3));
    let outcome = search(&Setup { states_max: 1000, depth_max: u32::MAX, ..setup }).unwrap();
    assert_eq!((outcome.end, outcome.states), (End::States, 1001));
    let outcome = search(&Setup { bytes_max: 1 << 24, depth_max: u32::MAX, ..setup }).unwrap();
    assert_eq!(outcome.end, End::Memory);
    let outcome = search(&Setup { wanted: Wanted::AllOf(Properties::default()), ..setup }).unwrap();
    assert_eq!(outcome.end, End::Found);
}

#[test]
fn what_is_beyond_the_program_is_refused_with_the_limits() {
    let refused = |setup| search(&setup).unwrap_err();
    assert_eq!(refused(Setup { servers: 6, ..Setup::default() }), "6 servers: it has to be 1 to 5.");
    let bounds = Bounds { terms: 0, ..SMALL };
    assert_eq!(refused(Setup { bounds, ..Setup::default() }), "0 terms: it has to be 1 to 7.");
}

#[test]
fn a_gesture_is_a_sentence() {
    let ask = Gesture::Ask { candidate: 0, voter: 1, passage: Passage::ReplyHeld };
    assert_eq!(ask.to_string(), "S1 asks S2 for its vote; the request arrives, its reply is held.");
    let setup = Setup::default();
    let state = [Gesture::TimeOut(0), ask]
        .iter()
        .fold(State::new(), |state, gesture| apply(&setup, &state, gesture).0);
    let release = gestures(&setup, &state).pop().unwrap();
    assert_eq!(release.to_string(), "The vote of term 1 that S2 sent to S1 is released and arrives.");
}

#[test]
fn rules_are_found_by_the_names_that_others_use() {
    for rule in Rule::ALL {
        assert_eq!(Rule::named(rule.name()), Some(rule));
    }
    assert_eq!(Rule::named("oneVotePerYear"), None);
}
