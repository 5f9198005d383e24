//! What the scripts are written with, and the recordings that they write.
use super::common::*;
use serde::Serialize;
use wavetank::kv::Op;
use wavetank::learn::broken;
use wavetank::raft::{Change, ReadMode, Rule};
use wavetank::sim::{Action, ClientId, Endpoint, Finished, Outcome, PacketName, Setup};
use wavetank::timeline::{Recording, Run};

/// Three servers with one entry.
pub const THREE: &str = "S1:F1 1 / S2:F1 1 / S3:F1 1";
/// Three servers, the first of which leads.
pub const LED: &str = "S1:L2 2 / S2:F2 2 / S3:F2 2";

/// How a run begins: by hand, or in a world where time passes.
pub struct Begin<'a> {
    setup: Setup,
    start: &'a str,
    by_hand: bool,
}

/// By hand, with this setup, from this state.
pub fn by_hand(setup: Setup, start: &str) -> Begin<'_> {
    Begin { setup, start, by_hand: true }
}

/// The same, in a world where time passes.
pub fn in_time(setup: Setup, start: &str) -> Begin<'_> {
    Begin { setup, start, by_hand: false }
}

/// By hand, from that state: the script without the rule.
#[track_caller]
pub fn falls(rule: Rule, start: &str, script: impl Fn(&mut Run)) {
    falls_in(rule, by_hand(Setup::new(5, 1), start), script);
}

/// [`falls`], from another beginning.
#[track_caller]
pub fn falls_in(rule: Rule, begin: Begin, script: impl Fn(&mut Run)) {
    falls_as(rule, None, begin, script);
}

/// [`falls_in`], where the rule has several recordings.
#[track_caller]
pub fn falls_as(rule: Rule, variant: Option<&str>, begin: Begin, script: impl Fn(&mut Run)) {
    let row = broken::of(rule).find(|row| row.variant == variant).expect("the table has a row for it");
    let Begin { setup, start, by_hand } = begin;
    let off: Vec<Rule> = [rule].iter().chain(row.besides).copied().collect();
    let setup = without(&setup, &off);
    let mut run = if by_hand { still(&setup, start) } else { state_with(&setup, start) };
    script(&mut run);
    compare(&row.name(), &lines(&run.recording()));
}

/// The recording is the one that ships; or it is from now on.
#[track_caller]
fn compare(name: &str, now: &str) {
    let file = format!("{}/static/broken/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(&file, now).expect("the recording can be written");
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        golden == now,
        "{file} is not what the script does: see tests/broken_rules.rs on how to write it"
    );
}

/// A recording as JSON, with an action a line.
fn lines(recording: &Recording) -> String {
    fn json(part: &impl Serialize) -> String {
        serde_json::to_string(part).expect("a recording is plain data")
    }
    let Recording { format, semantics, start, setup, actions, end } = recording;
    let actions: Vec<String> = actions.iter().map(json).collect();
    let parts = [
        format!("\"format\":{format},\"semantics\":{semantics}"),
        format!("\"start\":{}", json(start)),
        format!("\"setup\":{}", json(setup)),
        format!("\"actions\":[\n{}\n]", actions.join(",\n")),
        format!("\"end\":{}", json(end)),
    ];
    format!("{{{}}}\n", parts.join(",\n"))
}

// Administrators.

/// A new server starts.
#[track_caller]
pub fn boot(run: &mut Run, n: u8) {
    act(run, Action::Boot { server: s(n) });
    settle(run);
}

/// An administrator asks that leader for a change of the configuration, and it begins.
#[track_caller]
pub fn change(run: &mut Run, at: u8, change: Change) {
    act(run, Action::Change { change, at: Some(s(at)) });
    settle(run);
}

/// By hand: a command goes into the log of that leader and to its disk; nobody hears of it.
#[track_caller]
pub fn propose_unheard(run: &mut Run, n: u8, text: &str) {
    propose(run, n, text);
    settle(run);
    drop_all(run, |message| message.from == s(n));
}

