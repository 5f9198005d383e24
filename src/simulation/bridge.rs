//! Between Rust and JavaScript: values, arguments and errors, for the page's `window.wavetank` and for the
//! package alike.

use super::asked;
use crate::sim::{Action, Event, Options};
use crate::timeline::{Recording, RecordingError, Run, Target, Timeline};
use js_sys::{BigInt, Error, JSON, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// The codes of errors: the argument is of the wrong form; the action would do nothing, or the run can't go
/// on, and why; the recording can't be used; the run is too long for a link; the result has no form in
/// JavaScript.
pub const CODES: [&str; 5] = ["BAD_ARGUMENT", "REFUSED", "BAD_RECORDING", "TOO_LONG", "NO_VALUE"];

/// The most events that one call returns.
pub const EVENTS_MAX: usize = 1000;

/// What a call gives: a value, or an error with a `code`.
pub type Answer = Result<JsValue, JsValue>;

/// A JavaScript error with a `message`, which says what was wrong and what to do, and a `code`.
#[must_use]
pub fn error(code: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    error.set_name("WavetankError");
    // An error that takes no property is an error all the same.
    let _ = Reflect::set(&error, &"code".into(), &code.into());
    error.into()
}

/// A value as plain JavaScript data: objects, arrays, numbers, and `null` for what is not there.
///
/// # Errors
/// `NO_VALUE`, when JavaScript has no such value.
pub fn plain(value: &impl Serialize) -> Answer {
    value.serialize(&Serializer::json_compatible()).map_err(|why| error("NO_VALUE", &why.to_string()))
}

/// A number as an argument; `name` is what the error calls it.
///
/// # Errors
/// `BAD_ARGUMENT`, when it is no number from `least` to `most`.
pub fn number(value: &JsValue, name: &str, least: f64, most: f64) -> Result<f64, JsValue> {
    value
        .as_f64()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| error("BAD_ARGUMENT", &format!("{name} has to be a number from {least} to {most}")))
}

/// A value as JSON text; a bigint becomes a text of its digits. All that comes in goes through one parser,
/// whose errors say what was wrong: two would double what the page has to load.
#[must_use]
pub fn json(value: &JsValue) -> String {
    let digits = |_: JsValue, value: JsValue| match value.dyn_ref::<BigInt>() {
        Some(number) => number.to_string(10).map_or(JsValue::NULL, JsValue::from),
        None => value,
    };
    let digits: Closure<dyn Fn(JsValue, JsValue) -> JsValue> = Closure::new(digits);
    let text = JSON::stringify_with_replacer(value, digits.as_ref());
    text.ok().and_then(|text| JsValue::from(text).as_string()).unwrap_or_default()
}

/// An action, in any form that [`asked::action`] reads.
///
/// # Errors
/// `BAD_ARGUMENT`.
pub fn action(value: &JsValue, options: &Options) -> Result<Action, JsValue> {
    asked::action(&json(value), options).map_err(|why| error("BAD_ARGUMENT", &why))
}

/// A recording, as an object or as its text.
///
/// # Errors
/// `BAD_RECORDING`.
pub fn recording(value: &JsValue) -> Result<Recording, JsValue> {
    let text = value.as_string().unwrap_or_else(|| json(value));
    Recording::from_json(&text).map_err(bad_recording)
}

/// To which moment of a run to go, in any form that [`asked::target`] reads.
///
/// # Errors
/// `BAD_ARGUMENT`; `REFUSED`, when the run has not come so far.
pub fn target(value: &JsValue, timeline: &Timeline) -> Result<Target, JsValue> {
    let to = asked::target(&json(value)).map_err(|why| error("BAD_ARGUMENT", &why))?;
    asked::has_come_to(to, timeline).map(|()| to).map_err(|why| error("REFUSED", &why))
}

/// Why a recording can't be used, as an error.
#[must_use]
pub fn bad_recording(why: RecordingError) -> JsValue {
    error("BAD_RECORDING", &why.to_string())
}

/// The events from that number on, as far as they are kept.
///
/// # Errors
/// `BAD_ARGUMENT`, when that is no number.
pub fn events(run: &Run, from: &JsValue, most: usize) -> Answer {
    let from = if from.is_undefined() { 0.0 } else { number(from, "from", 0.0, 9e15)? };
    let kept = run.events().iter().filter(|event| event.id.0 as f64 >= from).take(most);
    plain(&kept.map(AsRef::as_ref).collect::<Vec<&Event>>())
}
