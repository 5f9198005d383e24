//! What a run starts from: how many servers, which seed, which options, which rules.

use super::draw::{Seed, Shape};
use crate::raft::{self, Backtracking, MAX_SERVERS, ReadMode, Rules, TimerRange};
use serde::{Deserialize, Serialize};

/// The longest time that can be set for anything, in microseconds: ten minutes.
pub const SPAN_US_MAX: u64 = 600_000_000;

/// The shortest election timeout that can be set, in microseconds. Recordings may have shorter ones.
pub const ELECTION_US_LEAST: u64 = 1000;

/// How many clients may be busy at once, for the warning about sessions.
const CLIENTS: u32 = 2;

/// What a run starts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Setup {
    /// How many servers, 1 to 9.
    pub servers: u8,
    /// What the draws depend on.
    pub seed: Seed,
    /// Timings, network, disk, clients, and variants of the protocol.
    #[serde(default)]
    pub options: Options,
    /// The rules that are switched off.
    #[serde(default)]
    pub rules_off: Rules,
}

/// Timings, network, disk, clients, and variants of the protocol. Times are in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Options {
    /// From which range election timeouts are drawn (§5.2, §5.6).
    pub election: TimerRange,
    /// How long a leader may be silent.
    pub heartbeat_us: u64,
    /// How messages travel, where a link has no setting of its own.
    pub link: Link,
    /// How long a write to the disk takes.
    pub fsync: TimerRange,
    /// Whether a leader begins its term with an entry that does nothing (§8).
    pub noop: bool,
    /// How a leader finds where a follower's log agrees with its own (§5.3).
    pub backtracking: Backtracking,
    /// The most entries in one AppendEntries.
    pub max_entries: u32,
    /// How long a client waits for an answer before it asks again, elsewhere.
    pub client_timeout_us: u64,
    /// How many times `client_timeout_us` a client keeps asking before it gives up; the outcome of its request is
    /// then unknown, unless every server that was asked has refused it. It may ask more often than that, since
    /// a refusal comes before the timeout.
    pub client_attempts: u32,
    /// How often the background client sends a `put`; 0: there is none.
    pub workload_every_us: u64,
    // What follows is left out of files where it is off.
    /// How many entries may be under way to a follower (D10.2.2); 0: no pipelining.
    #[serde(skip_serializing_if = "is_off")]
    pub window: u32,
    /// Whether a leader writes to its own disk before it sends (else at the same time, D10.2.1).
    #[serde(skip_serializing_if = "is_off")]
    pub write_before_send: bool,
    /// Whether servers ask whether they would be elected before they stand (D9.6).
    #[serde(skip_serializing_if = "is_off")]
    pub pre_vote: bool,
    /// Whether a leader that hears no majority steps down (D6.2).
    #[serde(skip_serializing_if = "is_off")]
    pub check_quorum: bool,
    /// Whether servers that hear from a leader ignore vote requests (D4.2.3).
    #[serde(skip_serializing_if = "is_off")]
    pub stickiness: bool,
    /// Whether leaders hold leases (D6.4.1).
    #[serde(skip_serializing_if = "is_off")]
    pub lease: bool,
    /// By how much leases allow each clock to run fast or slow, in millionths (D6.4.1).
    #[serde(skip_serializing_if = "is_off")]
    pub drift_ppm: u32,
    /// In at most how many rounds a new server catches up before it votes (D4.2.1); 0: it votes at once.
    #[serde(skip_serializing_if = "is_off")]
    pub catch_up_rounds: u32,
    /// After how many applied entries a server takes a snapshot; 0: only by hand. (§7 and D5 count bytes.)
    #[serde(skip_serializing_if = "is_off")]
    pub snapshot_every: u32,
    /// The most bytes of a snapshot in one message (§7); 0: it is sent whole.
    #[serde(skip_serializing_if = "is_off")]
    pub snapshot_chunk: u32,
    /// Whether clients open sessions, so that no command is applied twice (D6.3).
    #[serde(skip_serializing_if = "is_off")]
    pub sessions: bool,
    /// After how many entries without a command of its client a session ends (D6.3); 0: never.
    #[serde(skip_serializing_if = "is_off")]
    pub session_life: u32,
    /// How a `get` is answered that does not say how (D6.4).
    #[serde(skip_serializing_if = "is_off")]
    pub reads: ReadMode,
    /// Whether a leader that was removed hands its leadership over before it steps down (D3.10).
    #[serde(skip_serializing_if = "is_off")]
    pub hand_over_on_removal: bool,
    /// Whether the run is restricted to Figure 2 of the paper, with one entry in an AppendEntries: see
    /// [`Options::paper`].
    #[serde(skip_serializing_if = "is_off")]
    pub paper: bool,
}

