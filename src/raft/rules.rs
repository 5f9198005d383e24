//! Every decision of the protocol is a *guard* or a *choice* of a named rule, and every rule can be
//! switched off.
//!
//! A guard asks whether something holds; switched off, it passes. A choice takes the right one of two
//! values; switched off, it takes the wrong one. Both tell an observer what they compared, so that a
//! run can be explained, broken and graded by one mechanism. Without an observer there remain the
//! comparison and the test of one bit.

use super::config::Configuration;
use super::types::{Index, Round, ServerId, ServerSet, Term, Token};
use crate::spelling::nearest;
use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident = $name:literal, $section:literal, $title:literal;)+) => {
        /// The rules of the paper and of the dissertation, each of which can be switched off. The doc
        /// of each says what happens then.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Rule {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $rule,)+
        }

        impl Rule {
            /// All rules, in the order of their numbers.
            pub const ALL: &[Rule] = &[$(Rule::$rule),+];

            /// The rule's name in recordings, links and programs. It never changes.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Rule::$rule => $name),+ }
            }

            /// Where the rule stands: a section of the paper (§) or of the dissertation (D); "follows from" a
            /// section that needs it without saying it, or "practice" where neither text has it.
            #[must_use]
            pub fn section(self) -> &'static str {
                match self { $(Rule::$rule => $section),+ }
            }

            /// What happens while the rule is off, in a sentence.
            #[must_use]
            pub fn off(self) -> &'static str {
                let doc = match self { $(Rule::$rule => concat!($($doc),+)),+ };
                doc.strip_prefix(" Off: ").unwrap_or(doc)
            }

            /// The rule in one sentence.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Rule::$rule => $title),+ }
            }
        }
    };
}

