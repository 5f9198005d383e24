//! `state S2 leader`, by legal means: it times out again and again until it wins.

use super::shell::Hands;
use crate::explain::{ballot, duration};
use crate::raft::{RoleName, ServerId, Timer};
use crate::sim::{Action, World};
use crate::timeline::RUN_US_MAX;

/// How often it stands at most.
const ELECTIONS_MAX: u32 = 60;
/// How much may happen meanwhile.
const EVENTS_MAX: u64 = 100_000;
/// The longest that one election is waited for, in microseconds.
const PATIENCE_US_MAX: u64 = 5_000_000;

/// Makes a server the leader, letting time go by. Says how that went.
///
/// # Errors
/// Why it can't be, in one sentence: who would refuse and why, or who can't be reached.
pub(super) fn elect(hands: &mut Hands, id: ServerId) -> Result<String, String> {
    let (began_us, events) = (hands.run.run().world().now_us(), hands.run.run().world().events());
    if leads(hands.run.run().world(), id) {
        return Ok(format!("{id} leads already."));
    }
    let timeout = Action::Fire { server: id, timer: Timer::Election };
    for elections in 1..=ELECTIONS_MAX {
        hands.run.run().world().check(&timeout).map_err(|refusal| format!("Nothing was done: {refusal}."))?;
        let ballot =
            ballot(hands.run.run().world(), id).map_err(|why| format!("Nothing was done: {why}."))?;
        if let Some(why) = ballot.why_not() {
            let hint = if ballot.led {
                format!(" ‘transfer {id}’ has the leader hand over.")
            } else {
                String::new()
            };
            return Err(format!("{id} can't win now: {why}.{hint}"));
        }
        hands.act(timeout.clone()).map_err(|refusal| format!("Nothing was done: {refusal}."))?;
        if hands.run.run().world().is_manual() && !leads(hands.run.run().world(), id) {
            return Ok(format!(
                "{id} stands for election. Time stands still, so deliver its requests and the answers by hand."
            ));
        }
        wait(hands, id);
        let world = hands.run.run().world();
        if leads(world, id) {
            let took = duration(world.now_us() - began_us);
            let times = if elections == 1 { "1 election".into() } else { format!("{elections} elections") };
            let term = world.server(id).map(|server| server.node.term()).unwrap_or_default();
            return Ok(format!("{id} leads in term {term}, after {times} and {took} (§5.2)."));
        }
        if world.events() - events > EVENTS_MAX || world.now_us() >= RUN_US_MAX {
            break;
        }
    }
    Err(format!("{id} has stood again and again and did not win: votes were split, lost or late each time."))
}

fn leads(world: &World, id: ServerId) -> bool {
    world.server(id).is_some_and(|server| server.up && server.node.is_leader())
}

/// Lets time go by until the election is over one way or the other.
fn wait(hands: &mut Hands, id: ServerId) {
    let world = hands.run.run().world();
    let options = world.options();
    let round_us = 2 * options.link.latency.max_us + 3 * options.fsync.max_us;
    let patience_us = round_us.max(options.election.max_us).min(PATIENCE_US_MAX);
    let until_us = (world.now_us() + patience_us).min(RUN_US_MAX);
    let events = world.events() + EVENTS_MAX;
    while hands.run.next_us().is_some_and(|next_us| next_us <= until_us) {
        hands.run.step();
        let world = hands.run.run().world();
        let stands = world.server(id).is_some_and(|server| {
            matches!(server.node.role().name(), RoleName::Candidate | RoleName::PreCandidate)
        });
        if !stands || world.events() > events {
            return;
        }
    }
}
