//! The dissertation section by section: PreVote (D9.6), the check of the quorum (D6.2), votes that are
//! withheld (D4.2.3), and what these do to each other where links are bad. Transfers of leadership,
//! changes of the configuration, snapshots, sessions, reads, pipelines and disks have files of their own.

mod common;

use common::bench::*;
use common::*;
use wavetank::kv::Output;
use wavetank::raft::{
    Body, Configuration, Input, Options, ReadMode, RoleName, ServerSet, SnapshotOutcome, Timer,
};
use wavetank::sim::{Action, Outcome, Setup};
use wavetank::timeline::Run;

fn pre_vote_on() -> Options {
    Options { pre_vote: true, ..options() }
}

/// S1 of three in term 2, with entries of the terms 1 and 2.
fn asker() -> Bench {
    Bench::with(pre_vote_on(), 3, 2, 0, "12")
}

// D9.6: PreVote.

#[test]
fn d9_6_who_hears_nothing_asks_whether_it_would_be_elected_and_changes_nothing() {
    let mut bench = asker();
    let told = bench.fire(Timer::Election);
    let asks = ["to S2 t2: would you vote 3? 2.2", "to S3 t2: would you vote 3? 2.2"];
    assert_eq!(told, ["election timer", "heartbeat timer", asks[0], asks[1]]);
    assert_eq!(bench.state(), "P2 v0 12 c0", "neither term nor vote, and nothing to write");
    assert_eq!(bench.fire(Timer::Election)[2..], asks, "and again, as long as it takes");
    assert_eq!(bench.state(), "P2 v0 12 c0");
}

#[test]
fn d9_6_it_stands_when_a_majority_would_vote_for_it() {
    // servers | answers: + yes, - no, by S2, S3, … ; . none | does it stand?
    for row in rows(
        "3|+.|yes\n3|-+|yes\n3|--|no\n3|..|no\n5|+...|no\n5|++..|yes\n5|--++|yes\n4|+..|no\n4|++-|yes\n2|+|yes",
    ) {
        let mut bench = Bench::with(pre_vote_on(), number(row[0]) as u8, 2, 0, "12");
        bench.fire(Timer::Election);
        for (voter, answer) in (2..).zip(row[1].chars()).filter(|&(_, answer)| answer != '.') {
            bench.receive(voter, 2, would_vote(3, answer == '+'));
        }
        let expected = if row[2] == "yes" { "C3 v1 12 c0" } else { "P2 v0 12 c0" };
        assert_eq!(bench.state(), expected, "{row:?}");
    }
}

#[test]
fn d9_6_the_election_that_follows_goes_like_any_other() {
    let mut bench = asker();
    bench.fire(Timer::Election);
    let told = bench.receive(3, 2, would_vote(3, true));
    let asks = ["to S2 t3: vote? 2.2 after write 1", "to S3 t3: vote? 2.2 after write 1"];
    assert_eq!(sent(&told), asks, "who would have voted for it is asked as well");
    bench.sync_all();
    bench.receive(2, 3, vote(3, true));
    assert_eq!(bench.state(), "L3 v1 12 c0");
    // If it fails, the next one begins with the question again: the term does not run away.
    let mut bench = asker();
    bench.fire(Timer::Election);
    bench.receive(3, 2, would_vote(3, true));
    bench.fire(Timer::Election);
    assert_eq!(bench.state(), "P3 v1 12 c0");
}

