//! Figure 2, sentence by sentence, on one bare node: what goes in, and what it wants done.

mod common;

use common::bench::*;
use common::s;
use wavetank::raft::{
    AppendOutcome, Backtracking, Body, ConflictHint, Index, Input, Options, Rule, Rules, Term, Timer,
};

/// Whether these effects start the election timer anew.
fn restarts(told: &[String]) -> bool {
    told.iter().any(|effect| effect == "election timer")
}

/// The messages among these effects.
fn sent(told: &[String]) -> Vec<&str> {
    told.iter().map(String::as_str).filter(|effect| effect.starts_with("to S")).collect()
}

// All servers.

#[test]
fn what_is_committed_is_applied_in_order_by_whoever_learns_of_it() {
    let mut follower = Bench::new(3, 1, 0, "11");
    let told = follower.receive(2, 1, append((2, 1), "11", 3));
    assert!(told.contains(&"apply to 3".to_string()), "{told:?}");
    assert_eq!(follower.node.applied(), Index(3));
    let again = follower.receive(2, 1, append((2, 1), "11", 3));
    assert!(!again.iter().any(|effect| effect.starts_with("apply")), "nothing is applied twice: {again:?}");

    let mut leader = Bench::leader(3, 2, "11");
    leader.propose();
    leader.sync_all();
    let told = leader.receive(2, 2, success(2, 2, 1));
    assert!(told.contains(&"apply to 3".to_string()), "{told:?}");
}

#[test]
fn a_higher_term_in_any_message_makes_anyone_a_follower_of_that_term_without_a_vote() {
    let benches = [
        ("follower", Bench::new(3, 4, 3, "14")),
        ("candidate", Bench::candidate(3, 4, "12")),
        ("leader", Bench::leader(3, 4, "12")),
    ];
    let messages = [
        ("RequestVote", vote_request(1, 1)),
        ("a refused vote", vote(4, false)),
        ("a granted vote", vote(4, true)),
        ("AppendEntries", append((9, 9), "", 0)),
        ("a success", success(4, 0, 1)),
        ("a mismatch", mismatch(4, 2, 0)),
        ("a refusal for the term", appended(4, 2, 0, AppendOutcome::Stale)),
    ];
    for (role, bench) in &benches {
        for (what, body) in &messages {
            let mut bench = bench.clone();
            let log = bench.log();
            let told = bench.receive(2, 7, body.clone());
            assert_eq!(bench.state(), format!("F7 v0 {log} c0"), "{role}, {what}");
            assert!(told.iter().any(|effect| effect.ends_with(": t7 v0")), "{role}, {what}: {told:?}");
            assert!(sent(&told).iter().all(|sent| sent.contains("after write")), "{role}, {what}: {told:?}");
        }
    }
}

#[test]
fn a_term_that_is_not_higher_changes_nobodys_term_or_vote() {
    for (before, mut bench) in [
        ("F4 v3 12 c0", Bench::new(3, 4, 3, "12")),
        ("C4 v1 12 c0", Bench::candidate(3, 4, "12")),
        ("L4 v1 12 c0", Bench::leader(3, 4, "12")),
    ] {
        assert_eq!(bench.state(), before);
        for term in [0, 1, 3] {
            for body in [
                vote_request(9, 9),
                vote(term, true),
                append((2, 2), "3", 2),
                success(term, 0, 9),
                mismatch(term, 2, 0),
            ] {
                let told = bench.receive(2, term, body);
                assert_eq!(bench.state(), before, "{told:?}");
                assert!(!told.iter().any(|effect| effect.starts_with("write")), "{told:?}");
            }
        }
    }
}

#[test]
fn a_higher_term_is_adopted_before_the_message_is_handled() {
    // Its vote of term 4 does not bind it in term 5.
    let mut bench = Bench::new(3, 4, 3, "1");
    assert_eq!(
        bench.receive(2, 5, vote_request(1, 1)),
        ["election timer", "to S2 t5: yes 5 after write 1", "write 1: t5 v2",]
    );
    // Nor does a candidacy of term 4 stand in the way of the leader of term 5.
    let mut bench = Bench::candidate(3, 4, "1");
    bench.receive(2, 5, append((1, 1), "5", 0));
    assert_eq!(bench.state(), "F5 v0 15 c0");
}

// The election timeout.

