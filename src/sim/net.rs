//! The network: who can talk, messages on their way, and the names by which they are known.

use super::draw::{Purpose, Seed, draw, happens};
use super::event::EventId;
use super::setup::Link;
use crate::kv::{Op, Output};
use crate::raft::{MAX_SERVERS, Message, ReadMode, ServerId, ServerSet};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;

/// A client, C1 to C6. C1 is the person's; the others are the background workload's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u8);

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A server.
    Server(ServerId),
    /// A client.
    Client(ClientId),
}

impl Endpoint {
    /// A number from 0 to 15 that is this endpoint's alone: 1 to 9 for servers, from 10 for clients.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Endpoint::Server(id) => id.number(),
            Endpoint::Client(id) => MAX_SERVERS + id.0,
        }
    }

    /// The server, if it is one.
    #[must_use]
    pub fn server(self) -> Option<ServerId> {
        match self {
            Endpoint::Server(id) => Some(id),
            Endpoint::Client(_) => None,
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.0)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Server(id) => id.fmt(f),
            Endpoint::Client(id) => id.fmt(f),
        }
    }
}

impl std::str::FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        if text.starts_with(['C', 'c']) {
            return text.parse().map(Endpoint::Client);
        }
        text.parse().map(Endpoint::Server)
    }
}

impl std::str::FromStr for ClientId {
    type Err = String;

    fn from_str(text: &str) -> Result<ClientId, String> {
        match text.strip_prefix(['C', 'c']).map(str::parse) {
            Some(Ok(n @ 1..=6)) => Ok(ClientId(n)),
            _ => Err(format!("‘{text}’ is not a client: write C1 to C6")),
        }
    }
}

macro_rules! as_text {
    ($($type:ty),+) => {
        $(impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        })+
    };
}
as_text!(ClientId, Endpoint, PacketName);

/// What a message is known by: the link, the moment of its sending, and which of that moment. Names
/// survive branching: dropping one message renames no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketName {
    /// Who sent it.
    pub from: Endpoint,
    /// Who is to receive it.
    pub to: Endpoint,
    /// When it left, in microseconds.
    pub sent_us: u64,
    /// Which of those that left on this link at that moment, from 0.
    pub k: u32,
    /// 0 for the message itself, from 1 for copies of it.
    pub copy: u8,
}

impl fmt::Display for PacketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}@{}", self.from, self.to, self.sent_us)?;
        if self.k > 0 || self.copy > 0 {
            write!(f, ".{}", self.k)?;
        }
        if self.copy > 0 {
            write!(f, ".{}", self.copy)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for PacketName {
    type Err = String;

    fn from_str(text: &str) -> Result<PacketName, String> {
        let parse = || {
            let (from, rest) = text.split_once('>')?;
            let (to, when) = rest.split_once('@')?;
            let mut numbers = when.split('.');
            let name = PacketName {
                from: from.parse().ok()?,
                to: to.parse().ok()?,
                sent_us: numbers.next()?.parse().ok()?,
                k: numbers.next().map_or(Some(0), |n| n.parse().ok())?,
                copy: numbers.next().map_or(Some(0), |n| n.parse().ok())?,
            };
            numbers.next().is_none().then_some(name)
        };
        parse().ok_or_else(|| format!("‘{text}’ names no message: write S1>S2@15000, or S1>S2@15000.1"))
    }
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// From server to server.
    Raft(Message),
    /// A client asks.
    Request {
        /// The client's number for what it asks; a retry bears the same one.
        serial: u32,
        /// What it asks.
        op: Op,
        /// Whether it asks within a session, so that it takes effect at most once (D6.3).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        session: bool,
        /// How a read is to be answered (D6.4).
        #[serde(default, skip_serializing_if = "is_log")]
        mode: ReadMode,
    },
    /// A server answers a client.
    Response {
        /// Which request is answered.
        serial: u32,
        /// The answer.
        answer: Answer,
    },
}

fn is_log(mode: &ReadMode) -> bool {
    *mode == ReadMode::Log
}

/// What a server answers to a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// It is committed and applied; that is what the store said.
    Done(Output),
    /// Nothing was done: this server does not lead. It may know who does.
    NotLeader(Option<ServerId>),
    /// Nothing will come of it: another entry was committed in its place.
    Erased,
}

