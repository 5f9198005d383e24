//! What a sentence claims, as data: so that a program can read it, and a test can hold it against what
//! happened.

use crate::raft::{Configuration, Index, RoleName, ServerId, ServerSet, Term};
use crate::sim::ClientId;
use serde::Serialize;

/// A fact that a sentence claims of its event. Whatever a claim calls new is so after the event, and was not so
/// before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "claim", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Claim {
    /// A server has become that, in this term.
    Role {
        /// Which server.
        server: ServerId,
        /// What it is now.
        role: RoleName,
        /// Its term now.
        term: Term,
        /// Why.
        because: Because,
    },
    /// A server's term has risen.
    Term {
        /// Which server.
        server: ServerId,
        /// From here.
        from: Term,
        /// To here.
        to: Term,
    },
    /// A server answers a candidate.
    Vote {
        /// Who answers.
        voter: ServerId,
        /// Who had asked.
        candidate: ServerId,
        /// In which term the candidate stands or would stand.
        asked: Term,
        /// Whether the answer is yes.
        granted: bool,
        /// Whether the question was only whether it would vote so (D9.6).
        pre: bool,
    },
    /// What a candidate has counted so far.
    Votes {
        /// Who counts.
        candidate: ServerId,
        /// Whose votes, each once.
        voters: ServerSet,
        /// Those of them that answered a request of an older term.
        stale: ServerSet,
        /// How many it has counted, copies included.
        counted: u32,
        /// Whether these voters are a majority of the candidate's configuration.
        majority: bool,
        /// Whether they have only said that they would vote so (D9.6).
        pre: bool,
    },
    /// A follower answers an AppendEntries, other than that its term is old.
    Append {
        /// Who answers.
        follower: ServerId,
        /// Who had sent it.
        leader: ServerId,
        /// Whether its log agrees, and has the entries now.
        accepted: bool,
    },
    /// What became of entries in a server's log, the first and the last of them included.
    Entries {
        /// Whose log.
        server: ServerId,
        /// The first.
        from: Index,
        /// The last.
        to: Index,
        /// What.
        fate: Fate,
    },
    /// A server's commitIndex has risen.
    Commit {
        /// Which server.
        server: ServerId,
        /// From here.
        from: Index,
        /// To here.
        to: Index,
    },
    /// On which servers a leader counts the log up to an entry.
    Copies {
        /// Who counts.
        leader: ServerId,
        /// Up to here.
        index: Index,
        /// On these.
        on: ServerSet,
        /// Whether they are a majority of the leader's configuration.
        majority: bool,
    },
    /// Whether a leader lowers a follower's nextIndex, and asks it again; or it has done so already.
    Retries {
        /// Who leads.
        leader: ServerId,
        /// Whose log differs.
        follower: ServerId,
        /// Whether it is lowered now.
        lowered: bool,
    },
    /// Whom a leader counts as heard since its last check of the quorum (D6.2).
    Heard {
        /// Who leads.
        leader: ServerId,
        /// The voters among those, the leader itself included if it is one.
        heard: ServerSet,
        /// Whether they are a majority.
        majority: bool,
    },
    /// A server's election timer has started again.
    ElectionTimer {
        /// Whose.
        server: ServerId,
    },
    /// Nothing has changed at a server, and nothing leaves it.
    Unchanged {
        /// Which server.
        server: ServerId,
    },
    /// What a server says waits for its disk.
    Waits {
        /// Which server.
        server: ServerId,
    },
    /// A server sends something to these servers.
    Sends {
        /// Which server.
        server: ServerId,
        /// To whom.
        to: ServerSet,
    },
    /// A server has written to its disk, or its disk has said so.
    Durable {
        /// Which server.
        server: ServerId,
        /// What is on the disk now.
        what: Written,
        /// Whether the disk only says so.
        lies: bool,
    },
    /// A server goes by a new configuration, or knows that it is committed.
    Configuration {
        /// Which server.
        server: ServerId,
        /// The configuration.
        configuration: Configuration,
        /// Whether the news is that it is committed.
        committed: bool,
    },
    /// A server's state machine is what a snapshot up to that entry holds: its own, or a leader's.
    Snapshot {
        /// Which server.
        server: ServerId,
        /// The last entry that it covers.
        upto: Index,
        /// Whether it is a leader's, and was installed.
        installed: bool,
    },
    /// A leader hands its leadership over.
    Transfer {
        /// Who hands it over.
        leader: ServerId,
        /// To whom.
        to: ServerId,
        /// Whether that server has the leader's whole log, as the leader knows.
        caught_up: bool,
    },
    /// A server answers a client's read.
    Read {
        /// Which server.
        server: ServerId,
        /// Whose read.
        client: ClientId,
        /// Whether a majority has confirmed that it leads since it was asked.
        confirmed: bool,
    },
    /// A client asks a server.
    Asks {
        /// Which client.
        client: ClientId,
        /// Whom.
        server: ServerId,
    },
    /// A server goes down, or comes up.
    Up {
        /// Which server.
        server: ServerId,
        /// Whether it runs now.
        up: bool,
    },
}

/// Why a server has become something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Because {
    /// It saw this term, which is above its own (§5.1).
    HigherTerm {
        /// The term that it saw.
        saw: Term,
        /// The term that it was in.
        own: Term,
    },
    /// It heard from a leader of its own term, or of one that it takes for its own (§5.2).
    Leader {
        /// The leader.
        leader: ServerId,
        /// The term of what it heard.
        term: Term,
    },
    /// It has the votes that it needs, or the words to give them (§5.2, D9.6).
    Votes,
    /// It has given its own vote to another one.
    Voted {
        /// To whom.
        candidate: ServerId,
    },
    /// Its election timer ran out, or was made to (§5.2).
    Timeout,
    /// The leader has asked it to stand (D3.10).
    Asked {
        /// The leader.
        leader: ServerId,
    },
    /// It heard from no majority (D6.2).
    NoQuorum,
    /// It has no place in its configuration (§6).
    Removed,
    /// Somebody wanted it so.
    Hand,
}

/// What became of entries in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// They are new.
    Stored,
    /// They were there already.
    Present,
    /// They are gone: the first of them conflicts with the leader's.
    Deleted,
    /// They are gone, though none need conflict.
    Cut,
    /// They are still there, though they conflict with the leader's.
    Kept,
    /// A crash has taken them.
    Lost,
}

/// What a write was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "of", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Written {
    /// Entries, the last of them at that index.
    Log {
        /// Their last index.
        upto: Index,
    },
    /// A term, and the vote in it if there was one.
    Term {
        /// The term.
        term: Term,
        /// The vote.
        vote: Option<ServerId>,
    },
    /// A snapshot up to there.
    Snapshot {
        /// The last entry that it covers.
        upto: Index,
    },
    /// Something else, or something that is not known any more.
    Other,
}
