//! What servers say to each other: the two remote procedure calls of Figure 2.

use super::log::Entries;
use super::types::{Index, ServerId, Term};
use serde::{Deserialize, Serialize};

/// A message from one server to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// Who sends it.
    pub from: ServerId,
    /// Who is to receive it.
    pub to: ServerId,
    /// The sender's currentTerm when it was written: terms travel with every message (§5.1).
    pub term: Term,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Body {
    /// "Vote for me in this term" (§5.2).
    RequestVote {
        /// Index of the candidate's last entry.
        last_index: Index,
        /// Term of the candidate's last entry.
        last_term: Term,
    },
    /// The answer to a RequestVote.
    RequestVoteReply {
        /// The term of the request that this answers: a reply to an older one is dropped.
        asked: Term,
        /// Whether the vote is given.
        granted: bool,
    },
    /// Entries for the follower's log; without entries, a heartbeat (§5.3).
    AppendEntries {
        /// Index of the entry just before the new ones.
        prev_index: Index,
        /// Term of the entry just before the new ones.
        prev_term: Term,
        /// The new entries, none for a heartbeat.
        entries: Entries,
        /// The leader's commitIndex.
        leader_commit: Index,
    },
    /// The answer to AppendEntries.
    AppendEntriesReply {
        /// The term of the request that this answers.
        asked: Term,
        /// prevLogIndex of the request that this answers.
        prev_index: Index,
        /// How many entries that request carried.
        count: u64,
        /// How it came out.
        outcome: AppendOutcome,
    },
}

/// How AppendEntries came out at the follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AppendOutcome {
    /// The log now agrees with the leader's up to the request's last entry, and that is on disk.
    Success,
    /// The request was of an older term. Nothing can be learnt about the log.
    Stale,
    /// The log does not have the entry at prevLogIndex with its term.
    Mismatch {
        /// What would help the leader to find the place faster, when that option is on.
        hint: Option<ConflictHint>,
    },
}

/// Where a follower's log parts from the leader's (end of §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConflictHint {
    /// The term of the follower's entry at prevLogIndex; none where its log is shorter.
    pub term: Option<Term>,
    /// The first index of that term in the follower's log; or the index after its last entry.
    pub index: Index,
}

impl Message {
    /// Whether this is a request, which is answered, rather than an answer.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.body, Body::RequestVote { .. } | Body::AppendEntries { .. })
    }
}
