//! What scenarios of a whole cluster are told with: who is cut off, what is agreed on, and dice.
#![allow(dead_code)]

use crate::common::*;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use wavetank::kv::{Op, Output};
use wavetank::raft::{Body, Change, Message, ServerId, ServerSet};
use wavetank::sim::{Action, Content, Outcome, Packet, PacketName, Server, Setup, What};
use wavetank::timeline::Run;

/// A stream of draws from a seed.
pub struct Dice(Xoshiro256PlusPlus);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// From 0 to `n` - 1.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// A cluster of that setup that has never run.
pub fn run_of(setup: &Setup) -> Run {
    Run::new(setup).expect("the setup makes a run")
}

/// These servers, each for itself, hear and are heard by nobody; all others hear each other.
pub fn cut_off(run: &mut Run, alone: ServerSet) {
    let rest = everyone(run).minus(alone);
    // What is so already need not be said.
    let _ = run.act(Action::Partition { groups: vec![rest] });
}

/// All links work.
pub fn connect_all(run: &mut Run) {
    if run.world().network().any_cut() {
        act(run, Action::Heal);
    }
}

pub fn everyone(run: &Run) -> ServerSet {
    run.world().ids().collect()
}

pub fn only(id: ServerId) -> ServerSet {
    [id].into_iter().collect()
}

/// The servers of a set.
pub fn list(set: ServerSet) -> Vec<ServerId> {
    set.iter().collect()
}

/// The one of these who leads, and whom most voters among them follow, if there is one.
pub fn leader_of(run: &Run, among: ServerSet) -> Option<ServerId> {
    let leader = leader(run).filter(|leader| among.contains(*leader))?;
    let node = &server(run, leader.number()).node;
    let voters = node.configuration().voters;
    let follows = |id: &ServerId| {
        let server = run.world().server(*id).expect("it is there");
        server.is_active() && server.node.term() == node.term() && server.node.leader() == Some(leader)
    };
    let followers = among.and(voters).iter().filter(follows).count();
    (2 * followers > voters.iter().count()).then_some(leader)
}

/// Waits until one of these leads, and most servers follow it.
#[track_caller]
pub fn await_leader(run: &mut Run, among: ServerSet) -> ServerId {
    until(run, 10_000, "one of the connected leads", |run| leader_of(run, among).is_some());
    leader_of(run, among).expect("it has just been seen")
}

/// The cluster agrees on one more command: it is done, and at least so many servers have applied it.
#[track_caller]
pub fn agree(run: &mut Run, at_least: usize) {
    let value = run.world().events().to_string();
    assert_eq!(ask(run, put("agreed", &value)), Outcome::Done(Output::Done), "{}", story(run));
    let knows = |server: &&Server| server.up && server.store.get("agreed") == Some(&value);
    until(run, 10_000, "enough servers have applied it", |run| {
        run.world().servers().iter().filter(knows).count() >= at_least
    });
}

/// These servers come up again that are down.
pub fn restart_all(run: &mut Run) {
    let down: Vec<ServerId> =
        run.world().servers().iter().filter(|server| !server.up).map(|server| server.node.id()).collect();
    for server in down {
        act(run, Action::Restart { server });
    }
}

/// These servers have the same log, all of it committed and applied, and the same store.
pub fn equal(run: &Run, among: ServerSet) -> bool {
    let servers: Vec<&Server> = among.iter().filter_map(|id| run.world().server(id)).collect();
    servers.iter().all(|server| {
        let (node, first) = (&server.node, servers[0]);
        node.log().last_index() == first.node.log().last_index()
            && node.log().last_term() == first.node.log().last_term()
            && node.commit() == node.log().last_index()
            && node.applied() == node.commit()
            && server.store == first.store
    })
}

/// Everyone has the same log, all of it committed and applied, and the same store.
pub fn all_equal(run: &Run) -> bool {
    equal(run, everyone(run))
}

/// Everyone is up and connected, agrees on one more command, and has the same state; and no promise
/// was broken on the way.
#[track_caller]
pub fn comes_together(run: &mut Run) {
    come_together(run, everyone(run));
}

/// The same for these servers, where others are no longer in the cluster.
#[track_caller]
pub fn come_together(run: &mut Run, among: ServerSet) {
    connect_all(run);
    restart_all(run);
    agree(run, among.iter().count());
    until(run, 10_000, "all are equal", |run| equal(run, among));
    assert_eq!(broken(run), [], "{}", story(run));
}

/// An administrator wants another configuration, and the leader takes it up.
#[track_caller]
pub fn reconfigure(run: &mut Run, change: Change) {
    act(run, Action::Change { change, at: None });
}

/// A new server starts, and knows of no cluster.
#[track_caller]
pub fn boot(run: &mut Run, n: u8) {
    act(run, Action::Boot { server: s(n) });
}

/// An administrator wants that server to lead.
#[track_caller]
pub fn hand_over(run: &mut Run, to: ServerId) {
    act(run, Action::Transfer { to, at: None });
}

/// Whether everyone of these goes by that configuration, and knows that it is committed.
pub fn all_go_by(run: &Run, among: ServerSet, voters: &str, learners: &str) -> bool {
    among.iter().all(|id| {
        let node = &server(run, id.number()).node;
        let configuration = node.configuration();
        !configuration.is_joint()
            && (configuration.voters, configuration.learners) == (set(voters), set(learners))
            && node.log().configuration_index() <= node.commit()
    })
}

