//! What the stage shows: plain values, computed from the world at a moment, and compared before
//! anything is drawn anew.

use crate::raft::{Body, Configuration, Role, RoleName, ServerId, Term, Timer};
use crate::sim::{
    Action, Answer, ClientId, Content, DropReason, Endpoint, Packet, PacketName, Server, What, World,
};
use crate::timeline::Run;
use crate::ui::geometry::{Geometry, Point};
use crate::ui::members::{self, Place};
use crate::ui::tank::{Selected, Tank};
use crate::ui::words;
use std::collections::BTreeMap;

/// The most messages that are drawn one by one.
const PACKETS_MAX: usize = 400;

/// How a message is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// RequestVote and its reply.
    Vote,
    /// PreVote and its reply.
    PreVote,
    /// AppendEntries and its reply.
    Append,
    /// A piece of a snapshot, and its reply.
    Snapshot,
    /// TimeoutNow.
    Timeout,
    /// ReadIndex, asked for and answered.
    Read,
    /// Between a client and a server.
    Client,
}

/// What kind of message it is, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyph {
    /// The shape.
    pub shape: Shape,
    /// A reply is hollow, with a sign.
    pub sign: Option<char>,
    /// How many entries it carries.
    pub entries: usize,
    /// Its term, if it bears one.
    pub term: Option<Term>,
}

/// A message on its way. Small and without text: there may be hundreds, and they are compared often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PacketView {
    /// Its name.
    pub name: PacketName,
    /// How it is drawn.
    pub glyph: Glyph,
    /// When it arrives.
    pub arrives_us: u64,
    /// The fraction of its way at which it stands still, if it does.
    pub stands: Option<f64>,
    /// Whether it is held.
    pub held: bool,
    /// Whether it will fall off its way.
    pub doomed: bool,
    /// Whether it is selected.
    pub selected: bool,
    /// What it is, in words.
    pub kind: &'static str,
}

/// A vote, inside a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// Granted.
    Have,
    /// Not answered yet.
    Coming,
    /// Refused.
    No,
}

/// A timer or a write as an arc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub from_us: u64,
    /// To when.
    pub to_us: u64,
}

/// A message that waits for the disk.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingView {
    /// To whom it will go.
    pub to: ServerId,
    /// How it is drawn.
    pub glyph: Glyph,
}

/// A server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerView {
    /// Which.
    pub id: ServerId,
    /// Where it stands.
    pub place: Point,
    /// Whether it runs.
    pub up: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// What it is.
    pub role: RoleName,
    /// currentTerm.
    pub term: Term,
    /// What it is in the configuration in sight.
    pub member: Place,
    /// Its candidacy: one vote a voter.
    pub votes: Vec<(ServerId, Vote)>,
    /// How many servers stand in the ring: a vote is drawn towards its voter.
    pub ring: u8,
    /// The part of a leader's snapshot that it has, of 1; where the whole is not known, a half.
    pub snapshot: Option<f64>,
    /// To whom it hands its leadership over.
    pub handing: Option<ServerId>,
    /// What is unusual about it, in a word or two.
    pub oddity: &'static str,
    /// The election timer.
    pub election: Option<Span>,
    /// The heartbeat timer.
    pub heartbeat: Option<Span>,
    /// The write under way, and how many wait behind it.
    pub disk: Option<(Span, usize)>,
    /// Messages that wait for the disk.
    pub waiting: Vec<WaitingView>,
    /// Messages that wait for the server to go on.
    pub inbox: usize,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether it makes a promise broken.
    pub accused: bool,
    /// What it is, in words.
    pub label: String,
}

/// A link between two servers.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkView {
    /// One end.
    pub a: ServerId,
    /// The other.
    pub b: ServerId,
    /// Whether messages from `a` to `b` are cut off.
    pub cut_ab: bool,
    /// Whether messages from `b` to `a` are cut off.
    pub cut_ba: bool,
    /// Whether it is selected.
    pub selected: bool,
}

/// A client.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientView {
    /// Which.
    pub id: ClientId,
    /// Whom it believes to lead.
    pub believes: ServerId,
    /// What it asks, or what it heard last.
    pub says: String,
    /// How many requests wait behind that one.
    pub queue: usize,
    /// Whether it is selected.
    pub selected: bool,
}

/// The whole stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageView {
    /// Its measures.
    pub geometry: Geometry,
    /// Where the servers stand.
    pub places: Vec<Point>,
    /// The servers.
    pub servers: Vec<ServerView>,
    /// The links.
    pub links: Vec<LinkView>,
    /// The clients.
    pub clients: Vec<ClientView>,
    /// The messages, if they are drawn one by one.
    pub packets: Vec<PacketView>,
    /// How many more there are than are drawn.
    pub more: usize,
    /// Whether messages are drawn as flow.
    pub flow: bool,
    /// Whether time stands still.
    pub manual: bool,
    /// Whether any link is cut.
    pub any_cut: bool,
    /// What decides, while that is not simply a majority.
    pub joint: Option<String>,
}

