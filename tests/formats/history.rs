//! The history of a run: what its clients saw, all of it and nothing else.

use super::{recordings, storms};
use wavetank::check::history::History as Operations;
use wavetank::check::linearizability::{STEPS, Verdict, check};
use wavetank::kv::Op;
use wavetank::raft::ReadMode;
use wavetank::sim::{Action, Outcome, What};
use wavetank::timeline::export::{history::History, tell};
use wavetank::timeline::{Recording, Run};

fn history_of(recording: &Recording) -> Operations {
    let mut text = Vec::new();
    tell(recording, &mut History::new(&mut text)).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.ends_with("]\n"));
    Operations::parse(&text).unwrap()
}

#[test]
fn every_operation_of_a_client_is_in_the_history_once() {
    let (mut answered, mut unknown, mut nobodys) = (0, 0, 0);
    for recording in recordings() {
        let history = history_of(recording);
        let run = Run::replay(recording).unwrap();
        let about_a_key = |op: &Op| !matches!(op, Op::Submit { .. });
        let finished = run.events().iter().filter_map(|event| event.finished.as_deref());
        let finished: Vec<_> = finished.filter(|finished| about_a_key(&finished.op)).collect();
        let done: Vec<_> = finished
            .iter()
            .filter_map(|finished| match &finished.outcome {
                Outcome::Done(output) => {
                    Some((u32::from(finished.client.0), finished.returned_us, output.clone()))
                }
                _ => None,
            })
            .collect();
        let written = history.0.iter().filter_map(|operation| {
            let done = operation.done.as_ref()?;
            Some((operation.client, done.at_us, done.output.clone()))
        });
        assert_eq!(written.collect::<Vec<_>>(), done);
        let open =
            history.0.iter().filter(|operation| operation.done.is_none() && operation.client > 0).count();
        let gave_up = finished.iter().filter(|finished| finished.outcome == Outcome::Unknown).count();
        let calls = run.world().clients().iter().filter_map(|client| client.call.as_ref());
        let waiting = calls.filter(|call| about_a_key(&call.op)).count();
        assert_eq!(open, gave_up + waiting);
        let proposed = run.events().iter().filter(|event| {
            matches!(&event.what, What::Acted { action: Action::Propose { op, .. }, refused: None } if about_a_key(op))
        });
        let mine = history.0.iter().filter(|operation| operation.client == 0).count();
        assert_eq!(mine, proposed.count());
        answered += done.len();
        unknown += open;
        nobodys += mine;
    }
    println!("{answered} answered, {unknown} not, {nobodys} of nobody");
    assert!(answered > 200 && unknown > 5 && nobodys > 0, "{answered} {unknown} {nobodys}");
}

/// The judge of histories agrees that storms are survived, where reads promise something.
#[test]
fn histories_of_storms_are_linearizable_where_commands_are_not_repeated() {
    let mut judged = 0;
    for seed in 0..30 {
        let recording = super::cut(storms::storm_of_all(seed).recording(), 8_000_000);
        let local = |mode: &Option<ReadMode>| *mode == Some(ReadMode::Local);
        let any_local = recording
            .actions
            .iter()
            .any(|stamped| matches!(&stamped.action, Action::Submit { mode, .. } if local(mode)));
        if recording.setup.options.sessions && !any_local {
            let history = history_of(&recording);
            assert_eq!(check(&history, STEPS), Verdict::Yes, "seed {seed}");
            judged += history.0.len();
        }
    }
    assert!(judged > 100, "{judged} operations");
}
