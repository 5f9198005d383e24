//! What is remembered of the past, one thing after the other.
//!
//! A clone costs two counts, however long the past: full segments are shared, and only what is written
//! to after a clone is copied, a segment at a time. (The log does the same.)

use std::sync::Arc;

/// How much lies in one shared piece.
const SEGMENT: usize = 64;

/// Things in their order, from number 1 on.
#[derive(Clone, Debug)]
pub(super) struct Past<T> {
    /// Full segments: each holds exactly [`SEGMENT`] things.
    full: Arc<Vec<Arc<Vec<T>>>>,
    /// What comes after them, always less than [`SEGMENT`].
    tail: Arc<Vec<T>>,
}

impl<T> Default for Past<T> {
    fn default() -> Past<T> {
        Past { full: Arc::default(), tail: Arc::default() }
    }
}

impl<T: Clone> Past<T> {
    pub(super) fn len(&self) -> u64 {
        (self.full.len() * SEGMENT + self.tail.len()) as u64
    }

    /// Number `n`, from 1.
    pub(super) fn get(&self, n: u64) -> Option<&T> {
        let offset = usize::try_from(n.checked_sub(1)?).ok()?;
        match self.full.get(offset / SEGMENT) {
            Some(segment) => segment.get(offset % SEGMENT),
            None => self.tail.get(offset - self.full.len() * SEGMENT),
        }
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.tail.last().or_else(|| self.full.last()?.last())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.full.iter().flat_map(|segment| segment.iter()).chain(self.tail.iter())
    }

    pub(super) fn push(&mut self, thing: T) {
        let tail = Arc::make_mut(&mut self.tail);
        tail.push(thing);
        if tail.len() == SEGMENT {
            let segment = std::mem::take(&mut self.tail);
            Arc::make_mut(&mut self.full).push(segment);
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        if self.tail.is_empty() {
            self.tail = Arc::make_mut(&mut self.full).pop()?;
        }
        Arc::make_mut(&mut self.tail).pop()
    }

    /// How many of them, from the first on, are like this, where all that are like this come first.
    pub(super) fn partition_point(&self, like: impl Fn(&T) -> bool) -> u64 {
        let whole = self.full.partition_point(|segment| segment.last().is_some_and(&like));
        let rest = self.full.get(whole).unwrap_or(&self.tail);
        (whole * SEGMENT + rest.partition_point(like)) as u64
    }

    /// The one with this key, where they stand in the order of their keys. What is looked for is mostly
    /// the last one.
    pub(super) fn find<K: Ord>(&self, key: K, key_of: impl Fn(&T) -> K) -> Option<&T> {
        let last = self.last().filter(|last| key_of(last) <= key);
        let found = last.or_else(|| self.get(self.partition_point(|one| key_of(one) < key) + 1))?;
        (key_of(found) == key).then_some(found)
    }

    /// Puts it where it belongs by its key. What comes out of order is mostly late by little.
    pub(super) fn insert<K: Ord>(&mut self, thing: T, key_of: impl Fn(&T) -> K) {
        let mut later = Vec::new();
        while self.last().is_some_and(|last| key_of(last) > key_of(&thing)) {
            later.extend(self.pop());
        }
        self.push(thing);
        later.into_iter().rev().for_each(|thing| self.push(thing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_holds_what_was_put_there_in_order(numbers in proptest::collection::vec(0..400_u64, 0..300)) {
            let mut past = Past::default();
            let mut plain: Vec<u64> = Vec::new();
            let mut earlier = Vec::new();
            for (n, number) in numbers.into_iter().enumerate() {
                if plain.contains(&number) {
                    prop_assert_eq!(past.find(number, |n| *n), Some(&number));
                    continue;
                }
                prop_assert_eq!(past.find(number, |n| *n), None);
                past.insert(number, |n| *n);
                plain.push(number);
                plain.sort_unstable();
                if n % 50 == 0 {
                    earlier.push((past.clone(), plain.clone()));
                }
            }
            earlier.push((past, plain));
            // What was cloned then is as it was then.
            for (past, plain) in earlier {
                prop_assert_eq!(past.len(), plain.len() as u64);
                prop_assert_eq!(past.last(), plain.last());
                prop_assert!(past.iter().eq(plain.iter()));
                for n in 0..=past.len() + 1 {
                    let there = usize::try_from(n).unwrap().checked_sub(1).and_then(|n| plain.get(n));
                    prop_assert_eq!(past.get(n), there);
                }
            }
        }
    }

    #[test]
    fn what_is_taken_back_is_still_there_in_a_clone() {
        let mut past = Past::default();
        (1..=200_u64).for_each(|n| past.push(n));
        let before = past.clone();
        for n in (1..=200).rev() {
            assert_eq!(past.pop(), Some(n));
        }
        assert_eq!((past.pop(), past.len()), (None, 0));
        assert!(before.iter().copied().eq(1..=200));
    }
}
