//! Changes of the configuration (§6, D4): one server at a time and through a joint configuration, new
//! servers that catch up, leaders that remove themselves, and servers that were removed.

mod common;

use common::bench::*;
use common::*;
use wavetank::kv::Output;
use wavetank::raft::{
    Backtracking, Change, Configuration, Index, Options, RoleName, ServerSet, Timer, TimerRange,
};
use wavetank::sim::{Action, Link, Outcome, Refusal, Setup};
use wavetank::timeline::Run;

fn noop() -> Options {
    Options { noop: true, ..options() }
}

fn of(voters: &str) -> Configuration {
    Configuration::of(set(voters))
}

fn joint(voters: &str, outgoing: &str, auto_leave: bool) -> Configuration {
    Configuration { outgoing: set(outgoing), auto_leave, ..of(voters) }
}

fn with_learners(voters: &str, learners: &str) -> Configuration {
    Configuration { learners: set(learners), ..of(voters) }
}

fn to_joint(voters: &str, manual: bool) -> Change {
    Change::Joint { voters: set(voters), learners: ServerSet::EMPTY, manual }
}

/// S1, the leader of term 2 of these servers. Its no-op, entry 1, is committed.
fn settled_with(options: Options, configuration: Configuration) -> Bench {
    let mut bench = Bench::of(options, configuration, 1, "").elected();
    for peer in configuration.all_voters().iter().filter(|peer| *peer != s(1)) {
        bench.receive(peer.number(), 2, success(2, 0, 1));
    }
    assert_eq!(bench.state(), "L2 v1 2 c1");
    bench
}

fn settled(voters: &str) -> Bench {
    settled_with(noop(), of(voters))
}

/// That follower has everything up to there. What comes of it, all writes done.
fn stored(bench: &mut Bench, from: u8, upto: u64) -> Vec<String> {
    let mut told = bench.sync_all();
    told.extend(bench.receive(from, 2, success(2, 0, upto)));
    told.extend(bench.sync_all());
    told
}

/// Whom these messages go to.
fn receivers(told: &[String]) -> String {
    sent(told).iter().filter_map(|message| message.chars().nth(4)).collect()
}

// In force when appended.

#[test]
fn a_leader_goes_by_a_new_configuration_as_soon_as_it_has_appended_it() {
    let mut bench = settled("123");
    let told = bench.change(Change::Add(s(4)));
    assert!(has(&told, "accepted 2 t2"), "{told:?}");
    assert_eq!((receivers(&told).as_str(), *bench.node.configuration()), ("234", of("1234")));
    assert_eq!(bench.node.commit(), Index(1), "it is not committed");
    bench.sync_all();
    assert_eq!(receivers(&bench.propose()), "234");
}

#[test]
fn a_follower_goes_by_it_as_soon_as_it_has_appended_it() {
    let mut bench = Bench::new(3, 2, 0, "2");
    bench.receive(2, 2, append_configuration((1, 2), 2, of("12345")));
    assert_eq!((*bench.node.configuration(), bench.node.commit()), (of("12345"), Index(0)));
    let told = bench.fire(Timer::Election);
    assert_eq!(receivers(&told), "2345", "it asks all of them for their votes");
    bench.sync_all();
    bench.receive(2, 3, vote(3, true));
    assert_eq!(bench.node.role().name(), RoleName::Candidate, "and takes three votes, not two");
    bench.receive(5, 3, vote(3, true));
    assert!(bench.node.is_leader());
}

#[test]
fn a_configuration_that_is_cut_off_gives_way_to_the_one_before() {
    let mut bench = Bench::new(3, 2, 0, "2");
    bench.receive(2, 2, append_configuration((1, 2), 2, of("1234")));
    bench.receive(2, 2, append_configuration((2, 2), 2, of("12345")));
    assert_eq!(*bench.node.configuration(), of("12345"));
    // The leader of term 3 has something else at 3, the one of term 4 at 2.
    bench.receive(3, 3, append((2, 2), "3", 0));
    assert_eq!(*bench.node.configuration(), of("1234"));
    bench.receive(2, 4, append((1, 2), "4", 0));
    assert_eq!(*bench.node.configuration(), of("123"), "the one it began with");
    bench.sync_all();
    bench.crash();
    assert_eq!(*bench.node.configuration(), of("123"));
}

