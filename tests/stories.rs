//! Stories of a whole cluster, from the first election to the repair.

mod common;

use common::*;
use std::collections::BTreeSet;
use wavetank::kv::{Op, Output};
use wavetank::raft::{AppendOutcome, Backtracking, Body, Index, ServerSet, Term, Timer, TimerRange};
use wavetank::sim::{
    Action, Content, DropReason, EventId, Link, Outcome, PacketName, Refusal, Setup, What, notation,
};
use wavetank::timeline::Run;

fn done() -> Outcome {
    Outcome::Done(Output::Done)
}

/// Everyone up has the same log, all of it committed and applied, and the same store.
fn converged(run: &Run) -> bool {
    let mut up = run.world().servers().iter().filter(|server| server.up);
    let Some(first) = up.next() else { return true };
    let settled = |s: &wavetank::sim::Server| {
        s.node.commit() == s.node.log().last_index() && s.node.applied() == s.node.commit()
    };
    settled(first) && up.all(|s| settled(s) && s.node.log() == first.node.log() && s.store == first.store)
}

// Crashes.

#[test]
fn a_leader_crashes_another_follows_and_the_first_catches_up() {
    let mut run = cluster(5, 7);
    let first = any_leader(&mut run);
    assert_eq!(ask(&mut run, put("x", "1")), done());
    act(&mut run, Action::Crash { server: first });
    until(&mut run, 2000, "another leads", |run| leader(run).is_some());
    let second = leader(&run).unwrap();
    assert_ne!(first, second);
    assert_eq!(ask(&mut run, put("x", "2")), done());
    act(&mut run, Action::Restart { server: first });
    until(&mut run, 2000, "all logs are equal", converged);
    for server in run.world().servers() {
        assert_eq!(server.store.get("x"), Some("2"));
    }
    assert_eq!(broken(&run), []);
}

#[test]
fn a_restart_brings_back_term_vote_and_log_and_not_the_commit_index() {
    let mut run = cluster(3, 3);
    elect(&mut run, 1);
    assert_eq!(ask(&mut run, put("x", "1")), done());
    wait(&mut run, 100);
    assert_state(&run, "S1:L1 1 c1 / S2:F1 1 c1 / S3:F1 1 c1");
    let voted = server(&run, 2).node.voted_for();
    assert_eq!(voted, Some(s(1)));
    crash(&mut run, 2);
    assert_state(&run, "S1:L1 1 c1 / S2:x1 1 / S3:F1 1 c1");
    restart(&mut run, 2);
    assert_state(&run, "S1:L1 1 c1 / S2:F1 1 / S3:F1 1 c1");
    let node = &server(&run, 2).node;
    assert_eq!((node.voted_for(), node.applied(), node.leader()), (voted, Index(0), None));
    assert_eq!(server(&run, 2).store.get("x"), None, "the state machine was in memory");
    until(&mut run, 200, "it learns again what is committed", |run| commit(run, 2) == 1);
    assert_eq!(server(&run, 2).store.get("x"), Some("1"));
}

#[test]
fn a_crash_loses_what_was_not_on_the_disk_yet() {
    let mut setup = Setup::new(3, 1);
    setup.options.fsync = TimerRange { min_us: 80_000, max_us: 80_000 };
    let mut run = state_with(&setup, "S1:L2 12 / S2:F2 12 / S3:F2 12");
    propose(&mut run, 1, "a");
    until(&mut run, 50, "S2 has it in its log", |run| log(run, 2) == "122");
    assert_eq!(server(&run, 2).disk.durable.log.last_index(), Index(2));
    assert_eq!(server(&run, 2).waiting.len(), 1, "its answer waits for the disk");
    crash(&mut run, 2);
    restart(&mut run, 2);
    assert_eq!(log(&run, 2), "12");
    assert_eq!(server(&run, 2).waiting.len(), 0);
    assert_eq!(commit(&run, 1), 0, "so it was never acknowledged");
    until(&mut run, 1000, "it is sent again", |run| log(run, 2) == "122" && commit(run, 2) == 3);
    assert_eq!(broken(&run), []);
}

#[test]
fn a_term_that_a_crash_caught_in_memory_was_never_heard_of_and_no_promise_falls() {
    let mut setup = Setup::new(3, 1);
    setup.options.fsync = TimerRange { min_us: 50_000, max_us: 50_000 };
    let mut run = Run::new(&setup).unwrap();
    act(&mut run, Action::Fire { server: s(1), timer: Timer::Election });
    wait(&mut run, 20);
    assert_eq!(term(&run, 1), Term(1));
    assert_eq!(run.world().network().packets().count(), 0, "its requests wait for the disk");
    crash(&mut run, 1);
    restart(&mut run, 1);
    assert_eq!(term(&run, 1), Term(0));
    assert_eq!(broken(&run), []);
}

