//! A run is only replay: the same recording, the same digest; a branch differs only by what was changed;
//! and what is no recording is refused in a sentence.
//!
//! The golden recording is made anew by `WAVETANK_GOLDEN=write cargo test --test runs`.

mod common;
#[allow(dead_code)]
#[path = "common/digests.rs"]
mod storms;

use common::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wavetank::kv::Op;
use wavetank::raft::{Rule, Rules, ServerId, Term, Timer};
use wavetank::sim::{Action, Digest, Endpoint, PacketName, Refusal, Setup, What, notation};
use wavetank::timeline::{FORMAT, Recording, RecordingError, Run, SEMANTICS, Script, Stamp};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/run.json");
/// The digest of the golden recording's run.
const GOLDEN_DIGEST: &str = "4dba4fdb90ed766e";

/// A run with twenty actions of many kinds.
fn twenty_actions() -> Run {
    let mut run = cluster(5, 7);
    run.run_until(400_000);
    let first = any_leader(&mut run);
    let follower = run.world().ids().find(|&id| id != first).unwrap();
    submit(&mut run, put("x", "1"));
    wait(&mut run, 100);
    submit(&mut run, Op::Cas { key: "x".into(), expect: Some("1".into()), value: "2".into() });
    let (message, _) = on_way(&run, first.number(), follower.number()).pop().unwrap_or_else(|| {
        act(&mut run, Action::Send { from: first, to: follower, empty: false });
        on_way(&run, first.number(), follower.number())[0].clone()
    });
    act(&mut run, Action::Hold { message });
    act(&mut run, Action::Duplicate { message });
    wait(&mut run, 30);
    act(&mut run, Action::Release { message });
    act(&mut run, Action::Pause { server: follower });
    wait(&mut run, 500);
    act(&mut run, Action::Resume { server: follower });
    act(&mut run, Action::Crash { server: first });
    submit(&mut run, Op::Append { key: "x".into(), value: "é<b>".into() });
    run.act(Action::Crash { server: first }).expect_err("it is down already");
    wait(&mut run, 1500);
    act(&mut run, Action::Restart { server: first });
    act(&mut run, groups("12 345"));
    submit(&mut run, Op::Get { key: "x".into() });
    wait(&mut run, 800);
    let cut = Action::Mend { from: s(1), to: s(3) };
    act(&mut run, cut);
    act(&mut run, Action::Heal);
    let any = any_leader(&mut run);
    act(&mut run, Action::StepDown { server: any });
    act(&mut run, Action::Fire { server: any, timer: Timer::Election });
    let mut options = run.world().options().clone();
    options.link.loss_ppm = 100_000;
    options.workload_every_us = 200_000;
    act(&mut run, Action::SetOptions { options });
    wait(&mut run, 1000);
    submit(&mut run, Op::Delete { key: "x".into() });
    wait(&mut run, 1000);
    run
}

#[test]
fn five_servers_elect_a_leader_commit_and_recover() {
    let mut run = cluster(5, 7);
    let leader = any_leader(&mut run);
    submit(&mut run, put("x", "1"));
    wait(&mut run, 1000);
    assert!(run.world().servers().iter().all(|server| server.store.get("x") == Some("1")));
    act(&mut run, Action::Crash { server: leader });
    wait(&mut run, 2000);
    act(&mut run, Action::Restart { server: leader });
    act(&mut run, groups("12"));
    wait(&mut run, 2000);
    act(&mut run, Action::Heal);
    wait(&mut run, 2000);
    assert_eq!(broken(&run), []);
    let again = Run::replay(&run.recording()).unwrap();
    assert_eq!(again.digest(), run.digest());
}

