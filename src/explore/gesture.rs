//! The steps of a search.

use crate::raft::ServerId;
use std::fmt;

/// One step: small enough that runs are made of few of them, large enough to be done with one hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gesture {
    /// A server that does not lead times out.
    Timeout(ServerId),
    /// A candidate asks a voter, or a leader sends to a follower; the reply comes back at once.
    Rpc(ServerId, ServerId),
    /// A leader takes a command.
    Request(ServerId),
    /// A server crashes, and comes up with what is on its disk.
    Restart(ServerId),
    /// A request is kept on its way.
    HoldRequest(ServerId, ServerId),
    /// A request arrives, and its reply is kept on its way.
    HoldReply(ServerId, ServerId),
    /// What is kept arrives; if it is a request, so does its reply.
    Release,
}

impl fmt::Display for Gesture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gesture::Timeout(id) => write!(f, "{id} times out"),
            Gesture::Rpc(from, to) => write!(f, "{from} asks {to}, which answers"),
            Gesture::Request(id) => write!(f, "{id} takes a command"),
            Gesture::Restart(id) => write!(f, "{id} crashes and restarts"),
            Gesture::HoldRequest(from, to) => {
                write!(f, "{from} asks {to}, and the request is kept on its way")
            }
            Gesture::HoldReply(from, to) => write!(f, "{from} asks {to}, and the reply is kept on its way"),
            Gesture::Release => f.write_str("the message that was kept arrives"),
        }
    }
}
