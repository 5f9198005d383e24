//! Histories that are hard to judge, and such as only look so: what a judge needs for them in steps and
//! memory, that no key waits for another, and how a search ends before its end.

use wavetank::check::history::{Answer, Done, History, Operation};
use wavetank::check::linearizability::{BYTES, Bound, Bounds, Judgement, Verdict, judge};
use wavetank::kv::{Op, Output};

const KEY: &str = "k";

fn put(value: impl ToString) -> Op {
    Op::Put { key: KEY.into(), value: value.to_string() }
}

fn append(value: impl ToString) -> Op {
    Op::Append { key: KEY.into(), value: value.to_string() }
}

fn cas(expect: impl ToString, value: impl ToString) -> Op {
    Op::Cas { key: KEY.into(), expect: Some(expect.to_string()), value: value.to_string() }
}

fn unanswered(op: Op, call_us: u64) -> Operation {
    Operation { client: 0, op, call_us, done: None }
}

fn answered(op: Op, call_us: u64, at_us: u64, output: Output) -> Operation {
    let done = Some(Done { at_us, answer: Answer::Output(output) });
    Operation { client: 0, op, call_us, done }
}

/// A read that takes a microsecond.
fn get(value: impl ToString, call_us: u64) -> Operation {
    answered(Op::Get { key: KEY.into() }, call_us, call_us + 1, Output::Value(Some(value.to_string())))
}

/// The same operations on a key of that name.
fn on(key: &str, operations: Vec<Operation>) -> Vec<Operation> {
    let rename = |mut operation: Operation| {
        match &mut operation.op {
            Op::Put { key: name, .. }
            | Op::Append { key: name, .. }
            | Op::Cas { key: name, .. }
            | Op::Increment { key: name }
            | Op::Get { key: name } => *name = key.into(),
            other => panic!("{other} is not used here"),
        }
        operation
    };
    operations.into_iter().map(rename).collect()
}

fn judged(operations: &[Operation], bounds: Bounds) -> Judgement {
    judge(&History(operations.to_vec()), bounds, |_| true)
}

fn steps(steps: u64) -> Bounds {
    Bounds { steps, ..Bounds::default() }
}

/// Of words that are appended side by side, a write hides those before it. No choice of them makes a text of
/// odd length: all but one are of even length, and that one came before the write was asked for. Nothing
/// shorter than trying all choices shows that.
fn subset_sums(words: usize) -> Vec<Operation> {
    let mut operations = vec![answered(append("x"), 0, 1, Output::Done)];
    operations.push(answered(put(""), 10, 99, Output::Done));
    operations.extend((1..=words).map(|n| answered(append("xx".repeat(n)), 10, 99, Output::Done)));
    operations.push(get("x".repeat((words * (words + 1) / 2) | 1), 100));
    operations
}

#[test]
fn unanswered_operations_are_taken_only_where_an_answer_needs_them() {
    for n in [1, 5, 20, 2000_u64] {
        let read_back = || (0..n).map(|at| get(n - at, 100_000 + 10 * at));
        // Each one is written just before it is read.
        let puts = (1..=n).map(|value| unanswered(put(value), value)).chain(read_back());
        // Each one is made of the one before.
        let swaps = (1..n).map(|value| unanswered(cas(value + 1, value), value));
        let swaps = swaps.chain([unanswered(put(n), 0)]).chain(read_back());
        // Of as many words that are alike one is needed for each letter.
        let words = (0..n).map(|at| unanswered(append("y"), at));
        let words = words.chain([get("y".repeat(n as usize), 100_000)]);
        let counts = (0..n).map(|at| unanswered(Op::Increment { key: KEY.into() }, at));
        let counts = counts.chain([get(n, 100_000)]);
        // None is needed at all.
        let none = (1..=n).map(|value| unanswered(put(value), value));
        let none = none.chain([answered(put("z"), 100_000, 100_001, Output::Done), get("z", 200_000)]);
        let kinds: [(&str, Vec<Operation>); 5] = [
            ("puts", puts.collect()),
            ("swaps", swaps.collect()),
            ("words", words.collect()),
            ("counts", counts.collect()),
            ("none", none.collect()),
        ];
        for (name, operations) in kinds {
            let judgement = judged(&operations, Bounds::default());
            assert_eq!(judgement.verdict, Verdict::Yes, "{n} {name}");
            let taken = judgement.progress.steps;
            assert!(taken <= 4 * n + 4, "{n} {name}: {taken} steps");
            let wanted = if name == "none" { 2 } else { operations.len() };
            assert_eq!(judgement.keys[0].order.len(), wanted, "{n} {name}");
        }
    }
}

