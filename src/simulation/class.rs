//! What the package's class `Simulation` (`npm/simulation.js`) is made of. What each of its methods does for
//! callers stands in `npm/simulation.d.ts`.

use super::asked::{self, Beginning};
use super::bridge::{self, Answer, bad_recording, error, json, number, plain};
use super::failure::Noted;
use super::reach;
use crate::check::goal::{Goal, Lookout};
use crate::explain::{self, Scene, Sentence, sentence};
use crate::sim::{Action, Event};
use crate::timeline::{
    Actor, Document, EVENTS_MAX, Place, RUN_US_MAX, Recording, RecordingError, SEMANTICS, Stamp, Standing,
    State, Target, Timeline,
};
use serde::Serialize;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// The longest time that anything can be asked to go on, in milliseconds: as long as a run can be.
const MS_MAX: f64 = (RUN_US_MAX / 1000) as f64;
/// The largest number of an event that a JavaScript number can name.
const EVENT_MAX: f64 = 9e15;
/// So many events before an event may have a part in its sentence.
const CONTEXT: u64 = 2000;

/// A run, for JavaScript. All times are in milliseconds, all that is returned is plain data.
#[wasm_bindgen]
pub struct Core {
    timeline: Timeline,
    noted: Noted,
    /// How it runs here, if not as where it was made.
    differs: Option<Differently>,
}

/// How a run that was opened runs here, if not as where it was made.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Differently {
    sentence: String,
    /// By which meaning it was made.
    semantics: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_until: Option<Spot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Spot>,
}

/// A place in it.
#[derive(Clone, Serialize)]
struct Spot {
    events: u64,
    ms: f64,
}

impl Differently {
    /// How the branch that is looked at runs.
    fn of(timeline: &Timeline) -> Option<Differently> {
        let (standing, semantics) = (timeline.branch().standing(), timeline.branch().made_by());
        let places = match standing {
            Standing::Differs(differs) => Some((differs.same_until, differs.by)),
            _ => None,
        };
        let spot = |Place { events, at_us }: Place| Spot { events, ms: at_us as f64 / 1000.0 };
        let (same_until, by) = places.map(|(same_until, by)| (spot(same_until), spot(by))).unzip();
        Some(Differently { sentence: explain::standing(standing, semantics)?, semantics, same_until, by })
    }
}

#[wasm_bindgen]
impl Core {
    /// A run that begins as [`asked::beginning`] reads it.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`.
    #[wasm_bindgen(constructor)]
    pub fn new(setup: &JsValue) -> Result<Core, JsValue> {
        let bad = |why: String| error("BAD_ARGUMENT", &why);
        let Beginning { setup, start } = asked::beginning(&json(setup)).map_err(bad)?;
        Timeline::new(&setup, start).map(Core::of).map_err(|why| bad(why.to_string()))
    }

    /// The run of a recording, a document or a link, at the moment that it opens at.
    ///
    /// # Errors
    /// `BAD_RECORDING`.
    pub fn from(source: &JsValue) -> Result<Core, JsValue> {
        let text = source.as_string().unwrap_or_else(|| json(source));
        let bad = |why: String| error("BAD_RECORDING", &why);
        let document = Document::from_text(&text).map_err(|why| bad(why.to_string()))?;
        let mut timeline = Timeline::open(&document).map_err(bad_recording)?;
        let to = document.open.events.map_or(Target::End, Target::Events);
        // One of an earlier meaning is done to its end first: then it is known whether it runs as it did.
        let first = (timeline.branch().standing() == Standing::Open).then_some(Target::End);
        for to in first.into_iter().chain([to]) {
            if !timeline.seek(to, EVENTS_MAX) {
                return Err(bad_recording(RecordingError::TooManyEvents(EVENTS_MAX)));
            }
        }
        let differs = Differently::of(&timeline);
        Ok(Core { differs, ..Core::of(timeline) })
    }

    /// Whether a run leads to a state in shorthand, as [`reach::reach`] looks for it.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`.
    pub fn reach(state: &JsValue, limits: &JsValue) -> Answer {
        let bad = |why: String| error("BAD_ARGUMENT", &why);
        let text = state
            .as_string()
            .ok_or_else(|| bad("A state is a text such as \"S1:L2 112 c1 / S2:F2 11 / S3:x1 1\".".into()))?;
        plain(&reach::reach(&text, &json(limits)).map_err(bad)?)
    }

    /// What speaks against the state that the run starts in.
    ///
    /// # Errors
    /// `NO_VALUE`.
    pub fn objections(&self) -> Answer {
        plain(&reach::objections(self.timeline.run().start()))
    }

    fn of(timeline: Timeline) -> Core {
        let recording = Recording { semantics: SEMANTICS, ..timeline.recording().clone() };
        let noted = Noted::begin(recording);
        Core { timeline, noted, differs: None }
    }

    /// How the run runs here, if not as where it was made; else `null`.
    ///
    /// # Errors
    /// `NO_VALUE`.
    pub fn differs(&self) -> Answer {
        plain(&self.differs)
    }

