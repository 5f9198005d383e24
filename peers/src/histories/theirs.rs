//! Our histories in porcupine's terms.

use porcupine_rs::{Model, Operation};
use std::collections::BTreeMap;
use wavetank::check::history::{self, History};
use wavetank::kv::{Op, Output, Store};

/// One key of our store.
#[derive(Clone, Debug)]
struct Key;

impl Model for Key {
    /// What the key holds.
    type State = Option<String>;
    /// What was asked, and the answer, if there was one.
    type Op = (Op, Option<Output>);
    type Metadata = ();

    fn partition_operations(history: &[Operation<Key>]) -> Vec<Vec<Operation<Key>>> {
        let mut by_key: BTreeMap<&str, Vec<Operation<Key>>> = BTreeMap::new();
        for operation in history {
            by_key.entry(operation.op.0.key().unwrap_or_default()).or_default().push(operation.clone());
        }
        by_key.into_values().collect()
    }

    fn init() -> Option<String> {
        None
    }

    /// The store itself says what is right.
    fn step(state: &Option<String>, (op, told): &(Op, Option<Output>)) -> (bool, Option<String>) {
        let mut store = Store::default();
        let key = op.key().unwrap_or_default().to_string();
        if let Some(value) = state.clone() {
            store.carry_out(&Op::Put { key: key.clone(), value });
        }
        let output = store.carry_out(op);
        let fits = told.as_ref().is_none_or(|told| *told == output);
        (fits, store.get(&key).map(str::to_string))
    }
}

/// Whether porcupine finds it linearizable.
pub fn check(history: &History) -> bool {
    let end = history.0.iter().map(|operation| operation.call_us.max(returned_us(operation))).max();
    let operation = |(place, operation): (i64, &history::Operation)| Operation {
        client_id: Some(operation.client),
        call_time: operation.call_us as i64,
        return_time: match &operation.done {
            Some(done) => done.at_us as i64,
            None => end.unwrap_or(0) as i64 + 1 + place,
        },
        op: (operation.op.clone(), operation.done.as_ref().map(|done| done.output.clone())),
        metadata: None,
    };
    let operations: Vec<Operation<Key>> = (0..).zip(&history.0).map(operation).collect();
    porcupine_rs::check_operations(&operations)
}

fn returned_us(operation: &history::Operation) -> u64 {
    operation.done.as_ref().map_or(0, |done| done.at_us)
}
