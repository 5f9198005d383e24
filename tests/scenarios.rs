//! The scenarios of a well-known course on distributed systems, labs 3A to 3C, on the timed world. What
//! tests/stories.rs tells is not told again: there are Figure 7, Figure 8 step by step, and one-way links.

mod common;
#[path = "common/lab.rs"]
mod lab;

use common::*;
use lab::*;
use std::collections::BTreeSet;
use wavetank::check::Property;
use wavetank::raft::{AppendOutcome, Backtracking, Body, Rule, ServerId, ServerSet, TimerRange};
use wavetank::sim::{Action, Content, Link, Setup, What};
use wavetank::timeline::Run;

// 3A: elections.

#[test]
fn without_failures_one_leader_is_elected_everyone_knows_it_and_it_stays() {
    for seed in 0..20 {
        let mut run = cluster(3, seed);
        let first = await_leader(&mut run, ServerSet::first(3));
        until(&mut run, 100, "all are of its term", |run| (1..=3).all(|n| term(run, n) == term(run, 1)));
        let elected = term(&run, 1);
        wait(&mut run, 3000);
        assert_eq!((leader(&run), term(&run, 1)), (Some(first), elected), "nobody stands without need");
        assert_eq!(run.checker().leaders().filter(|(term, _)| term.0 > 0).count(), 1);
    }
}

#[test]
fn a_leader_that_is_cut_off_is_replaced_and_without_a_majority_there_is_none() {
    let mut run = cluster(3, 1);
    let all = ServerSet::first(3);
    let first = await_leader(&mut run, all);
    cut_off(&mut run, only(first));
    let second = await_leader(&mut run, all.minus(only(first)));
    // The first comes back. It does not disturb the second.
    connect_all(&mut run);
    let of_second = term(&run, second.number());
    until(&mut run, 200, "it follows", |run| server(run, first.number()).node.leader() == Some(second));
    assert_eq!((leader(&run), term(&run, second.number())), (Some(second), of_second));
    // Two of three are cut off: whoever stands is not elected.
    let third = list(all.minus(only(first)).minus(only(second)))[0];
    cut_off(&mut run, only(second).or(only(third)));
    wait(&mut run, 5000);
    assert_eq!(term(&run, second.number()), of_second, "it leads on, in its own opinion");
    assert!([first, third].iter().all(|id| !server(&run, id.number()).node.is_leader()));
    // One comes back, and that is enough.
    cut_off(&mut run, only(third));
    await_leader(&mut run, only(first).or(only(second)));
    connect_all(&mut run);
    await_leader(&mut run, all);
    assert_eq!(broken(&run), []);
}

#[test]
fn of_seven_servers_any_four_have_a_leader_again_and_again() {
    let mut run = cluster(7, 2);
    let all = ServerSet::first(7);
    await_leader(&mut run, all);
    let mut dice = Dice::new(2);
    for _ in 0..20 {
        let mut gone = ServerSet::EMPTY;
        while gone.iter().count() < 3 {
            gone.insert(s(dice.below(7) as u8 + 1));
        }
        connect_all(&mut run);
        cut_off(&mut run, gone);
        // Someone who was cut off may still think that it leads; no one of its term follows it.
        until(&mut run, 5000, "there is one leader among the four", |run| {
            leader_of(run, all.minus(gone)).is_some()
        });
    }
    comes_together(&mut run);
}

// 3B: the log.

#[test]
fn nothing_is_committed_that_nobody_asked_for_and_what_is_asked_for_is_committed_in_order() {
    let mut run = cluster(3, 4);
    let first = await_leader(&mut run, ServerSet::first(3));
    wait(&mut run, 1000);
    assert_all_committed(&run, 0);
    for n in 1..=5 {
        propose(&mut run, first.number(), &n.to_string());
        until(&mut run, 300, "all commit it", |run| (1..=3).all(|s| commit(run, s) == n));
        assert_eq!(server(&run, 1).node.log().last_index().0, n, "one entry, and no other");
    }
    assert_eq!(broken(&run), []);
}

#[test]
fn a_command_travels_to_each_follower_once() {
    let mut run = cluster(3, 5);
    await_leader(&mut run, ServerSet::first(3));
    agree(&mut run, 3);
    let since = run.world().events();
    let commands = 20;
    for _ in 0..commands {
        agree(&mut run, 3);
    }
    // A heartbeat that leaves while the answer is still on its way carries the entry once more.
    let copies = traffic(&run, since).entries;
    assert!((2 * commands..4 * commands).contains(&copies), "{copies} copies of {commands} commands");
}

