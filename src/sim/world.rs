//! The world itself: what happens next, and what comes of it.

use super::client::Client;
use super::disk::Disk;
use super::draw::{Purpose, Shape, draw};
use super::event::{Brief, Change, Event, EventId, Finished, Stepped, TookEffect, What};
use super::net::{Answer, ClientId, Content, DropReason, Endpoint, Network, Packet, PacketName};
use super::schedule::Schedules;
use super::server::{Request, Running, Server, Waiting};
use super::setup::{Options, Setup};
use super::workload::Workload;
use crate::kv::{Command, Output};
use crate::raft::{
    Configuration, Durable, Effect, Index, Input, Message, Node, Observer, Refused, RoleName, Rules,
    ServerId, ServerSet, Timer, TimerRange, Token, Unobserved,
};

mod act;
mod clients;
mod machine;
mod schedules;

/// Someone who looks on. It hears each decision ([`Observer`]), and then what happened.
pub trait Watch: Observer + Sized {
    /// Something has happened. The event is built only for an observer that watches; its guards are
    /// empty: the watcher has heard them.
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>);
}

impl Watch for Unobserved {
    fn happened(&mut self, _: &World, _: &Stepped, _: Option<Event>) {}
}

/// The world of one run.
#[derive(Clone, Debug)]
pub struct World {
    setup: Setup,
    rules: Rules,
    options: Options,
    now_us: u64,
    /// How many things have happened at this instant, actions not counted.
    at_instant: u32,
    events: u64,
    manual: bool,
    servers: Vec<Server>,
    network: Network,
    clients: Vec<Client>,
    schedules: Schedules,
    /// What background clients ask, where it is not what the options say.
    workload: Option<Workload>,
    /// Room for effects, so that a step need not allocate. Empty between steps.
    effects: Vec<Effect>,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Next {
    Write(ServerId),
    Arrival,
    Timer(ServerId, Timer),
    Client(usize),
    Tick(usize),
    Scheduled,
}

/// What happens earliest of all that was considered.
#[derive(Clone, Copy)]
struct Earliest {
    at_us: u64,
    next: Next,
}

impl Earliest {
    /// Nothing was considered yet.
    fn never(next: Next) -> Earliest {
        Earliest { at_us: u64::MAX, next }
    }

    /// Considers this as well. What was considered before wins a tie.
    #[inline]
    fn or(&mut self, at_us: u64, next: impl FnOnce() -> Next) {
        if at_us < self.at_us {
            *self = Earliest { at_us, next: next() };
        }
    }
}

/// An event under way.
struct Draft {
    id: EventId,
    server: Option<ServerId>,
    client: Option<ClientId>,
    acted: bool,
    before: Option<Brief>,
    causes: [Option<EventId>; 2],
    log_from: Option<Index>,
    reborn: bool,
    /// Whether somebody watches, so that `sent` is worth filling.
    watched: bool,
    sent: Vec<PacketName>,
    waiting: u32,
    wrote: Option<Token>,
    finished: Option<Box<Finished>>,
    /// The client's request that is being proposed.
    request: Option<(ClientId, u32)>,
    /// Whether links were cut or mended.
    recut: bool,
    /// Why a server does not do what it was asked for.
    refused: Option<(ServerId, Refused)>,
    /// Whether the server wants a snapshot of its state machine.
    snapshot_due: bool,
    /// The commands of sessions that were carried out.
    took_effect: Vec<TookEffect>,
}

impl Draft {
    fn sends(&mut self, message: PacketName) {
        if self.watched {
            self.sent.push(message);
        }
    }
}

// To look at.
impl World {
    /// The setup that the run started from.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The options in force.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// What time it is, in microseconds from the start.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// How many things have happened at this instant, actions not counted.
    #[must_use]
    pub fn at_instant(&self) -> u32 {
        self.at_instant
    }

    /// How many events there have been.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Whether time stands still.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.manual
    }

    /// All servers, S1 first.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// One server, if it is there.
    #[must_use]
    pub fn server(&self, id: ServerId) -> Option<&Server> {
        self.servers.get(id.slot())
    }

