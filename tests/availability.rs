//! Where two features meet, a cluster stays available: a healthy leader is not deposed, a transfer ends with a
//! leader, a change that can't be made is aborted with a word, and every request is answered. `tests/seams.rs`
//! looks for such faults in storms; here each that was found has a test of its own.

mod common;

use common::bench::*;
use common::*;
use wavetank::explain::{Scene, sentence};
use wavetank::kv::Op;
use wavetank::raft::{
    Change, Configuration, Index, Options, Pace, ReadMode, RoleName, Rule, ServerSet, Timer, TimerRange,
};
use wavetank::sim::{Action, Link, Outcome, Setup, What};
use wavetank::timeline::{Actor, Run, Start, Timeline};

fn noop() -> Options {
    Options { noop: true, ..options() }
}

fn checked() -> Options {
    Options { check_quorum: true, ..noop() }
}

/// A world in which nobody disturbs a healthy leader.
fn guarded() -> wavetank::sim::Options {
    wavetank::sim::Options {
        noop: true,
        pre_vote: true,
        check_quorum: true,
        stickiness: true,
        ..Default::default()
    }
}

fn of(voters: &str) -> Configuration {
    Configuration::of(set(voters))
}

fn to_joint(voters: &str, manual: bool) -> Change {
    Change::Joint { voters: set(voters), learners: ServerSet::EMPTY, manual }
}

/// S1, the leader of term 2 of these servers. Its no-op, entry 1, is committed.
fn settled(options: Options, voters: &str) -> Bench {
    let mut bench = Bench::of(options, of(voters), 1, "").elected();
    for peer in of(voters).all_voters().iter().filter(|peer| *peer != s(1)) {
        bench.receive(peer.number(), 2, success(2, 0, 1));
    }
    bench.sync_all();
    assert_eq!(bench.state(), "L2 v1 2 c1");
    bench
}

/// That follower has everything up to there. What comes of it, all writes done.
fn stored(bench: &mut Bench, from: u8, upto: u64) -> Vec<String> {
    let mut told = bench.sync_all();
    told.extend(bench.receive(from, 2, success(2, 0, upto)));
    told.extend(bench.sync_all());
    told
}

fn has_timeout_now(told: &[String], to: u8) -> bool {
    has(told, &format!("to S{to} t2: stand now"))
}

// CheckQuorum and membership (D6.2).

#[test]
fn a_voter_that_has_just_joined_counts_as_heard_until_the_next_check_and_not_after_it() {
    for change in [Change::Add(s(2)), to_joint("123", false), to_joint("456", false)] {
        let mut bench = settled(checked(), "1");
        bench.fire(Timer::Heartbeat);
        bench.change(change);
        bench.fire(Timer::Quorum);
        assert!(bench.node.is_leader(), "{change}: nobody was silent for an election timeout");
        bench.fire(Timer::Quorum);
        assert!(!bench.node.is_leader(), "{change}: now they were");
    }
}

#[test]
fn a_learner_that_becomes_a_voter_counts_as_heard_as_well() {
    let mut bench = settled(checked(), "1");
    bench.fire(Timer::Heartbeat);
    bench.change(Change::Learner(s(2)));
    bench.sync_all();
    bench.fire(Timer::Quorum);
    assert!(bench.node.is_leader());
    bench.change(Change::Add(s(2)));
    bench.fire(Timer::Quorum);
    assert!(bench.node.is_leader(), "as a learner it need not have answered");
}

#[test]
fn a_voter_that_has_just_joined_confirms_no_round_of_heartbeats() {
    let mut bench = settled(checked(), "1");
    bench.change(Change::Add(s(2)));
    let told = bench.read(1, ReadMode::ReadIndex);
    assert!(!has(&told, "read 1 is ready"), "{told:?}");
}

#[test]
fn what_was_heard_before_the_check_was_switched_on_does_not_count() {
    let mut bench = settled(noop(), "123");
    bench.node.set_options(checked());
    bench.fire(Timer::Heartbeat);
    bench.fire(Timer::Quorum);
    assert_eq!(bench.node.role().name(), RoleName::Follower, "the answers are older than the check");
}

