//! What a decision compared, in words, and which decision of an event was the one that counted.

use super::words::value;
use crate::raft::{Guard, Index, Rule, Value};
use crate::sim::Event;

/// A decision in three parts.
struct Parts {
    /// What was compared, with both values.
    compared: String,
    /// What came of it where the rule turned the step.
    then: String,
    /// What came of it because the rule was off.
    off: String,
}

fn parts(compared: String, then: impl Into<String>, off: impl Into<String>) -> Parts {
    Parts { compared, then: then.into(), off: off.into() }
}

/// What a decision compared and what came of it, in words and with both values.
#[must_use]
pub fn because(guard: &Guard) -> String {
    let Parts { compared, then, off } = explain(guard);
    if guard.broken() {
        format!("{compared}, but the rule is off: {off}")
    } else if guard.refused() {
        format!("{compared}: {then}")
    } else {
        compared
    }
}

fn explain(guard: &Guard) -> Parts {
    use Rule::*;
    match guard.rule {
        RefuseStaleVoteRequest
        | OneVotePerTerm
        | LogUpToDate
        | LastTermFirst
        | LengthBreaksTies
        | VoteKeptWithinTerm
        | QuorumOfAll
        | CandidateStepsBack
        | StepDownOnHigherTerm => of_election(guard),
        RandomisedTimeouts | VoteTimerOnlyOnGrant | AppendTimerOnlyCurrent => of_timers(guard),
        DropStaleReplies
        | RefuseStaleAppend
        | PrevLogIndex
        | PrevLogTerm
        | HeartbeatChecked
        | DeleteConflicts
        | TruncateOnlyOnConflict
        | NewTailReplacesSuffix => of_replication(guard),
        CommitUpToLastNew
        | MatchFromRequest
        | LeaderCountsSelfWhenDurable
        | CommitAfterQuorum
        | CommitOnlyCurrentTerm => of_commitment(guard),
        ReplyAfterFsync | TermSurvivesCrash | VoteSurvivesCrash | LogSurvivesCrash => of_disk(guard),
        rule => parts(
            format!("{}: {} against {}", rule.title(), value(guard.left), value(guard.right)),
            rule.title(),
            "it is done all the same",
        ),
    }
}

fn of_election(guard: &Guard) -> Parts {
    let (l, r) = (value(guard.left), value(guard.right));
    match guard.rule {
        Rule::RefuseStaleVoteRequest if guard.held => {
            parts(format!("the request is of {l}, no older than the voter's {r}"), "", "")
        }
        Rule::RefuseStaleVoteRequest => parts(
            format!("the request is of {l}, and the voter is already in {r}"),
            "a vote of the past is not given",
            "the request is handled as if it were current",
        ),
        Rule::OneVotePerTerm => {
            parts(one_vote(guard), "a second vote is not given", "it votes a second time in the same term")
        }
        Rule::LogUpToDate => {
            parts(up_to_date(guard), "the vote is refused", "the vote does not depend on the logs")
        }
        Rule::LastTermFirst => parts(
            format!("up to date, with the later last term first: {l}; by length alone: {r}"),
            "the last term decides before the length",
            "only the lengths are compared",
        ),
        Rule::LengthBreaksTies => parts(
            format!("up to date, with the length breaking ties: {l}; by the last term alone: {r}"),
            "the longer log wins where the last terms are equal",
            "only the last terms are compared",
        ),
        Rule::VoteKeptWithinTerm => parts(
            format!("the vote of this term is for {l}; forgotten, it would be for {r}"),
            "it binds until the term ends",
            "it is forgotten, and the server may vote again",
        ),
        Rule::QuorumOfAll => parts(
            format!("the voters are {l}, and those who have answered are {r}"),
            "a majority of all voters is needed",
            "a majority of those who have answered is enough",
        ),
        Rule::CandidateStepsBack => parts(
            format!("the candidate of {l} hears from the leader of {r}"),
            "it becomes a follower",
            "it goes on as a candidate",
        ),
        _ => parts(
            format!("its own term is {l}, and the message is of {r}"),
            "it becomes a follower",
            "it takes the term and keeps its role",
        ),
    }
}

fn one_vote(guard: &Guard) -> String {
    let candidate = value(guard.right);
    match guard.left {
        Value::Server(None) => format!("the voter has not voted in this term yet, and {candidate} asks"),
        left if left == guard.right => {
            format!("the voter has voted for {candidate} in this term already, and {candidate} asks again")
        }
        left => format!("the voter has already voted for {} in this term, and {candidate} asks", value(left)),
    }
}

