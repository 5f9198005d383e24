//! What the rules are good for that keep a cluster going: timers (§5.2), PreVote (D9.6), the check of the
//! quorum (D6.2), stickiness (D4.2.3), transfers that wait (D3.10), learners that catch up (D4.2.1), leaders
//! that lead until they are removed (§6). With the rule off nothing untrue is promised, but something that
//! ought to happen does not, in a run in time; with the rule on, in the same recording, it does. They mask
//! each other, so each recording names its options.

use super::common::*;
use super::scripts::*;
use wavetank::raft::{Change, Rule, Timer, TimerRange};
use wavetank::sim::{Action, Link, Options, Setup};
use wavetank::timeline::Run;

/// A setup with these options.
fn with(options: Options) -> Setup {
    Setup { options, ..Setup::new(3, 1) }
}

/// Links on which a message takes a good part of an election timeout.
fn far() -> Link {
    Link { latency: TimerRange { min_us: 40_000, max_us: 50_000 }, ..Link::default() }
}

#[test]
fn election_timeouts_are_random() {
    // All stand at the same moment, again and again, and each votes for itself.
    let script = |run: &mut Run| {
        wait(run, 5000);
        submit(run, put("x", "1"));
        wait(run, 10_000);
        assert_eq!(run.checker().leaders().count(), 0);
    };
    let begin = in_time(with(Options::default()), "S1:F1 1 / S2:F1 1 / S3:F1 1");
    falls_in(Rule::RandomisedTimeouts, begin, script);
}

#[test]
fn a_vote_that_is_refused_does_not_restart_the_election_timer() {
    let script = |run: &mut Run| {
        // S1 has too short a log to win, and a clock that runs fast: the others never come to stand.
        act(run, Action::SetClock { server: s(1), ppm: 1_000_000 });
        submit(run, put("x", "1"));
        wait(run, 10_000);
        assert_eq!(told(run), "x←1: failed");
    };
    let begin = in_time(with(Options::default()), "S1:F2 1 / S2:F2 12 / S3:F2 12");
    falls_in(Rule::VoteTimerOnlyOnGrant, begin, script);
}

#[test]
fn a_leader_of_an_older_term_does_not_restart_the_election_timer() {
    let script = |run: &mut Run| {
        // S1 is heard and hears nobody, so it does not know that there is a later term, without a leader.
        act(run, Action::Cut { from: s(2), to: s(1) });
        act(run, Action::Cut { from: s(3), to: s(1) });
        act(run, Action::Fire { server: s(2), timer: Timer::Election });
        submit(run, put("x", "1"));
        wait(run, 10_000);
        assert_eq!(told(run), "x←1: unknown");
    };
    let begin = in_time(with(Options::default()), "S1:L2 22 / S2:F2 2 / S3:F2 22");
    falls_in(Rule::AppendTimerOnlyCurrent, begin, script);
}

#[test]
fn nobody_stands_before_a_majority_would_vote_for_it() {
    let options = Options { pre_vote: true, link: far(), ..Options::default() };
    let script = |run: &mut Run| {
        // S3 is heard and hears nobody.
        act(run, Action::Cut { from: s(1), to: s(3) });
        act(run, Action::Cut { from: s(2), to: s(3) });
        act(run, Action::SetClock { server: s(3), ppm: 2_000_000 });
        wait(run, 600);
        submit(run, put("x", "1"));
        wait(run, 10_000);
        assert_eq!(told(run), "x←1: failed");
        assert!(term(run, 1).0 > 50, "one election after the other");
    };
    falls_in(Rule::PreVote, in_time(with(options), LED), script);
}

#[test]
fn a_pre_vote_looks_at_the_log() {
    let election = TimerRange { min_us: 150_000, max_us: 1_000_000 };
    let options = Options { election, heartbeat_us: 200_000, pre_vote: true, ..Options::default() };
    let script = |run: &mut Run| {
        // S3 does not hear S1 and has the entries of nobody; S2 hears S1, but not often.
        act(run, groups("12 23"));
        act(run, Action::SetClock { server: s(3), ppm: 9_000_000 });
        for n in 1..=5 {
            submit(run, put("x", &n.to_string()));
            wait(run, 1000);
        }
        assert!(term(run, 1).0 > 4, "S1 was deposed again and again, and is in term {}", term(run, 1).0);
    };
    falls_in(Rule::PreVoteLogUpToDate, in_time(with(options), LED), script);
}

