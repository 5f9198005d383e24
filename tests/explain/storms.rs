//! Storms in which everything happens and everything has to be prose; and the answers to why and what if
//! where there is more than Figure 2.

use super::stories::{THREE, act, change, later, put, set};
use super::{plain, s, said};
use std::collections::BTreeSet;
use wavetank::explain::{
    Scene, ballot, because, decided_by, decides, sentence, who_believes, why_not_committed, why_vote,
    would_vote,
};
use wavetank::raft::{Body, Change, Guard, Index, Rule, Rules, ServerId, ServerSet, Term, Timer, Value};
use wavetank::sim::{Action, Content, Options, Seed, Setup, What, chaos};
use wavetank::timeline::{Run, Start};

/// What happened, without its particulars: each of these has to be met, and to be a sentence.
fn sort(what: &What) -> String {
    let of = |content: &Content| match content {
        Content::Raft(message) => first_word(&format!("{:?}", message.body)),
        Content::Request { mode, .. } => format!("Request by {mode:?}"),
        Content::Response { .. } => "Response".into(),
    };
    match what {
        What::Acted { action, refused } => {
            format!(
                "{}{}",
                first_word(&format!("{action:?}")),
                if refused.is_some() { " refused" } else { "" }
            )
        }
        What::Fired { timer } => format!("{timer:?}"),
        What::Delivered { content, .. } => of(content),
        What::Dropped { content, .. } => format!("{} dropped", of(content)),
        What::Queued { content, .. } => format!("{} queued", of(content)),
        What::Synced { .. } => "Synced".into(),
        What::Woke { timed_out, .. } => format!("Woke {timed_out}"),
        What::Ticked { .. } => "Ticked".into(),
    }
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

const SORTS: &str = "Election Heartbeat Quorum Stickiness LeaseA LeaseB Transfer RequestVote \
    RequestVoteReply PreVote PreVoteReply AppendEntries AppendEntriesReply InstallSnapshot \
    InstallSnapshotReply TimeoutNow Synced Ticked Response Boot Change Transfer Snapshot Tear SetClock \
    Crash Restart Pause Resume SetOptions Submit";

fn storm(seed: u64, off: Rules) -> Run {
    let until_us = 6_000_000;
    let (setup, actions) = chaos::plan_of_all(Seed(seed), 0, until_us);
    let mut run = Run::new(&Setup { rules_off: off, ..setup }).unwrap();
    for (at_us, action) in actions {
        run.run_until(at_us);
        let _ = run.act(action);
        if let Some(action) = chaos::meddle(run.world()).filter(|_| seed.is_multiple_of(3)) {
            let _ = run.act(action);
        }
    }
    run.run_until(until_us);
    run
}

fn is_prose(run: &Run, sorts: &mut BTreeSet<String>) {
    for event in run.events() {
        let text = said(run, event);
        let partition = text.contains("cut into {") || text.contains("“partition {");
        assert!(partition || plain(&text), "{text}");
        assert!(text.chars().next().is_some_and(char::is_uppercase) && text.ends_with('.'), "{text}");
        assert!(!text.contains("..") && !text.contains("  ") && !text.contains(": ;"), "{text}");
        assert!(!text.contains("Something happened") && !text.contains("A timer runs out"), "{text}");
        assert!(text.chars().count() < 620, "{text}");
        sorts.insert(sort(&event.what));
        if let Some(vote) = why_vote(event) {
            assert!(plain(&vote.sentence), "{}", vote.sentence);
        }
        if let Some(rule) = decided_by(event) {
            assert!(decides(event, rule));
        }
    }
    let world = run.world();
    let last = world.servers().iter().map(|server| server.node.log().last_index().0).max().unwrap_or(0);
    let answers = (0..=last + 1).map(|index| why_not_committed(world, Index(index)));
    let votes = world.ids().flat_map(|voter| world.ids().map(move |candidate| (voter, candidate)));
    let votes = votes.map(|(voter, candidate)| match would_vote(world, voter, candidate) {
        Ok(verdict) => verdict.sentence,
        Err(why) => why,
    });
    let ballots = world.ids().filter_map(|id| match ballot(world, id) {
        Ok(ballot) => ballot.why_not(),
        Err(why) => Some(why),
    });
    for text in answers.chain(votes).chain(ballots).chain(who_believes(world)) {
        assert!(plain(&text) && !text.contains("  "), "{text}");
    }
}

#[test]
fn every_event_of_storms_over_all_of_raft_is_prose() {
    let mut sorts = BTreeSet::new();
    for seed in 0..60 {
        is_prose(&storm(seed, Rules::ALL_ON), &mut sorts);
    }
    for sort in SORTS.split_whitespace() {
        assert!(sorts.contains(sort), "no {sort} in {sorts:?}");
    }
    assert!(sorts.contains("Change refused") && sorts.contains("Request by Lease"), "{sorts:?}");
}

#[test]
fn with_any_rule_off_every_event_is_still_prose() {
    for (seed, &rule) in (1000..).zip(Rule::ALL) {
        is_prose(&storm(seed, Rules::without(&[rule])), &mut BTreeSet::new());
    }
    let most = Rules::without(Rule::ALL);
    is_prose(&storm(7, most), &mut BTreeSet::new());
}

/// The values that the core hands to each of the new rules.
fn values_of(rule: Rule) -> Vec<(Value, Value)> {
    use Rule::*;
    let configuration = |n| Value::from(wavetank::raft::Configuration::of_first(n));
    let one = match rule {
        TermAndVoteTogether => (1_u32.into(), 2_u32.into()),
        Sessions => {
            return vec![
                (5_u32.into(), 5_u32.into()),
                (5_u32.into(), 7_u32.into()),
                (5_u32.into(), 0_u32.into()),
            ];
        }
        LearnersCatchUpFirst | SnapshotCarriesSessions => (0_u32.into(), 3_u32.into()),
        ChecksumEndsLog | TransferWaitsForCatchUp | OneChangeAtATime | SnapshotOnlyIfNewer => {
            (Index(3).into(), Index(2).into())
        }
        FreshIdentity => (Some(s(2)).into(), None::<ServerId>.into()),
        PreVote => return vec![(Term(1).into(), Term(2).into()), (true.into(), false.into())],
        CheckQuorum => (ServerSet::first(1).into(), ServerSet::first(3).into()),
        ConfigurationOnAppend
        | JointPhase
        | LearnersNotCounted
        | LeaderOutsideNotCounted
        | SnapshotCarriesConfiguration => (configuration(3), configuration(4)),
        ChangeAfterOwnTermCommit | ReadAfterOwnTermCommit => (Some(Term(1)).into(), Some(Term(2)).into()),
        ReadConfirmed => (Value::Round(wavetank::raft::Round(3)), Value::Round(wavetank::raft::Round(0))),
        LeaseBoundedByDrift => (Value::RangeUs(136_000, 136_000), Value::RangeUs(150_000, 150_000)),
        _ => (true.into(), false.into()),
    };
    vec![one]
}

#[test]
fn every_rule_says_something_of_its_own_held_or_not_on_or_off() {
    let mut seen = BTreeSet::new();
    for &rule in Rule::ALL {
        for (left, right) in values_of(rule) {
            let text = |on, held| because(&Guard { rule, on, held, left, right });
            let [held, refused, broken] = [text(true, true), text(true, false), text(false, false)];
            assert_eq!(held, text(false, true), "{rule}: a condition that held is the same, on or off");
            assert!(
                held.len() > 20 && refused.len() > held.len().min(30) && broken.len() > 30,
                "{rule}: {held}"
            );
            assert!(broken.contains(", but the rule is off: "), "{broken}");
            assert!(!held.contains('?') && !refused.contains('?'), "a sentence, and no question: {refused}");
            assert!(
                refused != broken && plain(&held) && plain(&refused) && plain(&broken),
                "{refused} {broken}"
            );
            assert!(!refused.ends_with(rule.title()), "{rule} says more than its title");
            assert!(seen.insert(refused.clone()), "{rule} says what another says: {refused}");
            assert!(seen.insert(broken.clone()), "{rule} says what another says: {broken}");
        }
    }
}

#[test]
fn a_joint_majority_a_learner_and_a_leader_outside_are_named_when_an_entry_is_not_committed() {
    let mut run = Run::from_start(&Setup::new(3, 7), Start::State(THREE.into())).unwrap();
    put(&mut run);
    later(&mut run, 200);
    act(&mut run, Action::Boot { server: s(4) });
    act(&mut run, Action::Boot { server: s(5) });
    change(&mut run, Change::Joint { voters: set(&[4, 5]), learners: set(&[2]), manual: false });
    let why = |run: &Run, index| why_not_committed(run.world(), Index(index));
    assert_eq!(
        why(&run, 4),
        "Entry 4 is known to be on nobody only, and two of the two new and two of the three old voters are \
         needed: acknowledgements of S1, S2, S3, S4 and S5 are missing (§5.3, §6)."
    );
    later(&mut run, 1000);
    let mut run = Run::from_start(&Setup::new(3, 7), Start::State(THREE.into())).unwrap();
    put(&mut run);
    later(&mut run, 200);
    change(&mut run, Change::Learner(s(3)));
    later(&mut run, 200);
    act(&mut run, Action::Crash { server: s(2) });
    put(&mut run);
    later(&mut run, 100);
    assert_eq!(
        why(&run, 5),
        "Entry 5 is known to be on S1 and S3 only, and two of two are needed: acknowledgements of S2 (down) are \
         missing (§5.3). Learners are not counted: S3 (D4.2.1)."
    );
    act(&mut run, Action::Restart { server: s(2) });
    later(&mut run, 300);
    act(&mut run, Action::Partition { groups: vec![set(&[1, 3]), set(&[2])] });
    change(&mut run, Change::Remove(s(1)));
    later(&mut run, 30);
    assert!(
        why(&run, 6).ends_with("Nor does S1 count itself, which leads without a vote (§6)."),
        "{}",
        why(&run, 6)
    );
}

#[test]
fn who_can_win_knows_of_those_who_hear_a_leader_and_of_those_who_have_no_vote() {
    let mut setup = Setup::new(3, 7);
    setup.options.pre_vote = true;
    let mut run = Run::from_start(&setup, Start::State(THREE.into())).unwrap();
    put(&mut run);
    later(&mut run, 200);
    let no = ballot(run.world(), s(2)).unwrap();
    assert!(!no.wins && no.led, "{no:?}");
    assert!(no.why_not().unwrap().contains("the voter hears from a leader"), "{no:?}");
    let verdict = would_vote(run.world(), s(3), s(2)).unwrap();
    assert_eq!((verdict.granted, verdict.refused_by), (false, Some(Rule::PreVote)));
    act(&mut run, Action::Boot { server: s(4) });
    change(&mut run, Change::Learner(s(4)));
    later(&mut run, 200);
    assert_eq!(ballot(run.world(), s(4)).unwrap_err(), "S4 has no vote, so it does not stand: add it first");
    let mut leased = run.clone();
    let options = Options { lease: true, ..leased.world().options().clone() };
    act(&mut leased, Action::SetOptions { options });
    let why = ballot(leased.world(), s(2)).unwrap_err();
    assert_eq!(why, "S2 hears from a leader, whose lease may count on its silence, and does not stand");
    act(&mut run, Action::Crash { server: s(1) });
    while [2, 3].iter().any(|&n| run.world().server(s(n)).unwrap().node.hears_leader()) {
        run.step();
    }
    assert!(ballot(run.world(), s(2)).unwrap().wins);
    assert!(would_vote(run.world(), s(3), s(2)).unwrap().granted);
    let learner = would_vote(run.world(), s(4), s(2)).unwrap_err();
    assert_eq!(learner, "S4 is no voter: S2 would not ask it");
}

#[test]
fn a_word_to_vote_is_explained_like_a_vote() {
    let mut setup = Setup::new(3, 7);
    setup.options.pre_vote = true;
    let mut run = Run::from_start(&setup, Start::State("S1:F2 112 / S2:F2 112 / S3:F1 1".into())).unwrap();
    act(&mut run, Action::Fire { server: s(3), timer: Timer::Election });
    later(&mut run, 20);
    let votes: Vec<_> = run.events().iter().filter_map(|event| why_vote(event)).collect();
    assert!(votes.iter().any(|vote| vote.sentence.starts_with("S1 said that it would not vote for S3 because the request is of term 2, and the voter is already in term 2")), "{votes:?}");
    let asked = |event: &&std::sync::Arc<wavetank::sim::Event>| matches!(&event.what, What::Delivered { content: Content::Raft(message), .. } if matches!(message.body, Body::PreVote { .. }));
    let event = run.events().iter().find(asked).unwrap();
    assert_eq!(sentence(event, Scene::of(&run)).sections[0], "D9.6");
}
