//! A run that was found, done again in the timed world by hand: same nodes, same rules, same states.

use super::gesture::Gesture;
use super::model;
use crate::kv::{Command, Op};
use crate::raft::{Payload, Rules, ServerId, Timer, TimerRange};
use crate::sim::{Action, Content, Options, PacketName, Refusal, Setup, notation};
use crate::timeline::{RecordingError, Run};

/// Makes these gestures in a timed world of `servers` servers, in manual mode. After each gesture
/// `then` sees the run.
///
/// # Errors
/// When a gesture is not possible: then it was not found by a search.
pub fn replay(
    servers: u8,
    rules: Rules,
    gestures: &[Gesture],
    mut then: impl FnMut(&Run),
) -> Result<Run, ReplayError> {
    let options = model::options();
    let setup = Setup {
        rules_off: rules,
        options: Options {
            election: options.election,
            heartbeat_us: options.heartbeat_us,
            noop: options.noop,
            backtracking: options.backtracking,
            max_entries: options.max_entries,
            fsync: TimerRange { min_us: 0, max_us: 0 },
            ..Options::default()
        },
        ..Setup::new(servers, 1)
    };
    let mut hand = Hand { run: Run::new(&setup).map_err(ReplayError::Setup)?, held: None };
    hand.act(Action::Manual { on: true })?;
    for &gesture in gestures {
        hand.make(gesture)?;
        hand.clear()?;
        then(&hand.run);
    }
    Ok(hand.run)
}

/// Why gestures could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// The world could not be set up.
    Setup(RecordingError),
    /// The world refused an action.
    Refused(Refusal),
    /// A request had no reply, or nothing was held.
    NothingThere,
}

/// A hand in the world, with the one message that it holds.
struct Hand {
    run: Run,
    held: Option<PacketName>,
}

impl Hand {
    fn act(&mut self, action: Action) -> Result<(), ReplayError> {
        self.run.act(action).map_err(ReplayError::Refused)?;
        // Whatever was written is durable at once.
        while self.run.step().is_some() {}
        Ok(())
    }

    fn make(&mut self, gesture: Gesture) -> Result<(), ReplayError> {
        match gesture {
            Gesture::Timeout(server) => self.act(Action::Fire { server, timer: Timer::Election }),
            Gesture::Request(server) => {
                let node = &self.run.world().servers()[server.slot()].node;
                let entry = notation::entry(node.term(), node.log().last_index().next());
                let op = op_of(&entry.payload).ok_or(ReplayError::NothingThere)?;
                self.act(Action::Propose { server, op })
            }
            Gesture::Restart(server) => {
                self.act(Action::Crash { server })?;
                self.act(Action::Restart { server })
            }
            Gesture::Rpc(from, to) => {
                let request = self.request(from, to)?;
                self.deliver_both(request)
            }
            Gesture::HoldRequest(from, to) => {
                let request = self.request(from, to)?;
                self.hold(request)
            }
            Gesture::HoldReply(from, to) => {
                let request = self.request(from, to)?;
                match self.deliver(request)? {
                    Some(reply) => self.hold(reply),
                    None => Ok(()),
                }
            }
            Gesture::Release => {
                let held = self.held.take().ok_or(ReplayError::NothingThere)?;
                self.deliver_both(held)
            }
        }
    }

    /// Sends the request of the moment. Its name.
    fn request(&mut self, from: ServerId, to: ServerId) -> Result<PacketName, ReplayError> {
        self.act(Action::Send { from, to })?;
        let sent = self.run.events().back().and_then(|event| event.sent.first().copied());
        sent.ok_or(ReplayError::NothingThere)
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
        self.held = Some(message);
        self.act(Action::Hold { message })
    }

    /// Requests are gestures: what servers have sent by themselves is taken away.
    fn clear(&mut self) -> Result<(), ReplayError> {
        let held = self.held;
        let mut others: Vec<PacketName> =
            self.run.world().network().packets().map(|packet| packet.name).collect();
        others.retain(|&name| Some(name) != held);
        others.sort();
        others.into_iter().try_for_each(|message| self.act(Action::Drop { message }))
    }
}

fn op_of(payload: &Payload) -> Option<Op> {
    match payload {
        Payload::Command(bytes) => Command::decode(bytes).map(|command| command.op),
        Payload::Noop | Payload::Configuration(_) => None,
    }
}
