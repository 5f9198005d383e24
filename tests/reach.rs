//! What is said against a state: nothing against one that a run comes to, be it in the search or in a
//! storm; and something against most of the others.

use std::collections::{BTreeSet, HashSet};
use wavetank::check::Checker;
use wavetank::explore::{Grain, Judge, Local, Model, Plan, crashed, fresh, replay, way, weather};
use wavetank::raft::{Guard, Index, Message, Observer, RoleName, Rules, ServerId, Term};
use wavetank::sim::notation::{self, Shorthand, objections};
use wavetank::sim::{Action, Event, Stepped, Watch, World};
use wavetank::simulation::reach::{Reached, objections as against, reach};
use wavetank::timeline::{Run, Start};

const RULES: Rules = Rules::ALL_ON;

/// A cluster with at most one message that is kept on its way. Any number of restarts.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Cluster {
    servers: Vec<Local>,
    held: Option<Message>,
}

impl Cluster {
    fn with(&self, at: usize, local: Local) -> Cluster {
        let mut after = self.clone();
        after.servers[at] = local;
        after
    }

    fn arrives(&mut self, message: Message) -> Option<Message> {
        let (from, to) = (message.from, message.to);
        let (after, sent) = self.servers[to.slot()].receive(message, RULES);
        self.servers[to.slot()] = after;
        sent.into_iter().find(|reply| reply.to == from && !reply.is_request())
    }

    /// Every cluster one gesture later.
    fn after(&self, term_max: u64, log_max: u64, holds: bool) -> Vec<Cluster> {
        let mut all = Vec::new();
        for (at, local) in self.servers.iter().enumerate() {
            let node = &local.node;
            all.push(self.with(at, local.restart(RULES)));
            if !node.is_leader() && node.term().0 < term_max {
                all.push(self.with(at, local.time_out(RULES).0));
            }
            if node.is_leader() && node.log().last_index().0 < log_max {
                all.push(self.with(at, local.request(0, RULES).0));
            }
            for to in ServerId::first(self.servers.len() as u8) {
                let Some(request) = node.rpc_for(to) else { continue };
                let mut both = self.clone();
                let reply = both.arrives(request.clone());
                let one = both.clone();
                if let Some(reply) = reply.clone() {
                    both.arrives(reply);
                }
                all.push(both);
                if self.held.is_none() && holds {
                    all.push(Cluster { held: Some(request), ..self.clone() });
                    all.extend(reply.map(|reply| Cluster { held: Some(reply), ..one }));
                }
            }
        }
        if let Some(held) = &self.held {
            let mut after = Cluster { held: None, ..self.clone() };
            let reply = after.arrives(held.clone());
            all.push(after.clone());
            if let Some(reply) = reply.filter(|_| held.is_request()) {
                after.arrives(reply);
            }
            all.push(after);
            all.push(Cluster { held: None, ..self.clone() });
        }
        all
    }

    fn shorthand(&self) -> Vec<Shorthand> {
        let of = |local: &Local| Shorthand {
            server: local.node.id(),
            role: Some(local.node.role().name()),
            term: local.node.term(),
            covered: 0,
            entries: local.node.log().iter().map(|entry| entry.term).collect(),
            commit: local.node.commit(),
        };
        self.servers.iter().map(of).collect()
    }
}

/// A state whatever the servers are called.
fn nameless(states: &[Shorthand]) -> String {
    let text =
        |state: &Shorthand| state.to_string().split_once(':').map(|(_, rest)| rest.to_owned()).unwrap();
    let mut texts: Vec<String> = states.iter().map(text).collect();
    texts.sort();
    texts.join(" / ")
}

fn reached(servers: u8, term_max: u64, log_max: u64, holds: bool) -> BTreeSet<String> {
    let start = Cluster { servers: Model::new(servers).servers, held: None };
    let mut seen = HashSet::from([start.clone()]);
    let mut states = BTreeSet::new();
    let mut next = vec![start];
    while let Some(cluster) = next.pop() {
        states.insert(nameless(&cluster.shorthand()));
        for after in cluster.after(term_max, log_max, holds) {
            if seen.insert(after.clone()) {
                next.push(after);
            }
        }
    }
    println!("{} clusters, {} states", seen.len(), states.len());
    states
}

