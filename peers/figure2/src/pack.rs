//! A state in a few bytes, and one spelling for all states that differ only in the servers' names.

use crate::Setup;
use crate::state::{Body, Committed, Entry, Id, Leaders, Log, Message, Role, Server, Set, State};

/// How the states of one search are spelled.
pub struct Packer {
    servers: u8,
    /// Bits of a server's number, one value being left for none, of a term, of an index or a length.
    bits: Bits,
    /// The orders in which the servers may stand: only their own if the search is not reduced. The first is that one.
    orders: Vec<Vec<Id>>,
    best: Writer,
    other: Writer,
}

#[derive(Clone, Copy)]
struct Bits {
    server: u32,
    term: u32,
    index: u32,
}

impl Packer {
    pub fn new(setup: &Setup) -> Packer {
        let bits = |most: u8| u8::BITS - most.leading_zeros();
        let own: Vec<Id> = (0..setup.servers).collect();
        Packer {
            servers: setup.servers,
            bits: Bits {
                server: bits(setup.servers),
                term: bits(setup.bounds.terms),
                index: bits(setup.bounds.entries),
            },
            orders: if setup.reduced { orders_of(&own) } else { vec![own] },
            best: Writer::default(),
            other: Writer::default(),
        }
    }

    /// The spelling of the state: the least of those that other names of the servers give.
    ///
    /// Every order would have to be tried, but one whose servers do not ascend by what has no name in it (see
    /// [`nameless`]) is passed over. That is the same choice for all states that differ only in names.
    pub fn pack(&mut self, state: &State) -> &[u8] {
        let mut found = false;
        for order in &self.orders {
            let servers = || order.iter().map(|id| nameless(state.server(*id)));
            if self.orders.len() > 1 && !servers().is_sorted() {
                continue;
            }
            self.other.clear();
            write(&mut self.other, self.bits, state, order);
            if !found || self.other.bytes < self.best.bytes {
                std::mem::swap(&mut self.best, &mut self.other);
                found = true;
            }
        }
        &self.best.bytes
    }

    /// The state that was spelled so.
    pub fn unpack(&self, bytes: &[u8]) -> State {
        read(&mut Reader { bytes, at: 0 }, self.bits, self.servers)
    }
}

/// All orders of the servers.
fn orders_of(ids: &[Id]) -> Vec<Vec<Id>> {
    if ids.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |first: &Id| {
        let rest: Vec<Id> = ids.iter().copied().filter(|id| id != first).collect();
        orders_of(&rest).into_iter().map(move |rest| [vec![*first], rest].concat()).collect::<Vec<_>>()
    };
    ids.iter().flat_map(with_first).collect()
}

/// What a server is apart from all names: its own and those that it knows.
fn nameless(server: &Server) -> (u8, u8, u8, Log) {
    let role = match server.role {
        Role::Follower => 0,
        Role::Candidate { .. } => 1,
        Role::Leader { .. } => 2,
    };
    (role, server.term, server.commit, server.log)
}

/// Spells the state with the server `order[i]` called `i`.
fn write(to: &mut Writer, bits: Bits, state: &State, order: &[Id]) {
    let mut names = [0; 8];
    (0..).zip(order).for_each(|(new, old)| names[usize::from(*old)] = new);
    let servers = order.len() as u8;
    let named = |id: Id| names[usize::from(id)];
    let renamed =
        |set: Set| order.iter().filter(|id| set.has(**id)).fold(Set::default(), |to, id| to.with(named(*id)));

    for id in order {
        let server = state.server(*id);
        to.put(server.term, bits.term);
        to.put(server.voted_for.map_or(servers, named), bits.server);
        write_log(to, bits, &server.log);
        to.put(server.commit, bits.index);
        match server.role {
            Role::Follower => to.put(0, 2),
            Role::Candidate { votes, copies, refused } => {
                to.put(1, 2);
                to.put(renamed(votes).0, u32::from(servers));
                to.put(copies, bits.server);
                to.put(renamed(refused).0, u32::from(servers));
            }
            Role::Leader { next, matched } => {
                to.put(2, 2);
                for other in order.iter().filter(|other| *other != id) {
                    // 1 to one behind the last.
                    to.put(next[usize::from(*other)] - 1, bits.index);
                    to.put(matched[usize::from(*other)], bits.index);
                }
            }
        }
    }
    to.put(state.restarts, 4);
    for leaders in &state.leaders[1..1 << bits.term] {
        to.put(leaders.ids().len() as u8, bits.server);
        leaders.ids().iter().for_each(|id| to.put(named(*id), bits.server));
    }
    to.put(state.committed.len() as u8, 8);
    for fact in &state.committed {
        to.put(fact.index, bits.index);
        write_entry(to, bits, fact.entry);
        to.put(fact.term, bits.term);
    }
    let mut held: Vec<Message> = state.held.clone();
    held.iter_mut().for_each(|message| (message.from, message.to) = (named(message.from), named(message.to)));
    held.sort_unstable();
    to.put(held.len() as u8, 3);
    held.iter().for_each(|message| write_message(to, bits, message));
    to.end();
}

