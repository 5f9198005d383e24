//! Schedules: faults that a run brings about by itself, again and again, drawn by name.

mod common;

use common::{act, cluster, s, set, state};
use std::sync::Arc;
use wavetank::check::Property;
use wavetank::explain::{Scene, sentence};
use wavetank::kv::Op;
use wavetank::raft::{ReadMode, Rule, Rules, ServerId};
use wavetank::sim::{Action, Event, EventId, Fault, LinkPreset, Options, Setup, What, Workload};
use wavetank::timeline::{Actor, Recording, Run, Target, Timeline};

const S: u64 = 1_000_000;

fn every(fault: Fault, every_us: u64, for_us: Option<u64>) -> Action {
    Action::Schedule { fault, every_us, for_us }
}

/// What schedules did from that event on: when, and what; with an exclamation mark where nothing came of it.
fn done(run: &Run, since: EventId) -> Vec<(u64, String)> {
    let told = |event: &Arc<Event>| match &event.what {
        What::Acted { action, refused } if event.is_scheduled() => {
            let mark = if refused.is_some() { "!" } else { "" };
            Some((event.at_us, format!("{}{mark}", serde_json::to_value(action).unwrap())))
        }
        _ => None,
    };
    run.events().iter().filter(|event| event.id >= since).filter_map(told).collect()
}

fn times(run: &Run, since: EventId) -> Vec<u64> {
    done(run, since).into_iter().map(|(at_us, _)| at_us).collect()
}

#[test]
fn a_random_server_crashes_every_five_seconds_and_comes_back_after_one() {
    let mut run = cluster(5, 7);
    run.run_until(S);
    let id = act(&mut run, every(Fault::Crash, 5 * S, Some(S)));
    run.run_until(5_999_999);
    assert_eq!(times(&run, id), [] as [u64; 0]);
    run.run_until(22 * S);
    assert_eq!(times(&run, id), [6 * S, 7 * S, 11 * S, 12 * S, 16 * S, 17 * S, 21 * S, 22 * S]);
    let did = done(&run, id);
    let mut victims = Vec::new();
    for pair in did.chunks(2) {
        let [crash, restart] = [&pair[0].1, &pair[1].1];
        assert_eq!(crash.replace("crash", "restart"), *restart);
        victims.push(crash.clone());
    }
    victims.sort();
    victims.dedup();
    assert!(victims.len() > 1, "always the same: {victims:?}");
    assert!(run.world().servers().iter().all(|server| server.up));
    assert!(run.violations().is_empty(), "{:?}", run.violations());
}

#[test]
fn what_a_schedule_does_is_caused_by_its_action_and_stands_in_no_recording() {
    let mut run = cluster(5, 7);
    let id = act(&mut run, every(Fault::Pause, S, Some(300_000)));
    run.run_until(5 * S);
    assert_eq!(run.recording().actions.len(), 1);
    let scheduled: Vec<_> = run.events().iter().filter(|event| event.is_scheduled()).collect();
    assert_eq!(scheduled.len(), 9);
    for pair in scheduled.chunks(2) {
        assert_eq!(pair[0].causes, [Some(id), None], "the schedule is the cause of the pause");
        if let Some(end) = pair.get(1) {
            assert_eq!(end.causes, [Some(pair[0].id), None], "the pause is the cause of its end");
        }
    }
    let by_hand = run.events().iter().filter(|event| matches!(event.what, What::Acted { .. }));
    assert_eq!(by_hand.filter(|event| !event.is_scheduled()).count(), 1);
}