#[test]
fn two_of_three_go_on_without_the_third_and_one_does_not_go_on_without_the_others() {
    let mut run = cluster(3, 6);
    let all = ServerSet::first(3);
    let first = await_leader(&mut run, all);
    agree(&mut run, 3);
    let followers = list(all.minus(only(first)));
    cut_off(&mut run, only(followers[0]));
    agree(&mut run, 2);
    wait(&mut run, 1000);
    agree(&mut run, 2);
    let committed = commit(&run, first.number());
    cut_off(&mut run, all.minus(only(first)));
    propose_many(&mut run, first, 3);
    wait(&mut run, 2000);
    assert!((1..=3).all(|n| commit(&run, n) <= committed), "{}", story(&run));
    comes_together(&mut run);
}

#[test]
fn leaders_fail_one_after_the_other_and_the_last_one_alone_agrees_on_nothing() {
    let mut run = cluster(3, 7);
    let all = ServerSet::first(3);
    let first = await_leader(&mut run, all);
    agree(&mut run, 3);
    cut_off(&mut run, only(first));
    agree(&mut run, 2);
    let second = await_leader(&mut run, all.minus(only(first)));
    cut_off(&mut run, only(first).or(only(second)));
    let committed = run.checker().committed();
    propose_to_leaders(&mut run);
    wait(&mut run, 3000);
    assert_eq!(run.checker().committed(), committed);
    comes_together(&mut run);
}

#[test]
fn who_was_cut_off_gets_what_was_agreed_on_meanwhile() {
    let mut run = cluster(3, 8);
    let all = ServerSet::first(3);
    let first = await_leader(&mut run, all);
    agree(&mut run, 3);
    let follower = list(all.minus(only(first)))[0];
    cut_off(&mut run, only(follower));
    for _ in 0..10 {
        agree(&mut run, 2);
    }
    let behind = commit(&run, follower.number());
    connect_all(&mut run);
    agree(&mut run, 3);
    assert!(commit(&run, follower.number()) >= behind + 11);
    comes_together(&mut run);
}

#[test]
fn with_three_of_five_gone_nothing_is_agreed_on_and_with_them_back_everything_is() {
    let mut run = cluster(5, 9);
    let all = ServerSet::first(5);
    let first = await_leader(&mut run, all);
    agree(&mut run, 5);
    let committed = run.checker().committed();
    let gone: ServerSet = all.minus(only(first)).iter().take(3).collect();
    cut_off(&mut run, gone);
    propose_many(&mut run, first, 1);
    wait(&mut run, 3000);
    assert_eq!(run.checker().committed(), committed);
    connect_all(&mut run);
    // The three may elect one of themselves, who has never seen the command: it may be lost or not.
    await_leader(&mut run, all);
    let before = run.checker().committed();
    assert!(before.0 <= committed.0 + 1);
    agree(&mut run, 5);
    assert!(run.checker().committed() > committed);
    comes_together(&mut run);
}

#[test]
fn commands_at_the_same_moment_are_all_agreed_on_in_one_order_each_once() {
    let mut run = cluster(3, 10);
    let first = await_leader(&mut run, ServerSet::first(3));
    propose_many(&mut run, first, 25);
    until(&mut run, 1000, "all are committed", |run| (1..=3).all(|n| commit(run, n) == 25));
    assert!((1..=3).all(|n| server(&run, n).store.submitted() == 25));
    assert!(all_equal(&run));
}

#[test]
fn two_deposed_leaders_come_back_one_after_the_other_and_follow() {
    let mut run = cluster(3, 11);
    let all = ServerSet::first(3);
    let first = await_leader(&mut run, all);
    agree(&mut run, 3);
    cut_off(&mut run, only(first));
    propose_many(&mut run, first, 3);
    agree(&mut run, 2);
    let second = await_leader(&mut run, all.minus(only(first)));
    // The second goes, the first comes: the third, who has seen both, has to lead.
    cut_off(&mut run, only(second));
    propose_many(&mut run, second, 3);
    let third = await_leader(&mut run, all.minus(only(second)));
    assert!(![first, second].contains(&third), "the first lacks what was agreed on meanwhile");
    agree(&mut run, 2);
    comes_together(&mut run);
    let lost = [first, second].map(|id| server(&run, id.number()).store.submitted());
    assert_eq!(lost, [0, 0], "what they were asked for while they were alone is gone");
}

