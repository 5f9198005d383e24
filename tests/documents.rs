//! Documents: a run with all its branches, as text and back; and what is refused, in which words.

use serde_json::{Value, json};
use wavetank::raft::ServerId;
use wavetank::sim::{Action, Digest, Setup};
use wavetank::timeline::{
    BRANCHES_MAX, BranchData, Caption, DOCUMENT_ACTIONS_MAX, DigestMark, Document, Opening, Recording, Stamp,
    Stamped, Start,
};

fn recording() -> Recording {
    let when = Stamp { at_us: 400_000, k: 0 };
    let action = Action::Crash { server: ServerId::first(1).next().unwrap() };
    let actions = vec![Stamped { when, action }];
    let end = Stamp { at_us: 900_000, k: 0 };
    Recording { actions, end, ..Recording::new(Setup::new(3, 7), Start::Empty) }
}

/// Two branches, with all that a document can have.
fn document() -> Document {
    let mut document = Document::of(recording());
    document.name = "Two leaders — “at last” <b>".into();
    document.branches[0].marks =
        vec![DigestMark { events: 5, digest: Digest(7) }, DigestMark { events: 9, digest: Digest(u64::MAX) }];
    document.branches.push(BranchData {
        name: "Without the crash".into(),
        parent: Some(0),
        fork: 12,
        recording: Recording { actions: Vec::new(), ..recording() },
        marks: Vec::new(),
        captions: vec![Caption { until: 30, text: "S1 leads.".into() }],
    });
    document.current = 1;
    document.open = Opening { events: Some(20), playing: true };
    document
}

