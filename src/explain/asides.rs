//! What an event brought about besides what its sentence is about: configurations that come into force
//! or are committed, reads that are answered, commands that come twice, leadership that is handed over.

use super::claim::{Because, Claim};
use super::guards::{of, passed, refused};
use super::quorums::{commits_configuration, reply};
use super::roles::role_change;
use super::rule_words::has_session_seen;
use super::sentence::{Draft, Scene};
use super::words::{list, members};
use crate::raft::{Body, Guard, Payload, ReadMode, RoleName, Rule, ServerId};
use crate::sim::{Brief, ClientId, Content, Endpoint, Event, What};

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
    if after.up && !by_hand {
        configurations(draft, event, scene, server, (before, after));
        transfers(draft, event, server, (before, after));
    }
    if !matches!(&event.what, What::Delivered { content: Content::Request { .. }, .. }) {
        answers(draft, event, scene, server, (before, after));
    }
    if let Some(guard) = refused(event, Rule::Sessions) {
        draft.say("D6.3", in_session(guard), []);
    }
    if takes_snapshot(event, before, after) && !by_hand {
        let upto = after.applied;
        let text = format!("it takes a snapshot up to entry {upto}, which goes to its disk");
        draft.say("§7", &text, [Claim::Snapshot { server, upto, installed: false }]);
    }
}

impl Draft {
    /// One more thing that the event brought about, with its section.
    fn say(&mut self, section: &'static str, text: &str, claims: impl IntoIterator<Item = Claim>) {
        self.text.push_str("; ");
        self.text.push_str(text);
        self.sections.push(section);
        self.claims.extend(claims);
    }
}

/// Configurations that come into force or are committed.
fn configurations(
    draft: &mut Draft,
    event: &Event,
    scene: Scene,
    server: ServerId,
    (before, after): (Brief, Brief),
) {
    let new = |committed| Claim::Configuration { server, configuration: after.configuration, committed };
    if let Some(text) = configuration(event, server, before, after) {
        draft.say("§6", &text, [new(false)]);
    }
    let steps_down = role_change(event).filter(|claim| {
        matches!(claim, Claim::Role { because: Because::Removed, role: RoleName::Follower, .. })
    });
    let at_once = of(event, Rule::RemovedLeaderStepsDownAfterCommit).is_some_and(Guard::broken);
    if let Some(claim) = steps_down.filter(|_| at_once) {
        draft.say("§6", "it has no place in that configuration, and steps down", [claim]);
    } else if let Some(claim) = steps_down.filter(|_| after.commit > before.commit) {
        let text = "the configuration in which it has no place is committed, and it steps down";
        draft.say("§6", text, [claim]);
        draft.claims.extend(commits_configuration(scene, event, server).then(|| new(true)));
    } else if commits_configuration(scene, event, server) {
        let text = format!("with that the configuration {} is committed", members(&after.configuration));
        draft.say("§6", &text, [new(true)]);
    }
}

/// Leadership that is handed over.
fn transfers(draft: &mut Draft, event: &Event, leader: ServerId, (before, after): (Brief, Brief)) {
    let catches_up = passed(event, Rule::TransferWaitsForCatchUp);
    if let (None, Some(to)) = (before.transferring, after.transferring) {
        let text = format!(
            "it has no place in the committed configuration, and hands its leadership over to {to} before it steps down"
        );
        draft.say(
            "D3.10",
            &text,
            [Claim::Transfer { leader, to, caught_up: catches_up.is_some_and(|guard| guard.held) }],
        );
    }
    if let (Some(to), Some(guard)) = (before.transferring, catches_up) {
        let has = if guard.held { "has what it needs now, and" } else { "lacks some of the log still, but" };
        draft.say(
            "D3.10",
            &format!("{to} {has} is asked to take over"),
            [Claim::Transfer { leader, to, caught_up: guard.held }],
        );
    }
}

/// Whom a server answers by the way.
fn answers(
    draft: &mut Draft,
    event: &Event,
    scene: Scene,
    server: ServerId,
    (before, after): (Brief, Brief),
) {
    let clients = event.sent.iter().filter_map(|name| match name.to {
        Endpoint::Client(client) => Some(client),
        Endpoint::Server(_) => None,
    });
    let clients = crate::order::set(clients);
    let asked = |client: &ClientId| asked_for(scene, event, server, *client);
    let those = |modes: &[Option<ReadMode>]| {
        clients
            .iter()
            .copied()
            .filter(|client| asked(client).is_some_and(|mode| modes.contains(&mode)))
            .collect::<Vec<_>>()
    };
    if before.role == RoleName::Leader && after.role == RoleName::Leader {
        let confirmed = passed(event, Rule::ReadConfirmed);
        let by_lease = passed(event, Rule::LeaseGivenUpOnTransfer).is_some();
        let leased = if by_lease { those(&[Some(ReadMode::Lease)]) } else { Vec::new() };
        if confirmed.is_some() || by_lease {
            let mut by_round =
                those(&[Some(ReadMode::ReadIndex), Some(ReadMode::Follower), Some(ReadMode::Lease)]);
            by_round.retain(|client| !leased.contains(client));
            reads(draft, server, &by_round, confirmed.is_some_and(|guard| guard.held));
        }
        if !leased.is_empty() {
            let claims = leased.iter().map(|&client| Claim::Read { server, client, confirmed: false });
            draft.say("D6.4.1", &format!("it answers the reads of {} by its lease", list(&leased)), claims);
        }
    } else if before.transferring.is_some() {
        let told = those(&[None]);
        if !told.is_empty() {
            let hear = if told.len() > 1 { "hear" } else { "hears" };
            let text =
                format!("{}, whose commands it had kept waiting, {hear} that it no longer leads", list(told));
            draft.say("D3.10", &text, []);
        }
    }
}

fn reads(draft: &mut Draft, server: ServerId, clients: &[ClientId], confirmed: bool) {
    if clients.is_empty() {
        return;
    }
    let (told, read) = (list(clients), if clients.len() > 1 { "reads" } else { "read" });
    let text = if confirmed {
        format!("a majority has answered since {told} asked, so it still leads and answers the {read}")
    } else {
        format!("it answers the {read} of {told}")
    };
    draft.say("D6.4", &text, clients.iter().map(|&client| Claim::Read { server, client, confirmed }));
}

/// What the client asked of that server last: a read past the log, in that mode, or something for the log.
fn asked_for(scene: Scene, event: &Event, server: ServerId, client: ClientId) -> Option<Option<ReadMode>> {
    scene.before(event.id).filter(|other| other.server == Some(server)).find_map(|other| match &other.what {
        What::Delivered { message, content: Content::Request { mode, .. } }
            if message.from == Endpoint::Client(client) =>
        {
            Some(Some(*mode).filter(|mode| *mode != ReadMode::Log))
        }
        _ => None,
    })
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
