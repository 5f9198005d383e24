//! What a person or a script does to the world.

use super::{Draft, Watch, World};
use crate::kv::{Command, Op, TEXT_MAX};
use crate::raft::{
    Change, Configuration, Durable, Input, MAX_SERVERS, Node, Payload, ReadMode, RoleName, Rule, Rules,
    ServerId, ServerSet, Timer, Unobserved, rules,
};
use crate::sim::action::{Action, CLOCK_PPM_MAX, CLOCK_PPM_MIN, Refusal};
use crate::sim::client::{QUEUE_MAX, Wish};
use crate::sim::disk::Disk;
use crate::sim::event::{EventId, What};
use crate::sim::net::{DropReason, Endpoint, Packet, PacketName, cuts_between};
use crate::sim::presets::{Cuts, Places};
use crate::sim::server::{Running, Server};
use crate::sim::setup::{Options, check_range, check_span};
use crate::sim::workload::Workload;

impl World {
    /// Whether an action would do anything.
    ///
    /// # Errors
    /// Why it would not.
    pub fn check(&self, action: &Action) -> Result<(), Refusal> {
        let server = |id: ServerId| {
            let servers = self.servers.len() as u8;
            self.servers.get(id.slot()).ok_or(Refusal::NoSuchServer { server: id, servers })
        };
        let running = |id: ServerId| {
            server(id).and_then(|s| if s.up { Ok(s) } else { Err(Refusal::Down { server: id }) })
        };
        let active = |id: ServerId| {
            running(id).and_then(|s| if s.paused { Err(Refusal::Paused { server: id }) } else { Ok(s) })
        };
        let message =
            |name: PacketName| self.network.packet(name).ok_or(Refusal::NoSuchMessage { message: name });
        let ensure = |held: bool, refusal: Refusal| if held { Ok(()) } else { Err(refusal) };
        ensure(!(self.options.paper && action.is_beyond_paper()), Refusal::BeyondPaper)?;
        match action {
            Action::Crash { server: id } => {
                let down = Refusal::Nonsense { why: format!("{id} is down already") };
                ensure(server(*id)?.up, down)
            }
            Action::Restart { server: id } => {
                ensure(!server(*id)?.up, Refusal::Up { server: *id })?;
                ensure(!server(*id)?.retired, Refusal::Retired { server: *id })
            }
            Action::Pause { server: id } => active(*id).map(drop),
            Action::Resume { server: id } => ensure(running(*id)?.paused, Refusal::NotPaused { server: *id }),
            Action::Fire { server: id, timer } => {
                let runs = active(*id)?.timer(*timer).is_some();
                ensure(runs, Refusal::NoTimer { server: *id, timer: *timer })
            }
            Action::StepDown { server: id } => {
                let follows = active(*id)?.brief().role == RoleName::Follower;
                ensure(!follows, Refusal::Follows { server: *id })
            }
            Action::Send { from, to, empty } => {
                server(*to)?;
                let node = &active(*from)?.node;
                let some = node.rpc_for(*to).is_some();
                if *empty && from != to {
                    check_heartbeat(node, *to)?;
                }
                ensure(some, Refusal::NothingToSend { server: *from, peer: *to })
            }
            Action::Drop { message: name } => message(*name).map(drop),
            Action::Duplicate { message: name } => {
                message(*name)?;
                let between_servers = name.from.server().is_some() && name.to.server().is_some();
                ensure(between_servers, Refusal::ClientLink)?;
                let why = format!("the message {name} has had 255 copies, and there are names for no more");
                ensure(self.network.next_copy(*name).is_some(), Refusal::Nonsense { why })
            }
            Action::Hold { message: name } => ensure(!message(*name)?.held, Refusal::Held { message: *name }),
            Action::Release { message: name } => {
                ensure(message(*name)?.held, Refusal::NotHeld { message: *name })
            }
            Action::Deliver { message: name } => match message(*name)?.name.to {
                Endpoint::Server(id) => {
                    active(id).map(drop).map_err(|_| Refusal::ReceiverGone { receiver: name.to })
                }
                Endpoint::Client(_) => Ok(()),
            },
            Action::Cut { from, to } | Action::Mend { from, to } => {
                server(*from)?;
                server(*to)?;
                ensure(from != to, Refusal::SameServer { server: *from })?;
                let cut = self.network.is_cut(Endpoint::Server(*from), Endpoint::Server(*to));
                ensure(cut == matches!(action, Action::Mend { .. }), Refusal::Already)
            }
            Action::Partition { groups } => {
                for id in groups.iter().flat_map(|group| group.iter()) {
                    server(id)?;
                }
                ensure(self.cuts_of(groups) != *self.network.cuts(), Refusal::Already)
            }
            Action::Heal => ensure(self.network.any_cut(), Refusal::Already),
            Action::Schedule { fault, every_us, for_us } => self.check_schedule(*fault, *every_us, *for_us),
            Action::Workload(workload) => {
                workload.check().map_err(|why| Refusal::Nonsense { why })?;
                let now = self.workload.unwrap_or(Workload::none());
                ensure((workload.clients, now.clients) != (0, 0) && *workload != now, Refusal::Already)
            }
            Action::Calm => ensure(!self.schedules.running().is_empty(), Refusal::Already),
            Action::LinkPreset { preset } => {
                let cuts = preset.cuts(&self.places()).map_err(|why| Refusal::Nonsense { why })?;
                ensure(cuts != *self.network.cuts(), Refusal::Already)
            }
            Action::SetLink { from, to, link } => {
                from.iter().chain(to).try_for_each(|id| server(*id).map(drop))?;
                ensure(
                    from.is_some() == to.is_some(),
                    Refusal::Nonsense {
                        why: "a link has two ends: give both, or neither for all links".into(),
                    },
                )?;
                let options = Options { link: *link, ..self.options.clone() };
                options.check().map_err(|why| Refusal::Nonsense { why })
            }
            Action::Mislead { leader, follower, .. } => {
                ensure(active(*leader)?.node.is_leader(), Refusal::NotLeader { server: *leader })?;
                let why = format!("{leader} has no nextIndex for itself");
                ensure(leader != follower, Refusal::Nonsense { why })?;
                server(*follower).map(drop)
            }
            Action::SetOptions { options } => {
                // What went before may have left snapshots, or members that Figure 2 does not know.
                let why = "a run is restricted to Figure 2 from its start, or not at all: begin a new one";
                ensure(self.options.paper || !options.paper, Refusal::Nonsense { why: why.into() })?;
                options.check().map_err(|why| Refusal::Nonsense { why })
            }
            Action::SetRules { off } => ensure(*off != self.rules, Refusal::Already),
            Action::Propose { server: id, op } => {
                ensure(active(*id)?.node.is_leader(), Refusal::NotLeader { server: *id })?;
                check_texts(op)
            }
            Action::Manual { on } => ensure(*on != self.manual, Refusal::Already),
            Action::Boot { server: id } => {
                let next = ServerId::new(self.servers.len() as u8 + 1).ok_or(Refusal::Full)?;
                let why = format!("{next} is the next name that nobody has had");
                ensure(*id == next, Refusal::Nonsense { why })
            }
            Action::Change { change, at } => {
                for id in named_by(change).iter() {
                    ensure(!server(id)?.retired, Refusal::Retired { server: id })?;
                }
                self.asked(*at).map(drop)
            }
            Action::Transfer { to, at } => {
                ensure(!server(*to)?.retired, Refusal::Retired { server: *to })?;
                self.asked(*at).map(drop)
            }
            Action::Snapshot { server: id } => active(*id).map(drop),
            Action::Tear { server: id } => {
                let why = format!("{id} is not writing entries just now");
                ensure(running(*id)?.disk.writing_entries() > 0, Refusal::Nonsense { why })
            }
            Action::Wipe { server: id } => {
                ensure(!server(*id)?.retired, Refusal::Retired { server: *id })?;
                let fresh = self.rules.is_on(Rule::FreshIdentity);
                ensure(!fresh || self.servers.len() < usize::from(MAX_SERVERS), Refusal::Full)
            }
            Action::SetClock { server: id, ppm } => {
                let known = server(*id)?.clock_ppm;
                let why = format!("a clock can run by {CLOCK_PPM_MIN} to {CLOCK_PPM_MAX} millionths off");
                ensure((CLOCK_PPM_MIN..=CLOCK_PPM_MAX).contains(ppm), Refusal::Nonsense { why })?;
                ensure(known != *ppm, Refusal::Already)
            }
            Action::SetDisk { server: id, lies, fsync } => {
                let disk = &server(*id)?.disk;
                let range = fsync.map_or(Ok(()), |range| check_range("fsync", range, 0));
                range.map_err(|why| Refusal::Nonsense { why })?;
                ensure((disk.lies, disk.fsync) != (*lies, *fsync), Refusal::Already)
            }
            Action::StallDisk { server: id, for_us } => {
                let disk = &server(*id)?.disk;
                check_span("stall", *for_us).map_err(|why| Refusal::Nonsense { why })?;
                let why =
                    "time stands still, and there disks finish their writes at once: let time go on first";
                ensure(!self.manual, Refusal::Nonsense { why: why.into() })?;
                ensure(disk.stalls_until_us < self.now_us + for_us, Refusal::Already)
            }
            Action::Submit { op, to, .. } => {
                to.iter().try_for_each(|id| server(*id).map(drop))?;
                let queued = self.clients[0].queue.len();
                ensure(
                    queued < QUEUE_MAX,
                    Refusal::Nonsense {
                        why: format!("{queued} commands are waiting already: let some finish first"),
                    },
                )?;
                check_texts(op)
            }
        }
    }

