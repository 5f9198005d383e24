//! Linearizability: what can be put in an order and what can't, by hand; and the checker beside one that
//! tries every order there is.

use proptest::prelude::*;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use wavetank::check::history::{Answer, Done, History, Operation};
use wavetank::check::linearizability::{Failure, STEPS, Verdict, check};
use wavetank::kv::{Op, Output, Store};

// By hand. A line is an operation: client, key, what, call, return (`-`: none), and what came of it.

/// `1 x put 1 0 5`, `2 x get 1 7 9` (`_`: nothing), `1 x cas 1 2 0 5 no 3` (found 3), `1 x incr 0 5 7`.
fn history(text: &str) -> History {
    History(text.split(';').map(str::trim).map(operation).collect())
}

fn operation(line: &str) -> Operation {
    let words: Vec<&str> = line.split_whitespace().collect();
    let text = |word: &str| Some(word.to_string()).filter(|word| word != "_");
    let own = |word: &str| word.to_string();
    let [client, key, what, rest @ ..] = &words[..] else { panic!("{line}") };
    let key = own(key);
    let answer = |output: Output| Answer::Output(output);
    let (op, answer, [call, ret]) = match (*what, rest) {
        ("put", [v, call, ret]) => (Op::Put { key, value: own(v) }, answer(Output::Done), [call, ret]),
        ("append", [v, call, ret]) => (Op::Append { key, value: own(v) }, answer(Output::Done), [call, ret]),
        ("delete", [call, ret]) => (Op::Delete { key }, answer(Output::Done), [call, ret]),
        ("get", [out, call, ret]) => (Op::Get { key }, answer(Output::Value(text(out))), [call, ret]),
        ("incr", [call, ret, out]) => (Op::Increment { key }, answer(Output::Value(text(out))), [call, ret]),
        ("cas", [from, to, call, ret, ok, was]) => {
            let output = Output::Cas { swapped: *ok == "ok", was: text(was) };
            (Op::Cas { key, expect: text(from), value: own(to) }, answer(output), [call, ret])
        }
        ("cas", [from, to, call, ret, "no"]) => {
            (Op::Cas { key, expect: text(from), value: own(to) }, Answer::Mismatch, [call, ret])
        }
        _ => panic!("{line}"),
    };
    let done = (*ret != "-").then(|| Done { at_us: ret.parse().expect(line), answer });
    Operation { client: client.parse().expect(line), op, call_us: call.parse().expect(line), done }
}

fn is_yes(text: &str) -> bool {
    match check(&history(text), STEPS) {
        Verdict::Yes => true,
        Verdict::No(_) => false,
        Verdict::Undecided => panic!("{text}: undecided"),
    }
}

fn failure(text: &str) -> Failure {
    match check(&history(text), STEPS) {
        Verdict::No(failure) => failure,
        other => panic!("{text}: {other:?}"),
    }
}

