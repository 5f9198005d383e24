//! Every event is one sentence; every decision can be explained, broken and graded.

use wavetank::check::Property;
use wavetank::explain::{
    Kind, Scene, Sentence, ballot, because, decided_by, decides, sentence, who_believes, why_not_committed,
    why_vote, would_vote,
};
use wavetank::kv::Op;
use wavetank::raft::{
    Configuration, Guard, Index, Round, Rule, Rules, ServerId, ServerSet, Term, Timer, Token, Value,
};
use wavetank::sim::{Action, Event, Setup, What};
use wavetank::timeline::{Run, Start};

#[path = "explain/stories.rs"]
mod stories;
#[path = "explain/storms.rs"]
mod storms;
#[path = "explain/truth.rs"]
mod truth;

fn s(n: u8) -> ServerId {
    ServerId::new(n).unwrap()
}

fn put(key: &str, value: &str) -> Action {
    Action::Submit { op: Op::Put { key: key.into(), value: value.into() }, to: None, mode: None }
}

/// A run from a typed state in which nothing moves by itself, with these rules off.
fn by_hand(state: &str, off: &[Rule]) -> Run {
    let servers = state.split('/').count() as u8;
    let setup = Setup { rules_off: Rules::without(off), ..Setup::new(servers, 1) };
    let mut run = Run::from_start(&setup, Start::State(state.into())).unwrap();
    run.act(Action::Manual { on: true }).unwrap();
    run
}

fn settle(run: &mut Run) {
    while run.step().is_some() {}
}

fn stand(run: &mut Run, candidate: u8) {
    run.act(Action::Fire { server: s(candidate), timer: Timer::Election }).unwrap();
    settle(run);
}

/// Delivers every message from one server to another that is on its way, oldest first.
fn deliver(run: &mut Run, from: u8, to: u8) {
    let on_the_way = |p: &&wavetank::sim::Packet| {
        p.name.from.server() == Some(s(from)) && p.name.to.server() == Some(s(to))
    };
    let mut names: Vec<_> = run.world().network().packets().filter(on_the_way).map(|p| p.name).collect();
    names.sort_unstable();
    for message in names {
        run.act(Action::Deliver { message }).unwrap();
        settle(run);
    }
}

/// The last event that carried the decision of that rule.
fn deciding(run: &Run, rule: Rule) -> &Event {
    run.events().iter().rev().find(|event| event.guards.iter().any(|guard| guard.rule == rule)).unwrap()
}

fn guard_of(event: &Event, rule: Rule) -> &Guard {
    event.guards.iter().find(|guard| guard.rule == rule).unwrap()
}

/// Whether a text is prose, and not what a program prints of its values.
fn plain(text: &str) -> bool {
    let machine = ["{", "}", "Some(", "None", "Index(", "Term(", "Server(", "::", "[", "_"];
    !machine.iter().any(|piece| text.contains(piece))
}

fn said(run: &Run, event: &Event) -> String {
    sentence(event, Scene::of(run)).to_string()
}

fn sentences(run: &Run) -> Vec<Sentence> {
    run.events().iter().map(|event| sentence(event, Scene::of(run))).collect()
}

/// A thin slice through everything: a rule explained, broken and graded.
struct Slice {
    rule: Rule,
    state: &'static str,
    act: fn(&mut Run),
    /// What the decision is in words.
    because: &'static str,
    /// A piece of the sentence of the event, with the rule on.
    on: &'static str,
    /// The promise that falls with the rule off, in this very run; or the guard alone says it.
    falls: Option<Property>,
}

