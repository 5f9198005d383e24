//! What each rule is good for. With the rule off, a scripted recording breaks a promise; with the rule on,
//! in the same recording a visible step refuses, and every promise holds.
//!
//! This is the list of those recordings. They themselves are files beside the page
//! (`static/broken/<name>.json`), so that who never breaks a rule need not load them. `tests/broken_rules`
//! writes them, and `tests/kill_matrix.rs` judges them.

use crate::check::Property;
use crate::raft::Rule;

/// One recording, and what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The rule that is off.
    pub rule: Rule,
    /// The promise that falls. None: the rule looks as if it were needed, and is not.
    pub falls: Option<Property>,
    /// What sets this recording apart, where the rule has another one.
    pub variant: Option<&'static str>,
    /// What is off as well, with the rule and without: else it would hide the damage.
    pub besides: &'static [Rule],
    /// The options that the recording depends on, by their names in recordings.
    pub options: &'static [&'static str],
    /// What ought to come by the end, as a goal (`docs/goals.md`): with the rule it does, and without it
    /// does not. Where the promise is that something happens at all.
    pub comes: Option<&'static str>,
    /// What happens in it; of a harmless rule, why it is harmless.
    pub story: &'static str,
}

impl Broken {
    /// The recording's name: that of the rule, and of the variant if there is one.
    #[must_use]
    pub fn name(&self) -> String {
        match self.variant {
            Some(variant) => format!("{}.{variant}", self.rule),
            None => self.rule.name().to_string(),
        }
    }

    const fn varied(self, variant: &'static str) -> Broken {
        Broken { variant: Some(variant), ..self }
    }

    const fn besides(self, besides: &'static [Rule]) -> Broken {
        Broken { besides, ..self }
    }

    const fn comes(self, goal: &'static str) -> Broken {
        Broken { comes: Some(goal), ..self }
    }

    const fn with(self, options: &'static [&'static str]) -> Broken {
        Broken { options, ..self }
    }
}

const fn falls(rule: Rule, property: Property, story: &'static str) -> Broken {
    Broken { rule, falls: Some(property), variant: None, besides: &[], options: &[], comes: None, story }
}

const fn harmless(rule: Rule, story: &'static str) -> Broken {
    Broken { rule, falls: None, variant: None, besides: &[], options: &[], comes: None, story }
}

/// What is known of a rule: at least one row.
pub fn of(rule: Rule) -> impl Iterator<Item = &'static Broken> {
    TABLE.iter().filter(move |row| row.rule == rule)
}

use Property::{
    AtMostOnce, ElectionSafety, LeaderCompleteness, Linearizability, Liveness, LogMatching,
    StateMachineSafety,
};

