//! ShiViz's log format: each event of a host with its vector clock, from which ShiViz draws who could
//! have known what.
//!
//! A host is a server or a client. Its own count grows by one with each of its events; a message carries
//! the clock of its sender, and whoever receives it takes the greater of each count. A server that crashes
//! and comes back stays the same host: what is on its disk it still knows.

use super::{Listener, Moment};
use crate::sim::{Action, ClientId, Endpoint, Event, PacketName, What, World};
use crate::timeline::Recording;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// The regular expression that reads this log; it is the log's first line.
pub const PARSER: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";

/// How many of the last events may be looked back on to find words for one.
const REMEMBERED: usize = 2000;

/// Who asks when a person does.
const THE_PERSON: ClientId = ClientId(1);

/// A vector clock: how many events of each host its holder can know of.
pub type Clock = BTreeMap<Endpoint, u64>;

/// Writes a log for ShiViz as it hears of the run. `words` says in a few words what happened.
#[derive(Debug)]
pub struct Shiviz<W, F> {
    out: W,
    words: F,
    clocks: BTreeMap<Endpoint, Clock>,
    /// The clocks that messages carry: those on their way, and some that have arrived since.
    carried: BTreeMap<PacketName, Clock>,
    /// With how many of them it is time to look which are still on their way.
    clear_at: usize,
}

impl<W: Write, F: Fn(Moment) -> String> Shiviz<W, F> {
    /// A log that is written there.
    pub fn new(out: W, words: F) -> Shiviz<W, F> {
        Shiviz { out, words, clocks: BTreeMap::new(), carried: BTreeMap::new(), clear_at: 1000 }
    }

    /// Forgets the clocks of messages that nobody can receive any more.
    fn clear(&mut self, world: &World) {
        if self.carried.len() < self.clear_at {
            return;
        }
        let waiting = world.servers().iter().flat_map(|server| &server.inbox);
        let on_way = world.network().packets().chain(waiting);
        let on_way: BTreeSet<PacketName> = on_way.map(|packet| original(packet.name)).collect();
        self.carried.retain(|name, _| on_way.contains(name));
        self.clear_at = 1000 + 2 * self.carried.len();
    }

    /// The clock of a host after one more event of its own, in which it may have received something.
    fn tick(&mut self, host: Endpoint, received: Option<PacketName>) -> Clock {
        let carried = received.and_then(|name| self.carried.get(&original(name)));
        let clock = self.clocks.entry(host).or_default();
        for (&other, &count) in carried.into_iter().flatten() {
            let known = clock.entry(other).or_default();
            *known = count.max(*known);
        }
        *clock.entry(host).or_default() += 1;
        clock.clone()
    }
}

impl<W: Write, F: Fn(Moment) -> String> Listener for Shiviz<W, F> {
    const REMEMBERS: usize = REMEMBERED;

    /// The regular expression, and an empty one: the log is of one run.
    fn begin(&mut self, _: &Recording, _: &World) -> io::Result<()> {
        write!(self.out, "{PARSER}\n\n")
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        let Some(host) = host_of(moment.event) else { return Ok(()) };
        let received = match &moment.event.what {
            What::Delivered { message, .. } => Some(*message),
            _ => None,
        };
        let clock = self.tick(host, received);
        let line = serde_json::to_string(&clock)?;
        for &name in &moment.event.sent {
            self.carried.insert(original(name), clock.clone());
        }
        self.clear(moment.world);
        // One line: what people have put into keys and values may hold several.
        let words = (self.words)(moment).replace(char::is_control, " ");
        writeln!(self.out, "{host} {line}\n{words}")
    }
}

/// All copies of a message carry the same clock.
fn original(name: PacketName) -> PacketName {
    PacketName { copy: 0, ..name }
}

/// Whose event it is; nobody's when it happened on the network, or to the world as a whole.
fn host_of(event: &Event) -> Option<Endpoint> {
    match &event.what {
        What::Delivered { message, .. } => Some(message.to),
        What::Woke { client, .. } | What::Ticked { client } => Some(Endpoint::Client(*client)),
        What::Acted { action: Action::Submit { .. }, .. } => Some(Endpoint::Client(THE_PERSON)),
        _ => event.server.map(Endpoint::Server),
    }
}
