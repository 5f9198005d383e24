//! A heartbeat that a leader sends by hand where entries wait: AppendEntries without any.

mod common;

use common::*;
use serde_json::json;
use wavetank::check::Property;
use wavetank::raft::{Body, Index, Mode, Rule, Rules, TimerRange};
use wavetank::sim::{Action, Options, PacketName, Refusal, Setup};
use wavetank::timeline::Run;

/// S2 and S3 differ from S1 in the second entry, which S1 has committed.
const PARTED: &str = "S1:L3 13 c2 / S2:F2 12 / S3:F3 13 c2";

fn send(from: u8, to: u8, empty: bool) -> Action {
    Action::Send { from: s(from), to: s(to), empty }
}

fn by_hand(start: &str) -> Run {
    still(&Setup::new(3, 1), start)
}

/// matchIndex and nextIndex that S1 has for that follower.
fn progress(run: &Run, follower: u8) -> (u64, u64) {
    let progress = server(run, 1).node.progress(s(follower)).expect("S1 leads");
    (progress.matched.0, progress.next.0)
}

/// prevLogIndex, how many entries, and leaderCommit of what is on its way.
fn requests(run: &Run, from: u8, to: u8) -> Vec<(u64, usize, u64)> {
    let said = |body: &Body| match body {
        Body::AppendEntries { prev_index, entries, leader_commit, .. } => {
            (prev_index.0, entries.len(), leader_commit.0)
        }
        other => panic!("{other:?}"),
    };
    on_way(run, from, to).iter().map(|(_, message)| said(&message.body)).collect()
}

#[test]
fn it_raises_matchindex_to_the_entry_before_and_brings_none() {
    let mut run = by_hand("S1:L1 1 c1 / S2:F1 1 / S3:F1 1");
    propose(&mut run, 1, "a");
    settle(&mut run);
    drop_all(&mut run, |_| true);
    assert_eq!(progress(&run, 2), (0, 2));
    act(&mut run, send(1, 2, true));
    assert_eq!(requests(&run, 1, 2), [(1, 0, 1)]);
    ask_by_hand(&mut run, 1, 2);
    assert_eq!(progress(&run, 2), (1, 2));
    assert_eq!((log(&run, 2).as_str(), commit(&run, 2), commit(&run, 1)), ("1", 1, 1));
    // The request of the moment has the entry.
    drop_all(&mut run, |_| true);
    replicate(&mut run, 1, 2);
    assert_eq!((progress(&run, 2), commit(&run, 1)), ((2, 3), 2));
}

#[test]
fn it_is_refused_where_the_entry_before_is_another() {
    let mut run = by_hand(PARTED);
    heartbeat(&mut run, 1, 2);
    assert_eq!((progress(&run, 2), commit(&run, 2)), ((0, 2), 0));
    drop_all(&mut run, |_| true);
    heartbeat(&mut run, 1, 2);
    assert_eq!((progress(&run, 2), commit(&run, 2), log(&run, 2).as_str()), ((1, 2), 1, "12"));
    assert_eq!(broken(&run), []);
}

#[test]
fn without_the_bound_of_the_last_new_entry_it_commits_what_is_not_the_leaders() {
    let setup = without(&Setup::new(3, 1), &[Rule::CommitUpToLastNew]);
    let mut run = still(&setup, PARTED);
    heartbeat(&mut run, 1, 2);
    drop_all(&mut run, |_| true);
    // With the entries that wait S2's own go, and nothing falls.
    let mut other = run.clone();
    replicate(&mut other, 1, 2);
    assert_eq!((commit(&other, 2), broken(&other)), (2, vec![]));
    heartbeat(&mut run, 1, 2);
    assert_eq!((commit(&run, 2), log(&run, 2).as_str()), (2, "12"));
    assert_eq!(broken(&run), [Property::StateMachineSafety]);
}

#[test]
fn it_is_held_and_released_as_any_request_and_says_what_it_said_when_it_was_sent() {
    let mut run = state("S1:L1 1 c1 / S2:F1 1 c1 / S3:F1 1 c1");
    wait(&mut run, 120);
    act(&mut run, send(1, 2, true));
    let (message, _) = on_way(&run, 1, 2).pop().expect("it is on its way");
    act(&mut run, Action::Hold { message });
    propose(&mut run, 1, "a");
    wait(&mut run, 200);
    assert_eq!((commit(&run, 2), requests(&run, 1, 2)[0]), (2, (1, 0, 1)));
    act(&mut run, Action::Release { message });
    wait(&mut run, 60);
    assert!(on_way(&run, 1, 2).iter().all(|(name, _): &(PacketName, _)| *name != message));
    assert_eq!((commit(&run, 2), log(&run, 2).as_str(), broken(&run)), (2, "11", vec![]));
}

