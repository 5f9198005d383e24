//! The command line, as somebody at a terminal or a job runner meets it: the binary itself is run.

#![cfg(feature = "cli")]

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/files.rs"]
mod files;
#[cfg(target_os = "linux")]
#[path = "cli/interrupts.rs"]
mod interrupts;
#[path = "cli/meanings.rs"]
mod meanings;
#[path = "cli/states.rs"]
mod states;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use wavetank::sim::{Seed, chaos};
use wavetank::timeline::{Document, Recording, Run};

/// A folder of a test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("there is room for tests");
    folder
}

/// A file of the repository.
fn file(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

const HOLDS: &str = "tests/golden/run.json";
const BROKEN: &str = "static/broken/oneVotePerTerm.json";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What a command has said, and how it ended.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).expect("what is printed is text");
    let said = Said {
        code: output.status.code().expect("nothing has killed it"),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said
}

fn wavetank(arguments: &[&str]) -> Said {
    said(command(arguments).output().expect("the command runs"))
}

/// It ended so, and said nothing where only trouble is told: there is no progress in a pipe.
#[track_caller]
fn ends(arguments: &[&str], code: i32) -> String {
    let Said { code: ended, out, err } = wavetank(arguments);
    assert_eq!((ended, err.as_str()), (code, ""), "{arguments:?}: {out}");
    out
}

#[test]
fn a_run_is_taken_from_a_recording_a_document_or_a_link() {
    let text = fs::read_to_string(file(HOLDS)).unwrap();
    let out = ends(&["run", &file(HOLDS), "--digest"], 0);
    let document = Document::from_text(&text).unwrap();
    let folder = folder("documents");
    let path = folder.join("run.wavetank.json");
    fs::write(&path, document.to_json()).unwrap();
    let link = document.to_link().unwrap();
    let in_file = folder.join("link.txt");
    fs::write(&in_file, format!("https://wavetank.example/#{link}\n")).unwrap();
    let paths = [path, in_file].map(|path| path.display().to_string());
    for source in
        [paths[0].clone(), paths[1].clone(), link.clone(), format!("https://wavetank.example/#{link}")]
    {
        assert_eq!(ends(&["run", &source, "--digest"], 0), out, "{source}");
    }
    let one = ends(&["export", &file(HOLDS), "--to", "trace"], 0);
    assert_eq!(ends(&["export", &paths[0], "--to", "trace"], 0), one);
}

#[test]
fn a_run_says_what_came_of_it_and_ends_with_0_if_every_promise_held() {
    let out = ends(&["run", &file(HOLDS), "--digest"], 0);
    let recording = Recording::from_json(&fs::read_to_string(file(HOLDS)).unwrap()).unwrap();
    let run = Run::replay(&recording).unwrap();
    for expected in [
        "5 servers, seed 7; all rules on.".to_string(),
        format!("{} events", run.world().events()),
        format!("{} entries were committed", run.checker().committed()),
        "S2 in term 1".into(),
        format!("Digest {}.", run.digest()),
        "Every promise held.".into(),
    ] {
        assert!(out.contains(&expected), "{expected}: {out}");
    }
    assert!(!ends(&["run", &file(HOLDS)], 0).contains("Digest"));
}

#[test]
fn a_broken_promise_is_told_with_servers_values_and_events_and_ends_with_1() {
    let out = ends(&["run", &file(BROKEN)], 1);
    for expected in
        ["off: oneVotePerTerm", "Election Safety fell at", "Term 2 has two leaders", "S1", "S3", "- event"]
    {
        assert!(out.contains(expected), "{expected}: {out}");
    }
}

#[test]
fn rules_that_are_named_hold_from_the_start_to_the_end() {
    assert!(ends(&["run", &file(BROKEN), "--on", "oneVotePerTerm"], 0).contains("Every promise held."));
    let out = ends(&["run", &file(HOLDS), "--off", "commitAfterQuorum"], 1);
    assert!(out.contains("off: commitAfterQuorum"), "{out}");
    // The recording itself switches rules while it goes on: that is overruled as well.
    let recording = fs::read_to_string(file(HOLDS)).unwrap();
    let folder = folder("rules");
    let switched = recording.replacen(
        "\"actions\": [",
        "\"actions\": [{\"when\":{\"atUs\":1},\"action\":{\"setRules\":{\"off\":[\"preVote\"]}}},",
        1,
    );
    let path = folder.join("switched.json");
    fs::write(&path, switched).unwrap();
    let path = path.to_str().unwrap();
    assert!(ends(&["run", path, "--off", "commitAfterQuorum"], 1).contains("Durable Commit fell"));
    ends(&["run", path], 0);
}