// States that were typed.

#[test]
fn a_leader_and_a_candidate_that_were_typed_do_at_once_what_new_ones_do() {
    let mut run = state("S1:C2 1 / S2:F1 1 / S3:F1 1");
    assert_eq!((on_way(&run, 1, 2).len(), on_way(&run, 1, 3).len()), (1, 1), "it asks for votes");
    wait(&mut run, 60);
    assert_state(&run, "S1:L2 1 / S2:F2 1 / S3:F2 1");
    let run = state("S1:L2 1 / S2:F1 1 / S3:F1 1");
    assert_eq!((on_way(&run, 1, 2).len(), on_way(&run, 1, 3).len()), (1, 1), "it says that it leads");
}

// Majorities.

#[test]
fn a_minority_can_not_commit_and_a_majority_can() {
    let mut run = state("S1:L2 12 / S2:F2 12 / S3:F2 12 / S4:F2 12 / S5:F2 12");
    act(&mut run, groups("12 345"));
    propose(&mut run, 1, "of the minority");
    wait(&mut run, 2000);
    assert_eq!(log(&run, 2), "122", "it is stored on both");
    assert_eq!((commit(&run, 1), commit(&run, 2)), (0, 0), "and not committed");
    assert_eq!(term(&run, 1), Term(2), "S1 still leads, in its own opinion");
    assert!(server(&run, 1).node.is_leader());
    let other = leader(&run).unwrap();
    assert!(set("345").contains(other), "the majority has another leader");
    act(&mut run, Action::Propose { server: other, op: put("x", "1") });
    until(&mut run, 500, "the majority commits", |run| (3..=5).all(|n| commit(run, n) == 3));
    assert_eq!((commit(&run, 1), commit(&run, 2)), (0, 0));
}

#[test]
fn when_a_partition_heals_the_deposed_leaders_entries_are_erased() {
    let mut run = state("S1:L2 12 / S2:F2 12 / S3:F2 12 / S4:F2 12 / S5:F2 12");
    act(&mut run, groups("12 345"));
    (0..5).for_each(|_| propose(&mut run, 1, "lost"));
    wait(&mut run, 2000);
    assert_eq!((log(&run, 1), log(&run, 2)), ("1222222".into(), "1222222".into()));
    let other = leader(&run).unwrap();
    act(&mut run, Action::Propose { server: other, op: put("x", "kept") });
    wait(&mut run, 500);
    act(&mut run, Action::Heal);
    until(&mut run, 2000, "all logs are equal", converged);
    let expected = format!("12{}", server(&run, 3).node.log().last_term());
    assert!((1..=5).all(|n| log(&run, n) == expected), "{}", story(&run));
    assert!((1..=5).all(|n| server(&run, n).store.get("x") == Some("kept")));
    assert_eq!(server(&run, 1).node.role().name(), wavetank::raft::RoleName::Follower);
    assert_eq!(broken(&run), []);
}

#[test]
fn a_cluster_makes_progress_with_a_true_majority_up_and_not_with_less() {
    for servers in 1..=9_u8 {
        for down in 0..servers {
            let mut run = cluster(servers, 40 + u64::from(servers));
            (1..=down).for_each(|n| crash(&mut run, n));
            let enough = servers - down > servers / 2;
            submit(&mut run, put("x", "1"));
            wait(&mut run, 3000);
            assert_eq!(leader(&run).is_some(), enough, "{down} of {servers} are down");
            assert_eq!(outcome(&run) == Some(done()), enough, "{down} of {servers} are down");
        }
    }
}

#[test]
fn four_servers_need_three() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2");
    crash(&mut run, 4);
    propose(&mut run, 1, "a");
    until(&mut run, 300, "three of four commit", |run| commit(run, 1) == 2);
    crash(&mut run, 3);
    propose(&mut run, 1, "b");
    wait(&mut run, 3000);
    assert_eq!(log(&run, 2), "222", "two of four have it");
    assert_eq!(commit(&run, 1), 2, "and that is not enough");
    restart(&mut run, 3);
    until(&mut run, 500, "with the third it is", |run| commit(run, 1) == 3);
    assert_eq!(broken(&run), []);
}

