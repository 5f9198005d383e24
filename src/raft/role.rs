//! What a server is at the moment, and what it keeps only as long as it is that (§5.1).

use super::config::Change;
use super::snapshots::Snapshot;
use super::types::{Index, MAX_SERVERS, ReadId, ReadMode, Round, ServerId, ServerSet, Term};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a server is, and what it keeps only as long as it is that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers, and knows at most who leads.
    Follower {
        /// Whom it has heard as leader in this term.
        leader: Option<ServerId>,
    },
    /// Asks whether it would be elected, before it stands (D9.6). Its term has not changed.
    PreCandidate {
        /// Who would vote for it, itself included.
        granted: ServerSet,
        /// Who would not.
        refused: ServerSet,
    },
    /// Stands for election.
    Candidate {
        /// Who has granted it a vote. Itself only once its own vote is on disk.
        granted: ServerSet,
        /// Who has refused.
        refused: ServerSet,
        /// How many copies of votes were counted besides, with the rule off that counts a vote once.
        again: u32,
        /// Whether the leader has asked it to stand (D3.10).
        transfer: bool,
    },
    /// Leads.
    Leader(Box<Leadership>),
}

/// The name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoleName {
    /// See [`Role::Follower`].
    Follower,
    /// See [`Role::Candidate`].
    Candidate,
    /// See [`Role::Leader`].
    Leader,
    /// See [`Role::PreCandidate`].
    PreCandidate,
}

impl Role {
    /// The role without what it keeps.
    #[must_use]
    pub fn name(&self) -> RoleName {
        match self {
            Role::Follower { .. } => RoleName::Follower,
            Role::PreCandidate { .. } => RoleName::PreCandidate,
            Role::Candidate { .. } => RoleName::Candidate,
            Role::Leader(_) => RoleName::Leader,
        }
    }
}

/// What a leader keeps. In plain Figure 2 only nextIndex and matchIndex matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Leadership {
    /// How far each follower is, by [`ServerId::slot`]; the leader's own is not used.
    pub progress: [Progress; MAX_SERVERS as usize],
    /// Snapshots that are being sent. They stay the same until they have arrived, whatever is
    /// compacted meanwhile.
    pub sending: BTreeMap<ServerId, Arc<Snapshot>>,
    /// Who has answered since the last check of the quorum (D6.2).
    pub heard: ServerSet,
    /// Whether the quorum is being checked: the timer runs.
    pub checks_quorum: bool,
    /// The transfer of leadership that is under way (D3.10).
    pub transfer: Option<Transfer>,
    /// Whether anybody was asked to stand in this term: then there are no leases any more.
    pub handed_over: bool,
    /// The last round of requests that was begun.
    pub round: Round,
    /// The last round that a majority has answered.
    pub confirmed: Round,
    /// Reads that are not answered yet, in the order in which they came.
    pub reads: Vec<PendingRead>,
    /// The two leases, which take turns ([`Timer::LEASES`](super::Timer::LEASES)).
    pub leases: [Lease; 2],
    /// The servers that catch up before they become voters (D4.2.1).
    pub catch_up: Option<CatchUp>,
}

/// How far a follower is, as the leader sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Progress {
    /// nextIndex: the next entry to send.
    pub next: Index,
    /// matchIndex: up to here the follower's log is known to be the leader's.
    pub matched: Index,
    /// What the leader does about it.
    pub mode: Mode,
    /// The last round that it has answered.
    pub round: Round,
}

/// What a leader does about a follower's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Mode {
    /// It looks for the place where the logs agree.
    Probe {
        /// Whether it has asked and waits for the answer. Heeded only with a window.
        sent: bool,
    },
    /// The place is known; entries are sent as they come.
    Replicate,
    /// It sends a snapshot, since the entries are gone (§7).
    Snapshot {
        /// The byte at which the next piece begins.
        offset: u64,
    },
}

impl Default for Mode {
    fn default() -> Mode {
        Mode::Probe { sent: false }
    }
}

/// A transfer of leadership under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// Who is to lead.
    pub to: ServerId,
    /// Whether it was told to stand.
    pub sent: bool,
}

/// A read that a follower has been asked for, and asks its leader about (D6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FollowerRead {
    /// Which.
    pub id: ReadId,
    /// Whom it has asked.
    pub leader: ServerId,
    /// In which term.
    pub term: Term,
    /// What has to be applied first, once the leader has said so.
    pub index: Option<Index>,
}

/// A read that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PendingRead {
    /// Which.
    pub id: ReadId,
    /// The follower that will answer it. None: a client has asked this leader itself.
    pub follower: Option<ServerId>,
    /// How it is to be answered.
    pub mode: ReadMode,
    /// What has to be applied first: commitIndex as it was when the read came, or as soon as that meant
    /// anything.
    pub index: Option<Index>,
    /// The round that has to be confirmed first.
    pub round: Option<Round>,
}

/// One of the two leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lease {
    /// None.
    #[default]
    None,
    /// It will be held once this round is confirmed. Its timer runs since the round began.
    Earning(Round),
    /// It is held until its timer fires.
    Held,
}

/// Servers that catch up before they become voters, round by round (D4.2.1). In each round they are sent what
/// the log held when the round began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CatchUp {
    /// Which servers.
    pub servers: ServerSet,
    /// The change of the configuration that waits for them.
    pub change: Change,
    /// Which round it is, from 1.
    pub round: u32,
    /// Up to where they have to come in this round.
    pub target: Index,
    /// How the round stands.
    pub pace: Pace,
}

/// How a round of catching up stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pace {
    /// It is shorter than an election timeout so far.
    InTime,
    /// It has lasted an election timeout, so another one has to follow.
    TooLong,
    /// The servers got through in time. The change is made as soon as the leader may make it.
    CaughtUp,
}
