//! What the rules of Figure 2 are good for.

use super::common::*;
use super::scripts::*;
use wavetank::raft::Rule;
use wavetank::sim::{Action, Setup};

// Two leaders in a term.

#[test]
fn one_vote_per_term() {
    falls(Rule::OneVotePerTerm, THREE, |run| {
        elect_by(run, 1, &[2]);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_quorum_is_a_majority_of_all() {
    falls(Rule::QuorumOfAll, "S1 1 / S2 1 / S3 1 / S4 1 / S5 1", |run| {
        elect_by(run, 1, &[]);
        elect_by(run, 5, &[]);
    });
}

#[test]
fn a_vote_survives_a_crash() {
    falls(Rule::VoteSurvivesCrash, THREE, |run| {
        elect_by(run, 1, &[2]);
        crash(run, 2);
        restart(run, 2);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn the_term_survives_a_crash() {
    falls(Rule::TermSurvivesCrash, THREE, |run| {
        elect_by(run, 1, &[2]);
        crash(run, 2);
        restart(run, 2);
        elect_by(run, 3, &[2]);
    });
}

#[test]
fn a_vote_is_kept_within_its_term() {
    falls(Rule::VoteKeptWithinTerm, THREE, |run| {
        elect_by(run, 1, &[2]);
        act(run, Action::StepDown { server: s(1) });
        settle(run);
        drop_all(run, |_| true);
        elect_by(run, 3, &[1]);
    });
}

#[test]
fn a_vote_for_a_leader_that_was_heard_is_kept() {
    falls_as(Rule::VoteKeptWithinTerm, Some("heard"), by_hand(Setup::new(5, 1), THREE), |run| {
        time_out(run, 1);
        time_out(run, 3);
        ask_by_hand(run, 1, 2);
        deliver(run, 1, 2);
        drop_all(run, |message| message.from != s(3));
        ask_by_hand(run, 3, 2);
    });
}

#[test]
fn a_vote_that_arrives_twice_counts_once() {
    let five = "S1:F1 1 / S2:F1 1 / S3:F1 1 / S4:F1 1 / S5:F1 1";
    falls(Rule::CountVotesOnce, five, |run| {
        time_out(run, 1);
        time_out(run, 5);
        deliver(run, 1, 2);
        let (message, _) = on_way(run, 2, 1)[0];
        act(run, Action::Duplicate { message });
        deliver(run, 2, 1);
        ask_by_hand(run, 5, 3);
        ask_by_hand(run, 5, 4);
    });
}

#[test]
fn a_higher_term_ends_a_leadership() {
    falls(Rule::StepDownOnHigherTerm, LED, |run| {
        elect_by(run, 2, &[3]);
        deliver(run, 2, 1);
    });
}

#[test]
fn replies_to_older_requests_are_dropped() {
    let five = "S1 1 / S2 1 / S3 1 / S4 1 / S5 1";
    falls(Rule::DropStaleReplies, five, |run| {
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
    falls(Rule::LogUpToDate, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        replicate(run, 1, 2);
        assert_eq!(commit(run, 1), 2);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
        goes_on(run, 3, &[2]);
    });
}

#[test]
fn of_two_logs_the_last_terms_are_compared_first() {
    let start = "S1:L2 12 / S2:F2 12 / S3:F1 1111";
    falls(Rule::LastTermFirst, start, |run| {
        replicate(run, 1, 2);
        assert_eq!(commit(run, 1), 2);
        time_out(run, 3);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
        goes_on(run, 3, &[2]);
    });
}

#[test]
fn of_two_logs_with_the_same_last_term_the_longer_wins() {
    falls(Rule::LengthBreaksTies, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        replicate(run, 1, 2);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
        goes_on(run, 3, &[2]);
    });
}

#[test]
fn a_log_survives_a_crash() {
    falls(Rule::LogSurvivesCrash, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        replicate(run, 1, 2);
        drop_all(run, |_| true);
        crash(run, 2);
        restart(run, 2);
        elect_by(run, 3, &[2]);
        goes_on(run, 3, &[2]);
    });
}

#[test]
fn a_reply_leaves_after_the_write_that_it_promises() {
    falls(Rule::ReplyAfterFsync, LED, |run| {
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
        goes_on(run, 3, &[2]);
    });
}

#[test]
fn so_does_the_reply_to_a_heartbeat() {
    let mut setup = Setup::new(3, 1);
    setup.options.window = 10;
    falls_as(Rule::ReplyAfterFsync, Some("heartbeat"), by_hand(setup, LED), |run| {
        replicate(run, 1, 2);
        propose(run, 1, "a");
        settle(run);
        act(run, Action::Send { from: s(1), to: s(2), empty: false });
        // S2 answers both, and crashes before its disk is done. The first answer is lost.
        for (message, _) in on_way(run, 1, 2) {
            drop_all(run, |message| message.from == s(2));
            act(run, Action::Deliver { message });
        }
        for (message, _) in on_way(run, 2, 1) {
            act(run, Action::Deliver { message });
        }
        assert_eq!(commit(run, 1), 2);
        crash(run, 2);
        restart(run, 2);
        drop_all(run, |_| true);
        elect_by(run, 3, &[2]);
        goes_on(run, 3, &[2]);
    });
}

#[test]
fn a_leader_counts_itself_only_when_durable() {
    let start = "S1:F2 2 / S2:F2 2 / S3:L2 2";
    falls(Rule::LeaderCountsSelfWhenDurable, start, |run| {
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
        goes_on(run, 1, &[3]);
    });
}

#[test]
fn an_entry_is_committed_after_a_quorum_has_it() {
    falls(Rule::CommitAfterQuorum, LED, |run| {
        propose(run, 1, "a");
        settle(run);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
        goes_on(run, 2, &[3]);
    });
}

#[test]
fn match_index_is_what_the_request_carried() {
    falls(Rule::MatchFromRequest, LED, |run| {
        // S2 acknowledges a heartbeat while S1 takes an entry that S2 has not seen.
        act(run, Action::Send { from: s(1), to: s(2), empty: false });
        deliver(run, 1, 2);
        propose(run, 1, "a");
        settle(run);
        deliver(run, 2, 1);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
        goes_on(run, 2, &[3]);
    });
}

#[test]
fn the_log_is_cut_only_from_a_conflict() {
    falls(Rule::TruncateOnlyOnConflict, LED, |run| {
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
        goes_on(run, 2, &[3]);
    });
}

#[test]
fn append_entries_of_an_older_term_are_refused() {
    let start = "S1:L2 1 / S2:F2 1 / S3:F2 1";
    falls(Rule::RefuseStaleAppend, start, |run| {
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
        goes_on(run, 1, &[2]);
    });
}

#[test]
fn a_leader_commits_by_counting_only_entries_of_its_own_term() {
    let start = "S1:L2 1 / S2:F2 1 / S3:F2 1 / S4:F2 1 / S5:F2 1";
    falls(Rule::CommitOnlyCurrentTerm, start, |run| {
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
        goes_on(run, 5, &[3, 4]);
    });
}

// Logs that no longer match.

#[test]
fn entries_need_their_predecessor() {
    falls(Rule::PrevLogIndex, "S1:L2 122 / S2:F1 1 / S3:F1 1", |run| {
        propose(run, 1, "a");
        settle(run);
        drop_all(run, |_| true);
        act(run, Action::Send { from: s(1), to: s(2), empty: false });
        settle(run);
        deliver(run, 1, 2);
    });
}

#[test]
fn entries_need_their_predecessors_term() {
    falls(Rule::PrevLogTerm, "S1:L3 123 / S2:F1 111 / S3:F1 1", |run| {
        propose(run, 1, "a");
        settle(run);
        deliver(run, 1, 2);
    });
}

#[test]
fn conflicting_entries_give_way() {
    falls(Rule::DeleteConflicts, "S1:L3 133 / S2:F2 12 / S3:F1 1", |run| {
        for _ in 0..3 {
            replicate(run, 1, 2);
        }
    });
}

#[test]
fn with_a_conflicting_entry_go_all_that_follow_it() {
    falls(Rule::NewTailReplacesSuffix, "S1:L3 13 / S2:F2 122 / S3:F1 1", |run| {
        for _ in 0..2 {
            replicate(run, 1, 2);
        }
    });
}

// State machines that part.

#[test]
fn heartbeats_are_checked_like_any_append() {
    let start = "S1:L3 13 c2 / S2:F2 12 / S3:F3 13 c2";
    falls(Rule::HeartbeatChecked, start, |run| replicate(run, 1, 2));
}

#[test]
fn a_heartbeat_vouches_for_the_entry_before_nextindex_and_for_none_behind() {
    let start = "S1:L3 13 c2 / S2:F2 12 / S3:F3 13 c2";
    falls(Rule::CommitUpToLastNew, start, |run| {
        // S2 refuses: its second entry is another one.
        heartbeat(run, 1, 2);
        drop_all(run, |_| true);
        // About its first entry they agree.
        heartbeat(run, 1, 2);
    });
}

// A leader that always sends what is missing never begins before the first conflict, and what it sends then
// replaces the follower's own entries. Without hand-made heartbeats it takes a reply that should not have
// counted to show what the rule is good for.
#[test]
fn a_follower_commits_up_to_the_last_new_entry() {
    let mut setup = Setup::new(5, 1);
    setup.options.max_entries = 1;
    let start = "S1:L2 1112 / S2:F2 1 / S3:F2 1112 / S4:F2 1112 / S5:F2 1112";
    falls_as(Rule::CommitUpToLastNew, Some("lateReply"), by_hand(setup, start), |run| {
        // S2 has nothing at the end of S1's log. That it says so is long on its way.
        act(run, Action::Send { from: s(1), to: s(2), empty: false });
        settle(run);
        deliver(run, 1, 2);
        let (late, _) = on_way(run, 2, 1)[0];
        // S3 brings S2 up to there, and one entry further, which nobody else gets.
        elect_by(run, 3, &[4, 5]);
        bring_entries(run, 3, 2);
        propose(run, 3, "three");
        settle(run);
        deliver(run, 3, 2);
        // S1 leads again, and commits another one in its place.
        act(run, Action::StepDown { server: s(1) });
        time_out(run, 1);
        drop_all(run, |message| message.from == s(1));
        elect_by(run, 1, &[4, 5]);
        propose_unheard(run, 1, "four");
        replicate(run, 1, 4);
        replicate(run, 1, 5);
        assert_eq!(commit(run, 1), 5);
        // Now the reply comes, and S1 goes back by one more than it has to.
        act(run, Action::Deliver { message: late });
        settle(run);
        deliver(run, 1, 2);
    });
}