#[test]
fn neither_half_of_an_even_cluster_gets_on_without_the_other() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2");
    act(&mut run, groups("12 34"));
    propose(&mut run, 1, "a");
    wait(&mut run, 3000);
    assert_eq!(leader(&run), Some(s(1)), "the other half elects nobody");
    assert!((1..=4).all(|n| commit(&run, n) == 0), "and the leader commits nothing");
    assert!(term(&run, 3) > Term(2));
    act(&mut run, Action::Heal);
    assert_eq!(ask(&mut run, put("x", "1")), done());
    assert_eq!(broken(&run), []);
}

#[test]
fn one_server_alone_leads_and_commits() {
    let mut run = cluster(1, 1);
    assert_eq!(ask(&mut run, put("x", "1")), done());
    assert_state(&run, "S1:L1 1 c1");
    crash(&mut run, 1);
    restart(&mut run, 1);
    assert_eq!(ask(&mut run, Op::Get { key: "x".into() }), Outcome::Done(Output::Value(Some("1".into()))));
    assert_eq!(broken(&run), []);
}

#[test]
fn nine_servers_work_with_four_of_them_down() {
    let mut run = cluster(9, 2);
    (6..=9).for_each(|n| crash(&mut run, n));
    assert_eq!(ask(&mut run, put("x", "1")), done());
    crash(&mut run, 1);
    submit(&mut run, put("x", "2"));
    wait(&mut run, 3000);
    assert!(run.world().clients()[0].call.is_some(), "with five down nothing is done");
    (6..=9).for_each(|n| restart(&mut run, n));
    restart(&mut run, 1);
    until(&mut run, 5000, "it is done after all", |run| run.world().clients()[0].call.is_none());
    until(&mut run, 2000, "all nine are equal", converged);
    assert_eq!(broken(&run), []);
}

// Logs that differ.

/// Figure 7: the leader of term 8, and followers (a) to (f).
const FIGURE_7: &str = "S1:L8 1114455666 c9 / S2:F7 111445566 / S3:F4 1114 / S4:F7 11144556666 / \
                        S5:F7 111445566677 / S6:F4 1114444 / S7:F3 11122233333";

/// At how many places each of the others refused S1's entries until all have its log.
fn repair_figure_7(backtracking: Backtracking) -> Vec<usize> {
    let mut setup = Setup::new(7, 1);
    setup.options.backtracking = backtracking;
    let mut run = state_with(&setup, FIGURE_7);
    propose(&mut run, 1, "8");
    let repaired = |run: &Run| (2..=7).all(|n| log(run, n) == "11144556668" && commit(run, n) == 11);
    until(&mut run, 3000, "all have the leader's log", repaired);
    assert_eq!(log(&run, 1), "11144556668");
    assert_eq!(leader(&run), Some(s(1)));
    assert_eq!(broken(&run), []);
    // Two requests can be on their way at once, and both refused: what counts is at how many places.
    let refused_by = |n: u8| {
        let places = run.events().iter().filter_map(|event| match &event.what {
            What::Delivered { content: Content::Raft(message), .. } if message.from == s(n) => {
                match message.body {
                    Body::AppendEntriesReply {
                        prev_index, outcome: AppendOutcome::Mismatch { .. }, ..
                    } => Some(prev_index),
                    _ => None,
                }
            }
            _ => None,
        });
        places.collect::<BTreeSet<_>>().len()
    };
    (2..=7).map(refused_by).collect()
}

#[test]
fn the_followers_of_figure_7_are_all_repaired_one_step_at_a_time() {
    // The leader begins at index 10. (a) lacks one, (b) six; (c) and (d) have more, which is no
    // conflict at 10; (e) agrees up to 5, (f) up to 3.
    assert_eq!(repair_figure_7(Backtracking::StepByOne), [1, 6, 0, 0, 5, 7]);
}

#[test]
fn the_followers_of_figure_7_are_all_repaired_in_fewer_steps_with_hints() {
    // (e): beyond its end, then term 4 ends at 5 in the leader's log. (f): terms 3 and 2, which the
    // leader does not have.
    assert_eq!(repair_figure_7(Backtracking::ConflictHints), [1, 1, 0, 0, 2, 2]);
}

