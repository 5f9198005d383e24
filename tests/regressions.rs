//! What went wrong in other implementations, and does not here: elections, reads, leadership handed
//! over. Each test names the thread that told of it.

mod common;
#[path = "common/node.rs"]
mod node;

use common::bench::*;
use common::s;
use node::{pre_vote, *};
use wavetank::raft::{
    Body, Change, Configuration, Effect, Index, Input, Options, ReadMode, Refused, Role, Rule, Term, Timer,
};

// Elections.

/// `etcd-io/etcd#8243`: messages of an older term were ignored, answers to a pre-vote too, and a server
/// does not take a term from a pre-vote: one that had slept through some terms could neither be heard nor
/// learn better, and with it a majority was never found.
#[test]
fn a_server_that_is_terms_behind_counts_in_a_pre_vote_and_learns_the_term_from_a_refusal() {
    let options = Options { pre_vote: true, ..options() };
    // It is asked.
    let mut behind = Bench::with(options, 3, 1, 0, "1");
    let effects = hear(&mut behind, 2, 5, pre_vote(6, 1, 1));
    assert_eq!(to(&effects, 2), [&pre_yes(6)]);
    assert_eq!(behind.state(), "F1 v0 1 c0", "what might be changes nothing");
    // Its answer bears its old term, and counts.
    let mut ahead = Bench::with(options, 3, 5, 0, "1");
    ahead.fire(Timer::Election);
    ahead.receive(2, 1, pre_yes(6));
    assert_eq!(ahead.state(), "C6 v1 1 c0");
    // It asks: the refusal tells it the term, and the next time it asks for one that is new.
    behind.fire(Timer::Election);
    behind.receive(2, 5, pre_no(2));
    assert_eq!(behind.state(), "F5 v0 1 c0");
    behind.sync_all();
    let effects = behind.step(Input::Fired(Timer::Election));
    assert_eq!(to(&effects, 3), [&pre_vote(6, 1, 1)]);
}

/// `etcd-io/etcd#8346`: after a split vote a server went back to asking beforehand and still counted the
/// refusals of the vote before, so that one refusal was for ever.
#[test]
fn a_refusal_ends_with_the_round_in_which_it_was_given() {
    let mut bench = Bench::with(Options { pre_vote: true, ..options() }, 3, 2, 0, "1");
    bench.fire(Timer::Election);
    bench.receive(2, 2, pre_yes(3));
    bench.sync_all();
    bench.receive(2, 3, vote(3, false));
    assert_eq!(bench.state(), "C3 v1 1 c0", "the vote is split");
    bench.fire(Timer::Election);
    assert_eq!(bench.state(), "P3 v1 1 c0");
    bench.receive(3, 2, pre_yes(3));
    assert_eq!(bench.state(), "P3 v1 1 c0", "that yes was for the round before");
    bench.receive(2, 3, pre_yes(4));
    bench.sync_all();
    bench.receive(2, 4, vote(4, true));
    assert_eq!(bench.state(), "L4 v1 1 c0");
}

/// `tikv/raft-rs#84`, after `etcd-io/etcd#9586`: followers whose leader was gone refused each other's
/// pre-votes, because both still took it for there while they were asking themselves.
#[test]
fn who_asks_beforehand_has_given_up_its_leader_and_says_yes_to_another_who_asks() {
    let mut bench = Bench::with(Options { pre_vote: true, ..options() }, 3, 2, 0, "1");
    bench.receive(2, 2, append((1, 1), "", 0));
    let effects = hear(&mut bench, 3, 2, pre_vote(3, 1, 1));
    assert_eq!(to(&effects, 3), [&pre_no(3)], "S2 is there");
    bench.fire(Timer::Election);
    let effects = hear(&mut bench, 3, 2, pre_vote(3, 1, 1));
    assert_eq!(to(&effects, 3), [&pre_yes(3)]);
    assert_eq!(bench.state(), "P2 v0 1 c0", "and goes on asking");
}

/// `hashicorp/raft#606`: a follower said no to everyone as long as it knew a leader by name, to that very
/// leader as well, when it had stepped down and asked to be elected again.
#[test]
fn a_leader_known_by_name_is_no_reason_to_refuse_only_a_recent_word_from_it_is() {
    let mut bench = Bench::with(Options { pre_vote: true, ..options() }, 3, 2, 0, "1");
    let effects = hear(&mut bench, 2, 2, append((1, 1), "", 0));
    assert!(starts(&effects, Timer::Stickiness));
    bench.fire(Timer::Stickiness);
    assert_eq!(bench.node.leader(), Some(s(2)), "the name is still known");
    let effects = hear(&mut bench, 2, 2, pre_vote(3, 1, 1));
    assert_eq!(to(&effects, 2), [&pre_yes(3)]);
}