#[test]
fn without_one_in_the_log_the_configuration_is_the_snapshots() {
    let mut bench = Bench::new(3, 2, 0, "22");
    bench.receive(2, 2, piece((5, 2), of("1245"), 0..4, true));
    bench.receive(2, 2, append_configuration((5, 2), 2, of("12456")));
    assert_eq!(*bench.node.configuration(), of("12456"));
    bench.receive(4, 3, append((5, 2), "3", 0));
    assert_eq!(*bench.node.configuration(), of("1245"));
    bench.sync_all();
    bench.crash();
    assert_eq!(*bench.node.configuration(), of("1245"), "and so it is after a restart");
}

#[test]
fn a_restarted_server_goes_by_the_last_configuration_in_its_log() {
    let mut bench = Bench::new(3, 2, 0, "2");
    bench.receive(2, 2, append_configuration((1, 2), 2, of("1234")));
    let unsynced = bench.clone();
    bench.sync_all();
    for (mut bench, expected) in [(bench, of("1234")), (unsynced, of("123"))] {
        bench.crash();
        assert_eq!(*bench.node.configuration(), expected);
    }
}

// When a change may begin.

#[test]
fn one_change_at_a_time() {
    let mut bench = settled("123");
    bench.change(Change::Add(s(4)));
    for change in [Change::Add(s(5)), Change::Remove(s(4)), Change::Learner(s(2)), to_joint("45", false)] {
        let told = bench.change(change);
        assert_eq!(told, ["refused: the change of the configuration at index 2 is not committed yet"]);
    }
    stored(&mut bench, 2, 2);
    stored(&mut bench, 4, 2);
    assert_eq!(bench.node.commit(), Index(2));
    assert!(has(&bench.change(Change::Add(s(5))), "accepted 3 t2"));
    assert_eq!(*bench.node.configuration(), of("12345"));
}

#[test]
fn no_change_begins_before_the_leader_has_committed_an_entry_of_its_own_term() {
    let mut bench = Bench::of(noop(), of("123"), 1, "1").elected();
    let too_early = "refused: it has not committed an entry of its own term yet \
                     (the no-op option gives it one at once)";
    assert_eq!(bench.change(Change::Remove(s(3))), [too_early]);
    bench.receive(2, 2, success(2, 0, 1));
    assert_eq!(bench.change(Change::Remove(s(3))), [too_early], "entry 1 is of the term before");
    bench.receive(2, 2, success(2, 0, 2));
    assert!(has(&bench.change(Change::Remove(s(3))), "accepted 3 t2"));
}

#[test]
fn a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    let mut bench = settled("123");
    for (change, why) in [
        (Change::Add(s(2)), "the configuration already looks like that"),
        (Change::Remove(s(7)), "the configuration already looks like that"),
        (Change::Leave, "the cluster is in no joint configuration"),
        (to_joint("", false), "no voter would be left"),
        (to_joint("123", true), "the configuration already looks like that"),
        (
            Change::Joint { voters: set("12"), learners: set("23"), manual: false },
            "a server can't be a voter and a learner at once",
        ),
    ] {
        assert_eq!(bench.change(change), [format!("refused: {why}")], "{change}");
    }
    assert_eq!(bench.state(), "L2 v1 2 c1");
    assert_eq!(settled("1").change(Change::Remove(s(1))), ["refused: no voter would be left"]);
}

