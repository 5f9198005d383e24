//! Links open for ever: `tests/golden/links.txt` has links with what they came to when they were made. Lines may
//! be added to that file, and none may ever change. A link of this meaning gives the same run. One of an earlier
//! meaning runs by this one, and `tests/golden/links_of_earlier_meanings.txt` says of each whether it runs as it
//! did, or from which event on it differs.
//!
//! `WAVETANK_GOLDEN=write cargo test --test golden_links` adds the links that are not in the first list yet, and
//! makes the second anew: that list changes whenever a fault of the core is mended.

#[path = "common/golden_links.rs"]
mod golden;
#[path = "common/sessions.rs"]
mod sessions;

use golden::{all_open_and_come_to_the_same, earlier, end_of, links};
use serde_json::json;
use sessions::{mark, session, with_marks};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use wavetank::raft::{Rule, Rules};
use wavetank::sim::{Action, Options, Seed, Setup, chaos};
use wavetank::timeline::{BranchData, Caption, Document, Opening, Recording, Run, Start};

/// A setup whose options are told as in a file.
fn setup(servers: u8, seed: u64, options: serde_json::Value) -> Setup {
    let options: Options = serde_json::from_value(options).expect("these are options");
    Setup { options, ..Setup::new(servers, seed) }
}

/// A run with these things done 150 ms apart, and then a second of what follows.
fn done(setup: &Setup, start: Start, actions: &[serde_json::Value]) -> Document {
    let mut run = Run::from_start(setup, start).expect("it makes a run");
    let mut marks = Vec::new();
    run.run_until(400_000);
    for action in actions {
        let action: Action = serde_json::from_value(action.clone()).expect("this is an action");
        // What is refused is an event as well.
        let _ = run.act(action);
        marks.push(mark(&run));
        run.run_until(run.world().now_us() + 150_000);
    }
    run.run_until(run.world().now_us() + 1_000_000);
    marks.push(mark(&run));
    with_marks(run.recording(), &marks)
}

fn state(text: &str) -> Start {
    Start::State(text.into())
}

