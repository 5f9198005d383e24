//! Snapshots and compaction (§7, D5): when one is taken, what it takes the place of, how it travels piece
//! by piece, and what a crash leaves at each moment.

mod common;

use common::bench::*;
use common::*;
use wavetank::raft::{
    AppendOutcome, Backtracking, Body, Change, Configuration, ConflictHint, Effect, Index, Input, Mode,
    Options, SnapshotOutcome, Term, Timer, TimerRange,
};
use wavetank::sim::{Action, Content, Endpoint, Link, Setup, What};
use wavetank::timeline::Run;

fn three() -> Configuration {
    Configuration::of_first(3)
}

/// S1 as the follower of S2 in term 2, with this log, of which so much is committed.
fn follower(log: &str, commit: u64) -> Bench {
    let mut bench = Bench::new(3, 2, 0, log);
    bench.receive(2, 2, append((commit, 2), "", commit));
    assert_eq!(bench.node.commit(), Index(commit));
    bench
}

/// The first and the last index of the log, and what the snapshot covers.
fn extent(bench: &Bench) -> (u64, u64, u64) {
    let log = bench.node.log();
    let snapshot = bench.node.snapshot().map_or(0, |snapshot| snapshot.index.0);
    (log.first_index().0, log.last_index().0, snapshot)
}

// Taking one.

#[test]
fn a_snapshot_is_wanted_when_so_many_entries_were_applied_since_the_last() {
    let options = Options { snapshot_every: 3, ..options() };
    let mut bench = Bench::with(options, 3, 2, 0, "222222");
    let wanted = |told: Vec<String>| told.iter().any(|effect| effect == "take a snapshot");
    assert!(!wanted(bench.receive(2, 2, append((6, 2), "", 2))));
    assert!(wanted(bench.receive(2, 2, append((6, 2), "", 3))));
    bench.take_snapshot(3, 4);
    assert!(!wanted(bench.receive(2, 2, append((6, 2), "2222", 10))), "one is being written");
    bench.sync_all();
    assert!(wanted(bench.receive(2, 2, append((10, 2), "2", 11))), "eight were applied since");
    bench.take_snapshot(11, 4);
    bench.sync_all();
    assert_eq!(extent(&bench), (12, 11, 11));
}

#[test]
fn the_log_gives_up_what_a_snapshot_covers_only_when_that_is_on_the_disk() {
    let mut bench = follower("2222", 3);
    assert_eq!(bench.take_snapshot(3, 4), ["write 1: snapshot 3"]);
    assert_eq!(extent(&bench), (1, 4, 0), "it is on its way");
    let mut crashed = bench.clone();
    bench.sync();
    assert_eq!((extent(&bench), bench.log().as_str()), ((4, 4, 3), "2"));
    assert_eq!(bench.disk_log(), "2");
    crashed.crash();
    assert_eq!((extent(&crashed), crashed.log().as_str()), ((1, 4, 0), "2222"), "nothing is lost");
}

#[test]
fn a_write_that_is_done_before_the_snapshots_gives_up_nothing() {
    let mut bench = follower("2222", 3);
    bench.receive(2, 2, append((4, 2), "2", 3));
    bench.take_snapshot(3, 4);
    bench.sync();
    assert_eq!((extent(&bench), bench.log().as_str()), ((1, 5, 0), "22222"), "only entry 5 is on the disk");
    let mut crashed = bench.clone();
    crashed.crash();
    assert_eq!((crashed.log().as_str(), extent(&crashed).2), ("22222", 0));
    bench.sync();
    assert_eq!((extent(&bench), bench.log().as_str()), ((4, 5, 3), "22"));
}

#[test]
fn only_what_is_applied_can_be_put_into_a_snapshot_and_only_once() {
    let mut bench = follower("2222", 3);
    let refused = "refused: nothing was applied since the last snapshot, or one is being written";
    assert_eq!(bench.take_snapshot(4, 4), [refused], "entry 4 is not committed");
    assert_eq!(bench.take_snapshot(0, 4), [refused]);
    bench.take_snapshot(2, 4);
    assert_eq!(bench.take_snapshot(3, 4), [refused], "one is being written");
    bench.sync_all();
    assert_eq!(bench.take_snapshot(2, 4), [refused], "that is compacted already");
    assert_eq!(bench.take_snapshot(3, 4), ["write 2: snapshot 3"]);
}