const SLICES: &[Slice] = &[
    Slice {
        rule: Rule::RefuseStaleVoteRequest,
        state: "S1:F1 1 / S2:F1 1 / S3:F4 1",
        act: |run| {
            stand(run, 1);
            deliver(run, 1, 3);
        },
        because: "the request is of term 2, and the voter is already in term 4",
        on: "S3 refuses its vote to S1 in term 2: the request is of term 2, and the voter is already in term 4 (§5.1).",
        falls: None,
    },
    Slice {
        rule: Rule::OneVotePerTerm,
        state: "S1:F1 1 / S2:F1 1 / S3:F1 1",
        act: |run| {
            stand(run, 1);
            stand(run, 2);
            deliver(run, 1, 3);
            deliver(run, 3, 1);
            deliver(run, 2, 3);
            deliver(run, 3, 2);
        },
        because: "the voter has already voted for S1 in this term, and S2 asks",
        on: "S3 refuses its vote to S2 in term 2: the voter has already voted for S1 in this term, and S2 asks (§5.2).",
        falls: Some(Property::ElectionSafety),
    },
    Slice {
        rule: Rule::LogUpToDate,
        state: "S1:F2 11 c1 / S2:F2 122 c2 / S3:F2 122 c3",
        act: |run| {
            stand(run, 1);
            deliver(run, 1, 3);
            deliver(run, 3, 1);
        },
        because: "the candidate's log ends in term 1 at index 2, the voter's ends in term 2 at index 3",
        on: "S3 refuses its vote to S1 in term 3: the candidate's log ends in term 1 at index 2",
        falls: Some(Property::LeaderCompleteness),
    },
    Slice {
        rule: Rule::MatchFromRequest,
        state: "S1:L2 11 c2 / S2:F1 11 / S3:F1 11",
        act: |run| {
            run.act(Action::Send { from: s(1), to: s(2), empty: false }).unwrap();
            run.act(Action::Propose { server: s(1), op: Op::Set { value: "5".into() } }).unwrap();
            settle(run);
            let oldest = run.world().network().packets().filter(|p| p.name.to.server() == Some(s(2)));
            let message = oldest.map(|p| p.name).min().unwrap();
            run.act(Action::Deliver { message }).unwrap();
            settle(run);
            deliver(run, 2, 1);
            // Those who have not stored entry 3 elect a leader who does not have it.
            stand(run, 2);
            deliver(run, 2, 3);
            deliver(run, 3, 2);
        },
        because: "the acknowledged request reached to index 2, and the leader's log to index 3",
        on: "S1 hears that S2's log agrees up to entry 2 (§5.3).",
        falls: Some(Property::LeaderCompleteness),
    },
    Slice {
        rule: Rule::VoteSurvivesCrash,
        state: "S1:F1 1 / S2:F1 1 / S3:F1 1",
        act: |run| {
            stand(run, 1);
            stand(run, 2);
            deliver(run, 1, 3);
            deliver(run, 3, 1);
            run.act(Action::Crash { server: s(3) }).unwrap();
            run.act(Action::Restart { server: s(3) }).unwrap();
            deliver(run, 2, 3);
            deliver(run, 3, 2);
        },
        because: "the disk holds a vote for S1; forgotten, it would be for nobody",
        on: "S3 restarts from its disk: it knows term 2, a vote for S1 and 1 entry",
        falls: Some(Property::ElectionSafety),
    },
];

#[test]
fn a_decision_is_explained_with_both_values() {
    for slice in SLICES {
        let mut run = by_hand(slice.state, &[]);
        (slice.act)(&mut run);
        let event = deciding(&run, slice.rule);
        let words = because(guard_of(event, slice.rule));
        assert!(words.starts_with(slice.because), "{}: {words}", slice.rule);
        assert!(said(&run, event).starts_with(slice.on), "{}: {}", slice.rule, said(&run, event));
    }
}

#[test]
fn with_its_rule_off_the_step_passes_and_a_promise_falls() {
    for slice in SLICES {
        let mut whole = by_hand(slice.state, &[]);
        (slice.act)(&mut whole);
        assert_eq!(whole.violations(), [], "{}: with the rule on nothing falls", slice.rule);

        let mut broken = by_hand(slice.state, &[slice.rule]);
        (slice.act)(&mut broken);
        let event = deciding(&broken, slice.rule);
        let guard = guard_of(event, slice.rule);
        assert!(guard.broken(), "{}", slice.rule);
        assert!(because(guard).contains("but the rule is off"), "{}", because(guard));
        assert!(said(&broken, event).contains("a rule is off here"), "{}", said(&broken, event));
        let fallen: Vec<Property> = broken.violations().iter().map(|violation| violation.property).collect();
        // What it rests on may fall earlier.
        match slice.falls {
            Some(property) => assert!(fallen.contains(&property), "{}: {fallen:?}", slice.rule),
            None => assert_eq!(fallen, [], "{}", slice.rule),
        }
    }
}

