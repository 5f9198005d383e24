//! A branch that is told step by step while one looks on; and what becomes of the clock when a promise is
//! broken.

use super::moments::Earlier;
use super::{Tank, Tone};
use crate::check::Violation;
use crate::explain::{Scene, because, sentence};
use crate::raft::{Index, Rules, ServerSet};
use crate::sim::{Action, Event, EventId};
use crate::timeline::{
    BranchId, Caption, EVENTS_MAX, Recording, RecordingError, Run, Script, Target, Timeline,
};
use crate::ui::{kept, prefs};
use std::rc::Rc;
use std::sync::Arc;

/// How many of the servers' last steps are done again.
const LAST_STEPS: usize = 10;
/// They are looked for among so many events.
const LAST_EVENTS: u64 = 20_000;
/// The most steps of a recording that are shown one by one.
const MARKS_MAX: usize = 300;
/// Where time stands still, one step of a recording is shown for so long, in real milliseconds.
const STEP_MS: f64 = 900.0;

/// A branch that is told: its captions are its steps.
pub(super) struct Telling {
    branch: BranchId,
    title: Rc<str>,
    /// It is told from so many events on.
    from: u64,
    /// For how long the step in sight was in sight, in real milliseconds.
    shown_ms: f64,
}

/// What is shown of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaybackView {
    /// What it is.
    pub title: Rc<str>,
    /// Its steps.
    pub marks: Arc<Vec<Caption>>,
    /// How many of them are done.
    pub done: usize,
    /// Whether the recording has come to its end.
    pub over: bool,
}

// A promise is broken.
impl Tank {
    /// Whether a promise was broken that the person has not let pass.
    pub(super) fn is_struck(&self, run: &Run) -> bool {
        self.0.stops.get() && run.violations().len() > self.0.heeded.get()
    }

    /// The promises that were broken, and that the person has not let pass yet.
    #[must_use]
    pub fn unheeded(&self) -> Vec<Violation> {
        self.with(|run| run.violations().iter().skip(self.0.heeded.get()).cloned().collect())
    }

    /// Which servers make it so, and at which index.
    #[must_use]
    pub fn accused(&self) -> Option<(ServerSet, Option<Index>)> {
        let first = self.0.heeded.get();
        self.with(|run| run.violations().get(first).map(|violation| (violation.servers, violation.index)))
    }

    /// Lets the broken promises pass: only another one stops the run again.
    pub fn heed(&self) {
        self.0.heeded.set(self.with(|run| run.violations().len()));
        self.changed();
    }

    /// Whether a broken promise stops the run.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.0.stops.get()
    }

    /// Sets that, also for the next time.
    pub fn set_stops(&self, stops: bool) {
        prefs::write("stop", if stops { "on" } else { "off" });
        self.0.stops.set(stops);
        self.changed();
    }

    /// Stops the clock if a promise was broken.
    pub(super) fn stop_if_struck(&self) {
        if self.with(|run| self.is_struck(run)) {
            self.pause();
        }
    }
}

// A branch is told.
impl Tank {
    /// What is being told.
    #[must_use]
    pub fn playback(&self) -> Option<PlaybackView> {
        let telling = self.0.telling.borrow();
        let telling = telling.as_ref()?;
        self.look(|timeline| {
            let (branch, events) = (timeline.branch(), timeline.run().world().events());
            (branch.id() == telling.branch).then(|| PlaybackView {
                title: Rc::clone(&telling.title),
                marks: Arc::clone(branch.captions()),
                done: branch.captions().iter().filter(|mark| mark.until <= events).count(),
                // The last step may be the end; beyond it, or without steps, the end is told.
                over: timeline.is_at_end() && branch.captions().last().is_none_or(|mark| mark.until < events),
            })
        })
    }

    /// Whether a branch was told to its end.
    pub(super) fn is_told(&self) -> bool {
        self.0.telling.borrow().is_some() && self.look(Timeline::is_at_end)
    }