/// At many moments of an election timeout.
#[test]
fn joint_changes_depose_no_healthy_leader() {
    for (servers, voters) in [(5, "145"), (6, "456"), (7, "14567")] {
        for offset_ms in (0..300).step_by(23) {
            let mut run = Run::new(&Setup { options: guarded(), ..Setup::new(3, 5) }).unwrap();
            for n in 4..=servers {
                act(&mut run, Action::Boot { server: s(n) });
            }
            until(&mut run, 5000, "a leader", |run| leader(run).is_some());
            wait(&mut run, 1000 + offset_ms);
            let (old, term) =
                (leader(&run).unwrap(), server(&run, leader(&run).unwrap().number()).node.term());
            act(&mut run, Action::Change { change: to_joint(voters, true), at: None });
            wait(&mut run, 2000);
            assert_eq!(leader(&run), Some(old), "{voters} after {offset_ms} ms");
            assert_eq!(server(&run, old.number()).node.term(), term, "{voters} after {offset_ms} ms");
        }
    }
}

// Transfer and membership (D3.10).

#[test]
fn while_leadership_is_handed_over_the_leader_appends_no_c_new() {
    let mut bench = settled(noop(), "123");
    bench.change(to_joint("1234", false));
    bench.transfer(2);
    stored(&mut bench, 3, 2);
    let told = stored(&mut bench, 2, 2);
    assert!(has_timeout_now(&told, 2), "{told:?}");
    stored(&mut bench, 4, 2);
    assert_eq!((bench.node.commit(), bench.log().as_str()), (Index(2), "22"), "C_old,new is committed");
    bench.fire(Timer::Transfer);
    assert_eq!((bench.log().as_str(), *bench.node.configuration()), ("222", of("1234")), "given up");
}

#[test]
fn while_leadership_is_handed_over_the_leader_promotes_no_learner() {
    let mut bench = settled(Options { catch_up_rounds: 5, ..noop() }, "123");
    bench.change(Change::Add(s(4)));
    stored(&mut bench, 2, 2);
    bench.transfer(3);
    stored(&mut bench, 4, 2);
    assert_eq!(bench.log(), "22");
    assert_eq!(bench.node.leadership().unwrap().catch_up.unwrap().pace, Pace::CaughtUp);
    bench.fire(Timer::Transfer);
    assert_eq!((bench.log().as_str(), *bench.node.configuration()), ("222", of("1234")));
}

#[test]
fn while_leadership_is_handed_over_no_no_op_is_appended() {
    let mut bench = Bench::leader(3, 2, "1");
    bench.receive(2, 2, success(2, 1, 0));
    bench.transfer(2);
    bench.node.set_options(noop());
    bench.fire(Timer::Heartbeat);
    assert_eq!(bench.log(), "1");
    bench.fire(Timer::Transfer);
    bench.fire(Timer::Heartbeat);
    assert_eq!(bench.log(), "12");
}

#[test]
fn a_transfer_that_is_asked_for_with_a_joint_change_ends_with_its_target_leading() {
    for seed in 1..=30 {
        let mut run = Run::new(&Setup { options: guarded(), ..Setup::new(5, seed) }).unwrap();
        until(&mut run, 5000, "a leader", |run| leader(run).is_some());
        wait(&mut run, 500);
        let old = leader(&run).unwrap();
        let to = run.world().ids().find(|id| *id != old).unwrap();
        let voters: ServerSet =
            run.world().ids().filter(|id| *id == to || *id == old || id.number() > 3).collect();
        let change = Change::Joint { voters, learners: ServerSet::EMPTY, manual: false };
        act(&mut run, Action::Change { change, at: None });
        act(&mut run, Action::Transfer { to, at: None });
        wait(&mut run, 290);
        assert_eq!(leader(&run), Some(to), "seed {seed}: {}", story(&run));
    }
}

