//! What an administrator is told: refusals are true, a server that is to catch up first becomes no voter before,
//! and a change that is given up is not given up in silence.

use crate::watcher::Sight;
use wavetank::raft::{Guard, Refused, RoleName, Rule, Timer};
use wavetank::sim::{Action, Refusal, What};

/// What is wrong with what has happened, in the course of which these decisions were made.
pub fn look(sight: Sight, guards: &[Guard]) -> Option<String> {
    untrue_refusal(sight).or_else(|| empty_voter(sight)).or_else(|| silent_end(sight, guards))
}

/// A server that is said to have no vote has one.
fn untrue_refusal(Sight { world, event, .. }: Sight) -> Option<String> {
    let What::Acted { action: Action::Transfer { .. }, refused: Some(Refusal::Declined { server, why }) } =
        &event.what
    else {
        return None;
    };
    let Refused::NoVoter { server: of } = why else { return None };
    let configuration = world.server(*server)?.node.configuration();
    let votes = configuration.all_voters().contains(*of);
    votes.then(|| format!("{server} says that {of} has no vote, and it has one in {configuration}"))
}

/// With catch-up a leader makes a server a voter that was no member before (§6, D4.2.1).
fn empty_voter(Sight { world, event, .. }: Sight) -> Option<String> {
    let change = event.change?;
    let leads = change.before.role == RoleName::Leader && change.after.role == RoleName::Leader;
    let (before, after) = (change.before.configuration, change.after.configuration);
    let new = after.all_voters().minus(before.members());
    let empty = leads && world.options().catch_up_rounds > 0 && !new.is_empty();
    empty.then(|| format!("{new} became voters of {after} without catching up first"))
}

/// Servers did not catch up in time, so the change is aborted, and nothing says so (D4.2.1: with an error).
fn silent_end(Sight { world, event, .. }: Sight, guards: &[Guard]) -> Option<String> {
    let What::Fired { timer: Timer::CatchUp } = event.what else { return None };
    let leading = world.server(event.server?)?.node.leadership()?;
    let says_so = guards.iter().any(|guard| guard.rule == Rule::LearnersCatchUpFirst && guard.refused());
    let silent = leading.catch_up.is_none() && !says_so;
    silent.then(|| "a change whose new servers did not catch up was given up, and no event says so".into())
}
