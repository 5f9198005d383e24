//! A run as data. A recording is all that a run depends on; everything else is a replay of it.

use super::lists::{Listed, bounded};
use crate::raft::Rules;
use crate::sim::{Action, Setup};
use crate::spelling::Unread;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The format of recordings that this version writes. It reads this one and all before it.
pub const FORMAT: u32 = 1;
/// What a recording means: it grows when the same recording would run differently. A recording of an earlier
/// meaning runs by this one (there is one core), and [`super::Standing`] says whether it runs as it did.
pub const SEMANTICS: u32 = 2;
/// The most actions in a recording.
pub const ACTIONS_MAX: usize = 100_000;
/// The longest recording, as text.
pub const TEXT_MAX: usize = 32 << 20;
/// The longest run, in microseconds: two hours.
pub const RUN_US_MAX: u64 = 7_200_000_000;

/// A run as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recording {
    /// The format, [`FORMAT`].
    pub format: u32,
    /// The meaning, [`SEMANTICS`].
    pub semantics: u32,
    /// What was there at the start.
    #[serde(default)]
    pub start: Start,
    /// What the run was set up with.
    pub setup: Setup,
    /// What was done, in order.
    #[serde(deserialize_with = "bounded")]
    pub actions: Vec<Stamped>,
    /// Where the run ends.
    pub end: Stamp,
}

/// What was there at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Start {
    /// Servers that had never run.
    #[default]
    Empty,
    /// This state, in shorthand ([`crate::sim::notation`]).
    State(String),
}

/// A moment in a run: a time, and how many things have happened at that time (actions not counted).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stamp {
    /// The time, in microseconds from the start.
    pub at_us: u64,
    /// After how many events of that time.
    #[serde(default)]
    pub k: u32,
}

/// An action and its moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stamped {
    /// When.
    pub when: Stamp,
    /// What.
    pub action: Action,
}

/// Why a recording can't be used. Its text says what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingError {
    /// It is longer than [`TEXT_MAX`] bytes.
    TooLong(usize),
    /// It is not one, or was cut off.
    Unreadable(Unread),
    /// It is of a later format.
    Newer(u32),
    /// It is of a later meaning, see [`SEMANTICS`].
    NewerMeaning(u32),
    /// It is of format 0, which no version had.
    NoFormat,
    /// It is of meaning 0, which no version had.
    NoMeaning,
    /// Its setup makes no run.
    Setup(String),
    /// Its starting state makes no run.
    Start(String),
    /// It goes on for longer than a run can.
    RunsTooLong(u64),
    /// Its actions are not in order; with the number of the first that is not.
    OutOfOrder(usize),
    /// Too much would happen in it.
    TooManyEvents(u64),
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordingError::TooLong(bytes) => {
                write!(f, "The recording has {bytes} bytes; {TEXT_MAX} are the most. Is it the right file?")
            }
            RecordingError::Unreadable(why) => f.write_str(&why.told("recording")),
            RecordingError::Newer(format) => write!(
                f,
                "The recording is of format {format}, which is newer than this page's {FORMAT}. Reload the page \
                 for its latest version, or open the recording where it was made."
            ),
            RecordingError::NewerMeaning(semantics) => write!(
                f,
                "The recording was made by a later version, which simulates differently: its semantics is \
                 {semantics}, and this page's is {SEMANTICS}. Reload the page for its latest version, or open the \
                 recording where it was made."
            ),
            RecordingError::NoFormat => {
                f.write_str("There was never a format 0 of recordings. Was the file edited by hand?")
            }
            RecordingError::NoMeaning => {
                f.write_str("There was never a semantics 0 of recordings. Was the file edited by hand?")
            }
            RecordingError::Setup(why) => write!(f, "The recording's setup makes no run: {why}."),
            RecordingError::Start(why) => write!(f, "The recording's starting state makes no run: {why}."),
            RecordingError::RunsTooLong(us) => write!(
                f,
                "The recording runs for {} s; {} s are the most. Shorten its end.",
                seconds(*us),
                seconds(RUN_US_MAX)
            ),
            RecordingError::OutOfOrder(number) => {
                write!(
                    f,
                    "Action {number} of the recording comes before the one that it follows. Was it edited by hand?"
                )
            }
            RecordingError::TooManyEvents(events) => write!(
                f,
                "More than {events} things happen in the recording, too many to replay. Shorten its end, or use \
                 longer timeouts."
            ),
        }
    }
}

/// A time in seconds, to the microsecond: what is a little too much must not look like what is allowed.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

impl std::error::Error for RecordingError {}

impl Recording {
    /// The recording of a run in which nothing was done yet.
    #[must_use]
    pub fn new(setup: Setup, start: Start) -> Recording {
        let end = Stamp::default();
        Recording { format: FORMAT, semantics: SEMANTICS, start, setup, actions: Vec::new(), end }
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub fn from_json(text: &str) -> Result<Recording, RecordingError> {
        if text.len() > TEXT_MAX {
            return Err(RecordingError::TooLong(text.len()));
        }
        let unreadable = |why: serde_json::Error| RecordingError::Unreadable(Unread::from(&why));
        // The version first: what else stands in a newer one, this version need not understand.
        let version: Version = serde_json::from_str(text).map_err(unreadable)?;
        version.check()?;
        let recording: Recording = serde_json::from_str(text).map_err(unreadable)?;
        recording.check()?;
        Ok(recording)
    }

    /// The same recording with these rules on throughout; `rules` has them off.
    #[must_use]
    pub fn with_rules_on(mut self, rules: Rules) -> Recording {
        let repair = |off: &mut Rules| *off = rules.off().fold(*off, |off, rule| off.set(rule, true));
        repair(&mut self.setup.rules_off);
        for stamped in &mut self.actions {
            if let Action::SetRules { off } = &mut stamped.action {
                repair(off);
            }
        }
        self
    }

    /// The recording as readable JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a recording is plain data")
    }

    /// Whether it makes a run.
    ///
    /// # Errors
    /// See [`RecordingError`].
    pub fn check(&self) -> Result<(), RecordingError> {
        Version { format: self.format, semantics: Some(self.semantics) }.check()?;
        self.setup.check().map_err(RecordingError::Setup)?;
        let mut last = Stamp::default();
        for (number, stamped) in (1..).zip(&self.actions) {
            if stamped.when < last {
                return Err(RecordingError::OutOfOrder(number));
            }
            last = stamped.when;
        }
        if self.end < last {
            return Err(RecordingError::OutOfOrder(self.actions.len()));
        }
        if self.end.at_us > RUN_US_MAX {
            return Err(RecordingError::RunsTooLong(self.end.at_us));
        }
        Ok(())
    }
}

/// What a recording says of its version; whatever else stands in it.
#[derive(Deserialize)]
pub(super) struct Version {
    format: u32,
    semantics: Option<u32>,
}

impl Version {
    /// Whether this version reads it.
    pub(super) fn check(&self) -> Result<(), RecordingError> {
        match (self.format, self.semantics) {
            (0, _) => Err(RecordingError::NoFormat),
            (format, _) if format > FORMAT => Err(RecordingError::Newer(format)),
            (_, Some(0)) => Err(RecordingError::NoMeaning),
            (_, Some(semantics)) if semantics > SEMANTICS => Err(RecordingError::NewerMeaning(semantics)),
            _ => Ok(()),
        }
    }
}

impl Listed for Stamped {
    fn too_many(list: &[Stamped]) -> Option<String> {
        (list.len() > ACTIONS_MAX).then(|| format!("more than {ACTIONS_MAX} actions"))
    }
}
