//! What the stories of the tests are told with.
// Each test file uses some of it.
#![allow(dead_code)]

pub mod bench;

use wavetank::check::Property;
use wavetank::kv::Op;
use wavetank::raft::{Body, Index, Message, Rule, Rules, ServerId, ServerSet, Term, Timer};
use wavetank::sim::{
    Action, Content, DropReason, Endpoint, EventId, Finished, Outcome, PacketName, Server, Setup, What,
    notation,
};
use wavetank::timeline::{Run, Start};

/// Server number `n`.
pub fn s(n: u8) -> ServerId {
    ServerId::new(n).expect("servers are S1 to S9")
}

/// The servers of these numbers: `set("13")` is {S1, S3}.
pub fn set(numbers: &str) -> ServerSet {
    numbers.chars().filter_map(|c| c.to_digit(10)).map(|n| s(n as u8)).collect()
}

/// A partition in shorthand: `groups("12 345")`.
pub fn groups(text: &str) -> Action {
    Action::Partition { groups: text.split_whitespace().map(set).collect() }
}

/// A cluster that has never run.
pub fn cluster(servers: u8, seed: u64) -> Run {
    Run::new(&Setup::new(servers, seed)).expect("the setup makes a run")
}

/// A cluster in the state that the shorthand describes.
pub fn state(text: &str) -> Run {
    state_with(&Setup::new(1, 1), text)
}

/// A cluster in the state that the shorthand describes, with that setup (its servers are counted).
pub fn state_with(setup: &Setup, text: &str) -> Run {
    Run::from_start(setup, Start::State(text.into())).expect("the shorthand makes a run")
}

/// The same, with time standing still from the start: what is on its way at once is dropped.
pub fn still(setup: &Setup, text: &str) -> Run {
    let mut run = state_with(setup, text);
    run.act(Action::Manual { on: true }).unwrap();
    drop_all(&mut run, |_| true);
    run
}

/// The cluster is in this state, in shorthand; what the shorthand leaves out is not compared.
#[track_caller]
pub fn assert_state(run: &Run, expected: &str) {
    let now = notation::write(run.world());
    let expected: Vec<&str> = expected.split('/').map(str::trim).collect();
    let found: Vec<&str> = now.split('/').map(str::trim).collect();
    assert_eq!(found, expected, "at {} µs", run.world().now_us());
}

/// The server.
#[track_caller]
pub fn server(run: &Run, n: u8) -> &Server {
    run.world().server(s(n)).expect("the server is there")
}

/// The terms of a server's log: `"1123"`.
pub fn log(run: &Run, n: u8) -> String {
    server(run, n).node.log().iter().map(|entry| entry.term.to_string()).collect()
}

/// commitIndex of a server.
pub fn commit(run: &Run, n: u8) -> u64 {
    server(run, n).node.commit().0
}

/// Who leads the highest term that anyone leads, of those that run.
pub fn leader(run: &Run) -> Option<ServerId> {
    let leads = |server: &&Server| server.is_active() && server.node.is_leader();
    run.world().servers().iter().filter(leads).max_by_key(|s| s.node.term()).map(|s| s.node.id())
}

/// Lets things happen until it is so, for at most that many milliseconds. Returns when, in µs.
#[track_caller]
pub fn until(run: &mut Run, within_ms: u64, what: &str, holds: impl Fn(&Run) -> bool) -> u64 {
    let limit_us = run.world().now_us() + within_ms * 1000;
    while !holds(run) {
        let more = run.next_us().is_some_and(|next_us| next_us <= limit_us);
        assert!(more && run.step().is_some(), "not within {within_ms} ms: {what}\n{}", story(run));
    }
    run.world().now_us()
}

/// Lets that many milliseconds pass.
pub fn wait(run: &mut Run, ms: u64) {
    let until_us = run.world().now_us() + ms * 1000;
    run.run_until(until_us);
}

/// The last things that happened, for messages of failures.
pub fn story(run: &Run) -> String {
    let events = run.events().iter().rev().take(12).rev();
    let lines: Vec<String> = events.map(|e| format!("{} {:?} {:?}", e.at_us, e.server, e.what)).collect();
    format!("{}\n{}", notation::write(run.world()), lines.join("\n"))
}

/// Does it, and it is not refused.
#[track_caller]
pub fn act(run: &mut Run, action: Action) -> EventId {
    let told = format!("{action:?}");
    run.act(action).unwrap_or_else(|why| panic!("{told} was refused: {why}"))
}

/// Server `n` times out and wins the election that it starts. Returns when all that hear it follow.
#[track_caller]
pub fn elect(run: &mut Run, n: u8) {
    act(run, Action::Fire { server: s(n), timer: Timer::Election });
    until(run, 1000, "the server that timed out is elected", |run| server(run, n).node.is_leader());
}

/// Waits for a leader.
#[track_caller]
pub fn any_leader(run: &mut Run) -> ServerId {
    until(run, 5000, "there is a leader", |run| leader(run).is_some());
    leader(run).expect("there is one")
}

/// Crashes that server.
#[track_caller]
pub fn crash(run: &mut Run, n: u8) {
    act(run, Action::Crash { server: s(n) });
}

/// Restarts that server.
#[track_caller]
pub fn restart(run: &mut Run, n: u8) {
    act(run, Action::Restart { server: s(n) });
}

/// `put key value`.
pub fn put(key: &str, value: &str) -> Op {
    Op::Put { key: key.into(), value: value.into() }
}

