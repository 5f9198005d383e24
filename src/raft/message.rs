//! What servers say to each other: the two remote procedure calls of Figure 2, InstallSnapshot of
//! Figure 13, and what the dissertation adds: PreVote (D9.6) and TimeoutNow (D3.10).

use super::config::Configuration;
use super::log::Entries;
use super::types::{Index, ReadId, Round, ServerId, Term};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
        /// Whether the leader itself has asked for this election, so that nobody need wait for it to
        /// fall silent (D3.10).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        transfer: bool,
    },
    /// The answer to a RequestVote.
    RequestVoteReply {
        /// The term of the request that this answers: a reply to an older one is dropped.
        asked: Term,
        /// Whether the vote is given.
        granted: bool,
    },
    /// "Would you vote for me in that term?" It changes nothing at the receiver (D9.6).
    PreVote {
        /// The term that the sender would stand in: its own and one.
        asked: Term,
        /// Index of the sender's last entry.
        last_index: Index,
        /// Term of the sender's last entry.
        last_term: Term,
    },
    /// The answer to a PreVote.
    PreVoteReply {
        /// The term that was asked about.
        asked: Term,
        /// Whether the vote would be given.
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
        /// The leader's last round: an answer shows that it still led when that began. 0: no round was
        /// needed yet.
        #[serde(default, skip_serializing_if = "is_zero")]
        round: Round,
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
        /// The round of the request that this answers.
        #[serde(default, skip_serializing_if = "is_zero")]
        round: Round,
    },
    /// A piece of a snapshot, for a follower that needs entries which the leader no longer has (§7,
    /// Figure 13).
    InstallSnapshot {
        /// The index of the last entry that the snapshot covers.
        last_index: Index,
        /// The term of that entry.
        last_term: Term,
        /// The configuration in force there.
        configuration: Configuration,
        /// Where in the snapshot the piece begins, in bytes.
        offset: u64,
        /// The piece.
        data: Chunk,
        /// Whether it is the last one.
        done: bool,
        /// The leader's last round.
        #[serde(default, skip_serializing_if = "is_zero")]
        round: Round,
    },
    /// The answer to InstallSnapshot.
    InstallSnapshotReply {
        /// The term of the request that this answers.
        asked: Term,
        /// The last index of the snapshot of which a piece was sent.
        last_index: Index,
        /// Where the piece began.
        offset: u64,
        /// How it came out.
        outcome: SnapshotOutcome,
        /// The round of the request that this answers.
        #[serde(default, skip_serializing_if = "is_zero")]
        round: Round,
    },
    /// "Stand for election at once": the leader hands its leadership over (D3.10).
    TimeoutNow,
    /// A follower has a read to answer: "up to where do I have to apply the log first?" (D6.4)
    ReadIndex {
        /// The read, by its name at the follower.
        read: ReadId,
    },
    /// The answer to a ReadIndex request.
    ReadIndexReply {
        /// The term of the request that this answers.
        asked: Term,
        /// The read.
        read: ReadId,
        /// The leader's commitIndex when the request came, or as soon as that meant anything. None: the one asked
        /// does not lead.
        index: Option<Index>,
    },
}

fn is_zero(round: &Round) -> bool {
    *round == Round(0)
}

/// A piece of a snapshot. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chunk(pub Arc<[u8]>);

/// How InstallSnapshot came out at the follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SnapshotOutcome {
    /// The request was of an older term.
    Stale,
    /// The piece is there, or was not the next one: go on from this byte.
    More {
        /// Where the next piece has to begin.
        offset: u64,
    },
    /// Everything that the snapshot covers is there, and on disk.
    Installed,
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
        match self.body {
            Body::RequestVote { .. }
            | Body::PreVote { .. }
            | Body::AppendEntries { .. }
            | Body::InstallSnapshot { .. }
            | Body::ReadIndex { .. }
            | Body::TimeoutNow => true,
            Body::RequestVoteReply { .. }
            | Body::PreVoteReply { .. }
            | Body::AppendEntriesReply { .. }
            | Body::InstallSnapshotReply { .. }
            | Body::ReadIndexReply { .. } => false,
        }
    }
}
