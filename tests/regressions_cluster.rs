//! What went wrong in other implementations, and does not here: whole clusters. Each test names the
//! thread that told of it.

mod common;
#[path = "common/lab.rs"]
mod lab;

use common::*;
use lab::*;
use wavetank::raft::{Change, ServerSet, Term, Timer};
use wavetank::sim::{Action, Options, Setup};
use wavetank::timeline::Run;

/// So many servers with these options, S1 leading and an entry of its term committed.
fn settled(servers: u8, options: Options) -> Run {
    let mut run = run_of(&Setup { options: Options { noop: true, ..options }, ..Setup::new(servers, 1) });
    elect(&mut run, 1);
    until(&mut run, 500, "its first entry is committed everywhere", |run| {
        (1..=servers).all(|n| commit(run, n) == 1)
    });
    run
}

fn silent(run: &Run, n: u8) -> bool {
    server(run, n).timer(Timer::Heartbeat).is_none()
}

// Elections.

/// `databendlabs/openraft#1796`, and `etcd-io/etcd#8501` before it: one server had the higher term and
/// the shorter log, the other the longer log and the lower term. With pre-votes each refused the other,
/// and neither learned of the other's term.
#[test]
fn the_longer_log_and_the_higher_term_find_together_in_pre_votes() {
    let setup = Setup { options: Options { pre_vote: true, ..Options::default() }, ..Setup::new(3, 1) };
    let mut run = state_with(&setup, "S1:x5 155 / S2:F5 155 / S3:F7 1");
    until(&mut run, 3000, "S2 leads", |run| leader(run) == Some(s(2)));
    assert!(term(&run, 2) > Term(7));
    until(&mut run, 1000, "S3 has its log", |run| log(run, 3).starts_with("155"));
    assert_eq!(broken(&run), []);
}

/// `etcd-io/etcd#5468`: a server that had been cut off came back with a higher term. Others ignored its
/// vote requests because they had a leader, and it ignored the leader's messages because their term was
/// old: it was out for good.
#[test]
fn a_server_with_a_higher_term_is_heard_though_nobody_heeds_its_vote_requests() {
    let mut run = settled(3, Options { stickiness: true, check_quorum: true, ..Options::default() });
    cut_off(&mut run, set("3"));
    wait(&mut run, 3000);
    let far = term(&run, 3);
    assert!(far > Term(9));
    connect_all(&mut run);
    until(&mut run, 3000, "one leads whom all follow", |run| {
        leader_of(run, ServerSet::first(3)).is_some() && (1..=3).all(|n| term(run, n) >= far)
    });
    let elected = term(&run, 1);
    wait(&mut run, 3000);
    assert!((1..=3).all(|n| term(&run, n) == elected), "and that is the end of it");
    comes_together(&mut run);
}

/// `etcd-io/etcd#9586`: the leader was cut off, both followers asked for pre-votes at the same moment, and
/// refused each other's, again and again.
#[test]
fn followers_that_time_out_together_elect_one_of_themselves() {
    for stickiness in [false, true] {
        let mut run =
            settled(3, Options { pre_vote: true, check_quorum: true, stickiness, ..Options::default() });
        cut_off(&mut run, set("1"));
        for n in [2, 3] {
            act(&mut run, Action::Fire { server: s(n), timer: Timer::Election });
        }
        until(&mut run, 2000, "one of them leads", |run| leader_of(run, set("23")).is_some());
        until(&mut run, 1000, "S1 knows that it does not", |run| !server(run, 1).node.is_leader());
        assert_eq!(broken(&run), []);
    }
}

/// `hashicorp/raft#411`: a server that is cut off stands for election in term after term, and with the
/// last of them deposes the leader when it comes back.
#[test]
fn with_pre_votes_a_server_that_was_cut_off_comes_back_without_a_stir() {
    for pre_vote in [false, true] {
        let mut run = settled(3, Options { pre_vote, ..Options::default() });
        cut_off(&mut run, set("3"));
        wait(&mut run, 5000);
        assert_eq!(term(&run, 3) == Term(1), pre_vote);
        connect_all(&mut run);
        wait(&mut run, 3000);
        let undisturbed = (1..=3).all(|n| term(&run, n) == Term(1)) && leader(&run) == Some(s(1));
        assert_eq!(undisturbed, pre_vote);
    }
}