#[test]
fn only_a_leader_that_means_to_stay_takes_changes() {
    let mut bench = Bench::new(3, 2, 0, "2");
    assert_eq!(bench.change(Change::Add(s(4))), ["refused: it does not lead"]);
    let mut bench = settled("123");
    bench.transfer(2);
    assert_eq!(bench.change(Change::Add(s(4))), ["refused: it is handing its leadership over to S2"]);
}

// Who is counted.

#[test]
fn a_server_that_is_added_is_needed_for_the_majority_at_once() {
    let mut bench = settled("123");
    bench.change(Change::Add(s(4)));
    stored(&mut bench, 2, 2);
    assert_eq!(bench.node.commit(), Index(1), "two of four");
    stored(&mut bench, 4, 2);
    assert_eq!(bench.node.commit(), Index(2), "three of four");
}

#[test]
fn a_removal_commits_at_once_what_the_rest_has_stored() {
    let mut bench = settled("1234");
    bench.propose();
    stored(&mut bench, 2, 2);
    assert_eq!(bench.node.commit(), Index(1), "two of four");
    let told = bench.change(Change::Remove(s(4)));
    assert!(has(&told, "apply to 2"), "two of three: {told:?}");
    assert_eq!(receivers(&told), "23");
}

#[test]
fn of_a_server_that_comes_again_nothing_is_known() {
    let mut bench = settled("123");
    bench.change(Change::Remove(s(3)));
    stored(&mut bench, 2, 2);
    bench.change(Change::Add(s(3)));
    assert_eq!(bench.progress(3), (4, 0));
}

#[test]
fn a_leader_that_removes_itself_leads_without_counting_itself_until_that_is_committed() {
    let mut bench = settled("123");
    bench.change(Change::Remove(s(1)));
    bench.sync_all();
    assert!(bench.node.is_leader());
    assert_eq!(receivers(&bench.fire(Timer::Heartbeat)), "23", "it holds the others together");
    assert!(has(&bench.propose(), "accepted 3 t2"), "and takes commands");
    stored(&mut bench, 2, 3);
    assert_eq!(bench.node.commit(), Index(1), "its own copy and one of two are no majority of two");
    assert!(bench.node.is_leader());
    let told = stored(&mut bench, 3, 2);
    assert!(has(&told, "apply to 2") && has(&told, "no heartbeat timer"), "{told:?}");
    assert_eq!(bench.state(), "F2 v1 222 c2");
    bench.fire(Timer::Election);
    assert_eq!(bench.state(), "F2 v1 222 c2", "it does not stand any more");
}

#[test]
fn a_leader_that_becomes_a_learner_steps_down_when_that_is_committed() {
    let mut bench = settled("123");
    bench.change(Change::Learner(s(1)));
    stored(&mut bench, 2, 2);
    assert!(bench.node.is_leader());
    stored(&mut bench, 3, 2);
    assert_eq!(bench.state(), "F2 v1 22 c2");
    assert_eq!(*bench.node.configuration(), with_learners("23", "1"));
}

#[test]
fn who_is_being_removed_stands_until_it_knows_that_this_is_committed_and_does_not_count_itself() {
    let mut bench = Bench::new(3, 2, 0, "2");
    bench.receive(2, 2, append_configuration((1, 2), 2, of("23")));
    bench.sync_all();
    let mut committed = bench.clone();
    assert_eq!(receivers(&bench.fire(Timer::Election)), "23");
    bench.sync_all();
    bench.receive(2, 3, vote(3, true));
    assert_eq!(bench.node.role().name(), RoleName::Candidate, "one of two");
    bench.receive(3, 3, vote(3, true));
    assert!(bench.node.is_leader(), "two of two: the others may have needed it");
    committed.receive(2, 2, append((2, 2), "", 2));
    assert_eq!(committed.fire(Timer::Election), [""; 0]);
}