rules! {
    /// Off: a candidate or leader that sees a higher term takes the term, and keeps its role.
    StepDownOnHigherTerm = "stepDownOnHigherTerm", "§5.1",
        "a server that sees a higher term becomes a follower";
    /// Off: a reply to a request of an older term is counted like any other.
    DropStaleReplies = "dropStaleReplies", "D Appendix B",
        "a reply to a request of an older term is dropped";
    /// Off: the range of an election timeout shrinks to its shortest value.
    RandomisedTimeouts = "randomisedTimeouts", "§5.2",
        "election timeouts are drawn at random from a range";
    /// Off: every vote request restarts the election timer, refused or not.
    VoteTimerOnlyOnGrant = "voteTimerOnlyOnGrant", "Fig. 2",
        "only a vote that is granted restarts the election timer";
    /// Off: an AppendEntries of an older term restarts the election timer too.
    AppendTimerOnlyCurrent = "appendTimerOnlyCurrent", "Fig. 2",
        "only AppendEntries of the current term restart the election timer";
    /// Off: a vote request of an older term is handled as if it were current.
    RefuseStaleVoteRequest = "refuseStaleVoteRequest", "§5.1",
        "a vote request of an older term is refused";
    /// Off: a server votes for everyone who asks.
    OneVotePerTerm = "oneVotePerTerm", "§5.2",
        "a server votes at most once in a term, first come, first served";
    /// Off: a server forgets for whom it voted when it hears from its term's leader, even if its log refuses
    /// what the leader sends, and when it steps back within the term.
    VoteKeptWithinTerm = "voteKeptWithinTerm", "§5.2",
        "a vote binds until the term ends";
    /// Off: the candidate's log is not looked at.
    LogUpToDate = "logUpToDate", "§5.4.1",
        "a vote goes only to a candidate whose log is at least as up to date as the voter's";
    /// Off: only the lengths of the two logs are compared.
    LastTermFirst = "lastTermFirst", "§5.4.1",
        "of two logs, the one whose last entry has the later term is more up to date";
    /// Off: only the terms of the two last entries are compared.
    LengthBreaksTies = "lengthBreaksTies", "§5.4.1",
        "of two logs that end in the same term, the longer one is more up to date";
    /// Off: a majority of those who have answered is enough.
    QuorumOfAll = "quorumOfAll", "§5.2",
        "an election takes the votes of a majority of all voters, living or not";
    /// Off: a candidate that hears the leader of its own term goes on as a candidate.
    CandidateStepsBack = "candidateStepsBack", "§5.2",
        "a candidate that hears from a leader of its own term becomes a follower";
    /// Off: AppendEntries of an older term are handled as if they were current.
    RefuseStaleAppend = "refuseStaleAppend", "§5.1",
        "AppendEntries of an older term are refused";
    /// Off: entries whose predecessor is missing go to the end of the log.
    PrevLogIndex = "prevLogIndex", "§5.3",
        "AppendEntries are refused where the log has no entry at prevLogIndex";
    /// Off: the term of the entry at prevLogIndex may be any.
    PrevLogTerm = "prevLogTerm", "§5.3",
        "AppendEntries are refused where the entry at prevLogIndex has another term";
    /// Off: AppendEntries without entries skip the consistency check, and leaderCommit counts as far as the
    /// follower's log goes.
    HeartbeatChecked = "heartbeatChecked", "§5.3",
        "a heartbeat passes the same consistency check as any AppendEntries";
    /// Off: an entry that conflicts with the leader's stays where it is.
    DeleteConflicts = "deleteConflicts", "§5.3",
        "an entry that conflicts with the leader's gives way to it";
    /// Off: everything after prevLogIndex is deleted before entries are appended.
    TruncateOnlyOnConflict = "truncateOnlyOnConflict", "§5.3",
        "the log is cut only from the first entry that conflicts";
    /// Off: entries behind the last new one stay, though one before them was replaced.
    NewTailReplacesSuffix = "newTailReplacesSuffix", "§5.3",
        "with a conflicting entry go all that follow it";
    /// Off: a follower takes leaderCommit as it is, as far as its log goes.
    CommitUpToLastNew = "commitUpToLastNew", "Fig. 2",
        "commitIndex is the smaller of leaderCommit and the index of the last new entry";
    /// Off: an acknowledged follower is believed to have the leader's whole log.
    MatchFromRequest = "matchFromRequest", "Fig. 2",
        "matchIndex rises to what the acknowledged request carried";
    /// Off: a leader counts its own entries before they are on its disk.
    LeaderCountsSelfWhenDurable = "leaderCountsSelfWhenDurable", "D10.2.1",
        "a leader counts its own copy only when it is on disk";
    /// Off: a leader commits as soon as it has appended.
    CommitAfterQuorum = "commitAfterQuorum", "§5.3",
        "an entry is committed only when a majority has stored it";
    /// Off: any entry that a majority has stored is committed, whatever its term (Figure 8).
    CommitOnlyCurrentTerm = "commitOnlyCurrentTerm", "§5.4.2",
        "a leader commits by counting only entries of its own term";
    /// Off: messages leave before what they promise is on disk.
    ReplyAfterFsync = "replyAfterFsync", "§5.1, D3.8",
        "nothing leaves a server before what it depends on is on disk";
    /// Off: a restarted server begins in term 0.
    TermSurvivesCrash = "termSurvivesCrash", "D3.8",
        "currentTerm survives a crash";
    /// Off: a restarted server does not know for whom it voted.
    VoteSurvivesCrash = "voteSurvivesCrash", "D3.8",
        "votedFor survives a crash";
    /// Off: a restarted server has an empty log.
    LogSurvivesCrash = "logSurvivesCrash", "D3.8",
        "the log survives a crash";
    /// Off: term and vote are written one after the other, and what waits for both leaves after the first.
    TermAndVoteTogether = "termAndVoteTogether", "follows from D3.8",
        "term and vote go to the disk in one write";
    /// Off: what a torn write left at the end of the log is taken for an entry.
    ChecksumEndsLog = "checksumEndsLog", "practice",
        "an entry whose checksum is wrong, in the tail that was never synced, is cut off at a restart";
    /// Off: a server whose disk was wiped comes back under its old name.
    FreshIdentity = "freshIdentity", "D3.8",
        "a server that has lost its disk may only rejoin under a new identity";
    /// Off: a follower that hears from no leader stands at once; and whoever is asked whether it would vote
    /// says yes though it hears from a leader.
    PreVote = "preVote", "D9.6",
        "nobody starts an election before a majority has said that it would vote for it";
    /// Off: a leader goes on though nobody hears it.
    CheckQuorum = "checkQuorum", "D6.2",
        "a leader that hears from no majority for an election timeout steps down";
    /// Off: a server votes though it hears from a leader.
    Stickiness = "stickiness", "D4.2.3",
        "a server that has just heard from a leader ignores vote requests";
    /// Off: TimeoutNow is sent at once, whatever the log of its receiver.
    TransferWaitsForCatchUp = "transferWaitsForCatchUp", "D3.10",
        "leadership is handed over only to a server that has the whole log";
    /// Off: a configuration counts only once it is committed.
    ConfigurationOnAppend = "configurationOnAppend", "§6",
        "a server uses the latest configuration in its log, committed or not";
    /// Off: a change may begin while another is under way.
    OneChangeAtATime = "oneChangeAtATime", "D4.1",
        "no change of the configuration begins before the one before is committed";
    /// Off: a change may begin before the leader has committed an entry of its own term.
    ChangeAfterOwnTermCommit = "changeAfterOwnTermCommit", "D4.1 (2015)",
        "no change of the configuration begins before the leader has committed an entry of its term";
    /// Off: a joint change goes to the new configuration directly.
    JointPhase = "jointPhase", "§6",
        "between two configurations that differ by more than one voter lies a joint one";
    /// Off: what learners have stored counts towards a majority.
    LearnersNotCounted = "learnersNotCounted", "D4.2.1",
        "learners receive the log and are counted for nothing";
    /// Off: a server is a voter as soon as it is added.
    LearnersCatchUpFirst = "learnersCatchUpFirst", "D4.2.1",
        "a new server becomes a voter only when it has caught up";
    /// Off: a leader that is not in its configuration counts itself.
    LeaderOutsideNotCounted = "leaderOutsideNotCounted", "§6",
        "a leader that is not in its configuration does not count itself";
    /// Off: a leader that is removed steps down as soon as it has appended that.
    RemovedLeaderStepsDownAfterCommit = "removedLeaderStepsDownAfterCommit", "§6",
        "a leader that is removed leads on until that is committed";
    /// Off: a snapshot is installed though it covers less than what is committed here.
    SnapshotOnlyIfNewer = "snapshotOnlyIfNewer", "§7",
        "a snapshot that covers nothing beyond commitIndex is ignored";
    /// Off: with a snapshot the whole log goes.
    SnapshotKeepsSuffix = "snapshotKeepsSuffix", "§7",
        "what follows the snapshot's last entry stays in the log";
    /// Off: a server that installs a snapshot keeps the configuration it knew.
    SnapshotCarriesConfiguration = "snapshotCarriesConfiguration", "§7",
        "a snapshot carries the configuration";
    /// Off: the clients' sessions are not in the snapshot.
    SnapshotCarriesSessions = "snapshotCarriesSessions", "D6.3",
        "a snapshot carries the clients' sessions";
    /// Off: a command that comes twice is applied twice.
    Sessions = "sessions", "D6.3",
        "a command that has been applied is answered from memory, not applied again";
    /// Off: a leader answers reads without asking whether it still leads.
    ReadConfirmed = "readConfirmed", "D6.4",
        "a read is answered only after a majority has confirmed the leader";
    /// Off: a leader takes its commitIndex for the cluster's from the first moment.
    ReadAfterOwnTermCommit = "readAfterOwnTermCommit", "D6.4",
        "a read waits until the leader has committed an entry of its own term";
    /// Off: a lease lasts as long as the shortest election timeout, by whatever clock the leader has.
    LeaseBoundedByDrift = "leaseBoundedByDrift", "D6.4.1",
        "a lease is shorter than an election timeout by what clocks may drift";
    /// Off: a leader that hands over its leadership keeps its lease.
    LeaseGivenUpOnTransfer = "leaseGivenUpOnTransfer", "D6.4.1",
        "a leader that has asked another to stand has no lease any more";
    /// Off: a lease is trusted though servers vote while they hear from a leader.
    LeaseNeedsStickiness = "leaseNeedsStickiness", "D4.2.3, D6.4.1",
        "a lease holds only where nobody votes that has just heard from the leader";
    /// Off: a server that was just started votes at once, though it may have heard from a leader before.
    RestartedVoterWaits = "restartedVoterWaits", "follows from D6.4.1",
        "with leases, a server that was restarted withholds its vote for an election timeout";
    /// Off: each copy of a vote that arrives is counted as a vote.
    CountVotesOnce = "countVotesOnce", "§5.2",
        "a vote that arrives twice counts once";
    /// Off: a server says that it would vote for any server, whatever that server's log.
    PreVoteLogUpToDate = "preVoteLogUpToDate", "D9.6",
        "a PreVote is granted only to a server whose log is at least as up to date as the voter's";
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Rule {
    type Err = String;

    fn from_str(name: &str) -> Result<Rule, String> {
        Rule::ALL.iter().copied().find(|rule| rule.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            let near = nearest(name, Rule::ALL.iter().map(|rule| rule.name()));
            let hint = near.map_or(String::new(), |near| format!("; did you mean ‘{near}’?"));
            format!("there is no rule ‘{name}’{hint}")
        })
    }
}

