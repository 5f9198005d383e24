//! A run that one goes back and forth in is, at every moment, what a straight replay shows.

#[path = "common/seeking.rs"]
mod seeking;

use seeking::{Compared, seek_everywhere};
use wavetank::raft::{Rule, Rules, ServerId};
use wavetank::sim::{Action, Options, Setup, What};
use wavetank::timeline::tape::Class;
use wavetank::timeline::{
    Actor, BRANCHES_MAX, Branch, BranchId, Caption, Differs, Document, Landmark, Standing, Start, Target,
    Timeline,
};

#[test]
fn any_recording_sought_in_any_order_is_what_a_straight_replay_shows() {
    let seeds = std::env::var("WAVETANK_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(400);
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            std::thread::spawn(move || {
                let mut all = Compared::default();
                for seed in (worker..seeds).step_by(2) {
                    // Some are long enough for several checkpoints.
                    let until_us = if seed % 16 == 5 { 40_000_000 } else { 1_000_000 + 500_000 * (seed % 8) };
                    let compared = seek_everywhere(seed, until_us, 12);
                    all.moments += compared.moments;
                    all.branches += compared.branches;
                    all.backwards += compared.backwards;
                }
                all
            })
        })
        .collect();
    let mut all = Compared::default();
    for worker in workers {
        let compared = worker.join().expect("no moment differs");
        all.moments += compared.moments;
        all.branches += compared.branches;
        all.backwards += compared.backwards;
    }
    println!("{seeds} recordings: {all:?}");
    assert!(u64::from(all.moments) == 12 * seeds);
    assert!(u64::from(all.backwards) > seeds && u64::from(all.branches) > seeds / 4);
}

#[test]
fn a_trace_that_is_brought_back_and_ends_within_an_action_is_whole() {
    // In this one such a trace lacked its first event.
    assert_eq!(seek_everywhere(533, 40_000_000, 12).moments, 12);
}

/// Five servers with a client that asks all the time, and whose leader crashed twice.
fn busy() -> Timeline {
    let options = Options { workload_every_us: 50_000, ..Options::raftscope() };
    let mut timeline =
        Timeline::new(&Setup { options, ..Setup::new(5, 3) }, Start::Empty).expect("it makes a run");
    timeline.run_until(2_000_000);
    for _ in 0..2 {
        let leads = |server: &&wavetank::sim::Server| server.up && server.node.is_leader();
        let leader = timeline.run().world().servers().iter().find(leads);
        let server = leader.expect("somebody leads by now").node.id();
        timeline.act(Action::Crash { server }).expect("it is up");
        let until_us = timeline.run().world().now_us() + 1_500_000;
        timeline.run_until(until_us);
        timeline.act(Action::Restart { server }).expect("it is down");
    }
    timeline.run_until(8_000_000);
    timeline
}

/// Something that no run here has done.
fn cut() -> Action {
    let mut servers = ServerId::first(5);
    let (from, to) = (servers.nth(3).expect("S4"), servers.next().expect("S5"));
    Action::Cut { from, to }
}

fn fully(timeline: &mut Timeline, to: Target) {
    assert!(timeline.seek(to, u64::MAX / 2));
}

#[test]
fn one_steps_back_through_the_same_moments_that_one_came_by() {
    let mut timeline = busy();
    fully(&mut timeline, Target::Time(3_400_000));
    let mut there = Vec::new();
    for _ in 0..120 {
        there.push((timeline.run().stamp(), timeline.run().digest()));
        assert!(timeline.go_to(Landmark::Event, true, 1));
    }
    // The first of them was a moment between two events.
    for (stamp, digest) in there.into_iter().skip(1).rev() {
        assert!(timeline.go_to(Landmark::Event, false, 1));
        assert_eq!((timeline.run().stamp(), timeline.run().digest()), (stamp, digest));
    }
    fully(&mut timeline, Target::Start);
    assert!(!timeline.go_to(Landmark::Event, false, 1), "there is nothing before the beginning");
}

