//! The way to a state that is written in shorthand.

use super::gesture::{Gesture, Grain};
use super::model::Bounds;
use super::replay::{ReplayError, replay};
use super::search::Search;
use crate::check::goal::{GOAL_MAX, Goal};
use crate::raft::{Index, RoleName, ServerId};
use crate::sim::Action;
use crate::sim::notation::{Shorthand, write_terms};
use crate::timeline::Run;

/// The goal that is reached where a cluster is in this state. A server that has crashed may still be up: it
/// is to have the term and the log that its crash would leave.
///
/// # Errors
/// A sentence that says why a search can't look for it.
pub fn goal_of(states: &[Shorthand]) -> Result<Goal, String> {
    if let Some(asks) = states.iter().find(|state| state.role == Some(RoleName::PreCandidate)) {
        let server = asks.server;
        return Err(format!("the search knows no PreVote, and {server} asks before it stands; write C or F"));
    }
    if let Some(compacted) = states.iter().find(|state| state.covered > 0) {
        let server = compacted.server;
        return Err(format!(
            "a part of the log of {server} is in a snapshot; write the terms of all entries"
        ));
    }
    let text = states.iter().map(condition).collect::<Vec<_>>().join(" and ");
    if text.len() > GOAL_MAX {
        return Err("its logs are too long to be looked for".into());
    }
    text.parse().map_err(|error: crate::check::goal::GoalError| error.to_string())
}

fn condition(state: &Shorthand) -> String {
    let Shorthand { server, role, term, entries, commit, .. } = state;
    let log = if entries.is_empty() { "empty".to_owned() } else { write_terms(entries) };
    let stays = format!("term({server}) = {term} and log({server}) = {log}");
    match role {
        None => stays,
        Some(role) => {
            format!("{stays} and commit({server}) = {commit} and role({server}) = {}", role_word(*role))
        }
    }
}

fn role_word(role: RoleName) -> &'static str {
    match role {
        RoleName::Follower => "follower",
        RoleName::PreCandidate => "preCandidate",
        RoleName::Candidate => "candidate",
        RoleName::Leader => "leader",
    }
}

/// Those that have crashed.
pub fn crashed(states: &[Shorthand]) -> impl Iterator<Item = ServerId> {
    states.iter().filter(|state| state.role.is_none()).map(|state| state.server)
}

/// The highest term, and the longest log.
#[must_use]
pub fn extent(states: &[Shorthand]) -> (u64, u64) {
    let term = states.iter().map(|state| state.term.0).max().unwrap_or(0);
    let index = states.iter().map(|state| Index(state.entries.len() as u64)).max().unwrap_or_default();
    (term, index.0)
}

/// The search for a run from servers that have never run to this state: terms and logs go as far as those of
/// the state, and no further.
///
/// # Errors
/// A sentence that says why a search can't look for it.
pub fn search_for(states: &[Shorthand], grain: Grain) -> Result<Search, String> {
    let (term_max, log_max) = extent(states);
    let bounds = Bounds { term_max, log_max, ..Bounds::of(grain) };
    Ok(Search { bounds, ..Search::new(states.len() as u8, grain, goal_of(states)?) })
}

/// Does the steps to a state again in the timed world, from `start`. Servers that are down in the state crash
/// when all the rest is done. After each step `then` sees the run, and hears the step in words.
///
/// # Errors
/// When a step is not possible: then it does not lead there from `start`.
pub fn arrive(
    start: Run,
    states: &[Shorthand],
    grain: Grain,
    steps: &[Gesture],
    mut then: impl FnMut(&Run, &str),
) -> Result<Run, ReplayError> {
    let mut words = steps.iter().map(ToString::to_string);
    let mut run = replay(start, grain, steps, |run| then(run, &words.next().unwrap_or_default()))?;
    for server in crashed(states) {
        run.act(Action::Crash { server }).map_err(ReplayError::Refused)?;
        then(&run, &format!("{server} crashes"));
    }
    Ok(run)
}
