//! Where a search has been: rows of bytes, in little memory and no more than allowed.
//!
//! A row is a place and what was used up on the way there. Who comes to a place again with the same used up,
//! or more, can do nothing that was not tried from there before; so it is *known*.

use hashbrown::HashTable;
use std::hash::Hasher;

/// Rows stand in blocks, so that no memory moves when there are more.
const BLOCK: usize = 1 << 20;
/// A row begins where this divides the number of the byte.
const ALIGN: usize = 4;
/// At how many rows of one place is looked, for one that has used less. More would cost more than it saves.
const BESIDE_MAX: usize = 32;
/// No row: none is so far on.
const NONE: u32 = u32::MAX;
/// How much a table takes for one entry, with the empty ones beside it, while it is copied into one twice
/// as large: 9 bytes, of which between 7/16 and 7/8 are used, and half as many in the old one.
const ENTRY_BYTES: u64 = 31;
/// What stands before a row: the row before it at the same place, and two lengths.
const HEAD: usize = 12;

/// What a visit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// Nobody was here with as little used up.
    New,
    /// Somebody was.
    Known,
    /// That can't be remembered: there is no room.
    Full,
}

/// The rows, found by their hash. Equal hashes are looked into: two rows are the same only if their bytes are.
#[derive(Debug, Default)]
pub(super) struct Seen {
    blocks: Vec<Vec<u8>>,
    block_bytes: u64,
    /// Where a row stands, and some bits of its hash.
    rows: HashTable<(u32, u32)>,
    /// The last row of each place, where anything can be used up.
    places: HashTable<(u32, u32)>,
    uses: bool,
}

impl Seen {
    /// Nothing yet. Whether anything can be used up.
    pub(super) fn new(uses: bool) -> Seen {
        Seen { uses, ..Seen::default() }
    }

    /// How much memory is taken, at most.
    pub(super) fn bytes(&self) -> u64 {
        self.block_bytes + ENTRY_BYTES * (self.rows.len() + self.places.len()) as u64
    }

    /// Comes to a place with so much used up: numbers, in ascending order, some of them several times.
    /// It is remembered, if that takes no more than this memory altogether.
    pub(super) fn visit(&mut self, place: &[u8], used: &[u8], bytes_max: u64) -> Visit {
        let (at_place, at_row) = (hash(place, &[]), hash(place, used));
        let same = |&(at, other): &(u32, u32)| other == at_row && self.row(at) == (place, used);
        if self.rows.find(spread(at_row), same).is_some() {
            return Visit::Known;
        }
        let before = if self.uses { self.last_at(place, at_place) } else { None };
        let beside = std::iter::successors(before, |&at| self.before(at)).take(BESIDE_MAX);
        if beside.into_iter().any(|at| is_part_of(self.row(at).1, used)) {
            return Visit::Known;
        }
        let length = (HEAD + place.len() + used.len()).next_multiple_of(ALIGN);
        if length > BLOCK || self.bytes() + self.growth(length) as u64 + 2 * ENTRY_BYTES > bytes_max {
            return Visit::Full;
        }
        let Some(at) = self.write(before, place, used, length) else { return Visit::Full };
        self.rows.insert_unique(spread(at_row), (at, at_row), |&(_, tag)| spread(tag));
        match before {
            None if !self.uses => {}
            None => {
                self.places.insert_unique(spread(at_place), (at, at_place), |&(_, tag)| spread(tag));
            }
            Some(before) => {
                let last = |&(other, _): &(u32, u32)| other == before;
                if let Some(entry) = self.places.find_mut(spread(at_place), last) {
                    entry.0 = at;
                }
            }
        }
        Visit::New
    }

    fn last_at(&self, place: &[u8], tag: u32) -> Option<u32> {
        let same = |&(at, other): &(u32, u32)| other == tag && self.row(at).0 == place;
        self.places.find(spread(tag), same).map(|&(at, _)| at)
    }

    fn write(&mut self, before: Option<u32>, place: &[u8], used: &[u8], length: usize) -> Option<u32> {
        if self.blocks.last().is_none_or(|block| block.len() + length > BLOCK) {
            self.blocks.push(Vec::new());
        }
        let growth = self.growth(length);
        let number = self.blocks.len() - 1;
        let block = &mut self.blocks[number];
        if growth > 0 {
            block.reserve_exact(block.capacity() + growth - block.len());
        }
        let at = u32::try_from((number * BLOCK + block.len()) / ALIGN).ok().filter(|at| *at != NONE)?;
        block.extend(before.unwrap_or(NONE).to_le_bytes());
        block.extend((place.len() as u32).to_le_bytes());
        block.extend((used.len() as u32).to_le_bytes());
        block.extend(place);
        block.extend(used);
        block.resize(block.len().next_multiple_of(ALIGN), 0);
        self.block_bytes += growth as u64;
        Some(at)
    }