#[test]
fn landmarks_are_found_forwards_and_backwards_and_beyond_the_end() {
    let mut timeline = busy();
    let known = timeline.events_known();
    for (landmark, class) in [
        (Landmark::Commit, Class::Commit),
        (Landmark::Leader, Class::Leader),
        (Landmark::Action, Class::Action),
    ] {
        let marks: Vec<u64> = timeline.tape().marks(class).iter().map(|mark| mark.after).collect();
        assert!(marks.len() > 1, "{landmark:?}");
        fully(&mut timeline, Target::Start);
        for mark in &marks {
            assert!(timeline.go_to(landmark, true, 10));
            assert!((0..2).contains(&(timeline.run().world().events() - mark)), "{landmark:?}");
        }
        for mark in marks.iter().rev().skip(1) {
            assert!(timeline.go_to(landmark, false, 10));
            assert!((0..2).contains(&(timeline.run().world().events() - mark)), "{landmark:?}");
        }
        fully(&mut timeline, Target::Events(marks[0]));
        assert!(!timeline.go_to(landmark, false, 10), "{landmark:?}: nothing before the first");
    }
    assert_eq!(timeline.events_known(), known);
    fully(&mut timeline, Target::End);
    let committed = timeline.run().checker().committed();
    assert!(timeline.go_to(Landmark::Commit, true, 1000), "the run goes on until something is committed");
    assert!(timeline.run().checker().committed() > committed && timeline.events_known() > known);
    assert!(!timeline.go_to(Landmark::Violation, true, 1000), "and nothing falls");
}

#[test]
fn messages_are_found_backwards_where_the_trace_no_longer_reaches() {
    let mut timeline = busy();
    fully(&mut timeline, Target::Events(6000));
    fully(&mut timeline, Target::Events(30));
    let straight = {
        let mut again = Timeline::of(timeline.recording()).expect("it makes a run");
        fully(&mut again, Target::Events(31));
        let deliveries = again.run().events().iter().filter(|e| matches!(e.what, What::Delivered { .. }));
        deliveries.map(|event| event.id.0 + 1).filter(|after| *after < 30).collect::<Vec<_>>()
    };
    for after in straight.into_iter().rev() {
        assert!(timeline.go_to(Landmark::Message, false, 10));
        assert_eq!(timeline.run().world().events(), after);
    }
    assert!(!timeline.go_to(Landmark::Message, false, 10));
}

#[test]
fn to_undo_an_action_is_to_go_back_to_right_before_it() {
    let mut timeline = busy();
    let actions = timeline.recording().actions.len();
    for done in (0..actions).rev() {
        let before = timeline.before_last_action().expect("there is one more");
        fully(&mut timeline, Target::Events(before));
        assert_eq!(timeline.run().recording().actions.len(), done);
    }
    assert_eq!(timeline.before_last_action(), None);
    assert_eq!(timeline.recording().actions.len(), actions, "what follows is still there");
}

#[test]
fn a_branch_has_only_its_own_future_and_the_old_one_stays() {
    let mut timeline = busy();
    let old = (timeline.recording().clone(), timeline.run().digest());
    let main = timeline.branch().id();
    fully(&mut timeline, Target::Time(1_000_000));
    let fork = timeline.run().world().events();
    let nothing = timeline.act(Action::Heal);
    assert!(nothing.is_err() && timeline.branches().count() == 1, "what would do nothing is no branch");
    timeline.act(cut()).expect("nothing is cut");
    let branch = timeline.branch();
    assert_eq!(branch.origin(), Some((main, fork)));
    assert_eq!((branch.recording().actions.len(), timeline.branches().count()), (1, 2));
    timeline.run_until(9_000_000);
    assert_eq!(timeline.tape().marks(Class::Action).len(), 1);
    assert!(timeline.switch(main));
    let at = timeline.left_at(main);
    assert_eq!(at, Target::Events(fork), "one comes back to where one left it");
    fully(&mut timeline, Target::End);
    assert_eq!((timeline.recording().clone(), timeline.run().digest()), old);
}

#[test]
fn branches_are_named_deleted_and_brought_back() {
    let mut timeline = busy();
    let main = timeline.branch().id();
    fully(&mut timeline, Target::Time(1_000_000));
    timeline.act(cut()).expect("nothing is cut");
    let first = timeline.branch().id();
    timeline.run_until(2_000_000);
    fully(&mut timeline, Target::Time(1_500_000));
    timeline.act(Action::Heal).expect("something is cut");
    let second = timeline.branch().id();
    assert!(!timeline.delete(second), "the one that is looked at stays");
    timeline.rename(first, "A <b>name</b>");
    assert!(timeline.delete(first));
    assert_eq!(timeline.branches().map(Branch::id).collect::<Vec<_>>(), [main, second]);
    assert_eq!(
        timeline.parent(timeline.branch()),
        Some(main),
        "what came from it stands under what it came from"
    );
    assert!(!timeline.switch(first));
    let written = timeline.document();
    assert_eq!(written.branches.len(), 2);
    assert_eq!(written.branches[1].parent, Some(0));
    assert_eq!(timeline.undo(), Some(first));
    assert_eq!(timeline.find_branch(first).map(Branch::name), Some("A <b>name</b>"));
    assert_eq!(timeline.parent(timeline.branch()), Some(first));
    assert_eq!(timeline.undo(), Some(first));
    assert_eq!(
        timeline.find_branch(first).map(|branch| (branch.name().to_owned(), branch.is_named())),
        Some(("Branch 1".into(), false))
    );
    assert_eq!(timeline.undo(), None);
}

