//! What one key of the store does, told a second time: the store is not asked whether it is right.

use crate::kv::{Op, Output};
use std::sync::Arc;

/// What a key holds, or nothing.
pub(super) type State = Option<Arc<str>>;

/// What an operation makes of a state, and what it answers.
pub(super) fn step(op: &Op, state: &State) -> (State, Output) {
    let text = || state.as_deref().map(str::to_string);
    match op {
        Op::Get { .. } => (state.clone(), Output::Value(text())),
        Op::Put { value, .. } | Op::Set { value } => (Some(value.as_str().into()), Output::Done),
        Op::Delete { .. } => (None, Output::Done),
        Op::Append { value, .. } => {
            let longer = state.as_deref().unwrap_or_default().to_string() + value;
            (Some(longer.into()), Output::Done)
        }
        Op::Cas { expect, value, .. } => {
            let swapped = expect.as_deref() == state.as_deref();
            let after = if swapped { Some(value.as_str().into()) } else { state.clone() };
            (after, Output::Cas { swapped, was: text() })
        }
        Op::Increment { .. } => {
            let number = state.as_deref().and_then(|value| value.parse::<i64>().ok()).unwrap_or(0);
            let next = number.wrapping_add(1).to_string();
            (Some(next.as_str().into()), Output::Value(Some(next)))
        }
        // About no key.
        Op::Submit { .. } | Op::Register { .. } => (state.clone(), Output::Done),
    }
}

/// Whether the state after it is the same whatever was before, and so is the answer.
pub(super) fn overwrites(op: &Op) -> bool {
    matches!(op, Op::Put { .. } | Op::Set { .. } | Op::Delete { .. })
}

/// Whether it changes nothing, ever.
pub(super) fn only_reads(op: &Op) -> bool {
    matches!(op, Op::Get { .. })
}

/// A state in words.
pub(super) fn told(state: &State) -> String {
    match state {
        Some(value) => format!("‘{value}’"),
        None => "nothing".into(),
    }
}
