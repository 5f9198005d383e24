//! Sessions (D6.3): a command takes effect once, however often it is sent, by whichever leader, and with a
//! snapshot between; sessions end by the log and not by anybody's clock; and a client that has lost its
//! session does not claim to know what it can't.

mod common;

use common::*;
use wavetank::kv::{Op, Output};
use wavetank::raft::{Change, ServerSet, TimerRange};
use wavetank::sim::{Action, Answer, Content, Endpoint, Outcome, Setup, What};
use wavetank::timeline::Run;

fn setup(sessions: bool) -> Setup {
    let mut setup = Setup::new(3, 2);
    setup.options.sessions = sessions;
    setup.options.noop = true;
    setup
}

fn increment() -> Op {
    Op::Increment { key: "n".into() }
}

fn number(n: u64) -> Outcome {
    Outcome::Done(Output::Value(Some(n.to_string())))
}

/// S1 leads, and the client has counted up to 1.
fn counted(setup: &Setup) -> Run {
    let mut run = state_with(setup, "S1:L1 / S2:F1 / S3:F1");
    assert_eq!(ask(&mut run, increment()), number(1));
    run
}

/// What every server that is up has counted to, once all have applied the same.
#[track_caller]
fn total(run: &mut Run) -> String {
    let equal = |run: &Run| {
        let mut up = run.world().servers().iter().filter(|server| server.up);
        let first = up.next().expect("one is up");
        first.node.log().last_index() == first.applied && up.all(|one| one.store == first.store)
    };
    until(run, 10_000, "all have the same", equal);
    assert_eq!(broken(run), []);
    let first = run.world().servers().iter().find(|server| server.up).unwrap();
    first.store.get("n").unwrap_or("0").to_string()
}

/// No answer reaches the client: messages from servers to it vanish.
fn lose_answers(run: &mut Run) {
    let answers: Vec<_> = run
        .world()
        .network()
        .packets()
        .filter(|packet| matches!(packet.name.to, Endpoint::Client(_)))
        .map(|packet| packet.name)
        .collect();
    for message in answers {
        act(run, Action::Drop { message });
    }
}

/// The client asks for one more; it is done, and the answer is lost.
fn done_unheard(run: &mut Run) {
    submit(run, increment());
    let serial = run.world().clients()[0].serial;
    until(run, 1000, "it is answered", |run| {
        run.world().network().packets().any(|packet| {
            matches!(&packet.content, Content::Response { serial: answered, answer: Answer::Done(_) }
                if *answered == serial)
        })
    });
    lose_answers(run);
}

#[track_caller]
fn hears(run: &mut Run) -> Outcome {
    until(run, 60_000, "the client knows", |run| run.world().clients()[0].call.is_none());
    outcome(run).expect("it was finished")
}

#[test]
fn a_session_is_opened_before_the_first_command_and_once() {
    let mut run = counted(&setup(true));
    assert_eq!(ask(&mut run, increment()), number(2));
    let opened = count(&run, |what| {
        matches!(what, What::Delivered { content: Content::Request { op: Op::Register { .. }, .. }, .. })
    });
    assert_eq!(opened, 1);
    wait(&mut run, 200);
    for server in run.world().servers() {
        let sessions = server.store.sessions();
        assert_eq!(sessions.len(), 1, "every server keeps it");
        assert_eq!(sessions[&1].output, Output::Value(Some("2".into())), "with the last answer");
    }
}

#[test]
fn a_command_whose_answer_was_lost_is_asked_again_and_counts_once() {
    for (sessions, expected) in [(true, 2), (false, 3)] {
        let mut run = counted(&setup(sessions));
        done_unheard(&mut run);
        assert_eq!(hears(&mut run), number(expected), "sessions {sessions}");
        assert_eq!(total(&mut run), expected.to_string(), "sessions {sessions}");
    }
}

#[test]
fn it_counts_once_though_another_leads_when_it_is_asked_again() {
    for (sessions, expected) in [(true, 2), (false, 3)] {
        let mut run = counted(&setup(sessions));
        done_unheard(&mut run);
        crash(&mut run, 1);
        assert_eq!(hears(&mut run), number(expected), "sessions {sessions}");
        restart(&mut run, 1);
        assert_eq!(total(&mut run), expected.to_string(), "sessions {sessions}");
    }
}

