//! Runs that are kept: the journal that brings a stored run up to date, and which runs make room for others.

mod common;

use common::s;
use wavetank::sim::{Action, Setup};
use wavetank::timeline::shelf::{BYTES_MAX, Record, UNNAMED_MAX, UNTOUCHED_MAX, name_of_copy, surplus};
use wavetank::timeline::{Document, Journal, Moment, Run, Stamp, Stamped};

fn at(ms: u64) -> Stamp {
    Stamp { at_us: ms * 1000, k: 0 }
}

fn crash(ms: u64, server: u8) -> Stamped {
    Stamped { when: at(ms), action: Action::Crash { server: s(server) } }
}

/// A run of five servers that lasted so long, in which nothing was done.
fn document(ms: u64) -> Document {
    let mut run = Run::new(&Setup::new(5, 7)).unwrap();
    run.run_until(ms * 1000);
    Document::of(run.recording())
}

/// When which server crashed, and when the run ends, in ms.
fn told(document: &Document) -> (Vec<(u64, String)>, u64) {
    let recording = &document.branch().unwrap().recording;
    let crashes = recording.actions.iter().map(|stamped| match &stamped.action {
        Action::Crash { server } => (stamped.when.at_us / 1000, server.to_string()),
        other => panic!("{other:?}"),
    });
    (crashes.collect(), recording.end.at_us / 1000)
}

fn crashes(list: &[(u64, &str)]) -> Vec<(u64, String)> {
    list.iter().map(|(ms, server)| (*ms, (*server).to_string())).collect()
}

#[test]
fn what_was_done_since_it_was_stored_is_in_the_run_again_and_only_once() {
    let mut journal = Journal { actions: vec![(4, crash(60, 1)), (5, crash(70, 2))], ..Journal::default() };
    let (once, line) = journal.clone().applied_to(Some((document(50), 3))).unwrap();
    assert_eq!(told(&once), (crashes(&[(60, "S1"), (70, "S2")]), 70));
    assert_eq!(line, 5);
    let (twice, line) = journal.clone().applied_to(Some((once.clone(), line))).unwrap();
    assert_eq!((&twice, line), (&once, 5));
    journal.actions.push((6, crash(80, 3)));
    let (more, _) = journal.applied_to(Some((once, 5))).unwrap();
    assert_eq!(told(&more).0, crashes(&[(60, "S1"), (70, "S2"), (80, "S3")]));
}

#[test]
fn a_run_that_was_never_stored_is_in_its_journal() {
    let text = document(0).to_json();
    let journal = Journal { whole: Some((1, Some(text))), actions: vec![(2, crash(10, 1))], moment: None };
    let (run, line) = journal.applied_to(None).unwrap();
    assert_eq!((told(&run), line), ((crashes(&[(10, "S1")]), 10), 2));
    assert_eq!(Journal::default().applied_to(None), None);
    let lost = Journal { actions: vec![(2, crash(10, 1))], ..Journal::default() };
    assert_eq!(lost.applied_to(None), None, "of actions alone no run can be made");
}

#[test]
fn a_whole_run_in_the_journal_counts_when_it_is_later_than_the_stored_one() {
    let journal = Journal { whole: Some((7, Some(document(90).to_json()))), ..Journal::default() };
    let ends = |stored| told(&journal.clone().applied_to(Some((document(50), stored))).unwrap().0).1;
    assert_eq!((ends(6), ends(7), ends(8)), (90, 50, 50));
}

#[test]
fn actions_of_a_branch_that_nobody_could_note_are_not_put_into_another() {
    let actions = vec![(4, crash(60, 1)), (6, crash(70, 2))];
    let journal = Journal { whole: Some((5, None)), actions, moment: None };
    let (run, line) = journal.clone().applied_to(Some((document(50), 3))).unwrap();
    assert_eq!((told(&run).0, line), (crashes(&[(60, "S1")]), 4));
    // Once the branch is stored, they have a place.
    assert_eq!(told(&journal.applied_to(Some((document(50), 5))).unwrap().0).0, crashes(&[(70, "S2")]));
    let garbled =
        Journal { whole: Some((5, Some("{".into()))), actions: vec![(6, crash(70, 2))], moment: None };
    assert_eq!(told(&garbled.applied_to(Some((document(50), 3))).unwrap().0).0, []);
}

#[test]
fn who_acts_in_the_past_acts_in_a_branch() {
    let mut run = Run::new(&Setup::new(5, 7)).unwrap();
    run.run_until(20_000);
    let whole = document(50).forked(run.recording(), run.world().events());
    assert_eq!(whole.check(), Ok(()));
    assert_eq!((whole.branches[1].parent, whole.branches[1].fork), (Some(0), run.world().events()));
    let whole = Some((4, Some(whole.to_json())));
    let journal = Journal { whole, actions: vec![(5, crash(20, 1))], moment: None };
    let (forked, _) = journal.applied_to(Some((document(50), 3))).unwrap();
    assert_eq!(told(&forked), (crashes(&[(20, "S1")]), 20));
    assert_eq!(told(&Document { current: 0, ..forked }), (crashes(&[]), 50), "what followed before is kept");
    let full = (0..200).fold(document(50), |full, _| full.forked(run.recording(), 1));
    assert_eq!(full.check(), Ok(()), "as many branches as there can be");
}

