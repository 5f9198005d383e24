//! Scenarios in which options meet each other or the cluster changes, on the timed world: pre-votes and
//! the check of the quorum, a leader replaced through joint consensus, and those of another
//! implementation's random tests: leadership handed over, slow voters, partitions, members that come
//! and go, each followed by a verification. (The race of asynchronous appends that etcd calls ABA is in
//! tests/figure2.rs: an entry that was replaced and came back.)

mod common;
#[path = "common/lab.rs"]
mod lab;

use common::*;
use lab::*;
use wavetank::raft::{Body, Change, Message, Rule, ServerSet, Term, Timer};
use wavetank::sim::{Action, Options, Setup};
use wavetank::timeline::Run;

fn cluster_with(servers: u8, seed: u64, options: Options) -> Run {
    let mut run = run_of(&Setup { options: Options { noop: true, ..options }, ..Setup::new(servers, seed) });
    run.keep_events(1_000_000);
    run
}

fn cautious() -> Options {
    Options { pre_vote: true, check_quorum: true, stickiness: true, ..Options::default() }
}

// Options that meet each other.

#[test]
fn with_pre_votes_one_server_that_stands_without_need_changes_nothing() {
    let mut run = cluster_with(3, 1, cautious());
    elect(&mut run, 1);
    // At any moment between two heartbeats.
    for moment_ms in (200..250).step_by(5) {
        wait(&mut run, moment_ms);
        let n = if moment_ms % 10 == 0 { 2 } else { 3 };
        act(&mut run, Action::Fire { server: s(n), timer: Timer::Election });
        wait(&mut run, 100);
        assert_eq!((leader(&run), server(&run, n).node.leader()), (Some(s(1)), Some(s(1))));
    }
    assert!((1..=3).all(|n| term(&run, n) == Term(1)));
    assert_eq!(broken(&run), []);
}

#[test]
fn with_pre_votes_a_majority_that_has_given_up_a_leader_replaces_it() {
    let setup = Setup { options: cautious(), ..Setup::new(3, 1) };
    let mut run = state_with(&setup, "S1:L2 2 / S2:F2 2 / S3:F2 2");
    wait(&mut run, 100);
    act(&mut run, Action::Manual { on: true });
    drop_all(&mut run, |_| true);
    // S2 asks, and both others hear from S1.
    time_out(&mut run, 2);
    ask_by_hand(&mut run, 2, 1);
    ask_by_hand(&mut run, 2, 3);
    assert_state(&run, "S1:L2 2 c1 / S2:P2 2 c1 / S3:F2 2 c1");
    // Now S3 asks, and S2 is in the same position.
    time_out(&mut run, 3);
    ask_by_hand(&mut run, 3, 1);
    assert_state(&run, "S1:L2 2 c1 / S2:P2 2 c1 / S3:P2 2 c1");
    ask_by_hand(&mut run, 3, 2);
    assert_state(&run, "S1:L2 2 c1 / S2:P2 2 c1 / S3:C3 2 c1");
    // The leader ignores the election; S2 does not.
    ask_by_hand(&mut run, 3, 1);
    assert_state(&run, "S1:L2 2 c1 / S2:P2 2 c1 / S3:C3 2 c1");
    ask_by_hand(&mut run, 3, 2);
    assert_eq!((leader(&run), term(&run, 2), term(&run, 1)), (Some(s(3)), Term(3), Term(2)));
    act(&mut run, Action::Manual { on: false });
    until(&mut run, 1000, "S1 follows", |run| server(run, 1).node.leader() == Some(s(3)));
    assert_eq!(broken(&run), []);
}

#[test]
fn a_leader_that_hears_no_majority_gives_up_though_nobody_else_can_be_elected() {
    for check_quorum in [false, true] {
        let mut run = cluster_with(5, 2, Options { check_quorum, pre_vote: true, ..Options::default() });
        elect(&mut run, 1);
        wait(&mut run, 200);
        cut_off(&mut run, set("345"));
        wait(&mut run, 1000);
        assert_eq!(leader(&run).is_none(), check_quorum);
        comes_together(&mut run);
    }
}

