//! Sentences that once said what was not so: with rules off, where a message comes twice or late, and of leaders
//! that did not lose their leadership the way one expects.

use super::{by_hand, deciding, deliver, guard_of, s, said, settle, stand};
use wavetank::explain::because;
use wavetank::raft::{Rule, Timer};
use wavetank::sim::{Action, What};
use wavetank::timeline::Run;

/// The sentences of the messages that were delivered to that server.
fn delivered(run: &Run, to: u8) -> Vec<String> {
    let events = run.events().iter().filter(|event| event.server == Some(s(to)));
    events
        .filter(|event| matches!(event.what, What::Delivered { .. }))
        .map(|event| said(run, event))
        .collect()
}

fn first_delivered(run: &Run, to: u8) -> String {
    delivered(run, to).first().expect("something arrives").clone()
}

fn last_delivered(run: &Run, to: u8) -> String {
    delivered(run, to).last().expect("something arrives").clone()
}

fn heartbeat(run: &mut Run, from: u8, to: u8) {
    run.act(Action::Send { from: s(from), to: s(to), empty: true }).unwrap();
    deliver(run, from, to);
}

/// All messages from one server to another that are under way get a copy.
fn duplicate(run: &mut Run, from: u8, to: u8) {
    let packets = run.world().network().packets();
    let ours = packets.filter(|p| (p.name.from.server(), p.name.to.server()) == (Some(s(from)), Some(s(to))));
    let names: Vec<_> = ours.map(|packet| packet.name).collect();
    for message in names {
        run.act(Action::Duplicate { message }).unwrap();
    }
}

#[test]
fn a_leader_that_follows_a_newer_one_was_not_removed() {
    let mut run = by_hand("S1:L1 11 c1 / S2:L2 11 c2 / S3:F2 11 c2", &[]);
    heartbeat(&mut run, 2, 1);
    let text = first_delivered(&run, 1);
    assert!(text.contains("stepped down as leader of term 1 because term 2 is above its term 1"), "{text}");
    assert!(text.contains("commitIndex 1 → 2") && !text.contains("no place"), "{text}");
}

#[test]
fn a_heartbeat_whose_check_is_skipped_is_taken_and_not_refused() {
    let mut run = by_hand("S1:L1 1 / S2:L2 122 c3 / S3:F2 122", &[Rule::HeartbeatChecked]);
    heartbeat(&mut run, 2, 1);
    let text = first_delivered(&run, 1);
    assert!(text.starts_with("S2's heartbeat reaches S1, which has stepped down"), "{text}");
    assert!(
        text.contains("commitIndex 0 → 1") && !text.contains("refuses") && !text.contains("no place"),
        "{text}"
    );
}

#[test]
fn a_vote_for_an_older_term_is_named_among_those_that_are_counted() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F1 1", &[Rule::DropStaleReplies]);
    stand(&mut run, 1);
    deliver(&mut run, 1, 2);
    stand(&mut run, 1);
    deliver(&mut run, 2, 1);
    let text = last_delivered(&run, 1);
    let expected = "S1 has the votes of S1 and S2 (for an older term: S2), a majority of three: it leads in term 3; a rule is off here: ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn votes_that_are_counted_twice_are_no_majority() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F1 1 / S4:F1 1 / S5:F1 1", &[Rule::CountVotesOnce]);
    stand(&mut run, 1);
    deliver(&mut run, 1, 2);
    duplicate(&mut run, 2, 1);
    deliver(&mut run, 2, 1);
    let text = last_delivered(&run, 1);
    let expected = "S1 has the votes of S1 and S2, no majority of five, but counted as 3: it leads in term 2; a rule is off here: ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_majority_of_those_that_have_answered_is_called_that() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F1 1", &[Rule::QuorumOfAll]);
    stand(&mut run, 1);
    let synced = run.events().iter().rev().find(|event| matches!(event.what, What::Synced { .. })).unwrap();
    let text = said(&run, synced);
    let expected = "S1's vote for itself is on its disk, and S1 has the votes of S1, a majority of those that have answered, S1, but not of three: it leads in term 2; a rule is off here: ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn whoever_takes_a_term_over_was_not_elected_in_it() {
    let two = |order: [u8; 2]| {
        let mut run = by_hand("S1:L2 2 / S2:F2 2 / S3:F2 2", &[Rule::StepDownOnHigherTerm]);
        stand(&mut run, 2);
        for to in order {
            deliver(&mut run, 2, to);
            deliver(&mut run, to, 2);
        }
        run.violations()[0].sentence.clone()
    };
    assert_eq!(
        two([1, 3]),
        "Term 3 has two leaders: S1 led an older one and took it over, and now S2 is elected in it."
    );
    assert_eq!(
        two([3, 1]),
        "Term 3 has two leaders: S2 was elected in it, and now S1 has taken it over, which led an older one."
    );
}