#[test]
fn time_never_runs_past_where_it_was_told_to_stop_though_a_paused_server_gets_mail() {
    let mut run = cluster(3, 7);
    run.run_until(1_000_000);
    let leader = any_leader(&mut run);
    let follower = run.world().ids().find(|&id| id != leader).unwrap();
    act(&mut run, Action::Pause { server: follower });
    for until_us in (1_000_000..1_300_000).step_by(100) {
        run.run_until(until_us);
        assert_eq!(run.world().now_us(), until_us);
    }
    assert!(!server(&run, follower.number()).inbox.is_empty());
    act(&mut run, Action::Resume { server: follower });
    run.run_until(2_000_000);
    assert_eq!(Run::replay(&run.recording()).unwrap().digest(), run.digest());
}

// Replay.

#[test]
fn a_run_with_twenty_actions_is_done_again_by_its_recording() {
    let run = twenty_actions();
    let recording = run.recording();
    assert_eq!(recording.actions.len(), 20, "{:#?}", recording.actions);
    let again = Run::replay(&recording).unwrap();
    assert_eq!(again.digest(), run.digest());
    assert_eq!(again.recording(), recording);
    assert_eq!(again.events(), run.events(), "the trace is the same, event by event, with its guards");
    assert_eq!(notation::write(again.world()), notation::write(run.world()));
}

#[test]
fn a_recording_is_repaired_in_its_setup_and_in_its_actions() {
    let off = |rules: &[Rule]| Rules::without(rules);
    let (one, two) = (Rule::OneVotePerTerm, Rule::LogUpToDate);
    let setup = Setup { rules_off: off(&[one, two]), ..Setup::new(3, 1) };
    let mut run = Run::new(&setup).unwrap();
    act(&mut run, Action::SetRules { off: off(&[one]) });
    act(&mut run, Action::SetRules { off: off(&[one, two, Rule::Sessions]) });
    let repaired = run.recording().with_rules_on(off(&[one, Rule::PreVote]));
    assert_eq!(repaired.setup.rules_off, off(&[two]));
    let actions: Vec<_> = repaired.actions.into_iter().map(|stamped| stamped.action).collect();
    assert_eq!(
        actions,
        [Action::SetRules { off: off(&[]) }, Action::SetRules { off: off(&[two, Rule::Sessions]) }]
    );
}

#[test]
fn the_encoding_of_recordings_is_frozen() {
    let run = twenty_actions();
    let json = run.recording().to_json();
    if std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(GOLDEN, &json).expect("the recording can be written");
    }
    let golden = std::fs::read_to_string(GOLDEN).expect("the golden recording is there");
    assert_eq!(json, golden);
    let read = Recording::from_json(&golden).unwrap();
    assert_eq!(read, run.recording());
    assert_eq!(Run::replay(&read).unwrap().digest().to_string(), GOLDEN_DIGEST);
}

#[test]
fn how_many_events_are_kept_changes_nothing() {
    let recording = twenty_actions().recording();
    let play = |keep: usize| {
        let mut run = Run::new(&recording.setup).unwrap();
        run.keep_events(keep);
        for stamped in &recording.actions {
            run.run_until(stamped.when.at_us);
            let _ = run.act(stamped.action.clone());
        }
        run.run_until(recording.end.at_us);
        assert!(run.events().len() <= keep);
        (run.digest(), run.world().events(), notation::write(run.world()), run.violations().to_vec())
    };
    let all = play(1_000_000);
    for keep in [0, 1, 2, 100] {
        assert_eq!(play(keep), all, "{keep} kept");
    }
}