pub(super) fn is_off<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How messages travel along one direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// How long a message travels. Messages overtake each other when these differ.
    pub latency: TimerRange,
    /// How travel times are spread over that range.
    pub shape: Shape,
    /// How many messages in a million are lost.
    pub loss_ppm: u32,
    /// How many messages in a million arrive twice.
    pub duplicate_ppm: u32,
}

/// Milliseconds, for tables of timings.
const fn ms(min: u64, max: u64) -> TimerRange {
    TimerRange { min_us: min * 1000, max_us: max * 1000 }
}

impl Default for Link {
    fn default() -> Link {
        Link { latency: ms(10, 15), shape: Shape::Uniform, loss_ppm: 0, duplicate_ppm: 0 }
    }
}

impl Default for Options {
    /// The paper's election timeouts (§5.2), with the network of RaftScope.
    fn default() -> Options {
        Options {
            election: ms(150, 300),
            heartbeat_us: 50_000,
            link: Link::default(),
            fsync: TimerRange { min_us: 500, max_us: 1500 },
            noop: false,
            backtracking: Backtracking::StepByOne,
            max_entries: 64,
            client_timeout_us: 600_000,
            client_attempts: 10,
            workload_every_us: 0,
            window: 0,
            write_before_send: false,
            pre_vote: false,
            check_quorum: false,
            stickiness: false,
            lease: false,
            drift_ppm: 0,
            catch_up_rounds: 0,
            snapshot_every: 0,
            snapshot_chunk: 0,
            sessions: false,
            session_life: 0,
            reads: ReadMode::Log,
            hand_over_on_removal: false,
            paper: false,
        }
    }
}

impl Options {
    /// RaftScope's timings: election timeout 100 to 200 ms, heartbeat 50, latency 10 to 15.
    #[must_use]
    pub fn raftscope() -> Options {
        Options { election: ms(100, 200), ..Options::default() }
    }

    /// Figure 2 of the paper and nothing else, with one entry in an AppendEntries, so that a trace can be
    /// held against published specifications. A world with these options refuses actions that ask for
    /// more ([`crate::sim::Refusal::BeyondPaper`]).
    #[must_use]
    pub fn paper() -> Options {
        Options::default().restricted_to_paper()
    }

    /// The same timings, network, disks and clients, with [`Options::paper`]'s protocol.
    #[must_use]
    pub fn restricted_to_paper(self) -> Options {
        let Options { election, heartbeat_us, link, fsync, .. } = self;
        let Options { client_timeout_us, client_attempts, workload_every_us, .. } = self;
        Options {
            election,
            heartbeat_us,
            link,
            fsync,
            client_timeout_us,
            client_attempts,
            workload_every_us,
            max_entries: 1,
            // To send while writing is the dissertation's (D10.2.1): a leader of the paper has on its disk
            // what it sends, and counts itself.
            write_before_send: true,
            paper: true,
            ..Options::default()
        }
    }

    /// What a server is told of these.
    #[must_use]
    pub fn for_server(&self) -> raft::Options {
        raft::Options {
            election: self.election,
            heartbeat_us: self.heartbeat_us,
            noop: self.noop,
            backtracking: self.backtracking,
            max_entries: self.max_entries,
            window: self.window,
            write_before_send: self.write_before_send,
            pre_vote: self.pre_vote,
            check_quorum: self.check_quorum,
            stickiness: self.stickiness,
            lease: self.lease,
            drift_ppm: self.drift_ppm,
            catch_up_rounds: self.catch_up_rounds,
            hand_over_on_removal: self.hand_over_on_removal,
            snapshot_every: self.snapshot_every,
            snapshot_chunk: self.snapshot_chunk,
        }
    }

