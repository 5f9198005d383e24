//! `wavetank search`: is there a run in which this holds, and which is the shortest?

use crate::input::{bytes, recording, told};
use crate::output::{CameOut, Fail, Progress, about, report, threads, write};
use clap::{Args, ValueEnum};
use std::fmt::Write as _;
use std::path::PathBuf;
use wavetank::check::goal::Goal;
use wavetank::explain::{Kind, Scene, list, sentence};
use wavetank::explore::{
    Bounds, Ended, Found, Gesture, Grain as Step, Model, Search, at_rest, fresh, replay, search,
};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::Setup;
use wavetank::timeline::{Run, Start};

#[derive(Args)]
pub struct Arguments {
    /// What to look for, such as 'leaders >= 2' or 'violated(ElectionSafety)'; docs/goals.md has the words
    #[arg(long, value_name = "EXPR")]
    goal: Goal,
    /// How many servers, 1 to 9, that have never run
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    servers: u8,
    /// Begin in this state instead: 'S1:L2 112 c1 / S2 11 / S3:x 1'
    #[arg(long, value_name = "STATE", conflicts_with_all = ["servers", "from"])]
    state: Option<String>,
    /// Begin where this recording ends instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["servers", "off"])]
    from: Option<PathBuf>,
    /// Switch this rule off (`wavetank rules` lists them); may be repeated
    #[arg(long, value_name = "RULE")]
    off: Vec<Rule>,
    /// How fine the steps are
    #[arg(long, value_enum, default_value = "gesture")]
    grain: Grain,
    /// The most steps in a run
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    max: u32,
    /// The highest term; without it 4, or two more than at the start
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=HIGHEST))]
    terms: Option<u64>,
    /// The longest log; without it 3, or two more than at the start
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=HIGHEST))]
    logs: Option<u64>,
    /// The most restarts in a run
    #[arg(long, value_name = "N", default_value_t = 2)]
    restarts: u8,
    /// The most messages held at once (gesture) or on their way at once (message); without it 1 or 8
    #[arg(long, value_name = "N")]
    messages: Option<u8>,
    /// Whether messages are lost (message grain; else they may stay on their way for ever)
    #[arg(long)]
    drops: bool,
    /// Stop when so much memory is taken
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = bytes)]
    memory: u64,
    /// On how many cores; without it, on all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Write the run found there, as a recording
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The highest term, and the longest log, that a search takes.
const HIGHEST: u64 = 1000;

#[derive(Clone, Copy, ValueEnum)]
enum Grain {
    /// One timeout, one request with its reply, one command, one crash and restart, one message held
    Gesture,
    /// Each message leaves in one step and arrives in another
    Message,
}

pub fn search_for(arguments: &Arguments) -> CameOut {
    let start = start(arguments)?;
    let within = within(arguments, &start)?;
    let mut progress = Progress::new();
    let found = search(&within, |at| {
        progress.show(|| {
            let mib = at.bytes >> 20;
            format!("{} steps deep, {} states, {} waiting, {mib} MiB", at.depth, at.states, at.frontier)
        });
        true
    });
    drop(progress);
    let Some(steps) = &found.run else {
        report(&not_found(&within, &found))?;
        return Ok(false);
    };
    let mut text = match steps.len() {
        0 => "It holds at the start.\n".into(),
        steps => format!("Found in {}, after {}.\n", count(steps as u64, "step"), looked_at(&found)),
    };
    let run = tell(start, &within, steps, &mut text)?;
    report(&text)?;
    if let Some(path) = &arguments.out {
        write(path, &run.recording().to_json())?;
    }
    Ok(true)
}

/// The run to begin with, at rest.
fn start(arguments: &Arguments) -> Result<Run, Fail> {
    let off = Rules::without(&arguments.off);
    match (&arguments.from, &arguments.state) {
        (Some(path), _) => {
            let run = Run::replay(&recording(path)?).map_err(|why| about(path, told(&why)))?;
            at_rest(&run).map_err(|why| about(path, why))
        }
        (None, Some(state)) => {
            let setup = Setup { rules_off: off, ..Setup::new(1, 1) };
            let run = Run::from_start(&setup, Start::State(state.clone()));
            let run = run.map_err(|why| Fail::Sentence(format!("--state: {}", told(&why))))?;
            at_rest(&run).map_err(|why| Fail::Sentence(why.into()))
        }
        (None, None) => fresh(arguments.servers, off).map_err(|why| Fail::Sentence(told(&why))),
    }
}