/// Why a message never arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DropReason {
    /// By the chance that the link has for it.
    Lost,
    /// The link was cut, when it left or when it would have arrived.
    Cut,
    /// The receiver is down.
    Down,
    /// Somebody took it away.
    ByHand,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Its name.
    pub name: PacketName,
    /// When it arrives, in microseconds. A held message has no arrival until it is released.
    pub arrives_us: u64,
    /// The event that sent it.
    pub cause: EventId,
    /// The event without which it would have left later: the write that it waited for.
    pub also: Option<EventId>,
    /// What it says.
    pub content: Content,
    /// Whether it is held.
    pub held: bool,
    /// Whether, and why, it is already known that it will not arrive.
    pub doomed: Option<DropReason>,
    /// Where it stands among those that arrive at the same time.
    order: u64,
}

/// How many messages left on one link lately, for names and draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Count {
    from: u8,
    to: u8,
    bucket: u64,
    in_bucket: u64,
    at_us: u64,
    at_instant: u32,
}

/// Draws for messages are named by the bucket of their sending, of this many microseconds.
const BUCKET_US: u64 = 1024;

/// The cuts of a partition, by sender ([`ServerId::slot`]): everyone is cut off from whoever is in no
/// common group with it. Who is in no group is alone.
#[must_use]
pub fn cuts_between(all: ServerSet, groups: &[ServerSet]) -> [ServerSet; MAX_SERVERS as usize] {
    let mut cuts = [ServerSet::EMPTY; MAX_SERVERS as usize];
    for id in all.iter() {
        let mut heard: ServerSet = [id].into_iter().collect();
        for group in groups.iter().filter(|group| group.contains(id)) {
            heard = heard.or(*group);
        }
        cuts[id.slot()] = all.minus(heard);
    }
    cuts
}

/// The network.
#[derive(Clone, Debug)]
pub struct Network {
    seed: Seed,
    /// How messages travel where a link has no setting of its own.
    pub default: Link,
    links: BTreeMap<(ServerId, ServerId), Link>,
    /// By sender: who does not hear it.
    cuts: [ServerSet; MAX_SERVERS as usize],
    /// Messages on their way, in no order, with holes.
    slots: Vec<Option<Packet>>,
    free: Vec<u32>,
    /// (arrival, order, slot), with entries that are out of date.
    queue: BinaryHeap<Reverse<(u64, u64, u32)>>,
    counts: Vec<Count>,
    sent: u64,
}

impl Network {
    /// A network without a message.
    #[must_use]
    pub fn new(seed: Seed, default: Link) -> Network {
        Network {
            seed,
            default,
            links: BTreeMap::new(),
            cuts: Default::default(),
            slots: Vec::new(),
            free: Vec::new(),
            queue: BinaryHeap::new(),
            counts: Vec::new(),
            sent: 0,
        }
    }

    /// How messages travel in this direction.
    #[must_use]
    pub fn link(&self, from: Endpoint, to: Endpoint) -> Link {
        match (from, to) {
            (Endpoint::Server(from), Endpoint::Server(to)) if !self.links.is_empty() => {
                self.links.get(&(from, to)).copied().unwrap_or(self.default)
            }
            _ => self.default,
        }
    }

    /// The setting that this direction has of its own, if it has one.
    #[must_use]
    pub fn own_link(&self, from: ServerId, to: ServerId) -> Option<Link> {
        self.links.get(&(from, to)).copied()
    }

    /// From now on messages travel like this in this direction.
    pub fn set_link(&mut self, from: ServerId, to: ServerId, link: Link) {
        self.links.insert((from, to), link);
    }

    /// Whether `to` does not hear `from`. Clients hear and are heard by everyone.
    #[must_use]
    pub fn is_cut(&self, from: Endpoint, to: Endpoint) -> bool {
        match (from, to) {
            (Endpoint::Server(from), Endpoint::Server(to)) => self.cuts[from.slot()].contains(to),
            _ => false,
        }
    }

    /// Whether any link is cut.
    #[must_use]
    pub fn any_cut(&self) -> bool {
        self.cuts.iter().any(|cut| !cut.is_empty())
    }

    /// By sender ([`ServerId::slot`]): who does not hear it.
    #[must_use]
    pub fn cuts(&self) -> &[ServerSet; MAX_SERVERS as usize] {
        &self.cuts
    }

    /// Puts other cuts in place of those that are.
    pub fn set_cuts(&mut self, cuts: [ServerSet; MAX_SERVERS as usize]) {
        self.cuts = cuts;
    }

    /// The messages on their way, held ones included, in no particular order.
    pub fn packets(&self) -> impl Iterator<Item = &Packet> {
        self.slots.iter().flatten()
    }

