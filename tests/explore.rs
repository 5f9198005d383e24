//! The search: what it finds is a shortest run, and is done again in the timed world, to equal states; what
//! it does not find is not there.

use wavetank::check::Property;
use wavetank::check::goal::{Goal, Memory};
use wavetank::explore::{
    Ask, Bound, Bounds, Ended, Found, Gesture, Grain, Model, Search, advice, at_rest, fresh, replay, search,
};
use wavetank::raft::{Body, Index, Message, Rule, Rules, ServerId, Term};
use wavetank::sim::{Action, Link, Options, Setup};
use wavetank::timeline::{Run, Start};

fn run(within: &Search) -> Found {
    search(within, |_| true)
}

fn goal(text: &str) -> Goal {
    text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn violated(property: Property) -> Goal {
    goal(&format!("violated({property:?})"))
}

/// The search for a run in which a promise falls without a rule.
fn without(rule: Rule, grain: Grain, bounds: Bounds, goal: Goal) -> Search {
    Search { rules: Rules::without(&[rule]), bounds, ..Search::new(3, grain, goal) }
}

/// Does a run that was found again in the world; after each step the servers are as in the model.
fn done_again(within: &Search, gestures: &[Gesture]) -> Run {
    let mut expected = wavetank::explore::states(within, gestures).into_iter();
    let start = fresh(within.from.servers.len() as u8, within.rules).unwrap();
    let run = replay(start, within.grain, gestures, |run| {
        let here = Model::of(run.world(), run.checker());
        let there = expected.next().expect("a state for each step");
        assert_eq!(here.servers, there.servers);
    })
    .unwrap_or_else(|why| panic!("{why}: {gestures:?}"));
    assert!(expected.next().is_none());
    run
}

/// Finds the shortest run in which the promise falls, and does it again in the world.
fn falls(rule: Rule, grain: Grain, bounds: Bounds, property: Property, steps: usize) {
    let within = without(rule, grain, bounds, violated(property));
    let found = run(&within);
    let way = found.run.clone().unwrap_or_else(|| panic!("{rule}: {found:?}"));
    println!("{rule}: {} steps, {:?}", way.len(), found.progress);
    assert_eq!(way.len(), steps, "{rule}: {way:?}");
    let replayed = done_again(&within, &way);
    assert!(replayed.violations().iter().any(|it| it.property == property), "{:?}", replayed.violations());

    // With the rule on, the same steps do no harm: a server refuses, and either a later step is no longer
    // possible, or the run ends with every promise kept.
    if let Ok(kept) = replay(fresh(3, Rules::ALL_ON).unwrap(), grain, &way, |_| {}) {
        assert_eq!(kept.violations(), [], "{rule}");
    }
}

fn gestures() -> Bounds {
    Bounds::of(Grain::Gesture)
}

fn neither() -> Bounds {
    Bounds { restarts_max: 0, messages_max: 0, ..gestures() }
}

#[test]
fn two_votes_in_a_term_make_two_leaders_in_four_gestures() {
    falls(Rule::OneVotePerTerm, Grain::Gesture, gestures(), Property::ElectionSafety, 4);
}

#[test]
fn a_forgotten_vote_makes_two_leaders_in_five_gestures() {
    falls(Rule::VoteSurvivesCrash, Grain::Gesture, gestures(), Property::ElectionSafety, 5);
}

#[test]
fn a_vote_forgotten_within_its_term_makes_two_leaders_in_five_gestures() {
    falls(Rule::VoteKeptWithinTerm, Grain::Gesture, gestures(), Property::ElectionSafety, 5);
}

/// An AppendEntries carries everything from nextIndex, or nothing.
#[test]
fn heartbeats_without_the_entries_that_wait_make_shorter_runs() {
    for (rule, property, steps) in [
        (Rule::CommitUpToLastNew, Property::StateMachineSafety, 8),
        (Rule::HeartbeatChecked, Property::StateMachineSafety, 8),
        (Rule::MatchFromRequest, Property::LeaderCompleteness, 6),
    ] {
        falls(rule, Grain::Gesture, gestures(), property, steps);
    }
}

/// Two leaders of one term take commands at the same index: they are two, though their terms and indexes are
/// the same.
#[test]
fn two_leaders_of_a_term_take_two_commands() {
    for (rule, steps) in [(Rule::OneVotePerTerm, 8), (Rule::VoteSurvivesCrash, 9)] {
        falls(rule, Grain::Gesture, gestures(), Property::StateMachineSafety, steps);
    }
}

#[test]
fn a_vote_for_any_log_loses_a_committed_entry_in_six_gestures() {
    falls(Rule::LogUpToDate, Grain::Gesture, neither(), Property::LeaderCompleteness, 6);
}

#[test]
fn counting_copies_of_old_entries_loses_one_as_in_figure_8() {
    falls(Rule::CommitOnlyCurrentTerm, Grain::Gesture, neither(), Property::LeaderCompleteness, 14);
}

#[test]
fn a_vote_that_is_not_on_disk_makes_two_leaders() {
    falls(Rule::ReplyAfterFsync, Grain::Gesture, gestures(), Property::ElectionSafety, 5);
}

#[test]
fn a_term_without_its_vote_on_disk_makes_two_leaders() {
    falls(Rule::TermAndVoteTogether, Grain::Gesture, gestures(), Property::ElectionSafety, 5);
}

#[test]
fn a_copy_that_is_not_on_disk_is_lost_after_it_was_counted() {
    falls(Rule::LeaderCountsSelfWhenDurable, Grain::Gesture, gestures(), Property::LeaderCompleteness, 7);
}

#[test]
fn message_by_message_two_votes_in_a_term_make_two_leaders() {
    let bounds = Bounds { restarts_max: 0, ..Bounds::of(Grain::Message) };
    falls(Rule::OneVotePerTerm, Grain::Message, bounds, Property::ElectionSafety, 6);
}

#[test]
fn message_by_message_a_forgotten_vote_makes_two_leaders() {
    let bounds = Bounds { restarts_max: 1, ..Bounds::of(Grain::Message) };
    falls(Rule::VoteSurvivesCrash, Grain::Message, bounds, Property::ElectionSafety, 7);
}

/// Everything within small bounds.
fn small(text: &str) -> Search {
    let bounds = Bounds { term_max: 3, log_max: 2, restarts_max: 1, ..neither() };
    Search { bounds, ..Search::new(3, Grain::Gesture, goal(text)) }
}

#[test]
fn with_every_rule_on_no_promise_falls_within_small_bounds() {
    let found = run(&small("violated"));
    println!("{:?}", found.progress);
    assert_eq!((found.run, found.ended), (None, Ended::Exhausted));
    assert!(found.progress.states > 5_000);
}

/// The numbers are those of the search that knew neither heartbeats where entries wait nor names of commands.
#[test]
fn names_of_commands_make_no_states_where_every_rule_is_on() {
    for (bounds, states) in [
        (Bounds { term_max: 3, log_max: 2, restarts_max: 1, ..neither() }, 86_773),
        (Bounds { term_max: 2, log_max: 2, restarts_max: 0, messages_max: 1, ..gestures() }, 62_236),
    ] {
        let bounds = Bounds { heartbeats: false, ..bounds };
        let found = run(&Search { bounds, ..small("violated") });
        assert_eq!((found.ended, found.progress.states), (Ended::Exhausted, states));
    }
}

#[test]
fn a_search_that_finds_nothing_says_which_bounds_kept_steps_back() {
    let advice_of = |search: &Search| advice(search, &run(search));
    let tiny = Bounds { term_max: 1, log_max: 1, ..neither() };
    let within = |bounds, text: &str| Search { bounds, ..small(text) };
    // Every bound kept a step back; each is to be looser by one.
    let all = [(Bound::Terms, 2), (Bound::Logs, 2), (Bound::Restarts, 1), (Bound::Messages, 1)];
    assert_eq!(advice_of(&within(tiny, "violated")), all);
    // Without terms nobody leads and nobody asks: neither logs nor messages were in the way.
    let no_terms = Bounds { term_max: 0, ..tiny };
    assert_eq!(advice_of(&within(no_terms, "violated")), [(Bound::Terms, 1), (Bound::Restarts, 1)]);
    // Where the memory was full, tighter bounds go deeper.
    let full = Search { states_max: 1_000, bounds: gestures(), ..small("violated") };
    let tighter = [(Bound::Terms, 1), (Bound::Logs, 1), (Bound::Restarts, 0), (Bound::Messages, 0)];
    assert_eq!(advice_of(&full), tighter);
    assert_eq!(advice_of(&Search { steps_max: 2, ..full }), []);
}

#[test]
fn how_many_threads_work_changes_nothing() {
    let within =
        without(Rule::LogUpToDate, Grain::Gesture, gestures(), violated(Property::LeaderCompleteness));
    let found = [1, 2, 3].map(|threads| {
        let found = run(&Search { threads, ..within.clone() });
        (found.run, found.progress.states, found.progress.depth)
    });
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0], found[2]);
}

