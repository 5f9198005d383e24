//! Measurements of our own simulator, native. What is compared runs in turns, so that a busy machine
//! disturbs everybody alike; figures are medians with the least and the greatest.

use std::hint::black_box;
use std::time::Instant;
use wavetank::check::Checker;
use wavetank::check::goal::Goal;
use wavetank::explore::{Grain, Search, search, threads};
use wavetank::raft::{
    Body, Configuration, Durable, Effect, Entries, Guard, Index, Input, Message, Node, Observer, Round,
    Rules, ServerId, Term, Unobserved,
};
use wavetank::sim::{Event, Options, Purpose, Seed, Setup, World, draw};
use wavetank::timeline::{Actor, Run, Start, Target, Timeline};

/// Rounds; in each of them everybody runs once.
const ROUNDS: u64 = 9;
/// States of each search.
const STATES: u64 = 3_000_000;
/// Simulated seconds of each run.
const SECONDS: u64 = 1500;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("search") => return searches(),
        Some("seek") => return seeks(),
        _ => {}
    }
    println!(
        "Five servers, election timeout 100–200 ms, heartbeat 50 ms, latency 10–15 ms, fsync 0.5–1.5 ms."
    );
    println!("{ROUNDS} rounds. Median (least to greatest); × is against the first line of each table.\n");
    speed("heartbeats only", 0);
    speed("10 requests a second", 100_000);
    guards();
    bytes("heartbeats only", 0);
    bytes("10 requests a second", 100_000);
    clones();
    seeks();
    searches();
}

fn setup(workload_every_us: u64, seed: u64) -> Setup {
    Setup { options: Options { workload_every_us, ..Options::raftscope() }, ..Setup::new(5, seed) }
}

/// Simulated seconds per second, by who looks on.
fn speed(workload: &str, every_us: u64) {
    const UNTIL_US: u64 = SECONDS * 1_000_000;
    let world = |seed| World::new(&setup(every_us, seed));
    let run = |seed| Run::new(&setup(every_us, seed)).expect("the setup makes a run");
    let mut speeds = [const { Vec::new() }; 4];
    for seed in 0..ROUNDS {
        let mut unobserved = world(seed);
        let mut checked = world(seed);
        let mut checker = Checker::new(&checked);
        let (mut digested, mut traced) = (run(seed), run(seed));
        digested.keep_events(0);
        let seconds = [
            timed(|| unobserved.run_until(UNTIL_US, &mut Unobserved)),
            timed(|| checked.run_until(UNTIL_US, &mut checker)),
            timed(|| digested.run_until(UNTIL_US)),
            timed(|| traced.run_until(UNTIL_US)),
        ];
        assert_eq!(traced.violations(), []);
        assert_eq!(unobserved.events(), traced.world().events(), "whoever looks on changes nothing");
        for (speeds, seconds) in speeds.iter_mut().zip(seconds) {
            speeds.push(SECONDS as f64 / seconds);
        }
    }
    println!("| {workload} | simulated seconds per second | × |\n|---|---:|---:|");
    let lookers = [
        "nobody looks on",
        "checks",
        "checks, events with guards, digest; no event kept",
        "the same, 50,000 events kept (`Run`)",
    ];
    for (name, theirs) in lookers.iter().zip(&speeds) {
        let ratios: Vec<f64> = theirs.iter().zip(&speeds[0]).map(|(theirs, first)| theirs / first).collect();
        println!("| {name} | {} | {} |", spread(theirs, 0), spread(&ratios, 2));
    }
    println!();
}

/// What a decision costs: one follower hears heartbeats.
fn guards() {
    const STEPS: u32 = 500_000;
    let (mut unobserved, mut observed) = (Vec::new(), Vec::new());
    let mut guards: Vec<Guard> = Vec::new();
    for _ in 0..ROUNDS {
        unobserved.push(nanoseconds(STEPS, &mut Unobserved, |_| {}));
        observed.push(nanoseconds(STEPS, &mut guards, Vec::clear));
    }
    nanoseconds(1, &mut guards, |_| {});
    let ratios: Vec<f64> = observed.iter().zip(&unobserved).map(|(with, without)| with / without).collect();
    println!("| a follower hears a heartbeat | ns | × |\n|---|---:|---:|");
    println!("| unobserved | {} | 1.00 |", spread(&unobserved, 1));
    let (count, size) = (guards.len(), size_of::<Guard>());
    println!(
        "| {count} guards of {size} bytes noted | {} | {} |\n",
        spread(&observed, 1),
        spread(&ratios, 2)
    );
}

/// Nanoseconds for each heartbeat that a follower hears.
fn nanoseconds<O: Observer>(steps: u32, observer: &mut O, mut after: impl FnMut(&mut O)) -> f64 {
    let [leader, follower] = [1, 2].map(|n| ServerId::new(n).expect("there are nine"));
    let disk = Durable::new(Configuration::of_first(5));
    let options = Options::raftscope().for_server();
    let mut node = Node::new(follower, options, &disk, Rules::ALL_ON, &mut Unobserved);
    let mut effects: Vec<Effect> = Vec::new();
    let heartbeat = Body::AppendEntries {
        prev_index: Index(0),
        prev_term: Term(0),
        entries: Entries::default(),
        leader_commit: Index(0),
        round: Round(0),
    };
    let heartbeat = Message { from: leader, to: follower, term: Term(0), body: heartbeat };
    let seconds = timed(|| {
        for _ in 0..steps {
            let input = Input::Received(black_box(heartbeat.clone()));
            node.step(input, black_box(Rules::ALL_ON), observer, &mut effects);
            black_box(&mut effects).clear();
            after(observer);
        }
    });
    seconds * 1e9 / f64::from(steps)
}

