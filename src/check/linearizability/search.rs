//! Whether the operations on one key can be put in an order: a search that tries, and takes back.
//!
//! Wing and Gong (Testing and Verifying Concurrent Objects, 1993): of the operations that no other one has
//! to precede, try each as the first; if the rest can't be ordered, take it back. Lowe (Testing for
//! Linearizability, 2017): calls and returns stand in a linked list from which an operation is lifted, and
//! put back, in no time; and what was found hopeless, a set of operations done and the state they led to,
//! is remembered.

use super::super::history::Operation;
use super::model::{State, overwrites, step};
use std::collections::BTreeSet;

/// What the search came to.
pub(super) enum Found {
    /// There is an order.
    Order,
    /// There is none.
    NoOrder(DeadEnd),
    /// It took more steps than allowed.
    OutOfSteps,
}

/// As far as it went.
pub(super) struct DeadEnd {
    /// How many operations were ordered, at most.
    pub(super) ordered: usize,
    /// The last of them that changed the state.
    pub(super) wrote: Option<usize>,
    /// The state after them.
    pub(super) state: State,
    /// The operation that had to be the next at the latest, and could not be.
    pub(super) stuck: usize,
}

/// Searches for an order, in at most so many steps, which are counted down.
pub(super) fn search(operations: &[&Operation], steps: &mut u64) -> Found {
    Search::new(operations).run(steps)
}

struct Search<'a> {
    operations: &'a [&'a Operation],
    list: List,
    state: State,
    done: Box<[u64]>,
    /// What was ordered so far, each with the state before it.
    order: Vec<(usize, State)>,
    hopeless: BTreeSet<(Box<[u64]>, State)>,
    /// How many operations with an answer are still to be ordered.
    required: usize,
    furthest: Option<DeadEnd>,
}

impl<'a> Search<'a> {
    fn new(operations: &'a [&'a Operation]) -> Search<'a> {
        Search {
            operations,
            list: List::of(operations),
            state: None,
            done: vec![0; operations.len().div_ceil(64)].into(),
            order: Vec::new(),
            hopeless: BTreeSet::new(),
            required: operations.iter().filter(|operation| operation.done.is_some()).count(),
            furthest: None,
        }
    }

    fn run(mut self, steps: &mut u64) -> Found {
        let mut entry = self.list.first();
        while self.required > 0 {
            match entry {
                Some(Entry::Call(which)) => {
                    if *steps == 0 {
                        return Found::OutOfSteps;
                    }
                    *steps -= 1;
                    entry =
                        if self.order_next(which) { self.list.first() } else { self.list.after_call(which) };
                }
                // Something has returned before everything else was called: it can wait no longer.
                Some(Entry::Return(stuck)) => {
                    self.note_dead_end(stuck);
                    let Some(last) = self.take_back() else {
                        return Found::NoOrder(self.furthest.expect("a dead end was just noted"));
                    };
                    entry = self.list.after_call(last);
                }
                // Where something is required, the list has its return.
                None => return Found::Order,
            }
        }
        Found::Order
    }

    /// Puts this operation next, if its answer is right then and that is not known to be hopeless.
    fn order_next(&mut self, which: usize) -> bool {
        let operation = self.operations[which];
        let (after, output) = step(&operation.op, &self.state);
        match &operation.done {
            Some(done) if done.output != output => return false,
            // Without an answer and without effect it may as well be left out.
            None if after == self.state => return false,
            _ => {}
        }
        let mut done = self.done.clone();
        done[which / 64] |= 1 << (which % 64);
        if !self.hopeless.insert((done.clone(), after.clone())) {
            return false;
        }
        self.done = done;
        self.required -= usize::from(operation.done.is_some());
        self.order.push((which, std::mem::replace(&mut self.state, after)));
        self.list.lift(which);
        true
    }

    fn take_back(&mut self) -> Option<usize> {
        let (which, before) = self.order.pop()?;
        self.state = before;
        self.done[which / 64] &= !(1 << (which % 64));
        self.required += usize::from(self.operations[which].done.is_some());
        self.list.put_back(which);
        Some(which)
    }

    fn note_dead_end(&mut self, stuck: usize) {
        let ordered = self.order.len();
        if self.furthest.as_ref().is_some_and(|furthest| furthest.ordered >= ordered) {
            return;
        }
        // Each is noted with the state before it, so the state after it is that before the next.
        let after = self.order.iter().skip(1).map(|(_, before)| before).chain([&self.state]);
        let changed =
            self.order.iter().zip(after).filter(|((which, before), after)| {
                before != *after || overwrites(&self.operations[*which].op)
            });
        let wrote = changed.last().map(|((which, _), _)| *which);
        self.furthest = Some(DeadEnd { ordered, wrote, state: self.state.clone(), stuck });
    }
}

/// A place in the list.
#[derive(Clone, Copy)]
enum Entry {
    Call(usize),
    Return(usize),
}

/// The calls and returns that are not yet ordered, by time. Place 0 is the list's head, 2n + 1 the
/// call and 2n + 2 the return of operation n.
struct List {
    next: Vec<usize>,
    before: Vec<usize>,
}

impl List {
    fn of(operations: &[&Operation]) -> List {
        let places = 2 * operations.len() + 1;
        // What is in no list is next to itself, so that lifting it changes nothing: a return that never comes.
        let alone: Vec<usize> = (0..places).collect();
        let mut list = List { next: alone.clone(), before: alone };
        let mut last = 0;
        for entry in in_time(operations) {
            let place = place(entry);
            (list.next[last], list.before[place]) = (place, last);
            last = place;
        }
        (list.next[last], list.before[0]) = (0, last);
        list
    }

    fn first(&self) -> Option<Entry> {
        self.after(0)
    }

    fn after_call(&self, which: usize) -> Option<Entry> {
        self.after(place(Entry::Call(which)))
    }

    fn after(&self, place: usize) -> Option<Entry> {
        match self.next[place] {
            0 => None,
            place if place % 2 == 1 => Some(Entry::Call(place / 2)),
            place => Some(Entry::Return(place / 2 - 1)),
        }
    }

    fn lift(&mut self, which: usize) {
        for place in [place(Entry::Call(which)), place(Entry::Return(which))] {
            let (before, next) = (self.before[place], self.next[place]);
            (self.next[before], self.before[next]) = (next, before);
        }
    }

    /// What was lifted last goes back first, so its neighbours are what they were.
    fn put_back(&mut self, which: usize) {
        for place in [place(Entry::Return(which)), place(Entry::Call(which))] {
            let (before, next) = (self.before[place], self.next[place]);
            (self.next[before], self.before[next]) = (place, place);
        }
    }
}

fn place(entry: Entry) -> usize {
    match entry {
        Entry::Call(which) => 2 * which + 1,
        Entry::Return(which) => 2 * which + 2,
    }
}

/// Calls and returns in their order. At the same moment, what was called before returns first; then come
/// operations that take no time at all, side by side; then calls.
fn in_time(operations: &[&Operation]) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(2 * operations.len());
    for (which, operation) in operations.iter().enumerate() {
        let call_us = operation.call_us;
        let return_us = operation.done.as_ref().map(|done| done.at_us);
        let at_once = return_us == Some(call_us);
        entries.push((call_us, if at_once { 1 } else { 3 }, which, Entry::Call(which)));
        if let Some(return_us) = return_us {
            entries.push((return_us, if at_once { 2 } else { 0 }, which, Entry::Return(which)));
        }
    }
    entries.sort_by_key(|&(at_us, rank, which, _)| (at_us, rank, which));
    entries.into_iter().map(|(_, _, _, entry)| entry).collect()
}