    /// Does something to the world, now. An action that would do nothing is an event as well, that says
    /// so.
    ///
    /// # Errors
    /// Why it did nothing.
    pub fn act<W: Watch>(&mut self, action: &Action, watch: &mut W) -> Result<EventId, Refusal> {
        let (id, done) = self.act_because(action, None, watch);
        done.map(|()| id)
    }

    /// The same, on behalf of the event that has set a schedule. The event's number, and why it did nothing.
    pub(super) fn act_because<W: Watch>(
        &mut self,
        action: &Action,
        cause: Option<EventId>,
        watch: &mut W,
    ) -> (EventId, Result<(), Refusal>) {
        let checked = self.check(action);
        let mut draft = self.draft::<W>(checked.is_ok().then(|| self.touched_by(action)).flatten());
        let id = draft.id;
        draft.causes[0] = cause;
        if checked.is_ok() {
            self.carry_out_action(action, &mut draft, watch);
        }
        // A server may have been asked, and decline: what it decided is in the event.
        let declined = draft.refused.take().filter(|_| action.asks_server());
        let done = checked.and(match declined {
            Some((server, why)) => Err(Refusal::Declined { server, why }),
            None => Ok(()),
        });
        let refused = done.clone().err();
        draft.acted = done.is_ok() && !action.only_asks();
        self.close(&mut draft, || What::Acted { action: action.clone(), refused }, watch);
        if done.is_ok() {
            self.follow_up(action, id, watch);
            self.forget_endings();
        }
        (id, done)
    }

