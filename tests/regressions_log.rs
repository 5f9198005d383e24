//! What went wrong in other implementations, and does not here: logs and snapshots. Each test names the
//! thread that told of it.

mod common;
#[path = "common/node.rs"]
mod node;

use common::bench::*;
use common::s;
use node::{piece, *};
use wavetank::raft::{
    AppendOutcome, Backtracking, Body, ConflictHint, Effect, Index, Input, Mode, Options, SnapshotOutcome,
    Timer,
};

/// What is snapshot and what is log: `5|67` has a snapshot up to index 5, and two entries after it.
fn shape(bench: &Bench) -> String {
    let base = bench.node.log().first_index().prev();
    format!("{base}|{}", bench.log())
}

fn mode(bench: &Bench, peer: u8) -> Mode {
    bench.node.progress(s(peer)).expect("it leads").mode
}

/// A leader that has committed `entries` with S2's help, S3 never having been heard, and has put all of
/// it into a snapshot.
fn compacted_leader(options: Options, entries: usize) -> Bench {
    let mut bench = leader(options, "123", 1, &of_terms("1"));
    for _ in 1..entries {
        assert!(accepts(&mut bench));
    }
    bench.sync_all();
    beat(&mut bench, &[2]);
    beat(&mut bench, &[2]);
    compact(&mut bench, entries as u64);
    assert_eq!(shape(&bench), format!("{entries}|-"));
    bench
}

// Replication.

/// `tikv/raft-rs#555` and `etcd-io/raft#148`: a refusal that came late, in another phase of the search,
/// sent the leader back behind what the follower was known to have.
#[test]
fn a_late_refusal_sends_no_leader_back_behind_what_is_known_to_match() {
    let options =
        Options { backtracking: Backtracking::ConflictHints, window: 8, max_entries: 2, ..options() };
    let mut bench = leader(options, "123", 1, &of_terms("1111"));
    // S2 has nothing. Its refusal arrives, and a copy of it is still on its way.
    let hint = Some(ConflictHint { term: None, index: Index(1) });
    let refusal = appended(2, 4, 0, AppendOutcome::Mismatch { hint });
    let effects = hear(&mut bench, 2, 2, refusal.clone());
    assert_eq!((carried(&effects, 2), bench.progress(2)), (2, (1, 0)));
    obey(&mut bench, 2, &effects);
    assert_eq!(bench.progress(2), (5, 2), "it has two, and two more are under way");
    hear(&mut bench, 2, 2, refusal);
    assert_eq!(bench.progress(2), (3, 2), "the copy arrives: the search begins after what matches");
}

/// `databendlabs/openraft#1500`, and `#2000`: a heartbeat overtook the entry that it built on and was
/// refused; when that was known the entry had been acknowledged, and the leader took it for lost.
#[test]
fn a_refusal_that_an_acknowledgement_has_overtaken_changes_nothing() {
    for window in [0, 8] {
        let mut bench = leader(Options { window, ..options() }, "123", 1, &of_terms("1"));
        let first = beat(&mut bench, &[2, 3]);
        assert!(speaks(&first));
        let effects = bench.step(Input::Proposed(vec![entry(2).payload]));
        bench.sync_all();
        let heartbeat = bench.step(Input::Fired(Timer::Heartbeat));
        let Body::AppendEntries { prev_index: Index(prev), .. } = to(&heartbeat, 2)[0].clone() else {
            panic!("{heartbeat:?}")
        };
        // In the order of sending: acknowledged, then refused.
        obey(&mut bench, 2, &effects);
        let before = (bench.progress(2), mode(&bench, 2), commit(&bench));
        assert_eq!(before, ((3, 2), Mode::Replicate, 2));
        let then = hear(&mut bench, 2, 2, mismatch(2, prev, 0));
        assert_eq!((bench.progress(2), mode(&bench, 2), commit(&bench)), before);
        assert!(!speaks(&then), "window {window}: {then:?}");
        // The other way round, a search begins, and the acknowledgement ends it.
        hear(&mut bench, 3, 2, mismatch(2, prev, 0));
        obey(&mut bench, 3, &effects);
        assert_eq!((bench.progress(3), mode(&bench, 3)), ((3, 2), Mode::Replicate));
    }
}