/// All that one server can be, alone.
fn alone(term_max: u64, log_max: u64) -> Vec<(RoleName, u64, Vec<Term>, u64)> {
    let mut logs: Vec<Vec<Term>> = vec![vec![]];
    let mut all = logs.clone();
    for _ in 0..log_max {
        logs = logs
            .iter()
            .flat_map(|log| {
                (log.last().map_or(1, |t| t.0)..=term_max).map(move |t| [log.as_slice(), &[Term(t)]].concat())
            })
            .collect();
        all.extend(logs.clone());
    }
    let mut states = Vec::new();
    for term in 0..=term_max {
        for role in [RoleName::Follower, RoleName::Candidate, RoleName::Leader] {
            if term == 0 && role != RoleName::Follower {
                continue;
            }
            for log in all.iter().filter(|log| log.last().is_none_or(|last| last.0 <= term)) {
                for commit in 0..=log.len() as u64 {
                    states.push((role, term, log.clone(), commit));
                }
            }
        }
    }
    states
}

/// Every state of three servers, whatever they are called.
fn all_of_three(term_max: u64, log_max: u64) -> Vec<Vec<Shorthand>> {
    let alone = alone(term_max, log_max);
    let state = |server: ServerId, at: usize| {
        let (role, term, entries, commit) = alone[at].clone();
        let (term, commit) = (Term(term), Index(commit));
        Shorthand { server, role: Some(role), term, covered: 0, entries, commit }
    };
    let count = alone.len();
    let triples = (0..count).flat_map(|a| (a..count).flat_map(move |b| (b..count).map(move |c| [a, b, c])));
    triples.map(|three| ServerId::first(3).zip(three).map(|(id, at)| state(id, at)).collect()).collect()
}

/// How many states the search comes to, and of those that it does not come to: against how many something
/// is said. Nothing may be said against one that it comes to, nor if any of its servers has crashed.
fn cross_check(term_max: u64, log_max: u64, holds: bool) -> (usize, usize, usize) {
    let reached = reached(3, term_max, log_max, holds);
    let (mut against, mut others) = (0, 0);
    for states in all_of_three(term_max, log_max) {
        let name = nameless(&states);
        if !reached.contains(&name) {
            others += 1;
            against += usize::from(!objections(&states).is_empty());
            continue;
        }
        for crashed in 0..8_u8 {
            let mut states = states.clone();
            states.iter_mut().filter(|it| crashed & 1 << it.server.slot() != 0).for_each(|it| it.role = None);
            assert_eq!(objections(&states), [], "{states:?}");
        }
    }
    println!("{} reached, {others} not; against {against} of them something is said", reached.len());
    (reached.len(), against, others)
}

#[test]
fn nothing_is_said_against_a_state_that_the_search_reaches_and_much_against_the_others() {
    let mut bounds = vec![(2, 2, false), (3, 1, false)];
    if std::env::var_os("WAVETANK_LONG").is_some() {
        // Some minutes, and half of the memory of a small machine.
        bounds.extend([(2, 1, true), (2, 2, true)]);
    }
    for (term_max, log_max, holds) in bounds {
        let (reached, against, others) = cross_check(term_max, log_max, holds);
        assert!(reached > 300, "{reached}");
        // Some of the others are reached with more messages on their way, or with slower disks.
        assert!(against * 100 > others * 95, "{against} of {others}");
    }
}

/// Judges every state of a run.
struct Doubter {
    checker: Checker,
    seed: u64,
    states: u64,
    before: String,
}

impl Observer for Doubter {
    const WATCHES: bool = false;

    fn decided(&mut self, _: Guard) {}
}

impl Watch for Doubter {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        self.checker.happened(world, step, event);
        let states = notation::of_world(world);
        let text = notation::write(world);
        if text != self.before {
            self.before = text;
            self.states += 1;
            let found = objections(&states);
            assert!(found.is_empty(), "seed {}: {found:?}\n{}", self.seed, self.before);
        }
    }
}

