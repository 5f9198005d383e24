//! A recording of an earlier meaning runs by this one. Where its digests come about again it is taken over;
//! where not, it is said from where on, and it stays what it was until somebody goes on with it.

mod common;

use common::s;
use wavetank::explain;
use wavetank::sim::{Action, Digest, Setup};
use wavetank::timeline::{
    Actor, BranchData, BranchId, Differs, Document, Place, Recording, Run, SEMANTICS, Stamp, Standing, Start,
    Target, Timeline,
};

/// A run of five servers in which one crashes, with its digests.
fn made_here() -> Document {
    let mut timeline = Timeline::new(&Setup::new(5, 7), Start::Empty).expect("it makes a run");
    timeline.run_until(20_000_000);
    timeline.act(Action::Crash { server: s(1) }).expect("it is up");
    timeline.run_until(30_000_000);
    let document = timeline.document();
    assert!(document.branches[0].marks.len() > 2, "{:?}", document.branches[0].marks);
    document
}

/// The same as if an earlier version had made it.
fn earlier() -> Document {
    let mut document = made_here();
    for branch in &mut document.branches {
        branch.recording.semantics = SEMANTICS - 1;
    }
    document
}

/// The same, and there it went another way from the second digest on.
fn different() -> Document {
    let mut document = earlier();
    document.branches[0].marks.iter_mut().skip(1).for_each(|mark| mark.digest = Digest(7));
    document
}

fn opened(document: &Document, to: Target) -> Timeline {
    let text = document.to_json();
    let read = Document::from_text(&text).expect("what was written can be read");
    let mut timeline = Timeline::open(&read).expect("it opens");
    while !timeline.seek(to, 1000) {}
    timeline
}

