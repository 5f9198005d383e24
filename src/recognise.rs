//! What a text is that was to be something else: whoever opens a file is told what it holds, and what to do with it.

use std::fmt;

/// So much of a text is looked at, in bytes.
const HEAD: usize = 8192;
/// So many of its lines.
const LINES: usize = 20;

/// What a text is, as far as its beginning tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Empty,
    /// A run: a document or a recording, of any version.
    Run,
    /// What happened in a run, event by event.
    Trace,
    /// The sentences of a run.
    Words,
    /// What `wavetank fuzz --json` prints.
    Hunt,
    /// What `wavetank reach --json` prints.
    Way,
    /// What clients asked and were told, as `wavetank check-history` reads it.
    History,
    /// A history of Jepsen's, or of a program that writes one as it does.
    Jepsen,
    /// A log with vector clocks, as ShiViz reads it.
    Shiviz,
    /// A trace of etcd's raft, for its TLA+ specification.
    EtcdTrace,
    /// JSON of another kind.
    Json,
    /// Bytes that are no text.
    Binary,
    /// Text of another kind.
    Text,
}

impl fmt::Display for Kind {
    /// As it is called in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Empty => "an empty file",
            Kind::Run => "a run",
            Kind::Trace => "a trace, which tells what happened in a run",
            Kind::Words => "a run told in sentences",
            Kind::Hunt => "the result of a hunt",
            Kind::Way => "what `wavetank reach` has found out",
            Kind::History => "a history of what clients asked and were told",
            Kind::Jepsen => "a history as Jepsen writes one",
            Kind::Shiviz => "a log for ShiViz",
            Kind::EtcdTrace => "a trace of etcd's raft",
            Kind::Json => "JSON of another kind",
            Kind::Binary => "no text at all",
            Kind::Text => "text of another kind",
        })
    }
}

impl Kind {
    /// What to do with it, for somebody who wanted a run of it.
    #[must_use]
    pub fn instead_of_a_run(self) -> &'static str {
        match self {
            Kind::History => {
                "Whether it is linearizable is for `wavetank check-history` to say. A run is done again from its \
                 recording: use the file that holds that."
            }
            Kind::Jepsen => {
                "`wavetank check-history` judges histories, and docs/formats.md says how they are written. A run is \
                 done again from its recording: use the file that holds that."
            }
            Kind::EtcdTrace => {
                "Wavetank reads no traces of other programs. A run is done again from its recording: use the file that \
                 holds that."
            }
            _ => "A run is done again from its recording: use the file that holds that.",
        }
    }

    /// What to do with it, for somebody who wanted a history of it.
    #[must_use]
    pub fn instead_of_a_history(self) -> &'static str {
        match self {
            Kind::Run => "`wavetank export FILE --to history` makes the history of a run.",
            Kind::Trace | Kind::Words | Kind::Shiviz => {
                "`wavetank export FILE --to history` makes the history of a run, from its recording."
            }
            Kind::Jepsen => {
                "Bring it over to the form that docs/formats.md describes: an operation for each invocation, with the \
                 time of its completion as `ret`, or null where that is :info or missing."
            }
            _ => "docs/formats.md says how a history is written. Is it the right file?",
        }
    }
}

/// What a text is.
#[must_use]
pub fn recognise(text: &str) -> Kind {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let head = &text[..text.floor_char_boundary(HEAD)];
    let lines = || head.lines().take(LINES);
    if text.is_empty() {
        return Kind::Empty;
    }
    // What a browser can't read as text, it reads with these in the place of bytes.
    if head.contains(['\0', char::REPLACEMENT_CHARACTER]) {
        return Kind::Binary;
    }
    if [":invoke", ":process"].iter().any(|word| head.contains(word)) {
        return Kind::Jepsen;
    }
    if head.starts_with(['{', '[']) {
        return json(head);
    }
    let words = lines().next().is_some_and(|line| line.starts_with("Wavetank: ") && line.contains(" seed "));
    match words {
        true => Kind::Words,
        false if head.starts_with("(?<") || lines().any(has_a_clock) => Kind::Shiviz,
        false => Kind::Text,
    }
}

