//! A recording that is done again while one looks on; runs that were put aside; and what becomes of the
//! clock when a promise is broken.

use super::{Tank, Tone};
use crate::check::Violation;
use crate::explain::{Scene, because, sentence};
use crate::raft::{Index, Rules, ServerSet};
use crate::sim::{Action, EventId};
use crate::timeline::{EVENTS_MAX, Recording, RecordingError, Run, Script, Stamp};
use crate::ui::{outside, prefs};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// How many of the servers' last steps are done again.
const LAST_STEPS: usize = 10;
/// The most steps of a recording that are shown one by one.
const MARKS_MAX: usize = 300;
/// How many runs are put aside.
const KEPT_MAX: usize = 12;
/// Where time stands still, one step of a recording is shown for so long, in real milliseconds.
const STEP_MS: f64 = 900.0;

/// A step of a recording, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// It is done when there were so many events.
    pub until: u64,
    /// What happens in it.
    pub text: String,
}

/// A recording that is done again.
pub(super) struct Playback {
    script: Script,
    recording: Rc<Recording>,
    title: Rc<str>,
    /// The run is shown from so many events on.
    from: u64,
    marks: Rc<Vec<Mark>>,
    over: bool,
    /// For how long the step in sight was in sight, in real milliseconds.
    shown_ms: f64,
}

/// What is shown of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaybackView {
    /// What it is.
    pub title: Rc<str>,
    /// Its steps.
    pub marks: Rc<Vec<Mark>>,
    /// How many of them are done.
    pub done: usize,
    /// Whether the recording has come to its end.
    pub over: bool,
}

impl Playback {
    /// Whether the recording has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Lets time go by in which nothing happens, at most to the end of the recording.
    pub(super) fn pass_to(&mut self, run: &mut Run, until_us: u64) {
        if self.script.end().at_us <= until_us && self.script.next_us(run).is_none() {
            self.over = !self.script.step(run, &mut |_, _| {});
        } else {
            run.run_until(until_us);
        }
    }
}

/// What a run's next thing is: of its recording, if one is done again, else what happens by itself.
pub(super) fn next_us(run: &mut Run, playback: &Option<Playback>) -> Option<u64> {
    match playback {
        Some(playback) => playback.script.next_us(run),
        None => run.next_us(),
    }
}