/// Every kind of start, options, actions, broken rules, openings and branches.
fn documents() -> Vec<(String, Document)> {
    let plain = |servers, seed| setup(servers, seed, json!({}));
    let put = |value: &str| json!({"submit": {"op": {"put": {"key": "x", "value": value}}}});
    let mut all: Vec<(String, Document)> = vec![
        ("nothing done yet".into(), with_marks(Recording::new(plain(5, 7), Start::Empty), &[])),
        ("one server".into(), done(&plain(1, 1), Start::Empty, &[put("1")])),
        ("nine servers, the largest seed".into(), done(&plain(9, u64::MAX), Start::Empty, &[put("1")])),
        (
            "Figure 7".into(),
            done(
                &plain(7, 3),
                state(
                    "S1:F7 1114455666 / S2:F7 111445566 / S3:F7 1114 / S4:F7 11144556666 / S5:F7 111445566677 / S6:F7 1114444 / S7:F7 11122233333",
                ),
                &[json!({"fire": {"server": "S1", "timer": "election"}})],
            ),
        ),
        (
            "terms above nine, one crashed".into(),
            done(
                &plain(3, 2),
                state("S1:L12 9.10.12 c1 / S2:F10 9.10 / S3:x1 1"),
                &[json!({"restart": {"server": "S3"}})],
            ),
        ),
        (
            "crash, restart, pause, resume, step down".into(),
            done(
                &plain(5, 11),
                Start::Empty,
                &[
                    json!({"crash": {"server": "S1"}}),
                    json!({"restart": {"server": "S1"}}),
                    json!({"pause": {"server": "S2"}}),
                    put("<script>alert(1)</script>"),
                    json!({"resume": {"server": "S2"}}),
                    json!({"stepDown": {"server": "S3"}}),
                ],
            ),
        ),
        (
            "links: cut, mend, partition, heal, slow, misled".into(),
            done(
                &plain(5, 12),
                Start::Empty,
                &[
                    json!({"cut": {"from": "S1", "to": "S2"}}),
                    json!({"mend": {"from": "S1", "to": "S2"}}),
                    json!({"partition": {"groups": [["S1", "S2"], ["S3", "S4", "S5"]]}}),
                    put("2"),
                    json!("heal"),
                    json!({"setLink": {"link": {"latency": {"minUs": 20000, "maxUs": 90000}, "shape": "longTail", "lossPpm": 50000, "duplicatePpm": 50000}}}),
                    json!({"setLink": {"from": "S1", "to": "S2", "link": {}}}),
                    json!({"mislead": {"leader": "S1", "follower": "S2", "next": 1}}),
                ],
            ),
        ),
        (
            "every operation and timer".into(),
            done(
                &plain(3, 13),
                Start::Empty,
                &[
                    put("é🦀"),
                    json!({"submit": {"op": {"get": {"key": "x"}}, "to": "S2"}}),
                    json!({"submit": {"op": {"append": {"key": "x", "value": "2"}}}}),
                    json!({"submit": {"op": {"cas": {"key": "x", "expect": null, "value": "3"}}}}),
                    json!({"submit": {"op": {"increment": {"key": "n"}}}}),
                    json!({"submit": {"op": {"delete": {"key": "x"}}}}),
                    json!({"propose": {"server": "S1", "op": {"set": {"value": "7"}}}}),
                    json!({"propose": {"server": "S2", "op": {"submit": {"text": "hello\nthere"}}}}),
                    json!({"send": {"from": "S1", "to": "S2"}}),
                    json!({"fire": {"server": "S1", "timer": "heartbeat"}}),
                    json!({"fire": {"server": "S2", "timer": "election"}}),
                ],
            ),
        ),
        (
            "by hand while time stands still".into(),
            done(
                &plain(3, 14),
                state("S1:C2 1 / S2:F1 1 / S3:F1 1"),
                &[
                    json!({"manual": {"on": true}}),
                    json!({"send": {"from": "S1", "to": "S2"}}),
                    json!({"deliver": {"message": "S1>S2@400000"}}),
                    json!({"hold": {"message": "S2>S1@400000"}}),
                    json!({"duplicate": {"message": "S2>S1@400000"}}),
                    json!({"release": {"message": "S2>S1@400000"}}),
                    json!({"drop": {"message": "S2>S1@400000.0.1"}}),
                    json!({"manual": {"on": false}}),
                ],
            ),
        ),
        (
            "members: boot, learner, add, joint, transfer, remove".into(),
            done(
                &setup(3, 15, json!({"noop": true, "catchUpRounds": 5})),
                Start::Empty,
                &[
                    json!({"boot": {"server": "S4"}}),
                    json!({"change": {"change": {"learner": "S4"}}}),
                    json!({"change": {"change": {"add": "S4"}}}),
                    json!({"transfer": {"to": "S4"}}),
                    json!({"change": {"change": {"joint": {"voters": ["S1", "S2", "S4"], "learners": ["S3"], "manual": true}}}}),
                    json!({"change": {"change": "leave"}}),
                    json!({"change": {"change": {"remove": "S1"}, "at": "S4"}}),
                ],
            ),
        ),
        (
            "disks and clocks: snapshot, tear, wipe, lies, drift".into(),
            done(
                &setup(5, 16, json!({"snapshotEvery": 4, "snapshotChunk": 64, "workloadEveryUs": 30000})),
                Start::Empty,
                &[
                    json!({"snapshot": {"server": "S1"}}),
                    json!({"tear": {"server": "S2"}}),
                    json!({"restart": {"server": "S2"}}),
                    json!({"setClock": {"server": "S3", "ppm": -200000}}),
                    json!({"setDisk": {"server": "S4", "lies": true}}),
                    json!({"crash": {"server": "S4"}}),
                    json!({"wipe": {"server": "S5"}}),
                ],
            ),
        ),
        (
            "other options and rules on the way".into(),
            done(
                &plain(5, 17),
                Start::Empty,
                &[
                    json!({"setOptions": {"options": {"heartbeatUs": 30000, "window": 8, "backtracking": "conflictHints"}}}),
                    put("1"),
                    json!({"setRules": {"off": ["oneVotePerTerm", "logUpToDate"]}}),
                    json!({"fire": {"server": "S4", "timer": "election"}}),
                    json!({"setRules": {"off": []}}),
                ],
            ),
        ),
        (
            "PreVote, CheckQuorum, stickiness, leases, sessions, reads".into(),
            done(
                &setup(
                    5,
                    18,
                    json!({
                        "noop": true, "preVote": true, "checkQuorum": true, "stickiness": true, "lease": true, "driftPpm": 1000, "window": 4,
                        "sessions": true, "sessionLife": 50, "reads": "lease", "workloadEveryUs": 20000, "writeBeforeSend": true,
                    }),
                ),
                Start::Empty,
                &[
                    json!({"submit": {"op": {"get": {"key": "x"}}, "mode": "readIndex"}}),
                    json!({"submit": {"op": {"get": {"key": "x"}}, "mode": "local"}}),
                    json!({"submit": {"op": {"get": {"key": "x"}}}}),
                    json!({"submit": {"op": {"get": {"key": "x"}}, "mode": "log"}}),
                ],
            ),
        ),
        (
            "restricted to the paper".into(),
            done(
                &Setup { options: Options::paper(), ..plain(5, 19) },
                Start::Empty,
                &[put("1"), json!({"snapshot": {"server": "S1"}})],
            ),
        ),
        (
            "every rule off".into(),
            done(
                &Setup { rules_off: Rules::without(Rule::ALL), ..plain(3, 20) },
                Start::Empty,
                &[put("1"), json!({"crash": {"server": "S1"}})],
            ),
        ),
        (
            "disks of their own: a range, a stall; heartbeats where entries wait".into(),
            done(
                &plain(5, 21),
                state("S1:L2 12 / S2:F2 1 / S3:F2 1 / S4:F2 1 / S5:F2 1"),
                &[
                    json!({"setDisk": {"server": "S1", "lies": false, "fsync": {"minUs": 20_000, "maxUs": 90_000}}}),
                    put("1"),
                    json!({"stallDisk": {"server": "S2", "forUs": 300_000}}),
                    json!({"send": {"from": "S1", "to": "S3", "empty": true}}),
                    put("2"),
                    json!({"setDisk": {"server": "S1", "lies": false}}),
                ],
            ),
        ),
        (
            "links by name".into(),
            done(
                &plain(5, 22),
                Start::Empty,
                &[
                    "halves",
                    "minorityLeader",
                    "ring",
                    "bridge",
                    "oneWay",
                    "quorumLoss",
                    "constrainedElection",
                    "chained",
                ]
                .map(|preset| json!({"linkPreset": {"preset": preset}})),
            ),
        ),
        (
            "schedules and a workload".into(),
            done(
                &setup(5, 23, json!({"noop": true, "sessions": true})),
                Start::Empty,
                &[
                    json!({"workload": {"clients": 3, "everyUs": 30_000, "readsPpm": 400_000, "incrementsPpm": 200_000, "keys": 3, "hotPpm": 500_000, "mode": "readIndex"}}),
                    json!({"schedule": {"fault": "crash", "everyUs": 100_000, "forUs": 60_000}}),
                    json!({"schedule": {"fault": {"links": "bridge"}, "everyUs": 170_000, "forUs": 50_000}}),
                    json!({"schedule": {"fault": "stallDisk", "everyUs": 90_000, "forUs": 20_000}}),
                    json!({"schedule": {"fault": "transfer", "everyUs": 210_000}}),
                    json!({"schedule": {"fault": "crash", "everyUs": 0}}),
                    json!("calm"),
                    json!({"workload": {"clients": 0}}),
                ],
            ),
        ),
        (
            "reads at followers, and a leader that hands over before it is removed".into(),
            done(
                &setup(
                    5,
                    24,
                    json!({"noop": true, "handOverOnRemoval": true, "catchUpRounds": 5, "reads": "follower"}),
                ),
                Start::Empty,
                &[
                    put("1"),
                    json!({"submit": {"op": {"get": {"key": "x"}}}}),
                    json!({"submit": {"op": {"get": {"key": "x"}}, "to": "S3", "mode": "follower"}}),
                    json!({"boot": {"server": "S6"}}),
                    json!({"change": {"change": {"joint": {"voters": ["S1", "S2", "S6"], "learners": ["S3"]}}}}),
                    json!({"change": {"change": {"remove": "S1"}}}),
                    json!({"change": {"change": {"remove": "S2"}}}),
                ],
            ),
        ),
        (
            "every rule off that there is by now".into(),
            done(
                &Setup { rules_off: Rules::without(Rule::ALL), ..plain(5, 25) },
                Start::Empty,
                &[
                    put("1"),
                    json!({"crash": {"server": "S1"}}),
                    json!({"fire": {"server": "S2", "timer": "election"}}),
                ],
            ),
        ),
    ];
    for (seed, of_all) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        all.push((format!("session {seed} of 60 actions"), session(seed, 60, of_all)));
    }
    all.push(("session of 500 actions".into(), session(6, 500, true)));
    all.extend(broken_rules());
    all.push(("a branch with captions, opened in its middle, playing".into(), branch()));
    all
}

