//! Completing a line: commands, servers, rules, keys.

use super::command::Help;
use super::members;
use super::options::{self, MODES};
use super::parse::{command_names, split};
use crate::raft::Rule;
use crate::sim::{Fault, LinkPreset};
use crate::timeline::Run;

/// How many ways to go on are offered.
const OFFERED_MAX: usize = 50;

/// The lines that this one may become, by completing its last word.
#[must_use]
pub fn complete(prefix: &str, run: &Run) -> Vec<String> {
    let Ok(words) = split(prefix) else { return Vec::new() };
    let fresh = prefix.is_empty() || prefix.ends_with(char::is_whitespace);
    let begun = if fresh { "" } else { prefix.rsplit(char::is_whitespace).next().unwrap_or_default() };
    if begun.contains(['"', '\'']) {
        return Vec::new();
    }
    let kept = &prefix[..prefix.len() - begun.len()];
    let before: Vec<&str> =
        words[..words.len() - usize::from(!fresh)].iter().map(|word| word.text.as_str()).collect();
    let fits = |candidate: &String| {
        let start = candidate.get(..begun.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(begun)) && candidate.len() > begun.len()
    };
    let mut offers: Vec<String> = candidates(&before, begun, run).into_iter().filter(fits).collect();
    offers.truncate(OFFERED_MAX);
    offers.into_iter().map(|offer| format!("{kept}{offer}")).collect()
}

fn candidates(before: &[&str], begun: &str, run: &Run) -> Vec<String> {
    let own = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<String>>();
    let servers = || run.world().ids().map(|id| id.to_string()).collect::<Vec<String>>();
    let Some((name, arguments)) = before.split_first() else {
        let all = command_names().map(ToString::to_string);
        let main: Vec<String> = all.collect();
        let fits = main.iter().any(|name| name.starts_with(&begun.to_ascii_lowercase()));
        return if fits { main } else { Help::names().map(ToString::to_string).collect() };
    };
    let Some(help) = Help::of(name) else { return Vec::new() };
    match (help.name, arguments.len()) {
        ("kill" | "restart" | "pause" | "resume" | "timeout" | "snapshot" | "tear" | "wipe", _) => servers(),
        ("show_log" | "state" | "submit" | "remove" | "transfer" | "clock" | "disk", 0)
        | ("cut" | "mend" | "send", 0..=1) => servers(),
        ("send", 2) => own(&["empty"]),
        ("add" | "learner", 0) => with_next(servers(), run),
        ("boot", 0) => with_next(Vec::new(), run),
        ("joint", _) => with_next(servers(), run).into_iter().chain(own(&["learners", "manual"])).collect(),
        ("links", 0) => own(&LinkPreset::ALL.map(LinkPreset::name)),
        ("schedule", 0) => {
            own(&Fault::PLAIN.map(Fault::name)).into_iter().chain(own(&["links", "stop"])).collect()
        }
        ("workload", 0) => own(&["1", "2", "3", "4", "5", "stop"]),
        ("workload", 1) => own(&["clients"]),
        ("workload", 3..) if arguments.last().is_some_and(|last| last.eq_ignore_ascii_case("mode")) => {
            own(&MODES.map(|(name, _)| name))
        }
        ("workload", 3..) => own(&["reads", "increments", "keys", "hot", "mode"]),
        ("schedule", 1) if arguments[0].eq_ignore_ascii_case("links") => {
            own(&LinkPreset::ALL.map(LinkPreset::name)).into_iter().chain(own(&["stop"])).collect()
        }
        ("schedule", 1) => own(&["stop"]),
        ("schedule", 2..=3) => own(&["for", "stop"]),
        ("clock", 1) => own(&["+10%", "-10%", "0"]),
        ("disk", 1) => own(&["3s", "1-5ms", "common", "stall", "lies", "honest"]),
        ("disk", 2) if arguments[1].eq_ignore_ascii_case("stall") => own(&["2s"]),
        ("set" | "option", 0) => own(&options::names().collect::<Vec<_>>()),
        ("set" | "option", 1) => own(&options::values_of(arguments[0])),
        ("get", _) if arguments.last().is_some_and(|last| last.eq_ignore_ascii_case("--mode")) => {
            own(&MODES.map(|(name, _)| name))
        }
        ("get", _) if arguments.last().is_some_and(|last| last.eq_ignore_ascii_case("--at")) => servers(),
        ("get", 1..) => own(&["--mode", "--at"]),
        ("partition", _) => servers().into_iter().chain(["|".to_string()]).collect(),
        ("state", 1) => own(&["follower", "candidate", "leader"]),
        ("rule", 0) => Rule::ALL.iter().map(|rule| rule.name().to_string()).collect(),
        ("rule", 1) => own(&["on", "off"]),
        ("help", 0) => command_names().map(ToString::to_string).collect(),
        ("put" | "get" | "delete" | "append" | "cas" | "increment", 0) => keys(run),
        _ => Vec::new(),
    }
}

/// Servers, and the one that does not exist yet.
fn with_next(servers: Vec<String>, run: &Run) -> Vec<String> {
    let next = members::next_name(run.world()).map(|id| id.to_string());
    servers.into_iter().chain(next).collect()
}

/// The keys that any server knows, in quotes where they need them.
fn keys(run: &Run) -> Vec<String> {
    let stores = run.world().servers().iter().flat_map(|server| server.store.iter());
    let keys = stores.map(|(key, _)| key).filter(|key| !key.is_empty());
    crate::order::set(keys).into_iter().map(quoted).collect()
}

fn quoted(key: &str) -> String {
    if key.contains(|c: char| c.is_whitespace() || c == '"' || c == '\'' || c == '\\') {
        format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        key.to_string()
    }
}