#[test]
fn a_clicked_rule_is_graded_by_the_decision_that_counted() {
    for slice in SLICES {
        for off in [vec![], vec![slice.rule]] {
            let mut run = by_hand(slice.state, &off);
            (slice.act)(&mut run);
            let event = deciding(&run, slice.rule);
            assert!(decides(event, slice.rule), "{} with off: {off:?}", slice.rule);
            assert!(!decides(event, Rule::RandomisedTimeouts) && !decides(event, Rule::ReplyAfterFsync));
            if !off.is_empty() {
                assert_eq!(decided_by(event), Some(slice.rule));
            }
        }
    }
}

#[test]
fn a_vote_that_nothing_refused_was_decided_by_no_rule() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F1 1", &[]);
    stand(&mut run, 1);
    deliver(&mut run, 1, 2);
    let event = deciding(&run, Rule::LogUpToDate);
    assert!(said(&run, event).starts_with("S2 grants its vote to S1 in term 2"), "{}", said(&run, event));
    let vote = why_vote(event).unwrap();
    assert!(vote.granted);
    assert!(vote.sentence.contains("at least as up to date"), "{}", vote.sentence);
}

#[test]
fn every_rule_has_words_for_every_value_it_can_meet_and_names_both() {
    let joint = Configuration {
        outgoing: ServerSet::first(1),
        learners: ServerSet::first(4),
        ..Configuration::of_first(3)
    };
    let values = [
        (Value::Flag(true), Value::Flag(false)),
        (Value::Count(3), Value::Count(4)),
        (Value::Count(5), Value::Count(0)),
        (Value::Term(Term(3)), Value::Term(Term(4))),
        (Value::EntryTerm(None), Value::EntryTerm(Some(Term(7)))),
        (Value::Index(Index(3)), Value::Index(Index(9))),
        (Value::End(Term(2), Index(8)), Value::End(Term(3), Index(0))),
        (Value::Server(Some(s(2))), Value::Server(Some(s(5)))),
        (Value::Servers(ServerSet::first(2)), Value::Servers(ServerSet::first(5))),
        (Value::RangeUs(150_000, 300_000), Value::RangeUs(150_000, 150_000)),
        (Value::Write(Some(Token(4))), Value::Write(None)),
        (Value::Round(Round(4)), Value::Round(Round(0))),
        (Value::Configuration(Configuration::of_first(2)), Value::Configuration(joint)),
    ];
    let words = [
        ["is", "is not"],
        ["3", "4"],
        ["5", "0"],
        ["term 3", "term 4"],
        ["no entry", "term 7"],
        ["index 3", "index 9"],
        ["term 2 at index 8", "empty"],
        ["S2", "S5"],
        ["S1 and S2", "S4 and S5"],
        ["150 ms to 300 ms", "150 ms"],
        ["write 4", "no write"],
        ["round 4", "no round"],
        ["S1 and S2", "S1, S2 and S3 together with the old S1 (learning: S1, S2, S3 and S4)"],
    ];
    // What these ask is a yes or a no, and their words say which.
    let asks = [
        Rule::PreVote,
        Rule::Stickiness,
        Rule::VoteTimerOnlyOnGrant,
        Rule::RemovedLeaderStepsDownAfterCommit,
        Rule::SnapshotKeepsSuffix,
        Rule::LeaseGivenUpOnTransfer,
        Rule::LeaseNeedsStickiness,
        Rule::RestartedVoterWaits,
    ];
    for &rule in Rule::ALL.iter().filter(|rule| !asks.contains(rule)) {
        for ((left, right), both) in values.into_iter().zip(words) {
            for (on, held) in [(true, true), (true, false), (false, true), (false, false)] {
                let text = because(&Guard { rule, on, held, left, right });
                assert!(both.iter().all(|word| text.contains(word)), "{rule}: {text} names {both:?}");
                assert_eq!(text.contains("the rule is off"), !on && !held, "{text}");
                assert!(plain(&text) && !text.ends_with(": "), "{rule}: {text}");
            }
        }
    }
}