#[test]
fn the_election_timer_that_runs_on_is_explained_in_a_sentence() {
    let mut run = by_hand("S1:F1 1 / S2:F2 12 / S3:F1 1", &[]);
    stand(&mut run, 1);
    deliver(&mut run, 1, 2);
    let guard = guard_of(deciding(&run, Rule::VoteTimerOnlyOnGrant), Rule::VoteTimerOnlyOnGrant);
    assert_eq!(
        because(guard),
        "the vote was not granted, and only a granted vote restarts the election timer: it runs on"
    );
}

#[test]
fn a_log_that_is_taken_for_up_to_date_is_still_said_to_be_behind() {
    let mut run = by_hand("S1:F2 1111 / S2:F2 12 / S3:F2 1", &[Rule::LastTermFirst]);
    stand(&mut run, 1);
    deliver(&mut run, 1, 2);
    let vote = run.events().iter().rev().find_map(|event| wavetank::explain::why_vote(event)).unwrap();
    assert_eq!(
        vote.sentence,
        "S2 voted for S1 because the candidate's log ends in term 1 at index 4, the voter's ends in term 2 at index 2: \
         the candidate's is taken for up to date, though it is behind"
    );
    stand(&mut run, 2);
    deliver(&mut run, 2, 1);
    let vote = run.events().iter().rev().find_map(|event| wavetank::explain::why_vote(event)).unwrap();
    assert!(
        vote.sentence.ends_with("the candidate's is taken for behind, though it is not: the vote is refused"),
        "{}",
        vote.sentence
    );
}

#[test]
fn who_has_just_started_has_heard_from_no_leader() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F1 1", &[]);
    let options = wavetank::sim::Options { lease: true, stickiness: true, ..run.world().options().clone() };
    run.act(Action::SetOptions { options }).unwrap();
    run.act(Action::Crash { server: s(2) }).unwrap();
    run.act(Action::Restart { server: s(2) }).unwrap();
    stand(&mut run, 1);
    deliver(&mut run, 1, 2);
    let text = last_delivered(&run, 2);
    assert!(text.contains("it was just started, and a lease may count on its silence"), "{text}");
    run.act(Action::Fire { server: s(2), timer: Timer::Election }).unwrap();
    settle(&mut run);
    let text = said(&run, run.events().back().expect("it fires"));
    assert!(
        text.starts_with("S2's election timer is made to fire, but it was just started, and a lease"),
        "{text}"
    );
}

#[test]
fn whoever_is_in_no_group_of_a_partition_is_alone() {
    let mut run = by_hand("S1:F1 / S2:F1 / S3:F1 / S4:F1", &[]);
    let said_of = |run: &mut Run, groups: &[&[u8]]| {
        let groups = groups.iter().map(|group| group.iter().map(|&n| s(n)).collect()).collect();
        run.act(Action::Partition { groups }).unwrap();
        said(run, run.events().back().expect("it was done"))
    };
    assert_eq!(said_of(&mut run, &[&[1, 2]]), "The network is cut into {S1, S2} | {S3} | {S4}.");
    assert_eq!(said_of(&mut run, &[&[1, 2], &[2, 3, 4]]), "The network is cut into {S1, S2} | {S2, S3, S4}.");
    assert_eq!(said_of(&mut run, &[&[], &[4, 1, 2]]), "The network is cut into {S1, S2, S4} | {S3}.");
    assert_eq!(said_of(&mut run, &[&[4, 1, 2, 3]]), "The network is one again: everyone hears everyone.");
}

