//! How often things happened in runs: what shows that they were not idle.

use super::storm::Calmed;
use crate::check::Checker;
use crate::raft::{Body, Guard, Payload, Rule, Term, Timer};
use crate::sim::{Action, Content, DropReason, Event, Outcome, What, World};
use serde::Serialize;
use std::collections::BTreeMap;

/// How often things happened, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    /// It happened so many times more.
    pub fn count(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }

    /// Takes in what happened elsewhere.
    pub fn add(&mut self, other: &Counts) {
        other.0.iter().for_each(|(what, times)| self.count(what, *times));
    }

    /// How often it happened.
    #[must_use]
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or(0)
    }

    /// Everything that happened, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(what, times)| (*what, *times))
    }

    /// Takes in a decision.
    pub fn decided(&mut self, guard: &Guard) {
        let what = match guard.rule {
            Rule::Stickiness if guard.refused() => "votes withheld",
            Rule::PreVote if guard.refused() => "asked or refused before standing",
            Rule::CheckQuorum if guard.refused() => "leaders without a quorum",
            Rule::Sessions if guard.refused() => "commands answered from memory",
            Rule::ChecksumEndsLog if guard.refused() => "torn entries found",
            Rule::ReadConfirmed if guard.held => "reads confirmed by a round",
            Rule::LeaseGivenUpOnTransfer if guard.held => "reads by a lease",
            Rule::LeaderOutsideNotCounted => "counts of a leader outside",
            Rule::LearnersNotCounted => "counts with learners",
            Rule::SnapshotKeepsSuffix if guard.left == true.into() => "snapshots before a suffix",
            Rule::SnapshotOnlyIfNewer if guard.refused() => "old snapshots ignored",
            Rule::RestartedVoterWaits if guard.refused() => "restarts with a lease about",
            _ => return,
        };
        self.count(what, 1);
    }

    /// Takes in an event.
    pub fn happened(&mut self, event: &Event) {
        let what = match &event.what {
            What::Acted { refused: Some(_), .. } => Some("actions that did nothing"),
            What::Acted { action, refused: None } => of_action(action),
            What::Delivered { message, content } => {
                self.count("second copies that arrived", u64::from(message.copy > 0));
                of_content(content)
            }
            What::Dropped { reason, .. } => Some(match reason {
                DropReason::Lost => "messages lost",
                DropReason::Cut => "messages cut off",
                DropReason::Down => "messages to servers that were down",
                DropReason::ByHand => "messages dropped by hand",
            }),
            What::Fired { timer: Timer::Election } => Some("election timeouts"),
            What::Fired { timer: Timer::LeaseA | Timer::LeaseB } => Some("leases run out"),
            What::Fired { timer: Timer::CatchUp } => Some("slow rounds of catching up"),
            What::Synced { .. } => Some("writes"),
            _ => None,
        };
        let finished = event.finished.as_ref().map(|finished| match finished.outcome {
            Outcome::Done(_) => "requests done",
            Outcome::Failed => "requests failed",
            Outcome::Unknown => "requests of unknown outcome",
        });
        [what, finished].into_iter().flatten().for_each(|what| self.count(what, 1));
    }

    /// Takes in how a storm has ended.
    pub fn subsided(&mut self, ended: Option<Calmed>) {
        let what = match ended {
            None => return,
            Some(Calmed::Everyone) => "storms that ended for everyone",
            Some(Calmed::Majority { .. }) => "storms that ended for a majority",
        };
        self.count(what, 1);
        if let Some(Calmed::Majority { disturbed: true, .. }) = ended {
            self.count("majorities that hear others", 1);
        }
    }

    /// Takes in what a run has come to.
    pub fn ended(&mut self, world: &World, checker: &Checker) {
        self.count("events", world.events());
        self.count("entries committed", checker.committed().0);
        let led = checker.leaders().filter(|&(term, _)| term > Term(0)).count();
        self.count("terms with a leader", led as u64);
        self.count("leaders due", checker.leaders_due());
    }
}

fn of_action(action: &Action) -> Option<&'static str> {
    Some(match action {
        Action::Crash { .. } => "crashes",
        Action::Tear { .. } => "writes torn",
        Action::Wipe { .. } => "disks wiped",
        Action::Restart { .. } => "restarts",
        Action::Pause { .. } => "pauses",
        Action::Partition { .. } => "partitions",
        Action::Cut { .. } => "cuts in one direction",
        Action::LinkPreset { .. } => "link presets",
        Action::Schedule { .. } => "schedules",
        Action::SetLink { .. } => "links changed",
        Action::SetOptions { .. } => "options changed",
        Action::SetClock { .. } => "clocks set",
        Action::SetDisk { .. } => "disks changed",
        Action::StallDisk { .. } => "disks stalled",
        Action::Workload(_) => "workloads",
        Action::Send { empty: true, .. } => "heartbeats sent by hand",
        Action::Fire { .. } => "timers fired by hand",
        Action::StepDown { .. } => "leaders told to step down",
        Action::Hold { .. } => "messages held",
        Action::Deliver { .. } => "messages delivered by hand",
        Action::Boot { .. } => "servers started",
        Action::Change { .. } => "changes begun",
        Action::Transfer { .. } => "transfers begun",
        Action::Snapshot { .. } => "snapshots taken by hand",
        _ => return None,
    })
}

fn of_content(content: &Content) -> Option<&'static str> {
    let Content::Raft(message) = content else { return None };
    Some(match &message.body {
        Body::InstallSnapshot { .. } => "pieces of snapshots",
        Body::TimeoutNow => "requests to stand at once",
        Body::ReadIndex { .. } => "requests for a ReadIndex",
        Body::PreVote { .. } => "questions before standing",
        Body::AppendEntries { entries, .. }
            if entries.iter().any(|entry| matches!(entry.payload, Payload::Configuration(_))) =>
        {
            "configurations delivered"
        }
        _ => return None,
    })
}