/// The histories of this table, with the verdict of each.
const BY_HAND: &[(&str, bool, &str)] = &[
    ("one after the other", true, "1 x put 1 0 5; 2 x get 1 6 9"),
    ("a stale read", false, "1 x put 1 0 5; 2 x get _ 6 9"),
    ("a read beside a write sees the old value", true, "1 x put 1 0 5; 2 x get _ 1 9"),
    ("a read beside a write sees the new value", true, "1 x put 1 0 9; 2 x get 1 1 2"),
    ("new, and then old again", false, "1 x put 1 0 9; 2 x get 1 1 2; 3 x get _ 3 4"),
    ("old, and then new", true, "1 x put 1 0 9; 2 x get _ 1 2; 3 x get 1 3 4"),
    ("what returns at the moment of a call comes first", false, "1 x put 1 0 5; 1 x get _ 5 9"),
    (
        "two writes are seen in one order",
        false,
        "1 x put 1 0 9; 2 x put 2 0 9; 3 x get 1 1 2; 3 x get 2 3 4; 4 x get 2 1 2; 4 x get 1 3 4",
    ),
    ("a value that nobody wrote", false, "1 x put 1 0 5; 2 x get 7 1 9"),
    (
        "keys have nothing to do with each other",
        true,
        "1 x put 1 0 5; 2 y get _ 6 9; 2 y put 1 10 11; 1 x get 1 12 13",
    ),
    ("one key of two is wrong", false, "1 x put 1 0 5; 2 y put 2 0 5; 2 x get 1 6 9; 1 y get 1 6 9"),
    ("an unknown outcome may take effect at once", true, "1 x put 1 0 -; 2 x get 1 1 2"),
    (
        "an unknown outcome may take effect much later",
        true,
        "1 x put 1 0 -; 2 x get _ 1 2; 2 x put 3 3 4; 2 x get 1 5 6",
    ),
    ("an unknown outcome may never take effect", true, "1 x put 1 0 -; 2 x get _ 100 101"),
    (
        "an unknown outcome takes effect once",
        false,
        "1 x put 1 0 -; 2 x get 1 1 2; 2 x put 3 3 4; 2 x get 1 5 6",
    ),
    ("an unknown outcome takes no effect before it is asked", false, "2 x get 1 1 2; 1 x put 1 3 -"),
    ("an unknown read says nothing", true, "1 x get 7 0 -; 2 x put 1 1 2; 2 x get 1 3 4"),
    (
        "of two compare-and-sets one finds what it expects",
        true,
        "1 x put 1 0 1; 1 x cas 1 2 2 9 ok 1; 2 x cas 1 3 2 9 no 2; 1 x get 2 10 11",
    ),
    ("both can't", false, "1 x put 1 0 1; 1 x cas 1 2 2 9 ok 1; 2 x cas 1 3 2 9 ok 1"),
    (
        "one that expects nothing",
        true,
        "1 x cas _ 2 0 1 ok _; 2 x cas _ 3 2 3 no 2; 2 x delete 4 5; 2 x cas _ 3 6 7 ok _",
    ),
    ("words in any order", true, "1 x append a 0 9; 2 x append b 0 9; 3 x get ba 10 11"),
    ("a word that is missing", false, "1 x append a 0 9; 2 x append b 0 9; 3 x get b 10 11"),
    ("a word that is there twice", false, "1 x append a 0 9; 3 x get aa 10 11"),
    ("counting", true, "1 n incr 0 9 2; 2 n incr 0 9 1; 1 n get 2 10 11"),
    ("two count to the same", false, "1 n incr 0 9 1; 2 n incr 0 9 1"),
    ("a count that nobody knows of", true, "1 n incr 0 -  1; 2 n incr 1 2 2; 2 n incr 3 4 3"),
    ("a count too far", false, "1 n incr 0 - 1; 2 n incr 1 2 2; 2 n incr 3 4 4"),
];

#[test]
fn histories_by_hand() {
    for (name, expected, text) in BY_HAND {
        assert_eq!(is_yes(text), *expected, "{name}: {text}");
        assert_eq!(any_order(&history(text)), *expected, "the oracle: {name}: {text}");
    }
}

#[test]
fn a_failure_names_what_fits_nowhere_and_what_is_in_its_way() {
    let found = failure("1 y put 5 0 1000; 1 x put 1 2000 3500; 2 x get _ 4000 5250; 2 x get 1 6000 7000");
    assert_eq!((found.key.as_str(), found.of_key), ("x", 3));
    assert_eq!((found.order, found.nowhere), (vec![1], vec![2]));
    assert_eq!(found.operations, history("1 x put 1 2000 3500; 2 x get _ 4000 5250").0);
    assert_eq!(
        found.sentence,
        "C2's x? (asked at 4 ms, answered ‘(nothing)’ at 5.25 ms) fits nowhere among the operations on ‘x’: in \
         the longest order that fits, C1's x←1 (asked at 2 ms, answered ‘OK’ at 3.5 ms) has left ‘1’."
    );
    let found = failure("2 x get 1 4000 5000");
    assert_eq!(found.operations.len(), 1);
    assert_eq!(
        found.sentence,
        "C2's x? (asked at 4 ms, answered ‘1’ at 5 ms) fits nowhere among the operations on ‘x’: nothing that was \
         asked before its answer makes ‘1’, in any order."
    );
    let found = failure("2 x incr 4000 5000 2");
    assert!(found.sentence.ends_with("before it there is nothing."), "{}", found.sentence);
}