#[test]
fn d9_6_a_voter_says_what_it_would_do_and_nothing_changes_in_it() {
    // the voter's term, log, what it is | is asked about the term, by one whose last entry is | answer
    let table = "
        # The term has to be a later one.
        2 12 F   | 3 2.2 | yes
        2 12 F   | 9 2.2 | yes
        2 12 F   | 2 2.2 | no
        2 12 F   | 1 2.2 | no
        # The log has to be as up to date.
        2 12 F   | 3 1.2 | no
        2 12 F   | 3 9.1 | no
        2 12 F   | 3 1.3 | yes
        2 12 F   | 3 3.2 | yes
        2 - F    | 3 0.0 | yes
        # Whom it has voted for in its own term does not matter.
        2 12 v   | 3 2.2 | yes
        # Nobody may be there to lead it.
        2 12 h   | 3 2.2 | no
        2 12 h   | 9 9.9 | no
        2 12 L   | 3 2.2 | no
        # It may be about to stand itself.
        2 12 P   | 3 2.2 | yes
        2 12 C   | 4 2.2 | yes
    ";
    for row in rows(table) {
        let [term, log, kind] = row[0].split_whitespace().collect::<Vec<_>>()[..] else { panic!("{row:?}") };
        let mut bench =
            Bench::with(pre_vote_on(), 3, number(term), if kind == "v" { 3 } else { 0 }, dash(log));
        match kind {
            "h" => drop(bench.receive(3, 2, append((2, 2), "", 0))),
            "P" => drop(bench.fire(Timer::Election)),
            "C" => {
                bench.fire(Timer::Election);
                bench.receive(2, 2, would_vote(3, true));
                bench.sync_all();
            }
            "L" => bench = bench.elected(),
            _ => {}
        }
        let (asked, end) = row[1].split_once(' ').unwrap();
        let asked = if kind == "L" { 9 } else { number(asked) };
        let before = bench.node.clone();
        let own = before.term().0;
        let told = bench.receive(2, asked - 1, pre_vote(asked, place(end)));
        let answer = if row[2] == "yes" { "vote" } else { "not" };
        assert_eq!(told, [format!("to S2 t{own}: would {answer} {asked}")], "{row:?}");
        assert!(bench.node == before, "{row:?}: no term, no vote, no timer, no disk");
    }
}

#[test]
fn d9_6_it_says_yes_to_everyone_who_asks_and_votes_for_one() {
    let mut bench = Bench::with(pre_vote_on(), 5, 2, 0, "12");
    for asker in 2..=5 {
        let told = bench.receive(asker, 2, pre_vote(3, (2, 2)));
        assert_eq!(told, [format!("to S{asker} t2: would vote 3")]);
    }
    assert!(sent(&bench.receive(3, 3, vote_request(2, 2)))[0].contains("yes 3"));
    assert!(sent(&bench.receive(4, 3, vote_request(2, 2)))[0].contains("no 3"));
}

#[test]
fn d9_6_what_counts_as_hearing_from_a_leader_and_for_how_long() {
    let three = Configuration::of_first(3);
    for (what, from, term, body, hears) in [
        ("entries", 3, 2, append((2, 2), "2", 0), true),
        ("a heartbeat", 3, 2, append((2, 2), "", 0), true),
        ("entries that do not fit", 3, 2, append((9, 2), "2", 0), true),
        ("a piece of a snapshot", 3, 2, piece((9, 2), three, 0..4, false), true),
        ("a later leader", 3, 7, append((2, 2), "", 0), true),
        ("an older leader", 3, 1, append((2, 2), "", 0), false),
        ("an older leader's snapshot", 3, 1, piece((9, 2), three, 0..4, false), false),
        ("a candidate it votes for", 3, 3, vote_request(2, 2), false),
        ("another who asks beforehand", 3, 2, pre_vote(3, (2, 2)), false),
    ] {
        let mut bench = asker();
        let told = bench.receive(from, term, body);
        assert_eq!(bench.node.hears_leader(), hears, "{what}");
        assert_eq!(has(&told, "stickiness timer"), hears, "{what}: {told:?}");
        bench.sync_all();
        let yes = |bench: &mut Bench| bench.receive(2, 8, pre_vote(9, (9, 9)))[0].contains("would vote 9");
        assert_eq!(yes(&mut bench), !hears, "{what}");
        bench.fire(Timer::Stickiness);
        assert!(yes(&mut bench), "{what}, a shortest election timeout later");
    }
}

#[test]
fn d9_6_a_yes_changes_no_term_whatever_term_its_sender_has() {
    let mut bench = asker();
    bench.fire(Timer::Election);
    bench.receive(2, 7, would_vote(9, true));
    assert_eq!(bench.state(), "P2 v0 12 c0", "it was about another term");
    bench.receive(2, 2, would_vote(2, true));
    assert_eq!(bench.state(), "P2 v0 12 c0", "an old one");
    bench.receive(2, 1, would_vote(3, true));
    assert_eq!(bench.state(), "C3 v1 12 c0", "its sender is a term behind, and counts");
}