/// Some of the recordings of broken rules.
fn broken_rules() -> Vec<(String, Document)> {
    let texts = [
        ("oneVotePerTerm", include_str!("../static/broken/oneVotePerTerm.json")),
        ("commitOnlyCurrentTerm", include_str!("../static/broken/commitOnlyCurrentTerm.json")),
        ("leaseNeedsStickiness", include_str!("../static/broken/leaseNeedsStickiness.json")),
        ("jointPhase", include_str!("../static/broken/jointPhase.json")),
    ];
    let read = |(rule, text): (&str, &str)| {
        let recording = Recording::from_json(text).expect("it is a recording");
        let run = Run::replay(&recording).expect("it makes a run");
        assert!(!run.violations().is_empty(), "{rule}");
        (format!("broken rule {rule}"), with_marks(recording, &[mark(&run)]))
    };
    texts.map(read).to_vec()
}

/// A branch that left another one.
fn branch() -> Document {
    let (plan, actions) = chaos::plan(Seed(9), 3, 2_000_000);
    let mut run = Run::new(&plan).expect("a plan makes a run");
    run.run_until(300_000);
    let fork = run.world().events();
    let mut other = run.clone();
    for (at_us, action) in actions {
        run.run_until(at_us);
        let _ = run.act(action);
    }
    other.run_until(900_000);
    let mut document = with_marks(run.recording(), &[mark(&run)]);
    document.name = "Two ways on — “<b>quiet</b>” \u{202e}and not".into();
    document.branches.push(BranchData {
        name: "Quiet".into(),
        parent: Some(0),
        fork,
        captions: vec![Caption { until: fork, text: "So far both are the same.".into() }],
        ..with_marks(other.recording(), &[mark(&other)]).branches.remove(0)
    });
    document.current = 1;
    document.open = Opening { events: Some(fork), playing: true };
    document
}

