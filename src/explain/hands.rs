//! What people do, in words; and messages that do not arrive.

use super::client::sent_to;
use super::sentence::{Draft, Kind, draft};
use super::words::{count, entries, list, op as asks, vote};
use crate::kv::Op;
use crate::raft::{Body, Entries, Index, Rule, Rules, ServerId, ServerSet, Timer};
use crate::sim::{Action, Brief, Content, DropReason, Event, PacketName, Refusal};

/// Somebody has acted, or tried to.
pub(super) fn acted(event: &Event, action: &Action, refused: Option<&Refusal>) -> Draft {
    if let Some(why) = refused {
        return draft(Kind::Action, &[], format!("Nothing comes of “{}”: {why}", phrase(action)));
    }
    match action {
        Action::Crash { .. } | Action::Restart { .. } | Action::Pause { .. } | Action::Resume { .. } => {
            to_server(event, action)
        }
        Action::Cut { from, to } => draft(
            Kind::Fault,
            &[],
            format!("The link is cut from {from} to {to}: {to} no longer hears {from}"),
        ),
        Action::Mend { from, to } => draft(
            Kind::Fault,
            &[],
            format!("The link from {from} to {to} is mended: {to} hears {from} again"),
        ),
        Action::Partition { groups } => {
            draft(Kind::Fault, &[], format!("The network is cut into {}", written(groups)))
        }
        Action::Heal => draft(Kind::Fault, &[], "The network is healed: everyone hears everyone"),
        Action::StepDown { server } => draft(
            Kind::Election,
            &["§5.1"],
            format!("{server} steps down by hand and is a follower of the same term"),
        ),
        Action::Submit { op, to, .. } => {
            let whom = match (event.sent.first(), to) {
                (Some(name), _) => format!("C1 asks {} for {}", name.to, asks(op)),
                (None, Some(to)) => {
                    format!("C1 will ask {to} for {} when what it asked before is over", asks(op))
                }
                (None, None) => format!("C1 will ask for {} when what it asked before is over", asks(op)),
            };
            draft(Kind::Client, &["§8"], whom)
        }
        Action::Propose { server, op } => proposed(event, *server, op),
        Action::SetRules { off } => draft(Kind::Action, &[], rules_off(*off)),
        Action::Manual { on: true } => {
            draft(Kind::Action, &[], "Time stands still: timers and messages move by hand only")
        }
        Action::Manual { on: false } => draft(Kind::Action, &[], "Time goes on by itself"),
        _ => draft(Kind::Action, &[], format!("By hand: {}", phrase(action))),
    }
}

fn proposed(event: &Event, server: ServerId, op: &Op) -> Draft {
    let Some(change) = &event.change else {
        return draft(Kind::Client, &["§5.3"], format!("{server} takes {}", asks(op)));
    };
    let index = change.after.last_index;
    let text = format!(
        "{server} takes {} straight into its log as entry {index} of term {}",
        asks(op),
        change.after.term
    );
    draft(Kind::Client, &["§5.3"], text + &sent_to(event)).at(index)
}

fn rules_off(off: Rules) -> String {
    let off: Vec<Rule> = off.off().collect();
    if off.is_empty() {
        "From now on every rule is in force".into()
    } else {
        format!("From now on off: {}", list(off.iter().map(|rule| rule.title())))
    }
}

fn to_server(event: &Event, action: &Action) -> Draft {
    let Some(change) = &event.change else { return draft(Kind::Fault, &[], phrase(action)) };
    let (before, after) = (change.before, change.after);
    match action {
        Action::Crash { server } => {
            let lost = if before.last_index > after.last_index {
                let lost = entries(after.last_index.next(), before.last_index);
                format!(": {lost} had not reached its disk and are lost")
            } else if (before.term, before.voted_for) != (after.term, after.voted_for) {
                ": its latest term or vote had not reached its disk and is lost".into()
            } else {
                ": what its memory held is lost, what its disk holds stays".into()
            };
            draft(Kind::Fault, &["§5.5", "D3.8"], format!("{server} crashes{lost}"))
        }
        Action::Restart { server } => {
            draft(Kind::Fault, &["D3.8"], format!("{server} restarts from its disk: {}", found(after)))
        }
        Action::Pause { server } => draft(
            Kind::Fault,
            &["§5.5"],
            format!("{server} is paused: it stands still, and what arrives waits in front of it"),
        ),
        Action::Resume { server } => {
            draft(Kind::Fault, &["§5.5"], format!("{server} goes on, and takes what has arrived meanwhile"))
        }
        _ => draft(Kind::Fault, &[], phrase(action)),
    }
}

