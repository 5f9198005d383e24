//! The fifteen features, the cells of their table, and the options of a storm.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::fmt;
use wavetank::raft::{Backtracking, ReadMode, TimerRange};
use wavetank::sim::{Digest, Link, Options, within};

/// By how much clocks drift at most where they do, in millionths.
pub const DRIFT_PPM: i32 = 100_000;

/// A stream of draws: whole numbers of a fixed width only, so that a storm is the same on every machine.
pub struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The dice of that storm of that cell. They depend on the cell's name, so other cells may come and go.
    pub fn of(cell: Cell, storm: u64) -> Dice {
        let mut digest = Digest::default();
        digest.bytes(cell.to_string().as_bytes());
        digest.word(storm);
        Dice(Xoshiro256PlusPlus::seed_from_u64(digest.0))
    }

    pub fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub fn between(&mut self, min: u64, max: u64) -> u64 {
        within(self.0.next_u64(), min, max)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.between(1, n) == 1
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.between(0, from.len() as u64 - 1) as usize]
    }

    pub fn ms(&mut self, min: u64, max: u64) -> u64 {
        self.between(min * 1000, max * 1000)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    PreVote,
    CheckQuorum,
    Stickiness,
    Lease,
    ReadIndex,
    Transfer,
    Single,
    Joint,
    CatchUp,
    Snapshots,
    Sessions,
    Noop,
    Pipelining,
    Pause,
    Drift,
}

impl Feature {
    const ALL: [(Feature, &str); 15] = [
        (Feature::PreVote, "preVote"),
        (Feature::CheckQuorum, "checkQuorum"),
        (Feature::Stickiness, "stickiness"),
        (Feature::Lease, "lease"),
        (Feature::ReadIndex, "readIndex"),
        (Feature::Transfer, "transfer"),
        (Feature::Single, "single change"),
        (Feature::Joint, "joint"),
        (Feature::CatchUp, "catch-up"),
        (Feature::Snapshots, "snapshots"),
        (Feature::Sessions, "sessions"),
        (Feature::Noop, "no-op"),
        (Feature::Pipelining, "pipelining"),
        (Feature::Pause, "pause"),
        (Feature::Drift, "drift"),
    ];

    /// Switches the option on, with values that are drawn. What is done instead of set stays out of the options,
    /// but for the drift that leases have to allow for.
    fn switch_on(self, options: &mut Options, dice: &mut Dice) {
        match self {
            Feature::PreVote => options.pre_vote = true,
            Feature::CheckQuorum => options.check_quorum = true,
            Feature::Stickiness => options.stickiness = true,
            Feature::Lease => (options.lease, options.reads) = (true, ReadMode::Lease),
            Feature::ReadIndex => options.reads = ReadMode::ReadIndex,
            Feature::CatchUp => options.catch_up_rounds = dice.pick(&[1, 2, 10]),
            Feature::Snapshots => {
                options.snapshot_every = dice.pick(&[3, 10, 30]);
                options.snapshot_chunk = dice.pick(&[0, 40]);
            }
            Feature::Sessions => {
                options.sessions = true;
                options.session_life = dice.pick(&[0, 0, 1, 3, 20]);
            }
            Feature::Noop => options.noop = true,
            Feature::Pipelining => {
                options.window = dice.pick(&[1, 4, 32]);
                options.max_entries = dice.pick(&[1, 4]);
            }
            Feature::Transfer | Feature::Single | Feature::Joint | Feature::Pause | Feature::Drift => {}
        }
    }

    fn switch_off(self, options: &mut Options) {
        match self {
            Feature::PreVote => options.pre_vote = false,
            Feature::CheckQuorum => options.check_quorum = false,
            Feature::Stickiness => options.stickiness = false,
            Feature::Noop => options.noop = false,
            // The others are off where no cell asks for them.
            _ => {}
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Feature::ALL[*self as usize].1)
    }
}

/// Which of the two is on from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Both,
    FirstLater,
    SecondLater,
}

/// A cell of the table: two features, and which of them is on from the start.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    first: Feature,
    second: Feature,
    way: Way,
}