#[test]
fn timeout_now_is_repeated_with_each_heartbeat_until_the_transfer_is_given_up() {
    let mut bench = settled(noop(), "123");
    bench.receive(2, 2, success(2, 1, 0));
    assert!(has_timeout_now(&bench.transfer(2), 2));
    for _ in 0..2 {
        assert!(has_timeout_now(&bench.fire(Timer::Heartbeat), 2), "the first one may have been lost");
    }
    bench.fire(Timer::Transfer);
    assert!(!has_timeout_now(&bench.fire(Timer::Heartbeat), 2));
}

#[test]
fn reads_that_put_off_the_heartbeat_hold_up_neither_timeout_now_nor_the_check_of_the_quorum() {
    let mut bench = settled(noop(), "123");
    bench.receive(2, 2, success(2, 1, 0));
    bench.transfer(2);
    let told = bench.read(1, ReadMode::ReadIndex);
    assert!(has(&told, "heartbeat timer") && has_timeout_now(&told, 2), "{told:?}");

    let mut bench = settled(noop(), "123");
    bench.node.set_options(checked());
    bench.read(1, ReadMode::ReadIndex);
    bench.fire(Timer::Quorum);
    assert!(!bench.node.is_leader(), "nobody has answered since the option was switched on");
}

#[test]
fn timeout_now_is_not_repeated_before_it_was_sent() {
    let mut bench = settled(noop(), "123");
    bench.propose();
    bench.transfer(2);
    assert!(!has_timeout_now(&bench.fire(Timer::Heartbeat), 2), "S2 lacks an entry");
}

#[test]
fn a_transfer_whose_first_timeout_now_is_lost_still_ends_with_its_target_leading() {
    let mut run = cluster(3, 3);
    until(&mut run, 5000, "a leader", |run| leader(run).is_some());
    wait(&mut run, 500);
    let old = leader(&run).unwrap();
    let to = run.world().ids().find(|id| *id != old).unwrap();
    act(&mut run, Action::Transfer { to, at: None });
    let is_it = |body: &wavetank::raft::Body| matches!(body, wavetank::raft::Body::TimeoutNow);
    let packets = run.world().network().packets();
    let lost = packets.filter(|packet| match &packet.content {
        wavetank::sim::Content::Raft(message) => is_it(&message.body),
        _ => false,
    });
    let lost: Vec<_> = lost.map(|packet| packet.name).collect();
    assert_eq!(lost.len(), 1);
    act(&mut run, Action::Drop { message: lost[0] });
    wait(&mut run, 140);
    assert_eq!(leader(&run), Some(to), "{}", story(&run));
}

#[test]
fn a_voter_of_the_old_configuration_is_refused_as_one_that_leaves() {
    let mut bench = settled(noop(), "123");
    bench.change(to_joint("145", true));
    assert_eq!(
        bench.transfer(2),
        ["refused: S2 is leaving the configuration, so hand leadership over to a server that stays"]
    );
    assert_eq!(bench.transfer(9), ["refused: S9 has no vote, so it can't lead"]);
}

// Catching up and joint consensus (§6, D4.2.1).

#[test]
fn new_voters_of_a_joint_change_catch_up_first() {
    let mut bench = settled(Options { catch_up_rounds: 5, ..noop() }, "123");
    bench.change(to_joint("1245", false));
    let learners = Configuration { learners: set("45"), ..of("123") };
    assert_eq!(*bench.node.configuration(), learners, "they are empty");
    stored(&mut bench, 4, 2);
    stored(&mut bench, 2, 2);
    assert_eq!(*bench.node.configuration(), learners, "S5 has nothing yet");
    stored(&mut bench, 5, 2);
    assert_eq!(
        *bench.node.configuration(),
        Configuration { outgoing: set("123"), auto_leave: true, ..of("1245") }
    );
}

#[test]
fn with_the_rule_off_new_voters_of_a_joint_change_vote_at_once() {
    let mut bench = settled(Options { catch_up_rounds: 5, ..noop() }, "123");
    bench.rules = bench.rules.set(Rule::LearnersCatchUpFirst, false);
    bench.change(to_joint("1245", true));
    assert!(bench.node.configuration().is_joint());
}

#[test]
fn a_joint_change_without_new_voters_waits_for_nobody() {
    let mut bench = settled(Options { catch_up_rounds: 5, ..noop() }, "12345");
    bench.change(to_joint("123", true));
    assert!(bench.node.configuration().is_joint());
}