/// By hand: the leader brings that server's log up to its own, and tells it what is committed.
#[track_caller]
pub fn bring(run: &mut Run, from: u8, to: u8) {
    for _ in 0..20 {
        replicate(run, from, to);
        let (leader, follower) = (&server(run, from).node, &server(run, to).node);
        if !leader.is_leader()
            || (leader.log().last_index() == follower.log().last_index()
                && leader.log().last_term() == follower.log().last_term()
                && leader.commit() == follower.commit())
        {
            return drop_all(run, |message| message.from == s(from) || message.to == s(from));
        }
    }
    panic!("S{to} is not brought up to S{from}\n{}", story(run));
}

/// By hand: the leader brings that server's log up to its own.
#[track_caller]
pub fn bring_entries(run: &mut Run, from: u8, to: u8) {
    for _ in 0..20 {
        replicate(run, from, to);
        let (leader, follower) = (&server(run, from).node, &server(run, to).node);
        if leader.log().last_index() == follower.log().last_index() {
            return drop_all(run, |message| message.from == s(from) || message.to == s(from));
        }
    }
    panic!("S{to} is not brought up to S{from}\n{}", story(run));
}

/// By hand: the leader gives up, stands again, and these others elect it.
#[track_caller]
pub fn elect_again(run: &mut Run, n: u8, voters: &[u8]) {
    act(run, Action::StepDown { server: s(n) });
    settle(run);
    drop_all(run, |_| true);
    elect_by(run, n, voters);
    drop_all(run, |_| true);
}

/// By hand: the new leader takes a command, and these others store it: what it lacks is replaced.
#[track_caller]
pub fn goes_on(run: &mut Run, n: u8, followers: &[u8]) {
    propose_unheard(run, n, "something else");
    for &follower in followers {
        bring_entries(run, n, follower);
    }
    let node = &server(run, n).node;
    assert_eq!(node.commit(), node.log().last_index(), "{}", story(run));
}

// Clients.

/// The person's client, as an end of a link.
const CLIENT: Endpoint = Endpoint::Client(ClientId(1));

/// The client asks that server.
#[track_caller]
pub fn ask_of(run: &mut Run, n: u8, op: Op, mode: Option<ReadMode>) {
    act(run, Action::Submit { op, to: Some(s(n)), mode });
}

/// What is x?
pub fn get() -> Op {
    Op::Get { key: "x".into() }
}

/// x ← x + 1.
pub fn increment() -> Op {
    Op::Increment { key: "x".into() }
}

fn with_client(run: &Run, like: impl Fn(&PacketName) -> bool) -> Vec<PacketName> {
    let mut names: Vec<PacketName> =
        run.world().network().packets().map(|packet| packet.name).filter(like).collect();
    names.sort_unstable();
    names
}

/// The answers on their way to the client.
pub fn answers(run: &Run) -> Vec<PacketName> {
    with_client(run, |name| name.to == CLIENT)
}

/// By hand: what the client asks arrives at whom it asks.
#[track_caller]
pub fn arrives(run: &mut Run) {
    for message in with_client(run, |name| name.from == CLIENT) {
        act(run, Action::Deliver { message });
        settle(run);
    }
}

/// By hand: the answers arrive at the client.
#[track_caller]
pub fn answered(run: &mut Run) {
    for message in answers(run) {
        act(run, Action::Deliver { message });
    }
}

/// What the client asked and was told, oldest first: `x←1: OK, x?: 1`.
pub fn told(run: &Run) -> String {
    let say = |Finished { op, outcome, .. }: &Finished| match outcome {
        Outcome::Done(output) => format!("{op}: {output}"),
        Outcome::Failed => format!("{op}: failed"),
        Outcome::Unknown => format!("{op}: unknown"),
    };
    run.world().clients()[0].finished.iter().map(say).collect::<Vec<_>>().join(", ")
}

/// In a world where time passes: until the client knows what came of what it asked.
#[track_caller]
pub fn until_told(run: &mut Run, within_ms: u64) {
    until(run, within_ms, "the client knows", |run| run.world().clients()[0].call.is_none());
}