/// What the stage shows now.
pub fn of(tank: &Tank, compact: bool) -> StageView {
    let selected = tank.selected();
    let accused = tank.accused().map(|(servers, _)| servers).unwrap_or_default();
    let flow = tank.is_flow();
    tank.with(|run| {
        let world = run.world();
        let geometry = Geometry { servers: world.servers().len() as u8, compact };
        let places = geometry.places(world.network().cuts());
        let members = members::in_sight(world);
        let view = |s: &Server| {
            let accused = accused.contains(s.node.id());
            ServerView { accused, ..server(world, s, &members, &places, selected) }
        };
        let servers = world.servers().iter().map(view).collect();
        let (packets, more) = if flow { (Vec::new(), 0) } else { packets(run, selected) };
        StageView {
            servers,
            links: links(world, selected),
            clients: clients(world, selected),
            packets,
            more,
            flow,
            manual: world.is_manual(),
            any_cut: world.network().any_cut(),
            joint: members::joint_sentence(&members),
            geometry,
            places,
        }
    })
}

/// How much of its leader's snapshot a server has, if it is receiving one.
fn received(world: &World, server: &Server) -> Option<f64> {
    let (_, bytes) = server.node.incoming()?;
    let id = server.node.id();
    let whole = server
        .node
        .leader()
        .and_then(|leader| Some(world.server(leader)?.node.leadership()?.sending.get(&id)?.data.len()));
    Some(whole.map_or(0.5, |whole| bytes as f64 / whole.max(1) as f64))
}

fn server(
    world: &World,
    server: &Server,
    members: &Configuration,
    places: &[Point],
    selected: Option<Selected>,
) -> ServerView {
    let brief = server.brief();
    let id = server.node.id();
    let votes = match server.node.role() {
        Role::Candidate { granted, refused, .. } | Role::PreCandidate { granted, refused } if server.up => {
            let of = |voter: ServerId| match (granted.contains(voter), refused.contains(voter)) {
                (true, _) => Vote::Have,
                (_, true) => Vote::No,
                _ => Vote::Coming,
            };
            server.node.configuration().all_voters().iter().map(|voter| (voter, of(voter))).collect()
        }
        _ => Vec::new(),
    };
    let span =
        |timer| server.timer(timer).map(|running| Span { from_us: running.from_us, to_us: running.fires_us });
    let member = members::place(members, server);
    let oddity = oddity(world, server);
    let snapshot = received(world, server);
    let also = [
        if brief.paused { "paused" } else { "" },
        member.words(),
        if snapshot.is_some() { "receives a snapshot" } else { "" },
        oddity,
    ];
    let also: String = also.into_iter().filter(|it| !it.is_empty()).flat_map(|it| [", ", it]).collect();
    let handing = brief.transferring.filter(|_| server.up);
    let mut label = format!("{id}, {}{also}", words::role_word(server));
    if let Some(to) = handing {
        label += &format!(", hands its leadership over to {to}");
    }
    if !server.retired {
        let (term, commit, last) = (brief.term, brief.commit, brief.last_index);
        label += &format!(", term {term}, {commit} of {last} entries committed");
    }
    ServerView {
        id,
        place: places[id.slot()],
        up: server.up,
        paused: server.paused,
        role: brief.role,
        term: brief.term,
        member,
        votes,
        ring: world.servers().len() as u8,
        snapshot,
        handing,
        oddity,
        election: span(Timer::Election),
        heartbeat: span(Timer::Heartbeat),
        disk: server.disk.queue.front().map(|pending| {
            (Span { from_us: pending.from_us, to_us: pending.done_us }, server.disk.queue.len() - 1)
        }),
        waiting: server
            .waiting
            .iter()
            .map(|waiting| WaitingView {
                to: waiting.message.to,
                glyph: glyph(&Content::Raft(waiting.message.clone())),
            })
            .collect(),
        inbox: server.inbox.len(),
        selected: selected == Some(Selected::Server(id)),
        accused: false,
        label,
    }
}

/// What is unusual about a server's machine; of several things the gravest.
fn oddity(world: &World, server: &Server) -> &'static str {
    let (disk, common) = (&server.disk, world.options().fsync);
    let stalls = disk.stalls_until_us > world.now_us();
    match (disk.lies, stalls, server.clock_ppm.signum(), disk.fsync) {
        (true, ..) => "disk lies",
        (_, true, ..) => "disk stalls",
        (_, _, 1, _) => "fast clock",
        (_, _, -1, _) => "slow clock",
        (_, _, _, Some(own)) if own.max_us > common.max_us => "slow disk",
        (_, _, _, Some(own)) if own != common => "fast disk",
        _ => "",
    }
}

fn links(world: &World, selected: Option<Selected>) -> Vec<LinkView> {
    let mut links = Vec::new();
    for a in world.ids() {
        for b in world.ids().filter(|b| *b > a) {
            let cut = |from, to| world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to));
            let chosen = selected == Some(Selected::Link(a, b));
            links.push(LinkView { a, b, cut_ab: cut(a, b), cut_ba: cut(b, a), selected: chosen });
        }
    }
    links
}