    /// Who is asked to change the configuration or to hand leadership over: the one that is named, or
    /// whoever leads the latest term.
    pub(super) fn asked(&self, at: Option<ServerId>) -> Result<ServerId, Refusal> {
        let leaders = self.servers.iter().filter(|server| server.is_active() && server.node.is_leader());
        let id = match at {
            Some(id) => id,
            None => leaders.max_by_key(|s| s.node.term()).map(|s| s.node.id()).ok_or(Refusal::NoLeader)?,
        };
        match self.server(id) {
            None => Err(Refusal::NoSuchServer { server: id, servers: self.servers.len() as u8 }),
            Some(server) if !server.up => Err(Refusal::Down { server: id }),
            Some(server) if server.paused => Err(Refusal::Paused { server: id }),
            Some(_) => Ok(id),
        }
    }

    /// The server whose state an action changes by itself.
    fn touched_by(&self, action: &Action) -> Option<ServerId> {
        match action {
            Action::Crash { server }
            | Action::Restart { server }
            | Action::Pause { server }
            | Action::Resume { server }
            | Action::StepDown { server }
            | Action::Snapshot { server }
            | Action::Tear { server }
            | Action::Wipe { server }
            | Action::Propose { server, .. } => Some(*server),
            Action::Send { from, .. } => Some(*from),
            Action::Change { at, .. } | Action::Transfer { at, .. } => self.asked(*at).ok(),
            _ => None,
        }
    }