#[test]
fn it_counts_once_though_the_first_one_has_not_been_committed_when_the_second_comes() {
    // S1 takes it, replicates it and is cut off; the next leader has it in its log, uncommitted.
    let mut run = counted(&setup(true));
    submit(&mut run, increment());
    let last = server(&run, 1).node.log().last_index();
    until(&mut run, 100, "S2 and S3 have it", |run| {
        [2, 3].iter().all(|&n| server(run, n).node.log().last_index() > last)
    });
    crash(&mut run, 1);
    assert_eq!(hears(&mut run), number(2));
    restart(&mut run, 1);
    assert_eq!(total(&mut run), "2");
}

#[test]
fn it_counts_once_though_a_snapshot_lies_between() {
    for (sessions, expected) in [(true, 2), (false, 3)] {
        let mut run = counted(&setup(sessions));
        // S3 misses the command, and gets a snapshot instead of it.
        crash(&mut run, 3);
        done_unheard(&mut run);
        wait(&mut run, 100);
        for n in [1, 2] {
            act(&mut run, Action::Snapshot { server: s(n) });
        }
        wait(&mut run, 100);
        restart(&mut run, 3);
        until(&mut run, 300, "S3 has it by the snapshot", |run| {
            server(run, 3).node.snapshot().is_some() && server(run, 3).store.get("n") == Some("2")
        });
        // Only S3 and one that has forgotten everything but its disk are left.
        crash(&mut run, 1);
        crash(&mut run, 2);
        restart(&mut run, 2);
        assert_eq!(hears(&mut run), number(expected), "sessions {sessions}");
        restart(&mut run, 1);
        assert_eq!(total(&mut run), expected.to_string(), "sessions {sessions}");
    }
}

#[test]
fn it_counts_once_for_servers_that_were_never_there() {
    let mut run = counted(&setup(true));
    done_unheard(&mut run);
    wait(&mut run, 100);
    for n in 1..=3 {
        act(&mut run, Action::Snapshot { server: s(n) });
    }
    for n in 4..=6 {
        act(&mut run, Action::Boot { server: s(n) });
    }
    let change = Change::Joint { voters: set("456"), learners: ServerSet::EMPTY, manual: false };
    act(&mut run, Action::Change { change, at: None });
    until(&mut run, 5000, "a new one leads", |run| leader(run).is_some_and(|id| id.number() > 3));
    (1..=3).for_each(|n| crash(&mut run, n));
    assert_eq!(hears(&mut run), number(2));
    assert_eq!(server(&run, 4).store.get("n").or(server(&run, 5).store.get("n")), Some("2"));
}

#[test]
fn a_session_ends_by_the_log_and_at_the_same_entry_everywhere() {
    let mut setup = setup(true);
    setup.options.session_life = 5;
    let mut run = counted(&setup);
    // The session was used last by the entry of the command.
    let used = server(&run, 1).store.sessions()[&1].used;
    wait(&mut run, 60_000);
    assert_eq!(server(&run, 1).store.sessions().len(), 1, "no clock ends it");
    for n in 1..=6 {
        propose(&mut run, 1, &n.to_string());
        let upto = used + n;
        until(&mut run, 1000, "all have applied it", |run| {
            run.world().servers().iter().all(|server| server.applied.0 == upto)
        });
        for server in run.world().servers() {
            assert_eq!(server.store.sessions()[&1].ended, n > 5, "{n} entries later");
        }
    }
    // A server that learns of it all later comes to the same.
    crash(&mut run, 2);
    restart(&mut run, 2);
    until(&mut run, 1000, "it has applied all again", |run| server(run, 2).applied.0 == used + 6);
    assert!(server(&run, 2).store.sessions()[&1].ended);
}

