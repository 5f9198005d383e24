//! Whether a run leads to a state, for programs: what speaks against it, or the run, looked for within
//! bounds that end in seconds.

use crate::explore::{self, Bound, Bounds, Ended, Found, Grain, Search, advice};
use crate::raft::Rules;
use crate::sim::notation::{self, UNREACHABLE};
use crate::spelling::shortened;
use crate::timeline::{Recording, Start};
use serde::{Deserialize, Serialize};

/// The most states that are looked at where nobody says: some seconds.
const STATES: u64 = 500_000;
/// The most that can be asked for: a minute or several.
const STATES_MAX: u64 = 5_000_000;
/// The most memory that a search takes, in bytes.
const BYTES_MAX: u64 = 1 << 30;
/// The longest run that is looked for.
const STEPS_MAX: u32 = 60;
/// The highest term, and the longest log, that a search takes.
const HIGHEST: u64 = 1000;

/// How far a run is looked for. What is missing is as usual.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limits {
    terms: Option<u64>,
    logs: Option<u64>,
    restarts: Option<u8>,
    messages: Option<u8>,
    states: Option<u64>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The run that leads there.
    pub recording: Option<Recording>,
    /// Its steps, in words.
    pub steps: Vec<String>,
    /// What speaks against the state, in sentences.
    pub objections: Vec<String>,
    /// What came of it, in a sentence or two.
    pub sentence: String,
}

/// What speaks against the state that a run starts in, in sentences; nothing where nothing is known to.
#[must_use]
pub fn objections(start: &Start) -> Vec<String> {
    let Start::State(text) = start else { return Vec::new() };
    notation::parse(text).map_or_else(|_| Vec::new(), |states| against(&states))
}

fn against(states: &[notation::Shorthand]) -> Vec<String> {
    notation::objections(states).iter().map(ToString::to_string).collect()
}

/// Looks for a run that leads to a state in shorthand, as far as `limits` says: a JSON object with any of
/// `terms`, `logs` (the highest term, the longest log), `restarts`, `messages` (the most in a run; held at
/// once) and `states` (the most to look at).
///
/// # Errors
/// A sentence that says what is wrong with the state or the limits.
pub fn reach(state: &str, limits: &str) -> Result<Reached, String> {
    let states = notation::parse(state).map_err(|why| format!("The state can't be read: {why}."))?;
    let start = explore::fresh(states.len() as u8, Rules::ALL_ON).map_err(|why| why.to_string())?;
    let limits: Limits = serde_json::from_str(limits).map_err(|why| {
        let why = why.to_string();
        let words = why.rsplit_once(" at line ").map_or(why.as_str(), |(words, _)| words);
        shortened(format!(
            "How far to look can't be read: {words}. Give {{terms, logs, restarts, messages, states}}."
        ))
    })?;
    limits.check(&states)?;
    let mut reached =
        Reached { recording: None, steps: Vec::new(), objections: against(&states), sentence: String::new() };
    if !reached.objections.is_empty() {
        // A sentence begins with a capital.
        reached.sentence = format!("N{}.", &UNREACHABLE[1..]);
        return Ok(reached);
    }
    let (gestures, sentence) = match explore::way(&states) {
        Some(gestures) => (gestures, "This run was put together; there may be a shorter one.".to_owned()),
        None => {
            let search = within(&states, limits)?;
            let found = explore::search(&search, |_| true);
            let looked = format!("{} states were looked at", found.progress.states);
            match found.run.clone() {
                Some(gestures) => (gestures, format!("This run is a shortest one; {looked}.")),
                None => return Ok(Reached { sentence: not_found(&search, &found), ..reached }),
            }
        }
    };
    let run = explore::arrive(start, &states, Grain::Gesture, &gestures, |_, step| {
        reached.steps.push(format!("{step}."));
    });
    let run = run.map_err(|why| {
        format!("The run that was found can't be done again ({why}): a fault of the library.")
    })?;
    Ok(Reached { recording: Some(run.recording()), sentence, ..reached })
}

impl Limits {
    /// Whether it can be looked so far. What is wrong is told even where nothing has to be searched.
    fn check(self, states: &[notation::Shorthand]) -> Result<(), String> {
        let (term, log) = explore::extent(states);
        let asked = [
            ("terms", self.terms, term, HIGHEST),
            ("logs", self.logs, log, HIGHEST),
            ("states", self.states, 1, STATES_MAX),
        ];
        let wrong = asked
            .into_iter()
            .find(|(_, asked, least, most)| asked.is_some_and(|asked| !(*least..=*most).contains(&asked)));
        let Some((name, _, least, most)) = wrong else { return Ok(()) };
        Err(format!("{name} has to be a number from {least} to {most} for this state, or be left out."))
    }
}

/// The search that was asked for.
fn within(states: &[notation::Shorthand], limits: Limits) -> Result<Search, String> {
    let search = explore::search_for(states, Grain::Gesture)
        .map_err(|why| format!("A run to this state can't be looked for: {why}."))?;
    let usual = search.bounds;
    let bounds = Bounds {
        term_max: limits.terms.unwrap_or(usual.term_max),
        log_max: limits.logs.unwrap_or(usual.log_max),
        restarts_max: limits.restarts.unwrap_or(usual.restarts_max),
        messages_max: limits.messages.unwrap_or(usual.messages_max),
        ..usual
    };
    let states_max = limits.states.unwrap_or(STATES);
    Ok(Search { bounds, states_max, bytes_max: BYTES_MAX, steps_max: STEPS_MAX, threads: 1, ..search })
}

/// How far it was looked for, and what to do.
fn not_found(within: &Search, found: &Found) -> String {
    let (states, depth) = (found.progress.states, found.progress.depth);
    match found.ended {
        Ended::Exhausted => {
            let looser = fields(within, found).map_or(String::new(), |fields| {
                format!(" The bounds kept steps back: to look beyond them, give {fields}.")
            });
            format!(
                "Nothing speaks against this state, but no run within these bounds leads there: there are \
                 {states} states, and no others.{looser}"
            )
        }
        Ended::Steps => format!("No run of up to {depth} steps leads there: {states} states were looked at."),
        Ended::Memory => {
            let tighter = fields(within, found).map_or(String::new(), |fields| format!(": give {fields}"));
            let mib = BYTES_MAX >> 20;
            format!(
                "No run of up to {depth} steps leads there; then the memory was full ({mib} MiB), with {states} \
                 states looked at. A longer run may. Tighter bounds leave fewer states{tighter}."
            )
        }
        _ => {
            let tighter = fields(within, found)
                .map_or(String::new(), |fields| format!(", or tighter bounds: {fields}"));
            format!(
                "No run of up to {depth} steps leads there; then {states} states had been looked at. A longer \
                 run may: give more states{tighter}."
            )
        }
    }
}

/// Bounds to try instead, as they are written; nothing where there are none.
fn fields(within: &Search, found: &Found) -> Option<String> {
    let field = |(bound, value): (Bound, u64)| format!("{}: {value}", bound.name());
    let fields: Vec<String> = advice(within, found).into_iter().map(field).collect();
    (!fields.is_empty()).then(|| fields.join(", "))
}