#[test]
fn in_a_joint_configuration_it_takes_both_majorities_to_commit_and_to_elect() {
    let mut run = cluster_with(3, 3, Options::default());
    elect(&mut run, 1);
    agree(&mut run, 3);
    boot(&mut run, 4);
    boot(&mut run, 5);
    reconfigure(&mut run, Change::Joint { voters: set("345"), learners: set(""), manual: true });
    until(&mut run, 1000, "all have everything", all_equal);
    // S1 leads, with only these; none of them, nor S1, can be elected either.
    for (gone, lacks) in [("23", "two of 123"), ("45", "two of 345")] {
        let mut run = run.branch_at(run.stamp()).expect("a branch");
        cut_off(&mut run, set(gone));
        let committed = run.checker().committed();
        propose(&mut run, 1, "in vain");
        wait(&mut run, 300);
        assert_eq!(run.checker().committed(), committed, "it lacks {lacks}");
        crash(&mut run, 1);
        restart(&mut run, 1);
        wait(&mut run, 3000);
        assert_eq!(leader(&run), None, "it lacks {lacks}");
        comes_together(&mut run);
    }
    cut_off(&mut run, set("24"));
    agree(&mut run, 3);
    reconfigure(&mut run, Change::Leave);
    until(&mut run, 1000, "the new one is in force", |run| all_go_by(run, set("35"), "345", ""));
    assert_eq!(broken(&run), []);
}

#[test]
fn a_leader_is_replaced_by_a_newcomer_that_leads_already_in_the_joint_configuration() {
    for snapshot_every in [0, 5] {
        let mut run = cluster_with(3, 3, Options { snapshot_every, ..cautious() });
        elect(&mut run, 1);
        for _ in 0..10 {
            agree(&mut run, 3);
        }
        boot(&mut run, 4);
        reconfigure(&mut run, Change::Joint { voters: set("234"), learners: set(""), manual: true });
        until(&mut run, 1000, "all know of the joint configuration, and have everything", |run| {
            equal(run, set("1234")) && (1..=4).all(|n| server(run, n).node.configuration().is_joint())
        });
        agree(&mut run, 4);
        let one = await_leader(&mut run, set("1234"));
        hand_over(&mut run, if one == s(4) { s(2) } else { s(4) });
        until(&mut run, 500, "another leads", |run| leader(run).is_some_and(|leader| leader != one));
        let mut two = leader(&run).unwrap();
        if two != s(4) {
            wait(&mut run, 200);
            hand_over(&mut run, s(4));
            until(&mut run, 500, "S4 leads", |run| leader(run) == Some(s(4)));
            two = s(4);
        }
        assert!(server(&run, two.number()).node.configuration().is_joint());
        wait(&mut run, 200);
        reconfigure(&mut run, Change::Leave);
        until(&mut run, 500, "they go by the new one", |run| all_go_by(run, set("234"), "234", ""));
        // S1 can't win any more, and disturbs nobody.
        let elected = term(&run, 4);
        wait(&mut run, 3000);
        assert_eq!((leader(&run), term(&run, 4)), (Some(s(4)), elected));
        assert!(!server(&run, 1).node.is_leader());
        crash(&mut run, 1);
        agree(&mut run, 3);
        assert_eq!(broken(&run), []);
    }
}

// Leadership handed over.

