//! What the checks say when a promise falls: which one, the servers, the place, the values and the events
//! that make it so. And what only looks like it, where nothing falls.

mod common;

use common::*;
use wavetank::check::{Checker, Property, Violation};
use wavetank::kv::Op;
use wavetank::raft::{Change, Index, RoleName, Rule, Rules};
use wavetank::sim::{Action, ClientId, Endpoint, Event, EventId, PacketName, Setup, Stepped, TookEffect};
use wavetank::timeline::{Recording, Run};

/// Three servers with one entry.
const THREE: &str = "S1:F1 1 / S2:F1 1 / S3:F1 1";
/// Three servers, the first of which leads.
const LED: &str = "S1:L2 2 / S2:F2 2 / S3:F2 2";

/// A recording that ships, of a rule that is off.
fn shipped(name: &str) -> Run {
    let file = format!("{}/static/broken/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).expect("the recording ships");
    let recording = Recording::from_json(&text).expect("it can be read");
    Run::replay(&recording).expect("it makes a run")
}

/// By hand, from that state, without these rules.
fn by_hand(start: &str, off: &[Rule]) -> Run {
    still(&without(&Setup::new(5, 1), off), start)
}

#[track_caller]
fn fallen(run: &Run, property: Property) -> &Violation {
    let found = run.violations().iter().find(|violation| violation.property == property);
    found.unwrap_or_else(|| panic!("{property} is to fall: {:?}\n{}", run.violations(), story(run)))
}

/// What an event did to its server, as far as promises are about it: `S1 leads term 2`.
fn deed(event: &Event) -> String {
    let Some((server, change)) = event.server.zip(event.change) else { return "nothing".into() };
    let (was, is) = (change.before, change.after);
    let mut deeds = Vec::new();
    if is.role != was.role && is.role == RoleName::Leader {
        deeds.push(format!("leads term {}", is.term));
    }
    if is.voted_for != was.voted_for
        && let Some(candidate) = is.voted_for
    {
        deeds.push(format!("votes for {candidate} in term {}", is.term));
    }
    if let Some(from) = change.log_from {
        deeds.push(format!("writes from {from} up to {}", is.last_index));
    }
    if is.commit > was.commit {
        deeds.push(format!("commits {}", is.commit));
    }
    if is.applied > was.applied {
        deeds.push(format!("applies {}", is.applied));
    }
    if is.applied < was.applied || is.commit < was.commit {
        deeds.push("goes back".into());
    }
    if !was.up && is.up {
        deeds.push("comes up".into());
    }
    format!("{server} {}", deeds.join(", "))
}

/// The violation as a few lines: servers, index, sentence, values, and what the events did.
fn lines(run: &Run, violation: &Violation) -> Vec<String> {
    let Violation { servers, index, sentence, values, events, .. } = violation;
    let index = index.map_or("no index".into(), |index| format!("index {index}"));
    let mut lines = vec![format!("{servers} {index}: {sentence}")];
    lines.extend(values.iter().map(|fact| format!("{}: {}", fact.label, fact.text)));
    let told = |event: &EventId| format!("→ {}", run.event(*event).map_or("the start".into(), |e| deed(e)));
    lines.extend(events.iter().map(told));
    lines
}

#[track_caller]
fn says(run: &Run, property: Property, expected: &str) {
    let violation = fallen(run, property);
    assert_eq!(violation.events.last(), Some(&violation.event));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines(run, violation), expected);
}

// Election Safety.

#[test]
fn two_leaders_of_a_term_are_named_with_their_elections() {
    let expected = "
        {S1, S3} no index: Term 2 has two leaders: S1 was elected in it, and now S3 is.
        term: 2
        S1 goes by: {S1, S2, S3}
        S3 goes by: {S1, S2, S3}
        → S1 leads term 2
        → S3 leads term 2";
    says(&shipped("oneVotePerTerm"), Property::ElectionSafety, expected);
    // Majorities that share no server.
    let run = shipped("jointPhase");
    let values = &fallen(&run, Property::ElectionSafety).values;
    let texts: Vec<&str> = values.iter().map(|fact| &fact.text[..]).collect();
    assert_eq!(texts, ["3", "{S1, S2, S3, S4, S5}", "{S1, S2, S3}"]);
}