#[test]
fn a_catch_up_whose_last_round_is_too_long_is_aborted_and_an_event_says_so() {
    let options =
        wavetank::sim::Options { noop: true, catch_up_rounds: 2, ..wavetank::sim::Options::default() };
    let mut run = Run::new(&Setup { options, ..Setup::new(3, 5) }).unwrap();
    act(&mut run, Action::Boot { server: s(4) });
    until(&mut run, 5000, "a leader", |run| leader(run).is_some());
    wait(&mut run, 500);
    act(&mut run, Action::Crash { server: s(4) });
    act(&mut run, Action::Change { change: Change::Add(s(4)), at: None });
    let id = leader(&run).unwrap();
    until(&mut run, 5000, "the change is aborted", |run| {
        server(run, id.number()).node.leadership().is_some_and(|leading| leading.catch_up.is_none())
    });
    let event = run.events().back().expect("it has just happened").clone();
    assert!(matches!(event.what, What::Fired { timer: Timer::CatchUp }), "{:?}", event.what);
    let text = sentence(&event, Scene::of(&run)).text;
    assert!(text.contains(&format!("{id} aborts the change of the configuration")), "{text}");
    assert!(text.contains("S4") && text.contains("stays a learner"), "{text}");
    assert!(server(&run, id.number()).node.configuration().learners.contains(s(4)));
}

#[test]
fn a_server_that_is_caught_up_is_not_counted_as_slow_while_its_change_waits() {
    let mut bench = settled(Options { catch_up_rounds: 1, ..noop() }, "123");
    bench.change(Change::Add(s(4)));
    stored(&mut bench, 4, 2);
    assert_eq!(bench.node.commit(), Index(1), "that it is a learner is not committed");
    bench.fire(Timer::CatchUp);
    stored(&mut bench, 2, 2);
    assert_eq!(*bench.node.configuration(), of("1234"));
}

// The no-op that is switched on (§8).

#[test]
fn a_leader_without_an_entry_of_its_own_term_appends_the_no_op_that_is_switched_on() {
    let mut bench = Bench::leader(3, 2, "1");
    bench.fire(Timer::Heartbeat);
    assert_eq!(bench.log(), "1");
    bench.node.set_options(noop());
    let told = bench.fire(Timer::Heartbeat);
    assert_eq!(bench.log(), "12");
    assert_eq!(sent(&told), ["to S2 t2: append 1.1 2 c0", "to S3 t2: append 1.1 2 c0"]);
    bench.fire(Timer::Heartbeat);
    assert_eq!(bench.log(), "12", "one is enough");
}

#[test]
fn a_read_after_the_no_op_was_switched_on_is_answered_and_breaks_nothing() {
    let mut run = cluster(3, 2);
    until(&mut run, 5000, "a leader", |run| leader(run).is_some());
    wait(&mut run, 300);
    let options = wavetank::sim::Options { noop: true, ..run.world().options().clone() };
    act(&mut run, Action::SetOptions { options });
    for _ in 0..3 {
        let op = Op::Get { key: "x".into() };
        act(&mut run, Action::Submit { op, to: None, mode: Some(ReadMode::ReadIndex) });
    }
    wait(&mut run, 20_000);
    assert!(run.violations().is_empty(), "{:?}", run.violations());
    assert!(run.world().clients()[0].call.is_none(), "they are answered");
}

// Timers (§5.2).

#[test]
fn a_clock_that_runs_fast_makes_no_timer_take_no_time() {
    let election = TimerRange { min_us: 1, max_us: 9 };
    let options = wavetank::sim::Options { election, ..Default::default() };
    let mut run = Run::new(&Setup { options, ..Setup::new(3, 1) }).unwrap();
    act(&mut run, Action::SetClock { server: s(1), ppm: 9_000_000 });
    for _ in 0..5000 {
        run.step();
    }
    assert!(run.world().now_us() >= 400, "{} µs after 5,000 events", run.world().now_us());
}

