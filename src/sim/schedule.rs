//! Faults that a run brings about by itself, again and again: "crash a random server every 5 s".
//!
//! A schedule is set by an action, and everything that it does follows from that action, the seed and the
//! world: so a recording has the schedule and nothing of what it did.

use super::action::Action;
use super::event::EventId;
use super::presets::LinkPreset;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a schedule does each time. Servers, links and groups are drawn by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// A random server that runs crashes. In time it restarts.
    Crash,
    /// The server that leads crashes. In time it restarts.
    CrashLeader,
    /// A random server that runs stands still. In time it goes on.
    Pause,
    /// A random link is cut in one direction. In time it is mended.
    Cut,
    /// The network falls apart into two random halves. In time all links are mended.
    Partition,
    /// Links fail in a way that has a name. In time all links are mended.
    Links(LinkPreset),
    /// The leader is asked to hand its leadership over to another voter (D3.10).
    Transfer,
    /// A random server's disk stands still for that long.
    StallDisk,
}

impl Fault {
    /// All of them but [`Fault::Links`], of which there is one for each [`LinkPreset`].
    pub const PLAIN: [Fault; 7] = [
        Fault::Crash,
        Fault::CrashLeader,
        Fault::Pause,
        Fault::Cut,
        Fault::Partition,
        Fault::Transfer,
        Fault::StallDisk,
    ];

    /// Its name in files and in the console.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fault::Crash => "crash",
            Fault::CrashLeader => "crashLeader",
            Fault::Pause => "pause",
            Fault::Cut => "cut",
            Fault::Partition => "partition",
            Fault::Links(_) => "links",
            Fault::Transfer => "transfer",
            Fault::StallDisk => "stallDisk",
        }
    }

    /// The number by which its draws are named; one schedule of each number can run. Part of the semantics
    /// version.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Fault::Crash => 1,
            Fault::CrashLeader => 2,
            Fault::Pause => 3,
            Fault::Cut => 4,
            Fault::Partition => 5,
            Fault::Links(_) => 6,
            Fault::Transfer => 7,
            Fault::StallDisk => 8,
        }
    }

    /// Whether it can be for a time only.
    #[must_use]
    pub fn ends(self) -> bool {
        self != Fault::Transfer
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Links(preset) => write!(f, "links {preset}"),
            fault => f.write_str(fault.name()),
        }
    }
}

/// A schedule in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// What it does.
    pub fault: Fault,
    /// How often, in microseconds.
    pub every_us: u64,
    /// For how long each time, in microseconds; none: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_us: Option<u64>,
    /// When it does it next, in microseconds.
    pub next_us: u64,
    /// How often it has done it, or tried to.
    pub done: u64,
    /// The event that set it.
    #[serde(skip)]
    pub cause: EventId,
}

impl Schedule {
    /// The action that sets it.
    #[must_use]
    pub fn action(&self) -> Action {
        Action::Schedule { fault: self.fault, every_us: self.every_us, for_us: self.for_us }
    }
}

/// The end of a fault that was for a time only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ending {
    /// When, in microseconds.
    pub at_us: u64,
    /// What ends it.
    pub action: Action,
    /// The event in which the fault began.
    pub cause: EventId,
}

/// All schedules of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedules {
    /// In the order of their numbers.
    running: Vec<Schedule>,
    /// The earliest first; of one time, in the order in which the faults began.
    endings: Vec<Ending>,
    /// When any of these does something; [`u64::MAX`]: never.
    next_us: u64,
}

impl Default for Schedules {
    fn default() -> Schedules {
        Schedules { running: Vec::new(), endings: Vec::new(), next_us: u64::MAX }
    }
}

/// What is due.
pub(super) enum Due {
    /// A fault that was for a time is over.
    Ending(Ending),
    /// A schedule does what it is for. It stands here as it was before.
    Schedule(Schedule),
}

impl Schedules {
    /// The schedules in force.
    #[must_use]
    pub fn running(&self) -> &[Schedule] {
        &self.running
    }

    /// What ends by itself, the earliest first.
    #[must_use]
    pub fn endings(&self) -> &[Ending] {
        &self.endings
    }

    /// When something is due, in microseconds; [`u64::MAX`]: never.
    #[inline]
    pub(super) fn next_us(&self) -> u64 {
        self.next_us
    }

    /// The schedule in force of this kind of fault.
    #[must_use]
    pub fn of(&self, fault: Fault) -> Option<&Schedule> {
        self.running.iter().find(|schedule| schedule.fault.number() == fault.number())
    }

    /// A schedule begins. It takes the place of one of its kind, and goes on counting.
    pub(super) fn begin(&mut self, schedule: Schedule) {
        let done = self.of(schedule.fault).map_or(0, |known| known.done);
        self.end(schedule.fault);
        let place = self.running.partition_point(|known| known.fault.number() < schedule.fault.number());
        self.running.insert(place, Schedule { done, ..schedule });
        self.look_ahead();
    }

    /// The schedule of this kind ends. What it has begun still ends in its time.
    pub(super) fn end(&mut self, fault: Fault) {
        self.running.retain(|schedule| schedule.fault.number() != fault.number());
        self.look_ahead();
    }

    /// All schedules end.
    pub(super) fn end_all(&mut self) {
        self.running.clear();
        self.look_ahead();
    }

    /// A fault is to end. It takes the place of a heal that was to come earlier: it would end this one too.
    pub(super) fn end_later(&mut self, ending: Ending) {
        if ending.action == Action::Heal {
            self.endings.retain(|known| known.action != Action::Heal);
        }
        let place = self.endings.partition_point(|known| known.at_us <= ending.at_us);
        self.endings.insert(place, ending);
        self.look_ahead();
    }

    /// Only these endings are still to come.
    pub(super) fn keep_endings(&mut self, keep: impl FnMut(&Ending) -> bool) {
        self.endings.retain(keep);
        self.look_ahead();
    }

    /// Takes what is due by then: what ends comes before what begins.
    pub(super) fn take_due(&mut self, now_us: u64) -> Option<Due> {
        let due = if self.endings.first().is_some_and(|ending| ending.at_us <= now_us) {
            Some(Due::Ending(self.endings.remove(0)))
        } else {
            self.running.iter_mut().find(|schedule| schedule.next_us <= now_us).map(|schedule| {
                let due = *schedule;
                schedule.next_us = now_us + schedule.every_us;
                schedule.done += 1;
                Due::Schedule(due)
            })
        };
        self.look_ahead();
        due
    }

    fn look_ahead(&mut self) {
        let endings = self.endings.iter().map(|ending| ending.at_us);
        let times = self.running.iter().map(|schedule| schedule.next_us).chain(endings);
        self.next_us = times.min().unwrap_or(u64::MAX);
    }
}