#[test]
fn two_leaders_of_different_terms_are_allowed() {
    let mut run = by_hand(THREE, &[]);
    elect_by(&mut run, 1, &[2]);
    time_out(&mut run, 3);
    drop_all(&mut run, |_| true);
    elect_by(&mut run, 3, &[2]);
    assert!(server(&run, 1).node.is_leader() && server(&run, 3).node.is_leader());
    assert_eq!(run.violations(), []);
}

// Leader Append-Only.

#[test]
fn a_leader_that_changes_its_log_is_named_with_its_election() {
    // No rule that is off brings a leader to this: the checker is told that it did.
    let mut run = by_hand(THREE, &[]);
    elect_by(&mut run, 1, &[2]);
    propose(&mut run, 1, "a");
    settle(&mut run);
    let wrote = |from: u64| {
        let mut checker = run.checker().clone();
        let event = EventId(run.world().events() - 1);
        let log_from = Some(Index(from));
        checker.look(
            run.world(),
            &Stepped {
                event,
                server: Some(s(1)),
                client: None,
                acted: false,
                log_from,
                reborn: false,
                took_effect: &[],
            },
        );
        checker.violations().first().map(|violation| lines(&run, violation))
    };
    let said = [
        "{S1} index 2: S1 leads term 2, and changed its own entry 2.",
        "its log went up to: 2",
        "it wrote from: 2",
        "→ S1 leads term 2",
        "→ S1 ",
    ];
    assert_eq!(wrote(2), Some(said.map(String::from).to_vec()));
    assert_eq!(wrote(3), None, "what comes behind the end is appended");
}

#[test]
fn a_leader_that_was_replaced_may_lose_what_it_appended() {
    let mut run = by_hand(LED, &[]);
    propose(&mut run, 1, "a");
    settle(&mut run);
    drop_all(&mut run, |_| true);
    elect_by(&mut run, 2, &[3]);
    propose(&mut run, 2, "b");
    settle(&mut run);
    replicate(&mut run, 2, 3);
    assert_eq!((commit(&run, 2), log(&run, 1)), (2, "22".into()));
    // S1 leads an older term still, without what is committed in the later one.
    assert!(server(&run, 1).node.is_leader());
    replicate(&mut run, 2, 1);
    assert_eq!(log(&run, 1), "23");
    assert_eq!(run.violations(), []);
}

// Log Matching.

#[test]
fn entries_that_differ_are_named_with_where_they_came_from() {
    let before = "
        {S1, S2} index 4: Entry 4 of term 3 stood in S1's log; in S2's it has an entry of term 1 before it, not of term 3.
        on S1: a
        term before it on S1: 3
        on S2: a
        term before it on S2: 1
        → S1 writes from 4 up to 4
        → S2 writes from 4 up to 4";
    says(&shipped("prevLogTerm"), Property::LogMatching, before);
    let torn = "
        {S1, S2} index 2: Entry 2 of term 2 stood in S1's log; in S2's it has another command.
        on S1: a command of some length
        term before it on S1: 2
        on S2: bytes that are no command
        term before it on S2: 2
        → S1 writes from 2 up to 2
        → S2 writes from 2 up to 2, comes up";
    says(&shipped("checksumEndsLog"), Property::LogMatching, torn);
}

// Leader Completeness.

#[test]
fn a_leader_without_a_committed_entry_is_named_with_who_committed_it() {
    let expected = "
        {S1, S3} index 2: S3 leads term 3 without entry 2 of term 2, which S1 had committed in term 2.
        committed: term 2, a
        on S3: nothing: the log ends at 1
        → S1 commits 2, applies 2
        → S3 leads term 3";
    says(&shipped("logUpToDate"), Property::LeaderCompleteness, expected);
}

// State Machine Safety.

#[test]
fn entries_that_were_applied_at_the_same_place_are_named() {
    let expected = "
        {S1, S2} index 2: At index 2, S1 applied an entry of term 3, and S2 another one, of term 2.
        applied by S1: term 3, 3.2
        applied by S2: term 2, 2.2
        → S2 commits 2, applies 2";
    says(&shipped("heartbeatChecked"), Property::StateMachineSafety, expected);
}

// Monotone.