    /// What makes no run at all, as a sentence that says what to do.
    ///
    /// # Errors
    /// When a range is upside down, a time is zero where time would stand still, or a value is out of
    /// bounds.
    pub fn check(&self) -> Result<(), String> {
        self.check_with_election_of(1)
    }

    /// [`Options::check`] for what is set anew. Recordings of earlier versions may hold shorter election
    /// timeouts, and still open; but a run of less than a millisecond an election is no use to anybody, and can
    /// hold up the page.
    ///
    /// # Errors
    /// As [`Options::check`], and for an election timeout under a millisecond.
    pub fn check_new(&self) -> Result<(), String> {
        self.check_with_election_of(ELECTION_US_LEAST)
    }

    fn check_with_election_of(&self, election_us_least: u64) -> Result<(), String> {
        let ranges = [
            ("election", self.election, election_us_least),
            ("latency", self.link.latency, 0),
            ("fsync", self.fsync, 0),
        ];
        ranges.into_iter().try_for_each(|(name, range, least)| check_range(name, range, least))?;
        let numbers = [
            ("heartbeat", self.heartbeat_us, 100, SPAN_US_MAX, Unit::Time),
            ("clientTimeout", self.client_timeout_us, 1000, SPAN_US_MAX, Unit::Time),
            ("clientAttempts", u64::from(self.client_attempts), 1, 1_000_000, Unit::One),
            ("maxEntries", u64::from(self.max_entries), 1, 100_000, Unit::One),
            ("loss", u64::from(self.link.loss_ppm), 0, 1_000_000, Unit::Share),
            ("duplicate", u64::from(self.link.duplicate_ppm), 0, 1_000_000, Unit::Share),
            ("window", u64::from(self.window), 0, 1_000_000, Unit::One),
            ("driftPpm", u64::from(self.drift_ppm), 0, 900_000, Unit::Share),
            ("catchUpRounds", u64::from(self.catch_up_rounds), 0, 1000, Unit::One),
            ("snapshotEvery", u64::from(self.snapshot_every), 0, 1_000_000_000, Unit::One),
            ("snapshotChunk", u64::from(self.snapshot_chunk), 0, 1_000_000_000, Unit::One),
            ("sessionLife", u64::from(self.session_life), 0, 1_000_000_000, Unit::One),
        ];
        for (name, value, least, most, unit) in numbers {
            if !(least..=most).contains(&value) {
                let [value, least, most] = [value, least, most].map(|amount| unit.say(amount));
                return Err(format!("{name}: {value} is out of bounds; use {least} to {most}"));
            }
        }
        if self.paper && *self != self.clone().restricted_to_paper() {
            return Err(
                "paper: it restricts a run to Figure 2, with one entry in a message and writes before \
                        sends; switch everything else off, or paper"
                    .into(),
            );
        }
        if self.workload_every_us != 0 && !(100..=SPAN_US_MAX).contains(&self.workload_every_us) {
            let [value, least, most] =
                [self.workload_every_us, 100, SPAN_US_MAX].map(|us| Unit::Time.say(us));
            return Err(format!(
                "workloadEvery: {value} is out of bounds; use 0 for none, or {least} to {most}"
            ));
        }
        Ok(())
    }

    /// The warnings that are due because one server's disk has a range of its own.
    #[must_use]
    pub fn warnings_of_disk(&self, fsync: TimerRange) -> Vec<String> {
        let known = self.warnings();
        let own = Options { fsync, ..self.clone() };
        own.warnings().into_iter().filter(|warning| !known.contains(warning)).collect()
    }

