//! The history of a run: what its clients saw, all of it and nothing else.

use super::recordings;
use wavetank::check::Property;
use wavetank::check::history::{Answer, History as Operations};
use wavetank::check::linearizability::{STEPS, Verdict, check};
use wavetank::explore::Plan;
use wavetank::kv::Op;
use wavetank::raft::{ReadMode, Rule, Rules};
use wavetank::sim::{Action, Options, Outcome, What};
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
            Some((operation.client, done.at_us, done.answer.clone()))
        });
        let written: Vec<_> = written.collect();
        assert!(written.iter().map(|(_, at_us, _)| at_us).is_sorted());
        assert_eq!(written.len(), done.len());
        for (written, done) in written.iter().zip(&done) {
            // Some µs later, where another event came first.
            assert!((done.1..done.1 + 10).contains(&written.1), "{written:?} {done:?}");
            assert_eq!((written.0, &written.2), (done.0, &Answer::Output(done.2.clone())));
        }
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
        assert!(mine >= proposed.count(), "what was asked again is nobody's as well");
        answered += done.len();
        unknown += open;
        nobodys += mine;
    }
    println!("{answered} answered, {unknown} not, {nobodys} of nobody");
    assert!(answered > 200 && unknown > 5 && nobodys > 0, "{answered} {unknown} {nobodys}");
}

/// A storm in which two clients use the same keys; with sessions, each command once.
fn contended(seed: u64, off: &[Rule], sessions: bool) -> Recording {
    let adjust = |options: &mut Options| {
        options.sessions = sessions;
        options.workload_every_us = 50_000;
    };
    let (setup, actions) = Plan::Figure2.draw(seed, 3, 15_000_000, Rules::without(off), adjust);
    let mut run = Run::new(&setup).unwrap();
    for (at_us, action) in actions {
        run.run_until(at_us);
        let _ = run.act(action);
        // A read of what the background client writes; or of what is there, that promises nothing.
        let op = Op::Get { key: format!("k{}", at_us % 5) };
        let mode = if at_us % 3 == 0 { ReadMode::Local } else { ReadMode::ReadIndex };
        let _ = run.act(Action::Submit { op, to: None, mode: Some(mode) });
    }
    run.recording()
}

#[test]
fn a_judge_of_histories_tells_good_runs_from_bad_ones_by_what_is_written() {
    let judge = |off: &[Rule]| {
        let histories = (0..20).map(|seed| history_of(&contended(seed, off, true)));
        let verdicts = histories.map(|history| (history.0.len(), check(&history, STEPS)));
        verdicts.collect::<Vec<_>>()
    };
    let good = judge(&[]);
    assert!(good.iter().all(|(_, verdict)| *verdict == Verdict::Yes), "{good:?}");
    let judged: usize = good.iter().map(|(operations, _)| operations).sum();
    let bad = judge(&[Rule::CommitAfterQuorum]);
    let found = bad.iter().filter(|(_, verdict)| matches!(verdict, Verdict::No(_))).count();
    println!("{judged} operations of good runs; {found} of {} bad runs are seen", bad.len());
    assert!(judged > 1000 && found > 0, "{judged} {found}");
}

#[test]
fn what_is_written_is_judged_as_the_run_was() {
    let (mut same, mut broken, mut unseen, mut undecided) = (0, 0, 0, 0);
    for seed in 0..100 {
        let off: &[Rule] = match seed % 4 {
            0 => &[Rule::CommitAfterQuorum, Rule::Sessions],
            1 => &[Rule::ReadConfirmed, Rule::ReadAfterOwnTermCommit],
            _ => &[],
        };
        for sessions in [true, false] {
            let recording = contended(seed, off, sessions);
            let run = Run::replay(&recording).unwrap();
            let live =
                run.violations().iter().any(|violation| violation.property == Property::Linearizability);
            let verdict = check(&history_of(&recording), 300_000);
            let offline = match &verdict {
                Verdict::Yes => false,
                Verdict::No(_) => true,
                // Many may have taken effect twice, in any order.
                Verdict::Undecided => {
                    undecided += 1;
                    continue;
                }
            };
            // While a run goes on, what is not known at some time is not judged.
            assert!(offline || !live, "seed {seed}, sessions {sessions}: {:?}", run.violations());
            assert!(!offline || !off.is_empty(), "seed {seed}, sessions {sessions}: {verdict:?}");
            same += u64::from(live == offline);
            unseen += u64::from(offline && !live);
            broken += u64::from(live);
        }
    }
    println!(
        "{same} verdicts are the same, {broken} of them that it is broken; {unseen} only afterwards; \
              {undecided} undecided"
    );
    assert!(same > 180 && broken > 10 && unseen < 5, "{same} {broken} {unseen} {undecided}");
}