/// A run in which about everything happens.
fn busy() -> Run {
    let mut setup = Setup::new(5, 7);
    setup.options.link.loss_ppm = 50_000;
    setup.options.link.duplicate_ppm = 20_000;
    setup.options.workload_every_us = 90_000;
    let mut run = Run::new(&setup).unwrap();
    for round in 1..=5u8 {
        let until = u64::from(round) * 2_000_000;
        run.run_until(until - 1_500_000);
        let _ = run.act(put("x", &round.to_string()));
        let _ = run.act(Action::Crash { server: s(round) });
        let _ = run.act(Action::Crash { server: s(round) });
        run.run_until(until - 900_000);
        let _ = run.act(Action::Restart { server: s(round) });
        let groups = vec![ServerSet::first(2), [s(3), s(4), s(5)].into_iter().collect()];
        let _ = run.act(Action::Partition { groups });
        let _ = run.act(Action::Fire { server: s(round), timer: Timer::Election });
        run.run_until(until - 400_000);
        let _ = run.act(Action::Heal);
        let _ = run.act(Action::Pause { server: s(6 - round) });
        run.run_until(until);
        let _ = run.act(Action::Resume { server: s(6 - round) });
    }
    run
}

#[test]
fn every_event_of_a_busy_run_is_one_sentence_of_a_known_kind() {
    let run = busy();
    let all = sentences(&run);
    assert!(all.len() > 1000, "{} events", all.len());
    for (event, sentence) in run.events().iter().zip(&all) {
        let text = sentence.to_string();
        let first = text.chars().next().unwrap();
        assert!(first.is_uppercase() && text.ends_with('.'), "{text}");
        assert!(!text.contains("..") && !text.contains("  "), "{text}");
        assert!(!text.contains("nobody has") && !text.contains("votes of nobody"), "{text} {event:?}");
        assert_eq!(sentence.about.event, event.id);
        let raft = event.server.is_some() && !matches!(event.what, What::Acted { .. });
        assert!(!raft || !sentence.sections.is_empty(), "{text} has its section");
        assert!(event.server.is_none_or(|server| sentence.servers.contains(server)), "{text}");
    }
    for kind in Kind::ALL {
        assert!(all.iter().any(|sentence| sentence.kind == kind), "no sentence about {}", kind.name());
    }
}

#[test]
fn an_election_and_a_write_tell_their_story() {
    let mut run = Run::new(&Setup::new(3, 7)).unwrap();
    run.run_until(600_000);
    run.act(put("x", "1")).unwrap();
    run.run_until(900_000);
    let all: Vec<String> = sentences(&run).iter().map(ToString::to_string).collect();
    let leader = run.world().servers().iter().find(|server| server.node.is_leader()).unwrap().node.id();
    for expected in [
        format!(
            "{leader} has heard nothing from a leader for its election timeout and stands for election in term 1; it asks for votes when that is on its disk (§5.2)."
        ),
        format!("{leader}'s vote for itself in term 1 is on its disk; its requests for votes leave, to"),
        format!(
            "grants its vote to {leader} in term 1; its vote leaves when that is on its disk (§5.2, §5.4.1)."
        ),
        format!("; its vote for {leader} leaves (§5.1, D3.8)."),
        "a majority of three: it leads in term 1 (§5.2).".to_string(),
        format!("{leader} takes C1's x←1 into its log as entry 1 of term 1, and sends it to"),
        format!("{leader}'s AppendEntries reaches"),
        format!("{leader} counts entry 1 on"),
        "a majority of three: committed (§5.3, §5.4.2).".to_string(),
        format!("C1 knows that x←1 is done: OK – {leader} has answered (§8)."),
        "commitIndex 0 → 1 (§5.3).".to_string(),
    ] {
        assert!(all.iter().any(|text| text.contains(&expected)), "missing: {expected}\n{}", all.join("\n"));
    }
}

#[test]
fn a_commit_names_those_whose_copies_counted_then_and_not_those_of_today() {
    let mut run = by_hand("S1:L2 12 / S2:F1 1 / S3:F1 1 / S4:F1 1 / S5:F1 1", &[]);
    run.act(Action::Send { from: s(1), to: s(4), empty: false }).unwrap();
    run.act(Action::Send { from: s(1), to: s(2), empty: false }).unwrap();
    for _ in 0..3 {
        for (from, to) in [(1, 4), (4, 1), (1, 2), (2, 1)] {
            deliver(&mut run, from, to);
        }
    }
    let text = sentences(&run).iter().find(|s| s.kind == Kind::Commit).unwrap().to_string();
    assert_eq!(text, "S1 counts entries 1–2 on S1, S2 and S4, a majority of five: committed (§5.3, §5.4.2).");
}

