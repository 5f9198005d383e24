//! Everything that can be set for a run, as one table: its name in the address, what it does in a
//! sentence, and where that is written. The address, the setup and the options panel are drawn from it.
//! Nothing here knows a browser.

use super::setup_url::{decimal, ms, ms_text, percent_text, range, range_text};
use crate::raft::{Backtracking, ReadMode, TimerRange};
use crate::sim::Options;

/// Where an option stands among [`Options`], and so how its value is written.
#[derive(Clone, Copy)]
pub enum Field {
    /// On or off.
    Flag(fn(&mut Options) -> &mut bool),
    /// A whole number.
    Count(fn(&mut Options) -> &mut u32),
    /// A time, in milliseconds.
    Time(fn(&mut Options) -> &mut u64),
    /// A range of times, in milliseconds.
    Range(fn(&mut Options) -> &mut TimerRange),
    /// Parts in a million, in percent.
    Percent(fn(&mut Options) -> &mut u32),
    /// How logs are repaired.
    Repair,
    /// How reads are answered.
    Reads,
}

/// One option.
pub struct Row {
    /// Its name in the address.
    pub name: &'static str,
    /// Its name for people, with the unit.
    pub label: &'static str,
    /// What it does.
    pub sentence: &'static str,
    /// Where that is written: § in the paper, D in the dissertation.
    pub section: &'static str,
    /// Its value.
    pub field: Field,
}

/// The ways to repair a log: the value in the address, and a label.
const REPAIRS: [(&str, &str); 2] = [("step", "back by one"), ("hints", "with conflict hints")];

/// The ways to answer a read: the value in the address, a label, and a sentence.
pub const READS: [(&str, &str, &str); 4] = [
    ("log", "log", "Through the log, like a write."),
    ("readIndex", "ReadIndex", "By the leader, once a round of heartbeats has shown that it still leads."),
    ("lease", "lease", "By the leader alone while its lease lasts; it trusts the clocks."),
    ("local", "local", "By whoever is asked, from what it has: it may be old."),
];

/// The read modes, in the order of [`READS`].
pub const READ_MODES: [ReadMode; 5] =
    [ReadMode::Log, ReadMode::ReadIndex, ReadMode::Lease, ReadMode::Local, ReadMode::Follower];

macro_rules! rows {
    ($($name:literal, $label:literal, $kind:ident $($field:ident).*, $section:literal, $sentence:literal;)*) => {
        [$(Row {
            name: $name,
            label: $label,
            sentence: $sentence,
            section: $section,
            field: rows!(@ $kind $($field).*),
        }),*]
    };
    (@ Repair) => { Field::Repair };
    (@ Reads) => { Field::Reads };
    (@ $kind:ident $($field:ident).+) => { Field::$kind(|options| &mut options.$($field).+) };
}

/// Elections.
const ELECTIONS: [Row; 6] = rows! {
    "election", "election timeout, ms", Range election, "§5.2",
        "Who hears from no leader for this long stands for election; each draws its own length.";
    "heartbeat", "heartbeat, ms", Time heartbeat_us, "§5.2",
        "A leader is never silent for longer.";
    "noop", "no-op entry", Flag noop, "§8",
        "A new leader begins its term with an empty entry, so it can commit at once.";
    "preVote", "PreVote", Flag pre_vote, "D9.6",
        "Before it raises its term, a server asks whether it would be elected.";
    "checkQuorum", "CheckQuorum", Flag check_quorum, "D6.2",
        "A leader that hears from no majority for an election timeout steps down.";
    "stickiness", "stickiness", Flag stickiness, "D4.2.3",
        "Who hears from a leader ignores vote requests, so a removed server deposes nobody.";
};

/// Replication.
const REPLICATION: [Row; 5] = rows! {
    "backtrack", "log repair", Repair, "§5.3",
        "How a leader finds where a follower’s log agrees: back by one, or by what a refusal names.";
    "maxEntries", "entries a message", Count max_entries, "D10.2.2",
        "The most entries in one AppendEntries.";
    "window", "pipelining window, entries", Count window, "D10.2.2",
        "How many entries (not messages) may be in flight to a follower; 0: no pipelining, as in Figure 2.";
    "writeBeforeSend", "write before sending", Flag write_before_send, "D10.2.1",
        "A leader writes to its own disk before it sends, not at the same time.";
    "paper", "Figure 2 only", Flag paper, "Fig. 2",
        "From its start a run knows nothing above Figure 2, and puts one entry into a message.";
};

