//! `docs/wavetank.schema.json` and the program agree on what a run is: the program's verdicts on a list of
//! cases stand in `tests/golden/schema.ndjson`, and `tests/page/schema.test.mjs` holds the schema against the
//! same list, with a validator that knows nothing of Wavetank.
//!
//! When cases are added, the list is made anew by `WAVETANK_GOLDEN=write cargo test --test schema`.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use wavetank::raft::Rule;
use wavetank::sim::{Action, Fault, LinkPreset, Setup};
use wavetank::timeline::{
    BranchData, Caption, DigestMark, Document, DocumentError, Opening, Recording, RecordingError, Stamp,
    Stamped, Start,
};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/schema.ndjson");
const SCHEMA: &str = include_str!("../docs/wavetank.schema.json");

/// An action of every kind, with everything that it can have.
fn actions() -> Vec<Value> {
    let timers = ["election", "heartbeat", "quorum", "stickiness", "leaseA", "leaseB", "transfer", "catchUp"];
    let ops = [
        json!({"put": {"key": "x", "value": "<b>1</b>"}}),
        json!({"get": {"key": "é🦀"}}),
        json!({"delete": {"key": ""}}),
        json!({"append": {"key": "x", "value": "2"}}),
        json!({"cas": {"key": "x", "expect": "1", "value": "2"}}),
        json!({"cas": {"key": "x", "expect": null, "value": "2"}}),
        json!({"set": {"value": "7"}}),
        json!({"submit": {"text": "a\nb"}}),
        json!({"increment": {"key": "n"}}),
        json!({"register": {"life": 100}}),
    ];
    let changes = [
        json!({"add": "S4"}),
        json!({"learner": "S4"}),
        json!({"remove": "S1"}),
        json!({"joint": {"voters": ["S1", "S4"], "learners": ["S5"], "manual": true}}),
        json!("leave"),
    ];
    let names = ["S1>S2@15000", "S1>C1@15000.1", "C2>S9@0.0.3"];
    let mut actions: Vec<Value> =
        ["crash", "restart", "pause", "resume", "stepDown", "snapshot", "tear", "wipe", "boot"]
            .map(|name| json!({name: {"server": "S2"}}))
            .to_vec();
    actions.extend(timers.map(|timer| json!({"fire": {"server": "S1", "timer": timer}})));
    actions.extend(["send", "cut", "mend"].map(|name| json!({name: {"from": "S1", "to": "S9"}})));
    for name in ["drop", "deliver", "hold", "release", "duplicate"] {
        actions.extend(names.map(|message| json!({name: {"message": message}})));
    }
    actions.extend(ops.iter().map(|op| json!({"propose": {"server": "S1", "op": op}})));
    actions.extend(ops.iter().map(|op| json!({"submit": {"op": op}})));
    for mode in ["log", "readIndex", "lease", "local", "follower"] {
        actions.push(json!({"submit": {"op": {"get": {"key": "x"}}, "to": "S3", "mode": mode}}));
    }
    actions.extend(changes.iter().map(|change| json!({"change": {"change": change}})));
    let link =
        json!({"latency": {"minUs": 1, "maxUs": 2}, "shape": "longTail", "lossPpm": 3, "duplicatePpm": 4});
    actions.extend([
        json!({"change": {"change": "leave", "at": "S1"}}),
        json!({"partition": {"groups": [["S1", "S2"], [], ["S3"]]}}),
        json!("heal"),
        json!({"send": {"from": "S1", "to": "S2", "empty": true}}),
        json!({"setLink": {"link": link}}),
        json!({"setLink": {"from": "S1", "to": "S2", "link": {}}}),
        json!({"setOptions": {"options": {}}}),
        json!({"setOptions": {"options": {"preVote": true, "reads": "lease", "window": 8}}}),
        json!({"setRules": {"off": []}}),
        json!({"setRules": {"off": ["oneVotePerTerm", "voteSurvivesCrash"]}}),
        json!({"manual": {"on": true}}),
        json!({"transfer": {"to": "S2"}}),
        json!({"transfer": {"to": "S2", "at": "S1"}}),
        json!({"setClock": {"server": "S1", "ppm": -100}}),
        json!({"setDisk": {"server": "S1", "lies": true}}),
        json!({"setDisk": {"server": "S1", "lies": false, "fsync": {"minUs": 1, "maxUs": 3_000_000}}}),
        json!({"stallDisk": {"server": "S1", "forUs": 3_000_000}}),
        json!({"mislead": {"leader": "S1", "follower": "S2", "next": 3}}),
    ]);
    let presets = LinkPreset::ALL.map(|preset| json!({"linkPreset": {"preset": preset.name()}}));
    actions.extend(presets);
    let faults = Fault::PLAIN.into_iter().chain([Fault::Links(LinkPreset::Ring)]);
    actions.extend(faults.map(|fault| json!({"schedule": {"fault": fault, "everyUs": 5_000_000}})));
    actions.extend([
        json!({"schedule": {"fault": "crash", "everyUs": 5_000_000, "forUs": 1_000_000}}),
        json!("calm"),
        json!({"workload": {"clients": 0}}),
        json!({"workload": {
            "clients": 3, "everyUs": 50_000, "readsPpm": 5, "incrementsPpm": 6, "keys": 7, "hotPpm": 8, "mode": "lease"
        }}),
    ]);
    actions
}

