//! At Most Once (§8, D6.3): in the history of a state machine each command of a client's session takes
//! effect once, however often it was sent and stands in the log.
//!
//! A command without a session promises nothing of the kind: its retries may take effect as well, and that
//! is no fault. So only sessions are looked at.

use super::Finding;
use super::look::Look;
use super::past::Past;
use super::violation::stands_at;
use crate::kv::Command;
use crate::raft::{Index, Log, Payload, ServerId};
use crate::sim::{EventId, TookEffect};
use std::collections::BTreeMap;

/// Remembers where which command took effect.
#[derive(Clone, Debug, Default)]
pub(super) struct AtMostOnce {
    /// By client, in the order of the clients' numbers for their commands.
    effects: BTreeMap<u8, Past<Effect>>,
}

/// A command that took effect: at which index, and on whom first.
#[derive(Clone, Copy, Debug)]
struct Effect {
    serial: u32,
    index: Index,
    on: ServerId,
    event: EventId,
}

impl AtMostOnce {
    pub(super) fn look(&mut self, look: &Look, took_effect: &[TookEffect]) -> Option<Finding> {
        let mut finding = None;
        for now in took_effect {
            let effects = self.effects.entry(now.client.0).or_default();
            match effects.find(now.serial, |effect| effect.serial) {
                None => {
                    let TookEffect { serial, index, .. } = *now;
                    let effect = Effect { serial, index, on: look.id, event: look.event };
                    effects.insert(effect, |effect| effect.serial);
                }
                // The same entry, on another server or once more after a restart, is the same effect.
                Some(first) if first.index < now.index && first.is_in(look.node.log(), now) => {
                    finding = finding.or_else(|| Some(first.comes_twice(now, look)));
                }
                Some(_) => {}
            }
        }
        finding
    }
}

impl Effect {
    /// Whether the entry that it came from is in that log too. What a snapshot covers is the same for all.
    fn is_in(&self, log: &Log, now: &TookEffect) -> bool {
        match log.get(self.index).map(|entry| &entry.payload) {
            None => self.index <= log.base_index(),
            Some(Payload::Command(bytes)) => Command::decode(bytes)
                .is_some_and(|command| (command.client, command.serial) == (now.client.0, now.serial)),
            Some(_) => false,
        }
    }

    #[cold]
    fn comes_twice(&self, now: &TookEffect, look: &Look) -> Finding {
        let Effect { serial, index: first, on, event } = *self;
        let (id, second, client) = (look.id, now.index, now.client);
        let sentence = format!(
            "Command {serial} of {client} took effect on {id} at index {first}, and once more at index {second}."
        );
        let log = look.node.log();
        Finding::new([on, id], sentence)
            .at(second)
            .since([event])
            .value(format!("entry {first}"), stands_at(log, first))
            .value(format!("entry {second}"), stands_at(log, second))
    }
}