/// Which rules are in force. By default all are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules {
    off: u128,
}

impl Rules {
    /// Every rule in force.
    pub const ALL_ON: Rules = Rules { off: 0 };

    /// Every rule but these.
    #[must_use]
    pub fn without(off: &[Rule]) -> Rules {
        Rules { off: off.iter().fold(0, |bits, &rule| bits | 1_u128 << rule as u8) }
    }

    /// The same rules, with this one in force or not.
    #[must_use]
    pub fn set(self, rule: Rule, on: bool) -> Rules {
        let bit = 1_u128 << rule as u8;
        Rules { off: if on { self.off & !bit } else { self.off | bit } }
    }

    /// Whether the rule is in force.
    #[inline]
    #[must_use]
    pub fn is_on(self, rule: Rule) -> bool {
        self.off & (1_u128 << rule as u8) == 0
    }

    /// The rules that are switched off, in the order of their numbers.
    pub fn off(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.iter().copied().filter(move |&rule| !self.is_on(rule))
    }
}

// In files, the rules are the list of those that are off.
impl Serialize for Rules {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.off())
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rules, D::Error> {
        struct Off;
        impl<'de> serde::de::Visitor<'de> for Off {
            type Value = Rules;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of the rules that are off, such as [\"oneVotePerTerm\"]")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Rules, A::Error> {
                let mut rules = Rules::ALL_ON;
                while let Some(rule) = seq.next_element()? {
                    rules = rules.set(rule, false);
                }
                Ok(rules)
            }
        }
        deserializer.deserialize_seq(Off)
    }
}

