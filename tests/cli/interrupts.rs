//! Ctrl-C at many moments: a command says how far it came, writes what it has, and ends with 130; what was there
//! before is there, or what takes its place is whole.

use super::{HOLDS, Said, command, ends, file, folder, said, wavetank};
use serde_json::Value;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use wavetank::timeline::Recording;

/// At how many moments each command is interrupted, at least.
const MOMENTS: usize = 10;
/// Later ones are tried until a command has been interrupted in the midst of its work.
const MOMENTS_MAX: usize = 40;

/// Waits until a program has said what Ctrl-C is to do; else it would be ended by the system.
fn wait_until_it_listens(child: &Child) {
    const INTERRUPT: u64 = 1 << 1;
    let status = format!("/proc/{}/status", child.id());
    loop {
        let text = fs::read_to_string(&status).expect("it runs, or has not been waited for");
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        match caught.map(|mask| u64::from_str_radix(mask.trim(), 16).expect("it is a mask")) {
            Some(mask) if mask & INTERRUPT == 0 => std::thread::yield_now(),
            // It listens, or has ended already.
            _ => return,
        }
    }
}

fn press_ctrl_c(child: &Child) {
    let kill = format!("kill -INT {}", child.id());
    // Where it has ended already, nobody hears it.
    let _ = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
}

/// Runs a command and presses Ctrl-C so many times, after so long.
fn interrupted(arguments: &[&str], after: Duration, times: usize) -> Said {
    let mut command = command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command runs");
    wait_until_it_listens(&child);
    std::thread::sleep(after);
    (0..times).for_each(|_| press_ctrl_c(&child));
    said(child.wait_with_output().expect("it ends"))
}

/// Interrupts a command at later and later moments, and looks at what came of it: at nothing yet (false), or at
/// some of its work (true).
fn at_many_moments(arguments: &[&str], look: impl Fn(Said) -> bool) {
    let mut any = false;
    for moment in 0..MOMENTS_MAX {
        if moment >= MOMENTS && any {
            break;
        }
        let after = Duration::from_millis(if moment == 0 { 0 } else { 1 << (moment / 2).min(12) });
        any |= look(interrupted(arguments, after, 1));
    }
    assert!(any, "{arguments:?} was interrupted in the midst of its work");
}

fn json(text: &str) -> Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).expect("it is JSON")
}

#[test]
fn a_search_says_how_far_it_came() {
    let out = folder("interrupted_search").join("out");
    fs::write(&out, "old").unwrap();
    let out = out.to_str().unwrap();
    let endless =
        ["search", "--goal", "violated(ElectionSafety)", "--servers", "5", "--threads", "1", "--out", out];
    at_many_moments(&endless, |Said { code, out: text, err }| {
        assert_eq!((code, err.as_str()), (130, ""), "{text}");
        assert_eq!(fs::read_to_string(out).unwrap(), "old");
        assert!(text.is_empty() || text.starts_with("Stopped by Ctrl-C. Not found within "), "{text}");
        !text.is_empty()
    });
    // A shortest run to this state takes a long search.
    let reach = ["reach", "S1:F3 1 / S2:F2 112 / S3:F3 113", "--shortest", "--json"];
    at_many_moments(&reach, |Said { code, out, err }| {
        assert_eq!((code, err.as_str()), (130, ""), "{out}");
        if out.is_empty() {
            return false;
        }
        let line = json(&out);
        assert_eq!((&line["ended"], &line["found"]), (&"interrupted".into(), &false.into()));
        line["words"].as_str().is_some_and(|words| words.starts_with("Stopped by Ctrl-C."))
    });
}