#[test]
fn requests_are_answered_without_a_look_at_ones_own_configuration() {
    for configuration in [of("23"), with_learners("23", "1"), Configuration::NOBODY] {
        let mut bench = Bench::of(options(), configuration, 2, "2");
        let told = bench.receive(2, 3, vote_request(2, 1));
        assert!(sent(&told)[0].starts_with("to S2 t3: yes 3"), "{configuration}: {told:?}");
        let told = bench.receive(9, 4, append((1, 2), "4", 0));
        assert!(sent(&told)[0].starts_with("to S9 t4: stored 1+1"), "{configuration}: {told:?}");
        assert_eq!(bench.log(), "24");
    }
}

#[test]
fn learners_get_the_log_and_are_counted_for_nothing() {
    let mut bench = Bench::of(noop(), with_learners("123", "45"), 1, "");
    let mut stands = bench.clone();
    assert_eq!(receivers(&stands.fire(Timer::Election)), "23", "nobody asks them for a vote");
    assert!(stands.node.rpc_for(s(3)).is_some() && stands.node.rpc_for(s(4)).is_none(), "not by hand either");
    bench = bench.elected();
    assert_eq!(receivers(&bench.propose()), "2345");
    stored(&mut bench, 4, 2);
    stored(&mut bench, 5, 2);
    assert_eq!(bench.node.commit(), Index(0));
    stored(&mut bench, 3, 2);
    assert_eq!(bench.node.commit(), Index(2));
}

#[test]
fn learners_and_servers_that_know_of_no_cluster_do_not_stand() {
    for configuration in [with_learners("23", "1"), of("23"), Configuration::NOBODY] {
        for pre_vote in [false, true] {
            let mut bench = Bench::of(Options { pre_vote, ..options() }, configuration, 2, "2");
            assert_eq!(bench.fire(Timer::Election), [""; 0], "{configuration}");
            assert_eq!(bench.receive(2, 2, wavetank::raft::Body::TimeoutNow), [""; 0], "{configuration}");
        }
    }
}

// Joint consensus.

#[test]
fn a_joint_configuration_takes_both_majorities_and_is_left_when_it_is_committed() {
    let mut bench = settled("123");
    let told = bench.change(to_joint("145", false));
    assert_eq!((receivers(&told).as_str(), *bench.node.configuration()), ("2345", joint("145", "123", true)));
    stored(&mut bench, 2, 2);
    stored(&mut bench, 3, 2);
    assert_eq!(bench.node.commit(), Index(1), "all of the old, one of the new");
    let told = stored(&mut bench, 4, 2);
    assert!(has(&told, "apply to 2") && has(&told, "accepted 3 t2"), "{told:?}");
    assert_eq!(*bench.node.configuration(), of("145"), "C_new is in force at once");
    stored(&mut bench, 2, 3);
    stored(&mut bench, 3, 3);
    assert_eq!(bench.node.commit(), Index(2), "the old ones count for nothing any more");
    stored(&mut bench, 5, 3);
    assert_eq!((bench.node.commit(), bench.node.is_leader()), (Index(3), true));
    assert_eq!(receivers(&bench.fire(Timer::Heartbeat)), "45");
}

#[test]
fn the_new_ones_alone_commit_no_joint_configuration() {
    let mut bench = settled("123");
    bench.change(to_joint("145", false));
    stored(&mut bench, 4, 2);
    stored(&mut bench, 5, 2);
    assert_eq!(bench.node.commit(), Index(1), "all of the new, one of the old");
}

#[test]
fn a_joint_configuration_that_is_left_by_hand_stays_until_then() {
    let mut bench = settled("123");
    bench.change(to_joint("145", true));
    assert_eq!(
        bench.change(Change::Leave),
        ["refused: the change of the configuration at index 2 is not committed yet"]
    );
    stored(&mut bench, 2, 2);
    stored(&mut bench, 4, 2);
    assert_eq!((bench.node.commit(), *bench.node.configuration()), (Index(2), joint("145", "123", false)));
    for change in [Change::Add(s(6)), Change::Remove(s(2)), to_joint("12", false)] {
        let told = bench.change(change);
        assert_eq!(told, ["refused: the cluster is in a joint configuration: leave it first"]);
    }
    // It does its work like any other.
    bench.propose();
    stored(&mut bench, 2, 3);
    stored(&mut bench, 5, 3);
    assert_eq!(bench.node.commit(), Index(3));
    assert!(has(&bench.change(Change::Leave), "accepted 4 t2"));
    assert_eq!(*bench.node.configuration(), of("145"));
}