/// Figure 8, up to (c): S1 leads term 4 and has replicated its old entry of term 2 to a majority.
fn figure_8_c(setup: &Setup) -> Run {
    let mut run = still(setup, "S1:L2 1 / S2:F2 1 / S3:F2 1 / S4:F2 1 / S5:F2 1");
    // (a) S1 leads term 2, and its entry reaches S2 only.
    propose(&mut run, 1, "two");
    settle(&mut run);
    drop_all(&mut run, |message| message.to != s(2));
    ask_by_hand(&mut run, 1, 2);
    // (b) S1 crashes. S5 is elected by S3, S4 and itself, and takes another entry at index 2.
    crash(&mut run, 1);
    elect_by(&mut run, 5, &[3, 4]);
    propose(&mut run, 5, "three");
    settle(&mut run);
    drop_all(&mut run, |_| true);
    assert_state(&run, "S1:x2 12 / S2:F2 12 / S3:F3 1 / S4:F3 1 / S5:L3 13");
    // (c) S5 crashes, S1 comes back and is elected; it goes on replicating: S3 has entry 2 as well.
    crash(&mut run, 5);
    restart(&mut run, 1);
    time_out(&mut run, 1);
    deliver(&mut run, 1, 3);
    deliver(&mut run, 3, 1); // Term 3 is taken: S1 learns of it, and stands again.
    drop_all(&mut run, |_| true);
    elect_by(&mut run, 1, &[2, 3]);
    replicate(&mut run, 1, 2);
    while log(&run, 3) != "12" {
        replicate(&mut run, 1, 3);
    }
    run
}

#[test]
fn figure_8_an_old_entry_on_a_majority_is_not_committed_and_may_still_be_erased() {
    let mut run = figure_8_c(&Setup::new(5, 1));
    assert_state(&run, "S1:L4 12 / S2:F4 12 / S3:F4 12 / S4:F3 1 / S5:x3 13");
    // (d) S1 crashes; S5 is elected by S2, S3 and S4, whose logs end in lower terms, and erases it.
    crash(&mut run, 1);
    restart(&mut run, 5);
    time_out(&mut run, 5);
    deliver(&mut run, 5, 2);
    deliver(&mut run, 2, 5);
    drop_all(&mut run, |_| true);
    elect_by(&mut run, 5, &[2, 3, 4]);
    for follower in [2, 3, 4] {
        while log(&run, follower) != "13" {
            replicate(&mut run, 5, follower);
        }
    }
    assert_state(&run, "S1:x4 12 / S2:F5 13 / S3:F5 13 / S4:F5 13 / S5:L5 13");
    assert_eq!(broken(&run), [], "nothing that was committed is gone: it never was");
}

#[test]
fn figure_8_with_an_entry_of_its_own_term_on_a_majority_it_is_committed_and_safe() {
    let mut run = figure_8_c(&Setup::new(5, 1));
    // (e) Before it crashes, S1 replicates an entry of term 4 to S2 and S3.
    propose(&mut run, 1, "four");
    settle(&mut run);
    replicate(&mut run, 1, 2);
    replicate(&mut run, 1, 3);
    assert_state(&run, "S1:L4 124 c3 / S2:F4 124 / S3:F4 124 / S4:F3 1 / S5:x3 13");
    // Now S5 can't win: S2 and S3 have a later last term.
    crash(&mut run, 1);
    restart(&mut run, 5);
    for _ in 0..3 {
        time_out(&mut run, 5);
        for voter in [2, 3, 4] {
            ask_by_hand(&mut run, 5, voter);
        }
        assert!(!server(&run, 5).node.is_leader());
        drop_all(&mut run, |_| true);
    }
    act(&mut run, Action::Manual { on: false });
    until(&mut run, 5000, "one with the entry is elected", |run| {
        leader(run).is_some_and(|leader| set("23").contains(leader))
    });
    assert_eq!(broken(&run), []);
}

#[test]
fn a_noop_commits_what_earlier_leaders_left() {
    for noop in [false, true] {
        let mut setup = Setup::new(3, 5);
        setup.options.noop = noop;
        let mut run = state_with(&setup, "S1 12 / S2 12 / S3 12");
        elect(&mut run, 1);
        wait(&mut run, 1000);
        let (log_after, commit_after) = if noop { ("123", 3) } else { ("12", 0) };
        assert_eq!((log(&run, 1).as_str(), commit(&run, 3)), (log_after, commit_after));
        // Without it, the earlier entries are committed with the first command.
        assert_eq!(ask(&mut run, put("x", "1")), done());
        wait(&mut run, 200);
        assert_eq!(commit(&run, 3), log_after.len() as u64 + 1);
    }
}

// Links.

