//! Where raft-rs keeps what is durable.

use raft::eraftpb::{Entry, HardState, Snapshot};
use raft::storage::MemStorage;
use raft::{Error, GetEntriesContext, RaftState, Result, Storage, StorageError};
use std::cell::RefCell;

/// A storage that can be written to.
pub trait Store: Storage {
    /// An empty one of a cluster of these voters.
    fn of(voters: Vec<u64>) -> Self;
    /// Replaces everything from the first of the entries on.
    fn append(&self, entries: Vec<Entry>);
    /// Keeps term, vote and commit.
    fn set_hard(&self, hard: HardState);
    /// Keeps the commit.
    fn set_commit(&self, commit: u64);
}

/// What comes with raft-rs, and its examples use.
impl Store for MemStorage {
    fn of(voters: Vec<u64>) -> MemStorage {
        MemStorage::new_with_conf_state((voters, vec![]))
    }

    fn append(&self, entries: Vec<Entry>) {
        self.wl().append(&entries).expect("entries follow each other");
    }

    fn set_hard(&self, hard: HardState) {
        self.wl().set_hardstate(hard);
    }

    fn set_commit(&self, commit: u64) {
        self.wl().mut_hard_state().set_commit(commit);
    }
}

/// What a user who wants speed would write: no lock, and entries are moved in. There are no snapshots,
/// so an entry's place is its index less one.
pub struct Lean(RefCell<(RaftState, Vec<Entry>)>);

impl Store for Lean {
    fn of(voters: Vec<u64>) -> Lean {
        let state = RaftState { conf_state: (voters, vec![]).into(), ..RaftState::default() };
        Lean(RefCell::new((state, Vec::new())))
    }

    fn append(&self, entries: Vec<Entry>) {
        let Some(first) = entries.first() else { return };
        let log = &mut self.0.borrow_mut().1;
        log.truncate(first.index as usize - 1);
        log.extend(entries);
    }

    fn set_hard(&self, hard: HardState) {
        self.0.borrow_mut().0.hard_state = hard;
    }

    fn set_commit(&self, commit: u64) {
        self.0.borrow_mut().0.hard_state.commit = commit;
    }
}

impl Storage for Lean {
    fn initial_state(&self) -> Result<RaftState> {
        Ok(self.0.borrow().0.clone())
    }

    /// All of them: no limit that is set here is reached.
    fn entries(
        &self,
        low: u64,
        high: u64,
        _: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> Result<Vec<Entry>> {
        Ok(self.0.borrow().1[low as usize - 1..high as usize - 1].to_vec())
    }

    fn term(&self, index: u64) -> Result<u64> {
        match index.checked_sub(1) {
            None => Ok(0),
            Some(place) => match self.0.borrow().1.get(place as usize) {
                Some(entry) => Ok(entry.term),
                None => Err(Error::Store(StorageError::Unavailable)),
            },
        }
    }

    fn first_index(&self) -> Result<u64> {
        Ok(1)
    }

    fn last_index(&self) -> Result<u64> {
        Ok(self.0.borrow().1.len() as u64)
    }

    fn snapshot(&self, _: u64, _: u64) -> Result<Snapshot> {
        Err(Error::Store(StorageError::SnapshotTemporarilyUnavailable))
    }
}
