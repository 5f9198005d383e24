//! `wavetank reach`: is there a run that leads to this state?

use crate::limits::{HIGHEST, Limits, bounds, count, end, flags, look, looked_at, name, size};
use crate::output::{CameOut, End, Fail, complain, deliver};
use crate::search::tell;
use crate::states::{against, read, unreachable};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use wavetank::explore::{Ended, Found, Gesture, Grain, Search, crashed, extent, fresh, search_for, way};
use wavetank::raft::Rules;
use wavetank::sim::notation::Shorthand;
use wavetank::timeline::Recording;

#[derive(Args)]
pub struct Arguments {
    /// The state: 'S1:L2 112 c1 / S2:F2 11 / S3:x1 1'; a server without a term has that of its last entry
    #[arg(value_name = "STATE")]
    state: String,
    /// Search for a shortest run; else one is put together, where that is possible, whatever the bounds are
    #[arg(long)]
    shortest: bool,
    #[command(flatten)]
    limits: Limits,
    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
    /// Write the run found there, as a recording
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn reach(arguments: &Arguments) -> CameOut {
    let wrong = |why: String| Fail::Sentence(format!("the state: {why}."));
    let states = read(&arguments.state).map_err(wrong)?;
    let rules = arguments.limits.rules();
    let objections = against(&states);
    if !objections.is_empty() && rules == Rules::ALL_ON {
        let words = format!("No: {}\n", unreachable(&objections));
        answer(arguments, &objections, &words, None, None)?;
        return Ok(End::Not);
    }
    if !objections.is_empty() && !arguments.json {
        complain(&unreachable(&objections));
    }
    if let Some(steps) = put_together(arguments, &states) {
        let all = steps.len() + crashed(&states).count();
        let steps_done = count(all as u64, "step");
        let said = match all {
            0 => "Servers that have never run are in this state.\n".into(),
            _ => format!("Put together, in {steps_done}; there may be a shorter run (--shortest).\n"),
        };
        return found(arguments, &states, (Grain::Gesture, &steps, None), said, &objections);
    }
    let within = within(arguments, &states).map_err(wrong)?;
    let looked = look(&within);
    let Some(steps) = &looked.run else {
        answer(arguments, &objections, &not_found(&within, &looked), None, Some(looked.ended))?;
        return Ok(end(looked.ended));
    };
    let all = steps.len() + crashed(&states).count();
    let said = format!("Found in {}, after {}.\n", count(all as u64, "step"), looked_at(&looked));
    found(arguments, &states, (within.grain, steps, Some(looked.ended)), said, &objections)
}

/// A run that needs no search, where one was not asked for.
fn put_together(arguments: &Arguments, states: &[Shorthand]) -> Option<Vec<Gesture>> {
    let limits = &arguments.limits;
    let may = !arguments.shortest && limits.rules() == Rules::ALL_ON && limits.grain() == Grain::Gesture;
    may.then(|| way(states)).flatten()
}

/// The search for it.
fn within(arguments: &Arguments, states: &[Shorthand]) -> Result<Search, String> {
    let (term, log) = extent(states);
    if term.max(log) > HIGHEST {
        return Err(format!(
            "it has term {term} and logs of {log} entries; a search takes at most {HIGHEST}"
        ));
    }
    let limits = &arguments.limits;
    let search = limits.apply(Search { rules: limits.rules(), ..search_for(states, limits.grain())? });
    let bounds = search.bounds;
    if bounds.term_max < term || bounds.log_max < log {
        return Err(format!(
            "it has term {term} and a log of {}, and the bounds are below that: give --terms {term} --logs \
             {log} or more, or leave them out",
            if log == 1 { "1 entry".into() } else { format!("{log} entries") }
        ));
    }
    Ok(search)
}

/// Tells the run that was found, and writes it where that was asked for.
fn found(
    arguments: &Arguments,
    states: &[Shorthand],
    (grain, steps, ended): (Grain, &[Gesture], Option<Ended>),
    mut said: String,
    objections: &[String],
) -> CameOut {
    let start = fresh(states.len() as u8, arguments.limits.rules());
    let start = start.map_err(|why| Fail::Sentence(why.to_string()))?;
    let recording = tell(start, states, grain, steps, &mut said)?.recording();
    answer(arguments, objections, &said, Some(&recording), ended)?;
    Ok(End::Held)
}

/// The result, for programs: one line.
#[derive(Serialize)]
struct Line<'a> {
    format: &'static str,
    version: u32,
    state: &'a str,
    found: bool,
    objections: &'a [String],
    /// How the search ended; nothing where there was none.
    ended: Option<&'static str>,
    words: &'a str,
    recording: Option<&'a Recording>,
}

/// Prints what came of it, and writes the run that was found where that was asked for.
fn answer(
    arguments: &Arguments,
    objections: &[String],
    words: &str,
    recording: Option<&Recording>,
    ended: Option<Ended>,
) -> Result<(), Fail> {
    let found = recording.is_some();
    let line = Line {
        format: "wavetank-reach",
        version: 1,
        state: &arguments.state,
        found,
        objections,
        ended: ended.map(name),
        words,
        recording,
    };
    let json = || serde_json::to_string(&line).map_or_else(|why| why.to_string(), |line| line + "\n");
    deliver(&if arguments.json { json() } else { words.to_owned() }, recording, arguments.out.as_deref())
}

/// How far it was looked for, and how to look further. That it was not found says nothing beyond that.
fn not_found(within: &Search, found: &Found) -> String {
    let steps = count(u64::from(found.progress.depth), "step");
    let (looked, bounds) = (looked_at(found), bounds(within));
    match found.ended {
        Ended::Exhausted => {
            let looser = flags(within, found).map_or(String::new(), |flags| flags + ", or ");
            format!(
                "Not found: nothing speaks against this state, but no run within these bounds leads there \
                 ({bounds}); {looked}.\nA run beyond them may: give {looser}--grain message.\n"
            )
        }
        Ended::Cancelled => format!("Stopped by Ctrl-C. Not found within {steps} ({bounds}); {looked}.\n"),
        Ended::Steps => format!(
            "Not found within {steps} ({bounds}); {looked}.\nA longer run may lead there: give more with --max.\n"
        ),
        _ => {
            let tighter =
                flags(within, found).map_or(String::new(), |flags| format!(", or tighter bounds: {flags}"));
            format!(
                "Not found within {steps} ({bounds}), and there the memory was full ({}); {looked}.\nA \
                 longer run may lead there: give more with --memory{tighter}.\n",
                size(within.bytes_max)
            )
        }
    }
}