#[test]
fn what_goes_back_is_named_with_since_when_it_was_so() {
    let term = "
        {S2} no index: S2 came up in term 0, though term 2 is on its disk.
        term before: 2
        term now: 0
        → S2 votes for S1 in term 2
        → S2 comes up";
    says(&shipped("termSurvivesCrash"), Property::Monotone, term);
    let commit = "
        {S2} no index: S2's commitIndex went back from 3 to 2.
        commitIndex before: 3
        commitIndex now: 2
        → S2 commits 3, applies 3
        → S2 writes from 3 up to 2, goes back";
    says(&shipped("snapshotOnlyIfNewer"), Property::Monotone, commit);
}

#[test]
fn a_crash_takes_back_a_term_that_was_not_on_the_disk_and_what_was_in_memory() {
    let mut run = by_hand("S1:L2 2 c1 / S2:F2 2 / S3:F2 2", &[]);
    act(&mut run, Action::Fire { server: s(3), timer: wavetank::raft::Timer::Election });
    assert_eq!(term(&run, 3).0, 3);
    crash(&mut run, 3);
    restart(&mut run, 3);
    crash(&mut run, 1);
    restart(&mut run, 1);
    assert_eq!((term(&run, 3).0, commit(&run, 1)), (2, 0));
    assert_eq!(run.violations(), []);
}

// Durable Commit.

#[test]
fn a_commit_with_too_few_disks_is_named_with_what_is_on_each() {
    let nobody_asked = "
        {S1, S2, S3} index 2: S1 committed entry 2 of term 2 when it was on the disks of {S1}: no majority of {S1, S2, S3}.
        configuration: {S1, S2, S3}
        on the disk of S1: term 2, a
        on the disk of S2: nothing: the log ends at 1
        on the disk of S3: nothing: the log ends at 1
        → S1 writes from 2 up to 2
        → S1 commits 2, applies 2";
    says(&shipped("commitAfterQuorum"), Property::DurableCommit, nobody_asked);
    // S2 has it in memory alone.
    says(&shipped("replyAfterFsync"), Property::DurableCommit, nobody_asked);
    let learner = fallen(&shipped("learnersNotCounted"), Property::DurableCommit).sentence.clone();
    let says = "when it was on the disks of {S1}: no majority of {S1, S2, S3}, learners {S4}.";
    assert!(learner.ends_with(says), "{learner}");
}

#[test]
fn a_disk_that_lies_is_found_out_when_something_is_committed() {
    let mut run = by_hand(LED, &[]);
    let lie = Action::SetDisk { server: s(2), lies: true, fsync: None };
    assert!(lie.is_outside_fault_model(Rules::ALL_ON));
    act(&mut run, lie);
    propose(&mut run, 1, "a");
    settle(&mut run);
    replicate(&mut run, 1, 2);
    assert_eq!(commit(&run, 1), 2);
    let expected = "
        {S1, S2, S3} index 2: S1 committed entry 2 of term 2 when it was on the disks of {S1}: no majority of {S1, S2, S3}.
        configuration: {S1, S2, S3}
        on the disk of S1: term 2, a
        on the disk of S2: nothing: the log ends at 1
        on the disk of S3: nothing: the log ends at 1
        → S1 writes from 2 up to 2
        → S1 commits 2, applies 2";
    says(&run, Property::DurableCommit, expected);
}

#[test]
fn who_could_be_elected_without_a_committed_entry_is_named_with_who_would_vote_for_it() {
    // Figure 8.
    let old_term = "
        {S1, S5} index 2: S5 could be elected by {S1, S2, S3, S4, S5}, and lacks entry 2 of term 2, which S1 had committed in term 4.
        committed: term 2, two
        on S5: term 3, three
        S5 goes by: {S1, S2, S3, S4, S5}
        log of S1 ends at: 2 of term 2
        log of S2 ends at: 2 of term 2
        log of S3 ends at: 2 of term 2
        log of S4 ends at: 1 of term 1
        log of S5 ends at: 2 of term 3
        → S5 writes from 2 up to 2
        → S1 commits 2, applies 2";
    says(&shipped("commitOnlyCurrentTerm"), Property::DurableCommit, old_term);
    let forgotten = "
        {S1, S3} index 2: S3 could be elected by {S2, S3}, and lacks entry 2 of term 2, which S1 had committed in term 2.
        committed: term 2, a
        on S3: nothing: the log ends at 1
        S3 goes by: {S1, S2, S3}
        log of S2 ends at: 0 of term 0
        log of S3 ends at: 1 of term 2
        → S1 commits 2, applies 2
        → S2 comes up";
    says(&shipped("logSurvivesCrash"), Property::DurableCommit, forgotten);
}

