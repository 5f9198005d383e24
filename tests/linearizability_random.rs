//! The judge of histories beside one that goes through everything that can have happened, over thousands of
//! small random histories with many operations that nobody answered; and the orders that it tells.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, HashSet};
use wavetank::check::history::{Answer, Done, History, Operation};
use wavetank::check::linearizability::{Bounds, Judgement, Verdict, judge};
use wavetank::kv::{Op, Output};

// One key, told once more.

type Value = Option<String>;

/// What comes of an operation, or nothing, if its answer is wrong then.
fn carried_out(operation: &Operation, value: &Value) -> Option<Value> {
    let counted = || {
        let number = value.as_ref().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        Some((number + 1).to_string())
    };
    let (after, output) = match &operation.op {
        Op::Get { .. } => (value.clone(), Output::Value(value.clone())),
        Op::Put { value, .. } => (Some(value.clone()), Output::Done),
        Op::Delete { .. } => (None, Output::Done),
        Op::Append { value: word, .. } => {
            (Some(value.clone().unwrap_or_default() + word.as_str()), Output::Done)
        }
        Op::Increment { .. } => (counted(), Output::Value(counted())),
        Op::Cas { expect, value: next, .. } => {
            let swapped = expect == value;
            let after = if swapped { Some(next.clone()) } else { value.clone() };
            (after, Output::Cas { swapped, was: value.clone() })
        }
        Op::Set { .. } | Op::Submit { .. } | Op::Register { .. } => unreachable!("no key has such a name"),
    };
    let right = match operation.done.as_ref().map(|done| &done.answer) {
        None => true,
        Some(Answer::Output(told)) => *told == output,
        Some(Answer::Mismatch) => matches!(output, Output::Cas { swapped: false, .. }),
    };
    right.then_some(after)
}

/// Whether the one has returned when the other is called. At one moment what returns comes first, but what
/// takes no time at all stands side by side.
fn precedes(one: &Operation, other: &Operation) -> bool {
    let Some(Done { at_us, .. }) = one.done else { return false };
    let at_once =
        |operation: &Operation| operation.done.as_ref().is_some_and(|done| done.at_us == operation.call_us);
    at_us < other.call_us || at_us == other.call_us && !(at_once(one) && at_once(other))
}

/// Everything that can have happened on one key: whether all that was answered can.
fn can_have_happened(operations: &[&Operation]) -> bool {
    let answered = (0..operations.len()).filter(|at| operations[*at].done.is_some());
    let all = answered.fold(0_u32, |all, at| all | 1 << at);
    let mut seen: HashSet<(u32, Value)> = HashSet::from([(0, None)]);
    let mut to_do = vec![(0_u32, None)];
    while let Some((done, value)) = to_do.pop() {
        if done & all == all {
            return true;
        }
        for at in (0..operations.len()).filter(|at| done >> at & 1 == 0) {
            let waits = |other: usize| done >> other & 1 == 0 && precedes(operations[other], operations[at]);
            if (0..operations.len()).any(waits) {
                continue;
            }
            if let Some(after) = carried_out(operations[at], &value) {
                let next = (done | 1 << at, after);
                if seen.insert(next.clone()) {
                    to_do.push(next);
                }
            }
        }
    }
    false
}

fn by_key(history: &History) -> BTreeMap<&str, Vec<&Operation>> {
    let mut keys: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in &history.0 {
        keys.entry(operation.op.key().expect("it is about a key")).or_default().push(operation);
    }
    keys
}

// Random histories.

struct Dice(Xoshiro256PlusPlus);

