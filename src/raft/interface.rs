//! What goes into a server and what comes out: the whole of its dealings with the world.

use super::config::{Change, ChangeError};
use super::log::Payload;
use super::message::Message;
use super::options::TimerRange;
use super::persistence::Write;
use super::snapshots::Snapshot;
use super::types::{Index, ReadId, ReadMode, ServerId, Term, Timer, Token};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What happens to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It begins to run, for the first time or after a crash.
    Started,
    /// A timer that it had asked for has run out.
    Fired(Timer),
    /// A message has arrived.
    Received(Message),
    /// A write is durable, and with it all earlier ones. `last` is where the log ended that it wrote.
    Persisted(Token, Option<(Index, Term)>),
    /// Clients want these in the log.
    Proposed(Vec<Payload>),
    /// It is to give up its candidacy or leadership, as it may at any time without harm.
    SteppedDown,
    /// An administrator wants another configuration (§6).
    ChangeAsked(Change),
    /// An administrator wants that server to lead (D3.10).
    TransferAsked(ServerId),
    /// A client wants to read, past the log (D6.4).
    ReadAsked(ReadId, ReadMode),
    /// The state machine as it was when it had applied this entry and no more (§7).
    SnapshotTaken(Index, Arc<[u8]>),
}

/// What a server wants done, in the order in which it wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write this to the disk and say when it is durable.
    Persist(Write),
    /// Send this, but not before the write of that token is durable.
    Send(Message, Option<Token>),
    /// Start this timer anew, with a length drawn from the range.
    SetTimer(Timer, TimerRange),
    /// Stop this timer.
    CancelTimer(Timer),
    /// Apply the entries after the last applied one, up to and with this one, to the state machine.
    Apply(Index),
    /// Put this snapshot in the place of the state machine.
    Restore(Arc<Snapshot>),
    /// The log is long enough: hand over a snapshot of the state machine
    /// ([`Input::SnapshotTaken`]), if that can be done.
    TakeSnapshot,
    /// The proposals are in the leader's log, one after the other from there on.
    Accepted(Index, Term),
    /// This server does not lead; that one does, as far as it knows.
    NotLeader(Option<ServerId>),
    /// What was asked is not done, for that reason.
    Refused(Refused),
    /// The read can be answered from the state machine as it is now.
    ReadReady(ReadId),
    /// This server can't answer the read; that one leads, as far as it knows.
    ReadRefused(ReadId, Option<ServerId>),
}

/// Why a server does not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Refused {
    /// It does not lead.
    NotLeader,
    /// It hands its leadership over to that server.
    Transferring {
        /// Who is to lead.
        to: ServerId,
    },
    /// It leads already.
    Leads,
    /// That server has no vote, so it can't lead.
    NoVoter {
        /// Which server.
        server: ServerId,
    },
    /// That server has a vote only until the change of the configuration is over (§6).
    Leaving {
        /// Which server.
        server: ServerId,
    },
    /// An earlier change of the configuration is not committed yet.
    ChangeUnderWay {
        /// Where it stands in the log.
        index: Index,
    },
    /// It has committed nothing of its own term yet, so it can't know which configuration is in force.
    NothingOfOwnTerm,
    /// That server catches up before it becomes a voter.
    CatchingUp {
        /// Which server.
        server: ServerId,
    },
    /// The change makes no sense.
    Change(ChangeError),
    /// There is nothing to put into a snapshot, or a snapshot of it is being written.
    NothingToCompact,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::NotLeader => f.write_str("it does not lead"),
            Refused::Transferring { to } => write!(f, "it is handing its leadership over to {to}"),
            Refused::Leads => f.write_str("it leads already"),
            Refused::NoVoter { server } => write!(f, "{server} has no vote, so it can't lead"),
            Refused::Leaving { server } => write!(
                f,
                "{server} is leaving the configuration, so hand leadership over to a server that stays"
            ),
            Refused::ChangeUnderWay { index } => {
                write!(f, "the change of the configuration at index {index} is not committed yet")
            }
            Refused::NothingOfOwnTerm => f.write_str(
                "it has not committed an entry of its own term yet (the no-op option gives it one at once)",
            ),
            Refused::CatchingUp { server } => write!(f, "{server} is catching up before it becomes a voter"),
            Refused::Change(why) => why.fmt(f),
            Refused::NothingToCompact => {
                f.write_str("nothing was applied since the last snapshot, or one is being written")
            }
        }
    }
}
