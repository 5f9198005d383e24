//! Who had granted and who had acknowledged by then: read back from the trace, so that a sentence about
//! the past says what was so in the past.

use super::guards;
use super::sentence::Scene;
use crate::raft::{
    AppendOutcome, Body, Index, Message, Payload, RoleName, Rule, ServerId, ServerSet, SnapshotOutcome, Term,
    Value,
};
use crate::sim::{Brief, Content, Event, What};

/// How many events are looked back through.
const LOOK_BACK: usize = 4000;

/// The events of that server up to and with this one, newest first.
fn back<'a>(
    scene: Scene<'a>,
    event: &'a Event,
    server: ServerId,
) -> impl Iterator<Item = (&'a Event, Brief, Brief)> {
    let earlier = scene.before(event.id).take(LOOK_BACK);
    std::iter::once(event).chain(earlier).filter(move |event| event.server == Some(server)).filter_map(
        |event| {
            let change = event.change.as_ref()?;
            Some((event, change.before, change.after))
        },
    )
}

/// What has arrived with this event.
pub(super) fn reply(event: &Event) -> Option<&Message> {
    match &event.what {
        What::Delivered { content: Content::Raft(message), .. } => Some(message),
        _ => None,
    }
}

/// The servers that a leader knew, after this event, to have stored its log up to `index`.
pub(super) fn acknowledged(scene: Scene, event: &Event, leader: ServerId, index: Index) -> ServerSet {
    let mut have = ServerSet::EMPTY;
    for (event, before, after) in back(scene, event, leader) {
        if after.role != RoleName::Leader {
            break;
        }
        if after.durable_index >= index {
            have.insert(leader);
        }
        if let Some(from) = stored(event, after.term, index) {
            have.insert(from);
        }
        // Before the leader had the entry, or led, nobody can have acknowledged it.
        if before.role != RoleName::Leader || before.last_index < index {
            break;
        }
    }
    have
}

fn stored(event: &Event, term: Term, index: Index) -> Option<ServerId> {
    let message = reply(event)?;
    let asked = match message.body {
        Body::AppendEntriesReply { asked, outcome: AppendOutcome::Success, .. }
        | Body::InstallSnapshotReply { asked, outcome: SnapshotOutcome::Installed, .. } => asked,
        _ => return None,
    };
    let believed = guards::of(event, Rule::MatchFromRequest)?;
    let Value::Index(upto) = (if believed.on { believed.left } else { believed.right }) else { return None };
    (asked == term && upto >= index).then_some(message.from)
}

/// The servers whose votes a candidate had, after this event.
pub(super) fn granted(scene: Scene, event: &Event, candidate: ServerId, term: Term) -> ServerSet {
    let mut have = ServerSet::EMPTY;
    for (event, before, after) in back(scene, event, candidate) {
        if after.term != term {
            break;
        }
        if matches!(event.what, What::Synced { .. }) && after.voted_for == Some(candidate) {
            have.insert(candidate);
        }
        if let Some(Message { from, body: Body::RequestVoteReply { asked, granted: true }, .. }) =
            reply(event)
            && *asked == term
        {
            have.insert(*from);
        }
        if before.term != term {
            break;
        }
    }
    have
}

/// The servers that had said by then that they would vote for a server in that term, itself included
/// (D9.6).
pub(super) fn promised(scene: Scene, event: &Event, candidate: ServerId, asked: Term) -> ServerSet {
    let mut have: ServerSet = [candidate].into_iter().collect();
    for (event, before, _) in back(scene, event, candidate) {
        if before.role != RoleName::PreCandidate {
            break;
        }
        if let Some(Message { from, body: Body::PreVoteReply { asked: answered, granted: true }, .. }) =
            reply(event)
            && *answered == asked
        {
            have.insert(*from);
        }
    }
    have
}

/// Whether the entry with the configuration that the server goes by was committed there by this event.
pub(super) fn commits_configuration(scene: Scene, event: &Event, server: ServerId) -> bool {
    let Some(change) = &event.change else { return false };
    let (was, now) = (change.before.commit, change.after.commit);
    if now <= was {
        return false;
    }
    for (event, before, after) in back(scene, event, server) {
        // The entry can't have been there before the log was so long.
        if after.last_index <= was {
            return false;
        }
        if before.configuration != after.configuration {
            let index = configuration_in(event, after);
            return index.is_some_and(|index| was < index && index <= now);
        }
    }
    false
}

/// Where the configuration stands in the log that this event has brought.
fn configuration_in(event: &Event, after: Brief) -> Option<Index> {
    match reply(event).map(|message| &message.body) {
        Some(Body::AppendEntries { prev_index, entries, .. }) => {
            let is = |payload: &Payload| matches!(payload, Payload::Configuration(_));
            let places = entries.iter().zip(prev_index.0 + 1..);
            let places = places.filter(|(entry, _)| is(&entry.payload)).map(|(_, index)| Index(index));
            places.filter(|index| *index <= after.last_index).last()
        }
        Some(Body::InstallSnapshot { .. }) => None,
        // A leader has just put it there.
        _ => Some(after.last_index),
    }
}