#[test]
fn a_run_that_stands_still_between_actions_is_replayed_too() {
    let mut run = still(&Setup::new(3, 1), "S1 1 / S2 1 / S3 1");
    elect_by(&mut run, 2, &[3]);
    propose(&mut run, 2, "a");
    // One write of two is done when the next action comes.
    deliver(&mut run, 2, 3);
    propose(&mut run, 2, "b");
    run.step();
    crash(&mut run, 3);
    restart(&mut run, 3);
    act(&mut run, Action::Manual { on: false });
    wait(&mut run, 500);
    let again = Run::replay(&run.recording()).unwrap();
    assert_eq!(again.digest(), run.digest());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_storm_is_done_again_by_its_recording_and_by_its_text(seed in any::<u64>()) {
        let run = storms::storm(seed);
        let read = Recording::from_json(&run.recording().to_json()).unwrap();
        prop_assert_eq!(&read, &run.recording());
        let again = Run::replay(&read).unwrap();
        prop_assert_eq!(again.digest(), run.digest());
        prop_assert_eq!(again.world().events(), run.world().events());
        prop_assert_eq!(again.stamp(), run.stamp());
    }

    #[test]
    fn a_recording_that_is_done_step_by_step_is_the_same_run(seed in any::<u64>()) {
        let storm = storms::storm(seed);
        let (mut run, mut script) = Script::begin(&storm.recording()).unwrap();
        let mut actions = 0;
        loop {
            let (before, next_us) = (run.world().now_us(), script.next_us(&mut run));
            if !script.step(&mut run, &mut |_, _| actions += 1) {
                prop_assert_eq!(next_us, None);
                break;
            }
            prop_assert_eq!(next_us.unwrap().max(before), run.world().now_us(), "it said when");
        }
        prop_assert_eq!((run.digest(), run.stamp()), (storm.digest(), storm.stamp()));
        prop_assert_eq!(actions, storm.recording().actions.len());
    }

    #[test]
    fn a_branch_is_what_the_run_was_at_that_moment(seed in any::<u64>(), steps in 0_usize..3000) {
        let recording = storms::storm(seed).recording();
        let mut run = Run::new(&recording.setup).unwrap();
        run.keep_events(0);
        let mut actions = recording.actions.iter().peekable();
        for _ in 0..steps {
            while let Some(stamped) = actions.next_if(|stamped| stamped.when <= run.stamp()) {
                let _ = run.act(stamped.action.clone());
            }
            if actions.peek().is_none_or(|next| run.next_us().is_some_and(|at_us| at_us < next.when.at_us)) {
                run.step();
            } else {
                run.run_until(actions.peek().unwrap().when.at_us);
            }
        }
        let branch = run.branch_at(run.stamp()).unwrap();
        prop_assert_eq!(branch.digest(), run.digest());
        prop_assert_eq!(notation::write(branch.world()), notation::write(run.world()));
    }
}

// Branches.

/// What a draw is named by: link, bucket of sending, ordinal on that link in that bucket.
type Key = (Endpoint, Endpoint, u64, u64);

/// All draws of a run from here on for so long: travel times of messages by name, and lengths of
/// election timeouts by server and term.
fn draws(run: &mut Run, ms: u64) -> (BTreeMap<Key, u64>, BTreeMap<(ServerId, Term), u64>) {
    let until_us = run.world().now_us() + ms * 1000;
    let mut keys: BTreeMap<PacketName, Key> = BTreeMap::new();
    let mut ordinals: BTreeMap<(Endpoint, Endpoint, u64), u64> = BTreeMap::new();
    let (mut travels, mut timeouts) = (BTreeMap::new(), BTreeMap::new());
    while run.next_us().is_some_and(|at_us| at_us <= until_us) {
        let id = run.step().unwrap();
        let event = run.event(id).unwrap().clone();
        for name in &event.sent {
            let bucket = name.sent_us / 1024;
            let ordinal = ordinals.entry((name.from, name.to, bucket)).or_insert(0);
            keys.insert(*name, (name.from, name.to, bucket, *ordinal));
            *ordinal += 1;
        }
        if let What::Delivered { message, .. } = &event.what
            && let Some(key) = keys.get(message)
        {
            travels.insert(*key, event.at_us - message.sent_us);
        }
        for server in run.world().servers() {
            if let Some(timer) = server.timer(Timer::Election).filter(|timer| timer.from_us == event.at_us) {
                let key = (server.node.id(), server.node.term());
                let length_us = timer.fires_us - timer.from_us;
                let before = timeouts.insert(key, length_us).unwrap_or(length_us);
                assert_eq!(before, length_us, "a timeout is drawn by its name: {key:?}");
            }
        }
    }
    (travels, timeouts)
}