/// A client appends words, and the leader hands over to one server after the other; with `faults`, the
/// one that is to lead, or another one, may be gone at the worst moment. Returns how often it came off.
fn hand_over_and_over(options: Options, seed: u64, faults: bool) -> usize {
    let mut run = cluster_with(5, seed, Options { sessions: true, ..options });
    let all = ServerSet::first(5);
    let mut dice = Dice::new(seed);
    let mut came_off = 0;
    for round in 0..30 {
        for n in 0..3 {
            append_word(&mut run, &(3 * round + n).to_string());
        }
        wait(&mut run, dice.below(60));
        let from = await_leader(&mut run, all);
        let to = dice.pick(&list(all.minus(only(from))));
        let taken = run.act(Action::Transfer { to, at: None }).is_ok();
        if faults && dice.one_in(3) {
            wait(&mut run, dice.below(40));
            let anyone = dice.pick(&list(all));
            let victim = dice.pick(&[to, from, anyone]);
            if dice.one_in(2) {
                drop(run.act(Action::Crash { server: victim }));
            } else {
                cut_off(&mut run, only(victim));
            }
        }
        wait(&mut run, 200);
        came_off += usize::from(taken && leader(&run) == Some(to));
        connect_all(&mut run);
        restart_all(&mut run);
    }
    hear_out(&mut run);
    comes_together(&mut run);
    assert_eq!(assert_words_once(&run), 90, "every word is done");
    came_off
}

#[test]
fn leadership_goes_from_one_to_the_next_while_a_client_is_served() {
    for (options, seed) in [(Options::default(), 1), (cautious(), 2), (cautious(), 3)] {
        let came_off = hand_over_and_over(options, seed, false);
        assert!(came_off >= 28, "{came_off} of 30");
    }
}

#[test]
fn leadership_is_handed_over_under_faults() {
    for (options, seed) in [(Options::default(), 4), (cautious(), 5), (cautious(), 6)] {
        let came_off = hand_over_and_over(options, seed, true);
        assert!((10..30).contains(&came_off), "{came_off} of 30: some fail, most don't");
    }
}

// Slow voters.

/// Leaders crash again and again, and these messages take one to two seconds.
fn elections_with_slow(seed: u64, options: Options, slow: impl Fn(&Message) -> bool) -> Run {
    let mut run = cluster_with(5, seed, options);
    let mut dice = Dice::new(seed);
    for round in 0..10 {
        for n in 0..5 {
            append_word(&mut run, &(5 * round + n).to_string());
        }
        wait_with_slow(&mut run, 3000, &mut dice, &slow);
        if let Some(server) = leader(&run) {
            act(&mut run, Action::Crash { server });
            wait_with_slow(&mut run, 500, &mut dice, &slow);
            act(&mut run, Action::Restart { server });
        }
    }
    run
}

/// All of that was survived: there were leaders, and what the client was told is true.
#[track_caller]
fn assert_survived(mut run: Run) {
    hear_out(&mut run);
    comes_together(&mut run);
    let led = run.checker().leaders().filter(|(term, _)| *term > Term(0)).count();
    assert!(led >= 8, "{led} leaders");
    assert!(assert_words(&run) >= 40);
}

fn asks_for_a_vote(message: &Message) -> bool {
    matches!(message.body, Body::RequestVote { .. } | Body::PreVote { .. })
}

fn gives_a_vote(message: &Message) -> bool {
    matches!(message.body, Body::RequestVoteReply { .. } | Body::PreVoteReply { .. })
}

#[test]
fn two_voters_who_hear_of_elections_late_hold_nobody_up() {
    let slow = |message: &Message| asks_for_a_vote(message) && set("12").contains(message.to);
    for options in [Options::default(), cautious()] {
        assert_survived(elections_with_slow(1, options, slow));
    }
}

#[test]
fn two_voters_whose_votes_come_late_hold_nobody_up_either() {
    let slow = |message: &Message| gives_a_vote(message) && set("45").contains(message.from);
    for options in [Options::default(), cautious()] {
        assert_survived(elections_with_slow(2, options, slow));
    }
}

#[test]
fn votes_that_come_after_their_election_elect_nobody() {
    let led = |run: &Run| run.checker().leaders().filter(|(term, _)| *term > Term(0)).count();
    let run_with = |options: Options, off: &[Rule]| {
        let mut run = run_of(&without(&Setup { options, ..Setup::new(5, 3) }, off));
        wait_with_slow(&mut run, 10_000, &mut Dice::new(3), gives_a_vote);
        run
    };
    for options in [Options::default(), cautious()] {
        let mut run = run_with(options, &[]);
        assert_eq!(led(&run), 0);
        comes_together(&mut run);
    }
    let run = run_with(Options::default(), &[Rule::DropStaleReplies]);
    assert!(led(&run) > 0, "they would, if they were counted");
}