#[test]
fn every_fault_happens_and_ends() {
    let mut run = state("S1:L1 1 / S2 1 / S3 1 / S4 1 / S5 1");
    run.run_until(S);
    let faults = Fault::PLAIN.into_iter().chain([Fault::Links(LinkPreset::Bridge)]);
    for fault in faults {
        // A stall is over by itself.
        let ends = fault.ends() && fault != Fault::StallDisk;
        let length = fault.ends().then_some(S);
        let id = act(&mut run, every(fault, 2 * S, length));
        let end_us = run.world().now_us() + 5 * S;
        run.run_until(end_us);
        act(&mut run, every(fault, 0, None));
        let did = done(&run, id);
        assert_eq!(did.len(), if ends { 4 } else { 2 }, "{fault}: {did:?}");
        assert!(did.iter().all(|(_, what)| !what.ends_with('!')), "{fault}: {did:?}");
        let begins = match fault {
            Fault::Links(_) => "linkPreset",
            Fault::CrashLeader => "crash",
            fault => fault.name(),
        };
        assert!(did[0].1.contains(&format!("\"{begins}\"")), "{fault}: {did:?}");
        assert!(run.world().servers().iter().all(|server| server.is_active()), "{fault}");
        assert!(!run.world().network().any_cut(), "{fault}");
    }
    assert!(run.world().schedules().running().is_empty());
    assert!(run.violations().is_empty(), "{:?}", run.violations());
}

#[test]
fn a_random_partition_has_a_majority_on_one_side_and_changes() {
    let mut run = cluster(5, 3);
    let id = act(&mut run, every(Fault::Partition, S, None));
    run.run_until(20 * S);
    let mut groups = std::collections::BTreeSet::new();
    for event in run.events().iter().filter(|event| event.id >= id && event.is_scheduled()) {
        let What::Acted { action: Action::Partition { groups: two }, .. } = &event.what else {
            panic!("{event:?}")
        };
        assert_eq!([two[0].len(), two[1].len()], [2, 3]);
        assert_eq!(two[0].or(two[1]), set("12345"));
        groups.insert(two[0].to_string());
    }
    assert!(groups.len() > 4, "{groups:?}");
}

#[test]
fn what_was_ended_by_hand_is_not_ended_again() {
    let mut run = cluster(3, 1);
    let id = act(&mut run, every(Fault::Crash, S, Some(5 * S)));
    run.run_until(S);
    act(&mut run, every(Fault::Crash, 0, None));
    let [ending] = run.world().schedules().endings() else { panic!("one server is to come back") };
    let restart = ending.action.clone();
    act(&mut run, restart);
    assert!(run.world().schedules().endings().is_empty());
    run.run_until(10 * S);
    assert_eq!(times(&run, id), [S]);
}

#[test]
fn of_two_partitions_the_later_one_lasts_as_long_as_it_was_to() {
    let mut run = cluster(5, 1);
    let id = act(&mut run, every(Fault::Partition, 2 * S, Some(3 * S)));
    run.run_until(4 * S);
    act(&mut run, Action::Calm);
    run.run_until(20 * S);
    assert_eq!(times(&run, id), [2 * S, 4 * S, 7 * S]);
    assert!(!run.world().network().any_cut());
}

#[test]
fn a_schedule_that_finds_nothing_to_do_says_so() {
    let mut run = cluster(3, 1);
    act(&mut run, Action::Partition { groups: vec![] });
    for n in 1..=3 {
        act(&mut run, Action::Crash { server: s(n) });
    }
    let mut sentences = Vec::new();
    for fault in [Fault::Crash, Fault::CrashLeader, Fault::Pause, Fault::Cut, Fault::Transfer] {
        act(&mut run, every(fault, S, None));
        let now_us = run.world().now_us();
        run.run_until(now_us + S);
        act(&mut run, Action::Calm);
        let event = run.events().iter().rev().find(|event| event.is_scheduled()).unwrap();
        sentences.push(sentence(event, Scene::of(&run)).to_string());
    }
    assert_eq!(
        sentences,
        [
            "By schedule, nothing comes of “crash every 1 s”: no server runs.",
            "By schedule, nothing comes of “crashLeader every 1 s”: nobody leads, so there is nobody to ask: wait for an election.",
            "By schedule, nothing comes of “pause every 1 s”: no server runs.",
            "By schedule, nothing comes of “cut every 1 s”: no link is left to cut.",
            "By schedule, nothing comes of “transfer every 1 s”: nobody leads, so there is nobody to ask: wait for an election.",
        ]
    );
}