#[test]
fn a_leader_that_is_heard_by_nobody_is_deposed_and_one_that_hears_nobody_goes_on_in_vain() {
    // Nobody hears S1, and S1 hears everyone.
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    act(&mut run, Action::Cut { from: s(1), to: s(2) });
    act(&mut run, Action::Cut { from: s(1), to: s(3) });
    until(&mut run, 3000, "another leads, and S1 knows", |run| {
        leader(run).is_some_and(|leader| leader != s(1)) && !server(run, 1).node.is_leader()
    });
    // S1 hears nobody, and everyone hears S1: its heartbeats keep them quiet, and nothing commits.
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    act(&mut run, Action::Cut { from: s(2), to: s(1) });
    act(&mut run, Action::Cut { from: s(3), to: s(1) });
    propose(&mut run, 1, "a");
    wait(&mut run, 5000);
    assert_state(&run, "S1:L2 22 / S2:F2 22 / S3:F2 22");
    act(&mut run, Action::Mend { from: s(3), to: s(1) });
    until(&mut run, 500, "one voice is enough", |run| commit(run, 1) == 2);
    assert!(dropped(&run, DropReason::Cut) > 50);
}

#[test]
fn a_server_that_only_one_other_hears_can_not_lead() {
    let mut run = cluster(5, 3);
    let all: ServerSet = ServerSet::first(5);
    for n in 1..=3 {
        act(&mut run, Action::Cut { from: s(4), to: s(n) });
    }
    let quiet = all.minus(set("4"));
    wait(&mut run, 10_000);
    let leaders: Vec<_> = run.checker().leaders().map(|(_, leader)| leader).collect();
    assert!(!leaders.is_empty());
    assert!(leaders.iter().all(|leader| quiet.contains(*leader)), "{leaders:?}");
}

#[test]
fn a_worse_link_loses_and_doubles_messages_and_the_cluster_gets_on() {
    let mut run = cluster(3, 5);
    let link = Link { loss_ppm: 200_000, duplicate_ppm: 200_000, ..Link::default() };
    act(&mut run, Action::SetLink { from: None, to: None, link });
    for n in 0..20 {
        let outcome = ask(&mut run, put("x", &n.to_string()));
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
    assert!(dropped(&run, DropReason::Lost) > 20);
    let copies = count(&run, |what| matches!(what, What::Delivered { message, .. } if message.copy > 0));
    assert!(copies > 20, "{copies}");
    assert_eq!(broken(&run), []);
}

#[test]
fn what_was_on_its_way_when_the_link_was_cut_does_not_arrive() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    assert_eq!(on_way(&run, 1, 2).len(), 1);
    act(&mut run, Action::Cut { from: s(1), to: s(2) });
    wait(&mut run, 16);
    assert_eq!(dropped(&run, DropReason::Cut), 1);
    assert_eq!(server(&run, 2).heard, None);
    assert!(server(&run, 3).heard.is_some());
}

// Pauses.

#[test]
fn a_paused_leader_is_deposed_and_finds_out_when_it_goes_on() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    act(&mut run, Action::Pause { server: s(1) });
    until(&mut run, 3000, "another leads", |run| leader(run).is_some());
    assert!(server(&run, 1).node.is_leader(), "it stands still, and knows nothing");
    assert!(!server(&run, 1).inbox.is_empty(), "what arrives waits");
    act(&mut run, Action::Resume { server: s(1) });
    until(&mut run, 10, "it reads what has arrived", |run| !server(run, 1).node.is_leader());
    assert_eq!(broken(&run), []);
}

#[test]
fn a_pause_shorter_than_the_election_timeout_is_no_harm() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    wait(&mut run, 100);
    act(&mut run, Action::Pause { server: s(2) });
    wait(&mut run, 1000);
    assert_eq!(leader(&run), Some(s(1)));
    let timer = server(&run, 2).timer(Timer::Election).unwrap();
    assert!(timer.fires_us < run.world().now_us(), "its timer ran out unheard");
    act(&mut run, Action::Resume { server: s(2) });
    let before = term(&run, 2);
    wait(&mut run, 1000);
    // Messages come before timers: it hears its leader first.
    assert_eq!((term(&run, 2), leader(&run)), (before, Some(s(1))));
}

// Single messages.

#[test]
fn a_message_held_by_hand_arrives_when_it_is_released() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    let (message, _) = on_way(&run, 1, 2)[0];
    act(&mut run, Action::Hold { message });
    wait(&mut run, 30);
    assert_eq!(server(&run, 2).heard, None);
    assert!(run.world().network().packet(message).is_some());
    act(&mut run, Action::Release { message });
    let now_us = run.world().now_us();
    run.step();
    assert_eq!(server(&run, 2).heard, Some((s(1), now_us)));
}

