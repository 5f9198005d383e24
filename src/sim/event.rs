//! What happened: one entry of the trace for each thing that the world did.

use super::action::{Action, Refusal};
use super::net::{ClientId, Content, DropReason, PacketName};
use super::presets::Cuts;
use crate::kv::{Op, Output};
use crate::raft::{Configuration, Guard, Index, RoleName, ServerId, Term, Timer, Token};
use serde::{Deserialize, Serialize};

/// The number of an event: how many went before it in the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub u64);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// When, in microseconds from the start.
    pub at_us: u64,
    /// What.
    pub what: What,
    /// The server that it happened to, if it happened to one.
    pub server: Option<ServerId>,
    /// The events without which it would not have happened, or not then.
    pub causes: [Option<EventId>; 2],
    /// What the server decided, in order.
    pub guards: Vec<Guard>,
    /// The server before and after.
    pub change: Option<Change>,
    /// The messages that left.
    pub sent: Vec<PacketName>,
    /// How many messages wait for the disk because of this event.
    pub waiting: u32,
    /// The write that was asked for.
    pub wrote: Option<Token>,
    /// What a client now knows.
    pub finished: Option<Box<Finished>>,
    /// Where links were cut or mended: all that are cut from now on.
    #[serde(skip)]
    pub cuts: Option<Box<Cuts>>,
}

impl Event {
    /// Whether a schedule did it: an action that has a cause, while nothing in the run is the cause of what
    /// somebody does.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        matches!(self.what, What::Acted { .. }) && self.causes[0].is_some()
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum What {
    /// Somebody acted, or tried to; or a schedule did, and then the event that set it is the cause.
    Acted {
        /// What was done.
        action: Action,
        /// Why nothing came of it, if nothing did.
        refused: Option<Refusal>,
    },
    /// A timer ran out.
    Fired {
        /// Which.
        timer: Timer,
    },
    /// A message arrived.
    Delivered {
        /// Its name.
        message: PacketName,
        /// What it says.
        content: Content,
    },
    /// A message did not arrive.
    Dropped {
        /// Its name.
        message: PacketName,
        /// What it would have said.
        content: Content,
        /// Why.
        reason: DropReason,
    },
    /// A message has come to a paused server, and waits in front of it.
    Queued {
        /// Its name.
        message: PacketName,
        /// What it says.
        content: Content,
    },
    /// A write is on the disk.
    Synced {
        /// Which.
        token: Token,
    },
    /// A client waited long enough, and asks again or gives up.
    Woke {
        /// Which client.
        client: ClientId,
        /// For which of its requests.
        serial: u32,
        /// Whether it had waited in vain for an answer; else it had paused before asking again.
        timed_out: bool,
    },
    /// The background client asks for something new, if it is idle.
    Ticked {
        /// Which client.
        client: ClientId,
    },
}

/// A server before and after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// As it was.
    pub before: Brief,
    /// As it is.
    pub after: Brief,
    /// From which index on the log was written to.
    pub log_from: Option<Index>,
}

/// A server's state in brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// Whether it runs (paused or not), or has crashed.
    pub up: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// What it is.
    pub role: RoleName,
    /// currentTerm.
    pub term: Term,
    /// votedFor.
    pub voted_for: Option<ServerId>,
    /// Who leads, as far as it knows.
    pub leader: Option<ServerId>,
    /// Index of the last entry.
    pub last_index: Index,
    /// Term of the last entry.
    pub last_term: Term,
    /// Up to here the log is on disk.
    pub durable_index: Index,
    /// commitIndex.
    pub commit: Index,
    /// lastApplied.
    pub applied: Index,
    /// The index of the first entry that the log still has: the one after its snapshot (§7).
    pub first_index: Index,
    /// The configuration that it goes by (§6).
    pub configuration: Configuration,
    /// To whom it hands its leadership over (D3.10).
    pub transferring: Option<ServerId>,
}

/// What a client knows about a request that it no longer waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finished {
    /// Which client.
    pub client: ClientId,
    /// Its number for the request.
    pub serial: u32,
    /// What it had asked.
    pub op: Op,
    /// When it asked first, in microseconds.
    pub called_us: u64,
    /// When it knew, in microseconds.
    pub returned_us: u64,
    /// What it knows.
    pub outcome: Outcome,
}

/// What a client knows about a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was done, and this is the answer.
    Done(Output),
    /// It was not done and never will be.
    Failed,
    /// Nobody answered: it may have been done, may be done later, or never.
    Unknown,
}

/// What whoever checks a run needs to know about a step, whether or not a trace is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stepped<'a> {
    /// The number of the event.
    pub event: EventId,
    /// The server that it happened to.
    pub server: Option<ServerId>,
    /// The client that asked for something, or was told something.
    pub client: Option<ClientId>,
    /// Whether somebody acted on the world, and did not only ask for something.
    pub acted: bool,
    /// From which index on that server's log was written to.
    pub log_from: Option<Index>,
    /// Whether the server has begun a new life: commitIndex and lastApplied start again.
    pub reborn: bool,
    /// The commands of sessions that its state machine carried out.
    pub took_effect: &'a [TookEffect],
}

/// A command of a client's session that a state machine carried out, and did not answer from memory (D6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TookEffect {
    /// The index of its entry.
    pub index: Index,
    /// Whose command it was.
    pub client: ClientId,
    /// The client's number for it.
    pub serial: u32,
}

/// A fingerprint of facts in a fixed encoding: little words, one after the other. It is the same on
/// 32 and 64 bits, and has nothing to do with [`std::hash::Hash`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Takes in one number.
    #[inline]
    pub fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }

    /// Takes in bytes, with their number.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
