//! `wavetank together`: which rules need each other? Makes `docs/together.md`.

use crate::interrupt::heeded;
use crate::limits::count;
use crate::output::{CameOut, End, Fail, Progress, about, complain, threads, write};
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wavetank::explore::together::{Fact, Row, SERVERS, extents, look, rows, run_of, sets, worth};
use wavetank::explore::{Grain, Search, fresh, replay};
use wavetank::learn::together::document;
use wavetank::raft::Rules;

#[derive(Args)]
pub struct Arguments {
    /// The facts, a line of JSON each: those that are missing are added, which takes hours from nothing
    #[arg(value_name = "FACTS")]
    facts: PathBuf,
    /// Write the table there, as Markdown
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a recording of each row into this folder
    #[arg(long, value_name = "DIR")]
    recordings: Option<PathBuf>,
    /// Look at no more than so many sets of rules that are missing
    #[arg(long, value_name = "N", default_value_t = usize::MAX)]
    sets: usize,
    /// Stop a search when so much memory is taken
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = crate::input::bytes)]
    memory: u64,
    /// On how many cores; without it, on all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

pub fn together(arguments: &Arguments) -> CameOut {
    let goal = "violated"
        .parse()
        .map_err(|why: wavetank::check::goal::GoalError| Fail::Sentence(why.to_string()))?;
    let search = Search {
        threads: threads(arguments.threads),
        bytes_max: arguments.memory,
        stop: heeded(),
        ..Search::new(SERVERS, Grain::Gesture, goal)
    };
    let mut facts = read(&arguments.facts)?;
    let end = gather(arguments, &search, &mut facts)?;
    let rows = rows(&facts);
    if let Some(folder) = &arguments.recordings {
        for row in &rows {
            record(folder, row, &facts, &search)?;
        }
    }
    if let Some(path) = &arguments.out {
        write(path, &document(&facts))?;
    }
    Ok(end)
}

fn read(path: &Path) -> Result<Vec<Fact>, Fail> {
    let text = match std::fs::read_to_string(path) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(|why| about(path, format!("it can't be read ({why}).")))?,
    };
    let fact = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|why| about(path, format!("line {}: {why}.", number + 1)))
    };
    text.lines().enumerate().map(fact).collect()
}

/// Looks at what is missing. Every fact is kept as soon as it is known, so the work can be ended at any time.
fn gather(arguments: &Arguments, search: &Search, facts: &mut Vec<Fact>) -> CameOut {
    let known: BTreeSet<_> = facts.iter().map(|fact| (fact.off.clone(), fact.within)).collect();
    let mut looked = 0;
    // Which pairs come first depends on what each rule does alone.
    for alone in [true, false] {
        for set in sets(facts).into_iter().filter(|set| (set.len() == 1) == alone) {
            if extents(facts, &set).into_iter().all(|within| known.contains(&(set.clone(), within))) {
                continue;
            }
            if looked == arguments.sets {
                return Ok(End::Bound);
            }
            let Some((wanted, steps)) = worth(facts, &set) else { continue };
            looked += 1;
            for within in extents(facts, &set) {
                if known.contains(&(set.clone(), within)) {
                    continue;
                }
                let mut progress = Progress::new();
                let names = set.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let fact = look(&set, within, (&wanted, steps), search, |at| {
                    progress.show(|| format!("{names}: {}", count(at.states, "state")));
                    true
                });
                let Some(fact) = fact else { return Ok(End::Interrupted) };
                facts.push(fact);
                let line = |fact: &Fact| {
                    serde_json::to_string(fact).map_or_else(|_| String::new(), |line| line + "\n")
                };
                write(&arguments.facts, &facts.iter().map(line).collect::<String>())?;
            }
        }
    }
    Ok(End::Held)
}

/// Does a row's run in the timed world, and writes the recording.
fn record(folder: &Path, row: &Row, facts: &[Fact], search: &Search) -> Result<(), Fail> {
    let name = row.name();
    let mistake = |what: &str| Fail::Sentence(format!("{name}: {what}: a mistake of wavetank's."));
    let gestures = run_of(row, facts, search).ok_or_else(|| mistake("its run is not found again"))?;
    let start = fresh(SERVERS, Rules::without(&row.off)).map_err(|why| mistake(&why.to_string()))?;
    let run = replay(start, Grain::Gesture, &gestures, |_| {}).map_err(|why| mistake(&why.to_string()))?;
    if !run.violations().iter().any(|violation| violation.property == row.property) {
        return Err(mistake("the timed world violates nothing"));
    }
    let path = folder.join(format!("{name}.json"));
    std::fs::create_dir_all(folder).map_err(|why| about(folder, why))?;
    write(&path, &run.recording().to_json())?;
    complain(&format!("{}: {} in {}", path.display(), row.property, count(row.gestures.into(), "gesture")));
    Ok(())
}