    fn carry_out_action<W: Watch>(&mut self, action: &Action, draft: &mut Draft, watch: &mut W) {
        match action {
            Action::Crash { server } => self.crash(*server),
            Action::Restart { server } => self.restart(*server, draft, watch),
            Action::Pause { server } => self.servers[server.slot()].paused = true,
            Action::Resume { server } => self.resume(*server),
            Action::StepDown { server } => self.on_server(*server, Input::SteppedDown, draft, watch),
            Action::Propose { server, op } => {
                let command = Command { client: 0, serial: 0, session: false, op: op.clone() };
                let payload = Payload::Command(command.encode());
                self.on_server(*server, Input::Proposed(vec![payload]), draft, watch);
            }
            Action::Send { from, to, empty } => {
                let node = &self.servers[from.slot()].node;
                let effect = match empty {
                    true => node.send_heartbeat_for(*to, self.rules),
                    false => node.send_for(*to, self.rules),
                };
                if let Some(effect) = effect {
                    self.carry_out(*from, effect, draft, watch);
                }
            }
            Action::Hold { message } => self.network.hold(*message),
            Action::Release { message } => self.network.release(*message, self.now_us),
            Action::Duplicate { message } => draft.sent.extend(self.network.duplicate(*message)),
            Action::Cut { .. }
            | Action::Mend { .. }
            | Action::Partition { .. }
            | Action::Heal
            | Action::LinkPreset { .. } => {
                self.network.set_cuts(self.cuts_after(action));
                draft.recut = true;
            }
            Action::SetLink { from, to, link } => match (from, to) {
                (Some(from), Some(to)) => self.network.set_link(*from, *to, *link),
                _ => {
                    self.options.link = *link;
                    self.network.default = *link;
                }
            },
            Action::Mislead { leader, follower, next } => {
                let node = &mut self.servers[leader.slot()].node;
                *node = node.clone().with_next(*follower, *next);
            }
            Action::SetOptions { options } => self.set_options(options),
            Action::SetRules { off } => self.rules = *off,
            Action::Manual { on } => self.manual = *on,
            Action::Boot { server } => self.boot(*server, draft, watch),
            Action::Change { change, at } => {
                if let Ok(server) = self.asked(*at) {
                    self.on_server(server, Input::ChangeAsked(*change), draft, watch);
                }
            }
            Action::Transfer { to, at } => {
                if let Ok(server) = self.asked(*at) {
                    self.on_server(server, Input::TransferAsked(*to), draft, watch);
                }
            }
            Action::Snapshot { server } => self.take_snapshot(*server, draft, watch),
            Action::Tear { server } => {
                self.servers[server.slot()].disk.tear(self.now_us);
                self.crash(*server);
            }
            Action::Wipe { server } => self.wipe(*server, draft, watch),
            Action::Schedule { fault, every_us, for_us } => {
                self.set_schedule(*fault, *every_us, *for_us, draft.id);
            }
            Action::Calm => self.schedules.end_all(),
            Action::Workload(workload) => self.set_workload(workload),
            Action::SetClock { server, ppm } => self.servers[server.slot()].clock_ppm = *ppm,
            Action::SetDisk { server, lies, fsync } => {
                let disk = &mut self.servers[server.slot()].disk;
                disk.fsync = *fsync;
                disk.set_lies(*lies);
            }
            Action::StallDisk { server, for_us } => {
                self.servers[server.slot()].disk.stall(self.now_us + for_us);
            }
            Action::Submit { op, to, mode } => {
                let reads = matches!(op, Op::Get { .. });
                let mode = mode.unwrap_or(self.options.reads);
                let mode = if reads { mode } else { ReadMode::Log };
                let follower = || self.clients[0].follower(self.servers.len() as u8);
                let to = to.or_else(|| (mode == ReadMode::Follower).then(follower));
                self.clients[0].queue.push_back(Wish { op: op.clone(), to, mode });
                if self.clients[0].begin(self.now_us, draft.id) {
                    self.ask(0, draft);
                }
            }
            // These are events of their own, that follow.
            Action::Fire { .. } | Action::Deliver { .. } | Action::Drop { .. } => {}
        }
    }

