//! The states that a search has found, each once, in the order in which it found them.

/// A place in the store. Places ascend in the order of finding.
pub type Place = u32;

/// A chunk's size is a power of two, so a place is its number and the offset in it.
const CHUNK: usize = 1 << 24;
/// So many chunks have places.
const CHUNKS: usize = 1 << 8;
/// A record begins with its length and the place of the state from which it was reached.
const HEAD: usize = 5;
const EMPTY: Place = Place::MAX;

/// What became of a state that was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    New,
    Known,
    /// There is no room for it.
    Full,
}

/// Records of bytes in large chunks, and a hash table of their places.
pub struct Store {
    chunks: Vec<Vec<u8>>,
    table: Vec<Place>,
    /// How many states there are.
    pub len: u64,
    bytes_max: u64,
}

impl Store {
    /// A store that takes about that much memory at most.
    pub fn new(bytes_max: u64) -> Store {
        Store { chunks: vec![Vec::new()], table: vec![EMPTY; 1 << 12], len: 0, bytes_max }
    }

    /// Puts a state in, unless it is there.
    pub fn put(&mut self, bytes: &[u8], parent: Place) -> Put {
        let mut slot = self.slot(bytes);
        if self.table[slot] != EMPTY {
            return Put::Known;
        }
        // A table three quarters full is doubled.
        if 4 * self.len >= 3 * self.table.len() as u64 {
            if !self.grow() {
                return Put::Full;
            }
            slot = self.slot(bytes);
        }
        let Some(place) = self.append(bytes, parent) else { return Put::Full };
        self.table[slot] = place;
        self.len += 1;
        Put::New
    }

    /// The state at a place.
    pub fn bytes(&self, place: Place) -> &[u8] {
        let (record, len) = self.record(place);
        &record[HEAD..HEAD + len]
    }

    /// The place of the state from which this one was reached; the first state is its own.
    pub fn parent(&self, place: Place) -> Place {
        let (record, _) = self.record(place);
        Place::from_le_bytes([record[1], record[2], record[3], record[4]])
    }

    /// The place of the state that is put in next.
    pub fn end(&self) -> Place {
        let chunk = self.chunks.len() - 1;
        next_place(chunk, self.chunks[chunk].len())
    }

    /// The place of the next state; that of the last gives [`Store::end`].
    pub fn next(&self, place: Place) -> Place {
        let (chunk, offset) = (place as usize / CHUNK, place as usize % CHUNK);
        next_place(chunk, offset + HEAD + self.record(place).1)
    }

    fn record(&self, place: Place) -> (&[u8], usize) {
        let record = &self.chunks[place as usize / CHUNK][place as usize % CHUNK..];
        (record, usize::from(record[0]))
    }

    /// Where in the table the state is, or would be.
    fn slot(&self, bytes: &[u8]) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = hash(bytes) as usize & mask;
        while self.table[slot] != EMPTY && self.bytes(self.table[slot]) != bytes {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn append(&mut self, bytes: &[u8], parent: Place) -> Option<Place> {
        let len = u8::try_from(bytes.len()).ok()?;
        let place = self.end();
        if place as usize / CHUNK == self.chunks.len() {
            if self.chunks.len() == CHUNKS - 1 || self.memory() + CHUNK as u64 > self.bytes_max {
                return None;
            }
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let chunk = self.chunks.last_mut()?;
        chunk.push(len);
        chunk.extend(parent.to_le_bytes());
        chunk.extend(bytes);
        Some(place)
    }

    /// Doubles the table, if both may stand beside each other.
    fn grow(&mut self) -> bool {
        let size = 2 * self.table.len();
        if self.memory() + (size * size_of::<Place>()) as u64 > self.bytes_max {
            return false;
        }
        self.table = vec![EMPTY; size];
        let mut place = 0;
        while place < self.end() {
            let slot = self.slot(self.bytes(place));
            self.table[slot] = place;
            place = self.next(place);
        }
        true
    }

    /// The bytes that it takes.
    fn memory(&self) -> u64 {
        (self.chunks.len() * CHUNK + self.table.len() * size_of::<Place>()) as u64
    }
}

/// The place of a record that follows one that ends at `offset` of a chunk: in the next chunk, if the longest
/// record might not fit.
fn next_place(chunk: usize, offset: usize) -> Place {
    let fits = offset + HEAD + usize::from(u8::MAX) <= CHUNK;
    (if fits { chunk * CHUNK + offset } else { (chunk + 1) * CHUNK }) as Place
}

/// Eight bytes at a time, multiplied and folded.
fn hash(bytes: &[u8]) -> u64 {
    let fold = |value: u64| {
        let product = u128::from(value) * 0x9e37_79b9_7f4a_7c15;
        (product >> 64) as u64 ^ product as u64
    };
    let words = bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    });
    words.fold(bytes.len() as u64, |hash, word| fold(hash.rotate_left(29) ^ word ^ 0xd6e8_feb8_6659_fd93))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// States of many lengths, enough for several chunks and tables.
    fn state(number: u32) -> Vec<u8> {
        let len = 8 + number as usize % 57;
        number.to_le_bytes().into_iter().cycle().take(len).collect()
    }

    #[test]
    fn every_state_is_kept_once_in_the_order_of_finding() {
        const COUNT: u32 = 800_000;
        let mut store = Store::new(u64::MAX);
        let mut last = 0;
        for number in 0..COUNT {
            let place = store.end();
            assert_eq!(store.put(&state(number), last), Put::New);
            last = place;
        }
        assert!(store.chunks.len() > 1);
        assert_eq!(store.len, u64::from(COUNT));
        let (mut place, mut before) = (0, 0);
        for number in 0..COUNT {
            assert_eq!(store.bytes(place), state(number));
            assert_eq!(store.parent(place), before);
            (before, place) = (place, store.next(place));
        }
        assert_eq!(place, store.end());
        assert_eq!(store.put(&state(17), 0), Put::Known);
    }

    #[test]
    fn a_full_store_says_so() {
        let mut store = Store::new((CHUNK + (1 << 20)) as u64);
        let full = (0..).find(|number| store.put(&state(*number), 0) == Put::Full);
        assert!(full.is_some_and(|number| number > 10_000));
        assert!(store.memory() <= store.bytes_max);
    }
}
