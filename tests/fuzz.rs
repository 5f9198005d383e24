//! Nonsense in what is read: goals, recordings, documents, links, histories. None panics, and each is refused with a sentence
//! that says where.
//!
//! `WAVETANK_FUZZ=1000000 cargo test --test fuzz` tries so many inputs of each kind.

#[path = "fuzz/runs.rs"]
mod runs;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;
use wavetank::check::goal::{Goal, Memory, words};
use wavetank::check::history::History;
use wavetank::check::linearizability::{Bounds, Verdict, judge};
use wavetank::explore::Plan;
use wavetank::raft::Rules;
use wavetank::sim::{Setup, notation};
use wavetank::timeline::{Recording, Run, Stamp, Stamped, Start};

/// Tries some inputs, and counts those that say something and those that are refused.
fn try_all<T: std::fmt::Debug>(
    inputs: impl Strategy<Value = T>,
    accepts: impl Fn(&T) -> Result<bool, TestCaseError>,
) {
    let cases = std::env::var("WAVETANK_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(3000);
    let (good, bad) = (Cell::new(0_u64), Cell::new(0_u64));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
    let result = runner.run(&inputs, |input| {
        let count = if accepts(&input)? { &good } else { &bad };
        count.set(count.get() + 1);
        Ok(())
    });
    if let Err(why) = result {
        panic!("{why}");
    }
    println!("{cases} inputs: {} read, {} refused", good.get(), bad.get());
    assert!(good.get() * 200 > u64::from(cases), "hardly any makes sense: {}", good.get());
    assert!(bad.get() * 10 > u64::from(cases), "hardly any makes no sense: {}", bad.get());
}

/// Letters, bytes and words that don't belong there.
fn noise() -> impl Strategy<Value = String> {
    let odd = [
        "",
        " ",
        "(",
        ")",
        "((((((((((",
        "))))))",
        "[[[[[[[[",
        "{\"",
        "\"",
        "\\",
        "\\u0000",
        "\u{0}",
        "\u{feff}",
        "é",
        "‘",
        "🦀",
        "\u{202e}",
        "99999999999999999999999",
        "-1",
        "1e308",
        "1e999",
        "0x10",
        "18446744073709551615",
        "18446744073709551616",
        "9007199254740993",
        "NaN",
        "null",
        "true",
        "..",
        "1..3",
        "1..99999999999999",
        "S0",
        "S9",
        "S10",
        "S256",
        ":",
        ",",
        ";",
        "=",
        "==",
        "≠",
        "<>",
        "not ",
        "any s: ",
        "all a, b, c, d, e: ",
        "once(",
        "count(",
        "lost(1 of term ",
        "implies ",
        "+1",
        "-",
        "\n",
        "\r\n",
        "\t",
        "//",
        "<script>",
    ];
    prop_oneof![
        4 => proptest::sample::select(odd.to_vec()).prop_map(String::from),
        1 => "\\PC{0,6}",
        1 => proptest::collection::vec(any::<u8>(), 0..8).prop_map(|b| String::from_utf8_lossy(&b).into_owned()),
        1 => (proptest::sample::select(odd.to_vec()), 1..400_usize).prop_map(|(piece, n)| piece.repeat(n)),
    ]
}

/// One change to a text.
#[derive(Clone, Debug)]
enum Spoiled {
    Insert(prop::sample::Index, String),
    Remove(prop::sample::Index, usize),
    Cut(prop::sample::Index),
    Copy(prop::sample::Index, prop::sample::Index, usize),
}

fn spoiled() -> impl Strategy<Value = Spoiled> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        3 => (place(), noise()).prop_map(|(at, what)| Spoiled::Insert(at, what)),
        2 => (place(), 1..20_usize).prop_map(|(at, n)| Spoiled::Remove(at, n)),
        1 => place().prop_map(Spoiled::Cut),
        2 => (place(), place(), 1..30_usize).prop_map(|(from, to, n)| Spoiled::Copy(from, to, n)),
    ]
}

