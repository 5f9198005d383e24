//! Pipelines and disks (D10.2, D3.8): how much may be under way to a follower, what happens when some of it
//! is lost, what a leader may send before its own disk has it, and what disks may lose.

mod common;

use common::bench::*;
use common::*;
use wavetank::kv::Output;
use wavetank::raft::{
    Backtracking, Body, Configuration, Effect, Index, Input, Message, Mode, Options, Payload, Rule, Rules,
    Term, Timer, TimerRange,
};
use wavetank::sim::{Action, Link, Outcome, Setup};
use wavetank::timeline::Run;

fn piped(window: u32, max_entries: u32) -> Options {
    Options { window, max_entries, ..options() }
}

/// S1, the leader of term 2 of three, and S2's place is known: it has everything, entry 1 of term 1. Of S3
/// nothing was heard.
fn streaming(options: Options) -> Bench {
    let mut bench = Bench::leader_with(options, 3, 2, "1");
    bench.receive(2, 2, success(2, 1, 0));
    assert_eq!(mode(&bench, 2), Mode::Replicate);
    bench
}

fn mode(bench: &Bench, peer: u8) -> Mode {
    bench.node.progress(s(peer)).expect("it leads").mode
}

fn to(told: &[String], peer: u8) -> Vec<String> {
    let start = format!("to S{peer} t2: ");
    told.iter().filter_map(|effect| effect.strip_prefix(&start)).map(str::to_string).collect()
}

/// So many commands at once.
fn propose_many(bench: &mut Bench, count: usize) -> Vec<String> {
    bench.told(Input::Proposed(vec![entry(2).payload; count]))
}

// The pipeline.

#[test]
fn entries_are_sent_as_they_come_without_waiting_for_answers() {
    let mut bench = streaming(piped(8, 4));
    assert_eq!(to(&bench.propose(), 2), ["append 1.1 2 c0"]);
    assert_eq!(to(&bench.propose(), 2), ["append 2.2 2 c0"], "and none twice");
    assert_eq!(to(&propose_many(&mut bench, 5), 2), ["append 3.2 2222 c0", "append 7.2 2 c0"]);
    assert_eq!(bench.progress(2), (9, 1));
}

#[test]
fn no_more_is_under_way_than_the_window_takes_and_room_comes_with_acknowledgements() {
    let mut bench = streaming(piped(4, 64));
    assert_eq!(to(&propose_many(&mut bench, 6), 2), ["append 1.1 2222 c0"]);
    assert_eq!(to(&bench.propose(), 2), [""; 0], "the window is full");
    assert_eq!(to(&bench.fire(Timer::Heartbeat), 2), ["append 5.2 - c0"], "a heartbeat carries nothing then");
    assert_eq!(to(&bench.receive(2, 2, success(2, 1, 1)), 2), ["append 5.2 2 c0"], "one in, one out");
    let told = bench.receive(2, 2, success(2, 2, 4));
    assert_eq!(to(&told, 2), ["append 6.2 22 c0"], "what has waited goes together");
    assert_eq!(bench.progress(2), (9, 6));
}

#[test]
fn whatever_happens_no_more_than_the_window_is_under_way() {
    // A follower that takes everything, some of whose answers are lost; all messages are looked at.
    for window in [1, 2, 5] {
        let mut bench = streaming(piped(window, 3));
        let mut have = 1;
        for round in 0..60_u64 {
            let mut effects = match round % 4 {
                0 => bench.step(Input::Proposed(vec![entry(2).payload; (round % 7) as usize + 1])),
                1 => bench.step(Input::Fired(Timer::Heartbeat)),
                _ => Vec::new(),
            };
            while !effects.is_empty() {
                let mut answers = Vec::new();
                for effect in &effects {
                    let Effect::Send(Message { to, body, .. }, _) = effect else { continue };
                    if let Body::AppendEntries { prev_index, entries, .. } = body
                        && *to == s(2)
                    {
                        let (_, matched) = bench.progress(2);
                        let upto = prev_index.0 + entries.len() as u64;
                        assert!(
                            upto <= matched + u64::from(window),
                            "window {window}: {upto}, {matched} known"
                        );
                        have = have.max(upto.min(bench.node.log().last_index().0));
                        if !(round + upto).is_multiple_of(3) {
                            answers.push(success(2, prev_index.0, entries.len() as u64));
                        }
                    }
                }
                effects.clear();
                for answer in answers {
                    let from = Message { from: s(2), to: s(1), term: Term(2), body: answer };
                    effects.extend(bench.step(Input::Received(from)));
                }
            }
            bench.sync_all();
        }
        assert!(have > 30, "window {window}: it has {have}");
    }
}

