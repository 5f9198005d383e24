//! A Wavetank server as its user would run it.

use super::cluster::{Applied, Server, command};
use std::ops::Range;
use wavetank::raft::{
    Configuration, Durable, Effect, Index, Input, Message, Node, Options, Payload, Rules, ServerId, Timer,
    Unobserved,
};

/// A node, its disk, and what its state machine has come to.
pub struct Ours {
    node: Node,
    disk: Durable,
    /// What the last step wants done, and the room for what the step after it will want.
    effects: Vec<Effect>,
    spare: Vec<Effect>,
    applied_index: Index,
    applied: Applied,
}

/// Server `id` of so many.
pub fn server(id: u8, servers: u8) -> Ours {
    let id = ServerId::new(id).expect("few servers");
    let disk = Durable::new(Configuration::of_first(servers));
    Ours {
        node: Node::new(id, options(), &disk, Rules::ALL_ON, &mut Unobserved),
        disk,
        effects: Vec::new(),
        spare: Vec::new(),
        applied_index: Index(0),
        applied: Applied::default(),
    }
}

/// Pipelining, and as many entries under way and in a message as raft-rs has messages and bytes.
fn options() -> Options {
    Options { noop: true, max_entries: 4096, window: 4096, ..Options::default() }
}

impl Ours {
    /// One step, and what it wants done, until nothing is left to do.
    fn step(&mut self, input: Input, out: &mut Vec<Message>) {
        self.node.step(input, Rules::ALL_ON, &mut Unobserved, &mut self.effects);
        while !self.effects.is_empty() {
            std::mem::swap(&mut self.effects, &mut self.spare);
            let mut written = None;
            for effect in self.spare.drain(..) {
                match effect {
                    Effect::Persist(write) => written = Some((write.token, self.disk.write(&write))),
                    // It leaves after this call, and by then all writes are durable.
                    Effect::Send(message, _) => out.push(message),
                    Effect::Apply(upto) => {
                        apply(&self.node, &mut self.applied, self.applied_index, upto);
                        self.applied_index = upto;
                    }
                    _ => {}
                }
            }
            if let Some((token, last)) = written {
                let input = Input::Persisted(token, last);
                self.node.step(input, Rules::ALL_ON, &mut Unobserved, &mut self.effects);
            }
        }
    }
}

fn apply(node: &Node, applied: &mut Applied, after: Index, upto: Index) {
    for index in after.0 + 1..=upto.0 {
        let entry = node.log().get(Index(index)).expect("what is applied is there");
        if let Payload::Command(command) = &entry.payload {
            applied.apply(command);
        }
    }
}

impl Server for Ours {
    type Message = Message;

    fn stand(&mut self, out: &mut Vec<Message>) {
        self.step(Input::Fired(Timer::Election), out);
    }

    fn beat(&mut self, out: &mut Vec<Message>) {
        self.step(Input::Fired(Timer::Heartbeat), out);
    }

    fn receive(&mut self, message: Message, out: &mut Vec<Message>) {
        self.step(Input::Received(message), out);
    }

    fn propose(&mut self, commands: Range<u64>, out: &mut Vec<Message>) {
        let payloads = commands.map(|number| Payload::Command(command(number)[..].into()));
        self.step(Input::Proposed(payloads.collect()), out);
    }

    /// Nothing: every effect is carried out before the next step.
    fn carry_out(&mut self, _: &mut Vec<Message>) {}

    fn applied(&self) -> Applied {
        self.applied
    }

    fn receiver(message: &Message) -> usize {
        message.to.slot()
    }
}
