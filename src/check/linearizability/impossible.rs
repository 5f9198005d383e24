//! Answers that no order at all makes right, found without a search: texts that can't have come about.
//!
//! What a key holds was written whole (by a put, a compare-and-set or an increment), or it is something
//! written whole, or nothing, with words behind it that were appended. So a text that can't be put together
//! from what was asked before it was seen was never there. That is looked at as if each word could be
//! appended at any time and several times: the test may miss what a search finds, and what it finds is so.

use super::super::history::{Answer, Operation};
use crate::kv::{Op, Output};
use std::collections::HashMap;

/// So many bytes are compared at most: beyond that it is left to the search.
const BYTES_MAX: usize = 50_000_000;

/// An operation that saw a text which can't have come about, if there is one: of several the one that was
/// answered first.
pub(super) fn impossible(operations: &[&Operation]) -> Option<usize> {
    let mut seen: Vec<(u64, &str, usize)> = Vec::new();
    for (which, operation) in operations.iter().enumerate() {
        if let Some(done) = &operation.done
            && let Answer::Output(Output::Value(Some(text)) | Output::Cas { was: Some(text), .. }) =
                &done.answer
            && !matches!(operation.op, Op::Increment { .. })
        {
            seen.push((done.at_us, text, which));
        }
    }
    seen.sort_unstable();
    let pieces = Pieces::of(operations);
    let mut bytes_left = BYTES_MAX;
    // What was seen later may have been made by more: the first time is telling.
    let mut looked_at = HashMap::new();
    seen.retain(|(_, text, _)| looked_at.insert(*text, ()).is_none());
    let impossible = |(at_us, text, _): &&(u64, &str, usize)| {
        pieces.can_make(text.as_bytes(), *at_us, &mut bytes_left) == Some(false)
    };
    seen.iter().find(impossible).map(|(_, _, which)| *which)
}

/// Of what texts are made, each with the time at which it was asked for first.
#[derive(Default)]
struct Pieces<'a> {
    wholes: Texts<'a>,
    words: Texts<'a>,
    increment: Option<u64>,
}

#[derive(Default)]
struct Texts<'a> {
    called_us: HashMap<&'a [u8], u64>,
    lengths: Vec<usize>,
}

impl<'a> Texts<'a> {
    fn add(&mut self, text: &'a str, call_us: u64) {
        let first = self.called_us.entry(text.as_bytes()).or_insert(call_us);
        *first = call_us.min(*first);
    }

    fn measure(&mut self) {
        self.lengths = self.called_us.keys().map(|text| text.len()).collect();
        self.lengths.sort_unstable();
        self.lengths.dedup();
    }

    /// The lengths of those that stand at the beginning of a text, and were asked for by then. Nothing, if
    /// that takes too long to find out.
    fn begin(
        &self,
        text: &[u8],
        by_us: u64,
        bytes_left: &mut usize,
        mut found: impl FnMut(usize),
    ) -> Option<()> {
        for &length in self.lengths.iter().take_while(|length| **length <= text.len()) {
            *bytes_left = bytes_left.checked_sub(1 + length)?;
            if self.called_us.get(&text[..length]).is_some_and(|call_us| *call_us <= by_us) {
                found(length);
            }
        }
        Some(())
    }
}

impl<'a> Pieces<'a> {
    fn of(operations: &[&'a Operation]) -> Pieces<'a> {
        let mut pieces = Pieces::default();
        for Operation { op, call_us, done, .. } in operations.iter().copied() {
            match op {
                Op::Put { value, .. } | Op::Set { value } => pieces.wholes.add(value, *call_us),
                Op::Cas { value, .. } => {
                    let answer = done.as_ref().map(|done| &done.answer);
                    let swapped =
                        |answer| matches!(answer, &Answer::Output(Output::Cas { swapped: true, .. }));
                    if answer.is_none_or(swapped) {
                        pieces.wholes.add(value, *call_us);
                    }
                }
                Op::Append { value, .. } => pieces.words.add(value, *call_us),
                Op::Increment { .. } => {
                    pieces.increment = Some(pieces.increment.map_or(*call_us, |first| first.min(*call_us)));
                }
                Op::Get { .. } | Op::Delete { .. } | Op::Submit { .. } | Op::Register { .. } => {}
            }
        }
        pieces.wholes.measure();
        pieces.words.measure();
        pieces
    }

    /// Whether a text can be made of what was asked for by then. Nothing, if that takes too long to find out.
    fn can_make(&self, text: &[u8], by_us: u64, bytes_left: &mut usize) -> Option<bool> {
        if self.wholes.called_us.get(text).is_some_and(|call_us| *call_us <= by_us) {
            return Some(true);
        }
        // To where pieces reach.
        let mut reached = vec![false; text.len() + 1];
        *bytes_left = bytes_left.checked_sub(text.len())?;
        self.wholes.begin(text, by_us, bytes_left, |length| reached[length] = true)?;
        if self.increment.is_some_and(|call_us| call_us <= by_us) {
            numbers(text).for_each(|length| reached[length] = true);
        }
        let whole = text.len();
        for at in 0..=whole {
            // Words may be appended to nothing.
            if at == 0 || reached[at] {
                let rest = &text[at..];
                self.words.begin(rest, by_us, bytes_left, |length| reached[at + length] = true)?;
            }
        }
        Some(reached[whole])
    }
}

/// The lengths at which a text begins with a number as an increment writes it.
fn numbers(text: &[u8]) -> impl Iterator<Item = usize> {
    const LONGEST: usize = "-9223372036854775808".len();
    (1..=text.len().min(LONGEST)).filter(|&length| {
        let number = std::str::from_utf8(&text[..length]).ok();
        number.is_some_and(|text| text.parse::<i64>().is_ok_and(|number| number.to_string() == text))
    })
}
