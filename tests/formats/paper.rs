//! The option `paper`: a run with it is plain Figure 2, and its trace shows nothing else.

use super::{replayer, trace_of};
use serde_json::Value;
use wavetank::kv::Op;
use wavetank::raft::{Backtracking, Change, ReadMode, ServerId};
use wavetank::sim::{Action, Options, Refusal, Seed, Setup, chaos};
use wavetank::timeline::Run;

/// The messages that Figure 2 has, and those of clients.
const OF_FIGURE_2: [&str; 6] =
    ["requestVote", "requestVoteReply", "appendEntries", "appendEntriesReply", "request", "response"];

/// A storm over all of Raft, in a world that is restricted to the paper.
fn storm(seed: u64) -> Run {
    let (mut setup, actions) = chaos::plan_of_all(Seed(seed), 0, 8_000_000);
    setup.options = setup.options.restricted_to_paper();
    let mut run = Run::new(&setup).unwrap();
    for (at_us, action) in actions {
        run.run_until(at_us);
        let _ = run.act(action);
    }
    run
}

#[test]
fn a_trace_of_the_paper_has_nothing_that_figure_2_has_not() {
    let (mut appended, mut refused) = (0, 0);
    for seed in 0..8 {
        let run = storm(seed);
        assert_eq!(run.violations(), []);
        let (lines, ..) = trace_of(&run.recording(), super::nobody());
        for line in &lines {
            refused += u64::from(line["refused"]["why"] == "beyondPaper");
            let messages = line["sent"].as_array().into_iter().flatten().chain(line.get("message"));
            for message in messages {
                let kind = message["type"].as_str().unwrap();
                assert!(OF_FIGURE_2.contains(&kind), "{message}");
                assert_ne!(message["transfer"], true);
                if kind == "appendEntries" {
                    let entries = message["entries"].as_array().unwrap();
                    assert!(entries.len() <= 1 && message["round"] == 0, "{message}");
                    assert!(entries.iter().all(|entry| entry.get("command").is_some()), "{message}");
                    appended += entries.len();
                }
            }
            let states = line
                .get("state")
                .into_iter()
                .chain(line["others"].as_object().into_iter().flatten().map(|(_, state)| state));
            for state in states.filter(|state| !state.is_null()) {
                assert_ne!(state["role"], "preCandidate");
                assert_eq!(state["log"]["first"], 1);
                assert_eq!(state["configuration"], lines[0]["servers"]["S1"]["configuration"]);
            }
        }
    }
    println!("{appended} entries sent one by one, {refused} actions refused");
    assert!(appended > 500 && refused > 100, "{appended} {refused}");
}

/// What a leader of the paper sends is on its own disk: it counts itself, as specifications have it.
#[test]
fn a_leader_of_the_paper_has_on_disk_what_it_sends() {
    let mut sent = 0;
    for seed in 0..8 {
        let (lines, ..) = trace_of(&storm(seed).recording(), super::nobody());
        for line in &lines[1..] {
            for message in line["sent"].as_array().unwrap() {
                let entries = message["entries"].as_array().map_or(0, Vec::len) as u64;
                if entries > 0 {
                    let state = &line["state"];
                    let last = message["prevIndex"].as_u64().unwrap() + entries;
                    assert!(state["durable"].as_u64() >= Some(last), "{line}");
                    let term = replayer::terms(state)[last as usize - 1];
                    assert_eq!(message["entries"][0]["term"], Value::from(term));
                    sent += 1;
                }
            }
        }
    }
    assert!(sent > 500, "{sent}");
}

#[test]
fn what_asks_for_more_is_refused() {
    let setup = Setup { options: Options::paper(), ..Setup::new(3, 1) };
    let mut run = Run::new(&setup).unwrap();
    run.run_until(1_000_000);
    let [s1, s4] = [1, 4].map(|n| ServerId::new(n).unwrap());
    let get = Op::Get { key: "x".into() };
    let beyond = [
        Action::Boot { server: s4 },
        Action::Change { change: Change::Remove(s1), at: None },
        Action::Transfer { to: s1, at: None },
        Action::Snapshot { server: s1 },
        Action::Wipe { server: s1 },
        Action::Submit { op: get.clone(), to: None, mode: Some(ReadMode::ReadIndex) },
        Action::SetOptions { options: Options::default() },
    ];
    for action in beyond {
        assert_eq!(run.act(action.clone()), Err(Refusal::BeyondPaper), "{action:?}");
    }
    let within = [
        Action::Submit { op: get, to: None, mode: Some(ReadMode::Log) },
        Action::SetOptions { options: Options { heartbeat_us: 30_000, ..Options::paper() } },
        Action::Crash { server: s1 },
        Action::Restart { server: s1 },
    ];
    for action in within {
        assert!(run.act(action.clone()).is_ok(), "{action:?}");
    }
    let mut free = Run::new(&Setup::new(3, 1)).unwrap();
    let why = free.act(Action::SetOptions { options: Options::paper() }).unwrap_err();
    assert!(why.to_string().contains("from its start"), "{why}");
}

#[test]
fn options_beyond_figure_2_do_not_go_with_paper() {
    assert_eq!(Options::paper().check(), Ok(()));
    let more: [fn(&mut Options); 17] = [
        |o| o.noop = true,
        |o| o.backtracking = Backtracking::ConflictHints,
        |o| o.max_entries = 2,
        |o| o.window = 1,
        |o| o.write_before_send = false,
        |o| o.pre_vote = true,
        |o| o.check_quorum = true,
        |o| o.stickiness = true,
        |o| o.lease = true,
        |o| o.drift_ppm = 1,
        |o| o.catch_up_rounds = 1,
        |o| o.snapshot_every = 1,
        |o| o.snapshot_chunk = 1,
        |o| o.sessions = true,
        |o| o.session_life = 1,
        |o| o.reads = ReadMode::Local,
        |o| o.reads = ReadMode::Lease,
    ];
    for (number, change) in more.iter().enumerate() {
        let mut options = Options::paper();
        change(&mut options);
        let why = options.check().unwrap_err();
        assert!(why.starts_with("paper: "), "{number}: {why}");
        assert_eq!(options.restricted_to_paper(), Options::paper(), "{number}");
    }
    // Timings, network, disks and clients are the world's, not the protocol's.
    let timings = Options { heartbeat_us: 20_000, workload_every_us: 5000, ..Options::raftscope() };
    let restricted = timings.clone().restricted_to_paper();
    assert_eq!((restricted.election, restricted.heartbeat_us), (timings.election, timings.heartbeat_us));
    assert_eq!(restricted.workload_every_us, timings.workload_every_us);
    assert_eq!(restricted.check(), Ok(()));
}

/// A recording that says nothing of it is what it was before the option existed.
#[test]
fn the_option_is_left_out_of_files_where_it_is_off() {
    let off = serde_json::to_string(&Options::default()).unwrap();
    assert!(!off.contains("paper"));
    let on = serde_json::to_string(&Options::paper()).unwrap();
    assert_eq!(serde_json::from_str::<Options>(&on).unwrap(), Options::paper());
}