#[test]
fn d9_6_a_no_bears_the_voters_term_which_is_adopted_if_higher() {
    let told = Bench::with(pre_vote_on(), 3, 5, 0, "15").receive(2, 2, pre_vote(3, (2, 2)));
    assert_eq!(told, ["to S2 t5: would not 3"]);
    let mut bench = asker();
    bench.fire(Timer::Election);
    let told = bench.receive(3, 5, would_vote(3, false));
    assert_eq!(bench.state(), "F5 v0 12 c0");
    assert!(has(&told, "no heartbeat timer") && !has(&told, "election timer"), "its timer runs on: {told:?}");
    // With the term it asks for the one after.
    assert!(has(&bench.fire(Timer::Election), "to S2 t5: would you vote 6? 2.2 after write 1"));
}

#[test]
fn d9_6_an_answer_bears_no_term_that_is_not_on_the_disk() {
    let mut bench = asker();
    bench.receive(3, 5, vote_request(0, 0));
    let told = bench.receive(2, 5, pre_vote(6, (2, 2)));
    assert_eq!(sent(&told), ["to S2 t5: would vote 6 after write 1"]);
}

#[test]
fn d9_6_who_asks_and_hears_a_leader_of_its_term_follows_it() {
    for body in [
        append((9, 2), "", 0),
        append((2, 2), "2", 0),
        piece((9, 2), Configuration::of_first(3), 0..4, false),
    ] {
        let mut bench = asker();
        bench.fire(Timer::Election);
        let told = bench.receive(3, 2, body);
        assert_eq!((bench.node.role().name(), bench.node.leader()), (RoleName::Follower, Some(s(3))));
        assert!(has(&told, "no heartbeat timer"), "{told:?}");
        bench.receive(2, 2, would_vote(3, true));
        assert_eq!(bench.node.role().name(), RoleName::Follower, "an answer that comes late");
    }
    let mut bench = asker();
    bench.fire(Timer::Election);
    bench.receive(3, 1, append((2, 2), "", 0));
    assert_eq!(bench.state(), "P2 v0 12 c0", "an older leader is none");
}

#[test]
fn d9_6_who_asks_and_votes_for_another_asks_no_more() {
    let mut bench = asker();
    bench.fire(Timer::Election);
    bench.receive(3, 3, vote_request(2, 2));
    assert_eq!(bench.state(), "F3 v3 12 c0");
    let mut bench = asker();
    bench.fire(Timer::Election);
    bench.receive(3, 2, vote_request(2, 2));
    assert_eq!(bench.state(), "F2 v3 12 c0", "in its own term too");
    let mut bench = asker();
    bench.fire(Timer::Election);
    bench.receive(3, 2, vote_request(1, 1));
    assert_eq!(bench.state(), "P2 v0 12 c0", "and goes on if it refuses");
}

#[test]
fn d9_6_the_question_is_repeated_to_those_who_have_not_answered() {
    let mut bench = Bench::with(pre_vote_on(), 5, 2, 0, "12");
    bench.fire(Timer::Election);
    bench.receive(2, 2, would_vote(3, true));
    bench.receive(3, 2, would_vote(3, false));
    let told = bench.fire(Timer::Heartbeat);
    assert_eq!(sent(&told), ["to S4 t2: would you vote 3? 2.2", "to S5 t2: would you vote 3? 2.2"]);
}

#[test]
fn d9_6_a_lone_server_asks_nobody() {
    let mut bench = Bench::with(pre_vote_on(), 1, 2, 0, "12");
    let told = bench.fire(Timer::Election);
    assert_eq!((sent(&told).len(), bench.state().as_str()), (0, "C3 v1 12 c0"));
    bench.sync_all();
    assert_eq!(bench.state(), "L3 v1 12 c0");
}

#[test]
fn d9_6_whom_the_leader_asks_to_stand_does_not_ask_beforehand() {
    let mut bench = asker();
    bench.receive(3, 2, append((2, 2), "", 0));
    let told = bench.receive(3, 2, Body::TimeoutNow);
    assert_eq!(bench.state(), "C3 v1 12 c0");
    assert!(sent(&told)[0].starts_with("to S2 t3: vote? 2.2 by transfer"), "{told:?}");
}