#[test]
fn states_that_differ_only_in_names_count_as_one() {
    let named = run(&Search { symmetry: false, ..small("violated") });
    let nameless = run(&small("violated"));
    assert_eq!((named.ended, nameless.ended), (Ended::Exhausted, Ended::Exhausted));
    assert_eq!(named.progress.depth, nameless.progress.depth);
    let (all, kept) = (named.progress.states, nameless.progress.states);
    println!("{all} states, {kept} up to names");
    // Three servers can change their names in six ways; few states stay the same.
    assert!(kept * 6 >= all && kept * 5 < all, "{all} and {kept}");
}

#[test]
fn a_search_of_named_servers_finds_the_run_of_that_server() {
    let s3 = ServerId::new(3).unwrap();
    let within = small("role(S3) = leader and term(S3) = 2");
    let way = run(&within).run.unwrap();
    assert_eq!(way.len(), 3, "two timeouts and a vote: {way:?}");
    let replayed = done_again(&within, &way);
    assert!(replayed.world().server(s3).unwrap().node.is_leader());
}

#[test]
fn a_run_of_renamed_states_has_the_names_of_its_start() {
    let within = small("leaderOf(1) != none and leaderOf(2) != none");
    let replayed = done_again(&within, &run(&within).run.unwrap());
    assert_eq!(replayed.checker().leaders().count(), 2);
}

