//! What an event brought about besides what its sentence is about: configurations that come into force
//! or are committed, reads that are answered, commands that come twice, leadership that is handed over.

use super::guards::{of, passed, refused};
use super::quorums::{commits_configuration, reply};
use super::rule_words::has_session_seen;
use super::sentence::{Draft, Scene};
use super::words::{list, members};
use crate::raft::{Body, Guard, Payload, RoleName, Rule, ServerId};
use crate::sim::{Brief, Content, Endpoint, Event, What};

/// Appends what there is to say.
pub(super) fn add(draft: &mut Draft, event: &Event, scene: Scene) {
    let Some(change) = &event.change else { return };
    let Some(server) = event.server else { return };
    let (before, after) = (change.before, change.after);
    let by_hand = matches!(event.what, What::Acted { .. });
    if before.role != RoleName::Follower && after.role == RoleName::Follower && after.term > before.term {
        // It gives up what it was for a higher term.
        draft.sections.insert(0, "§5.1");
    }
    let asked = matches!(&event.what, What::Delivered { content: Content::Request { .. }, .. });
    let mut say = |section: &'static str, text: String| {
        draft.text.push_str("; ");
        draft.text.push_str(&text);
        draft.sections.push(section);
    };
    if after.up && !by_hand {
        if let Some(text) = configuration(event, server, before, after) {
            say("§6", text);
        }
        if before.role == RoleName::Leader && after.role != RoleName::Leader && after.commit > before.commit {
            say("§6", "the configuration in which it has no place is committed, and it steps down".into());
        } else if commits_configuration(scene, event, server) {
            say("§6", format!("with that the configuration {} is committed", members(&after.configuration)));
        }
        if let (None, Some(to)) = (before.transferring, after.transferring) {
            say(
                "D3.10",
                format!(
                    "it has no place in that configuration, and hands its leadership over to {to} before it steps down"
                ),
            );
        }
        if let Some(to) = before.transferring
            && passed(event, Rule::TransferWaitsForCatchUp).is_some()
        {
            say("D3.10", format!("{to} has what it needs now, and is asked to take over"));
        }
    }
    let told = clients(event);
    let read = passed(event, Rule::ReadConfirmed).or(passed(event, Rule::LeaseNeedsStickiness));
    if !asked && !told.is_empty() {
        match read {
            Some(guard) if guard.rule == Rule::ReadConfirmed => say(
                "D6.4",
                format!("a majority has answered since {told} asked, so it still leads and answers the read"),
            ),
            Some(_) => say("D6.4.1", format!("it answers {told}'s read by its lease")),
            None if before.transferring.is_some() && after.transferring.is_none() => {
                say("D3.10", format!("{told}, whose commands it had kept waiting, hears who leads now"));
            }
            None => {}
        }
    }
    if let Some(guard) = refused(event, Rule::Sessions) {
        say("D6.3", in_session(guard).into());
    }
    if takes_snapshot(event, before, after) && !by_hand {
        let upto = after.applied;
        say("§7", format!("it takes a snapshot up to entry {upto}, which goes to its disk"));
    }
}

/// "C1 and C2": whom a server has answered.
fn clients(event: &Event) -> String {
    let clients = event.sent.iter().map(|name| name.to).filter(|to| matches!(to, Endpoint::Client(_)));
    let clients: Vec<Endpoint> = crate::order::set(clients).into_iter().collect();
    if clients.is_empty() { String::new() } else { list(clients) }
}

/// A configuration has come into force.
fn configuration(event: &Event, server: ServerId, before: Brief, after: Brief) -> Option<String> {
    if before.configuration == after.configuration {
        return None;
    }
    let (old, new) = (before.configuration, after.configuration);
    let names = members(&new);
    if of(event, Rule::ConfigurationOnAppend).is_some_and(|guard| !guard.on) {
        return Some(format!("it goes by the configuration {names} from now on"));
    }
    let promoted = new.voters.minus(old.voters).and(old.learners);
    Some(match reply(event).map(|message| &message.body) {
        Some(Body::AppendEntries { entries, .. }) => {
            let some = entries.iter().any(|entry| matches!(entry.payload, Payload::Configuration(_)));
            if some {
                format!("the configuration {names} is in force at {server} at once")
            } else {
                format!("the entry that had changed the configuration is gone, so {names} is in force again")
            }
        }
        Some(Body::InstallSnapshot { .. }) => format!("its configuration is the snapshot's, {names}"),
        _ if old.is_joint() && !new.is_joint() => format!(
            "the joint configuration is committed, so it goes on to the new one: {names}, at once in force"
        ),
        _ if !promoted.is_empty() => {
            format!("{} has caught up and becomes a voter: {names}, at once in force", list(promoted.iter()))
        }
        _ => format!("the configuration {names} is in force at {server}"),
    })
}

/// What became of a command that its client's session keeps from being applied.
fn in_session(guard: &Guard) -> &'static str {
    match () {
        () if guard.left == guard.right => {
            "a command that was applied before is not applied again: its answer comes from memory"
        }
        () if has_session_seen(guard) => "a command that came too late is not applied",
        () => "a command without a session is not applied",
    }
}

/// Whether the event has put a snapshot of the server's own on its way to the disk.
fn takes_snapshot(event: &Event, before: Brief, after: Brief) -> bool {
    let hard = (before.term, before.voted_for) != (after.term, after.voted_for);
    let log = event.change.is_some_and(|change| change.log_from.is_some());
    let installed = of(event, Rule::SnapshotKeepsSuffix).is_some();
    after.applied > before.applied && event.wrote.is_some() && !log && !hard && !installed
}