/// `hashicorp/raft#609`: with each yes to a pre-vote the voter took the asker for a sign of life of its
/// leader. One that asked often enough kept everybody from standing.
#[test]
fn a_yes_to_a_pre_vote_keeps_nobody_waiting() {
    let mut bench = Bench::with(Options { pre_vote: true, ..options() }, 3, 2, 0, "1");
    bench.sync_all();
    let before = bench.node.clone();
    for _ in 0..10 {
        let effects = hear(&mut bench, 2, 2, pre_vote(3, 1, 1));
        assert!(matches!(&effects[..], [Effect::Send(..)]), "no timer, no write: {effects:?}");
    }
    assert_eq!(bench.node, before);
}

/// `hashicorp/raft#308`: servers without a vote kept a leader in office that no voter could be reached
/// by.
#[test]
fn learners_keep_no_leader_in_office_and_confirm_no_read() {
    let options = Options { check_quorum: true, noop: true, ..options() };
    let mut bench = leader(options, "123+45", 1, &of_terms("1"));
    beat(&mut bench, &[2, 4, 5]);
    assert_eq!(commit(&bench), 2);
    bench.fire(Timer::Quorum);
    assert!(bench.node.is_leader(), "S2 was heard");
    let effects = read(&mut bench, 1, ReadMode::ReadIndex);
    assert_eq!(answered(&obey(&mut bench, 4, &effects)), NONE);
    assert_eq!(answered(&obey(&mut bench, 5, &effects)), NONE);
    beat(&mut bench, &[4, 5]);
    let effects = bench.step(Input::Fired(Timer::Quorum));
    assert!(!bench.node.is_leader(), "no voter was");
    assert_eq!(turned_away(&effects), [1]);
}

// Reads.

/// `etcd-io/etcd#7331`: a new leader answered reads as of its commitIndex, which may be behind what the
/// leader before it had committed and told clients.
#[test]
fn a_new_leader_answers_no_read_before_it_has_committed_an_entry_of_its_own() {
    let mut bench = leader(options(), "123", 2, &of_terms("12"));
    let effects = read(&mut bench, 1, ReadMode::ReadIndex);
    assert_eq!(answered(&effects), NONE);
    assert_eq!(answered(&beat(&mut bench, &[2, 3])), NONE, "it leads, and does not know what is committed");
    let effects = bench.step(Input::Proposed(vec![entry(3).payload]));
    assert_eq!(answered(&write_all(&mut bench)), NONE);
    let effects = obey(&mut bench, 2, &effects);
    assert_eq!((commit(&bench), answered(&effects)), (3, vec![]), "now a majority has to confirm it");
    assert_eq!(answered(&obey(&mut bench, 3, &effects)), [1]);
}

/// `etcd-io/etcd#11483`: a read that came too early was dropped without a word, and whoever had asked
/// waited for ever.
#[test]
fn a_read_that_can_not_be_answered_is_refused_and_never_forgotten() {
    let mut bench = leader(options(), "123", 2, &of_terms("12"));
    read(&mut bench, 1, ReadMode::ReadIndex);
    read(&mut bench, 2, ReadMode::Lease);
    let effects = hear(&mut bench, 2, 4, append((2, 2), "4", 0));
    assert_eq!(turned_away(&effects), [1, 2]);
    assert_eq!(turned_away(&read(&mut bench, 3, ReadMode::ReadIndex)), [3], "a follower says so at once");
}

/// `etcd-io/raft#105`: the only voter of a cluster came up again, had forgotten how far it had committed,
/// and answered reads as of there, since there was nobody to ask.
#[test]
fn a_lone_voter_that_was_restarted_commits_before_it_answers_reads() {
    let mut bench = leader(options(), "1", 1, &of_terms("11"));
    assert_eq!(bench.state(), "L2 v1 11 c0");
    assert_eq!(answered(&read(&mut bench, 1, ReadMode::ReadIndex)), NONE);
    assert!(accepts(&mut bench));
    assert_eq!(commit(&bench), 0, "its entry is not on the disk yet");
    let effects = write_all(&mut bench);
    assert_eq!((commit(&bench), answered(&effects)), (3, vec![1]));
}