    /// By how many bytes a block grows for a row that is so long: by a quarter, if it has to.
    fn growth(&self, length: usize) -> usize {
        let last = self.blocks.last().filter(|block| block.len() + length <= BLOCK);
        let (size, capacity) = last.map_or((0, 0), |block| (block.len(), block.capacity()));
        if size + length <= capacity {
            return 0;
        }
        let larger = (capacity + capacity / 4).clamp(size + length, BLOCK);
        larger - capacity
    }

    fn head(&self, at: u32) -> (&[u8], [u32; 3]) {
        let at = at as usize * ALIGN;
        let from = &self.blocks[at / BLOCK][at % BLOCK..];
        let number = |nth: usize| {
            let bytes = &from[4 * nth..4 * nth + 4];
            u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
        };
        (&from[HEAD..], [number(0), number(1), number(2)])
    }

    fn before(&self, at: u32) -> Option<u32> {
        Some(self.head(at).1[0]).filter(|before| *before != NONE)
    }

    fn row(&self, at: u32) -> (&[u8], &[u8]) {
        let (bytes, [_, place, used]) = self.head(at);
        let (place, rest) = bytes.split_at(place as usize);
        (place, &rest[..used as usize])
    }
}

fn hash(place: &[u8], used: &[u8]) -> u32 {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(place);
    hasher.write(used);
    (hasher.finish() >> 32) as u32
}

fn spread(tag: u32) -> u64 {
    u64::from(tag).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A number in as few bytes as it needs, seven bits in each.
pub(super) fn push_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The numbers that were pushed.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let mut bytes = bytes.iter();
    std::iter::from_fn(move || {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = *bytes.next()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    })
}

/// Whether of each number there are as many in the whole.
fn is_part_of(part: &[u8], whole: &[u8]) -> bool {
    let mut others = numbers(whole);
    part.len() <= whole.len()
        && numbers(part).all(|number| others.by_ref().find(|other| *other >= number) == Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: u64 = 1 << 20;

    fn used(all: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        all.iter().for_each(|number| push_number(&mut bytes, *number));
        bytes
    }

    #[test]
    fn who_has_used_as_much_or_more_is_known() {
        let mut seen = Seen::new(true);
        let mut visit = |place: &[u8], all: &[u32]| seen.visit(place, &used(all), ROOM);
        assert_eq!(visit(b"a", &[3, 300]), Visit::New);
        assert_eq!(visit(b"a", &[3, 300]), Visit::Known);
        assert_eq!(visit(b"a", &[1, 3, 300]), Visit::Known);
        assert_eq!(visit(b"a", &[3, 3, 70_000]), Visit::New);
        assert_eq!(visit(b"a", &[3, 70_000]), Visit::New, "once is less than twice");
        assert_eq!(visit(b"a", &[300]), Visit::New);
        assert_eq!(visit(b"a", &[3, 3, 3, 70_000]), Visit::Known);
        assert_eq!(visit(b"b", &[3, 300]), Visit::New, "it is another place");
        assert_eq!(visit(b"", &[]), Visit::New);
        assert_eq!(visit(b"", &[7]), Visit::Known);
    }

    #[test]
    fn all_that_was_seen_is_remembered_and_no_more_memory_is_taken_than_allowed() {
        let mut seen = Seen::new(true);
        let place = |n: u32| n.to_string().into_bytes();
        let mut full = None;
        for n in 0..1_000_000 {
            match seen.visit(&place(n), &used(&[n]), ROOM) {
                Visit::New => assert!(seen.bytes() <= 2 * ROOM, "{n}"),
                Visit::Full => {
                    full = Some(n);
                    break;
                }
                Visit::Known => panic!("{n} is new"),
            }
        }
        let full = full.expect("a megabyte is soon full");
        assert!(full > 5000, "{full}");
        assert!((0..full).all(|n| seen.visit(&place(n), &used(&[n]), ROOM) == Visit::Known));
        assert_eq!(seen.visit(&place(full), &[], ROOM), Visit::Full);
    }
}