/// The person's client asks for it, of whomever it believes to lead.
#[track_caller]
pub fn submit(run: &mut Run, op: Op) {
    act(run, Action::Submit { op, to: None, mode: None });
}

/// A command goes into the log of that leader, and nobody waits for it.
#[track_caller]
pub fn propose(run: &mut Run, n: u8, text: &str) {
    act(run, Action::Propose { server: s(n), op: Op::Submit { text: text.into() } });
}

/// What came of the person's last finished request.
pub fn outcome(run: &Run) -> Option<Outcome> {
    run.world().clients()[0].finished.back().map(|Finished { outcome, .. }| outcome.clone())
}

/// Submits and waits for the outcome.
#[track_caller]
pub fn ask(run: &mut Run, op: Op) -> Outcome {
    submit(run, op);
    until(run, 60_000, "the client knows", |run| run.world().clients()[0].call.is_none());
    outcome(run).expect("it was finished")
}

/// The messages on their way from one server to another, in the order of their sending.
pub fn on_way(run: &Run, from: u8, to: u8) -> Vec<(PacketName, Message)> {
    let (from, to) = (Endpoint::Server(s(from)), Endpoint::Server(s(to)));
    let mut found: Vec<_> = run
        .world()
        .network()
        .packets()
        .filter(|packet| packet.name.from == from && packet.name.to == to)
        .filter_map(|packet| match &packet.content {
            Content::Raft(message) => Some((packet.name, message.clone())),
            _ => None,
        })
        .collect();
    found.sort_by_key(|(name, _)| *name);
    found
}

/// Delivers by hand everything that is on its way from one server to another.
#[track_caller]
pub fn deliver(run: &mut Run, from: u8, to: u8) {
    let messages = on_way(run, from, to);
    assert!(!messages.is_empty(), "nothing is on its way from S{from} to S{to}\n{}", story(run));
    for (message, _) in messages {
        act(run, Action::Deliver { message });
        settle(run);
    }
}

/// A request there, and its answer back, by hand.
#[track_caller]
pub fn ask_by_hand(run: &mut Run, from: u8, to: u8) {
    deliver(run, from, to);
    deliver(run, to, from);
}

/// In manual mode: the disks finish what they write.
pub fn settle(run: &mut Run) {
    if run.world().is_manual() {
        while run.next_us().is_some() {
            run.step();
        }
    }
}

/// By hand: the server times out, and its requests are written and on their way.
#[track_caller]
pub fn time_out(run: &mut Run, n: u8) {
    act(run, Action::Fire { server: s(n), timer: Timer::Election });
    settle(run);
}

/// By hand: the server times out, and these others answer its request, which elects it.
#[track_caller]
pub fn elect_by(run: &mut Run, n: u8, voters: &[u8]) {
    time_out(run, n);
    for &voter in voters {
        ask_by_hand(run, n, voter);
    }
    assert!(server(run, n).node.is_leader(), "S{n} was to be elected\n{}", story(run));
    drop_all(run, |message| matches!(message.body, Body::RequestVote { .. } | Body::RequestVoteReply { .. }));
}

/// By hand: that leader sends AppendEntries of the moment to that follower, which receives them, and
/// the answer comes back.
#[track_caller]
pub fn replicate(run: &mut Run, from: u8, to: u8) {
    drop_all(run, |message| message.from == s(from) && message.to == s(to));
    act(run, Action::Send { from: s(from), to: s(to), empty: false });
    settle(run);
    ask_by_hand(run, from, to);
}

/// By hand: that leader sends that follower a heartbeat, even where entries wait; the follower receives it, and
/// the answer comes back.
#[track_caller]
pub fn heartbeat(run: &mut Run, from: u8, to: u8) {
    act(run, Action::Send { from: s(from), to: s(to), empty: true });
    settle(run);
    ask_by_hand(run, from, to);
}

/// By hand: all messages between servers vanish that are like this.
pub fn drop_all(run: &mut Run, like: impl Fn(&Message) -> bool) {
    let mut names: Vec<PacketName> = run
        .world()
        .network()
        .packets()
        .filter(|packet| matches!(&packet.content, Content::Raft(message) if like(message)))
        .map(|packet| packet.name)
        .collect();
    names.sort_unstable();
    for message in names {
        act(run, Action::Drop { message });
    }
}

/// How many events of the trace are like this.
pub fn count(run: &Run, like: impl Fn(&What) -> bool) -> usize {
    run.events().iter().filter(|event| like(&event.what)).count()
}

/// How many messages were dropped for this reason.
pub fn dropped(run: &Run, why: DropReason) -> usize {
    count(run, |what| matches!(what, What::Dropped { reason, .. } if *reason == why))
}

/// The setup with these rules off.
pub fn without(setup: &Setup, off: &[Rule]) -> Setup {
    Setup { rules_off: Rules::without(off), ..setup.clone() }
}

/// The promises that were broken, in the order in which they were.
pub fn broken(run: &Run) -> Vec<Property> {
    run.violations().iter().map(|violation| violation.property).collect()
}

/// Two servers never disagree about what is committed, and all who are up have committed up to here.
#[track_caller]
pub fn assert_all_committed(run: &Run, index: u64) {
    for server in run.world().servers().iter().filter(|server| server.up) {
        assert_eq!(server.node.commit(), Index(index), "{}", story(run));
    }
}

/// The term of a server.
pub fn term(run: &Run, n: u8) -> Term {
    server(run, n).node.term()
}
