//! One key while a run goes on: everything that it may hold by now, judged by what clients were told.
//!
//! Lowe's just-in-time linearization (Testing for Linearizability, 2017): nothing is ordered before it has
//! to be. When an operation returns, it has to have taken effect; so from every state that was possible
//! until then, operations that are under way are ordered in all ways, this one last. What comes out is
//! kept, and everything before it can be forgotten. If nothing comes out, the answer fits nowhere.
//!
//! Operations without an answer stay for ever, as *loose ends* that may take effect once, some time. Of two
//! ways to the same state, the one that has used fewer of them can do all that the other can, so the other
//! is dropped. Where there are too many loose ends, or too many ways, the key is given up: for the time
//! being, until an operation alone makes clear again what it holds; or for good.

use super::super::history::Ms;
use super::model::{self, State, only_reads, overwrites, step};
use crate::kv::{Op, Output};
use crate::sim::EventId;
use std::fmt;
use std::sync::Arc;

/// The most loose ends of a key: they are counted in the bits of a number.
const LOOSE_MAX: usize = u128::BITS as usize;
/// Of how many of them a sentence tells.
const TOLD: usize = 3;
/// The most states, ways to them included, that are looked at for one answer.
const WAYS_MAX: usize = 400;

/// An operation that was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Its number among all that were asked.
    pub(super) id: u64,
    /// Who asked; 0 for nobody in particular.
    pub(super) client: u8,
    pub(super) op: Op,
    pub(super) call_us: u64,
    /// In which event.
    pub(super) event: EventId,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.client {
            0 => write!(f, "the proposal {} (at {})", self.op, Ms(self.call_us)),
            client => write!(f, "C{client}'s {} (asked at {})", self.op, Ms(self.call_us)),
        }
    }
}

/// One way in which everything may have gone so far.
#[derive(Clone, Debug)]
struct Way {
    state: State,
    /// What has taken effect, though it has not returned: with the answer that it will have to have.
    early: Vec<(u64, Output)>,
    /// The loose ends that have taken effect, a bit each.
    used: u128,
    /// What made the state, to be told: which way is the same does not depend on it.
    wrote: Option<Arc<Asked>>,
}

impl Way {
    /// The way on, on which this takes effect next. And its answer.
    fn then(&self, asked: &Arc<Asked>) -> (Way, Output) {
        let (state, output) = step(&asked.op, &self.state);
        let wrote =
            if state == self.state && !overwrites(&asked.op) { &self.wrote } else { &Some(asked.clone()) };
        (Way { state, early: self.early.clone(), used: self.used, wrote: wrote.clone() }, output)
    }

    fn has_early(&self, id: u64) -> bool {
        self.early.iter().any(|(early, _)| *early == id)
    }
}

/// Ways, of which none can do only what another can do as well.
#[derive(Clone, Debug, Default)]
struct Ways(Vec<Way>);

impl Ways {
    /// Takes a way in, unless there is one at least as good.
    fn insert(&mut self, mut way: Way) -> bool {
        way.early.sort_unstable_by_key(|(id, _)| *id);
        let same = |a: &Way, b: &Way| a.state == b.state && a.early == b.early;
        if self.0.iter().any(|other| same(other, &way) && other.used & !way.used == 0) {
            return false;
        }
        self.0.retain(|other| !(same(other, &way) && way.used & !other.used == 0));
        self.0.push(way);
        true
    }
}

/// Whether it is known what the key may hold.
#[derive(Clone, Debug)]
enum Known {
    /// One of these ways.
    Ways(Ways),
    /// No longer; an operation alone will tell.
    NotNow,
    /// Never again.
    NeverAgain,
}

/// What is known of one key.
#[derive(Clone, Debug)]
pub(super) struct Frontier {
    known: Known,
    /// What is under way.
    asked: Vec<Arc<Asked>>,
    /// Of that, what has been alone ever since it was asked.
    alone: Option<u64>,
    /// What was not answered and may still take effect.
    loose: Vec<Option<Arc<Asked>>>,
}

