//! Actions and messages in a few words; and messages that do not arrive.

use super::sentence::{Draft, Kind, draft};
use super::words::{count, duration, entries, list, members, op as asks, span};
use crate::raft::{Body, Change, Configuration, Entries, Index, Rules, ServerId, ServerSet, Timer};
use crate::sim::{Action, Content, Cuts, DropReason, PacketName, Workload};

/// The links that work, of so many servers: "S1–S2, S1→S3"; an arrow where the other direction is cut.
pub(super) fn links(cuts: &Cuts, servers: u8) -> String {
    let hears = |to: ServerId, from: ServerId| !cuts[from.slot()].contains(to);
    let pairs = ServerId::first(servers).flat_map(|a| ServerId::first(servers).map(move |b| (a, b)));
    let links = pairs.filter(|(a, b)| a < b).filter_map(|(a, b)| match (hears(b, a), hears(a, b)) {
        (true, true) => Some(format!("{a}–{b}")),
        (true, false) => Some(format!("{a}→{b}")),
        (false, true) => Some(format!("{b}→{a}")),
        (false, false) => None,
    });
    links.collect::<Vec<_>>().join(", ")
}

pub(super) fn written(groups: &[ServerSet]) -> String {
    let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
    groups.join(" | ")
}

/// An action as one would ask for it.
#[must_use]
pub fn phrase(action: &Action) -> String {
    match action {
        Action::Crash { server } => format!("crash {server}"),
        Action::Restart { server } => format!("restart {server}"),
        Action::Pause { server } => format!("pause {server}"),
        Action::Resume { server } => format!("resume {server}"),
        Action::Fire { server, timer } => format!("{server}'s {} timer fires now", timer_name(*timer)),
        Action::StepDown { server } => format!("{server} steps down"),
        Action::Send { from, to, empty: true } => format!("{from} sends {to} a heartbeat"),
        Action::Send { from, to, .. } => format!("{from} sends {to} its request of the moment"),
        Action::Drop { message } => format!("the message {message} vanishes"),
        Action::Deliver { message } => format!("the message {message} arrives now"),
        Action::Hold { message } => format!("the message {message} is held"),
        Action::Release { message } => format!("the message {message} is released"),
        Action::Duplicate { message } => format!("the message {message} gets a copy"),
        Action::Cut { from, to } => format!("cut {from} to {to}"),
        Action::Mend { from, to } => format!("mend {from} to {to}"),
        Action::Partition { groups } => format!("partition {}", written(groups)),
        Action::Heal => "heal the network".into(),
        Action::LinkPreset { preset } => format!("links as in ‘{preset}’"),
        Action::Schedule { fault, every_us: 0, .. } => format!("end the schedule of ‘{fault}’"),
        Action::Schedule { fault, every_us, .. } => format!("{fault} every {}", duration(*every_us)),
        Action::Calm => "end all schedules".into(),
        Action::Workload(Workload { clients: 0, .. }) => "no workload".into(),
        Action::Workload(workload) => {
            format!("a workload of {}", count(u64::from(workload.clients), "client", "clients"))
        }
        Action::SetLink { from: Some(from), to: Some(to), .. } => {
            format!("messages from {from} to {to} travel differently")
        }
        Action::SetLink { .. } => "messages travel differently".into(),
        Action::Mislead { leader, follower, next } => {
            format!("set {leader}'s nextIndex for {follower} to {next}")
        }
        Action::SetOptions { .. } => "other options".into(),
        Action::SetRules { off } if *off == Rules::ALL_ON => "every rule on".into(),
        Action::SetRules { off } => format!("off: {}", list(off.off())),
        Action::Manual { on: true } => "time stands still".into(),
        Action::Manual { on: false } => "time goes on by itself".into(),
        Action::Propose { server, op } => format!("propose {} to {server}", asks(op)),
        Action::Submit { op, .. } => format!("ask for {}", asks(op)),
        Action::Boot { server } => format!("boot {server}"),
        Action::Change { change, at } => to_leader(&wanted(change), *at),
        Action::Transfer { to, at } => to_leader(&format!("transfer leadership to {to}"), *at),
        Action::Snapshot { server } => format!("snapshot of {server}"),
        Action::Tear { server } => format!("tear what {server} writes"),
        Action::Wipe { server } => format!("wipe {server}"),
        Action::SetClock { server, ppm } => format!("{server}'s clock runs {}", speed(*ppm)),
        Action::SetDisk { server, lies, fsync: Some(range) } => {
            let lies = if *lies { "lies, and " } else { "" };
            format!("{server}'s disk {lies}takes {} for a write", span(*range))
        }
        Action::SetDisk { server, lies: true, .. } => format!("{server}'s disk lies"),
        Action::SetDisk { server, .. } => format!("{server}'s disk is honest"),
        Action::StallDisk { server, for_us } => format!("{server}'s disk stalls for {}", duration(*for_us)),
    }
}