#[test]
fn a_branch_that_drops_one_message_makes_the_same_draws_for_everything_else() {
    let mut setup = Setup::new(5, 11);
    setup.options.workload_every_us = 70_000;
    let mut one = Run::new(&setup).unwrap();
    one.run_until(1_000_000);
    any_leader(&mut one);
    until(&mut one, 500, "entries are on their way", |run| {
        run.world().network().packets().any(|packet| packet.name.from.server() == leader(run))
    });
    let mut other = one.branch_at(one.stamp()).unwrap();
    assert_eq!(other.digest(), one.digest());
    let leader = leader(&one).unwrap();
    let dropped = one.world().network().packets().map(|p| p.name).find(|n| n.from.server() == Some(leader));
    act(&mut other, Action::Drop { message: dropped.unwrap() });
    let crash_then = |run: &mut Run| {
        let (mut travels, mut timeouts) = draws(run, 2000);
        act(run, Action::Crash { server: leader });
        let (more_travels, more_timeouts) = draws(run, 2000);
        travels.extend(more_travels);
        timeouts.extend(more_timeouts);
        (travels, timeouts)
    };
    let (travels, timeouts) = crash_then(&mut one);
    let (other_travels, other_timeouts) = crash_then(&mut other);

    let mut common = 0;
    for (key, travel_us) in &travels {
        if let Some(other_us) = other_travels.get(key) {
            assert_eq!(travel_us, other_us, "{key:?}");
            common += 1;
        }
    }
    assert!(common > 300, "{common} of {} messages are known in both", travels.len());
    assert!(other_travels.keys().any(|key| !travels.contains_key(key)), "and some in one branch only");
    let both: Vec<_> = timeouts.keys().filter(|key| other_timeouts.contains_key(key)).collect();
    assert!(both.len() >= 5);
    assert!(both.into_iter().all(|key| timeouts[key] == other_timeouts[key]));
    assert_ne!(one.digest(), other.digest());
}

#[test]
fn a_branch_that_only_looks_is_the_same_run() {
    let mut run = twenty_actions();
    let middle = run.recording().actions[9].when;
    let branch = run.branch_at(middle).unwrap();
    assert_eq!(branch.stamp(), middle);
    let mut again = Run::replay(&branch.recording()).unwrap();
    assert_eq!(again.digest(), branch.digest());
    assert!(run.branch_at(Stamp { at_us: u64::MAX, k: 0 }).unwrap().digest() == run.digest());
    // Each goes its own way from there.
    wait(&mut again, 1000);
    wait(&mut run, 1000);
    assert_ne!(again.digest(), run.digest());
}

#[test]
fn the_seed_decides() {
    let digest = |seed| {
        let mut run = cluster(5, seed);
        run.run_until(2_000_000);
        run.digest()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
    assert_ne!(digest(1), Digest::default());
}

// Recordings that are none.

fn golden() -> String {
    std::fs::read_to_string(GOLDEN).expect("the golden recording is there")
}

/// The golden recording, after a change to its text.
#[track_caller]
fn changed(from: &str, to: &str) -> Result<Recording, RecordingError> {
    let text = golden();
    assert!(text.contains(from), "the golden recording has no ‘{from}’");
    Recording::from_json(&text.replacen(from, to, 1))
}

#[test]
fn a_recording_that_was_cut_off_is_refused_wherever_the_cut_is() {
    let text = golden();
    for at in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
        match Recording::from_json(&text[..at]) {
            Err(RecordingError::Unreadable(_)) => {}
            other => panic!("cut at {at}: {other:?}"),
        }
    }
    let why = Recording::from_json(&text[..500]).unwrap_err().to_string();
    assert!(why.contains("cut off") && why.contains("line"), "{why}");
}