#[test]
fn d9_6_a_yes_needs_the_majorities_of_the_configuration() {
    let joint = Configuration { outgoing: set("123"), ..Configuration::of(set("145")) };
    for (voters, enough) in [([2, 3].as_slice(), false), (&[4, 5], false), (&[3, 4], true)] {
        let mut bench = Bench::of(pre_vote_on(), joint, 2, "12");
        bench.fire(Timer::Election);
        voters.iter().for_each(|&voter| drop(bench.receive(voter, 2, would_vote(3, true))));
        assert_eq!(bench.node.role().name() == RoleName::Candidate, enough, "{voters:?}");
    }
    // Who is being removed needs two of the two others.
    let mut bench = Bench::with(pre_vote_on(), 3, 2, 0, "12");
    bench.receive(2, 2, append_configuration((2, 2), 2, Configuration::of(set("23"))));
    bench.fire(Timer::Election);
    bench.receive(2, 2, would_vote(3, true));
    assert_eq!(bench.node.role().name(), RoleName::PreCandidate);
}

// D6.2: the check of the quorum.

fn checked(servers: u8) -> Bench {
    Bench::leader_with(Options { check_quorum: true, ..options() }, servers, 2, "1")
}

#[test]
fn d6_2_a_leader_that_no_majority_answers_steps_down_and_keeps_its_vote() {
    let mut bench = checked(3);
    let told = bench.fire(Timer::Quorum);
    assert_eq!(bench.state(), "F2 v1 1 c0");
    assert!(has(&told, "no heartbeat timer") && has(&told, "election timer"), "{told:?}");
    assert_eq!(bench.propose(), ["ask someone else"]);
}

#[test]
fn d6_2_any_answer_of_its_term_counts_and_each_only_until_the_next_check() {
    for (what, answer, counts) in [
        ("a success", success(2, 1, 0), true),
        ("a mismatch", mismatch(2, 1, 0), true),
        ("a piece of a snapshot", piece_answer(2, 5, 0, SnapshotOutcome::More { offset: 4 }), true),
        ("an answer to an older leadership", success(1, 1, 0), false),
        ("a vote", vote(2, true), false),
        ("a question beforehand", pre_vote(3, (1, 1)), false),
    ] {
        let mut bench = checked(3);
        bench.receive(2, 2, answer);
        let told = bench.fire(Timer::Quorum);
        assert_eq!(bench.node.is_leader(), counts, "{what}");
        if counts {
            assert!(has(&told, "quorum timer"), "{what}: {told:?}");
            bench.fire(Timer::Quorum);
            assert!(!bench.node.is_leader(), "{what}: nobody has answered since");
        }
    }
}

#[test]
fn d6_2_how_many_have_to_answer() {
    // servers | who answers | does it lead on?
    for row in rows("1||yes\n2||no\n2|2|yes\n3|3|yes\n4|2|no\n4|24|yes\n5|2|no\n5|35|yes\n5|22|no\n3|8|no") {
        let mut bench = checked(number(row[0]) as u8);
        row[1].bytes().for_each(|n| drop(bench.receive(n - b'0', 2, success(2, 1, 0))));
        bench.fire(Timer::Quorum);
        assert_eq!(bench.node.is_leader(), row[2] == "yes", "{row:?}");
    }
}

#[test]
fn d6_2_both_majorities_of_a_joint_configuration_have_to_answer_and_learners_do_not_help() {
    let options = Options { check_quorum: true, ..options() };
    let joint = Configuration { outgoing: set("123"), ..Configuration::of(set("145")) };
    let learners = Configuration { learners: set("45"), ..Configuration::of_first(3) };
    for (configuration, answers, stays) in [
        (joint, "23", false),
        (joint, "45", false),
        (joint, "24", true),
        (learners, "45", false),
        (learners, "3", true),
    ] {
        let mut bench = Bench::of(options, configuration, 1, "").elected();
        answers.bytes().for_each(|n| drop(bench.receive(n - b'0', 2, success(2, 0, 0))));
        bench.fire(Timer::Quorum);
        assert_eq!(bench.node.is_leader(), stays, "{configuration}: {answers}");
    }
}