fn write_entry(to: &mut Writer, bits: Bits, entry: Entry) {
    to.put(entry.term, bits.term);
    to.put(entry.index, bits.index);
    to.put(entry.leader, bits.server);
}

fn write_log(to: &mut Writer, bits: Bits, log: &Log) {
    to.put(log.last(), bits.index);
    log.entries().iter().for_each(|entry| write_entry(to, bits, *entry));
}

fn write_message(to: &mut Writer, bits: Bits, message: &Message) {
    to.put(message.from, bits.server);
    to.put(message.to, bits.server);
    to.put(message.term, bits.term);
    match message.body {
        Body::RequestVote { last_index, last_term } => {
            to.put(0, 2);
            to.put(last_index, bits.index);
            to.put(last_term, bits.term);
        }
        Body::Vote { asked, granted } => {
            to.put(1, 2);
            to.put(asked, bits.term);
            to.put(u8::from(granted), 1);
        }
        Body::AppendEntries { prev_index, prev_term, entries, leader_commit } => {
            to.put(2, 2);
            to.put(prev_index, bits.index);
            to.put(prev_term, bits.term);
            write_log(to, bits, &entries);
            to.put(leader_commit, bits.index);
        }
        Body::Appended { asked, up_to } => {
            to.put(3, 2);
            to.put(asked, bits.term);
            to.put(u8::from(up_to.is_some()), 1);
            up_to.iter().for_each(|up_to| to.put(*up_to, bits.index));
        }
    }
}

fn read(from: &mut Reader, bits: Bits, servers: u8) -> State {
    let mut state = State::new();
    for id in 0..servers {
        *state.server_mut(id) = read_server(from, bits, servers, id);
    }
    state.restarts = from.take(4);
    for leaders in &mut state.leaders[1..1 << bits.term] {
        *leaders = Leaders::default();
        (0..from.take(bits.server)).for_each(|_| leaders.note(from.take(bits.server)));
    }
    for _ in 0..from.take(8) {
        let (index, entry) = (from.take(bits.index), read_entry(from, bits));
        state.committed.push(Committed { index, entry, term: from.take(bits.term) });
    }
    for _ in 0..from.take(3) {
        state.held.push(read_message(from, bits));
    }
    state
}

fn read_server(from: &mut Reader, bits: Bits, servers: u8, id: Id) -> Server {
    let mut server = *State::new().server(id);
    server.term = from.take(bits.term);
    server.voted_for = Some(from.take(bits.server)).filter(|id| *id < servers);
    server.log = read_log(from, bits);
    server.commit = from.take(bits.index);
    server.role = match from.take(2) {
        0 => Role::Follower,
        1 => Role::Candidate {
            votes: Set(from.take(u32::from(servers))),
            copies: from.take(bits.server),
            refused: Set(from.take(u32::from(servers))),
        },
        _ => {
            // As it was when it came to lead: of itself it reads nothing.
            let (mut next, mut matched) = ([1; crate::state::SERVERS], [0; crate::state::SERVERS]);
            for other in (0..servers).filter(|other| *other != id) {
                next[usize::from(other)] = from.take(bits.index) + 1;
                matched[usize::from(other)] = from.take(bits.index);
            }
            Role::Leader { next, matched }
        }
    };
    server
}

fn read_entry(from: &mut Reader, bits: Bits) -> Entry {
    Entry { term: from.take(bits.term), index: from.take(bits.index), leader: from.take(bits.server) }
}

fn read_log(from: &mut Reader, bits: Bits) -> Log {
    let mut log = Log::default();
    (0..from.take(bits.index)).for_each(|_| log.push(read_entry(from, bits)));
    log
}

