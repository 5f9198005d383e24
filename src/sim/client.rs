//! Clients: they ask whoever they believe to lead, follow redirections, ask again when nobody
//! answers, and know in the end that it is done, that it failed, or that they don't know.

use super::event::{EventId, Finished, Outcome};
use super::net::{Answer, ClientId};
use crate::kv::{Op, Output};
use crate::raft::{ReadMode, ServerId};
use std::collections::VecDeque;

/// How many requests may wait behind the one under way.
pub const QUEUE_MAX: usize = 1000;
/// How many finished requests a client remembers.
const REMEMBERED: usize = 8;

/// A client. It has one request under way at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Which client.
    pub id: ClientId,
    /// Whom it believes to lead.
    pub target: ServerId,
    /// The number of its last request.
    pub serial: u32,
    /// The request under way.
    pub call: Option<Call>,
    /// What it will ask next.
    pub queue: VecDeque<Wish>,
    /// Whether it has opened a session, and knows of no end of it (D6.3).
    pub has_session: bool,
    /// What it asked last, newest at the end.
    pub finished: VecDeque<Finished>,
    /// When the background client asks next.
    pub tick_us: Option<u64>,
}

/// Something that a client is to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What.
    pub op: Op,
    /// Whom first; else whom it believes to lead.
    pub to: Option<ServerId>,
    /// How a read is to be answered (D6.4).
    pub mode: ReadMode,
}

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The client's number for it.
    pub serial: u32,
    /// What is asked.
    pub op: Op,
    /// How a read is to be answered.
    pub mode: ReadMode,
    /// Whether it is asked within a session: decided when it is asked first, and kept.
    pub session: bool,
    /// Whether a session has to be opened first, and that is what is asked now.
    pub opening: bool,
    /// When it was asked first, in microseconds.
    pub called_us: u64,
    /// When the client stops waiting and does something.
    pub wake_us: u64,
    /// Whether it waits for an answer; else it pauses before it asks again.
    pub asked: bool,
    /// How often nobody answered: each time some server may have taken the request all the same.
    pub unanswered: u32,
    /// Whom it believed to lead when it began.
    pub believed: ServerId,
    /// How often it has asked.
    pub attempts: u32,
    /// The event in which it asked last.
    pub cause: EventId,
}

/// What a client goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// How many servers there are.
    pub servers: u8,
    /// How long it pauses after a refusal, in microseconds.
    pub pause_us: u64,
    /// How long a whole request may take before it is given up, in microseconds.
    pub most_us: u64,
}

/// What a client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It asks its target now.
    Ask,
    /// It waits, for an answer or before it asks again.
    Wait,
    /// The request is over.
    Over,
}

impl Client {
    /// A client that has not asked for anything.
    #[must_use]
    pub fn new(id: ClientId, target: ServerId) -> Client {
        Client {
            id,
            target,
            serial: 0,
            call: None,
            queue: VecDeque::new(),
            has_session: false,
            finished: VecDeque::new(),
            tick_us: None,
        }
    }

    /// Takes the next request from the queue, if none is under way. Whether there is one to ask.
    pub fn begin(&mut self, now_us: u64, cause: EventId) -> bool {
        if self.call.is_some() {
            return false;
        }
        let Some(Wish { op, to, mode }) = self.queue.pop_front() else { return false };
        self.serial += 1;
        let believed = self.target;
        self.target = to.unwrap_or(believed);
        self.call = Some(Call {
            believed,
            serial: self.serial,
            op,
            mode,
            session: false,
            opening: false,
            called_us: now_us,
            wake_us: now_us,
            asked: false,
            unanswered: 0,
            attempts: 0,
            cause,
        });
        true
    }

    /// An answer has come. A request that has taken its time is given up where it would be asked again at
    /// once: else a client whose sessions keep ending, or who is sent from one server to the next, would ask
    /// for ever.
    pub fn hear(
        &mut self,
        from: ServerId,
        serial: u32,
        answer: Answer,
        manners: Manners,
        now_us: u64,
    ) -> Next {
        let next = self.take_answer(from, serial, answer, manners, now_us);
        if next == Next::Ask && self.gives_up(manners.most_us, now_us) { Next::Over } else { next }
    }

