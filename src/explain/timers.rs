//! Timers in words: what somebody does who has waited long enough.

use super::claim::{Claim, Fate};
use super::guards::{of, passed, refused};
use super::roles::role_change;
use super::sentence::{Draft, Kind, Scene, draft};
use super::servers::change_of;
use super::votes::heard_leader;
use super::words::{entries, list, members, once, value};
use crate::raft::{RoleName, Rule, ServerId, Timer, Value};
use crate::sim::Event;

pub(super) fn fired(event: &Event, timer: Timer, scene: Scene) -> Draft {
    let Some(id) = event.server.filter(|_| event.change.is_some()) else {
        return draft(Kind::Election, &[], "A timer runs out");
    };
    match timer {
        Timer::Election => election_timeout(event, id, scene),
        Timer::Heartbeat => heartbeat(event, id),
        Timer::Quorum => quorum(event, id),
        Timer::Stickiness => {
            let waited = "has heard from no leader for the shortest election timeout";
            let does = "heeds those who ask for its vote from now on";
            draft(Kind::Election, &["D4.2.3", "D9.6"], after(event, id, "stickiness", waited, does))
        }
        Timer::LeaseA | Timer::LeaseB => {
            let text = format!(
                "The time of {id}'s lease, or of its attempt at one, is over: whenever it has none, it answers reads by ReadIndex"
            );
            draft(Kind::Client, &["D6.4.1"], text)
        }
        Timer::Transfer => transfer(event, id),
        Timer::CatchUp => {
            let learners = change_of(event).1.configuration.learners;
            let (who, catch) = match learners.len() {
                1 => (list(learners.iter()), "catches"),
                _ => ("the new servers".into(), "catch"),
            };
            let text = match of(event, Rule::LearnersCatchUpFirst) {
                Some(guard) if guard.refused() => format!(
                    "{id} aborts the change of the configuration: {who} did not catch up within an election \
                     timeout in round {} of {}. What was added stays a learner; ask again when the log is shorter or \
                     the network faster",
                    value(guard.left),
                    value(guard.right)
                ),
                Some(_) => format!(
                    "The round in which {who} {catch} up with {id} takes longer than an election timeout, which is \
                     not fast enough for a voter: another round follows"
                ),
                None => format!(
                    "{id} was to see whether new servers have caught up in time, and need not any more"
                ),
            };
            draft(Kind::Replication, &["D4.2.1"], text)
        }
    }
}

/// "S1 has waited and does that", or that its timer was made to fire.
fn after(event: &Event, id: ServerId, timer: &str, waited: &str, does: &str) -> String {
    if event.causes[1].is_some() {
        format!("{id}'s {timer} timer is made to fire: it {does}")
    } else {
        format!("{id} {waited} and {does}")
    }
}

fn election_timeout(event: &Event, id: ServerId, scene: Scene) -> Draft {
    let (before, now) = change_of(event);
    let asks = now.role == RoleName::PreCandidate;
    if now.role == RoleName::Leader && before.role == RoleName::Leader {
        let text = format!("{id}'s election timer runs out, but it leads already");
        return draft(Kind::Election, &["§5.2"], text).claim([Claim::Unchanged { server: id }]);
    }
    if refused(event, Rule::Stickiness).is_some() {
        let fires = if event.causes[1].is_some() { "is made to fire" } else { "runs out" };
        let why = if heard_leader(event, scene) { "hears from a leader" } else { "was just started" };
        let text = format!(
            "{id}'s election timer {fires}, but it {why}, and a lease may count on its silence: it does not stand"
        );
        return draft(Kind::Election, &["D6.4.1"], text);
    }
    if now.term == before.term && !asks {
        let text = |why: &str| format!("{id}'s election timer runs out, but it {why}");
        if before.configuration.members().is_empty() {
            return draft(Kind::Election, &["D4.2.1"], text("knows of no cluster: it waits to be added"));
        }
        let has_no_vote = draft(Kind::Election, &["D4.2.1"], text("has no vote, so it starts no election"));
        return match before.leader {
            Some(leader) => has_no_vote.and(&format!("; it forgets {leader}, which is silent")).also("D6.2"),
            None => has_no_vote,
        };
    }
    let stood = before.role == RoleName::Candidate;
    let waited = match before.role {
        RoleName::Candidate => format!("has found no majority in term {}", before.term),
        RoleName::PreCandidate => "has found no majority that would vote for it".into(),
        _ => "has heard nothing from a leader for its election timeout".into(),
    };
    let by_hand = event.causes[1].is_some();
    let does = match (asks, before.role) {
        (true, RoleName::PreCandidate) => "asks again whether it would be elected",
        (true, _) => "asks whether it would be elected",
        (false, RoleName::Candidate) if by_hand => "stands again",
        (false, RoleName::Candidate) => "stands for election again",
        (false, _) => "stands for election",
    };
    let gives_up =
        if stood && by_hand { format!("gives up term {} and ", before.term) } else { String::new() };
    let term = if asks { now.term.next() } else { now.term };
    let text = after(event, id, "election", &waited, &format!("{gives_up}{does} in term {term}"));
    if asks {
        return draft(Kind::Election, &["§5.2", "D9.6"], text).claim(role_change(event));
    }
    draft(Kind::Election, &["§5.2"], text).claim(role_change(event)).waits(event, "it asks for votes")
}

