//! Our histories in porcupine's terms.

use porcupine_rs::{CheckResult, Model, Operation};
use std::collections::BTreeMap;
use std::time::Duration;
use wavetank::check::history::{self, Answer, History};
use wavetank::kv::{Op, Output};

/// One key of our store.
#[derive(Clone, Debug)]
struct Key;

impl Model for Key {
    /// What the key holds.
    type State = Option<String>;
    /// What was asked, and the answer, if there was one.
    type Op = (Op, Option<Answer>);
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

    fn step(state: &Option<String>, (op, told): &(Op, Option<Answer>)) -> (bool, Option<String>) {
        let told = |fits: &dyn Fn(&Output) -> bool| match told {
            None => true,
            Some(Answer::Output(output)) => fits(output),
            Some(Answer::Mismatch) => fits(&Output::Cas { swapped: false, was: state.clone() }),
        };
        match op {
            Op::Put { value, .. } | Op::Set { value } => (true, Some(value.clone())),
            Op::Delete { .. } => (true, None),
            Op::Append { value, .. } => (true, Some(state.clone().unwrap_or_default() + value)),
            Op::Cas { expect, value, .. } => {
                let finds = expect == state;
                let fits = told(
                    &|output| matches!(output, Output::Cas { swapped, was } if *swapped == finds && was == state),
                );
                (fits, if finds { Some(value.clone()) } else { state.clone() })
            }
            Op::Increment { .. } => {
                let number = state.as_ref().and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
                let after = Some(number.wrapping_add(1).to_string());
                let fits = told(&|output| matches!(output, Output::Value(made) if *made == after));
                (fits, after)
            }
            Op::Get { .. } | Op::Submit { .. } | Op::Register { .. } => {
                let fits = told(&|output| matches!(output, Output::Value(read) if read == state));
                (fits, state.clone())
            }
        }
    }
}

/// A history in porcupine's form.
pub struct Theirs(Vec<Operation<Key>>);

impl Theirs {
    pub fn new(history: &History) -> Theirs {
        let end = history.0.iter().map(|operation| operation.call_us.max(returned_us(operation))).max();
        let operation = |(place, operation): (i64, &history::Operation)| Operation {
            client_id: Some(operation.client),
            call_time: operation.call_us as i64,
            return_time: match &operation.done {
                Some(done) => done.at_us as i64,
                None => end.unwrap_or(0) as i64 + 1 + place,
            },
            op: (operation.op.clone(), operation.done.as_ref().map(|done| done.answer.clone())),
            metadata: None,
        };
        Theirs((0..).zip(&history.0).map(operation).collect())
    }

    /// Whether porcupine finds it linearizable.
    pub fn check(&self) -> bool {
        porcupine_rs::check_operations(&self.0)
    }

    /// The same, if it finds that out in time.
    pub fn check_within(&self, time: Duration) -> Option<bool> {
        match porcupine_rs::check_operations_timeout(&self.0, time) {
            CheckResult::Ok => Some(true),
            CheckResult::Illegal => Some(false),
            CheckResult::Unknown => None,
        }
    }
}

fn returned_us(operation: &history::Operation) -> u64 {
    operation.done.as_ref().map_or(0, |done| done.at_us)
}