#[test]
fn a_sentence_concerns_the_servers_that_it_names_and_no_others() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F1 1 / S4:F1 1 / S5:F1 1", &[]);
    stand(&mut run, 1);
    for voter in [2, 4] {
        deliver(&mut run, 1, voter);
        deliver(&mut run, voter, 1);
    }
    let all = sentences(&run);
    let won = all.iter().find(|sentence| sentence.text.contains("it leads")).unwrap();
    assert_eq!(won.text, "S1 has the votes of S1, S2 and S4, a majority of five: it leads in term 2");
    assert_eq!(won.servers, [s(1), s(2), s(4)].into_iter().collect());
}

#[test]
fn a_refused_action_says_why_nothing_came_of_it() {
    let mut run = Run::new(&Setup::new(3, 1)).unwrap();
    run.act(Action::Restart { server: s(1) }).unwrap_err();
    run.act(Action::Crash { server: s(7) }).unwrap_err();
    let all: Vec<String> = sentences(&run).iter().map(ToString::to_string).collect();
    assert!(all[0].starts_with("Nothing comes of “restart S1”: S1 is running already"), "{}", all[0]);
    assert!(all[1].contains("there is no S7: this cluster has S1 to S3"), "{}", all[1]);
}

#[test]
fn a_refusal_of_appendentries_names_the_index_and_the_end_of_the_log() {
    let mut run = by_hand("S1:L7 1112 / S2:F1 11 / S3:F1 111", &[]);
    run.act(Action::Send { from: s(1), to: s(2), empty: false }).unwrap();
    deliver(&mut run, 1, 2);
    let event = deciding(&run, Rule::PrevLogIndex);
    assert_eq!(
        said(&run, event).split(';').next().unwrap().trim_end_matches('.'),
        "S2 refuses S1's AppendEntries: it has no entry at prevLogIndex 4, its log ends at 2 (§5.3)"
    );
    assert_eq!(decided_by(event), Some(Rule::PrevLogIndex));
}

#[test]
fn why_an_entry_is_not_committed_names_who_is_missing_or_the_old_term() {
    let run = by_hand("S1:L4 12 c1 / S2:F2 12 / S3:F2 12 / S4:x1 1 / S5:F3 13", &[]);
    let why = |index| why_not_committed(run.world(), Index(index));
    assert_eq!(why(1), "Entry 1 is committed: commitIndex of S1 is 1.");
    assert_eq!(
        why(2),
        "Entry 2 is known to be on S1 only, and three of five are needed: acknowledgements of S2, S3, S4 (down) and \
         S5 are missing (§5.3)."
    );
    assert_eq!(why(3), "S1 leads and has no entry 3: its log ends at 2.");

    let mut run = by_hand("S1:L4 12 c1 / S2:F2 12 / S3:F2 12", &[]);
    run.act(Action::Send { from: s(1), to: s(2), empty: false }).unwrap();
    deliver(&mut run, 1, 2);
    deliver(&mut run, 2, 1);
    let why = why_not_committed(run.world(), Index(2));
    assert!(why.starts_with("Entry 2 is on a majority (S1 and S2), but of the old term 2"), "{why}");
    let event = deciding(&run, Rule::CommitOnlyCurrentTerm);
    assert_eq!(decided_by(event), Some(Rule::CommitOnlyCurrentTerm));
    assert!(
        said(&run, event).contains("the entry on a majority is of term 2, and the leader leads in term 4")
    );

    let run = by_hand("S1:F4 12 / S2:F2 12 / S3:F2 12", &[]);
    assert!(why_not_committed(run.world(), Index(2)).starts_with("Nobody leads now"));
    assert!(why_not_committed(run.world(), Index(0)).starts_with("Nobody leads now"));
}

#[test]
fn everyone_says_whom_it_believes_to_lead() {
    let mut run = by_hand("S1:L4 12 / S2:F2 12 / S3:C4 12 / S4:x1 1", &[]);
    run.act(Action::Send { from: s(1), to: s(2), empty: false }).unwrap();
    deliver(&mut run, 1, 2);
    assert_eq!(
        who_believes(run.world()),
        [
            "S1 believes that it leads itself, in term 4.",
            "S2 believes that S1 leads, in term 4.",
            "S3 knows of no leader and stands for election in term 4.",
            "S4 is down and believes nothing.",
        ]
    );
}

