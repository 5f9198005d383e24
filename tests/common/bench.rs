//! One bare node on the bench: inputs in, effects out, with a disk whose writes end when the test says
//! so. Effects are told as short sentences, so that a test can be read against Figure 2.

use super::s;
use std::collections::VecDeque;
use wavetank::raft::{
    AppendOutcome, Body, Change, Chunk, Configuration, Durable, Effect, Entries, Entry, HardState, Index,
    Input, Message, Node, Options, Payload, ReadId, ReadMode, RoleName, Round, Rules, ServerId,
    SnapshotOutcome, Term, Timer, Token, Unobserved, Write,
};

/// The options of a bench: nothing extra.
pub fn options() -> Options {
    Options::default()
}

/// An entry of that term. All entries of a term are the same command, which is all that a log of terms
/// can tell.
pub fn entry(term: u64) -> Entry {
    Entry { term: Term(term), payload: Payload::Command(format!("{term}").into_bytes().into()) }
}

/// Entries of these terms, a digit each.
pub fn entries(terms: &str) -> Entries {
    terms.bytes().map(|digit| entry(u64::from(digit - b'0'))).collect()
}

/// A node, its disk, and the writes under way. The node is S1.
#[derive(Clone)]
pub struct Bench {
    pub node: Node,
    pub disk: Durable,
    pub queue: VecDeque<Write>,
    pub rules: Rules,
}

impl Bench {
    /// S1 of so many servers, as it comes up with this on its disk.
    pub fn new(servers: u8, term: u64, vote: u8, log: &str) -> Bench {
        Bench::with(options(), servers, term, vote, log)
    }

    pub fn with(options: Options, servers: u8, term: u64, vote: u8, log: &str) -> Bench {
        let mut disk = Durable::new(Configuration::of_first(servers));
        disk.hard = HardState { term: Term(term), voted_for: ServerId::new(vote) };
        entries(log).iter().for_each(|entry| disk.log.push(entry.clone()));
        let node = Node::new(s(1), options, &disk, Rules::ALL_ON, &mut Unobserved);
        Bench { node, disk, queue: VecDeque::new(), rules: Rules::ALL_ON }
    }

    /// S1 as a candidate of that term whose own vote is on disk, with this log.
    pub fn candidate(servers: u8, term: u64, log: &str) -> Bench {
        let mut bench = Bench::new(servers, term - 1, 0, log);
        bench.fire(Timer::Election);
        bench.sync_all();
        bench
    }

    /// S1 as the leader of that term, everything on disk, with this log before its election.
    pub fn leader(servers: u8, term: u64, log: &str) -> Bench {
        Bench::leader_with(options(), servers, term, log)
    }

    pub fn leader_with(options: Options, servers: u8, term: u64, log: &str) -> Bench {
        let mut bench = Bench::with(options, servers, term - 1, 0, log);
        bench.fire(Timer::Election);
        bench.sync_all();
        for voter in 2..=servers {
            bench.receive(voter, term, vote(term, true));
        }
        bench.sync_all();
        assert!(bench.node.is_leader());
        bench
    }