/// Appends at the same time, and two reads of what they may have made: to the last letter, or not.
fn appends_and_reads(last: &str) -> String {
    let appends = "abcdefgh".chars().map(|word| format!("1 x append {word} 0 99; "));
    appends.collect::<String>() + &format!("2 x get dcabhgef 100 101; 2 x get {last} 200 201")
}

#[test]
fn without_steps_enough_nothing_is_claimed() {
    let right = appends_and_reads("dcabhgef");
    assert_eq!(check(&history(&right), 5), Verdict::Undecided);
    assert_eq!(check(&history(&right), STEPS), Verdict::Yes);
    let wrong = appends_and_reads("dcabhgfe");
    assert_eq!(check(&history(&wrong), 5), Verdict::Undecided);
    assert!(matches!(check(&history(&wrong), STEPS), Verdict::No(_)));
    // Where one key is wrong it does not matter that another takes long.
    let both = format!("{wrong}; 1 z put 2 0 5; 1 z get _ 6 7");
    let Verdict::No(failure) = check(&history(&both), 5) else { panic!("it is known of ‘z’") };
    assert_eq!(failure.key, "z");
}

// Every order there is.

/// Whether some order of the operations is right: tried out with the store itself, one order after the
/// other, without any shortcut.
fn any_order(history: &History) -> bool {
    fn precedes(a: &Operation, b: &Operation) -> bool {
        let returned = |a: &Operation, call_us| a.done.as_ref().is_some_and(|done| done.at_us <= call_us);
        returned(a, b.call_us) && !returned(b, a.call_us)
    }
    fn fits(answer: &Answer, output: &Output) -> bool {
        match answer {
            Answer::Output(told) => told == output,
            Answer::Mismatch => matches!(output, Output::Cas { swapped: false, .. }),
        }
    }
    fn go_on(left: &[&Operation], store: &Store) -> bool {
        if left.iter().all(|operation| operation.done.is_none()) {
            return true;
        }
        (0..left.len()).any(|next| {
            let operation = left[next];
            if left.iter().any(|other| precedes(other, operation)) {
                return false;
            }
            let mut store = store.clone();
            let output = store.carry_out(&operation.op);
            let right = operation.done.as_ref().is_none_or(|done| fits(&done.answer, &output));
            let rest: Vec<&Operation> =
                left.iter().enumerate().filter(|(at, _)| *at != next).map(|(_, o)| *o).collect();
            right && go_on(&rest, &store)
        })
    }
    go_on(&history.0.iter().collect::<Vec<_>>(), &Store::default())
}