#[test]
fn each_thing_that_is_set_and_done_is_said_in_words() {
    let mut run = state("S1:L1 1 / S2 1 / S3 1");
    let mut say = |action: Action| {
        let id = act(&mut run, action);
        sentence(run.event(id).unwrap(), Scene::of(&run)).to_string()
    };
    assert_eq!(
        say(every(Fault::Crash, 5 * S, Some(S))),
        "From now on, every 5 s, a random server crashes, for 1 s."
    );
    assert_eq!(
        say(every(Fault::Links(LinkPreset::OneWay), 250_000, None)),
        "From now on, every 250 ms, the network is cut as ‘one way’."
    );
    assert_eq!(
        say(every(Fault::Crash, 0, None)),
        "The schedule of ‘crash’ ends; what it has begun still ends in its time."
    );
    run.run_until(260_000);
    let event = run.events().iter().find(|event| event.is_scheduled()).unwrap();
    let told = sentence(event, Scene::of(&run)).to_string();
    assert!(told.starts_with("By schedule, the network is cut as ‘one way’"), "{told}");
}

#[test]
fn what_makes_no_schedule_is_refused_with_a_sentence() {
    let mut run = cluster(3, 1);
    let table = [
        (every(Fault::Crash, 0, None), "no schedule of ‘crash’ is in force"),
        (every(Fault::Crash, 999, None), "every 1 ms to 600 s, not every 999 µs"),
        (every(Fault::Crash, 600_000_001, None), "every 1 ms to 600 s"),
        (every(Fault::Crash, S, Some(0)), "without a time it is for good"),
        (every(Fault::Crash, S, Some(u64::MAX)), "a fault can be for 1 µs to 600 s"),
        (every(Fault::StallDisk, S, None), "say for how long"),
        (every(Fault::Transfer, S, Some(S)), "leave its length out"),
        (Action::Calm, "nothing to do: that is already the case"),
    ];
    for (action, words) in table {
        let why = run.act(action.clone()).unwrap_err().to_string();
        assert!(why.contains(words), "{action:?}: {why}");
    }
    act(&mut run, every(Fault::Crash, S, None));
    assert_eq!(
        run.act(every(Fault::Crash, S, None)).unwrap_err().to_string(),
        "nothing to do: that is already the case"
    );
    act(&mut run, every(Fault::Crash, S, Some(S)));
    assert_eq!(run.world().schedules().running().len(), 1);

    let paper = Setup { options: Options::paper(), ..Setup::new(3, 1) };
    let mut run = Run::new(&paper).unwrap();
    act(&mut run, every(Fault::Crash, S, None));
    let why = run.act(every(Fault::Transfer, S, None)).unwrap_err().to_string();
    assert!(why.contains("restricted to Figure 2"), "{why}");
}

#[test]
fn in_manual_mode_no_schedule_does_anything() {
    let mut run = cluster(3, 1);
    let id = act(&mut run, every(Fault::Crash, S, None));
    act(&mut run, Action::Manual { on: true });
    run.run_until(10 * S);
    assert_eq!(times(&run, id), [] as [u64; 0]);
    assert_eq!(run.world().now_us(), 0);
}

/// Everything at once, and what somebody does besides.
fn busy(seed: u64) -> Run {
    let mut run = cluster(5, seed);
    run.run_until(S);
    act(&mut run, every(Fault::Crash, 1_700_000, Some(900_000)));
    act(&mut run, every(Fault::Pause, 2_300_000, Some(400_000)));
    act(&mut run, every(Fault::Partition, 3_100_000, Some(S)));
    act(&mut run, every(Fault::Cut, 700_000, Some(350_000)));
    act(&mut run, every(Fault::Transfer, 4_100_000, None));
    act(&mut run, every(Fault::StallDisk, 2_900_000, Some(200_000)));
    act(&mut run, every(Fault::Links(LinkPreset::QuorumLoss), 5_300_000, Some(S)));
    run.run_until(8 * S);
    let _ = run.act(Action::Heal);
    // At the instant of a tick, after it.
    run.run_until(7_800_000 + 1_700_000);
    let _ = run.act(Action::Crash { server: s(4) });
    run.run_until(15 * S);
    act(&mut run, Action::Calm);
    run.run_until(20 * S);
    run
}