#[test]
fn an_election_timeout_under_a_millisecond_can_not_be_set_any_more_but_a_recording_with_one_opens() {
    let short = |min_us| wavetank::sim::Options {
        election: TimerRange { min_us, max_us: 9000 },
        ..Default::default()
    };
    let recording = Run::new(&Setup { options: short(1), ..Setup::new(3, 1) }).unwrap().recording();
    assert!(Run::replay(&recording).is_ok());
    let told = "election: 999 µs to 9 ms is out of bounds; use 1 ms to 600 s";
    assert_eq!(short(999).check_new(), Err(told.into()));
    assert_eq!(short(1000).check_new(), Ok(()));
    let mut timeline = Timeline::new(&Setup::new(3, 1), Start::Empty).unwrap();
    let refused = timeline.act(Action::SetOptions { options: short(999) }).unwrap_err();
    assert_eq!(refused.to_string(), told);
    assert!(timeline.act(Action::SetOptions { options: short(1000) }).is_ok());
}

// Clients (D6.2, D6.3).

#[test]
fn a_server_that_may_not_start_an_election_forgets_a_silent_leader() {
    let learner = Configuration { learners: set("1"), ..of("23") };
    for configuration in [learner, of("23")] {
        let mut bench = Bench::of(options(), configuration, 2, "2");
        bench.receive(2, 2, append((1, 2), "", 0));
        assert_eq!(bench.node.leader(), Some(s(2)));
        bench.fire(Timer::Election);
        assert_eq!(bench.node.leader(), None, "{configuration}");
        bench.receive(2, 2, append((1, 2), "", 0));
        assert_eq!(bench.node.leader(), Some(s(2)), "until it is heard again");
    }
}

#[test]
fn a_client_that_is_sent_round_by_removed_servers_comes_to_the_leader() {
    let mut run = Run::new(&Setup {
        options: wavetank::sim::Options { noop: true, ..Default::default() },
        ..Setup::new(5, 4)
    })
    .unwrap();
    until(&mut run, 5000, "a leader", |run| leader(run).is_some());
    wait(&mut run, 500);
    let old = leader(&run).unwrap();
    let stays: ServerSet = run.world().ids().filter(|id| *id != old).take(3).collect();
    act(
        &mut run,
        Action::Change {
            change: Change::Joint { voters: stays, learners: ServerSet::EMPTY, manual: false },
            at: None,
        },
    );
    wait(&mut run, 3000);
    let removed = run.world().ids().find(|id| !stays.contains(*id) && *id != old).unwrap();
    let op = Op::Put { key: "x".into(), value: "1".into() };
    act(&mut run, Action::Submit { op, to: Some(removed), mode: None });
    wait(&mut run, 3000);
    let finished = run.world().clients()[0].finished.back().expect("it is over");
    assert!(matches!(finished.outcome, Outcome::Done(_)), "{finished:?}");
}

#[test]
fn clients_whose_sessions_end_each_other_give_up_in_time() {
    let options = wavetank::sim::Options {
        sessions: true,
        session_life: 1,
        workload_every_us: 20_000,
        client_attempts: 2,
        client_timeout_us: 300_000,
        noop: true,
        ..Default::default()
    };
    assert!(options.warnings().iter().any(|warning| warning.contains("Sessions are too short")));
    let mut run = Run::new(&Setup { options, ..Setup::new(3, 1) }).unwrap();
    let op = Op::Put { key: "x".into(), value: "1".into() };
    until(&mut run, 5000, "a leader", |run| leader(run).is_some());
    act(&mut run, Action::Submit { op, to: None, mode: None });
    wait(&mut run, 60_000);
    let finished = run.world().clients()[0].finished.back().expect("it is over");
    assert!(finished.returned_us - finished.called_us < 1_000_000, "{finished:?}");
}

#[test]
fn options_that_can_block_a_cluster_for_ever_are_warned_of() {
    let warned = |pre_vote, stickiness, check_quorum| {
        let options = wavetank::sim::Options { pre_vote, stickiness, check_quorum, ..Default::default() };
        options.warnings().iter().any(|warning| warning.contains("without CheckQuorum"))
    };
    assert!(warned(true, false, false) && warned(false, true, false) && warned(true, true, false));
    assert!(!warned(true, true, true) && !warned(false, false, true) && !warned(false, false, false));
}