/// `etcd-io/etcd#14633`: with its window full, a leader still sent new entries with every heartbeat, and
/// forgot about older ones for that: what was under way to a slow follower grew without bound.
#[test]
fn a_full_window_lets_nothing_but_heartbeats_through_until_something_is_acknowledged() {
    let mut bench = leader(Options { window: 3, ..options() }, "123", 1, &of_terms("1"));
    beat(&mut bench, &[2, 3]);
    let mut under_way = Vec::new();
    for _ in 0..10 {
        under_way.extend(bench.step(Input::Proposed(vec![entry(2).payload])));
    }
    assert_eq!(carried(&under_way, 2), 3);
    for _ in 0..5 {
        let effects = bench.step(Input::Fired(Timer::Heartbeat));
        assert_eq!(to(&effects, 2).len(), 1, "a heartbeat");
        assert_eq!(carried(&effects, 2), 0);
    }
    assert_eq!(bench.progress(2), (5, 1));
    // The first is acknowledged: there is room for one more.
    let then = hear(&mut bench, 2, 2, success(2, 1, 1));
    assert_eq!((carried(&then, 2), bench.progress(2)), (1, (6, 2)));
    bench.sync_all();
    let mut rest = [under_way, then].concat();
    while speaks(&rest) {
        rest = obey(&mut bench, 2, &rest);
    }
    assert_eq!((bench.progress(2), commit(&bench)), ((12, 11), 11), "all of them in the end");
}

/// `databendlabs/openraft#511`: when the entry before the new ones was in the follower's snapshot already,
/// it saw a conflict there, and deleted what followed, committed entries among it.
#[test]
fn what_a_snapshot_covers_is_no_conflict() {
    // prev | entries | log after | answer: up to
    let table = "
        3.1 | -      | 5|22  | 3
        0.0 | 1      | 5|22  | 1
        2.1 | 11     | 5|22  | 4
        3.1 | 1122   | 5|22  | 7
        0.0 | 111    | 5|22  | 3
        4.1 | 122    | 5|22  | 7
        3.1 | 11222  | 5|222 | 8
        4.1 | 13     | 5|3   | 6
        5.1 | 22     | 5|22  | 7
    ";
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.splitn(3, '|').map(str::trim).collect();
        let (after, answer) = cells[2].rsplit_once('|').expect("four cells");
        let mut bench = Bench::new(3, 3, 0, "1111122");
        bench.receive(2, 3, append((7, 2), "", 5));
        bench.sync_all();
        compact(&mut bench, 5);
        assert_eq!(shape(&bench), "5|22");
        let (index, term) = place(cells[0]);
        let effects = hear(&mut bench, 2, 3, append((index, term), dash(cells[1]), 5));
        assert_eq!(shape(&bench), after.trim(), "{line}");
        assert!(commit(&bench) >= 5, "{line}");
        let success = to(&effects, 2).into_iter().any(|body| {
            matches!(body, Body::AppendEntriesReply { prev_index, count, outcome: AppendOutcome::Success, .. }
                if prev_index.0 + count == number(answer.trim()))
        });
        assert!(success, "{line}: {effects:?}");
    }
}

// Snapshots that are received.

/// `hashicorp/raft#697`: a follower installed a snapshot and kept its own entry at the snapshot's last
/// index, which was of another term. It refused all that the leader sent after that, and was sent the
/// same snapshot again and again.
#[test]
fn an_own_entry_that_contradicts_the_end_of_a_snapshot_goes_with_all_the_others() {
    let mut bench = Bench::new(3, 2, 0, "112222");
    hear(&mut bench, 2, 3, install(4, 3, "123"));
    assert_eq!(shape(&bench), "4|-");
    write_all(&mut bench);
    let effects = hear(&mut bench, 2, 3, append((4, 3), "3", 4));
    assert!(matches!(
        to(&effects, 2)[..],
        [Body::AppendEntriesReply { outcome: AppendOutcome::Success, .. }]
    ));
    assert_eq!((shape(&bench), commit(&bench)), ("4|3".into(), 4));
}

/// `etcd-io/etcd#1763` and `#1837`: a snapshot that arrived late cut entries off that matched the
/// leader's and were acknowledged.
#[test]
fn what_follows_the_end_of_a_snapshot_and_matches_it_stays() {
    let mut bench = Bench::new(3, 2, 0, "112222");
    bench.receive(2, 2, append((6, 2), "", 2));
    bench.sync_all();
    let effects = hear(&mut bench, 2, 2, install(4, 2, "123"));
    assert_eq!((shape(&bench), commit(&bench)), ("4|22".into(), 4));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Restore(_))));
    write_all(&mut bench);
    bench.crash();
    assert_eq!(shape(&bench), "4|22", "on the disk as well");
}

