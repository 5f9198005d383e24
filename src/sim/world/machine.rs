//! A server's state machine and the clients' requests to it: what Raft leaves to whoever uses it.

use super::{Draft, Watch, World};
use crate::kv::{Applied, Command, Op, Store};
use crate::raft::{Entry, Index, Input, Payload, ReadId, ReadMode, Rule, ServerId, Snapshot, rules};
use crate::sim::event::TookEffect;
use crate::sim::net::{Answer, ClientId};
use crate::sim::server::Read;

impl World {
    /// A client's request has come to a server: a read past the log, or a command for it. A leader that
    /// hands its leadership over keeps commands until that is over (D3.10).
    pub(super) fn receive_request<W: Watch>(
        &mut self,
        id: ServerId,
        client: ClientId,
        command: Command,
        mode: ReadMode,
        draft: &mut Draft,
        watch: &mut W,
    ) {
        let server = &mut self.servers[id.slot()];
        match command {
            Command { op: Op::Get { key }, serial, .. } if mode != ReadMode::Log => {
                let read = ReadId(u64::from(client.0) << 32 | u64::from(serial));
                server.reads.insert(read, Read { client, serial, key });
                self.on_server(id, Input::ReadAsked(read, mode), draft, watch);
            }
            command if server.node.transferring().is_some() => server.held.push((client, command)),
            command => self.propose(id, client, &command, draft, watch),
        }
    }

    fn propose<W: Watch>(
        &mut self,
        id: ServerId,
        client: ClientId,
        command: &Command,
        draft: &mut Draft,
        watch: &mut W,
    ) {
        draft.request = Some((client, command.serial));
        let payload = Payload::Command(command.encode());
        self.on_server(id, Input::Proposed(vec![payload]), draft, watch);
        draft.request = None;
    }

    /// What was kept while leadership was handed over is taken up again: by a leader that still leads, or
    /// to tell the clients who does.
    pub(super) fn go_on_with_held<W: Watch>(&mut self, id: ServerId, draft: &mut Draft, watch: &mut W) {
        let server = &mut self.servers[id.slot()];
        if server.held.is_empty() || server.node.transferring().is_some() {
            return;
        }
        for (client, command) in std::mem::take(&mut server.held) {
            self.propose(id, client, &command, draft, watch);
        }
    }

    /// Applies the log to the state machine, and answers the clients whose requests these were.
    pub(super) fn apply<W: Watch>(&mut self, id: ServerId, upto: Index, draft: &mut Draft, watch: &mut W) {
        while self.servers[id.slot()].applied < upto {
            let server = &mut self.servers[id.slot()];
            let index = server.applied.next();
            server.applied = index;
            let Some(Entry { term, payload }) = server.node.log().get(index) else { continue };
            let term = *term;
            let output = match payload {
                Payload::Command(bytes) => Command::decode(bytes).map(|command| {
                    let once = is_once(&server.store, &command, self.rules, watch);
                    let Applied { output, carried_out } = server.store.apply(index.0, &command, once);
                    if carried_out && command.session {
                        let Command { client, serial, .. } = command;
                        draft.took_effect.push(TookEffect { index, client: ClientId(client), serial });
                    }
                    output
                }),
                Payload::Noop | Payload::Configuration(_) => None,
            };
            if let Some(request) = server.requests.remove(&index) {
                let answer = match output {
                    Some(output) if request.term == term => Answer::Done(output),
                    _ => Answer::Erased,
                };
                self.answer(id, request.client, request.serial, answer, draft);
            }
        }
    }

    /// Hands the server a snapshot of its state machine as it is now.
    pub(super) fn take_snapshot<W: Watch>(&mut self, id: ServerId, draft: &mut Draft, watch: &mut W) {
        let server = &self.servers[id.slot()];
        let (index, data) = (server.applied, server.store.encode());
        self.on_server(id, Input::SnapshotTaken(index, data), draft, watch);
    }

    /// A leader's snapshot takes the place of the state machine. What became of requests that it covers
    /// is not known here: their clients ask again.
    pub(super) fn restore<W: Watch>(&mut self, id: ServerId, snapshot: &Snapshot, watch: &mut W) {
        let store = Store::decode(&snapshot.data).unwrap_or_default();
        let sessions = store.sessions().len() as u32;
        let server = &mut self.servers[id.slot()];
        let kept = rules::choose(self.rules, watch, Rule::SnapshotCarriesSessions, sessions, 0);
        server.store = if kept == sessions { store } else { store.without_sessions() };
        server.applied = snapshot.index;
        server.requests = server.requests.split_off(&snapshot.index.next());
    }

    /// Answers a read that did not go through the log.
    pub(super) fn answer_read(
        &mut self,
        id: ServerId,
        read: ReadId,
        answer: impl FnOnce(&str, &Store) -> Answer,
        draft: &mut Draft,
    ) {
        let server = &mut self.servers[id.slot()];
        if let Some(Read { client, serial, key }) = server.reads.remove(&read) {
            let answer = answer(&key, &server.store);
            self.answer(id, client, serial, answer, draft);
        }
    }
}

/// Whether a command is applied by its session, so that it takes effect once (D6.3).
fn is_once<W: Watch>(store: &Store, command: &Command, rules: rules::Rules, watch: &mut W) -> bool {
    if !command.session {
        return false;
    }
    let session = store.sessions().get(&command.client);
    let fresh = session.is_some_and(|session| !session.ended && session.serial < command.serial);
    let known = session.map_or(0, |session| session.serial);
    fresh || !rules::guard(rules, watch, Rule::Sessions, false, command.serial, known)
}