/// What a text is that begins as JSON does. It may end anywhere, and be several lines of JSON.
fn json(head: &str) -> Kind {
    let has = |names: &[&str]| names.iter().all(|name| head.contains(&format!("\"{name}\"")));
    match format(head) {
        Some("wavetank-trace") => Kind::Trace,
        Some("wavetank-fuzz") => Kind::Hunt,
        Some("wavetank-reach") => Kind::Way,
        _ if has(&["event", "nid"]) => Kind::EtcdTrace,
        _ if has(&["process", "type", "f"]) => Kind::Jepsen,
        _ if has(&["client", "op", "call"]) => Kind::History,
        _ if head.starts_with('{') && (has(&["wavetank"]) || has(&["format", "semantics"])) => Kind::Run,
        _ => Kind::Json,
    }
}

/// The name that our formats have as their first field.
fn format(head: &str) -> Option<&str> {
    let field = head.strip_prefix('{')?.trim_start().strip_prefix("\"format\"")?;
    let value = field.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split('"').next()
}

/// Whether a line is a host with its vector clock: `S1 {"S1":1}`.
fn has_a_clock(line: &str) -> bool {
    let host_and_clock = line.trim_end().split_once(" {\"");
    host_and_clock.is_some_and(|(host, clock)| !host.contains(char::is_whitespace) && clock.ends_with('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, Kind)] = &[
        ("", Kind::Empty),
        (" \n\t", Kind::Empty),
        ("{\"wavetank\":1,\"branches\":[", Kind::Run),
        ("\u{feff}{\n  \"format\": 9,\n  \"semantics\": 7, \"setup\":", Kind::Run),
        ("{\"format\":\"wavetank-trace\",\"version\":1,\"sem", Kind::Trace),
        ("{ \"format\" : \"wavetank-fuzz\"}", Kind::Hunt),
        ("{\"format\":\"wavetank-reach\"}", Kind::Way),
        ("Wavetank: 3 servers, seed 4, from the start to 600 ms.\n\n", Kind::Words),
        ("[{\"client\":1,\"key\":\"x\",\"op\":\"get\",\"call\":0,\"ret\":null}]", Kind::History),
        ("{\"client\":1,\"key\":\"x\",\"op\":\"get\",\"call\":0,\"ret\":null}\n", Kind::History),
        ("{:process 0, :type :invoke, :f :write, :value 1}", Kind::Jepsen),
        ("[{:type :invoke :f :read :value nil :process 2}\n", Kind::Jepsen),
        ("INFO  jepsen.util - 0\t:invoke\t:write\t3\n", Kind::Jepsen),
        ("[{\"process\":0,\"type\":\"invoke\",\"f\":\"read\",\"value\":null}]", Kind::Jepsen),
        ("(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)\n\nS2 {\"S2\":1}\n", Kind::Shiviz),
        ("chord-1 {\"chord-1\":1}\nInitialization Complete\n", Kind::Shiviz),
        (
            "{\"tag\":\"trace\",\"event\":{\"name\":\"InitState\",\"nid\":\"1\",\"state\":{}}}",
            Kind::EtcdTrace,
        ),
        ("{\"name\":\"x\",\"version\":\"1.0.0\"}", Kind::Json),
        ("[]", Kind::Json),
        ("PNG\u{fffd}\0\u{1}", Kind::Binary),
        ("Dear reader,\n", Kind::Text),
        ("<html>", Kind::Text),
    ];

    #[test]
    fn a_text_is_recognised_by_its_beginning_wherever_it_ends() {
        for (text, kind) in TABLE {
            assert_eq!(recognise(text), *kind, "{text}");
            // However long it goes on; a boundary within a letter is none.
            assert_eq!(
                recognise(&format!("{text}{}", "é".repeat(2 * HEAD * usize::from(*kind != Kind::Empty)))),
                *kind
            );
        }
    }

    #[test]
    fn what_was_cut_off_at_any_place_is_recognised_without_fail() {
        for (text, kind) in TABLE {
            for (place, _) in text.char_indices() {
                // Nothing of ours is taken for something of somebody else's.
                let cut = recognise(&text[..place]);
                assert!(
                    cut == *kind || matches!(cut, Kind::Empty | Kind::Json | Kind::Text | Kind::Run),
                    "{cut:?}"
                );
            }
        }
    }
}