/// What a history is made of.
struct Kind {
    operations: u64,
    keys: u64,
    values: &'static [&'static str],
    /// Of a hundred operations, so many are not answered.
    unanswered: u64,
    /// Of a hundred answers, so many are made up.
    wrong: u64,
    /// How long an operation takes at most.
    takes: u64,
    /// The operations: p(ut), a(ppend), c(as), d(elete), i(ncrement), g(et), as often as they stand here.
    ops: &'static str,
}

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    fn op(&mut self, kind: &Kind) -> Op {
        let key = format!("k{}", self.below(kind.keys));
        let value = self.one_of(kind.values).to_string();
        let expect = (self.below(4) > 0).then(|| self.one_of(kind.values).to_string());
        match kind.ops.as_bytes()[self.below(kind.ops.len() as u64) as usize] {
            b'p' => Op::Put { key, value },
            b'a' => Op::Append { key, value },
            b'c' => Op::Cas { key, expect, value },
            b'd' => Op::Delete { key },
            b'i' => Op::Increment { key },
            _ => Op::Get { key },
        }
    }

    /// A wrong answer, or one that is right by chance.
    fn lie(&mut self, output: &mut Output, kind: &Kind) {
        let value = (self.below(4) > 0).then(|| self.one_of(kind.values).to_string());
        match output {
            Output::Value(was) => *was = value,
            Output::Cas { swapped, was } => (*swapped, *was) = (self.below(2) == 0, value),
            _ => {}
        }
    }

    /// Operations that took effect one after the other, each at its moment; with calls and returns around the
    /// moments, wrong answers, and answers that nobody got.
    fn history(&mut self, kind: &Kind) -> History {
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        let mut history = History::default();
        for moment in (1..=kind.operations).map(|n| 10 * n) {
            let op = self.op(kind);
            let call_us = moment - self.below(kind.takes).min(moment);
            let key = op.key().expect("it is about a key").to_string();
            let mut operation = Operation { client: 0, op, call_us, done: None };
            let value = values.entry(key).or_default();
            let unanswered = self.below(100) < kind.unanswered;
            if !unanswered || self.below(2) == 0 {
                let before = value.clone();
                *value = carried_out(&operation, value).expect("what is not answered is never wrong");
                if !unanswered {
                    let mut output = output_of(&operation.op, &before, value);
                    if self.below(100) < kind.wrong {
                        self.lie(&mut output, kind);
                    }
                    let hides = matches!(output, Output::Cas { swapped: false, .. }) && self.below(2) == 0;
                    let answer = if hides { Answer::Mismatch } else { output.into() };
                    let at_us = (moment + self.below(kind.takes)).max(call_us);
                    operation.done = Some(Done { at_us, answer });
                }
            }
            history.0.push(operation);
        }
        history
    }
}

fn output_of(op: &Op, before: &Value, after: &Value) -> Output {
    match op {
        Op::Get { .. } => Output::Value(before.clone()),
        Op::Increment { .. } => Output::Value(after.clone()),
        Op::Cas { expect, .. } => Output::Cas { swapped: expect == before, was: before.clone() },
        _ => Output::Done,
    }
}

const KINDS: &[(&str, Kind)] = &[
    (
        "a register",
        Kind {
            operations: 9,
            keys: 1,
            values: &["1", "2", "3"],
            unanswered: 30,
            wrong: 15,
            takes: 40,
            ops: "ppgggcd",
        },
    ),
    (
        "compare-and-sets, most of them without an answer",
        Kind {
            operations: 9,
            keys: 1,
            values: &["1", "2", "3"],
            unanswered: 50,
            wrong: 15,
            takes: 40,
            ops: "pcccgg",
        },
    ),
    (
        "a list",
        Kind {
            operations: 9,
            keys: 1,
            values: &["a", "b", "ab", "ba"],
            unanswered: 40,
            wrong: 40,
            takes: 50,
            ops: "aaaggpd",
        },
    ),
    (
        "words that are alike",
        Kind {
            operations: 9,
            keys: 1,
            values: &["", "x", "xx", "xxx"],
            unanswered: 40,
            wrong: 50,
            takes: 50,
            ops: "aaaggcp",
        },
    ),
    (
        "a counter",
        Kind {
            operations: 9,
            keys: 1,
            values: &["1", "2", "x"],
            unanswered: 40,
            wrong: 25,
            takes: 50,
            ops: "iiigpd",
        },
    ),
    (
        "everything",
        Kind {
            operations: 9,
            keys: 1,
            values: &["1", "2", "12", "", "+", "01"],
            unanswered: 40,
            wrong: 25,
            takes: 50,
            ops: "ppaaccdiigggg",
        },
    ),
    (
        "everything at the same moments",
        Kind {
            operations: 8,
            keys: 2,
            values: &["1", "2"],
            unanswered: 20,
            wrong: 10,
            takes: 21,
            ops: "pacdigg",
        },
    ),
    (
        "nearly nothing answered",
        Kind {
            operations: 12,
            keys: 1,
            values: &["1", "2", "11"],
            unanswered: 70,
            wrong: 50,
            takes: 60,
            ops: "ppaccdiggg",
        },
    ),
];