#[test]
fn nothing_counts_as_sent() {
    for window in [0, 8] {
        let setup = Setup { options: Options { window, ..Options::default() }, ..Setup::new(3, 1) };
        let mut run = still(&setup, "S1:L1 1 c1 / S2:F1 1 / S3:F1 1");
        let before = server(&run, 1).node.clone();
        act(&mut run, send(1, 2, true));
        act(&mut run, send(1, 2, false));
        assert!(server(&run, 1).node == before, "{window}");
        assert_eq!(on_way(&run, 1, 2).len(), 2);
    }
}

#[test]
fn it_leaves_while_the_entries_that_it_does_not_carry_are_written() {
    let options = Options { write_before_send: true, ..Options::default() };
    let mut run = state_with(&Setup { options, ..Setup::new(3, 1) }, "S1:L1 1 c1 / S2:F1 1 / S3:F1 1");
    wait(&mut run, 120);
    let fsync = Some(TimerRange { min_us: 100_000, max_us: 100_000 });
    act(&mut run, Action::SetDisk { server: s(1), lies: false, fsync });
    propose(&mut run, 1, "a");
    let waiting = |run: &Run| server(run, 1).waiting.len();
    drop_all(&mut run, |_| true);
    let before = waiting(&run);
    act(&mut run, send(1, 2, true));
    assert_eq!((waiting(&run), requests(&run, 1, 2)), (before, vec![(1, 0, 1)]));
    act(&mut run, send(1, 2, false));
    assert_eq!((waiting(&run), requests(&run, 1, 2).len()), (before + 1, 1));
}

#[test]
fn whoever_has_none_refuses_in_a_sentence() {
    let mut run = by_hand("S1:L1 111 c3 / S2:C1 1 / S3:F1 1");
    let why = |run: &Run, from, to| run.world().check(&send(from, to, true)).unwrap_err().to_string();
    assert_eq!(why(&run, 2, 1), "S2 does not lead, and only a leader sends heartbeats");
    assert_eq!(why(&run, 3, 1), "S3 does not lead, and only a leader sends heartbeats");
    assert!(run.world().check(&send(2, 1, false)).is_ok(), "a candidate asks for votes");
    let itself = Refusal::NothingToSend { server: s(1), peer: s(1) };
    assert_eq!(run.world().check(&send(1, 1, true)), Err(itself));
    act(&mut run, Action::Snapshot { server: s(1) });
    settle(&mut run);
    assert!(run.world().check(&send(1, 2, true)).is_ok(), "S1 has the entry before nextIndex");
    act(&mut run, Action::Mislead { leader: s(1), follower: s(2), next: Index(1) });
    assert_eq!(
        why(&run, 1, 2),
        "S1 no longer has the entry before S2's nextIndex: it sends S2 a snapshot instead"
    );
    act(&mut run, send(1, 2, false));
    let (_, piece) = &on_way(&run, 1, 2)[0];
    assert!(matches!(piece.body, Body::InstallSnapshot { .. }));
    assert!(matches!(
        server(&run, 1).node.progress(s(2)).unwrap().mode,
        Mode::Probe { .. } | Mode::Replicate
    ));
    act(&mut run, Action::Pause { server: s(1) });
    assert_eq!(why(&run, 1, 3), "S1 is paused: resume it first");
}

#[test]
fn figure_2_has_heartbeats_only_where_nothing_waits_and_its_wire_form_is_as_ever() {
    let wire = |action: Action| serde_json::to_value(action).unwrap();
    assert_eq!(wire(send(1, 2, false)), json!({"send": {"from": "S1", "to": "S2"}}));
    assert_eq!(wire(send(1, 2, true)), json!({"send": {"from": "S1", "to": "S2", "empty": true}}));
    assert!(!send(1, 2, true).is_outside_fault_model(Rules::ALL_ON));
    assert!(send(1, 2, true).is_beyond_paper() && !send(1, 2, false).is_beyond_paper());
}
