//! What went wrong in other implementations, and does not here: changes of the configuration. Each test
//! names the thread that told of it.

mod common;
#[path = "common/node.rs"]
mod node;

use common::bench::*;
use common::{s, set};
use node::*;
use wavetank::raft::{
    Body, Change, Configuration, Effect, Entry, Index, Input, Options, Payload, Refused, Timer,
};

/// A leader that has committed an entry of its own term: S1, with S2's help.
fn settled(options: Options, configuration: &str, peers: &[u8]) -> Bench {
    let mut bench = leader(Options { noop: true, ..options }, configuration, 1, &of_terms("1"));
    beat(&mut bench, peers);
    beat(&mut bench, peers);
    assert_eq!(commit(&bench), 2);
    bench
}

/// The configurations that go to that server among the entries.
fn configurations(effects: &[Effect], peer: u8) -> Vec<Configuration> {
    let bodies = to(effects, peer).into_iter();
    let entries = bodies.filter_map(|body| match body {
        Body::AppendEntries { entries, .. } => Some(entries.iter()),
        _ => None,
    });
    let of_entry = |entry: &Entry| match entry.payload {
        Payload::Configuration(configuration) => Some(configuration),
        _ => None,
    };
    entries.flatten().filter_map(of_entry).collect()
}

/// `etcd-io/etcd#4246`: entries waited for a server that was then removed. They were stored by everyone
/// who was left, and were not committed, since nobody looked.
#[test]
fn a_removal_commits_what_everyone_who_is_left_has_stored() {
    let mut bench = settled(options(), "12", &[2]);
    assert!(accepts(&mut bench) && accepts(&mut bench));
    bench.sync_all();
    assert_eq!(commit(&bench), 2, "S2 has gone");
    ask_change(&mut bench, Change::Remove(s(2)));
    write_all(&mut bench);
    assert_eq!(commit(&bench), 5);
}

/// `databendlabs/openraft#364`: the only voter of a cluster committed by itself the entry that gave it
/// a second one, though from that entry on it takes both.
#[test]
fn a_lone_voter_does_not_commit_alone_what_makes_them_two() {
    let mut bench = settled(options(), "1", &[]);
    let effects = ask_change(&mut bench, Change::Add(s(2)));
    assert!(accepts(&mut bench));
    write_all(&mut bench);
    assert_eq!(commit(&bench), 2);
    obey(&mut bench, 2, &effects);
    assert_eq!(commit(&bench), 3, "with S2 it is committed");
}

/// `databendlabs/openraft#584`: when a learner became a voter, its progress began again at zero.
/// `#1192`: other learners were dropped on the way.
#[test]
fn a_promotion_forgets_nothing_about_anybody() {
    let mut bench = settled(options(), "1+23", &[2, 3]);
    let known = (bench.progress(2), bench.progress(3));
    assert_eq!(known, ((3, 2), (3, 2)));
    for (change, after) in [(Change::Add(s(2)), "12+3"), (Change::Learner(s(2)), "1+23")] {
        let (two, three) = (bench.progress(2), bench.progress(3));
        let effects = ask_change(&mut bench, change);
        assert_eq!(*bench.node.configuration(), members(after));
        assert_eq!((bench.progress(2).1, bench.progress(3).1), (two.1, three.1));
        assert_eq!((carried(&effects, 2), carried(&effects, 3)), (1, 1), "and they are told the same");
        write_all(&mut bench);
        obey(&mut bench, 2, &effects);
        obey(&mut bench, 3, &effects);
        assert_eq!(bench.node.commit(), bench.node.log().last_index());
    }
}