/// A document with everything that one can have. Its options are all there, and none as by default.
fn document() -> Value {
    let when = Stamp { at_us: 500, k: 2 };
    let action = Action::Heal;
    let mut recording = Recording::new(Setup::new(3, u64::MAX), Start::State("S1:L1 1 / S2 1 / S3".into()));
    recording.setup.rules_off =
        Rule::ALL[..3].iter().fold(recording.setup.rules_off, |off, &rule| off.set(rule, false));
    recording.actions = vec![Stamped { when, action }];
    recording.end = Stamp { at_us: 7_200_000_000, k: 9 };
    let mut document = Document::of(recording.clone());
    document.name = "Two of them".into();
    document.open = Opening { events: Some(7), playing: true };
    document.branches.push(BranchData {
        name: "Another".into(),
        parent: Some(0),
        fork: 4,
        recording,
        marks: vec![DigestMark { events: 3, digest: wavetank::sim::Digest(12345) }],
        captions: vec![Caption { until: 9, text: "What happens.".into() }],
    });
    document.current = 1;
    let mut value = serde_json::to_value(document).unwrap();
    value["branches"][1]["recording"]["setup"]["options"] = options();
    value
}

/// All options, none as by default.
fn options() -> Value {
    json!({
        "election": {"minUs": 100_000, "maxUs": 200_000}, "heartbeatUs": 20_000,
        "link": {"latency": {"minUs": 5, "maxUs": 7}, "shape": "longTail", "lossPpm": 1, "duplicatePpm": 2},
        "fsync": {"minUs": 0, "maxUs": 0}, "noop": true, "backtracking": "conflictHints", "maxEntries": 3,
        "clientTimeoutUs": 5000, "clientAttempts": 3, "workloadEveryUs": 1000, "window": 8,
        "writeBeforeSend": true, "preVote": true, "checkQuorum": true, "stickiness": true, "lease": true,
        "driftPpm": 5, "catchUpRounds": 6, "snapshotEvery": 7, "snapshotChunk": 8, "sessions": true,
        "sessionLife": 9, "reads": "readIndex", "handOverOnRemoval": true,
    })
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, here: &str, into: &mut Vec<String>) {
    if !here.is_empty() {
        into.push(here.to_owned());
    }
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{here}/{name}"), into));
        }
        Value::Array(list) => {
            (0..).zip(list).for_each(|(n, value): (usize, _)| places(value, &format!("{here}/{n}"), into));
        }
        _ => {}
    }
}

/// One change: `{"at": pointer, "put": value}`, `{"at": pointer, "rename": name}` or `{"at": pointer}`, which
/// takes it away.
fn changes(base: &Value) -> Vec<Value> {
    let mut everywhere = Vec::new();
    places(base, "", &mut everywhere);
    let mut changes = Vec::new();
    for at in everywhere {
        let value = base.pointer(&at).unwrap();
        let last = at.rsplit('/').next().unwrap();
        if last.parse::<usize>().is_err() {
            changes.push(json!({"at": at}));
            changes.push(json!({"at": at, "rename": format!("{last}s")}));
        }
        if ["wavetank", "format", "semantics"].contains(&last) {
            // Of versions, some are there.
            changes.extend((0..4).map(|version| json!({"at": at, "put": version})));
        }
        let others = match value {
            Value::Number(_) => {
                vec![json!(-1), json!(0.5), json!(10_000_000_000_000_000_u64), json!("1"), json!([])]
            }
            Value::String(_) => vec![json!(7), json!(""), json!("<script>"), json!({"state": 1})],
            Value::Bool(_) => vec![json!(1), json!("yes")],
            Value::Array(_) => vec![json!({}), json!("none"), json!([7])],
            // Not a list: the program takes an empty one for an object with nothing in it, and need not.
            _ => vec![json!(7), json!("none"), json!({"mystery": 1})],
        };
        changes.extend(others.into_iter().map(|other| json!({"at": at, "put": other})));
    }
    changes
}

fn change(base: &Value, change: &Value) -> Value {
    let mut changed = base.clone();
    let at = change["at"].as_str().unwrap();
    if let Some(value) = change.get("put") {
        *changed.pointer_mut(at).unwrap() = value.clone();
        return changed;
    }
    let (parent, name) = at.rsplit_once('/').unwrap();
    let fields: &mut Map<String, Value> = changed.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    let value = fields.remove(name).unwrap();
    if let Some(name) = change.get("rename") {
        fields.insert(name.as_str().unwrap().to_owned(), value);
    }
    changed
}

