//! The log (§5.3): entries from a first index on, each with the term in which a leader received it.
//!
//! What lies before the first index is its *base*: nothing, or what a snapshot covers (§7). A clone costs
//! a few counts, whatever the log's length: full segments are shared, and only the last one is copied
//! when a clone is written to.

use super::config::Configuration;
use super::types::{Index, Term};
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// One entry of the log: what a leader received, and in which term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// The term of the leader that created the entry. With its index it names the entry (§5.3).
    pub term: Term,
    /// What the entry carries.
    pub payload: Payload,
}

/// What an entry carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Payload {
    /// Nothing: a leader's first entry, so that it has something of its own term to commit (§8).
    Noop,
    /// A command for the state machine. Raft does not look inside.
    Command(Arc<[u8]>),
    /// The cluster's configuration from here on (§6).
    Configuration(Configuration),
}

impl Entry {
    /// What is left of an entry when its write was interrupted: some of its bytes.
    pub(super) fn torn(&self) -> Entry {
        let payload = match &self.payload {
            Payload::Command(bytes) => Payload::Command(bytes[..bytes.len() / 2].into()),
            Payload::Noop | Payload::Configuration(_) => Payload::Noop,
        };
        Entry { term: self.term, payload }
    }
}

/// A run of entries as messages and disk writes carry it. Cheap to clone; no entry costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entries(Option<Arc<[Entry]>>);

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or(&[])
    }
}

impl FromIterator<Entry> for Entries {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Entries {
        let mut entries = entries.into_iter().peekable();
        Entries(entries.peek().is_some().then(|| entries.collect()))
    }
}

/// Entries in one shared piece of the log. A clone that is written to copies at most this many.
const SEGMENT: usize = 64;

type Segment = Vec<Entry>;

/// A server's log.
#[derive(Clone, Debug)]
pub struct Log {
    base: Arc<Base>,
    /// The index before the first entry of the first segment, which may hold entries that the base
    /// covers: segments are dropped whole.
    origin: Index,
    /// Full segments: each holds exactly [`SEGMENT`] entries.
    full: Arc<Vec<Arc<Segment>>>,
    /// The entries after them, always fewer than [`SEGMENT`].
    tail: Arc<Segment>,
    /// The configurations among the entries, so that nobody has to look for them.
    configurations: Arc<Vec<(Index, Configuration)>>,
}

/// What the log stands on: the last index and term that its entries no longer show, and the
/// configuration in force there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Base {
    index: Index,
    term: Term,
    configuration: Configuration,
}

impl Log {
    /// An empty log of a cluster that starts with this configuration.
    #[must_use]
    pub fn new(configuration: Configuration) -> Log {
        Log {
            base: Arc::new(Base { index: Index(0), term: Term(0), configuration }),
            origin: Index(0),
            full: Arc::default(),
            tail: Arc::default(),
            configurations: Arc::default(),
        }
    }