    /// The names of all servers.
    pub fn ids(&self) -> impl Iterator<Item = ServerId> + use<> {
        ServerId::first(self.servers.len() as u8)
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// All clients, C1 first.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// What the world does by itself, again and again.
    #[must_use]
    pub fn schedules(&self) -> &Schedules {
        &self.schedules
    }

    /// What background clients ask, where it is not what the options say.
    #[must_use]
    pub fn workload(&self) -> Option<&Workload> {
        self.workload.as_ref()
    }

    /// When something happens next, in microseconds; nothing in manual mode, unless a disk works.
    #[must_use]
    pub fn next_us(&mut self) -> Option<u64> {
        self.next().map(|(at_us, _)| at_us)
    }
}

// To run.
impl World {
    /// A world at time 0: all servers up, nothing said yet.
    ///
    /// # Panics
    /// When [`Setup::check`] has something to say.
    #[must_use]
    pub fn new(setup: &Setup) -> World {
        let configuration = Configuration::of_first(setup.servers);
        let disks = ServerId::first(setup.servers).map(|_| Durable::new(configuration)).collect();
        World::with_disks(setup, disks, |_, node| (node, true))
    }

    /// A world at time 0 whose servers have these disks. `adjust` has the last word on each node, and
    /// on whether it is up.
    pub(super) fn with_disks(
        setup: &Setup,
        disks: Vec<Durable>,
        adjust: impl Fn(ServerId, Node) -> (Node, bool),
    ) -> World {
        assert_eq!(setup.check(), Ok(()), "a setup is checked before a world is made of it");
        let first = ServerId::first(1).next().expect("there is a first server");
        let mut world = World {
            rules: setup.rules_off,
            options: setup.options.clone(),
            network: Network::new(setup.seed, setup.options.link),
            setup: setup.clone(),
            now_us: 0,
            at_instant: 0,
            events: 0,
            manual: false,
            servers: Vec::new(),
            clients: vec![Client::new(ClientId(1), first), Client::new(ClientId(2), first)],
            schedules: Schedules::default(),
            workload: None,
            effects: Vec::new(),
        };
        let mut up = ServerSet::EMPTY;
        for (id, durable) in ServerId::first(setup.servers).zip(disks) {
            let node = Node::new(id, world.options.for_server(), &durable, Rules::ALL_ON, &mut Unobserved);
            let (node, runs) = adjust(id, node);
            world.servers.push(Server::new(node, Disk::new(setup.seed, id, durable)));
            if runs {
                up.insert(id);
            }
        }
        for id in up.iter() {
            world.servers[id.slot()].up = true;
            let mut draft = world.draft::<Unobserved>(Some(id));
            world.events = 0;
            // What a new candidate and a new leader do at once is what their heartbeat timer has them
            // repeat. A leader has no election timer to start.
            let role = world.servers[id.slot()].node.role().name();
            if role != RoleName::Leader {
                world.on_server(id, Input::Started, &mut draft, &mut Unobserved);
            }
            if role != RoleName::Follower {
                world.on_server(id, Input::Fired(Timer::Heartbeat), &mut draft, &mut Unobserved);
            }
        }
        world.schedule_workload();
        world
    }

    /// Lets the next thing happen, whenever that is. Nothing if nothing will ever happen by itself.
    ///
    /// At one instant, writes become durable first, then messages arrive in the order in which they
    /// were sent, then timers fire, then clients act, then
    /// schedules; each kind in the order of their numbers.
    pub fn step<W: Watch>(&mut self, watch: &mut W) -> Option<EventId> {
        let (at_us, next) = self.next()?;
        self.happen(at_us, next, watch)
    }

    /// Lets that happen which is next.
    fn happen<W: Watch>(&mut self, at_us: u64, next: Next, watch: &mut W) -> Option<EventId> {
        self.pass_to(at_us);
        self.at_instant += 1;
        match next {
            Next::Write(id) => self.finish_write(id, watch),
            Next::Timer(id, timer) => Some(self.fire(id, timer, None, watch)),
            Next::Client(client) => self.wake(client, watch),
            Next::Tick(client) => Some(self.tick(client, watch)),
            Next::Arrival => self.arrive(watch),
            Next::Scheduled => self.do_scheduled(watch),
        }
    }