#[test]
fn a_command_without_a_session_is_refused_and_asked_again_in_a_new_one() {
    let mut setup = setup(true);
    setup.options.session_life = 3;
    let mut run = counted(&setup);
    for n in 0..5 {
        propose(&mut run, 1, &n.to_string());
    }
    wait(&mut run, 100);
    assert_eq!(ask(&mut run, increment()), number(2), "it was asked once only, so it can be asked anew");
    let refused = count(&run, |what| {
        let answer = Answer::Done(Output::NoSession);
        matches!(what, What::Delivered { content: Content::Response { answer: told, .. }, .. } if *told == answer)
    });
    assert_eq!(refused, 1);
    assert_eq!(total(&mut run), "2");
}

#[test]
fn a_client_that_has_lost_its_session_with_a_command_unsure_says_that_it_does_not_know() {
    let mut setup = setup(true);
    setup.options.session_life = 3;
    setup.options.client_timeout_us = 300_000;
    // Whether the command took effect or not, the client can't tell.
    for took_effect in [true, false] {
        let mut run = counted(&setup);
        if took_effect {
            done_unheard(&mut run);
        } else {
            submit(&mut run, increment());
            let requests: Vec<_> = run
                .world()
                .network()
                .packets()
                .filter(|packet| matches!(packet.name.from, Endpoint::Client(_)))
                .map(|packet| packet.name)
                .collect();
            for message in requests {
                act(&mut run, Action::Drop { message });
            }
        }
        for n in 0..6 {
            propose(&mut run, 1, &n.to_string());
        }
        assert_eq!(hears(&mut run), Outcome::Unknown, "took effect: {took_effect}");
        assert_eq!(total(&mut run), if took_effect { "2" } else { "1" });
        // It goes on with a new one.
        let next = if took_effect { 3 } else { 2 };
        assert_eq!(ask(&mut run, increment()), number(next));
    }
}

#[test]
fn an_old_command_that_comes_after_a_later_one_does_nothing() {
    // The client's first request is on a slow way: it asks again, is answered and goes on.
    let mut setup = setup(true);
    setup.options.client_timeout_us = 200_000;
    let mut run = counted(&setup);
    submit(&mut run, increment());
    let first = run
        .world()
        .network()
        .packets()
        .find(|packet| matches!(packet.name.from, Endpoint::Client(_)))
        .map(|packet| packet.name)
        .expect("it is on its way");
    act(&mut run, Action::Hold { message: first });
    assert_eq!(hears(&mut run), number(2));
    assert_eq!(ask(&mut run, increment()), number(3));
    act(&mut run, Action::Release { message: first });
    wait(&mut run, 500);
    assert_eq!(total(&mut run), "3");
    assert_eq!(ask(&mut run, increment()), number(4));
}

#[test]
fn through_crashes_and_bad_links_every_command_counts_once() {
    for seed in 0..20 {
        let mut setup = setup(true);
        setup.seed = wavetank::sim::Seed(seed);
        setup.options.snapshot_every = 4;
        setup.options.snapshot_chunk = 50;
        setup.options.client_timeout_us = 100_000;
        setup.options.client_attempts = 1000;
        setup.options.link.loss_ppm = 200_000;
        setup.options.link.duplicate_ppm = 100_000;
        setup.options.link.latency = TimerRange { min_us: 1000, max_us: 20_000 };
        let mut run = Run::new(&setup).unwrap();
        for n in 1..=12 {
            submit(&mut run, increment());
            wait(&mut run, 40 * (n % 5));
            let victim = (n * 7 + seed) % 3 + 1;
            crash(&mut run, victim as u8);
            wait(&mut run, 100);
            restart(&mut run, victim as u8);
            assert_eq!(hears(&mut run), number(n), "seed {seed}");
        }
        assert_eq!(total(&mut run), "12", "seed {seed}");
    }
}

#[test]
fn two_clients_have_a_session_each() {
    let mut setup = setup(true);
    setup.options.workload_every_us = 30_000;
    let mut run = Run::new(&setup).unwrap();
    for n in 1..=5 {
        assert_eq!(ask(&mut run, increment()), number(n));
    }
    wait(&mut run, 200);
    let sessions = server(&run, 1).store.sessions();
    assert_eq!(sessions.keys().copied().collect::<Vec<_>>(), [1, 2]);
}