#[test]
fn a_document_reads_back_as_it_was_written() {
    let document = document();
    let text = document.to_json();
    assert!(text.contains(r#""digest": "0000000000000007""#), "{text}");
    assert_eq!(Document::from_text(&text), Ok(document.clone()));
    assert_eq!(Document::from_text(&format!("\u{feff}\n {text}\n")), Ok(document.clone()));
    assert_eq!(document.branch(), Some(&document.branches[1]));
}

#[test]
fn a_plain_recording_is_a_document_of_one_branch_that_opens_at_its_end() {
    let recording = recording();
    let document = Document::from_text(&recording.to_json()).unwrap();
    assert_eq!(document, Document::of(recording));
    assert_eq!(document.open, Opening { events: None, playing: false });
    assert_eq!(document.check(), Ok(()));
}

#[test]
fn what_need_not_be_said_is_left_out_and_read_as_nothing() {
    let text = Document::of(recording()).to_json();
    for name in ["parent", "fork", "marks", "captions", "\"events\""] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    let mut value: Value = serde_json::from_str(&text).unwrap();
    for name in ["name", "current", "open"] {
        value.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(Document::from_text(&value.to_string()), Ok(Document::of(recording())));
}

/// A document with one thing changed in its JSON.
fn changed(pointer: &str, value: Value) -> String {
    let mut document = serde_json::to_value(document()).unwrap();
    match document.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[name] = value;
        }
    }
    document.to_string()
}

#[test]
fn what_does_not_fit_together_is_refused_with_a_sentence_that_says_what() {
    let many = |n: usize| -> Value { "é".repeat(n).into() };
    let branch = serde_json::to_value(&document().branches[0]).unwrap();
    let table = [
        ("/wavetank", json!(2), "newer than this page's 1"),
        ("/wavetank", json!(4_000_000_000_u32), "newer than this page's 1"),
        ("/wavetank", json!(0), "never a version 0"),
        ("/wavetank", json!("1"), "line 1 column"),
        ("/branches/1/parent", json!(2), "branch 2 comes from branch 2, counted from 0, which is not there"),
        ("/branches/1/parent", json!(1), "branch 2 comes from itself"),
        ("/branches/0/parent", json!(1), "branch 1 comes from itself"),
        ("/branches/1/parent", json!(-1), "line 1 column"),
        ("/branches/1/fork", json!(6_000_000), "branch 2 has a fork beyond"),
        ("/branches", json!([]), "there is no branch"),
        ("/branches", json!({}), "expected a list"),
        ("/branches", Value::Array(vec![branch; BRANCHES_MAX + 1]), "more than 64 branches"),
        ("/current", json!(2), "branch 2 is to be shown"),
        ("/name", many(121), "the name of 121 characters; 120 are the most"),
        ("/branches/0/name", many(121), "branch 1 has a name of 121 characters"),
        ("/branches/1/captions/0/text", many(2001), "a caption of 2001 characters"),
        (
            "/branches/1/captions",
            json!([{"until": 5, "text": ""}, {"until": 4, "text": ""}]),
            "captions that are",
        ),
        ("/branches/0/marks/1/events", json!(5), "digests that are not in the order"),
        ("/branches/0/marks/1/digest", json!("7"), "16 hexadecimal digits"),
        ("/branches/0/marks/1/digest", json!("+00000000000000f"), "16 hexadecimal digits"),
        ("/branches/0/marks/1/digest", json!(7), "line 1 column"),
        ("/branches/1/recording/setup/servers", json!(10), "Branch 2 of this run: The recording's setup"),
        ("/branches/1/recording/end/atUs", json!(7_200_000_001_u64), "7200 s are the most"),
        (
            "/branches/0/recording/format",
            json!(2),
            "Branch 1 of this run: The recording is of format 2, which",
        ),
        (
            "/branches/0/recording/semantics",
            json!(3),
            "Branch 1 of this run: The recording was made by a later",
        ),
        ("/branches/1/recording/semantics", json!(3), "its semantics is 3, and this page's is 2"),
        ("/branches/0/recording/format", json!(0), "never a format 0"),
        ("/branches/0/recording/semantics", json!(0), "never a semantics 0"),
        ("/branches/0/recording/actions/0/action", json!({"explode": {}}), "explode"),
        (
            "/branches/0/recording/actions/0/action",
            json!({"crash": "S1"}),
            "(invalid type: string \"S1\", expected an object with fields at line 1 column",
        ),
        ("/open/events", json!(5_000_001), "the moment to open at"),
        ("/open/sound", json!(true), "sound"),
        ("/colour", json!("red"), "colour"),
    ];
    for (pointer, value, expected) in table {
        let text = changed(pointer, value);
        let why = Document::from_text(&text).expect_err(pointer).to_string();
        assert!(why.contains(expected), "{pointer}: {why}");
        assert!(why.ends_with(['.', '?']) && why.len() < 600, "{pointer}: {why}");
    }
}

#[test]
fn a_document_of_a_later_version_says_so_whatever_else_stands_in_it() {
    let text = r#"{"wavetank":3,"worlds":[{"seed":7.5}],"branches":"elsewhere"}"#;
    let why = Document::from_text(text).unwrap_err().to_string();
    assert!(why.contains("version 3") && why.contains("Reload the page"), "{why}");
    // A recording within may be newer as well, with actions that nobody knows yet.
    let mut newer: Value =
        serde_json::from_str(&changed("/branches/1/recording/semantics", json!(3))).unwrap();
    newer["branches"][1]["recording"]["actions"] = json!([{"when": {"atUs": 0}, "action": {"freeze": {}}}]);
    let why = Document::from_text(&newer.to_string()).unwrap_err().to_string();
    assert!(why.starts_with("Branch 2 of this run: The recording was made by a later version"), "{why}");
    assert!(why.contains("its semantics is 3"), "{why}");
}

#[test]
fn a_document_with_too_many_actions_is_refused_before_all_of_it_is_read() {
    let action = r#"{"when":{"atUs":0},"action":"heal"}"#;
    let start = serde_json::to_string(&Recording::new(Setup::new(3, 7), Start::Empty)).unwrap();
    let actions = vec![action; DOCUMENT_ACTIONS_MAX / 4 + 1].join(",");
    let recording = start.replace(r#""actions":[]"#, &format!(r#""actions":[{actions}]"#));
    let branch = format!(r#"{{"recording":{recording}}}"#);
    // What comes after the fourth is not even looked at.
    let text = format!(r#"{{"wavetank":1,"branches":[{branch},{branch},{branch},{branch},"and so on"]}}"#);
    let why = Document::from_text(&text).unwrap_err().to_string();
    assert!(why.contains("more than 200000 actions in all branches"), "{why}");
}

#[test]
fn what_is_no_run_at_all_is_told_from_a_broken_one() {
    for text in ["", "  \n", "[]", "hello", "\u{1f980}", "<html>", "{}", r#"{"name":"package"}"#] {
        let why = Document::from_text(text).unwrap_err().to_string();
        assert!(why.starts_with("This is no Wavetank run"), "{text}: {why}");
    }
    for text in ["{", r#"{"wavetank":1"#, r#"{"wavetank":1,"branches":[{"recording""#] {
        let why = Document::from_text(text).unwrap_err().to_string();
        assert!(why.contains("not a whole Wavetank") && why.contains("line 1 column"), "{text}: {why}");
        assert!(why.contains("It may have been cut off"), "{text}: {why}");
    }
    // These are whole, and say something wrong: nothing was cut off.
    for text in [r#"{"format":1}"#, r#"{"format":"1"}"#, r#"{"wavetank":1,"branches":7}"#] {
        let why = Document::from_text(text).unwrap_err().to_string();
        assert!(why.contains("not a valid Wavetank") && why.contains("line 1 column"), "{text}: {why}");
        assert!(why.contains("edited by hand") && !why.contains("cut off"), "{text}: {why}");
    }
}
