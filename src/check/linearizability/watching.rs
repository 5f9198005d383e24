//! All keys while a run goes on. What clients ask and are told comes in as it happens.

use super::frontier::{Asked, Frontier, Shows, Wrong};
use crate::check::look::Look;
use crate::check::violation::Finding;
use crate::kv::{Command, Op};
use crate::raft::{Payload, ReadMode};
use crate::sim::{Client, EventId, Finished, Outcome, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is judged while a run goes on.
///
/// Reads in mode [`ReadMode::Local`] are no part of it: that mode promises nothing. Without a session a
/// command that is asked again may take effect twice (§8, D6.3): each time that nobody answered, it
/// becomes one more operation without an answer. A proposal by hand is one from the start.
#[derive(Clone, Debug)]
pub(in crate::check) struct Watching {
    /// Whether keys hold nothing at the start.
    empty: bool,
    keys: BTreeMap<String, Frontier>,
    /// By client: the number of the last request that is known to be over, and what is under way.
    clients: Vec<(Option<u32>, Option<Open>)>,
    asked: u64,
    unjudged: u64,
}

/// What a client is waiting for.
#[derive(Clone, Debug)]
struct Open {
    /// The number of the operation, if it is one about a key with a promise.
    id: Option<u64>,
    /// How often nobody had answered.
    unanswered: u32,
}

impl Watching {
    /// What a run begins with.
    pub(in crate::check) fn new(world: &World) -> Watching {
        let empty = world.servers().iter().all(|server| {
            let mut commands = server.node.log().iter().filter_map(|entry| command(&entry.payload));
            server.store.iter().next().is_none() && commands.all(|command| command.op.key().is_none())
        });
        let over = |client: &Client| client.finished.back().map(|finished| finished.serial);
        let clients = world.clients().iter().map(|client| (over(client), None)).collect();
        Watching { empty, keys: BTreeMap::new(), clients, asked: 0, unjudged: 0 }
    }

    /// How many answers were not judged, for want of knowledge or of steps.
    pub(in crate::check) fn unjudged(&self) -> u64 {
        self.unjudged
    }

    /// Something has happened to this client. Says what is wrong with an answer that it got.
    pub(in crate::check) fn look(&mut self, client: &Client, event: EventId) -> Option<Finding> {
        let slot = usize::from(client.id.0.checked_sub(1)?);
        if self.clients.len() <= slot {
            self.clients.resize_with(slot + 1, || (None, None));
        }
        let (over, open) = self.clients.get_mut(slot)?;
        let mut wrong = None;
        if let Some(finished) = client.finished.back()
            && *over != Some(finished.serial)
        {
            *over = Some(finished.serial);
            if let Some(Open { id: Some(id), .. }) = open.take() {
                wrong = self.finish(id, finished);
            }
        }
        let Some(call) = &client.call else { return wrong };
        let key = call.op.key().filter(|_| call.mode != ReadMode::Local);
        match &mut self.clients[slot].1 {
            Some(Open { id, unanswered }) if *unanswered < call.unanswered => {
                *unanswered = call.unanswered;
                if let (Some(id), Some(key), false) = (*id, key, call.session || is_read(&call.op)) {
                    self.key(key).call_again(id);
                }
            }
            Some(_) => {}
            None => {
                let id = key.map(|key| {
                    self.call(key, client.id.0, &call.op, (call.called_us, event), Frontier::call)
                });
                self.clients[slot].1 = Some(Open { id, unanswered: call.unanswered });
            }
        }
        wrong
    }

    /// What a leader has appended may have been proposed by hand.
    pub(in crate::check) fn look_at_log(&mut self, look: &Look) {
        let Some(from) = look.log_from.filter(|_| look.leads()) else { return };
        let log = look.node.log();
        let mut index = from.max(look.before.last.next());
        while let Some(entry) = log.get(index) {
            if entry.term == look.now.term {
                self.look_at_entry(&entry.payload, (look.world.now_us(), look.event));
            }
            index = index.next();
        }
    }

    fn look_at_entry(&mut self, payload: &Payload, when: (u64, EventId)) {
        // Whose command it is stands in its second byte: most need not be read.
        let Payload::Command(bytes) = payload else { return };
        if bytes.get(1) == Some(&0)
            && let Some(Command { client: 0, op, .. }) = Command::decode(bytes)
            && let Some(key) = op.key()
        {
            self.call(key, 0, &op, when, Frontier::let_loose);
        }
    }

    fn call(
        &mut self,
        key: &str,
        client: u8,
        op: &Op,
        (call_us, event): (u64, EventId),
        take: impl Fn(&mut Frontier, Arc<Asked>),
    ) -> u64 {
        self.asked += 1;
        let id = self.asked;
        take(self.key(key), Arc::new(Asked { id, client, op: op.clone(), call_us, event }));
        id
    }

    fn finish(&mut self, id: u64, Finished { op, outcome, returned_us, .. }: &Finished) -> Option<Finding> {
        let frontier = self.key(op.key()?);
        let shows = match outcome {
            Outcome::Done(output) => frontier.done(id, output, *returned_us),
            Outcome::Failed => frontier.fail(id),
            Outcome::Unknown => {
                frontier.lose_sight(id);
                return None;
            }
        };
        match shows {
            Shows::Fits => None,
            Shows::Wrong(wrong) => Some(finding(wrong)),
            Shows::Nothing => {
                self.unjudged += 1;
                None
            }
        }
    }

    fn key(&mut self, key: &str) -> &mut Frontier {
        if !self.keys.contains_key(key) {
            self.keys.insert(key.into(), Frontier::new(self.empty));
        }
        self.keys.get_mut(key).expect("it is there now")
    }
}

fn finding(Wrong { sentence, asked, answered, could_be, by }: Wrong) -> Finding {
    let told = answered.unwrap_or_else(|| "it has failed".into());
    let finding =
        Finding::new([], sentence).value(format!("C{} was told of {}", asked.client, asked.op), told);
    let name = match asked.op.key() {
        Some("") | None => "the value could be".to_string(),
        Some(key) => format!("{key} could be"),
    };
    let events = by.iter().map(|wrote| wrote.event).chain([asked.event]);
    could_be.into_iter().fold(finding, |finding, state| finding.value(name.clone(), state)).since(events)
}

fn command(payload: &Payload) -> Option<Command> {
    match payload {
        Payload::Command(bytes) => Command::decode(bytes),
        Payload::Noop | Payload::Configuration(_) => None,
    }
}

fn is_read(op: &Op) -> bool {
    matches!(op, Op::Get { .. })
}