/// Lets that happen. Whether there was anything.
pub(super) fn step(run: &mut Run, playback: &mut Option<Playback>) -> bool {
    let Some(playback) = playback else { return run.step().is_some() };
    let stepped = playback.script.step(run, &mut |when, action| outside::note(when, action));
    playback.over = !stepped;
    stepped
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

// A recording is done again.
impl Tank {
    /// What is being done again.
    #[must_use]
    pub fn playback(&self) -> Option<PlaybackView> {
        let events = self.with(|run| run.world().events());
        self.0.playback.borrow().as_ref().map(|playback| PlaybackView {
            title: Rc::clone(&playback.title),
            marks: Rc::clone(&playback.marks),
            done: playback.marks.iter().filter(|mark| mark.until <= events).count(),
            over: playback.over,
        })
    }

    /// The whole run: what happened, and what would still happen in the recording that is done again.
    #[must_use]
    pub fn whole_recording(&self) -> Recording {
        let whole = self.0.playback.borrow().as_ref().map(|playback| Recording::clone(&playback.recording));
        whole.unwrap_or_else(|| self.recording())
    }

    /// Shows a recording from a moment on, paused, so that one can step through it. What ran is put aside.
    ///
    /// # Errors
    /// When the recording makes no run; what was running goes on.
    pub fn present(
        &self,
        recording: Recording,
        title: impl Into<Rc<str>>,
        marks: Vec<Mark>,
        from: u64,
    ) -> Result<(), RecordingError> {
        let (run, script) = begin_at(&recording, from)?;
        let playback = Playback {
            script,
            recording: Rc::new(recording),
            title: title.into(),
            from,
            marks: Rc::new(marks),
            over: false,
            shown_ms: 0.0,
        };
        self.pause();
        self.settle_pace();
        self.put(run, Some(playback));
        Ok(())
    }

    /// Shows a recording from its beginning, with a step for each of its actions.
    ///
    /// # Errors
    /// When the recording makes no run.
    pub fn present_by_actions(&self, recording: Recording, title: String) -> Result<(), RecordingError> {
        let (mut run, mut script) = Script::begin(&recording)?;
        let mut marks: Vec<Mark> = Vec::new();
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
                    marks.push(Mark { until: events, text: text.unwrap_or_default() });
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
        let again = self
            .0
            .playback
            .borrow()
            .as_ref()
            .map(|playback| (Rc::clone(&playback.recording), until.unwrap_or(playback.from)));
        let Some((recording, events)) = again else { return };
        self.pause();
        // It made a run before.
        let Ok((run, script)) = begin_at(&recording, events) else { return };
        if let Some(playback) = &mut *self.0.playback.borrow_mut() {
            playback.script = script;
            playback.over = false;
        }
        self.show(run);
    }

    /// The recording is no longer followed; the run stays where it is.
    pub fn end_playback(&self) {
        if self.0.playback.borrow_mut().take().is_some() {
            self.changed();
        }
    }

    /// Lets things happen until there were so many events: a step is done to its end, whatever breaks in it.
    fn go_to_event(&self, events: u64) {
        {
            let mut run = self.0.run.borrow_mut();
            let mut playback = self.0.playback.borrow_mut();
            while run.world().events() < events && step(&mut run, &mut playback) {}
            self.0.view_us.set(run.world().now_us() as f64);
        }
        outside::passed(self.with(Run::stamp));
        self.changed();
    }

    /// Plays a recording in which time stands still: step by step. Whether it is one.
    pub(super) fn advance_by_steps(&self, passed_ms: f64) -> bool {
        if !self.with(|run| run.world().is_manual()) {
            return false;
        }
        let due = match &mut *self.0.playback.borrow_mut() {
            None => return false,
            Some(playback) => {
                playback.shown_ms += passed_ms;
                let due = playback.shown_ms >= STEP_MS;
                if due {
                    playback.shown_ms = 0.0;
                }
                due
            }
        };
        if due {
            let view = self.playback();
            let until = view.and_then(|view| view.marks.get(view.done).map(|mark| mark.until));
            self.go_to_event(until.unwrap_or_else(|| self.with(|run| run.world().events() + 1)));
            self.stop_if_struck();
        }
        true
    }

    /// Somebody acts: from here on it is another run than the one that is done again.
    pub(super) fn leave_playback(&self) {
        let left = self.0.playback.borrow_mut().take();
        if let Some(playback) = left {
            self.keep(Recording::clone(&playback.recording));
            if !playback.over {
                let text = "From here on this is another run than the recording, which was put aside: ‘Earlier run’ goes back to it.";
                self.notify(Tone::Note, text);
            }
        }
    }

    /// Shows the last steps of the servers that broke a promise once more.
    ///
    /// # Errors
    /// When the run can't be done again.
    pub fn replay_last_steps(&self, violation: &Violation) -> Result<(), RecordingError> {
        let recording = self.whole_recording();
        let (run, _) = begin_at(&recording, violation.event.0 + 1)?;
        let concerned = |id: EventId| {
            let event = run.event(id)?;
            let servers = &violation.servers;
            let theirs = |server| servers.is_empty() || servers.contains(server);
            (violation.events.contains(&id) || event.server.is_some_and(theirs)).then_some(event)
        };
        let known = run.events().front().map_or(0, |event| event.id.0);
        let last = (known..=violation.event.0).rev().filter_map(|id| concerned(EventId(id)));
        let mut steps: Vec<_> = last.take(LAST_STEPS).collect();
        steps.reverse();
        let scene = Scene::of(&run);
        let mark = |event: &std::sync::Arc<crate::sim::Event>| Mark {
            until: event.id.0 + 1,
            text: sentence(event, scene).to_string(),
        };
        let marks = steps.iter().map(|event| mark(event)).collect();
        let from = steps.first().map_or(violation.event.0, |event| event.id.0);
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
                self.present(recording, title, vec![Mark { until, text }], until)?;
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

/// A run as it was after so many events, and what followed.
fn begin_at(recording: &Recording, events: u64) -> Result<(Run, Script), RecordingError> {
    let (mut run, mut script) = Script::begin(recording)?;
    while run.world().events() < events.min(EVENTS_MAX)
        && script.step(&mut run, &mut |_: Stamp, _: &Action| {})
    {}
    Ok((run, script))
}

// Runs that were put aside.
impl Tank {
    /// Puts a run aside, so that one can go back to it.
    pub(super) fn keep(&self, recording: Recording) {
        let mut kept = self.0.kept.borrow_mut();
        kept.retain(|other| *other != recording);
        kept.push_front(recording);
        kept.truncate(KEPT_MAX);
    }

    /// The run that one would go back to, in words, if there is one.
    #[must_use]
    pub fn earlier(&self) -> Option<String> {
        self.0.kept.borrow().front().map(|recording| {
            let Recording { setup, actions, end, .. } = recording;
            let time = crate::explain::duration(end.at_us);
            format!("seed {}, {} actions, {time}", setup.seed, actions.len())
        })
    }

    /// Goes back to the run before. This one becomes the last of those that were put aside.
    pub fn go_back(&self) {
        let Some(recording) = self.0.kept.borrow_mut().pop_front() else { return };
        let now = self.whole_recording();
        match self.load(&recording) {
            Ok(()) => {
                let mut kept = self.0.kept.borrow_mut();
                kept.retain(|other| *other != now && *other != recording);
                if now != recording {
                    kept.push_back(now);
                }
            }
            Err(error) => self.notify(Tone::Trouble, error.to_string()),
        }
        self.changed();
    }
}