    /// Lets one thing happen. Returns what the node wants done.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.node.step(input, self.rules, &mut Unobserved, &mut effects);
        for effect in &effects {
            if let Effect::Persist(write) = effect {
                self.queue.push_back(write.clone());
            }
        }
        effects
    }

    /// The same, told in words.
    pub fn told(&mut self, input: Input) -> Vec<String> {
        self.step(input).iter().map(tell).collect()
    }

    pub fn fire(&mut self, timer: Timer) -> Vec<String> {
        self.told(Input::Fired(timer))
    }

    /// A message arrives from that server, of that term.
    pub fn receive(&mut self, from: u8, term: u64, body: Body) -> Vec<String> {
        self.told(Input::Received(Message { from: s(from), to: s(1), term: Term(term), body }))
    }

    pub fn propose(&mut self) -> Vec<String> {
        let term = self.node.term().0;
        self.told(Input::Proposed(vec![entry(term).payload]))
    }

    /// The next write is durable.
    pub fn sync(&mut self) -> Vec<String> {
        let write = self.queue.pop_front().expect("a write is under way");
        let last = self.disk.write(&write);
        self.told(Input::Persisted(write.token, last))
    }

    pub fn sync_all(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while !self.queue.is_empty() {
            told.extend(self.sync());
        }
        told
    }

    /// A crash now, and up again.
    pub fn crash(&mut self) {
        self.queue.clear();
        self.node = Node::new(s(1), *self.node.options(), &self.disk, self.rules, &mut Unobserved);
        self.told(Input::Started);
    }

    /// Role, term, vote, log and commitIndex: `F3 v2 1123 c1`.
    pub fn state(&self) -> String {
        let node = &self.node;
        let role = match node.role().name() {
            RoleName::Follower => 'F',
            RoleName::PreCandidate => 'P',
            RoleName::Candidate => 'C',
            RoleName::Leader => 'L',
        };
        let vote = node.voted_for().map_or(0, ServerId::number);
        format!("{role}{} v{vote} {} c{}", node.term(), self.log(), node.commit())
    }

    /// The terms in the log; `-` when it is empty.
    pub fn log(&self) -> String {
        terms(self.node.log().iter())
    }

    /// The terms in the log that is on the disk.
    pub fn disk_log(&self) -> String {
        terms(self.disk.log.iter())
    }

    /// next and match of a follower.
    pub fn progress(&self, peer: u8) -> (u64, u64) {
        let progress = self.node.progress(s(peer)).expect("it leads");
        (progress.next.0, progress.matched.0)
    }
}

fn terms<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let terms: String = entries.map(|entry| entry.term.to_string()).collect();
    if terms.is_empty() { "-".into() } else { terms }
}

pub fn vote_request(last_term: u64, last_index: u64) -> Body {
    Body::RequestVote { last_index: Index(last_index), last_term: Term(last_term), transfer: false }
}

pub fn vote(asked: u64, granted: bool) -> Body {
    Body::RequestVoteReply { asked: Term(asked), granted }
}

/// AppendEntries after the entry (index, term), with these entries and that leaderCommit.
pub fn append((index, term): (u64, u64), new: &str, leader_commit: u64) -> Body {
    Body::AppendEntries {
        prev_index: Index(index),
        prev_term: Term(term),
        entries: entries(new),
        leader_commit: Index(leader_commit),
        round: Round(0),
    }
}

pub fn appended(asked: u64, prev: u64, count: u64, outcome: AppendOutcome) -> Body {
    Body::AppendEntriesReply { asked: Term(asked), prev_index: Index(prev), count, outcome, round: Round(0) }
}

pub fn success(asked: u64, prev: u64, count: u64) -> Body {
    appended(asked, prev, count, AppendOutcome::Success)
}

pub fn mismatch(asked: u64, prev: u64, count: u64) -> Body {
    appended(asked, prev, count, AppendOutcome::Mismatch { hint: None })
}

/// An effect in a few words.
pub fn tell(effect: &Effect) -> String {
    let name = |timer: &Timer| match timer {
        Timer::Election => "election timer",
        Timer::Heartbeat => "heartbeat timer",
        Timer::Quorum => "quorum timer",
        Timer::Stickiness => "stickiness timer",
        Timer::LeaseA => "lease timer A",
        Timer::LeaseB => "lease timer B",
        Timer::Transfer => "transfer timer",
        Timer::CatchUp => "catch-up timer",
    };
    match effect {
        Effect::Persist(Write { token: Token(token), hard, log, snapshot }) => {
            let hard = hard.map(|HardState { term, voted_for }| {
                format!(" t{term} v{}", voted_for.map_or(0, ServerId::number))
            });
            let log =
                log.as_ref().map(|suffix| format!(" log {}:{}", suffix.from, terms(suffix.entries.iter())));
            let snapshot = snapshot.as_ref().map(|new| format!(" snapshot {}", new.snapshot.index));
            let (hard, log) = (hard.unwrap_or_default(), log.unwrap_or_default());
            format!("write {token}:{hard}{}{log}", snapshot.unwrap_or_default())
        }
        Effect::Send(message, after) => {
            let Message { to, term, body, .. } = message;
            let after = after.map_or(String::new(), |Token(token)| format!(" after write {token}"));
            format!("to {to} t{term}: {}{after}", say(body))
        }
        Effect::SetTimer(timer, _) => name(timer).to_string(),
        Effect::CancelTimer(timer) => format!("no {}", name(timer)),
        Effect::Apply(index) => format!("apply to {index}"),
        Effect::Accepted(index, term) => format!("accepted {index} t{term}"),
        Effect::NotLeader(Some(leader)) => format!("ask {leader}"),
        Effect::NotLeader(None) => "ask someone else".into(),
        Effect::Refused(why) => format!("refused: {why}"),
        Effect::Restore(snapshot) => format!("restore {}", snapshot.index),
        Effect::TakeSnapshot => "take a snapshot".into(),
        Effect::ReadReady(ReadId(id)) => format!("read {id} is ready"),
        Effect::ReadRefused(ReadId(id), leader) => {
            format!("read {id}: ask {}", leader.map_or("someone else".into(), |leader| leader.to_string()))
        }
    }
}