/// `tikv/raft-rs#373`: a change that was asked for while another was under way was quietly turned into
/// nothing, and whoever had asked waited for it.
#[test]
fn a_second_change_is_refused_with_a_reason_and_taken_when_the_first_is_committed() {
    let mut bench = settled(options(), "123", &[2, 3]);
    let first = ask_change(&mut bench, Change::Add(s(4)));
    let under_way = Refused::ChangeUnderWay { index: Index(3) };
    assert_eq!(refusal(&ask_change(&mut bench, Change::Remove(s(1)))), Some(under_way));
    assert_eq!(bench.log(), "122", "nothing is in the log for it");
    write_all(&mut bench);
    obey(&mut bench, 2, &first);
    assert_eq!(refusal(&ask_change(&mut bench, Change::Remove(s(3)))), Some(under_way), "two of four");
    obey(&mut bench, 3, &first);
    assert_eq!(refusal(&ask_change(&mut bench, Change::Remove(s(3)))), None);
    assert_eq!(*bench.node.configuration(), members("124"));
}

/// `etcd-io/etcd#14538`: the leader appended the last step of a joint change, and told nobody before the
/// next heartbeat.
#[test]
fn the_way_out_of_a_joint_configuration_is_sent_as_soon_as_it_is_open() {
    let mut bench = settled(options(), "123", &[2, 3]);
    let voters = set("124");
    let joint = Change::Joint { voters, learners: set(""), manual: false };
    let effects = ask_change(&mut bench, joint);
    assert_eq!(bench.node.configuration().outgoing, set("123"));
    write_all(&mut bench);
    let then = obey(&mut bench, 2, &effects);
    assert_eq!(commit(&bench), 3, "S1 and S2 are a majority of 123 and of 124");
    for peer in [2, 4] {
        assert_eq!(configurations(&then, peer).last(), Some(&members("124")), "{then:?}");
    }
    // Unless somebody wants to take the last step by hand.
    let mut bench = settled(options(), "123", &[2, 3]);
    let effects = ask_change(&mut bench, Change::Joint { voters, learners: set(""), manual: true });
    write_all(&mut bench);
    let then = obey(&mut bench, 2, &effects);
    assert_eq!((commit(&bench), configurations(&then, 2)), (3, vec![]));
    assert_eq!(refusal(&ask_change(&mut bench, Change::Leave)), None);
    assert_eq!(*bench.node.configuration(), members("124"));
}

/// `etcd-io/etcd#12136`: a leader fell between the two steps of a joint change. The next one never took
/// the second, and the cluster stayed in the joint configuration.
#[test]
fn a_new_leader_takes_the_second_step_of_a_joint_change() {
    let Payload::Configuration(mut joint) = change(1, "124&123").payload else { unreachable!() };
    joint.auto_leave = true;
    let entry = Entry { payload: Payload::Configuration(joint), ..change(1, "1") };
    let log = [of_terms("1"), vec![entry]].concat();
    // It knows that the first step is committed, or it finds out.
    for knows in [true, false] {
        let mut bench = node(Options { noop: true, ..options() }, "123", 1, &log);
        bench.receive(3, 1, append((2, 1), "", if knows { 2 } else { 0 }));
        bench.sync_all();
        elect(&mut bench);
        beat(&mut bench, &[2]);
        let then = beat(&mut bench, &[2]);
        assert_eq!(*bench.node.configuration(), members("124"), "knows: {knows}");
        write_all(&mut bench);
        beat(&mut bench, &[2]);
        assert_eq!(bench.node.commit(), bench.node.log().last_index(), "{then:?}");
    }
}

/// `etcd-io/etcd#12631`, `tikv/raft-rs#416`: a server that was on its way out took no snapshot, since it
/// was not in the new half of the joint configuration; the old half was out of order without it.
/// `etcd-io/etcd#13741`: a newcomer took none, since the snapshot was older than its coming.
#[test]
fn a_server_takes_a_snapshot_whether_or_not_it_stands_in_its_configuration() {
    for configuration in ["24&123", "24&123+1", "23+1", "23", "2345"] {
        let mut bench = node(options(), "", 0, &[]);
        hear(&mut bench, 2, 3, install(6, 3, configuration));
        assert_eq!(commit(&bench), 6, "{configuration}");
        assert_eq!(*bench.node.configuration(), members(configuration));
        write_all(&mut bench);
        hear(&mut bench, 2, 3, append((6, 3), "3", 7));
        assert_eq!((bench.log().as_str(), commit(&bench)), ("3", 7));
    }
}