/// Whether lists are to be made anew.
fn writes() -> bool {
    std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write")
}

#[test]
fn every_golden_link_opens_and_comes_to_the_digest_that_it_always_had_or_is_known_to_differ() {
    if writes() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/links_of_earlier_meanings.txt");
        // Compared by the next run, which reads it in.
        return std::fs::write(file, earlier()).expect("the list can be written");
    }
    all_open_and_come_to_the_same();
}

#[test]
fn what_is_meant_to_be_in_the_list_is_in_it() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/links.txt");
    let mut text = std::fs::read_to_string(file).expect("the list is there");
    let known: BTreeSet<String> =
        text.lines().filter_map(|line| line.split('\t').nth(2)).map(String::from).collect();
    let mut missing = Vec::new();
    for (name, mut document) in documents() {
        if known.contains(&name) {
            continue;
        }
        let current = usize::try_from(document.current).unwrap();
        let run = Run::replay(&document.branches[current].recording).unwrap();
        if document.branches[current].marks.is_empty() {
            document.branches[current].marks.push(mark(&run));
        }
        let end = end_of(&document.branches[current]).replace(' ', "\t");
        let link = document.to_link().expect("it is short enough");
        writeln!(text, "{end}\t{name}\t{link}").unwrap();
        missing.push(name);
    }
    if writes() {
        std::fs::write(file, &text).expect("the list can be written");
    } else {
        assert_eq!(missing, [] as [String; 0]);
    }
}

#[test]
fn a_golden_link_holds_the_run_that_its_name_says() {
    let opened = |name: &str| {
        let link = links().into_iter().find(|golden| golden.name.starts_with(name)).expect(name).link;
        Document::from_text(link).expect(name)
    };
    let figure_7 = opened("Figure 7");
    assert!(
        matches!(&figure_7.branches[0].recording.start, Start::State(text) if text.contains("11122233333"))
    );
    let branch = opened("a branch with captions");
    assert!(branch.open.playing && branch.open.events.is_some_and(|events| events > 0));
    assert_eq!(branch.branches[0].captions[0].text, "So far both are the same.");
    assert!(branch.name.contains("<b>quiet</b>"), "text stays text");
    assert_eq!(opened("session of 500").branches[0].recording.actions.len(), 500);
    let off = opened("every rule off").branches[0].recording.setup.rules_off;
    assert_eq!(off.off().count(), 55, "all that there were when it was made");
    // All kinds of actions are somewhere.
    let mut kinds = BTreeSet::new();
    for golden in links() {
        for stamped in Document::from_text(golden.link).unwrap().branches.remove(0).recording.actions {
            let value = serde_json::to_value(&stamped.action).unwrap();
            let name = value.as_str().map(String::from).or_else(|| value.as_object()?.keys().next().cloned());
            kinds.insert(name.unwrap());
        }
    }
    let why = serde_json::from_value::<Action>(json!({"mystery": {}})).unwrap_err().to_string();
    let all: BTreeSet<String> =
        why.split_once("expected").unwrap().1.split('`').skip(1).step_by(2).map(String::from).collect();
    assert_eq!(kinds, all);
}