impl Cell {
    pub fn all() -> impl Iterator<Item = Cell> {
        let features = || Feature::ALL.into_iter().map(|(feature, _)| feature);
        let pairs = features()
            .flat_map(move |first| features().skip(first as usize + 1).map(move |second| (first, second)));
        pairs.flat_map(|(first, second)| {
            [Way::Both, Way::FirstLater, Way::SecondLater].map(|way| Cell { first, second, way })
        })
    }

    pub fn has(self, feature: Feature) -> bool {
        self.first == feature || self.second == feature
    }

    /// The feature that is switched on while running.
    pub fn later(self) -> Option<Feature> {
        match self.way {
            Way::Both => None,
            Way::FirstLater => Some(self.first),
            Way::SecondLater => Some(self.second),
        }
    }

    pub fn features(self) -> [Feature; 2] {
        [self.first, self.second]
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}, ", self.first, self.second)?;
        match self.later() {
            None => f.write_str("both on"),
            Some(later) => write!(f, "{later} later"),
        }
    }
}

fn ms(min: u64, max: u64) -> TimerRange {
    TimerRange { min_us: min * 1000, max_us: max * 1000 }
}

/// The options at the start, and once everything is switched on.
pub fn options(cell: Cell, dice: &mut Dice) -> (Options, Options) {
    let mut options = outside_of_the_pair(cell, dice);
    cell.features().into_iter().for_each(|feature| feature.switch_off(&mut options));
    let (mut early, mut late) = (options.clone(), options);
    for feature in cell.features() {
        let mut with = late.clone();
        feature.switch_on(&mut with, dice);
        if cell.later() != Some(feature) {
            // With the same values as later.
            early = merged(feature, &early, &with);
        }
        late = with;
    }
    (early, late)
}

/// `early` with what that feature has set in `with`.
fn merged(feature: Feature, early: &Options, with: &Options) -> Options {
    let mut merged = early.clone();
    match feature {
        Feature::PreVote => merged.pre_vote = with.pre_vote,
        Feature::CheckQuorum => merged.check_quorum = with.check_quorum,
        Feature::Stickiness => merged.stickiness = with.stickiness,
        Feature::Lease => (merged.lease, merged.reads) = (with.lease, with.reads),
        Feature::ReadIndex => merged.reads = with.reads,
        Feature::CatchUp => merged.catch_up_rounds = with.catch_up_rounds,
        Feature::Snapshots => {
            (merged.snapshot_every, merged.snapshot_chunk) = (with.snapshot_every, with.snapshot_chunk);
        }
        Feature::Sessions => {
            (merged.sessions, merged.session_life) = (with.sessions, with.session_life);
        }
        Feature::Noop => merged.noop = with.noop,
        Feature::Pipelining => (merged.window, merged.max_entries) = (with.window, with.max_entries),
        Feature::Transfer | Feature::Single | Feature::Joint | Feature::Pause | Feature::Drift => {}
    }
    merged
}

/// Timings, network, disks and clients, and those options of which the table is not about in this cell. The three
/// that keep a leader are on in five of eight storms.
fn outside_of_the_pair(cell: Cell, dice: &mut Dice) -> Options {
    let (election, heartbeat_us) =
        dice.pick(&[(ms(100, 200), 30_000), (ms(100, 200), 25_000), (ms(150, 300), 50_000)]);
    let keeps = dice.between(1, 8) <= 5;
    let any = |dice: &mut Dice| keeps || dice.one_in(3);
    Options {
        election,
        heartbeat_us,
        link: Link { latency: dice.pick(&[ms(1, 2), ms(1, 5), ms(4, 10)]), ..Link::default() },
        fsync: dice.pick(&[TimerRange { min_us: 500, max_us: 1500 }, ms(1, 3)]),
        client_timeout_us: dice.pick(&[150_000, 300_000]),
        client_attempts: dice.pick(&[3, 6]),
        workload_every_us: dice.pick(&[0, 0, 20_000, 100_000]),
        backtracking: dice.pick(&[Backtracking::StepByOne, Backtracking::ConflictHints]),
        write_before_send: dice.one_in(8),
        noop: !dice.one_in(4),
        pre_vote: any(dice),
        check_quorum: any(dice),
        // A lease is worth nothing without it.
        stickiness: any(dice) || cell.has(Feature::Lease),
        window: dice.pick(&[0, 0, 0, 8]),
        drift_ppm: if cell.has(Feature::Drift) { DRIFT_PPM as u32 } else { 0 },
        ..Options::default()
    }
}
