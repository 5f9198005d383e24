//! `wavetank check-history`: is a history of clients linearizable?

use crate::input::{bytes, text};
use crate::interrupt;
use crate::output::{CameOut, End, Progress, about, report};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use wavetank::check::history::History;
use wavetank::check::linearizability::{Bound, Bounds, Failure, Judgement, Verdict, judge};
use wavetank::recognise::{Kind, recognise};

#[derive(Args)]
pub struct Arguments {
    /// The history, as JSON; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Give a key up after so many steps of its search; without it there is no end of steps
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// How much memory the search may take, beside the history itself
    #[arg(long, value_name = "SIZE", default_value = "256MB", value_parser = bytes)]
    memory: u64,
    /// Print the result as one line of JSON, with the order that was found
    #[arg(long)]
    json: bool,
}

/// The longest history, in bytes.
const BYTES_MAX: u64 = 256 << 20;
/// So many operations of an order are told; all of them are in the JSON.
const TOLD: usize = 5;

pub fn check_history(arguments: &Arguments) -> CameOut {
    let history = {
        let text = text(&arguments.file, BYTES_MAX)?;
        History::parse(&text).map_err(|why| about(&arguments.file, no_history(&text, &why)))?
    };
    let bounds = Bounds { steps: arguments.steps.unwrap_or(u64::MAX), bytes: arguments.memory };
    interrupt::heeded();
    let mut progress = Progress::new();
    let judgement = judge(&history, bounds, |at| {
        progress.show(|| {
            let mib = at.bytes >> 20;
            format!("{} of {} keys are judged, {} steps, {mib} MiB", at.judged, at.keys, at.steps)
        });
        !interrupt::asked()
    });
    drop(progress);
    report(&if arguments.json { json(&history, &judgement) } else { told(&history, &judgement, arguments) })?;
    let stopped = judgement.keys.iter().any(|key| key.bound == Some(Bound::Stopped));
    Ok(match judgement.verdict {
        Verdict::Yes => End::Held,
        Verdict::No(_) => End::Not,
        Verdict::Undecided if stopped => End::Interrupted,
        Verdict::Undecided => End::Bound,
    })
}

/// The result for people.
fn told(history: &History, judgement: &Judgement, arguments: &Arguments) -> String {
    let count = match history.0.len() {
        1 => "1 operation".into(),
        count => format!("{count} operations"),
    };
    match &judgement.verdict {
        Verdict::Yes => format!("{count}: linearizable.\n"),
        Verdict::No(failure) => format!("{count}: not linearizable.\n{}", told_of_failure(history, failure)),
        Verdict::Undecided => format!("{count}: undecided.\n{}", told_of_bounds(judgement, arguments)),
    }
}

fn told_of_failure(history: &History, failure: &Failure) -> String {
    let Failure { key, of_key, order, nowhere, sentence, .. } = failure;
    let lines = |places: &[usize]| -> String {
        places.iter().map(|place| format!("  {}\n", history.0[*place].told())).collect()
    };
    let mut told = format!("{sentence}\n");
    if let Some(from) = order.len().checked_sub(1).map(|last| (last + 1).saturating_sub(TOLD)) {
        let last = if from > 0 { "; these are its last" } else { "" };
        let many = order.len();
        told += &format!("The longest order found has {many} of the {of_key} operations on ‘{key}’{last}:\n");
        told += &lines(&order[from..]);
    }
    if let [_, others @ ..] = &nowhere[..]
        && !others.is_empty()
    {
        told += "Nor does any of these fit next:\n";
        told += &lines(&others[..others.len().min(TOLD)]);
        if others.len() > TOLD {
            told += &format!("  and {} more\n", others.len() - TOLD);
        }
    }
    told
}

fn told_of_bounds(judgement: &Judgement, arguments: &Arguments) -> String {
    let reached = |bound| {
        let keys: Vec<&str> = judgement
            .keys
            .iter()
            .filter(|key| key.bound == Some(bound))
            .map(|key| key.key.as_str())
            .collect();
        let more = keys.len().saturating_sub(TOLD);
        let names: Vec<String> = keys.iter().take(TOLD).map(|key| format!("‘{key}’")).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!keys.is_empty()).then(|| names.join(", ") + &more)
    };
    let steps = reached(Bound::Steps).map(|keys| {
        let steps = arguments.steps.unwrap_or(u64::MAX);
        format!("{steps} steps were not enough for {keys}: give more with --steps, or leave it out.\n")
    });
    let memory = reached(Bound::Memory).map(|keys| {
        let mb = arguments.memory / 1_000_000;
        format!("{mb} MB of memory were not enough for {keys}: give more with --memory.\n")
    });
    let stopped = reached(Bound::Stopped).map(|keys| format!("Stopped before {keys} could be judged.\n"));
    let progress = judgement.progress;
    let judged = format!(
        "{} of {} keys can be ordered; {} steps were taken.\n",
        progress.judged, progress.keys, progress.steps
    );
    [steps, memory, stopped, Some(judged)].into_iter().flatten().collect()
}

/// The result for programs: one line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    format: &'static str,
    version: u32,
    operations: usize,
    verdict: &'static str,
    sentence: Option<&'a str>,
    keys: Vec<OfKey<'a>>,
    keys_judged: usize,
    steps: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfKey<'a> {
    key: &'a str,
    order: &'a [usize],
    fits_nowhere: &'a [usize],
    bound: Option<&'static str>,
}

fn json(history: &History, judgement: &Judgement) -> String {
    let found = judgement.keys.iter().map(|of_key| OfKey {
        key: &of_key.key,
        order: &of_key.order,
        fits_nowhere: &[],
        bound: of_key.bound.map(|bound| match bound {
            Bound::Steps => "steps",
            Bound::Memory => "memory",
            Bound::Stopped => "interrupt",
        }),
    });
    let mut keys: Vec<OfKey> = found.collect();
    let (verdict, sentence) = match &judgement.verdict {
        Verdict::Yes => ("linearizable", None),
        Verdict::Undecided => ("undecided", None),
        Verdict::No(Failure { key, order, nowhere, sentence, .. }) => {
            keys.push(OfKey { key, order, fits_nowhere: nowhere, bound: None });
            ("notLinearizable", Some(sentence.as_str()))
        }
    };
    let line = Line {
        format: "wavetank-check-history",
        version: 1,
        operations: history.0.len(),
        verdict,
        sentence,
        keys,
        keys_judged: judgement.progress.judged,
        steps: judgement.progress.steps,
    };
    serde_json::to_string(&line).map_or_else(|why| why.to_string(), |line| line + "\n")
}

/// Why a text is no history: what is wrong in it, or what it is instead.
fn no_history(text: &str, why: &str) -> String {
    match recognise(text) {
        Kind::History | Kind::Json => format!("{why}."),
        kind => format!("this is no history but {kind}. {}", kind.instead_of_a_history()),
    }
}
