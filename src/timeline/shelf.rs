//! The list of kept runs: what it says of each, and which make room for new ones.

use super::{DOCUMENT, Document, NAME_MAX};
use serde::{Deserialize, Serialize};

/// So many runs that nobody named, and in which something was done, are kept: the latest ones.
pub const UNNAMED_MAX: usize = 50;
/// So many of those in which nothing was done: setup and seed bring them back.
pub const UNTOUCHED_MAX: usize = 5;
/// All runs together may have so many bytes, before the oldest of those that nobody named make room.
pub const BYTES_MAX: u64 = 64 << 20;

/// What the list says of a run, kept beside it so that the list is shown without reading the runs. What an
/// older or newer version has not written is zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// The version of the run, [`DOCUMENT`] when this page has stored it.
    pub version: u32,
    /// What the person calls it; may be empty.
    pub name: String,
    /// Whether it stays until it is deleted: somebody named it, copied it, or brought it as a file.
    pub kept: bool,
    /// When it began, in milliseconds since 1970.
    pub began_ms: u64,
    /// When it was last stored, likewise.
    pub stored_ms: u64,
    /// The seed, as text.
    pub seed: String,
    /// How many servers it began with.
    pub servers: u8,
    /// How many actions there are in the branch that is shown.
    pub actions: u32,
    /// How many branches there are.
    pub branches: u32,
    /// How long that branch is, in virtual microseconds.
    pub end_us: u64,
    /// How many bytes its text has.
    pub bytes: u64,
    /// The number of the last line of its [`super::Journal`] that it contains.
    pub line: u64,
}

impl Record {
    /// Sets what follows from the run itself, and from its text.
    pub fn describe(&mut self, document: &Document, text: &str) {
        self.version = DOCUMENT;
        self.name.clone_from(&document.name);
        self.branches = document.branches.len() as u32;
        self.bytes = text.len() as u64;
        if let Some(branch) = document.branch() {
            self.seed = branch.recording.setup.seed.to_string();
            self.servers = branch.recording.setup.servers;
            self.actions = branch.recording.actions.len() as u32;
            self.end_us = branch.recording.end.at_us;
        }
    }

    /// What to call it.
    #[must_use]
    pub fn title(&self) -> String {
        if self.name.is_empty() { format!("Seed {}", self.seed) } else { self.name.clone() }
    }

    /// Whether nothing was done in it.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.actions == 0 && self.branches <= 1
    }
}

/// Which runs make room: of those that nobody named and that are not spared, what is more than the most,
/// and what is too much for the room in all. The oldest come first. `runs` are names and records.
#[must_use]
pub fn surplus(runs: &[(String, Record)], spared: &[String]) -> Vec<String> {
    let mut latest: Vec<&(String, Record)> = runs.iter().collect();
    latest.sort_by_key(|(id, record)| (std::cmp::Reverse(record.stored_ms), id));
    let mut all: u64 = runs.iter().map(|(_, record)| record.bytes).sum();
    let (mut touched, mut untouched, mut stay, mut go) = (0, 0, Vec::new(), Vec::new());
    for (id, record) in latest {
        if record.kept || spared.contains(id) {
            continue;
        }
        let (count, most) = match record.is_untouched() {
            true => (&mut untouched, UNTOUCHED_MAX),
            false => (&mut touched, UNNAMED_MAX),
        };
        *count += 1;
        if *count > most {
            all -= record.bytes;
            go.push(id.clone());
        } else {
            stay.push((id, record.bytes));
        }
    }
    go.reverse();
    while all > BYTES_MAX
        && let Some((id, bytes)) = stay.pop()
    {
        all -= bytes;
        go.push(id.clone());
    }
    go
}

/// What to call a copy: “A run (copy)”, “A run (copy 2)”.
#[must_use]
pub fn name_of_copy(title: &str, taken: &[String]) -> String {
    let base = match title.rsplit_once(" (copy") {
        Some((base, rest)) if rest.trim_start().trim_end_matches(')').bytes().all(|b| b.is_ascii_digit()) => {
            base
        }
        _ => title,
    };
    let base: String = base.chars().take(NAME_MAX - 12).collect();
    let name = |number: u32| match number {
        1 => format!("{base} (copy)"),
        _ => format!("{base} (copy {number})"),
    };
    (1..).map(name).find(|name| !taken.contains(name)).unwrap_or(base)
}
