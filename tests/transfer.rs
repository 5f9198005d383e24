//! Leadership handed over (D3.10): the other one catches up and is asked to stand, commands wait, and
//! whatever goes wrong the old leader leads on.

mod common;

use common::bench::*;
use common::*;
use wavetank::kv::Output;
use wavetank::raft::{Body, Change, Configuration, Effect, Input, Options, Timer, TimerRange};
use wavetank::sim::{Action, Content, Link, Outcome, Setup, What};
use wavetank::timeline::Run;

/// S1, the leader of term 2 of three, with one entry that S2 and S3 have as well.
fn settled(options: Options) -> Bench {
    let mut bench = Bench::leader_with(options, 3, 2, "1");
    bench.receive(2, 2, success(2, 1, 0));
    bench.receive(3, 2, success(2, 1, 0));
    bench
}

// The one who hands over.

#[test]
fn who_has_the_whole_log_is_asked_to_stand_at_once() {
    let mut bench = settled(options());
    let told = bench.transfer(2);
    assert!(has(&told, "to S2 t2: stand now") && has(&told, "transfer timer"), "{told:?}");
    assert_eq!((bench.node.transferring(), bench.node.is_leader()), (Some(s(2)), true));
}

#[test]
fn who_lacks_entries_gets_them_first() {
    let mut bench = settled(options());
    bench.propose();
    bench.propose();
    bench.sync_all();
    let told = bench.transfer(3);
    assert_eq!(sent(&told), ["to S3 t2: append 1.1 22 c0"], "at once, not with the next heartbeat");
    assert_eq!(sent(&bench.receive(3, 2, success(2, 1, 1))), ["to S3 t2: append 2.2 2 c2"], "half of them");
    let told = bench.receive(2, 2, success(2, 1, 2));
    assert!(!told.iter().any(|effect| effect.contains("stand now")), "it is not S2's turn: {told:?}");
    let told = bench.receive(3, 2, success(2, 2, 1));
    assert!(has(&told, "to S3 t2: stand now"), "{told:?}");
    let told = bench.receive(3, 2, success(2, 3, 0));
    assert!(!has(&told, "to S3 t2: stand now"), "once is enough: {told:?}");
}

#[test]
fn who_needs_a_snapshot_gets_that_first() {
    let mut bench = Bench::leader(3, 2, "11");
    bench.propose();
    bench.sync_all();
    bench.receive(2, 2, success(2, 2, 1));
    bench.take_snapshot(3, 4);
    bench.sync_all();
    let told = bench.transfer(3);
    assert_eq!(sent(&told), ["to S3 t2: snapshot 3.2 0+4 done"]);
    let installed = wavetank::raft::SnapshotOutcome::Installed;
    let told = bench.receive(3, 2, piece_answer(2, 3, 0, installed));
    assert!(has(&told, "to S3 t2: stand now"), "{told:?}");
}

#[test]
fn the_leader_takes_no_commands_until_it_is_over() {
    let mut bench = settled(options());
    bench.transfer(2);
    assert_eq!(bench.propose(), ["refused: it is handing its leadership over to S2"]);
    assert!(has(&bench.fire(Timer::Heartbeat), "to S2 t2: append 1.1 - c0"), "but it leads");
    bench.fire(Timer::Transfer);
    assert_eq!(bench.node.transferring(), None);
    assert!(has(&bench.propose(), "accepted 2 t2"), "given up after an election timeout");
}

#[test]
fn it_is_given_up_after_the_longest_election_timeout() {
    let mut bench = settled(options());
    let range = bench.step(Input::TransferAsked(s(2))).into_iter().find_map(|effect| match effect {
        Effect::SetTimer(Timer::Transfer, TimerRange { min_us, max_us }) => Some((min_us, max_us)),
        _ => None,
    });
    assert_eq!(range, Some((300_000, 300_000)));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let learners = Configuration { learners: set("4"), ..Configuration::of_first(3) };
    let mut bench = Bench::of(options(), learners, 1, "").elected();
    for (to, why) in [
        (1, "it leads already"),
        (4, "S4 has no vote, so it can't lead"),
        (5, "S5 has no vote, so it can't lead"),
    ] {
        assert_eq!(bench.transfer(to), [format!("refused: {why}")]);
    }
    bench.transfer(2);
    for to in [2, 3] {
        assert_eq!(bench.transfer(to), ["refused: it is handing its leadership over to S2"], "one at a time");
    }
    assert_eq!(Bench::new(3, 2, 0, "").transfer(2), ["refused: it does not lead"]);
    // Of a joint configuration only the new voters will do.
    let joint = Configuration { outgoing: set("123"), ..Configuration::of(set("145")) };
    let mut bench = Bench::of(options(), joint, 1, "").elected();
    assert_eq!(
        bench.transfer(2),
        ["refused: S2 is leaving the configuration, so hand leadership over to a server that stays"]
    );
    assert!(has(&bench.transfer(4), "transfer timer"));
}

