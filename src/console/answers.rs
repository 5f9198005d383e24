//! Answers: tables of servers, logs and rules, and what became of requests.

use super::members;
use super::shell::{Line, spelled};
use crate::explain::{self, duration};
use crate::kv::Command;
use crate::raft::{Entry, Index, Payload, Rule, Rules, ServerId};
use crate::sim::{Finished, LinkPreset, Outcome, Schedule, Server, World, notation};

/// How many entries of a log are shown, from the end.
const SHOWN_MAX: u64 = 100;
/// How many entries of each log are shown side by side, from the end.
const ABREAST_MAX: u64 = 10;
/// How many letters of an entry are shown.
const TEXT_SHOWN: usize = 60;

pub(super) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Line {
    Line::Table { head: head.iter().map(ToString::to_string).collect(), rows: rows.collect() }
}

/// Every server in a row.
pub(super) fn status(world: &World) -> Line {
    let head = ["Server", "State", "Term", "Active", "Last heard from", "Current leader"];
    table(&head, world.servers().iter().map(|server| row(world, server)))
}

fn row(world: &World, server: &Server) -> Vec<String> {
    let node = &server.node;
    let active = match (server.up, server.paused) {
        (false, _) => "down",
        (true, true) => "paused",
        (true, false) => "active",
    };
    let ago = |at_us| duration(world.now_us().saturating_sub(at_us));
    let heard = server.heard.map_or("–".into(), |(from, at_us)| format!("{from}, {} ago", ago(at_us)));
    let leader = match node.leader().filter(|_| server.up) {
        Some(leader) if leader == node.id() => format!("{leader} (itself)"),
        Some(leader) => leader.to_string(),
        None => "–".into(),
    };
    vec![
        node.id().to_string(),
        members::state(world, server),
        node.term().to_string(),
        active.into(),
        heard,
        leader,
    ]
}

/// All logs side by side.
pub(super) fn logs(world: &World) -> Line {
    let shorthand = notation::of_world(world);
    let head = ["Server", "Entries", "Committed", "Log (term:command)"];
    let rows = world.servers().iter().zip(&shorthand).map(|(server, short)| {
        let last = server.node.log().last_index();
        let first = (last.0.saturating_sub(ABREAST_MAX) + 1).max(server.node.log().first_index().0);
        let shown = (first..=last.0).filter_map(|index| server.node.log().get(Index(index)));
        let shown: Vec<String> = shown.map(|entry| format!("{}:{}", entry.term, command(entry))).collect();
        let before = if first > 1 { format!("… {} before · ", first - 1) } else { String::new() };
        let log = match (shown.is_empty(), first) {
            (true, 1) => "(empty)".into(),
            (true, _) => format!("(all in a snapshot up to {last})"),
            (false, _) => format!("{before}{}", shown.join(" · ")),
        };
        vec![short.server.to_string(), last.to_string(), short.commit.to_string(), log]
    });
    table(&head, rows)
}

/// One log, entry by entry.
pub(super) fn log(world: &World, id: ServerId) -> Vec<Line> {
    let Some(server) = world.server(id) else {
        let why = format!("There is no {id}: this cluster has S1 to S{}.", world.servers().len());
        return vec![Line::Error(why)];
    };
    let log = server.node.log();
    let last = log.last_index();
    let base = log.base_index();
    if last < log.first_index() {
        let what = if base.0 > 0 { format!("all in a snapshot up to entry {base}") } else { "empty".into() };
        return vec![Line::Text(format!("The log of {id} is {what}."))];
    }
    let first = (last.0 + 1).saturating_sub(SHOWN_MAX).max(log.first_index().0);
    let rows = (first..=last.0).filter_map(|index| {
        let entry = log.get(Index(index))?;
        Some(vec![
            index.to_string(),
            entry.term.to_string(),
            command(entry),
            fate(server, Index(index)).into(),
        ])
    });
    let table = table(&["Index", "Term", "Command", "State"], rows);
    let covered = (base.0 > 0).then(|| format!("A snapshot covers the log up to entry {base}."));
    let before = (first > log.first_index().0)
        .then(|| format!("The last {SHOWN_MAX} of {} entries:", last.0 - base.0));
    covered.into_iter().chain(before).map(Line::Text).chain([table]).collect()
}

fn fate(server: &Server, index: Index) -> &'static str {
    let node = &server.node;
    if index <= node.applied() {
        "applied"
    } else if index <= node.commit() {
        "committed"
    } else if index <= node.durable_index() {
        "on disk"
    } else {
        "in memory"
    }
}

fn command(entry: &Entry) -> String {
    let text = match &entry.payload {
        Payload::Noop => return "(nothing)".into(),
        Payload::Command(bytes) => Command::decode(bytes).map(|command| command.op.to_string()),
        Payload::Configuration(configuration) => {
            Some(format!("configuration: {}", explain::members(configuration)))
        }
    };
    let text = text.unwrap_or_else(|| "(unknown)".into());
    match text.char_indices().nth(TEXT_SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// All ways in which links fail that have a name.
pub(super) fn link_presets() -> Line {
    let row = |preset: &LinkPreset| vec![preset.name().into(), preset.sentence().into()];
    table(&["Preset", "What it does"], LinkPreset::ALL.iter().map(row))
}

/// All schedules in force.
pub(super) fn schedules(world: &World) -> Line {
    let running = world.schedules().running();
    if running.is_empty() {
        return Line::Text("No schedule is in force: ‘schedule crash 5s for 1s’ sets one.".into());
    }
    let row = |schedule: &Schedule| {
        vec![
            schedule.fault.to_string(),
            duration(schedule.every_us),
            schedule.for_us.map_or("good".into(), duration),
            duration(schedule.next_us - world.now_us()),
        ]
    };
    table(&["Fault", "Every", "For", "Next in"], running.iter().map(row))
}

/// What background clients ask.
pub(super) fn workload(world: &World) -> Line {
    let every_us = world.options().workload_every_us;
    Line::Text(match world.workload() {
        Some(workload) => explain::load(workload) + ".",
        None if every_us > 0 => format!("C2 writes every {}, as the options say.", duration(every_us)),
        None => {
            "No background client asks for anything: ‘workload 3 clients 50ms reads 50%’ sets some to work."
                .into()
        }
    })
}

/// All rules.
pub(super) fn rules(rules: Rules) -> Line {
    let row = |rule: &Rule| {
        let on = if rules.is_on(*rule) { "on" } else { "off" };
        vec![rule.name().into(), on.into(), rule.title().into(), rule.section().into()]
    };
    table(&["Rule", "Is", "What it says", "Where"], Rule::ALL.iter().map(row))
}

/// What became of a request.
pub(super) fn finished(finished: &Finished) -> Line {
    let Finished { op, called_us, returned_us, outcome, .. } = finished;
    let (op, took) = (spelled(op), duration(returned_us - called_us));
    match outcome {
        Outcome::Done(output) => Line::Text(format!("{op} – done after {took}: {output}")),
        Outcome::Failed => {
            Line::Error(format!("{op} – failed after {took}: it was not done and never will be"))
        }
        Outcome::Unknown => Line::Error(format!(
            "{op} – unknown after {took}: it may have been done, may be done later, or never"
        )),
    }
}
