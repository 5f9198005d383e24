//! `wavetank fuzz`: random trouble, a run for each seed, until a promise falls.
//!
//! A seed names its storm within one version only: what befalls the cluster is planned by `sim::chaos`, which
//! may plan differently in the next. So the version is printed beside each seed; a recording stays.

use crate::input::{length, seeds, shard};
use crate::interrupt;
use crate::output::{CameOut, End, Fail, Progress, is_standard, save, say_beside, threads};
use crate::run::{broken, witness};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use wavetank::check::{Property, Violation};
use wavetank::explain::list;
use wavetank::explore::{Counts, ENDING_US, Hunt, Plan as Trouble, Report, hunt};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::Options;
use wavetank::timeline::{RUN_US_MAX, SEMANTICS};

#[derive(Args)]
#[command(after_help = AFTER)]
pub struct Arguments {
    /// The seeds, one for each run: 0..1000 is a thousand, 7..8 is one
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Range<u64>,
    /// Only this part of the seeds: 2/8 is the second of eight, so that eight machines share them
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(u64, u64)>,
    /// What befalls the cluster
    #[arg(long, value_enum, default_value = "figure2")]
    plan: Plan,
    /// How long the trouble lasts in each run, in simulated time
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = length)]
    length: u64,
    /// How the trouble ends. The run goes on for 20 simulated seconds then, in which there has to be a leader
    #[arg(long, value_enum, default_value = "drawn")]
    ending: Ending,
    /// How many servers, 1 to 9; without it, as many as the seed draws
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
    servers: Option<u8>,
    /// Switch this rule off (`wavetank rules` lists them); may be repeated
    #[arg(long, value_name = "RULE")]
    off: Vec<Rule>,
    /// Restrict the runs to Figure 2 of the paper, with one entry in an AppendEntries
    #[arg(long)]
    paper: bool,
    /// Go on when a promise has fallen, and count
    #[arg(long)]
    all: bool,
    /// On how many cores; without it, on all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
    /// Write the recording of the first run in which a promise fell there: it keeps the run for good
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the recording of the first run in which everything held there
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
}

const AFTER: &str = "\
A seed names its storm within one version of wavetank only: the next one may draw another storm from it. So the
version stands beside the seed in what is printed. --out keeps the run itself, for good.";