#[test]
fn when_it_was_given_up_another_can_begin() {
    let mut bench = settled(options());
    bench.transfer(2);
    bench.fire(Timer::Transfer);
    let told = bench.transfer(3);
    assert!(has(&told, "to S3 t2: stand now") && has(&told, "transfer timer"), "{told:?}");
}

#[test]
fn it_ends_with_the_leadership() {
    let mut bench = settled(options());
    bench.transfer(2);
    let told = bench.receive(2, 3, transfer_request(1, 1));
    assert_eq!(bench.state(), "F3 v2 1 c0");
    assert!(has(&told, "no transfer timer"), "{told:?}");
    assert_eq!((bench.node.transferring(), bench.propose()), (None, vec!["ask someone else".to_string()]));
}

// The one who is to lead.

#[test]
fn who_is_asked_to_stand_does_so_though_it_hears_the_leader_and_says_why() {
    for pre_vote in [false, true] {
        let options = Options { pre_vote, stickiness: true, ..options() };
        let mut bench = Bench::with(options, 3, 2, 0, "12");
        bench.receive(3, 2, append((2, 2), "", 0));
        let told = bench.receive(3, 2, Body::TimeoutNow);
        let asks = ["S2", "S3"].map(|to| format!("to {to} t3: vote? 2.2 by transfer after write 1"));
        assert_eq!(sent(&told), asks);
        assert_eq!(bench.state(), "C3 v1 12 c0");
        bench.sync_all();
        assert!(sent(&bench.fire(Timer::Heartbeat))[0].ends_with("by transfer"), "and again");
        bench.receive(3, 3, vote(3, true));
        assert_eq!(bench.state(), "L3 v1 12 c0");
    }
}

#[test]
fn an_election_that_follows_a_failed_one_is_like_any_other() {
    for (pre_vote, expected) in
        [(false, "to S2 t4: vote? 2.2 after write 2"), (true, "to S2 t3: would you vote 4? 2.2")]
    {
        let mut bench = Bench::with(Options { pre_vote, ..options() }, 3, 2, 0, "12");
        bench.receive(3, 2, Body::TimeoutNow);
        bench.sync_all();
        assert_eq!(sent(&bench.fire(Timer::Election))[0], expected, "the leader has not asked for this one");
    }
}

#[test]
fn a_request_of_an_older_term_to_stand_is_ignored() {
    let mut bench = Bench::new(3, 2, 0, "12");
    assert_eq!(bench.receive(3, 1, Body::TimeoutNow), [""; 0]);
    assert_eq!(bench.state(), "F2 v0 12 c0");
}

#[test]
fn a_request_of_a_higher_term_to_stand_brings_that_term_first() {
    let mut bench = Bench::new(3, 2, 3, "12");
    bench.receive(3, 5, Body::TimeoutNow);
    assert_eq!(bench.state(), "C6 v1 12 c0");
    assert_eq!(bench.queue.len(), 1, "in one write");
}

#[test]
fn a_leader_or_who_stands_already_is_not_confused_by_it() {
    let mut bench = Bench::leader(3, 2, "1");
    assert_eq!(bench.receive(2, 2, Body::TimeoutNow), [""; 0]);
    let mut bench = Bench::candidate(3, 2, "1");
    bench.receive(2, 2, Body::TimeoutNow);
    assert_eq!(bench.state(), "C3 v1 1 c0");
}

// In a world.

fn setup(servers: u8) -> Setup {
    let mut setup = Setup::new(servers, 4);
    setup.options.noop = true;
    setup
}

fn led_by_1(setup: &Setup) -> Run {
    let mut run = state_with(setup, "S1:L2 11 c2 / S2:F2 11 / S3:F2 11");
    wait(&mut run, 300);
    assert_eq!(leader(&run), Some(s(1)));
    run
}