#[test]
fn while_the_place_is_looked_for_there_is_one_message_at_a_time() {
    let mut bench = streaming(piped(8, 4));
    assert_eq!(mode(&bench, 3), Mode::Probe { sent: true });
    for _ in 0..3 {
        assert_eq!(to(&bench.propose(), 3), [""; 0]);
    }
    assert_eq!(
        to(&bench.fire(Timer::Heartbeat), 3),
        ["append 1.1 222 c0"],
        "it is repeated by the heartbeat"
    );
    assert_eq!(to(&bench.receive(3, 2, mismatch(2, 1, 3)), 3), ["append 0.0 1222 c0"]);
    bench.propose();
    let told = bench.receive(3, 2, success(2, 0, 4));
    assert_eq!((to(&told, 3), mode(&bench, 3)), (vec!["append 4.2 2 c0".to_string()], Mode::Replicate));
}

#[test]
fn also_while_the_place_is_looked_for_no_more_than_the_window_is_under_way() {
    let options = Options { backtracking: Backtracking::ConflictHints, ..piped(4, 64) };
    let mut bench = Bench::leader_with(options, 3, 2, "1111111111");
    let told = bench.receive(2, 2, ends_before(10, 1));
    assert_eq!(to(&told, 2), ["append 0.0 1111 c0"]);
    assert_eq!(bench.progress(2), (1, 0));
}

/// A refusal at `prev` by one whose log ends before index `next`.
fn ends_before(prev: u64, next: u64) -> Body {
    let hint = wavetank::raft::ConflictHint { term: None, index: Index(next) };
    appended(2, prev, 0, wavetank::raft::AppendOutcome::Mismatch { hint: Some(hint) })
}

#[test]
fn a_message_that_was_lost_is_found_out_by_the_next_one() {
    let mut bench = streaming(piped(8, 4));
    bench.propose();
    bench.propose();
    // The first of the two is lost, so the second does not fit.
    assert_eq!(to(&bench.receive(2, 2, mismatch(2, 2, 1)), 2), ["append 1.1 22 c0"]);
    assert_eq!(mode(&bench, 2), Mode::Probe { sent: true });
    assert_eq!(to(&bench.receive(2, 2, mismatch(2, 2, 1)), 2), [""; 0], "the same answer again");
    bench.receive(2, 2, success(2, 1, 2));
    assert_eq!((bench.progress(2), mode(&bench, 2)), ((4, 3), Mode::Replicate));
}

#[test]
fn the_last_message_that_was_lost_is_found_out_by_the_heartbeat() {
    let mut bench = streaming(piped(8, 4));
    bench.propose();
    assert_eq!(
        to(&bench.fire(Timer::Heartbeat), 2),
        ["append 2.2 - c0"],
        "it asks whether the entry is there"
    );
    assert_eq!(to(&bench.receive(2, 2, mismatch(2, 2, 0)), 2), ["append 1.1 2 c0"]);
}

