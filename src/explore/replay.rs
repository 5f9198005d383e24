//! A run that was found, done again in the timed world by hand: same nodes, same rules, same states.

use super::gesture::{Ask, Gesture, Grain};
use super::local::{command, counts_itself, disk_matters};
use super::model;
use crate::raft::{Message, Rules, ServerId, Timer, TimerRange};
use crate::sim::{Action, Content, Endpoint, Options, PacketName, Refusal, Server, Setup};
use crate::timeline::{RecordingError, Run};

/// The options of the small model, in the timed world.
fn options() -> Options {
    let options = model::options();
    Options {
        election: options.election,
        heartbeat_us: options.heartbeat_us,
        noop: options.noop,
        backtracking: options.backtracking,
        max_entries: options.max_entries,
        fsync: TimerRange { min_us: 0, max_us: 0 },
        ..Options::default()
    }
}

/// A timed world of servers that have never run, at rest.
///
/// # Errors
/// When there can't be so many servers.
pub fn fresh(servers: u8, rules: Rules) -> Result<Run, RecordingError> {
    let setup = Setup { rules_off: rules, options: options(), ..Setup::new(servers, 1) };
    let mut run = Run::new(&setup)?;
    // Nothing has happened yet, and nobody has asked for anything: this is not refused.
    let _ = run.act(Action::Manual { on: true });
    Ok(run)
}

/// A run at rest, so that it can be searched from here: time stands still, every write is done, what was on
/// its way is lost, all hear each other, and the options are those of the small model.
///
/// # Errors
/// When the run has options that it can't leave.
pub fn at_rest(run: &Run) -> Result<Run, &'static str> {
    if run.world().options().paper {
        return Err("a run with the option ‘paper’ sends one entry at a time, and can't be searched from");
    }
    let mut hand = Hand { run: run.clone(), held: Vec::new(), grain: Grain::Gesture };
    // What is as it should be already is refused, and that is as well.
    let _ = hand.run.act(Action::Manual { on: true });
    while hand.run.step().is_some() {}
    let _ = hand.run.act(Action::SetOptions { options: options() });
    for server in hand.run.world().ids() {
        let _ = hand.run.act(Action::Resume { server });
    }
    while hand.run.step().is_some() {}
    let _ = hand.run.act(Action::Heal);
    let plain = options().link;
    let world = hand.run.world();
    let ways = world.ids().flat_map(|from| world.ids().map(move |to| (from, to)));
    let is_other =
        |&(from, to): &_| world.network().link(Endpoint::Server(from), Endpoint::Server(to)) != plain;
    let others: Vec<(ServerId, ServerId)> = ways.filter(is_other).collect();
    for (from, to) in others {
        let _ = hand.run.act(Action::SetLink { from: Some(from), to: Some(to), link: plain });
    }
    let _ = hand.clear();
    Ok(hand.run)
}

/// Does these steps in a run at rest ([`fresh`], [`at_rest`]). After each of them `then` sees the run.
///
/// # Errors
/// When a step is not possible: then it was not found by a search from there.
pub fn replay(
    run: Run,
    grain: Grain,
    gestures: &[Gesture],
    mut then: impl FnMut(&Run),
) -> Result<Run, ReplayError> {
    let mut hand = Hand { run, held: Vec::new(), grain };
    for gesture in gestures {
        hand.make(gesture)?;
        hand.clear()?;
        then(&hand.run);
    }
    Ok(hand.run)
}

/// Why steps could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// The world refused an action.
    Refused(Refusal),
    /// A request had no reply, or no such message was on its way.
    NothingThere,
}

impl std::fmt::Display for ReplayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReplayError::Refused(why) => why.fmt(f),
            ReplayError::NothingThere => f.write_str("no such message is on its way"),
        }
    }
}

/// A hand in the world, with the messages that it holds.
struct Hand {
    run: Run,
    held: Vec<PacketName>,
    grain: Grain,
}

impl Hand {
    fn act(&mut self, action: Action) -> Result<(), ReplayError> {
        self.run.act(action).map_err(ReplayError::Refused)?;
        self.settle()
    }

    /// Writes are done where the search has them done ([`super::Local::step`]). The disks of other servers
    /// stand still while their server is paused.
    fn settle(&mut self) -> Result<(), ReplayError> {
        loop {
            let rules = self.run.world().rules();
            let servers = self.run.world().servers();
            let Some(next) = servers.iter().position(|server| finishes_write(server, rules)) else {
                return Ok(());
            };
            let writes = |server: &&Server| server.is_active() && !server.disk.queue.is_empty();
            let before: Vec<ServerId> = servers[..next].iter().filter(writes).map(|s| s.node.id()).collect();
            for &server in &before {
                self.run.act(Action::Pause { server }).map_err(ReplayError::Refused)?;
            }
            self.run.step();
            for &server in &before {
                self.run.act(Action::Resume { server }).map_err(ReplayError::Refused)?;
            }
        }
    }