/// Of words appended side by side, which a write hides in part, no choice makes a text of odd length; only trying all
/// choices shows it.
#[test]
fn a_judgement_of_a_history_says_how_far_it_came() {
    let operation = |op: &str, text: String, call: u64, ret: u64| {
        let field = if op == "get" { "out" } else { "value" };
        format!(
            r#"{{"client":0,"key":"k","op":"{op}","{field}":"{text}","ok":true,"call":{call},"ret":{ret}}}"#
        )
    };
    let mut operations = vec![operation("append", "x".into(), 0, 1), operation("put", String::new(), 10, 99)];
    operations.extend((1..=60).map(|n| operation("append", "xx".repeat(n), 10, 99)));
    operations.push(operation("get", "x".repeat(1831), 100, 101));
    // Another key has an order, and is judged in its first turn.
    operations.push(operation("put", "1".into(), 0, 1).replace(r#""key":"k""#, r#""key":"easy""#));
    let history = folder("interrupted_history").join("history.json");
    fs::write(&history, format!("[{}]", operations.join(",\n"))).unwrap();
    let endless = ["check-history", history.to_str().unwrap(), "--json"];
    at_many_moments(&endless, |Said { code, out, err }| {
        assert_eq!((code, err.as_str()), (130, ""), "{out}");
        if out.is_empty() {
            return false;
        }
        let line = json(&out);
        assert_eq!(line["verdict"], "undecided");
        let of_key = line["keys"].as_array().expect("a list").iter().find(|it| it["key"] == "k");
        assert_eq!(of_key.expect("the key that was judged")["bound"], "interrupt");
        line["keysJudged"] == 1
    });
}

/// What a hunt has come to depends on how many seeds had their runs, and on nothing else.
#[test]
fn a_hunt_has_the_sums_and_finds_of_the_runs_that_were_done() {
    let folder = folder("interrupted_hunt");
    let [found, kept] = ["found", "kept"].map(|name| folder.join(name).display().to_string());
    let rule = ["--off", "logSurvivesCrash", "--length", "3s", "--all", "--json"];
    let endless = [&["fuzz", "--seeds", "0..1000000", "--out", &found, "--keep", &kept][..], &rule].concat();
    at_many_moments(&endless, |Said { code, out, err }| {
        assert_eq!((code, err.as_str()), (130, ""), "{out}");
        if out.is_empty() {
            return false;
        }
        let line = json(&out);
        assert_eq!(line["interrupted"], true);
        let runs = line["runs"].as_u64().expect("a number");
        if runs == 0 {
            return false;
        }
        let Said { out, .. } = wavetank(&[&["fuzz", "--seeds", &format!("0..{runs}")][..], &rule].concat());
        let whole = json(&out);
        for field in ["runs", "simulatedUs", "counts", "hits", "violations", "held", "first"] {
            assert_eq!(line[field], whole[field], "{field}");
        }
        for (path, seed, code) in [(&found, &line["first"]["seed"], 1), (&kept, &line["held"], 0)] {
            if let Some(seed) = seed.as_str() {
                assert!(ends(&["run", path], code).contains(&format!("seed {seed};")), "{path}");
            }
        }
        true
    });
}

#[test]
fn shrinking_leaves_the_smallest_recording_so_far() {
    let folder = folder("interrupted_shrinking");
    let [large, small] = ["large", "small"].map(|name| folder.join(name).display().to_string());
    let goal = ["--goal", "commit(S1) >= 40"];
    ends(&["fuzz", "--seeds", "5..6", "--servers", "5", "--keep", &large], 0);
    let read = |path: &str| Recording::from_json(&fs::read_to_string(path).unwrap()).unwrap();
    let before = read(&large);
    at_many_moments(
        &[&["shrink", &large, "--out", &small][..], &goal].concat(),
        |Said { code, out, err }| {
            if out.is_empty() {
                assert_eq!(code, 130, "{err}");
                assert!(err.is_empty() || err.contains("before it was known"), "{err}");
                return false;
            }
            assert!(code == 130 && out.contains("Stopped by Ctrl-C: ") || code == 0, "{out}");
            assert!(read(&small).actions.len() <= before.actions.len());
            // What was looked for is still there; and that is how it is found out.
            let Said { code: there, .. } =
                wavetank(&[&["shrink", &small, "--replays", "0"][..], &goal].concat());
            assert_eq!(there, 3, "{out}");
            code == 130
        },
    );
    // Without a file for it, it is printed.
    at_many_moments(&[&["shrink", &large][..], &goal].concat(), |Said { code, out, err }| {
        if out.is_empty() {
            return false;
        }
        Recording::from_json(&out).unwrap();
        assert!(code == 130 && err.contains("Stopped by Ctrl-C: ") || code == 0, "{err}");
        code == 130
    });
}

#[test]
fn a_trace_that_was_interrupted_leaves_the_old_one() {
    let folder = folder("interrupted_trace");
    let path = folder.join("trace");
    let out = path.to_str().unwrap();
    // Two simulated hours, which takes some seconds.
    let whole = ["run", &file(HOLDS), "--trace", out, "--until", "2h"];
    at_many_moments(&whole, |Said { code, err, .. }| {
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        if code != 130 {
            assert!(names == ["trace"] && fs::read_to_string(&path).unwrap().ends_with("}\n"), "{err}");
            fs::remove_file(&path).unwrap();
            return false;
        }
        assert!(names.is_empty(), "{names:?}: {err}");
        err.contains("stopped by Ctrl-C: the run was not told to its end")
    });
}

#[test]
fn a_second_ctrl_c_ends_any_command_at_once() {
    let path = folder("twice").join("out");
    fs::write(&path, "old").unwrap();
    let out = path.to_str().unwrap();
    let commands: [&[&str]; 3] = [
        &["search", "--goal", "violated(ElectionSafety)", "--servers", "5", "--out", out],
        &["fuzz", "--seeds", "0..1000000", "--length", "5s", "--out", out],
        &["shrink", &file(HOLDS), "--goal", "commit(S1) >= 3", "--out", out],
    ];
    for arguments in commands {
        for ms in [0, 20, 200] {
            let Said { code, .. } = interrupted(arguments, Duration::from_millis(ms), 2);
            let text = fs::read_to_string(&path).unwrap();
            // Shrinking may have come to its end.
            assert!(code == 130 || code == 0 && arguments[0] == "shrink", "{arguments:?}: {code}");
            assert!(text == "old" || Recording::from_json(&text).is_ok(), "{arguments:?}");
        }
    }
}