#[test]
fn messages_that_overtake_each_other_are_taken_for_lost_and_nothing_goes_wrong() {
    let mut bench = streaming(piped(8, 1));
    propose_many(&mut bench, 3);
    // The second arrives first, then the first, then the third.
    bench.receive(2, 2, mismatch(2, 2, 1));
    bench.receive(2, 2, success(2, 1, 1));
    bench.receive(2, 2, mismatch(2, 3, 1));
    let told = bench.receive(2, 2, success(2, 1, 1));
    assert!(to(&told, 2).len() <= 2, "{told:?}");
    bench.receive(2, 2, success(2, 2, 1));
    bench.receive(2, 2, success(2, 3, 1));
    assert_eq!(bench.progress(2), (5, 4));
    // Answers of long ago.
    bench.receive(2, 2, mismatch(2, 2, 1));
    bench.receive(2, 2, mismatch(2, 3, 1));
    bench.receive(2, 2, success(2, 1, 1));
    assert_eq!((bench.progress(2), mode(&bench, 2)), ((5, 4), Mode::Replicate));
}

#[test]
fn without_a_window_what_is_missing_is_sent_again_and_again() {
    let mut bench = streaming(options());
    assert_eq!(to(&bench.propose(), 2), ["append 1.1 2 c0"]);
    assert_eq!(to(&bench.propose(), 2), ["append 1.1 22 c0"]);
    assert_eq!(to(&bench.fire(Timer::Heartbeat), 2), ["append 1.1 22 c0"]);
}

// The leader's own disk.

#[test]
fn a_leader_sends_while_it_writes_and_counts_itself_only_when_it_has_written() {
    let mut bench = streaming(options());
    let told = bench.propose();
    assert_eq!(to(&told, 2), ["append 1.1 2 c0"], "it waits for no write");
    bench.receive(2, 2, success(2, 1, 1));
    assert_eq!(bench.node.commit(), Index(0), "only S2 has it on disk");
    assert!(has(&bench.sync(), "apply to 2"));
    // Two others are a majority without it.
    bench.propose();
    bench.receive(2, 2, success(2, 2, 1));
    assert!(has(&bench.receive(3, 2, success(2, 2, 1)), "apply to 3"), "not on its own disk yet");
}

#[test]
fn a_leader_that_is_to_write_first_sends_when_it_has_written() {
    for window in [0, 8] {
        let mut bench = streaming(Options { write_before_send: true, window, ..options() });
        assert_eq!(to(&bench.propose(), 2), ["append 1.1 2 c0 after write 2"], "window {window}");
        let heartbeat = to(&bench.fire(Timer::Heartbeat), 2);
        assert!(heartbeat[0].ends_with("after write 2"), "it speaks of the entry as well: {heartbeat:?}");
        bench.sync_all();
        assert!(!to(&bench.fire(Timer::Heartbeat), 2)[0].contains("after"));
        assert!(to(&propose_many(&mut bench, 3), 2)[0].ends_with("after write 3"));
    }
}

#[test]
fn a_leader_that_crashes_before_it_has_written_does_not_have_what_it_has_sent() {
    let mut bench = streaming(options());
    bench.propose();
    bench.crash();
    assert_eq!(bench.state(), "F2 v1 1 c0", "its followers may have it, and decide");
}

// Disks.

#[test]
fn term_and_vote_are_written_together_and_whole_or_not_at_all() {
    let mut bench = Bench::new(3, 2, 3, "12");
    bench.receive(2, 4, vote_request(9, 9));
    let mut written = bench.clone();
    bench.crash();
    assert_eq!(bench.state(), "F2 v3 12 c0", "neither");
    written.sync_all();
    written.crash();
    assert_eq!(written.state(), "F4 v2 12 c0", "both");
}

#[test]
fn of_a_torn_write_term_and_vote_come_first_so_no_entry_is_of_a_later_term() {
    let mut bench = Bench::new(3, 1, 2, "1");
    bench.receive(2, 2, append((1, 1), "22", 1));
    let write = bench.queue.pop_front().unwrap();
    bench.disk.tear(&write);
    bench.disk.recover(Rules::ALL_ON, &mut wavetank::raft::Unobserved);
    bench.crash();
    assert_eq!(bench.state(), "F2 v0 12 c0");
}