#[test]
fn a_message_doubled_by_hand_arrives_twice_and_changes_nothing_the_second_time() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    propose(&mut run, 1, "a");
    let (message, _) = *on_way(&run, 1, 2).last().unwrap();
    act(&mut run, Action::Duplicate { message });
    act(&mut run, Action::Duplicate { message });
    let copies: Vec<u8> = on_way(&run, 1, 2).iter().map(|(name, _)| name.copy).collect();
    assert_eq!(copies, [0, 0, 1, 2]);
    wait(&mut run, 200);
    assert_state(&run, "S1:L2 22 c2 / S2:F2 22 c2 / S3:F2 22 c2");
    assert_eq!(broken(&run), []);
}

#[test]
fn a_message_dropped_by_hand_is_sent_again_in_time() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    propose(&mut run, 1, "a");
    for (message, _) in on_way(&run, 1, 2) {
        act(&mut run, Action::Drop { message });
    }
    assert_eq!(dropped(&run, DropReason::ByHand), 2);
    wait(&mut run, 45);
    assert_eq!(log(&run, 2), "2");
    until(&mut run, 60, "with the next heartbeat it is there", |run| log(run, 2) == "22");
}

#[test]
fn a_message_delivered_by_hand_arrives_now() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    let (message, _) = on_way(&run, 1, 3)[0];
    act(&mut run, Action::Deliver { message });
    assert_eq!(server(&run, 3).heard, Some((s(1), 0)));
    assert!(run.world().network().packet(message).is_none());
}

#[test]
fn in_manual_mode_time_stands_still_and_everything_goes_by_hand() {
    let mut run = cluster(3, 1);
    act(&mut run, Action::Manual { on: true });
    wait(&mut run, 100_000);
    assert_eq!(run.world().now_us(), 0);
    assert_state(&run, "S1:F0 / S2:F0 / S3:F0");
    time_out(&mut run, 2);
    assert_state(&run, "S1:F0 / S2:C1 / S3:F0");
    ask_by_hand(&mut run, 2, 3);
    assert_state(&run, "S1:F0 / S2:L1 / S3:F1");
    deliver(&mut run, 2, 1);
    assert_eq!(term(&run, 1), Term(1));
    propose(&mut run, 2, "a");
    settle(&mut run);
    assert_eq!(log(&run, 2), "1");
    replicate(&mut run, 2, 1);
    assert_eq!(commit(&run, 2), 1);
    assert_eq!(run.world().now_us(), 0);
    act(&mut run, Action::Manual { on: false });
    until(&mut run, 1000, "it goes on by itself", converged);
    assert_eq!(leader(&run), Some(s(2)));
}

#[test]
fn a_leader_that_steps_down_in_its_own_term_does_no_harm() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    wait(&mut run, 60);
    act(&mut run, Action::StepDown { server: s(1) });
    assert_eq!((leader(&run), term(&run, 1)), (None, Term(2)));
    until(&mut run, 2000, "there is a new term", |run| leader(run).is_some());
    let leader = leader(&run).unwrap();
    assert!(term(&run, leader.number()) > Term(2));
    assert_eq!(broken(&run), []);
}

// Clients.