/// The ends of the two logs, by the difference that decides (§5.4.1).
fn up_to_date(guard: &Guard) -> String {
    let (l, r) = (value(guard.left), value(guard.right));
    let (Value::End(candidate_term, candidate), Value::End(own_term, own)) = (guard.left, guard.right) else {
        return format!("the candidate's log ends in {l}, the voter's in {r}");
    };
    let ends = |index: Index, words: String| {
        if index.0 == 0 { "is empty".into() } else { format!("ends in {words}") }
    };
    let verdict = if guard.held {
        "at least as up to date"
    } else if candidate_term < own_term {
        "behind, by its last term"
    } else if candidate < own {
        "behind: the last terms are equal, and it is shorter"
    } else {
        "behind"
    };
    format!(
        "the candidate's log {}, the voter's {}: the candidate's is {verdict}",
        ends(candidate, l),
        ends(own, r)
    )
}

fn of_timers(guard: &Guard) -> Parts {
    let (l, r) = (value(guard.left), value(guard.right));
    match guard.rule {
        Rule::RandomisedTimeouts => parts(
            format!("the election timeout is drawn from {l}, and without chance it would be {r}"),
            "it is drawn at random",
            format!("it is {r} for everyone"),
        ),
        Rule::VoteTimerOnlyOnGrant => parts(
            format!("was the vote granted? {l}; for the election timer to start again it has to be: {r}"),
            "it runs on",
            "it starts again all the same",
        ),
        _ => parts(
            format!("the AppendEntries is of {l}, and the server is in {r}"),
            "the election timer runs on",
            "the election timer starts again all the same",
        ),
    }
}

fn of_replication(guard: &Guard) -> Parts {
    let (l, r) = (value(guard.left), value(guard.right));
    match guard.rule {
        Rule::DropStaleReplies if guard.held => {
            parts(format!("the reply answers a request of {l}, and the server is in {r} still"), "", "")
        }
        Rule::DropStaleReplies => parts(
            format!("the reply answers a request of {l}, and the server is in {r} by now"),
            "it is dropped",
            "it is counted like any other",
        ),
        Rule::RefuseStaleAppend if guard.held => {
            parts(format!("the AppendEntries is of {l}, no older than the server's {r}"), "", "")
        }
        Rule::RefuseStaleAppend => parts(
            format!("the AppendEntries is of {l}, and the server is already in {r}"),
            "it is refused",
            "it is handled as if it were current",
        ),
        Rule::PrevLogIndex if guard.held => {
            parts(format!("prevLogIndex is {l}, and the log ends at {r}"), "", "")
        }
        Rule::PrevLogIndex => parts(
            format!("the log has no entry at prevLogIndex: that is {l}, and the log ends at {r}"),
            "it is refused",
            "the entries go to the log's end",
        ),
        Rule::PrevLogTerm => parts(
            format!("at prevLogIndex the log has {l}, and the leader has {r}"),
            "it is refused",
            "the entry passes for the same",
        ),
        Rule::HeartbeatChecked => parts(
            format!("consistent by the check: {l}; if a heartbeat needed none: {r}"),
            "a heartbeat is checked like any AppendEntries",
            "the heartbeat skips the check",
        ),
        Rule::DeleteConflicts => parts(
            format!("an entry conflicts: kept is the log up to {l}; with the conflict it would be {r}"),
            "what conflicts is deleted",
            "the entry that conflicts stays",
        ),
        Rule::TruncateOnlyOnConflict => parts(
            format!("without a conflict the log is kept up to {l}; cut at prevLogIndex it would end at {r}"),
            "nothing is deleted that does not conflict",
            "everything after prevLogIndex is deleted",
        ),
        _ => parts(
            format!("entries kept behind the last new one: {l}; there would be {r}"),
            "with a conflicting entry go all that follow it",
            "they stay, though one before them was replaced",
        ),
    }
}

fn of_commitment(guard: &Guard) -> Parts {
    let (l, r) = (value(guard.left), value(guard.right));
    match guard.rule {
        Rule::CommitUpToLastNew => parts(
            format!(
                "commitIndex may rise to {l}, the end of what this request vouches for; by leaderCommit and this log it could be {r}"
            ),
            "what lies behind the last new entry need not be the leader's",
            format!("it rises to {r}"),
        ),
        Rule::MatchFromRequest => parts(
            format!("the acknowledged request reached to {l}, and the leader's log to {r}"),
            format!("matchIndex rises to {l}"),
            format!("matchIndex rises to {r}"),
        ),
        Rule::LeaderCountsSelfWhenDurable => parts(
            format!("the leader's log is on its disk up to {l}, and in memory up to {r}"),
            "it counts itself only as far as its disk",
            "it counts itself as far as its memory",
        ),
        Rule::CommitAfterQuorum => parts(
            format!("a majority has stored the log up to {l}, and the leader's log ends at {r}"),
            "nothing beyond the majority is committed",
            format!("it commits up to {r} all the same"),
        ),
        _ if guard.held => {
            parts(format!("the entry on a majority is of {l}, and the leader leads in {r}"), "", "")
        }
        _ => parts(
            format!("the entry on a majority is of {l}, and the leader leads in {r}"),
            "an entry of an older term is not committed by counting copies",
            "it is committed by counting, though a later leader may still replace it",
        ),
    }
}