/// By hand: S1 leads three servers and is on the way to lead S1, S4 and S5. S2 has the joint configuration,
/// and its answer is on its way.
fn joining() -> Run {
    let mut run = by_hand(LED, &[]);
    replicate(&mut run, 1, 2);
    for server in [4, 5] {
        act(&mut run, Action::Boot { server: s(server) });
    }
    let change = Change::Joint { voters: set("145"), learners: set(""), manual: true };
    act(&mut run, Action::Change { change, at: Some(s(1)) });
    settle(&mut run);
    deliver(&mut run, 1, 2);
    run
}

#[test]
fn in_joint_consensus_both_majorities_have_to_have_it() {
    let mut run = joining();
    // For a moment the leader counts nobody.
    act(&mut run, Action::SetRules { off: Rules::without(&[Rule::CommitAfterQuorum]) });
    deliver(&mut run, 2, 1);
    assert_eq!(commit(&run, 1), 2);
    let sentence = &fallen(&run, Property::DurableCommit).sentence;
    let expected = "S1 committed entry 2 of term 2 when it was on the disks of {S1, S2}: no majority of {S1, S4, S5} and {S1, S2, S3}.";
    assert_eq!(sentence, expected);

    let mut run = joining();
    deliver(&mut run, 2, 1);
    assert_eq!(commit(&run, 1), 1);
    while commit(&run, 1) == 1 {
        replicate(&mut run, 1, 4);
    }
    assert_eq!(run.violations(), []);
}

#[test]
fn whoever_lost_its_disk_after_it_had_answered_counts_and_votes_no_more() {
    let mut run = by_hand(LED, &[]);
    propose(&mut run, 1, "a");
    settle(&mut run);
    deliver(&mut run, 1, 2);
    act(&mut run, Action::Wipe { server: s(2) });
    settle(&mut run);
    deliver(&mut run, 2, 1);
    assert_eq!((commit(&run, 1), server(&run, 2).retired), (2, true));
    // S3 alone lacks it, and needs S1.
    assert_eq!(run.violations(), []);
}

// One Vote.

#[test]
fn a_second_vote_is_named_with_the_first() {
    let expected = "
        {S1, S2, S3} no index: S2 voted for S1 in term 2, and in the same term for S3 as well.
        term: 2
        first vote: S1
        second vote: S3
        → S2 votes for S1 in term 2
        → S2 votes for S3 in term 2";
    for rule in ["oneVotePerTerm", "voteSurvivesCrash", "termSurvivesCrash", "termAndVoteTogether"] {
        says(&shipped(rule), Property::OneVote, expected);
    }
    let itself = fallen(&shipped("voteKeptWithinTerm"), Property::OneVote).sentence.clone();
    assert_eq!(itself, "S1 voted for itself in term 2, and in the same term for S3 as well.");
}

/// By hand: S2 votes for S1, crashes before that is on its disk, and then votes for S3 in the same term.
fn vote_twice(off: &[Rule]) -> Run {
    let mut run = by_hand(THREE, off);
    time_out(&mut run, 1);
    let (message, _) = on_way(&run, 1, 2)[0];
    act(&mut run, Action::Deliver { message });
    assert_eq!(server(&run, 2).node.voted_for(), Some(s(1)));
    crash(&mut run, 2);
    restart(&mut run, 2);
    drop_all(&mut run, |message| message.from != s(2));
    time_out(&mut run, 3);
    deliver(&mut run, 3, 2);
    assert_eq!(server(&run, 2).node.voted_for(), Some(s(3)));
    run
}

#[test]
fn a_vote_that_nobody_heard_of_may_be_lost_in_a_crash() {
    assert_eq!(vote_twice(&[]).violations(), []);
    // The same, but somebody was told before it was on the disk.
    assert_eq!(broken(&vote_twice(&[Rule::ReplyAfterFsync])), [Property::OneVote]);
}

#[test]
fn a_candidacy_that_nobody_heard_of_may_be_lost_in_a_crash() {
    let stand = |off: &[Rule]| {
        let mut run = by_hand(THREE, off);
        act(&mut run, Action::Fire { server: s(2), timer: wavetank::raft::Timer::Election });
        crash(&mut run, 2);
        restart(&mut run, 2);
        drop_all(&mut run, |_| true);
        time_out(&mut run, 3);
        deliver(&mut run, 3, 2);
        assert_eq!(server(&run, 2).node.voted_for(), Some(s(3)));
        broken(&run)
    };
    assert_eq!(stand(&[]), []);
    assert_eq!(stand(&[Rule::ReplyAfterFsync]), [Property::OneVote]);
}