/// Two leaders, one after the other, collect long logs that are agreed on by nobody. Returns how often
/// each follower refused entries, at how many different places, after everyone was connected again.
fn back_up(backtracking: Backtracking) -> Vec<usize> {
    let mut setup = Setup::new(5, 12);
    setup.options.backtracking = backtracking;
    let mut run = run_of(&setup);
    let all = ServerSet::first(5);
    let first = await_leader(&mut run, all);
    agree(&mut run, 5);
    let others = list(all.minus(only(first)));
    let (with_first, three): (ServerSet, ServerSet) =
        (only(first).or(only(others[0])), others[1..].iter().copied().collect());
    // The first, with one follower.
    act(&mut run, Action::Partition { groups: vec![with_first, three] });
    propose_many(&mut run, first, 50);
    // The second, with two: they agree on fifty. Then one of them goes, and fifty more are in vain.
    for _ in 0..50 {
        agree(&mut run, 3);
    }
    let second = await_leader(&mut run, three);
    let apart = list(three.minus(only(second)))[0];
    let pair = three.minus(only(apart));
    act(&mut run, Action::Partition { groups: vec![with_first, pair] });
    propose_many(&mut run, second, 50);
    wait(&mut run, 1000);
    // The first with its follower, and the one that went: these agree on fifty.
    let since = run.world().events();
    act(&mut run, Action::Partition { groups: vec![with_first.or(only(apart)), pair] });
    for _ in 0..50 {
        agree(&mut run, 3);
    }
    assert_eq!(await_leader(&mut run, with_first.or(only(apart))), apart, "only it has the first fifty");
    let refused_by = |id: ServerId| {
        let places: BTreeSet<_> = run
            .events()
            .iter()
            .filter(|event| event.id.0 >= since)
            .filter_map(|event| match &event.what {
                What::Delivered { content: Content::Raft(message), .. } if message.from == id => {
                    match message.body {
                        Body::AppendEntriesReply {
                            prev_index,
                            outcome: AppendOutcome::Mismatch { .. },
                            ..
                        } => Some((message.to, prev_index)),
                        _ => None,
                    }
                }
                _ => None,
            })
            .collect();
        places.len()
    };
    let places = list(with_first).into_iter().map(refused_by).collect();
    comes_together(&mut run);
    places
}

#[test]
fn a_leader_backs_up_over_long_logs_step_by_step_or_term_by_term() {
    let slow = back_up(Backtracking::StepByOne);
    assert!(slow.iter().all(|places| *places >= 50), "{slow:?}");
    let fast = back_up(Backtracking::ConflictHints);
    assert!(fast.iter().all(|places| (1..=3).contains(places)), "{fast:?}");
}

#[test]
fn no_more_messages_are_sent_than_the_work_needs() {
    let mut run = cluster(3, 13);
    await_leader(&mut run, ServerSet::first(3));
    let election = traffic(&run, 0);
    assert!(election.vote_requests >= 2, "{election:?}");
    assert!(election.vote_requests + election.answers + election.appends <= 30, "{election:?}");
    // Ten commands at once.
    wait(&mut run, 200);
    let since = run.world().events();
    let first = leader(&run).unwrap();
    propose_many(&mut run, first, 10);
    until(&mut run, 500, "all are committed", |run| (1..=3).all(|n| commit(run, n) == 10));
    let agreement = traffic(&run, since);
    assert!(agreement.appends <= 3 * (10 + 1 + 3), "{agreement:?}");
    assert_eq!(agreement.vote_requests, 0);
    // A second in which nothing happens: twenty heartbeats.
    let since = run.world().events();
    wait(&mut run, 1000);
    let idle = traffic(&run, since);
    assert!((2 * 19..=2 * 21).contains(&idle.appends), "{idle:?}");
    assert_eq!((idle.entries, idle.vote_requests), (0, 0));
}

// 3C: persistence.

