//! What there is at one moment: the servers' variables (Figure 2, "State"), the messages that are held, and
//! as much of the past as the properties of Figure 3 need.

/// Bounds of the arrays below; a search's own bounds are at most these.
pub const SERVERS: usize = 5;
pub const TERMS: usize = 7;
pub const ENTRIES: usize = 6;

/// A server, counted from 0. In sentences S1 is the first.
pub type Id = u8;
/// A term. 0 is before the first election.
pub type Term = u8;
/// A place in a log, counted from 1. 0 is before the first entry.
pub type Index = u8;

/// A set of servers, one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set(pub u8);

impl Set {
    pub fn only(id: Id) -> Set {
        Set(1 << id)
    }

    pub fn has(self, id: Id) -> bool {
        self.0 & (1 << id) != 0
    }

    pub fn with(self, id: Id) -> Set {
        Set(self.0 | 1 << id)
    }

    pub fn without(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }

    pub fn count(self) -> u8 {
        self.0.count_ones() as u8
    }
}

/// A command in a log, by its name: no leader takes two commands at one index in one term. Servers see only the
/// term.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The term in which a leader took it.
    pub term: Term,
    /// The index at which the leader took it. It stands elsewhere only where `prevLogIndex` was not checked.
    pub index: Index,
    /// Which of that term's leaders took it, in the order in which they came to lead. With all rules on there
    /// is only the first, 0.
    pub leader: u8,
}

/// A log, or the entries of a message. Behind `len` all entries are zero, so equal logs are equal values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Log {
    len: u8,
    entries: [Entry; ENTRIES],
}

impl Log {
    /// The index of the last entry, 0 in an empty log.
    pub fn last(&self) -> Index {
        self.len
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries[..usize::from(self.len)]
    }

    pub fn get(&self, index: Index) -> Option<Entry> {
        self.entries().get(usize::from(index).checked_sub(1)?).copied()
    }

    /// The term of the entry at `index`, 0 where there is none.
    pub fn term_at(&self, index: Index) -> Term {
        self.get(index).map_or(0, |entry| entry.term)
    }

    pub fn push(&mut self, entry: Entry) {
        self.entries[usize::from(self.len)] = entry;
        self.len += 1;
    }

    /// Puts another entry in the place of one that is there.
    pub fn replace(&mut self, index: Index, entry: Entry) {
        self.entries[usize::from(index) - 1] = entry;
    }

    /// Keeps the entries up to `last`.
    pub fn truncate(&mut self, last: Index) {
        while self.len > last {
            self.len -= 1;
            self.entries[usize::from(self.len)] = Entry::default();
        }
    }

    /// The entries behind `index`.
    pub fn after(&self, index: Index) -> Log {
        let mut rest = Log::default();
        self.entries().iter().skip(usize::from(index)).for_each(|entry| rest.push(*entry));
        rest
    }

    /// Whether the log goes on where `other` ends.
    pub fn begins_with(&self, other: &Log) -> bool {
        self.entries().starts_with(other.entries())
    }
}

/// What a server is, with the variables that it has only as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Follower,
    Candidate {
        /// Whose votes have arrived, its own among them.
        votes: Set,
        /// Votes that arrived again and were counted again (only without `countVotesOnce`).
        copies: u8,
        /// Who refused (only without `quorumOfAll`: nothing else depends on it).
        refused: Set,
    },
    Leader {
        /// For each server the index of the next entry to send to it.
        next: [Index; SERVERS],
        /// For each server the highest entry that it is known to have.
        matched: [Index; SERVERS],
    },
}

/// A server's variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    pub term: Term,
    pub voted_for: Option<Id>,
    pub log: Log,
    pub commit: Index,
    pub role: Role,
}

impl Server {
    const NEW: Server = Server {
        term: 0,
        voted_for: None,
        log: Log { len: 0, entries: [Entry { term: 0, index: 0, leader: 0 }; ENTRIES] },
        commit: 0,
        role: Role::Follower,
    };

    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }
}

/// A message between two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    pub from: Id,
    pub to: Id,
    /// The sender's term.
    pub term: Term,
    pub body: Body,
}

/// What a message says besides the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Body {
    RequestVote {
        last_index: Index,
        last_term: Term,
    },
    Vote {
        /// The term of the request.
        asked: Term,
        granted: bool,
    },
    /// Without entries it is a heartbeat.
    AppendEntries {
        prev_index: Index,
        prev_term: Term,
        entries: Log,
        leader_commit: Index,
    },
    Appended {
        /// The term of the request.
        asked: Term,
        /// The last index that the request spoke of, prevLogIndex + its entries; `None` is a refusal.
        up_to: Option<Index>,
    },
}

/// That a server's commitIndex reached an entry, before any other at this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Committed {
    pub index: Index,
    pub entry: Entry,
    /// The lowest term of a server when its commitIndex reached it.
    pub term: Term,
}

/// The servers that led in one term, in the order in which each came to lead first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaders {
    len: u8,
    ids: [Id; SERVERS],
}

impl Leaders {
    pub fn ids(&self) -> &[Id] {
        &self.ids[..usize::from(self.len)]
    }

    pub fn place_of(&self, id: Id) -> Option<u8> {
        self.ids().iter().position(|leader| *leader == id).map(|place| place as u8)
    }

    /// Notes that `id` leads.
    pub fn note(&mut self, id: Id) {
        if self.place_of(id).is_none() {
            self.ids[usize::from(self.len)] = id;
            self.len += 1;
        }
    }
}

/// A state of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// As many as take part; the others remain as they were.
    pub servers: [Server; SERVERS],
    /// Messages under way, in ascending order.
    pub held: Vec<Message>,
    /// How many restarts there were.
    pub restarts: u8,
    /// The past: who led, by term.
    pub leaders: [Leaders; TERMS + 1],
    /// The past: what was committed, in ascending order.
    pub committed: Vec<Committed>,
}

impl State {
    /// All servers are followers in term 0 with empty logs.
    pub fn new() -> State {
        State {
            servers: [Server::NEW; SERVERS],
            held: Vec::new(),
            restarts: 0,
            leaders: [Leaders::default(); TERMS + 1],
            committed: Vec::new(),
        }
    }

    pub fn server(&self, id: Id) -> &Server {
        &self.servers[usize::from(id)]
    }

    pub fn server_mut(&mut self, id: Id) -> &mut Server {
        &mut self.servers[usize::from(id)]
    }
}

impl Default for State {
    fn default() -> State {
        State::new()
    }
}
