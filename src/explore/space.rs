//! States as rows of numbers, and steps from one to the next.
//!
//! A state is a row: a number for each server, one for the past, and one for each message on its way. What
//! a step does to the few parts that it touches is worked out once, by [`Local`]'s rules, and remembered.
//! Each worker remembers for itself; the numbers are shared.

use super::bound::{Bound, BoundSet};
use super::gesture::Grain;
use super::local::Local;
use super::model::{Bounds, Model};
use super::moves::{Load, Move};
use super::names::{RENAMED_MAX, nameless, permutations};
use super::past::{News, Past};
use super::pool::{Known, Pool};
use super::view::View;
use crate::check::Property;
use crate::check::goal::Goal;
use crate::raft::{Body, Index, Leadership, Message, Node, Progress, Role, Rule, Rules, ServerId, Term};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::collections::BTreeSet;

type Memo<K, V> = HashMap<K, V, FxBuildHasher>;

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// The parts of which states are made, shared by all workers.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) locals: Pool<Local>,
    pub(super) messages: Pool<Message>,
    pub(super) pasts: Pool<Past>,
}

impl Parts {
    /// About how many bytes they take. What most of them share is not counted for each.
    pub(super) fn bytes(&self) -> u64 {
        let local = size_of::<Local>() + size_of::<Leadership>() + 1500;
        let (message, past) = (size_of::<Message>() + 300, size_of::<Past>() + 500);
        let [locals, messages, pasts] = [self.locals.len(), self.messages.len(), self.pasts.len()];
        (locals * local + messages * message + pasts * past) as u64
    }
}

/// What does not change during a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) servers: usize,
    pub(super) rules: Rules,
    pub(super) bounds: Bounds,
    pub(super) grain: Grain,
    /// Whether states that differ only in the servers' names count as one.
    pub(super) symmetric: bool,
    /// Whether it may be forgotten what happened in terms that all servers have left.
    pub(super) forgets: bool,
    /// Whether a violation is told where it happens, and not remembered.
    pub(super) tells: bool,
}

/// What there is to know of a server before a step is chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    pub(super) up: bool,
    pub(super) leads: bool,
    /// Whether it sends requests.
    pub(super) asks: bool,
    pub(super) term: u64,
    /// The term that a crash would leave.
    on_disk: u64,
    pub(super) last: u64,
    /// The peers for which entries wait, a bit each.
    pub(super) waits: u16,
    /// A fingerprint of what does not change with names.
    pub(super) nameless: u64,
}

/// What there is to know of a message on its way.
#[derive(Clone, Copy, Debug)]
struct Way {
    from: u8,
    to: u8,
    is_request: bool,
    term: u64,
    /// The term of the request that it answers, if it answers one.
    asked: u64,
}

/// What comes of something that happens to one server.
#[derive(Clone, Copy, Debug)]
struct Done {
    after: u32,
    news: News,
    /// Where the messages that leave stand in [`Space::sent`].
    sent: (u32, u32),
}

/// A request and its reply.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    request: u32,
    /// The one who was asked.
    asked: (u32, News),
    reply: u32,
    /// The one who has asked, after the reply.
    asker: (u32, News),
}

/// What happens to a server: part of what a memo is kept by.
const TIMEOUT: u32 = u32::MAX;
const RESTART: u32 = u32::MAX - 1;
const BEAT: u32 = u32::MAX - 2;
/// A command for the first of a term's leaders; those for its later leaders come after it.
const REQUEST: u32 = u32::MAX - 1000;

/// Marks a peer in the memos, where a leader sends it nothing though entries wait.
const NOTHING: u8 = 1 << 7;

/// One worker's view of the states.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) parts: &'a Parts,
    pub(super) frame: Frame,
    pub(super) locals: Known<Local>,
    pub(super) messages: Known<Message>,
    pub(super) pasts: Known<Past>,
    pub(super) traits: Vec<Traits>,
    ways: Vec<Way>,
    pub(super) restarts: Vec<(u8, u8)>,
    steps: Memo<(u32, u32), Done>,
    sent: Vec<u32>,
    exchanges: Memo<(u32, u32, bool), Exchange>,
    requests: Memo<(u32, u8), u32>,
    misleads: Memo<(u32, u8, u32), u32>,
    forgotten: Memo<(u32, u64), u32>,
    /// All the ways to exchange names: what server becomes which.
    pub(super) names: Vec<Vec<u8>>,
    /// What has which number under other names, by the number of the exchange.
    pub(super) renamed: [Vec<u32>; 3],
    pub(super) scratch: Vec<u32>,
    /// The bounds that kept a step back.
    pub(super) met: BoundSet,
}