    /// What can be set and will not do what one may hope: each a sentence that says what will happen
    /// (§5.6: broadcast time ≪ election timeout).
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let TimerRange { min_us, max_us } = self.election;
        let mut warnings = Vec::new();
        if self.heartbeat_us >= min_us {
            warnings.push(
                "The heartbeat is not shorter than the election timeout: followers will time out under a \
                 living leader, and depose it again and again."
                    .into(),
            );
        }
        if 2 * self.link.latency.max_us + self.fsync.max_us >= min_us {
            warnings.push(
                "A vote can take longer to come back than an election timeout: elections will often fail."
                    .into(),
            );
        }
        if min_us == max_us {
            warnings.push(
                "All election timeouts are equal: servers will stand at the same moment and split the vote."
                    .into(),
            );
        }
        let loner = match (self.pre_vote, self.stickiness) {
            (true, true) => Some("PreVote and stickiness"),
            (true, false) => Some("PreVote"),
            (false, true) => Some("Stickiness"),
            (false, false) => None,
        };
        if let Some(loner) = loner.filter(|_| !self.check_quorum) {
            warnings.push(format!(
                "{loner} without CheckQuorum can block a cluster for ever: a leader that is heard but hears \
                 nobody keeps the others from electing a new one. Switch CheckQuorum on as well (D6.2)."
            ));
        }
        if self.sessions && (1..2 * CLIENTS).contains(&self.session_life) {
            warnings.push(format!(
                "Sessions are too short: with {CLIENTS} clients busy, each opening a session can end another's \
                 before its command arrives. Use a sessionLife of 0 or of at least {} entries.",
                2 * CLIENTS
            ));
        }
        if self.lease && !self.stickiness {
            warnings.push(
                "Leases need stickiness: without it servers vote while the leader holds a lease, so lease \
                 reads fall back to ReadIndex."
                    .into(),
            );
        }
        if !self.noop && (self.lease || self.reads != ReadMode::Log || self.catch_up_rounds > 0) {
            warnings.push(
                "Without the no-op a new leader answers no ReadIndex or lease read and changes no configuration \
                 before a client's command of its own term is committed."
                    .into(),
            );
        }
        if self.link.loss_ppm >= 500_000 {
            warnings.push("At least half of all messages are lost: expect little progress.".into());
        }
        // A candidate's request waits for its own write, and a vote for the voter's (D3.8).
        let travels_us = 2 * self.link.latency.max_us;
        if travels_us < min_us && travels_us + 2 * self.fsync.max_us >= min_us {
            warnings.push(
                "A candidate writes its vote for itself before it asks, and a voter its vote before it \
                 answers (D3.8). Those two writes can take an election timeout: the disk will make elections \
                 fail."
                    .into(),
            );
        }
        let apart_us = self.heartbeat_us + self.link.latency.max_us;
        if self.write_before_send && apart_us < min_us && apart_us + self.fsync.max_us >= min_us {
            warnings.push(
                "With writeBeforeSend heartbeats wait for the leader's disk as well: while it writes, \
                 followers can time out and depose a living leader because its disk is slow."
                    .into(),
            );
        }
        warnings
    }
}

/// What is wrong with a range of times of that name, of which none may be shorter than `least`.
pub(super) fn check_range(name: &str, range: TimerRange, least: u64) -> Result<(), String> {
    let TimerRange { min_us, max_us } = range;
    let (from, to) = (Unit::Time.say(min_us), Unit::Time.say(max_us));
    if min_us > max_us {
        return Err(format!("{name}: the range {from} to {to} is upside down; put the smaller first"));
    }
    if min_us < least || max_us > SPAN_US_MAX {
        let (least, most) = (Unit::Time.say(least), Unit::Time.say(SPAN_US_MAX));
        return Err(format!("{name}: {from} to {to} is out of bounds; use {least} to {most}"));
    }
    Ok(())
}

/// What is wrong with a span of time of that name.
pub(super) fn check_span(name: &str, span_us: u64) -> Result<(), String> {
    if (1..=SPAN_US_MAX).contains(&span_us) {
        return Ok(());
    }
    let [span, least, most] = [span_us, 1, SPAN_US_MAX].map(|us| Unit::Time.say(us));
    Err(format!("{name}: {span} is out of bounds; use {least} to {most}"))
}

/// In what an amount is told: as people type it, and exactly.
#[derive(Clone, Copy)]
enum Unit {
    One,
    /// Kept in microseconds.
    Time,
    /// Kept in millionths.
    Share,
}