fn in_round(Round(round): Round) -> String {
    if round == 0 { String::new() } else { format!(" r{round}") }
}

/// What a message says, in a few words.
pub fn say(body: &Body) -> String {
    match body {
        Body::RequestVote { last_index, last_term, transfer } => {
            format!("vote? {last_index}.{last_term}{}", if *transfer { " by transfer" } else { "" })
        }
        Body::PreVote { asked, last_index, last_term } => {
            format!("would you vote {asked}? {last_index}.{last_term}")
        }
        Body::PreVoteReply { asked, granted } => {
            format!("would {} {asked}", if *granted { "vote" } else { "not" })
        }
        Body::InstallSnapshot { last_index, last_term, offset, data, done, round, .. } => {
            let done = if *done { " done" } else { "" };
            format!("snapshot {last_index}.{last_term} {offset}+{}{done}{}", data.0.len(), in_round(*round))
        }
        Body::InstallSnapshotReply { asked, last_index, outcome, round, .. } => {
            let outcome = match outcome {
                SnapshotOutcome::Stale => "stale".to_string(),
                SnapshotOutcome::More { offset } => format!("more from {offset}"),
                SnapshotOutcome::Installed => "installed".into(),
            };
            format!("snapshot {last_index} {outcome} {asked}{}", in_round(*round))
        }
        Body::TimeoutNow => "stand now".into(),
        Body::ReadIndex { read: ReadId(read) } => format!("index for {read}?"),
        Body::ReadIndexReply { read: ReadId(read), index: Some(index), .. } => {
            format!("index for {read} is {index}")
        }
        Body::ReadIndexReply { read: ReadId(read), .. } => format!("no index for {read}"),
        Body::RequestVoteReply { asked, granted } => {
            format!("{} {asked}", if *granted { "yes" } else { "no" })
        }
        Body::AppendEntries { prev_index, prev_term, entries, leader_commit, round } => {
            let new = terms(entries.iter());
            format!("append {prev_index}.{prev_term} {new} c{leader_commit}{}", in_round(*round))
        }
        Body::AppendEntriesReply { asked, prev_index, count, outcome, round: _ } => match outcome {
            AppendOutcome::Success => format!("stored {prev_index}+{count} {asked}"),
            AppendOutcome::Stale => format!("stale {asked}"),
            AppendOutcome::Mismatch { hint: None } => format!("mismatch {prev_index} {asked}"),
            AppendOutcome::Mismatch { hint: Some(hint) } => {
                let term = hint.term.map_or("-".into(), |term| term.to_string());
                format!("mismatch {prev_index} {asked}, look at {}.{term}", hint.index)
            }
        },
    }
}

/// The lines of a table, without what frames it; `#` begins a comment.
pub fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('|').map(str::trim).collect())
}

/// A number in a table.
#[track_caller]
pub fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("‘{text}’ is not a number"))
}

/// `3.2` in a table: index 3, term 2.
#[track_caller]
pub fn place(text: &str) -> (u64, u64) {
    let (index, term) = text.split_once('.').unwrap_or_else(|| panic!("‘{text}’ is not index.term"));
    (number(index), number(term))
}

