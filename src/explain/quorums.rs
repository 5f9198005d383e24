//! Who had granted and who had acknowledged by then: read back from the trace, so that a sentence about
//! the past says what was so in the past. What counts is what the server counted, whatever rule was off.

use super::claim::Claim;
use super::guards::{self, passed};
use super::roles::stood;
use super::sentence::Scene;
use crate::raft::{
    AppendOutcome, Body, Configuration, Guard, Index, Message, Payload, RoleName, Rule, ServerId, ServerSet,
    SnapshotOutcome, Timer, Value, quorum,
};
use crate::sim::{Brief, Content, Event, EventId, What};

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

/// What a candidate has counted.
#[derive(Default)]
pub(super) struct Tally {
    /// Whose votes, each once.
    pub(super) voters: ServerSet,
    /// Those of them that answered a request of an older term.
    pub(super) stale: ServerSet,
    /// How many copies it has counted besides.
    pub(super) again: u32,
    /// Whether everything since the candidacy began is still known.
    pub(super) complete: bool,
}

impl Tally {
    /// The same as a claim, if it is known whole.
    pub(super) fn claim(&self, candidate: ServerId, of: &Configuration, pre: bool) -> Option<Claim> {
        let Tally { voters, stale, again, complete } = *self;
        let (counted, majority) = (voters.len() + again, quorum::is_quorum(of, voters));
        complete.then_some(Claim::Votes { candidate, voters, stale, counted, majority, pre })
    }

    fn take(&mut self, from: ServerId, event: &Event) {
        // Without the decision there was no candidate any more.
        let Some(guard) = passed(event, Rule::DropStaleReplies) else { return };
        if guards::refused(event, Rule::CountVotesOnce).is_some() {
            return;
        }
        self.again += u32::from(passed(event, Rule::CountVotesOnce).is_some());
        self.voters.insert(from);
        // Of several answers of one server the first was counted, and it is the last one here.
        if guard.broken() {
            self.stale.insert(from);
        } else {
            self.stale.remove(from);
        }
    }
}

/// The votes that a candidate had counted, after this event.
pub(super) fn granted(scene: Scene, event: &Event, candidate: ServerId) -> Tally {
    let mut tally = Tally::default();
    // Its own vote counts once a write is done that was asked for when it stood, or later.
    let mut written: Option<EventId> = None;
    for (event, before, after) in back(scene, event, candidate) {
        if let Some(Message { from, body: Body::RequestVoteReply { granted: true, .. }, .. }) = reply(event) {
            tally.take(*from, event);
        }
        if matches!(event.what, What::Synced { .. }) && after.voted_for == Some(candidate) {
            written = written.max(event.causes[0]);
        }
        if stood(candidate, before, after) {
            tally.complete = true;
            if written >= Some(event.id) {
                tally.voters.insert(candidate);
            }
            break;
        }
    }
    if !tally.complete && from_the_start(scene) {
        // Who is a candidate when a run begins has voted for itself.
        tally.complete = true;
        tally.voters.insert(candidate);
    }
    tally
}

/// Whether the run is known from its first event on.
pub(super) fn from_the_start(scene: Scene) -> bool {
    scene.trace.len() <= LOOK_BACK && scene.trace.front().is_some_and(|event| event.id == EventId(0))
}

/// The servers that had said by then that they would vote for a server, itself included (D9.6).
pub(super) fn promised(scene: Scene, event: &Event, candidate: ServerId) -> Tally {
    let mut tally = Tally { voters: [candidate].into_iter().collect(), ..Tally::default() };
    for (event, ..) in back(scene, event, candidate) {
        if let Some(Message { from, body: Body::PreVoteReply { granted: true, .. }, .. }) = reply(event) {
            tally.take(*from, event);
        }
        if matches!(event.what, What::Fired { timer: Timer::Election }) {
            tally.complete = true;
            break;
        }
    }
    tally.complete |= from_the_start(scene);
    tally
}

/// Where a leader counts its log up to `index`, after this event.
pub(super) struct Copies {
    /// The servers.
    pub(super) on: ServerSet,
    /// Whether everything since it leads, or has the entry, is still known.
    pub(super) complete: bool,
}

pub(super) fn acknowledged(scene: Scene, event: &Event, leader: ServerId, index: Index) -> Copies {
    let mut copies = Copies { on: ServerSet::EMPTY, complete: false };
    let in_memory = guards::of(event, Rule::LeaderCountsSelfWhenDurable).is_some_and(Guard::broken);
    if in_memory {
        copies.on.insert(leader);
    }
    for (event, before, after) in back(scene, event, leader) {
        if after.durable_index >= index {
            copies.on.insert(leader);
        }
        copies.on = copies.on.or(stored(event, index).into_iter().collect());
        // Before the leader had the entry, or led, nobody can have acknowledged it.
        if before.role != RoleName::Leader || before.last_index < index {
            copies.complete = true;
            break;
        }
    }
    copies.complete |= from_the_start(scene);
    copies
}

/// The server that the leader believes, because of this event, to have its log up to there.
fn stored(event: &Event, index: Index) -> Option<ServerId> {
    let message = reply(event)?;
    let (Body::AppendEntriesReply { outcome: AppendOutcome::Success, .. }
    | Body::InstallSnapshotReply { outcome: SnapshotOutcome::Installed, .. }) = message.body
    else {
        return None;
    };
    let believed = guards::of(event, Rule::MatchFromRequest)?;
    let Value::Index(upto) = (if believed.on { believed.left } else { believed.right }) else { return None };
    (upto >= index).then_some(message.from)
}

/// Whether the entry with the configuration that the server goes by was committed there by this event.
pub(super) fn commits_configuration(scene: Scene, event: &Event, server: ServerId) -> bool {
    let Some(change) = &event.change else { return false };
    let (was, now) = (change.before.commit, change.after.commit);
    if now <= was {
        return false;
    }
    let mut rewritten = None;
    for (event, before, after) in back(scene, event, server) {
        // The entry can't have been there before the log was so long.
        if after.last_index <= was {
            return false;
        }
        if before.configuration != after.configuration {
            // With its rule off, a configuration is in force for another reason than that it is in the log.
            let in_log = guards::of(event, Rule::ConfigurationOnAppend).is_some_and(|guard| guard.on);
            let index = configuration_in(event, before, after).filter(|_| in_log);
            return index.is_some_and(|index| {
                was < index && index <= now && rewritten.is_none_or(|from| from > index)
            });
        }
        // What was written since may have brought the same configuration to another place.
        let from = event.change.and_then(|change| change.log_from);
        if from.is_some_and(|from| {
            reply(event).is_some() && configuration_in(event, before, after) >= Some(from)
        }) {
            return false;
        }
        rewritten = from.into_iter().chain(rewritten).min();
    }
    false
}

/// Where the configuration stands in the log that this event has brought.
fn configuration_in(event: &Event, before: Brief, after: Brief) -> Option<Index> {
    match reply(event).map(|message| &message.body) {
        Some(Body::AppendEntries { prev_index, entries, .. }) => {
            let is = |payload: &Payload| *payload == Payload::Configuration(after.configuration);
            let places = entries.iter().zip((*prev_index).min(before.last_index).0 + 1..);
            let places = places.filter(|(entry, _)| is(&entry.payload)).map(|(_, index)| Index(index));
            places.filter(|index| *index <= after.last_index).last()
        }
        Some(Body::InstallSnapshot { .. }) => None,
        // A leader has just put it there, if it has put nothing else there.
        _ => Some(after.last_index).filter(|last| *last == before.last_index.next()),
    }
}
