//! A run that one can go back and forth in, with all its branches.
//!
//! There is one [`Run`] at the moment that is looked at; everything else is brought back from checkpoints
//! by replay. To act in the past makes a branch and leaves the old future as it was.

use super::branch::{Branch, BranchId};
use super::branches::numbered;
use super::checkpoints::{Checkpoint, Checkpoints};
use super::document::Document;
use super::standing::Comparison;
use super::tape::Class;
use super::{Actor, Recording, RecordingError, Run, Stamp, Start, TRACE_MAX, Tape};
use crate::sim::{Action, Event, EventId, Refusal, Setup, What};
use std::collections::VecDeque;
use std::sync::Arc;

/// So many events before the moment are known again after one has gone far back.
const CONTEXT: u64 = 2000;

/// Where to go in a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Right after so many events (or after the action that brings about that one and the next).
    Events(u64),
    /// To this time, in microseconds: everything until then has happened.
    Time(u64),
    /// To the beginning.
    Start,
    /// To the end of the recording.
    End,
}

/// What one looks for from a moment on, or back from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landmark {
    /// Anything that happens.
    Event,
    /// A message that arrives.
    Message,
    /// Something that somebody does.
    Action,
    /// An entry that is committed.
    Commit,
    /// A server that is elected.
    Leader,
    /// A promise that is broken.
    Violation,
}

/// A document that is looked at: its branches, and the run at a moment of one of them.
#[derive(Clone, Debug)]
pub struct Timeline {
    pub(super) name: String,
    pub(super) branches: Vec<Branch>,
    pub(super) current: BranchId,
    pub(super) next_id: u32,
    /// What can be undone in the list of branches, the last at the end.
    pub(super) undo: Vec<super::branches::Undo>,
    /// At the moment. Its trace ends there.
    pub(super) run: Run,
    /// The events that come after the moment, as far as they are still known: they follow on the trace.
    pub(super) later: VecDeque<Arc<Event>>,
}

// To look.
impl Timeline {
    /// A run that begins with this setup and state.
    ///
    /// # Errors
    /// When the setup or the state makes no run.
    pub fn new(setup: &Setup, start: Start) -> Result<Timeline, RecordingError> {
        let run = Run::from_start(setup, start)?;
        let branch = Branch::beginning(BranchId(0), numbered(BranchId(0)), &run, run.recording());
        Ok(Timeline {
            name: String::new(),
            branches: vec![branch],
            current: BranchId(0),
            next_id: 1,
            undo: Vec::new(),
            run,
            later: VecDeque::new(),
        })
    }

    /// A recording, at its beginning: [`Timeline::seek`] does it.
    ///
    /// # Errors
    /// When the recording makes no run.
    pub fn of(recording: &Recording) -> Result<Timeline, RecordingError> {
        Timeline::open(&Document::of(recording.clone()))
    }

    /// The run at the moment.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The branch that is looked at.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        &self.branches[self.place()]
    }

    pub(super) fn branch_mut(&mut self) -> &mut Branch {
        let place = self.place();
        &mut self.branches[place]
    }

    /// Where in the list the branch stands that is looked at.
    fn place(&self) -> usize {
        let place = self.branches.iter().position(|branch| branch.id == self.current);
        place.expect("the branch that is looked at is never deleted")
    }

    /// The whole recording of the branch, its future included.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.branch().recording
    }

    /// How many events of the branch are known.
    #[must_use]
    pub fn events_known(&self) -> u64 {
        self.branch().events_known()
    }

    /// Up to which time the branch is known, in microseconds.
    #[must_use]
    pub fn known_us(&self) -> u64 {
        self.branch().known_us()
    }

    /// The time at which the branch's recording ends, in microseconds.
    #[must_use]
    pub fn end_us(&self) -> u64 {
        self.branch().recording.end.at_us
    }

    /// What the branch looks like, as far as it is known.
    #[must_use]
    pub fn tape(&self) -> &Tape {
        &self.branch().tape
    }

    /// Whether the moment is the end of what has ever happened in this branch: who acts here takes no
    /// future away.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        let branch = self.branch();
        branch.pending(&self.run).is_none()
            && self.run.world.events() == branch.events_known()
            && branch.is_known()
    }

    /// The events whose numbers are from `from` on and before `to`, also those after the moment: at most
    /// so many of them. Those that are no longer kept are brought back by a replay.
    #[must_use]
    pub fn trace(&self, from: u64, to: u64, most: usize) -> Vec<Arc<Event>> {
        let to = to.min(self.events_known()).min(from.saturating_add(most as u64));
        let window = || self.run.events().iter().chain(&self.later);
        let first = window().next().map_or(u64::MAX, |event| event.id.0);
        let wanted = |event: &&Arc<Event>| (from..to).contains(&event.id.0);
        if first <= from && to <= self.run.world.events() + self.later.len() as u64 {
            let skipped = usize::try_from(from - first).unwrap_or(usize::MAX);
            return window().skip(skipped).take_while(wanted).cloned().collect();
        }
        let branch = self.branch();
        let mut run = self.taken_up(branch.checkpoints.before_event(from));
        // An action may be two events, and the last step reach beyond the end.
        run.keep_events(most.saturating_add(1));
        while run.world.events() < to && step(&mut run, branch) {}
        run.events().iter().filter(wanted).cloned().collect()
    }

    /// The run at a checkpoint of the branch that is looked at.
    fn taken_up(&self, checkpoint: &Checkpoint) -> Run {
        Run::taken_up(checkpoint, &self.branch().recording)
    }
}