fn heartbeat(event: &Event, id: ServerId) -> Draft {
    let (_, now) = change_of(event);
    let to = once(event.sent.iter().map(|name| name.to).filter(|to| to.server().is_some()));
    let alone = to == "nobody";
    let (kind, sections, text): (_, &[&str], _) = match now.role {
        RoleName::Leader if alone && event.waiting > 0 => (
            Kind::Replication,
            &["§5.2"],
            format!("{id}'s AppendEntries to its followers wait until its term is on its disk"),
        ),
        RoleName::Leader if alone => {
            (Kind::Replication, &["§5.2"], format!("{id} leads alone and has nobody to send a heartbeat to"))
        }
        RoleName::Leader => {
            // Whose log lacks what the leader no longer has gets a piece of a snapshot.
            let what = if now.first_index.0 > 1 {
                "AppendEntries, or a piece of a snapshot,"
            } else {
                "AppendEntries"
            };
            let text = format!("{id} keeps its followers from standing: {what} to {to}");
            (Kind::Replication, &["§5.2"], text)
        }
        RoleName::Candidate if alone => {
            let text = alone_in(event, id, &format!("majority in term {}", now.term));
            (Kind::Election, &["§5.2"], text)
        }
        RoleName::PreCandidate if alone => {
            let text = alone_in(event, id, "majority that would vote for it");
            (Kind::Election, &["§5.2", "D9.6"], text)
        }
        RoleName::Candidate | RoleName::PreCandidate => {
            (Kind::Election, &["§5.1", "§5.5"], format!("{id} has no answer yet from {to} and asks again"))
        }
        RoleName::Follower => {
            let text = format!("{id}'s heartbeat timer runs out, but it does not lead");
            (Kind::Replication, &["§5.2"], text)
        }
    };
    let to = event.sent.iter().filter_map(|name| name.to.server()).collect();
    draft(kind, sections, text).claim((!alone).then_some(Claim::Sends { server: id, to }))
}

/// A candidate's heartbeat timer has run out, and no request leaves.
fn alone_in(event: &Event, id: ServerId, what: &str) -> String {
    let (_, now) = change_of(event);
    if event.waiting > 0 {
        format!("{id} has no {what} yet, and asks again when its vote is on its disk")
    } else if now.configuration.all_voters().minus([id].into_iter().collect()).is_empty() {
        format!("{id} has no {what} yet: its own vote is not on its disk")
    } else {
        format!("{id} has had every other server's answer and no {what} yet: it asks nobody again")
    }
}

fn quorum(event: &Event, id: ServerId) -> Draft {
    let sections = &["D6.2"];
    let Some(guard) = of(event, Rule::CheckQuorum) else {
        let text = format!("{id} was to check whether a majority hears it, and need not any more");
        return draft(Kind::Election, sections, text);
    };
    let (Value::Servers(heard), Value::Servers(voters)) = (guard.left, guard.right) else {
        return draft(Kind::Election, sections, format!("{id} checks whether a majority hears it"));
    };
    let heard = heard.and(voters);
    let which = match list(heard.iter()) {
        _ if heard.is_empty() => "no voter".into(),
        which if guard.held => which,
        which => format!("only {which}"),
    };
    let of = members(&change_of(event).0.configuration);
    let text = if guard.held {
        format!("{id} counts {which} as heard since its last check, a majority of {of}, and leads on")
    } else {
        let does = if passed(event, Rule::CheckQuorum).is_some() { "leads on" } else { "steps down" };
        format!("{id} counts {which} as heard since its last check, no majority of {of}, and {does}")
    };
    draft(Kind::Election, sections, text)
        .claim([Claim::Heard { leader: id, heard, majority: guard.held }])
        .claim(role_change(event))
}

fn transfer(event: &Event, id: ServerId) -> Draft {
    let (before, now) = change_of(event);
    let to = before.transferring.map_or_else(|| "another server".into(), |to| to.to_string());
    let waited = format!("has waited an election timeout for {to} to take over");
    let does = if now.role == RoleName::Leader {
        "gives the transfer up: it leads on and takes commands again"
    } else {
        "gives the transfer up: it steps down, since it has no place in the configuration"
    };
    let mut text = after(event, id, "transfer", &waited, does);
    let mut held = None;
    // A change of the configuration may have waited as well.
    if now.last_index > before.last_index && now.configuration == before.configuration {
        let (from, to) = (before.last_index.next(), now.last_index);
        text.push_str(&format!("; what it had kept waiting is {}", entries(from, to)));
        held = Some(Claim::Entries { server: id, from, to, fate: Fate::Stored });
    }
    draft(Kind::Election, &["D3.10"], text).claim(held).claim(role_change(event))
}