/// `databendlabs/openraft#2088`: a transfer to a server that could not be reached left the cluster
/// without anybody who took commands until an election came about.
#[test]
fn a_transfer_that_fails_costs_an_election_timeout_and_no_election() {
    let mut run = settled(3, Options::default());
    cut_off(&mut run, set("2"));
    hand_over(&mut run, s(2));
    assert_eq!(server(&run, 1).node.transferring(), Some(s(2)));
    let asked_us = run.world().now_us();
    submit(&mut run, put("x", "1"));
    let done = |run: &Run| server(run, 1).store.get("x") == Some("1");
    let done_us = until(&mut run, 1000, "S1 takes commands again", done);
    assert!((300_000..400_000).contains(&(done_us - asked_us)), "{}", done_us - asked_us);
    assert_eq!((leader(&run), term(&run, 1)), (Some(s(1)), Term(1)));
}

// Changes of the configuration.

/// `etcd-io/etcd#10563`: of two servers the leader removed itself and was switched off as soon as that
/// was committed. The other did not know yet that it was, and went by the old configuration, for which
/// it takes both.
#[test]
fn of_two_servers_the_one_that_stays_can_go_on_as_soon_as_the_other_is_removed() {
    let mut run = settled(2, Options::default());
    reconfigure(&mut run, Change::Remove(s(1)));
    until(&mut run, 200, "S1 knows that it is removed", |run| commit(run, 1) == 2);
    crash(&mut run, 1);
    assert_eq!(commit(&run, 2), 1, "S2 does not know");
    until(&mut run, 1000, "S2 leads alone", |run| leader(run) == Some(s(2)) && commit(run, 2) == 3);
    agree(&mut run, 1);
    restart(&mut run, 1);
    wait(&mut run, 2000);
    assert_eq!(leader(&run), Some(s(2)));
    assert_eq!(broken(&run), []);
}

/// `databendlabs/openraft#2091`: a leader on its way out crashed with the last entry, its own removal, on
/// its disk alone. It did not stand again, since it was not in its configuration, and did not vote for
/// the others, since their logs were shorter.
#[test]
fn a_leader_that_is_to_be_removed_may_be_needed_once_more() {
    for joint in [false, true] {
        let mut run = settled(2, Options { pre_vote: true, ..Options::default() });
        if joint {
            let change = Change::Joint { voters: set("2"), learners: set(""), manual: true };
            reconfigure(&mut run, change);
            until(&mut run, 500, "both know of the joint one", |run| (1..=2).all(|n| commit(run, n) == 2));
        }
        act(&mut run, Action::Cut { from: s(1), to: s(2) });
        reconfigure(&mut run, if joint { Change::Leave } else { Change::Remove(s(1)) });
        wait(&mut run, 20);
        crash(&mut run, 1);
        assert!(log(&run, 1).len() > log(&run, 2).len(), "S1 alone has the last entry");
        act(&mut run, Action::Mend { from: s(1), to: s(2) });
        restart(&mut run, 1);
        until(&mut run, 3000, "S2 leads alone", |run| {
            leader(run) == Some(s(2)) && !server(run, 1).node.is_leader()
        });
        agree(&mut run, 1);
        assert!(all_go_by(&run, set("2"), "2", ""));
        assert_eq!(broken(&run), []);
    }
}

/// `tikv/raft-rs#57`, `etcd-io/etcd#10998`: a learner was made a voter without hearing of it. It gave no
/// vote, since learners have none, and without it there was no majority.
#[test]
fn a_learner_gives_its_vote_to_whoever_takes_it_for_a_voter() {
    let mut run = settled(3, Options::default());
    for n in [4, 5] {
        boot(&mut run, n);
        reconfigure(&mut run, Change::Learner(s(n)));
        let all = ServerSet::first(n);
        until(&mut run, 1000, "it is a learner", |run| all_go_by(run, all, "123", &"45"[..n as usize - 3]));
    }
    act(&mut run, Action::Partition { groups: vec![set("1235"), set("4")] });
    for (n, voters) in [(4, "1234"), (5, "12345")] {
        reconfigure(&mut run, Change::Add(s(n)));
        let learners = if n == 4 { "5" } else { "" };
        until(&mut run, 1000, "it is a voter", |run| all_go_by(run, set("1235"), voters, learners));
    }
    assert!(all_go_by(&run, set("4"), "123", "45"), "S4 has not heard of it");
    crash(&mut run, 1);
    crash(&mut run, 2);
    connect_all(&mut run);
    until(&mut run, 3000, "S4's vote elects one of the others", |run| {
        leader(run).is_some_and(|leader| set("35").contains(leader))
    });
    agree(&mut run, 3);
    assert!(all_go_by(&run, set("345"), "12345", ""));
    comes_together(&mut run);
}