// To go somewhere.
impl Timeline {
    /// Goes there, by at most so many events (and a few more). Whether it is there; if not, asking again
    /// goes on.
    pub fn seek(&mut self, to: Target, budget: u64) -> bool {
        let to = match to {
            Target::Start => Target::Events(0),
            to => to,
        };
        if self.is_canonical(to) {
            return true;
        }
        let left = match self.nearest(to) {
            None => self.go_on(to, budget),
            Some((checkpoint, true)) => self.go_within_window(&checkpoint, to, budget),
            Some((checkpoint, false)) => {
                self.run = self.taken_up(&checkpoint);
                self.later.clear();
                self.go_on(to, budget)
            }
        };
        left > 0
    }

    /// Whether the moment is there, and no time has gone by after the last event.
    fn is_canonical(&self, to: Target) -> bool {
        let world = &self.run.world;
        to == Target::Events(world.events())
            && (world.at_instant() > 0 || world.events() == 0 && world.now_us() == 0)
    }

    /// The checkpoint from which it is nearest, and whether the trace that is kept reaches there; nothing
    /// if it is nearest from the moment.
    fn nearest(&self, to: Target) -> Option<(Arc<Checkpoint>, bool)> {
        let checkpoints = &self.branch().checkpoints;
        let (events, now_us) = (self.run.world.events(), self.run.world.now_us());
        let (checkpoint, ahead) = match to {
            Target::Events(wanted) => (checkpoints.before_event(wanted), events < wanted),
            Target::Time(at_us) => (checkpoints.before_us(at_us), now_us <= at_us),
            Target::Start => (checkpoints.before_event(0), false),
            Target::End => (checkpoints.before_event(u64::MAX), true),
        };
        if ahead && checkpoint.events() <= events {
            return None;
        }
        if self.is_traced(to) {
            return Some((Arc::clone(checkpoint), true));
        }
        // Some of what went before shall be known there.
        let checkpoint = checkpoints.before_event(checkpoint.events().saturating_sub(CONTEXT));
        if ahead && checkpoint.events() <= events {
            return None;
        }
        Some((Arc::clone(checkpoint), false))
    }

    /// Whether the trace that is kept covers that moment.
    fn is_traced(&self, to: Target) -> bool {
        let Some(first) = self.run.events().front().or(self.later.front()) else { return false };
        let last = self.later.back().or(self.run.events().back());
        match to {
            Target::Events(wanted) => {
                first.id.0 <= wanted && last.is_some_and(|last| wanted <= last.id.0 + 1)
            }
            // What lies exactly at the ends might be there only in part.
            Target::Time(at_us) => {
                (first.at_us < at_us || first.id.0 == 0) && last.is_some_and(|last| at_us < last.at_us)
            }
            Target::Start => first.id.0 == 0,
            Target::End => false,
        }
    }

    /// Goes on from the moment, event by event. What is left of the budget.
    fn go_on(&mut self, to: Target, budget: u64) -> u64 {
        let most = self.run.world.events().saturating_add(budget);
        while self.is_before(to) {
            if self.run.world.events() >= most {
                return 0;
            }
            if !self.step() {
                break;
            }
        }
        self.pass_to(to);
        (most - self.run.world.events().min(most)).max(1)
    }

