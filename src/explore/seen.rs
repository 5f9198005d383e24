//! The states that were seen, each with the one that it was reached from.

use hashbrown::HashTable;

/// Into how many parts the states are divided, by their fingerprints: workers add to different ones.
pub(super) const SHARDS: usize = 16;
/// Rows are kept in blocks of so many numbers, so that no memory moves when there are more.
const BLOCK: usize = 1 << 18;
/// What stands before a row: where the state came from, and its length.
const HEAD: usize = 2;

/// The name of a state: its shard, and where it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) shard: u8,
    pub(super) at: u32,
}

/// States by fingerprint. Equal fingerprints are looked into: two states are the same only if their rows
/// are.
#[derive(Debug, Default)]
pub(super) struct Shard {
    blocks: Vec<Vec<u32>>,
    /// Where a state stands, and some bits of its fingerprint.
    table: HashTable<(u32, u32)>,
    /// Where the last one stands.
    last: Option<u32>,
}

/// The shard of a fingerprint.
pub(super) fn shard_of(print: u64) -> usize {
    (print >> 60) as usize % SHARDS
}

fn tag(print: u64) -> u32 {
    print as u32
}

fn spread(tag: u32) -> u64 {
    u64::from(tag).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Shard {
    /// Whether the state was seen.
    pub(super) fn contains(&self, print: u64, row: &[u32]) -> bool {
        let tag = tag(print);
        let same = |&(at, other): &(u32, u32)| other == tag && self.row(at) == row;
        self.table.find(spread(tag), same).is_some()
    }

    /// Adds a state, if it was not seen. Where it stands then.
    pub(super) fn add(&mut self, print: u64, row: &[u32], from: Place) -> Option<u32> {
        if self.contains(print, row) {
            return None;
        }
        let length = HEAD + row.len();
        if self.blocks.last().is_none_or(|block| block.len() + length > BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let number = self.blocks.len() - 1;
        let block = &mut self.blocks[number];
        let at = (number * BLOCK + block.len()) as u32;
        block.extend([from.at, u32::from(from.shard) << 16 | row.len() as u32]);
        block.extend_from_slice(row);
        let tag = tag(print);
        self.table.insert_unique(spread(tag), (at, tag), |&(_, tag)| spread(tag));
        self.last = Some(at);
        self.last
    }

    /// Where the last state stands.
    pub(super) fn last(&self) -> Option<u32> {
        self.last
    }

    /// The row of a state.
    pub(super) fn row(&self, at: u32) -> &[u32] {
        let block = &self.blocks[at as usize / BLOCK];
        let at = at as usize % BLOCK;
        let length = block[at + 1] as usize & 0xffff;
        &block[at + HEAD..at + HEAD + length]
    }

    /// Where a state was reached from.
    pub(super) fn from(&self, at: u32) -> Place {
        let block = &self.blocks[at as usize / BLOCK];
        let at = at as usize % BLOCK;
        Place { shard: (block[at + 1] >> 16) as u8, at: block[at] }
    }

    /// Where the state after this one stands, if there is one.
    pub(super) fn after(&self, at: u32) -> Option<u32> {
        let next = at as usize + HEAD + self.row(at).len();
        let (block, within) = (at as usize / BLOCK, next % BLOCK);
        let same_block = next / BLOCK == block && within < self.blocks[block].len();
        match same_block {
            true => Some(next as u32),
            false => (block + 1 < self.blocks.len()).then_some(((block + 1) * BLOCK) as u32),
        }
    }

    /// Where the first state stands.
    pub(super) fn first(&self) -> Option<u32> {
        (!self.blocks.is_empty()).then_some(0)
    }

    /// How many bytes they take, if `more` states of about `length` numbers are added.
    pub(super) fn bytes(&self, more: usize, length: usize) -> u64 {
        let blocks = self.blocks.len() + more * (HEAD + length) / BLOCK;
        let full = self.table.len() + more > self.table.capacity();
        // While a table grows there are two: the old one, and one twice as large.
        let slots = if full { self.table.capacity() * 3 } else { self.table.capacity() };
        (blocks * BLOCK * size_of::<u32>() + slots * 8 / 7 * (size_of::<(u32, u32)>() + 1)) as u64
    }
}