impl Judge for Doubter {
    fn checker(&self) -> &Checker {
        &self.checker
    }
}

#[test]
fn nothing_is_said_against_a_state_of_a_storm() {
    let mut states = 0;
    for seed in 0..90 {
        let (setup, actions) =
            Plan::Figure2.draw(seed, (seed % 9) as u8 + 1, 10_000_000, Rules::ALL_ON, |options| {
                options.pre_vote = seed % 2 == 0;
                options.check_quorum = seed % 3 == 0;
                options.noop = seed % 5 == 0;
            });
        let mut world = World::new(&setup);
        let mut doubter = Doubter { checker: Checker::new(&world), seed, states: 0, before: String::new() };
        weather(&mut world, actions, 10_000_000, &mut doubter);
        states += doubter.states;
    }
    println!("{states} states");
    assert!(states > 10_000, "{states}");
}

#[test]
fn what_is_said_against_a_state() {
    let text = include_str!("tables/unreachable.txt");
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (mut failed, mut cases) = (Vec::new(), 0);
    for (number, line) in lines {
        let (state, expected) = line.split_once('|').expect("a line has two columns");
        let states = notation::parse(state).unwrap_or_else(|why| panic!("line {number}: {why}"));
        let found: Vec<String> = objections(&states).iter().map(ToString::to_string).collect();
        cases += 1;
        let said = if found.is_empty() { "nothing".to_owned() } else { found.join(" ") };
        if said != expected.trim() {
            failed.push(format!("{number}: {state}\n  {said}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(cases >= 25, "only {cases} cases were read");
}

/// The state at the end of the way to a state, done in the timed world.
fn arrive(states: &[Shorthand]) -> Option<String> {
    let way = way(states)?;
    let run = replay(fresh(states.len() as u8, RULES).unwrap(), Grain::Gesture, &way, |_| ()).unwrap();
    let mut run = run;
    for server in crashed(states) {
        run.act(Action::Crash { server }).unwrap();
    }
    Some(run.shorthand())
}

/// A state as a world has it: commitIndex is forgotten in a crash.
fn written(states: &[Shorthand]) -> String {
    let forget = |mut state: Shorthand| {
        if state.role.is_none() {
            state.commit = Index(0);
        }
        state.to_string()
    };
    states.iter().cloned().map(forget).collect::<Vec<_>>().join(" / ")
}

#[test]
fn ways_that_are_put_together_lead_to_their_states() {
    let text = include_str!("tables/ways.txt");
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let states = notation::parse(line).unwrap_or_else(|why| panic!("{line}: {why}"));
        assert_eq!(objections(&states), [], "{line}");
        assert_eq!(arrive(&states).as_deref(), Some(&*written(&states)), "{line}");
    }
    // To what is impossible no way leads.
    assert_eq!(way(&notation::parse("S1:L2 / S2:L2 / S3:F2").unwrap()), None);
}

#[test]
fn to_most_states_that_the_search_reaches_a_way_can_be_put_together() {
    let reached = reached(3, 2, 2, false);
    let (mut all, mut ways, mut without) = (0, 0, Vec::new());
    for states in all_of_three(2, 2).into_iter().filter(|states| reached.contains(&nameless(states))) {
        all += 1;
        match arrive(&states) {
            Some(there) => {
                ways += 1;
                assert_eq!(there, written(&states));
            }
            None => without.push(nameless(&states)),
        }
    }
    println!("ways to {ways} of {all}");
    for name in without.iter().step_by(without.len().div_ceil(40).max(1)) {
        println!("  {name}");
    }
    assert!(ways * 100 > all * 80, "{ways} of {all}");
}

/// A state that takes a restart: S1 has made the entry and leads no more.
const RESTARTED: &str = "S1:F1 1 / S2:F1 / S3:F0";
/// A state to which no run can be put together: it takes a search.
const SEARCHED: &str = "S1:F0 / S2:F2 1 / S3:F2 1 c1";

/// What programs are told of a state.
#[track_caller]
fn told(state: &str, limits: &str) -> Reached {
    reach(state, limits).unwrap_or_else(|why| panic!("{state} {limits}: {why}"))
}

#[test]
fn a_program_is_given_the_run_to_a_state() {
    for (state, kind) in [
        ("S1:F3 1 / S2:F2 112 / S3:F3 113", "put together"),
        ("S1:L2 12 c1 / S2:F2 12 / S3:x0", "put together"),
        (SEARCHED, "a shortest one"),
    ] {
        let Reached { recording, steps, objections, sentence } = told(state, "{}");
        assert!(sentence.contains(kind), "{state}: {sentence}");
        assert!(objections.is_empty() && steps.len() > 3, "{state}: {steps:?}");
        let run = Run::replay(&recording.expect("there is a run")).unwrap();
        assert_eq!(run.shorthand(), written(&notation::parse(state).unwrap()), "{state}");
        assert!(run.violations().is_empty(), "{state}");
    }
}

#[test]
fn a_program_is_told_what_speaks_against_a_state() {
    let state = "S1:F3 1122 / S2:F3 113 / S3:F3 11223";
    let Reached { recording, steps, objections, sentence } = told(state, "{}");
    assert_eq!((recording, steps), (None, vec![]));
    assert!(sentence.starts_with("No run of Raft leads to this state, with all rules on"), "{sentence}");
    let expected = "The entries of term 3 begin at index 3 on S2 and at index 5 on S3: one leader made them all, one after the other (§5.3).";
    assert_eq!(objections, [expected]);
    assert_eq!(against(&Start::State(state.into())), [expected]);
    assert!(against(&Start::State(RESTARTED.into())).is_empty());
    assert!(against(&Start::Empty).is_empty());
}

#[test]
fn a_program_is_told_how_far_a_run_was_looked_for() {
    for (limits, expected) in [
        (r#"{"states":1}"#, "states had been looked at. A longer run may"),
        (r#"{"restarts":0,"messages":0}"#, "no run within these bounds leads there"),
    ] {
        let Reached { recording, objections, sentence, .. } = told(SEARCHED, limits);
        assert_eq!((recording, objections), (None, vec![]), "{limits}");
        assert!(sentence.contains(expected), "{limits}: {sentence}");
    }
}

#[test]
fn a_program_is_told_what_is_wrong_with_what_it_asks_for() {
    let state = "S1:F2 1 / S2:F2 1 / S3:F2";
    for (state, limits, expected) in [
        ("", "{}", "The state can't be read: there is no server in it"),
        ("S2", "{}", "S1 is next"),
        ("S1:P1 / S2:F1 / S3:F1", "{}", "no PreVote"),
        (state, "7", "How far to look can't be read"),
        (state, r#"{"trems":5}"#, "unknown field `trems`"),
        (state, r#"{"terms":1}"#, "terms has to be a number from 2 to 1000"),
        (state, r#"{"logs":0}"#, "logs has to be a number from 1 to 1000"),
        (state, r#"{"states":0}"#, "states has to be a number from 1 to 5000000"),
        (state, r#"{"restarts":-1}"#, "How far to look can't be read"),
    ] {
        let why = reach(state, limits).expect_err(limits);
        assert!(why.contains(expected), "{state} {limits}: {why}");
    }
}

#[test]
fn the_largest_state_is_judged() {
    let terms: Vec<String> = (1..=1000).map(|term: u64| term.div_ceil(3).to_string()).collect();
    let log = terms.join(".");
    let server = |n: u32| {
        format!("S{n}:{} {log} c{}", if n == 1 { "L999999999999999" } else { "F999999999999999" }, 990)
    };
    let text = (1..=9).map(server).collect::<Vec<_>>().join(" / ");
    let states = notation::parse(&text).unwrap();
    assert_eq!(objections(&states), []);
    let text = text.replacen("F999999999999999", "F7", 8);
    assert!(notation::parse(&text).is_err());
}
