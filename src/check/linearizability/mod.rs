//! Linearizability (Herlihy and Wing 1990; §8, D6): to clients it looks as if there were one copy of the
//! store, on which each operation takes effect at one moment between its call and its return.
//!
//! Keys have nothing to do with each other, so each is judged alone: a history is linearizable if that of
//! every key is. An operation without an answer may take effect at any time from its call on, or never.
//!
//! [`check`] and [`judge`] look at a whole history, by a search for each key, all keys by turns. While a run
//! goes on `watching` does, key by key and answer by answer, and forgets what is settled, so that the cost of
//! an answer does not grow with the run.

mod frontier;
mod impossible;
mod model;
mod problem;
mod search;
mod seen;
mod texts;
mod told;
mod turns;
mod watching;

use super::history::{History, Operation};

pub(super) use watching::Watching;

/// How many steps [`check`] mostly takes for a key: some seconds at most.
pub const STEPS: u64 = 5_000_000;

/// How much memory a check takes where nobody says otherwise, in bytes: 256 MB.
pub const BYTES: u64 = 256_000_000;

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is linearizable.
    Yes,
    /// It is not.
    No(Failure),
    /// Within the bounds that could not be found out.
    Undecided,
}

/// Operations that can't be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The key that they are about.
    pub key: String,
    /// How many operations on the key there are, besides unanswered reads.
    pub of_key: usize,
    /// The longest order that was found: places in the history, from 0. Unanswered operations are in it only
    /// where an answer needs them.
    pub order: Vec<usize>,
    /// What fits nowhere after it, though it may be the next in time: first what has to be, then the rest.
    /// One operation, where its answer fits after no order at all.
    pub nowhere: Vec<usize>,
    /// The first of those; and before it, if there is one, the one that made the key what it is then.
    pub operations: Vec<Operation>,
    /// All that in one sentence.
    pub sentence: String,
}

/// How far a check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most steps for each key: operations that are put at some place of an order.
    pub steps: u64,
    /// How much memory the searches may take together, in bytes, beside the history itself.
    pub bytes: u64,
}

impl Default for Bounds {
    /// No end of steps, and [`BYTES`] of memory.
    fn default() -> Bounds {
        Bounds { steps: u64::MAX, bytes: BYTES }
    }
}

/// What ended a search before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The most steps for a key were taken.
    Steps,
    /// All memory was taken, and this key had the largest part of it.
    Memory,
    /// Whoever watched has ended it.
    Stopped,
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many keys there are.
    pub keys: usize,
    /// For how many of them an order was found.
    pub judged: usize,
    /// Steps taken, for all keys.
    pub steps: u64,
    /// Memory taken by the searches, in bytes.
    pub bytes: u64,
}

/// What came of a check, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// In a word.
    pub verdict: Verdict,
    /// By name: all keys where the history is linearizable; those that are undecided where that is the
    /// verdict; none where it is not linearizable, of which the verdict itself says all.
    pub keys: Vec<OfKey>,
    /// How far it has come.
    pub progress: Progress,
}

/// What was found of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfKey {
    /// The key.
    pub key: String,
    /// An order of its operations that fits, or, where a bound ended the search, the longest one until then:
    /// places in the history, from 0. Unanswered operations are in it only where an answer needs them.
    pub order: Vec<usize>,
    /// What ended the search, if anything has.
    pub bound: Option<Bound>,
}

/// Whether a history is linearizable, found out in at most so many steps for each key, and [`BYTES`] of
/// memory.
#[must_use]
pub fn check(history: &History, steps: u64) -> Verdict {
    judge(history, Bounds { steps, ..Bounds::default() }, |_| true).verdict
}

/// Whether a history is linearizable, and by which orders. All keys are searched by turns, and after each
/// turn, which takes a moment, `watch` says whether to go on.
#[must_use]
pub fn judge(history: &History, bounds: Bounds, watch: impl FnMut(&Progress) -> bool) -> Judgement {
    turns::judge(history, bounds, watch)
}