/// Membership, and snapshots.
const MEMBERSHIP: [Row; 2] = rows! {
    "catchUpRounds", "catch-up rounds", Count catch_up_rounds, "D4.2.1, §6",
        "New servers receive the log in at most this many rounds before they vote; 0: they vote at once.";
    "handOverOnRemoval", "hand over on removal", Flag hand_over_on_removal, "D3.10",
        "A leader that was removed hands leadership over before it steps down, so no election timeout passes without a leader.";
};

const SNAPSHOTS: [Row; 2] = rows! {
    "snapshotEvery", "snapshot every … entries", Count snapshot_every, "§7",
        "Take a snapshot after this many applied entries (§7 counts bytes); 0: only on request.";
    "snapshotChunk", "bytes a piece", Count snapshot_chunk, "§7",
        "The most bytes of a snapshot in one message; 0: it is sent whole.";
};

/// Clients and reads.
const CLIENTS: [Row; 8] = rows! {
    "reads", "reads", Reads, "D6.4",
        "How a get without --mode is answered.";
    "lease", "leases", Flag lease, "D6.4.1",
        "A majority’s answers let a leader read without asking anew, for a time; needs stickiness.";
    "drift", "clock drift, %", Percent drift_ppm, "D6.4.1",
        "How far clocks may run apart, as leases believe: they are shorter by so much.";
    "sessions", "client sessions", Flag sessions, "D6.3",
        "Clients open sessions, so that a command that is sent twice is applied once.";
    "sessionLife", "session life, entries", Count session_life, "D6.3",
        "A session ends after so many entries without its client; 0: never.";
    "clientTimeout", "client timeout, ms", Time client_timeout_us, "§8",
        "A client that waits this long for an answer asks another server.";
    "clientAttempts", "client attempts", Count client_attempts, "§8",
        "After about so many timeouts a client gives up, not knowing what became of its request.";
    "workload", "background writes every … ms", Time workload_every_us, "",
        "Client C2 writes this often; 0: not at all.";
};

/// Network and disks.
const WORLD: [Row; 4] = rows! {
    "latency", "latency one way, ms", Range link.latency, "§5.6",
        "How long a message travels; when lengths differ, messages overtake each other.";
    "loss", "messages lost, %", Percent link.loss_ppm, "§2",
        "Raft has to be safe however many are lost.";
    "duplicate", "messages doubled, %", Percent link.duplicate_ppm, "§2",
        "Raft has to be safe when a message comes twice.";
    "fsync", "disk write, ms", Range fsync, "§5.6",
        "How long it takes until something is on the disk; replies wait for it.";
};

/// All options, by group.
pub const GROUPS: [(&str, &[Row]); 6] = [
    ("Elections", &ELECTIONS),
    ("Replication", &REPLICATION),
    ("Membership", &MEMBERSHIP),
    ("Snapshots", &SNAPSHOTS),
    ("Clients and reads", &CLIENTS),
    ("Network and disks", &WORLD),
];

/// All options.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    GROUPS.iter().flat_map(|(_, rows)| rows.iter())
}

/// What one can begin with: its name in the address, a label, and a sentence.
pub const PRESETS: [(&str, &str, &str); 4] = [
    ("paper", "Paper", "Plain Figure 2, election timeout 150–300 ms (§9.3)"),
    ("raftscope", "RaftScope", "Plain Figure 2, election timeout 100–200 ms"),
    ("figure2", "Figure 2 only", "One entry a message, and nothing above Figure 2: for a new run"),
    ("everything", "Everything on", "All that the dissertation adds, on"),
];

/// The options of a preset. What adds to the protocol leaves the timings and the network as they are.
#[must_use]
pub fn preset(name: &str, now: &Options) -> Option<Options> {
    match name {
        "paper" => Some(Options::default()),
        "raftscope" => Some(Options::raftscope()),
        "figure2" => Some(now.clone().restricted_to_paper()),
        "everything" => Some(Options {
            noop: true,
            backtracking: Backtracking::ConflictHints,
            window: 64,
            pre_vote: true,
            check_quorum: true,
            stickiness: true,
            lease: true,
            drift_ppm: 50_000,
            catch_up_rounds: 10,
            snapshot_every: 16,
            snapshot_chunk: 64,
            sessions: true,
            reads: ReadMode::Lease,
            paper: false,
            ..now.clone()
        }),
        _ => None,
    }
}