impl<'a> Space<'a> {
    pub(super) fn new(parts: &'a Parts, frame: Frame) -> Space<'a> {
        let servers = frame.servers;
        let symmetric = frame.symmetric && servers <= RENAMED_MAX;
        Space {
            parts,
            frame: Frame { symmetric, ..frame },
            locals: Known::default(),
            messages: Known::default(),
            pasts: Known::default(),
            traits: Vec::new(),
            ways: Vec::new(),
            restarts: Vec::new(),
            steps: Memo::default(),
            sent: Vec::new(),
            exchanges: Memo::default(),
            requests: Memo::default(),
            misleads: Memo::default(),
            forgotten: Memo::default(),
            names: if symmetric { permutations(servers) } else { Vec::new() },
            renamed: Default::default(),
            scratch: Vec::new(),
            met: BoundSet::default(),
        }
    }

    /// How many bytes it takes to remember what was worked out.
    pub(super) fn bytes(&self) -> u64 {
        fn of<K, V>(memo: &Memo<K, V>) -> usize {
            // While a table grows, there is the old one as well.
            memo.capacity() * 8 / 7 * (size_of::<(K, V)>() + 1) * 3 / 2
        }
        let memos = of(&self.steps)
            + of(&self.exchanges)
            + of(&self.requests)
            + of(&self.misleads)
            + of(&self.forgotten);
        let renamed: usize = self.renamed.iter().map(Vec::capacity).sum();
        let known = self.traits.capacity() * (size_of::<Traits>() + 16)
            + self.ways.capacity() * (size_of::<Way>() + 16);
        (memos + known + (renamed + self.sent.capacity()) * size_of::<u32>()) as u64
    }

    pub(super) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Takes a state into what a goal remembers.
    pub(super) fn remember(&mut self, row: &mut [u32], goal: &Goal) {
        let memory = self.past(row).memory;
        let more = goal.remember(&View::new(self, row), memory);
        if more != memory {
            self.note(row, |past| past.memory = more);
        }
    }

    /// The properties that a step has violated, where they are told; then they are not part of the state.
    pub(super) fn told(&mut self, row: &mut [u32]) -> BTreeSet<Property> {
        if !self.frame.tells || self.past(row).violated.is_empty() {
            return BTreeSet::new();
        }
        let violated = self.past(row).violated.clone();
        self.note(row, |past| past.violated.clear());
        violated
    }

    /// Whether a goal holds in a state that was taken in. Where violations are told, nothing else is looked for.
    pub(super) fn holds(&self, row: &[u32], goal: &Goal) -> bool {
        !self.frame.tells && goal.holds(&View::new(self, row), self.past(row).memory)
    }

    /// The row of a state.
    pub(super) fn row(&mut self, model: &Model) -> Vec<u32> {
        let mut row: Vec<u32> =
            model.servers.iter().map(|local| self.parts.locals.number(local.clone())).collect();
        row.push(self.parts.pasts.number(model.past.clone()));
        self.know(&row);
        for message in &model.messages {
            let number = self.message(message.clone());
            self.add(&mut row, number);
        }
        row
    }

    /// The state of a row.
    pub(super) fn model(&mut self, row: &[u32]) -> Model {
        self.know(row);
        Model {
            servers: self.servers(row).cloned().collect(),
            messages: row[self.frame.servers + 1..]
                .iter()
                .map(|&m| (**self.messages.get(m)).clone())
                .collect(),
            past: self.past(row).clone(),
        }
    }

    pub(super) fn servers<'s>(&'s self, row: &'s [u32]) -> impl Iterator<Item = &'s Local> + Clone {
        row[..self.frame.servers].iter().map(|&number| &**self.locals.get(number))
    }

    pub(super) fn past(&self, row: &[u32]) -> &Past {
        self.pasts.get(row[self.frame.servers])
    }

    /// Learns of all the parts of a row, which another worker may have found.
    pub(super) fn know(&mut self, row: &[u32]) {
        let (servers, rest) = row.split_at(self.frame.servers);
        servers.iter().for_each(|&local| self.know_local(local));
        self.know_past(rest[0]);
        rest[1..].iter().for_each(|&message| self.know_message(message));
    }

    fn know_local(&mut self, number: u32) {
        let traits = &mut self.traits;
        self.locals.learn(&self.parts.locals, number, |local| traits.push(Traits::of(local)));
    }

    pub(super) fn know_past(&mut self, number: u32) {
        let restarts = &mut self.restarts;
        self.pasts.learn(&self.parts.pasts, number, |past| restarts.push((past.restarts, past.misled)));
    }

    fn know_message(&mut self, number: u32) {
        let ways = &mut self.ways;
        self.messages.learn(&self.parts.messages, number, |message| {
            ways.push(Way::of(message));
        });
    }

    pub(super) fn local(&mut self, local: Local) -> u32 {
        let number = self.parts.locals.number(local);
        self.know_local(number);
        number
    }

    pub(super) fn message(&mut self, message: Message) -> u32 {
        let number = self.parts.messages.number(message);
        self.know_message(number);
        number
    }

    /// A fingerprint of a row, the same everywhere.
    pub(super) fn print(&self, row: &[u32]) -> u64 {
        let servers = self.frame.servers;
        let mix = |print: u64, part: u64| (print.rotate_left(5) ^ part).wrapping_mul(0x517c_c1b7_2722_0a95);
        let print = row[..servers].iter().fold(0, |print, &local| mix(print, self.locals.print(local)));
        let print = mix(print, self.pasts.print(row[servers]));
        let print = row[servers + 1..].iter().fold(print, |print, &m| mix(print, self.messages.print(m)));
        print ^ (print >> 32)
    }

    // The steps.

    /// Makes a step: the row after it. Whether it was possible, and is worth it.
    pub(super) fn make(&mut self, row: &[u32], step: Move, out: &mut Vec<u32>) -> bool {
        out.clear();
        out.extend_from_slice(row);
        let possible = self.take_step(out, step);
        if possible && self.frame.rules.is_on(Rule::TermSurvivesCrash) {
            self.forget(out);
        }
        possible
    }

    fn take_step(&mut self, out: &mut Vec<u32>, step: Move) -> bool {
        match step {
            Move::Timeout(at) => self.happens(out, at, TIMEOUT),
            Move::Request(at) => {
                let which = self.which_leader(out, at);
                self.happens(out, at, REQUEST + u32::from(which))
            }
            Move::Beat(at) => self.happens(out, at, BEAT),
            Move::Restart(at) => {
                let before = out[usize::from(at)];
                self.happens(out, at, RESTART);
                self.note(out, |past| past.restarts += 1);
                // Who loses nothing in a crash might as well not have crashed.
                out[usize::from(at)] != before
            }
            Move::Rpc(from, to, load) => match self.exchange(out, from, to, load) {
                Some(done) => {
                    self.put(out, to, done.asked);
                    self.put(out, from, done.asker);
                    true
                }
                None => false,
            },
            Move::HoldRequest(from, to, load) => match self.request(out[usize::from(from)], to, load) {
                NONE => false,
                request => self.add(out, request),
            },
            Move::HoldReply(from, to, load) => match self.exchange(out, from, to, load) {
                Some(Exchange { asked, reply, .. }) if reply != NONE => {
                    self.put(out, to, asked);
                    self.add(out, reply)
                }
                _ => false,
            },
            Move::Send(from, to) => match self.request(out[usize::from(from)], to, Load::Nothing) {
                NONE => false,
                request => self.add(out, request),
            },
            Move::Release(at) => self.release(out, at),
            Move::Mislead(at, to, next) => self.mislead(out, at, to, next),
            Move::Deliver(at) => {
                let message = self.take(out, at);
                let Way { to, .. } = self.ways[message as usize];
                self.traits[out[usize::from(to)] as usize].up && self.happens(out, to, message)
            }
            Move::Drop(at) => {
                self.take(out, at);
                true
            }
        }
    }

    /// Something happens to one server: a message (by its number), or something else. Whether there is room
    /// for the messages that leave.
    fn happens(&mut self, row: &mut Vec<u32>, at: u8, what: u32) -> bool {
        let done = self.step(row[usize::from(at)], what);
        self.put(row, at, (done.after, done.news));
        // What a server sends by itself is on its way only where messages are steps of their own.
        if self.frame.grain == Grain::Message {
            for sent in done.sent.0..done.sent.1 {
                let message = self.sent[sent as usize];
                if !self.add(row, message) {
                    return false;
                }
            }
        }
        true
    }

    /// What comes of something that happens to a server in that state.
    fn step(&mut self, local: u32, what: u32) -> Done {
        if let Some(&done) = self.steps.get(&(local, what)) {
            return done;
        }
        let (before, rules) = (self.locals.get(local).clone(), self.frame.rules);
        let (after, messages) = match what {
            TIMEOUT => before.time_out(rules),
            RESTART => (before.restart(rules), Vec::new()),
            BEAT => before.beat(rules),
            REQUEST.. => before.request((what - REQUEST) as u8, rules),
            message => before.receive((**self.messages.get(message)).clone(), rules),
        };
        let news = News::of(&before, &after);
        let first = self.sent.len() as u32;
        for message in messages {
            let message = self.message(message);
            self.sent.push(message);
        }
        let done = Done { after: self.local(after), news, sent: (first, self.sent.len() as u32) };
        self.steps.insert((local, what), done);
        done
    }

    /// Which of its term's leaders the server at that position is, from 0.
    pub(super) fn which_leader(&self, row: &[u32], at: u8) -> u8 {
        let node = &self.locals.get(row[usize::from(at)]).node;
        self.past(row).which_leader(node.id(), node.term())
    }

    /// The request that a server in that state would send to that peer.
    fn request(&mut self, local: u32, to: u8, load: Load) -> u32 {
        let key = (local, if load == Load::Nothing { to | NOTHING } else { to });
        if let Some(&request) = self.requests.get(&key) {
            return request;
        }
        let node = &self.locals.get(local).node;
        let request = ServerId::new(to + 1).and_then(|peer| match load {
            Load::All => node.rpc_for(peer),
            Load::Nothing => node.heartbeat_for(peer),
        });
        let request = request.map_or(NONE, |request| self.message(request));
        self.requests.insert(key, request);
        request
    }

    /// A request, what comes of it, and what comes of its reply.
    fn exchange(&mut self, row: &[u32], from: u8, to: u8, load: Load) -> Option<Exchange> {
        let (asker, asked) = (row[usize::from(from)], row[usize::from(to)]);
        let key = (asker, asked, load == Load::Nothing);
        if let Some(done) = self.exchanges.get(&key) {
            return (done.request != NONE).then_some(*done);
        }
        let request = match self.traits[asked as usize].up {
            true => self.request(asker, to, load),
            false => NONE,
        };
        let nothing = News::default();
        let mut done = Exchange { request, asked: (asked, nothing), reply: NONE, asker: (asker, nothing) };
        if request != NONE {
            let heard = self.step(asked, request);
            done.asked = (heard.after, heard.news);
            done.reply = self.reply_in(heard, from);
            if done.reply != NONE {
                let heard = self.step(asker, done.reply);
                done.asker = (heard.after, heard.news);
            }
        }
        self.exchanges.insert(key, done);
        (request != NONE).then_some(done)
    }

    /// The reply among the messages that left.
    fn reply_in(&self, done: Done, to: u8) -> u32 {
        let is_reply = |&&message: &&u32| {
            let way = self.ways[message as usize];
            way.to == to && !way.is_request
        };
        self.sent[done.sent.0 as usize..done.sent.1 as usize].iter().find(is_reply).copied().unwrap_or(NONE)
    }

    /// A message that was held arrives, and so does the reply to it.
    fn release(&mut self, row: &mut Vec<u32>, at: u8) -> bool {
        let message = self.take(row, at);
        let Way { from, to, is_request, .. } = self.ways[message as usize];
        if !self.traits[row[usize::from(to)] as usize].up {
            return false;
        }
        let heard = self.step(row[usize::from(to)], message);
        self.put(row, to, (heard.after, heard.news));
        let reply = if is_request { self.reply_in(heard, from) } else { NONE };
        if reply != NONE && self.traits[row[usize::from(from)] as usize].up {
            let heard = self.step(row[usize::from(from)], reply);
            self.put(row, from, (heard.after, heard.news));
        }
        true
    }

    fn mislead(&mut self, row: &mut [u32], at: u8, to: u8, next: u32) -> bool {
        let local = row[usize::from(at)];
        let key = (local, to, next);
        let after = match self.misleads.get(&key) {
            Some(&after) => after,
            None => {
                let before = self.locals.get(local).clone();
                let peer = ServerId::new(to + 1).unwrap_or(before.node.id());
                let node = before.node.clone().with_next(peer, Index(u64::from(next)));
                let after = self.local(Local { node, ..(*before).clone() });
                self.misleads.insert(key, after);
                after
            }
        };
        if after == local {
            return false;
        }
        row[usize::from(at)] = after;
        self.note(row, |past| past.misled += 1);
        true
    }

    /// The server has this state now; the past takes in what is new.
    fn put(&mut self, row: &mut [u32], at: u8, (after, news): (u32, News)) {
        row[usize::from(at)] = after;
        if news.is_none() {
            return;
        }
        let number = row[self.frame.servers];
        let mut past = (**self.pasts.get(number)).clone();
        past.learn(self.locals.get(after), news, self.servers(row));
        if past != **self.pasts.get(number) {
            self.set_past(row, past);
        }
    }

    fn note(&mut self, row: &mut [u32], note: impl FnOnce(&mut Past)) {
        let mut past = (**self.pasts.get(row[self.frame.servers])).clone();
        note(&mut past);
        self.set_past(row, past);
    }

    fn set_past(&mut self, row: &mut [u32], past: Past) {
        let number = self.parts.pasts.number(past);
        self.know_past(number);
        row[self.frame.servers] = number;
    }

    /// Forgets what can make no difference any more. Terms on disks only grow (with the rule that they survive
    /// a crash), so nobody will lead a term again that all servers have left, and who leads at all leads a
    /// later one than it; and the answer to a request of a term that the asker has left is dropped.
    fn forget(&mut self, row: &mut Vec<u32>) {
        let servers = self.frame.servers;
        if self.frame.forgets {
            let left_by = |&local: &u32| self.traits[local as usize].on_disk;
            let oldest = row[..servers].iter().map(left_by).min().unwrap_or(0);
            let past = row[servers];
            row[servers] = match self.forgotten.get(&(past, oldest)) {
                Some(&known) => known,
                None => {
                    let mut less = (**self.pasts.get(past)).clone();
                    less.forget_before(Term(oldest));
                    self.set_past(row, less);
                    self.forgotten.insert((past, oldest), row[servers]);
                    row[servers]
                }
            };
        }
        if self.frame.rules.is_on(Rule::DropStaleReplies) {
            let is_past = |way: Way, term: u64| !way.is_request && way.asked < term && way.term <= term;
            for at in (servers + 1..row.len()).rev() {
                let way = self.ways[row[at] as usize];
                if is_past(way, self.traits[row[usize::from(way.to)] as usize].on_disk) {
                    row.remove(at);
                }
            }
        }
    }

    /// A message leaves. Whether there was room for it.
    pub(super) fn add(&mut self, row: &mut Vec<u32>, message: u32) -> bool {
        let first = self.frame.servers + 1;
        if row.len() - first >= usize::from(self.frame.bounds.messages_max) {
            self.met.add(Bound::Messages);
            return false;
        }
        let print = self.messages.print(message);
        let at = row[first..].partition_point(|&other| self.messages.print(other) <= print);
        row.insert(first + at, message);
        true
    }

    fn take(&self, row: &mut Vec<u32>, at: u8) -> u32 {
        row.remove(self.frame.servers + 1 + usize::from(at))
    }
}

impl Way {
    fn of(message: &Message) -> Way {
        let asked = match message.body {
            Body::RequestVoteReply { asked, .. } | Body::AppendEntriesReply { asked, .. } => asked.0,
            // Of any other nothing is known: it is never past.
            _ => u64::MAX,
        };
        let (from, to) = (message.from.slot() as u8, message.to.slot() as u8);
        Way { from, to, is_request: message.is_request(), term: message.term.0, asked }
    }
}

impl Traits {
    fn of(local: &Local) -> Traits {
        let node = &local.node;
        Traits {
            up: local.up,
            leads: local.up && node.is_leader(),
            asks: local.up && !matches!(node.role(), Role::Follower { .. }),
            term: node.term().0,
            on_disk: local.term_on_disk().0,
            last: node.log().last_index().0,
            waits: waits(node),
            nameless: nameless(local),
        }
    }
}

/// The peers for which a leader has entries, a bit each.
fn waits(node: &Node) -> u16 {
    let Some(leading) = node.leadership() else { return 0 };
    let behind = |peer: &Progress| peer.next <= node.log().last_index();
    (0..).zip(&leading.progress).filter(|(_, peer)| behind(peer)).fold(0, |bits, (slot, _)| bits | 1 << slot)
}