/// A value that a decision looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Value {
    /// A yes or no.
    Flag(bool),
    /// A number of servers or entries.
    Count(u32),
    /// A term.
    Term(Term),
    /// The term of an entry that may not be there.
    EntryTerm(Option<Term>),
    /// An index.
    Index(Index),
    /// The end of a log: the term and the index of its last entry.
    End(Term, Index),
    /// A server, or none.
    Server(Option<ServerId>),
    /// Several servers.
    Servers(ServerSet),
    /// A range of microseconds.
    RangeUs(u64, u64),
    /// A write to the disk that has to end first, or none.
    Write(Option<Token>),
    /// A round of requests.
    Round(Round),
    /// A configuration.
    Configuration(Configuration),
}

macro_rules! values {
    ($($type:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::$variant(value)
            }
        })+
    };
}
values!(bool => Flag, u32 => Count, Term => Term, Option<Term> => EntryTerm, Index => Index,
        Option<ServerId> => Server, ServerSet => Servers, Option<Token> => Write, Round => Round,
        Configuration => Configuration);

impl From<(Term, Index)> for Value {
    fn from((term, index): (Term, Index)) -> Value {
        Value::End(term, index)
    }
}

/// What one decision compared, and how it came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Guard {
    /// The rule that decided.
    pub rule: Rule,
    /// Whether the rule was in force.
    pub on: bool,
    /// A guard: whether the condition held. A choice: whether right and wrong were the same here.
    pub held: bool,
    /// A guard: the value that is judged. A choice: the right value.
    pub left: Value,
    /// A guard: what it is judged against. A choice: the wrong value.
    pub right: Value,
}