// A leader that is removed (D3.10, D4.2.2).

#[test]
fn with_the_option_a_removed_leader_hands_over_before_it_steps_down() {
    let mut bench = settled(Options { hand_over_on_removal: true, ..noop() }, "123");
    bench.change(Change::Remove(s(1)));
    stored(&mut bench, 3, 2);
    let told = stored(&mut bench, 2, 2);
    assert_eq!((bench.node.is_leader(), bench.node.transferring()), (true, Some(s(2))), "{told:?}");
    assert!(has_timeout_now(&told, 2), "{told:?}");
    assert_eq!(bench.propose(), ["refused: it is handing its leadership over to S2"]);
    bench.receive(2, 3, transfer_request(2, 2));
    assert_eq!(bench.node.role().name(), RoleName::Follower);
}

#[test]
fn a_removed_leader_whose_successor_is_silent_steps_down_after_an_election_timeout() {
    let mut bench = settled(Options { hand_over_on_removal: true, ..noop() }, "123");
    bench.change(Change::Remove(s(1)));
    stored(&mut bench, 2, 2);
    stored(&mut bench, 3, 2);
    assert!(bench.node.is_leader());
    bench.fire(Timer::Transfer);
    assert_eq!(bench.state(), "F2 v1 22 c2");
}

#[test]
fn the_sentence_says_that_a_removed_leader_hands_over() {
    let options = wavetank::sim::Options { noop: true, hand_over_on_removal: true, ..Default::default() };
    let mut run = Run::new(&Setup { options, ..Setup::new(3, 1) }).unwrap();
    until(&mut run, 5000, "a leader", |run| leader(run).is_some());
    wait(&mut run, 500);
    let old = leader(&run).unwrap();
    act(&mut run, Action::Change { change: Change::Remove(old), at: None });
    until(&mut run, 2000, "it hands over", |run| server(run, old.number()).node.transferring().is_some());
    let text = sentence(run.events().back().unwrap(), Scene::of(&run)).text;
    assert!(
        text.contains("it has no place in the committed configuration, and hands its leadership over to S"),
        "{text}"
    );
}

/// How long nobody leads when the leader is removed, in µs.
fn gap_us(seed: u64, hand_over_on_removal: bool) -> u64 {
    let options = wavetank::sim::Options { noop: true, hand_over_on_removal, ..Default::default() };
    let mut run = Run::new(&Setup { options, ..Setup::new(5, seed) }).unwrap();
    until(&mut run, 5000, "a leader", |run| leader(run).is_some());
    wait(&mut run, 500);
    let old = leader(&run).unwrap();
    act(&mut run, Action::Change { change: Change::Remove(old), at: None });
    let gone =
        until(&mut run, 2000, "it has stepped down", |run| !server(run, old.number()).node.is_leader());
    until(&mut run, 5000, "another leader", |run| leader(run).is_some_and(|id| id != old)) - gone
}

#[test]
fn a_leadership_that_is_handed_over_before_a_removal_leaves_a_shorter_gap() {
    for seed in 1..=10 {
        let (with, without) = (gap_us(seed, true), gap_us(seed, false));
        let round_trips_us = 2 * 2 * Link::default().latency.max_us;
        assert!(with <= round_trips_us && without > with, "seed {seed}: {with} and {without} µs");
    }
}

// Copies of a message.

#[test]
fn a_message_has_255_copies_at_most_and_the_next_is_refused() {
    let mut run = state("S1:L2 2 / S2:F2 2 / S3:F2 2");
    let (message, _) = on_way(&run, 1, 2)[0];
    for _ in 0..255 {
        act(&mut run, Action::Duplicate { message });
    }
    assert_eq!(on_way(&run, 1, 2).len(), 256);
    let why = run.act(Action::Duplicate { message }).unwrap_err().to_string();
    assert_eq!(why, format!("the message {message} has had 255 copies, and there are names for no more"));
    assert_eq!(on_way(&run, 1, 2).len(), 256);
}