fn of_disk(guard: &Guard) -> Parts {
    let (l, r) = (value(guard.left), value(guard.right));
    match guard.rule {
        Rule::ReplyAfterFsync => parts(
            format!("the message depends on {l}; without the rule it waits for {r}"),
            "it leaves when that is on disk",
            "it leaves at once",
        ),
        Rule::TermSurvivesCrash => parts(
            format!("the disk holds {l}; forgotten, it would be {r}"),
            "the server comes up in the term that it knew",
            format!("the server comes up in {r}"),
        ),
        Rule::VoteSurvivesCrash => parts(
            format!("the disk holds a vote for {l}; forgotten, it would be for {r}"),
            "the server is still bound by it",
            "the server no longer knows of it, and may vote again",
        ),
        _ => parts(
            format!("the log on the disk ends at {l}; forgotten, it would end at {r}"),
            "the server comes up with its log",
            "the server comes up without its log",
        ),
    }
}

/// The rule that decided what came of an event: the one without which it would have come out
/// differently. Where a rule was off and let something pass, that one; else the first that refused; else
/// the choice that mattered most. Nothing where no rule was needed.
#[must_use]
pub fn decided_by(event: &Event) -> Option<Rule> {
    deciding(event).map(|guard| guard.rule)
}

/// Whether it is right to say that this rule decided what came of the event: it is the one that
/// [`decided_by`] names, or one that mattered just as much.
#[must_use]
pub fn decides(event: &Event, rule: Rule) -> bool {
    let Some(best) = deciding(event) else { return false };
    event.guards.iter().any(|guard| {
        guard.rule == rule && counts(guard) && guard.on == best.on && weight(rule) == weight(best.rule)
    })
}

/// The decision that [`decided_by`] names.
pub(super) fn deciding(event: &Event) -> Option<&Guard> {
    let candidates = event.guards.iter().filter(|guard| counts(guard));
    candidates.min_by_key(|guard| (!guard.broken(), weight(guard.rule)))
}

/// Whether the event could have come out differently by this decision. That timeouts are drawn at random
/// counts only where they were not.
fn counts(guard: &Guard) -> bool {
    guard.broken() || (guard.refused() && guard.rule != Rule::RandomisedTimeouts)
}

/// Among several decisions of one event, those with the least weight here are the ones that count.
fn weight(rule: Rule) -> u8 {
    use Rule::*;
    match rule {
        // What turns a whole message away.
        RefuseStaleVoteRequest
        | OneVotePerTerm
        | LogUpToDate
        | DropStaleReplies
        | RefuseStaleAppend
        | PrevLogIndex
        | PrevLogTerm
        | CommitOnlyCurrentTerm => 0,
        // What says how it is judged, and what becomes of log and commitIndex.
        LastTermFirst
        | LengthBreaksTies
        | HeartbeatChecked
        | DeleteConflicts
        | TruncateOnlyOnConflict
        | NewTailReplacesSuffix
        | CommitUpToLastNew
        | MatchFromRequest
        | VoteKeptWithinTerm
        | TermSurvivesCrash
        | VoteSurvivesCrash
        | LogSurvivesCrash => 1,
        StepDownOnHigherTerm | CandidateStepsBack => 2,
        QuorumOfAll | CommitAfterQuorum | LeaderCountsSelfWhenDurable => 3,
        ReplyAfterFsync => 4,
        // What follows from the decisions above.
        VoteTimerOnlyOnGrant | AppendTimerOnlyCurrent | RandomisedTimeouts => 5,
        _ => 1,
    }
}

/// The decision by which a vote was refused, if it was.
pub(super) fn vote_refused(guards: &[Guard]) -> Option<&Guard> {
    let gates = [Rule::RefuseStaleVoteRequest, Rule::OneVotePerTerm, Rule::LogUpToDate];
    guards.iter().find(|guard| gates.contains(&guard.rule) && guard.refused())
}

/// The decision of that rule, if it was taken.
pub(super) fn of(event: &Event, rule: Rule) -> Option<&Guard> {
    event.guards.iter().find(|guard| guard.rule == rule)
}