#[test]
fn a_leader_that_hears_no_majority_steps_down() {
    let options = Options { check_quorum: true, pre_vote: true, ..Options::default() };
    let script = |run: &mut Run| {
        // S1 is heard and hears nobody: nothing is committed, and nobody else is elected.
        act(run, Action::Cut { from: s(2), to: s(1) });
        act(run, Action::Cut { from: s(3), to: s(1) });
        submit(run, put("x", "1"));
        wait(run, 10_000);
        assert_eq!(told(run), "x←1: unknown");
    };
    falls_in(Rule::CheckQuorum, in_time(with(options), LED), script);
}

#[test]
fn a_server_that_was_removed_does_not_disturb_the_others() {
    let options = Options { stickiness: true, link: far(), ..Options::default() };
    let four = "S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2";
    let script = |run: &mut Run| {
        submit(run, put("x", "1"));
        until_told(run, 1000);
        // S4 is removed, and does not learn of it.
        act(run, groups("123 4"));
        act(run, Action::Change { change: Change::Remove(s(4)), at: None });
        act(run, Action::SetClock { server: s(4), ppm: 1_000_000 });
        wait(run, 300);
        act(run, Action::Heal);
        wait(run, 200);
        submit(run, put("x", "2"));
        wait(run, 10_000);
        assert_eq!(told(run), "x←1: OK, x←2: unknown");
        assert!(term(run, 1).0 > 50, "one election after the other");
    };
    falls_in(Rule::Stickiness, in_time(with(options), four), script);
}

#[test]
fn leadership_is_handed_over_to_a_server_that_has_the_whole_log() {
    let options = Options { max_entries: 1, ..Options::default() };
    let script = |run: &mut Run| {
        // S3 is ten entries behind.
        act(run, groups("12 3"));
        (0..10).for_each(|n| propose(run, 1, &n.to_string()));
        wait(run, 90);
        act(run, Action::Heal);
        act(run, Action::Transfer { to: s(3), at: None });
        wait(run, 1000);
        assert!(!server(run, 3).node.is_leader());
    };
    falls_in(Rule::TransferWaitsForCatchUp, in_time(with(options), LED), script);
}

#[test]
fn a_new_server_catches_up_before_it_votes() {
    let options = Options { catch_up_rounds: 10, noop: true, link: far(), ..Options::default() };
    let log = "2".repeat(200);
    let start = format!("S1:L2 {log} c200 / S2:F2 {log} c200 / S3:x2 {log}");
    let script = |run: &mut Run| {
        submit(run, put("x", "1"));
        until_told(run, 1000);
        // S3 is down. Of four voters three have to store an entry, and S4 has nothing yet.
        act(run, Action::Boot { server: s(4) });
        act(run, Action::Change { change: Change::Add(s(4)), at: None });
        submit(run, put("x", "2"));
        wait(run, 10_000);
        assert_eq!(told(run), "x←1: OK, x←2: unknown");
    };
    falls_in(Rule::LearnersCatchUpFirst, in_time(with(options), &start), script);
}

#[test]
fn a_leader_that_is_removed_leads_until_that_is_committed() {
    let options = Options { noop: true, ..Options::default() };
    let script = |run: &mut Run| {
        submit(run, put("x", "1"));
        until_told(run, 1000);
        // S1 is removed, and is switched off as soon as it no longer leads.
        act(run, Action::Change { change: Change::Remove(s(1)), at: Some(s(1)) });
        wait(run, 60);
        assert!(!server(run, 1).node.is_leader());
        crash(run, 1);
        // S2 has never heard of that, if S1 has told nobody, and needs the vote of S1.
        submit(run, put("x", "2"));
        wait(run, 10_000);
        assert_eq!(server(run, 2).node.configuration().voters, set("12"));
    };
    let two = "S1:L2 2 / S2:F2 2";
    falls_in(Rule::RemovedLeaderStepsDownAfterCommit, in_time(with(options), two), script);
}