    /// The configuration in force: the last one in the log, else the base's (§6).
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        self.configurations.last().map_or(&self.base.configuration, |(_, configuration)| configuration)
    }

    /// The configuration that was in force when the log ended at this index.
    #[must_use]
    pub fn configuration_at(&self, index: Index) -> &Configuration {
        let of_entry = self.configurations.iter().rfind(|(at, _)| *at <= index);
        of_entry.map_or(&self.base.configuration, |(_, configuration)| configuration)
    }

    /// The configuration that was in force at this index, and all that follow it in the log.
    pub fn configurations_from(&self, index: Index) -> impl Iterator<Item = &Configuration> {
        let later = self.configurations.iter().filter(move |(at, _)| *at > index);
        [self.configuration_at(index)].into_iter().chain(later.map(|(_, configuration)| configuration))
    }

    /// Where the last configuration stands; the base's index when none is in the entries.
    #[must_use]
    pub fn configuration_index(&self) -> Index {
        self.configurations.last().map_or(self.base.index, |(index, _)| *index)
    }

    /// The last index that a snapshot covers; 0 where there is none.
    #[must_use]
    pub fn base_index(&self) -> Index {
        self.base.index
    }

    /// The index of the first entry that is still here, or would be.
    #[must_use]
    pub fn first_index(&self) -> Index {
        self.base.index.next()
    }

    /// The index of the last entry; the base's when there is none.
    #[must_use]
    pub fn last_index(&self) -> Index {
        Index(self.origin.0 + (self.full.len() * SEGMENT + self.tail.len()) as u64)
    }

    /// The term of the last entry; the base's when there is none.
    #[must_use]
    pub fn last_term(&self) -> Term {
        match self.tail.last() {
            Some(entry) => entry.term,
            None => self.full.last().map_or(self.base.term, |segment| segment[SEGMENT - 1].term),
        }
    }

    /// The entry at an index, if it is here.
    #[must_use]
    pub fn get(&self, index: Index) -> Option<&Entry> {
        if index <= self.base.index {
            return None;
        }
        let offset = usize::try_from(index.0 - self.origin.0 - 1).ok()?;
        match self.full.get(offset / SEGMENT) {
            Some(segment) => segment.get(offset % SEGMENT),
            None => self.tail.get(offset - self.full.len() * SEGMENT),
        }
    }

    /// The term of the entry at an index; the base's at its index; nothing outside the log.
    #[must_use]
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.get(index).map(|entry| entry.term)
    }

    /// The entries from an index on, at most `most` of them.
    #[must_use]
    pub fn slice(&self, from: Index, most: u64) -> Entries {
        let upto = self.last_index().0.min(from.0.saturating_add(most).saturating_sub(1));
        if upto < from.0 || from < self.first_index() {
            return Entries::default();
        }
        let entry = |index| self.get(Index(index)).expect("an index within the log").clone();
        Entries(Some((from.0..=upto).map(entry).collect()))
    }

    /// All entries, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        let covered = (self.base.index.0 - self.origin.0) as usize;
        self.full.iter().flat_map(|segment| segment.iter()).chain(self.tail.iter()).skip(covered)
    }

    /// The first index in the log whose entry has the term of the entry at `index`, looking back from
    /// there: what a conflict hint names (end of §5.3).
    #[must_use]
    pub fn first_index_of_term_at(&self, index: Index) -> Index {
        let term = self.term_at(index);
        let mut first = index;
        while first > self.first_index() && self.term_at(first.prev()) == term {
            first = first.prev();
        }
        first
    }

    /// The last index whose entry has this term, if there is one. Terms never fall along a log, so
    /// looking back can stop early.
    #[must_use]
    pub fn last_index_of_term(&self, term: Term) -> Option<Index> {
        let mut index = self.last_index();
        while index >= self.first_index() {
            match self.term_at(index) {
                Some(found) if found == term => return Some(index),
                Some(found) if found < term => return None,
                _ => index = index.prev(),
            }
        }
        (self.base.index > Index(0) && self.base.term == term).then_some(self.base.index)
    }

    /// Appends one entry.
    pub fn push(&mut self, entry: Entry) {
        if let Payload::Configuration(configuration) = entry.payload {
            let index = self.last_index().next();
            Arc::make_mut(&mut self.configurations).push((index, configuration));
        }
        let tail = Arc::make_mut(&mut self.tail);
        tail.push(entry);
        if tail.len() == SEGMENT {
            let segment = std::mem::take(&mut self.tail);
            Arc::make_mut(&mut self.full).push(segment);
        }
    }

    /// Appends entries, a segment's worth at a time.
    pub fn extend(&mut self, mut entries: &[Entry]) {
        while !entries.is_empty() {
            let configures = |entry: &Entry| matches!(entry.payload, Payload::Configuration(_));
            let room = SEGMENT - self.tail.len();
            let plain = entries.iter().take(room).take_while(|entry| !configures(entry)).count();
            let (now, later) = entries.split_at(plain.max(1));
            match now {
                [one] => self.push(one.clone()),
                several => {
                    // All but the last at once; the last closes the segment if it is full.
                    let (last, first) = several.split_last().expect("there are several");
                    Arc::make_mut(&mut self.tail).extend_from_slice(first);
                    self.push(last.clone());
                }
            }
            entries = later;
        }
    }

    /// Deletes every entry after `last`; nothing when the log already ends there or before.
    ///
    /// # Panics
    /// When `last` lies before the base: what a snapshot covers can't be taken back.
    pub fn truncate_after(&mut self, last: Index) {
        if last >= self.last_index() {
            return;
        }
        assert!(last >= self.base.index, "only entries after the base can be deleted");
        if self.configuration_index() > last {
            Arc::make_mut(&mut self.configurations).retain(|(index, _)| *index <= last);
        }
        let keep = (last.0 - self.origin.0) as usize;
        let (segments, rest) = (keep / SEGMENT, keep % SEGMENT);
        if segments < self.full.len() {
            let full = Arc::make_mut(&mut self.full);
            self.tail = Arc::clone(&full[segments]);
            full.truncate(segments);
        }
        Arc::make_mut(&mut self.tail).truncate(rest);
    }

    /// Lets a snapshot take the place of every entry up to and with `index`, whose term and
    /// configuration it knows (§7). What follows stays if `keep` says so.
    pub fn compact(&mut self, index: Index, term: Term, configuration: Configuration, keep: bool) {
        let (last, covered) = (self.last_index(), self.base.index);
        self.base = Arc::new(Base { index, term, configuration });
        if !keep || index >= last || index < covered {
            (self.origin, self.full, self.tail) = (index, Arc::default(), Arc::default());
            self.configurations = Arc::default();
            return;
        }
        if self.configurations.first().is_some_and(|(at, _)| *at <= index) {
            Arc::make_mut(&mut self.configurations).retain(|(at, _)| *at > index);
        }
        let covered = ((index.0 - self.origin.0) as usize / SEGMENT).min(self.full.len());
        if covered > 0 {
            Arc::make_mut(&mut self.full).drain(..covered);
            self.origin.0 += (covered * SEGMENT) as u64;
        }
    }
}

