//! The digest of a run: what happened, in a fixed encoding. Deliveries, timers, writes and changes of
//! state are facts; guards, causes and words are not.

use crate::kv::{Command, Output};
use crate::raft::{
    AppendOutcome, Body, Configuration, Entry, Index, Message, Payload, ReadMode, RoleName, Round, ServerId,
    SnapshotOutcome, Term,
};
use crate::sim::{Answer, Brief, Content, Digest, Event, PacketName, What};

/// Takes an event into a digest.
pub fn digest_event(digest: &mut Digest, event: &Event) {
    digest.word(event.at_us);
    digest.word(option(event.server));
    match &event.what {
        What::Acted { action, refused } => {
            digest.word(1);
            // Actions are few, and their wire form is frozen.
            digest.bytes(serde_json::to_string(action).unwrap_or_default().as_bytes());
            digest.word(u64::from(refused.is_some()));
        }
        What::Fired { timer } => {
            digest.word(2);
            digest.word(*timer as u64);
        }
        What::Delivered { message, content } => {
            digest.word(3);
            digest_packet(digest, message, content);
        }
        What::Dropped { message, content, reason } => {
            digest.word(4);
            digest_packet(digest, message, content);
            digest.word(*reason as u64);
        }
        What::Queued { message, content } => {
            digest.word(8);
            digest_packet(digest, message, content);
        }
        What::Synced { token } => {
            digest.word(5);
            digest.word(token.0);
        }
        What::Woke { client, serial, timed_out } => {
            digest.word(6);
            digest.word(u64::from(client.0) << 33 | u64::from(*serial) << 1 | u64::from(*timed_out));
        }
        What::Ticked { client } => {
            digest.word(7);
            digest.word(u64::from(client.0));
        }
    }
    if let Some(change) = &event.change {
        digest_brief(digest, &change.after);
    }
}

fn option(server: Option<ServerId>) -> u64 {
    server.map_or(0, |id| u64::from(id.number()))
}

fn digest_packet(digest: &mut Digest, name: &PacketName, content: &Content) {
    let PacketName { from, to, sent_us, k, copy } = *name;
    digest.word(u64::from(from.code()) << 8 | u64::from(to.code()));
    digest.word(sent_us);
    digest.word(u64::from(k) << 8 | u64::from(copy));
    match content {
        Content::Raft(message) => digest_message(digest, message),
        Content::Request { serial, op, session, mode } => {
            let command = Command { client: 0, serial: *serial, session: *session, op: op.clone() };
            digest.bytes(&command.encode());
            if *mode != ReadMode::Log {
                digest.word(*mode as u64);
            }
        }
        Content::Response { serial, answer } => {
            digest.word(11 << 32 | u64::from(*serial));
            match answer {
                Answer::Done(Output::Done) => digest.word(0),
                Answer::Done(Output::NoSession) => digest.word(3),
                Answer::Done(Output::Outdated) => digest.word(4),
                Answer::Done(output @ (Output::Value(_) | Output::Cas { .. })) => {
                    digest.bytes(output.to_string().as_bytes());
                }
                Answer::NotLeader(leader) => digest.word(1 << 8 | option(*leader)),
                Answer::Erased => digest.word(2),
            }
        }
    }
}