#[test]
fn a_restart_begins_with_the_snapshot_and_the_rest_of_the_log() {
    let mut bench = follower("2222", 3);
    bench.take_snapshot(3, 4);
    bench.sync_all();
    bench.crash();
    let node = &bench.node;
    assert_eq!((node.commit(), node.applied()), (Index(3), Index(3)));
    assert_eq!((bench.log().as_str(), extent(&bench)), ("2", (4, 4, 3)));
    let told = bench.receive(2, 2, append((4, 2), "", 4));
    assert!(has(&told, "apply to 4"), "{told:?}");
}

#[test]
fn the_last_term_is_the_snapshots_where_the_log_is_empty() {
    let mut bench = follower("22", 2);
    bench.take_snapshot(2, 4);
    bench.sync_all();
    let told = bench.fire(Timer::Election);
    assert!(sent(&told)[0].contains("vote? 2.2"), "{told:?}");
    // Whoever has less is refused, whoever has as much is not.
    let told = Bench::receive(&mut bench.clone(), 2, 9, vote_request(2, 1));
    assert!(sent(&told)[0].contains("no 9"), "{told:?}");
    let told = bench.receive(2, 9, vote_request(2, 2));
    assert!(sent(&told)[0].contains("yes 9"), "{told:?}");
}

#[test]
fn a_snapshot_knows_the_configuration_of_its_own_point_not_a_later_one() {
    let mut bench = Bench::new(3, 2, 0, "2");
    bench.receive(2, 2, append_configuration((1, 2), 2, Configuration::of_first(4)));
    bench.receive(2, 2, append_configuration((2, 2), 2, Configuration::of_first(5)));
    bench.receive(2, 2, append((3, 2), "", 3));
    bench.sync_all();
    for (index, servers) in [(1, 3), (2, 4), (3, 5)] {
        let mut bench = bench.clone();
        bench.take_snapshot(index, 4);
        bench.sync_all();
        let snapshot = bench.node.snapshot().unwrap();
        assert_eq!((snapshot.index, snapshot.term), (Index(index), Term(2)));
        assert_eq!(snapshot.configuration, Configuration::of_first(servers));
        assert_eq!(*bench.node.configuration(), Configuration::of_first(5), "what is in force stays");
        bench.crash();
        assert_eq!(*bench.node.configuration(), Configuration::of_first(5));
    }
}

// Receiving one.

#[test]
fn a_snapshot_that_covers_nothing_new_is_acknowledged_and_ignored() {
    let mut bench = follower("2222", 3);
    for (index, answer) in [(1, "snapshot 1 installed 2"), (3, "snapshot 3 installed 2")] {
        let told = bench.receive(2, 2, piece((index, 2), three(), 0..4, true));
        assert_eq!(sent(&told), [format!("to S2 t2: {answer}")]);
        assert!(has(&told, "election timer"), "it is a leader's word: {told:?}");
        assert_eq!((extent(&bench), bench.state().as_str()), ((1, 4, 0), "F2 v0 2222 c3"));
    }
}

#[test]
fn a_snapshot_of_an_older_term_is_refused() {
    let mut bench = Bench::new(3, 3, 0, "");
    let told = bench.receive(2, 2, piece((5, 2), three(), 0..4, true));
    assert_eq!(told, ["to S2 t3: snapshot 5 stale 2"]);
    assert_eq!(extent(&bench), (1, 0, 0));
}