#[test]
fn everyone_crashes_and_what_was_agreed_on_is_still_there() {
    let mut run = cluster(3, 14);
    await_leader(&mut run, ServerSet::first(3));
    assert!(matches!(ask(&mut run, put("x", "kept")), wavetank::sim::Outcome::Done(_)));
    agree(&mut run, 3);
    (1..=3).for_each(|n| crash(&mut run, n));
    restart_all(&mut run);
    agree(&mut run, 3);
    assert!((1..=3).all(|n| server(&run, n).store.get("x") == Some("kept")));
    // The leader crashes, with and without coming back at once; then a follower.
    let first = await_leader(&mut run, ServerSet::first(3));
    crash(&mut run, first.number());
    restart(&mut run, first.number());
    agree(&mut run, 3);
    let second = await_leader(&mut run, ServerSet::first(3));
    crash(&mut run, second.number());
    agree(&mut run, 2);
    restart(&mut run, second.number());
    agree(&mut run, 3);
    comes_together(&mut run);
}

#[test]
fn majorities_that_share_only_one_server_take_turns() {
    let mut run = cluster(5, 15);
    let all = ServerSet::first(5);
    for _ in 0..5 {
        agree(&mut run, 5);
        let leader = await_leader(&mut run, all);
        let others = list(all.minus(only(leader)));
        let [one, two, three, four] = others[..] else { unreachable!("five servers") };
        for id in [one, two] {
            crash(&mut run, id.number());
        }
        agree(&mut run, 3);
        for id in [leader, three, four] {
            crash(&mut run, id.number());
        }
        wait(&mut run, 100); // What is still on its way to the first two does not arrive.
        for id in [one, two] {
            restart(&mut run, id.number());
        }
        wait(&mut run, 1000);
        assert!(!all.iter().any(|id| server(&run, id.number()).node.is_leader()), "two are not enough");
        restart(&mut run, three.number());
        // Of the three only this one has what was agreed on last.
        assert_eq!(await_leader(&mut run, all), three);
        agree(&mut run, 3);
        restart_all(&mut run);
    }
    comes_together(&mut run);
}

#[test]
fn the_one_that_was_cut_off_and_a_restarted_leader_agree() {
    let mut run = cluster(3, 16);
    let all = ServerSet::first(3);
    let first = await_leader(&mut run, all);
    agree(&mut run, 3);
    let [one, two] = list(all.minus(only(first)))[..] else { unreachable!("three servers") };
    cut_off(&mut run, only(two));
    agree(&mut run, 2);
    crash(&mut run, first.number());
    crash(&mut run, one.number());
    connect_all(&mut run);
    restart(&mut run, first.number());
    agree(&mut run, 2);
    assert_eq!(leader(&run), Some(first), "the other lacks what was agreed on");
    restart(&mut run, one.number());
    comes_together(&mut run);
}

/// Leaders take commands and crash again and again, some as soon as they have them, some when a few
/// others have them too; not more than two are down at a time. Stops where a leader lacks what is committed.
fn figure_8(seed: u64, rules_off: &[Rule]) -> Run {
    let mut run = run_of(&without(&Setup::new(5, seed), rules_off));
    run.keep_events(1000);
    let mut dice = Dice::new(seed);
    for _ in 0..300 {
        propose_to_leaders(&mut run);
        let leader = leader(&run);
        let pause_ms = if dice.one_in(10) { dice.below(150) } else { dice.below(13) };
        wait(&mut run, pause_ms);
        if let Some(leader) = leader {
            crash(&mut run, leader.number());
        }
        let down: Vec<ServerId> =
            run.world().servers().iter().filter(|s| !s.up).map(|s| s.node.id()).collect();
        if down.len() > 2 {
            let back = dice.pick(&down);
            restart(&mut run, back.number());
        } else {
            wait(&mut run, 20);
        }
        if broken(&run).contains(&Property::LeaderCompleteness) {
            break;
        }
    }
    run
}

#[test]
fn figure_8_at_random_breaks_nothing_unless_entries_of_older_terms_are_committed_by_counting() {
    for seed in [0, 1, 2, 3, 120] {
        let mut run = figure_8(seed, &[]);
        assert!(run.checker().leaders().count() > 20, "many have led, and crashed");
        comes_together(&mut run);
    }
    // Not every such storm is Figure 8. This one is.
    let run = figure_8(120, &[Rule::CommitOnlyCurrentTerm]);
    assert_eq!(broken(&run), [Property::DurableCommit, Property::LeaderCompleteness]);
}