#[test]
fn verdicts_are_those_of_going_through_everything_and_the_orders_prove_them() {
    let many = if std::env::var_os("WAVETANK_LONG").is_some() { 50_000 } else { 1500 };
    for (name, kind) in KINDS {
        let (mut good, mut bad) = (0, 0);
        for seed in 0..many {
            let history = Dice::new(seed).history(kind);
            let keys = by_key(&history);
            let expected = keys.values().all(|operations| can_have_happened(operations));
            let judgement = judge(&history, Bounds::default(), |_| true);
            let text = || format!("{name}, seed {seed}: {judgement:?}\n{}", history.to_json());
            match &judgement.verdict {
                Verdict::Yes => assert!(expected, "{}", text()),
                Verdict::No(_) => assert!(!expected, "{}", text()),
                Verdict::Undecided => panic!("{}", text()),
            }
            prove(&history, &judgement).unwrap_or_else(|why| panic!("{why}\n{}", text()));
            *if expected { &mut good } else { &mut bad } += 1;
        }
        println!("{name}: {good} can be ordered, {bad} can't");
        assert!(good * 10 > many && bad * 10 > many, "{name}: {good} can be ordered, {bad} can't");
    }
}

/// Whether the orders are what they are said to be.
fn prove(history: &History, judgement: &Judgement) -> Result<(), String> {
    match &judgement.verdict {
        Verdict::Yes => {
            let mut ordered = 0;
            for key in &judgement.keys {
                let (_, left) = follow(history, &key.key, &key.order)?;
                if !left.is_empty() {
                    return Err(format!("{left:?} are answered and not in the order"));
                }
                ordered += key.order.len();
            }
            let answered = history.0.iter().filter(|operation| operation.done.is_some()).count();
            (ordered >= answered).then_some(()).ok_or_else(|| "a key is missing".into())
        }
        Verdict::No(failure) => {
            let (value, left) = follow(history, &failure.key, &failure.order)?;
            let nowhere = &failure.nowhere;
            let may_come =
                |at: &usize| left.iter().all(|other| !precedes(&history.0[*other], &history.0[*at]));
            for at in nowhere {
                if !left.contains(at) || carried_out(&history.0[*at], &value).is_some() && may_come(at) {
                    return Err(format!("{at} is said to fit nowhere, and does fit"));
                }
            }
            (!nowhere.is_empty()).then_some(()).ok_or_else(|| "nothing is said to fit nowhere".into())
        }
        Verdict::Undecided => Ok(()),
    }
}

/// What an order of places leads to, and what is answered and not in it.
fn follow(history: &History, key: &str, order: &[usize]) -> Result<(Value, Vec<usize>), String> {
    let of_key = |at: &usize| history.0[*at].op.key() == Some(key);
    let mut left: Vec<usize> = (0..history.0.len()).filter(of_key).collect();
    let mut value = None;
    for at in order {
        let place = left.iter().position(|other| other == at).ok_or(format!("{at} is ordered twice"))?;
        left.remove(place);
        let operation = &history.0[*at];
        if left.iter().any(|other| precedes(&history.0[*other], operation)) {
            return Err(format!("{at} comes too early"));
        }
        value = carried_out(operation, &value).ok_or(format!("{at} does not fit where it stands"))?;
    }
    left.retain(|at| history.0[*at].done.is_some());
    Ok((value, left))
}