/// What an answer shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// It fits.
    Fits,
    /// It fits nowhere.
    Wrong(Wrong),
    /// Nothing: what the key holds is not known.
    Nothing,
}

/// What fits nowhere, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) sentence: String,
    pub(super) asked: Arc<Asked>,
    /// What it was told; nothing: that it has failed.
    pub(super) answered: Option<String>,
    /// What the key could hold by then, and what had made it so.
    pub(super) could_be: Vec<String>,
    pub(super) by: Vec<Arc<Asked>>,
}

impl Frontier {
    /// A key that holds nothing; or of which nothing is known.
    pub(super) fn new(known: bool) -> Frontier {
        let start = Way { state: None, early: Vec::new(), used: 0, wrote: None };
        let known = if known { Known::Ways(Ways(vec![start])) } else { Known::NotNow };
        Frontier { known, asked: Vec::new(), alone: None, loose: Vec::new() }
    }

    /// Somebody asks.
    pub(super) fn call(&mut self, asked: Arc<Asked>) {
        self.alone = self.asked.is_empty().then_some(asked.id);
        self.asked.push(asked);
    }

    /// It is asked once more, and what was asked before may take effect as well. Whichever of the two has
    /// taken effect already, the other still can.
    pub(super) fn call_again(&mut self, id: u64) {
        let Some(asked) = self.asked.iter().find(|asked| asked.id == id).cloned() else { return };
        let Some(bit) = self.loosen(asked) else { return };
        let Known::Ways(ways) = &mut self.known else { return };
        for mut way in ways.0.clone() {
            if way.has_early(id) {
                way.early.retain(|(early, _)| *early != id);
                way.used |= bit;
                ways.insert(way);
            }
        }
    }

    /// Nobody knows what becomes of it.
    pub(super) fn lose_sight(&mut self, id: u64) {
        let Some(asked) = self.take(id) else { return };
        let bit = if only_reads(&asked.op) { Some(0) } else { self.loosen(asked) };
        let (Some(bit), Known::Ways(ways)) = (bit, &mut self.known) else { return };
        for mut way in std::mem::take(ways).0 {
            if way.has_early(id) {
                way.early.retain(|(early, _)| *early != id);
                way.used |= bit;
            }
            ways.insert(way);
        }
    }

    /// It never takes effect, and never did.
    pub(super) fn fail(&mut self, id: u64) -> Shows {
        let (Some(asked), Known::Ways(ways)) = (self.take(id), &mut self.known) else {
            return Shows::Nothing;
        };
        ways.0.retain(|way| !way.has_early(id));
        if !ways.0.is_empty() {
            return Shows::Fits;
        }
        self.known = Known::NotNow;
        let sentence = format!("{asked} has failed, and others have seen that it took effect.");
        Shows::Wrong(Wrong { sentence, asked, answered: None, could_be: Vec::new(), by: Vec::new() })
    }

    /// A command that nobody waits for may take effect from now on.
    pub(super) fn let_loose(&mut self, asked: Arc<Asked>) {
        if !only_reads(&asked.op) {
            self.loosen(asked);
        }
    }

    /// It has returned with this answer.
    pub(super) fn done(&mut self, id: u64, output: &Output, at_us: u64) -> Shows {
        let Some(asked) = self.take(id) else { return Shows::Nothing };
        match &self.known {
            Known::NeverAgain => Shows::Nothing,
            Known::NotNow => {
                self.learn_from(&asked, output);
                Shows::Nothing
            }
            Known::Ways(ways) => match self.ways_on(ways, &asked, output) {
                Some(next) if next.0.is_empty() => {
                    let why = wrong(ways, &asked, output, at_us);
                    self.known = Known::NotNow;
                    Shows::Wrong(why)
                }
                Some(next) => {
                    self.known = Known::Ways(next);
                    self.tie_up();
                    Shows::Fits
                }
                None => {
                    self.known = Known::NotNow;
                    self.learn_from(&asked, output);
                    Shows::Nothing
                }
            },
        }
    }