/// Bytes of an event in the trace. What messages carry is shared with the log, and not counted.
fn bytes(workload: &str, every_us: u64) {
    let mut run = Run::new(&setup(every_us, 1)).expect("the setup makes a run");
    run.run_until(60_000_000);
    let of = |event: &Event| {
        size_of::<Event>() + event.guards.capacity() * size_of::<Guard>() + size_of_val(&event.sent[..])
    };
    let bytes: usize = run.events().iter().map(|event| of(event)).sum();
    let guards: usize = run.events().iter().map(|event| event.guards.len()).sum();
    let count = run.events().len();
    println!(
        "{workload}: {} bytes an event, of which {} itself and {:.1} guards.",
        bytes / count,
        size_of::<Event>(),
        guards as f64 / count as f64
    );
}

/// What a clone of a world costs, and of its checker, by the length of the servers' logs.
fn clones() {
    let lengths = [100, 1_000, 10_000];
    let runs = lengths.map(|length| {
        let mut world = World::new(&setup(20_000, 1));
        let mut checker = Checker::new(&world);
        while world.servers()[0].node.log().last_index() < Index(length) {
            world.step(&mut checker);
        }
        (world, checker)
    });
    clones_of("a world whose logs have", lengths, runs.each_ref().map(|(world, _)| world));
    clones_of("its checker", lengths, runs.each_ref().map(|(_, checker)| checker));
}

fn clones_of<T: Clone>(what: &str, lengths: [u64; 3], originals: [&T; 3]) {
    const CLONES: u32 = 10_000;
    let mut costs = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for (original, costs) in originals.iter().zip(&mut costs) {
            let seconds = timed(|| (0..CLONES).for_each(|_| drop(black_box(T::clone(original)))));
            costs.push(seconds * 1e9 / f64::from(CLONES));
        }
    }
    println!("\n| a clone of {what} | ns | × |\n|---|---:|---:|");
    for (length, theirs) in lengths.iter().zip(&costs) {
        let ratios: Vec<f64> = theirs.iter().zip(&costs[0]).map(|(theirs, first)| theirs / first).collect();
        println!("| {length} entries | {} | {} |", spread(theirs, 0), spread(&ratios, 2));
    }
}

/// How long it takes to go to another moment of a run of five busy servers.
fn seeks() {
    const SEEKS: u64 = 1000;
    println!(
        "\n| 10 requests a second | events | seek | p50 ms | p95 ms | most ms |\n|---|---:|---|---:|---:|---:|"
    );
    for minutes in [10, 60] {
        let mut timeline = Timeline::new(&setup(100_000, 1), Start::Empty).expect("the setup makes a run");
        timeline.run_until(minutes * 60_000_000);
        let events = timeline.events_known();
        let mut times = [const { Vec::new() }; 3];
        for n in 0..SEEKS {
            // Anywhere, back by one event, and a little way.
            let far = draw(Seed(1), Purpose::Latency, 0, 0, n) % events;
            let near = (far + draw(Seed(2), Purpose::Latency, 0, 0, n) % 1000).saturating_sub(500);
            for (times, to) in times.iter_mut().zip([far, far.saturating_sub(1), near.min(events)]) {
                let seconds = timed(|| while !timeline.seek(Target::Events(to), u64::MAX / 2) {});
                times.push(seconds * 1e3);
            }
        }
        for (name, mut times) in ["anywhere", "back by one event", "within 500 events"].iter().zip(times) {
            times.sort_by(f64::total_cmp);
            let [p50, p95, most] =
                [50, 95, 100].map(|part| times[(times.len() * part / 100).min(times.len() - 1)]);
            println!("| {minutes} minutes | {events} | {name} | {p50:.2} | {p95:.2} | {most:.2} |");
        }
    }
}

/// Distinct states that a search sees in a second: all of Figure 2 within small bounds, no run to find.
fn searches() {
    println!("| search, three servers | states | distinct states per second |\n|---|---:|---:|");
    let goal: Goal = "violated".parse().expect("it is a goal");
    for (name, grain) in [("gestures", Grain::Gesture), ("single messages", Grain::Message)] {
        for (names, symmetry) in [("every state", false), ("states up to names", true)] {
            let cores = threads();
            let within = |threads| Search {
                threads,
                symmetry,
                states_max: STATES,
                ..Search::new(3, grain, goal.clone())
            };
            let mut speeds = [const { Vec::new() }; 2];
            let mut states = 0;
            for _ in 0..3 {
                for (speeds, threads) in speeds.iter_mut().zip([1, cores]) {
                    let within = within(threads);
                    let seconds = timed(|| states = search(&within, |_| true).progress.states);
                    speeds.push(states as f64 / seconds);
                }
            }
            for (speeds, threads) in speeds.iter().zip([1, cores]) {
                println!("| {name}, {names}, {threads} threads | {states} | {} |", spread(speeds, 0));
            }
        }
    }
}

/// Seconds that this takes.
fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// The median with the least and the greatest.
fn spread(numbers: &[f64], digits: usize) -> String {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (median, least, greatest) = (sorted[sorted.len() / 2], sorted[0], sorted[sorted.len() - 1]);
    format!("{median:.digits$} ({least:.digits$} to {greatest:.digits$})")
}
