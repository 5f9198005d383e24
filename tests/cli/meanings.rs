//! Recordings of an earlier meaning at the command line, and seeds that name their storms within a version.

use super::{HOLDS, Said, ends, file, folder, wavetank};
use serde_json::{Value, json};
use std::fs;
use wavetank::timeline::{Document, Run, SEMANTICS};

/// The golden recording as a document with these digests, as if that meaning had made it.
fn made_by(semantics: u32, marks: &Value) -> String {
    let text = fs::read_to_string(file(HOLDS)).expect("it is there");
    let document = Document::from_text(&text).expect("it is a recording");
    let mut value = serde_json::to_value(document).expect("a document is plain data");
    value["branches"][0]["recording"]["semantics"] = json!(semantics);
    value["branches"][0]["marks"] = marks.clone();
    value.to_string()
}

#[test]
fn a_run_of_an_earlier_meaning_says_on_standard_error_where_it_differs() {
    let text = fs::read_to_string(file(HOLDS)).expect("it is there");
    let recording = Document::from_text(&text).expect("it is a recording").branches.remove(0).recording;
    let run = Run::replay(&recording).expect("it makes a run");
    let end = json!({"events": run.world().events(), "digest": run.digest().to_string()});
    let other = json!({"events": 30, "digest": "0123456789abcdef"});
    let path = folder("meanings").join("run.wavetank.json");
    let path = path.to_str().expect("a plain path");
    let table = [
        (made_by(1, &json!([end])), ""),
        (made_by(SEMANTICS, &json!([end])), ""),
        (made_by(1, &json!([other, end])), "replays differently from when it was saved: other by event 30 ("),
        (made_by(1, &json!([])), "no digests in it to compare with, so it may run differently here"),
    ];
    let out = ends(&["run", &file(HOLDS), "--digest"], 0);
    for (document, expected) in table {
        fs::write(path, document).expect("there is room");
        let Said { code, out: told, err } = wavetank(&["run", path, "--digest"]);
        assert_eq!((code, &told), (0, &out), "{expected}: it runs all the same, by this meaning");
        assert_eq!(err.is_empty(), expected.is_empty(), "{err}");
        assert!(err.contains(expected), "{err}");
        assert!(err.is_empty() || err.contains("semantics 1; this version’s is 2"), "{err}");
    }
    // Whatever reads a recording says so.
    for more in [["export", "--to", "words"], ["shrink", "--goal", "leaders = 1"]] {
        let Said { err, .. } = wavetank(&[&[more[0], path], &more[1..]].concat());
        assert!(err.contains("may run differently here"), "{more:?}: {err}");
    }
}

#[test]
fn a_seed_stands_beside_the_version_in_which_it_names_its_storm() {
    let version = env!("CARGO_PKG_VERSION");
    let hunt = ["fuzz", "--seeds", "3..20", "--length", "5s", "--off", "commitAfterQuorum", "--servers", "3"];
    let out = ends(&hunt, 1);
    assert!(
        out.starts_with(&format!("Seeds 3..20 of wavetank {version} (semantics {SEMANTICS}): ")),
        "{out}"
    );
    assert!(out.lines().any(|line| line.starts_with("Seed ") && line.contains(version)), "{out}");
    assert!(out.contains("--out FILE keeps the run for good"), "{out}");
    let line = ends(&[&hunt[..], &["--json"]].concat(), 1);
    let line: Value = serde_json::from_str(&line).expect("one line of JSON");
    assert_eq!((&line["wavetank"], &line["semantics"]), (&json!(version), &json!(SEMANTICS)));
    let help = ends(&["fuzz", "--help"], 0);
    assert!(help.contains("A seed names its storm within one version of wavetank only"), "{help}");
}