#[test]
fn a_recording_of_a_newer_version_is_refused_whatever_else_is_in_it() {
    let newer = format!("{{\"format\":{},\"dreams\":[1,2],\"setup\":\"?\"}}", FORMAT + 1);
    assert_eq!(Recording::from_json(&newer), Err(RecordingError::Newer(FORMAT + 1)));
    assert!(RecordingError::Newer(9).to_string().contains("newer"));
    assert!(matches!(changed("\"format\": 1", "\"format\": 0"), Err(RecordingError::NoFormat)));
    assert!(matches!(changed("\"format\": 1", "\"format\": -1"), Err(RecordingError::Unreadable(_))));
}

#[test]
fn a_recording_of_a_newer_meaning_is_refused_for_its_meaning() {
    let semantics = |number: u32| changed("\"semantics\": 2", &format!("\"semantics\": {number}"));
    assert_eq!(semantics(SEMANTICS + 1), Err(RecordingError::NewerMeaning(SEMANTICS + 1)));
    assert_eq!(semantics(0), Err(RecordingError::NoMeaning));
    let newer = format!("{{\"format\":{FORMAT},\"semantics\":{},\"dreams\":[1,2]}}", SEMANTICS + 1);
    assert_eq!(Recording::from_json(&newer), Err(RecordingError::NewerMeaning(SEMANTICS + 1)));
    let why = RecordingError::NewerMeaning(9).to_string();
    assert!(why.contains("semantics is 9") && why.contains("this page's is 2"), "{why}");
    assert!(!why.contains("format"), "{why}");
}