    fn take(&mut self, id: u64) -> Option<Arc<Asked>> {
        let at = self.asked.iter().position(|asked| asked.id == id)?;
        Some(self.asked.remove(at))
    }

    /// One more loose end, if there is room. Returns its bit.
    fn loosen(&mut self, asked: Arc<Asked>) -> Option<u128> {
        if matches!(self.known, Known::NeverAgain) {
            return None;
        }
        let at = self.loose.iter().position(Option::is_none).unwrap_or(self.loose.len());
        if at == LOOSE_MAX {
            (self.known, self.loose) = (Known::NeverAgain, Vec::new());
            return None;
        }
        self.loose.resize(self.loose.len().max(at + 1), None);
        self.loose[at] = Some(asked);
        Some(1 << at)
    }

    /// Loose ends that have taken effect on every way are no longer loose.
    fn tie_up(&mut self) {
        let Known::Ways(ways) = &mut self.known else { return };
        let tied = ways.0.iter().fold(u128::MAX, |tied, way| tied & way.used);
        if tied == 0 {
            return;
        }
        ways.0.iter_mut().for_each(|way| way.used &= !tied);
        for (at, loose) in self.loose.iter_mut().enumerate() {
            if tied >> at & 1 == 1 {
                *loose = None;
            }
        }
    }

    /// All ways on, on which this takes effect with this answer, and nothing after it. None: too many.
    fn ways_on(&self, ways: &Ways, asked: &Arc<Asked>, output: &Output) -> Option<Ways> {
        let mut next = Ways::default();
        let mut seen = Ways::default();
        let wanted = self.wanted(asked, output);
        let mut looked_at = 0;
        let mut to_do: Vec<(Way, bool)> = Vec::new();
        for way in &ways.0 {
            match way.early.iter().position(|(early, _)| *early == asked.id) {
                Some(at) if way.early[at].1 == *output => {
                    let mut way = way.clone();
                    way.early.remove(at);
                    next.insert(way);
                }
                Some(_) => {}
                None => to_do.push((way.clone(), false)),
            }
        }
        while let Some((way, after_loose)) = to_do.pop() {
            looked_at += 1;
            if looked_at > WAYS_MAX {
                return None;
            }
            let (after, answer) = way.then(asked);
            let fits = answer == *output;
            if fits {
                next.insert(after);
            }
            let mut others = self.asked.iter().filter(|other| !way.has_early(other.id)).peekable();
            // With its answer it says itself what there is afterwards, whatever was before.
            if fits && others.peek().is_none() && !matches!(asked.op, Op::Append { .. }) {
                continue;
            }
            for other in others {
                let (mut after, answer) = way.then(other);
                after.early.push((other.id, answer));
                if seen.insert(after.clone()) {
                    to_do.push((after, false));
                }
            }
            for after in self.loose_after(&way, after_loose) {
                let leads_on = wanted.as_ref().is_none_or(|wanted| begins(wanted, &after.state));
                if leads_on && seen.insert(after.clone()) {
                    to_do.push((after, true));
                }
            }
        }
        Some(next)
    }

    /// What there has to be before the operation, where the answer says that, and loose ends can come to it
    /// only by appending.
    fn wanted(&self, asked: &Asked, output: &Output) -> Option<State> {
        let appends = |loose: &Arc<Asked>| matches!(loose.op, Op::Append { .. }) || overwrites(&loose.op);
        let only_appends = self.asked.is_empty() && self.loose.iter().flatten().all(appends);
        match (&asked.op, output) {
            (Op::Get { .. }, Output::Value(was)) | (_, Output::Cas { was, .. }) if only_appends => {
                Some(was.as_deref().map(Into::into))
            }
            _ => None,
        }
    }

