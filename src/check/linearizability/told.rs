//! Why a history is not linearizable, in words.

use super::model::{self, State, only_reads, overwrites, step};
use crate::check::history::{Answer, Operation};
use crate::kv::{Op, Output};
use crate::spelling::shortened_to;

/// The longest that is told of a key and of what it holds, in letters.
const TOLD_MAX: usize = 120;

/// A sentence about the first of the operations that fit nowhere after an order; and the operations that it
/// names: the one that has left the state before it, if there is one, and itself.
pub(super) fn failure(
    key: &str,
    order: &[&Operation],
    nowhere: &[&Operation],
    impossible: bool,
) -> (String, Vec<Operation>) {
    let Some(stuck) = nowhere.first() else { return Default::default() };
    let brief = |text: String| shortened_to(TOLD_MAX, text);
    let key = brief(key.into());
    let begin = format!("{} fits nowhere among the operations on ‘{key}’: ", stuck.told());
    if impossible {
        let seen = match stuck.done.as_ref().map(|done| &done.answer) {
            Some(Answer::Output(Output::Value(seen) | Output::Cas { was: seen, .. })) => seen.as_deref(),
            _ => None,
        };
        let seen = brief(model::told(&seen.map(Into::into)));
        let sentence = format!("{begin}nothing that was asked before its answer makes {seen}, in any order.");
        return (sentence, vec![(*stuck).clone()]);
    }
    let (wrote, state) = replayed(order);
    let told = brief(model::told(&state));
    let before = match wrote {
        Some(wrote) => format!("in the longest order that fits, {} has left {told}", wrote.told()),
        None => format!("before it there is {told}"),
    };
    let operations = wrote.into_iter().chain([*stuck]).cloned().collect();
    (format!("{begin}{before}."), operations)
}

/// What an order leads to, and the last operation in it that changed something.
fn replayed<'a>(order: &[&'a Operation]) -> (Option<&'a Operation>, State) {
    let mut wrote = None;
    let mut text: Option<String> = None;
    for operation in order {
        match &operation.op {
            op if only_reads(op) => {}
            // Many words one behind the other are one text, and not as many.
            Op::Append { value, .. } => {
                text.get_or_insert_default().push_str(value);
                wrote = Some(*operation);
            }
            op => {
                let before: State = text.as_deref().map(Into::into);
                let (after, _) = step(op, &before);
                if after != before || overwrites(op) {
                    wrote = Some(*operation);
                    text = after.map(|after| after.to_string());
                }
            }
        }
    }
    (wrote, text.map(Into::into))
}