fn to_leader(what: &str, at: Option<ServerId>) -> String {
    at.map_or_else(|| what.to_string(), |at| format!("{what}, asked of {at}"))
}

/// A change of the configuration as one would ask for it.
fn wanted(change: &Change) -> String {
    match change {
        Change::Add(id) => format!("add {id}"),
        Change::Learner(id) => format!("make {id} a learner"),
        Change::Remove(id) => format!("remove {id}"),
        Change::Joint { voters, learners, .. } => {
            let next = Configuration { learners: *learners, ..Configuration::of(*voters) };
            format!("go jointly to {}", members(&next))
        }
        Change::Leave => "leave the joint configuration".into(),
    }
}

fn timer_name(timer: Timer) -> &'static str {
    match timer {
        Timer::Election => "election",
        Timer::Heartbeat => "heartbeat",
        Timer::Quorum => "quorum",
        Timer::Stickiness => "stickiness",
        Timer::LeaseA | Timer::LeaseB => "lease",
        Timer::Transfer => "transfer",
        Timer::CatchUp => "catch-up",
    }
}

/// How fast a clock is: "10 % fast", "0.5 % slow", "right".
pub(super) fn speed(ppm: i32) -> String {
    if ppm == 0 {
        return "right".into();
    }
    let (much, way) = (ppm.unsigned_abs(), if ppm > 0 { "fast" } else { "slow" });
    let (whole, rest) = (much / 10_000, format!("{:04}", much % 10_000));
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    format!("{whole}{point}{rest} % {way}")
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
            Body::PreVote { asked, .. } => format!("question about an election in term {asked}"),
            Body::PreVoteReply { asked, granted: true } => format!("word to vote in term {asked}"),
            Body::PreVoteReply { asked, .. } => format!("word not to vote in term {asked}"),
            Body::InstallSnapshot { last_index, .. } => {
                format!("piece of the snapshot up to entry {last_index}")
            }
            Body::InstallSnapshotReply { .. } => "answer to InstallSnapshot".into(),
            Body::TimeoutNow => format!("request to take over from term {}", message.term),
            Body::ReadIndex { .. } => "request for a ReadIndex".into(),
            Body::ReadIndexReply { index: Some(index), .. } => format!("ReadIndex {index}"),
            Body::ReadIndexReply { .. } => "answer that it has no ReadIndex".into(),
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
        | Action::StallDisk { server, .. }
        | Action::Propose { server, .. } => [*server].into_iter().collect(),
        Action::Change { at, .. } => at.iter().copied().collect(),
        Action::Transfer { to, at } => at.iter().chain([to]).copied().collect(),
        Action::Mislead { leader, follower, .. } => [*leader, *follower].into_iter().collect(),
        Action::Send { from, to, .. } | Action::Cut { from, to } | Action::Mend { from, to } => {
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
        | Action::LinkPreset { .. }
        | Action::Schedule { .. }
        | Action::Calm
        | Action::Workload(_)
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