#[test]
fn until_cuts_a_run_short_or_lets_it_go_on() {
    let events = |until: &str| {
        let out = ends(&["run", &file(HOLDS), "--until", until], 0);
        let line = out.lines().find(|line| line.contains(" events in ")).expect("how many events");
        line.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let [none, short, whole, long] = ["0s", "1s", "5330ms", "20s"].map(events);
    assert!(none == 0 && short < whole && whole < long, "{none} {short} {whole} {long}");
    assert_eq!(events("1000000us"), short);
    assert_eq!(events("0.5m"), events("30s"));
}

#[test]
fn the_trace_that_a_run_writes_is_the_one_that_export_prints() {
    let folder = folder("trace");
    let trace = folder.join("out.ndjson");
    let short = ["--until", "2s"];
    let out = ends(&[&["run", &file(HOLDS), "--trace", trace.to_str().unwrap()][..], &short].concat(), 0);
    assert!(out.contains("Every promise held."));
    let exported = ends(&[&["export", &file(HOLDS), "--to", "trace"][..], &short].concat(), 0);
    assert_eq!(fs::read_to_string(&trace).unwrap(), exported);
    assert!(exported.lines().count() > 200);
    let other = folder.join("again.ndjson");
    let to_file = ["export", &file(HOLDS), "--to", "trace", "--out", other.to_str().unwrap()];
    assert_eq!(ends(&[&to_file[..], &short].concat(), 0), "");
    assert_eq!(fs::read_to_string(&other).unwrap(), exported);
}

#[test]
fn a_recording_comes_from_standard_input_as_well() {
    let mut child = command(&["run", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let text = fs::read(file(HOLDS)).unwrap();
    child.stdin.take().expect("it is a pipe").write_all(&text).unwrap();
    let Said { code, out, .. } = said(child.wait_with_output().unwrap());
    assert_eq!((code, out), (0, ends(&["run", &file(HOLDS)], 0)));
}

#[test]
fn exports_are_in_the_format_that_was_asked_for() {
    let history = ends(&["export", &file(HOLDS), "--to", "history"], 0);
    assert!(
        history
            .starts_with(r#"[{"client":1,"key":"x","op":"put","value":"1","ok":true,"call":400000,"ret":"#)
    );
    let shiviz = ends(&["export", &file(HOLDS), "--to", "shiviz"], 0);
    assert!(shiviz.starts_with("(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)\n\n"));
    assert!(shiviz.contains("stands for election in term 1"), "events are told in words");
    let paper = ends(&["export", &file(HOLDS), "--to", "trace", "--paper"], 0);
    let header: serde_json::Value = serde_json::from_str(paper.lines().next().unwrap()).unwrap();
    assert_eq!(header["setup"]["options"]["paper"], true);
    assert_eq!(header["setup"]["options"]["maxEntries"], 1);
}

#[test]
fn histories_are_judged() {
    let folder = folder("histories");
    let judged = |text: &str, more: &[&str]| {
        let path = folder.join("history.json");
        fs::write(&path, text).unwrap();
        let Said { code, out, err } = wavetank(&[&["check-history", path.to_str().unwrap()], more].concat());
        assert_eq!(err, "");
        (code, out)
    };
    let history = ends(&["export", &file(HOLDS), "--to", "history"], 0);
    assert_eq!(judged(&history, &[]), (0, "14 operations: linearizable.\n".into()));
    let stale = r#"[{"client":1,"key":"x","op":"put","value":"1","ok":true,"call":0,"ret":10},
        {"client":2,"key":"x","op":"get","out":null,"ok":true,"call":20,"ret":30}]"#;
    let (code, out) = judged(stale, &[]);
    assert_eq!(
        (code, out.as_str()),
        (
            1,
            "2 operations: not linearizable.\n\
             C2's x? (asked at 0.02 ms, answered ‘(nothing)’ at 0.03 ms) fits nowhere among the operations on ‘x’: in \
             the longest order that fits, C1's x←1 (asked at 0 ms, answered ‘OK’ at 0.01 ms) has left ‘1’.\n\
             The longest order found has 1 of the 2 operations on ‘x’:\n  \
             C1's x←1 (asked at 0 ms, answered ‘OK’ at 0.01 ms)\n"
        )
    );
    let (code, out) = judged(stale, &["--steps", "0"]);
    assert_eq!(code, 3);
    assert_eq!(
        out,
        "2 operations: undecided.\n\
         0 steps were not enough for ‘x’: give more with --steps, or leave it out.\n\
         0 of 1 keys can be ordered; 0 steps were taken.\n"
    );
    let (code, out) = judged(stale, &["--memory", "1kB"]);
    assert_eq!(code, 1, "nothing was to be remembered: {out}");
    assert_eq!(judged("[]", &[]), (0, "0 operations: linearizable.\n".into()));
    let overlapping = stale.replace("20", "5").replace("\"client\":2", "\"client\":1");
    fs::write(folder.join("overlapping.json"), overlapping).unwrap();
    let Said { code, out, err } =
        wavetank(&["check-history", folder.join("overlapping.json").to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("a client does one thing at a time") && err.ends_with("‘client’ is 0.\n"), "{err}");
}

#[test]
fn judgements_are_told_to_programs_with_the_orders() {
    let folder = folder("judgements");
    let judged = |text: &str, more: &[&str]| -> (i32, serde_json::Value) {
        let path = folder.join("history.json");
        fs::write(&path, text).unwrap();
        let args = [&["check-history", path.to_str().unwrap(), "--json"], more].concat();
        let Said { code, out, .. } = wavetank(&args);
        (code, serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out}")))
    };
    let history = |read: &str| {
        format!(
            r#"[{{"client":0,"key":"x","op":"put","value":"1","call":0,"ret":null}},
                {{"client":0,"key":"x","op":"put","value":"2","call":0,"ret":null}},
                {{"client":1,"key":"x","op":"get","out":"2","ok":true,"call":10,"ret":20}},
                {{"client":1,"key":"x","op":"get","out":"1","ok":true,"call":30,"ret":40}},
                {{"client":1,"key":"y","op":"get","out":{read},"ok":true,"call":50,"ret":60}}]"#
        )
    };
    let (code, line) = judged(&history("null"), &[]);
    assert_eq!(code, 0);
    let wanted = serde_json::json!({
        "format": "wavetank-check-history", "version": 1, "operations": 5, "verdict": "linearizable",
        "sentence": null,
        "keys": [
            { "key": "x", "order": [1, 2, 0, 3], "fitsNowhere": [], "bound": null },
            { "key": "y", "order": [4], "fitsNowhere": [], "bound": null },
        ],
        "keysJudged": 2, "steps": line["steps"],
    });
    assert_eq!(line, wanted);
    let (code, line) = judged(&history("\"3\""), &[]);
    assert_eq!((code, &line["verdict"]), (1, &"notLinearizable".into()));
    let y = serde_json::json!([{ "key": "y", "order": [], "fitsNowhere": [4], "bound": null }]);
    assert_eq!(line["keys"], y);
    assert!(line["sentence"].as_str().unwrap().contains("makes ‘3’, in any order"), "{line}");
    let (code, line) = judged(&history("null"), &["--steps", "1"]);
    assert_eq!((code, &line["verdict"], &line["keysJudged"]), (3, &"undecided".into(), &1.into()));
    assert_eq!((&line["keys"][0]["key"], &line["keys"][0]["bound"]), (&"x".into(), &"steps".into()));
}

#[test]
fn fuzzing_finds_nothing_in_raft_and_shows_that_it_was_not_idle() {
    let out = ends(&["fuzz", "--seeds", "0..6", "--plan", "all", "--length", "10s"], 0);
    // Each goes on for 20 s after its 10 s of trouble.
    assert!(out.starts_with("Seeds 0..6 of ") && out.contains(": 6 runs, 3 simulated minutes.\n"), "{out}");
    for counted in ["crashes", "partitions", "messages lost", "terms with a leader", "entries committed"] {
        let line =
            out.lines().find(|line| line.ends_with(counted)).unwrap_or_else(|| panic!("{counted}: {out}"));
        assert!(line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() > 0, "{line}");
    }
    assert!(out.ends_with("Every promise held.\n"), "{out}");
}

#[test]
fn what_fuzzing_finds_comes_back_by_its_seed_and_by_its_recording() {
    let found = folder("fuzz").join("found.json");
    let hunt = ["fuzz", "--seeds", "3..20", "--length", "5s", "--off", "commitAfterQuorum", "--servers", "3"];
    let out = ends(&[&hunt[..], &["--out", found.to_str().unwrap()]].concat(), 1);
    let again =
        out.lines().find_map(|line| line.strip_prefix("Again: wavetank ")).expect("how to do it again");
    let told = |out: &str| out[out.find("Seed ").unwrap()..].to_string();
    assert_eq!(told(&ends(&again.split(' ').collect::<Vec<_>>(), 1)), told(&out));
    let run = ends(&["run", found.to_str().unwrap()], 1);
    let falls = |text: &str| text.lines().find(|line| line.contains(" fell at ")).map(str::to_string);
    assert_eq!(falls(&run), falls(&out));
}

#[test]
fn shards_share_the_seeds_and_the_result_does_not_depend_on_cores() {
    let result = |more: &[&str]| {
        let hunt =
            ["fuzz", "--seeds", "0..10", "--length", "3s", "--off", "commitAfterQuorum", "--all", "--json"];
        let out = ends(&[&hunt[..], more].concat(), 1);
        assert_eq!(out.lines().count(), 1);
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let whole = result(&[]);
    assert_eq!(whole, result(&["--threads", "1"]));
    assert_eq!((&whole["format"], &whole["version"]), (&"wavetank-fuzz".into(), &1.into()));
    assert!(whole["first"]["violation"]["sentence"].is_string(), "{whole}");
    let parts = ["1/3", "2/3", "3/3"].map(|shard| result(&["--shard", shard]));
    let ends: Vec<_> = parts.iter().map(|part| part["seeds"].clone()).collect();
    assert_eq!(serde_json::json!(ends), serde_json::json!([["0", "3"], ["3", "6"], ["6", "10"]]));
    for what in ["runs", "hits", "simulatedUs"] {
        let sum: u64 = parts.iter().map(|part| part[what].as_u64().unwrap()).sum();
        assert_eq!(whole[what], sum, "{what}");
    }
}

#[test]
fn how_trouble_ends_can_be_said_and_is_part_of_how_to_do_it_again() {
    let hunt =
        ["fuzz", "--seeds", "0..12", "--length", "3s", "--all", "--json", "--off", "commitAfterQuorum"];
    let result = |ending: &str| {
        let out = ends(&[&hunt[..], &["--ending", ending]].concat(), 1);
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let (everyone, majority) = ("storms that ended for everyone", "storms that ended for a majority");
    let table =
        [("drawn", true, true), ("healed", true, false), ("majority", true, true), ("never", false, false)];
    for (ending, for_everyone, for_majority) in table {
        let told = result(ending);
        let some = |what: &str| told["counts"][what].as_u64().is_some_and(|times| times > 0);
        assert_eq!(told["ending"], ending);
        // A cluster of one or two has no majority but everyone.
        assert_eq!((some(everyone), some(majority)), (for_everyone, for_majority), "{told}");
        let again = told["first"]["again"].as_str().expect("the rule is broken");
        assert_eq!(again.contains(&format!("--ending {ending}")), ending != "drawn", "{again}");
    }
}

#[test]
fn paper_restricts_fuzzing_too() {
    let hunt = ["fuzz", "--seeds", "0..4", "--length", "10s", "--plan", "all", "--json"];
    let counts = |more: &[&str]| {
        let out = ends(&[&hunt[..], more].concat(), 0);
        serde_json::from_str::<serde_json::Value>(&out).unwrap()["counts"].clone()
    };
    let (free, paper) = (counts(&[]), counts(&["--paper"]));
    for beyond in ["servers started", "questions before standing", "configurations delivered"] {
        assert!(free[beyond].as_u64() > Some(0), "{beyond}: {free}");
        assert!(paper.get(beyond).is_none_or(|times| times == 0), "{beyond}: {paper}");
    }
}

#[test]
fn a_search_prints_the_shortest_run_and_writes_it_as_a_recording() {
    let found = folder("search").join("found.json");
    let search = ["search", "--goal", "violated(ElectionSafety)", "--off", "oneVotePerTerm"];
    let out = ends(&[&search[..], &["--out", found.to_str().unwrap()]].concat(), 0);
    assert!(out.starts_with("Found in 4 steps"), "{out}");
    assert!(out.contains("  4. ") && !out.contains("  5. "), "{out}");
    assert!(out.contains("it leads in term 1"), "{out}");
    assert!(ends(&["run", found.to_str().unwrap()], 1).contains("Election Safety fell"));
    let from = ["search", "--goal", "leaders >= 2", "--from", found.to_str().unwrap()];
    assert!(ends(&from, 0).starts_with("It holds at the start."));
}

#[test]
fn a_search_that_finds_nothing_says_how_far_it_looked_and_ends_with_1_or_where_a_bound_ended_it_with_3() {
    let goal = ["search", "--goal", "violated(ElectionSafety)"];
    let bounds = ["--terms", "2", "--logs", "1", "--restarts", "0"];
    let out = ends(&[&goal[..], &bounds].concat(), 1);
    assert!(
        out.starts_with("Not found: it is nowhere within these bounds (terms to 2, logs to 1, "),
        "{out}"
    );
    let out = ends(&[&goal[..], &["--max", "3"]].concat(), 3);
    assert!(out.starts_with("Not found within 3 steps"), "{out}");
    let out = ends(&[&goal[..], &["--memory", "1MiB"]].concat(), 3);
    assert!(out.contains("the memory was full"), "{out}");
    // However little memory there is, it is told as it was given.
    for (given, told) in
        [("1KiB", "1 KiB"), ("1000b", "1000 bytes"), ("0GiB", "0 bytes"), ("1.5KiB", "1536 bytes")]
    {
        let out = ends(&[&goal[..], &["--memory", given]].concat(), 3);
        assert!(
            out.starts_with("Not found within 0 steps") && out.contains(&format!("full ({told};")),
            "{out}"
        );
    }
    let finer = [&goal[..], &["--grain", "message", "--max", "4", "--off", "oneVotePerTerm"]].concat();
    assert!(ends(&finer, 3).contains("messages on the way"));
}

#[test]
fn a_search_begins_in_any_state() {
    let search = |state: &str, goal: &str, code| {
        ends(&["search", "--max", "3", "--state", state, "--goal", goal], code)
    };
    // From the beginning it would take an election and two requests.
    let out = search("S1:L2 12 c2 / S2:F2 12 / S3:F1 1", "commit(S2) = 2", 0);
    assert!(out.starts_with("Found in 1 step,"), "{out}");
    // S3 lacks an entry that the others have.
    let out = search("S1:F2 12 c2 / S2:F2 12 / S3:F2 1", "role(S3) = leader and last(S3) = 1", 3);
    assert!(out.starts_with("Not found"), "{out}");
}

#[test]
fn a_recording_shrinks_to_what_still_breaks_the_promise() {
    let folder = folder("shrink");
    let [large, small] =
        ["large.json", "small.json"].map(|name| folder.join(name).to_str().unwrap().to_string());
    let hunt =
        ["fuzz", "--seeds", "0..20", "--length", "10s", "--off", "commitAfterQuorum", "--servers", "3"];
    ends(&[&hunt[..], &["--out", &large]].concat(), 1);
    let out = ends(&["shrink", &large, "--out", &small], 0);
    assert!(out.starts_with("From ") && out.contains("Durable Commit fell"), "{out}");
    let [before, after] =
        [&large, &small].map(|path| Recording::from_json(&fs::read_to_string(path).unwrap()).unwrap());
    assert!(after.actions.len() < before.actions.len() && after.end < before.end, "{out}");
    assert!(ends(&["run", &small], 1).contains("Durable Commit fell"));
    // Without a file for it, the recording itself is printed.
    let printed = ends(&["shrink", &large, "--property", "durable-commit"], 0);
    assert_eq!(Recording::from_json(&printed).unwrap(), after);
    let out = ends(&["shrink", &large, "--goal", "leaders = 1", "--out", &small], 0);
    assert!(out.starts_with("From "), "{out}");
    assert!(ends(&["shrink", &file(HOLDS)], 1).contains("No promise is broken"));
    assert!(
        ends(&["shrink", &large, "--property", "ElectionSafety"], 1)
            .contains("Election Safety is not broken")
    );
    // A bound ends it: what there is so far is written, or printed.
    let out = ends(&["shrink", &large, "--replays", "1", "--out", &small], 3);
    assert!(out.contains("Not everything was tried"), "{out}");
    let first = Recording::from_json(&fs::read_to_string(&small).unwrap()).unwrap();
    assert!(first.end <= before.end && first.actions.len() > after.actions.len());
    let Said { code, out, err } = wavetank(&["shrink", &large, "--replays", "1"]);
    assert_eq!((code, Recording::from_json(&out).unwrap()), (3, first));
    assert!(err.contains("Not everything was tried"), "{err}");
}

#[test]
fn all_rules_are_listed_with_where_they_stand() {
    let out = ends(&["rules"], 0);
    let names: Vec<&str> = out.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let all: Vec<&str> = wavetank::raft::Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names, all);
    assert!(out.contains("§5.4.2") && out.contains("a server votes at most once in a term"));
}

/// Whoever reads may have enough at any time. That is no mistake, and no panic.
#[test]
fn a_closed_pipe_ends_every_command_quietly() {
    let long = folder("pipe").join("long.json");
    let (setup, actions) = chaos::plan(Seed(5), 5, 30_000_000);
    let mut run = Run::new(&setup).unwrap();
    for (at_us, action) in actions {
        run.run_until(at_us);
        let _ = run.act(action);
    }
    fs::write(&long, run.recording().to_json()).unwrap();
    let long = long.to_str().unwrap();
    let cases: [(&[&str], i32); 11] = [
        (&["export", long, "--to", "trace"], 0),
        (&["export", long, "--to", "shiviz"], 0),
        (&["rules"], 0),
        (&["--help"], 0),
        (&["run", &file(BROKEN)], 1),
        (&["search", "--goal", "leaders >= 1"], 0),
        (&["search", "--goal", "leaders >= 1", "--max", "0"], 3),
        (&["reach", "S1:L1 / S2:F1 / S3:F0", "--json"], 0),
        (&["shrink", &file(BROKEN)], 0),
        (&["run", &file(HOLDS), "--trace", "-"], 0),
        (&["fuzz", "--seeds", "0..2", "--length", "1s", "--json"], 0),
    ];
    for (arguments, code) in cases {
        let mut child =
            command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
        let mut out = child.stdout.take().expect("it is a pipe");
        if arguments[0] == "export" {
            // `head`: a little is read.
            out.read_exact(&mut [0; 100]).unwrap();
        }
        drop(out);
        let Said { code: ended, err, .. } = said(child.wait_with_output().unwrap());
        assert_eq!((ended, err.as_str()), (code, ""), "{arguments:?}");
    }
}

/// What is quoted is what is printed.
#[test]
fn the_help_in_the_readme_is_what_help_says() {
    let readme = fs::read_to_string(file("README.md")).unwrap();
    let help = ends(&["--help"], 0);
    assert!(readme.contains(&format!("```text\n{help}```\n")), "README.md should quote:\n{help}");
    assert_eq!(ends(&["--version"], 0), format!("wavetank {}\n", env!("CARGO_PKG_VERSION")));
    for command in ["run", "fuzz", "search", "reach", "shrink", "export", "check-history", "rules"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
        let own = ends(&[command, "--help"], 0);
        assert!(own.contains("Usage: wavetank ") && own.contains("--help"), "{own}");
    }
}
