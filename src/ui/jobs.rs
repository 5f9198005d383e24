//! Long work, as data: what is to be done in the worker, and what it tells on the way.

use super::export::write::{self, Order};
use crate::check::Property;
use crate::check::goal::Goal;
use crate::explore::{self, Bound, Bounds, Ended, Grain, Model, Search, Target};
use crate::raft::Rules;
use crate::sim::notation;
use crate::timeline::{Caption, Recording, Run};
use serde::{Deserialize, Serialize};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Job {
    /// Can that ever happen?
    Search(Wanted),
    /// The same promise broken, by a run as small as possible.
    Shrink(Recording, Property),
    /// The run, written out for other programs or for reading.
    Export(Order),
}

/// What is looked for, and how far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// The goal, as it was typed.
    pub goal: String,
    /// From the end of this recording; else from servers that have never run.
    pub from: Option<Recording>,
    /// How many servers there are.
    pub servers: u8,
    /// The rules that are off, where none has ever run.
    pub rules_off: Rules,
    /// Whether every message is a step of its own.
    pub messages: bool,
    /// How many terms more than there are at the start.
    pub terms: u64,
    /// How many entries more than the longest log has at the start.
    pub entries: u64,
    /// The most restarts.
    pub restarts: u8,
    /// The most messages that are kept on their way at once.
    pub held: u8,
    /// The most steps.
    pub steps: u32,
    /// The most memory, in megabytes.
    pub memory_mb: u32,
    /// The state that the goal describes, in shorthand, if it is one.
    pub state: Option<String>,
}

impl Wanted {
    /// A run that leads to this state.
    ///
    /// # Errors
    /// A sentence that says why it can't be looked for.
    pub fn state(text: &str) -> Result<Wanted, String> {
        let states = notation::parse(text)?;
        let goal = explore::goal_of(&states)?.to_string();
        let (terms, entries) = explore::extent(&states);
        Ok(Wanted {
            goal,
            from: None,
            servers: states.len() as u8,
            rules_off: Rules::ALL_ON,
            messages: false,
            terms,
            entries,
            restarts: 2,
            held: 1,
            steps: 60,
            memory_mb: 500,
            state: Some(text.to_owned()),
        })
    }
}

/// What is told on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum News {
    /// So far.
    Progress(Progress),
    /// The smallest recording so far.
    Shrinking(Shrunk),
    /// The smallest recording. Whether everything was tried.
    Shrunk(Box<Recording>, Shrunk),
    /// It can happen: so.
    Found(Box<Found>),
    /// It was not found: why the search ended.
    NotFound(String),
    /// The next part of what is written.
    Piece(String),
    /// It is written up to this virtual time.
    Writing {
        /// In microseconds.
        at_us: u64,
    },
    /// All is written.
    Written,
    /// Nothing came of it.
    Failed(String),
}

/// How far a search is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Distinct states.
    pub states: u64,
    /// The length of the runs that are looked at now.
    pub depth: u32,
    /// How many states wait.
    pub frontier: u64,
    /// Memory in use.
    pub bytes: u64,
}

impl From<explore::Progress> for Progress {
    fn from(it: explore::Progress) -> Progress {
        Progress { states: it.states, depth: it.depth, frontier: it.frontier, bytes: it.bytes }
    }
}

/// How far a recording was shrunk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shrunk {
    /// How many actions are left.
    pub actions: usize,
    /// How many recordings were tried.
    pub replays: u32,
}

/// A run to the goal: where it was searched for, a shortest one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The run.
    pub recording: Recording,
    /// Its steps.
    pub marks: Vec<Caption>,
    /// The run is shown from so many events on.
    pub from: u64,
    /// How many distinct states were looked at; nothing where the run was put together, so that a shorter one
    /// may exist.
    pub states: Option<u64>,
}

/// Does it. Runs in the worker.
pub fn run(job: Job, tell: &dyn Fn(News)) {
    let result = match job {
        Job::Search(wanted) => search(&wanted, tell),
        Job::Shrink(recording, property) => shrink(&recording, property, tell),
        Job::Export(order) => write::write(&order, tell),
    };
    tell(result.unwrap_or_else(News::Failed));
}

/// The run that is searched from: at rest, since steps are made by hand.
fn begin(wanted: &Wanted) -> Result<Run, String> {
    let Some(recording) = &wanted.from else {
        return explore::fresh(wanted.servers, wanted.rules_off).map_err(|error| error.to_string());
    };
    let run = Run::replay(recording).map_err(|error| error.to_string())?;
    explore::at_rest(&run).map_err(|why| format!("{why}."))
}

