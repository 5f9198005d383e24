//! One bare node in configurations of every kind, and what it wants done, as data.
#![allow(dead_code)]

use crate::common::bench::*;
use crate::common::{s, set};
use std::sync::Arc;
use wavetank::raft::{
    Body, Change, Chunk, Configuration, Effect, Entry, Index, Input, Message, Node, Options, Payload, ReadId,
    ReadMode, Refused, Role, Round, Rules, SnapshotOutcome, Term, Timer, Unobserved,
};

/// A configuration in shorthand: `123` has three voters, `12+3` a learner besides; `124&123` is the
/// joint one on the way from 123 to 124.
pub fn members(text: &str) -> Configuration {
    let (voting, learners) = text.split_once('+').unwrap_or((text, ""));
    let (voters, outgoing) = voting.split_once('&').unwrap_or((voting, ""));
    Configuration {
        voters: set(voters),
        outgoing: set(outgoing),
        learners: set(learners),
        ..Configuration::NOBODY
    }
}

/// An entry of that term with that configuration.
pub fn change(term: u64, text: &str) -> Entry {
    Entry { term: Term(term), payload: Payload::Configuration(members(text)) }
}

/// Entries of these terms.
pub fn of_terms(terms: &str) -> Vec<Entry> {
    entries(terms).iter().cloned().collect()
}

/// S1 of that configuration, as it comes up with these entries on its disk.
pub fn node(options: Options, configuration: &str, term: u64, log: &[Entry]) -> Bench {
    let mut bench = Bench::with(options, 1, term, 0, "");
    bench.disk.log = wavetank::raft::Log::new(members(configuration));
    log.iter().for_each(|entry| bench.disk.log.push(entry.clone()));
    bench.node = Node::new(s(1), options, &bench.disk, Rules::ALL_ON, &mut Unobserved);
    bench
}

/// The same as the leader of the next term, everything on disk.
pub fn leader(options: Options, configuration: &str, term: u64, log: &[Entry]) -> Bench {
    let mut bench = node(options, configuration, term, log);
    elect(&mut bench);
    bench
}

/// S1 times out, and everyone votes for it.
#[track_caller]
pub fn elect(bench: &mut Bench) {
    bench.step(Input::Fired(Timer::Election));
    let voters = bench.node.configuration().all_voters();
    let term = bench.node.term().0;
    if matches!(bench.node.role(), Role::PreCandidate { .. }) {
        for voter in voters.iter() {
            bench.receive(voter.number(), term, pre_yes(term + 1));
        }
    }
    bench.sync_all();
    let term = bench.node.term().0;
    for voter in voters.iter().filter(|voter| *voter != s(1)) {
        bench.receive(voter.number(), term, vote(term, true));
    }
    bench.sync_all();
    assert!(bench.node.is_leader(), "{}", bench.state());
}

/// A message arrives. What the node wants done, as data.
pub fn hear(bench: &mut Bench, from: u8, term: u64, body: Body) -> Vec<Effect> {
    bench.step(Input::Received(Message { from: s(from), to: s(1), term: Term(term), body }))
}

/// AppendEntries after the entry (index, term), with these entries and that leaderCommit.
pub fn append_entries((index, term): (u64, u64), new: &[Entry], leader_commit: u64) -> Body {
    Body::AppendEntries {
        prev_index: Index(index),
        prev_term: Term(term),
        entries: new.iter().cloned().collect(),
        leader_commit: Index(leader_commit),
        round: Round(0),
    }
}

/// Everything that is on its way to the disk gets there. What the node wants done then.
pub fn write_all(bench: &mut Bench) -> Vec<Effect> {
    let mut effects = Vec::new();
    while let Some(write) = bench.queue.pop_front() {
        let last = bench.disk.write(&write);
        effects.extend(bench.step(Input::Persisted(write.token, last)));
    }
    effects
}

pub fn pre_vote(asked: u64, last_index: u64, last_term: u64) -> Body {
    Body::PreVote { asked: Term(asked), last_index: Index(last_index), last_term: Term(last_term) }
}

pub fn pre_yes(asked: u64) -> Body {
    Body::PreVoteReply { asked: Term(asked), granted: true }
}

pub fn pre_no(asked: u64) -> Body {
    Body::PreVoteReply { asked: Term(asked), granted: false }
}

/// A whole snapshot in one message.
pub fn install(last_index: u64, last_term: u64, configuration: &str) -> Body {
    piece(last_index, last_term, configuration, 0, b"state", true)
}

/// A piece of a snapshot.
pub fn piece(index: u64, term: u64, configuration: &str, offset: u64, data: &[u8], done: bool) -> Body {
    Body::InstallSnapshot {
        last_index: Index(index),
        last_term: Term(term),
        configuration: members(configuration),
        offset,
        data: Chunk(data.into()),
        done,
        round: Round(0),
    }
}

