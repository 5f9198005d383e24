//! Every rule's decision in three parts, as templates: what was compared, with `{l}` and `{r}` for both
//! values (a yes is "is", a no "is not"); what came of it where the rule turned the step; what came of it because the rule was off.
//!
//! A table rather than code: it is read by whoever writes words, and the page is smaller for it.

use crate::raft::{Guard, Rule, Value};

/// What was compared; what follows where the rule turned the step; what follows where it was off.
type Words = [&'static str; 3];

/// What a voter decides by that is free to vote.
const NO_LEADER: &str = "the voter neither hears from a leader nor leads";

/// The templates for a decision. What one vote a term and the ends of two logs compare is put together
/// elsewhere.
#[rustfmt::skip]
pub(super) fn words(guard: &Guard) -> Words {
    use Rule::*;
    let held = guard.held;
    match guard.rule {
        // Elections (§5.2, §5.4.1).
        RefuseStaleVoteRequest if held => ["the request is of {l}, no older than the voter's {r}", "", ""],
        RefuseStaleVoteRequest => [
            "the request is of {l}, and the voter is already in {r}",
            "a vote of the past is not given",
            "the request is handled as if it were current",
        ],
        OneVotePerTerm => ["", "a second vote is not given", "it votes a second time in the same term"],
        LogUpToDate => ["", "the vote is refused", "the vote does not depend on the logs"],
        PreVoteLogUpToDate => ["", "it would not vote", "the PreVote does not depend on the logs"],
        CountVotesOnce => [
            "votes counted so far: {l}; with this copy of one of them: {r}",
            "the copy counts for nothing",
            "the copy is counted as another vote",
        ],
        LastTermFirst => [
            "by its last term the candidate's log {l} up to date, and by its length alone it {r}",
            "the last term decides before the length",
            "only the lengths are compared",
        ],
        LengthBreaksTies => [
            "by last term and length the candidate's log {l} up to date, and by its last term alone it {r}",
            "the longer log wins where the last terms are equal",
            "only the last terms are compared",
        ],
        VoteKeptWithinTerm => [
            "the vote of this term is for {l}; forgotten, it would be for {r}",
            "it binds until the term ends",
            "it is forgotten, and the server may vote again",
        ],
        QuorumOfAll => [
            "the voters are {l}, and those who have answered are {r}",
            "a majority of all voters is needed",
            "a majority of those who have answered is enough",
        ],
        CandidateStepsBack => [
            "the candidate of {l} hears from the leader of {r}",
            "it becomes a follower",
            "it goes on as a candidate",
        ],
        StepDownOnHigherTerm => [
            "its own term is {l}, and the message is of {r}",
            "it becomes a follower",
            "it takes the term and keeps its role",
        ],
        PreVote if matches!(guard.left, Value::Flag(_)) && held => [NO_LEADER, "", ""],
        PreVote if matches!(guard.left, Value::Flag(_)) => [
            "the voter hears from a leader, leads, or was just started",
            "it would not vote",
            "it gives its word all the same",
        ],
        PreVote => [
            "it is in {l}, and would stand in {r}",
            "it asks first whether a majority would vote for it",
            "it stands without asking",
        ],
        CheckQuorum if held => [
            "within an election timeout the leader counts {l} as heard, a majority of {r}", "", "",
        ],
        CheckQuorum => [
            "within an election timeout the leader counts only {l} as heard, no majority of {r}",
            "it steps down",
            "it leads on, though another may have been elected",
        ],
        Stickiness if guard.right == Value::Flag(true) => ["a leader has asked for this election", "", ""],
        Stickiness if held => [NO_LEADER, "", ""],
        Stickiness => [
            "the voter hears from a leader, leads, or was just started, and no leader has asked for this election",
            "its vote is withheld",
            "its vote is not withheld",
        ],
        TransferWaitsForCatchUp => [
            "the next leader's log is known to agree up to {l}, and this leader's ends at {r}",
            "it is not asked to stand yet",
            "it is asked to stand at once",
        ],
        // Timers.
        RandomisedTimeouts => [
            "the election timeout is drawn from {l}, and without chance it would be {r}",
            "it is drawn at random",
            "it is {r} for everyone",
        ],
        VoteTimerOnlyOnGrant if held => ["the vote was granted, which restarts the election timer", "", ""],
        VoteTimerOnlyOnGrant => [
            "the vote was not granted, and only a granted vote restarts the election timer",
            "it runs on",
            "it starts again all the same",
        ],
        AppendTimerOnlyCurrent => [
            "the AppendEntries is of {l}, and the server is in {r}",
            "the election timer runs on",
            "the election timer starts again all the same",
        ],
        // Replication (§5.3).
        DropStaleReplies if held => ["the reply answers a request of {l}, and what counts is {r} still", "", ""],
        DropStaleReplies => [
            "the reply answers a request of {l}, and what counts by now is {r}",
            "it is dropped",
            "it is counted like any other",
        ],
        RefuseStaleAppend if held => ["the leader's request is of {l}, no older than the server's {r}", "", ""],
        RefuseStaleAppend => [
            "the leader's request is of {l}, and the server is already in {r}",
            "it is refused",
            "it is handled as if it were current",
        ],
        PrevLogIndex if held => ["prevLogIndex is {l}, and the log ends at {r}", "", ""],
        PrevLogIndex => [
            "the log has no entry at prevLogIndex: that is {l}, and the log ends at {r}",
            "it is refused",
            "the entries go to the log's end",
        ],
        PrevLogTerm => [
            "at prevLogIndex the log has {l}, and the leader has {r}",
            "it is refused",
            "the entry passes for the same",
        ],
        HeartbeatChecked => [
            "by the check the log {l} consistent with the leader's, and without a check of heartbeats the message {r} accepted",
            "a heartbeat is checked like any AppendEntries",
            "the heartbeat skips the check",
        ],
        DeleteConflicts => [
            "an entry conflicts: kept is the log up to {l}; with the conflict it would be {r}",
            "what conflicts is deleted",
            "the entry that conflicts stays",
        ],
        TruncateOnlyOnConflict => [
            "without a conflict the log is kept up to {l}; cut at prevLogIndex it would end at {r}",
            "nothing is deleted that does not conflict",
            "everything after prevLogIndex is deleted",
        ],
        NewTailReplacesSuffix => [
            "entries kept behind the last new one: {l}; there would be {r}",
            "what followed the conflict goes with it",
            "what followed the conflict stays, though it may not fit what is there now",
        ],
        // Commitment (§5.3, §5.4.2).
        CommitUpToLastNew => [
            "commitIndex may rise to {l}, the end of what this request vouches for; by leaderCommit and this log it could be {r}",
            "what lies behind the last new entry need not be the leader's",
            "it rises to {r}",
        ],
        MatchFromRequest => [
            "the acknowledged request reached to {l}, and the leader's log to {r}",
            "matchIndex rises to {l}",
            "matchIndex rises to {r}",
        ],
        LeaderCountsSelfWhenDurable => [
            "the leader's log is on its disk up to {l}, and in memory up to {r}",
            "it counts itself only as far as its disk",
            "it counts itself as far as its memory",
        ],
        CommitAfterQuorum => [
            "a majority has stored the log up to {l}, and the leader's log ends at {r}",
            "nothing beyond the majority is committed",
            "it commits up to {r} all the same",
        ],
        CommitOnlyCurrentTerm => [
            "the entry on a majority is of {l}, and the leader leads in {r}",
            "an entry of an older term is not committed by counting copies",
            "it is committed by counting, though a later leader may still replace it",
        ],
        // The disk (D3.8).
        ReplyAfterFsync => [
            "the message depends on {l}; without the rule it waits for {r}",
            "it leaves when that is on disk",
            "it leaves at once",
        ],
        TermSurvivesCrash => [
            "the disk holds {l}; forgotten, it would be {r}",
            "the server comes up in the term that it knew",
            "the server comes up in {r}",
        ],
        VoteSurvivesCrash => [
            "the disk holds a vote for {l}; forgotten, it would be for {r}",
            "the server is still bound by it",
            "the server no longer knows of it, and may vote again",
        ],
        LogSurvivesCrash => [
            "the log on the disk ends at {l}; forgotten, it would end at {r}",
            "the server comes up with its log",
            "the server comes up without its log",
        ],
        TermAndVoteTogether => [
            "writes that term and vote take: {l}; one after the other they would take {r}",
            "no crash can come between them",
            "what waits for both leaves after the first",
        ],
        ChecksumEndsLog => [
            "a write was torn: at {l} there is a piece of an entry, and the last whole one is at {r}",
            "its checksum is wrong, and it is cut off",
            "it is taken for an entry",
        ],
        FreshIdentity => [
            "{l} has lost its disk, and what is left there binds {r}",
            "somebody new takes its place",
            "it comes back under its old name, and knows nothing of what it has promised",
        ],
        // Membership (§6, D4).
        ConfigurationOnAppend => [
            "the latest configuration in the log is {l}; the latest one that is committed is {r}",
            "the latest one is in force, committed or not",
            "the committed one stays in force",
        ],
        OneChangeAtATime if held => [
            "the latest configuration stands at {l}, and commitIndex at {r}: it is committed", "", "",
        ],
        OneChangeAtATime => [
            "the latest configuration stands at {l}, and commitIndex only at {r}",
            "the next change waits until that one is committed",
            "a second change begins while the first is under way",
        ],
        ChangeAfterOwnTermCommit => [
            "the last committed entry has {l}, and the leader leads in {r}",
            "it can't know yet whether an earlier leader's change is to be undone, and begins none",
            "it begins a change, though an earlier leader's may still be under way",
        ],
        JointPhase => [
            "by way of a joint configuration the next one is {l}; without that it would be {r}",
            "majorities of both are needed meanwhile",
            "the new one decides alone at once, and its majority need not overlap with the old one's",
        ],
        LearnersNotCounted => [
            "a majority of the voters has the log up to {l}; with learners counted it would be up to {r}",
            "learners are not counted",
            "learners are counted like voters",
        ],
        LeaderOutsideNotCounted => [
            "a majority of the voters has the log up to {l}; with the leader counted it would be up to {r}",
            "the leader is no member any more and does not count itself",
            "the leader counts itself, though it is no member any more",
        ],
        LearnersCatchUpFirst => [
            "rounds in which the new server has caught up: {l}; it may take up to {r}",
            "it begins as a learner",
            "it is a voter at once, with nothing in its log",
        ],
        RemovedLeaderStepsDownAfterCommit => [
            "the leader has no vote in the new configuration",
            "it leads on until that configuration is committed",
            "it steps down as soon as it has appended that",
        ],
        // Snapshots (§7).
        SnapshotOnlyIfNewer if held => ["the snapshot reaches to {l}, past commitIndex, which is {r}", "", ""],
        SnapshotOnlyIfNewer => [
            "the snapshot reaches to {l}, and commitIndex is {r} already",
            "there is nothing new in it, and it is ignored",
            "it is installed all the same, and what was applied since is lost",
        ],
        SnapshotKeepsSuffix if guard.left == Value::Flag(false) => [
            "the log does not have the snapshot's last entry, so nothing in it is worth keeping", "", "",
        ],
        SnapshotKeepsSuffix => [
            "the log has the snapshot's last entry",
            "what follows that entry stays in the log",
            "what follows that entry is dropped as well",
        ],
        SnapshotCarriesConfiguration => [
            "the snapshot's configuration is {l}; the one that the server knew is {r}",
            "the snapshot's is in force",
            "the server keeps the one that it knew",
        ],
        SnapshotCarriesSessions => [
            "sessions in the snapshot: {l}; left out, there would be {r}",
            "they come with it",
            "they are forgotten, and a command that comes again is applied again",
        ],
        // Clients (D6.3, D6.4).
        Sessions if guard.left == guard.right => [
            "the command is its client's number {l}, and the last one that its session knows is {r}",
            "it is answered from memory and not applied again",
            "it is applied once more",
        ],
        Sessions if has_session_seen(guard) => [
            "the command is its client's number {l}, and its session is at number {r} already",
            "it came too late and is not applied",
            "it is applied all the same",
        ],
        Sessions => [
            "the command is its client's number {l}, and the client has no session any more: its last number was {r}",
            "it is not applied, since nobody can tell whether it was before",
            "it is applied without one",
        ],
        ReadConfirmed if held => [
            "the read waited for {l} to be answered by a majority, and the last one answered is {r}", "", "",
        ],
        ReadConfirmed => [
            "the read waits for {l} to be answered by a majority, and the last one answered is {r}",
            "until then another may lead, and it waits",
            "it is answered at once, though another may lead by now",
        ],
        ReadAfterOwnTermCommit => [
            "the last committed entry has {l}, and the leader leads in {r}",
            "its commitIndex may lag behind what was committed before, and the read waits",
            "its commitIndex is taken for the cluster's",
        ],
        LeaseBoundedByDrift => [
            "with clocks that drift a lease is good for {l}; by the leader's own clock it would be {r}",
            "the shorter time counts",
            "the longer time counts, though another's clock may run faster",
        ],
        LeaseGivenUpOnTransfer if held => ["the leader has asked nobody to stand in this term", "", ""],
        LeaseGivenUpOnTransfer => [
            "the leader has asked another server to stand in this term",
            "the lease is worth nothing any more",
            "the lease is trusted all the same",
        ],
        LeaseNeedsStickiness if held => ["servers withhold their votes while they hear from a leader", "", ""],
        LeaseNeedsStickiness => [
            "servers do not withhold their votes while they hear from a leader",
            "the lease is not trusted",
            "the lease is trusted, though others may vote meanwhile",
        ],
        RestartedVoterWaits => [
            "the server was just started, and has not been up for an election timeout yet",
            "it withholds its vote so long, as a leader's lease may count on it",
            "it votes at once, though a leader's lease may count on its silence",
        ],
    }
}

/// Whether a session knows of a later command than this one.
pub(super) fn has_session_seen(guard: &Guard) -> bool {
    matches!((guard.left, guard.right), (Value::Count(serial), Value::Count(known)) if serial < known)
}