#[test]
fn d6_2_a_leader_that_steps_down_tells_those_whose_reads_wait() {
    let mut bench = checked(3);
    bench.read(1, ReadMode::ReadIndex);
    assert!(has(&bench.fire(Timer::Quorum), "read 1: ask someone else"));
}

#[test]
fn d6_2_without_the_option_a_leader_leads_on() {
    let mut bench = Bench::leader(3, 2, "1");
    assert!(!has(&bench.fire(Timer::Heartbeat), "quorum timer"));
    bench.fire(Timer::Quorum);
    assert!(bench.node.is_leader());
}

// D4.2.3: votes are withheld while a leader is there.

fn sticky() -> Bench {
    let mut bench = Bench::with(Options { stickiness: true, ..options() }, 3, 2, 0, "12");
    bench.receive(3, 2, append((2, 2), "", 0));
    bench
}

#[test]
fn d4_2_3_who_hears_from_a_leader_ignores_vote_requests_and_their_terms() {
    for term in [2, 3, 99] {
        let mut bench = sticky();
        let before = bench.node.clone();
        let told = bench.receive(2, term, vote_request(9, 9));
        assert_eq!(told, [format!("to S2 t2: no {term}")], "no term, no vote, no timer, no disk");
        assert!(bench.node == before);
    }
}

#[test]
fn d4_2_3_it_votes_again_when_the_leader_was_silent_for_a_shortest_election_timeout() {
    let mut bench = sticky();
    bench.fire(Timer::Stickiness);
    bench.receive(2, 3, vote_request(2, 2));
    assert_eq!(bench.state(), "F3 v2 12 c0");
    let mut bench = sticky();
    bench.fire(Timer::Election);
    bench.sync_all();
    bench.receive(2, 4, vote_request(2, 2));
    assert_eq!(bench.state(), "F4 v2 12 c0", "and so does one that stands itself");
}

#[test]
fn d4_2_3_a_leader_hears_itself() {
    let options = Options { stickiness: true, ..options() };
    let mut bench = Bench::leader_with(options, 3, 2, "1");
    assert_eq!(bench.receive(2, 9, vote_request(9, 9)), ["to S2 t2: no 9"]);
    assert!(bench.node.is_leader());
    bench.told(Input::SteppedDown);
    bench.receive(2, 9, vote_request(9, 9));
    assert_eq!(bench.state(), "F9 v2 1 c0", "no leader, no loyalty");
}

#[test]
fn d4_2_3_an_election_that_the_leader_asked_for_is_heeded() {
    let mut bench = sticky();
    bench.receive(2, 3, transfer_request(2, 2));
    assert_eq!(bench.state(), "F3 v2 12 c0");
    let mut bench = sticky();
    bench.receive(2, 3, transfer_request(1, 1));
    assert_eq!(bench.state(), "F3 v0 12 c0", "by the rules of any election");
    let options = Options { stickiness: true, ..options() };
    let mut bench = Bench::leader_with(options, 3, 2, "1");
    bench.receive(2, 3, transfer_request(1, 1));
    assert_eq!(bench.state(), "F3 v2 1 c0", "by the leader itself as well");
}

#[test]
fn d4_2_3_a_higher_term_in_an_answer_deposes_a_leader_all_the_same() {
    let options = Options { stickiness: true, pre_vote: true, ..options() };
    let mut bench = Bench::of(options, Configuration::of_first(3), 1, "1").elected();
    bench.receive(2, 9, appended(2, 1, 0, wavetank::raft::AppendOutcome::Stale));
    assert_eq!(bench.state(), "F9 v0 1 c0");
}

// What they do to each other.

/// All eight combinations of PreVote, the check of the quorum, and stickiness.
fn combinations() -> impl Iterator<Item = (String, Setup)> {
    (0..8).map(|bits| {
        let on = |bit: u8| bits & 1 << bit != 0;
        let mut setup = Setup::new(5, 11);
        let options = &mut setup.options;
        (options.pre_vote, options.check_quorum, options.stickiness) = (on(0), on(1), on(2));
        options.noop = true;
        let name = format!("PreVote {}, check of the quorum {}, stickiness {}", on(0), on(1), on(2));
        (name, setup)
    })
}

