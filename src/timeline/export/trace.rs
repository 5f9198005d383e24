//! The trace, line by line: first what the run is made of, then what happened.

use super::wire::{LogTerms, Message, State, WireGuard, Wrote};
use super::{Listener, Moment};
use crate::order;
use crate::raft::{Index, ServerId, Timer, Token};
use crate::sim::{
    Action, Brief, ClientId, DropReason, Event, EventId, Finished, Network, PacketName, Refusal, Server,
    Setup, What, World,
};
use crate::timeline::{Recording, SEMANTICS, Stamp, Start};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What the first line of a trace calls it.
pub const FORMAT: &str = "wavetank-trace";
/// The version of the trace. It grows when a field goes, or means something else; new fields may come.
pub const VERSION: u32 = 1;

/// Writes a trace as it hears of the run.
#[derive(Debug)]
pub struct Trace<W> {
    out: W,
    /// By server: the terms of its log, and its state, as they were last.
    known: Vec<(LogTerms, Brief)>,
}

/// The first line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    format: &'static str,
    version: u32,
    /// By which meaning the run ran, whoever made the recording.
    semantics: u32,
    setup: &'a Setup,
    start: &'a Start,
    end: Stamp,
    servers: BTreeMap<ServerId, State<'a>>,
    /// The messages that are on their way before anything happens.
    sent: Vec<Message<'a>>,
}

/// One event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    id: EventId,
    at_us: u64,
    kind: &'static str,
    server: Option<ServerId>,
    causes: Vec<EventId>,
    #[serde(flatten)]
    what: Details<'a>,
    guards: Vec<WireGuard>,
    wrote: Vec<Wrote>,
    sent: Vec<Message<'a>>,
    waiting: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<&'a Finished>,
    state: Option<State<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    others: BTreeMap<ServerId, State<'a>>,
}

/// What only events of some kinds have.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Why<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<Timer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DropReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timed_out: Option<bool>,
}

/// Why nothing came of an action, as data and as a sentence.
#[derive(Serialize)]
struct Why<'a> {
    why: &'a Refusal,
    sentence: String,
}

fn details(what: &What) -> (&'static str, Details<'_>) {
    let none = Details::default();
    match what {
        What::Acted { action, refused } => {
            let refused = refused.as_ref().map(|why| Why { why, sentence: why.to_string() });
            ("acted", Details { action: Some(action), refused, ..none })
        }
        What::Fired { timer } => ("fired", Details { timer: Some(*timer), ..none }),
        What::Delivered { message, content } => {
            ("delivered", Details { message: Some(Message::new(*message, content)), ..none })
        }
        What::Dropped { message, content, reason } => {
            let message = Some(Message::new(*message, content));
            ("dropped", Details { message, reason: Some(*reason), ..none })
        }
        What::Queued { message, content } => {
            ("queued", Details { message: Some(Message::new(*message, content)), ..none })
        }
        What::Synced { token } => ("synced", Details { token: Some(*token), ..none }),
        What::Woke { client, serial, timed_out } => {
            let (client, serial, timed_out) = (Some(*client), Some(*serial), Some(*timed_out));
            ("woke", Details { client, serial, timed_out, ..none })
        }
        What::Ticked { client } => ("ticked", Details { client: Some(*client), ..none }),
    }
}

impl<W: Write> Trace<W> {
    /// A trace that is written there.
    pub fn new(out: W) -> Trace<W> {
        Trace { out, known: Vec::new() }
    }

    fn line(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        self.out.write_all(&line)
    }