/// A follower of term 2 with the log 12 whose write of four more is torn.
fn torn(rules: Rules) -> Bench {
    let mut bench = Bench::new(3, 2, 0, "12");
    bench.rules = rules;
    bench.receive(2, 2, append((2, 2), "2222", 2));
    let write = bench.queue.pop_front().unwrap();
    bench.disk.tear(&write);
    bench.disk.recover(rules, &mut wavetank::raft::Unobserved);
    bench.crash();
    bench
}

#[test]
fn a_torn_write_leaves_whole_entries_and_a_piece_that_the_checksum_finds() {
    let mut bench = torn(Rules::ALL_ON);
    assert_eq!((bench.log().as_str(), bench.disk_log().as_str()), ("1222", "1222"), "two of the four");
    assert!(bench.disk.torn.is_none());
    // It was never said to be there, so the leader sends it again.
    let told = bench.receive(2, 2, append((2, 2), "2222", 2));
    assert_eq!(sent(&told), ["to S2 t2: stored 2+4 2 after write 1"]);
    assert_eq!(bench.log(), "122222");
    let last = torn(Rules::without(&[Rule::ChecksumEndsLog]));
    let entry = last.node.log().get(Index(5)).expect("the piece is taken for an entry");
    assert_ne!(entry.payload, common::bench::entry(2).payload);
}

#[test]
fn a_torn_write_that_cuts_the_log_has_cut_it() {
    let mut bench = Bench::new(3, 3, 0, "1222");
    bench.receive(2, 3, append((1, 1), "33", 1));
    let write = bench.queue.pop_front().unwrap();
    bench.disk.tear(&write);
    bench.disk.recover(Rules::ALL_ON, &mut wavetank::raft::Unobserved);
    bench.crash();
    assert_eq!(bench.log(), "13", "what it had was in conflict, and never committed");
}

#[test]
fn what_was_replaced_while_it_was_written_does_not_count_as_written() {
    let mut bench = Bench::new(3, 2, 0, "1");
    bench.receive(2, 2, append((1, 1), "2", 0));
    bench.receive(3, 3, append((1, 1), "3", 0));
    bench.sync();
    let told = bench.receive(3, 3, append((2, 3), "", 0));
    assert!(sent(&told)[0].ends_with("after write 2"), "only the first write is done: {told:?}");
    assert_eq!(bench.node.durable_index(), Index(1));
    bench.sync();
    assert_eq!(bench.node.durable_index(), Index(2));
}

#[test]
fn nor_does_what_was_replaced_and_came_back_before_its_last_write_is_done() {
    // The "ABA" race: entry 2 of term 2, of term 3, and of term 2 again, by the leader of term 4.
    let mut bench = Bench::new(3, 2, 0, "1");
    bench.receive(2, 2, append((1, 1), "2", 0));
    bench.receive(3, 3, append((1, 1), "3", 0));
    bench.receive(2, 4, append((1, 1), "2", 0));
    for (durable, disk) in [(1, "12"), (1, "13"), (2, "12")] {
        bench.sync();
        assert_eq!((bench.node.durable_index(), bench.disk_log().as_str()), (Index(durable), disk));
        let told = bench.receive(2, 4, append((2, 2), "", 0));
        assert_eq!(sent(&told)[0].ends_with("after write 3"), durable == 1, "{told:?}");
    }
}

// In a world.

fn world(window: u32) -> Setup {
    let mut setup = Setup::new(3, 8);
    setup.options.noop = true;
    setup.options.window = window;
    setup.options.max_entries = 8;
    setup.options.backtracking = Backtracking::ConflictHints;
    setup
}

#[track_caller]
fn all_equal(run: &mut Run, entries: u64) {
    let equal = |run: &Run| {
        let servers = run.world().servers();
        servers.iter().all(|one| {
            one.applied.0 >= entries
                && one.store == servers[0].store
                && one.node.log() == servers[0].node.log()
        })
    };
    until(run, 30_000, "all have the same", equal);
    assert_eq!(broken(run), []);
}