#[test]
fn each_unanswered_operation_is_taken_once() {
    let n = 50;
    let puts = (1..=n).map(|value| unanswered(put(value), value));
    let read_back = (0..n).map(|at| get(n - at, 1000 + 10 * at));
    let again = get(n, 1000 + 10 * n);
    let operations: Vec<Operation> = puts.chain(read_back).chain([again]).collect();
    let judgement = judged(&operations, Bounds::default());
    let Verdict::No(failure) = judgement.verdict else { panic!("{judgement:?}") };
    assert_eq!(failure.order.len(), 2 * n as usize);
    assert_eq!(failure.nowhere, [2 * n as usize]);
    assert!(judgement.progress.steps <= 4 * n + 4, "{:?}", judgement.progress);
}

#[test]
fn a_value_that_nothing_makes_is_refuted_at_once() {
    let many = 3000;
    let words = |word: fn(u64) -> String| (0..many).map(move |n| unanswered(append(word(n)), n));
    let digits: Vec<Operation> = words(|n| format!("<{n}>")).collect();
    let alike: Vec<Operation> = words(|n| "x".repeat(1 + n as usize % 60)).collect();
    let begun: String = (0..many / 2).map(|n| format!("<{n}>")).collect();
    let table = [
        ("it is something else", &digits, "ghost".to_string()),
        ("it begins well", &digits, begun + "ghost"),
        ("it can be put together in many ways, but for its end", &alike, "x".repeat(500) + "y"),
    ];
    for (name, operations, value) in table {
        for put_as_well in [false, true] {
            let mut operations = operations.clone();
            if put_as_well {
                operations.push(unanswered(put("x"), 0));
            }
            operations.push(get(value.as_str(), 10_000));
            let judgement = judged(&operations, Bounds { bytes: 10_000_000, ..steps(1) });
            let Verdict::No(failure) = &judgement.verdict else { panic!("{name}: {:?}", judgement.progress) };
            assert_eq!(failure.nowhere, [operations.len() - 1], "{name}");
            let sentence = &failure.sentence;
            assert!(
                sentence.contains("nothing that was asked before its answer makes"),
                "{name}: {sentence}"
            );
            assert!(sentence.chars().count() < 700, "{name}: {sentence}");
        }
    }
}

#[test]
fn what_is_made_only_after_it_was_read_is_refuted_at_once_and_what_is_made_in_time_is_not() {
    let refuted = |operations: &[Operation]| {
        matches!(judged(operations, Bounds::default()).verdict, Verdict::No(failure)
            if failure.sentence.contains("in any order"))
    };
    let value = |op: &dyn Fn(&str) -> Op, call_us| vec![unanswered(op("a"), call_us), get("a", 50)];
    type Maker<'a> = (&'a str, &'a dyn Fn(&str) -> Op);
    let makers: [Maker; 3] = [
        ("put", &|value| put(value)),
        ("append", &|value| append(value)),
        ("cas", &|value| Op::Cas { key: KEY.into(), expect: None, value: value.into() }),
    ];
    for (name, maker) in makers {
        assert!(refuted(&value(maker, 60)), "{name}");
        assert!(!refuted(&value(maker, 40)), "{name}");
        assert_eq!(judged(&value(maker, 40), Bounds::default()).verdict, Verdict::Yes, "{name}");
    }
    let counted = |call_us| vec![unanswered(Op::Increment { key: KEY.into() }, call_us), get("1", 50)];
    assert!(refuted(&counted(60)) && !refuted(&counted(40)));
    // A compare-and-set that is known to have failed makes nothing.
    let mut failed = answered(cas("1", "a"), 0, 1, Output::Done);
    failed.done = Some(Done { at_us: 1, answer: Answer::Mismatch });
    assert!(refuted(&[failed, get("a", 50)]));
}

#[test]
fn a_failed_compare_and_set_is_judged_by_what_it_has_not_found() {
    let failed = |call_us| {
        let mut operation = answered(cas("1", "2"), call_us, call_us + 5, Output::Done);
        operation.done = Some(Done { at_us: call_us + 5, answer: Answer::Mismatch });
        operation
    };
    let wrote = |value: &str, call_us| answered(put(value), call_us, call_us + 5, Output::Done);
    let table = [
        ("it was 1, and nobody else wrote", vec![wrote("1", 0), failed(10)], false),
        ("it was something else", vec![wrote("3", 0), failed(10)], true),
        ("there was nothing", vec![failed(10)], true),
        ("it was something else until later", vec![wrote("1", 12), failed(10), get("1", 20)], true),
        ("somebody may have written", vec![wrote("1", 0), unanswered(put("7"), 5), failed(10)], true),
        (
            "somebody may have written, but did not",
            vec![wrote("1", 0), unanswered(put("7"), 5), failed(10), get("1", 20)],
            false,
        ),
        ("somebody wrote later", vec![wrote("1", 0), failed(10), unanswered(put("7"), 16)], false),
        ("it changes nothing", vec![wrote("3", 0), failed(10), get("2", 20)], false),
    ];
    for (name, operations, expected) in table {
        let verdict = judged(&operations, Bounds::default()).verdict;
        assert_eq!(verdict == Verdict::Yes, expected, "{name}: {verdict:?}");
    }
}