    /// Takes note of what the event has changed; the servers besides its own whose state is another now.
    fn catch_up(&mut self, world: &World, event: &Event) -> Vec<ServerId> {
        let mut others = Vec::new();
        for server in world.servers() {
            let (id, now) = (server.node.id(), server.brief());
            let own = event.server == Some(id);
            let log = server.node.log();
            match self.known.get_mut(id.slot()) {
                None => self.known.push((LogTerms::of(log), now)),
                Some((terms, brief)) => {
                    let changed = *brief != now;
                    if let Some(from) = rewritten(event, own, changed) {
                        terms.follow(log, from);
                    }
                    *brief = now;
                    if !changed {
                        continue;
                    }
                }
            }
            if !own {
                others.push(id);
            }
        }
        others
    }

    fn state<'a>(&'a self, server: &'a Server) -> State<'a> {
        State::of(server, &self.known[server.node.id().slot()].0)
    }
}

/// From which index on a server's log may have changed. What people do to a server (a crash, a restart)
/// may cut its log anywhere.
fn rewritten(event: &Event, own: bool, changed: bool) -> Option<Index> {
    let by_hand = matches!(event.what, What::Acted { .. });
    match event.change.filter(|_| own && !by_hand) {
        Some(change) if change.before.first_index != change.after.first_index => Some(Index(0)),
        Some(change) => change.log_from,
        None => (own || changed).then_some(Index(0)),
    }
}

impl<W: Write> Listener for Trace<W> {
    const REMEMBERS: usize = 0;

    fn begin(&mut self, recording: &Recording, world: &World) -> io::Result<()> {
        let servers = world.servers().iter();
        self.known = servers.clone().map(|s| (LogTerms::of(s.node.log()), s.brief())).collect();
        let states = order::map(servers.map(|server| (server.node.id(), self.state(server))));
        let mut packets: Vec<_> = world.network().packets().collect();
        packets.sort_by_key(|packet| packet.name);
        let header = Header {
            format: FORMAT,
            version: VERSION,
            semantics: SEMANTICS,
            setup: world.setup(),
            start: &recording.start,
            end: recording.end,
            servers: states,
            sent: packets.into_iter().map(|packet| Message::new(packet.name, &packet.content)).collect(),
        };
        let line = serde_json::to_vec(&header)?;
        self.line(line)
    }

    fn hear(&mut self, Moment { world, event, .. }: Moment) -> io::Result<()> {
        let others = self.catch_up(world, event);
        let (kind, what) = details(&event.what);
        let own = event.server.and_then(|id| world.server(id));
        let line = serde_json::to_vec(&Line {
            id: event.id,
            at_us: event.at_us,
            kind,
            server: event.server,
            causes: causes(event),
            what,
            guards: event.guards.iter().map(WireGuard::of).collect(),
            wrote: own.map_or_else(Vec::new, |server| wrote(server, event)),
            sent: event.sent.iter().filter_map(|&name| sent(world.network(), name, event)).collect(),
            waiting: event.waiting,
            finished: event.finished.as_deref(),
            state: own.map(|server| self.state(server)),
            others: order::map(others.iter().filter_map(|&id| Some((id, self.state(world.server(id)?))))),
        })?;
        self.line(line)
    }
}

/// What brought an event about. The start of a run is no event, and nothing causes itself.
fn causes(event: &Event) -> Vec<EventId> {
    event.causes.iter().flatten().copied().filter(|&cause| cause < event.id).collect()
}

/// The writes that the event has asked for: they are in the disk's queue since.
fn wrote(server: &Server, event: &Event) -> Vec<Wrote> {
    if event.wrote.is_none() {
        return Vec::new();
    }
    let asked = server.disk.queue.iter().filter(|pending| pending.cause == event.id);
    asked.map(|pending| Wrote::of(&pending.write)).collect()
}

/// A message that has just left. It is on its way, even if it will not arrive. What waited for the disk, and a copy,
/// says what was so when it was written, and by which event that was.
fn sent<'a>(network: &'a Network, name: PacketName, event: &Event) -> Option<Message<'a>> {
    let packet = network.packet(name)?;
    let mut message = Message::new(name, &packet.content);
    message.written = Some(packet.cause).filter(|&cause| cause < event.id);
    Some(message)
}