fn differs(standing: Standing) -> Differs {
    match standing {
        Standing::Differs(differs) => differs,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_of_an_earlier_meaning_that_runs_as_it_did_is_taken_over_without_a_word() {
    let timeline = opened(&earlier(), Target::End);
    let branch = timeline.branch();
    assert_eq!((branch.standing(), branch.made_by()), (Standing::Own, 1));
    assert_eq!(explain::standing(branch.standing(), branch.made_by()), None);
    let stored = timeline.document();
    assert_eq!(stored.branches[0].recording.semantics, SEMANTICS);
    assert_eq!(stored.branches[0].marks, made_here().branches[0].marks);
}

#[test]
fn before_its_end_nothing_of_it_is_taken_over() {
    let events = earlier().branches[0].marks[1].events;
    let timeline = opened(&earlier(), Target::Events(events));
    assert_eq!(timeline.branch().standing(), Standing::Open);
    assert_eq!(timeline.document().branches, earlier().branches);
}

#[test]
fn a_run_that_goes_differently_says_from_which_event_and_time_on_and_why() {
    let timeline = opened(&different(), Target::End);
    let marks = made_here().branches[0].marks.clone();
    let branch = timeline.branch();
    let Differs { same_until, by } = differs(branch.standing());
    assert_eq!((same_until.events, by.events), (marks[0].events, marks[1].events));
    // The times are those of the events, as a run that is done only so far tells them.
    for place in [same_until, by] {
        let there = opened(&made_here(), Target::Events(place.events));
        assert_eq!(there.run().world().now_us(), place.at_us);
    }
    let sentence = explain::standing(branch.standing(), branch.made_by()).expect("there is something to say");
    let seconds = |place: Place| explain::duration(place.at_us);
    for part in [
        format!("the same up to event {} ({})", same_until.events, seconds(same_until)),
        format!("other by event {} ({})", by.events, seconds(by)),
        "An earlier version made it (semantics 1; this version’s is 2)".into(),
    ] {
        assert!(sentence.contains(&part), "{part}: {sentence}");
    }
}

#[test]
fn a_run_that_goes_differently_stays_in_its_document_as_it_was() {
    let mut timeline = opened(&different(), Target::End);
    assert_eq!(timeline.document().branches, different().branches);
    // To look at another moment changes nothing either.
    while !timeline.seek(Target::Time(1_000_000), 1000) {}
    assert_eq!(timeline.document().branches, different().branches);
}

#[test]
fn a_run_that_is_shorter_here_differs_as_well() {
    let mut document = earlier();
    let end = document.branches[0].marks.last_mut().expect("there is an end");
    end.events += 40;
    let by = end.events;
    let timeline = opened(&document, Target::End);
    let Differs { same_until, by: found } = differs(timeline.branch().standing());
    assert_eq!((found.events, found.at_us), (by, 30_000_000));
    assert!(same_until.events > 0 && same_until.events < by);
    let standing = document.branches[0].standing().expect("it makes a run");
    assert_eq!(differs(standing), Differs { same_until, by: found });
}

/// One way to go on with a run.
type Way = fn(&mut Timeline);

#[test]
fn whoever_goes_on_goes_on_by_this_meaning() {
    let ways: [(&str, Way); 4] = [
        ("time goes by", |timeline| timeline.run_until(31_000_000)),
        ("a step", |timeline| assert!(timeline.step())),
        ("an action", |timeline| assert!(timeline.act(Action::Restart { server: s(1) }).is_ok())),
        ("by word", Timeline::go_on_here),
    ];
    for (name, go_on) in ways {
        let mut timeline = opened(&different(), Target::End);
        go_on(&mut timeline);
        assert_eq!(timeline.branch().standing(), Standing::GoneOn, "{name}");
        let stored = timeline.document();
        assert_eq!(stored.branches[0].recording.semantics, SEMANTICS, "{name}");
        let again = opened(&stored, Target::End);
        assert_eq!(again.branch().standing(), Standing::Own, "{name}: its digests are made anew");
        assert_eq!(again.run().digest(), timeline.run().digest(), "{name}");
    }
}

#[test]
fn whoever_acts_in_its_past_leaves_it_as_it_was_in_a_branch_of_this_meaning() {
    let mut timeline = opened(&different(), Target::End);
    while !timeline.seek(Target::Time(15_000_000), 1000) {}
    timeline.act(Action::Crash { server: s(2) }).expect("it is up");
    timeline.run_until(16_000_000);
    let stored = timeline.document();
    assert_eq!(stored.branches[0], different().branches[0]);
    assert_eq!(stored.branches[1].recording.semantics, SEMANTICS);
    // A document with both meanings is a document.
    let mut again = opened(&stored, Target::End);
    assert_eq!(again.branch().standing(), Standing::Own);
    assert!(again.switch(BranchId(0)));
    while !again.seek(Target::End, 1000) {}
    differs(again.branch().standing());
}

#[test]
fn a_recording_without_digests_is_not_said_to_run_as_it_did() {
    let mut document = earlier();
    document.branches[0].marks.clear();
    let timeline = opened(&document, Target::End);
    let branch = timeline.branch();
    assert_eq!(branch.standing(), Standing::Unmarked);
    let sentence = explain::standing(branch.standing(), branch.made_by()).expect("that is worth a word");
    assert!(sentence.contains("may run differently here"), "{sentence}");
    assert_eq!(timeline.document().branches, document.branches);
    let plain = Document::from_text(&document.branches[0].recording.to_json()).expect("a recording");
    assert_eq!(plain.branches[0].standing(), Ok(Standing::Unmarked));
    // Where nothing has happened yet, nothing can differ.
    let start = Recording { semantics: 1, ..Recording::new(Setup::new(3, 1), Start::Empty) };
    assert_eq!(Document::of(start.clone()).branches[0].standing(), Ok(Standing::Own));
    assert_eq!(opened(&Document::of(start), Target::End).branch().standing(), Standing::Own);
}

#[test]
fn what_is_told_without_a_timeline_is_what_a_timeline_tells() {
    let standing = |document: &Document| document.branches[0].standing().expect("it makes a run");
    assert_eq!(standing(&earlier()), Standing::Own);
    assert_eq!(standing(&made_here()), Standing::Own);
    assert_eq!(standing(&different()), opened(&different(), Target::End).branch().standing());
    let mut cut_short = different();
    cut_short.branches[0].marks.truncate(1);
    assert_eq!(standing(&cut_short), Standing::Own, "after the last digest nobody can tell");
}

#[test]
fn a_file_of_this_meaning_that_was_changed_says_something_else() {
    let mut document = made_here();
    document.branches[0].marks[1].digest = Digest(7);
    let timeline = opened(&document, Target::End);
    let branch = timeline.branch();
    let sentence = explain::standing(branch.standing(), branch.made_by()).expect("there is something to say");
    assert!(sentence.contains("the file was changed") && !sentence.contains("earlier"), "{sentence}");
}

#[test]
fn what_a_run_records_of_itself_is_of_the_meaning_by_which_it_ran() {
    let BranchData { recording, .. } = different().branches.remove(0);
    assert_eq!(Run::replay(&recording).expect("it makes a run").recording().semantics, SEMANTICS);
    let timeline = opened(&different(), Target::End);
    assert_eq!(timeline.run().recording().semantics, SEMANTICS);
    let mut timeline = Timeline::new(&Setup::new(3, 1), Start::Empty).expect("it makes a run");
    let told = timeline.add(&recording, "Told here", Vec::new()).expect("it makes a run");
    let told = timeline.find_branch(told).expect("it is there");
    assert_eq!((told.recording().semantics, told.standing()), (SEMANTICS, Standing::Own));
    assert_eq!(told.recording().end, Stamp { at_us: 30_000_000, ..recording.end });
}