    fn take_answer(
        &mut self,
        from: ServerId,
        serial: u32,
        answer: Answer,
        Manners { servers, pause_us, .. }: Manners,
        now_us: u64,
    ) -> Next {
        let Some(call) = self.call.as_mut().filter(|call| call.serial == serial) else { return Next::Wait };
        match answer {
            // A late no of one who was asked before says nothing about what the last one does.
            Answer::NotLeader(_) | Answer::Erased if call.asked && from != self.target => Next::Wait,
            Answer::Done(_) if call.opening => {
                self.target = from;
                self.has_session = true;
                self.renumber();
                Next::Ask
            }
            Answer::Done(Output::NoSession | Output::Outdated) => self.lose_session(now_us),
            Answer::Done(output) => {
                // Some reads are answered by anyone, so the answer says nothing about who leads.
                let by_anyone = matches!(call.mode, ReadMode::Local | ReadMode::Follower);
                self.target = if by_anyone { call.believed } else { from };
                self.finish(Outcome::Done(output), now_us);
                Next::Over
            }
            Answer::NotLeader(Some(leader)) if leader != from => {
                self.target = leader;
                Next::Ask
            }
            Answer::NotLeader(_) | Answer::Erased => {
                call.asked = false;
                call.wake_us = now_us + pause_us;
                self.target = after(from, servers);
                Next::Wait
            }
        }
    }

    /// Its session has ended (D6.3). If the command was sent more than once, it may have taken effect
    /// before that, and nobody can tell; else it was not, and can be asked in a new session.
    fn lose_session(&mut self, now_us: u64) -> Next {
        self.has_session = false;
        if self.call.as_ref().is_some_and(|call| call.unanswered > 0) {
            self.finish(Outcome::Unknown, now_us);
            return Next::Over;
        }
        self.renumber();
        Next::Ask
    }

    /// What is asked next is another command for the session.
    fn renumber(&mut self) {
        self.serial += 1;
        if let Some(call) = &mut self.call {
            (call.serial, call.opening) = (self.serial, false);
        }
    }

    /// It has waited long enough. It gives up when the whole request has taken `most_us`.
    pub fn wake(&mut self, servers: u8, now_us: u64, most_us: u64) -> Next {
        let Some(call) = &mut self.call else { return Next::Wait };
        if call.asked {
            // A session that was opened in vain is no command that may have taken effect.
            call.unanswered += u32::from(!call.opening);
            self.target = after(self.target, servers);
        }
        if self.gives_up(most_us, now_us) { Next::Over } else { Next::Ask }
    }

    /// Gives the request up, if it has taken `most_us`. If some server may have taken it, its outcome is unknown.
    fn gives_up(&mut self, most_us: u64, now_us: u64) -> bool {
        let Some(call) = self.call.as_ref().filter(|call| now_us - call.called_us >= most_us) else {
            return false;
        };
        let outcome = if call.unanswered > 0 { Outcome::Unknown } else { Outcome::Failed };
        self.finish(outcome, now_us);
        true
    }

    /// A follower, as far as the client knows: the server after the one that it believes to lead.
    #[must_use]
    pub fn follower(&self, servers: u8) -> ServerId {
        after(self.target, servers)
    }

    fn finish(&mut self, outcome: Outcome, now_us: u64) {
        let Some(call) = self.call.take() else { return };
        if self.finished.len() == REMEMBERED {
            self.finished.pop_front();
        }
        self.finished.push_back(Finished {
            client: self.id,
            serial: call.serial,
            op: call.op,
            called_us: call.called_us,
            returned_us: now_us,
            outcome,
        });
    }
}

/// The server after this one, around the ring.
fn after(server: ServerId, servers: u8) -> ServerId {
    ServerId::new(server.number() % servers + 1).unwrap_or(server)
}