/// What the program says; nothing about what no schema can know: orders, shorthand, ranges upside down.
fn verdict(value: &Value) -> Option<bool> {
    let beyond_schema = |why: &RecordingError| match why {
        RecordingError::OutOfOrder(_) | RecordingError::Start(_) => true,
        RecordingError::Setup(why) => why.contains("upside down"),
        _ => false,
    };
    match Document::from_text(&value.to_string()) {
        Ok(_) => Some(true),
        Err(DocumentError::Recording(why) | DocumentError::Branch(_, why)) if beyond_schema(&why) => None,
        Err(DocumentError::Inconsistent(why)) if why.contains("branch") && why.contains("counted from 0") => {
            None
        }
        Err(_) => Some(false),
    }
}

fn is_too_long(change: &Value) -> bool {
    change["at"].as_str().is_some_and(|at| at.ends_with("Us"))
        && change["put"] == json!(10_000_000_000_000_000_u64)
}

/// The list, a case a line.
fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    for action in actions() {
        assert!(serde_json::from_value::<Action>(action.clone()).is_ok(), "{action}");
        cases.push(json!({"valid": true, "action": action}));
    }
    let mut seen = BTreeSet::new();
    for action in actions() {
        let slots = json!({"action": action});
        // Times that are too long are read, and refused when the action is done.
        let judged_later = |one: &&Value| one["at"] != "/action" && !is_too_long(one);
        for one in changes(&slots).iter().filter(judged_later) {
            let changed = change(&slots, one)["action"].clone();
            if seen.insert(changed.to_string()) {
                let valid = serde_json::from_value::<Action>(changed.clone()).is_ok();
                cases.push(json!({"valid": valid, "action": changed}));
            }
        }
    }
    let base = document();
    assert_eq!(verdict(&base), Some(true), "{:?}", Document::from_text(&base.to_string()));
    cases.push(json!({"valid": true, "base": base}));
    for one in changes(&base) {
        if let Some(valid) = verdict(&change(&base, &one)) {
            cases.push(json!({"valid": valid, "change": one}));
        }
    }
    cases
}

#[test]
fn the_list_of_cases_is_what_the_program_says() {
    let text: String = cases().iter().map(|case| format!("{case}\n")).collect();
    if std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(GOLDEN, &text).expect("the list can be written");
    }
    let golden = std::fs::read_to_string(GOLDEN).expect("the list is there");
    for (line, (now, golden)) in (1..).zip(text.lines().zip(golden.lines())) {
        assert_eq!(now, golden, "line {line} of {GOLDEN}");
    }
    assert_eq!(text.lines().count(), golden.lines().count());
    let valid = text.lines().filter(|line| line.contains("\"valid\":true")).count();
    assert!(valid > 80 && text.lines().count() - valid > 300, "{valid}");
}

/// The names that serde expects in place of one that nobody knows.
fn names<T: serde::de::DeserializeOwned + std::fmt::Debug>(unknown: Value) -> BTreeSet<String> {
    let why = serde_json::from_value::<T>(unknown).unwrap_err().to_string();
    let (_, expected) = why.split_once("expected").expect("it says what it expected");
    expected.split('`').skip(1).step_by(2).map(String::from).collect()
}

#[test]
fn every_action_operation_option_and_rule_is_in_the_list_and_in_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let of = |name: &str| -> BTreeSet<String> {
        let choices = schema["$defs"][name]["oneOf"].as_array().expect("choices");
        let name = |choice: &Value| {
            let fields =
                choice["properties"].as_object().map(|fields| fields.keys().next().cloned().unwrap());
            fields.unwrap_or_else(|| choice["const"].as_str().expect("a name").to_owned())
        };
        choices.iter().map(name).collect()
    };
    assert_eq!(of("action"), names::<Action>(json!({"mystery": {}})));
    assert_eq!(of("op"), names::<wavetank::kv::Op>(json!({"mystery": {}})));
    assert_eq!(of("change"), names::<wavetank::raft::Change>(json!({"mystery": {}})));
    let fields: BTreeSet<String> =
        schema["$defs"]["options"]["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, names::<wavetank::sim::Options>(json!({"mystery": 1})));
    let rules: Vec<&str> =
        schema["$defs"]["rule"]["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let all: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(rules, all);

    let named = |value: &Value| {
        value.as_str().map_or_else(|| value.as_object().unwrap().keys().next().unwrap().clone(), String::from)
    };
    let listed: BTreeSet<String> = actions().iter().map(named).collect();
    assert_eq!(listed, of("action"));
    let in_submits = |action: &Value| action.get("submit").map(|submit| named(&submit["op"]));
    assert_eq!(actions().iter().filter_map(in_submits).collect::<BTreeSet<_>>(), of("op"));
    let mut all_options: BTreeSet<String> = options().as_object().unwrap().keys().cloned().collect();
    // It forbids most of the others.
    all_options.insert("paper".into());
    assert_eq!(all_options, fields);
}
