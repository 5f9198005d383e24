//! Wavetank beside tikv's raft crate and others, in one process. See `USAGE`.

mod differential;
mod histories;
mod search;
mod second;
mod simulation;
mod spread;
mod throughput;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo run --release --manifest-path peers/Cargo.toml -- [mode]
  simulation             simulated seconds per second
  throughput [rounds]    committed commands per second, without network and disk
  search [rounds]        distinct states per second, beside stateright
  profile [seconds] [workload]
                         our side of `throughput` alone, for a profiler
  differential [seeds]   the same schedules on both cores, compared after each round
  figure2 [steps]        our search and a second program's: fewest gestures, each rule and each pair off
  histories [number]     our verdicts on histories and porcupine's, random ones and of runs
  large-histories [number]
                         the same for up to 200 operations on one key, where porcupine may take 60 s
Without a mode: simulation, throughput, search.";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next();
    let number = arguments.next().map(|text| text.parse::<u64>());
    match (mode.as_deref(), number.transpose()) {
        (None, _) => {
            simulation::run();
            println!();
            throughput::run(throughput::ROUNDS);
            println!();
            search::run(search::ROUNDS);
        }
        (Some("simulation"), Ok(None)) => simulation::run(),
        (Some("throughput"), Ok(rounds)) => throughput::run(rounds.unwrap_or(throughput::ROUNDS)),
        (Some("search"), Ok(rounds)) => search::run(rounds.unwrap_or(search::ROUNDS)),
        (Some("differential"), Ok(seeds)) => {
            if !differential::run(seeds.unwrap_or(differential::SEEDS)) {
                return ExitCode::FAILURE;
            }
        }
        (Some("figure2"), Ok(steps)) => {
            let steps = steps.map_or(second::STEPS[1], |steps| u32::try_from(steps).unwrap_or(u32::MAX));
            if !second::run(steps) {
                return ExitCode::FAILURE;
            }
        }
        (Some("histories"), Ok(number)) => {
            if !histories::run(number.unwrap_or(histories::HISTORIES)) {
                return ExitCode::FAILURE;
            }
        }
        (Some("large-histories"), Ok(number)) => {
            if !histories::run_large(number.unwrap_or(histories::HISTORIES)) {
                return ExitCode::FAILURE;
            }
        }
        (Some("profile"), Ok(seconds)) => {
            throughput::profile(seconds.unwrap_or(2), &arguments.next().unwrap_or_default());
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
