//! The seams between features: every pair of fifteen, each pair in three ways, twenty random storms each.
//! A feature is well tested alone; faults hide where two of them meet.
//!
//! A feature is either an **option** (PreVote, CheckQuorum, stickiness, lease, ReadIndex, catch-up, snapshots,
//! sessions, the no-op, pipelining) or a **thing done** (a transfer, a single change, a joint change, a pause,
//! a clock that drifts). The three ways:
//!
//! - *both on*: both options are set from the start; a thing done is done again and again, from the first
//!   leader on;
//! - *the first switched on while running*: the second is on from the start. The first option is off until a
//!   moment in the middle of the trouble, and is then set for everyone; a thing done is not done before that
//!   moment, so the other one is in use already;
//! - *the second*: the same with the roles exchanged.
//!
//! At each of several encounters both are used at nearly the same moment ([`deeds`]): an option is used by what
//! it is there for (a leader cut off from its majority for CheckQuorum, a new server for catch-up, reads for
//! ReadIndex). Options outside of the pair are drawn; things outside of the pair are not done, apart from one or
//! two short faults that any cluster survives. Then everything is repaired, and the cluster is left alone.
//!
//! What has to hold ([`leading`], [`transfers`], [`answers`]):
//!
//! - with PreVote, CheckQuorum and stickiness on, a leader that in every election timeout hears a majority of the
//!   configuration in force, is not asked to hand over and does not leave the configuration, keeps leading.
//!   Otherwise, where a majority is up and connected, some server leads within five election timeouts;
//! - a transfer to a server that is reachable and caught up ends with it leading, if no message is lost and nobody
//!   times out meanwhile; else some server leads within two election timeouts, split votes not counted;
//! - a client's request ends in bounded time, if only by the client knowing that the outcome is unknown; what an
//!   administrator is told is true ([`administration`]);
//! - the checker finds nothing.
//!
//! Each cell says how often a premise held; a cell in which one never held fails as well.
//!
//! `WAVETANK_STORMS=400` looks at that many storms a cell (200 with `WAVETANK_LONG`), `WAVETANK_CELL='transfer
//! × joint'` at cells whose names contain that, and `WAVETANK_STORM=17` at that storm alone. The recording of a
//! storm that fails is left in `target/seams`.

#[path = "seams/administration.rs"]
mod administration;
#[path = "seams/answers.rs"]
mod answers;
#[path = "seams/deeds.rs"]
mod deeds;
#[path = "seams/features.rs"]
mod features;
#[path = "seams/leading.rs"]
mod leading;
#[path = "seams/storm.rs"]
mod storm;
#[path = "seams/transfers.rs"]
mod transfers;
#[path = "seams/watcher.rs"]
mod watcher;

use features::{Cell, Feature};
use std::time::Instant;
use storm::{Told, weather};
use watcher::Held;
use wavetank::explore::{for_seeds, threads};

const STORMS: u64 = 20;

/// A number from the environment, if it is set.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("the variable holds a number"))
}

fn storms() -> std::ops::Range<u64> {
    let usual = if std::env::var_os("WAVETANK_LONG").is_some() { 10 * STORMS } else { STORMS };
    match number("WAVETANK_STORM") {
        Some(storm) => storm..storm + 1,
        None => 0..number("WAVETANK_STORMS").unwrap_or(usual),
    }
}

/// What came of the storms of a cell.
#[derive(Default)]
struct Row {
    storms: u64,
    held: Held,
    failed: Vec<(u64, String)>,
}

impl Row {
    fn add(&mut self, storm: u64, told: Told) {
        self.storms += 1;
        self.held.add(&told.held);
        self.failed.extend(told.wrong.map(|wrong| (storm, wrong)));
    }

    /// The premises that have to hold at least once in a cell, and never did.
    fn never_held(&self, cell: Cell) -> Vec<&'static str> {
        let hands_over = cell.has(Feature::Transfer);
        let premises = [
            ("a leader that is heard", self.held.reigns),
            ("a majority without a leader", self.held.unled),
            ("a request", self.held.requests),
            ("a transfer that nothing disturbs", if hands_over { self.held.transfers } else { 1 }),
        ];
        premises.into_iter().filter(|(_, times)| *times == 0).map(|(premise, _)| premise).collect()
    }
}

#[test]
fn every_two_features_work_together() {
    let wanted = std::env::var("WAVETANK_CELL").unwrap_or_default();
    let cells: Vec<Cell> = Cell::all().filter(|cell| cell.to_string().contains(&wanted)).collect();
    let (storms, began) = (storms(), Instant::now());
    let each = storms.end - storms.start;
    let mut rows: Vec<Row> = cells.iter().map(|_| Row::default()).collect();
    for_seeds(
        0..cells.len() as u64 * each,
        threads(),
        |n| weather(cells[(n / each) as usize], storms.start + n % each),
        |n, told| {
            rows[(n / each) as usize].add(storms.start + n % each, told);
            true
        },
    );
    let mut wrong = Vec::new();
    for (cell, row) in cells.iter().zip(&rows) {
        println!("{cell}: {} storms, {} failed; {}", row.storms, row.failed.len(), row.held);
        wrong.extend(row.failed.iter().map(|(storm, told)| format!("{cell}, storm {storm}: {told}")));
        if number("WAVETANK_STORM").is_none() {
            wrong.extend(row.never_held(*cell).iter().map(|premise| format!("{cell}: never {premise}")));
        }
    }
    println!("{} cells, {} storms each, in {:.1} s", cells.len(), each, began.elapsed().as_secs_f64());
    assert!(!cells.is_empty(), "no cell is called ‘{wanted}’");
    assert!(wrong.is_empty(), "{} things went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_table_has_each_pair_in_three_ways() {
    let names: std::collections::BTreeSet<String> = Cell::all().map(|cell| cell.to_string()).collect();
    assert_eq!((Cell::all().count(), names.len()), (315, 315));
    assert!(names.contains("checkQuorum × joint, joint later"), "{names:?}");
}