struct Dice(Xoshiro256PlusPlus);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    fn op(&mut self, keys: u64) -> Op {
        let key = ["x", "y", "z"][self.below(keys) as usize].to_string();
        let value = self.below(3).to_string();
        match self.below(8) {
            0 | 1 => Op::Put { key, value },
            2 => Op::Append { key, value },
            3 => Op::Cas { key, expect: (self.below(2) == 0).then(|| self.below(3).to_string()), value },
            4 => Op::Delete { key },
            5 => Op::Increment { key },
            _ => Op::Get { key },
        }
    }

    /// Operations that took effect one after the other, each at its moment, on one store; with calls and
    /// returns around the moments, and some returns that never came. So there is an order.
    fn of_a_witness(&mut self, operations: u64, keys: u64, clients: u64) -> History {
        let mut store = Store::default();
        let mut free_us = vec![0; clients as usize];
        let mut history = History::default();
        for moment_us in (1..=operations).map(|n| 10 * n) {
            let client = self.below(clients) as usize;
            let op = self.op(keys);
            let call_us = free_us[client].max(moment_us - self.below(40).min(moment_us));
            if call_us > moment_us {
                continue;
            }
            if self.below(8) == 0 {
                // Nobody answers. It takes effect now, or, as it happens, not at all.
                if self.below(2) == 0 {
                    store.carry_out(&op);
                }
                history.0.push(Operation { client: client as u32 + 1, op, call_us, done: None });
                // The client has given it up by the time of its next operation.
                free_us[client] = call_us + 1;
                continue;
            }
            let mut answer = Answer::Output(store.carry_out(&op));
            if matches!(answer, Answer::Output(Output::Cas { swapped: false, .. })) && self.below(2) == 0 {
                answer = Answer::Mismatch;
            }
            let at_us = moment_us + self.below(40);
            free_us[client] = at_us + 1;
            history.0.push(Operation {
                client: client as u32 + 1,
                op,
                call_us,
                done: Some(Done { at_us, answer }),
            });
        }
        history
    }

    /// One thing in it is otherwise: an answer, a time, or two answers change places.
    fn spoil(&mut self, history: &mut History) {
        let operations = &mut history.0;
        if operations.is_empty() {
            return;
        }
        let which = self.below(operations.len() as u64) as usize;
        let value = (self.below(3) > 0).then(|| self.below(4).to_string());
        match (self.below(3), &mut operations[which]) {
            (0, Operation { call_us, done, .. }) => {
                let moved = call_us.saturating_sub(self.below(60));
                let length = done.as_ref().map_or(0, |done| done.at_us - *call_us);
                *call_us = moved;
                done.iter_mut().for_each(|done| done.at_us = moved + length);
            }
            (_, Operation { done: Some(done), .. }) => match &mut done.answer {
                Answer::Output(Output::Value(was)) => *was = value,
                Answer::Output(Output::Cas { swapped, was }) => {
                    *swapped = self.below(2) == 0;
                    *was = value;
                }
                _ => done.at_us = done.at_us.saturating_sub(self.below(20)),
            },
            _ => {}
        }
        for Operation { call_us, done, .. } in operations {
            done.iter_mut().for_each(|done| done.at_us = done.at_us.max(*call_us));
        }
    }
}

#[test]
fn verdicts_are_those_of_trying_every_order() {
    let (mut good, mut bad) = (0, 0);
    for seed in 0..4000 {
        let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
        let mut history = dice.of_a_witness(7, 2, 4);
        for _ in 0..dice.below(4) {
            dice.spoil(&mut history);
        }
        let expected = any_order(&history);
        let verdict = check(&history, STEPS);
        assert_eq!(verdict == Verdict::Yes, expected, "seed {seed}: {verdict:?}\n{}", history.to_json());
        assert_ne!(verdict, Verdict::Undecided, "seed {seed}");
        *if expected { &mut good } else { &mut bad } += 1;
    }
    println!("{good} can be ordered, {bad} can't");
    assert!(good > 1000 && bad > 800, "{good} can be ordered, {bad} can't");
}

#[test]
fn what_took_effect_one_after_the_other_is_always_accepted() {
    let mut operations = 0;
    for seed in 0..300 {
        let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
        let history = dice.of_a_witness(150, 3, 5);
        operations += history.0.len();
        assert_eq!(check(&history, STEPS), Verdict::Yes, "seed {seed}\n{}", history.to_json());
    }
    assert!(operations > 20_000, "{operations} operations");
}

// The format.