// Partitions.

#[test]
fn leaders_and_others_are_partitioned_off_and_everything_that_was_done_is_there_in_the_end() {
    for (seed, snapshot_every) in [(1, 0), (2, 7), (3, 20)] {
        let options = Options { snapshot_every, snapshot_chunk: 30, workload_every_us: 50_000, ..cautious() };
        let mut run = cluster_with(5, seed, options);
        let all = ServerSet::first(5);
        let mut dice = Dice::new(seed);
        await_leader(&mut run, all);
        for round in 0..12 {
            for n in 0..5 {
                append_word(&mut run, &(5 * round + n).to_string());
            }
            // The leader, or whoever is taken for it, and up to three others, hear only each other.
            let mut off = only(leader(&run).unwrap_or(s(1)));
            for _ in 0..dice.below(4) {
                off.insert(dice.pick(&list(all)));
            }
            let _ = run.act(Action::Partition { groups: vec![off, all.minus(off)] });
            wait(&mut run, 2000);
            if !dice.one_in(4) {
                connect_all(&mut run);
            }
            wait(&mut run, 1500);
        }
        connect_all(&mut run);
        hear_out(&mut run);
        comes_together(&mut run);
        assert!(assert_words(&run) >= 50);
    }
}

// Members that come and go, while clients are served.

fn busy() -> Options {
    Options { workload_every_us: 20_000, catch_up_rounds: 5, snapshot_every: 25, ..cautious() }
}

#[test]
fn three_become_five_under_load() {
    let mut run = cluster_with(3, 1, busy());
    await_leader(&mut run, ServerSet::first(3));
    wait(&mut run, 2000);
    for (n, voters) in [(4, "1234"), (5, "12345")] {
        boot(&mut run, n);
        insist(&mut run, Change::Add(s(n)), voters, "");
    }
    wait(&mut run, 2000);
    // Now two may go.
    crash(&mut run, 1);
    crash(&mut run, 2);
    agree(&mut run, 3);
    comes_together(&mut run);
}

#[test]
fn three_become_five_and_three_again_under_load() {
    for joint in [false, true] {
        let mut run = cluster_with(3, 2, busy());
        elect(&mut run, 1);
        wait(&mut run, 1000);
        boot(&mut run, 4);
        boot(&mut run, 5);
        if joint {
            let to = |voters| Change::Joint { voters: set(voters), learners: set(""), manual: false };
            insist(&mut run, to("12345"), "12345", "");
            insist(&mut run, to("145"), "145", "");
        } else {
            insist(&mut run, Change::Add(s(4)), "1234", "");
            insist(&mut run, Change::Add(s(5)), "12345", "");
            insist(&mut run, Change::Remove(s(2)), "1345", "");
            insist(&mut run, Change::Remove(s(3)), "145", "");
        }
        // Those who left are switched off, and nobody misses them.
        crash(&mut run, 2);
        crash(&mut run, 3);
        agree(&mut run, 3);
        crash(&mut run, 5);
        agree(&mut run, 2);
        restart(&mut run, 5);
        agree(&mut run, 3);
        assert_eq!(broken(&run), []);
        until(&mut run, 10_000, "the three are equal", |run| equal(run, set("145")));
    }
}

#[test]
fn leaders_remove_themselves_one_after_the_other() {
    let mut run = cluster_with(5, 3, busy());
    let mut voters = ServerSet::first(5);
    while voters.iter().count() > 1 {
        let leader = await_leader(&mut run, voters);
        wait(&mut run, 500);
        voters = voters.minus(only(leader));
        let text: String = voters.iter().map(|id| id.number().to_string()).collect();
        insist(&mut run, Change::Remove(leader), &text, "");
        agree(&mut run, voters.iter().count());
    }
    assert_eq!(broken(&run), []);
}

