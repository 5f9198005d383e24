//! Things that came to be so one after the other, each with its place in the run.

use std::sync::Arc;

/// How many points one shared piece of a row holds.
const PIECE: usize = 256;

/// Something that is so since a place in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<T> {
    /// After so many events: 0 is the start, `n + 1` is right after event `n`.
    pub after: u64,
    /// The time of that event, in microseconds from the start.
    pub at_us: u64,
    /// What is so.
    pub what: T,
}

/// Points in the order in which they came to be. Full pieces are shared between clones, so that a branch
/// costs little more than what it adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<T> {
    /// Each holds exactly [`PIECE`] points.
    full: Vec<Arc<Vec<Point<T>>>>,
    /// The points after them, always fewer than [`PIECE`].
    tail: Vec<Point<T>>,
}

impl<T> Default for Row<T> {
    fn default() -> Row<T> {
        Row { full: Vec::new(), tail: Vec::new() }
    }
}

impl<T> Row<T> {
    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.full.len() * PIECE + self.tail.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.tail.is_empty()
    }

    /// The point of that number, from 0.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&Point<T>> {
        match self.full.get(number / PIECE) {
            Some(piece) => piece.get(number % PIECE),
            None => self.tail.get(number.checked_sub(self.full.len() * PIECE)?),
        }
    }

    /// The last point.
    #[must_use]
    pub fn last(&self) -> Option<&Point<T>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The points from that number on.
    pub fn from(&self, number: usize) -> impl Iterator<Item = &Point<T>> {
        (number..self.len()).map_while(|number| self.get(number))
    }

    /// All points.
    pub fn iter(&self) -> impl Iterator<Item = &Point<T>> {
        self.from(0)
    }

    /// How many points of the first ones are so, where all that are so come before all that are not.
    #[must_use]
    pub fn count_while(&self, is_so: impl Fn(&Point<T>) -> bool) -> usize {
        if self.tail.first().is_some_and(&is_so) {
            return self.full.len() * PIECE + self.tail.partition_point(is_so);
        }
        // The one piece in which it changes is the last that begins so.
        let pieces = self.full.partition_point(|piece| piece.first().is_some_and(&is_so));
        let Some(last) = pieces.checked_sub(1) else { return 0 };
        last * PIECE + self.full[last].partition_point(is_so)
    }

    /// What was so after so many events: the last point up to there.
    #[must_use]
    pub fn at(&self, events: u64) -> Option<&Point<T>> {
        self.get(self.count_while(|point| point.after <= events).checked_sub(1)?)
    }

    /// Adds a point, which comes after all others or at the same place as the last.
    pub(super) fn push(&mut self, point: Point<T>) {
        debug_assert!(self.last().is_none_or(|last| last.after <= point.after));
        self.tail.push(point);
        if self.tail.len() == PIECE {
            self.full.push(Arc::new(std::mem::take(&mut self.tail)));
        }
    }

    /// How many bytes of memory it takes, shared pieces included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.len() * size_of::<Point<T>>() + size_of_val(&self.full[..])
    }
}

impl<T: Clone> Row<T> {
    /// The row as it was after so many events.
    #[must_use]
    pub fn until(&self, events: u64) -> Row<T> {
        let len = self.count_while(|point| point.after <= events);
        let full: Vec<_> = self.full[..len / PIECE].to_vec();
        let tail = self.from(full.len() * PIECE).take(len % PIECE).cloned().collect();
        Row { full, tail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row in which point `n` came to be after `n / 3 + 1` events.
    fn row(len: u64) -> Row<u64> {
        let mut row = Row::default();
        for n in 0..len {
            row.push(Point { after: n / 3 + 1, at_us: n * 10, what: n });
        }
        row
    }

    #[test]
    fn a_row_gives_back_what_was_added_also_over_several_pieces() {
        for len in [0, 1, 255, 256, 257, 511, 512, 513, 1000] {
            let row = row(len);
            assert_eq!((row.len() as u64, row.is_empty()), (len, len == 0));
            assert!(row.iter().map(|point| point.what).eq(0..len));
            assert_eq!(row.last().map(|point| point.what), len.checked_sub(1));
            assert_eq!(row.get(len as usize), None);
        }
    }

    #[test]
    fn what_was_so_is_found_as_by_looking_at_each() {
        for len in [0, 1, 255, 256, 257, 600, 768] {
            let row = row(len);
            for events in 0..len / 3 + 3 {
                let plain = row.iter().filter(|point| point.after <= events).count();
                assert_eq!(row.count_while(|point| point.after <= events), plain, "{len} {events}");
                assert_eq!(row.at(events), row.get(plain.wrapping_sub(1)));
                assert!(row.until(events).iter().eq(row.iter().take(plain)));
                assert_eq!(row.until(events), self::row(len.min(3 * events)));
            }
        }
    }

    #[test]
    fn a_branch_shares_what_went_before() {
        let row = row(1000);
        let branch = row.until(300);
        assert!(
            branch.full.len() == 3
                && branch.len() == 900
                && branch.full.iter().zip(&row.full).all(|(a, b)| Arc::ptr_eq(a, b))
        );
    }
}