#[test]
fn an_election_in_a_joint_configuration_takes_both_majorities() {
    let votes = |voters: &[u8]| {
        let mut bench = Bench::of(options(), joint("145", "123", true), 2, "");
        assert_eq!(receivers(&bench.fire(Timer::Election)), "2345");
        bench.sync_all();
        for &voter in voters {
            bench.receive(voter, 3, vote(3, true));
        }
        bench.node.is_leader()
    };
    assert!(!votes(&[2, 3]) && !votes(&[4, 5]) && !votes(&[2]));
    assert!(votes(&[2, 4]) && votes(&[3, 5]) && votes(&[4, 2]));
}

#[test]
fn a_later_leader_leaves_the_joint_configuration_that_it_finds() {
    for (auto, expected) in [(true, of("145")), (false, joint("145", "123", false))] {
        let mut follower = Bench::of(noop(), of("123"), 1, "1");
        follower.receive(2, 1, append_configuration((1, 1), 1, joint("145", "123", auto)));
        follower.sync_all();
        let mut bench = follower.elected();
        assert!(bench.node.configuration().is_joint(), "it does not know that it is committed");
        stored(&mut bench, 2, 3);
        stored(&mut bench, 4, 3);
        assert_eq!((bench.node.commit(), *bench.node.configuration()), (Index(3), expected));
    }
}

#[test]
fn a_leader_that_knows_it_to_be_committed_leaves_the_joint_configuration_as_soon_as_it_is_elected() {
    let mut follower = Bench::of(noop(), of("123"), 1, "1");
    follower.receive(2, 1, append_configuration((1, 1), 1, joint("145", "123", true)));
    follower.receive(2, 1, append((2, 1), "", 2));
    follower.sync_all();
    let bench = follower.elected();
    assert_eq!(*bench.node.configuration(), of("145"));
    assert_eq!(bench.log(), "1122", "the joint one, the no-op, and C_new");
}

#[test]
fn a_leader_outside_of_c_new_leads_until_that_is_committed() {
    let mut bench = settled("123");
    bench.change(to_joint("456", false));
    for peer in [2, 4, 5] {
        stored(&mut bench, peer, 2);
    }
    assert_eq!((bench.node.commit(), *bench.node.configuration()), (Index(2), of("456")));
    assert!(bench.node.is_leader());
    assert_eq!(receivers(&bench.fire(Timer::Heartbeat)), "456");
    stored(&mut bench, 4, 3);
    assert_eq!((bench.node.commit(), bench.node.is_leader()), (Index(2), true), "one of three");
    stored(&mut bench, 5, 3);
    assert_eq!(bench.state(), "F2 v1 222 c3");
}

#[test]
fn a_voter_that_becomes_a_learner_counts_among_the_old_ones_until_the_change_is_over() {
    let mut bench = settled("123");
    let demotion = Change::Joint { voters: set("12"), learners: set("3"), manual: true };
    bench.change(demotion);
    bench.sync_all();
    stored(&mut bench, 3, 2);
    assert_eq!(bench.node.commit(), Index(1), "of the new ones only S1");
    stored(&mut bench, 2, 2);
    assert_eq!(bench.node.commit(), Index(2));
    bench.change(Change::Leave);
    assert_eq!(*bench.node.configuration(), with_learners("12", "3"));
    stored(&mut bench, 3, 3);
    assert_eq!(bench.node.commit(), Index(2), "a learner counts for nothing");
    assert_eq!(receivers(&bench.fire(Timer::Heartbeat)), "23", "and gets the log");
}

// Catching up.