impl Unit {
    fn say(self, amount: u64) -> String {
        let (per, unit) = match (self, amount) {
            (Unit::One, _) => return amount.to_string(),
            (Unit::Share, _) => (10_000, "%"),
            (Unit::Time, 1..1000) => (1, "µs"),
            (Unit::Time, 0..1_000_000) => (1000, "ms"),
            (Unit::Time, _) => (1_000_000, "s"),
        };
        let parts = format!("{:06}", amount % per * (1_000_000 / per));
        let parts = parts.trim_end_matches('0');
        format!("{}{}{parts} {unit}", amount / per, if parts.is_empty() { "" } else { "." })
    }
}

impl Setup {
    /// Servers S1 to S`servers`, and everything else as it is by default.
    #[must_use]
    pub fn new(servers: u8, seed: u64) -> Setup {
        Setup { servers, seed: Seed(seed), options: Options::default(), rules_off: Rules::ALL_ON }
    }

    /// What makes no run at all, as a sentence that says what to do.
    ///
    /// # Errors
    /// When there are too few or too many servers, or by [`Options::check`].
    pub fn check(&self) -> Result<(), String> {
        if !(1..=MAX_SERVERS).contains(&self.servers) {
            return Err(format!("{} servers can't be had; use 1 to {MAX_SERVERS}", self.servers));
        }
        self.options.check()
    }

    /// [`Setup::check`] for a setup that is chosen anew, and not read from a recording.
    ///
    /// # Errors
    /// As [`Setup::check`], and by [`Options::check_new`].
    pub fn check_new(&self) -> Result<(), String> {
        self.check().and_then(|()| self.options.check_new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_make_sense_and_draw_no_warning() {
        for options in [Options::default(), Options::raftscope()] {
            assert_eq!(options.check(), Ok(()));
            assert_eq!(options.warnings(), [] as [String; 0]);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_or_warned_about_in_a_sentence() {
        let set = |change: fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options
        };
        assert!(set(|o| o.heartbeat_us = 400_000).warnings()[0].contains("depose"));
        assert!(set(|o| o.election = ms(20, 300)).warnings().len() == 2);
        assert!(set(|o| o.election = ms(150, 150)).warnings()[0].contains("split"));
        assert!(set(|o| (o.lease, o.noop) = (true, true)).warnings()[0].contains("need stickiness"));
        assert!(set(|o| o.reads = ReadMode::ReadIndex).warnings()[0].contains("no-op"));
        assert!(set(|o| o.election = ms(300, 150)).check().unwrap_err().contains("upside down"));
        assert!(set(|o| o.election = ms(0, 150)).check().unwrap_err().contains("out of bounds"));
        assert!(set(|o| o.heartbeat_us = 0).check().unwrap_err().starts_with("heartbeat"));
        let told = |options: Options| options.check().unwrap_err();
        assert_eq!(
            told(set(|o| o.link.loss_ppm = 2_000_000)),
            "loss: 200 % is out of bounds; use 0 % to 100 %"
        );
        assert_eq!(
            told(set(|o| o.client_timeout_us = 0)),
            "clientTimeout: 0 ms is out of bounds; use 1 ms to 600 s"
        );
        assert_eq!(
            told(set(|o| o.election = TimerRange { min_us: 1500, max_us: 600_050_000 })),
            "election: 1.5 ms to 600.05 s is out of bounds; use 1 µs to 600 s"
        );
        assert_eq!(
            told(set(|o| o.workload_every_us = 7)),
            "workloadEvery: 7 µs is out of bounds; use 0 for none, or 100 µs to 600 s"
        );
        assert!(set(|o| o.fsync.max_us = u64::MAX).check().is_err());
        assert!(Setup::new(0, 1).check().is_err() && Setup::new(10, 1).check().is_err());
        assert_eq!(Setup::new(9, u64::MAX).check(), Ok(()));
    }

    #[test]
    fn a_setup_reads_back_from_json_and_missing_options_are_the_default() {
        let setup = Setup::new(5, u64::MAX);
        let json = serde_json::to_string(&setup).unwrap();
        assert_eq!(serde_json::from_str::<Setup>(&json).unwrap(), setup);
        assert_eq!(
            serde_json::from_str::<Setup>(r#"{"servers":5,"seed":"18446744073709551615"}"#).unwrap(),
            setup
        );
        assert!(serde_json::from_str::<Setup>(r#"{"servers":5,"seed":"1","color":1}"#).is_err());
    }
}