fn clients(world: &World, selected: Option<Selected>) -> Vec<ClientView> {
    let shown = |client: &&crate::sim::Client| {
        client.id == ClientId(1) || client.tick_us.is_some() || client.call.is_some()
    };
    let view = |client: &crate::sim::Client| {
        let says = match (&client.call, client.finished.back()) {
            (Some(call), _) => format!("{} …", words::clip(&call.op.to_string(), 14)),
            (None, Some(done)) => format!(
                "{} {}",
                words::clip(&done.op.to_string(), 10),
                words::clip(&words::outcome_text(&done.outcome), 12)
            ),
            (None, None) => "nothing asked yet".into(),
        };
        ClientView {
            id: client.id,
            believes: client.target,
            says,
            queue: client.queue.len(),
            selected: selected == Some(Selected::Client(client.id)),
        }
    };
    world.clients().iter().filter(shown).map(view).collect()
}

/// The messages, in the order of their names so that keys stay in order, and how many were left out.
fn packets(run: &Run, selected: Option<Selected>) -> (Vec<PacketView>, usize) {
    let world = run.world();
    let mut packets: Vec<&Packet> = world.network().packets().collect();
    packets.sort_unstable_by_key(|packet| (packet.name.sent_us, packet.name));
    let more = packets.len().saturating_sub(PACKETS_MAX);
    // In manual mode nothing moves: messages of one link stand in a row.
    let mut on_link: BTreeMap<(Endpoint, Endpoint), f64> = BTreeMap::new();
    let view = |packet: &Packet| {
        let name = packet.name;
        let stands = if world.is_manual() {
            let place = on_link.entry((name.from, name.to)).or_insert(0.2);
            *place = (*place + 0.13).min(0.9);
            Some(*place)
        } else if packet.held {
            Some(held_at(run, packet))
        } else {
            None
        };
        let cut = world.network().is_cut(name.from, name.to);
        PacketView {
            name,
            glyph: glyph(&packet.content),
            arrives_us: packet.arrives_us,
            stands,
            held: packet.held,
            doomed: (packet.doomed.is_some_and(|why| why != DropReason::Down) || cut) && !world.is_manual(),
            selected: selected == Some(Selected::Message(name)),
            kind: words::content_name(&packet.content),
        }
    };
    (packets.into_iter().skip(more).map(view).collect(), more)
}

/// The fraction of its way at which a message was taken hold of.
fn held_at(run: &Run, packet: &Packet) -> f64 {
    let is_it = |event: &&std::sync::Arc<crate::sim::Event>| {
        matches!(&event.what, What::Acted { action: Action::Hold { message }, refused: None }
            if *message == packet.name)
    };
    let since_us = run.events().iter().rev().find(is_it).map_or(packet.name.sent_us, |event| event.at_us);
    fraction(packet.name.sent_us, packet.arrives_us, since_us as f64).clamp(0.08, 0.92)
}

/// How much of a span is over.
pub fn fraction(from_us: u64, to_us: u64, now_us: f64) -> f64 {
    if to_us <= from_us {
        return 1.0;
    }
    ((now_us - from_us as f64) / (to_us - from_us) as f64).clamp(0.0, 1.0)
}

/// How a message is drawn.
pub fn glyph(content: &Content) -> Glyph {
    let sign = |good: bool| Some(if good { '+' } else { '−' });
    let (shape, sign, entries, term) = match content {
        Content::Raft(message) => {
            let (shape, sign, entries) = match &message.body {
                Body::RequestVote { .. } => (Shape::Vote, None, 0),
                Body::RequestVoteReply { granted, .. } => (Shape::Vote, sign(*granted), 0),
                Body::PreVote { .. } => (Shape::PreVote, None, 0),
                Body::PreVoteReply { granted, .. } => (Shape::PreVote, sign(*granted), 0),
                Body::InstallSnapshot { .. } => (Shape::Snapshot, None, 0),
                Body::InstallSnapshotReply { outcome, .. } => {
                    (Shape::Snapshot, sign(*outcome != crate::raft::SnapshotOutcome::Stale), 0)
                }
                Body::TimeoutNow => (Shape::Timeout, None, 0),
                Body::ReadIndex { .. } => (Shape::Read, None, 0),
                Body::ReadIndexReply { index, .. } => (Shape::Read, sign(index.is_some()), 0),
                Body::AppendEntries { entries, .. } => (Shape::Append, None, entries.len()),
                Body::AppendEntriesReply { outcome, .. } => {
                    (Shape::Append, sign(*outcome == crate::raft::AppendOutcome::Success), 0)
                }
            };
            (shape, sign, entries, Some(message.term))
        }
        Content::Request { .. } => (Shape::Client, None, 0, None),
        Content::Response { answer, .. } => {
            let sign = match answer {
                Answer::Done(_) => '✓',
                Answer::NotLeader(Some(_)) => '↷',
                Answer::NotLeader(None) | Answer::Erased => '✕',
            };
            (Shape::Client, Some(sign), 0, None)
        }
    };
    Glyph { shape, sign, entries, term }
}