#[test]
fn ten_million_actions_are_refused_before_they_fill_the_memory() {
    let begun = Instant::now();
    let around = |actions: String| {
        format!(
            "{{\"format\":1,\"semantics\":1,\"setup\":{{\"servers\":3,\"seed\":\"1\"}},\"end\":{{\"atUs\":0}},\"actions\":[{actions}]}}"
        )
    };
    let action = r#"{"when":{"atUs":0},"action":"heal"}"#;
    assert_eq!(Recording::from_json(&around(action.into())).unwrap().actions.len(), 1);
    // Ten million of them are too long a text.
    let many = around(format!("{}{action}", format!("{action},").repeat(9_999_999)));
    let refused = Recording::from_json(&many);
    assert_eq!(refused, Err(RecordingError::TooLong(many.len())));
    drop(many);
    // As many as the text may be long are still too many.
    let many = around(format!("{}{action}", format!("{action},").repeat(800_000)));
    let why = Recording::from_json(&many).unwrap_err().to_string();
    assert!(why.contains("more than 100000 actions"), "{why}");
    // Ten million of something else are none.
    let zeros = around(format!("{}0", "0,".repeat(9_999_999)));
    assert!(matches!(Recording::from_json(&zeros), Err(RecordingError::Unreadable(_))));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_server_that_does_not_exist_is_named_in_an_event_or_an_error() {
    // S9 of a cluster of five: a run all the same, in which the action misses.
    let mut recording = twenty_actions().recording();
    let end = recording.end;
    recording.actions.push(wavetank::timeline::Stamped { when: end, action: Action::Crash { server: s(9) } });
    let run = Run::replay(&recording).unwrap();
    let missed = Refusal::NoSuchServer { server: s(9), servers: 5 };
    let last = run.events().back().unwrap();
    assert_eq!(last.what, What::Acted { action: Action::Crash { server: s(9) }, refused: Some(missed) });
    // S10 is no name at all.
    let why = changed("\"server\": \"S", "\"server\": \"S9").unwrap_err().to_string();
    assert!(why.contains("is not a server: write S1 to S9"), "{why}");
    let why = changed("\"servers\": 5", "\"servers\": 12").unwrap_err().to_string();
    assert!(why.contains("12 servers can't be had; use 1 to 9"), "{why}");
}

#[test]
fn markup_in_a_value_stays_text() {
    let markup = "<img src=x onerror=\"alert(1)\">&amp;</script>\u{0}\u{202e}";
    let mut run = cluster(3, 1);
    any_leader(&mut run);
    ask(&mut run, put(markup, markup));
    wait(&mut run, 200);
    let read = Recording::from_json(&run.recording().to_json()).unwrap();
    let again = Run::replay(&read).unwrap();
    assert_eq!(server(&again, 1).store.get(markup), Some(markup));
    assert_eq!(again.digest(), run.digest());
}

#[test]
fn a_recording_that_makes_no_run_is_refused_in_a_sentence() {
    let table = [
        (
            "\"election\": {\n        \"minUs\": 150000",
            "\"election\": {\n        \"minUs\": 999999",
            "upside down",
        ),
        ("\"heartbeatUs\": 50000", "\"heartbeatUs\": 1", "heartbeat: 1 µs is out of bounds"),
        ("\"heartbeatUs\": 50000", "\"heartbeatUs\": 1e300", "not a valid Wavetank recording"),
        ("\"heartbeatUs\": 50000", "\"heartBeat\": 50000", "unknown field `heartBeat`"),
        ("\"seed\": \"7\"", "\"seed\": \"-7\"", "is not a seed"),
        ("\"seed\": \"7\"", "\"seed\": \"99999999999999999999\"", "is not a seed"),
        ("\"seed\": \"7\"", "\"seed\": 7", "expected"),
        ("\"rulesOff\": []", "\"rulesOff\": [\"gravity\"]", "gravity"),
        ("\"start\": \"empty\"", "\"start\": {\"state\": \"S1:Q\"}", "starting state makes no run"),
        ("\"start\": \"empty\"", "\"start\": {\"state\": \"\"}", "there is no server in it"),
        ("\"release\"", "\"unhand\"", "unhand"),
        ("\"message\": \"S", "\"message\": \"X", "names no message"),
    ];
    for (from, to, expected) in table {
        let why = match changed(from, to) {
            Err(why) => why,
            // What a starting state is, is found out when the run is made.
            Ok(recording) => Run::replay(&recording).map(|_| ()).expect_err(to),
        };
        assert!(why.to_string().contains(expected), "{to}: {why}");
    }
}

#[test]
fn actions_out_of_order_and_absurd_ends_are_refused() {
    let good = twenty_actions().recording();
    let changed = |change: &dyn Fn(&mut Recording)| {
        let mut recording = good.clone();
        change(&mut recording);
        let read = Recording::from_json(&recording.to_json());
        assert_eq!(read.is_err(), recording.check().is_err());
        Run::replay(&recording).map(|_| ()).unwrap_err()
    };
    assert_eq!(changed(&|r| r.actions.swap(3, 8)), RecordingError::OutOfOrder(5));
    assert_eq!(changed(&|r| r.end.at_us = 1000), RecordingError::OutOfOrder(20));
    assert_eq!(changed(&|r| r.end.at_us = u64::MAX), RecordingError::RunsTooLong(u64::MAX));
    assert!(matches!(changed(&|r| r.actions[19].when.at_us = u64::MAX), RecordingError::OutOfOrder(_)));
    let busy = |r: &mut Recording| {
        r.setup = Setup::new(9, 1);
        r.setup.options.heartbeat_us = 100;
        r.actions.clear();
        r.end.at_us = 7_200_000_000;
    };
    assert!(matches!(changed(&busy), RecordingError::TooManyEvents(_)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recording_with_any_bytes_changed_is_refused_or_runs_and_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..4)
    ) {
        let mut bytes = golden().into_bytes();
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len());
            // Digits, quotes and brackets get further than other bytes.
            let byte = *br#"0123456789"{}[],:.-SCxe"#.get(usize::from(byte) % 46).unwrap_or(&byte);
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(recording) = Recording::from_json(&text)
            && recording.end.at_us < 60_000_000
            && recording.setup.options.heartbeat_us >= 5000
        {
            match Run::replay(&recording) {
                Ok(run) => prop_assert_eq!(run.violations(), []),
                Err(why) => prop_assert!(!why.to_string().is_empty()),
            }
        }
    }
}
