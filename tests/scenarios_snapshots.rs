//! The scenarios of lab 3D of that course, on the timed world: snapshots, with everything that can go
//! wrong while they are taken, sent and installed.

mod common;
#[path = "common/lab.rs"]
mod lab;

use common::*;
use lab::*;
use wavetank::kv::{Op, Output};
use wavetank::raft::{Body, Message, ServerSet, TimerRange};
use wavetank::sim::{Action, Content, Link, Options, Outcome, Setup, What};
use wavetank::timeline::Run;

/// How many applied entries make a snapshot.
const EVERY: u64 = 10;

fn options() -> Options {
    Options { snapshot_every: EVERY as u32, noop: true, ..Options::default() }
}

fn cluster_with(servers: u8, seed: u64, options: Options) -> Run {
    let mut run = run_of(&Setup { options, ..Setup::new(servers, seed) });
    run.keep_events(1_000_000);
    run
}

/// How many entries are in a server's log that no snapshot covers.
fn length(run: &Run, n: u8) -> u64 {
    server(run, n).node.log().iter().count() as u64
}

/// How many snapshots were installed so far.
fn installed(run: &Run) -> usize {
    let last_piece = |message: &Message| matches!(message.body, Body::InstallSnapshot { done: true, .. });
    count(run, |what| match what {
        What::Delivered { content: Content::Raft(message), .. } => last_piece(message),
        _ => false,
    })
}

#[test]
fn logs_stay_short_however_much_is_agreed_on() {
    let mut run = cluster_with(3, 1, options());
    for n in 1..=100 {
        agree(&mut run, 3);
        for id in 1..=3 {
            assert!(length(&run, id) <= EVERY + 3, "S{id} after {n}: {}", length(&run, id));
        }
    }
    assert!((1..=3).all(|n| server(&run, n).node.log().base_index().0 >= 90));
    assert_eq!(installed(&run), 0, "nobody lacks anything");
    comes_together(&mut run);
}

/// What befalls one of three servers, again and again, while the others go on.
#[derive(Clone, Copy)]
struct Trouble {
    cut_off: bool,
    crash: bool,
    bad_links: bool,
    /// Bytes in one message.
    chunk: u32,
}

fn snapshots_under(trouble: Trouble, seed: u64) {
    let Trouble { cut_off: cuts, crash: crashes, bad_links, chunk } = trouble;
    let mut options = Options { snapshot_chunk: chunk, ..options() };
    if bad_links {
        let latency = TimerRange { min_us: 0, max_us: 27_000 };
        options.link = Link { latency, loss_ppm: 100_000, duplicate_ppm: 50_000, ..Link::default() };
    }
    let mut run = cluster_with(3, seed, options);
    let all = ServerSet::first(3);
    for round in 0..15 {
        agree(&mut run, 3);
        let leader = await_leader(&mut run, all);
        let others = list(all.minus(only(leader)));
        let victim = if round % 3 == 2 { leader } else { others[round % 2] };
        if cuts {
            cut_off(&mut run, only(victim));
        }
        if crashes {
            crash(&mut run, victim.number());
        }
        for _ in 0..=EVERY {
            agree(&mut run, 2);
        }
        let behind = commit(&run, victim.number());
        connect_all(&mut run);
        restart_all(&mut run);
        agree(&mut run, 3);
        assert!(commit(&run, victim.number()) > behind);
        // What is not applied yet can't be in a snapshot.
        assert!((1..=3).all(|n| length(&run, n) <= 2 * EVERY), "{}", story(&run));
    }
    assert!(installed(&run) >= 10, "{} were installed", installed(&run));
    comes_together(&mut run);
}

const CALM: Trouble = Trouble { cut_off: false, crash: false, bad_links: false, chunk: 0 };

#[test]
fn who_was_cut_off_is_sent_a_snapshot() {
    snapshots_under(Trouble { cut_off: true, ..CALM }, 2);
    snapshots_under(Trouble { cut_off: true, chunk: 7, ..CALM }, 2);
}

#[test]
fn who_was_cut_off_is_sent_a_snapshot_over_bad_links_too() {
    snapshots_under(Trouble { cut_off: true, bad_links: true, ..CALM }, 3);
    snapshots_under(Trouble { cut_off: true, bad_links: true, chunk: 20, ..CALM }, 3);
}