// Order.

#[test]
fn a_commit_index_behind_the_end_of_the_log_is_named() {
    let follower_is_cut = |off: &[Rule]| {
        let mut run = by_hand(LED, off);
        propose(&mut run, 1, "a");
        propose(&mut run, 1, "b");
        settle(&mut run);
        let requests: Vec<PacketName> = on_way(&run, 1, 2).into_iter().map(|(name, _)| name).collect();
        // The second request, with both entries, overtakes the first. Both are committed, as S2 hears.
        act(&mut run, Action::Deliver { message: requests[1] });
        settle(&mut run);
        deliver(&mut run, 2, 1);
        act(&mut run, Action::Send { from: s(1), to: s(2), empty: false });
        settle(&mut run);
        let heartbeat = on_way(&run, 1, 2).last().expect("it was sent").0;
        act(&mut run, Action::Deliver { message: heartbeat });
        settle(&mut run);
        assert_eq!(commit(&run, 2), 3);
        act(&mut run, Action::Deliver { message: requests[0] });
        settle(&mut run);
        run
    };
    let expected = "
        {S2} index 3: S2 committed up to 3, but its log ends at 2.
        snapshot up to: 0
        lastApplied: 3
        commitIndex: 3
        end of the log: 2
        → S2 writes from 2 up to 2";
    says(&follower_is_cut(&[Rule::TruncateOnlyOnConflict]), Property::Order, expected);
    assert_eq!(follower_is_cut(&[]).violations(), []);
}

// Latest Configuration.

#[test]
fn another_configuration_than_the_last_in_the_log_is_named() {
    let expected = "
        {S1} index 2: S1 goes by the configuration {S1, S2, S3}, but entry 2 says {S1, S2, S3, S4}.
        it goes by: {S1, S2, S3}
        the last in its log: {S1, S2, S3, S4}
        → S1 writes from 2 up to 2";
    says(&shipped("configurationOnAppend"), Property::LatestConfiguration, expected);
}

#[test]
fn a_server_that_comes_up_with_an_older_configuration_is_named() {
    let comes_up = |off: &[Rule]| {
        let mut run = by_hand(LED, &[]);
        replicate(&mut run, 1, 2);
        act(&mut run, Action::Boot { server: s(4) });
        act(&mut run, Action::Change { change: Change::Add(s(4)), at: Some(s(1)) });
        settle(&mut run);
        if !off.is_empty() {
            act(&mut run, Action::SetRules { off: Rules::without(off) });
        }
        crash(&mut run, 1);
        restart(&mut run, 1);
        run
    };
    let expected = "
        {S1} index 2: S1 goes by the configuration {S1, S2, S3}, but entry 2 says {S1, S2, S3, S4}.
        it goes by: {S1, S2, S3}
        the last in its log: {S1, S2, S3, S4}
        → S1 comes up";
    says(&comes_up(&[Rule::ConfigurationOnAppend]), Property::LatestConfiguration, expected);
    assert_eq!(comes_up(&[]).violations(), []);
}

#[test]
fn a_configuration_that_is_cut_off_gives_way_to_the_one_before() {
    let mut run = by_hand(LED, &[]);
    replicate(&mut run, 1, 2);
    act(&mut run, Action::Boot { server: s(4) });
    act(&mut run, Action::Change { change: Change::Add(s(4)), at: Some(s(1)) });
    settle(&mut run);
    drop_all(&mut run, |_| true);
    assert_eq!(server(&run, 1).node.configuration().voters, set("1234"));
    elect_by(&mut run, 2, &[3]);
    propose(&mut run, 2, "b");
    settle(&mut run);
    replicate(&mut run, 2, 1);
    assert_eq!(server(&run, 1).node.configuration().voters, set("123"));
    assert_eq!(run.violations(), []);
}

// At Most Once.

/// x ← x + 1.
fn increment() -> Op {
    Op::Increment { key: "x".into() }
}

