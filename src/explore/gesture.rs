//! The steps of a search.

use crate::raft::{Body, Index, Message, ServerId};
use std::fmt;

/// How fine the steps of a search are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grain {
    /// What is done with one hand: a request and its reply are one step, and messages are on their way
    /// only where they are held.
    #[default]
    Gesture,
    /// Every message leaves in one step and arrives in another, in any order.
    Message,
}

/// A request that a server sends to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// A candidate or a leader.
    pub from: ServerId,
    /// A voter or a follower.
    pub to: ServerId,
    /// Whether a leader sends AppendEntries without entries though some wait: an AppendEntries carries
    /// everything from nextIndex, or nothing.
    pub heartbeat: bool,
}

impl Ask {
    /// The request of the moment: a vote is asked for, or everything from nextIndex is sent.
    #[must_use]
    pub fn all(from: ServerId, to: ServerId) -> Ask {
        Ask { from, to, heartbeat: false }
    }

    /// A heartbeat, though entries wait.
    #[must_use]
    pub fn heartbeat(from: ServerId, to: ServerId) -> Ask {
        Ask { from, to, heartbeat: true }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gesture {
    /// A server that does not lead times out.
    Timeout(ServerId),
    /// A candidate asks a voter, or a leader sends to a follower; the reply comes back at once.
    Rpc(Ask),
    /// A leader takes a command. The number says which of its term's leaders it is, from 0: the commands of
    /// two leaders of one term are two commands.
    Request(ServerId, u8),
    /// A server crashes, and comes up with what is on its disk. One that is down comes up.
    Restart(ServerId),
    /// A request is kept on its way.
    HoldRequest(Ask),
    /// A request arrives, and its reply is kept on its way.
    HoldReply(Ask),
    /// A message that was kept arrives; if it is a request, so does its reply.
    Release(Message),
    /// A leader's nextIndex for a follower is set to some value within its log, or just behind it.
    Mislead(ServerId, ServerId, Index),
    /// A leader's heartbeat timer fires.
    Beat(ServerId),
    /// A leader's heartbeat leaves, though entries wait. Only where steps are messages.
    Send(Ask),
    /// A message arrives.
    Deliver(Message),
    /// A message is lost.
    Drop(Message),
}

impl fmt::Display for Gesture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gesture::Timeout(id) => write!(f, "{id} times out"),
            Gesture::Rpc(ask) => write!(f, "{ask}, which answers"),
            Gesture::Request(id, _) => write!(f, "{id} takes a command"),
            Gesture::Restart(id) => write!(f, "{id} crashes and restarts"),
            Gesture::HoldRequest(ask) => write!(f, "{ask}, and that is kept on its way"),
            Gesture::HoldReply(ask) => write!(f, "{ask}, and the reply is kept on its way"),
            Gesture::Release(message) => {
                write!(f, "{}, which was kept, arrives", OnItsWay(message))?;
                if message.is_request() { f.write_str(" and is answered") } else { Ok(()) }
            }
            Gesture::Mislead(leader, follower, next) => {
                write!(f, "{leader}'s nextIndex for {follower} is set to {next} by hand")
            }
            Gesture::Beat(id) => write!(f, "{id} sends heartbeats"),
            Gesture::Send(ask) => write!(f, "{ask}"),
            Gesture::Deliver(message) => write!(f, "{} arrives", OnItsWay(message)),
            Gesture::Drop(message) => write!(f, "{} is lost", OnItsWay(message)),
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ask { from, to, heartbeat } = self;
        match heartbeat {
            true => write!(f, "{from} sends a heartbeat without its new entries to {to}"),
            false => write!(f, "{from} asks {to}"),
        }
    }
}

/// A message, in few words.
struct OnItsWay<'a>(&'a Message);

impl fmt::Display for OnItsWay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message { from, to, term, body } = self.0;
        let kind = match body {
            Body::RequestVote { .. } => "vote request",
            Body::RequestVoteReply { granted: true, .. } => "yes to the vote request",
            Body::RequestVoteReply { granted: false, .. } => "no to the vote request",
            Body::PreVote { .. } => "pre-vote request",
            Body::PreVoteReply { .. } => "answer to the pre-vote request",
            Body::AppendEntries { entries, .. } if entries.is_empty() => "heartbeat",
            Body::AppendEntries { .. } => "AppendEntries",
            Body::AppendEntriesReply { .. } => "answer to AppendEntries",
            Body::InstallSnapshot { .. } => "InstallSnapshot",
            Body::InstallSnapshotReply { .. } => "answer to InstallSnapshot",
            Body::TimeoutNow => "TimeoutNow",
            Body::ReadIndex { .. } => "request for a ReadIndex",
            Body::ReadIndexReply { .. } => "answer with a ReadIndex",
        };
        write!(f, "{from}'s {kind} of term {term} to {to}")
    }
}