#[cfg(test)]
mod tests {
    use super::frontier::{Asked, Frontier, Shows};
    use super::*;
    use crate::check::history::Done;
    use crate::kv::{Op, Output};
    use crate::sim::EventId;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{Rng, SeedableRng};
    use std::sync::Arc;

    /// A key that is asked and answers, rightly or not: for the frontier, answer by answer, and as a history.
    struct Both {
        dice: Xoshiro256PlusPlus,
        frontier: Frontier,
        history: Vec<Operation>,
        /// What the key holds, if nobody lies.
        state: model::State,
        /// What was asked twice, and the second time.
        twice: Option<(usize, usize)>,
        now_us: u64,
        /// Whether it is known what there is at the start.
        known: bool,
    }

    impl Both {
        fn below(&mut self, n: u64) -> u64 {
            self.dice.next_u64() % n
        }

        fn op(&mut self) -> Op {
            let (key, value) = (String::from("x"), self.below(3).to_string());
            match self.below(7) {
                0 | 1 => Op::Put { key, value },
                2 => Op::Append { key, value },
                3 => Op::Cas { key, expect: (self.below(2) == 0).then(|| "1".into()), value },
                4 => Op::Increment { key },
                5 => Op::Delete { key },
                _ => Op::Get { key },
            }
        }

        fn call(&mut self, client: u32) -> usize {
            let op = self.op();
            self.history.push(Operation { client, op, call_us: self.now_us, done: None });
            self.history.len() - 1
        }

        fn asked(&self, which: usize) -> Arc<Asked> {
            let Operation { op, call_us, .. } = self.history[which].clone();
            Arc::new(Asked { id: which as u64, client: 1, op, call_us, event: EventId(0) })
        }

        /// It takes effect, if it is done in time; the answer is right, as a rule.
        fn answer(&mut self, which: usize) -> Output {
            let (after, output) = model::step(&self.history[which].op, &self.state);
            if self.below(6) > 0 {
                self.state = after;
            }
            match output {
                Output::Value(_) if self.below(4) == 0 => Output::Value(Some(self.below(3).to_string())),
                output => output,
            }
        }

        /// Whether the search agrees that by now all is well, or not. Of what was asked twice, the answer
        /// may be that to the first or to the second.
        fn agrees(&self, well: bool) {
            let mut other = self.history.clone();
            if let Some((first, second)) = self.twice {
                other[first].call_us = self.history[second].call_us;
                other[second].call_us = self.history[first].call_us;
            }
            let verdicts = [self.history.clone(), other].map(|history| check(&History(history), STEPS));
            let history = History(self.history.clone()).to_json();
            assert_eq!(verdicts.contains(&Verdict::Yes), well, "{verdicts:?} {:?}\n{history}", self.twice);
        }

        /// Lets clients ask and be answered in some order. Whether all was well to the end; nothing, if that
        /// was too much to find out.
        fn run(mut self) -> Option<bool> {
            let mut open: Vec<usize> = Vec::new();
            let mut sure = self.known;
            for _ in 0..18 {
                self.now_us += 1;
                match self.below(14) {
                    0..=5 if open.len() < 3 => {
                        let which = self.call(open.len() as u32 + 1);
                        self.frontier.call(self.asked(which));
                        open.push(which);
                    }
                    6 => {
                        let which = self.call(0);
                        self.frontier.let_loose(self.asked(which));
                    }
                    7 if !open.is_empty() => {
                        let at = self.below(open.len() as u64) as usize;
                        self.frontier.lose_sight(open.remove(at) as u64);
                    }
                    8 if !open.is_empty() && self.twice.is_none() => {
                        // Asked once more: the same again, without an answer.
                        let which = open[self.below(open.len() as u64) as usize];
                        self.twice = Some((which, self.history.len()));
                        let again = Operation { call_us: self.now_us, ..self.history[which].clone() };
                        self.history.push(again);
                        if !model::only_reads(&self.history[which].op) {
                            self.frontier.call_again(which as u64);
                        }
                    }
                    _ if !open.is_empty() => {
                        let at = self.below(open.len() as u64) as usize;
                        let which = open.remove(at);
                        let output = self.answer(which);
                        let at_us = self.now_us;
                        let shows = self.frontier.done(which as u64, &output, at_us);
                        self.history[which].done = Some(Done { at_us, answer: output.into() });
                        // What was not decided once may count as right ever after.
                        sure &= shows != Shows::Nothing;
                        if sure || matches!(shows, Shows::Wrong(_)) {
                            self.agrees(shows == Shows::Fits);
                        }
                        if matches!(shows, Shows::Wrong(_)) {
                            return Some(false);
                        }
                    }
                    _ => {}
                }
            }
            sure.then_some(true)
        }
    }

