//! What can be set for a server.

use super::rules::Value;
use serde::{Deserialize, Serialize};

/// What can be set for a server. Times are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// From which range an election timeout is drawn (§5.2).
    pub election: TimerRange,
    /// How long a leader may be silent.
    pub heartbeat_us: u64,
    /// Whether a leader begins its term with an entry that does nothing (§8).
    pub noop: bool,
    /// How a leader finds the place where a follower's log agrees with its own.
    pub backtracking: Backtracking,
    /// The most entries in one AppendEntries, at least 1.
    pub max_entries: u32,
    /// How many entries may be under way to a follower, sent and not acknowledged (D10.2.2: pipelining).
    /// 0: a leader sends what is missing again and again, as in Figure 2.
    pub window: u32,
    /// Whether a leader writes its entries to its own disk before it sends them; else at the same time
    /// (D10.2.1).
    pub write_before_send: bool,
    /// Whether a server asks whether it would be elected before it stands (D9.6).
    pub pre_vote: bool,
    /// Whether a leader that hears no majority steps down (D6.2).
    pub check_quorum: bool,
    /// Whether servers that hear from a leader ignore vote requests (D4.2.3).
    pub stickiness: bool,
    /// Whether leaders hold leases, for reads without a round of messages (D6.4.1).
    pub lease: bool,
    /// By how much each clock may run fast or slow, in millionths: what leases allow for.
    pub drift_ppm: u32,
    /// In at most how many rounds a new server catches up before it becomes a voter (D4.2.1). 0: it is
    /// a voter at once.
    pub catch_up_rounds: u32,
    /// Whether a leader that was removed hands its leadership over before it steps down (D3.10).
    pub hand_over_on_removal: bool,
    /// After how many applied entries a server takes a snapshot (§7). 0: never by itself.
    pub snapshot_every: u32,
    /// The most bytes of a snapshot in one message. 0: it is sent whole.
    pub snapshot_chunk: u32,
}

impl Default for Options {
    /// Figure 2 and nothing else, with the timeouts of §5.2.
    fn default() -> Options {
        Options {
            election: TimerRange { min_us: 150_000, max_us: 300_000 },
            heartbeat_us: 50_000,
            noop: false,
            backtracking: Backtracking::StepByOne,
            max_entries: 64,
            window: 0,
            write_before_send: false,
            pre_vote: false,
            check_quorum: false,
            stickiness: false,
            lease: false,
            drift_ppm: 0,
            catch_up_rounds: 0,
            hand_over_on_removal: false,
            snapshot_every: 0,
            snapshot_chunk: 0,
        }
    }
}

/// The range from which the world draws the length of a timer, both ends included, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimerRange {
    /// The shortest length.
    pub min_us: u64,
    /// The longest length.
    pub max_us: u64,
}

impl From<TimerRange> for Value {
    fn from(range: TimerRange) -> Value {
        Value::RangeUs(range.min_us, range.max_us)
    }
}

/// How a leader finds the last entry on which it and a follower agree (§5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Backtracking {
    /// nextIndex goes back by one with each refusal.
    StepByOne,
    /// The follower names the conflicting term and its first index; nextIndex jumps.
    ConflictHints,
}
