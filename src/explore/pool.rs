//! Things that are equal are kept once, and known by a number.
//!
//! A state of a cluster is made of few parts, and the parts come again and again: millions of states are
//! made of some thousands of states of single servers. So a state is a row of numbers, and what a step
//! does to a server has to be worked out only once.

use crate::sim::Digest;
use hashbrown::HashTable;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// A fingerprint of the content, the same everywhere: unlike the hashes of the standard library, it does
/// not know how wide a `usize` is. The order in which a search sees states comes from it, so a search
/// finds the same run natively and in the browser, on however many cores.
#[derive(Default)]
struct Print(Digest);

impl Hasher for Print {
    fn finish(&self) -> u64 {
        self.0.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0.word(u64::from_le_bytes(word));
        }
    }

    fn write_usize(&mut self, word: usize) {
        self.0.word(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.0.word(word as i64 as u64);
    }

    fn write_u64(&mut self, word: u64) {
        self.0.word(word);
    }
}

/// The fingerprint of something.
pub(super) fn print_of(item: &impl Hash) -> u64 {
    let mut print = Print::default();
    item.hash(&mut print);
    print.finish()
}

/// Things by number, shared by all who search.
#[derive(Debug)]
pub(super) struct Pool<T> {
    kept: Mutex<Kept<T>>,
}

#[derive(Debug)]
struct Kept<T> {
    /// By fingerprint. Equal fingerprints are looked into.
    numbers: HashTable<u32>,
    items: Vec<(Arc<T>, u64)>,
}

impl<T> Default for Pool<T> {
    fn default() -> Pool<T> {
        Pool { kept: Mutex::new(Kept { numbers: HashTable::new(), items: Vec::new() }) }
    }
}

impl<T: Eq + Hash> Pool<T> {
    /// The number of this.
    pub(super) fn number(&self, item: T) -> u32 {
        let print = print_of(&item);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { numbers, items } = &mut *kept;
        let same = |&number: &u32| {
            let (kept, other) = &items[number as usize];
            *other == print && **kept == item
        };
        if let Some(&number) = numbers.find(print, same) {
            return number;
        }
        let number = items.len() as u32;
        items.push((Arc::new(item), print));
        numbers.insert_unique(print, number, |&number| items[number as usize].1);
        number
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).items.len()
    }
}

/// One worker's own list of what is in a pool, so that it need not ask for it.
#[derive(Debug)]
pub(super) struct Known<T> {
    items: Vec<(Arc<T>, u64)>,
}

impl<T> Default for Known<T> {
    fn default() -> Known<T> {
        Known { items: Vec::new() }
    }
}

impl<T> Known<T> {
    /// Learns of everything up to this number. What is new is given to `new`.
    pub(super) fn learn(&mut self, pool: &Pool<T>, number: u32, mut new: impl FnMut(&T)) {
        if (number as usize) < self.items.len() {
            return;
        }
        let kept = pool.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for item in &kept.items[self.items.len()..] {
            new(&item.0);
            self.items.push((Arc::clone(&item.0), item.1));
        }
    }

    /// What has this number.
    #[inline]
    pub(super) fn get(&self, number: u32) -> &Arc<T> {
        &self.items[number as usize].0
    }

    /// The fingerprint of what has this number.
    #[inline]
    pub(super) fn print(&self, number: u32) -> u64 {
        self.items[number as usize].1
    }
}
