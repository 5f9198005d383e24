//! What each rule is good for: with the rule off, a scripted run breaks a promise; with the rule on, in
//! the same recording a server refuses somewhere, and every promise holds.

mod common;
#[path = "common/missing.rs"]
mod missing;

use common::*;
use missing::*;
use wavetank::check::{Checker, Property};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::{Action, Seed, World, chaos};

// Two leaders in a term.

#[test]
fn one_vote_per_term() {
    falls(Rule::OneVotePerTerm, Property::ElectionSafety, THREE, |run| {
        elect_by(run, 1, &[2]);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_quorum_is_a_majority_of_all() {
    falls(Rule::QuorumOfAll, Property::ElectionSafety, "S1 1 / S2 1 / S3 1 / S4 1 / S5 1", |run| {
        elect_by(run, 1, &[]);
        elect_by(run, 5, &[]);
    });
}

#[test]
fn a_vote_survives_a_crash() {
    falls(Rule::VoteSurvivesCrash, Property::ElectionSafety, THREE, |run| {
        elect_by(run, 1, &[2]);
        crash(run, 2);
        restart(run, 2);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn the_term_survives_a_crash() {
    falls(Rule::TermSurvivesCrash, Property::ElectionSafety, THREE, |run| {
        elect_by(run, 1, &[2]);
        crash(run, 2);
        restart(run, 2);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_vote_is_kept_within_its_term() {
    falls(Rule::VoteKeptWithinTerm, Property::ElectionSafety, THREE, |run| {
        elect_by(run, 1, &[2]);
        act(run, Action::StepDown { server: s(1) });
        settle(run);
        drop_all(run, |_| true);
        elect_by(run, 3, &[1]);
    });
}

#[test]
fn a_higher_term_ends_a_leadership() {
    falls(Rule::StepDownOnHigherTerm, Property::ElectionSafety, LED, |run| {
        elect_by(run, 2, &[3]);
        deliver(run, 2, 1);
    });
}

#[test]
fn replies_to_older_requests_are_dropped() {
    let five = "S1 1 / S2 1 / S3 1 / S4 1 / S5 1";
    falls(Rule::DropStaleReplies, Property::ElectionSafety, five, |run| {
        // S1 is given two votes in term 2, but stands again before it hears of them.
        time_out(run, 1);
        deliver(run, 1, 2);
        deliver(run, 1, 3);
        time_out(run, 1);
        deliver(run, 2, 1);
        deliver(run, 3, 1);
        drop_all(run, |_| true);
        // In term 3 they are free, and S5 asks them.
        time_out(run, 5);
        drop_all(run, |_| true);
        elect_by(run, 5, &[2, 3]);
    });
}

// A leader that lacks what is committed.

#[test]
fn a_candidates_log_is_up_to_date() {
    falls(Rule::LogUpToDate, Property::LeaderCompleteness, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        replicate(run, 1, 2);
        assert_eq!(commit(run, 1), 2);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn of_two_logs_the_last_terms_are_compared_first() {
    let start = "S1:L2 12 / S2:F2 12 / S3:F1 1111";
    falls(Rule::LastTermFirst, Property::LeaderCompleteness, start, |run| {
        replicate(run, 1, 2);
        assert_eq!(commit(run, 1), 2);
        time_out(run, 3);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn of_two_logs_with_the_same_last_term_the_longer_wins() {
    falls(Rule::LengthBreaksTies, Property::LeaderCompleteness, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        replicate(run, 1, 2);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_log_survives_a_crash() {
    falls(Rule::LogSurvivesCrash, Property::LeaderCompleteness, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        replicate(run, 1, 2);
        drop_all(run, |_| true);
        crash(run, 2);
        restart(run, 2);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_reply_leaves_after_the_write_that_it_promises() {
    falls(Rule::ReplyAfterFsync, Property::LeaderCompleteness, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        // S2 answers, and crashes before its disk is done.
        let (message, _) = on_way(run, 1, 2)[0];
        act(run, Action::Deliver { message });
        for (message, _) in on_way(run, 2, 1) {
            act(run, Action::Deliver { message });
        }
        crash(run, 2);
        restart(run, 2);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_leader_counts_itself_only_when_durable() {
    let start = "S1:F2 2 / S2:F2 2 / S3:L2 2";
    falls(Rule::LeaderCountsSelfWhenDurable, Property::LeaderCompleteness, start, |run| {
        propose(run, 3, "a");
        let (message, _) = on_way(run, 3, 2)[0];
        act(run, Action::Deliver { message });
        // The disk of S2 is done first, that of S3 never.
        run.step();
        for (message, _) in on_way(run, 2, 3) {
            act(run, Action::Deliver { message });
        }
        crash(run, 3);
        restart(run, 3);
        drop_all(run, |_| true);
        elect_by(run, 1, &[3]);
    });
}

#[test]
fn an_entry_is_committed_after_a_quorum_has_it() {
    falls(Rule::CommitAfterQuorum, Property::LeaderCompleteness, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
    });
}

#[test]
fn match_index_is_what_the_request_carried() {
    falls(Rule::MatchFromRequest, Property::LeaderCompleteness, LED, |run| {
        // S2 acknowledges a heartbeat while S1 takes an entry that S2 has not seen.
        act(run, Action::Send { from: s(1), to: s(2) });
        deliver(run, 1, 2);
        propose(run, 1, "a");
        settle(run);
        deliver(run, 2, 1);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
    });
}

#[test]
fn the_log_is_cut_only_from_a_conflict() {
    falls(Rule::TruncateOnlyOnConflict, Property::LeaderCompleteness, LED, |run| {
        propose(run, 1, "a");
        propose(run, 1, "b");
        settle(run);
        // The second request, with both entries, overtakes the first, with one.
        let requests = on_way(run, 1, 2);
        let (first, second) = (requests[0].0, requests[1].0);
        act(run, Action::Deliver { message: second });
        settle(run);
        deliver(run, 2, 1);
        act(run, Action::Deliver { message: first });
        settle(run);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
    });
}

#[test]
fn append_entries_of_an_older_term_are_refused() {
    let start = "S1:L2 1 / S2:F2 1 / S3:F2 1";
    falls(Rule::RefuseStaleAppend, Property::LeaderCompleteness, start, |run| {
        // An entry of term 2 is long on its way, while term 3 commits another one in its place.
        propose(run, 1, "two");
        settle(run);
        let (late, _) = on_way(run, 1, 2)[0];
        elect_by(run, 3, &[2]);
        propose(run, 3, "three");
        settle(run);
        replicate(run, 3, 2);
        act(run, Action::Deliver { message: late });
        settle(run);
        deliver(run, 2, 1);
        drop_all(run, |_| true);
        elect_by(run, 1, &[2]);
    });
}

#[test]
fn a_leader_commits_by_counting_only_entries_of_its_own_term() {
    let start = "S1:L2 1 / S2:F2 1 / S3:F2 1 / S4:F2 1 / S5:F2 1";
    falls(Rule::CommitOnlyCurrentTerm, Property::LeaderCompleteness, start, |run| {
        // Figure 8. (a)
        propose(run, 1, "two");
        settle(run);
        ask_by_hand(run, 1, 2);
        drop_all(run, |_| true);
        // (b)
        crash(run, 1);
        elect_by(run, 5, &[3, 4]);
        propose(run, 5, "three");
        settle(run);
        drop_all(run, |_| true);
        // (c)
        crash(run, 5);
        restart(run, 1);
        time_out(run, 1);
        drop_all(run, |_| true);
        elect_by(run, 1, &[2, 3]);
        replicate(run, 1, 2);
        replicate(run, 1, 3);
        replicate(run, 1, 3);
        // (d)
        crash(run, 1);
        restart(run, 5);
        time_out(run, 5);
        drop_all(run, |_| true);
        elect_by(run, 5, &[3, 4]);
    });
}

// Logs that no longer match.

#[test]
fn entries_need_their_predecessor() {
    falls(Rule::PrevLogIndex, Property::LogMatching, "S1:L2 122 / S2:F1 1 / S3:F1 1", |run| {
        propose(run, 1, "a");
        settle(run);
        drop_all(run, |_| true);
        act(run, Action::Send { from: s(1), to: s(2) });
        settle(run);
        deliver(run, 1, 2);
    });
}

#[test]
fn entries_need_their_predecessors_term() {
    falls(Rule::PrevLogTerm, Property::LogMatching, "S1:L3 123 / S2:F1 111 / S3:F1 1", |run| {
        propose(run, 1, "a");
        settle(run);
        deliver(run, 1, 2);
    });
}

#[test]
fn conflicting_entries_give_way() {
    falls(Rule::DeleteConflicts, Property::LogMatching, "S1:L3 133 / S2:F2 12 / S3:F1 1", |run| {
        for _ in 0..3 {
            replicate(run, 1, 2);
        }
    });
}

#[test]
fn with_a_conflicting_entry_go_all_that_follow_it() {
    falls(Rule::NewTailReplacesSuffix, Property::LogMatching, "S1:L3 13 / S2:F2 122 / S3:F1 1", |run| {
        for _ in 0..2 {
            replicate(run, 1, 2);
        }
    });
}

// State machines that part.

#[test]
fn heartbeats_are_checked_like_any_append() {
    let start = "S1:L3 13 c2 / S2:F2 12 / S3:F3 13 c2";
    falls(Rule::HeartbeatChecked, Property::StateMachineSafety, start, |run| replicate(run, 1, 2));
}

// Rules without which nothing untrue is ever promised.

/// The rules whose absence costs nothing: no run breaks anything without them.
const SAFE_WITHOUT: [Rule; 2] = [
    // The vote is "given", but the reply bears a term in which nobody counts it.
    Rule::RefuseStaleVoteRequest,
    // Needs a leader whose nextIndex lies before the first conflict; ours goes back to it and no
    // further, and each of its requests carries the entry there. A snapshot goes only to a follower
    // whose first conflict lies in it, or just behind it.
    Rule::CommitUpToLastNew,
];

/// The rules whose absence costs time, and never safety.
const COST_TIME: [Rule; 9] = [
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
fn what_only_looks_dangerous_is_safe() {
    for rule in SAFE_WITHOUT.into_iter().chain(COST_TIME) {
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
            assert_eq!(checker.violations(), [], "{rule}, seed {seed}");
        }
    }
}

/// The files with the scripted runs.
const FILES: [&str; 6] = [
    include_str!("broken_rules.rs"),
    include_str!("broken_rules_disk.rs"),
    include_str!("broken_rules_elections.rs"),
    include_str!("broken_rules_membership.rs"),
    include_str!("broken_rules_reads.rs"),
    include_str!("broken_rules_snapshots.rs"),
];

#[test]
fn every_rule_is_either_broken_here_or_safe_without() {
    // However the lines are broken.
    let source: String = FILES.concat().split_whitespace().collect();
    for rule in Rule::ALL {
        let runs = ["falls", "comes_to"].map(|how| source.matches(&format!("{how}(Rule::{rule:?},")).count());
        let safe = usize::from(SAFE_WITHOUT.contains(rule));
        assert_eq!(runs.iter().sum::<usize>() + safe, 1, "{rule}");
    }
}
