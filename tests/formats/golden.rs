//! `docs/formats.md` says what the formats are: its examples are made by this test, every field that is
//! written stands in it, and the shape of a trace is what it was when its version was given.
//!
//! `WAVETANK_GOLDEN=write cargo test --test formats` writes the examples and the shape anew.

use super::{recordings, trace_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wavetank::explain::{Telling, in_words};
use wavetank::kv::Op;
use wavetank::raft::ServerId;
use wavetank::sim::{Action, Setup};
use wavetank::timeline::export::history::History;
use wavetank::timeline::export::shiviz::Shiviz;
use wavetank::timeline::export::tell;
use wavetank::timeline::export::trace::Trace;
use wavetank::timeline::{BranchData, Caption, DigestMark, Document, Opening, Recording, Run};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/formats.md");
const SHAPE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/trace_shape.txt");

fn writes() -> bool {
    std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write")
}

/// Three servers elect a leader, a client writes and reads, the leader crashes and comes back.
fn example() -> Recording {
    let mut run = Run::new(&Setup::new(3, 4)).unwrap();
    run.run_until(350_000);
    let leader = run.world().servers().iter().find(|server| server.node.is_leader());
    let leader = leader.expect("somebody leads by now").node.id();
    let [key, value] = ["x", "1"].map(String::from);
    let asks = [Op::Put { key: key.clone(), value }, Op::Get { key }];
    for op in asks {
        run.act(Action::Submit { op, to: None, mode: None }).unwrap();
    }
    run.run_until(600_000);
    run.act(Action::Crash { server: leader }).unwrap();
    run.act(Action::Restart { server: leader }).unwrap();
    run.act(Action::Submit { op: Op::Delete { key: "x".into() }, to: None, mode: None }).unwrap();
    run.recording()
}

/// Two branches: in one S1 crashes, in the other it does not.
fn example_document() -> Document {
    let mut run = Run::new(&Setup::new(3, 4)).unwrap();
    run.run_until(350_000);
    let fork = run.world().events();
    let mut calm = run.clone();
    calm.run_until(400_000);
    run.act(Action::Crash { server: ServerId::first(1).next().unwrap() }).unwrap();
    run.run_until(400_000);
    let mark = |run: &Run| vec![DigestMark { events: run.world().events(), digest: run.digest() }];
    let mut document = Document::of(calm.recording());
    document.name = "A crash, and none".into();
    document.branches[0].name = "Main".into();
    document.branches[0].marks = mark(&calm);
    document.branches.push(BranchData {
        name: "S1 crashes".into(),
        parent: Some(0),
        fork,
        recording: run.recording(),
        marks: mark(&run),
        captions: vec![Caption { until: fork, text: "Nothing happens yet.".into() }],
    });
    document.current = 1;
    document.open = Opening { events: Some(fork), playing: false };
    document
}

/// What the docs show of the example, by the name that stands before each block.
fn examples() -> BTreeMap<&'static str, String> {
    let recording = example();
    let mut trace = Vec::new();
    tell(&recording, &mut Trace::new(&mut trace)).unwrap();
    let trace = String::from_utf8(trace).unwrap();
    let first = |like: &dyn Fn(&Value) -> bool| {
        let found = trace.lines().find(|line| like(&serde_json::from_str(line).unwrap()));
        format!("{}\n", found.expect("the example has one of each"))
    };
    let message = |line: &Value, kind: &str| line["message"]["type"] == kind;
    let entries = |line: &Value| line["message"]["entries"].as_array().map_or(0, Vec::len);
    let mut history = Vec::new();
    tell(&recording, &mut History::new(&mut history)).unwrap();
    let mut shiviz = Vec::new();
    tell(&recording, &mut Shiviz::new(&mut shiviz, |moment| in_words(moment).to_string())).unwrap();
    let shiviz = String::from_utf8(shiviz).unwrap();
    let beginning = |text: &str, lines| {
        let lines: Vec<&str> = text.lines().take(lines).collect();
        format!("{}\n", lines.join("\n"))
    };
    let mut words = Vec::new();
    tell(&recording, &mut Telling::new(&mut words, |_| true)).unwrap();
    let words = String::from_utf8(words).unwrap();
    BTreeMap::from([
        ("recording", format!("{}\n", recording.to_json())),
        ("document", format!("{}\n", example_document().to_json())),
        ("trace header", first(&|_| true)),
        ("trace fired", first(&|line| line["kind"] == "fired")),
        ("trace vote", first(&|line| message(line, "requestVote"))),
        ("trace append", first(&|line| message(line, "appendEntries") && entries(line) > 0)),
        ("trace crash", first(&|line| line["action"].get("crash").is_some())),
        ("history", String::from_utf8(history).unwrap()),
        ("shiviz", beginning(&shiviz, 14)),
        ("words", beginning(&words, 5)),
    ])
}