    /// What an action brings about that is an event like any other.
    fn follow_up<W: Watch>(&mut self, action: &Action, cause: EventId, watch: &mut W) {
        match action {
            Action::Fire { server, timer } => {
                self.fire(*server, *timer, Some(cause), watch);
            }
            Action::Resume { server } => {
                // A lease is a promise about time: it ran out while the server stood still, and before any
                // mail that waits the server looks at its clock.
                for timer in Timer::LEASES {
                    let over = |running: Running| running.fires_us <= self.now_us;
                    if self.servers[server.slot()].timer(timer).is_some_and(over) {
                        self.fire(*server, timer, Some(cause), watch);
                    }
                }
            }
            Action::Deliver { message } => {
                if let Some(Packet { name, content, cause: sent_by, .. }) = self.network.take(*message) {
                    self.deliver(name, content, [Some(sent_by), Some(cause)], watch);
                }
            }
            Action::Drop { message } => {
                if let Some(Packet { name, content, cause: sent_by, .. }) = self.network.take(*message) {
                    let mut draft = self.draft::<W>(None);
                    draft.causes = [Some(sent_by), Some(cause)];
                    let reason = DropReason::ByHand;
                    self.close(&mut draft, || What::Dropped { message: name, content, reason }, watch);
                }
            }
            _ => {}
        }
    }

    fn crash(&mut self, id: ServerId) {
        let server = &mut self.servers[id.slot()];
        server.disk.crash(self.now_us);
        // What waited in front of a paused server finds it down.
        for packet in std::mem::take(&mut server.inbox) {
            self.network.put_back(packet, self.now_us);
        }
        // What it would find on its disk, so that one can look at it; the rules come in at its restart.
        let options = self.options.for_server();
        let node = Node::new(id, options, &server.disk.durable, Rules::ALL_ON, &mut Unobserved);
        server.forget(node);
    }

    fn restart<W: Watch>(&mut self, id: ServerId, draft: &mut Draft, watch: &mut W) {
        let options = self.options.for_server();
        let server = &mut self.servers[id.slot()];
        draft.log_from = server.disk.durable.recover(self.rules, watch);
        let node = Node::new(id, options, &server.disk.durable, self.rules, watch);
        server.forget(node);
        server.up = true;
        draft.reborn = true;
        self.on_server(id, Input::Started, draft, watch);
    }

    /// A new server starts. It knows of no cluster until a leader sends it something.
    fn boot<W: Watch>(&mut self, id: ServerId, draft: &mut Draft, watch: &mut W) {
        let durable = Durable::new(Configuration::NOBODY);
        let node = Node::new(id, self.options.for_server(), &durable, self.rules, watch);
        self.servers.push(Server::new(node, Disk::new(self.setup.seed, id, durable)));
        let server = &mut self.servers[id.slot()];
        server.up = true;
        if draft.server.is_none() {
            draft.server = Some(id);
            draft.before = draft.watched.then(|| server.brief());
            draft.reborn = true;
        }
        self.on_server(id, Input::Started, draft, watch);
    }

    /// A server loses its disk. What it had promised it no longer knows, so it must not come back as
    /// itself (D3.8): somebody new takes its place. With that rule off it comes back with an empty disk.
    fn wipe<W: Watch>(&mut self, id: ServerId, draft: &mut Draft, watch: &mut W) {
        self.crash(id);
        let first = self.setup.servers;
        let itself = rules::guard(self.rules, watch, Rule::FreshIdentity, false, Some(id), None::<ServerId>);
        let server = &mut self.servers[id.slot()];
        if itself {
            // It was told at its first start who the cluster is, and is told so again.
            let known = id.number() <= first;
            let configuration = if known { Configuration::of_first(first) } else { Configuration::NOBODY };
            server.disk.replace(Durable::new(configuration));
            self.restart(id, draft, watch);
            return;
        }
        server.retired = true;
        if let Some(next) = ServerId::new(self.servers.len() as u8 + 1) {
            self.boot(next, draft, watch);
        }
    }

