//! The rules of Figure 2 that can be switched off.

/// A rule of Figure 2, or of the section that explains it. Each says what happens while it is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// Off: a candidate or leader that sees a higher term takes the term and keeps its role.
    StepDownOnHigherTerm,
    /// Off: a reply to a request of an older term is counted like any other.
    DropStaleReplies,
    /// Off: a vote request of an older term is handled as if it were current.
    RefuseStaleVoteRequest,
    /// Off: a server votes for everyone who asks.
    OneVotePerTerm,
    /// Off: a server forgets its vote when it hears from its term's leader, and when it steps back
    /// within the term.
    VoteKeptWithinTerm,
    /// Off: the candidate's log is not looked at.
    LogUpToDate,
    /// Off: the terms of the last entries are not compared, only the lengths of the logs.
    LastTermFirst,
    /// Off: the lengths of the logs are not compared, only the terms of the last entries.
    LengthBreaksTies,
    /// Off: a majority of those who have answered elects, the candidate's own vote included.
    QuorumOfAll,
    /// Off: a candidate that hears from its term's leader remains a candidate.
    CandidateStepsBack,
    /// Off: AppendEntries of an older term are handled as if they were current.
    RefuseStaleAppend,
    /// Off: entries whose predecessor is missing go to the end of the log.
    PrevLogIndex,
    /// Off: the entry at prevLogIndex may have any term.
    PrevLogTerm,
    /// Off: AppendEntries without entries skip the consistency check.
    HeartbeatChecked,
    /// Off: an entry that conflicts with the leader's stays where it is.
    DeleteConflicts,
    /// Off: everything after prevLogIndex is deleted before entries are appended.
    TruncateOnlyOnConflict,
    /// Off: an entry that conflicts is replaced, and those behind the last new entry stay.
    NewTailReplacesSuffix,
    /// Off: a follower takes leaderCommit as it is, as far as its log goes.
    CommitUpToLastNew,
    /// Off: a follower that acknowledges anything is believed to have the leader's whole log.
    MatchFromRequest,
    /// Off: a leader commits as soon as it has appended.
    CommitAfterQuorum,
    /// Off: an entry of any term is committed once a majority has stored it.
    CommitOnlyCurrentTerm,
    /// Off: a restarted server begins in term 0.
    TermSurvivesCrash,
    /// Off: a restarted server does not know for whom it voted.
    VoteSurvivesCrash,
    /// Off: a restarted server has an empty log.
    LogSurvivesCrash,
    /// Off: each copy of a vote that arrives is counted.
    CountVotesOnce,
}

impl Rule {
    /// All of them, in the order of Figure 2.
    pub const ALL: [Rule; 25] = [
        Rule::StepDownOnHigherTerm,
        Rule::DropStaleReplies,
        Rule::RefuseStaleVoteRequest,
        Rule::OneVotePerTerm,
        Rule::VoteKeptWithinTerm,
        Rule::LogUpToDate,
        Rule::LastTermFirst,
        Rule::LengthBreaksTies,
        Rule::QuorumOfAll,
        Rule::CandidateStepsBack,
        Rule::RefuseStaleAppend,
        Rule::PrevLogIndex,
        Rule::PrevLogTerm,
        Rule::HeartbeatChecked,
        Rule::DeleteConflicts,
        Rule::TruncateOnlyOnConflict,
        Rule::NewTailReplacesSuffix,
        Rule::CommitUpToLastNew,
        Rule::MatchFromRequest,
        Rule::CommitAfterQuorum,
        Rule::CommitOnlyCurrentTerm,
        Rule::TermSurvivesCrash,
        Rule::VoteSurvivesCrash,
        Rule::LogSurvivesCrash,
        Rule::CountVotesOnce,
    ];

    /// The rule's name, as other programs spell it.
    pub fn name(self) -> &'static str {
        match self {
            Rule::StepDownOnHigherTerm => "stepDownOnHigherTerm",
            Rule::DropStaleReplies => "dropStaleReplies",
            Rule::RefuseStaleVoteRequest => "refuseStaleVoteRequest",
            Rule::OneVotePerTerm => "oneVotePerTerm",
            Rule::VoteKeptWithinTerm => "voteKeptWithinTerm",
            Rule::LogUpToDate => "logUpToDate",
            Rule::LastTermFirst => "lastTermFirst",
            Rule::LengthBreaksTies => "lengthBreaksTies",
            Rule::QuorumOfAll => "quorumOfAll",
            Rule::CandidateStepsBack => "candidateStepsBack",
            Rule::RefuseStaleAppend => "refuseStaleAppend",
            Rule::PrevLogIndex => "prevLogIndex",
            Rule::PrevLogTerm => "prevLogTerm",
            Rule::HeartbeatChecked => "heartbeatChecked",
            Rule::DeleteConflicts => "deleteConflicts",
            Rule::TruncateOnlyOnConflict => "truncateOnlyOnConflict",
            Rule::NewTailReplacesSuffix => "newTailReplacesSuffix",
            Rule::CommitUpToLastNew => "commitUpToLastNew",
            Rule::MatchFromRequest => "matchFromRequest",
            Rule::CommitAfterQuorum => "commitAfterQuorum",
            Rule::CommitOnlyCurrentTerm => "commitOnlyCurrentTerm",
            Rule::TermSurvivesCrash => "termSurvivesCrash",
            Rule::VoteSurvivesCrash => "voteSurvivesCrash",
            Rule::LogSurvivesCrash => "logSurvivesCrash",
            Rule::CountVotesOnce => "countVotesOnce",
        }
    }

    /// The rule of that name.
    pub fn named(name: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// Which rules are on. By default all are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    off: u32,
}

impl Rules {
    /// All rules but these.
    pub fn without(rules: &[Rule]) -> Rules {
        Rules { off: rules.iter().fold(0, |off, rule| off | 1 << *rule as u32) }
    }

    /// Whether a rule is on.
    pub fn on(self, rule: Rule) -> bool {
        self.off & (1 << rule as u32) == 0
    }
}