fn catching_up(rounds: u32) -> Bench {
    let mut bench = settled_with(Options { catch_up_rounds: rounds, ..noop() }, of("123"));
    let told = bench.change(Change::Add(s(4)));
    assert!(has(&told, "catch-up timer") && has(&told, "accepted 2 t2"), "{told:?}");
    assert_eq!(*bench.node.configuration(), with_learners("123", "4"));
    stored(&mut bench, 2, 2);
    assert_eq!(bench.node.commit(), Index(2));
    bench
}

#[test]
fn a_new_server_that_catches_up_in_time_becomes_a_voter() {
    let mut bench = catching_up(10);
    assert_eq!(bench.change(Change::Add(s(5))), ["refused: S4 is catching up before it becomes a voter"]);
    let told = bench.receive(4, 2, success(2, 0, 2));
    assert!(has(&told, "accepted 3 t2") && has(&told, "no catch-up timer"), "{told:?}");
    assert_eq!(*bench.node.configuration(), of("1234"));
}

#[test]
fn it_becomes_one_only_when_it_is_committed_that_it_is_a_learner() {
    let mut bench = settled_with(Options { catch_up_rounds: 10, ..noop() }, of("123"));
    bench.change(Change::Add(s(4)));
    bench.sync_all();
    bench.receive(4, 2, success(2, 0, 2));
    assert_eq!(*bench.node.configuration(), with_learners("123", "4"));
    stored(&mut bench, 3, 2);
    assert_eq!(*bench.node.configuration(), of("1234"));
}

#[test]
fn a_round_that_takes_longer_than_an_election_timeout_is_followed_by_another() {
    let mut bench = catching_up(2);
    bench.propose();
    bench.sync_all();
    bench.fire(Timer::CatchUp);
    bench.propose();
    bench.sync_all();
    let told = bench.receive(4, 2, success(2, 0, 2));
    assert!(has(&told, "catch-up timer"), "the second round goes up to what there is now: {told:?}");
    assert_eq!(*bench.node.configuration(), with_learners("123", "4"));
    bench.receive(4, 2, success(2, 2, 1));
    assert_eq!(*bench.node.configuration(), with_learners("123", "4"), "3 of 4");
    bench.receive(4, 2, success(2, 3, 1));
    assert_eq!(*bench.node.configuration(), of("1234"), "the second round was short enough");
}

#[test]
fn a_server_that_is_too_slow_in_every_round_stays_a_learner_and_blocks_nothing() {
    for rounds in 1..=3 {
        let mut bench = catching_up(rounds);
        for _ in 0..rounds {
            bench.fire(Timer::CatchUp);
        }
        bench.receive(4, 2, success(2, 0, 2));
        assert_eq!(*bench.node.configuration(), with_learners("123", "4"), "{rounds} rounds");
        assert!(has(&bench.change(Change::Remove(s(3))), "accepted 3 t2"), "{rounds} rounds");
    }
}

#[test]
fn a_learner_that_has_all_is_promoted_at_once_when_it_is_to_vote() {
    let mut bench = settled_with(Options { catch_up_rounds: 10, ..noop() }, with_learners("123", "4"));
    bench.receive(4, 2, success(2, 0, 1));
    assert!(has(&bench.change(Change::Add(s(4))), "accepted 2 t2"));
    assert_eq!(*bench.node.configuration(), of("1234"));
}

#[test]
fn a_new_leader_leaves_the_newcomer_a_learner() {
    let mut bench = catching_up(10);
    let told = bench.receive(2, 3, append((2, 2), "", 2));
    assert!(has(&told, "no catch-up timer"), "{told:?}");
    bench.receive(4, 2, success(2, 0, 2));
    assert_eq!(*bench.node.configuration(), with_learners("123", "4"));
}

// In a world.

fn setup(servers: u8) -> Setup {
    let mut setup = Setup::new(servers, 5);
    setup.options.noop = true;
    setup
}