#[test]
fn a_client_is_sent_on_to_the_leader() {
    let mut run = state("S1:F2 2 / S2:L2 2 / S3:F2 2");
    wait(&mut run, 60);
    act(&mut run, Action::Submit { op: put("x", "1"), to: Some(s(3)), mode: None });
    until(&mut run, 300, "it is done", |run| run.world().clients()[0].call.is_none());
    assert_eq!(outcome(&run), Some(done()));
    assert_eq!(run.world().clients()[0].target, s(2), "and the client remembers who leads");
    let asked: Vec<String> = run
        .events()
        .iter()
        .filter_map(|event| match &event.what {
            What::Delivered { message, content: Content::Request { .. } } => Some(message.to.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(asked, ["S3", "S2"]);
}

#[test]
fn a_client_asks_again_elsewhere_when_nobody_answers() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    crash(&mut run, 1);
    assert_eq!(ask(&mut run, put("x", "1")), done());
    let timed_out = count(&run, |what| matches!(what, What::Woke { timed_out: true, .. }));
    assert_eq!(timed_out, 1);
    let call = run.world().clients()[0].finished.back().unwrap();
    assert!(call.returned_us - call.called_us > 600_000, "it had waited for S1 first");
}

#[test]
fn a_command_that_nobody_took_has_failed() {
    // Nobody leads, and everyone who is asked says so.
    let mut setup = Setup::new(3, 1);
    setup.options.client_attempts = 1;
    let mut run = state_with(&setup, "S1 1 / S2 1 / S3 1");
    act(&mut run, groups("1 2 3"));
    assert_eq!(ask(&mut run, put("x", "1")), Outcome::Failed);
    let timed_out = count(&run, |what| matches!(what, What::Woke { timed_out: true, .. }));
    assert_eq!(timed_out, 0);
}

#[test]
fn a_command_that_somebody_took_and_nobody_answered_for_is_of_unknown_outcome_and_can_come_true() {
    let mut setup = Setup::new(3, 1);
    setup.options.client_attempts = 1;
    let mut run = state_with(&setup, "S1:L2 2 / S2:F2 2 / S3:F2 2");
    act(&mut run, Action::Cut { from: s(2), to: s(1) });
    act(&mut run, Action::Cut { from: s(3), to: s(1) });
    assert_eq!(ask(&mut run, put("x", "1")), Outcome::Unknown);
    assert_eq!(server(&run, 1).store.get("x"), None);
    act(&mut run, Action::Heal);
    until(&mut run, 1000, "it takes effect after all", |run| server(run, 3).store.get("x") == Some("1"));
}

#[test]
fn a_clients_connection_never_duplicates_so_that_what_failed_has_failed() {
    let mut setup = Setup::new(3, 1);
    setup.options.link.duplicate_ppm = 1_000_000;
    let mut run = state_with(&setup, "S1:F2 2 / S2:L2 2 / S3:F2 2");
    act(&mut run, Action::Submit { op: put("x", "1"), to: Some(s(3)), mode: None });
    let names = |run: &Run| run.world().network().packets().map(|packet| packet.name).collect::<Vec<_>>();
    let request = *names(&run).iter().find(|name| name.from.server().is_none()).unwrap();
    let refusal = run.act(Action::Duplicate { message: request }).unwrap_err();
    assert!(refusal.to_string().contains("does not duplicate"), "{refusal}");
    let (mut copies, mut client_messages) = (0, 0);
    for _ in 0..200 {
        run.step();
        for name in names(&run) {
            let between_servers = name.from.server().is_some() && name.to.server().is_some();
            assert!(between_servers || name.copy == 0, "{name}");
            copies += u32::from(name.copy > 0);
            client_messages += u32::from(!between_servers);
        }
    }
    assert!(copies > 0 && client_messages > 0, "{copies} copies, {client_messages} of the client's");
}

#[test]
fn a_command_whose_entry_was_erased_is_asked_again() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2 / S4:F2 2 / S5:F2 2");
    wait(&mut run, 60);
    act(&mut run, groups("1 2345"));
    act(&mut run, Action::Submit { op: put("x", "1"), to: Some(s(1)), mode: None });
    wait(&mut run, 500);
    assert_eq!(log(&run, 1), "22");
    let other = leader(&run).unwrap();
    assert_ne!(other, s(1));
    act(&mut run, Action::Propose { server: other, op: put("y", "2") });
    act(&mut run, Action::Heal);
    until(&mut run, 5000, "it is done", |run| run.world().clients()[0].call.is_none());
    assert_eq!(outcome(&run), Some(done()));
    until(&mut run, 2000, "all are equal", converged);
    assert_eq!((server(&run, 1).store.get("x"), server(&run, 1).store.get("y")), (Some("1"), Some("2")));
}

// Actions that miss.

#[test]
fn an_action_that_misses_is_an_event_that_says_so_and_changes_nothing() {
    let missing: PacketName = "S1>S2@999".parse().unwrap();
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:x2 2");
    let (held, _) = on_way(&run, 1, 2)[0];
    act(&mut run, Action::Hold { message: held });
    act(&mut run, Action::Restart { server: s(3) });
    act(&mut run, Action::Pause { server: s(3) });
    let (to_paused, _) = on_way(&run, 1, 3)[0];
    crash(&mut run, 2);
    let (one, two, three, nine) = (s(1), s(2), s(3), s(9));
    let link = Link { loss_ppm: 2_000_000, ..Link::default() };
    let timer = Timer::Election;
    let long = "x".repeat(5000);
    let mut options = Setup::new(3, 1).options;
    options.heartbeat_us = 0;
    let misses = [
        (Action::Crash { server: nine }, "there is no S9: this cluster has S1 to S3"),
        (Action::Crash { server: two }, "S2 is down already"),
        (Action::Restart { server: one }, "S1 is running already"),
        (Action::Restart { server: nine }, "there is no S9: this cluster has S1 to S3"),
        (Action::Pause { server: three }, "S3 is paused: resume it first"),
        (Action::Pause { server: two }, "S2 is down: restart it first"),
        (Action::Resume { server: one }, "S1 is not paused"),
        (Action::Fire { server: one, timer }, "S1 has no election timer"),
        (Action::Fire { server: two, timer }, "S2 is down: restart it first"),
        (Action::Fire { server: nine, timer }, "there is no S9: this cluster has S1 to S3"),
        (Action::StepDown { server: three }, "S3 is paused: resume it first"),
        (Action::Send { from: one, to: one, empty: false }, "S1 has nothing to ask of S1"),
        (Action::Send { from: one, to: nine, empty: false }, "there is no S9: this cluster has S1 to S3"),
        (Action::Drop { message: missing }, "the message S1>S2@999 is not on its way"),
        (Action::Deliver { message: missing }, "the message S1>S2@999 is not on its way"),
        (Action::Deliver { message: to_paused }, "S3 can't receive now"),
        (Action::Deliver { message: held }, "S2 can't receive now"),
        (Action::Hold { message: missing }, "the message S1>S2@999 is not on its way"),
        (Action::Hold { message: held }, "is held already"),
        (Action::Release { message: to_paused }, "is not held"),
        (Action::Release { message: missing }, "the message S1>S2@999 is not on its way"),
        (Action::Duplicate { message: missing }, "the message S1>S2@999 is not on its way"),
        (Action::Cut { from: one, to: one }, "S1 is always connected with itself"),
        (Action::Cut { from: one, to: nine }, "there is no S9: this cluster has S1 to S3"),
        (Action::Mend { from: one, to: two }, "nothing to do: that is already the case"),
        (groups("19 23"), "there is no S9: this cluster has S1 to S3"),
        (groups("123"), "nothing to do: that is already the case"),
        (Action::Heal, "nothing to do: that is already the case"),
        (Action::SetLink { from: None, to: None, link }, "loss: 200 % is out of bounds; use 0 % to 100 %"),
        (Action::SetLink { from: Some(one), to: None, link: Link::default() }, "a link has two ends"),
        (Action::SetOptions { options }, "heartbeat: 0 ms is out of bounds; use 100 µs to 600 s"),
        (Action::SetRules { off: wavetank::raft::Rules::ALL_ON }, "nothing to do: that is already the case"),
        (Action::Manual { on: false }, "nothing to do: that is already the case"),
        (Action::Propose { server: two, op: put("x", "1") }, "S2 is down: restart it first"),
        (Action::Propose { server: one, op: put("x", &long) }, "a key or value has 5000 bytes"),
        (
            Action::Submit { op: put("x", "1"), to: Some(nine), mode: None },
            "there is no S9: this cluster has S1 to S3",
        ),
        (Action::Submit { op: put(&long, "1"), to: None, mode: None }, "a key or value has 5000 bytes"),
    ];
    let look = |run: &Run| {
        let world = run.world();
        let mut packets: Vec<_> =
            world.network().packets().map(|packet| (packet.name, packet.arrives_us, packet.held)).collect();
        packets.sort_unstable();
        let briefs: Vec<_> = world.servers().iter().map(wavetank::sim::Server::brief).collect();
        let timers: Vec<_> =
            world.servers().iter().flat_map(|server| Timer::ALL.map(|timer| server.timer(timer))).collect();
        (packets, briefs, timers, *world.network().cuts(), world.clients().to_vec(), world.options().clone())
    };
    for (action, expected) in misses {
        let before = (look(&run), run.world().events(), notation::write(run.world()));
        assert!(run.world().check(&action).is_err(), "{action:?}");
        let why: Refusal = run.act(action.clone()).expect_err(expected);
        assert!(why.to_string().contains(expected), "{action:?}: {why}");
        assert_eq!(look(&run), before.0, "{action:?} changed something");
        assert_eq!(notation::write(run.world()), before.2);
        let event = run.event(EventId(before.1)).expect("it is an event all the same");
        assert_eq!(event.what, What::Acted { action: action.clone(), refused: Some(why) });
        assert_eq!(run.world().events(), before.1 + 1);
        assert_eq!(run.recording().actions.last().map(|stamped| &stamped.action), Some(&action));
    }
}