    /// The message of that name.
    #[must_use]
    pub fn packet(&self, name: PacketName) -> Option<&Packet> {
        self.packets().find(|packet| packet.name == name)
    }

    /// Sends a message, which gets its name, its travel time and perhaps its doom by draws. It may
    /// become two. Returns its name.
    pub fn send(
        &mut self,
        (from, to): (Endpoint, Endpoint),
        content: Content,
        now_us: u64,
        cause: EventId,
        also: Option<EventId>,
    ) -> PacketName {
        let (k, in_bucket) = self.count(from, to, now_us);
        let name = PacketName { from, to, sent_us: now_us, k, copy: 0 };
        let link = self.link(from, to);
        let subject = u64::from(from.code()) << 4 | u64::from(to.code());
        let draw = |purpose| draw(self.seed, purpose, subject, now_us / BUCKET_US, in_bucket);
        let travel = |purpose| link.shape.within(draw(purpose), link.latency.min_us, link.latency.max_us);

        let lost = link.loss_ppm > 0 && happens(draw(Purpose::Loss), link.loss_ppm);
        // A client's connection does not duplicate: else a request could be refused and taken as well, and
        // nobody could say of it that it failed.
        let duplicates = from.server().is_some() && to.server().is_some() && link.duplicate_ppm > 0;
        let twice = duplicates && happens(draw(Purpose::Duplication), link.duplicate_ppm);
        let doomed =
            if self.is_cut(from, to) { Some(DropReason::Cut) } else { lost.then_some(DropReason::Lost) };
        let arrives_us = now_us + travel(Purpose::Latency);
        let packet = Packet { name, arrives_us, cause, also, content, held: false, doomed, order: 0 };
        if twice {
            let name = PacketName { copy: 1, ..name };
            let arrives_us = now_us + travel(Purpose::CopyLatency);
            self.insert(Packet { name, arrives_us, ..packet.clone() });
        }
        self.insert(packet);
        name
    }

    /// A second copy of a message, that arrives when the first one does, after it.
    pub fn duplicate(&mut self, name: PacketName) -> Option<PacketName> {
        let original = self.packet(name)?.clone();
        let name = self.next_copy(name)?;
        self.insert(Packet { name, ..original });
        Some(name)
    }

    /// The name of the next copy of a message that is on its way. None: it has had 255, and there are names for no
    /// more.
    #[must_use]
    pub fn next_copy(&self, name: PacketName) -> Option<PacketName> {
        let copies = self.packets().map(|packet| packet.name).filter(|other| {
            (other.from, other.to, other.sent_us, other.k) == (name.from, name.to, name.sent_us, name.k)
        });
        let copy = copies.map(|other| other.copy).max()?.checked_add(1)?;
        Some(PacketName { copy, ..name })
    }

    /// Ordinals of the next message on a link: at this instant, and in this bucket.
    fn count(&mut self, from: Endpoint, to: Endpoint, now_us: u64) -> (u32, u64) {
        let (from, to, bucket) = (from.code(), to.code(), now_us / BUCKET_US);
        // What is of an earlier bucket counts as nothing, so it can go.
        if self.counts.first().is_some_and(|count| count.bucket != bucket) {
            self.counts.clear();
        }
        match self.counts.iter_mut().find(|count| count.from == from && count.to == to) {
            Some(count) => {
                count.in_bucket += 1;
                count.at_instant = if count.at_us == now_us { count.at_instant + 1 } else { 0 };
                count.at_us = now_us;
                (count.at_instant, count.in_bucket)
            }
            None => {
                self.counts.push(Count { from, to, bucket, in_bucket: 0, at_us: now_us, at_instant: 0 });
                (0, 0)
            }
        }
    }

    #[inline]
    fn insert(&mut self, packet: Packet) {
        let order = self.sent;
        self.sent += 1;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        if !packet.held {
            self.queue.push(Reverse((packet.arrives_us, order, slot)));
        }
        self.slots[slot as usize] = Some(Packet { order, ..packet });
    }

    /// When the next message arrives that is not held.
    #[inline]
    pub fn next_arrival_us(&mut self) -> Option<u64> {
        while let Some(&Reverse((arrives_us, order, slot))) = self.queue.peek() {
            if self.is_due(arrives_us, order, slot) {
                return Some(arrives_us);
            }
            self.queue.pop();
        }
        None
    }

