//! Whether the operations on one key can be put in an order: a search that tries, and takes back.
//!
//! Wing and Gong (Testing and Verifying Concurrent Objects, 1993): of the operations that no other one has
//! to precede, try each as the next; if the rest can't be ordered, take it back. Lowe (Testing for
//! Linearizability, 2017): calls and returns stand in a linked list from which an operation is lifted, and
//! put back, in no time; and where the search has been is remembered.
//!
//! Less is tried than there is. Let σ be an order of what is left that fits. In each case there is then one
//! that the search tries:
//!
//! 1. *What only reads, and fits now, comes at once.* It changes nothing where it stands in σ, so it may as
//!    well stand at its front; earlier than it stands it keeps every order in time, since nothing has to
//!    precede it any more.
//! 2. *Of those that do and need the same, the one that returns first comes first.* If in σ another one
//!    does, they change places: the one moves to the front of where it may stand already, and whatever has
//!    to follow the other has to follow this one too, since it returns no later.
//! 3. *Loose ends (operations without an answer) come only directly before an answered operation that needs
//!    it, and each of them changes the state.* One that changes nothing, that is overwritten by the next
//!    operation, or that nothing follows is left out of σ: it need not take effect. So loose ends stand in
//!    chains, each before an operation that does not overwrite, and only the first of a chain overwrites.
//!    A chain before an operation whose answer fits without it is needed only before an append: what reads
//!    and fits came at once (1), and an increment or a compare-and-set that fits leaves the same state with
//!    the chain and without it. Among loose ends that do the same, the one that was called first comes first.
//! 4. *A state that nothing looks for* ([`State::Other`]) *is left only by what overwrites.* If an operation
//!    that needs something else returns before anything of that kind is called, there is no σ. And no chain
//!    ends in it before an append: until something overwrites it, what follows in σ fits any state, where
//!    nothing compares it and nothing increments it.
//! 5. *Where the search has been, with no more loose ends used, it need not go again*: σ would have been one
//!    from there too.

use super::problem::{Effect, Entry, Need, Problem};
use super::seen::{Seen, Visit, push_number};
use super::texts::State;

/// What the search came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is an order.
    Order,
    /// There is none.
    NoOrder,
    /// It took more steps than allowed; it may go on.
    OutOfSteps,
    /// It would take more memory than allowed; with more it may go on.
    OutOfMemory,
}

/// An operation that is put next: an answered one, or one more loose end of some class, for an answered one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Answered(u32),
    Loose { class: u32, target: u32 },
}

/// What was put, and how it was before.
#[derive(Clone, Copy, Debug)]
struct Step {
    put: Move,
    state: State,
    target: Option<u32>,
    first: u32,
}

/// A place from which there is more than one way on.
#[derive(Debug)]
struct Fork {
    /// How much was ordered there.
    ordered: u32,
    /// The way to try next, and where those after it are.
    next: Move,
    cursor: Cursor,
}

/// Where the ways on from some place are looked for.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    pass: Pass,
    /// A place in the list.
    at: usize,
    /// Of those before which loose ends may come, so many classes were tried.
    nth: u32,
}

/// The ways on in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Answered operations that lead to what is looked for.
    Useful,
    /// Answered operations that lead to anything else.
    Other,
    /// Loose ends.
    Loose,
    Over,
}

/// A search that can be interrupted.
#[derive(Debug)]
pub(super) struct Search<'a> {
    problem: Problem<'a>,
    list: List,
    seen: Seen,
    state: State,
    /// The operation before which loose ends are being put.
    target: Option<u32>,
    /// The answered operation that returns first of those that are left.
    first: u32,
    /// Those that return later and are ordered already.
    early: Vec<u32>,
    /// How many loose ends of each class are used; and the classes of all that are, in order.
    used: Vec<u32>,
    used_classes: Vec<u32>,
    order: Vec<Step>,
    forks: Vec<Fork>,
    longest: Longest,
    /// Room for the names of places, to be used again.
    place: (Vec<u8>, Vec<u8>),
}