/// The search that was asked for.
fn within(arguments: &Arguments, start: &Run) -> Result<Search, Fail> {
    let grain = match arguments.grain {
        Grain::Gesture => Step::Gesture,
        Grain::Message => Step::Message,
    };
    let servers = start.world().servers();
    let leaders = start.checker().leaders().map(|(term, _)| term.0);
    let term = servers.iter().map(|server| server.node.term().0).chain(leaders).max().unwrap_or(0);
    let log = servers.iter().map(|server| server.node.log().last_index().0).max().unwrap_or(0);
    if term.max(log) > HIGHEST - 2 {
        return Err(Fail::Sentence(format!(
            "it begins with term {term} and logs of {log} entries; a search takes at most {}. Begin earlier.",
            HIGHEST - 2
        )));
    }
    // What was there at the start is within the bounds.
    let usual = Bounds::of(grain);
    let later = |at_start: u64, usual: u64| if at_start > 0 { usual.max(at_start + 2) } else { usual };
    let bounds = Bounds {
        term_max: arguments.terms.unwrap_or(later(term, usual.term_max)),
        log_max: arguments.logs.unwrap_or(later(log, usual.log_max)),
        restarts_max: arguments.restarts,
        messages_max: arguments.messages.unwrap_or(usual.messages_max),
        drops: arguments.drops,
        ..usual
    };
    let count = servers.len() as u8;
    let fits = arguments.goal.fits(count).and_then(|()| arguments.goal.fits_search());
    fits.map_err(|why| Fail::Sentence(format!("--goal: {why}.")))?;
    Ok(Search {
        from: Model::of(start.world(), start.checker()),
        rules: start.world().rules(),
        bounds,
        steps_max: arguments.max,
        bytes_max: arguments.memory,
        threads: threads(arguments.threads),
        ..Search::new(count, grain, arguments.goal.clone())
    })
}

/// Does the run again in the timed world, and says what happens in each step.
fn tell(start: Run, within: &Search, steps: &[Gesture], text: &mut String) -> Result<Run, Fail> {
    let mut told = start.world().events();
    let mut number = 0;
    let again = replay(start, within.grain, steps, |run| {
        let _ = writeln!(text, "{:>3}. {}.", number + 1, steps[number]);
        number += 1;
        let scene = Scene::of(run);
        for event in run.events().iter().filter(|event| event.id.0 >= told) {
            let said = sentence(event, scene);
            if !matches!(said.kind, Kind::Network | Kind::Action | Kind::Disk) {
                let _ = writeln!(text, "     {said}");
            }
        }
        told = run.world().events();
    });
    let run = again.map_err(|why| {
        Fail::Sentence(format!(
            "the run that was found can't be done again ({why}): a mistake of wavetank's."
        ))
    })?;
    for violation in run.violations() {
        let _ = writeln!(text, "{} has fallen: {}", violation.property, violation.sentence);
    }
    Ok(run)
}

fn not_found(within: &Search, found: &Found) -> String {
    let steps = count(u64::from(found.progress.depth), "step");
    let looked = looked_at(found);
    match found.ended {
        Ended::Exhausted => {
            format!("Not found: it is nowhere within these bounds ({}); {looked}.\n", bounds(within))
        }
        Ended::Steps => format!("Not found within {steps} ({}); {looked}.\n", bounds(within)),
        _ => format!(
            "Not found within {steps}, and there the memory was full ({} MiB; give more with --memory, or \
             narrower bounds): {looked}.\n",
            found.progress.bytes >> 20
        ),
    }
}

fn bounds(within: &Search) -> String {
    let Bounds { term_max, log_max, restarts_max, messages_max, .. } = within.bounds;
    let mut bounds = vec![
        format!("terms to {term_max}"),
        format!("logs to {log_max}"),
        count(u64::from(restarts_max), "restart"),
        match within.grain {
            Step::Gesture => format!("{} held", count(u64::from(messages_max), "message")),
            Step::Message => format!("{} on the way", count(u64::from(messages_max), "message")),
        },
    ];
    if within.rules.off().count() > 0 {
        bounds.push(format!("off: {}", list(within.rules.off())));
    }
    bounds.join(", ")
}

fn looked_at(found: &Found) -> String {
    format!("{} states and {} steps between them", found.progress.states, found.progress.steps)
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
