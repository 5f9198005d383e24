//! What the world does by itself because a schedule is in force.

use super::{Watch, World};
use crate::raft::{ServerId, ServerSet};
use crate::sim::action::{Action, Refusal};
use crate::sim::draw::{Purpose, draw, within};
use crate::sim::event::{EventId, What};
use crate::sim::net::Endpoint;
use crate::sim::schedule::{Due, Ending, Fault, Schedule};
use crate::sim::server::Server;
use crate::sim::setup::SPAN_US_MAX;

/// How often a schedule can do something at most, in microseconds: each millisecond.
const EVERY_US_MIN: u64 = 1000;

impl World {
    /// Whether a schedule can be set so, or ended.
    pub(super) fn check_schedule(
        &self,
        fault: Fault,
        every_us: u64,
        for_us: Option<u64>,
    ) -> Result<(), Refusal> {
        let nonsense = |why: String| Err(Refusal::Nonsense { why });
        let known = self.schedules.of(fault);
        match (every_us, for_us) {
            (0, _) if known.is_none() => nonsense(format!("no schedule of ‘{}’ is in force", fault.name())),
            (0, _) => Ok(()),
            (every_us, _) if !(EVERY_US_MIN..=SPAN_US_MAX).contains(&every_us) => nonsense(format!(
                "a schedule does something every 1 ms to 600 s, not every {every_us} µs; 0 ends it"
            )),
            (_, Some(for_us)) if !(1..=SPAN_US_MAX).contains(&for_us) => nonsense(format!(
                "a fault can be for 1 µs to 600 s, not for {for_us} µs; without a time it is for good"
            )),
            (_, Some(_)) if !fault.ends() => {
                nonsense("a transfer is over by itself: leave its length out".into())
            }
            (_, None) if fault == Fault::StallDisk => {
                nonsense("a disk stalls for a time: say for how long, with forUs".into())
            }
            _ if known.is_some_and(|known| {
                (known.fault, known.every_us, known.for_us) == (fault, every_us, for_us)
            }) =>
            {
                Err(Refusal::Already)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn set_schedule(&mut self, fault: Fault, every_us: u64, for_us: Option<u64>, cause: EventId) {
        if every_us == 0 {
            return self.schedules.end(fault);
        }
        let next_us = self.now_us + every_us;
        self.schedules.begin(Schedule { fault, every_us, for_us, next_us, done: 0, cause });
    }

    /// Does what is due.
    pub(super) fn do_scheduled<W: Watch>(&mut self, watch: &mut W) -> Option<EventId> {
        match self.schedules.take_due(self.now_us)? {
            Due::Ending(Ending { action, cause, .. }) => {
                Some(self.act_because(&action, Some(cause), watch).0)
            }
            Due::Schedule(schedule) => Some(self.bring_about(&schedule, watch)),
        }
    }

    /// A schedule does what it is for. Where there is nothing to do it to, the event says of the schedule
    /// itself that nothing came of it.
    fn bring_about<W: Watch>(&mut self, schedule: &Schedule, watch: &mut W) -> EventId {
        let action = match self.drawn(schedule) {
            Ok(action) => action,
            Err(refusal) => {
                let mut draft = self.draft::<W>(None);
                draft.causes[0] = Some(schedule.cause);
                let what = || What::Acted { action: schedule.action(), refused: Some(refusal) };
                return self.close(&mut draft, what, watch);
            }
        };
        let (id, done) = self.act_because(&action, Some(schedule.cause), watch);
        let undo = undo(&action).filter(|_| done.is_ok());
        if let Some((for_us, action)) = schedule.for_us.zip(undo) {
            let at_us = self.now_us + for_us;
            self.schedules.end_later(Ending { at_us, action, cause: id });
        }
        id
    }

    /// What a schedule does this time.
    fn drawn(&self, schedule: &Schedule) -> Result<Action, Refusal> {
        let nothing = |why: &str| Refusal::Nonsense { why: why.into() };
        let word = |k| {
            let number = schedule.fault.number();
            draw(self.setup.seed, Purpose::Schedule, number, schedule.done, k)
        };
        let one_of = |these: Vec<ServerId>| {
            let last = these.len().checked_sub(1)?;
            these.get(within(word(0), 0, last as u64) as usize).copied()
        };
        let those = |which: fn(&&Server) -> bool| -> Vec<ServerId> {
            self.servers.iter().filter(which).map(|server| server.node.id()).collect()
        };
        match schedule.fault {
            Fault::Crash => {
                let server = one_of(those(|server| server.up)).ok_or(nothing("no server runs"))?;
                Ok(Action::Crash { server })
            }
            Fault::CrashLeader => self.asked(None).map(|server| Action::Crash { server }),
            Fault::Pause => {
                let server = one_of(those(|server| server.is_active())).ok_or(nothing("no server runs"))?;
                Ok(Action::Pause { server })
            }
            Fault::Cut => {
                let here = those(|server| !server.retired);
                let pairs = here.iter().flat_map(|from| here.iter().map(move |to| (*from, *to)));
                let whole = pairs.filter(|&(from, to)| {
                    from != to && !self.network.is_cut(Endpoint::Server(from), Endpoint::Server(to))
                });
                let whole: Vec<(ServerId, ServerId)> = whole.collect();
                let last = whole.len().checked_sub(1).ok_or(nothing("no link is left to cut"))?;
                let (from, to) = whole[within(word(0), 0, last as u64) as usize];
                Ok(Action::Cut { from, to })
            }
            Fault::Partition => {
                let here = those(|server| !server.retired);
                if here.len() < 2 {
                    return Err(nothing("one server alone has no links"));
                }
                let mut order = here.clone();
                order.sort_by_key(|id| (word(u64::from(id.number())), *id));
                let one: ServerSet = order.drain(..here.len() / 2).collect();
                Ok(Action::Partition { groups: vec![one, order.into_iter().collect()] })
            }
            Fault::Links(preset) => Ok(Action::LinkPreset { preset }),
            Fault::StallDisk => {
                let server = one_of(those(|server| server.up)).ok_or(nothing("no server runs"))?;
                Ok(Action::StallDisk { server, for_us: schedule.for_us.unwrap_or_default() })
            }
            Fault::Transfer => {
                let leader = self.asked(None)?;
                let voters = self.servers[leader.slot()].node.configuration().all_voters();
                let others = those(|server| server.up).into_iter();
                let others = others.filter(|&id| id != leader && voters.contains(id)).collect();
                let to = one_of(others).ok_or(nothing("no other voter runs"))?;
                Ok(Action::Transfer { to, at: None })
            }
        }
    }

    /// What was to end by itself and has ended meanwhile is not ended again.
    pub(super) fn forget_endings(&mut self) {
        if self.schedules.endings().is_empty() {
            return;
        }
        let mut schedules = std::mem::take(&mut self.schedules);
        schedules.keep_endings(|ending| self.check(&ending.action).is_ok());
        self.schedules = schedules;
    }
}

/// What ends a fault.
fn undo(action: &Action) -> Option<Action> {
    match *action {
        Action::Crash { server } => Some(Action::Restart { server }),
        Action::Pause { server } => Some(Action::Resume { server }),
        Action::Cut { from, to } => Some(Action::Mend { from, to }),
        Action::Partition { .. } | Action::LinkPreset { .. } => Some(Action::Heal),
        _ => None,
    }
}
