//! Wavetank beside an event loop around raft-rs: simulated seconds per second, measured in turns.
//!
//! raft-rs counts time in ticks. 50 ms is the longest that can express a heartbeat of 50 ms, so the least
//! work, and leaves election timeouts of 100 or 150 ms; 10 ms leaves ten choices from 100 to 190. With
//! requests, raft-rs's leader tells its followers at once that it has committed, unless it is told to wait
//! for the next message, as Figure 2 has it and we do. The line to beat is the quickest of theirs.
//!
//! What is not the same is to their advantage: their requests are put to the leader without travelling
//! and their entries are counted, while ours come from a client by message, are applied to a store on
//! every server, and are answered; and every write of ours is an event, though it takes no time here.

mod rival;

use crate::spread::spread;
use rival::{Rival, Settings};
use std::time::Instant;
use wavetank::raft::{TimerRange, Unobserved};
use wavetank::sim::{Options, Setup, World};

/// Rounds; in each of them everybody runs once.
const ROUNDS: u64 = 11;
/// Simulated seconds of each run.
const SECONDS: u64 = 3000;

/// Compares, and prints a table.
pub fn run() {
    println!("Simulated seconds per second; {ROUNDS} rounds of {SECONDS} simulated seconds each.");
    println!(
        "Five servers, election timeout 100–200 ms, heartbeat 50 ms, latency 10–15 ms, writes take no time.\n"
    );
    println!("| workload | who | median | least | greatest | events a second | ours is faster by |");
    println!("|---|---|---:|---:|---:|---:|---|");
    compare("heartbeats", 0);
    compare("10 requests a second", 100_000);
}

/// Runs everybody in turns, and prints a line for each.
fn compare(workload: &str, request_every_us: u64) {
    let rival = |tick_us, tell_commits| Settings { tick_us, request_every_us, tell_commits };
    let rivals = [
        ("raft-rs, tick 50 ms", rival(50_000, true)),
        ("raft-rs, tick 10 ms", rival(10_000, true)),
        ("raft-rs, tick 50 ms, commits told with the next message", rival(50_000, false)),
    ];
    let mut ours = Vec::new();
    let mut theirs = [const { Vec::new() }; 3];
    let mut events = [0; 4];
    for seed in 0..ROUNDS {
        let (speed, count) = run_ours(request_every_us, seed);
        ours.push(speed);
        events[0] = count;
        for (slot, (_, settings)) in rivals.iter().enumerate() {
            let (speed, count) = run_theirs(*settings, seed);
            theirs[slot].push(speed);
            events[slot + 1] = count;
        }
    }
    print(workload, "wavetank, no trace", &ours, events[0], None);
    for (slot, (name, _)) in rivals.iter().enumerate() {
        let ratios = ours.iter().zip(&theirs[slot]).map(|(ours, theirs)| ours / theirs).collect();
        print(workload, name, &theirs[slot], events[slot + 1], Some(ratios));
    }
}

fn run_ours(workload_every_us: u64, seed: u64) -> (f64, u64) {
    let fsync = TimerRange { min_us: 0, max_us: 0 };
    let options = Options { fsync, workload_every_us, ..Options::raftscope() };
    let mut world = World::new(&Setup { options, ..Setup::new(5, seed) });
    let speed = timed(|| world.run_until(SECONDS * 1_000_000, &mut Unobserved));
    assert_eq!(world.servers().iter().filter(|server| server.node.is_leader()).count(), 1);
    let commits = world.servers().iter().map(|server| server.node.commit().0).min().unwrap_or(0);
    assert!(workload_every_us == 0 || commits > SECONDS * 9, "{commits} commits");
    (speed, world.events() / SECONDS)
}

fn run_theirs(settings: Settings, seed: u64) -> (f64, u64) {
    let mut rival = Rival::new(settings, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let speed = timed(|| rival.run_until(SECONDS * 1_000_000));
    assert_eq!(rival.leaders(), 1);
    assert!(rival.term() < 30, "elections without need: term {}", rival.term());
    let commits = rival.committed / 5;
    assert!(settings.request_every_us == 0 || commits > SECONDS * 9, "{commits} commits");
    (speed, rival.events / SECONDS)
}

/// Simulated seconds per second.
fn timed(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    SECONDS as f64 / start.elapsed().as_secs_f64()
}

fn print(workload: &str, who: &str, speeds: &[f64], events: u64, ratios: Option<Vec<f64>>) {
    let (median, least, greatest) = spread(speeds);
    let ratios = ratios.map_or(String::new(), |ratios| {
        let (median, least, greatest) = spread(&ratios);
        format!("{median:.2}× ({least:.2} to {greatest:.2})")
    });
    println!("| {workload} | {who} | {median:.0} | {least:.0} | {greatest:.0} | {events} | {ratios} |");
}