#[test]
fn the_examples_in_the_docs_are_what_is_written() {
    let mut docs = std::fs::read_to_string(DOCS).expect("the docs are there");
    for (name, example) in examples() {
        let mark = format!("<!-- example: {name} -->\n");
        let begin = docs.find(&mark).unwrap_or_else(|| panic!("the docs have no example of {name}"));
        let fence = docs[begin..].find("```").unwrap() + begin;
        let begin = docs[fence..].find('\n').unwrap() + fence + 1;
        let end = docs[begin..].find("```").unwrap() + begin;
        if writes() {
            docs.replace_range(begin..end, &example);
        } else {
            assert_eq!(docs[begin..end], example, "{name}");
        }
    }
    if writes() {
        std::fs::write(DOCS, docs).unwrap();
    }
}

/// Which fields there are, and of which kind: a line for each. Servers, keys and rules are data, not
/// fields.
fn shape(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let data = name.parse::<ServerId>().is_ok();
                let name = if data { "S…" } else { name };
                shape(value, &format!("{path}.{name}"), out);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| shape(value, &format!("{path}[]"), out)),
        _ => {
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "yes or no",
                Value::Number(_) => "number",
                _ => "text",
            };
            out.insert(format!("{path}: {kind}"));
        }
    }
}

/// The shape of each line; that of a message and of an action by its own name.
fn shapes() -> BTreeSet<String> {
    let mut shapes = BTreeSet::new();
    for recording in recordings() {
        let (lines, ..) = trace_of(recording, super::nobody());
        for mut line in lines {
            for key in ["sent", "message"] {
                let found = line.as_object_mut().unwrap().remove(key);
                for message in found.iter().flat_map(|found| match found {
                    Value::Array(messages) => messages.iter().collect(),
                    message => vec![message],
                }) {
                    shape(message, message["type"].as_str().unwrap(), &mut shapes);
                }
            }
            let action = line.as_object_mut().unwrap().remove("action");
            action.iter().for_each(|action| shape(action, "action", &mut shapes));
            // Why something is refused has many forms, and a sentence.
            if let Some(refused) = line.get_mut("refused") {
                refused["why"] = "…".into();
            }
            let kind = line["kind"].as_str().unwrap_or("header").to_string();
            shape(&line, &kind, &mut shapes);
        }
    }
    shapes
}

#[test]
fn the_shape_of_a_trace_is_what_it_was_and_the_docs_name_every_field() {
    let shapes = shapes();
    let text: String = shapes.iter().map(|line| format!("{line}\n")).collect();
    if writes() {
        std::fs::write(SHAPE, &text).unwrap();
    }
    let golden = std::fs::read_to_string(SHAPE).expect("the shape is there");
    let golden: BTreeSet<&str> = golden.lines().collect();
    let now: BTreeSet<&str> = text.lines().collect();
    let gone: Vec<_> = golden.difference(&now).collect();
    let new: Vec<_> = now.difference(&golden).collect();
    assert!(gone.is_empty() && new.is_empty(), "gone: {gone:#?}\nnew: {new:#?}");
    let docs = std::fs::read_to_string(DOCS).unwrap();
    for line in &shapes {
        let path = line.rsplit_once(": ").unwrap().0;
        // The first name is that of the line, of a message or of an action.
        for name in
            path.split('.').skip(1).map(|part| part.trim_end_matches("[]")).filter(|name| *name != "S…")
        {
            assert!(docs.contains(&format!("`{name}`")), "the docs don't name `{name}` of {path}");
        }
    }
}
