//! The history of a run: what clients asked and what they were told ([`crate::check::history`]), in the
//! order in which they knew; what nobody has answered yet comes last.
//!
//! It says what a client is promised (§8, D6.3), so that whoever judges it needs no more than it says:
//!
//! - a command without a session may take effect each time that it is asked: each time that nobody answered
//!   is an operation without an answer;
//! - reads in mode [`ReadMode::Local`] are left out: that mode promises nothing;
//! - what happened at one microsecond, as all does in manual mode, is told apart: a later event has a later
//!   time, by one microsecond if need be.

use super::{Listener, Moment};
use crate::check::history::{Done, Operation};
use crate::kv::Op;
use crate::raft::ReadMode;
use crate::sim::{Action, Client, ClientId, Event, Finished, Outcome, What, World};
use crate::timeline::Recording;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes a history as it hears of the run.
#[derive(Debug)]
pub struct History<W> {
    out: W,
    begun: bool,
    /// No time from now on is earlier.
    next_us: u64,
    /// What clients wait for.
    open: BTreeMap<ClientId, Open>,
}

/// What a client waits for.
#[derive(Debug)]
struct Open {
    /// It, without an answer. None: it is no part of a history.
    operation: Option<Operation>,
    /// How often nobody had answered.
    unanswered: u32,
}

impl<W: Write> History<W> {
    /// A history that is written there.
    pub fn new(out: W) -> History<W> {
        History { out, begun: false, next_us: 0, open: BTreeMap::new() }
    }

    fn write(&mut self, operation: &Operation) -> io::Result<()> {
        self.out.write_all(if self.begun { b",\n " } else { b"[" })?;
        self.begun = true;
        Ok(serde_json::to_writer(&mut self.out, operation)?)
    }

    /// A client no longer waits. What never takes effect is no part of a history.
    fn finish(&mut self, finished: &Finished, at_us: u64) -> io::Result<()> {
        self.next_us = at_us + 1;
        let open = self.open.remove(&finished.client);
        let Some(operation) = open.and_then(|open| open.operation) else { return Ok(()) };
        let done = match &finished.outcome {
            Outcome::Done(output) => Some(Done { at_us, answer: output.clone().into() }),
            Outcome::Unknown => None,
            Outcome::Failed => return Ok(()),
        };
        self.write(&Operation { done, ..operation })
    }

    /// A client may have begun to wait, or asked again.
    fn look(&mut self, client: &Client, at_us: u64) -> io::Result<()> {
        let Some(call) = &client.call else { return Ok(()) };
        let Some(open) = self.open.get_mut(&client.id) else {
            self.next_us = at_us + 1;
            let promised = is_about_a_key(&call.op) && call.mode != ReadMode::Local;
            let operation = promised.then(|| Operation {
                client: u32::from(client.id.0),
                op: call.op.clone(),
                call_us: at_us,
                done: None,
            });
            self.open.insert(client.id, Open { operation, unanswered: call.unanswered });
            return Ok(());
        };
        let again = call.unanswered > open.unanswered;
        open.unanswered = call.unanswered;
        let once = call.session || matches!(call.op, Op::Get { .. });
        match &open.operation {
            Some(operation) if again && !once => {
                let unanswered = Operation { client: 0, ..operation.clone() };
                self.write(&unanswered)
            }
            _ => Ok(()),
        }
    }
}

impl<W: Write> Listener for History<W> {
    const REMEMBERS: usize = 0;

    fn begin(&mut self, _: &Recording, _: &World) -> io::Result<()> {
        Ok(())
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        let at_us = moment.event.at_us.max(self.next_us);
        if let Some(op) = proposed(moment.event) {
            self.next_us = at_us + 1;
            self.write(&Operation { client: 0, op: op.clone(), call_us: at_us, done: None })?;
        }
        if let Some(finished) = &moment.event.finished {
            self.finish(finished, at_us)?;
        }
        moment.world.clients().iter().try_for_each(|client| self.look(client, at_us))
    }

    fn end(&mut self, _: &World) -> io::Result<()> {
        // What waits behind these was never asked.
        for operation in std::mem::take(&mut self.open).into_values().filter_map(|open| open.operation) {
            self.write(&operation)?;
        }
        self.out.write_all(if self.begun { b"]\n" } else { b"[]\n" })
    }
}

/// A command that went straight to a server: nobody waits for an answer.
fn proposed(event: &Event) -> Option<&Op> {
    match &event.what {
        What::Acted { action: Action::Propose { op, .. }, refused: None } => Some(op),
        _ => None,
    }
    .filter(|op| is_about_a_key(op))
}

/// Whether the store has anything to say about it later.
fn is_about_a_key(op: &Op) -> bool {
    op.key().is_some()
}
