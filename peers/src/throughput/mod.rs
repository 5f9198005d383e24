//! Committed commands a second, in memory: no network, no disk, nobody else.
//!
//! Both sides run in the same loop (`cluster.rs`), commit by real answers of real followers, and apply
//! every command on every server. raft-rs runs with several settings; the line to beat is the quickest
//! of them, row by row.

mod cluster;
mod ours;
mod storage;
mod theirs;

use crate::spread::spread;
use cluster::{COMMAND, Clients, Intake, Taken, Workload, measure};
use raft::storage::MemStorage;
use std::time::Duration;
use storage::Lean;
use theirs::Settings;

/// Rounds, unless told otherwise.
pub const ROUNDS: u64 = 9;
/// Slices of a round; in each of them everybody runs once. They are short, so that what else the machine
/// does disturbs everybody alike.
const SLICES: u32 = 5;
/// The least time that everybody runs in each slice.
const SLICE: Duration = Duration::from_millis(10);

const WORKLOADS: [Workload; 4] = [
    Workload { name: "one at a time", clients: Clients::Window(1), intake: Intake::Each },
    Workload { name: "64 in flight", clients: Clients::Window(64), intake: Intake::Each },
    Workload { name: "64 in flight, inboxes drained", clients: Clients::Window(64), intake: Intake::Drained },
    Workload { name: "batches of 100", clients: Clients::Batch(100), intake: Intake::Each },
];

/// A way to run raft-rs.
struct Rival {
    name: &'static str,
    settings: Settings,
    own_storage: bool,
}

const PLAIN: Settings = Settings { tell_commits: false, batch_append: false, together: true };

const RIVALS: [Rival; 5] = [
    Rival { name: "MemStorage", settings: PLAIN, own_storage: false },
    Rival { name: "own storage", settings: PLAIN, own_storage: true },
    Rival {
        name: "own storage, commits told at once",
        settings: Settings { tell_commits: true, ..PLAIN },
        own_storage: true,
    },
    Rival {
        name: "own storage, each command proposed by itself",
        settings: Settings { together: false, ..PLAIN },
        own_storage: true,
    },
    Rival {
        name: "own storage, each by itself, batch_append",
        settings: Settings { together: false, batch_append: true, ..PLAIN },
        own_storage: true,
    },
];

/// Compares, and prints a table.
pub fn run(rounds: u64) {
    println!(
        "Committed commands of {COMMAND} bytes per second, in thousands; {} rounds of at least {} ms each.\n",
        rounds.max(1),
        (SLICES * SLICE).as_millis()
    );
    println!(
        "| servers | workload | wavetank | raft-rs, quickest | ours/theirs, median (least to greatest) | its settings |"
    );
    println!("|---:|---|---:|---:|---|---|");
    let mut others = Vec::new();
    for servers in [3, 5] {
        for workload in WORKLOADS {
            others.push(compare(servers, workload, rounds.max(1)));
        }
    }
    println!("\nraft-rs with each of its settings, medians:\n");
    others.iter().for_each(|line| println!("{line}"));
}

/// One row: everybody in turns. Prints it, and returns a line about all of the rivals.
fn compare(servers: u8, workload: Workload, rounds: u64) -> String {
    let mut ours = Vec::new();
    let mut theirs = [const { Vec::new() }; RIVALS.len()];
    // The first round only warms up.
    for round in 0..=rounds {
        let (mine, rivals) = run_all(servers, workload);
        if round > 0 {
            ours.push(mine.speed());
            theirs.iter_mut().zip(rivals).for_each(|(all, taken)| all.push(taken.speed()));
        }
    }
    let medians = theirs.each_ref().map(|speeds| spread(speeds).0);
    let best = (0..RIVALS.len()).max_by(|&a, &b| medians[a].total_cmp(&medians[b])).unwrap_or(0);
    let ratios: Vec<f64> = ours.iter().zip(&theirs[best]).map(|(ours, theirs)| ours / theirs).collect();
    let (median, least, greatest) = spread(&ratios);
    println!(
        "| {servers} | {} | {:.0} | {:.0} | **{median:.2}** ({least:.2} to {greatest:.2}) | {} |",
        workload.name,
        spread(&ours).0 / 1000.0,
        medians[best] / 1000.0,
        RIVALS[best].name
    );
    let list =
        RIVALS.iter().zip(medians).map(|(rival, speed)| format!("{} {:.0}", rival.name, speed / 1000.0));
    format!("- {servers} servers, {}: {}", workload.name, list.collect::<Vec<_>>().join("; "))
}

/// A round.
fn run_all(servers: u8, workload: Workload) -> (Taken, [Taken; RIVALS.len()]) {
    let (mut mine, mut rivals) = (Taken::default(), [Taken::default(); RIVALS.len()]);
    for _ in 0..SLICES {
        mine.add(run_ours(servers, workload, SLICE));
        for (taken, rival) in rivals.iter_mut().zip(&RIVALS) {
            taken.add(run_theirs(servers, workload, rival));
        }
    }
    (mine, rivals)
}

fn run_ours(servers: u8, workload: Workload, at_least: Duration) -> Taken {
    measure(servers, workload, at_least, |id| ours::server(id, servers))
}

fn run_theirs(servers: u8, workload: Workload, rival: &Rival) -> Taken {
    let settings = rival.settings;
    if rival.own_storage {
        measure(servers, workload, SLICE, |id| theirs::server::<Lean>(id, servers, settings))
    } else {
        measure(servers, workload, SLICE, |id| theirs::server::<MemStorage>(id, servers, settings))
    }
}

/// Our side alone, for so long each workload whose name begins like this.
pub fn profile(seconds: u64, name: &str) {
    for workload in WORKLOADS.into_iter().filter(|workload| workload.name.starts_with(name)) {
        let speed = run_ours(3, workload, Duration::from_secs(seconds)).speed();
        println!("{}: {:.0} thousand commands a second", workload.name, speed / 1000.0);
    }
}