#[test]
fn a_server_is_removed_while_it_is_partitioned_off_and_disturbs_nobody_when_it_is_back() {
    for options in [busy(), Options { pre_vote: false, ..busy() }] {
        let mut run = cluster_with(5, 4, options);
        elect(&mut run, 1);
        wait(&mut run, 1000);
        cut_off(&mut run, set("5"));
        wait(&mut run, 1000);
        insist(&mut run, Change::Remove(s(5)), "1234", "");
        let elected = term(&run, 1);
        connect_all(&mut run);
        wait(&mut run, 5000);
        assert_eq!((leader(&run), term(&run, 1)), (Some(s(1)), elected));
        agree(&mut run, 4);
        assert_eq!(broken(&run), []);
    }
}

/// Random changes of the configuration, one after the other and through joint ones, of six servers of
/// which three begin, while any of them crash, are cut off, are to lead or take snapshots. Then all is
/// well again, and whoever is in the cluster by then has a leader and the same state.
fn members_in_a_storm(seed: u64) {
    let mut dice = Dice::new(seed);
    let options = Options {
        lease: dice.one_in(3),
        window: dice.pick(&[0, 1, 3, 16]),
        max_entries: dice.pick(&[1, 4, 64]),
        snapshot_every: dice.pick(&[0, 3, 10]),
        snapshot_chunk: dice.pick(&[0, 13, 60]),
        catch_up_rounds: dice.pick(&[0, 2, 5]),
        ..cautious()
    };
    let mut run = cluster_with(3, seed, options);
    (4..=6).for_each(|n| boot(&mut run, n));
    for _ in 0..150 {
        let one = s(dice.below(6) as u8 + 1);
        let voters: ServerSet = ServerSet::first(6).iter().filter(|_| dice.one_in(2)).collect();
        let learners: ServerSet = ServerSet::first(6).iter().filter(|_| dice.one_in(5)).collect();
        let change = match dice.below(6) {
            0 => Change::Add(one),
            1 => Change::Learner(one),
            2 => Change::Remove(one),
            3 => Change::Leave,
            _ => Change::Joint { voters, learners: learners.minus(voters), manual: dice.one_in(3) },
        };
        // Much of this makes no sense at that moment, and is refused.
        let _ = run.act(Action::Change { change, at: None });
        match dice.below(9) {
            0 => drop(run.act(Action::Crash { server: one })),
            1 => restart_all(&mut run),
            2 => cut_off(&mut run, only(one)),
            3 => connect_all(&mut run),
            4 => drop(run.act(Action::Transfer { to: one, at: None })),
            5 => drop(run.act(Action::Snapshot { server: one })),
            _ => {}
        }
        wait(&mut run, dice.below(150));
    }
    connect_all(&mut run);
    restart_all(&mut run);
    wait(&mut run, 5000);
    assert!(leader(&run).is_some(), "seed {seed}: nobody leads\n{}", story(&run));
    // Out of the joint configuration, if it is still in one; then one more command.
    let _ = run.act(Action::Change { change: Change::Leave, at: None });
    wait(&mut run, 3000);
    let leads = leader(&run).unwrap_or_else(|| panic!("seed {seed}: nobody leads\n{}", story(&run)));
    act(&mut run, Action::Propose { server: leads, op: put("x", "the end") });
    wait(&mut run, 3000);
    let configuration = *server(&run, leads.number()).node.configuration();
    for id in configuration.members().iter() {
        let x = server(&run, id.number()).store.get("x").map(str::to_string);
        assert_eq!(x.as_deref(), Some("the end"), "seed {seed}, {id} of {configuration}\n{}", story(&run));
    }
    assert_eq!(broken(&run), [], "seed {seed}");
}

#[test]
fn members_come_and_go_in_a_storm_and_those_who_stay_come_together() {
    // In the last two, whoever has the longest log has left the cluster by one of its own entries.
    (0..150).chain([825, 979]).for_each(members_in_a_storm);
}