fn spoil(text: &str, changes: &[Spoiled]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for change in changes {
        let at = |place: &prop::sample::Index, letters: &[char]| place.index(letters.len() + 1);
        match change {
            Spoiled::Insert(place, what) => {
                let at = at(place, &letters);
                letters.splice(at..at, what.chars());
            }
            Spoiled::Remove(place, n) => {
                let at = at(place, &letters);
                letters.drain(at..letters.len().min(at + n));
            }
            Spoiled::Cut(place) => letters.truncate(at(place, &letters)),
            Spoiled::Copy(from, to, n) => {
                let from = at(from, &letters);
                let piece = letters[from..letters.len().min(from + n)].to_vec();
                let to = at(to, &letters);
                letters.splice(to..to, piece);
            }
        }
    }
    letters.into_iter().collect()
}

/// A text of these, spoiled here and there, or not.
fn spoiled_of(texts: Vec<String>) -> impl Strategy<Value = String> {
    (proptest::sample::select(texts), proptest::collection::vec(spoiled(), 0..4))
        .prop_map(|(text, changes)| spoil(&text, &changes))
}

/// The goals of the manual.
fn goals() -> Vec<String> {
    let manual = include_str!("../docs/goals.md");
    let examples = manual.lines().filter(|line| line.ends_with(" yes") || line.ends_with(" no"));
    let goals = examples.filter_map(|line| line.rsplit_once(' ')).map(|(text, _)| text.trim().to_string());
    let goals: Vec<String> = goals.filter(|text| text.parse::<Goal>().is_ok()).collect();
    assert!(goals.len() > 80);
    goals
}

/// Words of the language in any order, so that random texts get past the first.
fn word_salad() -> impl Strategy<Value = String> {
    let signs = [
        "(", ")", ",", ":", "=", "<", ">=", "+", "-", "..", "S1", "S3", "s", "i", "2", "1122", "9.10.12",
        "term",
    ];
    let pieces: Vec<&str> = words().chain(signs).collect();
    let piece = prop_oneof![9 => proptest::sample::select(pieces).prop_map(String::from), 1 => noise()];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.join(" "))
}

#[test]
fn no_goal_panics_and_what_is_none_says_where() {
    let run = |state: &str| Run::from_start(&Setup::new(5, 1), Start::State(state.into())).unwrap();
    let run = run("S1:L4 1122224 c2 / S2:C5 1113 / S3:F2 11222 c1 / S4:x1 1 / S5:P2");
    let scene = (run.world(), run.checker());
    try_all(prop_oneof![3 => spoiled_of(goals()), 2 => word_salad(), 1 => noise()], |text| {
        match text.parse::<Goal>() {
            Ok(goal) => {
                let written = goal.to_string();
                let again: Result<Goal, _> = written.parse();
                prop_assert!(again.as_ref() == Ok(&goal), "{} is written {}", text, written);
                let memory = goal.remember(&scene, Memory::default());
                let _ = goal.holds(&scene, memory);
                prop_assert!(goal.remembers() == 64 || memory.0 < 1 << goal.remembers());
                prop_assert_eq!(goal.remember(&scene, memory), memory, "the same moment tells nothing new");
                Ok(true)
            }
            Err(why) => {
                prop_assert!((1..=text.chars().count() + 1).contains(&why.column), "{}: {}", text, why);
                prop_assert!(!why.what.is_empty() && why.to_string().len() < 800, "{}", why);
                Ok(false)
            }
        }
    });
}

/// Recordings with everything in them that random trouble does.
fn recordings() -> Vec<String> {
    let mut texts = vec![include_str!("golden/run.json").to_string()];
    for (seed, plan) in [(1, Plan::Figure2), (2, Plan::All), (3, Plan::All), (4, Plan::All)] {
        let (setup, actions) = plan.draw(seed, 0, 3_000_000, Rules::ALL_ON, |_| {});
        let stamped = |(at_us, action)| Stamped { when: Stamp { at_us, k: 0 }, action };
        let actions = actions.into_iter().map(stamped).collect();
        let end = Stamp { at_us: 3_000_000, k: 0 };
        let recording = Recording { actions, end, ..Recording::new(setup, Start::Empty) };
        texts.push(recording.to_json());
        texts.push(serde_json::to_string(&recording).unwrap());
    }
    let mut small = Recording::new(Setup::new(3, 1), Start::State("S1:L2 12 c1 / S2:F1 1 / S3:x1".into()));
    small.end.at_us = 1000;
    // Small ones are hit where it matters more often.
    (0..8).for_each(|_| texts.push(serde_json::to_string(&small).unwrap()));
    texts
}