/// Within that time one more write is done, and everyone up has it.
#[track_caller]
fn serves(run: &mut Run, within_ms: u64, what: &str) {
    let from_us = run.world().now_us();
    let value = from_us.to_string();
    assert_eq!(ask(run, put("x", &value)), Outcome::Done(Output::Done), "{what}");
    let all = |run: &Run| {
        let up = run.world().servers().iter().filter(|server| server.up);
        up.clone().all(|server| server.store.get("x") == Some(&value))
    };
    until(run, 10_000, what, all);
    let took_ms = (run.world().now_us() - from_us) / 1000;
    assert!(took_ms <= within_ms, "{what}: {took_ms} ms");
    assert_eq!(broken(run), []);
}

#[test]
fn a_server_that_comes_back_with_a_higher_term_and_a_short_log_is_taken_in_again() {
    // It can't win, its voters hear a leader, and it refuses that leader's entries for their term: stuck,
    // if nobody gives way.
    for (name, setup) in combinations() {
        let mut run = state_with(&setup, "S1:L2 112 c3 / S2:F2 112 / S3:F2 112 / S4:F2 112 / S5:F9 1");
        until(&mut run, 3000, &name, |run| {
            leader(run).is_some_and(|id| term(run, id.number()).0 >= 9) && log(run, 5).starts_with("112")
        });
        serves(&mut run, 2000, &name);
    }
}

#[test]
fn a_candidate_with_a_higher_term_and_a_short_log_is_taken_in_again() {
    for (name, setup) in combinations() {
        let mut run = state_with(&setup, "S1:L2 112 c3 / S2:F2 112 / S3:C9 1");
        until(&mut run, 3000, &name, |run| log(run, 3).starts_with("112"));
        serves(&mut run, 2000, &name);
    }
}

#[test]
fn a_server_that_was_cut_off_disturbs_nobody_when_it_returns_if_it_has_asked_beforehand() {
    for (name, setup) in combinations() {
        let pre_vote = setup.options.pre_vote;
        let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11 / S4:F2 11 / S5:F2 11");
        wait(&mut run, 200);
        act(&mut run, groups("1234 5"));
        wait(&mut run, 4000);
        assert_eq!(term(&run, 5).0 > 2, !pre_vote, "{name}");
        act(&mut run, Action::Heal);
        wait(&mut run, 2000);
        let kept = leader(&run) == Some(s(1)) && term(&run, 1).0 == 2;
        assert_eq!(kept, pre_vote, "{name}: else the leader learns of the higher term from its answers");
        serves(&mut run, 2000, &name);
    }
}

#[test]
fn a_leader_that_nobody_answers_gives_up_only_if_it_checks_its_quorum() {
    for (name, setup) in combinations() {
        let check_quorum = setup.options.check_quorum;
        let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11 / S4:F2 11 / S5:F2 11");
        wait(&mut run, 200);
        act(&mut run, groups("12 345"));
        until(&mut run, 3000, &name, |run| leader(run).is_some_and(|id| id.number() > 2));
        wait(&mut run, 700);
        assert_eq!(server(&run, 1).node.is_leader(), !check_quorum, "{name}");
        act(&mut run, Action::Heal);
        serves(&mut run, 2000, &name);
    }
}

#[test]
fn a_leader_that_speaks_and_hears_nobody_is_replaced_if_it_checks_its_quorum() {
    for (name, setup) in combinations() {
        let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11 / S4:F2 11 / S5:F2 11");
        wait(&mut run, 200);
        (2..=5).for_each(|n| drop(run.act(Action::Cut { from: s(n), to: s(1) })));
        wait(&mut run, 3000);
        if !setup.options.check_quorum {
            assert_eq!(leader(&run), Some(s(1)), "{name}: the others hear it and wait, for ever");
            assert_eq!(run.world().servers().iter().filter(|server| server.node.is_leader()).count(), 1);
        } else if setup.options.pre_vote || setup.options.stickiness {
            // It hears no leader, stands or asks, and is not heeded.
            let (first, before) = (leader(&run).unwrap(), term(&run, 2));
            assert_ne!(first, s(1), "{name}");
            wait(&mut run, 3000);
            assert_eq!((leader_of_the_others(&run), term(&run, 2)), (Some(first), before), "{name}");
        }
        act(&mut run, Action::Heal);
        serves(&mut run, 2000, &name);
    }
}

