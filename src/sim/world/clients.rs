//! What clients do in the world.

use super::{Draft, Watch, World};
use crate::kv::Op;
use crate::raft::{ReadMode, ServerId};
use crate::sim::client::{Client, Manners, Next, Wish};
use crate::sim::event::{EventId, What};
use crate::sim::net::{Answer, ClientId, Content, Endpoint};
use crate::sim::workload::Workload;

impl World {
    pub(super) fn ask(&mut self, slot: usize, draft: &mut Draft) {
        let client = &mut self.clients[slot];
        let Some(call) = &mut client.call else { return };
        draft.client = Some(client.id);
        if call.attempts == 0 {
            call.session = self.options.sessions && call.mode == ReadMode::Log;
        }
        call.opening = call.session && !client.has_session;
        call.asked = true;
        call.attempts += 1;
        call.cause = draft.id;
        call.wake_us = self.now_us + self.options.client_timeout_us;
        let link = (Endpoint::Client(client.id), Endpoint::Server(client.target));
        let op =
            if call.opening { Op::Register { life: self.options.session_life } } else { call.op.clone() };
        let session = call.session && !call.opening;
        let content = Content::Request { serial: call.serial, op, session, mode: call.mode };
        draft.sends(self.network.send(link, content, self.now_us, draft.id, None));
    }

    pub(super) fn hear(
        &mut self,
        client: ClientId,
        from: ServerId,
        serial: u32,
        answer: Answer,
        draft: &mut Draft,
    ) {
        let Some(slot) = self.clients.iter().position(|c| c.id == client) else { return };
        let manners = Manners {
            servers: self.servers.len() as u8,
            pause_us: self.options.heartbeat_us,
            most_us: self.patience_us(),
        };
        let next = self.clients[slot].hear(from, serial, answer, manners, self.now_us);
        self.go_on(slot, next, draft);
    }

    /// How long a client goes on asking for one thing.
    fn patience_us(&self) -> u64 {
        u64::from(self.options.client_attempts) * self.options.client_timeout_us
    }

    fn go_on(&mut self, slot: usize, next: Next, draft: &mut Draft) {
        draft.client = Some(self.clients[slot].id);
        match next {
            Next::Wait => {}
            Next::Ask => self.ask(slot, draft),
            Next::Over => {
                if draft.watched {
                    draft.finished = self.clients[slot].finished.back().cloned().map(Box::new);
                }
                if self.clients[slot].begin(self.now_us, draft.id) {
                    self.ask(slot, draft);
                }
            }
        }
    }

    pub(super) fn wake<W: Watch>(&mut self, slot: usize, watch: &mut W) -> Option<EventId> {
        let most_us = self.patience_us();
        let mut draft = self.draft::<W>(None);
        let call = self.clients[slot].call.as_ref()?;
        draft.causes[0] = Some(call.cause);
        let (client, serial, timed_out) = (self.clients[slot].id, call.serial, call.asked);
        let next = self.clients[slot].wake(self.servers.len() as u8, self.now_us, most_us);
        self.go_on(slot, next, &mut draft);
        Some(self.close(&mut draft, || What::Woke { client, serial, timed_out }, watch))
    }

    /// The background client asks for something new; if it is still busy, it lets this time pass.
    pub(super) fn tick<W: Watch>(&mut self, slot: usize, watch: &mut W) -> EventId {
        let mut draft = self.draft::<W>(None);
        let every_us = self.workload.map_or(self.options.workload_every_us, |workload| workload.every_us);
        self.clients[slot].tick_us = (every_us > 0).then(|| self.now_us + every_us);
        if self.clients[slot].call.is_none() {
            let wish = self.background_wish(slot);
            let client = &mut self.clients[slot];
            client.queue.push_back(wish);
            client.begin(self.now_us, draft.id);
            self.ask(slot, &mut draft);
        }
        let client = self.clients[slot].id;
        self.close(&mut draft, || What::Ticked { client }, watch)
    }

    /// What a background client asks next.
    fn background_wish(&self, slot: usize) -> Wish {
        let client = &self.clients[slot];
        let n = client.serial + 1;
        let Some(workload) = &self.workload else {
            let op = Op::Put { key: format!("k{}", n % 5), value: n.to_string() };
            return Wish { op, to: None, mode: ReadMode::Log };
        };
        let op = workload.op(self.setup.seed, client.id, n);
        let reads = matches!(op, Op::Get { .. });
        let mode = if reads { workload.mode.unwrap_or(self.options.reads) } else { ReadMode::Log };
        let to = (mode == ReadMode::Follower).then(|| client.follower(self.servers.len() as u8));
        Wish { op, to, mode }
    }

    /// Other background clients from now on, in turn. What one has under way it still waits for.
    pub(super) fn set_workload(&mut self, workload: &Workload) {
        let Workload { clients, every_us, .. } = *workload;
        while self.clients.len() <= usize::from(clients) {
            let id = ClientId(self.clients.len() as u8 + 1);
            self.clients.push(Client::new(id, self.clients[0].target));
        }
        for (nth, client) in (1..).zip(&mut self.clients[1..]) {
            let asks = nth <= u64::from(clients);
            client.tick_us = asks.then(|| self.now_us + every_us * nth / u64::from(clients));
        }
        self.workload = (clients > 0).then_some(*workload);
        self.schedule_workload();
    }

    pub(super) fn schedule_workload(&mut self) {
        if self.workload.is_some() {
            return;
        }
        let every_us = self.options.workload_every_us;
        let now_us = self.now_us;
        let client = &mut self.clients[1];
        client.tick_us = (every_us > 0).then(|| client.tick_us.unwrap_or(u64::MAX).min(now_us + every_us));
    }
}
