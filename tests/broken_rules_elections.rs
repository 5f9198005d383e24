//! What the rules are good for that keep a cluster going: timers (§5.2), PreVote (D9.6), the check of the
//! quorum (D6.2), stickiness (D4.2.3), transfers that wait (D3.10), learners that catch up (D4.2.1), leaders
//! that lead until they are removed (§6). With the rule off nothing untrue is promised, but something that
//! ought to happen does not, in a run in time; with the rule on, in the same recording, it does. They mask
//! each other, so each run names its options.

mod common;
#[path = "common/missing.rs"]
mod missing;

use common::*;
use missing::*;
use wavetank::raft::{Change, Rule, Timer};
use wavetank::sim::{Action, Options, Setup};
use wavetank::timeline::Run;

/// A setup with these options.
fn with(options: Options) -> Setup {
    Setup { options, ..Setup::new(3, 1) }
}

/// Whether the first leader, S1 in term 2, leads in peace, or one election has followed another.
fn peace(run: &Run) -> String {
    match term(run, 1).0 {
        2 if server(run, 1).node.is_leader() => "S1 leads on".into(),
        10.. => "one election after the other".into(),
        term => format!("term {term}"),
    }
}

/// How many terms have had a leader.
fn elected(run: &Run) -> String {
    format!("{} elected", run.checker().leaders().count())
}

#[test]
fn election_timeouts_are_random() {
    // All stand at the same moment, again and again, and each votes for itself.
    let script = |run: &mut Run| wait(run, 5000);
    let begin = in_time(with(Options::default()), "S1:F1 1 / S2:F1 1 / S3:F1 1");
    comes_to(Rule::RandomisedTimeouts, begin, script, elected, ["0 elected", "1 elected"]);
}

#[test]
fn a_vote_that_is_refused_does_not_restart_the_election_timer() {
    let script = |run: &mut Run| {
        // S1 has too short a log to win, and a clock that runs fast: the others never come to stand.
        act(run, Action::SetClock { server: s(1), ppm: 1_000_000 });
        submit(run, put("x", "1"));
        wait(run, 5000);
    };
    let begin = in_time(with(Options::default()), "S1:F2 1 / S2:F2 12 / S3:F2 12");
    comes_to(Rule::VoteTimerOnlyOnGrant, begin, script, told, ["", "x←1: OK"]);
}

#[test]
fn a_leader_of_an_older_term_does_not_restart_the_election_timer() {
    let script = |run: &mut Run| {
        // S1 is heard and hears nobody, so it does not know that there is a later term, without a leader.
        act(run, Action::Cut { from: s(2), to: s(1) });
        act(run, Action::Cut { from: s(3), to: s(1) });
        act(run, Action::Fire { server: s(2), timer: Timer::Election });
        submit(run, put("x", "1"));
        wait(run, 5000);
    };
    let begin = in_time(with(Options::default()), "S1:L2 22 / S2:F2 2 / S3:F2 22");
    comes_to(Rule::AppendTimerOnlyCurrent, begin, script, told, ["", "x←1: OK"]);
}

#[test]
fn nobody_stands_before_a_majority_would_vote_for_it() {
    let options = Options { pre_vote: true, ..Options::default() };
    let script = |run: &mut Run| {
        // S3 does not hear S1, and both talk to S2: leadership goes back and forth between them.
        act(run, groups("12 23"));
        wait(run, 5000);
    };
    let outcomes = ["one election after the other", "S1 leads on"];
    comes_to(Rule::PreVote, in_time(with(options), LED), script, peace, outcomes);
}

#[test]
fn a_leader_that_hears_no_majority_steps_down() {
    let options = Options { check_quorum: true, pre_vote: true, ..Options::default() };
    let script = |run: &mut Run| {
        // S1 is heard and hears nobody: nothing is committed, and nobody else is elected.
        act(run, Action::Cut { from: s(2), to: s(1) });
        act(run, Action::Cut { from: s(3), to: s(1) });
        submit(run, put("x", "1"));
        wait(run, 5000);
    };
    let outcomes = ["", "x←1: OK"];
    comes_to(Rule::CheckQuorum, in_time(with(options), LED), script, told, outcomes);
}

#[test]
fn a_server_that_was_removed_does_not_disturb_the_others() {
    let options = Options { stickiness: true, ..Options::default() };
    let four = "S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2";
    let script = |run: &mut Run| {
        submit(run, put("x", "1"));
        until_told(run, 1000);
        // S4 is removed, and does not learn of it.
        act(run, groups("123 4"));
        act(run, Action::Change { change: Change::Remove(s(4)), at: None });
        wait(run, 100);
        act(run, Action::Heal);
        wait(run, 5000);
    };
    let outcomes = ["one election after the other", "S1 leads on"];
    comes_to(Rule::Stickiness, in_time(with(options), four), script, peace, outcomes);
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
    };
    let leads = |run: &Run| format!("S3 leads: {}", server(run, 3).node.is_leader());
    let outcomes = ["S3 leads: false", "S3 leads: true"];
    comes_to(Rule::TransferWaitsForCatchUp, in_time(with(options), LED), script, leads, outcomes);
}

#[test]
fn a_new_server_catches_up_before_it_votes() {
    let options = Options { catch_up_rounds: 10, noop: true, ..Options::default() };
    let log = "2".repeat(200);
    let start = format!("S1:L2 {log} c200 / S2:F2 {log} c200 / S3:x2 {log}");
    let script = |run: &mut Run| {
        submit(run, put("x", "1"));
        until_told(run, 1000);
        // S3 is down. Of four voters three have to store an entry, and S4 has nothing yet.
        act(run, Action::Boot { server: s(4) });
        act(run, Action::Change { change: Change::Add(s(4)), at: None });
        submit(run, put("x", "2"));
        wait(run, 2000);
    };
    let outcomes = ["x←1: OK", "x←1: OK, x←2: OK"];
    comes_to(Rule::LearnersCatchUpFirst, in_time(with(options), &start), script, told, outcomes);
}

#[test]
fn a_leader_that_is_removed_leads_until_that_is_committed() {
    let options = Options { noop: true, ..Options::default() };
    let script = |run: &mut Run| {
        submit(run, put("x", "1"));
        until_told(run, 1000);
        act(run, Action::Change { change: Change::Remove(s(1)), at: Some(s(1)) });
        wait(run, 60);
        // The next leader has never heard of it, if S1 has told nobody.
        elect(run, 2);
        wait(run, 2000);
    };
    let voters = |run: &Run| server(run, 2).node.configuration().voters.to_string();
    let outcomes = ["{S1, S2, S3}", "{S2, S3}"];
    comes_to(Rule::RemovedLeaderStepsDownAfterCommit, in_time(with(options), LED), script, voters, outcomes);
}