/// `etcd-io/raft#99`: a leader that had told another to stand went on to answer reads by its lease,
/// though votes in that election don't wait for the lease to end.
#[test]
fn a_leader_that_has_told_another_to_stand_has_no_lease_any_more_whatever_comes_of_it() {
    let options = Options { lease: true, stickiness: true, noop: true, ..options() };
    let mut bench = leader(options, "123", 1, &of_terms("1"));
    beat(&mut bench, &[2, 3]);
    beat(&mut bench, &[2, 3]);
    assert_eq!(answered(&read(&mut bench, 1, ReadMode::Lease)), [1]);
    assert!(told_to_stand(&ask_transfer(&mut bench, 2), 2));
    assert_eq!(answered(&read(&mut bench, 2, ReadMode::Lease)), NONE);
    bench.fire(Timer::Transfer);
    assert_eq!(bench.node.transferring(), None, "S2 did not stand in time; it may do so yet");
    beat(&mut bench, &[2, 3]);
    assert_eq!(answered(&read(&mut bench, 3, ReadMode::Lease)), NONE, "only if a majority says so");
    assert_eq!(answered(&beat(&mut bench, &[2])), [3]);
}

// Leadership handed over.

/// `hashicorp/raft#398`: leadership was handed to a server without a vote, which led for a moment.
/// `etcd-io/etcd#11326`: the same, to one that had just become a learner.
#[test]
fn leadership_goes_to_voters_only() {
    let options = Options { noop: true, ..options() };
    let mut bench = leader(options, "123+4", 1, &of_terms("1"));
    beat(&mut bench, &[2, 3, 4]);
    let no_vote = |n| Some(Refused::NoVoter { server: s(n) });
    assert_eq!(refusal(&ask_transfer(&mut bench, 4)), no_vote(4));
    assert_eq!(refusal(&ask_transfer(&mut bench, 9)), no_vote(9));
    assert_eq!(refusal(&ask_transfer(&mut bench, 1)), Some(Refused::Leads));
    ask_change(&mut bench, Change::Learner(s(3)));
    assert_eq!(refusal(&ask_transfer(&mut bench, 3)), no_vote(3), "though that is not committed yet");
    // A learner that is told to stand does not.
    let mut learner = node(options, "23+1", 2, &of_terms("1"));
    learner.receive(2, 2, append((1, 1), "", 1));
    learner.receive(2, 2, Body::TimeoutNow);
    assert_eq!(learner.state(), "F2 v0 1 c1");
}

/// `databendlabs/openraft#1805`: a learner was made a voter and at once told to lead, before it had the
/// entry that made it one; it did not know itself as a voter.
#[test]
fn who_is_to_lead_is_told_so_only_when_it_has_the_whole_log_its_own_promotion_included() {
    let mut bench = leader(Options { noop: true, ..options() }, "12+3", 1, &of_terms("1"));
    beat(&mut bench, &[2, 3]);
    let effects = ask_change(&mut bench, Change::Add(s(3)));
    write_all(&mut bench);
    obey(&mut bench, 2, &effects);
    assert_eq!(commit(&bench), 3, "S3 is a voter, and does not know");
    assert!(!told_to_stand(&ask_transfer(&mut bench, 3), 3));
    assert!(told_to_stand(&obey(&mut bench, 3, &effects), 3));
}

/// `hashicorp/raft#487`: a leader went on taking commands while it handed over, so that the other one's
/// log was never as long as its own, and it refused the very vote that it had asked for.
#[test]
fn a_leader_that_hands_over_takes_no_commands_until_it_is_over() {
    let mut bench = leader(Options { noop: true, ..options() }, "123", 1, &of_terms("1"));
    beat(&mut bench, &[2]);
    assert!(!told_to_stand(&ask_transfer(&mut bench, 3), 3), "S3 lacks something");
    assert!(!accepts(&mut bench));
    assert_eq!(bench.log(), "12");
    let effects = beat(&mut bench, &[3]);
    assert!(told_to_stand(&effects, 3));
    assert!(!accepts(&mut bench), "not now either: S3 could not win");
    let mut elected = bench.clone();
    let flagged = Body::RequestVote { last_index: Index(2), last_term: Term(2), transfer: true };
    elected.receive(3, 3, flagged);
    assert_eq!(elected.state(), "F3 v3 12 c2", "it votes for S3");
    bench.fire(Timer::Transfer);
    assert!(accepts(&mut bench), "S3 was too slow");
}

/// `hashicorp/raft#696`: a leader was deposed in the middle of a transfer. When it was elected again
/// later, it still believed itself to be handing over, and took no commands ever after.
#[test]
fn a_transfer_ends_with_the_leadership_in_which_it_began() {
    let mut bench = leader(Options { noop: true, ..options() }, "123", 1, &of_terms("1"));
    ask_transfer(&mut bench, 3);
    assert_eq!(bench.node.transferring(), Some(s(3)));
    let effects = hear(&mut bench, 2, 7, vote(7, false));
    assert!(effects.contains(&Effect::CancelTimer(Timer::Transfer)));
    bench.sync_all();
    elect(&mut bench);
    assert_eq!(bench.node.transferring(), None);
    assert!(accepts(&mut bench));
}