#[test]
fn a_snapshot_takes_the_place_of_the_state_machine_and_of_what_it_covers() {
    // The log before | the snapshot's last entry | the log after
    let table = "
        # The log ends before it, or is empty.
        -     | 3.2 | -
        2     | 3.2 | -
        # It has the very entry: what follows stays.
        222   | 3.2 | -
        22222 | 3.2 | 22
        12233 | 3.2 | 33
        # It has another entry there: nothing in it is worth keeping.
        11111 | 3.2 | -
        11333 | 3.2 | -
    ";
    for row in rows(table) {
        let (index, term) = place(row[1]);
        let mut bench = Bench::new(3, 3, 0, dash(row[0]));
        let told = bench.receive(2, 3, piece((index, term), three(), 0..4, true));
        assert!(has(&told, "restore 3"), "{row:?}: {told:?}");
        assert_eq!((bench.log().as_str(), bench.node.commit()), (row[2], Index(3)), "{row:?}");
        assert_eq!(bench.node.applied(), Index(3));
        let answer: Vec<&str> = sent(&told);
        assert_eq!(answer, ["to S2 t3: snapshot 3 installed 3 after write 1"], "{row:?}");
        bench.sync_all();
        assert_eq!(bench.disk_log(), row[2], "{row:?}: and so it is on the disk");
        bench.crash();
        assert_eq!((bench.log().as_str(), extent(&bench).2), (row[2], 3), "{row:?}");
    }
}

#[test]
fn what_is_kept_behind_a_snapshot_counts_as_on_the_disk_only_when_it_is() {
    let mut bench = Bench::new(3, 2, 0, "2");
    bench.receive(2, 2, append((1, 2), "2222", 0));
    bench.receive(2, 2, piece((3, 2), three(), 0..4, true));
    assert_eq!(bench.log(), "22");
    let told = bench.receive(2, 2, append((5, 2), "", 0));
    assert!(sent(&told)[0].contains("after write"), "entries 2 to 5 are still being written: {told:?}");
    bench.crash();
    assert_eq!((bench.log().as_str(), extent(&bench).2), ("2", 0), "neither write was done");
}

#[test]
fn a_crash_between_two_pieces_forgets_them_and_leaves_all_as_it_was() {
    let mut bench = follower("22", 1);
    assert_eq!(
        sent(&bench.receive(2, 2, piece((5, 2), three(), 0..4, false))),
        ["to S2 t2: snapshot 5 more from 4 2"]
    );
    assert_eq!(bench.node.incoming(), Some((Index(5), 4)));
    bench.crash();
    assert_eq!((bench.node.incoming(), extent(&bench)), (None, (1, 2, 0)));
    let told = bench.receive(2, 2, piece((5, 2), three(), 4..8, true));
    assert_eq!(sent(&told), ["to S2 t2: snapshot 5 more from 0 2"], "from the beginning, please");
}