#[test]
fn whatever_other_keys_cost_what_one_key_shows_is_the_verdict() {
    let puts = (1..=20).map(|value| unanswered(put(value), value));
    let read_back = (0..20).map(|at| get(20 - at, 1000 + 10 * at));
    let slow: Vec<Operation> = puts.chain(read_back).collect();
    let wrong = vec![answered(put("1"), 0, 1, Output::Done), get("2", 70)];
    let hard = subset_sums(30);
    for (name, other, bounds) in [
        ("easy", slow, steps(2)),
        ("hard", hard.clone(), steps(2000)),
        ("larger than the memory", hard, Bounds { bytes: 100_000, ..Bounds::default() }),
    ] {
        for key in ["a", "z"] {
            let many = (0..9).flat_map(|n| on(&format!("m{n}"), other.clone()));
            let operations: Vec<Operation> = many.chain(on(key, wrong.clone())).collect();
            let verdict = judged(&operations, bounds).verdict;
            let Verdict::No(failure) = verdict else { panic!("{name}, {key}: {verdict:?}") };
            assert_eq!(failure.key, key, "{name}");
        }
    }
}

#[test]
fn a_key_that_takes_a_while_is_refuted_beside_one_that_takes_for_ever() {
    let mut operations = on("a", subset_sums(30));
    operations.extend(on("b", subset_sums(9)));
    let judgement = judged(&operations, Bounds { bytes: 4_000_000, ..Bounds::default() });
    let Verdict::No(failure) = judgement.verdict else { panic!("{:?}", judgement.progress) };
    assert_eq!(failure.key, "b");
}

#[test]
fn no_more_memory_is_taken_than_allowed_and_then_the_largest_search_is_given_up() {
    for bytes in [20_000, 300_000, 3_000_000] {
        let mut operations = on("a", subset_sums(30));
        operations.extend(on("b", vec![answered(put("1"), 0, 1, Output::Done), get("1", 5)]));
        operations.extend(on("c", subset_sums(30)));
        let mut most = 0;
        let bounds = Bounds { bytes, ..Bounds::default() };
        let judgement = judge(&History(operations), bounds, |at| {
            most = at.bytes.max(most);
            true
        });
        assert_eq!(judgement.verdict, Verdict::Undecided);
        assert!(most <= bytes && most > bytes / 2, "{most} of {bytes}");
        let keys: Vec<(&str, Option<Bound>)> =
            judgement.keys.iter().map(|key| (key.key.as_str(), key.bound)).collect();
        assert_eq!(keys, [("a", Some(Bound::Memory)), ("c", Some(Bound::Memory))]);
        assert_eq!((judgement.progress.keys, judgement.progress.judged), (3, 1));
    }
    assert_eq!(Bounds::default(), Bounds { steps: u64::MAX, bytes: BYTES });
}

#[test]
fn who_watches_can_end_it_and_learns_how_far_it_came() {
    let mut operations = on("a", subset_sums(30));
    operations.extend(on("b", vec![get("1", 5), answered(put("1"), 0, 10, Output::Done)]));
    let history = History(operations);
    for turns in [1, 2, 3, 10] {
        let mut left = turns;
        let mut before = 0;
        let judgement = judge(&history, Bounds::default(), |at| {
            assert!(at.steps > before, "each turn takes a step");
            before = at.steps;
            left -= 1;
            left > 0
        });
        assert_eq!(judgement.verdict, Verdict::Undecided, "{turns} turns");
        let stopped = judgement.keys.iter().find(|key| key.key == "a").expect("it is not judged");
        assert_eq!(stopped.bound, Some(Bound::Stopped));
        assert!(stopped.order.len() > 20, "most of it can be ordered: {:?}", stopped.order);
        assert_eq!(judgement.progress.steps, before);
    }
}

#[test]
fn reads_and_writes_that_are_alike_cost_no_trying() {
    // Whichever of them comes first, nothing ever shows it.
    let n = 300;
    let writes = (0..n).map(|at| answered(put(format!("v{at}")), at, 10_000 + at, Output::Done));
    let reads = (0..n).map(|at| answered(Op::Get { key: KEY.into() }, at, 20_000, Output::Value(None)));
    let operations: Vec<Operation> =
        writes.chain(reads).chain([get("v7", 30_000), get("v8", 30_010)]).collect();
    let judgement = judged(&operations, Bounds::default());
    assert!(matches!(judgement.verdict, Verdict::No(_)), "{:?}", judgement.progress);
    assert!(judgement.progress.steps < 10 * n * n, "{:?}", judgement.progress);
}