#[test]
fn figure_8_with_messages_that_are_late_lost_and_out_of_order() {
    for seed in 0..5 {
        let mut setup = Setup::new(5, seed);
        setup.options.link.loss_ppm = 100_000;
        setup.options.backtracking = Backtracking::ConflictHints;
        let mut run = run_of(&setup);
        run.keep_events(1000);
        let mut dice = Dice::new(100 + seed);
        let mut gone = ServerSet::EMPTY;
        let mut led = 0;
        for round in 0..600 {
            if round == 200 {
                // From now on a message can overtake those that were sent a long time before it.
                let latency = TimerRange { min_us: 1_000, max_us: 120_000 };
                let link = Link { latency, loss_ppm: 100_000, ..Link::default() };
                act(&mut run, Action::SetLink { from: None, to: None, link });
            }
            propose_to_leaders(&mut run);
            let leader = leader(&run);
            let pause_ms = if dice.one_in(10) { dice.below(300) } else { dice.below(13) };
            wait(&mut run, pause_ms);
            let before = gone;
            if let Some(leader) = leader.filter(|_| dice.one_in(5)) {
                led += 1;
                gone.insert(leader);
            }
            if gone.iter().count() > 2 {
                let back = dice.pick(&list(gone));
                gone.remove(back);
            }
            if gone != before {
                cut_off(&mut run, gone);
            }
        }
        assert!(led > 10, "{led}");
        act(&mut run, Action::SetLink { from: None, to: None, link: Link::default() });
        comes_together(&mut run);
    }
}

#[test]
fn on_bad_links_everything_is_agreed_on_all_the_same() {
    let mut setup = Setup::new(5, 17);
    setup.options.link = Link {
        latency: TimerRange { min_us: 0, max_us: 27_000 },
        loss_ppm: 100_000,
        duplicate_ppm: 50_000,
        ..Link::default()
    };
    let mut run = run_of(&setup);
    let mut asked = 0;
    for _ in 0..50 {
        for _ in 0..4 {
            if let Some(leader) = leader(&run) {
                propose(&mut run, leader.number(), "?");
                asked += 1;
            }
        }
        agree(&mut run, 3);
    }
    comes_together(&mut run);
    let submitted = server(&run, 1).store.submitted();
    assert!(submitted > asked / 2 && submitted <= asked, "{submitted} of {asked}");
}

/// Servers come and go while a client appends word after word.
fn churn(setup: &Setup, seed: u64) -> usize {
    let mut run = run_of(setup);
    run.keep_events(10_000_000);
    let all = everyone(&run);
    let mut dice = Dice::new(seed);
    let mut gone = ServerSet::EMPTY;
    for round in 0..40 {
        for n in 0..5 {
            append_word(&mut run, &(5 * round + n).to_string());
        }
        if dice.one_in(5) {
            gone.insert(dice.pick(&list(all)));
            cut_off(&mut run, gone);
        }
        if dice.one_in(2) {
            gone = ServerSet::EMPTY;
            connect_all(&mut run);
        }
        if dice.one_in(5) {
            let id = dice.pick(&list(all));
            if server(&run, id.number()).up {
                crash(&mut run, id.number());
            } else {
                restart(&mut run, id.number());
            }
        }
        wait(&mut run, 210);
    }
    connect_all(&mut run);
    restart_all(&mut run);
    until(&mut run, 120_000, "the client is through", |run| run.world().clients()[0].call.is_none());
    comes_together(&mut run);
    assert_words(&run)
}

#[test]
fn what_a_client_was_told_is_true_while_servers_come_and_go() {
    for seed in 0..4 {
        let done = churn(&Setup::new(5, seed), seed);
        assert!(done > 150, "{done} of 200");
    }
}

#[test]
fn what_a_client_was_told_is_true_on_bad_links_as_well() {
    for seed in 0..4 {
        let mut setup = Setup::new(5, seed);
        let latency = TimerRange { min_us: 0, max_us: 27_000 };
        setup.options.link = Link { latency, loss_ppm: 100_000, duplicate_ppm: 50_000, ..Link::default() };
        let done = churn(&setup, seed);
        assert!(done > 100, "{done} of 200");
    }
}