    /// The time.
    #[wasm_bindgen(getter, js_name = nowMs)]
    #[must_use]
    pub fn now_ms(&self) -> f64 {
        self.timeline.run().world().now_us() as f64 / 1000.0
    }

    /// How many events there have been.
    #[wasm_bindgen(getter, js_name = eventCount)]
    #[must_use]
    pub fn event_count(&self) -> f64 {
        self.timeline.run().world().events() as f64
    }

    /// Does something; gives the number of its event.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`; `REFUSED`, when nothing would come of it.
    pub fn act(&mut self, action: &JsValue) -> Result<f64, JsValue> {
        let action = bridge::action(action, self.timeline.run().world().options())?;
        self.note(&action);
        match self.timeline.act(action) {
            Ok(event) => Ok(event.0 as f64),
            Err(refusal) => Err(error("REFUSED", &format!("Nothing was done: {refusal}."))),
        }
    }

    /// Lets the next thing happen; gives the number of its event, or `undefined` where nothing ever
    /// happens by itself.
    ///
    /// # Errors
    /// `REFUSED`, when the run is as long as runs can be.
    pub fn step(&mut self) -> Result<Option<f64>, JsValue> {
        let Some(next_us) = self.timeline.next_us() else { return Ok(None) };
        self.pass(next_us)?;
        let event = self.timeline.run().world().events();
        Ok(self.timeline.step().then_some(event as f64))
    }

    /// Lets so much time go by; gives the time then.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`; `REFUSED`, when the run is as long as runs can be.
    #[wasm_bindgen(js_name = runFor)]
    pub fn run_for(&mut self, ms: &JsValue) -> Result<f64, JsValue> {
        let until_us = self.moment_in(ms, "runFor's time in ms")?;
        while self.step_by(until_us)? {}
        Ok(self.now_ms())
    }

    /// The time that is so many milliseconds from now.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`.
    pub fn after(&self, ms: &JsValue) -> Result<f64, JsValue> {
        Ok(self.moment_in(ms, "withinMs")? as f64 / 1000.0)
    }

    /// Lets the next thing happen if it does by that time, or else that time come. Whether something
    /// happened.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`; `REFUSED`, when the run is as long as runs can be.
    #[wasm_bindgen(js_name = stepBy)]
    pub fn step_by_ms(&mut self, until_ms: f64) -> Result<bool, JsValue> {
        self.step_by((until_ms * 1000.0).round() as u64)
    }

    /// Goes on until a goal (docs/goals.md) holds, or so much time has gone by. Whether it holds.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`; `REFUSED`, when the run is as long as runs can be.
    #[wasm_bindgen(js_name = runUntil)]
    pub fn run_until(&mut self, goal: &JsValue, within_ms: &JsValue) -> Result<bool, JsValue> {
        let until_us = self.moment_in(within_ms, "withinMs")?;
        let mut lookout = Lookout::new(self.goal(goal)?);
        loop {
            if lookout.look(&(self.timeline.run().world(), self.timeline.run().checker())) {
                return Ok(true);
            }
            if !self.step_by(until_us)? {
                return Ok(false);
            }
        }
    }

    /// Everything that can be seen now.
    ///
    /// # Errors
    /// `NO_VALUE`.
    pub fn state(&self) -> Answer {
        plain(&State::of(self.timeline.run()))
    }

    /// The events from a number on, at most so many.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`.
    pub fn events(&self, from: &JsValue, limit: &JsValue) -> Answer {
        let from = number(from, "from", 0.0, EVENT_MAX)? as u64;
        let limit = match limit.is_undefined() {
            true => bridge::EVENTS_MAX,
            false => asked::events_limit(limit.as_f64().unwrap_or(f64::NAN))
                .map_err(|why| error("BAD_ARGUMENT", &why))?,
        };
        let events = self.timeline.trace(from, self.timeline.run().world().events(), limit);
        plain(&events.iter().map(AsRef::as_ref).collect::<Vec<&Event>>())
    }

    /// The promises that were broken.
    ///
    /// # Errors
    /// `NO_VALUE`.
    pub fn check(&self) -> Answer {
        plain(&self.timeline.run().violations())
    }

    /// An event in a sentence.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`, when there is no such event.
    pub fn explain(&self, event: &JsValue) -> Result<String, JsValue> {
        self.told(event).map(|sentence| sentence.to_string())
    }

    /// What the sentence of an event claims.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`, when there is no such event.
    pub fn claims(&self, event: &JsValue) -> Answer {
        plain(&self.told(event)?.claims)
    }

    fn told(&self, event: &JsValue) -> Result<Sentence, JsValue> {
        let id = number(event, "The event's number", 0.0, EVENT_MAX)? as u64;
        let world = self.timeline.run().world();
        let to = world.events().min(id + 1);
        let trace = self.timeline.trace(id.saturating_sub(CONTEXT), to, CONTEXT as usize + 1).into();
        let scene = Scene { servers: world.servers().len() as u8, trace: &trace };
        match trace.back() {
            Some(event) if event.id.0 == id => Ok(sentence(event, scene)),
            _ => {
                let message = format!("There is no event {id} yet: there have been {to}, numbered from 0.");
                Err(error("BAD_ARGUMENT", &message))
            }
        }
    }

