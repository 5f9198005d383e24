//! The hunt: random timed runs, one for each seed, until a promise falls or a goal holds. The seed alone
//! brings the run back.

use super::seeds::for_seeds;
use super::storm::{Ending, Judge, Plan, STORM_US, Script, subside, weather};
use super::tally::Counts;
use super::target::{Seeker, Target};
use crate::check::{Checker, Property, Violation};
use crate::raft::{Guard, Observer, Rules};
use crate::sim::{Event, Options, Stepped, Watch, World};
use crate::timeline::{Recording, Stamped, Start, moment};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to hunt for, and where.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// The seeds, one for each run.
    pub seeds: Range<u64>,
    /// What befalls the cluster.
    pub plan: Plan,
    /// How many servers; 0: as many as the seed draws.
    pub servers: u8,
    /// How long the trouble lasts, in simulated microseconds.
    pub until_us: u64,
    /// How it ends; the run goes on for [`ENDING_US`](super::ENDING_US) then, if it does.
    pub ending: Ending,
    /// The rules that are off.
    pub off: Rules,
    /// What is hunted for.
    pub target: Target,
    /// Whether to go on behind the first run that has it.
    pub all: bool,
    /// Set, it calls the hunt off in the middle of a run. That run counts for nothing.
    pub stop: Arc<AtomicBool>,
}

impl Hunt {
    /// Any broken promise, in a minute of trouble for each of these seeds.
    #[must_use]
    pub fn new(seeds: Range<u64>) -> Hunt {
        Hunt {
            seeds,
            plan: Plan::default(),
            servers: 0,
            until_us: STORM_US,
            ending: Ending::default(),
            off: Rules::ALL_ON,
            target: Target::Any,
            all: false,
            stop: Arc::default(),
        }
    }
}

/// What a hunt has come to. It depends on the hunt and on nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many runs there were.
    pub runs: u64,
    /// How long they were together, in simulated microseconds.
    pub simulated_us: u64,
    /// How often what happened.
    pub counts: Counts,
    /// In how many runs it was found.
    pub hits: u64,
    /// In how many runs which promise fell first.
    pub violations: BTreeMap<Property, u64>,
    /// The first find, by seed.
    pub first: Option<Hit>,
    /// The first run without one, by seed.
    pub held: Option<Hit>,
    /// Whether the hunt was called off.
    pub cancelled: bool,
}

/// A run that has what was hunted for, or has it not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// Its seed.
    pub seed: u64,
    /// The promise that fell first, if one did.
    pub violation: Option<Violation>,
    /// The run, up to the moment at which it was found; else to its end.
    pub recording: Recording,
}

/// Hunts. `adjust` has the last word on the options of each run. After each run `progress` is shown the
/// report so far, and says whether to go on.
pub fn hunt(
    hunt: &Hunt,
    threads: usize,
    adjust: impl Fn(&mut Options) + Sync,
    mut progress: impl FnMut(&Report) -> bool + Send,
) -> Report {
    let mut report = Report::default();
    let work = |seed| run(hunt, seed, hunt.plan.draw(seed, hunt.servers, hunt.until_us, hunt.off, &adjust));
    for_seeds(hunt.seeds.clone(), threads, work, |_, ran| {
        let Some(ran) = ran else {
            report.cancelled = true;
            return false;
        };
        report.take(ran);
        let enough = report.hits > 0 && !hunt.all;
        report.cancelled = !progress(&report) && !enough;
        !enough && !report.cancelled
    });
    report
}

/// What one run has come to.
struct Ran {
    simulated_us: u64,
    counts: Counts,
    first: Option<Property>,
    found: bool,
    run: Hit,
}

impl Report {
    fn take(&mut self, ran: Ran) {
        self.runs += 1;
        self.simulated_us += ran.simulated_us;
        self.counts.add(&ran.counts);
        if let Some(property) = ran.first {
            *self.violations.entry(property).or_default() += 1;
        }
        self.hits += u64::from(ran.found);
        let place = if ran.found { &mut self.first } else { &mut self.held };
        place.get_or_insert(ran.run);
    }
}

/// None if it was called off.
fn run(hunt: &Hunt, seed: u64, (setup, actions): Script) -> Option<Ran> {
    let mut world = World::new(&setup);
    let mut hunter =
        Hunter { seeker: Seeker::new(&hunt.target, &world), counts: Counts::default(), stop: &hunt.stop };
    let mut done = weather(&mut world, actions, hunt.until_us, &mut hunter);
    if !hunter.is_over() {
        let ended = subside(&mut world, hunt.ending, &mut hunter, &mut done);
        hunter.counts.subsided(ended);
    }
    if hunt.stop.load(Ordering::Relaxed) {
        return None;
    }
    hunter.counts.ended(&world, &hunter.seeker.checker);
    let violation = hunter.seeker.checker.violations().first().cloned();
    let first = violation.as_ref().map(|violation| violation.property);
    let found = hunter.seeker.found;
    let end = found.unwrap_or_else(|| moment(&world));
    // The run went on to the next action before it was asked.
    done.retain(|stamped: &Stamped| stamped.when <= end);
    let recording = Recording { actions: done, end, ..Recording::new(setup, Start::Empty) };
    let run = Hit { seed, violation, recording };
    Some(Ran { simulated_us: world.now_us(), counts: hunter.counts, first, found: found.is_some(), run })
}

/// One who looks a run through, and counts what happens.
struct Hunter<'a> {
    seeker: Seeker,
    counts: Counts,
    stop: &'a AtomicBool,
}

impl Observer for Hunter<'_> {
    const WATCHES: bool = true;

    fn decided(&mut self, guard: Guard) {
        self.counts.decided(&guard);
    }
}

impl Watch for Hunter<'_> {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        event.iter().for_each(|event| self.counts.happened(event));
        self.seeker.happened(world, step, event);
    }
}

impl Judge for Hunter<'_> {
    fn checker(&self) -> &Checker {
        &self.seeker.checker
    }

    fn is_over(&self) -> bool {
        self.seeker.found.is_some() || self.stop.load(Ordering::Relaxed)
    }
}