#[test]
fn a_copy_says_that_it_changes_nothing() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F1 1 / S4:F1 1 / S5:F1 1", &[]);
    stand(&mut run, 1);
    duplicate(&mut run, 1, 2);
    deliver(&mut run, 1, 2);
    let text = last_delivered(&run, 2);
    assert!(
        text.starts_with("S2 has voted for S1 in term 2 already, and grants it the same vote again"),
        "{text}"
    );
    deliver(&mut run, 2, 1);
    let text = last_delivered(&run, 1);
    assert!(
        text.starts_with("S2's vote reaches S1 a second time: it is counted already, and nothing changes"),
        "{text}"
    );
}

#[test]
fn an_old_request_that_is_taken_for_a_current_one_gets_the_vote_of_the_current_term() {
    let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F4 1", &[Rule::RefuseStaleVoteRequest]);
    stand(&mut run, 1);
    deliver(&mut run, 1, 3);
    let text = last_delivered(&run, 3);
    assert!(text.starts_with("S3 grants its vote of term 4 to S1, whose request is of term 2"), "{text}");
}

#[test]
fn what_is_deleted_without_a_conflict_is_not_said_to_conflict() {
    let mut run = by_hand("S1:L2 12 / S2:F2 122 / S3:F2 1", &[Rule::TruncateOnlyOnConflict]);
    heartbeat(&mut run, 1, 2);
    let text = first_delivered(&run, 2);
    assert!(
        text.starts_with("S1's heartbeat reaches S2: entry 3 deleted, in conflict with the leader's or not"),
        "{text}"
    );
}

#[test]
fn an_entry_that_conflicts_and_stays_was_not_there_already() {
    let mut run = by_hand("S1:L3 13 / S2:F2 12 / S3:F2 1", &[Rule::DeleteConflicts]);
    run.act(Action::Mislead { leader: s(1), follower: s(2), next: wavetank::raft::Index(2) }).unwrap();
    run.act(Action::Send { from: s(1), to: s(2), empty: false }).unwrap();
    deliver(&mut run, 1, 2);
    let text = last_delivered(&run, 2);
    assert!(
        text.starts_with(
            "S1's AppendEntries reaches S2: entry 2 stays, though in conflict with the leader's"
        ),
        "{text}"
    );
}

#[test]
fn a_server_that_asks_whether_it_would_win_counts_answers_to_older_questions_only_with_the_rule_off() {
    for (off, expected) in [
        (
            &[][..],
            "S2 has said whether it would vote for S1 in term 2, which S1 does not ask any more: nothing changes",
        ),
        (
            &[Rule::DropStaleReplies],
            "S1 has the word of S1 and S2 (for an older term: S2), a majority of three: it stands for election in term 3",
        ),
    ] {
        let mut run = by_hand("S1:F1 1 / S2:F1 1 / S3:F2 1", off);
        let options = wavetank::sim::Options { pre_vote: true, ..run.world().options().clone() };
        run.act(Action::SetOptions { options }).unwrap();
        run.act(Action::Fire { server: s(1), timer: Timer::Election }).unwrap();
        settle(&mut run);
        deliver(&mut run, 1, 2);
        // S3's refusal brings the higher term.
        deliver(&mut run, 1, 3);
        deliver(&mut run, 3, 1);
        run.act(Action::Fire { server: s(1), timer: Timer::Election }).unwrap();
        settle(&mut run);
        deliver(&mut run, 2, 1);
        let text = last_delivered(&run, 1);
        assert!(text.starts_with(expected), "{text}");
    }
}