/// An administrator asks until the change is accepted.
#[track_caller]
fn change(run: &mut Run, change: Change) {
    for _ in 0..100 {
        match run.act(Action::Change { change, at: None }) {
            Ok(_) => return,
            Err(Refusal::Declined { .. } | Refusal::NoLeader) => wait(run, 50),
            Err(why) => panic!("{change}: {why}\n{}", story(run)),
        }
    }
    panic!("{change} was refused for five seconds\n{}", story(run));
}

/// New, empty servers start.
fn boot(run: &mut Run, numbers: std::ops::RangeInclusive<u8>) {
    for n in numbers {
        act(run, Action::Boot { server: s(n) });
    }
}

/// All servers of the configuration go by it, and it is committed.
fn agreed(run: &Run, expected: Configuration) -> bool {
    let all = expected.members().iter().all(|id| {
        let node = &server(run, id.number()).node;
        *node.configuration() == expected && node.log().configuration_index() <= node.commit()
    });
    all && leader(run).is_some_and(|id| expected.voters.contains(id))
}

#[track_caller]
fn done(run: &mut Run, value: &str) {
    assert_eq!(ask(run, put("x", value)), Outcome::Done(Output::Done), "{}", story(run));
}

#[test]
fn a_cluster_of_one_grows_to_nine_with_empty_servers_and_shrinks_to_one_again() {
    for rounds in [0, 10] {
        let mut setup = setup(1);
        setup.options.catch_up_rounds = rounds;
        let mut run = Run::new(&setup).unwrap();
        any_leader(&mut run);
        done(&mut run, "1");
        for n in 2..=9 {
            act(&mut run, Action::Boot { server: s(n) });
            change(&mut run, Change::Add(s(n)));
            let expected = Configuration::of_first(n);
            until(&mut run, 5000, "it is a voter", |run| agreed(run, expected));
            done(&mut run, &n.to_string());
        }
        until(&mut run, 1000, "all know", |run| (1..=9).all(|n| server(run, n).store.get("x") == Some("9")));
        // The leader goes first, each time.
        let mut left = ServerSet::first(9);
        while left.len() > 1 {
            until(&mut run, 5000, "one of them leads", |run| leader(run).is_some_and(|id| left.contains(id)));
            let gone = leader(&run).unwrap();
            change(&mut run, Change::Remove(gone));
            left.remove(gone);
            let expected = Configuration::of(left);
            until(&mut run, 8000, "the others agree", |run| agreed(run, expected));
            act(&mut run, Action::Crash { server: gone });
            done(&mut run, &left.len().to_string());
        }
        assert_eq!(broken(&run), []);
    }
}

#[test]
fn all_servers_are_exchanged_for_empty_ones_in_one_joint_change() {
    for manual in [false, true] {
        let mut run = Run::new(&setup(3)).unwrap();
        any_leader(&mut run);
        done(&mut run, "1");
        boot(&mut run, 4..=6);
        change(&mut run, to_joint("456", manual));
        if manual {
            wait(&mut run, 1000);
            let id = leader(&run).unwrap().number();
            assert_eq!(*server(&run, id).node.configuration(), joint("456", "123", false));
            done(&mut run, "2");
            change(&mut run, Change::Leave);
        }
        until(&mut run, 5000, "the new ones agree", |run| agreed(run, of("456")));
        (1..=3).for_each(|n| crash(&mut run, n));
        done(&mut run, "3");
        assert_eq!(server(&run, leader(&run).unwrap().number()).store.get("x"), Some("3"));
        assert_eq!(broken(&run), []);
    }
}

#[test]
fn whoever_leads_next_finishes_a_joint_change_of_a_leader_that_crashed() {
    let mut run = Run::new(&setup(3)).unwrap();
    elect(&mut run, 1);
    done(&mut run, "1");
    boot(&mut run, 4..=5);
    change(&mut run, to_joint("2345", false));
    let has_joint = |run: &Run| [2, 3, 4, 5].iter().all(|&n| server(run, n).node.configuration().is_joint());
    until(&mut run, 1000, "all have the joint configuration", has_joint);
    crash(&mut run, 1);
    until(&mut run, 5000, "the change is finished", |run| agreed(run, of("2345")));
    done(&mut run, "2");
    assert_eq!(broken(&run), []);
}