#[test]
fn a_history_survives_its_json() {
    for seed in 0..200 {
        let history = Dice(Xoshiro256PlusPlus::seed_from_u64(seed)).of_a_witness(20, 3, 3);
        assert_eq!(History::parse(&history.to_json()), Ok(history));
    }
    let all = "1 x put 1 0 5; 1 x get _ 6 7; 1 x cas 1 2 8 9 ok 1; 0 x append a 10 -; 2 x incr 11 12 1; 2 x delete 13 14";
    let lines = [
        r#"[{"client":1,"key":"x","op":"put","value":"1","ok":true,"call":0,"ret":5},"#,
        r#"{"client":1,"key":"x","op":"get","out":null,"ok":true,"call":6,"ret":7},"#,
        r#"{"client":1,"key":"x","op":"cas","value":"2","expect":"1","out":"1","ok":true,"call":8,"ret":9},"#,
        r#"{"client":0,"key":"x","op":"append","value":"a","call":10,"ret":null},"#,
        r#"{"client":2,"key":"x","op":"increment","out":"1","ok":true,"call":11,"ret":12},"#,
        r#"{"client":2,"key":"x","op":"delete","ok":true,"call":13,"ret":14}]"#,
    ];
    let written = lines.join("\n ") + "\n";
    assert_eq!(history(all).to_json(), written);
    assert_eq!(History::parse(&written), Ok(history(all)));
    assert_eq!(History::parse(" [ ] "), Ok(History::default()));
}