fn search(wanted: &Wanted, tell: &dyn Fn(News)) -> Result<News, String> {
    let goal: Goal = wanted.goal.parse().map_err(|error| format!("The goal: {error}."))?;
    goal.fits_search().map_err(|why| format!("The goal: {why}."))?;
    let run = begin(wanted)?;
    let grain = if wanted.messages { Grain::Message } else { Grain::Gesture };
    let from = Model::of(run.world(), run.checker());
    let highest = from.servers.iter().map(|server| server.node.term().0).max().unwrap_or(0);
    let longest = from.servers.iter().map(|server| server.node.log().last_index().0).max().unwrap_or(0);
    let bounds = Bounds {
        term_max: highest + wanted.terms,
        log_max: longest + wanted.entries,
        restarts_max: wanted.restarts,
        messages_max: wanted.held,
        ..Bounds::of(grain)
    };
    let search = Search {
        from,
        rules: run.world().rules(),
        bounds,
        steps_max: wanted.steps,
        bytes_max: u64::from(wanted.memory_mb) << 20,
        ..Search::new(wanted.servers, grain, goal)
    };
    let state = wanted.state.as_deref().map(notation::parse).transpose()?.unwrap_or_default();
    // Often the way to a state can be put together; then nothing has to be searched.
    let together = if search.rules == Rules::ALL_ON { explore::way(&state) } else { None };
    let (gestures, states) = match together.filter(|_| !state.is_empty()) {
        Some(gestures) => (gestures, None),
        None => {
            let found = explore::search(&search, |progress| {
                tell(News::Progress((*progress).into()));
                true
            });
            tell(News::Progress(found.progress.into()));
            let Some(gestures) = found.run.clone() else {
                return Ok(News::NotFound(not_found(&search, &found)));
            };
            (gestures, Some(found.progress.states))
        }
    };
    let (from, mut marks) = (run.world().events(), Vec::new());
    let run = explore::arrive(run, &state, grain, &gestures, |run, step| {
        marks.push(Caption { until: run.world().events(), text: format!("{step}.") });
    })
    .map_err(|error| format!("The way there can’t be done again: {error}. This is a fault of the page."))?;
    Ok(News::Found(Box::new(Found { recording: run.recording(), marks, from, states })))
}

/// The most recordings that are tried.
const REPLAYS_MAX: u32 = 20_000;

fn shrink(recording: &Recording, property: Property, tell: &dyn Fn(News)) -> Result<News, String> {
    let mut told = usize::MAX;
    let shrunk = explore::shrink(recording, &Target::Property(property), REPLAYS_MAX, |best, replays| {
        let actions = best.actions.len();
        // Few messages: each is drawn.
        if actions != told || replays.is_multiple_of(16) {
            told = actions;
            tell(News::Shrinking(Shrunk { actions, replays }));
        }
        true
    });
    let explore::Shrunk { recording, replays, .. } = shrunk.map_err(|error| error.to_string())?;
    let shrunk = Shrunk { actions: recording.actions.len(), replays };
    Ok(News::Shrunk(Box::new(recording), shrunk))
}

/// Why a search ended without a run, and what to do.
fn not_found(search: &Search, found: &explore::Found) -> String {
    let states = thousands(found.progress.states);
    let depth = found.progress.depth;
    let bounds: Vec<&str> =
        explore::advice(search, found).into_iter().map(|(bound, _)| field_of(bound)).collect();
    match found.ended {
        Ended::Found | Ended::Exhausted => {
            let looser = match bounds.as_slice() {
                [] => "and no bound kept a step back".to_owned(),
                bounds => format!(
                    "and no others can be reached. To look further, allow more: {}",
                    bounds.join(", ")
                ),
            };
            format!("No, nowhere within these bounds: {states} states, {looser}.")
        }
        Ended::Steps => {
            format!("Not within {depth} steps: {states} states. A longer run may: allow more steps.")
        }
        Ended::States | Ended::Memory => {
            let tighter = match bounds.as_slice() {
                [] => String::new(),
                bounds => format!(", or fewer of these: {}", bounds.join(", ")),
            };
            format!(
                "Not within {depth} steps. Then the memory was full, with {states} states: allow more memory{tighter}."
            )
        }
        Ended::Cancelled => "Cancelled.".into(),
    }
}

/// What the page's form calls a bound.
fn field_of(bound: Bound) -> &'static str {
    match bound {
        Bound::Terms => "terms",
        Bound::Logs => "entries",
        Bound::Restarts => "restarts",
        Bound::Messages => "messages on their way",
    }
}

/// A number that can be read: 1,234,567.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_groups_of_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