#[test]
fn pieces_come_in_any_order_twice_or_not_at_all_and_the_snapshot_is_the_leaders() {
    let mut bench = follower("22", 1);
    let more = |bench: &mut Bench, bytes: std::ops::Range<u8>| {
        let told = bench.receive(2, 2, piece((5, 2), three(), bytes, false));
        sent(&told)[0].strip_prefix("to S2 t2: snapshot 5 more from ").unwrap().to_string()
    };
    assert_eq!(more(&mut bench, 0..3), "3 2");
    assert_eq!(more(&mut bench, 0..3), "3 2", "twice");
    assert_eq!(more(&mut bench, 6..9), "3 2", "one between them was lost");
    assert_eq!(more(&mut bench, 3..6), "6 2");
    assert_eq!(more(&mut bench, 0..3), "6 2", "an old one, late");
    assert_eq!(more(&mut bench, 6..9), "9 2");
    let told = bench.receive(2, 2, piece((5, 2), three(), 9..10, true));
    assert!(has(&told, "restore 5"), "{told:?}");
    assert_eq!(bench.node.snapshot().unwrap().data[..], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // The last piece once more, since the answer was lost.
    let told = bench.receive(2, 2, piece((5, 2), three(), 9..10, true));
    assert!(sent(&told)[0].contains("snapshot 5 installed") && !has(&told, "restore 5"), "{told:?}");
}

#[test]
fn the_last_piece_alone_is_no_snapshot() {
    let mut bench = follower("22", 1);
    let told = bench.receive(2, 2, piece((5, 2), three(), 6..8, true));
    assert_eq!(sent(&told), ["to S2 t2: snapshot 5 more from 0 2"]);
    assert_eq!(extent(&bench), (1, 2, 0));
}

#[test]
fn pieces_of_another_snapshot_or_of_another_leader_are_not_mixed_in() {
    let mut bench = follower("22", 1);
    bench.receive(2, 2, piece((5, 2), three(), 0..4, false));
    let told = bench.receive(2, 2, piece((6, 2), three(), 4..8, true));
    assert_eq!(sent(&told), ["to S2 t2: snapshot 6 more from 0 2"]);
    bench.receive(2, 2, piece((6, 2), three(), 0..4, false));
    // The leader of term 3 has the same snapshot, perhaps cut otherwise.
    let told = bench.receive(3, 3, piece((6, 2), three(), 4..8, true));
    assert_eq!(sent(&told)[0].split(" after").next(), Some("to S3 t3: snapshot 6 more from 0 3"));
    bench.receive(3, 3, piece((6, 2), three(), 0..4, false));
    let told = bench.receive(2, 2, piece((6, 2), three(), 4..8, true));
    assert!(sent(&told)[0].contains("stale"), "the old leader's comes too late: {told:?}");
    assert!(has(&bench.receive(3, 3, piece((6, 2), three(), 4..8, true)), "restore 6"));
}

#[test]
fn an_older_snapshot_that_comes_late_changes_nothing() {
    let mut bench = follower("22", 1);
    bench.receive(2, 2, piece((5, 2), three(), 0..4, true));
    bench.receive(2, 2, append((5, 2), "2", 6));
    let told = bench.receive(2, 2, piece((4, 2), Configuration::of_first(5), 0..9, true));
    assert_eq!(sent(&told)[0].split(" after").next(), Some("to S2 t2: snapshot 4 installed 2"));
    assert_eq!((bench.log().as_str(), extent(&bench)), ("2", (6, 6, 5)));
    assert_eq!(*bench.node.configuration(), three());
}

#[test]
fn a_snapshot_brings_the_configuration_and_ends_the_one_that_was_cut() {
    let mut bench = Bench::new(3, 2, 0, "1");
    bench.receive(2, 2, append_configuration((1, 1), 2, Configuration::of_first(9)));
    bench.receive(3, 3, piece((5, 3), Configuration::of_first(4), 0..4, true));
    assert_eq!(*bench.node.configuration(), Configuration::of_first(4));
    bench.sync_all();
    bench.crash();
    assert_eq!(*bench.node.configuration(), Configuration::of_first(4));
}

#[test]
fn entries_go_on_behind_a_snapshot_and_begin_before_it() {
    let mut bench = follower("22", 1);
    bench.receive(2, 2, piece((5, 2), three(), 0..4, true));
    bench.sync_all();
    // prev | entries | the log behind the snapshot
    for (prev, new, log) in [
        ((5, 2), "22", "22"),
        ((3, 1), "2222", "2222"),
        ((1, 2), "2222", "-"),
        ((0, 0), "222", "-"),
        ((4, 2), "2", "-"),
        ((4, 2), "22", "2"),
    ] {
        let mut bench = bench.clone();
        let told = bench.receive(2, 2, append(prev, new, 0));
        let (prev, count) = (prev.0, new.len() as u64);
        let last = (prev + count).max(5);
        assert!(sent(&told)[0].contains(&format!("stored {prev}+{count}")), "{told:?}");
        assert_eq!(extent(&bench), (6, last, 5), "{prev}+{count}");
        let behind = log.trim_start_matches('-').len().min(last as usize - 5);
        assert_eq!(bench.log().trim_start_matches('-').len(), behind, "{prev}+{count}");
        assert!(bench.node.commit() >= Index(5));
    }
    let told = bench.receive(2, 2, append((6, 2), "2", 0));
    assert!(sent(&told)[0].contains("mismatch 6"), "one is missing: {told:?}");
}

// Sending one.

/// S1, the leader of term 2 of three, has compacted its log of five entries up to the fourth; S2 has all of
/// them, S3 has none. The snapshot has ten bytes, pieces have four.
fn compacted() -> Bench {
    compacted_with(Options { snapshot_chunk: 4, ..options() })
}

fn compacted_with(options: Options) -> Bench {
    let mut bench = Bench::of(options, three(), 1, "11").elected();
    (0..3).for_each(|_| drop(bench.propose()));
    bench.sync_all();
    bench.receive(2, 2, success(2, 2, 3));
    assert_eq!(bench.state(), "L2 v1 11222 c5");
    bench.take_snapshot(4, 10);
    bench.sync_all();
    assert_eq!(extent(&bench), (5, 5, 4));
    bench
}

/// It has given up its leadership.
fn stepped_back(mut bench: Bench) -> Bench {
    bench.told(Input::SteppedDown);
    bench.sync_all();
    bench
}

/// The leader learns that S3 has nothing, and sends the first piece.
fn sending() -> Bench {
    let mut bench = compacted();
    let told = bench.receive(3, 2, mismatch(2, 2, 3));
    assert_eq!(to_3(&told), ["to S3 t2: snapshot 4.2 0+4"]);
    bench
}

fn to_3(told: &[String]) -> Vec<&str> {
    sent(told).into_iter().filter(|message| message.starts_with("to S3")).collect()
}

fn more(bench: &mut Bench, begun: u64, next: u64) -> Vec<String> {
    bench.receive(3, 2, piece_answer(2, 4, begun, SnapshotOutcome::More { offset: next }))
}

#[test]
fn who_needs_entries_that_are_gone_is_sent_the_snapshot_piece_by_piece_and_then_the_rest() {
    let mut bench = sending();
    assert_eq!(to_3(&more(&mut bench, 0, 4)), ["to S3 t2: snapshot 4.2 4+4"]);
    assert_eq!(to_3(&more(&mut bench, 4, 8)), ["to S3 t2: snapshot 4.2 8+2 done"]);
    let told = bench.receive(3, 2, piece_answer(2, 4, 8, SnapshotOutcome::Installed));
    assert_eq!(to_3(&told), ["to S3 t2: append 4.2 2 c5"]);
    assert_eq!(bench.progress(3), (5, 4));
    assert!(bench.node.leadership().unwrap().sending.is_empty());
}

#[test]
fn a_follower_that_is_just_at_the_snapshots_end_needs_no_snapshot() {
    for (matched, expected) in [(4, "to S3 t2: append 4.2 2 c5"), (3, "to S3 t2: snapshot 4.2 0+4")] {
        let mut bench = compacted();
        bench.receive(3, 2, success(2, 0, matched));
        assert_eq!(to_3(&bench.fire(Timer::Heartbeat)), [expected], "matched {matched}");
    }
}

#[test]
fn a_hint_that_names_the_term_of_the_snapshots_end_leads_to_the_entry_behind_it() {
    // S1 leads term 3, its log is 3 behind a snapshot that ends with 3.2. S3 has 1222.
    let options = Options { backtracking: Backtracking::ConflictHints, ..options() };
    let mut bench = Bench::of(options, three(), 2, "122").elected();
    bench.propose();
    bench.sync_all();
    bench.receive(2, 3, success(3, 0, 4));
    bench.take_snapshot(3, 10);
    bench.sync_all();
    bench.propose();
    let mut bench = stepped_back(bench).elected();
    let hint = ConflictHint { term: Some(Term(2)), index: Index(2) };
    let told = bench.receive(3, 4, appended(4, 5, 0, AppendOutcome::Mismatch { hint: Some(hint) }));
    let told: Vec<&str> = sent(&told).into_iter().filter(|told| told.starts_with("to S3")).collect();
    assert_eq!(told, ["to S3 t4: append 3.2 33 c4"], "S3 has entry 3: a snapshot would be for nothing");
}

#[test]
fn answers_that_come_twice_or_late_move_nothing() {
    let mut bench = sending();
    more(&mut bench, 0, 4);
    assert_eq!(to_3(&more(&mut bench, 0, 4)), [""; 0], "twice");
    more(&mut bench, 4, 8);
    assert_eq!(to_3(&more(&mut bench, 0, 4)), [""; 0], "late");
    assert_eq!(bench.node.progress(s(3)).unwrap().mode, Mode::Snapshot { offset: 8 });
    // An answer about another snapshot, or of an older term.
    bench.receive(3, 2, piece_answer(2, 3, 8, SnapshotOutcome::More { offset: 0 }));
    bench.receive(3, 2, piece_answer(1, 4, 8, SnapshotOutcome::More { offset: 0 }));
    assert_eq!(bench.node.progress(s(3)).unwrap().mode, Mode::Snapshot { offset: 8 });
}

#[test]
fn a_piece_that_was_lost_is_sent_again_with_the_heartbeat() {
    let mut bench = sending();
    for _ in 0..2 {
        assert_eq!(to_3(&bench.fire(Timer::Heartbeat)), ["to S3 t2: snapshot 4.2 0+4"]);
    }
    more(&mut bench, 0, 4);
    assert_eq!(to_3(&bench.fire(Timer::Heartbeat)), ["to S3 t2: snapshot 4.2 4+4"]);
    assert_eq!(to_3(&bench.propose()), [""; 0], "entries wait until it is there");
}

#[test]
fn a_follower_that_was_restarted_midway_gets_the_snapshot_from_its_beginning() {
    let mut bench = sending();
    more(&mut bench, 0, 4);
    assert_eq!(to_3(&more(&mut bench, 4, 0)), ["to S3 t2: snapshot 4.2 0+4"], "it has nothing any more");
}

#[test]
fn a_snapshot_that_is_being_sent_stays_the_same_though_a_newer_one_is_taken() {
    let mut bench = sending();
    more(&mut bench, 0, 4);
    (0..3).for_each(|_| drop(bench.propose()));
    bench.sync_all();
    bench.receive(2, 2, success(2, 5, 3));
    bench.take_snapshot(8, 20);
    bench.sync_all();
    assert_eq!(extent(&bench), (9, 8, 8));
    assert_eq!(to_3(&more(&mut bench, 4, 8)), ["to S3 t2: snapshot 4.2 8+2 done"]);
    // What follows the old one is gone: now the new one.
    let told = bench.receive(3, 2, piece_answer(2, 4, 8, SnapshotOutcome::Installed));
    let next = bench.fire(Timer::Heartbeat);
    let again = [to_3(&told), to_3(&next)].concat();
    assert!(again.contains(&"to S3 t2: snapshot 8.2 0+4"), "{again:?}");
}

#[test]
fn a_new_leader_begins_again_with_its_own_snapshot() {
    let mut bench = Bench::new(3, 2, 0, "222");
    bench.receive(2, 2, append((3, 2), "", 3));
    bench.take_snapshot(3, 6);
    bench.sync_all();
    let mut bench = bench.elected();
    let told = bench.receive(3, 3, mismatch(3, 3, 0));
    assert_eq!(to_3(&told), ["to S3 t3: snapshot 3.2 0+6 done"], "whole, without a limit");
    // S3 answers what the old leader had sent.
    assert_eq!(more(&mut bench, 0, 4), [""; 0]);
    let told = bench.step(Input::Fired(Timer::Heartbeat));
    assert!(told.iter().any(|effect| matches!(effect, Effect::Send(message, _) if message.to == s(3))));
}

#[test]
fn with_a_window_entries_are_streamed_again_once_the_snapshot_is_there() {
    let options = Options { window: 4, max_entries: 2, ..options() };
    let mut bench = compacted_with(options);
    bench.receive(3, 2, mismatch(2, 2, 0));
    assert!(matches!(bench.node.progress(s(3)).unwrap().mode, Mode::Snapshot { .. }));
    (0..5).for_each(|_| drop(bench.propose()));
    bench.sync_all();
    let told = bench.receive(3, 2, piece_answer(2, 4, 0, SnapshotOutcome::Installed));
    // 5 to 10 are missing: as many as the window takes, two in a message.
    assert_eq!(to_3(&told), ["to S3 t2: append 4.2 22 c5", "to S3 t2: append 6.2 22 c5"]);
    assert_eq!(bench.node.progress(s(3)).unwrap().mode, Mode::Replicate);
}

// In a world.

/// Snapshots of ten entries, in pieces of 16 bytes, and a client that writes all the time.
fn busy(servers: u8) -> Setup {
    let mut setup = Setup::new(servers, 3);
    let options = &mut setup.options;
    (options.noop, options.snapshot_every, options.snapshot_chunk) = (true, 10, 16);
    (options.workload_every_us, options.backtracking) = (20_000, Backtracking::ConflictHints);
    setup
}

/// Nobody is asked for more, and all have applied the same.
#[track_caller]
fn comes_to_rest(run: &mut Run) {
    let mut options = run.world().options().clone();
    options.workload_every_us = 0;
    act(run, Action::SetOptions { options });
    let equal = |run: &Run| {
        let servers = run.world().servers();
        let first = &servers[0];
        servers.iter().all(|one| {
            one.applied == first.applied
                && one.store == first.store
                && one.node.log().last_index() == one.applied
        })
    };
    until(run, 20_000, "all have the same", equal);
    assert_eq!(broken(run), []);
}

/// How many pieces of snapshots have arrived at that server.
fn pieces(run: &Run, to: u8) -> usize {
    count(run, |what| match what {
        What::Delivered { message, content: Content::Raft(raft) } => {
            message.to == Endpoint::Server(s(to)) && matches!(raft.body, Body::InstallSnapshot { .. })
        }
        _ => false,
    })
}

#[test]
fn logs_stay_short_when_snapshots_are_taken_by_length() {
    let mut run = Run::new(&busy(3)).unwrap();
    wait(&mut run, 10_000);
    for server in run.world().servers() {
        let log = server.node.log();
        assert!(log.last_index().0 > 100 && log.iter().count() < 20, "{}", log.iter().count());
        let snapshot = server.node.snapshot().expect("it has taken some");
        assert_eq!(log.base_index(), snapshot.index);
    }
    comes_to_rest(&mut run);
}

#[test]
fn without_that_a_snapshot_is_taken_only_by_hand() {
    let mut setup = busy(3);
    setup.options.snapshot_every = 0;
    let mut run = Run::new(&setup).unwrap();
    wait(&mut run, 3000);
    assert!(run.world().servers().iter().all(|server| server.node.snapshot().is_none()));
    act(&mut run, Action::Snapshot { server: s(2) });
    wait(&mut run, 5);
    assert!(server(&run, 2).node.snapshot().is_some() && server(&run, 1).node.snapshot().is_none());
    comes_to_rest(&mut run);
    let _ = run.act(Action::Snapshot { server: s(2) });
    wait(&mut run, 5);
    let again = run.act(Action::Snapshot { server: s(2) });
    assert!(again.unwrap_err().to_string().contains("nothing was applied since"));
}

/// S3 was down while the others went on for some seconds, and compacted. It has just come up again.
fn left_behind(setup: &Setup) -> Run {
    let mut run = state_with(setup, "S1:L1 / S2:F1 / S3:F1");
    wait(&mut run, 300);
    crash(&mut run, 3);
    wait(&mut run, 3000);
    let old = server(&run, 3).node.log().last_index();
    assert!(server(&run, leader(&run).unwrap().number()).node.log().base_index() > old);
    restart(&mut run, 3);
    run
}

/// Waits until S3 has some of a snapshot, and not all.
#[track_caller]
fn midway(run: &mut Run) {
    until(run, 5000, "it has some pieces", |run| {
        server(run, 3).node.incoming().is_some_and(|(_, bytes)| bytes >= 32)
    });
}

#[test]
fn a_server_that_was_down_for_long_gets_a_snapshot_in_pieces_over_a_link_that_loses_doubles_and_reorders() {
    for window in [0, 8] {
        for loss_ppm in [0, 200_000] {
            let mut setup = busy(3);
            setup.options.window = window;
            let latency = TimerRange { min_us: 1000, max_us: 30_000 };
            let bad = Link { latency, loss_ppm, duplicate_ppm: 200_000, ..Link::default() };
            let mut run = left_behind(&setup);
            act(&mut run, Action::SetLink { from: None, to: None, link: bad });
            until(&mut run, 20_000, "it has caught up", |run| {
                server(run, 3).node.log().base_index().0 > 0 && commit(run, 3) + 30 > commit(run, 1)
            });
            assert!(pieces(&run, 3) > 5, "{} pieces", pieces(&run, 3));
            comes_to_rest(&mut run);
        }
    }
}

#[test]
fn the_receiver_of_a_snapshot_restarts_midway() {
    let mut run = left_behind(&busy(3));
    for _ in 0..3 {
        midway(&mut run);
        crash(&mut run, 3);
        restart(&mut run, 3);
        assert_eq!(server(&run, 3).node.incoming(), None);
    }
    comes_to_rest(&mut run);
}

#[test]
fn the_sender_of_a_snapshot_restarts_midway() {
    let mut run = left_behind(&busy(3));
    for _ in 0..2 {
        midway(&mut run);
        let sender = leader(&run).unwrap().number();
        crash(&mut run, sender);
        restart(&mut run, sender);
        any_leader(&mut run);
    }
    comes_to_rest(&mut run);
}

#[test]
fn another_leader_takes_over_midway_and_sends_its_own_snapshot() {
    let mut run = left_behind(&busy(3));
    midway(&mut run);
    let sender = leader(&run).unwrap().number();
    // The old one sends on for a while, to S3 alone.
    let other = 3 - sender;
    act(&mut run, Action::Cut { from: s(sender), to: s(other) });
    act(&mut run, Action::Cut { from: s(other), to: s(sender) });
    until(&mut run, 10_000, "the other leads", |run| leader(run) == Some(s(other)));
    wait(&mut run, 500);
    act(&mut run, Action::Heal);
    comes_to_rest(&mut run);
}

#[test]
fn a_server_that_was_never_there_gets_all_from_a_snapshot_the_configuration_too() {
    let mut run = Run::new(&busy(3)).unwrap();
    wait(&mut run, 3000);
    act(&mut run, Action::Boot { server: s(4) });
    act(&mut run, Action::Change { change: Change::Add(s(4)), at: None });
    wait(&mut run, 3000);
    act(&mut run, Action::Boot { server: s(5) });
    act(&mut run, Action::Change { change: Change::Add(s(5)), at: None });
    wait(&mut run, 3000);
    let node = &server(&run, 5).node;
    assert_eq!(*node.configuration(), Configuration::of_first(5));
    assert_eq!(node.snapshot().unwrap().configuration, Configuration::of_first(5));
    // It counts on that after a crash as well.
    crash(&mut run, 5);
    restart(&mut run, 5);
    assert_eq!(*server(&run, 5).node.configuration(), Configuration::of_first(5));
    comes_to_rest(&mut run);
    assert!(server(&run, 5).node.log().get(Index(1)).is_none(), "entry 1 it has never seen");
}

#[test]
fn a_crash_during_the_write_of_a_snapshot_leaves_the_log_and_after_it_the_snapshot() {
    let mut setup = busy(3);
    setup.options.snapshot_every = 0;
    setup.options.fsync = TimerRange { min_us: 5000, max_us: 5000 };
    let mut run = Run::new(&setup).unwrap();
    wait(&mut run, 3000);
    for (after_ms, compacted) in [(4, false), (60, true)] {
        let mut aside = run.clone();
        let before = log(&aside, 2);
        let applied = server(&aside, 2).applied;
        act(&mut aside, Action::Snapshot { server: s(2) });
        wait(&mut aside, after_ms);
        crash(&mut aside, 2);
        let node = &server(&aside, 2).node;
        assert_eq!(node.log().base_index(), if compacted { applied } else { Index(0) });
        assert_eq!(node.snapshot().is_some(), compacted);
        assert!(compacted || log(&aside, 2).starts_with(&before), "the log is whole");
        restart(&mut aside, 2);
        comes_to_rest(&mut aside);
    }
}
