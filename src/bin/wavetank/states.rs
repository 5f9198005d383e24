//! States in shorthand, and what speaks against them.

use crate::output::complain;
use wavetank::sim::notation::{self, Shorthand, UNREACHABLE, objections};
use wavetank::timeline::Start;

/// The most objections that are told.
const OBJECTIONS_MAX: usize = 5;

/// A state that was typed.
pub fn read(text: &str) -> Result<Vec<Shorthand>, String> {
    let states = notation::parse(text)?;
    if states.len() > 9 { Err("a cluster has 1 to 9 servers".into()) } else { Ok(states) }
}

/// What speaks against a state, in sentences; nothing where nothing is known to.
pub fn against(states: &[Shorthand]) -> Vec<String> {
    objections(states).iter().map(ToString::to_string).collect()
}

/// That no run leads to a state, and why, a line for each reason.
pub fn unreachable(objections: &[String]) -> String {
    let mut text = format!("{UNREACHABLE}:");
    for objection in objections.iter().take(OBJECTIONS_MAX) {
        text.push_str("\n  - ");
        text.push_str(objection);
    }
    let more = objections.len().saturating_sub(OBJECTIONS_MAX);
    if more > 0 {
        text.push_str(&format!("\n  - And {more} more."));
    }
    text
}

/// What speaks against the state that a run starts in, as text; nothing where nothing is known to.
pub fn against_start(start: &Start) -> Option<String> {
    let Start::State(text) = start else { return None };
    let objections = against(&notation::parse(text).ok()?);
    (!objections.is_empty()).then(|| unreachable(&objections))
}

/// Says on standard error what speaks against a start. It is looked at all the same.
pub fn warn(whose: &str, start: &Start) {
    if let Some(against) = against_start(start) {
        complain(&format!("{whose}: {against}"));
    }
}
