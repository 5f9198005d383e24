//! The recordings of broken rules, judged: what falls with the rule off, and which step refuses with the
//! rule on. This file stands alone, so that the tests in the browser can take it in by `#[path]`, and
//! come to the same index.

use serde::Serialize;
use wavetank::check::goal::{Goal, Memory};
use wavetank::check::{Property, Violation};
use wavetank::explain::{Scene, because, sentence};
use wavetank::learn::broken::{Broken, TABLE};
use wavetank::raft::{Guard, Rule, Rules, ServerId};
use wavetank::sim::{Event, EventId};
use wavetank::timeline::{Recording, Run};

macro_rules! recordings {
    ($($name:literal)+) => {
        /// The recordings that ship, by name.
        pub const RECORDINGS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../static/broken/", $name, ".json")))),+];
    };
}

recordings! {
    "stepDownOnHigherTerm"
    "dropStaleReplies"
    "randomisedTimeouts"
    "voteTimerOnlyOnGrant"
    "appendTimerOnlyCurrent"
    "oneVotePerTerm"
    "voteKeptWithinTerm"
    "voteKeptWithinTerm.heard"
    "logUpToDate"
    "lastTermFirst"
    "lengthBreaksTies"
    "quorumOfAll"
    "candidateStepsBack"
    "refuseStaleAppend"
    "prevLogIndex"
    "prevLogTerm"
    "heartbeatChecked"
    "deleteConflicts"
    "truncateOnlyOnConflict"
    "newTailReplacesSuffix"
    "commitUpToLastNew"
    "commitUpToLastNew.lateReply"
    "matchFromRequest"
    "leaderCountsSelfWhenDurable"
    "commitAfterQuorum"
    "commitOnlyCurrentTerm"
    "replyAfterFsync"
    "replyAfterFsync.heartbeat"
    "termSurvivesCrash"
    "voteSurvivesCrash"
    "logSurvivesCrash"
    "termAndVoteTogether"
    "checksumEndsLog"
    "freshIdentity"
    "preVote"
    "checkQuorum"
    "stickiness"
    "transferWaitsForCatchUp"
    "configurationOnAppend"
    "oneChangeAtATime"
    "changeAfterOwnTermCommit"
    "jointPhase"
    "learnersNotCounted"
    "learnersCatchUpFirst"
    "leaderOutsideNotCounted"
    "removedLeaderStepsDownAfterCommit"
    "snapshotOnlyIfNewer"
    "snapshotKeepsSuffix"
    "snapshotCarriesConfiguration"
    "snapshotCarriesSessions"
    "sessions"
    "readConfirmed"
    "readAfterOwnTermCommit"
    "leaseBoundedByDrift"
    "leaseGivenUpOnTransfer"
    "leaseNeedsStickiness"
    "restartedVoterWaits"
    "countVotesOnce"
    "preVoteLogUpToDate"
}

/// What a recording was found to show.
pub struct Judged {
    pub row: &'static Broken,
    /// What falls with the rule off, in the order in which it does. Nothing: the rule is harmless.
    pub falls: Vec<Fall>,
    /// Which step refuses with the rule on.
    pub refusal: Option<Refusal>,
}

/// A promise that falls.
#[derive(Debug, PartialEq, Eq)]
pub struct Fall {
    pub property: Property,
    /// The event after which it no longer holds; without one, the end of the recording.
    pub event: Option<EventId>,
    pub sentence: String,
}

/// A step that refuses.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    pub event: EventId,
    pub at_us: u64,
    pub server: Option<ServerId>,
    /// What happens.
    pub sentence: String,
    /// What the rule compared, and what came of it.
    pub because: String,
}

/// All rows of the table, judged.
pub fn judge_all() -> Vec<Judged> {
    TABLE.iter().map(judge).collect()
}