#[test]
fn the_moment_that_was_shown_is_shown_again() {
    let stored = || Some((document(50), 3));
    let shown = |number, ms, events| {
        let moment = Some((number, Moment { at: at(ms), events }));
        let (run, _) = Journal { moment, ..Journal::default() }.applied_to(stored()).unwrap();
        (told(&run).1, run.open.events)
    };
    assert_eq!(shown(3, 80, 9), (80, None), "time went on after it was stored");
    assert_eq!(shown(3, 20, 4), (50, Some(4)), "a moment in the past; what follows it stays");
    assert_eq!(shown(2, 80, 9), (50, None), "a moment before what is stored is of no use");
    let late = Journal {
        actions: vec![(4, crash(60, 1))],
        moment: Some((3, Moment { at: at(55), events: 5 })),
        ..Journal::default()
    };
    let (run, _) = late.applied_to(stored()).unwrap();
    assert_eq!((told(&run).1, run.open.events), (60, None), "what was done last is shown");
}

#[test]
fn what_was_written_by_nobody_who_knows_the_run_does_no_harm() {
    let stored = || Some((document(50), 3));
    let journal = |stamped| Journal { actions: vec![(4, stamped)], ..Journal::default() };
    assert_eq!(journal(crash(40, 1)).applied_to(stored()), stored(), "before the end of the run");
    assert_eq!(journal(crash(u64::MAX / 2000, 1)).applied_to(stored()), None, "longer than a run can be");
}

/// `count` runs, the first one the oldest: the record of each is `record` with another time.
fn runs(name: &str, count: u64, record: &Record) -> Vec<(String, Record)> {
    (0..count).map(|n| (format!("{name}{n}"), Record { stored_ms: n, ..record.clone() })).collect()
}

fn touched() -> Record {
    Record { actions: 1, branches: 1, bytes: 1000, ..Record::default() }
}

#[test]
fn the_oldest_runs_that_nobody_named_make_room() {
    let most = UNNAMED_MAX as u64;
    assert_eq!(surplus(&runs("a", most, &touched()), &[]), [] as [&str; 0]);
    assert_eq!(surplus(&runs("a", most + 2, &touched()), &[]), ["a0", "a1"]);
    let spared = surplus(&runs("a", most + 2, &touched()), &["a0".into()]);
    assert_eq!(spared, ["a1"], "one that is shown stays, and takes nobody's place");
    assert_eq!(surplus(&runs("a", 500, &Record { kept: true, ..touched() }), &[]), [] as [&str; 0]);
}

#[test]
fn runs_in_which_nothing_was_done_do_not_fill_the_list() {
    let untouched = Record { actions: 0, ..touched() };
    let mut list = runs("u", UNTOUCHED_MAX as u64 + 1, &untouched);
    list.extend(runs("a", UNNAMED_MAX as u64, &touched()));
    assert_eq!(surplus(&list, &[]), ["u0"]);
    let branched = Record { branches: 2, ..untouched };
    assert_eq!(surplus(&runs("b", UNTOUCHED_MAX as u64 + 1, &branched), &[]), [] as [&str; 0]);
}

#[test]
fn too_many_bytes_make_the_oldest_unnamed_runs_go() {
    let large = Record { bytes: BYTES_MAX / 4, ..touched() };
    assert_eq!(surplus(&runs("a", 4, &large), &[]), [] as [&str; 0]);
    assert_eq!(surplus(&runs("a", 6, &large), &[]), ["a0", "a1"]);
    let mut list = runs("k", 5, &Record { kept: true, ..large.clone() });
    list.extend(runs("a", 2, &touched()));
    assert_eq!(surplus(&list, &[]), ["a0", "a1"], "named ones stay, even if that is not enough");
}

#[test]
fn a_copy_has_a_name_of_its_own() {
    assert_eq!(name_of_copy("Split", &[]), "Split (copy)");
    let taken = ["Split (copy)".to_string()];
    assert_eq!(name_of_copy("Split", &taken), "Split (copy 2)");
    assert_eq!(name_of_copy("Split (copy)", &taken), "Split (copy 2)");
    assert_eq!(name_of_copy("Split (copy 2)", &[]), "Split (copy)");
    assert_eq!(name_of_copy("Split (copycat)", &[]), "Split (copycat) (copy)");
    let long = "é".repeat(500);
    let name = name_of_copy(&long, &[]);
    let named = Document { name, ..document(0) };
    assert_eq!(named.check(), Ok(()), "a name that is too long would make a run unreadable");
}

#[test]
fn a_record_of_another_version_is_read_as_far_as_it_goes() {
    let record: Record = serde_json::from_str(r#"{"name":"A","kept":true,"colour":"red"}"#).unwrap();
    assert_eq!(record, Record { name: "A".into(), kept: true, ..Record::default() });
    let mut record = Record::default();
    let run = Document { name: String::new(), ..document(50) };
    record.describe(&run, "12345");
    assert_eq!((record.title().as_str(), record.servers, record.actions), ("Seed 7", 5, 0));
    assert_eq!((record.branches, record.end_us, record.bytes), (1, 50_000, 5));
}
