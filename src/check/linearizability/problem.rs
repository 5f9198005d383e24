//! The operations on one key, in the form in which they are searched.

use super::super::history::{Answer, Operation};
use super::texts::{State, Texts};
use crate::kv::{Op, Output};
use std::collections::HashMap;

/// What an operation makes of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Effect<'a> {
    /// Nothing else, ever.
    Read,
    /// This, whatever was there.
    Write(State),
    /// That, and then this.
    Append(&'a [u8]),
    /// The second, if it is the first.
    Swap(State, State),
    /// One more.
    Increment,
}

/// What has to be before an operation, for its answer to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Need {
    /// Anything will do.
    Anything,
    /// This.
    Exactly(State),
    /// Anything but this.
    Not(State),
    /// What an increment takes for this number.
    Number(i64),
    /// Nothing will do: the answer can never be right.
    Impossible,
}

/// An operation that was answered. With what it needs before it, its effect is known: what increments and
/// what swaps says itself what it has written.
#[derive(Clone, Debug)]
pub(super) struct Answered<'a> {
    /// Its number among the operations on the key.
    pub(super) which: u32,
    /// When it was called and returned: places in the order of all calls and returns.
    pub(super) call: u32,
    pub(super) ret: u32,
    pub(super) effect: Effect<'a>,
    pub(super) need: Need,
    /// Of those that do and need the same, the one that returns before it.
    pub(super) alike: Option<u32>,
}

impl Answered<'_> {
    /// Whether it overwrites what was there, and does not tell what that was.
    pub(super) fn overwrites(&self) -> bool {
        self.need == Need::Anything && matches!(self.effect, Effect::Write(_))
    }
}

/// Operations without an answer that do the same: *loose ends*. Any of them will do where one is needed, so
/// the one that was called first is taken first.
#[derive(Clone, Debug)]
pub(super) struct Loose<'a> {
    pub(super) effect: Effect<'a>,
    /// When they were called, and their numbers among the operations on the key.
    pub(super) calls: Vec<(u32, u32)>,
}

/// What there is of a kind among all operations on a key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kinds {
    /// Loose ends that append, that swap, that increment.
    pub(super) loose_appends: bool,
    pub(super) loose_swaps: bool,
    pub(super) loose_increments: bool,
    /// Whether a state that nothing looks for can ever be of use: to a failed compare-and-set of which it
    /// is not known what it found, or to an increment, to which it is 0.
    pub(super) other_is_useful: bool,
}

/// The operations on one key.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    pub(super) texts: Texts<'a>,
    /// By return.
    pub(super) answered: Vec<Answered<'a>>,
    pub(super) loose: Vec<Loose<'a>>,
    /// Loose ends that write or swap, by what there is after them.
    pub(super) makes: HashMap<State, Vec<u32>>,
    pub(super) kinds: Kinds,
    /// The calls and returns of what was answered, in their order.
    pub(super) in_time: Vec<Entry>,
}

/// A call or a return, of an answered operation by its number here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Call(u32),
    Return(u32),
}

impl<'a> Problem<'a> {
    /// Of the operations on one key, in any order.
    pub(super) fn new(operations: &[&'a Operation]) -> Problem<'a> {
        let increments = operations.iter().any(|operation| matches!(operation.op, Op::Increment { .. }));
        let mut texts = Texts::new(looked_for(operations), increments);
        let times = times(operations);
        let mut answered = Vec::new();
        let mut loose: Vec<Loose> = Vec::new();
        let mut alike: HashMap<Effect, usize> = HashMap::new();
        for (&(call, ret), (which, operation)) in times.iter().zip((0..).zip(operations)) {
            match &operation.done {
                Some(done) => {
                    let (effect, need) = asked_and_told(&operation.op, &done.answer, &mut texts);
                    answered.push(Answered { which, call, ret, effect, need, alike: None });
                }
                None => {
                    let effect = effect(&operation.op, &mut texts);
                    let class = *alike.entry(effect).or_insert(loose.len());
                    if class == loose.len() {
                        loose.push(Loose { effect, calls: Vec::new() });
                    }
                    loose[class].calls.push((call, which));
                }
            }
        }
        loose.iter_mut().for_each(|class| class.calls.sort_unstable());
        answered.sort_unstable_by_key(|operation| operation.ret);
        link_alike(&mut answered);
        let mut makes: HashMap<State, Vec<u32>> = HashMap::new();
        for (class, Loose { effect, .. }) in (0..).zip(&loose) {
            if let Effect::Write(after) | Effect::Swap(_, after) = effect {
                makes.entry(*after).or_default().push(class);
            }
        }
        let kinds = kinds(&answered, &loose);
        let in_time = entries(&answered);
        Problem { texts, answered, loose, makes, kinds, in_time }
    }

    /// What an operation makes of a state.
    pub(super) fn after(&mut self, effect: Effect<'a>, state: State) -> State {
        match effect {
            Effect::Read => state,
            Effect::Write(after) => after,
            Effect::Append(word) => self.texts.append(state, word),
            Effect::Swap(expect, value) if state == expect => value,
            Effect::Swap(..) => state,
            Effect::Increment => self.texts.increment(state),
        }
    }

    /// Whether this is a right state before an operation that needs that.
    pub(super) fn fits(&self, need: Need, state: State) -> bool {
        match need {
            Need::Anything => true,
            Need::Exactly(wanted) => state == wanted,
            Need::Not(unwanted) => state != unwanted,
            Need::Number(number) => self.texts.number(state) == number,
            Need::Impossible => false,
        }
    }
}

fn looked_for<'a>(operations: &[&'a Operation]) -> Vec<&'a [u8]> {
    let expected = operations.iter().filter_map(|operation| match &operation.op {
        Op::Cas { expect, .. } => expect.as_deref(),
        _ => None,
    });
    let told = operations.iter().filter_map(|operation| match &operation.done.as_ref()?.answer {
        Answer::Output(Output::Value(told) | Output::Cas { was: told, .. }) => told.as_deref(),
        _ => None,
    });
    expected.chain(told).map(str::as_bytes).collect()
}

