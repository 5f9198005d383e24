//! What a trace is written in: plain fields, so that a program in any language reads them. They are
//! frozen for each version of the trace; the types of the simulator behind them may change.

use crate::kv::{Command, Op};
use crate::order;
use crate::raft::{
    AppendOutcome, Body, Configuration, Entry, Index, Log, Payload, ReadId, ReadMode, Role, RoleName, Round,
    Rule, ServerId, ServerSet, SnapshotOutcome, Term, Token, Value, Write,
};
use crate::sim::{Answer, Content, Endpoint, EventId, PacketName, Server};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A message with its name.
#[derive(Serialize)]
pub(super) struct Message<'a> {
    name: PacketName,
    from: Endpoint,
    to: Endpoint,
    /// Of one that has just left, and was written by an earlier event: that event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<EventId>,
    #[serde(flatten)]
    says: Says<'a>,
}

/// What a message says. `term` is the sender's currentTerm when it was written.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Says<'a> {
    RequestVote {
        term: Term,
        last_index: Index,
        last_term: Term,
        transfer: bool,
    },
    ReadIndex {
        term: Term,
        read: ReadId,
    },
    ReadIndexReply {
        term: Term,
        asked: Term,
        read: ReadId,
        index: Option<Index>,
    },
    RequestVoteReply {
        term: Term,
        asked: Term,
        granted: bool,
    },
    PreVote {
        term: Term,
        asked: Term,
        last_index: Index,
        last_term: Term,
    },
    PreVoteReply {
        term: Term,
        asked: Term,
        granted: bool,
    },
    AppendEntries {
        term: Term,
        prev_index: Index,
        prev_term: Term,
        entries: Vec<WireEntry>,
        leader_commit: Index,
        round: Round,
    },
    AppendEntriesReply {
        term: Term,
        asked: Term,
        prev_index: Index,
        count: u64,
        outcome: &'a AppendOutcome,
        round: Round,
    },
    InstallSnapshot {
        term: Term,
        last_index: Index,
        last_term: Term,
        configuration: &'a Configuration,
        offset: u64,
        data: String,
        done: bool,
        round: Round,
    },
    InstallSnapshotReply {
        term: Term,
        asked: Term,
        last_index: Index,
        offset: u64,
        outcome: &'a SnapshotOutcome,
        round: Round,
    },
    TimeoutNow {
        term: Term,
    },
    Request {
        serial: u32,
        op: &'a Op,
        session: bool,
        mode: ReadMode,
    },
    Response {
        serial: u32,
        answer: &'a Answer,
    },
}

impl<'a> Message<'a> {
    pub(super) fn new(name: PacketName, content: &'a Content) -> Message<'a> {
        let says = match content {
            Content::Raft(message) => said(message.term, &message.body),
            Content::Request { serial, op, session, mode } => {
                Says::Request { serial: *serial, op, session: *session, mode: *mode }
            }
            Content::Response { serial, answer } => Says::Response { serial: *serial, answer },
        };
        Message { name, from: name.from, to: name.to, written: None, says }
    }
}

fn said(term: Term, body: &Body) -> Says<'_> {
    match body {
        &Body::RequestVote { last_index, last_term, transfer } => {
            Says::RequestVote { term, last_index, last_term, transfer }
        }
        &Body::RequestVoteReply { asked, granted } => Says::RequestVoteReply { term, asked, granted },
        &Body::PreVote { asked, last_index, last_term } => {
            Says::PreVote { term, asked, last_index, last_term }
        }
        &Body::PreVoteReply { asked, granted } => Says::PreVoteReply { term, asked, granted },
        Body::AppendEntries { prev_index, prev_term, entries, leader_commit, round } => Says::AppendEntries {
            term,
            prev_index: *prev_index,
            prev_term: *prev_term,
            entries: entries.iter().map(WireEntry::of).collect(),
            leader_commit: *leader_commit,
            round: *round,
        },
        Body::AppendEntriesReply { asked, prev_index, count, outcome, round } => Says::AppendEntriesReply {
            term,
            asked: *asked,
            prev_index: *prev_index,
            count: *count,
            outcome,
            round: *round,
        },
        Body::InstallSnapshot { last_index, last_term, configuration, offset, data, done, round } => {
            Says::InstallSnapshot {
                term,
                last_index: *last_index,
                last_term: *last_term,
                configuration,
                offset: *offset,
                data: hex(&data.0),
                done: *done,
                round: *round,
            }
        }
        &Body::ReadIndex { read } => Says::ReadIndex { term, read },
        &Body::ReadIndexReply { asked, read, index } => Says::ReadIndexReply { term, asked, read, index },
        Body::InstallSnapshotReply { asked, last_index, offset, outcome, round } => {
            Says::InstallSnapshotReply {
                term,
                asked: *asked,
                last_index: *last_index,
                offset: *offset,
                outcome,
                round: *round,
            }
        }
        Body::TimeoutNow => Says::TimeoutNow { term },
    }
}