#[test]
fn a_search_goes_on_from_where_a_run_has_come() {
    let mut run_so_far = Run::new(&wavetank::sim::Setup::new(3, 7)).unwrap();
    run_so_far.run_until(2_000_000);
    let rest = at_rest(&run_so_far).unwrap();
    let from = Model::of(rest.world(), rest.checker());
    let term = from.servers.iter().map(|server| server.node.term().0).max().unwrap();
    let bounds = Bounds { term_max: term + 2, log_max: 3, ..gestures() };
    let within = Search { from, bounds, ..Search::new(3, Grain::Gesture, goal("committed(1)")) };
    let found = run(&within);
    let way = found.run.unwrap();
    let mut last = None;
    let replayed = replay(rest, Grain::Gesture, &way, |run| last = Some(run.recording())).unwrap();
    assert_eq!(replayed.checker().committed(), Index(1));
    // It is a recording like any other: from the beginning of the run to the goal.
    let again = Run::replay(&last.unwrap()).unwrap();
    assert_eq!(again.digest(), replayed.digest());
}

#[test]
fn a_search_ends_where_it_is_told_to() {
    let full = Search::new(3, Grain::Gesture, goal("violated"));
    assert_eq!(run(&Search { states_max: 40_000, ..full.clone() }).ended, Ended::States);
    assert_eq!(run(&Search { steps_max: 4, ..full.clone() }).ended, Ended::Steps);
    assert_eq!(search(&full, |progress| progress.states < 100_000).ended, Ended::Cancelled);
    let memory = run(&Search { bytes_max: 64 << 20, ..full });
    assert_eq!(memory.ended, Ended::Memory);
    assert!(memory.progress.bytes <= 64 << 20);
    assert!(memory.progress.bytes > 16 << 20, "{:?}", memory.progress);
}

#[test]
fn a_wrong_next_index_does_no_harm_within_small_bounds() {
    let bounds = Bounds { term_max: 3, log_max: 2, misled_max: 2, ..neither() };
    let found = run(&Search { bounds, ..Search::new(3, Grain::Gesture, goal("violated")) });
    println!("{:?}", found.progress);
    assert_eq!((found.run, found.ended), (None, Ended::Exhausted));
}

#[test]
fn a_vote_for_an_old_term_does_no_harm_within_small_bounds() {
    let bounds = Bounds { term_max: 2, log_max: 2, restarts_max: 1, ..gestures() };
    let found = run(&without(Rule::RefuseStaleVoteRequest, Grain::Gesture, bounds, goal("violated")));
    println!("{:?}", found.progress);
    assert_eq!((found.run, found.ended), (None, Ended::Exhausted));
}

#[test]
fn in_which_term_something_was_committed_is_remembered_where_a_goal_asks() {
    let bounds = Bounds { term_max: 2, log_max: 1, ..neither() };
    let steps = |text: &str| {
        let within = Search { bounds, ..Search::new(3, Grain::Gesture, goal(text)) };
        let way = run(&within).run.unwrap_or_else(|| panic!("{text}"));
        done_again(&within, &way);
        way.len()
    };
    // A timeout, a vote, a command and its copy; another timeout, and the other two hear of it.
    let all_left = "all s: term(s) = 2";
    assert_eq!(steps(&format!("committed(1 in term 1) and {all_left}")), 7);
    assert_eq!(steps(&format!("committedIn(1) = 1 and {all_left}")), 7);
}

fn s(number: u8) -> ServerId {
    ServerId::new(number).unwrap()
}