    /// Goes to a moment whose events are all known: the world is brought back, the trace is only shared
    /// out anew.
    fn go_within_window(&mut self, checkpoint: &Checkpoint, to: Target, budget: u64) -> u64 {
        let mut window = std::mem::take(&mut self.run.eyes.events);
        window.append(&mut self.later);
        self.run = self.taken_up(checkpoint);
        self.run.keep_events(0);
        let left = self.go_on(to, budget);
        self.run.keep_events(TRACE_MAX);
        let first = window.front().map_or(0, |event| event.id.0);
        match self.run.world.events().checked_sub(first) {
            Some(past) => {
                self.later = window.split_off(window.len().min(past as usize));
                self.run.eyes.events = window;
            }
            // It was too far: the trace begins anew.
            None => self.later.clear(),
        }
        left
    }

    /// Whether something happens in the branch before that moment.
    fn is_before(&mut self, to: Target) -> bool {
        let at = self.branch().recording.end;
        match to {
            Target::Start => false,
            Target::Events(wanted) => self.run.world.events() < wanted && self.is_within(at),
            Target::Time(at_us) => {
                self.next_us().is_some_and(|next_us| next_us <= at_us) && self.is_within(at)
            }
            Target::End => self.is_within(at),
        }
    }

    /// Whether anything happens before the end of the recording.
    fn is_within(&mut self, end: Stamp) -> bool {
        self.branch().pending(&self.run).is_some() || self.run.happens_before(end)
    }

    /// Lets the time go by that is left to that moment.
    fn pass_to(&mut self, to: Target) {
        let end_us = self.end_us();
        match to {
            Target::Time(at_us) if !self.run.world.is_manual() => self.run.world.pass_to(at_us.min(end_us)),
            Target::End => self.run.world.pass_to(end_us),
            _ => return,
        }
        self.note();
    }

    /// Notes what the branch has not known before.
    fn note(&mut self) {
        let place = self.place();
        let branch = &mut self.branches[place];
        branch.note(&self.run);
        branch.checkpoints.offer(&self.run);
        // A recording may end at a later place within an instant than there is.
        let end = branch.recording.end;
        if branch.reached < end && self.run.world.now_us() >= end.at_us && !self.is_within(end) {
            self.branch_mut().reached = end;
        }
    }
}

/// Lets the next thing of a branch happen: an action of its recording, or what happens by itself.
fn step(run: &mut Run, branch: &Branch) -> bool {
    match branch.pending(run) {
        Some(stamped) if !run.happens_before(stamped.when) => {
            run.world.pass_to(stamped.when.at_us);
            // What did nothing then does nothing now; the event says so.
            let _ = run.act(stamped.action.clone());
            true
        }
        _ => run.step().is_some(),
    }
}

// To let things happen: first those that are recorded, and after the end of the recording new ones.
impl Actor for Timeline {
    fn run(&self) -> &Run {
        &self.run
    }

    fn next_us(&mut self) -> Option<u64> {
        let pending = self.branch().pending(&self.run).map(|stamped| stamped.when);
        match pending {
            Some(when) if !self.run.happens_before(when) => Some(when.at_us),
            _ => self.run.next_us(),
        }
    }

    fn step(&mut self) -> bool {
        let (place, goes_on) = (self.place(), self.is_at_end());
        let branch = &mut self.branches[place];
        if !step(&mut self.run, branch) {
            return false;
        }
        if goes_on {
            branch.go_on();
        }
        // What was known of the future has come about.
        let events = self.run.world.events();
        while self.later.front().is_some_and(|event| event.id.0 < events) {
            self.later.pop_front();
        }
        branch.recording.end = branch.recording.end.max(self.run.stamp());
        self.note();
        true
    }

    fn run_until(&mut self, until_us: u64) {
        while self.next_us().is_some_and(|next_us| next_us <= until_us) && self.step() {}
        if !self.run.world.is_manual() {
            self.run.world.pass_to(until_us);
        }
        self.note();
        let (stamp, goes_on) = (self.run.stamp(), self.is_at_end());
        let branch = self.branch_mut();
        if goes_on && stamp > branch.recording.end {
            branch.go_on();
        }
        branch.recording.end = branch.recording.end.max(stamp);
        self.note();
    }