/// The longest order so far: that with the most answered operations.
#[derive(Debug, Default)]
struct Longest {
    answered: usize,
    order: Vec<Move>,
    /// So much of it is still part of the order that is tried.
    common: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(problem: Problem<'a>) -> Search<'a> {
        Search {
            list: List::of(&problem.in_time),
            seen: Seen::new(!problem.loose.is_empty()),
            state: State::Absent,
            target: None,
            first: 0,
            early: Vec::new(),
            used: vec![0; problem.loose.len()],
            used_classes: Vec::new(),
            order: Vec::new(),
            forks: Vec::new(),
            longest: Longest::default(),
            place: Default::default(),
            problem,
        }
    }

    /// How much memory the search has taken since its beginning.
    pub(super) fn bytes(&self) -> u64 {
        // With room for one more, which may double it.
        let forks = self.forks.capacity().max(2 * self.forks.len() + 8);
        self.seen.bytes() + self.problem.texts.bytes() + (forks * size_of::<Fork>()) as u64
    }

    /// Goes on, for so many steps, which are counted down, and in so much memory.
    pub(super) fn run(&mut self, steps: &mut u64, bytes_max: u64) -> Found {
        while *steps > 0 {
            if self.bytes() > bytes_max {
                return Found::OutOfMemory;
            }
            let before = self.order.len();
            self.put_what_reads();
            let found = if self.is_over() { Some(Found::Order) } else { self.go_on(bytes_max) };
            *steps = steps.saturating_sub(1 + (self.order.len().saturating_sub(before)) as u64);
            if let Some(found) = found {
                return found;
            }
        }
        Found::OutOfSteps
    }

    fn is_over(&self) -> bool {
        self.first as usize == self.problem.answered.len()
    }

    /// One operation more, or, from the last fork, another one.
    fn go_on(&mut self, bytes_max: u64) -> Option<Found> {
        let mut cursor = self.start();
        let next = if self.is_lost() { None } else { self.next(&mut cursor) };
        let Some(next) = next else { return self.go_back() };
        if let Some(other) = self.next(&mut cursor) {
            match self.visit(bytes_max) {
                Visit::Known => return self.go_back(),
                Visit::Full => return Some(Found::OutOfMemory),
                Visit::New => {}
            }
            self.forks.push(Fork { ordered: self.order.len() as u32, next: other, cursor });
        }
        self.put(next);
        None
    }

    fn go_back(&mut self) -> Option<Found> {
        self.note_longest();
        let Some(Fork { ordered, next, mut cursor }) = self.forks.pop() else { return Some(Found::NoOrder) };
        while self.order.len() > ordered as usize {
            self.take_back();
        }
        if let Some(other) = self.next(&mut cursor) {
            self.forks.push(Fork { ordered, next: other, cursor });
        }
        self.put(next);
        None
    }

    /// Comes to where the search is now.
    fn visit(&mut self, bytes_max: u64) -> Visit {
        // One more fork will count as two.
        let besides = self.bytes() - self.seen.bytes() + 2 * size_of::<Fork>() as u64;
        let (place, used) = &mut self.place;
        place.clear();
        used.clear();
        let state = match self.state {
            State::Absent => [Some(0), None, None],
            State::Other => [Some(1), None, None],
            State::Digits(number) => [Some(2), Some(number), None],
            State::Begun { first, bytes } => [Some(3), Some(first), Some(bytes)],
        };
        let target = self.target.map_or(0, |target| target + 1);
        let early = self.early.iter().map(|early| early - self.first);
        let numbers = state.into_iter().flatten().chain([target, self.first]).chain(early);
        numbers.for_each(|number| push_number(place, number));
        self.used_classes.iter().for_each(|class| push_number(used, *class));
        self.seen.visit(place, used, bytes_max.saturating_sub(besides))
    }

    /// Puts an operation next.
    fn put(&mut self, put: Move) {
        let (state, target, first) = (self.state, self.target, self.first);
        self.order.push(Step { put, state, target, first });
        match put {
            Move::Answered(number) => {
                self.state = self.problem.after(self.problem.answered[number as usize].effect, state);
                self.target = None;
                self.list.lift(number);
                if number != first {
                    let at = self.early.partition_point(|other| *other < number);
                    self.early.insert(at, number);
                    return;
                }
                let follow =
                    (first + 1..).zip(&self.early).take_while(|(next, early)| next == *early).count();
                self.early.drain(..follow);
                self.first = first + 1 + follow as u32;
            }
            Move::Loose { class, target } => {
                self.state = self.problem.after(self.problem.loose[class as usize].effect, state);
                self.target = Some(target);
                self.used[class as usize] += 1;
                let at = self.used_classes.partition_point(|other| *other < class);
                self.used_classes.insert(at, class);
            }
        }
    }

    fn take_back(&mut self) {
        let Some(Step { put, state, target, first }) = self.order.pop() else { return };
        match put {
            Move::Answered(number) => {
                self.list.put_back(number);
                if number == first {
                    self.early.splice(..0, first + 1..self.first);
                } else if let Ok(at) = self.early.binary_search(&number) {
                    self.early.remove(at);
                }
            }
            Move::Loose { class, .. } => {
                self.used[class as usize] -= 1;
                if let Ok(at) = self.used_classes.binary_search(&class) {
                    self.used_classes.remove(at);
                }
            }
        }
        (self.state, self.target, self.first) = (state, target, first);
        self.longest.common = self.longest.common.min(self.order.len());
    }

    /// Puts everything that only reads and fits now. That changes no state, so one look at each will do.
    fn put_what_reads(&mut self) {
        if self.target.is_some() {
            return;
        }
        let mut at = self.list.first();
        loop {
            match self.list.entry(at) {
                Some(Entry::Call(number)) => {
                    let operation = &self.problem.answered[number as usize];
                    if operation.effect == Effect::Read && self.problem.fits(operation.need, self.state) {
                        self.put(Move::Answered(number));
                    }
                }
                // What was just lifted still shows what came after it.
                Some(Entry::Return(number)) if self.is_done(number) => {}
                _ => return,
            }
            at = self.list.after(at);
        }
    }

    fn is_done(&self, number: u32) -> bool {
        number < self.first || self.early.binary_search(&number).is_ok()
    }

    /// When the next operation has to be put at the latest: whatever is called later can't be the next.
    fn latest(&self) -> u32 {
        self.problem.answered[self.first as usize].ret
    }

    // The ways on.

    fn start(&self) -> Cursor {
        Cursor { pass: Pass::Useful, at: self.list.first(), nth: 0 }
    }

    /// The next way on from here.
    fn next(&mut self, cursor: &mut Cursor) -> Option<Move> {
        match self.target {
            Some(target) => self.next_in_chain(target, cursor),
            None => self.next_answered(cursor).or_else(|| self.next_chain(cursor)),
        }
    }

    /// The operation that the chain was for, if it may come now; or one more loose end.
    fn next_in_chain(&mut self, target: u32, cursor: &mut Cursor) -> Option<Move> {
        if cursor.pass == Pass::Useful {
            let operation = &self.problem.answered[target as usize];
            let (effect, need) = (operation.effect, operation.need);
            let fits = self.problem.fits(need, self.state);
            let done = fits && need != Need::Anything;
            cursor.pass = if done { Pass::Over } else { Pass::Loose };
            let useful = self.problem.kinds.other_is_useful
                || need != Need::Anything
                || self.problem.after(effect, self.state) != State::Other;
            if fits && useful {
                return Some(Move::Answered(target));
            }
        }
        if cursor.pass == Pass::Over {
            return None;
        }
        self.next_loose(target, &mut cursor.nth)
    }

    fn next_answered(&mut self, cursor: &mut Cursor) -> Option<Move> {
        while matches!(cursor.pass, Pass::Useful | Pass::Other) {
            while let Some(Entry::Call(number)) = self.list.entry(cursor.at) {
                cursor.at = self.list.after(cursor.at);
                if self.leads_on(number, cursor.pass) {
                    return Some(Move::Answered(number));
                }
            }
            cursor.at = self.list.first();
            cursor.pass = if cursor.pass == Pass::Useful { Pass::Other } else { Pass::Loose };
        }
        None
    }

    /// Whether this is tried in that pass.
    fn leads_on(&mut self, number: u32, pass: Pass) -> bool {
        let operation = &self.problem.answered[number as usize];
        let effect = operation.effect;
        if effect == Effect::Read || !self.problem.fits(operation.need, self.state) {
            return false;
        }
        let after = self.problem.after(effect, self.state);
        (after == State::Other) == (pass == Pass::Other) && !self.has_one_alike(number)
    }

    /// Whether one that does and needs the same, and returns before this one, may come now.
    fn has_one_alike(&self, number: u32) -> bool {
        let alike = |number: &u32| self.problem.answered[*number as usize].alike;
        let latest = self.latest();
        std::iter::successors(alike(&number), alike)
            .take_while(|other| *other >= self.first)
            .any(|other| !self.is_done(other) && self.problem.answered[other as usize].call < latest)
    }

    /// The first loose end of a chain, before some answered operation.
    fn next_chain(&mut self, cursor: &mut Cursor) -> Option<Move> {
        if self.problem.loose.is_empty() {
            return None;
        }
        while let Some(Entry::Call(number)) = self.list.entry(cursor.at) {
            let operation = &self.problem.answered[number as usize];
            let appends = matches!(operation.effect, Effect::Append(_));
            let fits = self.problem.fits(operation.need, self.state);
            if (appends || !fits) && !self.has_one_alike(number) {
                let next = self.next_loose(number, &mut cursor.nth);
                if next.is_some() {
                    return next;
                }
            }
            cursor.nth = 0;
            cursor.at = self.list.after(cursor.at);
        }
        None
    }

    /// The next class of loose ends from which one may come now, before that operation.
    fn next_loose(&mut self, target: u32, nth: &mut u32) -> Option<Move> {
        let kinds = self.problem.kinds;
        let need = self.problem.answered[target as usize].need;
        let more = kinds.loose_appends || kinds.loose_swaps || kinds.loose_increments;
        if let Need::Exactly(wanted) = need
            && !more
        {
            // Only what leads there at once will do; it is looked up.
            let made = self.problem.makes.get(&wanted).map_or(&[][..], Vec::as_slice);
            let class = made.iter().skip(*nth as usize).position(|class| self.is_at_hand(*class))?;
            let class = made[*nth as usize + class];
            *nth = made.len() as u32;
            return (self.target.is_none()).then_some(Move::Loose { class, target });
        }
        // Where nothing but appending goes on from here, it has to go on as the wanted text does.
        let appended = match need {
            Need::Exactly(wanted) if !kinds.loose_swaps && !kinds.loose_increments => Some(wanted),
            _ => None,
        };
        while (*nth as usize) < self.problem.loose.len() {
            let class = *nth;
            *nth += 1;
            let effect = self.problem.loose[class as usize].effect;
            let overwrites = matches!(effect, Effect::Write(_));
            if !self.is_at_hand(class) || overwrites && self.target.is_some() {
                continue;
            }
            if let (Some(wanted), Effect::Append(word)) = (appended, effect)
                && !self.problem.texts.goes_on(self.state, wanted, word)
            {
                continue;
            }
            let after = self.problem.after(effect, self.state);
            if after != self.state && self.may_lead_to(after, target) {
                return Some(Move::Loose { class, target });
            }
        }
        None
    }

    /// Whether a loose end of this class is left that was called early enough.
    fn is_at_hand(&self, class: u32) -> bool {
        let used = self.used[class as usize] as usize;
        let calls = &self.problem.loose[class as usize].calls;
        calls.get(used).is_some_and(|(call, _)| *call < self.latest())
    }

    /// Whether from this state, by more loose ends if need be, an operation may come to fit.
    fn may_lead_to(&mut self, state: State, target: u32) -> bool {
        let kinds = self.problem.kinds;
        let (effect, need) = {
            let operation = &self.problem.answered[target as usize];
            (operation.effect, operation.need)
        };
        let swaps = kinds.loose_swaps && state != State::Other;
        match need {
            Need::Impossible => false,
            Need::Not(_) => true,
            Need::Exactly(wanted) => {
                state == wanted
                    || kinds.loose_increments
                    || swaps
                    || kinds.loose_appends && self.problem.texts.begins(state, wanted)
            }
            Need::Number(_) => {
                kinds.loose_increments || kinds.loose_appends || swaps || self.problem.fits(need, state)
            }
            Need::Anything if kinds.other_is_useful => true,
            Need::Anything => {
                let more = kinds.loose_appends || kinds.loose_swaps;
                state != State::Other && (more || self.problem.after(effect, state) != State::Other)
            }
        }
    }

    /// Whether the state is one that nothing looks for, and an operation that needs another one returns
    /// before anything is called that overwrites.
    fn is_lost(&self) -> bool {
        if self.state != State::Other || self.target.is_some() {
            return false;
        }
        let mut at = self.list.first();
        while let Some(entry) = self.list.entry(at) {
            match entry {
                Entry::Call(number) => {
                    let operation = &self.problem.answered[number as usize];
                    if operation.overwrites() || matches!(operation.need, Need::Number(_)) {
                        return false;
                    }
                }
                Entry::Return(number) => {
                    let operation = &self.problem.answered[number as usize];
                    if !self.problem.fits(operation.need, State::Other) {
                        return !self.can_be_overwritten_before(operation.ret);
                    }
                }
            }
            at = self.list.after(at);
        }
        false
    }

    fn can_be_overwritten_before(&self, ret: u32) -> bool {
        let mut classes = self.problem.loose.iter().zip(&self.used);
        classes.any(|(class, used)| {
            let way_out = match class.effect {
                Effect::Write(after) => after != State::Other,
                Effect::Increment => true,
                Effect::Read | Effect::Append(_) | Effect::Swap(..) => false,
            };
            way_out && class.calls.get(*used as usize).is_some_and(|(call, _)| *call < ret)
        })
    }

    // What came of it.

    fn note_longest(&mut self) {
        let answered = self.first as usize + self.early.len();
        if answered <= self.longest.answered && !self.longest.order.is_empty() {
            return;
        }
        // Loose ends at the end have led to nothing.
        let is_answered = |step: &Step| matches!(step.put, Move::Answered(_));
        let length = self.order.iter().rposition(is_answered).map_or(0, |last| last + 1);
        let common = self.longest.common.min(length);
        self.longest.order.truncate(common);
        self.longest.order.extend(self.order[common..length].iter().map(|step| step.put));
        self.longest.common = length;
        self.longest.answered = answered;
    }

    /// The order that was found, by the operations' numbers.
    pub(super) fn found(&self) -> Vec<u32> {
        let mut used = vec![0; self.problem.loose.len()];
        let number = |step: &Step| match step.put {
            Move::Answered(number) => self.problem.answered[number as usize].which,
            Move::Loose { class, .. } => {
                let nth = &mut used[class as usize];
                *nth += 1;
                self.problem.loose[class as usize].calls[*nth - 1].1
            }
        };
        self.order.iter().map(number).collect()
    }

    /// The longest order so far; and the operations of which each may come next in time, and fits nowhere
    /// after it: first the one that has to come at the latest.
    pub(super) fn longest(mut self) -> (Vec<u32>, Vec<u32>) {
        self.note_longest();
        while !self.order.is_empty() {
            self.take_back();
        }
        for put in std::mem::take(&mut self.longest.order) {
            self.put(put);
        }
        // The search may have ended there because it saw what would come of it. It is gone to the end.
        loop {
            self.put_what_reads();
            if self.is_over() {
                break;
            }
            let mut cursor = self.start();
            let Some(next) = self.next_answered(&mut cursor) else { break };
            self.put(next);
        }
        let left = (self.first..).zip(&self.problem.answered[self.first as usize..]);
        let latest = left.clone().next().map_or(0, |(_, first)| first.ret);
        let left = left.filter(|(number, operation)| !self.is_done(*number) && operation.call < latest);
        let nowhere = left.map(|(_, operation)| operation.which).collect();
        (self.found(), nowhere)
    }
}

/// The calls and returns that are not yet ordered, by time. Place 0 is the list's head, 2n + 1 the
/// call and 2n + 2 the return of operation n.
#[derive(Debug)]
struct List {
    next: Vec<u32>,
    before: Vec<u32>,
}

impl List {
    fn of(in_time: &[Entry]) -> List {
        let places = in_time.len() + 1;
        let mut list = List { next: vec![0; places], before: vec![0; places] };
        let mut last = 0;
        for entry in in_time {
            let place = place(*entry);
            (list.next[last], list.before[place]) = (place as u32, last as u32);
            last = place;
        }
        (list.next[last], list.before[0]) = (0, last as u32);
        list
    }

    fn first(&self) -> usize {
        self.after(0)
    }

    fn after(&self, place: usize) -> usize {
        self.next[place] as usize
    }

    fn entry(&self, place: usize) -> Option<Entry> {
        match place {
            0 => None,
            place if place % 2 == 1 => Some(Entry::Call(place as u32 / 2)),
            place => Some(Entry::Return(place as u32 / 2 - 1)),
        }
    }

    fn lift(&mut self, number: u32) {
        for place in [place(Entry::Call(number)), place(Entry::Return(number))] {
            let (before, next) = (self.before[place], self.next[place]);
            (self.next[before as usize], self.before[next as usize]) = (next, before);
        }
    }

    /// What was lifted last goes back first, so its neighbours are what they were.
    fn put_back(&mut self, number: u32) {
        for place in [place(Entry::Return(number)), place(Entry::Call(number))] {
            let (before, next) = (self.before[place], self.next[place]);
            (self.next[before as usize], self.before[next as usize]) = (place as u32, place as u32);
        }
    }
}

fn place(entry: Entry) -> usize {
    match entry {
        Entry::Call(number) => 2 * number as usize + 1,
        Entry::Return(number) => 2 * number as usize + 2,
    }
}
