//! What a run comes to in which a rule is missing, and what the same recording comes to with the rule.
// Each test file uses some of it.
#![allow(dead_code)]

use crate::common::*;
use wavetank::check::Property;
use wavetank::kv::Op;
use wavetank::raft::{Change, ReadMode, Rule, Rules, ServerId};
use wavetank::sim::{Action, ClientId, Endpoint, Finished, Outcome, PacketName, Setup};
use wavetank::timeline::Run;

/// Three servers with one entry.
pub const THREE: &str = "S1:F1 1 / S2:F1 1 / S3:F1 1";
/// Three servers, the first of which leads.
pub const LED: &str = "S1:L2 2 / S2:F2 2 / S3:F2 2";

/// Runs the script with the rule off, by hand from that state: the promise falls. Then the same
/// recording with every rule on: the rule refuses something, and nothing falls.
#[track_caller]
pub fn falls(rule: Rule, property: Property, start: &str, script: impl Fn(&mut Run)) {
    let run = still(&without(&Setup::new(5, 1), &[rule]), start);
    goes_wrong_without(rule, run, script, |run| broken(run).contains(&property));
}

/// [`falls`] for what the checker does not know, by hand and with these options: `wrong` says whether it
/// has come to that.
#[track_caller]
pub fn goes_wrong(
    rule: Rule,
    setup: &Setup,
    start: &str,
    script: impl Fn(&mut Run),
    wrong: impl Fn(&Run) -> bool,
) {
    goes_wrong_without(rule, still(&without(setup, &[rule]), start), script, wrong);
}

/// The same, in a world where time passes.
#[track_caller]
pub fn goes_wrong_in_time(
    rule: Rule,
    setup: &Setup,
    start: &str,
    script: impl Fn(&mut Run),
    wrong: impl Fn(&Run) -> bool,
) {
    goes_wrong_without(rule, state_with(&without(setup, &[rule]), start), script, wrong);
}

#[track_caller]
fn goes_wrong_without(rule: Rule, mut run: Run, script: impl Fn(&mut Run), wrong: impl Fn(&Run) -> bool) {
    script(&mut run);
    assert!(wrong(&run), "{rule} is off: {:?}, {:?}\n{}", run.violations(), told(&run), story(&run));
    let turn = |run: &Run| run.events().iter().any(|e| e.guards.iter().any(|g| g.rule == rule && g.broken()));
    assert!(turn(&run), "the run took its wrong turn by that rule");

    let mut recording = run.recording();
    recording.setup.rules_off = Rules::ALL_ON;
    let kept = Run::replay(&recording).expect("the recording makes a run");
    assert_eq!(kept.violations(), [], "{rule} is on\n{}", story(&kept));
    assert!(!wrong(&kept), "{rule} is on: {:?}\n{}", told(&kept), story(&kept));
    let refused = kept.events().iter().any(|e| e.guards.iter().any(|g| g.rule == rule && g.refused()));
    assert!(refused, "{rule} is on, and refuses nothing\n{}", story(&kept));
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

/// What the client asked and was told, oldest first: `x?: 1`.
pub fn told(run: &Run) -> Vec<String> {
    let say = |Finished { op, outcome, .. }: &Finished| match outcome {
        Outcome::Done(output) => format!("{op}: {output}"),
        Outcome::Failed => format!("{op}: failed"),
        Outcome::Unknown => format!("{op}: unknown"),
    };
    run.world().clients()[0].finished.iter().map(say).collect()
}

/// Whether the client was told that x is 1, and after that that there is no x.
pub fn read_stale(run: &Run) -> bool {
    told(run) == ["x←1: OK", "x?: (nothing)"]
}

/// In a world where time passes: until the client knows what came of what it asked.
#[track_caller]
pub fn until_told(run: &mut Run, within_ms: u64) {
    until(run, within_ms, "the client knows", |run| run.world().clients()[0].call.is_none());
}

/// The highest term that anyone has.
pub fn highest_term(run: &Run) -> u64 {
    run.world().servers().iter().map(|server| server.node.term().0).max().unwrap_or_default()
}

/// Those who lead, in their own opinion.
pub fn leaders(run: &Run) -> Vec<ServerId> {
    run.world()
        .servers()
        .iter()
        .filter(|s| s.is_active() && s.node.is_leader())
        .map(|s| s.node.id())
        .collect()
}
