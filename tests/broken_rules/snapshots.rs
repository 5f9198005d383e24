//! What the rules of snapshots and of sessions are good for (§7, D6.3): with the rule off, a scripted run
//! breaks a promise; with the rule on, in the same recording the rule is in the way, and every promise
//! holds.

use super::common::*;
use super::scripts::*;
use wavetank::raft::{Change, Rule};
use wavetank::sim::{Action, PacketName, Setup};
use wavetank::timeline::Run;

/// By hand: the server puts a snapshot in the place of what it has applied.
#[track_caller]
fn compact(run: &mut Run, n: u8) {
    act(run, Action::Snapshot { server: s(n) });
    settle(run);
}

/// By hand: what that leader would send to that server now. It stays on its way.
#[track_caller]
fn send(run: &mut Run, from: u8, to: u8) -> PacketName {
    act(run, Action::Send { from: s(from), to: s(to), empty: false });
    settle(run);
    on_way(run, from, to).last().expect("it was sent").0
}

/// By hand: that message arrives, and the answer at whoever sent it.
#[track_caller]
fn receive(run: &mut Run, message: PacketName) {
    act(run, Action::Deliver { message });
    settle(run);
    let (from, to) = (message.from.server().unwrap(), message.to.server().unwrap());
    deliver(run, to.number(), from.number());
}

#[test]
fn an_old_snapshot_is_ignored() {
    falls(Rule::SnapshotOnlyIfNewer, LED, |run| {
        // S1 and S3 go on without S2, which then needs a snapshot. It comes twice, the second time late.
        propose_unheard(run, 1, "a");
        bring(run, 1, 3);
        compact(run, 1);
        let first = send(run, 1, 2);
        act(run, Action::Duplicate { message: first });
        receive(run, first);
        let late = on_way(run, 1, 2)[0].0;
        assert_eq!((late.sent_us, late.k), (first.sent_us, first.k));
        // Meanwhile S1 and S2 commit another entry, and S2 compacts its log as well.
        propose(run, 1, "b");
        settle(run);
        let next = on_way(run, 1, 2).into_iter().map(|(name, _)| name).find(|name| *name != late);
        receive(run, next.expect("it was sent"));
        let heartbeat = send(run, 1, 2);
        receive(run, heartbeat);
        assert_eq!((commit(run, 1), commit(run, 2)), (3, 3));
        compact(run, 2);
        receive(run, late);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
        goes_on(run, 2, &[3]);
    });
}

#[test]
fn what_follows_a_snapshot_stays_in_the_log() {
    falls(Rule::SnapshotKeepsSuffix, LED, |run| {
        replicate(run, 1, 2);
        drop_all(run, |_| true);
        // S3 gets the first of two entries, and S2 is sent both.
        propose(run, 1, "a");
        settle(run);
        let to_third = on_way(run, 1, 3)[0].0;
        propose_behind(run, "b");
        let both = on_way(run, 1, 2).last().expect("it was sent").0;
        receive(run, to_third);
        assert_eq!(commit(run, 1), 2);
        // That makes one entry a snapshot, which S2 seems to need.
        compact(run, 1);
        let snapshot = send(run, 1, 2);
        receive(run, both);
        assert_eq!((commit(run, 1), log(run, 2)), (3, "222".into()));
        receive(run, snapshot);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
        goes_on(run, 2, &[3]);
    });
}

/// By hand: S1 takes one more command.
#[track_caller]
fn propose_behind(run: &mut Run, text: &str) {
    propose(run, 1, text);
    settle(run);
}

#[test]
fn a_snapshot_carries_the_configuration() {
    falls(Rule::SnapshotCarriesConfiguration, LED, |run| {
        // Three servers become five, and S2 learns all of that from a snapshot.
        bring(run, 1, 3);
        for new in [4, 5] {
            boot(run, new);
            change(run, 1, Change::Add(s(new)));
            drop_all(run, |_| true);
            bring_entries(run, 1, 3);
            bring(run, 1, 4);
            bring(run, 1, 3);
        }
        assert_eq!(commit(run, 1), 3);
        compact(run, 1);
        let snapshot = send(run, 1, 2);
        receive(run, snapshot);
        assert_eq!(commit(run, 2), 3);
        drop_all(run, |_| true);
        elect_by(run, 2, &[3]);
        drop_all(run, |_| true);
        elect_by(run, 4, &[1, 5]);
    });
}

/// With sessions: three servers, and S1 leads.
fn sessions() -> Setup {
    let mut setup = Setup::new(3, 1);
    setup.options.sessions = true;
    setup
}

#[test]
fn a_command_that_comes_twice_is_applied_once() {
    let script = |run: &mut Run| {
        ask_of(run, 1, increment(), None);
        // It is done, and the answer is lost. So the client asks again.
        until(run, 1000, "it is applied", |run| server(run, 1).store.get("x").is_some());
        for message in answers(run) {
            act(run, Action::Drop { message });
        }
        until_told(run, 2000);
        assert_eq!(told(run), "x++: 2");
    };
    falls_in(Rule::Sessions, in_time(sessions(), LED), script);
}

#[test]
fn a_snapshot_carries_the_sessions() {
    let script = |run: &mut Run| {
        act(run, groups("13 2"));
        ask_of(run, 1, increment(), None);
        until_told(run, 1000);
        // S2 gets a snapshot, and after it one more command of the same session.
        act(run, Action::Snapshot { server: s(1) });
        wait(run, 10);
        act(run, Action::Heal);
        until(run, 1000, "S2 has installed it", |run| server(run, 2).node.snapshot().is_some());
        ask_of(run, 1, increment(), None);
        until_told(run, 1000);
        until(run, 1000, "S2 has applied it", |run| server(run, 2).applied == server(run, 1).applied);
        // It was done, says S1. S2 leads, and has not done it: it knows of no such session.
        crash(run, 1);
        elect(run, 2);
        ask_of(run, 2, get(), None);
        until_told(run, 2000);
        assert_eq!(told(run), "x++: 1, x++: 2, x?: 1");
    };
    falls_in(Rule::SnapshotCarriesSessions, in_time(sessions(), LED), script);
}