impl PartialEq for Log {
    fn eq(&self, other: &Log) -> bool {
        // Shared pieces are equal without a look inside.
        fn same<T: PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
            Arc::ptr_eq(a, b) || a == b
        }
        if !same(&self.base, &other.base) || self.last_index() != other.last_index() {
            return false;
        }
        if self.origin != other.origin {
            return self.iter().eq(other.iter());
        }
        // What the base covers is compared as well, if it is still there: by Log Matching it is equal,
        // and where a broken rule made it differ, the states are told apart for longer than needed.
        same(&self.tail, &other.tail) && self.full.iter().zip(other.full.iter()).all(|(a, b)| same(a, b))
    }
}

impl Eq for Log {}

impl Hash for Log {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.base.hash(state);
        self.last_index().hash(state);
        self.iter().for_each(|entry| entry.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(terms: &[u64]) -> Log {
        let mut log = Log::new(Configuration::of_first(3));
        for &term in terms {
            log.push(Entry { term: Term(term), payload: Payload::Noop });
        }
        log
    }

    #[test]
    fn an_empty_log_ends_at_index_0_in_term_0() {
        let log = log(&[]);
        assert_eq!((log.first_index(), log.last_index(), log.last_term()), (Index(1), Index(0), Term(0)));
        assert_eq!(log.term_at(Index(0)), Some(Term(0)));
        assert_eq!(log.term_at(Index(1)), None);
        assert!(log.slice(Index(1), 10).is_empty());
    }

    #[test]
    fn a_log_of_any_length_reads_back_what_was_pushed_and_truncates_anywhere() {
        for length in [1, 63, 64, 65, 127, 128, 129, 300] {
            let terms: Vec<u64> = (1..=length).collect();
            let full = log(&terms);
            assert_eq!(full.last_index(), Index(length));
            assert_eq!(full.last_term(), Term(length));
            assert_eq!(full.iter().map(|entry| entry.term.0).collect::<Vec<_>>(), terms);
            for keep in 0..=length {
                let mut shorter = full.clone();
                shorter.truncate_after(Index(keep));
                assert_eq!(shorter, log(&terms[..keep as usize]), "{length} cut after {keep}");
                shorter.push(Entry { term: Term(999), payload: Payload::Noop });
                assert_eq!(shorter.term_at(Index(keep + 1)), Some(Term(999)));
                assert_eq!(full.last_index(), Index(length), "the clone's owner is untouched");
            }
        }
    }

    #[test]
    fn a_compacted_log_reads_as_before_after_its_base_and_not_at_all_before() {
        for length in [1, 63, 64, 65, 128, 200] {
            let terms: Vec<u64> = (1..=length).collect();
            let full = log(&terms);
            for base in 1..=length {
                let mut short = full.clone();
                short.compact(Index(base), Term(base), Configuration::of_first(3), true);
                assert_eq!((short.first_index(), short.last_index()), (Index(base + 1), Index(length)));
                assert_eq!(short.last_term(), Term(length));
                assert_eq!(
                    short.iter().map(|entry| entry.term.0).collect::<Vec<_>>(),
                    terms[base as usize..]
                );
                assert_eq!(short.term_at(Index(base)), Some(Term(base)), "the base's own term");
                assert_eq!(short.get(Index(base)), None, "{base} of {length} is covered");
                assert_eq!(short.slice(Index(base + 1), u64::MAX).len() as u64, length - base);
                for keep in base..=length {
                    let mut cut = short.clone();
                    cut.truncate_after(Index(keep));
                    cut.push(Entry { term: Term(999), payload: Payload::Noop });
                    assert_eq!(cut.last_index(), Index(keep + 1));
                    assert_eq!(cut.term_at(Index(keep + 1)), Some(Term(999)));
                }
                let mut again = full.clone();
                again.compact(
                    Index(base.div_ceil(2)),
                    Term(base.div_ceil(2)),
                    Configuration::of_first(3),
                    true,
                );
                again.compact(Index(base), Term(base), Configuration::of_first(3), true);
                assert_eq!(again, short, "in two steps or in one");
            }
        }
    }

    #[test]
    fn a_snapshot_from_beyond_the_end_leaves_an_empty_log_that_goes_on_there() {
        let mut log = log(&[1, 1, 2]);
        log.compact(Index(9), Term(4), Configuration::of_first(5), true);
        assert_eq!((log.first_index(), log.last_index(), log.last_term()), (Index(10), Index(9), Term(4)));
        log.push(Entry { term: Term(5), payload: Payload::Noop });
        assert_eq!((log.last_index(), log.term_at(Index(10))), (Index(10), Some(Term(5))));
        let mut dropped = super::tests::log(&[1, 1, 2]);
        dropped.compact(Index(1), Term(1), Configuration::of_first(3), false);
        assert_eq!(dropped.last_index(), Index(1), "the suffix goes too where it is not to be kept");
    }

    #[test]
    fn the_configuration_in_force_is_the_last_in_the_log_and_falls_back_when_that_is_cut() {
        let mut log = log(&[1]);
        let of = Configuration::of_first;
        for n in [4, 5] {
            log.push(Entry { term: Term(1), payload: Payload::Configuration(of(n)) });
            log.push(Entry { term: Term(1), payload: Payload::Noop });
        }
        assert_eq!((*log.configuration(), log.configuration_index()), (of(5), Index(4)));
        assert_eq!((*log.configuration_at(Index(3)), *log.configuration_at(Index(1))), (of(4), of(3)));
        let mut cut = log.clone();
        cut.truncate_after(Index(3));
        assert_eq!((*cut.configuration(), cut.configuration_index()), (of(4), Index(2)));
        cut.truncate_after(Index(1));
        assert_eq!((*cut.configuration(), cut.configuration_index()), (of(3), Index(0)));
        log.compact(Index(3), Term(1), of(4), true);
        assert_eq!((*log.configuration(), *log.configuration_at(Index(3))), (of(5), of(4)));
        log.compact(Index(5), Term(1), of(5), true);
        assert_eq!((*log.configuration(), log.configuration_index()), (of(5), Index(5)));
    }

    #[test]
    fn entries_appended_together_make_the_same_log_as_one_by_one() {
        let configuration = Payload::Configuration(Configuration::of_first(4));
        for before in [0, 1, 62, 63, 64] {
            for count in [0_u64, 1, 2, 63, 64, 65, 130] {
                for change in [0, 1, 63, 64, 129] {
                    let entries: Vec<Entry> = (0..count)
                        .map(|n| Entry {
                            term: Term(n + 100),
                            payload: if n == change { configuration.clone() } else { Payload::Noop },
                        })
                        .collect();
                    let mut together = log(&(1..=before).collect::<Vec<_>>());
                    let mut one_by_one = together.clone();
                    together.extend(&entries);
                    entries.iter().for_each(|entry| one_by_one.push(entry.clone()));
                    assert_eq!(together, one_by_one, "{count} after {before}");
                    assert_eq!(together.configuration(), one_by_one.configuration());
                }
            }
        }
    }

    #[test]
    fn a_slice_begins_where_asked_and_is_no_longer_than_asked() {
        let log = log(&[1, 1, 2, 3]);
        let terms = |from, most| log.slice(Index(from), most).iter().map(|e| e.term.0).collect::<Vec<_>>();
        assert_eq!(terms(2, 2), [1, 2]);
        assert_eq!(terms(3, 100), [2, 3]);
        assert_eq!(terms(5, 100), [] as [u64; 0]);
        assert_eq!(terms(1, 0), [] as [u64; 0]);
        assert_eq!(terms(4, u64::MAX), [3]);
    }

    #[test]
    fn the_ends_of_a_term_are_found() {
        let log = log(&[1, 1, 4, 4, 4, 6]);
        assert_eq!(log.first_index_of_term_at(Index(5)), Index(3));
        assert_eq!(log.first_index_of_term_at(Index(2)), Index(1));
        assert_eq!(log.last_index_of_term(Term(4)), Some(Index(5)));
        assert_eq!(log.last_index_of_term(Term(5)), None);
        assert_eq!(log.last_index_of_term(Term(7)), None);
    }
}