#[test]
fn the_election_timer_restarts_exactly_where_figure_2_says() {
    let follower = || Bench::new(5, 4, 0, "12");
    let voted = || Bench::new(5, 4, 3, "12");
    let candidate = || Bench::candidate(5, 4, "12");
    let hears = |mut bench: Bench, term: u64, body: Body| bench.receive(2, term, body);
    let table = [
        // A follower, and AppendEntries.
        ("entries of the current term", true, hears(follower(), 4, append((2, 2), "4", 0))),
        ("a heartbeat of the current term", true, hears(follower(), 4, append((2, 2), "", 0))),
        ("entries that do not fit", true, hears(follower(), 4, append((9, 4), "4", 0))),
        ("a heartbeat that does not fit", true, hears(follower(), 4, append((2, 1), "", 0))),
        ("entries of a higher term", true, hears(follower(), 5, append((2, 2), "5", 0))),
        ("entries of an older term", false, hears(follower(), 3, append((2, 2), "3", 0))),
        // A follower, and votes.
        ("a vote that it grants", true, hears(follower(), 4, vote_request(2, 2))),
        ("a vote that it grants in a higher term", true, hears(voted(), 5, vote_request(2, 2))),
        ("a vote that it grants once more", true, {
            let mut bench = follower();
            bench.receive(2, 4, vote_request(2, 2));
            hears(bench, 4, vote_request(2, 2))
        }),
        ("a request when it has voted", false, hears(voted(), 4, vote_request(2, 2))),
        ("a request by one with a worse log", false, hears(follower(), 4, vote_request(2, 1))),
        ("the same in a higher term", false, hears(follower(), 9, vote_request(2, 1))),
        ("a request of an older term", false, hears(follower(), 3, vote_request(9, 9))),
        // A follower, and what else can happen.
        ("a reply to an old candidacy", false, hears(follower(), 4, vote(3, true))),
        ("a reply to an old leadership", false, hears(follower(), 4, success(3, 0, 2))),
        ("a reply of a higher term", false, hears(follower(), 6, appended(3, 2, 0, AppendOutcome::Stale))),
        ("a proposal", false, follower().propose()),
        ("a write that ends", false, {
            let mut bench = follower();
            bench.receive(2, 4, append((2, 2), "4", 0));
            bench.sync()
        }),
        ("it stands for election", true, follower().fire(Timer::Election)),
        ("it begins to run", true, follower().told(Input::Started)),
        // A candidate.
        ("a candidate stands again", true, candidate().fire(Timer::Election)),
        ("a candidate asks again", false, candidate().fire(Timer::Heartbeat)),
        ("a candidate hears its term's leader", true, hears(candidate(), 4, append((9, 4), "", 0))),
        ("a candidate hears an older leader", false, hears(candidate(), 3, append((2, 2), "", 0))),
        ("a candidate is asked by a rival", false, hears(candidate(), 4, vote_request(9, 9))),
        ("a candidate is given a vote", false, hears(candidate(), 4, vote(4, true))),
        ("a candidate is refused a vote", false, hears(candidate(), 4, vote(4, false))),
        ("a candidate sees a higher term", false, hears(candidate(), 6, vote(4, false))),
        ("a candidate refuses in a higher term", false, hears(candidate(), 6, vote_request(1, 1))),
        ("a candidate grants in a higher term", true, hears(candidate(), 6, vote_request(9, 9))),
        ("a candidate steps down", false, candidate().told(Input::SteppedDown)),
    ];
    for (what, expected, told) in table {
        assert_eq!(restarts(&told), expected, "{what}: {told:?}");
    }
}

#[test]
fn a_leader_has_no_election_timer_and_starts_one_when_it_ceases_to_lead() {
    let mut bench = Bench::candidate(3, 4, "12");
    let told = bench.receive(2, 4, vote(4, true));
    assert!(told.contains(&"no election timer".into()) && !restarts(&told), "{told:?}");
    // One that had been set off just before does nothing.
    assert_eq!(bench.clone().fire(Timer::Election), [] as [String; 0]);
    for ends in [
        bench.clone().receive(2, 5, vote_request(1, 1)),
        bench.clone().receive(2, 5, appended(4, 2, 0, AppendOutcome::Stale)),
        bench.clone().receive(2, 5, append((2, 2), "", 0)),
        bench.told(Input::SteppedDown),
    ] {
        assert!(restarts(&ends), "{ends:?}");
        assert!(ends.contains(&"no heartbeat timer".into()), "{ends:?}");
    }
}