/// `databendlabs/openraft#543`: an older snapshot was installed over a newer state; the state machine
/// went back, and what lay between was never applied again.
#[test]
fn a_snapshot_of_what_is_committed_already_is_acknowledged_and_not_installed() {
    let mut bench = Bench::new(3, 2, 0, "112222");
    bench.receive(2, 2, append((6, 2), "", 5));
    bench.sync_all();
    for index in 1..=5 {
        let effects = hear(&mut bench, 2, 2, install(index, if index < 3 { 1 } else { 2 }, "123"));
        assert_eq!(outcomes(&effects), [SnapshotOutcome::Installed]);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Restore(_))), "{effects:?}");
        assert_eq!((shape(&bench).as_str(), commit(&bench), bench.node.applied().0), ("0|112222", 5, 5));
    }
}

/// `databendlabs/openraft#561`: a crash in the middle of an installation left the snapshot there, and
/// entries that contradicted it.
#[test]
fn a_snapshot_is_on_the_disk_with_all_that_belongs_to_it_or_not_at_all() {
    let mut bench = Bench::new(3, 3, 0, "112222");
    let effects = hear(&mut bench, 2, 3, install(4, 3, "123"));
    assert_eq!(outcomes(&effects), [SnapshotOutcome::Installed]);
    let waits = effects.iter().all(|effect| !matches!(effect, Effect::Send(_, None)));
    assert!(waits, "the answer leaves when it is written: {effects:?}");
    let mut early = bench.clone();
    early.crash();
    assert_eq!((shape(&early), covered(&early)), ("0|112222".into(), 0));
    write_all(&mut bench);
    bench.crash();
    assert_eq!((shape(&bench), covered(&bench), commit(&bench)), ("4|-".into(), 4, 4));
}

/// `hashicorp/raft#248`: a server was writing an own snapshot when a newer one from the leader was
/// installed; when its own was done, it took that for the last one, and its log for longer than it was.
#[test]
fn an_own_snapshot_that_is_done_late_does_not_take_the_place_of_a_newer_one() {
    let mut bench = Bench::new(3, 2, 0, "1122");
    bench.receive(2, 2, append((4, 2), "", 3));
    bench.sync_all();
    // Before the installation, and written after it.
    bench.step(Input::SnapshotTaken(Index(3), b"own".as_slice().into()));
    hear(&mut bench, 2, 3, install(8, 3, "123"));
    write_all(&mut bench);
    assert_eq!((shape(&bench), covered(&bench)), ("8|-".into(), 8));
    // Handed over only after it.
    compact(&mut bench, 3);
    assert_eq!((shape(&bench), covered(&bench)), ("8|-".into(), 8));
    bench.crash();
    assert_eq!((shape(&bench), covered(&bench)), ("8|-".into(), 8));
}

/// `databendlabs/openraft#235` and `#1113`: a piece that was sent twice, or belonged to another snapshot,
/// ended the transfer for good.
#[test]
fn a_piece_that_is_not_the_next_one_is_answered_with_where_to_go_on() {
    let mut bench = Bench::new(3, 2, 0, "1");
    let first = piece(6, 2, "123", 0, b"abc", false);
    let wants = |effects: &[Effect]| outcomes(effects);
    let more = |offset| vec![SnapshotOutcome::More { offset }];
    assert_eq!(wants(&hear(&mut bench, 2, 2, first.clone())), more(3));
    assert_eq!(wants(&hear(&mut bench, 2, 2, first.clone())), more(3), "twice");
    assert_eq!(wants(&hear(&mut bench, 2, 2, piece(6, 2, "123", 9, b"!", true))), more(3), "a gap");
    // The leader of term 3 has a longer one: what came of the other is worth nothing.
    assert_eq!(wants(&hear(&mut bench, 3, 3, piece(7, 2, "123", 3, b"yz", true))), more(0));
    assert_eq!(wants(&hear(&mut bench, 3, 3, piece(7, 2, "123", 0, b"wx", false))), more(2));
    // A crash loses what was not complete.
    bench.sync_all();
    bench.crash();
    assert_eq!(wants(&hear(&mut bench, 3, 3, piece(7, 2, "123", 2, b"yz", true))), more(0));
    hear(&mut bench, 3, 3, piece(7, 2, "123", 0, b"wx", false));
    let effects = hear(&mut bench, 3, 3, piece(7, 2, "123", 2, b"yz", true));
    assert_eq!(wants(&effects), [SnapshotOutcome::Installed]);
    assert_eq!(&*bench.node.snapshot().expect("installed").data, b"wxyz");
    // The answer was lost: the last piece comes once more, and so does the first.
    for again in [piece(7, 2, "123", 2, b"yz", true), piece(7, 2, "123", 0, b"wx", false)] {
        assert_eq!(wants(&hear(&mut bench, 3, 3, again)), [SnapshotOutcome::Installed]);
    }
    assert_eq!(shape(&bench), "7|-");
}

