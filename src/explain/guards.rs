//! What a decision compared, in words, and which decision of an event was the one that counted.

use super::rule_words::words;
use super::words::value;
use crate::raft::{Guard, Index, Rule, Value};
use crate::sim::Event;

/// What a decision compared and what came of it, in words and with both values.
#[must_use]
pub fn because(guard: &Guard) -> String {
    let [compared, then, off] = words(guard);
    let (l, r) = (value(guard.left), value(guard.right));
    let filled = |template: &str| template.replace("{l}", &l).replace("{r}", &r);
    let mut text = match guard.rule {
        Rule::OneVotePerTerm => one_vote(guard),
        Rule::LogUpToDate | Rule::PreVoteLogUpToDate => up_to_date(guard),
        _ => filled(compared),
    };
    if guard.broken() {
        text.push_str(", but the rule is off: ");
        text.push_str(&filled(off));
    } else if guard.refused() {
        text.push_str(": ");
        text.push_str(&filled(then));
    }
    text
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
    // With another rule off, terms or lengths are not looked at.
    let is_so = (candidate_term, candidate) >= (own_term, own);
    let verdict = match (guard.held, is_so) {
        (true, true) => "at least as up to date",
        (true, false) => "taken for up to date, though it is behind",
        (false, true) => "taken for behind, though it is not",
        (false, false) if candidate_term < own_term => "behind, by its last term",
        (false, false) => "behind: the last terms are equal, and it is shorter",
    };
    format!(
        "the candidate's log {}, the voter's {}: the candidate's is {verdict}",
        ends(candidate, l),
        ends(own, r)
    )
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

/// Whether the event could have come out differently by this decision. That timeouts are drawn at random and
/// that votes are kept is always so, and counts only where it was not.
fn counts(guard: &Guard) -> bool {
    let ordinary = matches!(guard.rule, Rule::RandomisedTimeouts | Rule::VoteKeptWithinTerm);
    guard.broken() || (guard.refused() && !ordinary)
}

/// Among several decisions of one event, those with the least weight here are the ones that count.
fn weight(rule: Rule) -> u8 {
    use Rule::*;
    match rule {
        // What turns a whole message, or what somebody asks for, away.
        RefuseStaleVoteRequest
        | OneVotePerTerm
        | LogUpToDate
        | PreVoteLogUpToDate
        | CountVotesOnce
        | DropStaleReplies
        | RefuseStaleAppend
        | PrevLogIndex
        | PrevLogTerm
        | CommitOnlyCurrentTerm
        | Stickiness
        | PreVote
        | CheckQuorum
        | OneChangeAtATime
        | ChangeAfterOwnTermCommit
        | SnapshotOnlyIfNewer
        | FreshIdentity => 0,
        // What says how it is judged, and what becomes of log, configuration and commitIndex.
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
        | LogSurvivesCrash
        | ChecksumEndsLog
        | JointPhase
        | LearnersCatchUpFirst
        | RemovedLeaderStepsDownAfterCommit
        | SnapshotKeepsSuffix
        | SnapshotCarriesConfiguration
        | SnapshotCarriesSessions
        | Sessions
        | ReadConfirmed
        | ReadAfterOwnTermCommit
        | LeaseGivenUpOnTransfer
        | LeaseNeedsStickiness
        | TransferWaitsForCatchUp => 1,
        StepDownOnHigherTerm | CandidateStepsBack | ConfigurationOnAppend | RestartedVoterWaits => 2,
        QuorumOfAll
        | CommitAfterQuorum
        | LeaderCountsSelfWhenDurable
        | LearnersNotCounted
        | LeaderOutsideNotCounted => 3,
        ReplyAfterFsync => 4,
        // What follows from the decisions above.
        VoteTimerOnlyOnGrant
        | AppendTimerOnlyCurrent
        | RandomisedTimeouts
        | TermAndVoteTogether
        | LeaseBoundedByDrift => 5,
    }
}

/// The decision by which a vote, or the word to give one, was refused, if it was.
pub(super) fn vote_refused(guards: &[Guard]) -> Option<&Guard> {
    use Rule::*;
    let gates =
        [Stickiness, RefuseStaleVoteRequest, PreVote, OneVotePerTerm, LogUpToDate, PreVoteLogUpToDate];
    guards.iter().find(|guard| gates.contains(&guard.rule) && guard.refused())
}

/// The decision of that rule, if it was taken.
pub(super) fn of(event: &Event, rule: Rule) -> Option<&Guard> {
    event.guards.iter().find(|guard| guard.rule == rule)
}

/// The decision of that rule, if the step went on by it: since the condition held, or since it is off.
pub(super) fn passed(event: &Event, rule: Rule) -> Option<&Guard> {
    event.guards.iter().find(|guard| guard.rule == rule && !guard.refused())
}

/// The decision of that rule, if it turned the step.
pub(super) fn refused(event: &Event, rule: Rule) -> Option<&Guard> {
    event.guards.iter().find(|guard| guard.rule == rule && guard.refused())
}