/// What a server has after a restart.
fn found(now: Brief) -> String {
    let Brief { term, voted_for, last_index, .. } = now;
    format!(
        "it knows term {term}, a vote for {} and {}; its commitIndex begins at {} again",
        vote(voted_for),
        count(last_index.0, "entry", "entries"),
        now.commit
    )
}

fn written(groups: &[ServerSet]) -> String {
    let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
    groups.join(" | ")
}

/// An action as one would ask for it.
fn phrase(action: &Action) -> String {
    match action {
        Action::Crash { server } => format!("crash {server}"),
        Action::Restart { server } => format!("restart {server}"),
        Action::Pause { server } => format!("pause {server}"),
        Action::Resume { server } => format!("resume {server}"),
        Action::Fire { server, timer: Timer::Election } => format!("{server}'s election timer fires now"),
        Action::Fire { server, timer: Timer::Heartbeat } => format!("{server}'s heartbeat timer fires now"),
        Action::Fire { server, .. } => format!("a timer of {server} fires now"),
        Action::StepDown { server } => format!("{server} steps down"),
        Action::Send { from, to } => format!("{from} sends {to} its request of the moment"),
        Action::Drop { message } => format!("the message {message} vanishes"),
        Action::Deliver { message } => format!("the message {message} arrives now"),
        Action::Hold { message } => format!("the message {message} is held"),
        Action::Release { message } => format!("the message {message} is released"),
        Action::Duplicate { message } => format!("the message {message} gets a copy"),
        Action::Cut { from, to } => format!("cut {from} to {to}"),
        Action::Mend { from, to } => format!("mend {from} to {to}"),
        Action::Partition { groups } => format!("partition {}", written(groups)),
        Action::Heal => "heal the network".into(),
        Action::SetLink { from: Some(from), to: Some(to), .. } => {
            format!("messages from {from} to {to} travel differently")
        }
        Action::SetLink { .. } => "messages travel differently".into(),
        Action::SetOptions { .. } => "other options".into(),
        Action::SetRules { off } if *off == Rules::ALL_ON => "every rule on".into(),
        Action::SetRules { off } => format!("off: {}", list(off.off())),
        Action::Manual { on: true } => "time stands still".into(),
        Action::Manual { on: false } => "time goes on by itself".into(),
        Action::Propose { server, op } => format!("propose {} to {server}", asks(op)),
        Action::Submit { op, .. } => format!("ask for {}", asks(op)),
        Action::Boot { server } => format!("{server} starts with an empty disk"),
        Action::Change { change, .. } => format!("ask the leader: {change}"),
        Action::Transfer { to, .. } => format!("ask the leader to hand over to {to}"),
        Action::Snapshot { server } => format!("{server} takes a snapshot"),
        Action::Tear { server } => format!("{server} crashes in the middle of a write"),
        Action::Wipe { server } => format!("{server} loses its disk"),
        Action::SetClock { server, .. } => format!("{server}'s clock runs differently"),
        Action::SetDisk { server, lies: true } => format!("{server}'s disk lies"),
        Action::SetDisk { server, .. } => format!("{server}'s disk tells the truth"),
    }
}

