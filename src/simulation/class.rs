//! What the package's class `Simulation` (`npm/simulation.js`) is made of. What each of its methods does for
//! callers stands in `npm/simulation.d.ts`.

use super::asked::{self, Beginning};
use super::bridge::{self, Answer, bad_recording, error, json, number, plain};
use super::failure::Noted;
use crate::check::goal::{Goal, Lookout};
use crate::explain::{Scene, sentence};
use crate::sim::EventId;
use crate::timeline::{EVENTS_MAX, RUN_US_MAX, Run, Stamp, State, TRACE_MAX};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

/// The longest time that anything can be asked to go on, in milliseconds: as long as a run can be.
const MS_MAX: f64 = (RUN_US_MAX / 1000) as f64;
/// The largest number of an event that a JavaScript number can name.
const EVENT_MAX: f64 = 9e15;

/// A run, for JavaScript. All times are in milliseconds, all that is returned is plain data.
#[wasm_bindgen]
pub struct Core {
    run: Run,
    noted: Noted,
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
        Run::from_start(&setup, start).map(Core::of).map_err(|why| bad(why.to_string()))
    }

    /// The run of a recording, at its end.
    ///
    /// # Errors
    /// `BAD_RECORDING`.
    pub fn from(recording: &JsValue) -> Result<Core, JsValue> {
        Run::replay(&bridge::recording(recording)?).map(Core::of).map_err(bad_recording)
    }

    fn of(run: Run) -> Core {
        let noted = Noted::begin(run.recording());
        Core { run, noted }
    }

    /// The time.
    #[wasm_bindgen(getter, js_name = nowMs)]
    #[must_use]
    pub fn now_ms(&self) -> f64 {
        self.run.world().now_us() as f64 / 1000.0
    }

    /// How many events there have been.
    #[wasm_bindgen(getter, js_name = eventCount)]
    #[must_use]
    pub fn event_count(&self) -> f64 {
        self.run.world().events() as f64
    }

    /// Does something; gives the number of its event.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`; `REFUSED`, when nothing would come of it.
    pub fn act(&mut self, action: &JsValue) -> Result<f64, JsValue> {
        let action = bridge::action(action, self.run.world().options())?;
        self.noted.act(self.run.stamp(), action.clone());
        match self.run.act(action) {
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
        let Some(next_us) = self.run.next_us() else { return Ok(None) };
        self.pass(next_us)?;
        Ok(self.run.step().map(|event| event.0 as f64))
    }

    /// Lets so much time go by; gives the time then.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`; `REFUSED`, when the run is as long as runs can be.
    #[wasm_bindgen(js_name = runFor)]
    pub fn run_for(&mut self, ms: &JsValue) -> Result<f64, JsValue> {
        let until_us = self.from_now(ms, "runFor's time in ms")?;
        while self.step_by(until_us)? {}
        Ok(self.now_ms())
    }

    /// The time that is so many milliseconds from now.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`.
    pub fn after(&self, ms: &JsValue) -> Result<f64, JsValue> {
        Ok(self.from_now(ms, "withinMs")? as f64 / 1000.0)
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
        let until_us = self.from_now(within_ms, "withinMs")?;
        let mut lookout = Lookout::new(self.goal(goal)?);
        loop {
            if lookout.look(&(self.run.world(), self.run.checker())) {
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
        plain(&State::of(&self.run))
    }

    /// The events from a number on, at most so many.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`.
    pub fn events(&self, from: &JsValue, limit: &JsValue) -> Answer {
        let limit = match limit.is_undefined() {
            true => bridge::EVENTS_MAX,
            false => number(limit, "limit", 0.0, TRACE_MAX as f64)? as usize,
        };
        bridge::events(&self.run, from, limit)
    }

    /// The promises that were broken.
    ///
    /// # Errors
    /// `NO_VALUE`.
    pub fn check(&self) -> Answer {
        plain(&self.run.violations())
    }

    /// An event in a sentence.
    ///
    /// # Errors
    /// `BAD_ARGUMENT`, when there is no such event, or it is too long ago.
    pub fn explain(&self, event: &JsValue) -> Result<String, JsValue> {
        let number = number(event, "The event's number", 0.0, EVENT_MAX)?;
        match self.run.event(EventId(number as u64)) {
            Some(event) => Ok(sentence(event, Scene::of(&self.run)).to_string()),
            None => {
                let last = self.run.world().events();
                let message = format!(
                    "There is no event {number} to tell of: there are {last} so far, and the last {TRACE_MAX} are kept."
                );
                Err(error("BAD_ARGUMENT", &message))
            }
        }
    }

    /// The digest of everything that has happened, as 16 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        self.run.digest().to_string()
    }

    /// What it takes to do it all again, up to now.
    ///
    /// # Errors
    /// `NO_VALUE`.
    pub fn recording(&self) -> Answer {
        plain(&self.run.recording())
    }

    /// Another run that is as this one is now, and from now on goes its own way.
    #[must_use]
    pub fn branch(&self) -> Core {
        Core::of(self.run.clone())
    }

    /// Fails as if the library had a fault: for the test of what its callers see then.
    ///
    /// # Panics
    /// Always.
    pub fn fail(&mut self) {
        self.noted.pass(self.run.stamp());
        panic!("it was asked to");
    }
}

impl Core {
    /// The time that is so many milliseconds from now, in microseconds.
    fn from_now(&self, ms: &JsValue, name: &str) -> Result<u64, JsValue> {
        let ms = number(ms, name, 0.0, MS_MAX)?;
        Ok(self.run.world().now_us() + (ms * 1000.0).round() as u64)
    }

    /// Time is about to go by until then, if a run can go on for so long.
    fn pass(&self, until_us: u64) -> Result<(), JsValue> {
        let refused = |words: String| Err(error("REFUSED", &words));
        if until_us > RUN_US_MAX {
            return refused(format!(
                "A run lasts {MS_MAX} ms at most: this one has reached {} ms.",
                self.now_ms()
            ));
        }
        if self.run.world().events() > EVENTS_MAX {
            return refused(format!("More than {EVENTS_MAX} things have happened: a run can't have more."));
        }
        self.noted.pass(Stamp { at_us: until_us, k: u32::MAX });
        Ok(())
    }

    fn step_by(&mut self, until_us: u64) -> Result<bool, JsValue> {
        self.pass(until_us)?;
        let happens = self.run.next_us().is_some_and(|next_us| next_us <= until_us);
        match happens {
            true => drop(self.run.step()),
            false => self.run.run_until(until_us),
        }
        Ok(happens)
    }

    fn goal(&self, goal: &JsValue) -> Result<Goal, JsValue> {
        let bad = |why: String| error("BAD_ARGUMENT", &why);
        let text = goal.as_string().ok_or_else(|| {
            bad("A goal is a text such as \"leaders = 1\" (docs/goals.md), or a function.".into())
        })?;
        let goal: Goal = text.parse().map_err(|why| bad(format!("This is no goal: {why}.")))?;
        let servers = self.run.world().servers().len() as u8;
        goal.fits(servers).map_err(|why| bad(format!("The goal does not fit: {why}.")))?;
        Ok(goal)
    }
}