/// `databendlabs/openraft#1808`: a snapshot was installed over an uncommitted configuration, which stayed
/// in force because it stood at a higher index than the snapshot's own. Its majority need not share a
/// server with the real one.
#[test]
fn a_configuration_that_a_snapshot_covers_is_no_longer_in_force() {
    let log = [of_terms("111"), vec![change(2, "12")]].concat();
    let mut bench = node(options(), "1234", 2, &log);
    assert_eq!(*bench.node.configuration(), members("12"));
    // Behind index 6 the cluster is 12345, since index 2; and S1's change at 4 was never committed.
    hear(&mut bench, 3, 3, install(6, 3, "12345"));
    assert_eq!(*bench.node.configuration(), members("12345"));
    write_all(&mut bench);
    bench.crash();
    assert_eq!(*bench.node.configuration(), members("12345"));
    bench.fire(Timer::Election);
    bench.sync_all();
    bench.receive(2, 4, vote(4, true));
    assert!(!bench.node.is_leader(), "two would have been enough by its own change");
    bench.receive(5, 4, vote(4, true));
    assert!(bench.node.is_leader());
}

// Snapshots that are sent.

/// `etcd-io/raft#110`: a follower had installed a snapshot older than the one that the leader had in mind
/// by now. That would have done, but the leader waited for the newer one to be acknowledged.
#[test]
fn any_snapshot_that_connects_a_follower_with_the_log_will_do() {
    let mut bench = compacted_leader(options(), 5);
    let effects = bench.step(Input::Fired(Timer::Heartbeat));
    assert!(matches!(to(&effects, 3)[..], [Body::InstallSnapshot { last_index: Index(5), .. }]));
    assert!(matches!(mode(&bench, 3), Mode::Snapshot { .. }));
    for _ in 0..3 {
        assert!(accepts(&mut bench));
    }
    bench.sync_all();
    beat(&mut bench, &[2]);
    assert_eq!(commit(&bench), 8);
    let effects = hear(&mut bench, 3, 2, installed(2, 5));
    assert_eq!(carried(&effects, 3), 3, "the entries after it: {effects:?}");
    assert_eq!(mode(&bench, 3), Mode::Replicate);
    obey(&mut bench, 3, &effects);
    assert_eq!(bench.progress(3), (9, 8));
}

/// `databendlabs/openraft#1706`: while a follower installed a long snapshot, the leader went on and put
/// more of its log into the next one. What the follower needed then was gone.
#[test]
fn a_follower_whose_snapshot_is_outdated_when_it_is_there_gets_the_next_one() {
    for snapshot_chunk in [0, 3] {
        let mut bench = compacted_leader(Options { snapshot_chunk, ..options() }, 5);
        bench.step(Input::Fired(Timer::Heartbeat));
        for _ in 0..3 {
            assert!(accepts(&mut bench));
        }
        bench.sync_all();
        beat(&mut bench, &[2]);
        compact(&mut bench, 8);
        assert_eq!(shape(&bench), "8|-");
        let effects = hear(&mut bench, 3, 2, installed(2, 5));
        let beat = bench.step(Input::Fired(Timer::Heartbeat));
        let sent = [to(&effects, 3), to(&beat, 3)].concat();
        let next =
            |body: &&&Body| matches!(body, Body::InstallSnapshot { last_index: Index(8), offset: 0, .. });
        assert!(sent.iter().any(|body| next(&body)), "not the old one for ever: {sent:?}");
        let effects = hear(&mut bench, 3, 2, installed(2, 8));
        assert_eq!((bench.progress(3), mode(&bench, 3)), ((9, 8), Mode::Replicate), "{effects:?}");
        assert!(accepts(&mut bench));
    }
}