    fn act(&mut self, action: Action) -> Result<EventId, Refusal> {
        if let Action::SetOptions { options } = &action {
            options.check_new().map_err(|why| Refusal::Nonsense { why })?;
        }
        if !self.is_at_end() {
            // What would do nothing is worth no branch.
            self.run.world.check(&action)?;
            self.fork();
        }
        let result = self.run.act(action);
        let (stamp, done) = (self.run.stamp(), self.run.recording.actions.last().cloned());
        let branch = self.branch_mut();
        branch.go_on();
        branch.recording.actions.extend(done);
        branch.recording.end = stamp;
        self.note();
        result
    }
}

impl Timeline {
    /// Leaves the future to the branch that it belongs to, and goes on in a new one.
    pub fn fork(&mut self) {
        let events = self.run.world.events();
        let id = self.new_id();
        let branch = self.branch();
        let child = Branch {
            id,
            name: numbered(id),
            named: false,
            parent: Some(branch.id),
            fork: events,
            recording: self.run.recording(),
            captions: Arc::default(),
            checkpoints: Checkpoints::until(&branch.checkpoints, events),
            tape: branch.tape.until(events),
            reached: self.run.stamp(),
            violations: self.run.violations().len(),
            digest: self.run.digest(),
            comparison: Comparison::nothing(),
            left_at: events,
            deleted: false,
        };
        self.leave();
        self.later.clear();
        self.branches.push(child);
        self.current = id;
        self.make_room();
    }
}

// To go from landmark to landmark.
impl Timeline {
    /// Goes to the next landmark, or back to the one before, by at most so many events. Beyond the end of
    /// the recording the run goes on. Whether it found one; back at the beginning there is none, and then
    /// it stays where it was.
    pub fn go_to(&mut self, what: Landmark, forward: bool, budget: u64) -> bool {
        match (what, forward) {
            (Landmark::Event, true) => self.step(),
            (Landmark::Event, false) => self.step_back(),
            (Landmark::Message, true) => self.step_until(budget, |timeline| {
                timeline.run.events().back().is_some_and(|event| is_delivery(event))
            }),
            (Landmark::Message, false) => match self.delivery_before() {
                Some(after) => self.seek_fully(after),
                None => false,
            },
            (Landmark::Action, _) => self.go_to_mark(Class::Action, forward, budget),
            (Landmark::Commit, _) => self.go_to_mark(Class::Commit, forward, budget),
            (Landmark::Leader, _) => self.go_to_mark(Class::Leader, forward, budget),
            (Landmark::Violation, _) => self.go_to_mark(Class::Violation, forward, budget),
        }
    }

    fn go_to_mark(&mut self, class: Class, forward: bool, budget: u64) -> bool {
        let events = self.run.world.events();
        let found = self.tape().find(class, events, forward).map(|mark| mark.after);
        match found {
            Some(after) => self.seek_fully(after),
            None if forward => {
                let known = self.tape().marks(class).len();
                self.step_until(budget, |timeline| timeline.tape().marks(class).len() > known)
            }
            None => false,
        }
    }

    fn seek_fully(&mut self, events: u64) -> bool {
        while !self.seek(Target::Events(events), u64::MAX / 2) {}
        true
    }

    /// Lets things happen until it is so, by at most so many events. Whether it is so.
    fn step_until(&mut self, budget: u64, is_so: impl Fn(&Timeline) -> bool) -> bool {
        let most = self.run.world.events().saturating_add(budget);
        while self.run.world.events() < most && self.step() {
            if is_so(self) {
                return true;
            }
        }
        false
    }

    /// The place right before the last action that was done before the moment.
    #[must_use]
    pub fn before_last_action(&self) -> Option<u64> {
        let done = self.tape().find(Class::Action, self.run.world.events() + 1, false)?;
        Some(done.after - 1)
    }

    /// Goes back by one event, or by the two that an action may be.
    fn step_back(&mut self) -> bool {
        let events = self.run.world.events();
        for wanted in (events.saturating_sub(3)..events).rev() {
            self.seek_fully(wanted);
            if self.run.world.events() < events {
                return true;
            }
        }
        false
    }

    /// The place right after the last message that arrived before the moment, or before the event there.
    fn delivery_before(&self) -> Option<u64> {
        let mut to = self.run.world.events().saturating_sub(1);
        while to > 0 {
            let from = to.saturating_sub(CONTEXT);
            let trace = self.trace(from, to, CONTEXT as usize);
            if let Some(event) = trace.iter().rev().find(|event| is_delivery(event)) {
                return Some(event.id.0 + 1);
            }
            to = from;
        }
        None
    }
}

fn is_delivery(event: &Event) -> bool {
    matches!(event.what, What::Delivered { .. })
}