impl Guard {
    /// Whether the step was turned away here: the condition did not hold and the rule was in force.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.on && !self.held
    }

    /// Whether the run took a wrong turn here: it would have gone another way with the rule on.
    #[must_use]
    pub fn broken(&self) -> bool {
        !self.on && !self.held
    }
}

/// Someone who wants to know what was decided, and why.
pub trait Observer {
    /// Whether to build the values at all. A constant, so that an observer that does not watch
    /// compiles away.
    const WATCHES: bool;

    /// Called once for each decision, in the order in which they are taken.
    fn decided(&mut self, guard: Guard);
}

/// Nobody is watching.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    const WATCHES: bool = false;

    fn decided(&mut self, _: Guard) {}
}

impl Observer for Vec<Guard> {
    const WATCHES: bool = true;

    fn decided(&mut self, guard: Guard) {
        self.push(guard);
    }
}

/// The one way to ask whether a rule lets a step pass: yes when the condition held, or when the rule
/// is off.
#[inline]
pub fn guard<O: Observer>(
    rules: Rules,
    observer: &mut O,
    rule: Rule,
    held: bool,
    left: impl Into<Value>,
    right: impl Into<Value>,
) -> bool {
    let on = rules.is_on(rule);
    if O::WATCHES {
        observer.decided(Guard { rule, on, held, left: left.into(), right: right.into() });
    }
    held || !on
}

/// The one way to take a value that a rule decides: the right one, or, when the rule is off, the
/// wrong one.
#[inline]
pub fn choose<O: Observer, T: Copy + Into<Value>>(
    rules: Rules,
    observer: &mut O,
    rule: Rule,
    right: T,
    wrong: T,
) -> T {
    let on = rules.is_on(rule);
    if O::WATCHES {
        let (left, wrong) = (right.into(), wrong.into());
        observer.decided(Guard { rule, on, held: left == wrong, left, right: wrong });
    }
    if on { right } else { wrong }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_passes_when_it_held_or_when_its_rule_is_off() {
        let off = Rules::without(&[Rule::OneVotePerTerm]);
        for (rules, held, passes) in [
            (Rules::ALL_ON, true, true),
            (Rules::ALL_ON, false, false),
            (off, true, true),
            (off, false, true),
        ] {
            let mut seen = Vec::new();
            assert_eq!(guard(rules, &mut seen, Rule::OneVotePerTerm, held, 1, 2), passes);
            assert_eq!(guard(rules, &mut Unobserved, Rule::OneVotePerTerm, held, 1, 2), passes);
            assert_eq!((seen[0].refused(), seen[0].broken()), (!passes, !held && passes));
        }
    }

    #[test]
    fn a_choice_takes_the_wrong_value_only_when_its_rule_is_off() {
        let off = Rules::without(&[Rule::MatchFromRequest]);
        let mut seen = Vec::new();
        assert_eq!(choose(Rules::ALL_ON, &mut seen, Rule::MatchFromRequest, Index(3), Index(9)), Index(3));
        assert_eq!(choose(off, &mut seen, Rule::MatchFromRequest, Index(3), Index(9)), Index(9));
        assert_eq!(choose(off, &mut seen, Rule::MatchFromRequest, Index(3), Index(3)), Index(3));
        assert_eq!(seen.iter().map(Guard::broken).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn there_is_a_bit_for_every_rule_and_a_name_for_every_bit() {
        assert!(Rule::ALL.len() <= 128);
        for (number, &rule) in Rule::ALL.iter().enumerate() {
            assert_eq!(rule as usize, number);
            assert_eq!(rule.name().parse(), Ok(rule));
            assert!(rule.off().ends_with('.') && !rule.off().starts_with(' '), "{}", rule.off());
            assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{}\"", rule.name()));
        }
    }
}