#[test]
fn no_recording_panics_and_what_is_none_says_where() {
    try_all(prop_oneof![9 => spoiled_of(recordings()), 1 => noise()], |text| {
        match Recording::from_json(text) {
            Ok(recording) => {
                let again = Recording::from_json(&recording.to_json());
                prop_assert!(again.as_ref() == Ok(&recording), "{}", text);
                // Only short ones are played: they are many.
                if recording.end.at_us <= 1_000_000 && recording.setup.options.heartbeat_us >= 1000 {
                    let _ = Run::replay(&recording);
                }
                Ok(true)
            }
            Err(why) => {
                let why = why.to_string();
                prop_assert!(why.chars().count() < 700, "{}", why);
                prop_assert!(why.ends_with(['.', '?', '!']), "{}", why);
                let names_place = why.contains("line ") && why.contains("column ");
                let is_unreadable = ["whole", "valid"]
                    .iter()
                    .any(|kind| why.contains(&format!("not a {kind} Wavetank recording")));
                prop_assert!(names_place || !is_unreadable, "{}", why);
                Ok(false)
            }
        }
    });
}

#[test]
fn no_history_panics_and_what_is_none_says_where() {
    let whole = r#"[{"client":1,"key":"x","op":"put","value":"1","ok":true,"call":1,"ret":5},
        {"client":2,"key":"x","op":"get","out":"1","ok":true,"call":6,"ret":9},
        {"client":2,"key":"x","op":"cas","expect":"1","value":"2","call":10,"ret":null},
        {"client":1,"key":"y","op":"append","value":"é","call":10,"ret":null},
        {"client":1,"key":"y","op":"delete","ok":true,"call":20,"ret":30},
        {"client":3,"key":"x","op":"cas","expect":"7","value":"2","ok":false,"call":11,"ret":12},
        {"client":0,"key":"y","op":"increment","out":"1","ok":true,"call":31,"ret":40}]"#;
    let short = r#"[{"client":1,"key":"x","op":"get","out":null,"ok":true,"call":1,"ret":2}]"#;
    for text in [whole, short] {
        History::parse(text).unwrap();
    }
    let texts = vec![whole.to_string(), short.to_string(), "[]".to_string()];
    try_all(prop_oneof![9 => spoiled_of(texts), 1 => noise()], |text| match History::parse(text) {
        Ok(history) => {
            prop_assert_eq!(History::parse(&history.to_json()), Ok(history.clone()));
            let bounds = Bounds { steps: 10_000, bytes: 100_000 };
            let judgement = judge(&history, bounds, |at| at.steps < 20_000);
            prop_assert!(judgement.keys.iter().flat_map(|key| &key.order).all(|at| *at < history.0.len()));
            if let Verdict::No(failure) = judgement.verdict {
                prop_assert!((1..1500).contains(&failure.sentence.chars().count()), "{}", failure.sentence);
                prop_assert!(failure.nowhere.iter().chain(&failure.order).all(|at| *at < history.0.len()));
            }
            Ok(true)
        }
        Err(why) => {
            let says_where = why.contains("line ") && why.contains("column ") || why.contains("of the file)");
            prop_assert!(says_where, "{}", why);
            prop_assert!(why.chars().count() < 700, "{}", why);
            Ok(false)
        }
    });
}

#[test]
fn no_shorthand_panics_and_what_is_none_says_where() {
    let texts = [
        "S1:L4 1122224 c2 / S2:F3 1113 / S3:F2 11222 / S4:x1 1",
        "S1:L12 9.10.12 c3 / S2:F10 10. / S3:x0",
        "S1",
    ];
    let texts = texts.map(String::from).to_vec();
    try_all(prop_oneof![9 => spoiled_of(texts), 1 => noise()], |text| match notation::parse(text) {
        Ok(states) => {
            if states.len() <= 9 {
                prop_assert!(
                    Run::from_start(&Setup::new(1, 1), Start::State(text.clone())).is_ok(),
                    "{}",
                    text
                );
            }
            Ok(true)
        }
        Err(why) => {
            prop_assert!((1..700).contains(&why.chars().count()), "{}", why);
            Ok(false)
        }
    });
}
