//! What the rules of membership are good for (§6, D4): with the rule off, a scripted run breaks a promise;
//! with the rule on, in the same recording the rule is in the way, and every promise holds.

use super::common::*;
use super::scripts::*;
use wavetank::raft::{Change, Rule};
use wavetank::sim::Action;
use wavetank::timeline::Run;

/// By hand: the second server has the leader's first entry, so that is committed.
#[track_caller]
fn settled(run: &mut Run) {
    replicate(run, 1, 2);
    assert_eq!(commit(run, 1), 1);
    drop_all(run, |_| true);
}

#[test]
fn a_configuration_counts_from_the_append_on() {
    falls(Rule::ConfigurationOnAppend, LED, |run| {
        settled(run);
        boot(run, 4);
        boot(run, 5);
        // Two changes, each committed, and S3 has heard of neither.
        for new in [4, 5] {
            change(run, 1, Change::Add(s(new)));
            drop_all(run, |_| true);
            bring_entries(run, 1, 2);
            bring(run, 1, 4);
            bring(run, 1, 2);
        }
        assert_eq!((commit(run, 1), commit(run, 4)), (3, 3));
        // S2 forgets what is committed, and goes by three servers. S4 goes by five.
        crash(run, 2);
        restart(run, 2);
        elect_by(run, 2, &[3]);
        drop_all(run, |_| true);
        elect_by(run, 4, &[1, 5]);
    });
}

#[test]
fn one_change_at_a_time() {
    falls(Rule::OneChangeAtATime, LED, |run| {
        settled(run);
        boot(run, 4);
        boot(run, 5);
        change(run, 1, Change::Add(s(4)));
        change(run, 1, Change::Add(s(5)));
        elect_again(run, 1, &[4, 5]);
        // S2 and S3 have heard of neither: for them there are three servers.
        elect_by(run, 2, &[3]);
    });
}

#[test]
fn between_two_configurations_lies_a_joint_one() {
    falls(Rule::JointPhase, LED, |run| {
        settled(run);
        boot(run, 4);
        boot(run, 5);
        change(run, 1, Change::Joint { voters: set("12345"), learners: set(""), manual: false });
        elect_again(run, 1, &[4, 5]);
        elect_by(run, 2, &[3]);
    });
}

#[test]
fn no_change_before_an_entry_of_the_own_term_is_committed() {
    let start = "S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2";
    falls(Rule::ChangeAfterOwnTermCommit, start, |run| {
        // The bug of 2015. S1 adds S5, and only S5 hears of it.
        replicate(run, 1, 2);
        replicate(run, 1, 3);
        assert_eq!(commit(run, 1), 1);
        boot(run, 5);
        change(run, 1, Change::Add(s(5)));
        drop_all(run, |_| true);
        bring(run, 1, 5);
        // S2 knows nothing of that, and removes S1: two of the three that are left commit it.
        elect_by(run, 2, &[3, 4]);
        drop_all(run, |_| true);
        change(run, 2, Change::Remove(s(1)));
        drop_all(run, |_| true);
        bring(run, 2, 3);
        assert_eq!(commit(run, 2), 2);
        // For S1 there are five servers, and three of them have not heard of S2's change.
        act(run, Action::StepDown { server: s(1) });
        time_out(run, 1);
        drop_all(run, |_| true);
        elect_by(run, 1, &[4, 5]);
        goes_on(run, 1, &[4, 5]);
    });
}

#[test]
fn learners_are_not_counted() {
    falls(Rule::LearnersNotCounted, LED, |run| {
        settled(run);
        boot(run, 4);
        change(run, 1, Change::Learner(s(4)));
        for follower in [2, 3, 4] {
            bring_entries(run, 1, follower);
        }
        // Only the learner hears of the next entry.
        propose_unheard(run, 1, "a");
        replicate(run, 1, 4);
        assert_eq!(commit(run, 1), 3);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
        goes_on(run, 2, &[3]);
    });
}

#[test]
fn a_wiped_server_comes_back_as_somebody_new() {
    falls(Rule::FreshIdentity, LED, |run| {
        propose_unheard(run, 1, "a");
        replicate(run, 1, 2);
        assert_eq!(commit(run, 1), 2);
        drop_all(run, |_| true);
        // One of the two that have it forgets it, and votes.
        act(run, Action::Wipe { server: s(2) });
        settle(run);
        elect_by(run, 3, &[2]);
        goes_on(run, 3, &[2]);
    });
}

#[test]
fn a_leader_outside_does_not_count_itself() {
    let start = "S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2";
    falls(Rule::LeaderOutsideNotCounted, start, |run| {
        replicate(run, 1, 2);
        replicate(run, 1, 3);
        assert_eq!(commit(run, 1), 1);
        drop_all(run, |_| true);
        // S1 removes itself, which S3 and S4 hear; what S1 takes after that, only S2.
        change(run, 1, Change::Remove(s(1)));
        deliver(run, 1, 3);
        deliver(run, 1, 4);
        drop_all(run, |_| true);
        propose(run, 1, "a");
        settle(run);
        ask_by_hand(run, 1, 2);
        drop_all(run, |_| true);
        // S1 and S2 are not two of S2, S3 and S4.
        elect_by(run, 3, &[4]);
        goes_on(run, 3, &[4]);
    });
}

// A rule of elections, which only changes of the configuration show to be one of safety: a candidate that
// goes on counts the votes of its term by whatever configuration it has learnt of since.
#[test]
fn a_candidate_steps_back_before_it_learns_of_another_configuration() {
    let five = "S1 1 / S2 1 / S3 1 / S4 1 / S5 1";
    falls(Rule::CandidateStepsBack, five, |run| {
        // S4 stands, and the yes of S5 is long on its way. In the same term S2 is elected.
        time_out(run, 4);
        deliver(run, 4, 5);
        let (yes, _) = on_way(run, 5, 4)[0];
        time_out(run, 2);
        ask_by_hand(run, 2, 1);
        ask_by_hand(run, 2, 3);
        assert!(server(run, 2).node.is_leader());
        propose_unheard(run, 2, "a");
        bring(run, 2, 1);
        bring(run, 2, 3);
        // Those who have elected it go, one after the other. S4 is a candidate and hears of that.
        change(run, 2, Change::Remove(s(1)));
        bring_entries(run, 2, 3);
        bring_entries(run, 2, 4);
        change(run, 2, Change::Remove(s(3)));
        bring_entries(run, 2, 4);
        // S4 and S5 are two of three now.
        act(run, Action::Deliver { message: yes });
    });
}