/// `tikv/raft-rs#221`, also `etcd-io/etcd#12133` and `#7280`: a server stood for election with a new
/// configuration in its log that it had not applied yet, and counted by the old one. Then two leaders of
/// one term are possible. (There, it must not stand; here, what is in the log is in force.)
#[test]
fn whoever_stands_counts_by_the_configuration_in_its_log_committed_or_not() {
    for (told, restarted) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut bench = node(options(), "123", 1, &of_terms("1"));
        hear(&mut bench, 2, 1, append_entries((1, 1), &[change(1, "1234")], 1));
        bench.sync_all();
        if restarted {
            bench.crash();
        }
        let effects = if told {
            hear(&mut bench, 2, 1, Body::TimeoutNow)
        } else {
            bench.step(Input::Fired(Timer::Election))
        };
        assert!((2..=4).all(|peer| to(&effects, peer).len() == 1), "all four are asked: {effects:?}");
        bench.sync_all();
        bench.receive(2, 2, vote(2, true));
        assert!(matches!(bench.node.role(), Role::Candidate { .. }), "two of four are not enough");
        bench.receive(4, 2, vote(2, true));
        assert!(bench.node.is_leader());
    }
}

/// `camunda/camunda#5356`: a follower that heard of the leader cleared its vote, and voted again in that term.
/// Whatever the leader sends, and whether or not the log agrees, the vote stays.
#[test]
fn a_vote_is_kept_when_the_leader_of_its_term_is_heard() {
    let refused = || append((7, 7), "", 0);
    let snapshot = || common::bench::piece((3, 1), Configuration::of_first(3), 0..2, false);
    for heard in [append((1, 1), "", 0), append((1, 1), "2", 0), refused(), snapshot()] {
        for (kept, state) in [(true, "F2 v2"), (false, "F2 v0")] {
            let mut bench = Bench::new(3, 2, 2, "1");
            bench.rules = bench.rules.set(Rule::VoteKeptWithinTerm, kept);
            for _ in 0..2 {
                bench.receive(2, 2, heard.clone());
                assert!(bench.state().starts_with(state), "{heard:?}: {}", bench.state());
            }
            bench.sync_all();
            let vote = if kept { "no 2" } else { "yes 2" };
            let told = bench.receive(3, 2, vote_request(2, 9));
            assert!(told.iter().any(|effect| effect.contains(vote)), "{heard:?}: {told:?}");
            // With the rule off the next request of the leader clears the second vote as well.
            bench.receive(2, 2, heard.clone());
            assert!(bench.state().starts_with(state), "{heard:?}: {}", bench.state());
        }
    }
}

/// `microsoft/coyote-samples#8`: a vote that the network delivers twice was counted twice.
#[test]
fn a_vote_that_arrives_twice_counts_once_and_with_the_rule_off_twice() {
    for (once, leads) in [(true, false), (false, true)] {
        let mut bench = Bench::candidate(5, 2, "1");
        bench.rules = bench.rules.set(Rule::CountVotesOnce, once);
        bench.receive(2, 2, vote(2, true));
        bench.receive(2, 2, vote(2, true));
        assert_eq!(bench.node.is_leader(), leads);
    }
}

/// `eBay/NuRaft#185`: PreVote asked only whether a leader was alive, so a server whose log was too short to win
/// deposed the leader again and again.
#[test]
fn a_pre_vote_is_granted_only_to_a_log_that_is_up_to_date() {
    let options = Options { pre_vote: true, ..options() };
    for (rule, on, granted) in [
        (Rule::PreVoteLogUpToDate, true, false),
        (Rule::PreVoteLogUpToDate, false, true),
        (Rule::LogUpToDate, false, true),
    ] {
        let mut bench = Bench::with(options, 3, 1, 0, "11");
        bench.rules = bench.rules.set(rule, on);
        let effects = hear(&mut bench, 2, 1, pre_vote(2, 1, 1));
        let expected = if granted { pre_yes(2) } else { pre_no(2) };
        assert_eq!(to(&effects, 2), [&expected], "{rule} {on}");
        let votes = bench.receive(2, 2, vote_request(1, 1));
        let votes = votes.iter().any(|effect| effect.contains("yes 2"));
        assert_eq!(votes, rule == Rule::LogUpToDate, "{rule} {on}: votes are a rule of their own");
    }
}
