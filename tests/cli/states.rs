//! States at a terminal: what speaks against them, and runs that lead to them.

use super::{Said, ends, folder, wavetank};
use std::fs;
use wavetank::timeline::{Recording, Run};

/// Two logs with an entry of term 3, and different entries before it.
const IMPOSSIBLE: &str = "S1:F3 1122 / S2:F3 113 / S3:F3 11223";
const AGAINST: &str = "no run of Raft leads to this state, with all rules on and these servers from the beginning:
  - The entries of term 3 begin at index 3 on S2 and at index 5 on S3: one leader made them all, one after the other (§5.3).\n";
/// S1 has made the entry and leads no more: it takes a restart.
const RESTARTED: &str = "S1:F1 1 / S2:F1 / S3:F0";

#[test]
fn a_search_from_a_state_that_no_run_leads_to_says_so_and_goes_on() {
    let folder = folder("impossible");
    let [found, away] = ["found.json", "away.json"].map(|name| folder.join(name).display().to_string());
    let search = ["search", "--goal", "canWin(S3)", "--max", "0"];
    let Said { code, out, err } =
        wavetank(&[&search[..], &["--state", IMPOSSIBLE, "--out", &found]].concat());
    assert_eq!((code, out.as_str()), (0, "It holds at the start.\n"));
    assert_eq!(err, format!("wavetank: --state: {AGAINST}"));
    // The recording starts there as well.
    let Said { code, out, err } = wavetank(&[&search[..], &["--from", &found]].concat());
    assert_eq!((code, out.as_str()), (0, "It holds at the start.\n"));
    assert_eq!(err, format!("wavetank: {found}: {AGAINST}"));
    assert!(ends(&["run", &found], 0).contains(&format!("About the start: {AGAINST}")));
    // Against other states nothing is said.
    ends(&["search", "--goal", "canWin(S1)", "--max", "0", "--state", RESTARTED, "--out", &away], 0);
    assert!(!ends(&["run", &away], 0).contains("About the start"));
}

#[test]
fn no_run_is_looked_for_to_a_state_that_something_speaks_against() {
    assert_eq!(ends(&["reach", IMPOSSIBLE], 1), format!("No: {AGAINST}"));
    let json = ends(&["reach", IMPOSSIBLE, "--json"], 1);
    let line: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.lines().count(), 1);
    assert_eq!((&line["format"], &line["version"]), (&"wavetank-reach".into(), &1.into()));
    assert_eq!((&line["state"], &line["found"]), (&IMPOSSIBLE.into(), &false.into()));
    assert_eq!(line["objections"].as_array().map(Vec::len), Some(1));
    assert_eq!(line["recording"], serde_json::Value::Null);
    // Without the rule it is based on, an objection holds no more.
    let two = ["reach", "S1:L1 / S2:L1 / S3:F1", "--off", "oneVotePerTerm"];
    let Said { code, out, err } = wavetank(&two);
    assert!(code == 0 && out.starts_with("Found in 4 steps, after "), "{out}");
    assert!(err.contains("Two leaders in term 1"), "{err}");
    assert!(out.contains("Election Safety has fallen"), "{out}");
}

/// The run that was written leads to the state, and its steps are told.
#[track_caller]
fn leads_there(state: &str, more: &[&str], begins: &str) {
    let found = folder("reach").join("found.json").display().to_string();
    let out = ends(&[&["reach", state, "--out", &found][..], more].concat(), 0);
    assert!(out.starts_with(begins), "{state}: {out}");
    let steps = out.lines().filter(|line| line.get(3..5) == Some(". ")).count();
    assert!(out.contains(&format!("in {steps} steps")), "{state}: {out}");
    let recording = Recording::from_json(&fs::read_to_string(&found).unwrap()).unwrap();
    assert_eq!(Run::replay(&recording).unwrap().shorthand(), state);
    let json = ends(&[&["reach", state, "--json"][..], more].concat(), 0);
    let line: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&line["found"], line["words"].as_str()), (&true.into(), Some(out.as_str())));
    assert_eq!(line["recording"], serde_json::to_value(&recording).unwrap());
}

#[test]
fn a_run_that_leads_to_a_state_is_told_and_written() {
    // A student's doubt: how does S3 come to term 3 if only S2 has an entry of term 2?
    leads_there("S1:F3 1 / S2:F2 112 / S3:F3 113", &[], "Put together, in 16 steps; ");
    leads_there("S1:L1 1 c1 / S2:F1 1 / S3:x0", &[], "Put together, in 5 steps; ");
    leads_there(RESTARTED, &["--shortest"], "Found in ");
    leads_there("S1:F1 / S2:L1 / S3:x1", &["--shortest"], "Found in ");
    leads_there("S1:L1 / S2:F1 / S3:F0", &["--grain", "message"], "Found in ");
    assert_eq!(ends(&["reach", "S1 / S2 / S3"], 0), "Servers that have never run are in this state.\n");
}

#[test]
fn where_no_run_is_found_it_is_said_how_far_it_was_looked_and_how_to_look_further() {
    for (limits, expected) in [
        (
            &["--restarts", "0"][..],
            &[
                "Not found: nothing speaks against this state",
                "terms to 1, logs to 1, 0 restarts",
                "give --terms 2 --logs 2 --restarts 1 --messages 2, or --grain message",
            ][..],
        ),
        (&["--max", "2"], &["Not found within 2 steps", "give more with --max"]),
        (
            &["--memory", "1MiB"],
            &["the memory was full", "give more with --memory", "--restarts 0 --messages 0"],
        ),
    ] {
        let code = if limits[0] == "--restarts" { 1 } else { 3 };
        let out = ends(&[&["reach", RESTARTED, "--shortest"][..], limits].concat(), code);
        for expected in expected {
            assert!(out.contains(expected), "{limits:?}: {expected} is not in\n{out}");
        }
    }
}

/// Five servers have many more states than three: what the bounds leave out is what lets a search come to
/// its goal.
#[test]
fn a_search_whose_memory_is_full_says_which_closer_bounds_to_try() {
    let state = "S1:F2 12 / S2:F2 12 / S3:F2 1 / S4:F1 1 / S5:F1 1";
    let search = |memory: &str, closer: &[&str], code| {
        let goal = ["search", "--state", state, "--goal", "committed(2 of term 2)"];
        ends(&[&goal[..], &["--threads", "1", "--memory", memory], closer].concat(), code)
    };
    let out = search("24MiB", &[], 3);
    let closer = ["--terms", "3", "--logs", "3", "--restarts", "0", "--messages", "0"];
    assert!(out.contains("the memory was full"), "{out}");
    assert!(out.ends_with(&format!("try {}.\n", closer.join(" "))), "{out}");
    assert!(search("24MiB", &closer, 0).starts_with("Found in 6 steps"));
    // Where bounds are close there are none to be tried.
    let out = search("1MiB", &closer, 3);
    assert!(out.contains("the memory was full") && !out.contains("try "), "{out}");
}