/// So many commands go straight into the log of that leader.
pub fn propose_many(run: &mut Run, leader: ServerId, count: usize) {
    for n in 0..count {
        propose(run, leader.number(), &format!("{leader} {n}"));
    }
}

/// Everyone who leads, in its own opinion, takes one more command.
pub fn propose_to_leaders(run: &mut Run) {
    for server in list(everyone(run)) {
        let leads = run.world().server(server).is_some_and(|s| s.is_active() && s.node.is_leader());
        if leads {
            act(run, Action::Propose { server, op: put("x", "?") });
        }
    }
}

/// Messages between servers that were sent since event number `since`, by kind.
#[derive(Debug, Default)]
pub struct Traffic {
    pub vote_requests: usize,
    pub appends: usize,
    /// Entries in them, each copy counted.
    pub entries: usize,
    pub answers: usize,
}

/// Counts what arrived since that event.
pub fn traffic(run: &Run, since: u64) -> Traffic {
    let mut traffic = Traffic::default();
    for event in run.events().iter().filter(|event| event.id.0 >= since) {
        let What::Delivered { content: Content::Raft(Message { body, .. }), .. } = &event.what else {
            continue;
        };
        match body {
            Body::RequestVote { .. } => traffic.vote_requests += 1,
            Body::AppendEntries { entries, .. } => {
                traffic.appends += 1;
                traffic.entries += entries.len();
            }
            _ => traffic.answers += 1,
        }
    }
    traffic
}

/// The person's client appends these words, one after the other, to what key `log` is.
pub fn append_word(run: &mut Run, word: &str) {
    let op = Op::Append { key: "log".into(), value: format!("{word} ") };
    submit(run, op);
}

/// What the person's client knows of its words, by word.
pub fn words(run: &Run) -> BTreeMap<String, Outcome> {
    let finished = run.events().iter().filter_map(|event| event.finished.as_deref());
    let of_person = finished.filter(|finished| finished.client.0 == 1);
    let word = |op: &Op| match op {
        Op::Append { value, .. } => Some(value.trim().to_string()),
        _ => None,
    };
    of_person.filter_map(|finished| Some((word(&finished.op)?, finished.outcome.clone()))).collect()
}

/// What the client was told is true: words that were done are in the store, in the order in which they
/// were asked for; words that failed are not. Returns how many were done.
#[track_caller]
pub fn assert_words(run: &Run) -> usize {
    let told = words(run);
    let text = run.world().servers()[0].store.get("log").unwrap_or_default().to_string();
    let stored: Vec<&str> = text.split_whitespace().collect();
    let mut done: Vec<(usize, usize)> = Vec::new();
    for (word, outcome) in &told {
        let place = stored.iter().position(|stored| stored == word);
        match outcome {
            Outcome::Done(_) => {
                let place = place.unwrap_or_else(|| panic!("{word} was done, and is not in {text}"));
                done.push((word.parse().expect("words are numbers"), place));
            }
            Outcome::Failed => assert_eq!(place, None, "{word} has failed, and is in {text}"),
            Outcome::Unknown => {}
        }
    }
    done.sort_unstable();
    assert!(done.is_sorted_by_key(|(_, place)| *place), "{done:?}");
    done.len()
}

/// Every word that was done is there once: sessions see to that (D6.3).
#[track_caller]
pub fn assert_words_once(run: &Run) -> usize {
    let done = assert_words(run);
    let text = run.world().servers()[0].store.get("log").unwrap_or_default();
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    let all = words.len();
    words.dedup();
    assert_eq!(words.len(), all, "no word was applied twice");
    done
}

/// Waits until the person's client has no more words to say.
#[track_caller]
pub fn hear_out(run: &mut Run) {
    until(run, 120_000, "the client is through", |run| run.world().clients()[0].call.is_none());
}

/// An administrator does not let go until all the voters go by that configuration.
#[track_caller]
pub fn insist(run: &mut Run, change: Change, voters: &str, learners: &str) {
    for _ in 0..50 {
        if all_go_by(run, set(voters), voters, learners) {
            return;
        }
        // There may be no leader, or one that has committed nothing yet, or the change is under way.
        let _ = run.act(Action::Change { change, at: None });
        wait(run, 200);
    }
    panic!("{change} does not come to an end\n{}", story(run));
}

/// Lets so much time pass, while messages like these take one to two seconds.
pub fn wait_with_slow(run: &mut Run, ms: u64, dice: &mut Dice, like: impl Fn(&Message) -> bool) {
    let until_us = run.world().now_us() + ms * 1000;
    let mut held: BTreeMap<PacketName, u64> = BTreeMap::new();
    while run.world().now_us() < until_us {
        let now_us = run.world().now_us();
        let slow = |packet: &&Packet| match &packet.content {
            Content::Raft(message) => !packet.held && !held.contains_key(&packet.name) && like(message),
            _ => false,
        };
        let mut new: Vec<PacketName> =
            run.world().network().packets().filter(slow).map(|packet| packet.name).collect();
        new.sort_unstable();
        for message in new {
            act(run, Action::Hold { message });
            held.insert(message, now_us + 1_000_000 + dice.below(1_000_000));
        }
        for (message, at_us) in &mut held {
            if *at_us <= now_us && run.world().network().packet(*message).is_some_and(|packet| packet.held) {
                act(run, Action::Release { message: *message });
                *at_us = u64::MAX;
            }
        }
        wait(run, 5);
    }
    for message in held.into_keys() {
        if run.world().network().packet(message).is_some_and(|packet| packet.held) {
            act(run, Action::Release { message });
        }
    }
}