    fn make(&mut self, gesture: &Gesture) -> Result<(), ReplayError> {
        match gesture {
            Gesture::Timeout(server) => self.act(Action::Fire { server: *server, timer: Timer::Election }),
            Gesture::Beat(server) => self.act(Action::Fire { server: *server, timer: Timer::Heartbeat }),
            Gesture::Request(server, which) => {
                let node = &self.run.world().servers()[server.slot()].node;
                let op = command(node.term(), node.log().last_index().next(), *which);
                self.act(Action::Propose { server: *server, op })
            }
            Gesture::Restart(server) => {
                let server = *server;
                if self.run.world().server(server).is_some_and(|server| server.up) {
                    self.act(Action::Crash { server })?;
                }
                self.act(Action::Restart { server })
            }
            Gesture::Rpc(ask) => {
                let request = self.request(*ask)?;
                self.deliver_both(request)
            }
            Gesture::Send(ask) => self.request(*ask).map(|_| ()),
            Gesture::HoldRequest(ask) => {
                let request = self.request(*ask)?;
                self.hold(request)
            }
            Gesture::HoldReply(ask) => {
                let request = self.request(*ask)?;
                match self.deliver(request)? {
                    Some(reply) => self.hold(reply),
                    None => Ok(()),
                }
            }
            Gesture::Release(message) => {
                let held = self.find(message)?;
                self.held.retain(|&name| name != held);
                self.deliver_both(held)
            }
            Gesture::Mislead(leader, follower, next) => {
                self.act(Action::Mislead { leader: *leader, follower: *follower, next: *next })
            }
            Gesture::Deliver(message) => {
                let message = self.find(message)?;
                self.act(Action::Deliver { message })
            }
            Gesture::Drop(message) => {
                let message = self.find(message)?;
                self.act(Action::Drop { message })
            }
        }
    }

    /// The name of a message of that content which is on its way: the first sent, of several.
    fn find(&self, message: &Message) -> Result<PacketName, ReplayError> {
        let packets = self.run.world().network().packets();
        let same = packets.filter(|packet| matches!(&packet.content, Content::Raft(it) if it == message));
        let names = same.map(|packet| packet.name).filter(|name| self.may_arrive(name));
        names.min_by_key(|name| (name.sent_us, name.k)).ok_or(ReplayError::NothingThere)
    }

    fn may_arrive(&self, name: &PacketName) -> bool {
        self.grain == Grain::Message || self.held.contains(name)
    }

    /// Sends the request of the moment. Its name.
    fn request(&mut self, ask: Ask) -> Result<PacketName, ReplayError> {
        let Ask { from, to, heartbeat } = ask;
        let events = self.run.world().events();
        self.act(Action::Send { from, to, empty: heartbeat })?;
        let new = self.run.events().iter().filter(|event| event.id.0 >= events);
        let mut sent = new.flat_map(|event| event.sent.iter().copied());
        let way = (Endpoint::Server(from), Endpoint::Server(to));
        sent.find(|name| (name.from, name.to) == way).ok_or(ReplayError::NothingThere)
    }

    /// Delivers a message, and the reply to it, if it is a request that was answered.
    fn deliver_both(&mut self, message: PacketName) -> Result<(), ReplayError> {
        match self.deliver(message)? {
            Some(reply) => self.act(Action::Deliver { message: reply }),
            None => Ok(()),
        }
    }

    /// Delivers a message. The name of the reply to it.
    fn deliver(&mut self, message: PacketName) -> Result<Option<PacketName>, ReplayError> {
        let from = self.run.world().events();
        self.act(Action::Deliver { message })?;
        let network = self.run.world().network();
        let is_reply = |name: &PacketName| {
            let content = network.packet(*name).map(|packet| &packet.content);
            matches!(content, Some(Content::Raft(reply)) if !reply.is_request())
        };
        let new = self.run.events().iter().filter(|event| event.id.0 >= from);
        let mut sent = new.flat_map(|event| event.sent.iter().copied());
        Ok(sent.find(|name| (name.from, name.to) == (message.to, message.from) && is_reply(name)))
    }

    fn hold(&mut self, message: PacketName) -> Result<(), ReplayError> {
        self.held.push(message);
        self.act(Action::Hold { message })
    }

    /// Where requests are steps of their own, what servers have sent by themselves is taken away.
    fn clear(&mut self) -> Result<(), ReplayError> {
        if self.grain == Grain::Message {
            return Ok(());
        }
        let packets = self.run.world().network().packets();
        let mut others: Vec<PacketName> = packets.map(|packet| packet.name).collect();
        others.retain(|name| !self.held.contains(name));
        others.sort();
        others.into_iter().try_for_each(|message| self.act(Action::Drop { message }))
    }
}

/// Whether a server's next write is done now, because something waits for it or because nobody could tell.
fn finishes_write(server: &Server, rules: Rules) -> bool {
    let Some(next) = server.disk.queue.front().filter(|_| server.is_active()) else { return false };
    let awaited = server.waiting.iter().any(|waiting| waiting.after >= next.write.token);
    !disk_matters(rules) || counts_itself(&server.node, rules) || awaited
}