    fn is_due(&self, arrives_us: u64, order: u64, slot: u32) -> bool {
        self.slots[slot as usize]
            .as_ref()
            .is_some_and(|packet| packet.order == order && packet.arrives_us == arrives_us && !packet.held)
    }

    /// Takes the next message that arrives and is not held.
    pub fn take_next(&mut self) -> Option<Packet> {
        self.next_arrival_us()?;
        let Reverse((_, _, slot)) = self.queue.pop()?;
        self.free.push(slot);
        self.slots[slot as usize].take()
    }

    /// Takes the message of that name.
    pub fn take(&mut self, name: PacketName) -> Option<Packet> {
        let slot = self.slots.iter().position(|slot| slot.as_ref().is_some_and(|p| p.name == name))?;
        self.free.push(slot as u32);
        self.slots[slot].take()
    }

    /// Puts a message back on its way, to arrive then.
    pub fn put_back(&mut self, packet: Packet, arrives_us: u64) {
        self.insert(Packet { arrives_us, held: false, ..packet });
    }

    /// Holds a message where it is.
    pub fn hold(&mut self, name: PacketName) {
        if let Some(packet) = self.slots.iter_mut().flatten().find(|packet| packet.name == name) {
            packet.held = true;
        }
    }

    /// Lets a held message go on: it arrives when it would have, or now if that is past.
    pub fn release(&mut self, name: PacketName, now_us: u64) {
        if let Some(packet) = self.take(name) {
            let arrives_us = packet.arrives_us.max(now_us);
            self.put_back(packet, arrives_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_name_reads_back_and_nonsense_is_refused_with_a_sentence() {
        for text in ["S1>S2@15000", "C1>S9@0.3", "S3>C2@7.0.1", "S3>S4@7.2.255"] {
            assert_eq!(text.parse::<PacketName>().unwrap().to_string(), text);
        }
        for text in ["", "S1", "S1>S2", "S1>S2@", "S0>S1@5", "S1>S2@5.1.2.3", "S1>S2@-5", "C9>S1@5", "<b>@1"]
        {
            assert!(text.parse::<PacketName>().unwrap_err().contains("names no message"), "{text}");
        }
    }

    fn request(network: &mut Network, from: &str, to: &str, now_us: u64) -> PacketName {
        let content = Content::Request {
            serial: 1,
            op: Op::Get { key: "x".into() },
            session: false,
            mode: ReadMode::Log,
        };
        network.send((from.parse().unwrap(), to.parse().unwrap()), content, now_us, EventId(0), None)
    }

    #[test]
    fn messages_of_one_instant_have_different_names_and_arrive_in_the_order_of_their_times() {
        let mut network = Network::new(Seed(1), Link::default());
        let names: Vec<PacketName> = (0..20).map(|_| request(&mut network, "C1", "S1", 5000)).collect();
        assert_eq!(names.iter().map(|name| name.k).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
        let arrivals: Vec<u64> =
            std::iter::from_fn(|| network.take_next()).map(|packet| packet.arrives_us).collect();
        assert_eq!(arrivals.len(), 20);
        assert!(arrivals.is_sorted());
        assert!(arrivals.iter().all(|at| (15_000..=20_000).contains(at)));
    }

    #[test]
    fn a_held_message_stays_until_it_is_released_and_a_copy_follows_its_original() {
        let mut network = Network::new(Seed(1), Link::default());
        let name = request(&mut network, "S1", "S2", 0);
        network.hold(name);
        assert_eq!(network.next_arrival_us(), None);
        network.release(name, 100_000);
        assert_eq!(network.next_arrival_us(), Some(100_000));
        let copy = network.duplicate(name).unwrap();
        assert_eq!(copy.copy, 1);
        assert_eq!(network.take_next().map(|packet| packet.name), Some(name));
        assert_eq!(network.take_next().map(|packet| packet.name), Some(copy));
        assert_eq!(network.take_next(), None);
    }

    #[test]
    fn a_draw_does_not_depend_on_what_other_links_carry() {
        let alone = {
            let mut network = Network::new(Seed(9), Link::default());
            request(&mut network, "S1", "S2", 77);
            network.take_next().unwrap().arrives_us
        };
        let mut network = Network::new(Seed(9), Link::default());
        request(&mut network, "S2", "S1", 70);
        request(&mut network, "S1", "S3", 77);
        let name = request(&mut network, "S1", "S2", 77);
        assert_eq!(network.take(name).unwrap().arrives_us, alone);
    }
}
