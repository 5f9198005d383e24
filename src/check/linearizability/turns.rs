//! All keys of a history, by turns: none waits for another one, and what one of them shows ends it all.

use super::impossible::impossible;
use super::problem::Problem;
use super::search::{Found, Search};
use super::{Bound, Bounds, Failure, Judgement, OfKey, Progress, Verdict, model, told};
use crate::check::history::{History, Operation};
use std::collections::BTreeMap;

/// How many steps a key takes in its first turn, and in any turn at most: then it is another one's.
const STEPS_FIRST: u64 = 1000;
const STEPS_MAX: u64 = 50_000;
/// So many steps a key is searched that can't be right anyway: to say how much of it fits.
const STEPS_TO_TELL: u64 = 20_000;

/// The operations on one key.
struct Key<'a> {
    key: &'a str,
    /// Their places in the history.
    places: Vec<usize>,
    operations: Vec<&'a Operation>,
}

/// A key that is not judged yet.
struct Turn<'a> {
    key: Key<'a>,
    search: Search<'a>,
    steps: u64,
}

impl Key<'_> {
    fn places(&self, numbers: &[u32]) -> Vec<usize> {
        numbers.iter().map(|number| self.places[*number as usize]).collect()
    }

    fn failure(&self, order: &[u32], nowhere: &[u32], impossible: bool) -> Failure {
        let operations = |numbers: &[u32]| -> Vec<&Operation> {
            numbers.iter().map(|number| self.operations[*number as usize]).collect()
        };
        let (words, operations) =
            told::failure(self.key, &operations(order), &operations(nowhere), impossible);
        Failure {
            key: self.key.into(),
            of_key: self.operations.len(),
            order: self.places(order),
            nowhere: self.places(nowhere),
            operations,
            sentence: words,
        }
    }
}

impl Turn<'_> {
    fn undecided(self, bound: Bound) -> OfKey {
        let (order, _) = self.search.longest();
        OfKey { key: self.key.key.into(), order: self.key.places(&order), bound: Some(bound) }
    }
}

/// Judges the keys. Whoever watches is told how far it is, and may end it.
pub(super) fn judge(
    history: &History,
    bounds: Bounds,
    mut watch: impl FnMut(&Progress) -> bool,
) -> Judgement {
    let keys = by_key(history);
    let mut progress = Progress { keys: keys.len(), ..Progress::default() };
    let no = |failure, progress| Judgement { verdict: Verdict::No(failure), keys: Vec::new(), progress };
    for key in &keys {
        if let Some(which) = impossible(&key.operations) {
            return no(impossible_failure(key, which, bounds), progress);
        }
    }
    let mut judged: Vec<OfKey> = Vec::new();
    let mut waiting = keys.into_iter();
    let mut turns: Vec<Turn> = Vec::new();
    let mut steps_of_turn = STEPS_FIRST;
    loop {
        let mut others: u64 = turns.iter().map(|turn| turn.search.bytes()).sum();
        let mut next = Vec::new();
        let begun = std::mem::take(&mut turns).into_iter();
        let fresh = std::iter::from_fn(|| {
            waiting.next().map(|key| Turn {
                search: Search::new(Problem::new(&key.operations)),
                key,
                steps: 0,
            })
        });
        let mut all = begun.chain(fresh);
        while let Some(mut turn) = all.next() {
            others = others.saturating_sub(turn.search.bytes());
            let allowed = steps_of_turn.min(bounds.steps - turn.steps);
            let mut left = allowed;
            let found = turn.search.run(&mut left, bounds.bytes.saturating_sub(others));
            turn.steps += allowed - left;
            progress.steps += allowed - left;
            progress.bytes = others + turn.search.bytes();
            match found {
                Found::Order => {
                    let order = turn.key.places(&turn.search.found());
                    judged.push(OfKey { key: turn.key.key.into(), order, bound: None });
                    progress.judged += 1;
                }
                Found::NoOrder => {
                    let (order, nowhere) = turn.search.longest();
                    return no(turn.key.failure(&order, &nowhere, false), progress);
                }
                Found::OutOfSteps if turn.steps >= bounds.steps => judged.push(turn.undecided(Bound::Steps)),
                Found::OutOfSteps => {
                    others += turn.search.bytes();
                    next.push(turn);
                }
                Found::OutOfMemory => {
                    others += turn.search.bytes();
                    next.push(turn);
                    let largest = (0..next.len()).max_by_key(|at| next[*at].search.bytes()).unwrap_or(0);
                    let largest = next.remove(largest);
                    others -= largest.search.bytes();
                    judged.push(largest.undecided(Bound::Memory));
                }
            }
            if !watch(&progress) {
                judged.extend(next.into_iter().chain(all).map(|turn| turn.undecided(Bound::Stopped)));
                return judgement(judged, progress);
            }
        }
        drop(all);
        if next.is_empty() {
            return judgement(judged, progress);
        }
        turns = next;
        steps_of_turn = (2 * steps_of_turn).min(STEPS_MAX);
    }
}

fn judgement(mut judged: Vec<OfKey>, progress: Progress) -> Judgement {
    judged.sort_by(|one, other| one.key.cmp(&other.key));
    let undecided = judged.iter().any(|key| key.bound.is_some());
    if undecided {
        judged.retain(|key| key.bound.is_some());
    }
    let verdict = if undecided { Verdict::Undecided } else { Verdict::Yes };
    Judgement { verdict, keys: judged, progress }
}

fn by_key(history: &History) -> Vec<Key<'_>> {
    let mut keys: BTreeMap<&str, Key> = BTreeMap::new();
    for (place, operation) in history.0.iter().enumerate() {
        // What only reads and is not answered says nothing.
        if let Some(key) = operation.op.key()
            && (operation.done.is_some() || !model::only_reads(&operation.op))
        {
            let new = || Key { key, places: Vec::new(), operations: Vec::new() };
            let of_key = keys.entry(key).or_insert_with(new);
            of_key.places.push(place);
            of_key.operations.push(operation);
        }
    }
    keys.into_values().collect()
}

/// An answer that can't be right: after the longest order that is soon found.
fn impossible_failure(key: &Key, which: usize, bounds: Bounds) -> Failure {
    let mut search = Search::new(Problem::new(&key.operations));
    let mut steps = STEPS_TO_TELL.min(bounds.steps);
    search.run(&mut steps, bounds.bytes);
    let (order, _) = search.longest();
    key.failure(&order, &[which as u32], true)
}