    /// Shows a recording from a moment on, paused, so that one can step through it: as a branch of its own,
    /// or the one that has just this recording.
    ///
    /// # Errors
    /// When the recording makes no run; what was running goes on.
    pub fn present(
        &self,
        recording: Recording,
        title: impl Into<Rc<str>>,
        marks: Vec<Caption>,
        from: u64,
    ) -> Result<(), RecordingError> {
        kept::go_on_in_copy();
        let title = title.into();
        let before = self.look(|timeline| timeline.branch().id());
        let branch = self.0.timeline.borrow_mut().add(&recording, &title, marks)?;
        self.pause();
        self.settle_pace();
        self.0.timeline.borrow_mut().switch(branch);
        if branch != before {
            self.push_earlier(Earlier::Branch(before));
        }
        self.show();
        self.note_branches();
        self.0.telling.replace(Some(Telling { branch, title, from, shown_ms: 0.0 }));
        self.seek(Target::Events(from));
        Ok(())
    }

    /// Tells the branch that is shown, if it has captions.
    pub(super) fn tell_if_told(&self) {
        let telling = self.look(|timeline| {
            let branch = timeline.branch();
            (!branch.captions().is_empty()).then(|| Telling {
                branch: branch.id(),
                title: branch.name().into(),
                from: 0,
                shown_ms: 0.0,
            })
        });
        self.0.telling.replace(telling);
    }

    /// Shows a recording from its beginning, with a step for each of its actions.
    ///
    /// # Errors
    /// When the recording makes no run.
    pub fn present_by_actions(&self, recording: Recording, title: String) -> Result<(), RecordingError> {
        let (mut run, mut script) = Script::begin(&recording)?;
        let mut marks: Vec<Caption> = Vec::new();
        while marks.len() < MARKS_MAX {
            let (before, mut acted) = (run.world().events(), None);
            if !script.step(&mut run, &mut |_, action| acted = Some(action.clone())) {
                break;
            }
            let events = run.world().events();
            match (acted, marks.last_mut()) {
                // What is only cleared away belongs to the step before.
                (None | Some(Action::Drop { .. }), Some(mark)) if run.world().is_manual() => {
                    mark.until = events
                }
                (None, _) | (Some(Action::Manual { .. }), _) => {}
                (Some(_), _) => {
                    // What came of the action says more than the action.
                    let event = run.event(EventId((events - 1).min(before + 1)));
                    let text = event.map(|event| sentence(event, Scene::of(&run)).to_string());
                    marks.push(Caption { until: events, text: text.unwrap_or_default() });
                }
            }
        }
        self.present(recording, title, marks, 0)
    }

    /// Goes on to the end of the next step; without one, to the next event.
    pub fn next_mark(&self) {
        let view = self.playback();
        let until = view.and_then(|view| view.marks.get(view.done).map(|mark| mark.until));
        let events = self.with(|run| run.world().events());
        self.pause();
        self.go_to_event(until.unwrap_or(events + 1));
    }

    /// Goes back to the beginning of the last step.
    pub fn previous_mark(&self) {
        let Some(view) = self.playback() else { return };
        let until = view.done.checked_sub(2).and_then(|at| view.marks.get(at)).map(|mark| mark.until);
        let from = self.0.telling.borrow().as_ref().map_or(0, |telling| telling.from);
        self.pause();
        self.go_to_event(until.unwrap_or(from));
    }

    /// The branch is no longer told: somebody leaves it, acts, or goes on beyond its end. It stays where it is.
    pub fn end_playback(&self) {
        if self.0.telling.take().is_some() {
            self.changed();
        }
    }

    /// Goes to where there were so many events, whatever breaks on the way.
    fn go_to_event(&self, events: u64) {
        self.seek(Target::Events(events));
        self.find_now();
    }