/// The version within which a seed names its storm.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Clone, Copy, ValueEnum)]
enum Plan {
    /// Crashes, partitions, lost and doubled messages: what Figure 2 has to survive
    Figure2,
    /// That, over all of Raft: changes, transfers, snapshots, reads, torn writes, clocks that drift
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum Ending {
    /// For everyone or for a majority, as the seed draws
    Drawn,
    /// For everyone: all links, servers and disks are well again
    Healed,
    /// For a random majority; all other faults stay
    Majority,
    /// Not at all: the run is over with its trouble
    Never,
}

impl Ending {
    fn of_storms(self) -> wavetank::explore::Ending {
        match self {
            Ending::Drawn => wavetank::explore::Ending::Drawn,
            Ending::Healed => wavetank::explore::Ending::Healed,
            Ending::Majority => wavetank::explore::Ending::Majority,
            Ending::Never => wavetank::explore::Ending::Never,
        }
    }
}

pub fn fuzz(arguments: &Arguments) -> CameOut {
    if arguments.out.is_some() && arguments.out == arguments.keep {
        return Err(Fail::Sentence("--out and --keep name the same file: give two.".into()));
    }
    // A longer run could not be done again from its recording.
    let ending_us = if let Ending::Never = arguments.ending { 0 } else { ENDING_US };
    if arguments.length + ending_us > RUN_US_MAX {
        return Err(Fail::Sentence(format!(
            "--length: a run goes on for {} s after its trouble, and takes at most {} s in all: give {}s or less, or \
             --ending never.",
            ending_us / 1_000_000,
            RUN_US_MAX / 1_000_000,
            (RUN_US_MAX - ending_us) / 1_000_000
        )));
    }
    let hunted = Hunt {
        plan: match arguments.plan {
            Plan::Figure2 => Trouble::Figure2,
            Plan::All => Trouble::All,
        },
        servers: arguments.servers.unwrap_or(0),
        until_us: arguments.length,
        ending: arguments.ending.of_storms(),
        off: Rules::without(&arguments.off),
        all: arguments.all,
        stop: interrupt::heeded(),
        ..Hunt::new(part(&arguments.seeds, arguments.shard))
    };
    let restrict = |options: &mut Options| {
        if arguments.paper {
            *options = options.clone().restricted_to_paper();
        }
    };
    let came = hunt(&hunted, threads(arguments.threads), restrict, watch(&hunted));
    let words =
        if arguments.json { json(&hunted, arguments, &came) } else { told(&hunted, arguments, &came) };
    // Where one of them goes to standard output, the words do not.
    let beside = [&arguments.out, &arguments.keep].into_iter().flatten().find(|path| is_standard(path));
    say_beside(&words, beside.map(PathBuf::as_path))?;
    for (run, path) in [(&came.first, &arguments.out), (&came.held, &arguments.keep)] {
        if let (Some(run), Some(path)) = (run, path) {
            save(&run.recording, path)?;
        }
    }
    Ok(match came {
        Report { cancelled: true, .. } => End::Interrupted,
        Report { hits: 0, .. } => End::Held,
        _ => End::Not,
    })
}

/// The seeds of a shard: parts of the same length, but for the remainder.
fn part(seeds: &Range<u64>, shard: Option<(u64, u64)>) -> Range<u64> {
    let Some((which, of)) = shard else { return seeds.clone() };
    let length = u128::from(seeds.end - seeds.start);
    let end = |part: u64| seeds.start + (length * u128::from(part) / u128::from(of)) as u64;
    end(which - 1)..end(which)
}

/// Shows how far it is.
fn watch(hunted: &Hunt) -> impl FnMut(&Report) -> bool + Send + use<> {
    let of = hunted.seeds.end - hunted.seeds.start;
    let mut progress = Progress::new();
    move |report| {
        progress.show(|| {
            let minutes = report.simulated_us / 60_000_000;
            format!("{} of {of} runs, {minutes} simulated minutes, {} finds", report.runs, report.hits)
        });
        true
    }
}

/// The command that does one seed again.
fn again(arguments: &Arguments, seed: u64) -> String {
    let mut text = format!("wavetank fuzz --seeds {seed}..{}", seed.saturating_add(1));
    if let Plan::All = arguments.plan {
        text.push_str(" --plan all");
    }
    let length = arguments.length;
    let _ = match (length % 1_000_000, length % 1000) {
        (0, _) => write!(text, " --length {}s", length / 1_000_000),
        (_, 0) => write!(text, " --length {}ms", length / 1000),
        _ => write!(text, " --length {length}us"),
    };
    if let Some(ending) = arguments.ending.to_possible_value().filter(|ending| ending.get_name() != "drawn") {
        let _ = write!(text, " --ending {}", ending.get_name());
    }
    if let Some(servers) = arguments.servers {
        let _ = write!(text, " --servers {servers}");
    }
    for rule in &arguments.off {
        let _ = write!(text, " --off {rule}");
    }
    if arguments.paper {
        text.push_str(" --paper");
    }
    text
}

/// What came of it, for people.
fn told(hunted: &Hunt, arguments: &Arguments, came: &Report) -> String {
    let seeds = &hunted.seeds;
    let mut text = format!(
        "Seeds {}..{} of wavetank {VERSION} (semantics {SEMANTICS}): {} runs, {} simulated minutes.\n",
        seeds.start,
        seeds.end,
        came.runs,
        came.simulated_us / 60_000_000
    );
    if came.cancelled {
        let _ = writeln!(
            text,
            "Stopped by Ctrl-C: the other {} seeds had no run.",
            seeds.end - seeds.start - came.runs
        );
    }
    for (what, times) in came.counts.iter().filter(|(_, times)| *times > 0) {
        let _ = writeln!(text, "{times:>12} {what}");
    }
    if let Some(run) = &came.held
        && arguments.keep.is_some()
    {
        let _ = writeln!(text, "Everything held in the run of seed {}, which is kept.", run.seed);
    } else if arguments.keep.is_some() {
        text.push_str("There was no run in which everything held: none is kept.\n");
    }
    let Some(hit) = &came.first else {
        text.push_str(if came.runs > 0 { "Every promise held.\n" } else { "" });
        return text;
    };
    if arguments.all {
        let first = came.violations.iter().map(|(property, runs)| format!("{property} in {runs}"));
        let _ = writeln!(text, "A promise fell in {} runs; first {}.", came.hits, list(first));
    }
    let _ = writeln!(text, "Seed {} (wavetank {VERSION}):", hit.seed);
    for (violation, events) in witness(&hit.recording) {
        text.push_str(&broken(&violation, &events));
    }
    let _ = writeln!(text, "Again: {}", again(arguments, hit.seed));
    text.push_str(
        "Another version may draw another storm from this seed: --out FILE keeps the run for good.\n",
    );
    text
}

/// What came of it, for programs: one line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    format: &'static str,
    version: u32,
    /// Within which version of wavetank the seeds name these storms.
    wavetank: &'static str,
    semantics: u32,
    seeds: [String; 2],
    plan: Trouble,
    length_us: u64,
    ending: wavetank::explore::Ending,
    servers: Option<u8>,
    off: Rules,
    paper: bool,
    runs: u64,
    simulated_us: u64,
    counts: &'a Counts,
    hits: u64,
    /// Whether Ctrl-C ended it before all seeds had their runs.
    interrupted: bool,
    violations: &'a BTreeMap<Property, u64>,
    /// The first seed in whose run everything held.
    held: Option<String>,
    first: Option<First<'a>>,
}

#[derive(Serialize)]
struct First<'a> {
    seed: String,
    violation: Option<&'a Violation>,
    again: String,
}

fn json(hunted: &Hunt, arguments: &Arguments, came: &Report) -> String {
    let line = Line {
        format: "wavetank-fuzz",
        version: 1,
        wavetank: VERSION,
        semantics: SEMANTICS,
        seeds: [hunted.seeds.start, hunted.seeds.end].map(|seed| seed.to_string()),
        plan: hunted.plan,
        length_us: hunted.until_us,
        ending: hunted.ending,
        servers: arguments.servers,
        off: hunted.off,
        paper: arguments.paper,
        runs: came.runs,
        simulated_us: came.simulated_us,
        counts: &came.counts,
        hits: came.hits,
        interrupted: came.cancelled,
        violations: &came.violations,
        held: came.held.as_ref().map(|run| run.seed.to_string()),
        first: came.first.as_ref().map(|hit| First {
            seed: hit.seed.to_string(),
            violation: hit.violation.as_ref(),
            again: again(arguments, hit.seed),
        }),
    };
    serde_json::to_string(&line).map_or_else(|why| why.to_string(), |line| line + "\n")
}