#[test]
fn the_same_recording_gives_the_same_digest_and_breaks_no_promise() {
    for seed in 1..=8 {
        let run = busy(seed);
        let recording = run.recording();
        let again = Run::replay(&Recording::from_json(&recording.to_json()).unwrap()).unwrap();
        assert_eq!(again.digest(), run.digest(), "seed {seed}");
        assert_eq!(again.world().schedules(), run.world().schedules(), "seed {seed}");
        assert!(run.violations().is_empty(), "seed {seed}: {:?}", run.violations());
        // The one that crashed by hand is nobody's to bring back.
        let others = run.world().servers().iter().filter(|server| server.node.id() != s(4));
        assert!(others.into_iter().all(|server| server.is_active()), "seed {seed}");
    }
    assert_ne!(busy(1).digest(), busy(2).digest());
}

#[test]
fn a_run_that_is_taken_up_in_the_middle_of_a_schedule_is_the_same_run() {
    let run = busy(3);
    let recording = run.recording();
    // Straight, event by event.
    let mut straight = Timeline::of(&recording).unwrap();
    let mut digests = vec![straight.run().digest()];
    let total = run.world().events();
    while (digests.len() as u64) <= total {
        straight.seek(Target::Events(digests.len() as u64), u64::MAX);
        let events = straight.run().world().events() as usize;
        digests.resize(events + 1, straight.run().digest());
    }
    let mut timeline = Timeline::of(&recording).unwrap();
    while !timeline.seek(Target::End, u64::MAX) {}
    assert_eq!(timeline.run().digest(), run.digest());
    let mut checked = 0;
    for nth in (1..40).rev() {
        let events = total * nth / 40;
        timeline.seek(Target::Events(events), u64::MAX);
        let there = timeline.run().world().events();
        assert_eq!(timeline.run().digest(), digests[there as usize], "after {there} events");
        checked += usize::from(!timeline.run().world().schedules().running().is_empty());
    }
    assert!(checked > 20, "{checked}");
    timeline.seek(Target::End, u64::MAX);
    assert_eq!(timeline.run().digest(), run.digest());
    assert_eq!(timeline.run().world().schedules(), run.world().schedules());
}

#[test]
fn a_message_that_is_dropped_changes_no_draw_of_a_schedule() {
    let victims = |drop: bool| {
        let mut run = cluster(5, 11);
        run.run_until(S);
        let op = Op::Put { key: "x".into(), value: "1".into() };
        act(&mut run, Action::Submit { op, to: None, mode: None });
        let message = run.world().network().packets().map(|packet| packet.name).max().unwrap();
        if drop {
            act(&mut run, Action::Drop { message });
        }
        run.run_until(2 * S);
        let (id, events) = (act(&mut run, every(Fault::Crash, 5 * S, Some(S))), run.world().events());
        act(&mut run, every(Fault::Partition, 7 * S, Some(S)));
        run.run_until(60 * S);
        (done(&run, id), events)
    };
    let ((with, some), (without, others)) = (victims(false), victims(true));
    assert_ne!(some, others, "as much has happened before");
    assert_eq!(with, without);
}

#[test]
fn a_schedule_that_is_set_anew_goes_on_with_its_draws() {
    let mut run = cluster(9, 5);
    let id = act(&mut run, every(Fault::Crash, S, Some(100_000)));
    run.run_until(3 * S + 500_000);
    act(&mut run, every(Fault::Crash, 2 * S, Some(100_000)));
    run.run_until(30 * S);
    let mut straight = cluster(9, 5);
    let other = act(&mut straight, every(Fault::Crash, S, Some(100_000)));
    straight.run_until(30 * S);
    let what = |run: &Run, id| done(run, id).into_iter().map(|(_, what)| what).collect::<Vec<_>>();
    let (now, before) = (what(&run, id), what(&straight, other));
    assert!(now.len() > 20, "{}", now.len());
    assert_eq!(now[..], before[..now.len()]);
}

#[test]
fn undo_goes_back_before_what_somebody_did_and_not_before_a_scheduled_fault() {
    let mut timeline = Timeline::of(&cluster(3, 1).recording()).unwrap();
    timeline.run_until(S);
    let before = timeline.run().world().events();
    timeline.act(every(Fault::Pause, S, Some(S / 2))).unwrap();
    timeline.run_until(5 * S);
    assert_eq!(timeline.before_last_action(), Some(before));
}