    /// The ways on, on which a loose end takes effect next. Of several that are alike, the first; and none
    /// that only undoes the loose end before it.
    fn loose_after(&self, way: &Way, after_loose: bool) -> Vec<Way> {
        let unused = |(at, loose): (usize, &'_ Option<Arc<Asked>>)| {
            loose.clone().filter(|_| way.used >> at & 1 == 0).map(|asked| (at, asked))
        };
        let unused: Vec<(usize, Arc<Asked>)> = self.loose.iter().enumerate().filter_map(unused).collect();
        let mut after = Vec::new();
        for (nth, (at, asked)) in unused.iter().enumerate() {
            let alike = unused[..nth].iter().any(|(_, other)| other.op == asked.op);
            if alike || after_loose && overwrites(&asked.op) {
                continue;
            }
            let (mut next, _) = way.then(asked);
            if next.state != way.state {
                next.used |= 1 << at;
                after.push(next);
            }
        }
        after
    }

    /// It is not known what the key holds. If nothing else was under way meanwhile, most operations tell.
    /// Loose ends that may have been used by then count as unused: so more is allowed than should be, never
    /// less.
    fn learn_from(&mut self, asked: &Arc<Asked>, output: &Output) {
        let state = match (&asked.op, output) {
            _ if self.alone != Some(asked.id) => return,
            (Op::Append { .. }, _) => return,
            (Op::Get { .. } | Op::Increment { .. }, Output::Value(value)) => value.as_deref().map(Into::into),
            (Op::Cas { .. }, Output::Cas { swapped: false, was }) => was.as_deref().map(Into::into),
            (op, _) => match op {
                Op::Put { value, .. } | Op::Set { value } | Op::Cas { value, .. } => {
                    Some(value.as_str().into())
                }
                _ => None,
            },
        };
        let way = Way { state, early: Vec::new(), used: 0, wrote: Some(asked.clone()) };
        self.known = Known::Ways(Ways(vec![way]));
    }
}

/// Whether this can become that by appending.
fn begins(whole: &State, state: &State) -> bool {
    match (whole, state) {
        (Some(whole), Some(state)) => whole.starts_with(&**state),
        (None, Some(_)) => false,
        (_, None) => true,
    }
}

/// Why an answer fits nowhere.
fn wrong(ways: &Ways, asked: &Arc<Asked>, output: &Output, at_us: u64) -> Wrong {
    let told = format!("{asked} was answered ‘{output}’ at {}", Ms(at_us));
    let key = match asked.op.key() {
        Some("") | None => "the value",
        Some(key) => key,
    };
    let early =
        |way: &Way| way.early.iter().find(|(id, _)| *id == asked.id).map(|(_, output)| output.clone());
    let earlier: Vec<Output> = ways.0.iter().filter_map(early).collect();
    let mut could_be: Vec<String> = Vec::new();
    let mut by: Vec<Arc<Asked>> = Vec::new();
    for Way { state, wrote, .. } in &ways.0 {
        let wrote_it = wrote.as_ref().map_or("from the start".into(), |wrote| format!("by {wrote}"));
        let state = format!("{}, {wrote_it}", model::told(state));
        if !could_be.contains(&state) {
            could_be.push(state);
            by.extend(wrote.clone());
        }
    }
    let more = could_be.len().saturating_sub(TOLD);
    could_be.truncate(TOLD);
    by.truncate(TOLD);
    let rest = if more > 0 { format!("; or {more} more") } else { String::new() };
    let sentence = match &earlier[..] {
        // It has taken effect on all of them: others have seen that.
        [output, ..] if earlier.len() == ways.0.len() => {
            format!("{told}, and by what others were told before it could only be ‘{output}’.")
        }
        _ => format!("{told}, which fits nowhere: {key} was {}{rest}.", could_be.join("; or ")),
    };
    Wrong { sentence, asked: asked.clone(), answered: Some(output.to_string()), could_be, by }
}