    /// Plays a recording in which time stands still: step by step. Whether it is one.
    pub(super) fn advance_by_steps(&self, passed_ms: f64) -> bool {
        let stands_still = self.look(|timeline| timeline.run().world().is_manual() && !timeline.is_at_end());
        if !stands_still {
            return false;
        }
        let due = match &mut *self.0.telling.borrow_mut() {
            None => return false,
            Some(telling) => {
                telling.shown_ms += passed_ms;
                let due = telling.shown_ms >= STEP_MS;
                if due {
                    telling.shown_ms = 0.0;
                }
                due
            }
        };
        if due {
            self.next_mark();
            self.set_playing(!self.is_told());
            self.stop_if_struck();
        }
        true
    }

    /// Shows the last steps of the servers that broke a promise once more.
    ///
    /// # Errors
    /// When the run can't be done again.
    pub fn replay_last_steps(&self, violation: &Violation) -> Result<(), RecordingError> {
        let (recording, (marks, from)) = self.look(|timeline| {
            let last = violation.event.0;
            let trace = timeline.trace(last.saturating_sub(LAST_EVENTS), last + 1, usize::MAX);
            let concerned = |event: &&Arc<Event>| {
                let servers = &violation.servers;
                let theirs = |server| servers.is_empty() || servers.contains(server);
                violation.events.contains(&event.id) || event.server.is_some_and(theirs)
            };
            let mut steps: Vec<_> = trace.iter().rev().filter(concerned).take(LAST_STEPS).collect();
            steps.reverse();
            let scene = Scene::of(timeline.run());
            let mark = |event: &&Arc<Event>| Caption {
                until: event.id.0 + 1,
                text: sentence(event, scene).to_string(),
            };
            let from = steps.first().map_or(last, |event| event.id.0);
            (timeline.recording().clone(), (steps.iter().map(mark).collect(), from))
        });
        self.present(recording, format!("The last steps before {} falls", violation.property), marks, from)
    }

    /// Does the run again with these rules on, up to the first step in which one of them refuses.
    ///
    /// # Errors
    /// When the run can't be done again.
    pub fn repair_and_replay(&self, rules: Rules) -> Result<(), RecordingError> {
        let recording = self.whole_recording().with_rules_on(rules);
        let names: Vec<&str> = rules.off().map(|rule| rule.name()).collect();
        let title = format!("The same run with {} on", names.join(", "));
        let (mut run, mut script) = Script::begin(&recording)?;
        let refusal = loop {
            let before = run.world().events();
            if before > EVENTS_MAX || !script.step(&mut run, &mut |_, _| {}) {
                break None;
            }
            // An action may be two events: itself, and what came of it.
            let new = (before..run.world().events()).filter_map(|id| run.event(EventId(id)));
            let refused = new.flat_map(|event| event.guards.iter().map(move |guard| (event, guard)));
            let mut refused = refused.filter(|(_, guard)| guard.refused() && !rules.is_on(guard.rule));
            if let Some((event, guard)) = refused.next() {
                let what = sentence(event, Scene::of(&run)).to_string();
                let why = because(guard);
                let name = guard.rule.name();
                let compared = why.rsplit_once(": ").map_or(&*why, |(compared, _)| compared);
                let told = what.contains(compared);
                let text = if told { what } else { format!("{what} Here {name} decides: {why}.") };
                break Some((run.world().events(), event.server, text));
            }
        };
        match refusal {
            Some((until, server, text)) => {
                self.present(recording, title, vec![Caption { until, text }], until)?;
                self.select(server.map(super::Selected::Server));
            }
            None => {
                let held = run.violations().is_empty();
                self.present(recording, title, Vec::new(), run.world().events())?;
                let text = if held {
                    "The whole run was done again. The rule refused nothing in it, and every promise holds: the run takes another course."
                } else {
                    "The whole run was done again. The rule refused nothing in it, and a promise is broken all the same: something else breaks it."
                };
                self.notify(Tone::Note, text);
            }
        }
        Ok(())
    }
}