    /// The digest of everything that has happened, as 16 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        self.timeline.run().digest().to_string()
    }

    /// What it takes to do it all again, up to now.
    ///
    /// # Errors
    /// `NO_VALUE`.
    pub fn recording(&self) -> Answer {
        plain(&self.timeline.run().recording())
    }

    /// The run up to now as the part of a link behind the `#`.
    ///
    /// # Errors
    /// `TOO_LONG`.
    pub fn link(&self) -> Result<String, JsValue> {
        let document = Document::of(self.timeline.run().recording());
        document.to_link().map_err(|why| error("TOO_LONG", &why.to_string()))
    }

    /// Goes to a moment, as [`asked::target`] reads it; gives the time there.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`; `REFUSED`, when the run has not come so far.
    pub fn seek(&mut self, to: &JsValue) -> Result<f64, JsValue> {
        let to = bridge::target(to, &self.timeline)?;
        self.go_to(to);
        Ok(self.now_ms())
    }

    /// Goes back by so many milliseconds, at most to the beginning; gives the time there.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`.
    pub fn rewind(&mut self, ms: &JsValue) -> Result<f64, JsValue> {
        let back_us = (number(ms, "rewind's time in ms", 0.0, MS_MAX)? * 1000.0).round() as u64;
        self.go_to(Target::Time(self.timeline.run().world().now_us().saturating_sub(back_us)));
        Ok(self.now_ms())
    }

    /// Another run that is as this one is now. What was recorded after this moment does not happen in it.
    #[must_use]
    pub fn branch(&self) -> Core {
        let mut timeline = self.timeline.clone();
        timeline.fork();
        Core { differs: self.differs.clone(), ..Core::of(timeline) }
    }

    /// Fails as if the library had a fault: for the test of what its callers see then.
    ///
    /// # Panics
    /// Always.
    pub fn fail(&mut self) {
        self.noted.pass(self.timeline.run().stamp());
        panic!("it was asked to");
    }
}

impl Core {
    /// The time that is so many milliseconds from now, in microseconds, if a run can go on for so long.
    fn moment_in(&self, ms: &JsValue, name: &str) -> Result<u64, JsValue> {
        let ms = number(ms, name, 0.0, MS_MAX)?;
        let until_us = self.timeline.run().world().now_us() + (ms * 1000.0).round() as u64;
        self.may_pass(until_us).map(|()| until_us)
    }

    fn may_pass(&self, until_us: u64) -> Result<(), JsValue> {
        let refused = |words: String| Err(error("REFUSED", &words));
        if until_us > RUN_US_MAX {
            return refused(format!(
                "A run lasts {MS_MAX} ms at most, and this one has reached {} ms.",
                self.now_ms()
            ));
        }
        if self.timeline.run().world().events() > EVENTS_MAX {
            return refused(format!("More than {EVENTS_MAX} things have happened: a run can't have more."));
        }
        Ok(())
    }

    /// Time is about to go by until then, if it may.
    fn pass(&self, until_us: u64) -> Result<(), JsValue> {
        self.may_pass(until_us)?;
        self.noted.pass(Stamp { at_us: until_us, k: u32::MAX });
        Ok(())
    }

    /// An action is about to be done.
    fn note(&mut self, action: &Action) {
        if !self.timeline.is_at_end() {
            // It begins a branch, which leaves out what was done later.
            self.noted = Noted::begin(self.timeline.run().recording());
        }
        self.noted.act(self.timeline.run().stamp(), action.clone());
    }

    fn go_to(&mut self, to: Target) {
        // It was all done before, so there is nothing to wait for, and an end to it.
        while !self.timeline.seek(to, EVENTS_MAX) {}
    }

    fn step_by(&mut self, until_us: u64) -> Result<bool, JsValue> {
        let next_us = self.timeline.next_us().filter(|next_us| *next_us <= until_us);
        self.pass(next_us.unwrap_or(until_us))?;
        match next_us {
            Some(_) => drop(self.timeline.step()),
            None => self.timeline.run_until(until_us),
        }
        Ok(next_us.is_some())
    }

    fn goal(&self, goal: &JsValue) -> Result<Goal, JsValue> {
        let bad = |why: String| error("BAD_ARGUMENT", &why);
        let text = goal.as_string().ok_or_else(|| {
            bad("A goal is a text such as \"leaders = 1\" (docs/goals.md), or a function.".into())
        })?;
        let goal: Goal = text.parse().map_err(|why| bad(format!("This is no goal: {why}.")))?;
        let servers = self.timeline.run().world().servers().len() as u8;
        goal.fits(servers).map_err(|why| bad(format!("The goal does not fit: {why}.")))?;
        Ok(goal)
    }
}
