//! How far a search goes, as `search` and `reach` are told.

use crate::input::bytes;
use crate::interrupt;
use crate::output::{End, Progress, threads};
use clap::{Args, ValueEnum};
use wavetank::explain::list;
use wavetank::explore::{Bound, Bounds, Ended, Found, Grain as Step, Search, advice, search};
use wavetank::raft::{Rule, Rules};

#[derive(Args)]
pub struct Limits {
    /// Switch this rule off (`wavetank rules` lists them); may be repeated
    #[arg(long, value_name = "RULE")]
    off: Vec<Rule>,
    /// How fine the steps are
    #[arg(long, value_enum, default_value = "gesture")]
    grain: Grain,
    /// The most steps in a run
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    max: u32,
    /// The highest term; without it 4, or two more than at the start; for `reach`, that of the state
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=HIGHEST))]
    terms: Option<u64>,
    /// The longest log; without it 3, or two more than at the start; for `reach`, that of the state
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
    /// Leave out heartbeats where entries wait: fewer states, and runs that need one are not found
    #[arg(long)]
    no_heartbeats: bool,
    /// Stop when so much memory is taken
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = bytes)]
    memory: u64,
    /// On how many cores; without it, on all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// The highest term, and the longest log, that a search takes.
pub const HIGHEST: u64 = 1000;

#[derive(Clone, Copy, ValueEnum)]
enum Grain {
    /// One timeout, one request with its reply, one command, one crash and restart, one message held
    Gesture,
    /// Each message leaves in one step and arrives in another
    Message,
}

impl Limits {
    /// The rules in force.
    pub fn rules(&self) -> Rules {
        Rules::without(&self.off)
    }

    /// How fine the steps are.
    pub fn grain(&self) -> Step {
        match self.grain {
            Grain::Gesture => Step::Gesture,
            Grain::Message => Step::Message,
        }
    }

    /// The search within what was asked for; where nothing was, within the bounds that it has.
    pub fn apply(&self, usual: Search) -> Search {
        let bounds = Bounds {
            term_max: self.terms.unwrap_or(usual.bounds.term_max),
            log_max: self.logs.unwrap_or(usual.bounds.log_max),
            restarts_max: self.restarts,
            messages_max: self.messages.unwrap_or(usual.bounds.messages_max),
            drops: self.drops,
            heartbeats: !self.no_heartbeats,
            ..usual.bounds
        };
        let threads = threads(self.threads);
        let stop = interrupt::heeded();
        Search { bounds, steps_max: self.max, bytes_max: self.memory, threads, stop, ..usual }
    }
}

/// Searches, and shows on a terminal how far it is.
pub fn look(within: &Search) -> Found {
    let mut progress = Progress::new();
    search(within, |at| {
        progress.show(|| {
            let mib = at.bytes >> 20;
            format!("{} steps deep, {} states, {} waiting, {mib} MiB", at.depth, at.states, at.frontier)
        });
        true
    })
}

/// How a command ends whose search ended so.
pub fn end(ended: Ended) -> End {
    match ended {
        Ended::Found => End::Held,
        Ended::Exhausted => End::Not,
        Ended::Cancelled => End::Interrupted,
        Ended::Steps | Ended::States | Ended::Memory => End::Bound,
    }
}

/// How a search ended, for programs.
pub fn name(ended: Ended) -> &'static str {
    match ended {
        Ended::Found => "found",
        Ended::Exhausted => "exhausted",
        Ended::Steps => "steps",
        Ended::States => "states",
        Ended::Memory => "memory",
        Ended::Cancelled => "interrupted",
    }
}

/// The bounds of a search, in words.
pub fn bounds(within: &Search) -> String {
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
    if !within.bounds.heartbeats {
        bounds.push("no heartbeats where entries wait".to_owned());
    }
    if within.rules.off().count() > 0 {
        bounds.push(format!("off: {}", list(within.rules.off())));
    }
    bounds.join(", ")
}

/// Bounds to try instead, as they are written; nothing where there are none.
pub fn flags(within: &Search, found: &Found) -> Option<String> {
    let flag = |(bound, value): (Bound, u64)| format!("--{} {value}", bound.name());
    let flags: Vec<String> = advice(within, found).into_iter().map(flag).collect();
    (!flags.is_empty()).then(|| flags.join(" "))
}

pub fn looked_at(found: &Found) -> String {
    let (states, steps) = (count(found.progress.states, "state"), count(found.progress.steps, "step"));
    format!("{states} and {steps} between them")
}

/// A size as it is given: in the largest unit that leaves nothing over.
pub fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| count(bytes, "byte"), |(unit, name)| format!("{} {name}", bytes / unit))
}

pub fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