fn read_message(from: &mut Reader, bits: Bits) -> Message {
    Message {
        from: from.take(bits.server),
        to: from.take(bits.server),
        term: from.take(bits.term),
        body: match from.take(2) {
            0 => Body::RequestVote { last_index: from.take(bits.index), last_term: from.take(bits.term) },
            1 => Body::Vote { asked: from.take(bits.term), granted: from.take(1) == 1 },
            2 => Body::AppendEntries {
                prev_index: from.take(bits.index),
                prev_term: from.take(bits.term),
                entries: read_log(from, bits),
                leader_commit: from.take(bits.index),
            },
            _ => Body::Appended {
                asked: from.take(bits.term),
                up_to: (from.take(1) == 1).then(|| from.take(bits.index)),
            },
        },
    }
}

/// Bits, the first at the low end of the first byte.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// The last bits, not yet a byte.
    rest: u32,
    len: u32,
}

impl Writer {
    fn clear(&mut self) {
        self.bytes.clear();
        (self.rest, self.len) = (0, 0);
    }

    fn put(&mut self, value: u8, bits: u32) {
        debug_assert!(u32::from(value) < 1 << bits, "{value} does not fit into {bits} bits");
        self.rest |= u32::from(value) << self.len;
        self.len += bits;
        if self.len >= 8 {
            self.bytes.push(self.rest as u8);
            self.rest >>= 8;
            self.len -= 8;
        }
    }

    fn end(&mut self) {
        if self.len > 0 {
            self.bytes.push(self.rest as u8);
        }
    }
}

/// Reads what a [`Writer`] wrote.
struct Reader<'a> {
    bytes: &'a [u8],
    /// How many bits were read.
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, bits: u32) -> u8 {
        let byte = |place: usize| u32::from(self.bytes.get(place).copied().unwrap_or_default());
        let place = self.at / 8;
        let value = (byte(place) | byte(place + 1) << 8) >> (self.at % 8);
        self.at += bits as usize;
        (value & ((1 << bits) - 1)) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Setup, apply, gestures};

    /// A walk through the states that always takes another of the gestures that there are.
    fn walk(setup: &Setup, steps: usize, mut look: impl FnMut(&State)) {
        for start in 0..40usize {
            let mut state = State::new();
            for step in 0..steps {
                let offered = gestures(setup, &state);
                let Some(gesture) =
                    offered.get((start * 31 + step * 17 + step * step * start) % offered.len())
                else {
                    break;
                };
                state = apply(setup, &state, gesture).0;
                look(&state);
            }
        }
    }

    /// Other names for the servers: the one that is called `i` is called `order[i]`.
    fn renamed(state: &State, setup: &Setup, order: &[Id]) -> State {
        let packer = Packer::new(&Setup { reduced: false, ..*setup });
        let mut writer = Writer::default();
        write(&mut writer, packer.bits, state, order);
        packer.unpack(&writer.bytes)
    }

    #[test]
    fn a_state_that_is_unpacked_is_spelled_as_before() {
        for reduced in [false, true] {
            let setup = Setup { reduced, ..Setup::default() };
            let mut packer = Packer::new(&setup);
            walk(&setup, 40, |state| {
                let bytes = packer.pack(state).to_vec();
                let again = packer.unpack(&bytes);
                assert_eq!(packer.pack(&again), bytes, "{state:?}");
                if !reduced {
                    assert_eq!(again.committed, state.committed);
                    assert_eq!(again.held, state.held);
                    assert_eq!(again.leaders, state.leaders);
                }
            });
        }
    }

    #[test]
    fn all_names_of_the_servers_give_one_spelling() {
        let setup = Setup::default();
        let mut packer = Packer::new(&setup);
        walk(&setup, 40, |state| {
            let bytes = packer.pack(state).to_vec();
            for order in orders_of(&[0, 1, 2]) {
                assert_eq!(packer.pack(&renamed(state, &setup, &order)), bytes, "{order:?} of {state:?}");
            }
        });
    }

    #[test]
    fn there_are_as_many_orders_as_there_should_be() {
        assert_eq!(orders_of(&[0, 1, 2, 3]).len(), 24);
        assert_eq!(orders_of(&[0, 1, 2])[0], [0, 1, 2]);
    }
}