#[test]
fn a_leader_that_crashes_again_and_again_is_always_another_one() {
    let mut run = cluster(5, 9);
    run.run_until(2 * S);
    let id = act(&mut run, every(Fault::CrashLeader, 3 * S, Some(2_500_000)));
    run.run_until(32 * S);
    let crashed = |event: &Arc<Event>| match event.what {
        What::Acted { action: Action::Crash { server }, .. } => {
            let led = event.change.is_some_and(|change| change.before.leader == Some(server));
            assert!(led, "{server} did not lead");
            Some(server)
        }
        _ => None,
    };
    let crashed: Vec<ServerId> =
        run.events().iter().filter(|event| event.id > id).filter_map(crashed).collect();
    assert_eq!(crashed.len(), 10);
    assert!(crashed.windows(2).all(|two| two[0] != two[1]), "{crashed:?}");
}

// Workloads.

fn load(clients: u8) -> Workload {
    Workload {
        clients,
        reads_ppm: 500_000,
        increments_ppm: 200_000,
        hot_ppm: Some(800_000),
        ..Workload::default()
    }
}

/// What a client was told of: its requests that are over, as far as the trace knows.
fn over(run: &Run) -> Vec<(u8, u32, Op)> {
    let finished = run.events().iter().filter_map(|event| event.finished.as_deref());
    finished.map(|one| (one.client.0, one.serial, one.op.clone())).collect()
}

#[test]
fn a_workload_has_as_many_clients_as_it_says_and_asks_in_the_shares_that_it_says() {
    let mut run = state("S1:L1 1 / S2 1 / S3 1 / S4 1 / S5 1");
    act(&mut run, Action::Workload(load(5)));
    run.run_until(10 * S);
    let over = over(&run);
    let clients: std::collections::BTreeSet<u8> = over.iter().map(|(client, ..)| *client).collect();
    assert_eq!(clients.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    let share = |is: fn(&Op) -> bool| over.iter().filter(|(.., op)| is(op)).count() * 100 / over.len();
    let (reads, increments) =
        (share(|op| matches!(op, Op::Get { .. })), share(|op| matches!(op, Op::Increment { .. })));
    let hot = share(|op| op.key() == Some("k0"));
    assert!(over.len() > 300, "{}", over.len());
    assert!((44..=56).contains(&reads) && (15..=25).contains(&increments), "{reads} {increments}");
    assert!((75..=85).contains(&hot), "{hot}");
    let keys: std::collections::BTreeSet<_> = over.iter().filter_map(|(.., op)| op.key()).collect();
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["k0", "k1", "k2", "k3", "k4"]);
    assert!(run.violations().is_empty(), "{:?}", run.violations());
    assert_eq!(run.recording().actions.len(), 1);
}

#[test]
fn what_a_client_asks_depends_on_its_name_and_number_alone() {
    let ops = |with: u8, drop: bool| {
        let mut run = state("S1:L1 1 / S2 1 / S3 1");
        act(&mut run, Action::Workload(load(with)));
        run.run_until(S);
        if drop {
            act(&mut run, Action::Crash { server: s(1) });
        }
        run.run_until(8 * S);
        let of_c2 = over(&run).into_iter().filter(|(client, ..)| *client == 2);
        of_c2.map(|(_, serial, op)| (serial, op)).collect::<std::collections::BTreeMap<_, _>>()
    };
    let (alone, disturbed) = (ops(1, false), ops(4, true));
    let both = alone.iter().filter(|(serial, _)| disturbed.contains_key(serial)).count();
    assert!(both > 30, "{both}");
    for (serial, op) in &alone {
        assert!(disturbed.get(serial).is_none_or(|other| other == op), "request {serial}");
    }
}

