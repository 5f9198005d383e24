//! `wavetank search`: is there a run in which this holds, and which is the shortest?

use crate::input::{recording, told};
use crate::limits::{HIGHEST, Limits, bounds, count, end, flags, look, looked_at, size};
use crate::output::{CameOut, End, Fail, about, deliver, report};
use crate::states::warn;
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;
use wavetank::check::goal::Goal;
use wavetank::explain::{Kind, Scene, sentence};
use wavetank::explore::{Bounds, Ended, Found, Gesture, Grain, Model, Search, arrive, at_rest, fresh};
use wavetank::sim::Setup;
use wavetank::sim::notation::Shorthand;
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
    #[command(flatten)]
    limits: Limits,
    /// Write the run found there, as a recording
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn search_for(arguments: &Arguments) -> CameOut {
    let start = start(arguments)?;
    let within = within(arguments, &start)?;
    let found = look(&within);
    let Some(steps) = &found.run else {
        report(&not_found(&within, &found))?;
        return Ok(end(found.ended));
    };
    let mut text = match steps.len() {
        0 => "It holds at the start.\n".into(),
        steps => format!("Found in {}, after {}.\n", count(steps as u64, "step"), looked_at(&found)),
    };
    let run = tell(start, &[], within.grain, steps, &mut text)?;
    deliver(&text, Some(&run.recording()), arguments.out.as_deref())?;
    Ok(End::Held)
}

/// The run to begin with, at rest.
fn start(arguments: &Arguments) -> Result<Run, Fail> {
    let off = arguments.limits.rules();
    match (&arguments.from, &arguments.state) {
        (Some(path), _) => {
            let run = Run::replay(&recording(path)?).map_err(|why| about(path, told(&why)))?;
            warn(&path.display().to_string(), run.start());
            at_rest(&run).map_err(|why| about(path, why))
        }
        (None, Some(state)) => {
            let setup = Setup { rules_off: off, ..Setup::new(1, 1) };
            let run = Run::from_start(&setup, Start::State(state.clone()));
            let run = run.map_err(|why| Fail::Sentence(format!("--state: {}", told(&why))))?;
            warn("--state", run.start());
            at_rest(&run).map_err(|why| Fail::Sentence(why.into()))
        }
        (None, None) => fresh(arguments.servers, off).map_err(|why| Fail::Sentence(told(&why))),
    }
}

/// The search that was asked for.
fn within(arguments: &Arguments, start: &Run) -> Result<Search, Fail> {
    let grain = arguments.limits.grain();
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
    let bounds =
        Bounds { term_max: later(term, usual.term_max), log_max: later(log, usual.log_max), ..usual };
    let count = servers.len() as u8;
    let fits = arguments.goal.fits(count).and_then(|()| arguments.goal.fits_search());
    fits.map_err(|why| Fail::Sentence(format!("--goal: {why}.")))?;
    Ok(arguments.limits.apply(Search {
        from: Model::of(start.world(), start.checker()),
        rules: start.world().rules(),
        bounds,
        ..Search::new(count, grain, arguments.goal.clone())
    }))
}

/// Does the run again in the timed world, and says what happens in each step. Servers that are down in
/// `states` crash at its end.
pub fn tell(
    start: Run,
    states: &[Shorthand],
    grain: Grain,
    steps: &[Gesture],
    text: &mut String,
) -> Result<Run, Fail> {
    let mut told = start.world().events();
    let mut number = 0;
    let again = arrive(start, states, grain, steps, |run, step| {
        number += 1;
        let _ = writeln!(text, "{number:>3}. {step}.");
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
    let (looked, bounds) = (looked_at(found), bounds(within));
    match found.ended {
        Ended::Exhausted => match flags(within, found) {
            Some(looser) => format!(
                "Not found: it is nowhere within these bounds ({bounds}); {looked}.\nThe bounds kept steps back: \
                 to look beyond them, give {looser}.\n"
            ),
            None => format!("Not found: it is nowhere, and no bound kept a step back; {looked}.\n"),
        },
        Ended::Steps => format!(
            "Not found within {steps} ({bounds}); {looked}.\nA longer run may lead there: give more with --max.\n"
        ),
        Ended::Cancelled => format!("Stopped by Ctrl-C. Not found within {steps} ({bounds}); {looked}.\n"),
        _ => {
            let memory = size(within.bytes_max);
            let tighter = flags(within, found).map_or(String::new(), |tighter| {
                format!("Tighter bounds leave fewer states, and a search goes deeper: try {tighter}.\n")
            });
            format!(
                "Not found within {steps} ({bounds}), and there the memory was full ({memory}; give more with \
                 --memory): {looked}.\n{tighter}"
            )
        }
    }
}