fn digest_message(digest: &mut Digest, message: &Message) {
    let end = |digest: &mut Digest, Term(term): Term, Index(index): Index| {
        digest.word(term);
        digest.word(index);
    };
    digest.word(message.term.0);
    match &message.body {
        Body::RequestVote { last_index, last_term, transfer } => {
            digest.word(21 | u64::from(*transfer) << 32);
            end(digest, *last_term, *last_index);
        }
        Body::RequestVoteReply { asked, granted } => {
            digest.word(22 << 1 | u64::from(*granted));
            digest.word(asked.0);
        }
        Body::PreVote { asked, last_index, last_term } => {
            digest.word(25);
            digest.word(asked.0);
            end(digest, *last_term, *last_index);
        }
        Body::PreVoteReply { asked, granted } => {
            digest.word(26 << 1 | u64::from(*granted));
            digest.word(asked.0);
        }
        Body::InstallSnapshot { last_index, last_term, configuration, offset, data, done, round } => {
            digest.word(27 << 1 | u64::from(*done));
            end(digest, *last_term, *last_index);
            digest_configuration(digest, configuration);
            digest.word(*offset);
            digest.bytes(&data.0);
            digest.word(round.0);
        }
        Body::InstallSnapshotReply { asked, last_index, offset, outcome, round } => {
            digest.word(28);
            end(digest, *asked, *last_index);
            digest.word(*offset);
            digest.word(round.0);
            digest.word(match outcome {
                SnapshotOutcome::Stale => 0,
                SnapshotOutcome::Installed => 1,
                SnapshotOutcome::More { offset } => 2 + offset,
            });
        }
        Body::TimeoutNow => digest.word(29),
        Body::ReadIndex { read } => {
            digest.word(30);
            digest.word(read.0);
        }
        Body::ReadIndexReply { asked, read, index } => {
            digest.word(31 << 1 | u64::from(index.is_some()));
            end(digest, *asked, index.unwrap_or_default());
            digest.word(read.0);
        }
        Body::AppendEntries { prev_index, prev_term, entries, leader_commit, round } => {
            digest_round(digest, *round);
            digest.word(23);
            end(digest, *prev_term, *prev_index);
            digest.word(leader_commit.0);
            entries.iter().for_each(|entry| digest_entry(digest, entry));
        }
        Body::AppendEntriesReply { asked, prev_index, count, outcome, round } => {
            digest_round(digest, *round);
            digest.word(24);
            end(digest, *asked, *prev_index);
            digest.word(*count);
            match outcome {
                AppendOutcome::Success => digest.word(0),
                AppendOutcome::Stale => digest.word(1),
                AppendOutcome::Mismatch { hint: None } => digest.word(2),
                AppendOutcome::Mismatch { hint: Some(hint) } => {
                    end(digest, hint.term.unwrap_or_default(), hint.index);
                }
            }
        }
    }
}

/// Rounds are counted only where something needs them.
fn digest_round(digest: &mut Digest, round: Round) {
    if round > Round(0) {
        digest.word(30 << 48 | round.0);
    }
}

fn digest_configuration(digest: &mut Digest, configuration: &Configuration) {
    let Configuration { voters, outgoing, learners, auto_leave } = configuration;
    for servers in [voters, outgoing, learners] {
        digest.word(servers.iter().fold(0, |bits, id| bits | 1 << id.number()));
    }
    digest.word(u64::from(*auto_leave));
}

fn digest_entry(digest: &mut Digest, entry: &Entry) {
    digest.word(entry.term.0);
    match &entry.payload {
        Payload::Noop => digest.word(0),
        Payload::Command(bytes) => digest.bytes(bytes),
        Payload::Configuration(configuration) => {
            digest.word(u64::MAX);
            digest_configuration(digest, configuration);
        }
    }
}

fn digest_brief(digest: &mut Digest, brief: &Brief) {
    let role = match brief.role {
        RoleName::Follower => 0,
        RoleName::Candidate => 1,
        RoleName::Leader => 2,
        RoleName::PreCandidate => 3,
    };
    digest.word(role << 2 | u64::from(brief.up) << 1 | u64::from(brief.paused));
    digest.word(brief.term.0);
    digest.word(option(brief.voted_for) << 8 | option(brief.leader));
    digest.word(brief.last_index.0);
    digest.word(brief.last_term.0);
    digest.word(brief.durable_index.0);
    digest.word(brief.commit.0);
    digest.word(brief.applied.0);
    if brief.first_index > Index(1) {
        digest.word(brief.first_index.0);
    }
}