    fn resume(&mut self, id: ServerId) {
        let server = &mut self.servers[id.slot()];
        server.paused = false;
        for packet in std::mem::take(&mut server.inbox) {
            self.network.put_back(packet, self.now_us);
        }
    }

    /// The cuts that there are after an action on links.
    fn cuts_after(&self, action: &Action) -> Cuts {
        let mut cuts = *self.network.cuts();
        match action {
            Action::Cut { from, to } => cuts[from.slot()].insert(*to),
            Action::Mend { from, to } => cuts[from.slot()].remove(*to),
            Action::Partition { groups } => cuts = self.cuts_of(groups),
            Action::Heal => cuts = Cuts::default(),
            Action::LinkPreset { preset } => cuts = preset.cuts(&self.places()).unwrap_or(cuts),
            _ => {}
        }
        cuts
    }

    /// The servers as a link preset sees them. A hub runs if it can; whoever has lost its disk has no place.
    fn places(&self) -> Places {
        let leader = self.asked(None).ok();
        let here = || self.servers.iter().filter(|server| !server.retired);
        let id = |server: &Server| server.node.id();
        let hubs = || here().filter(|server| Some(id(server)) != leader);
        let end = |server: &&Server| {
            let log = server.node.log();
            (!server.is_active(), log.last_term(), log.last_index(), id(server))
        };
        Places {
            servers: here().map(id).collect(),
            leader,
            first: hubs().min_by_key(|server| (!server.is_active(), id(server))).map(id),
            last_in_log: hubs().min_by_key(end).map(id),
        }
    }

    fn cuts_of(&self, groups: &[ServerSet]) -> Cuts {
        cuts_between(self.ids().collect(), groups)
    }

    fn set_options(&mut self, options: &Options) {
        self.options = options.clone();
        self.network.default = options.link;
        for server in &mut self.servers {
            server.node.set_options(options.for_server());
        }
        self.schedule_workload();
    }
}

impl Action {
    /// Whether the action asks a cluster for what it is there for, and does nothing to it.
    fn only_asks(&self) -> bool {
        matches!(self, Action::Submit { .. } | Action::Propose { .. } | Action::Snapshot { .. })
    }

    /// Whether the action asks a server for something that it may decline.
    fn asks_server(&self) -> bool {
        matches!(
            self,
            Action::Change { .. }
                | Action::Transfer { .. }
                | Action::Snapshot { .. }
                | Action::Propose { .. }
        )
    }
}

/// Whether a server can send that other one a heartbeat.
fn check_heartbeat(node: &Node, to: ServerId) -> Result<(), Refusal> {
    let from = node.id();
    let why = if !node.is_leader() {
        format!("{from} does not lead, and only a leader sends heartbeats")
    } else if node.heartbeat_for(to).is_none() {
        format!("{from} no longer has the entry before {to}'s nextIndex: it sends {to} a snapshot instead")
    } else {
        return Ok(());
    };
    Err(Refusal::Nonsense { why })
}

/// The servers that a change names and that have to be there.
fn named_by(change: &Change) -> ServerSet {
    match change {
        Change::Add(id) | Change::Learner(id) => [*id].into_iter().collect(),
        Change::Joint { voters, learners, .. } => voters.or(*learners),
        Change::Remove(_) | Change::Leave => ServerSet::EMPTY,
    }
}

/// Whether the texts of an operation are short enough.
fn check_texts(op: &Op) -> Result<(), Refusal> {
    let longest = texts(op).iter().map(|text| text.len()).max().unwrap_or(0);
    if longest <= TEXT_MAX {
        return Ok(());
    }
    Err(Refusal::Nonsense { why: format!("a key or value has {longest} bytes: {TEXT_MAX} are the most") })
}

/// The texts of an operation.
fn texts(op: &Op) -> Vec<&str> {
    match op {
        Op::Get { key } | Op::Delete { key } | Op::Increment { key } => vec![key],
        Op::Put { key, value } | Op::Append { key, value } => vec![key, value],
        Op::Cas { key, expect, value } => {
            let mut texts = vec![key.as_str(), value.as_str()];
            texts.extend(expect.as_deref());
            texts
        }
        Op::Set { value } => vec![value],
        Op::Submit { text } => vec![text],
        Op::Register { .. } => vec![],
    }
}