#[test]
fn election_timeouts_are_drawn_from_a_range_unless_the_rule_is_off() {
    let range = |rules| {
        let mut bench = Bench::new(3, 0, 0, "");
        bench.rules = rules;
        match bench.step(Input::Started)[..] {
            [wavetank::raft::Effect::SetTimer(Timer::Election, range)] => (range.min_us, range.max_us),
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(range(Rules::ALL_ON), (150_000, 300_000));
    assert_eq!(range(Rules::without(&[Rule::RandomisedTimeouts])), (150_000, 150_000));
}

// Candidates.

#[test]
fn a_candidate_begins_a_new_term_votes_for_itself_and_asks_everyone_once_both_are_on_disk() {
    let mut bench = Bench::new(3, 4, 2, "1224");
    assert_eq!(
        bench.fire(Timer::Election),
        [
            "election timer",
            "heartbeat timer",
            "to S2 t5: vote? 4.4 after write 1",
            "to S3 t5: vote? 4.4 after write 1",
            "write 1: t5 v1",
        ]
    );
    assert_eq!(bench.state(), "C5 v1 1224 c0");
}

#[test]
fn an_election_takes_a_majority_of_all_voters_for_one_to_nine_servers() {
    // servers | votes that elect, its own included
    for row in rows("1|1\n2|2\n3|2\n4|3\n5|3\n6|4\n7|4\n8|5\n9|5") {
        let (servers, needed) = (number(row[0]) as u8, number(row[1]));
        for votes in 1..=u64::from(servers) {
            let mut bench = Bench::candidate(servers, 1, "");
            for voter in 2..=votes {
                bench.receive(voter as u8, 1, vote(1, true));
            }
            assert_eq!(bench.node.is_leader(), votes >= needed, "{votes} votes of {servers}");
        }
    }
}

#[test]
fn a_candidate_counts_its_own_vote_only_once_it_is_on_disk() {
    let mut alone = Bench::new(1, 0, 0, "");
    alone.fire(Timer::Election);
    assert_eq!(alone.state(), "C1 v1 - c0");
    alone.sync();
    assert_eq!(alone.state(), "L1 v1 - c0");

    let mut bench = Bench::new(3, 0, 0, "");
    bench.fire(Timer::Election);
    bench.receive(2, 1, vote(1, true));
    assert_eq!(bench.state(), "C1 v1 - c0", "one vote on disk is no majority of three");
    bench.sync();
    assert_eq!(bench.state(), "L1 v1 - c0");

    // The end of an earlier write says nothing about this vote.
    let mut bench = Bench::new(1, 0, 0, "");
    bench.fire(Timer::Election);
    bench.fire(Timer::Election);
    bench.sync();
    assert_eq!(bench.state(), "C2 v1 - c0");
    bench.sync();
    assert_eq!(bench.state(), "L2 v1 - c0");
}

#[test]
fn a_vote_counts_once_a_refusal_never_and_a_voters_word_stands() {
    let mut bench = Bench::candidate(5, 1, "");
    for _ in 0..5 {
        bench.receive(2, 1, vote(1, true));
        bench.receive(3, 1, vote(1, false));
    }
    assert_eq!(bench.state(), "C1 v1 - c0");
    bench.receive(4, 1, vote(1, true));
    assert_eq!(bench.state(), "L1 v1 - c0");
}

#[test]
fn a_candidate_steps_back_for_the_leader_of_its_own_term_and_its_vote_still_binds() {
    let mut bench = Bench::candidate(3, 4, "12");
    bench.receive(2, 4, append((9, 4), "", 0));
    assert_eq!(bench.state(), "F4 v1 12 c0");
    assert_eq!(bench.node.leader(), Some(s(2)));
    assert_eq!(sent(&bench.receive(3, 4, vote_request(9, 9))), ["to S3 t4: no 4"]);
    // Votes that come late elect nobody.
    bench.receive(2, 4, vote(4, true));
    bench.receive(3, 4, vote(4, true));
    assert_eq!(bench.state(), "F4 v1 12 c0");
}

#[test]
fn a_candidate_does_not_step_back_for_a_leader_of_an_older_term() {
    let mut bench = Bench::candidate(3, 4, "12");
    assert_eq!(bench.receive(2, 3, append((2, 2), "3", 0)), ["to S2 t4: stale 3"]);
    assert_eq!(bench.state(), "C4 v1 12 c0");
}

#[test]
fn a_candidate_that_is_not_elected_starts_again_with_a_new_term() {
    let mut bench = Bench::candidate(5, 1, "");
    bench.receive(2, 1, vote(1, true));
    bench.fire(Timer::Election);
    assert_eq!(bench.state(), "C2 v1 - c0");
    bench.sync_all();
    // The vote of term 1 is not carried over.
    bench.receive(3, 2, vote(2, true));
    assert_eq!(bench.state(), "C2 v1 - c0");
    bench.receive(4, 2, vote(2, true));
    assert_eq!(bench.state(), "L2 v1 - c0");
}

#[test]
fn a_candidate_repeats_its_request_to_those_who_have_not_answered() {
    let mut bench = Bench::candidate(5, 1, "");
    bench.receive(2, 1, vote(1, true));
    bench.receive(3, 1, vote(1, false));
    assert_eq!(
        bench.fire(Timer::Heartbeat),
        ["heartbeat timer", "to S4 t1: vote? 0.0", "to S5 t1: vote? 0.0"]
    );
}

// RequestVote, at the receiver.

#[test]
fn a_vote_is_given_by_term_then_by_vote_then_by_log() {
    // own term, vote and log | asked term, candidate's last entry | answer; state after
    let table = "
        # 1. A term that is older is refused.
        4 0 12  | 3 9.9 | no;  F4 v0 12 c0
        4 3 12  | 0 9.9 | no;  F4 v3 12 c0
        # 2. One vote a term, and again to the one who has it.
        4 0 12  | 4 2.2 | yes; F4 v2 12 c0
        4 2 12  | 4 2.2 | yes; F4 v2 12 c0
        4 3 12  | 4 2.2 | no;  F4 v3 12 c0
        4 1 12  | 4 9.4 | no;  F4 v1 12 c0
        4 3 12  | 5 2.2 | yes; F5 v2 12 c0
        # 3. The log: the last term first, then the length.
        4 0 12  | 4 1.3 | yes; F4 v2 12 c0
        4 0 12  | 4 3.2 | yes; F4 v2 12 c0
        4 0 12  | 4 1.2 | no;  F4 v0 12 c0
        4 0 12  | 4 9.1 | no;  F4 v0 12 c0
        4 0 -   | 4 0.0 | yes; F4 v2 - c0
        4 0 1   | 4 0.0 | no;  F4 v0 1 c0
        # Having voted for it once does not make up for the log; the higher term is taken all the same.
        4 2 12  | 4 1.2 | no;  F4 v2 12 c0
        4 3 12  | 9 9.1 | no;  F9 v0 12 c0
    ";
    for row in rows(table) {
        let own: Vec<&str> = row[0].split_whitespace().collect();
        let (asked, last) = row[1].split_once(' ').unwrap();
        let (answer, state) = row[2].split_once(';').unwrap();
        let (index, term) = place(last);
        let mut bench = Bench::new(3, number(own[0]), number(own[1]) as u8, dash(own[2]));
        let told = bench.receive(2, number(asked), vote_request(term, index));
        let expected = format!("to S2 t{}: {answer} {asked}", bench.node.term());
        assert!(sent(&told)[0].starts_with(&expected), "{row:?}: {told:?}");
        assert_eq!(bench.state(), state.trim(), "{row:?}");
    }
}

#[test]
fn a_grant_leaves_when_term_and_vote_are_on_disk_and_binds_from_the_start() {
    let mut bench = Bench::new(3, 4, 0, "");
    assert_eq!(
        bench.receive(2, 4, vote_request(0, 0)),
        ["election timer", "to S2 t4: yes 4 after write 1", "write 1: t4 v2"]
    );
    // It is not on disk yet, and binds already.
    assert_eq!(sent(&bench.receive(3, 4, vote_request(9, 9))), ["to S3 t4: no 4 after write 1"]);
    // Asked again, the same promise has to wait for the same write.
    assert_eq!(sent(&bench.receive(2, 4, vote_request(0, 0))), ["to S2 t4: yes 4 after write 1"]);
    bench.sync();
    assert_eq!(bench.receive(2, 4, vote_request(0, 0)), ["election timer", "to S2 t4: yes 4"]);
    // Term and vote are one write, so no crash comes between them.
    let mut bench = Bench::new(3, 4, 3, "");
    bench.receive(2, 5, vote_request(0, 0));
    assert_eq!(bench.queue.len(), 1);
    bench.crash();
    assert_eq!(bench.state(), "F4 v3 - c0", "what was not on disk is as if it had not been");
}

// AppendEntries, at the receiver.

#[test]
fn append_entries_are_refused_where_term_or_log_do_not_fit_and_taken_over_where_they_do() {
    // own log (term 4) | term, previous entry, entries | answer | log after
    let table = "
        # 1. An older term.
        123  | 3 3.3 4    | stale 3      | 123
        123  | 3 0.0 -    | stale 3      | 123
        # 2. No entry there, or one of another term; a heartbeat is checked alike.
        123  | 4 4.3 4    | mismatch 4 4 | 123
        123  | 4 4.3 -    | mismatch 4 4 | 123
        123  | 4 3.2 4    | mismatch 3 4 | 123
        123  | 4 3.2 -    | mismatch 3 4 | 123
        123  | 4 3.4 44   | mismatch 3 4 | 123
        -    | 4 1.1 4    | mismatch 1 4 | -
        # 4. What is missing is appended.
        -    | 4 0.0 124  | stored 0+3 4 | 124
        123  | 4 3.3 44   | stored 3+2 4 | 12344
        123  | 4 3.3 -    | stored 3+0 4 | 123
        123  | 4 1.1 234  | stored 1+3 4 | 1234
        # 3. An entry that conflicts goes, with all that follow it.
        1223 | 4 1.1 4    | stored 1+1 4 | 14
        1223 | 4 1.1 24   | stored 1+2 4 | 124
        1223 | 4 0.0 4    | stored 0+1 4 | 4
        # What is there already stays: the request can be an old one, and the log longer by now.
        12344 | 4 2.2 3   | stored 2+1 4 | 12344
        12344 | 4 0.0 12  | stored 0+2 4 | 12344
        12344 | 4 1.1 -   | stored 1+0 4 | 12344
        12344 | 4 0.0 -   | stored 0+0 4 | 12344
    ";
    for row in rows(table) {
        let request: Vec<&str> = row[1].split_whitespace().collect();
        let mut bench = Bench::new(3, 4, 0, dash(row[0]));
        let body = append(place(request[1]), dash(request[2]), 0);
        let told = bench.receive(2, number(request[0]), body);
        let expected = format!("to S2 t4: {}", row[2]);
        let sent = sent(&told);
        assert_eq!(sent[0].split(" after").next(), Some(expected.as_str()), "{row:?}");
        assert_eq!(bench.log(), row[3], "{row:?}");
        // What changed is written, and the answer waits for it; else it leaves at once.
        let changed = row[0] != row[3];
        assert_eq!(told.iter().any(|effect| effect.starts_with("write")), changed, "{row:?}: {told:?}");
        assert_eq!(sent[0].contains("after write 1"), changed, "{row:?}: {told:?}");
        bench.sync_all();
        assert_eq!(bench.disk_log(), row[3], "{row:?}");
    }
}

#[test]
fn commit_index_is_the_smaller_of_leader_commit_and_the_last_new_entry_and_never_falls() {
    // own log (term 4) | previous entry, entries, leaderCommit | commitIndex after
    let table = "
        123   | 3.3 4 4  | 4
        123   | 3.3 4 3  | 3
        123   | 3.3 44 9 | 5
        123   | 3.3 - 2  | 2
        123   | 3.3 - 9  | 3
        # What lies behind the last new entry need not be the leader's.
        12344 | 1.1 - 9  | 1
        12344 | 1.1 2 9  | 2
        12344 | 0.0 - 5  | 0
        # A request that is refused commits nothing.
        123   | 4.4 4 9  | 0
        123   | 3.4 - 9  | 0
    ";
    for row in rows(table) {
        let request: Vec<&str> = row[1].split_whitespace().collect();
        let mut bench = Bench::new(3, 4, 0, row[0]);
        bench.receive(2, 4, append(place(request[0]), dash(request[1]), number(request[2])));
        assert_eq!(bench.node.commit().0, number(row[2]), "{row:?}");
        let commit = bench.node.commit();
        bench.receive(2, 4, append((0, 0), "", 0));
        bench.receive(2, 4, append((1, 1), "", 1));
        assert!(bench.node.commit() >= commit);
    }
}

#[test]
fn a_success_promises_what_is_on_disk_a_heartbeats_too() {
    let mut bench = Bench::new(3, 4, 0, "12");
    assert_eq!(
        bench.receive(2, 4, append((2, 2), "44", 0)),
        ["election timer", "to S2 t4: stored 2+2 4 after write 1", "write 1: log 3:44"]
    );
    // These entries are in the log, but not on disk yet.
    assert_eq!(sent(&bench.receive(2, 4, append((4, 4), "", 0))), ["to S2 t4: stored 4+0 4 after write 1"]);
    assert_eq!(sent(&bench.receive(2, 4, append((2, 2), "4", 0))), ["to S2 t4: stored 2+1 4 after write 1"]);
    // These are.
    assert_eq!(sent(&bench.receive(2, 4, append((2, 2), "", 0))), ["to S2 t4: stored 2+0 4"]);
    bench.sync();
    assert_eq!(sent(&bench.receive(2, 4, append((4, 4), "", 0))), ["to S2 t4: stored 4+0 4"]);
}

#[test]
fn a_truncation_is_on_disk_before_it_is_promised() {
    let mut bench = Bench::new(3, 4, 0, "1222");
    assert_eq!(
        bench.receive(2, 4, append((1, 1), "4", 0)),
        ["election timer", "to S2 t4: stored 1+1 4 after write 1", "write 1: log 2:4"]
    );
    assert_eq!(bench.disk_log(), "1222");
    bench.sync();
    assert_eq!(bench.disk_log(), "14");
}

#[test]
fn an_entry_that_was_replaced_and_came_back_counts_only_when_its_last_write_has_ended() {
    // The leaders of terms 1 and 3 have an entry of term 1 at index 2, the one of term 2 its own.
    let mut bench = Bench::new(3, 1, 0, "1");
    assert_eq!(sent(&bench.receive(2, 1, append((1, 1), "1", 0))), ["to S2 t1: stored 1+1 1 after write 1"]);
    assert_eq!(sent(&bench.receive(3, 2, append((1, 1), "2", 0))), ["to S3 t2: stored 1+1 2 after write 2"]);
    bench.receive(2, 3, vote_request(1, 2));
    assert_eq!(sent(&bench.receive(2, 3, append((1, 1), "1", 0))), ["to S2 t3: stored 1+1 3 after write 4"]);
    let heartbeat = || append((2, 1), "", 0);
    for (disk, waits) in [("11", true), ("12", true), ("12", true), ("11", false)] {
        bench.sync();
        assert_eq!(bench.disk_log(), disk);
        let told = bench.receive(2, 3, heartbeat());
        let expected = if waits { " after write 4" } else { "" };
        assert_eq!(sent(&told), [format!("to S2 t3: stored 2+0 3{expected}")], "the disk has {disk}");
    }
}

#[test]
fn a_write_that_ends_late_does_not_vouch_for_the_entries_that_took_its_place() {
    let mut bench = Bench::new(3, 1, 0, "1");
    bench.receive(2, 1, append((1, 1), "11", 0));
    bench.receive(3, 2, append((1, 1), "22", 0));
    bench.sync();
    assert_eq!(bench.node.durable_index(), Index(1), "11 is on disk, and 22 is in the log");
    assert_eq!(sent(&bench.receive(3, 2, append((3, 2), "", 0))), ["to S3 t2: stored 3+0 2 after write 2"]);
    bench.sync();
    assert_eq!(bench.node.durable_index(), Index(3));
}

#[test]
fn a_follower_names_where_the_logs_part_when_hints_are_on() {
    let hints = Options { backtracking: Backtracking::ConflictHints, ..options() };
    // own log | previous entry | hint
    let table = "
        1233345 | 6.3  | look at 6.4
        1233345 | 5.5  | look at 3.3
        1233345 | 1.9  | look at 1.1
        1233345 | 12.9 | look at 8.-
        -       | 3.1  | look at 1.-
    ";
    for row in rows(table) {
        let mut bench = Bench::with(hints, 3, 9, 0, dash(row[0]));
        let told = bench.receive(2, 9, append(place(row[1]), "", 0));
        assert!(sent(&told)[0].ends_with(row[2]), "{row:?}: {told:?}");
        let mut bench = Bench::new(3, 9, 0, dash(row[0]));
        let told = bench.receive(2, 9, append(place(row[1]), "", 0));
        assert!(!sent(&told)[0].contains("look"), "hints are off: {told:?}");
    }
}

// Leaders.

#[test]
fn a_leader_says_so_at_once_to_everyone_and_then_again_and_again() {
    let mut bench = Bench::candidate(3, 4, "12");
    assert_eq!(
        bench.receive(2, 4, vote(4, true)),
        ["no election timer", "heartbeat timer", "to S2 t4: append 2.2 - c0", "to S3 t4: append 2.2 - c0"]
    );
    assert_eq!((bench.progress(2), bench.progress(3)), ((3, 0), (3, 0)), "next and match begin anew");
    assert_eq!(
        bench.fire(Timer::Heartbeat),
        ["heartbeat timer", "to S2 t4: append 2.2 - c0", "to S3 t4: append 2.2 - c0"]
    );
}

#[test]
fn a_leader_may_begin_its_term_with_an_entry_that_does_nothing() {
    let mut bench = Bench::with(Options { noop: true, ..options() }, 3, 3, 0, "12");
    bench.fire(Timer::Election);
    bench.sync_all();
    let told = bench.receive(2, 4, vote(4, true));
    assert_eq!(sent(&told), ["to S2 t4: append 2.2 4 c0", "to S3 t4: append 2.2 4 c0"]);
    assert_eq!(bench.log(), "124");
}

#[test]
fn a_command_is_appended_first_and_nobody_is_told_that_it_is_done_before_it_is_applied() {
    let mut bench = Bench::leader(3, 4, "12");
    let told = bench.propose();
    assert_eq!(told[0], "accepted 3 t4");
    assert_eq!(sent(&told), ["to S2 t4: append 2.2 4 c0", "to S3 t4: append 2.2 4 c0"]);
    assert_eq!(told[3], "write 2: log 3:4", "followers can have it before the leader's own disk (D10.2.1)");
    bench.sync_all();
    assert_eq!(bench.state(), "L4 v1 124 c0");
    let told = bench.receive(3, 4, success(4, 2, 1));
    assert_eq!(bench.state(), "L4 v1 124 c3");
    assert!(told.contains(&"apply to 3".into()), "{told:?}");
}

#[test]
fn whoever_does_not_lead_says_who_does() {
    let mut bench = Bench::new(3, 4, 0, "12");
    assert_eq!(bench.propose(), ["ask someone else"]);
    bench.receive(2, 4, append((2, 2), "", 0));
    assert_eq!(bench.propose(), ["ask S2"]);
    bench.receive(3, 5, vote_request(1, 1));
    assert_eq!(bench.propose(), ["ask someone else"], "a new term, and its leader is not known");
    assert_eq!(Bench::candidate(3, 4, "12").propose(), ["ask someone else"]);
    assert_eq!(bench.log(), "12");
}

#[test]
fn a_leader_sends_everything_from_next_index_on_as_far_as_one_message_goes() {
    let options = Options { max_entries: 2, ..options() };
    let mut bench = Bench::leader_with(options, 3, 4, "1123");
    bench.receive(2, 4, mismatch(4, 4, 0));
    assert_eq!(bench.progress(2), (4, 0));
    bench.receive(2, 4, mismatch(4, 3, 1));
    let told = bench.receive(2, 4, mismatch(4, 2, 2));
    assert_eq!(sent(&told), ["to S2 t4: append 1.1 12 c0"]);
    let told = bench.receive(2, 4, success(4, 1, 2));
    assert_eq!(sent(&told), ["to S2 t4: append 3.2 3 c0"], "the rest follows at once");
    assert_eq!(sent(&bench.receive(2, 4, success(4, 3, 1))), [] as [&str; 0]);
}

#[test]
fn a_success_raises_next_and_match_to_what_that_request_carried_and_never_lowers_them() {
    let mut bench = Bench::leader(3, 4, "123");
    bench.propose();
    bench.propose();
    bench.sync_all();
    assert_eq!(bench.progress(2), (4, 0));
    bench.receive(2, 4, success(4, 3, 1));
    assert_eq!(bench.progress(2), (5, 4), "the log has five entries, the request carried the fourth");
    bench.receive(2, 4, success(4, 3, 2));
    assert_eq!(bench.progress(2), (6, 5));
    for late in [success(4, 3, 1), success(4, 3, 0), success(4, 0, 0)] {
        bench.receive(2, 4, late);
        assert_eq!(bench.progress(2), (6, 5), "replies can overtake each other");
    }
    assert_eq!(bench.progress(3), (4, 0), "of S3 nothing was heard");
    // What is known to match says nothing about where the follower's log parts from the leader's.
    bench.receive(3, 4, success(4, 0, 1));
    assert_eq!(bench.progress(3), (4, 1));
    // Nobody has more of this leader's log than there is.
    bench.receive(3, 4, success(4, 90, 9));
    assert_eq!(bench.progress(3), (6, 5));
}

#[test]
fn a_refusal_backs_off_by_one_and_only_the_answer_to_the_last_attempt_counts() {
    let mut bench = Bench::leader(3, 4, "1123");
    let told = bench.receive(2, 4, mismatch(4, 4, 0));
    assert_eq!(sent(&told), ["to S2 t4: append 3.2 3 c0"]);
    assert_eq!(bench.progress(2), (4, 0));
    assert_eq!(bench.receive(2, 4, mismatch(4, 4, 0)), [] as [String; 0], "that was acted upon");
    for prev in [3, 2, 1] {
        bench.receive(2, 4, mismatch(4, prev, 0));
        assert_eq!(bench.progress(2), (prev, 0));
    }
    bench.receive(2, 4, mismatch(4, 0, 0));
    assert_eq!(bench.progress(2), (1, 0), "before the first entry there is nothing");
    bench.receive(2, 4, success(4, 0, 3));
    assert_eq!(bench.progress(2), (4, 3));
    bench.receive(2, 4, mismatch(4, 3, 0));
    assert_eq!(bench.progress(2), (4, 3), "what is known to match is not doubted again");
}

#[test]
fn a_refusal_for_the_term_says_nothing_about_the_log() {
    let mut bench = Bench::leader(3, 4, "1123");
    bench.receive(2, 4, appended(4, 4, 0, AppendOutcome::Stale));
    assert_eq!(bench.progress(2), (5, 0));
    assert_eq!(bench.state(), "L4 v1 1123 c0");
}

#[test]
fn with_a_hint_the_leader_jumps_to_the_end_of_that_term_or_over_it() {
    let hints = Options { backtracking: Backtracking::ConflictHints, ..options() };
    // leader's log | refused previous index | hint | nextIndex after
    let table = "
        1122334 | 7 | 5.3 | 7
        # The leader has entries of term 2: it tries after the last of them.
        1122334 | 7 | 3.2 | 5
        # It has none of term 2: it jumps over all of the follower's.
        1133334 | 7 | 3.2 | 3
        # The follower's log ends before.
        1122334 | 7 | 3.- | 3
        1122334 | 7 | 1.- | 1
        # A hint that makes no sense still goes back, and not beyond the log.
        1122334 | 7 | 99.9 | 7
        1122334 | 7 | 0.-  | 1
    ";
    for row in rows(table) {
        let (index, term) = row[2].split_once('.').unwrap();
        let term = (term != "-").then(|| Term(number(term)));
        let hint = Some(ConflictHint { term, index: Index(number(index)) });
        let mut bench = Bench::leader_with(hints, 3, 9, row[0]);
        bench.receive(2, 9, appended(9, number(row[1]), 0, AppendOutcome::Mismatch { hint }));
        assert_eq!(bench.progress(2), (number(row[3]), 0), "{row:?}");
    }
}

#[test]
fn a_leader_commits_what_a_majority_has_stored_for_one_to_nine_servers() {
    // servers | copies that commit, its own included
    for row in rows("1|1\n2|2\n3|2\n4|3\n5|3\n6|4\n7|4\n8|5\n9|5") {
        let (servers, needed) = (number(row[0]) as u8, number(row[1]));
        for copies in 1..=u64::from(servers) {
            let mut bench = Bench::leader(servers, 2, "1");
            bench.propose();
            bench.sync_all();
            for follower in 2..=copies {
                bench.receive(follower as u8, 2, success(2, 1, 1));
            }
            let expected = if copies >= needed { 2 } else { 0 };
            assert_eq!(bench.node.commit(), Index(expected), "{copies} copies of {servers}");
        }
    }
}

#[test]
fn a_leader_counts_itself_only_for_what_is_on_its_disk() {
    let mut alone = Bench::leader(1, 1, "");
    alone.propose();
    assert_eq!(alone.state(), "L1 v1 1 c0");
    let told = alone.sync();
    assert_eq!(told, ["apply to 1"]);

    let mut bench = Bench::leader(3, 1, "");
    bench.propose();
    bench.receive(2, 1, success(1, 0, 1));
    assert_eq!(bench.node.commit(), Index(0), "one copy on disk is no majority of three");
    let mut without_it = bench.clone();
    without_it.receive(3, 1, success(1, 0, 1));
    assert_eq!(without_it.node.commit(), Index(1), "two followers are, without the leader");
    bench.sync();
    assert_eq!(bench.node.commit(), Index(1));
}

#[test]
fn a_leader_commits_by_counting_only_entries_of_its_own_term() {
    let mut bench = Bench::leader(3, 4, "12");
    bench.receive(2, 4, success(4, 2, 0));
    bench.receive(3, 4, success(4, 2, 0));
    assert_eq!(bench.node.commit(), Index(0), "all three have both entries, of older terms");
    bench.propose();
    bench.sync_all();
    assert_eq!(bench.node.commit(), Index(0));
    bench.receive(2, 4, success(4, 2, 1));
    assert_eq!(bench.node.commit(), Index(3), "with the entry of its own term go all before it");
}

#[test]
fn a_leader_never_changes_what_stands_in_its_log() {
    let mut bench = Bench::leader(3, 4, "123");
    let told = bench.receive(2, 4, append((1, 1), "4", 3));
    assert_eq!((told, bench.state().as_str()), (vec![], "L4 v1 123 c0"));
}

// Replies.

#[test]
fn a_reply_bears_the_senders_term_and_echoes_the_requests() {
    let mut bench = Bench::new(3, 4, 0, "12");
    assert_eq!(sent(&bench.receive(2, 3, vote_request(9, 9))), ["to S2 t4: no 3"]);
    assert_eq!(sent(&bench.receive(2, 2, append((0, 0), "", 0))), ["to S2 t4: stale 2"]);
    let told = bench.receive(2, 6, vote_request(9, 9));
    assert_eq!(sent(&told), ["to S2 t6: yes 6 after write 1"]);
}

#[test]
fn a_reply_to_a_request_of_an_older_term_is_dropped() {
    // A vote of term 3 elects nobody in term 4.
    let mut bench = Bench::candidate(3, 4, "");
    bench.receive(2, 4, vote(3, true));
    bench.receive(3, 3, vote(3, true));
    assert_eq!(bench.state(), "C4 v1 - c0");
    // Entries that were stored for the leader of term 3 prove nothing to the one of term 4.
    let mut bench = Bench::leader(3, 4, "12");
    for late in [success(3, 1, 1), mismatch(3, 2, 0)] {
        assert_eq!(bench.receive(2, 4, late), [] as [String; 0]);
        assert_eq!(bench.progress(2), (3, 0));
    }
    // The same replies, to requests of this term.
    bench.receive(2, 4, mismatch(4, 2, 0));
    assert_eq!(bench.progress(2), (2, 0));
    bench.receive(2, 4, success(4, 1, 1));
    assert_eq!(bench.progress(2), (3, 2));
}

#[test]
fn whoever_asks_is_answered_and_only_voters_are_counted() {
    // S7 is in no configuration of three.
    let mut bench = Bench::new(3, 4, 0, "12");
    let told = bench.receive(7, 4, vote_request(2, 2));
    assert_eq!(sent(&told), ["to S7 t4: yes 4 after write 1"]);
    let mut bench = Bench::candidate(3, 4, "12");
    for stranger in [5, 6, 7, 8] {
        bench.receive(stranger, 4, vote(4, true));
    }
    assert_eq!(bench.state(), "C4 v1 12 c0");
}

// Crashes.

#[test]
fn term_vote_and_log_survive_a_crash_and_what_is_volatile_starts_anew() {
    let mut bench = Bench::new(3, 4, 0, "12");
    bench.receive(2, 5, append((2, 2), "55", 4));
    bench.receive(3, 6, vote_request(9, 9));
    bench.sync_all();
    assert_eq!(bench.state(), "F6 v3 1255 c4");
    bench.crash();
    assert_eq!(bench.state(), "F6 v3 1255 c0");
    assert_eq!((bench.node.applied(), bench.node.leader()), (Index(0), None));
    assert_eq!(sent(&bench.receive(2, 6, vote_request(9, 9))), ["to S2 t6: no 6"]);
}