#[track_caller]
fn transfer(run: &mut Run, to: u8) {
    act(run, Action::Transfer { to: s(to), at: None });
}

fn done() -> Outcome {
    Outcome::Done(Output::Done)
}

/// How many milliseconds that takes.
fn takes(run: &mut Run, what: impl FnOnce(&mut Run)) -> u64 {
    let before_us = run.world().now_us();
    what(run);
    (run.world().now_us() - before_us) / 1000
}

#[test]
fn leadership_goes_round_while_clients_write_and_none_of_them_fails() {
    for bits in 0..8_u8 {
        let mut setup = setup(5);
        let options = &mut setup.options;
        (options.pre_vote, options.stickiness, options.lease) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        options.workload_every_us = 10_000;
        let mut run = Run::new(&setup).unwrap();
        any_leader(&mut run);
        assert_eq!(ask(&mut run, put("x", "0")), done());
        for n in [1, 2, 3, 4, 5, 1] {
            if leader(&run) == Some(s(n)) {
                continue;
            }
            let before = run.world().servers().iter().map(|server| server.node.term()).max().unwrap();
            transfer(&mut run, n);
            let took_ms = takes(&mut run, |run| {
                until(run, 300, "it leads", |run| leader(run) == Some(s(n)));
            });
            assert!(took_ms < 120, "{took_ms} ms, less than an election timeout");
            assert_eq!(term(&run, n), before.next(), "by one election");
            assert_eq!(ask(&mut run, put("x", &n.to_string())), done());
            wait(&mut run, 300);
        }
        let told = run.events().iter().filter_map(|event| event.finished.as_deref());
        assert!(told.clone().count() > 20);
        assert!(told.clone().all(|finished| finished.outcome == done()));
        assert_eq!(broken(&run), []);
    }
}

#[test]
fn commands_that_come_meanwhile_wait_and_are_answered_by_the_new_leader() {
    let mut run = led_by_1(&setup(3));
    // S2 is far away, so that it takes a while.
    let far = Link { latency: TimerRange { min_us: 80_000, max_us: 80_000 }, ..Link::default() };
    act(&mut run, Action::SetLink { from: Some(s(1)), to: Some(s(2)), link: far });
    transfer(&mut run, 2);
    submit(&mut run, put("x", "1"));
    wait(&mut run, 40);
    assert_eq!(server(&run, 1).held.len(), 1, "it is neither refused nor in the log");
    assert_eq!(log(&run, 1), "112", "the no-op is the last that the leader has appended");
    let took_ms = takes(&mut run, |run| {
        until(run, 1000, "the client knows", |run| run.world().clients()[0].call.is_none());
    });
    assert_eq!((outcome(&run), leader(&run)), (Some(done()), Some(s(2))));
    assert!(took_ms < 300, "{took_ms} ms: it need not wait for its own timeout");
    assert!(server(&run, 1).held.is_empty());
    assert_eq!(broken(&run), []);
}

#[test]
fn if_the_other_is_down_the_leader_goes_on_after_an_election_timeout_with_what_has_waited() {
    for (what, fault) in
        [("down", Action::Crash { server: s(2) }), ("paused", Action::Pause { server: s(2) })]
    {
        let mut run = led_by_1(&setup(3));
        act(&mut run, fault);
        transfer(&mut run, 2);
        submit(&mut run, put("x", "1"));
        wait(&mut run, 250);
        assert_eq!(server(&run, 1).held.len(), 1, "{what}");
        until(&mut run, 200, "the client knows", |run| run.world().clients()[0].call.is_none());
        assert_eq!((outcome(&run), leader(&run)), (Some(done()), Some(s(1))), "{what}");
        assert_eq!(term(&run, 1).0, 2, "{what}: nobody stood");
        assert_eq!(broken(&run), []);
    }
}