#[test]
fn where_there_are_too_many_the_oldest_branch_that_nobody_named_makes_room() {
    let mut timeline = busy();
    let named = timeline.branch().id();
    timeline.rename(named, "Mine");
    let mut ids = Vec::new();
    for n in 0..BRANCHES_MAX as u64 + 5 {
        // Each a little earlier, before the one before was cut.
        fully(&mut timeline, Target::Time(500_000 - 1000 * n));
        timeline.act(cut()).expect("nothing is cut");
        timeline.run_until(600_000);
        ids.push(timeline.branch().id());
    }
    assert_eq!(timeline.branches().count(), BRANCHES_MAX);
    assert!(timeline.find_branch(named).is_some());
    assert!(timeline.find_branch(ids[0]).is_none() && timeline.find_branch(ids[ids.len() - 1]).is_some());
    assert!(timeline.document().check().is_ok());
}

#[test]
fn a_document_opens_as_what_it_was_written_from() {
    let mut timeline = busy();
    timeline.set_name("A run");
    fully(&mut timeline, Target::Time(1_000_000));
    timeline.act(cut()).expect("nothing is cut");
    timeline.run_until(4_000_000);
    fully(&mut timeline, Target::Time(3_000_000));
    let document = timeline.document();
    let text = document.to_json();
    let read = Document::from_text(&text).expect("what was written can be read");
    assert_eq!(read, document);
    let mut again = Timeline::open(&read).expect("and opened");
    assert_eq!(again.document().branches[1].marks, document.branches[1].marks, "also before it is replayed");
    let events = read.open.events.expect("it was not at its end");
    fully(&mut again, Target::Events(events));
    assert_eq!(again.run().digest(), timeline.run().digest());
    for id in [again.branch().id(), BranchId(0)] {
        again.switch(id);
        fully(&mut again, Target::End);
        assert_eq!(again.branch().standing(), Standing::Own);
    }
    let twice = again.document();
    assert_eq!(twice.branches, document.branches);
    assert_eq!(twice.name, "A run");
}

/// Up to how many events the branch is the same as where it was made, and by how many it is not.
fn places(timeline: &Timeline) -> Option<(u64, u64)> {
    match timeline.branch().standing() {
        Standing::Differs(Differs { same_until, by }) => Some((same_until.events, by.events)),
        _ => None,
    }
}

#[test]
fn a_run_that_replays_differently_says_from_where_on() {
    let mut long = busy();
    long.run_until(60_000_000);
    let mut document = long.document();
    let marks = &mut document.branches[0].marks;
    assert!(marks.len() > 4, "{marks:?}");
    let (before, at) = (marks[1].events, marks[2].events);
    marks[2].digest = wavetank::sim::Digest::default();
    let mut timeline = Timeline::open(&document).expect("it opens all the same");
    fully(&mut timeline, Target::Events(before));
    assert_eq!(timeline.branch().standing(), Standing::Own);
    fully(&mut timeline, Target::End);
    assert_eq!(places(&timeline), Some((before, at)));
    // A place that the run never comes by is another run as well.
    let mut document = long.document();
    let end = document.branches[0].marks.last_mut().expect("there is an end");
    end.events += 1;
    let by = end.events;
    document.branches[0].recording.end.at_us += 5_000_000;
    let mut timeline = Timeline::open(&document).expect("it opens");
    fully(&mut timeline, Target::End);
    assert_eq!(places(&timeline).map(|(_, by)| by), Some(by));
}

#[test]
fn a_recording_that_is_told_is_a_branch_once() {
    let mut timeline = busy();
    let recording = timeline.recording().clone();
    let caption = || vec![Caption { until: 10, text: "Ten events".into() }];
    let same = timeline.add(&recording, "The same", caption()).expect("it makes a run");
    assert_eq!(same, timeline.branch().id());
    assert_eq!(timeline.branch().captions().len(), 1);
    let repaired = recording.with_rules_on(Rules::without(&[Rule::LogUpToDate]));
    let mut other = repaired.clone();
    other.end.at_us += 1;
    let added = timeline.add(&other, "Another", caption()).expect("it makes a run");
    assert_eq!(timeline.branches().count(), 2);
    assert_eq!(timeline.find_branch(added).and_then(Branch::origin), None);
    assert_eq!(timeline.branch().id(), same, "it is looked at when somebody wants to");
}