#[test]
fn a_change_that_a_deposed_leader_began_is_undone() {
    let mut run = Run::new(&setup(5)).unwrap();
    elect(&mut run, 1);
    done(&mut run, "1");
    act(&mut run, Action::Boot { server: s(6) });
    act(&mut run, groups("126 345"));
    change(&mut run, Change::Remove(s(5)));
    wait(&mut run, 100);
    assert_eq!(*server(&run, 2).node.configuration(), of("1234"), "in force, and not committed");
    until(&mut run, 3000, "the others elect", |run| leader(run).is_some_and(|id| id.number() > 2));
    act(&mut run, Action::Heal);
    until(&mut run, 3000, "it is undone", |run| agreed(run, of("12345")));
    done(&mut run, "2");
    assert_eq!(broken(&run), []);
}

#[test]
fn a_slow_newcomer_stays_a_learner_and_a_fast_one_becomes_a_voter() {
    for (one_way_ms, voter) in [(10, true), (60, true), (120, false), (400, false)] {
        let mut setup = setup(3);
        setup.options.catch_up_rounds = 4;
        setup.options.workload_every_us = 20_000;
        setup.options.window = 64;
        setup.options.backtracking = Backtracking::ConflictHints;
        let mut run = Run::new(&setup).unwrap();
        any_leader(&mut run);
        wait(&mut run, 1000);
        act(&mut run, Action::Boot { server: s(4) });
        let us = one_way_ms * 1000;
        let link = Link { latency: TimerRange { min_us: us, max_us: us }, ..Link::default() };
        for n in 1..=3 {
            act(&mut run, Action::SetLink { from: Some(s(n)), to: Some(s(4)), link });
            act(&mut run, Action::SetLink { from: Some(s(4)), to: Some(s(n)), link });
        }
        change(&mut run, Change::Add(s(4)));
        wait(&mut run, 4000);
        let id = leader(&run).unwrap().number();
        let expected = if voter { of("1234") } else { with_learners("123", "4") };
        assert_eq!(*server(&run, id).node.configuration(), expected, "{one_way_ms} ms each way");
        assert!(commit(&run, id) - commit(&run, 4) < 120, "it gets the log all the same");
        assert_eq!(broken(&run), []);
    }
}

#[test]
fn a_server_that_was_removed_disturbs_the_others_unless_they_know_better() {
    // PreVote | stickiness | does the term grow?
    for (pre_vote, stickiness, disturbed) in
        [(false, false, true), (true, false, false), (false, true, false), (true, true, false)]
    {
        let mut setup = setup(4);
        setup.options.pre_vote = pre_vote;
        setup.options.stickiness = stickiness;
        let mut run = Run::new(&setup).unwrap();
        any_leader(&mut run);
        done(&mut run, "1");
        let first = leader(&run).unwrap();
        let gone = if first == s(4) { 3 } else { 4 };
        // It misses that it is removed.
        let others = ServerSet::first(4).minus([s(gone)].into_iter().collect());
        act(&mut run, Action::Partition { groups: vec![others] });
        change(&mut run, Change::Remove(s(gone)));
        until(&mut run, 1000, "it is removed", |run| agreed(run, Configuration::of(others)));
        let before = term(&run, first.number());
        act(&mut run, Action::Heal);
        wait(&mut run, 3000);
        assert_eq!(
            term(&run, first.number()) > before,
            disturbed,
            "PreVote {pre_vote}, stickiness {stickiness}"
        );
        if !disturbed {
            assert_eq!(leader(&run), Some(first));
        }
        assert_eq!(broken(&run), []);
    }
}