#[test]
fn a_pipeline_over_a_link_that_loses_doubles_and_reorders_delivers_everything_in_order() {
    for window in [0, 1, 7, 64] {
        for write_before_send in [false, true] {
            let mut setup = world(window);
            setup.options.write_before_send = write_before_send;
            let latency = TimerRange { min_us: 1000, max_us: 60_000 };
            let mut run = state_with(&setup, "S1:L1 / S2:F1 / S3:F1");
            let link = Link { latency, loss_ppm: 200_000, duplicate_ppm: 200_000, ..Link::default() };
            act(&mut run, Action::SetLink { from: None, to: None, link });
            let mut proposed = 0;
            for n in 0..300 {
                if let Some(id) = leader(&run) {
                    propose(&mut run, id.number(), &n.to_string());
                    proposed += 1;
                }
                wait(&mut run, 2);
            }
            assert!(proposed > 100);
            act(&mut run, Action::SetLink { from: None, to: None, link: Link::default() });
            all_equal(&mut run, 100);
        }
    }
}

#[test]
fn a_pipeline_sends_each_entry_once_where_nothing_is_lost() {
    let sent_to_2 = |window: u32| {
        let mut run = state_with(&world(window), "S1:L1 / S2:F1 / S3:F1");
        wait(&mut run, 300);
        for n in 0..50 {
            propose(&mut run, 1, &n.to_string());
            wait(&mut run, 1);
        }
        let steady = Link { latency: TimerRange { min_us: 10_000, max_us: 10_000 }, ..Link::default() };
        act(&mut run, Action::SetLink { from: None, to: None, link: steady });
        wait(&mut run, 500);
        let before = run.events().len();
        for n in 0..50 {
            propose(&mut run, 1, &n.to_string());
            wait(&mut run, 1);
        }
        all_equal(&mut run, 100);
        let delivered = run.events().iter().skip(before).filter_map(|event| match &event.what {
            wavetank::sim::What::Delivered { content: wavetank::sim::Content::Raft(message), .. } => {
                match &message.body {
                    Body::AppendEntries { entries, .. } if message.to == s(2) => Some(entries.len()),
                    _ => None,
                }
            }
            _ => None,
        });
        delivered.sum::<usize>()
    };
    assert_eq!(sent_to_2(64), 50);
    assert!(sent_to_2(0) > 150, "Figure 2 repeats what is not acknowledged");
}

#[test]
fn a_server_whose_write_was_torn_comes_back_and_gets_what_is_missing() {
    let mut setup = world(8);
    setup.options.fsync = TimerRange { min_us: 30_000, max_us: 30_000 };
    let mut run = state_with(&setup, "S1:L1 1 c1 / S2:F1 1 / S3:F1 1");
    wait(&mut run, 300);
    for n in 0..6 {
        propose(&mut run, 1, &n.to_string());
    }
    until(&mut run, 200, "S2 is writing some", |run| server(run, 2).disk.writing_entries() > 1);
    act(&mut run, Action::Tear { server: s(2) });
    assert!(!server(&run, 2).up);
    assert!(server(&run, 2).disk.durable.torn.is_some(), "a piece of an entry");
    restart(&mut run, 2);
    assert!(server(&run, 2).disk.durable.torn.is_none());
    all_equal(&mut run, 7);
}

#[test]
fn only_a_server_that_is_writing_entries_can_be_torn() {
    let mut run = state_with(&world(8), "S1:L1 1 c1 / S2:F1 1 / S3:F1 1");
    wait(&mut run, 300);
    let refused = run.act(Action::Tear { server: s(2) }).unwrap_err();
    assert_eq!(refused.to_string(), "S2 is not writing entries just now");
}