    /// Lets everything happen that happens until then, and makes it that late. In manual mode time
    /// stands still.
    pub fn run_until<W: Watch>(&mut self, until_us: u64, watch: &mut W) {
        while let Some((at_us, next)) = self.next()
            && at_us <= until_us
        {
            self.happen(at_us, next, watch);
        }
        if !self.manual {
            self.pass_to(until_us);
        }
    }

    /// Makes it that late, where nothing happens before.
    pub fn pass_to(&mut self, until_us: u64) {
        if until_us > self.now_us {
            self.now_us = until_us;
            self.at_instant = 0;
        }
    }

    fn next(&mut self) -> Option<(u64, Next)> {
        if self.manual {
            let writing = |s: &&Server| s.is_active() && s.disk.next_done_us().is_some();
            return self.servers.iter().find(writing).map(|s| (self.now_us, Next::Write(s.node.id())));
        }
        // The earliest of each kind; of those at one instant the first, in the order that `step` states.
        let mut write = Earliest::never(Next::Arrival);
        let mut timer = write;
        for server in self.servers.iter().filter(|server| !server.paused) {
            if let Some(done_us) = server.disk.next_done_us() {
                write.or(done_us, || Next::Write(server.node.id()));
            }
            if let Some((fires_us, which)) = server.next_timer() {
                timer.or(fires_us, || Next::Timer(server.node.id(), which));
            }
        }
        let mut next = write;
        if let Some(arrives_us) = self.network.next_arrival_us() {
            next.or(arrives_us, || Next::Arrival);
        }
        // What a paused server missed happens when it goes on, not in the past. So mail that has waited
        // for it comes before a timer that ran out meanwhile, as at any instant.
        next.or(timer.at_us.max(self.now_us), || timer.next);
        for (slot, client) in self.clients.iter().enumerate() {
            if let Some(call) = &client.call {
                next.or(call.wake_us, || Next::Client(slot));
            }
            if let Some(tick_us) = client.tick_us {
                next.or(tick_us, || Next::Tick(slot));
            }
        }
        next.or(self.schedules.next_us(), || Next::Scheduled);
        (next.at_us < u64::MAX).then(|| (next.at_us.max(self.now_us), next.next))
    }

    // What happens by itself.

    fn finish_write<W: Watch>(&mut self, id: ServerId, watch: &mut W) -> Option<EventId> {
        let mut draft = self.draft::<W>(Some(id));
        let server = &mut self.servers[id.slot()];
        let (token, cause, last) = server.disk.finish(self.now_us)?;
        server.synced = token;
        draft.causes[0] = Some(cause);
        self.release_waiting(id, token, &mut draft);
        self.on_server(id, Input::Persisted(token, last), &mut draft, watch);
        Some(self.close(&mut draft, || What::Synced { token }, watch))
    }

    /// Messages leave that waited for this write or an earlier one.
    fn release_waiting(&mut self, id: ServerId, token: Token, draft: &mut Draft) {
        let mut waiting = std::mem::take(&mut self.servers[id.slot()].waiting);
        for Waiting { message, cause, .. } in waiting.extract_if(.., |waiting| waiting.after <= token) {
            self.send(message, cause, Some(draft.id), draft);
        }
        self.servers[id.slot()].waiting = waiting;
    }

    fn fire<W: Watch>(
        &mut self,
        id: ServerId,
        timer: Timer,
        by_hand: Option<EventId>,
        watch: &mut W,
    ) -> EventId {
        let mut draft = self.draft::<W>(Some(id));
        let server = &mut self.servers[id.slot()];
        let running = server.put_timer(timer, None);
        draft.causes = [running.map(|running| running.cause), by_hand];
        if timer == Timer::Election {
            let term = server.node.term();
            server.fired = if server.fired.0 == term { (term, server.fired.1 + 1) } else { (term, 1) };
        }
        self.on_server(id, Input::Fired(timer), &mut draft, watch);
        self.close(&mut draft, || What::Fired { timer }, watch)
    }