#[test]
fn a_compare_and_set_may_be_without_what_it_found() {
    let written = |rest: &str| {
        format!(r#"[{{"client":1,"key":"x","op":"cas","value":"2","expect":"1",{rest},"call":8,"ret":9}}]"#)
    };
    let failed = written(r#""ok":false"#);
    assert_eq!(History::parse(&failed), Ok(history("1 x cas 1 2 8 9 no")));
    assert_eq!(history("1 x cas 1 2 8 9 no").to_json(), failed + "\n");
    // One that wrote has found what it expected.
    assert_eq!(History::parse(&written(r#""ok":true"#)), Ok(history("1 x cas 1 2 8 9 ok 1")));
    // Null is what it found: nothing.
    assert_eq!(History::parse(&written(r#""out":null,"ok":false"#)), Ok(history("1 x cas 1 2 8 9 no _")));
}

#[test]
fn a_client_does_one_thing_at_a_time() {
    let table = [
        ("one while another waits", "1 x put 1 0 100; 1 x get _ 50 60", Some((1, 2))),
        ("in any order in the file", "1 x get _ 50 60; 2 x get _ 0 9; 1 x put 1 0 100", Some((3, 1))),
        ("on two keys", "1 x put 1 0 100; 1 y get _ 50 60", Some((1, 2))),
        ("an unanswered one while another waits", "1 x put 1 0 100; 1 x put 2 50 -", Some((1, 2))),
        ("two at once", "1 x put 1 0 100; 1 x put 2 0 100", Some((1, 2))),
        ("the second of three waits long", "1 x get _ 0 5; 1 x put 1 6 100; 1 x get _ 50 60", Some((2, 3))),
        (
            "another behind the one that is in between",
            "1 x put 1 0 99; 2 x get _ 5 6; 1 x get _ 98 99",
            Some((1, 3)),
        ),
        ("one after the other", "1 x put 1 0 100; 1 x get 1 100 110; 1 x get 1 111 120", None),
        (
            "given up, and then another",
            "1 x put 1 0 -; 1 x get _ 50 60; 1 x put 2 70 -; 1 x get _ 71 80",
            None,
        ),
        ("given up at once", "1 x put 1 50 -; 1 x get _ 50 60", None),
        ("two clients", "1 x put 1 0 100; 2 x get _ 50 60", None),
        ("nobody in particular", "0 x put 1 0 100; 0 x get _ 50 60", None),
        ("in no time at all", "1 x put 1 5 5; 1 x get 1 5 5; 1 x get 1 5 9", None),
    ];
    for (name, text, expected) in table {
        let read = History::parse(&history(text).to_json());
        let Some((one, other)) = expected else {
            assert_eq!(read, Ok(history(text)), "{name}");
            continue;
        };
        let error = read.expect_err(name);
        let operations = format!("(operations {other} and {one} of the file)");
        assert!(error.contains(&operations) && error.contains("‘client’ is 0"), "{name}: {error}");
    }
}

#[test]
fn what_is_no_history_is_refused_with_the_place() {
    let table = [
        (r#"{"client":1}"#, "expected an array of operations ([ before the first,"),
        (
            r#"[[1,"x","put","1",null,null,true,0,1]]"#,
            "invalid type: sequence, expected an operation with named fields",
        ),
        (r#"[["x"]]"#, "invalid type: sequence"),
        (r#"["x"]"#, "expected an operation with named fields"),
        (
            r#"[{"client":1,"key":"x","op":"put","value":1,"ok":true,"call":0,"ret":1}]"#,
            "integer `1`, expected a text (keys and values are texts here, so a number stands in quotation marks)",
        ),
        (
            r#"[{"client":1,"key":"x","op":"get","out":1.5,"ok":true,"call":0,"ret":1}]"#,
            "expected a text (keys and values",
        ),
        (
            r#"[{"client":1,"key":"x","op":"cas","value":"1","expect":0,"ok":true,"call":0,"ret":1}]"#,
            "expected a text (keys and values",
        ),
        (
            r#"[{"client":"n1","key":"x","op":"get","out":null,"ok":true,"call":0,"ret":1}]"#,
            "string \"n1\", expected a client's number (give each name a number; 0 is nobody in particular)",
        ),
        (
            r#"[{"client":-1,"key":"x","op":"get","out":null,"ok":true,"call":0,"ret":1}]"#,
            "expected a client's number",
        ),
        (
            r#"[{"client":4294967296,"key":"x","op":"get","out":null,"ok":true,"call":0,"ret":1}]"#,
            "expected a client's number",
        ),
        ("[\n{\"client\":1,}]", "line 2 column 13"),
        (r#"[{"client":1,"key":"x","op":"poke","call":0,"ret":1}]"#, "unknown variant `poke`"),
        (r#"[{"client":1,"key":"x","op":"put","ok":true,"call":0,"ret":1}]"#, "put needs a ‘value’"),
        (
            r#"[{"client":1,"key":"x","op":"get","value":"1","out":"1","ok":true,"call":0,"ret":1}]"#,
            "get has no ‘value’",
        ),
        (r#"[{"client":1,"key":"x","op":"get","ok":true,"call":0,"ret":1}]"#, "‘out’ is missing"),
        (r#"[{"client":1,"key":"x","op":"increment","ok":true,"call":0,"ret":1}]"#, "‘out’ is missing"),
        (
            r#"[{"client":1,"key":"x","op":"delete","expect":"1","ok":true,"call":0,"ret":1}]"#,
            "delete has no ‘expect’",
        ),
        (
            r#"[{"client":1,"key":"x","op":"delete","out":"1","ok":true,"call":0,"ret":1}]"#,
            "only get, cas and increment",
        ),
        (r#"[{"client":1,"key":"x","op":"delete","call":0,"ret":1}]"#, "‘ok’ is missing"),
        (r#"[{"client":1,"key":"x","op":"delete","ok":false,"call":0,"ret":1}]"#, "is left out of a history"),
        (
            r#"[{"client":1,"key":"x","op":"delete","ok":true,"call":5,"ret":1}]"#,
            "‘ret’ 1 lies before ‘call’ 5",
        ),
        (r#"[{"client":1,"key":"x","op":"delete","ok":true,"call":5,"ret":null}]"#, "nothing is known"),
        (r#"[{"client":1,"key":"x","op":"delete","ok":true,"call":5}]"#, "missing field `ret`"),
        (r#"[{"client":1,"key":"x","op":"delete","ok":true,"call":-5,"ret":0}]"#, "invalid value"),
        (
            r#"[{"client":1,"key":"x","op":"delete","ok":true,"call":5,"ret":7,"colour":1}]"#,
            "unknown field `colour`",
        ),
    ];
    for (text, expected) in table {
        let error = History::parse(text).unwrap_err();
        assert!(error.contains(expected) && error.contains(" column "), "{text}\n{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[\\]{}\":,0-9a-z ]{0,80}") {
        let _ = History::parse(&text);
    }
}