/// `hashicorp/raft#617`: why a snapshot must not swallow an uncommitted configuration: the one before
/// it has to be there still, when a new leader's log does not have the change.
#[test]
fn with_a_snapshot_the_configuration_of_its_own_point_is_kept_and_can_be_gone_back_to() {
    let log = [of_terms("11"), vec![change(1, "1234")]].concat();
    let mut bench = node(options(), "123", 1, &log);
    bench.receive(2, 1, append((3, 1), "", 2));
    bench.sync_all();
    compact(&mut bench, 2);
    assert_eq!(bench.node.snapshot().expect("taken").configuration, members("123"));
    assert_eq!(*bench.node.configuration(), members("1234"), "still the last in the log");
    for crash in [false, true] {
        let mut bench = bench.clone();
        if crash {
            bench.crash();
            assert_eq!(*bench.node.configuration(), members("1234"));
        }
        bench.receive(3, 2, append((2, 1), "2", 2));
        assert_eq!((bench.log().as_str(), *bench.node.configuration()), ("2", members("123")));
    }
    // Once it is committed, the next snapshot carries it.
    bench.receive(2, 1, append((3, 1), "", 3));
    compact(&mut bench, 3);
    assert_eq!(bench.node.snapshot().expect("taken").configuration, members("1234"));
}

/// `etcd-io/etcd#11038`, `etcd-io/raft#77`, `tikv/raft-rs#584`: a leader that had removed itself went on
/// with its heartbeats, so that nobody else was elected, and took no commands.
#[test]
fn a_leader_that_has_removed_itself_leads_until_that_is_committed_and_then_falls_silent() {
    for (change, after) in [(Change::Remove(s(1)), "23"), (Change::Learner(s(1)), "23+1")] {
        let mut bench = settled(options(), "123", &[2, 3]);
        let effects = ask_change(&mut bench, change);
        assert_eq!(*bench.node.configuration(), members(after));
        write_all(&mut bench);
        obey(&mut bench, 2, &effects);
        assert!(bench.node.is_leader() && commit(&bench) == 2, "its own copy does not count");
        let then = obey(&mut bench, 3, &effects);
        assert_eq!(commit(&bench), 3);
        assert!(!bench.node.is_leader());
        assert!(then.contains(&Effect::CancelTimer(Timer::Heartbeat)));
        assert!(!speaks(&bench.step(Input::Fired(Timer::Heartbeat))));
        assert!(!speaks(&bench.step(Input::Fired(Timer::Election))), "nor does it stand again");
    }
}

/// `databendlabs/openraft#2091`: a server had the last entries of all, its own removal among them, and did
/// not stand for election, since it was not in its configuration. (A whole cluster in that position is in
/// tests/regressions_cluster.rs.) Nor is it enough to look at what it knows to be committed: after a
/// restart that may be long ago, when it was not a member yet.
#[test]
fn whoever_votes_in_a_configuration_that_may_be_in_force_stands() {
    // commitIndex | the configurations in the log, from the first entry on | does S1 stand?
    let table = "
        0 | 23 123 12 2 | yes
        1 | 23 123 12 2 | yes
        2 | 23 123 12 2 | yes
        3 | 23 123 12 2 | yes
        4 | 23 123 12 2 | no
        0 | 23 23+1 23  | no
        2 | 23 123 23+1 | yes
        3 | 23 123 23+1 | no
        0 | 23 24&123   | yes
    ";
    for row in rows(table) {
        let log: Vec<Entry> = row[1].split_whitespace().map(|text| change(1, text)).collect();
        let mut bench = node(options(), "23", 1, &log);
        bench.receive(2, 1, append((log.len() as u64, 1), "", number(row[0])));
        bench.sync_all();
        let effects = bench.step(Input::Fired(Timer::Election));
        assert_eq!(speaks(&effects), row[2] == "yes", "{row:?}: {effects:?}");
    }
}
