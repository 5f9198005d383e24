//! What a run comes to in which a rule is missing, and what the same recording comes to with the rule.
// Each test file uses some of it.
#![allow(dead_code)]

use crate::common::*;
use wavetank::check::Property;
use wavetank::kv::Op;
use wavetank::raft::{Change, Guard, ReadMode, Rule, Rules};
use wavetank::sim::{Action, ClientId, Endpoint, Finished, Outcome, PacketName, Setup};
use wavetank::timeline::Run;

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

/// Runs the script with the rule off, by hand from that state: the promise falls. Then the same
/// recording with every rule on: the rule refuses something, and nothing falls.
#[track_caller]
pub fn falls(rule: Rule, property: Property, start: &str, script: impl Fn(&mut Run)) {
    let begin = by_hand(Setup::new(5, 1), start);
    let kept = with_and_without(rule, begin, script, |run| {
        assert!(broken(run).contains(&property), "{rule} is off: {:?}\n{}", run.violations(), story(run));
    });
    assert_eq!(kept.violations(), [], "{rule} is on\n{}", story(&kept));
}

/// [`falls`] for what the checker does not know: what the script comes to without the rule and with it.
/// No promise that the checker knows falls with it.
#[track_caller]
pub fn comes_to(
    rule: Rule,
    begin: Begin,
    script: impl Fn(&mut Run),
    outcome: impl Fn(&Run) -> String,
    [off, on]: [&str; 2],
) {
    let kept = with_and_without(rule, begin, script, |run| {
        assert_eq!(outcome(run), off, "{rule} is off\n{}", story(run));
    });
    assert_eq!(outcome(&kept), on, "{rule} is on\n{}", story(&kept));
    assert_eq!(kept.violations(), [], "{rule} is on\n{}", story(&kept));
}

/// Runs the script without the rule, and judges that. Returns the same recording with the rule.
#[track_caller]
fn with_and_without(rule: Rule, begin: Begin, script: impl Fn(&mut Run), judge: impl Fn(&Run)) -> Run {
    let Begin { setup, start, by_hand } = begin;
    let setup = without(&setup, &[rule]);
    let mut run = if by_hand { still(&setup, start) } else { state_with(&setup, start) };
    script(&mut run);
    judge(&run);
    // The first event in which the rule decides something.
    let first = |run: &Run, how: fn(&Guard) -> bool| {
        let decides = |guard: &Guard| guard.rule == rule && how(guard);
        run.events().iter().find(|event| event.guards.iter().any(decides)).map(|event| event.id)
    };
    let turn = first(&run, Guard::broken);
    assert!(turn.is_some(), "the run took its wrong turn by {rule}");

    let mut recording = run.recording();
    recording.setup.rules_off = Rules::ALL_ON;
    let kept = Run::replay(&recording).expect("the recording makes a run");
    // Up to there the runs are one. (What servers decide when a world begins is not observed, so no script
    // begins with a decision of its rule.)
    assert_eq!(first(&kept, Guard::refused), turn, "{rule} is on\n{}", story(&kept));
    kept
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