/// All recordings, in the order of the rules.
pub const TABLE: &[Broken] = &[
    falls(
        Rule::StepDownOnHigherTerm,
        ElectionSafety,
        "S1 leads term 2 and hears of term 3, which S2 leads: it takes over the term and leads on.",
    ),
    falls(
        Rule::DropStaleReplies,
        ElectionSafety,
        "Two votes that S1 was given in term 2 arrive when it stands in term 3, and are counted there; the \
         same two voters elect S5 in term 3.",
    ),
    falls(
        Rule::RandomisedTimeouts,
        Liveness,
        "All servers time out at the same moment, each votes for itself, and so it goes on.",
    )
    .comes("committed(2)"),
    falls(
        Rule::VoteTimerOnlyOnGrant,
        Liveness,
        "S1's log is too short to win, and its clock runs fast: each time that it asks, the others, who \
         could win, begin to wait anew.",
    )
    .comes("committed(3)"),
    falls(
        Rule::AppendTimerOnlyCurrent,
        Liveness,
        "S1 leads an older term and does not hear that it is over: its heartbeats keep S3, who could win, \
         from standing.",
    )
    .comes("committed(3)"),
    harmless(
        Rule::RefuseStaleVoteRequest,
        "A vote that is given to a request of an older term counts for nobody: its answer bears the voter's \
         later term, which ends that candidacy; and a candidate that has come to the later term itself drops \
         it, as an answer to an older request.",
    ),
    falls(Rule::OneVotePerTerm, ElectionSafety, "S2 votes for S1 and for S3 in the same term."),
    falls(
        Rule::VoteKeptWithinTerm,
        ElectionSafety,
        "S1 is elected with its own vote, steps down, forgets that vote, and elects S3 in the same term.",
    ),
    falls(
        Rule::VoteKeptWithinTerm,
        ElectionSafety,
        "S2 votes for S1, receives its first heartbeat, forgets the vote, and votes for S3, whose request for \
         the same term was late.",
    )
    .varied("heard"),
    falls(
        Rule::LogUpToDate,
        LeaderCompleteness,
        "S3, which lacks a committed entry, is elected by S2, which has it.",
    ),
    falls(
        Rule::LastTermFirst,
        LeaderCompleteness,
        "S3's log is longer, and ends in an older term than S2's, which ends with a committed entry: S2 \
         votes for it.",
    ),
    falls(
        Rule::LengthBreaksTies,
        LeaderCompleteness,
        "S3's log ends in the same term as S2's, and lacks the last, committed entry: S2 votes for it.",
    ),
    falls(
        Rule::QuorumOfAll,
        ElectionSafety,
        "S1 and S5 hear from nobody, and each is elected by a majority of those who answered: itself.",
    ),
    falls(
        Rule::CandidateStepsBack,
        ElectionSafety,
        "S4 goes on as a candidate though S2 leads its term, learns from S2 that the cluster has shrunk, and \
         a vote that was too few among five is enough among three.",
    ),
    falls(
        Rule::RefuseStaleAppend,
        LeaderCompleteness,
        "A late entry of term 2 replaces one that was committed in term 3.",
    ),
    falls(
        Rule::PrevLogIndex,
        LogMatching,
        "S2 has one entry, and appends the leader's fourth right behind it.",
    ),
    falls(
        Rule::PrevLogTerm,
        LogMatching,
        "S2 appends the leader's fourth entry, though the entries before it are of other terms.",
    ),
    falls(
        Rule::HeartbeatChecked,
        StateMachineSafety,
        "A heartbeat tells S2 how much is committed, and S2 commits an entry of its own that nobody else \
         has.",
    ),
    falls(
        Rule::DeleteConflicts,
        LogMatching,
        "S2 keeps its own second entry, which conflicts with the leader's, and takes the leader's third behind it.",
    ),
    falls(
        Rule::TruncateOnlyOnConflict,
        LeaderCompleteness,
        "Two requests overtake each other: the late one, which carries less, makes S2 forget an entry that \
         S2 has acknowledged.",
    ),
    falls(
        Rule::NewTailReplacesSuffix,
        LogMatching,
        "S2 replaces its second entry by the leader's, and keeps its third, which followed the old one.",
    ),
    falls(
        Rule::CommitUpToLastNew,
        StateMachineSafety,
        "S1 sends S2 a heartbeat while entries wait. It agrees with S2 about the first entry, and S2 commits \
         the second as well, which is its own.",
    ),
    falls(
        Rule::CommitUpToLastNew,
        StateMachineSafety,
        "A late refusal from term 2, which is counted too, makes S1 begin too far back. What it sends ends \
         before S2's own last entry, and S2 commits that.",
    )
    .besides(&[Rule::DropStaleReplies])
    .with(&["maxEntries"])
    .varied("lateReply"),
    falls(
        Rule::MatchFromRequest,
        LeaderCompleteness,
        "S2 acknowledges a heartbeat, and S1 believes that it has an entry which S1 has taken since.",
    ),
    falls(
        Rule::LeaderCountsSelfWhenDurable,
        LeaderCompleteness,
        "S3 commits an entry that is on one disk, S2's; it crashes before its own has it, and elects S1.",
    ),
    falls(
        Rule::CommitAfterQuorum,
        LeaderCompleteness,
        "S1 commits an entry that nobody else has, and S2 is elected without it.",
    ),
    falls(
        Rule::CommitOnlyCurrentTerm,
        LeaderCompleteness,
        "Figure 8: S1, back in a later term, counts three copies of its entry of term 2 and commits it; S5, \
         whose last entry is of term 3, is elected without it.",
    ),
    falls(
        Rule::ReplyAfterFsync,
        LeaderCompleteness,
        "S2 acknowledges an entry, crashes before it is on its disk, and elects S3, which lacks it.",
    ),
    falls(
        Rule::ReplyAfterFsync,
        LeaderCompleteness,
        "The same by a heartbeat: S2 is still writing the entry when it says that its log agrees.",
    )
    .varied("heartbeat")
    .with(&["window"]),
    falls(
        Rule::TermSurvivesCrash,
        ElectionSafety,
        "S2 votes for S1, restarts in term 0, and votes for S3 in the term in which it voted for S1.",
    ),
    falls(
        Rule::VoteSurvivesCrash,
        ElectionSafety,
        "S2 votes for S1, restarts, no longer knows it, and votes for S3 in the same term.",
    ),
    falls(
        Rule::LogSurvivesCrash,
        LeaderCompleteness,
        "S2 has acknowledged a committed entry, restarts with an empty log, and elects S3, which lacks it.",
    ),
    falls(
        Rule::TermAndVoteTogether,
        ElectionSafety,
        "S2's yes to S1 leaves when the term is on its disk and the vote is not; it crashes, and votes for S3 \
         in that term.",
    ),
    falls(
        Rule::ChecksumEndsLog,
        StateMachineSafety,
        "The power fails while S2 writes an entry; it takes the half of it for the whole, and applies \
         something else than the others.",
    ),
    falls(
        Rule::FreshIdentity,
        LeaderCompleteness,
        "S2, one of two that have a committed entry, loses its disk, comes back under its name, and elects \
         S3, which lacks the entry.",
    ),
    falls(
        Rule::PreVote,
        Liveness,
        "S3 hears nobody and is heard by all: it stands again and again, and each time its higher term \
         unseats a leader that could serve everyone else.",
    )
    .with(&["link", "preVote"])
    .comes("committed(2)"),
    falls(
        Rule::CheckQuorum,
        Liveness,
        "S1 is heard and hears nobody: it can commit nothing, and its heartbeats keep the others from \
         electing somebody who can.",
    )
    .with(&["checkQuorum", "preVote"])
    .comes("committed(2)"),
    falls(
        Rule::Stickiness,
        Liveness,
        "S4 was removed and does not know: it stands again and again, and each time its higher term \
         unseats a leader that could serve everyone.",
    )
    .with(&["link", "stickiness"])
    .comes("committed(4)"),
    falls(
        Rule::TransferWaitsForCatchUp,
        Liveness,
        "S3 is asked to take over while it lacks ten entries: it stands, and nobody may elect it.",
    )
    .with(&["maxEntries"])
    .comes("role(S3) = leader"),
    falls(
        Rule::ConfigurationOnAppend,
        ElectionSafety,
        "After two changes, S2 restarts and goes by three servers again, of which it wins two, while S4 wins \
         three of five.",
    ),
    falls(
        Rule::OneChangeAtATime,
        ElectionSafety,
        "S1 adds S4 and S5 at once: three of five elect it, and two of three, which heard of neither, elect \
         S2.",
    ),
    falls(
        Rule::ChangeAfterOwnTermCommit,
        LeaderCompleteness,
        "The bug of 2015: from four servers, S1 adds one and S2 removes one, in two terms, and majorities of \
         the two share no server.",
    ),
    falls(
        Rule::JointPhase,
        ElectionSafety,
        "Three servers become five at once: three of the five elect S1, and two of the old three elect S2.",
    ),
    falls(
        Rule::LearnersNotCounted,
        LeaderCompleteness,
        "S1 commits an entry that it and the learner S4 have; S2 and S3 elect each other without it.",
    ),
    falls(
        Rule::LearnersCatchUpFirst,
        Liveness,
        "S3 is down when S4, which has nothing yet, becomes a voter: for as long as S4 takes to fetch the \
         log, nothing is committed.",
    )
    .with(&["catchUpRounds", "link", "noop"])
    .comes("committed(203)"),
    falls(
        Rule::LeaderOutsideNotCounted,
        LeaderCompleteness,
        "S1 has removed itself, and counts its own copy for an entry that only S2 has besides; S3 and S4 \
         elect each other without it.",
    ),
    falls(
        Rule::RemovedLeaderStepsDownAfterCommit,
        Liveness,
        "S1 removes itself, steps down before S2 has heard of it, and is switched off: S2 needs the vote \
         of S1 for ever.",
    )
    .with(&["noop"])
    .comes("committed(4)"),
    falls(
        Rule::SnapshotOnlyIfNewer,
        LeaderCompleteness,
        "A late copy of a snapshot makes S2 forget an entry that was committed after it.",
    ),
    falls(
        Rule::SnapshotKeepsSuffix,
        LeaderCompleteness,
        "S2 installs a snapshot, and throws away the committed entry that follows it in its log.",
    ),
    falls(
        Rule::SnapshotCarriesConfiguration,
        ElectionSafety,
        "S2 has skipped two changes by a snapshot and still goes by three servers, of which it wins two, \
         while S4 wins three of five.",
    ),
    falls(
        Rule::SnapshotCarriesSessions,
        Linearizability,
        "S2 installs a snapshot and no longer knows the client's session: it skips a command that was \
         acknowledged, and later leads.",
    )
    .with(&["sessions"]),
    falls(Rule::Sessions, AtMostOnce, "An answer is lost, the client asks again, and x is increased twice.")
        .with(&["sessions"]),
    falls(
        Rule::ReadConfirmed,
        Linearizability,
        "S1 does not know that S3 leads and that x was written there: it answers a read with the old value.",
    ),
    falls(
        Rule::ReadAfterOwnTermCommit,
        Linearizability,
        "S2 leads, and does not know yet that x←1 in its log is committed: it answers a read without it.",
    ),
    falls(
        Rule::LeaseBoundedByDrift,
        Linearizability,
        "S1's clock runs slow and the others' fast: its lease outlives their patience, they elect S3, and S1 \
         answers a read with the old value.",
    )
    .with(&["driftPpm", "fsync", "lease", "link", "noop", "stickiness"]),
    falls(
        Rule::LeaseGivenUpOnTransfer,
        Linearizability,
        "S1 hands over to S3, does not hear that S3 leads, and answers a read by the lease that it still \
         holds.",
    )
    .with(&["fsync", "lease", "link", "noop", "stickiness"]),
    falls(
        Rule::LeaseNeedsStickiness,
        Linearizability,
        "S2 has just heard from S1 and votes for S3 all the same; S1 answers a read by its lease.",
    )
    .with(&["fsync", "lease", "link", "noop"]),
    falls(
        Rule::RestartedVoterWaits,
        Linearizability,
        "S2 has just heard from S1, restarts, and votes for S3 at once; S1 answers a read by its lease.",
    )
    .with(&["fsync", "lease", "link", "noop", "stickiness"]),
    falls(
        Rule::CountVotesOnce,
        ElectionSafety,
        "S2's vote reaches S1 twice and is counted twice, which makes three of five with S1's own; S3, S4 and S5 \
         elect S5 in the same term.",
    ),
    falls(
        Rule::PreVoteLogUpToDate,
        Liveness,
        "S3 lacks an entry and does not hear the leader S1, whose heartbeats are rare. Whenever S2 has not heard \
         from S1 for a while it grants S3 a PreVote, and S3's higher term deposes S1, though S3 can never win.",
    )
    .with(&["election", "heartbeatUs", "preVote"])
    .comes("term(S1) = 2 and committed(6)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_row_in_the_order_of_the_rules() {
        let mut rules: Vec<Rule> = TABLE.iter().map(|row| row.rule).collect();
        rules.dedup();
        assert_eq!(rules, Rule::ALL);
    }

    #[test]
    fn no_two_recordings_have_one_name() {
        let mut names: Vec<String> = TABLE.iter().map(Broken::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