    /// A message has come to the end of its way: it is lost, waits in front of a paused server, or is
    /// received.
    fn arrive<W: Watch>(&mut self, watch: &mut W) -> Option<EventId> {
        let packet = self.network.take_next()?;
        let name = packet.name;
        let receiver = name.to.server().map(|id| &self.servers[id.slot()]);
        let (gone, paused) = receiver.map_or((false, false), |server| (!server.up, server.paused));
        let cut = self.network.is_cut(name.from, name.to).then_some(DropReason::Cut);
        let lost = packet.doomed.or(cut).or(gone.then_some(DropReason::Down));
        if lost.is_none() && !paused {
            let Packet { content, cause, also, .. } = packet;
            return Some(self.deliver(name, content, [Some(cause), also], watch));
        }
        let mut draft = self.draft::<W>(None);
        draft.causes = [Some(packet.cause), packet.also];
        let content = packet.content.clone();
        let what = match lost {
            Some(reason) => What::Dropped { message: name, content, reason },
            None => {
                if let Some(id) = name.to.server() {
                    self.servers[id.slot()].inbox.push(packet);
                }
                What::Queued { message: name, content }
            }
        };
        Some(self.close(&mut draft, || what, watch))
    }

    fn deliver<W: Watch>(
        &mut self,
        name: PacketName,
        content: Content,
        causes: [Option<EventId>; 2],
        watch: &mut W,
    ) -> EventId {
        let mut draft = self.draft::<W>(name.to.server());
        draft.causes = causes;
        let told = W::WATCHES.then(|| content.clone());
        match (name.to, content) {
            (Endpoint::Server(id), Content::Raft(message)) => {
                self.servers[id.slot()].heard = Some((message.from, self.now_us));
                self.on_server(id, Input::Received(message), &mut draft, watch);
            }
            (Endpoint::Server(id), Content::Request { serial, op, session, mode }) => {
                if let Endpoint::Client(client) = name.from {
                    let command = Command { client: client.0, serial, session, op };
                    self.receive_request(id, client, command, mode, &mut draft, watch);
                }
            }
            (Endpoint::Client(client), Content::Response { serial, answer }) => {
                if let Endpoint::Server(from) = name.from {
                    self.hear(client, from, serial, answer, &mut draft);
                }
            }
            // A client never sees Raft's messages, nor a server an answer; nobody sends such a thing.
            (Endpoint::Client(_), _) | (Endpoint::Server(_), Content::Response { .. }) => {}
        }
        let what =
            || What::Delivered { message: name, content: told.expect("it was kept for whoever watches") };
        self.close(&mut draft, what, watch)
    }

    // What a server wants done.

    /// Lets one thing happen to a server, and carries out what it wants done.
    fn on_server<W: Watch>(&mut self, id: ServerId, input: Input, draft: &mut Draft, watch: &mut W) {
        let mut effects = std::mem::take(&mut self.effects);
        self.servers[id.slot()].node.step(input, self.rules, watch, &mut effects);
        for effect in effects.drain(..) {
            self.carry_out(id, effect, draft, watch);
        }
        self.effects = effects;
        self.go_on_with_held(id, draft, watch);
        if std::mem::take(&mut draft.snapshot_due) {
            self.take_snapshot(id, draft, watch);
        }
    }