#[test]
fn a_request_to_stand_that_comes_after_the_leader_has_given_up_still_counts_and_harms_nobody() {
    let mut run = led_by_1(&setup(3));
    transfer(&mut run, 2);
    let (message, _) = on_way(&run, 1, 2)
        .into_iter()
        .find(|(_, message)| message.body == Body::TimeoutNow)
        .expect("it is on its way");
    act(&mut run, Action::Hold { message });
    // Those that follow with the heartbeats are lost.
    for _ in 0..400 {
        wait(&mut run, 1);
        let others = on_way(&run, 1, 2)
            .into_iter()
            .filter(|(name, other)| *name != message && other.body == Body::TimeoutNow);
        for (message, _) in others.collect::<Vec<_>>() {
            act(&mut run, Action::Drop { message });
        }
    }
    assert_eq!(ask(&mut run, put("x", "1")), done());
    assert_eq!(leader(&run), Some(s(1)));
    wait(&mut run, 200);
    let mut too_late = run.clone();
    act(&mut run, Action::Release { message });
    until(&mut run, 500, "S2 leads", |run| leader(run) == Some(s(2)));
    assert_eq!(ask(&mut run, put("x", "2")), done());
    assert_eq!(broken(&run), []);
    // In a later term it is void.
    elect(&mut too_late, 3);
    wait(&mut too_late, 200);
    let before = term(&too_late, 2);
    act(&mut too_late, Action::Release { message });
    wait(&mut too_late, 1000);
    assert_eq!((leader(&too_late), term(&too_late, 2)), (Some(s(3)), before));
    assert_eq!(broken(&too_late), []);
}

#[test]
fn a_server_that_lags_behind_by_far_gets_its_entries_and_then_leads() {
    let mut setup = setup(3);
    setup.options.max_entries = 16;
    let mut run = led_by_1(&setup);
    crash(&mut run, 3);
    for n in 0..60 {
        propose(&mut run, 1, &n.to_string());
    }
    wait(&mut run, 200);
    restart(&mut run, 3);
    wait(&mut run, 60);
    transfer(&mut run, 3);
    until(&mut run, 300, "it leads", |run| leader(run) == Some(s(3)));
    until(&mut run, 500, "it has all", |run| commit(run, 3) >= 62);
    assert_eq!(broken(&run), []);
}

#[test]
fn if_the_leader_crashes_meanwhile_an_election_settles_it() {
    for ms in [0, 5, 12, 20, 30] {
        let mut run = led_by_1(&setup(3));
        transfer(&mut run, 2);
        submit(&mut run, put("x", "1"));
        wait(&mut run, ms);
        crash(&mut run, 1);
        until(&mut run, 2000, "another leads", |run| leader(run).is_some());
        until(&mut run, 5000, "the client knows", |run| run.world().clients()[0].call.is_none());
        assert_eq!(outcome(&run), Some(done()), "after {ms} ms");
        assert_eq!(broken(&run), []);
    }
}

#[test]
fn without_the_flag_in_the_request_nobody_would_vote() {
    // With stickiness, an election by hand of a server that hears its leader comes to nothing.
    let mut setup = setup(3);
    setup.options.stickiness = true;
    let mut run = led_by_1(&setup);
    act(&mut run, Action::Fire { server: s(2), timer: Timer::Election });
    wait(&mut run, 100);
    assert!(!server(&run, 2).node.is_leader());
    let mut run = led_by_1(&setup);
    transfer(&mut run, 2);
    wait(&mut run, 100);
    assert!(server(&run, 2).node.is_leader());
    let flagged = count(&run, |what| match what {
        What::Delivered { content: Content::Raft(message), .. } => {
            matches!(message.body, Body::RequestVote { transfer: true, .. })
        }
        _ => false,
    });
    assert_eq!(flagged, 2);
}

#[test]
fn a_leader_that_is_to_go_can_hand_over_before_it_is_removed() {
    let mut setup = setup(3);
    setup.options.pre_vote = true;
    let mut run = led_by_1(&setup);
    assert_eq!(ask(&mut run, put("x", "0")), done());
    transfer(&mut run, 2);
    let refused = run.act(Action::Change { change: Change::Remove(s(1)), at: Some(s(1)) });
    assert!(refused.unwrap_err().to_string().contains("handing its leadership over"));
    until(&mut run, 300, "S2 leads", |run| leader(run) == Some(s(2)));
    assert_eq!(ask(&mut run, put("x", "1")), done());
    act(&mut run, Action::Change { change: Change::Remove(s(1)), at: None });
    wait(&mut run, 300);
    assert_eq!(*server(&run, 2).node.configuration(), Configuration::of(set("23")));
    assert_eq!(leader(&run), Some(s(2)));
    assert_eq!(broken(&run), []);
}