fn effect<'a>(op: &'a Op, texts: &mut Texts<'a>) -> Effect<'a> {
    match op {
        Op::Put { value, .. } | Op::Set { value } => Effect::Write(texts.of(value.as_bytes())),
        Op::Delete { .. } => Effect::Write(State::Absent),
        Op::Append { value, .. } => Effect::Append(value.as_bytes()),
        Op::Cas { expect, value, .. } => {
            Effect::Swap(texts.of_maybe(expect.as_deref()), texts.of(value.as_bytes()))
        }
        Op::Increment { .. } => Effect::Increment,
        // The last two are about no key.
        Op::Get { .. } | Op::Submit { .. } | Op::Register { .. } => Effect::Read,
    }
}

fn asked_and_told<'a>(op: &'a Op, answer: &Answer, texts: &mut Texts<'a>) -> (Effect<'a>, Need) {
    let effect = effect(op, texts);
    let impossible = (Effect::Read, Need::Impossible);
    match (effect, answer) {
        (Effect::Write(_) | Effect::Append(_), Answer::Output(Output::Done)) => (effect, Need::Anything),
        (Effect::Read, Answer::Output(Output::Value(told))) => {
            (Effect::Read, Need::Exactly(texts.of_maybe(told.as_deref())))
        }
        (Effect::Swap(expect, _), Answer::Mismatch) => (Effect::Read, Need::Not(expect)),
        (Effect::Swap(expect, value), Answer::Output(Output::Cas { swapped, was })) => {
            let was = texts.of_maybe(was.as_deref());
            match (swapped, was == expect) {
                (true, true) if expect == value => (Effect::Read, Need::Exactly(expect)),
                (true, true) => (Effect::Write(value), Need::Exactly(expect)),
                (false, false) => (Effect::Read, Need::Exactly(was)),
                _ => impossible,
            }
        }
        (Effect::Increment, Answer::Output(Output::Value(Some(told)))) => match told.parse::<i64>() {
            Ok(number) if number.to_string() == *told => {
                (Effect::Write(texts.of(told.as_bytes())), Need::Number(number.wrapping_sub(1)))
            }
            _ => impossible,
        },
        _ => impossible,
    }
}

fn link_alike(answered: &mut [Answered]) {
    let mut last: HashMap<(Effect, Need), u32> = HashMap::new();
    for (number, operation) in (0..).zip(answered) {
        operation.alike = last.insert((operation.effect, operation.need), number);
    }
}

fn kinds(answered: &[Answered], loose: &[Loose]) -> Kinds {
    let any = |what: fn(&Effect) -> bool| loose.iter().any(|class| what(&class.effect));
    let loose_increments = any(|effect| matches!(effect, Effect::Increment));
    let needs = |operation: &Answered| matches!(operation.need, Need::Not(_) | Need::Number(_));
    Kinds {
        loose_appends: any(|effect| matches!(effect, Effect::Append(_))),
        loose_swaps: any(|effect| matches!(effect, Effect::Swap(..))),
        loose_increments,
        other_is_useful: loose_increments || answered.iter().any(needs),
    }
}

/// The places of each operation's call and return in the order of all: of a return that never comes, the
/// last one.
fn times(operations: &[&Operation]) -> Vec<(u32, u32)> {
    let mut moments = Vec::with_capacity(2 * operations.len());
    for (which, operation) in operations.iter().enumerate() {
        let at_once = operation.done.as_ref().is_some_and(|done| done.at_us == operation.call_us);
        moments.push((operation.call_us, if at_once { 1 } else { 3 }, which));
        if let Some(done) = &operation.done {
            // At the same moment, what was called before returns first; then come operations that take no
            // time at all, side by side; then calls.
            moments.push((done.at_us, if at_once { 2 } else { 0 }, which));
        }
    }
    moments.sort_unstable();
    let mut times = vec![(0, u32::MAX); operations.len()];
    for (place, (_, rank, which)) in (0..).zip(moments) {
        *if rank % 2 == 1 { &mut times[which].0 } else { &mut times[which].1 } = place;
    }
    times
}

fn entries(answered: &[Answered]) -> Vec<Entry> {
    let calls = (0..).zip(answered).map(|(number, operation)| (operation.call, Entry::Call(number)));
    let returns = (0..).zip(answered).map(|(number, operation)| (operation.ret, Entry::Return(number)));
    let mut all: Vec<(u32, Entry)> = calls.chain(returns).collect();
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, entry)| entry).collect()
}