    fn carry_out<W: Watch>(&mut self, id: ServerId, effect: Effect, draft: &mut Draft, watch: &mut W) {
        let server = &mut self.servers[id.slot()];
        match effect {
            Effect::Persist(write) => {
                draft.wrote = Some(write.token);
                let new_base = write.snapshot.as_ref().filter(|new| !new.keep);
                let from = write.log.as_ref().map(|suffix| suffix.from);
                let from = from.or(new_base.map(|new| new.snapshot.index.next()));
                draft.log_from = draft.log_from.into_iter().chain(from).min();
                server.disk.begin(write, self.options.fsync, self.now_us, draft.id);
            }
            Effect::Send(message, Some(after)) if after > server.synced => {
                draft.waiting += 1;
                server.waiting.push(Waiting { message, after, cause: draft.id });
            }
            Effect::Send(message, _) => self.send(message, draft.id, None, draft),
            Effect::SetTimer(timer, range) => self.set_timer(id, timer, range, draft.id),
            Effect::CancelTimer(timer) => drop(server.put_timer(timer, None)),
            Effect::Apply(upto) => self.apply(id, upto, draft, watch),
            Effect::Restore(snapshot) => self.restore(id, &snapshot, watch),
            Effect::TakeSnapshot => draft.snapshot_due = true,
            Effect::Accepted(index, term) => {
                if let Some((client, serial)) = draft.request {
                    server.requests.insert(index, Request { client, serial, term });
                }
            }
            Effect::NotLeader(leader) => {
                if let Some((client, serial)) = draft.request {
                    self.answer(id, client, serial, Answer::NotLeader(leader), draft);
                }
            }
            Effect::Refused(why) => draft.refused = Some((id, why)),
            Effect::ReadReady(read) => self.answer_read(
                id,
                read,
                |key, store| Answer::Done(Output::Value(store.get(key).map(str::to_string))),
                draft,
            ),
            Effect::ReadRefused(read, leader) => {
                self.answer_read(id, read, |_, _| Answer::NotLeader(leader), draft);
            }
        }
    }

    fn send(&mut self, message: Message, cause: EventId, also: Option<EventId>, draft: &mut Draft) {
        let link = (Endpoint::Server(message.from), Endpoint::Server(message.to));
        draft.sends(self.network.send(link, Content::Raft(message), self.now_us, cause, also));
    }

    fn answer(&mut self, id: ServerId, client: ClientId, serial: u32, answer: Answer, draft: &mut Draft) {
        let link = (Endpoint::Server(id), Endpoint::Client(client));
        let content = Content::Response { serial, answer };
        draft.sends(self.network.send(link, content, self.now_us, draft.id, None));
    }

    fn set_timer(&mut self, id: ServerId, timer: Timer, range: TimerRange, cause: EventId) {
        let TimerRange { min_us, max_us } = range;
        let server = &mut self.servers[id.slot()];
        let length_us = if min_us == max_us {
            min_us
        } else {
            let term = server.node.term();
            let fired = if server.fired.0 == term { server.fired.1 } else { 0 };
            let subject = u64::from(id.number());
            let draw = draw(self.setup.seed, Purpose::ElectionTimeout, subject, term.0, fired);
            Shape::Uniform.within(draw, min_us, max_us)
        };
        let fires_us = self.now_us + server.by_its_clock(length_us);
        server.put_timer(timer, Some(Running { from_us: self.now_us, fires_us, cause }));
    }

    // Events.

    fn draft<W: Watch>(&mut self, server: Option<ServerId>) -> Draft {
        let id = EventId(self.events);
        self.events += 1;
        let before = if W::WATCHES { server.map(|id| self.servers[id.slot()].brief()) } else { None };
        Draft {
            id,
            server,
            client: None,
            acted: false,
            before,
            causes: [None; 2],
            log_from: None,
            reborn: false,
            watched: W::WATCHES,
            sent: Vec::new(),
            waiting: 0,
            wrote: None,
            finished: None,
            request: None,
            recut: false,
            refused: None,
            snapshot_due: false,
            took_effect: Vec::new(),
        }
    }

    fn close<W: Watch>(&mut self, draft: &mut Draft, what: impl FnOnce() -> What, watch: &mut W) -> EventId {
        let Draft { id, server, client, acted, log_from, reborn, .. } = *draft;
        let event = W::WATCHES.then(|| Event {
            id,
            at_us: self.now_us,
            what: what(),
            server,
            causes: draft.causes,
            guards: Vec::new(),
            change: server.zip(draft.before).map(|(server, before)| Change {
                before,
                after: self.servers[server.slot()].brief(),
                log_from,
            }),
            sent: std::mem::take(&mut draft.sent),
            waiting: draft.waiting,
            wrote: draft.wrote,
            finished: draft.finished.take(),
            cuts: draft.recut.then(|| Box::new(*self.network.cuts())),
        });
        let took_effect = &draft.took_effect[..];
        watch.happened(
            self,
            &Stepped { event: id, server, client, acted, log_from, reborn, took_effect },
            event,
        );
        id
    }
}