fn index<T: PartialEq>(all: &[T], value: &T) -> usize {
    all.iter().position(|it| it == value).unwrap_or(0)
}

impl Row {
    /// The value, as it stands in the address.
    #[must_use]
    pub fn get(&self, options: &Options) -> String {
        // The fields are reached by one function each, which may change them.
        let mut options = options.clone();
        match self.field {
            Field::Flag(of) => if *of(&mut options) { "yes" } else { "no" }.into(),
            Field::Count(of) => of(&mut options).to_string(),
            Field::Time(of) => ms_text(*of(&mut options)),
            Field::Range(of) => range_text(*of(&mut options)),
            Field::Percent(of) => percent_text(*of(&mut options)),
            Field::Repair => {
                REPAIRS[usize::from(options.backtracking == Backtracking::ConflictHints)].0.into()
            }
            Field::Reads => READS[index(&READ_MODES, &options.reads)].0.into(),
        }
    }

    /// Takes a value as it stands in the address.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn set(&self, options: &mut Options, value: &str) -> Result<(), String> {
        match self.field {
            Field::Flag(of) => {
                *of(options) = match value.to_ascii_lowercase().as_str() {
                    "" | "1" | "yes" | "true" | "on" => true,
                    "0" | "no" | "false" | "off" => false,
                    _ => return Err(format!("write {0}=yes or {0}=no", self.name)),
                }
            }
            Field::Count(of) => {
                *of(options) = value.trim().parse().map_err(|_| "write a whole number, such as 0 or 64")?;
            }
            Field::Time(of) => *of(options) = ms(value)?,
            Field::Range(of) => *of(options) = range(value)?,
            Field::Percent(of) => {
                let ppm = decimal(value.trim().trim_end_matches('%'), 10_000);
                let ppm = ppm.and_then(|ppm| u32::try_from(ppm).ok()).filter(|&ppm| ppm <= 1_000_000);
                *of(options) = ppm.ok_or("write a percentage from 0 to 100")?;
            }
            Field::Repair | Field::Reads => {
                let choices = self.choices();
                let chosen = choices.iter().position(|(name, _)| name.eq_ignore_ascii_case(value));
                let Some(chosen) = chosen else {
                    let all: Vec<String> =
                        choices.iter().map(|(name, _)| format!("{}={name}", self.name)).collect();
                    return Err(format!("write {}", all.join(" or ")));
                };
                if let Field::Reads = self.field {
                    options.reads = READ_MODES[chosen];
                } else {
                    let repairs = [Backtracking::StepByOne, Backtracking::ConflictHints];
                    options.backtracking = repairs[chosen];
                }
            }
        }
        Ok(())
    }

    /// The values to choose from, with labels; none where any can be written.
    #[must_use]
    pub fn choices(&self) -> Vec<(&'static str, &'static str)> {
        match self.field {
            Field::Repair => REPAIRS.to_vec(),
            Field::Reads => READS.iter().map(|(name, label, _)| (*name, *label)).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_can_be_had_and_draws_no_warning() {
        for (name, ..) in PRESETS {
            let options = preset(name, &Options::default()).unwrap();
            assert_eq!(options.check(), Ok(()), "{name}");
            assert_eq!(options.warnings(), [] as [String; 0], "{name}");
        }
        assert_eq!(preset("fast", &Options::default()), None);
    }

    /// An option that is added and forgotten here would not survive the address.
    #[test]
    fn the_table_has_every_option() {
        let full = preset("everything", &Options::default()).unwrap();
        let full =
            Options { drift_ppm: 12_500, session_life: 7, write_before_send: true, paper: true, ..full };
        let full = Options { election: TimerRange { min_us: 1000, max_us: 2000 }, ..full };
        let full = Options { client_timeout_us: 1_500, client_attempts: 3, max_entries: 9, ..full };
        let mut copy = Options::default();
        for row in rows() {
            row.set(&mut copy, &row.get(&full)).unwrap();
        }
        assert_eq!(copy, full);
        let json = serde_json::to_value(&full).unwrap();
        // The link is one field with four parts, one of which (the shape) only files can set.
        assert_eq!(rows().count(), json.as_object().unwrap().len() + 2);
    }

    #[test]
    fn each_option_says_what_it_does_in_a_sentence() {
        for row in rows() {
            assert!(row.sentence.ends_with('.'), "{}", row.name);
            assert!(row.sentence.len() > 20, "{}", row.name);
        }
    }
}