/// In time: the client's command is done, the answer is lost, and the client asks again.
fn asked_twice(sessions: bool) -> Run {
    let mut setup = Setup::new(3, 1);
    setup.options.sessions = sessions;
    let mut run = state_with(&setup, LED);
    submit(&mut run, increment());
    until(&mut run, 1000, "it is applied", |run| server(run, 1).store.get("x").is_some());
    let client = Endpoint::Client(ClientId(1));
    let answers = run.world().network().packets().map(|packet| packet.name).filter(|name| name.to == client);
    for message in answers.collect::<Vec<_>>() {
        act(&mut run, Action::Drop { message });
    }
    until(&mut run, 5000, "the client knows", |run| run.world().clients()[0].call.is_none());
    run
}

#[test]
fn a_command_that_takes_effect_twice_is_named_with_both_entries() {
    let expected = "
        {S1} index 4: Command 2 of C1 took effect on S1 at index 3, and once more at index 4.
        entry 3: term 2, x++
        entry 4: term 2, x++
        → S1 commits 3, applies 3
        → S1 commits 4, applies 4";
    says(&shipped("sessions"), Property::AtMostOnce, expected);
}

#[test]
fn only_sessions_promise_that_a_command_takes_effect_once() {
    let run = asked_twice(false);
    assert_eq!(server(&run, 1).store.get("x"), Some("2"), "the retry took effect as well");
    assert_eq!(run.violations(), []);
}

#[test]
fn a_command_that_is_applied_on_every_server_and_once_more_after_a_restart_took_effect_once() {
    let mut run = asked_twice(true);
    for n in [2, 3] {
        crash(&mut run, n);
        restart(&mut run, n);
        until(&mut run, 2000, "it has applied everything", |run| {
            server(run, n).applied == server(run, 1).applied && server(run, n).store == server(run, 1).store
        });
    }
    assert_eq!(server(&run, 3).store.get("x"), Some("1"));
    assert_eq!(run.violations(), []);
    // The checker was told of the effect, each time.
    let index = Index(3);
    let twice = [TookEffect { index: index.next(), client: ClientId(1), serial: 2 }];
    let event = EventId(run.world().events() - 1);
    let mut checker: Checker = run.checker().clone();
    let step = Stepped {
        event,
        server: Some(s(3)),
        client: None,
        acted: false,
        log_from: None,
        reborn: false,
        took_effect: &twice,
    };
    checker.look(run.world(), &step);
    assert_eq!(checker.violations().len(), 1);
}

// All of them.

#[test]
fn what_is_wrong_from_the_start_is_dated_at_the_first_event() {
    let run = state("S1:L2 2 / S2:L2 2 / S3:F1 1");
    let violation = fallen(&run, Property::ElectionSafety);
    assert_eq!((violation.event, &violation.events[..], violation.at_us), (EventId(0), &[EventId(0)][..], 0));
    assert_eq!(violation.servers, set("12"));
}

#[test]
fn disks_that_lie_and_never_lose_anything_break_nothing_but_what_is_said_of_disks() {
    for seed in 0..5 {
        let mut setup = Setup::new(5, seed);
        setup.options.workload_every_us = 50_000;
        setup.options.snapshot_every = 20;
        let mut run = Run::new(&setup).unwrap();
        for server in run.world().ids().collect::<Vec<_>>() {
            act(&mut run, Action::SetDisk { server, lies: true, fsync: None });
        }
        wait(&mut run, 20_000);
        assert!(run.checker().committed() > Index(100));
        assert_eq!(broken(&run), [Property::DurableCommit], "seed {seed}");
    }
}

#[test]
fn a_violation_is_plain_data_with_names_for_programs() {
    let run = shipped("oneVotePerTerm");
    let json = serde_json::to_value(fallen(&run, Property::ElectionSafety)).unwrap();
    let object = json.as_object().unwrap();
    let names: Vec<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(names, ["atUs", "event", "events", "index", "property", "sentence", "servers", "values"]);
    assert_eq!(json["values"][0], serde_json::json!({"label": "term", "text": "2"}));
    assert_eq!(json["events"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_clone_remembers_what_was_and_goes_its_own_way() {
    let mut run = by_hand(THREE, &[Rule::OneVotePerTerm]);
    elect_by(&mut run, 1, &[2]);
    let mut other = run.clone();
    elect_by(&mut run, 3, &[2]);
    assert_eq!(other.violations(), []);
    elect_by(&mut other, 3, &[2]);
    assert_eq!(other.violations(), run.violations());
    assert_eq!(broken(&run), [Property::OneVote, Property::ElectionSafety]);
}