#[test]
fn a_server_that_has_lost_its_disk_comes_back_as_somebody_new() {
    let mut run = state_with(&world(8), "S1:L1 1 c1 / S2:F1 1 / S3:F1 1");
    wait(&mut run, 300);
    act(&mut run, Action::Wipe { server: s(2) });
    assert!(server(&run, 2).retired && !server(&run, 2).up);
    let refused = run.act(Action::Restart { server: s(2) }).unwrap_err();
    assert!(refused.to_string().contains("nobody of that name may come back"));
    let node = &server(&run, 4).node;
    assert_eq!((*node.configuration(), node.log().last_index()), (Configuration::NOBODY, Index(0)));
    // It is nobody until it is added in the place of the other.
    for change in [wavetank::raft::Change::Remove(s(2)), wavetank::raft::Change::Add(s(4))] {
        assert_eq!(ask(&mut run, put("x", "1")), Outcome::Done(Output::Done));
        act(&mut run, Action::Change { change, at: None });
        wait(&mut run, 300);
    }
    assert_eq!(*server(&run, 4).node.configuration(), Configuration::of(set("134")));
    crash(&mut run, 3);
    assert_eq!(ask(&mut run, put("x", "2")), Outcome::Done(Output::Done));
    assert!(server(&run, 4).store.get("x").is_some());
    assert_eq!(broken(&run), []);
}

#[test]
fn a_disk_that_lies_and_an_old_name_without_a_disk_are_outside_of_what_raft_survives() {
    let rules = Rules::ALL_ON;
    let off = Rules::without(&[Rule::FreshIdentity]);
    let lies = |lies| Action::SetDisk { server: s(1), lies, fsync: None };
    assert!(lies(true).is_outside_fault_model(rules) && !lies(false).is_outside_fault_model(rules));
    let wipe = Action::Wipe { server: s(1) };
    assert!(!wipe.is_outside_fault_model(rules) && wipe.is_outside_fault_model(off));
    for inside in [
        Action::Crash { server: s(1) },
        Action::Tear { server: s(1) },
        Action::SetClock { server: s(1), ppm: 100_000 },
        Action::Pause { server: s(1) },
    ] {
        assert!(!inside.is_outside_fault_model(off), "{inside:?}");
    }
}

#[test]
fn a_disk_that_lies_loses_what_it_has_acknowledged() {
    let mut run = state_with(&world(8), "S1:L1 1 c1 / S2:F1 1 / S3:F1 1");
    wait(&mut run, 300);
    act(&mut run, Action::SetDisk { server: s(2), lies: true, fsync: None });
    assert_eq!(ask(&mut run, put("x", "1")), Outcome::Done(Output::Done));
    wait(&mut run, 100);
    let before = log(&run, 2);
    let mut honest = run.clone();
    crash(&mut run, 2);
    assert!(log(&run, 2).len() < before.len(), "acknowledged, and gone");
    // After a while it has written what it had said.
    act(&mut honest, Action::SetDisk { server: s(2), lies: false, fsync: None });
    wait(&mut honest, 2000);
    crash(&mut honest, 2);
    assert_eq!(log(&honest, 2), before);
}

#[test]
fn entries_carry_what_was_proposed() {
    // The shared run of entries that messages and the disk use is the log's, whatever is asked for.
    let mut bench = streaming(piped(8, 2));
    let payloads: Vec<Payload> = (1..=5).map(|n| entry(n).payload).collect();
    let effects = bench.step(Input::Proposed(payloads.clone()));
    let mut found = Vec::new();
    for effect in &effects {
        if let Effect::Send(Message { to, body: Body::AppendEntries { entries, .. }, .. }, _) = effect
            && *to == s(2)
        {
            found.extend(entries.iter().map(|entry| entry.payload.clone()));
        }
    }
    assert_eq!(found, payloads);
    let written = bench.queue.back().and_then(|write| write.log.clone()).unwrap();
    assert!(written.entries.iter().map(|entry| &entry.payload).eq(&payloads));
}