/// Searches from where a run has come, and does what is found again.
fn goes_on(so_far: &Run, text: &str) -> Found {
    let rest = at_rest(so_far).unwrap();
    let from = Model::of(rest.world(), rest.checker());
    let highest = from.servers.iter().map(|server| server.node.term().0).max().unwrap();
    let bounds = Bounds { term_max: highest + 1, log_max: 0, restarts_max: 1, messages_max: 0, ..gestures() };
    let servers = from.servers.len() as u8;
    let within = Search { from, bounds, ..Search::new(servers, Grain::Gesture, goal(text)) };
    let found = run(&within);
    if let Some(way) = &found.run {
        let again = replay(rest, Grain::Gesture, way, |_| {}).unwrap_or_else(|why| panic!("{why}: {way:?}"));
        let scene = (again.world(), again.checker());
        assert!(goal(text).holds(&scene, Memory::default()), "{text}: {way:?}");
    }
    found
}

#[test]
fn a_search_from_a_network_that_was_cut_or_lossy_is_done_again_too() {
    let mut so_far = Run::new(&Setup::new(3, 7)).unwrap();
    so_far.run_until(1_000_000);
    let alone =
        Action::Partition { groups: vec![[s(1)].into_iter().collect(), [s(2), s(3)].into_iter().collect()] };
    so_far.act(alone).unwrap();
    let link = Link { loss_ppm: 1_000_000, ..Link::default() };
    so_far.act(Action::SetLink { from: Some(s(3)), to: Some(s(2)), link }).unwrap();
    for voter in [1, 2, 3] {
        let text =
            format!("any s: role(s) = leader and s != S{voter} and vote(S{voter}) = s and term(s) >= 2");
        assert!(goes_on(&so_far, &text).run.is_some(), "{text}");
    }
}

#[test]
fn a_server_that_lost_its_disk_for_good_does_not_come_back() {
    let mut so_far = Run::new(&Setup::new(3, 7)).unwrap();
    so_far.run_until(1_000_000);
    so_far.act(Action::Wipe { server: s(3) }).unwrap();
    assert_eq!(goes_on(&so_far, "up(S3)").ended, Ended::Exhausted);
    so_far.act(Action::Crash { server: s(2) }).unwrap();
    assert_eq!(goes_on(&so_far, "not up(S2)").run, Some(Vec::new()));
    assert_eq!(goes_on(&so_far, "up(S2)").run, Some(vec![Gesture::Restart(s(2))]));
}

#[test]
fn a_search_may_begin_in_any_term() {
    for term in ["1", "999999999999999"] {
        let start = Start::State(format!("S1:L{term} / S2:F{term} / S3:F{term}"));
        let so_far = Run::from_start(&Setup::new(3, 1), start).unwrap();
        assert_eq!(goes_on(&so_far, &format!("leaderOf({term}) = S1")).run, Some(Vec::new()));
        let found = goes_on(&so_far, &format!("role(S2) = leader and term(S2) = {term} + 1"));
        assert_eq!(found.run.map(|way| way.len()), Some(2));
    }
}

#[test]
fn a_run_that_sends_one_entry_at_a_time_is_not_searched_from() {
    let paper = Setup { options: Options::paper(), ..Setup::new(3, 7) };
    assert!(at_rest(&Run::new(&paper).unwrap()).is_err());
}

#[test]
fn many_messages_may_be_on_their_way() {
    let message = Message { from: s(1), to: s(2), term: Term(0), body: Body::TimeoutNow };
    let from = Model { messages: vec![message; 200], ..Model::new(3) };
    let bounds = Bounds { messages_max: 255, ..Bounds::of(Grain::Message) };
    let within = Search { from, bounds, steps_max: 2, ..Search::new(3, Grain::Message, goal("leaders = 9")) };
    assert_eq!(run(&within).ended, Ended::Steps);
}

/// Where servers answer before they have written, a crash may take them back to a term that all had left.
#[test]
fn what_a_crash_can_bring_back_is_not_forgotten() {
    let way = [
        Gesture::Timeout(s(1)),
        Gesture::Rpc(Ask::all(s(1), s(2))),
        Gesture::Rpc(Ask::all(s(1), s(3))),
        Gesture::Restart(s(1)),
        Gesture::Timeout(s(1)),
        Gesture::Rpc(Ask::all(s(1), s(2))),
        Gesture::Rpc(Ask::all(s(1), s(3))),
        Gesture::Restart(s(2)),
        Gesture::Restart(s(3)),
        Gesture::Timeout(s(2)),
        Gesture::Rpc(Ask::all(s(2), s(3))),
    ];
    let bounds = Bounds { restarts_max: 3, ..gestures() };
    let within = without(Rule::ReplyAfterFsync, Grain::Gesture, bounds, violated(Property::ElectionSafety));
    let states = wavetank::explore::states(&within, &way);
    assert_eq!(states.len(), way.len());
    let replayed = done_again(&within, &way);
    assert!(replayed.violations().iter().any(|it| it.property == Property::ElectionSafety));
    assert!(states[way.len() - 1].past.violated.contains(&Property::ElectionSafety));
}