/// The snapshot up to that index has arrived.
pub fn installed(asked: u64, last_index: u64) -> Body {
    Body::InstallSnapshotReply {
        asked: Term(asked),
        last_index: Index(last_index),
        offset: 0,
        outcome: SnapshotOutcome::Installed,
        round: Round(0),
    }
}

/// The messages to that server among these effects.
pub fn to(effects: &[Effect], peer: u8) -> Vec<&Body> {
    let to_peer = effects.iter().filter_map(|effect| match effect {
        Effect::Send(message, _) if message.to == s(peer) => Some(&message.body),
        _ => None,
    });
    to_peer.collect()
}

/// Whether any message leaves at all.
pub fn speaks(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Send(..)))
}

/// Whether that server is told to stand.
pub fn told_to_stand(effects: &[Effect], peer: u8) -> bool {
    to(effects, peer).contains(&&Body::TimeoutNow)
}

/// How many entries go to that server, all messages together.
pub fn carried(effects: &[Effect], peer: u8) -> usize {
    let count = |body: &&Body| match body {
        Body::AppendEntries { entries, .. } => entries.len(),
        _ => 0,
    };
    to(effects, peer).iter().map(count).sum()
}

/// The answer to the pieces of a snapshot among these effects, whoever gets it.
pub fn outcomes(effects: &[Effect]) -> Vec<SnapshotOutcome> {
    let replies = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Message { body: Body::InstallSnapshotReply { outcome, .. }, .. }, _) => Some(*outcome),
        _ => None,
    });
    replies.collect()
}

/// That server has stored all the entries that these effects send it, and says so.
pub fn obey(bench: &mut Bench, peer: u8, effects: &[Effect]) -> Vec<Effect> {
    let term = bench.node.term().0;
    let mut then = Vec::new();
    for body in to(effects, peer) {
        if let Body::AppendEntries { prev_index, entries, round, .. } = body {
            let body = Body::AppendEntriesReply {
                asked: Term(term),
                prev_index: *prev_index,
                count: entries.len() as u64,
                outcome: wavetank::raft::AppendOutcome::Success,
                round: *round,
            };
            then.extend(hear(bench, peer, term, body));
        }
    }
    then
}

/// A heartbeat, which these servers answer. What the leader wants done on the way.
pub fn beat(bench: &mut Bench, peers: &[u8]) -> Vec<Effect> {
    let mut effects = bench.step(Input::Fired(Timer::Heartbeat));
    let sent = effects.clone();
    for peer in peers {
        let then = obey(bench, *peer, &sent);
        effects.extend(then);
    }
    effects
}

/// No read.
pub const NONE: [u64; 0] = [];

/// Which reads are answered by these effects.
pub fn answered(effects: &[Effect]) -> Vec<u64> {
    let reads = effects.iter().filter_map(|effect| match effect {
        Effect::ReadReady(ReadId(id)) => Some(*id),
        _ => None,
    });
    reads.collect()
}

/// Which reads are refused by these effects.
pub fn turned_away(effects: &[Effect]) -> Vec<u64> {
    let reads = effects.iter().filter_map(|effect| match effect {
        Effect::ReadRefused(ReadId(id), _) => Some(*id),
        _ => None,
    });
    reads.collect()
}

/// Why something is not done, if these effects say so.
pub fn refusal(effects: &[Effect]) -> Option<Refused> {
    effects.iter().find_map(|effect| match effect {
        Effect::Refused(why) => Some(*why),
        _ => None,
    })
}

/// Whether a proposal is in the log now.
pub fn accepts(bench: &mut Bench) -> bool {
    let term = bench.node.term().0;
    let effects = bench.step(Input::Proposed(vec![entry(term).payload]));
    effects.iter().any(|effect| matches!(effect, Effect::Accepted(..)))
}

pub fn read(bench: &mut Bench, id: u64, mode: ReadMode) -> Vec<Effect> {
    bench.step(Input::ReadAsked(ReadId(id), mode))
}

pub fn ask_change(bench: &mut Bench, change: Change) -> Vec<Effect> {
    bench.step(Input::ChangeAsked(change))
}

pub fn ask_transfer(bench: &mut Bench, to: u8) -> Vec<Effect> {
    bench.step(Input::TransferAsked(s(to)))
}

/// The state machine as it was after that entry is handed over, and written.
pub fn compact(bench: &mut Bench, index: u64) -> Vec<Effect> {
    let data: Arc<[u8]> = format!("state at {index}").into_bytes().into();
    let mut effects = bench.step(Input::SnapshotTaken(Index(index), data));
    effects.extend(write_all(bench));
    effects
}

/// Up to where the node's snapshot goes.
pub fn covered(bench: &Bench) -> u64 {
    bench.node.snapshot().map_or(0, |snapshot| snapshot.index.0)
}

pub fn commit(bench: &Bench) -> u64 {
    bench.node.commit().0
}

/// Whether the effects set that timer.
pub fn starts(effects: &[Effect], timer: Timer) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::SetTimer(which, _) if *which == timer))
}

/// Whether something goes to the disk.
pub fn writes(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Persist(_)))
}