/// An entry of a log. Exactly one of the fields after the term is there.
#[derive(Serialize)]
pub(super) struct WireEntry {
    term: Term,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    noop: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<WireCommand>,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<Configuration>,
    /// Bytes that are no command: what a torn write left.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

#[derive(Serialize)]
struct WireCommand {
    client: u8,
    serial: u32,
    session: bool,
    op: Op,
}

impl WireEntry {
    fn of(entry: &Entry) -> WireEntry {
        let mut wire =
            WireEntry { term: entry.term, noop: false, command: None, configuration: None, bytes: None };
        match &entry.payload {
            Payload::Noop => wire.noop = true,
            Payload::Configuration(configuration) => wire.configuration = Some(*configuration),
            Payload::Command(bytes) => match Command::decode(bytes) {
                Some(Command { client, serial, session, op }) => {
                    wire.command = Some(WireCommand { client, serial, session, op });
                }
                None => wire.bytes = Some(hex(bytes)),
            },
        }
        wire
    }
}

/// Two digits a byte.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A write to the disk that was asked for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wrote {
    token: Token,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard: Option<WireHard>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<WireSnapshot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<WireSuffix>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireHard {
    term: Term,
    voted_for: Option<ServerId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSnapshot {
    last_index: Index,
    last_term: Term,
    configuration: Configuration,
    data: String,
    keep: bool,
}

#[derive(Serialize)]
struct WireSuffix {
    from: Index,
    entries: Vec<WireEntry>,
}

impl Wrote {
    pub(super) fn of(write: &Write) -> Wrote {
        Wrote {
            token: write.token,
            hard: write.hard.map(|hard| WireHard { term: hard.term, voted_for: hard.voted_for }),
            snapshot: write.snapshot.as_ref().map(|new| WireSnapshot {
                last_index: new.snapshot.index,
                last_term: new.snapshot.term,
                configuration: new.snapshot.configuration,
                data: hex(&new.snapshot.data),
                keep: new.keep,
            }),
            log: write.log.as_ref().map(|suffix| WireSuffix {
                from: suffix.from,
                entries: suffix.entries.iter().map(WireEntry::of).collect(),
            }),
        }
    }
}

/// A decision.
#[derive(Serialize)]
pub(super) struct WireGuard {
    rule: Rule,
    section: &'static str,
    on: bool,
    held: bool,
    left: Value,
    right: Value,
}

impl WireGuard {
    pub(super) fn of(guard: &crate::raft::Guard) -> WireGuard {
        let crate::raft::Guard { rule, on, held, left, right } = *guard;
        WireGuard { rule, section: rule.section(), on, held, left, right }
    }
}

/// The terms of a log, each with how many entries in a row have it: the line of an event does not get
/// longer with the run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LogTerms {
    first: Index,
    terms: Vec<(Term, u64)>,
}

impl LogTerms {
    pub(super) fn of(log: &Log) -> LogTerms {
        let mut terms = LogTerms { first: log.first_index(), terms: Vec::new() };
        terms.follow(log, log.first_index());
        terms
    }

    /// Takes in what was written from that index on.
    pub(super) fn follow(&mut self, log: &Log, from: Index) {
        if self.first != log.first_index() || from < self.first {
            self.first = log.first_index();
            self.terms.clear();
        }
        let mut index = self.first;
        let mut whole = 0;
        // What lies before `from` has not changed.
        for (_, count) in &mut self.terms {
            if index >= from {
                break;
            }
            *count = (*count).min(from.0 - index.0);
            index = Index(index.0 + *count);
            whole += 1;
        }
        self.terms.truncate(whole);
        while let Some(term) = log.get(index).map(|entry| entry.term) {
            match self.terms.last_mut() {
                Some((last, count)) if *last == term => *count += 1,
                _ => self.terms.push((term, 1)),
            }
            index = index.next();
        }
    }
}

/// A server's state, in the paper's words where it has some.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State<'a> {
    up: bool,
    paused: bool,
    role: RoleName,
    term: Term,
    voted_for: Option<ServerId>,
    leader: Option<ServerId>,
    log: &'a LogTerms,
    durable: Index,
    commit_index: Index,
    last_applied: Index,
    configuration: &'a Configuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    votes: Option<ServerSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_index: Option<BTreeMap<ServerId, Index>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    match_index: Option<BTreeMap<ServerId, Index>>,
}

impl<'a> State<'a> {
    pub(super) fn of(server: &'a Server, log: &'a LogTerms) -> State<'a> {
        let node = &server.node;
        let peers = || {
            let members = node.configuration().members().iter();
            members.filter_map(|peer| Some((peer, node.progress(peer)?)))
        };
        State {
            up: server.up,
            paused: server.paused,
            role: node.role().name(),
            term: node.term(),
            voted_for: node.voted_for(),
            leader: node.leader(),
            log,
            durable: node.durable_index(),
            commit_index: node.commit(),
            last_applied: node.applied(),
            configuration: node.configuration(),
            votes: match node.role() {
                Role::Candidate { granted, .. } | Role::PreCandidate { granted, .. } => Some(*granted),
                _ => None,
            },
            next_index: node.is_leader().then(|| order::map(peers().map(|(peer, far)| (peer, far.next)))),
            match_index: node.is_leader().then(|| order::map(peers().map(|(peer, far)| (peer, far.matched)))),
        }
    }
}