/// Who leads, S1 left aside.
fn leader_of_the_others(run: &Run) -> Option<wavetank::raft::ServerId> {
    let leads = |server: &&wavetank::sim::Server| server.node.is_leader() && server.node.id() != s(1);
    run.world().servers().iter().find(leads).map(|server| server.node.id())
}

#[test]
fn any_one_link_that_works_one_way_stops_nobody() {
    for (name, setup) in combinations() {
        for from in 1..=3_u8 {
            for to in (1..=3).filter(|&to| to != from) {
                let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11");
                act(&mut run, Action::Cut { from: s(from), to: s(to) });
                wait(&mut run, 1500);
                let what = format!("{name}: S{to} does not hear S{from}");
                assert_eq!(ask(&mut run, put("x", "1")), Outcome::Done(Output::Done), "{what}");
                act(&mut run, Action::Heal);
                serves(&mut run, 2000, &what);
            }
        }
    }
}

#[test]
fn in_a_chain_the_two_ends_do_not_depose_each_other_for_ever() {
    // S1 and S3 hear only S2.
    for (name, setup) in combinations() {
        let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11");
        act(&mut run, groups("12 23"));
        wait(&mut run, 2000);
        let before = term(&run, 2);
        wait(&mut run, 4000);
        if setup.options.pre_vote {
            assert_eq!(term(&run, 2), before, "{name}");
            assert_eq!(ask(&mut run, put("x", "1")), Outcome::Done(Output::Done), "{name}");
        }
        act(&mut run, Action::Heal);
        serves(&mut run, 2000, &name);
    }
}

#[test]
fn where_all_hear_one_server_only_that_one_leads_in_the_end_if_the_old_leader_checks_its_quorum() {
    // S1 leads, and has lost all but S3, like everyone else. S3 hears S1, and would vote for nobody.
    for check_quorum in [false, true] {
        let mut setup = Setup::new(5, 11);
        setup.options.noop = true;
        (setup.options.pre_vote, setup.options.check_quorum) = (true, check_quorum);
        let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11 / S4:F2 11 / S5:F2 11");
        act(&mut run, groups("13 23 43 53"));
        wait(&mut run, 5000);
        if check_quorum {
            assert_eq!(leader(&run), Some(s(3)));
            serves(&mut run, 2000, "S3 reaches everyone");
        } else {
            assert_eq!(leader(&run), Some(s(1)), "with two of five");
            act(&mut run, Action::Heal);
            serves(&mut run, 2000, "all links work again");
        }
    }
}

#[test]
fn a_cluster_that_was_restarted_as_a_whole_finds_a_leader() {
    for (name, mut setup) in combinations() {
        setup.options.lease = true;
        let mut run = Run::new(&setup).unwrap();
        any_leader(&mut run);
        for _ in 0..5 {
            (1..=5).for_each(|n| crash(&mut run, n));
            (1..=5).for_each(|n| restart(&mut run, n));
            serves(&mut run, 4000, &name);
        }
    }
}

#[test]
fn of_two_the_one_that_is_left_waits_for_the_other() {
    for (name, setup) in combinations() {
        let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11");
        crash(&mut run, 1);
        wait(&mut run, 3000);
        assert!(!server(&run, 2).node.is_leader(), "{name}");
        restart(&mut run, 1);
        serves(&mut run, 3000, &name);
    }
}

#[test]
fn a_learner_that_was_cut_off_asks_for_nothing() {
    for (name, setup) in combinations() {
        let mut run = state_with(&setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11");
        serves(&mut run, 2000, &name);
        act(&mut run, Action::Boot { server: s(4) });
        act(&mut run, Action::Change { change: wavetank::raft::Change::Learner(s(4)), at: None });
        serves(&mut run, 2000, &name);
        let first = leader(&run).unwrap();
        let others = ServerSet::first(3);
        act(&mut run, Action::Partition { groups: vec![others] });
        let before = (term(&run, 4), term(&run, first.number()));
        wait(&mut run, 3000);
        act(&mut run, Action::Heal);
        wait(&mut run, 1000);
        assert_eq!((term(&run, 4), term(&run, first.number())), before, "{name}");
        serves(&mut run, 2000, &name);
    }
}