    fn both(seed: u64, known: bool) -> Both {
        Both {
            dice: Xoshiro256PlusPlus::seed_from_u64(seed),
            frontier: Frontier::new(known),
            history: Vec::new(),
            state: None,
            twice: None,
            now_us: 0,
            known,
        }
    }

    #[test]
    fn answer_by_answer_the_verdict_is_that_of_the_search() {
        let verdicts: Vec<Option<bool>> = (0..6000).map(|seed| both(seed, true).run()).collect();
        let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
        let [well, wrong, unknown] = [Some(true), Some(false), None].map(count);
        println!("{well} are well to the end, {wrong} are not, {unknown} are too much");
        assert!(well > 1000 && wrong > 1000 && unknown < 120, "{well}, {wrong}, {unknown}");
    }

    #[test]
    fn nothing_right_is_called_wrong_where_it_was_not_known_what_there_was() {
        let wrong = (0..4000).filter(|&seed| both(seed, false).run() == Some(false)).count();
        println!("{wrong} of 4000 are wrong");
        assert!(wrong > 200, "{wrong} of 4000 are wrong");
    }

    fn put(frontier: &mut Frontier, id: u64, value: &str) -> Shows {
        let op = Op::Put { key: "x".into(), value: value.into() };
        frontier.call(Arc::new(Asked { id, client: 1, op, call_us: id, event: EventId(id) }));
        frontier.done(id, &Output::Done, id)
    }

    fn get(frontier: &mut Frontier, id: u64, value: &str) -> Shows {
        let op = Op::Get { key: "x".into() };
        frontier.call(Arc::new(Asked { id, client: 1, op, call_us: id, event: EventId(id) }));
        frontier.done(id, &Output::Value(Some(value.into())), id)
    }

    fn append_loose(frontier: &mut Frontier, id: u64) {
        let op = Op::Append { key: "x".into(), value: id.to_string() };
        frontier.let_loose(Arc::new(Asked { id, client: 0, op, call_us: id, event: EventId(id) }));
    }

    #[test]
    fn where_too_much_is_possible_nothing_is_claimed_until_it_is_clear_again() {
        let mut frontier = Frontier::new(true);
        (0..7).for_each(|id| append_loose(&mut frontier, id));
        // In which order seven words may have come before this one is more than is looked at.
        let op = Op::Append { key: "x".into(), value: "!".into() };
        frontier.call(Arc::new(Asked { id: 9, client: 1, op, call_us: 9, event: EventId(9) }));
        assert_eq!(frontier.done(9, &Output::Done, 9), Shows::Nothing);
        assert_eq!(get(&mut frontier, 10, "what?"), Shows::Nothing);
        // Now it is clear what there is, and words may follow.
        assert_eq!(get(&mut frontier, 11, "what?3"), Shows::Fits);
        assert_eq!(put(&mut frontier, 12, "a"), Shows::Fits);
        assert_eq!(get(&mut frontier, 13, "a052"), Shows::Fits);
        assert!(matches!(get(&mut frontier, 14, "a0522"), Shows::Wrong(_)));
    }

    #[test]
    fn with_too_many_loose_ends_a_key_is_given_up() {
        let mut frontier = Frontier::new(true);
        (0..128).for_each(|id| append_loose(&mut frontier, id));
        assert_eq!(put(&mut frontier, 200, "a"), Shows::Fits, "it says itself what there is");
        append_loose(&mut frontier, 201);
        assert_eq!(put(&mut frontier, 202, "a"), Shows::Nothing);
        assert_eq!(get(&mut frontier, 203, "b"), Shows::Nothing);
    }
}