fn judge(row: &'static Broken) -> Judged {
    if row.falls.is_none() {
        return Judged { row, falls: Vec::new(), refusal: None };
    }
    let recording = recording(row);
    let off = replay(&recording, recording.setup.rules_off);
    let on = replay(&recording, recording.setup.rules_off.set(row.rule, true));
    let name = row.name();
    assert_eq!(fallen(row, &on), [], "{name}: the rule is on");
    // Up to there the runs are one. (What servers decide when a world begins is not observed, so no script
    // begins with a decision of its rule.)
    let turn = first(&off, row.rule, Guard::broken).expect("the run takes its wrong turn by the rule");
    let (event, guard) = first(&on, row.rule, Guard::refused).expect("the rule refuses");
    assert_eq!(event.id, turn.0.id, "{name}: where the rule refuses, the other run takes its turn");
    let refusal = Refusal {
        event: event.id,
        at_us: event.at_us,
        server: event.server,
        sentence: sentence(event, Scene::of(&on)).to_string(),
        because: because(guard),
    };
    Judged { row, falls: fallen(row, &off), refusal: Some(refusal) }
}

/// The recording of a row.
pub fn recording(row: &Broken) -> Recording {
    let name = row.name();
    let (_, text) = RECORDINGS.iter().find(|(known, _)| *known == name).expect("there is a recording");
    Recording::from_json(text).expect("the recording can be read")
}

/// The same recording with these rules off.
pub fn replay(recording: &Recording, off: Rules) -> Run {
    let mut recording = recording.clone();
    recording.setup.rules_off = off;
    Run::replay(&recording).expect("the recording makes a run")
}

/// The promises that fell, in the order in which they did. The checker knows no promise that an
/// administrator's wish comes true, so rows say what ought to come.
pub fn fallen(row: &Broken, run: &Run) -> Vec<Fall> {
    let fall = |violation: &Violation| {
        let Violation { property, event, sentence, .. } = violation.clone();
        Fall { property, event: Some(event), sentence }
    };
    let mut falls: Vec<Fall> = run.violations().iter().map(fall).collect();
    let noticed = falls.iter().any(|fall| fall.property == Property::Liveness);
    if let Some(goal) = row.comes.filter(|goal| !noticed && !holds(goal, run)) {
        let sentence = format!("What ought to come has not come by the end: {goal}.");
        falls.push(Fall { property: Property::Liveness, event: None, sentence });
    }
    falls
}

/// Whether the goal holds at the end of the run.
fn holds(goal: &str, run: &Run) -> bool {
    let goal: Goal = goal.parse().expect("it is a goal");
    assert_eq!(goal.remembers(), 0, "the end alone is looked at");
    goal.holds(&(run.world(), run.checker()), Memory::default())
}

/// The first event in which the rule decides so.
fn first(run: &Run, rule: Rule, how: fn(&Guard) -> bool) -> Option<(&Event, &Guard)> {
    run.events().iter().find_map(|event| {
        let guard = event.guards.iter().find(|guard| guard.rule == rule && how(guard))?;
        Some((&**event, guard))
    })
}

/// A line of the index.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    /// Without it there is no recording: the rule is harmless.
    recording: Option<String>,
    rule: Rule,
    title: &'static str,
    section: &'static str,
    /// What the recording is to show.
    property: Option<Property>,
    /// All that falls in it, in order.
    falls: Vec<Property>,
    besides: &'static [Rule],
    options: &'static [&'static str],
    comes: Option<&'static str>,
    story: &'static str,
    refusal: Option<&'a Refusal>,
}

/// `static/broken/index.json`: a line for each recording.
pub fn index(judged: &[Judged]) -> String {
    let line = |one: &Judged| {
        let Judged { row, falls, refusal } = one;
        let line = Line {
            recording: row.falls.map(|_| format!("{}.json", row.name())),
            rule: row.rule,
            title: row.rule.title(),
            section: row.rule.section(),
            property: row.falls,
            falls: falls.iter().map(|fall| fall.property).collect(),
            besides: row.besides,
            options: row.options,
            comes: row.comes,
            story: row.story,
            refusal: refusal.as_ref(),
        };
        serde_json::to_string(&line).expect("a line is plain data")
    };
    format!("[\n{}\n]\n", judged.iter().map(line).collect::<Vec<_>>().join(",\n"))
}