#[test]
fn who_was_down_is_sent_a_snapshot() {
    snapshots_under(Trouble { crash: true, ..CALM }, 4);
    snapshots_under(Trouble { crash: true, chunk: 7, ..CALM }, 4);
}

#[test]
fn who_was_down_is_sent_a_snapshot_over_bad_links_too() {
    snapshots_under(Trouble { crash: true, bad_links: true, ..CALM }, 5);
    snapshots_under(Trouble { crash: true, bad_links: true, chunk: 20, ..CALM }, 5);
}

#[test]
fn everyone_crashes_and_the_snapshots_are_still_there() {
    let mut run = cluster_with(3, 6, options());
    for round in 0..5 {
        for _ in 0..(EVERY / 2 + round * 3) {
            agree(&mut run, 3);
        }
        let committed = run.checker().committed();
        (1..=3).for_each(|n| crash(&mut run, n));
        restart_all(&mut run);
        agree(&mut run, 3);
        assert!(run.checker().committed() > committed, "nothing is agreed on a second time");
    }
    comes_together(&mut run);
}

#[test]
fn a_server_that_has_come_up_from_a_snapshot_keeps_it_until_it_has_another() {
    let mut run = cluster_with(3, 7, options());
    assert_eq!(ask(&mut run, put("first", "kept")), Outcome::Done(Output::Done));
    for _ in 0..EVERY {
        agree(&mut run, 3);
    }
    let covered: Vec<u64> = (1..=3).map(|n| server(&run, n).node.log().base_index().0).collect();
    assert!(covered.iter().all(|index| *index >= EVERY), "{covered:?}");
    for _ in 0..3 {
        (1..=3).for_each(|n| crash(&mut run, n));
        restart_all(&mut run);
        // It stands on its snapshot, before anyone has said anything.
        for n in 1..=3 {
            assert_eq!(server(&run, n).node.log().base_index().0, covered[n as usize - 1]);
            assert_eq!(server(&run, n).store.get("first"), Some("kept"));
        }
        // Too little for another snapshot.
        agree(&mut run, 3);
    }
    let read = ask(&mut run, Op::Get { key: "first".into() });
    assert_eq!(read, Outcome::Done(Output::Value(Some("kept".into()))));
    comes_together(&mut run);
}

#[test]
fn a_follower_that_slept_through_a_snapshot_or_two_comes_back_to_the_log() {
    for window in [0, 4] {
        let mut run = cluster_with(3, 8, Options { window, ..options() });
        agree(&mut run, 3);
        let leader = await_leader(&mut run, ServerSet::first(3));
        let sleeper = list(ServerSet::first(3).minus(only(leader)))[0];
        act(&mut run, Action::Pause { server: sleeper });
        for _ in 0..3 * EVERY {
            agree(&mut run, 2);
        }
        let before = installed(&run);
        act(&mut run, Action::Resume { server: sleeper });
        agree(&mut run, 3);
        assert!(installed(&run) > before, "what it lacks is in no log any more");
        let since = installed(&run);
        for _ in 0..3 {
            agree(&mut run, 3);
        }
        assert_eq!(installed(&run), since, "and then entries do");
        comes_together(&mut run);
    }
}

#[test]
fn snapshots_by_hand_at_any_moment_harm_nobody() {
    let mut run = cluster_with(3, 9, Options { snapshot_chunk: 10, ..Options::default() });
    let mut dice = Dice::new(9);
    let all = ServerSet::first(3);
    for round in 0..100 {
        append_word(&mut run, &round.to_string());
        let server = dice.pick(&list(all));
        // With nothing new to put into it, it is refused.
        let _ = run.act(Action::Snapshot { server });
        match dice.below(8) {
            0 => cut_off(&mut run, only(server)),
            1 => connect_all(&mut run),
            2 => drop(run.act(Action::Crash { server })),
            3 => restart_all(&mut run),
            _ => {}
        }
        wait(&mut run, dice.below(100));
    }
    connect_all(&mut run);
    restart_all(&mut run);
    hear_out(&mut run);
    comes_together(&mut run);
    assert!(installed(&run) > 3, "{} were installed", installed(&run));
    assert!(assert_words(&run) > 80);
}
