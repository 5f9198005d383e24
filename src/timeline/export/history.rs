//! The history of a run: what clients asked and what they were told ([`crate::check::history`]), in the
//! order in which they knew; what nobody has answered yet comes last.

use super::{Listener, Moment};
use crate::check::history::{Done, Operation};
use crate::kv::Op;
use crate::sim::{Action, Event, Finished, Outcome, What, World};
use crate::timeline::Recording;
use std::io::{self, Write};

/// Writes a history as it hears of the run.
#[derive(Debug)]
pub struct History<W> {
    out: W,
    begun: bool,
}

impl<W: Write> History<W> {
    /// A history that is written there.
    pub fn new(out: W) -> History<W> {
        History { out, begun: false }
    }

    fn write(&mut self, operation: &Operation) -> io::Result<()> {
        self.out.write_all(if self.begun { b",\n " } else { b"[" })?;
        self.begun = true;
        Ok(serde_json::to_writer(&mut self.out, operation)?)
    }
}

impl<W: Write> Listener for History<W> {
    const REMEMBERS: usize = 0;

    fn begin(&mut self, _: &Recording, _: &World) -> io::Result<()> {
        Ok(())
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        match known_by(moment.event) {
            Some(operation) => self.write(&operation),
            None => Ok(()),
        }
    }

    fn end(&mut self, world: &World) -> io::Result<()> {
        for client in world.clients() {
            // What waits behind it was never asked.
            let call = client.call.as_ref().filter(|call| is_about_a_key(&call.op));
            if let Some(call) = call {
                let op = call.op.clone();
                let client = u32::from(client.id.0);
                self.write(&Operation { client, op, call_us: call.called_us, done: None })?;
            }
        }
        self.out.write_all(if self.begun { b"]\n" } else { b"[]\n" })
    }
}

/// The operation of which somebody knows more after this event: a client that no longer waits; or nobody,
/// if a command went straight to a server. What never takes effect is no part of a history.
fn known_by(event: &Event) -> Option<Operation> {
    let operation = match (&event.what, event.finished.as_deref()) {
        (What::Acted { action: Action::Propose { op, .. }, refused: None }, _) => {
            Operation { client: 0, op: op.clone(), call_us: event.at_us, done: None }
        }
        (_, Some(Finished { client, op, called_us, returned_us, outcome, .. })) => {
            let done = match outcome {
                Outcome::Done(output) => Some(Done { at_us: *returned_us, output: output.clone() }),
                Outcome::Unknown => None,
                Outcome::Failed => return None,
            };
            Operation { client: u32::from(client.0), op: op.clone(), call_us: *called_us, done }
        }
        _ => return None,
    };
    is_about_a_key(&operation.op).then_some(operation)
}

/// Whether the store has anything to say about it later.
fn is_about_a_key(op: &Op) -> bool {
    !matches!(op, Op::Submit { .. } | Op::Register { .. })
}