#[test]
fn a_workload_takes_the_place_of_the_one_in_the_options_and_gives_it_back() {
    let options = Options { workload_every_us: 100_000, ..Options::default() };
    let mut run = Run::new(&Setup { options, ..Setup::new(3, 1) }).unwrap();
    let ticks = |run: &Run, from_us: u64| {
        let ticked = |event: &&Arc<Event>| {
            event.at_us > from_us && matches!(event.what, What::Ticked { client } if client.0 == 2)
        };
        run.events().iter().filter(ticked).map(|event| event.at_us / 1000).collect::<Vec<_>>()
    };
    let each_100_ms = |from: u64| (1..=10).map(|n| from + n * 100).collect::<Vec<_>>();
    run.run_until(S);
    assert_eq!(ticks(&run, 0), each_100_ms(0));
    act(&mut run, Action::Workload(Workload { clients: 2, every_us: 500_000, ..Workload::default() }));
    run.run_until(2 * S);
    assert_eq!(ticks(&run, S), [1250, 1750]);
    assert_eq!(run.world().clients().len(), 3);
    act(&mut run, Action::Workload(Workload::none()));
    run.run_until(3 * S);
    assert_eq!(ticks(&run, 2 * S), each_100_ms(2000));
    assert!(run.world().workload().is_none());
}

#[test]
fn what_makes_no_workload_is_refused_with_a_sentence() {
    let mut run = cluster(3, 1);
    let base = Workload::default();
    let table = [
        (Workload { clients: 6, ..base }, "there can be 5 background clients, C2 to C6, not 6"),
        (Workload { every_us: 99, ..base }, "a client asks every 100 µs to 600 s, not every 99 µs"),
        (Workload { keys: 0, ..base }, "there can be 1 to 1000 keys, not 0"),
        (Workload { reads_ppm: 600_000, increments_ppm: 500_000, ..base }, "at most 100 % together"),
        (Workload { reads_ppm: u32::MAX, ..base }, "at most 100 % together"),
        (Workload { hot_ppm: Some(1_000_001), ..base }, "at most 100 % of all requests go to the hot key"),
        (Workload::none(), "nothing to do: that is already the case"),
    ];
    for (workload, words) in table {
        let why = run.act(Action::Workload(workload)).unwrap_err().to_string();
        assert!(why.contains(words), "{workload:?}: {why}");
    }
    act(&mut run, Action::Workload(base));
    assert!(run.act(Action::Workload(base)).is_err());
}

#[test]
fn workloads_and_schedules_replay_to_the_same_digest_and_nobody_sees_two_copies() {
    for seed in 1..=6 {
        let mut run = cluster(5, seed);
        run.run_until(S);
        act(&mut run, Action::Workload(load(4)));
        act(&mut run, every(Fault::Crash, 1_300_000, Some(700_000)));
        act(&mut run, every(Fault::Partition, 2_100_000, Some(900_000)));
        run.run_until(8 * S);
        act(&mut run, Action::Workload(Workload { mode: Some(ReadMode::ReadIndex), ..load(5) }));
        run.run_until(15 * S);
        let again = Run::replay(&Recording::from_json(&run.recording().to_json()).unwrap()).unwrap();
        assert_eq!(again.digest(), run.digest(), "seed {seed}");
        assert!(run.violations().is_empty(), "seed {seed}: {:?}", run.violations());
    }
}

#[test]
fn a_background_client_that_is_told_a_lie_is_noticed() {
    // A leader that answers reads as soon as anyone answers it is out of date with a minority, and clients that
    // mostly read stay with it. With sessions no write takes effect twice, so that little else explains it.
    let rules_off = Rules::ALL_ON.set(Rule::ReadConfirmed, false);
    let mode = Some(ReadMode::ReadIndex);
    let workload = Workload { clients: 5, reads_ppm: 950_000, keys: 2, mode, ..Workload::default() };
    let lied_to = |seed| {
        let options = Options { sessions: true, noop: true, ..Options::default() };
        let mut run = Run::new(&Setup { rules_off, options, ..Setup::new(5, seed) }).unwrap();
        run.run_until(S);
        act(&mut run, Action::Workload(workload));
        act(&mut run, every(Fault::Links(LinkPreset::MinorityLeader), 4 * S, Some(3 * S)));
        run.run_until(20 * S);
        run.violations().iter().any(|violation| violation.property == Property::Linearizability)
    };
    assert!((1..=10).any(lied_to), "no stale read in ten runs");
}