#[test]
fn a_vote_is_tried_on_clones_and_agrees_with_what_then_happens() {
    let state = "S1:F4 1122224 / S2:F3 1113 / S3:F2 11222 / S4:F1 1 / S5:F2 112222";
    for candidate in 1..=5 {
        for voter in (1..=5).filter(|&voter| voter != candidate) {
            let mut run = by_hand(state, &[]);
            let digest = run.digest();
            let verdict = would_vote(run.world(), s(voter), s(candidate)).unwrap();
            assert_eq!(run.digest(), digest);
            stand(&mut run, candidate);
            deliver(&mut run, candidate, voter);
            let vote = run.events().iter().rev().find_map(|event| why_vote(event)).unwrap();
            assert_eq!(vote.granted, verdict.granted, "{}", verdict.sentence);
            assert!(verdict.guards.len() >= 2 && verdict.sentence.contains("would"), "{}", verdict.sentence);
        }
    }
}

#[test]
fn who_can_win_is_answered_with_names_and_reasons() {
    let run = by_hand("S1:x4 1122224 / S2:F3 1113 / S3:F2 11222 / S4:F1 1 / S5:F2 112222", &[]);
    let wins = |n| ballot(run.world(), s(n)).map(|ballot| ballot.wins);
    assert_eq!(
        (1..=5).map(wins).collect::<Vec<_>>(),
        [Err("S1 is down: restart it first".to_string()), Ok(true), Ok(false), Ok(false), Ok(true)]
    );
    let why = ballot(run.world(), s(3)).unwrap().why_not().unwrap();
    assert!(why.starts_with("only S3 and S4 would vote for it; S2 would refuse: "), "{why}");
    assert!(why.contains("S1 can't be reached"), "{why}");
    assert!(would_vote(run.world(), s(1), s(2)).unwrap_err().contains("down"));
    assert!(would_vote(run.world(), s(2), s(9)).unwrap_err().contains("no S9"));
}

#[test]
fn whoever_gives_up_what_it_was_is_named_with_the_reason() {
    let heartbeat = Action::Send { from: s(2), to: s(1), empty: false };
    let election = Action::Fire { server: s(2), timer: Timer::Election };
    for (state, action, expected) in [
        (
            "S1:L1 / S2:L2 / S3:F2",
            &heartbeat,
            "S2's heartbeat reaches S1, which has stepped down as leader of term 1 because term 2 is above its term 1: its election timer starts again; its answer leaves when that is on its disk (§5.1, §5.2).",
        ),
        (
            "S1:C1 / S2:L2 / S3:F2",
            &heartbeat,
            "S2's heartbeat reaches S1, which has given up its candidacy in term 1 because term 2 is above its term 1: its election timer starts again; its answer leaves when that is on its disk (§5.1, §5.2).",
        ),
        (
            "S1:C2 / S2:L2 / S3:F2",
            &heartbeat,
            "S2's heartbeat reaches S1, which has given up its candidacy in term 2 because S2 leads term 2: its election timer starts again (§5.2).",
        ),
        (
            "S1:P1 / S2:L2 / S3:F2",
            &heartbeat,
            "S2's heartbeat reaches S1, which has given up asking whether it would be elected because term 2 is above its term 1: its election timer starts again; its answer leaves when that is on its disk (§5.1, §5.2).",
        ),
        (
            "S1:C1 / S2:L2 1 / S3:F2 1",
            &heartbeat,
            "S1 refuses S2's AppendEntries, having given up its candidacy in term 1 because term 2 is above its term 1: it has no entry at prevLogIndex 1, its log ends at 0 (§5.1, §5.3).",
        ),
        (
            "S1:L1 / S2:F1 / S3:F1",
            &election,
            "S1 grants its vote to S2 in term 2, having stepped down as leader of term 1 because term 2 is above its term 1; its vote leaves when that is on its disk (§5.1, §5.2, §5.4.1).",
        ),
        (
            "S1:L1 1 / S2:F1 / S3:F1",
            &election,
            "S1 refuses its vote to S2 in term 2, having stepped down as leader of term 1 because term 2 is above its term 1: ",
        ),
    ] {
        let mut run = by_hand(state, &[]);
        run.act(action.clone()).unwrap();
        settle(&mut run);
        deliver(&mut run, 2, 1);
        let gave_up = |event: &&std::sync::Arc<Event>| {
            event.server == Some(s(1)) && matches!(event.what, What::Delivered { .. })
        };
        let event = run.events().iter().find(gave_up).expect("it arrives");
        let sentence = said(&run, event);
        assert!(sentence.starts_with(expected), "{state}\n{sentence}\n{expected}");
    }
}