/// A message that never arrives.
pub(super) fn dropped(name: PacketName, content: &Content, reason: DropReason) -> Draft {
    let (what, to) = (noun(content), name.to);
    let text = match reason {
        DropReason::Lost => format!("{}'s {what} to {to} is lost on the way", name.from),
        DropReason::Cut => format!("{}'s {what} does not reach {to}: the link is cut", name.from),
        DropReason::Down => format!("{}'s {what} does not reach {to}, which is down", name.from),
        DropReason::ByHand => format!("{}'s {what} to {to} is taken away by hand", name.from),
    };
    // Whoever asked will ask again: because the other one is down (§5.5), or since no answer comes (§5.1).
    let section = if reason == DropReason::Down { "§5.5" } else { "§5.1" };
    draft(Kind::Network, &[section], text)
}

/// A message has come to a paused server.
pub(super) fn queued(name: PacketName, content: &Content) -> Draft {
    let text = format!("{}'s {} waits in front of {}, which is paused", name.from, noun(content), name.to);
    draft(Kind::Network, &["§5.1"], text)
}

/// What a message is, in a few words.
fn noun(content: &Content) -> String {
    match content {
        Content::Request { op, .. } => format!("request for {}", asks(op)),
        Content::Response { .. } => "answer".into(),
        Content::Raft(message) => match &message.body {
            Body::RequestVote { .. } => format!("request for a vote in term {}", message.term),
            Body::RequestVoteReply { granted: true, .. } => format!("vote in term {}", message.term),
            Body::RequestVoteReply { .. } => format!("refusal of a vote in term {}", message.term),
            Body::AppendEntries { prev_index, entries, .. } => carried(*prev_index, entries),
            Body::AppendEntriesReply { .. } => "answer to AppendEntries".into(),
            Body::PreVote { asked, .. } => format!("question about term {asked}"),
            Body::PreVoteReply { asked, .. } => format!("answer about term {asked}"),
            Body::InstallSnapshot { last_index, .. } => format!("snapshot up to index {last_index}"),
            Body::InstallSnapshotReply { .. } => "answer to InstallSnapshot".into(),
            Body::TimeoutNow => "request to stand at once".into(),
        },
    }
}

/// An AppendEntries by what it carries.
fn carried(prev: Index, list: &Entries) -> String {
    if list.is_empty() {
        return "heartbeat".into();
    }
    format!("AppendEntries with {}", entries(prev.next(), Index(prev.0 + list.len() as u64)))
}

/// The servers that an action names.
pub(super) fn servers_of(action: &Action) -> ServerSet {
    match action {
        Action::Crash { server }
        | Action::Restart { server }
        | Action::Pause { server }
        | Action::Resume { server }
        | Action::Fire { server, .. }
        | Action::StepDown { server }
        | Action::Boot { server }
        | Action::Snapshot { server }
        | Action::Tear { server }
        | Action::Wipe { server }
        | Action::SetClock { server, .. }
        | Action::SetDisk { server, .. }
        | Action::Propose { server, .. } => [*server].into_iter().collect(),
        Action::Change { at, .. } => at.iter().copied().collect(),
        Action::Transfer { to, at } => at.iter().chain([to]).copied().collect(),
        Action::Send { from, to } | Action::Cut { from, to } | Action::Mend { from, to } => {
            [*from, *to].into_iter().collect()
        }
        Action::Partition { groups } => groups.iter().fold(ServerSet::EMPTY, |all, group| all.or(*group)),
        Action::SetLink { from, to, .. } => from.iter().chain(to).copied().collect(),
        Action::Submit { to, .. } => to.iter().copied().collect(),
        Action::Drop { .. }
        | Action::Deliver { .. }
        | Action::Hold { .. }
        | Action::Release { .. }
        | Action::Duplicate { .. }
        | Action::Heal
        | Action::SetOptions { .. }
        | Action::SetRules { .. }
        | Action::Manual { .. } => ServerSet::EMPTY,
    }
}

/// The message that an action names.
pub(super) fn message_of(action: &Action) -> Option<PacketName> {
    match action {
        Action::Drop { message }
        | Action::Deliver { message }
        | Action::Hold { message }
        | Action::Release { message }
        | Action::Duplicate { message } => Some(*message),
        _ => None,
    }
}
