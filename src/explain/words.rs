//! Small words: lists of names, ranges, numbers, durations, values.

use crate::kv::Op;
use crate::raft::{
    Configuration, Index, ReadMode, Round, ServerId, ServerSet, Term, TimerRange, Token, Value,
};
use std::fmt::Display;

/// The longest piece of somebody's text in a sentence, in characters.
const QUOTED_MAX: usize = 40;

/// Names with commas and a last "and"; "nobody" for none.
#[must_use]
pub fn list<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    match names.pop() {
        None => "nobody".into(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
    }
}

/// Names as [`list`] has them, each once.
pub(super) fn once<T: Display + Ord>(names: impl IntoIterator<Item = T>) -> String {
    list(crate::order::set(names))
}

/// A time span as people read it: "850 µs", "12.5 ms", "1.2 s".
#[must_use]
pub fn duration(us: u64) -> String {
    match us {
        0..1000 => format!("{us} µs"),
        1000..1_000_000 => decimal(us / 100, "ms"),
        _ => decimal(us / 100_000, "s"),
    }
}

/// A range of time spans: "500 µs to 1.5 ms", or one where both ends are equal.
#[must_use]
pub fn span(TimerRange { min_us, max_us }: TimerRange) -> String {
    let (from, to) = (duration(min_us), duration(max_us));
    if min_us == max_us { from } else { format!("{from} to {to}") }
}

fn decimal(tenths: u64, unit: &str) -> String {
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        rest => format!("{}.{rest} {unit}", tenths / 10),
    }
}

/// "entry 3", "entries 3–5".
pub(super) fn entries(from: Index, to: Index) -> String {
    if from == to { format!("entry {from}") } else { format!("entries {from}–{to}") }
}

/// "1 entry", "3 entries".
pub(super) fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// A small number as a word.
pub(super) fn number(n: u32) -> String {
    const WORDS: [&str; 10] =
        ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(n as usize).map_or_else(|| n.to_string(), ToString::to_string)
}

/// What a client asks, cut short where it is long.
pub(super) fn op(op: &Op) -> String {
    match op {
        Op::Register { .. } => "a session".into(),
        op => short(&op.to_string()),
    }
}

/// What is asked, behind who is asked: "for x←1", "to read x by ReadIndex".
pub(super) fn request(op: &Op, mode: ReadMode) -> String {
    let how = match mode {
        ReadMode::Log => None,
        ReadMode::ReadIndex => Some("by ReadIndex"),
        ReadMode::Lease => Some("by the leader's lease"),
        ReadMode::Local => Some("locally, without asking round"),
        ReadMode::Follower => Some("at a follower"),
    };
    match (op, how) {
        (Op::Get { key }, Some(how)) => format!("to read {} {how}", short(key)),
        _ => format!("for {}", self::op(op)),
    }
}

/// Who is in a configuration: "S1, S2 and S3", "S1 and S4 together with the old S1, S2 and S3",
/// "S1, S2 and S3 (learning: S6)".
#[must_use]
pub fn members(configuration: &Configuration) -> String {
    let Configuration { voters, outgoing, learners, .. } = configuration;
    let mut text = list(voters.iter());
    for (before, others, behind) in
        [(" together with the old ", outgoing, ""), (" (learning: ", learners, ")")]
    {
        if !others.is_empty() {
            text.push_str(before);
            text.push_str(&list(others.iter()));
            text.push_str(behind);
        }
    }
    text
}

/// Of whom a majority is needed, behind "a majority of": "five", "the three new and of the four old
/// voters".
pub(super) fn electorate(configuration: &Configuration) -> String {
    let new = number(configuration.voters.len());
    match configuration.outgoing.len() {
        0 => new,
        old => format!("the {new} new and of the {} old voters", number(old)),
    }
}

/// Somebody's text, cut short where it is long.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_string(),
    }
}

/// A value that a decision looked at.
pub(super) fn value(value: Value) -> String {
    match value {
        Value::EntryTerm(Some(Term(0))) => "term 0, before any entry".into(),
        Value::Flag(true) => "is".into(),
        Value::Flag(false) => "is not".into(),
        Value::Count(n) => n.to_string(),
        Value::Term(Term(term)) | Value::EntryTerm(Some(Term(term))) => format!("term {term}"),
        Value::EntryTerm(None) => "no entry".into(),
        Value::Index(Index(index)) => format!("index {index}"),
        Value::End(_, Index(0)) => "an empty log".into(),
        Value::End(term, index) => format!("term {term} at index {index}"),
        Value::Server(server) => vote(server),
        Value::Servers(servers) => servers_of(servers),
        Value::RangeUs(min, max) if min == max => duration(min),
        Value::RangeUs(min, max) => format!("{} to {}", duration(min), duration(max)),
        Value::Write(Some(Token(token))) => format!("write {token}"),
        Value::Write(None) => "no write".into(),
        Value::Round(Round(0)) => "no round".into(),
        Value::Round(Round(round)) => format!("round {round}"),
        Value::Configuration(configuration) => members(&configuration),
    }
}

/// A server, or nobody.
pub(super) fn vote(server: Option<ServerId>) -> String {
    server.map_or_else(|| "nobody".into(), |id| id.to_string())
}

fn servers_of(servers: ServerSet) -> String {
    list(servers.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_durations_and_ranges_read_like_prose() {
        assert_eq!(list(ServerSet::EMPTY.iter()), "nobody");
        assert_eq!(list(ServerSet::first(1).iter()), "S1");
        assert_eq!(list(ServerSet::first(3).iter()), "S1, S2 and S3");
        assert_eq!(
            [850, 1000, 12_500, 150_000, 1_240_000].map(duration),
            ["850 µs", "1 ms", "12.5 ms", "150 ms", "1.2 s"]
        );
        assert_eq!(entries(Index(3), Index(3)), "entry 3");
        assert_eq!(entries(Index(3), Index(5)), "entries 3–5");
        assert_eq!([number(5), number(12)], ["five", "12"]);
    }

    #[test]
    fn a_configuration_reads_like_prose() {
        let mut configuration = Configuration::NOBODY;
        assert_eq!(members(&configuration), "nobody");
        configuration = Configuration::of_first(3);
        assert_eq!(
            (members(&configuration), electorate(&configuration)),
            ("S1, S2 and S3".into(), "three".into())
        );
        configuration.outgoing = ServerSet::first(4);
        configuration.learners = ServerSet::first(1);
        assert_eq!(
            members(&configuration),
            "S1, S2 and S3 together with the old S1, S2, S3 and S4 (learning: S1)"
        );
        assert_eq!(electorate(&configuration), "the three new and of the four old voters");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(short("é".repeat(50).as_str()), format!("{}…", "é".repeat(40)));
        assert_eq!(short("short"), "short");
    }
}