/// A log in a table: `-` is empty.
pub fn dash(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

// What the dissertation adds.

impl Bench {
    /// S1 as a follower of this cluster, which need not have it.
    pub fn of(options: Options, configuration: Configuration, term: u64, log: &str) -> Bench {
        let mut disk = Durable::new(configuration);
        disk.hard = HardState { term: Term(term), voted_for: None };
        entries(log).iter().for_each(|entry| disk.log.push(entry.clone()));
        let node = Node::new(s(1), options, &disk, Rules::ALL_ON, &mut Unobserved);
        Bench { node, disk, queue: VecDeque::new(), rules: Rules::ALL_ON }
    }

    /// It stands, all voters vote for it, and everything is on disk.
    pub fn elected(mut self) -> Bench {
        let pre_vote = self.node.options().pre_vote;
        self.fire(Timer::Election);
        let voters = self.node.configuration().all_voters();
        let term = self.node.term().0;
        for voter in voters.iter().filter(|voter| *voter != s(1) && pre_vote) {
            self.receive(voter.number(), term, would_vote(term + 1, true));
        }
        self.sync_all();
        let term = self.node.term().0;
        for voter in voters.iter().filter(|voter| *voter != s(1)) {
            self.receive(voter.number(), term, vote(term, true));
        }
        self.sync_all();
        assert!(self.node.is_leader(), "{}", self.state());
        self
    }

    /// An administrator wants that.
    pub fn change(&mut self, change: Change) -> Vec<String> {
        self.told(Input::ChangeAsked(change))
    }

    pub fn transfer(&mut self, to: u8) -> Vec<String> {
        self.told(Input::TransferAsked(s(to)))
    }

    pub fn read(&mut self, id: u64, mode: ReadMode) -> Vec<String> {
        self.told(Input::ReadAsked(ReadId(id), mode))
    }

    /// The state machine after that entry, as so many bytes, counted up.
    pub fn take_snapshot(&mut self, index: u64, bytes: u8) -> Vec<String> {
        self.told(Input::SnapshotTaken(Index(index), (0..bytes).collect()))
    }
}

/// The messages among these effects.
pub fn sent(told: &[String]) -> Vec<&str> {
    told.iter().map(String::as_str).filter(|effect| effect.starts_with("to S")).collect()
}

/// Whether one of these effects is that one.
pub fn has(told: &[String], effect: &str) -> bool {
    told.iter().any(|told| told == effect)
}

pub fn pre_vote(asked: u64, (index, term): (u64, u64)) -> Body {
    Body::PreVote { asked: Term(asked), last_index: Index(index), last_term: Term(term) }
}

pub fn would_vote(asked: u64, granted: bool) -> Body {
    Body::PreVoteReply { asked: Term(asked), granted }
}

/// A vote request by a candidate whom the leader has asked to stand.
pub fn transfer_request(last_term: u64, last_index: u64) -> Body {
    Body::RequestVote { last_index: Index(last_index), last_term: Term(last_term), transfer: true }
}

/// The same AppendEntries or answer, of that round.
pub fn of_round(number: u64, body: Body) -> Body {
    let mut body = body;
    match &mut body {
        Body::AppendEntries { round, .. }
        | Body::AppendEntriesReply { round, .. }
        | Body::InstallSnapshot { round, .. }
        | Body::InstallSnapshotReply { round, .. } => *round = Round(number),
        other => panic!("{other:?} has no round"),
    }
    body
}

/// A piece of a snapshot that ends with the entry (index, term) and is `0, 1, 2, …`: these bytes of it.
pub fn piece(
    (index, term): (u64, u64),
    configuration: Configuration,
    bytes: std::ops::Range<u8>,
    done: bool,
) -> Body {
    Body::InstallSnapshot {
        last_index: Index(index),
        last_term: Term(term),
        configuration,
        offset: u64::from(bytes.start),
        data: Chunk(bytes.collect()),
        done,
        round: Round(0),
    }
}

/// The answer to the piece that begins there.
pub fn piece_answer(asked: u64, last_index: u64, offset: u64, outcome: SnapshotOutcome) -> Body {
    Body::InstallSnapshotReply {
        asked: Term(asked),
        last_index: Index(last_index),
        offset,
        outcome,
        round: Round(0),
    }
}

/// AppendEntries whose one new entry is a configuration.
pub fn append_configuration((index, term): (u64, u64), of_term: u64, new: Configuration) -> Body {
    let entry = Entry { term: Term(of_term), payload: Payload::Configuration(new) };
    Body::AppendEntries {
        prev_index: Index(index),
        prev_term: Term(term),
        entries: [entry].into_iter().collect(),
        leader_commit: Index(0),
        round: Round(0),
    }
}