/// `etcd-io/raft#77`: the heartbeats of a leader that had removed itself kept the others from electing
/// one that takes commands.
#[test]
fn a_cluster_goes_on_without_the_leader_that_has_removed_itself() {
    for pre_vote in [false, true] {
        let mut run = settled(3, Options { pre_vote, stickiness: pre_vote, ..Options::default() });
        reconfigure(&mut run, Change::Remove(s(1)));
        until(&mut run, 2000, "another leads", |run| leader_of(run, set("23")).is_some());
        assert!(silent(&run, 1));
        agree(&mut run, 2);
        let elected = term(&run, 2);
        wait(&mut run, 5000);
        assert_eq!(term(&run, 2), elected, "S1 does not disturb them");
        assert!(all_go_by(&run, set("23"), "23", ""));
        assert_eq!(broken(&run), []);
    }
}

/// `hashicorp/raft#524`: a server was removed while it was cut off, and stood for election in ever higher
/// terms. When it was taken in again as a learner, its term deposed one leader after the other.
#[test]
fn a_server_that_was_removed_unawares_comes_back_as_a_learner_at_the_cost_of_one_election() {
    let mut run = settled(3, Options { stickiness: true, check_quorum: true, ..Options::default() });
    cut_off(&mut run, set("3"));
    reconfigure(&mut run, Change::Remove(s(3)));
    until(&mut run, 1000, "S3 is removed", |run| all_go_by(run, set("12"), "12", ""));
    wait(&mut run, 5000);
    let far = term(&run, 3);
    assert!(far > Term(10) && term(&run, 1) == Term(1));
    connect_all(&mut run);
    wait(&mut run, 3000);
    assert_eq!((leader(&run), term(&run, 2)), (Some(s(1)), Term(1)), "nobody heeds it");
    reconfigure(&mut run, Change::Learner(s(3)));
    until(&mut run, 3000, "all go by the same configuration", |run| {
        leader_of(run, set("12")).is_some() && all_go_by(run, set("123"), "12", "3")
    });
    let after = term(&run, 1);
    assert!(after > far, "its term had to be passed");
    wait(&mut run, 5000);
    assert!((1..=3).all(|n| term(&run, n) == after), "once is enough");
    comes_together(&mut run);
}

/// `databendlabs/openraft#808`: a leader that tried to send a snapshot to a server that was gone could not
/// be told to do without that server.
#[test]
fn a_server_that_is_gone_can_be_done_without_whatever_the_leader_is_sending_it() {
    // A member that needs a snapshot.
    let mut run = settled(3, Options { snapshot_every: 5, window: 4, ..Options::default() });
    crash(&mut run, 3);
    for _ in 0..10 {
        agree(&mut run, 2);
    }
    assert!(server(&run, 1).node.log().base_index().0 > commit(&run, 3), "S3 would need a snapshot");
    reconfigure(&mut run, Change::Remove(s(3)));
    until(&mut run, 500, "it is removed", |run| all_go_by(run, set("12"), "12", ""));
    agree(&mut run, 2);
    // A newcomer that was to catch up first, and never answers.
    let mut run = settled(3, Options { catch_up_rounds: 5, ..Options::default() });
    boot(&mut run, 4);
    crash(&mut run, 4);
    reconfigure(&mut run, Change::Add(s(4)));
    until(&mut run, 500, "it is a learner", |run| all_go_by(run, set("123"), "123", "4"));
    reconfigure(&mut run, Change::Remove(s(4)));
    until(&mut run, 500, "it is not even that", |run| all_go_by(run, set("123"), "123", ""));
    reconfigure(&mut run, Change::Add(s(4)));
    wait(&mut run, 3000);
    assert!(all_go_by(&run, set("123"), "123", "4"), "it is given up, and remains a learner");
    reconfigure(&mut run, Change::Remove(s(3)));
    until(&mut run, 500, "others can be removed", |run| all_go_by(run, set("12"), "12", "4"));
    // It is there after all.
    restart(&mut run, 4);
    reconfigure(&mut run, Change::Add(s(4)));
    until(&mut run, 3000, "it is a voter", |run| all_go_by(run, set("124"), "124", ""));
    assert_eq!(broken(&run), []);
}
