//! Linearizability (Herlihy and Wing 1990; §8, D6): to clients it looks as if there were one copy of the
//! store, on which each operation takes effect at one moment between its call and its return.
//!
//! Keys have nothing to do with each other, so each is judged alone: a history is linearizable if that of
//! every key is. An operation without an answer may take effect at any time from its call on, or never.
//!
//! [`check`] judges a whole history, by a search.

mod model;
mod search;

use super::history::{History, Operation};
use search::{DeadEnd, Found};
use std::collections::BTreeMap;

/// How many steps a check may take where nobody says otherwise: some seconds at most.
pub const STEPS: u64 = 5_000_000;

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is linearizable.
    Yes,
    /// It is not.
    No(Failure),
    /// That could not be found out in so many steps.
    Undecided,
}

/// Operations that can't be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The key that they are about.
    pub key: String,
    /// How many operations on the key could be ordered, at most.
    pub ordered: usize,
    /// The one that fits nowhere after those; and before it, if there is one, the one that made the key
    /// what it is then.
    pub operations: Vec<Operation>,
    /// All that in one sentence.
    pub sentence: String,
}

/// Whether a history is linearizable, found out in at most so many steps: operations that are tried at
/// some place of an order.
#[must_use]
pub fn check(history: &History, mut steps: u64) -> Verdict {
    let mut by_key: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in &history.0 {
        // What only reads and is not answered says nothing.
        if let Some(key) = operation.op.key()
            && (operation.done.is_some() || !model::only_reads(&operation.op))
        {
            by_key.entry(key).or_default().push(operation);
        }
    }
    let mut verdict = Verdict::Yes;
    for (key, operations) in by_key {
        match search::search(&operations, &mut steps) {
            Found::Order => {}
            Found::NoOrder(dead_end) => return Verdict::No(failure(key, &operations, dead_end)),
            Found::OutOfSteps => verdict = Verdict::Undecided,
        }
    }
    verdict
}

fn failure(
    key: &str,
    operations: &[&Operation],
    DeadEnd { ordered, wrote, state, stuck }: DeadEnd,
) -> Failure {
    let wrote = wrote.map(|which| operations[which]);
    let stuck = operations[stuck];
    let told = model::told(&state);
    let before = match wrote {
        Some(wrote) => format!("in the longest order that fits, {wrote} has left {told}"),
        None => format!("before it there is {told}"),
    };
    Failure {
        key: key.into(),
        ordered,
        operations: wrote.into_iter().chain([stuck]).cloned().collect(),
        sentence: format!("{stuck} fits nowhere among the operations on ‘{key}’: {before}."),
    }
}
