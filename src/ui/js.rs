//! `window.wavetank`: the page for programs. It looks at the same run that the page shows, and acts on
//! it by the same actions.
//!
//! | call | what it does |
//! |---|---|
//! | `state()` | the run at this moment, as plain data ([`State`]) |
//! | `act(action)` | does an [`Action`](crate::sim::Action), as in a recording or in short ([`asked`]); returns the number of the event |
//! | `runFor(ms)` | lets so much virtual time go by at once, at most until a promise is broken; returns the time then, in ms |
//! | `play()`, `pause()` | lets time go by, or stops it |
//! | `speed(factor)` | sets the speed, in virtual seconds per real second |
//! | `recording()` | the run so far as data ([`Recording`](crate::timeline::Recording)) |
//! | `document()` | the run with all its branches ([`Document`](crate::timeline::Document)), as a file has it |
//! | `seek(to)` | stops time and goes to a moment at once: `"start"`, `"end"`, `{event: 12}` (right after it), `{ms: 1500}`; returns the time there, in ms |
//! | `load(recording)` | does a recording again; takes an object, or its JSON text |
//! | `digest()` | the digest of everything that has happened, as 16 hexadecimal digits |
//! | `events(from)` | the events from that number on, as far as they are kept, at most 1,000 |
//! | `bench(seconds, {trace, requests})` | runs five servers aside, without showing them; returns simulated seconds per second |
//!
//! Errors are JavaScript errors with a `message`, which says what was wrong and what to do, and a
//! `code`: [`bridge::CODES`].
//!
//! [`asked`]: crate::simulation::asked

use super::tank::Tank;
use crate::raft::Unobserved;
use crate::sim::{Options, Setup, World};
use crate::simulation::bridge::{self, Answer, EVENTS_MAX, error, number, plain};
use crate::timeline::{RUN_US_MAX, Run, State};
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::closure::{Closure, WasmClosure};
use wasm_bindgen::{JsCast, JsValue};

/// Puts `window.wavetank` there, for this tank.
///
/// # Errors
/// When the window takes no property.
pub fn install(tank: &Tank) -> Result<(), JsValue> {
    let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
    let api = Object::new();
    let put = |name: &str, function: JsValue| Reflect::set(&api, &name.into(), &function).map(drop);
    let call = |does: fn(&Tank, JsValue) -> Answer| {
        let tank = tank.clone();
        function::<dyn Fn(JsValue) -> Answer>(Box::new(move |argument| does(&tank, argument)))
    };
    put("state", call(|tank, _| tank.with(|run| plain(&State::of(run)))))?;
    put("act", call(|tank, action| act(tank, &action)))?;
    put("runFor", call(|tank, ms| run_for(tank, &ms)))?;
    put(
        "play",
        call(|tank, _| {
            tank.play();
            Ok(JsValue::UNDEFINED)
        }),
    )?;
    put(
        "pause",
        call(|tank, _| {
            tank.pause();
            Ok(JsValue::UNDEFINED)
        }),
    )?;
    put("speed", call(|tank, factor| set_speed(tank, &factor)))?;
    put("recording", call(|tank, _| plain(&tank.recording())))?;
    put("document", call(|tank, _| plain(&tank.document())))?;
    put("seek", call(|tank, to| seek(tank, &to)))?;
    put("load", call(|tank, recording| load(tank, &recording)))?;
    put("digest", call(|tank, _| Ok(tank.with(Run::digest).to_string().into())))?;
    put("events", call(|tank, from| tank.with(|run| bridge::events(run, &from, EVENTS_MAX))))?;
    put("bench", function::<dyn Fn(JsValue, JsValue) -> Answer>(Box::new(|s, o| bench(&s, &o))))?;
    Reflect::set(&window, &"wavetank".into(), &api).map(drop)
}

/// A function that lives as long as the page.
fn function<F: ?Sized + WasmClosure + 'static>(does: Box<F>) -> JsValue {
    Closure::wrap(does).into_js_value().unchecked_into::<Function>().into()
}

fn act(tank: &Tank, action: &JsValue) -> Answer {
    let action = tank.with(|run| bridge::action(action, run.world().options()))?;
    match tank.act(action) {
        Ok(event) => Ok((event.0 as f64).into()),
        Err(refusal) => Err(error("REFUSED", &format!("Nothing was done: {refusal}."))),
    }
}

fn run_for(tank: &Tank, ms: &JsValue) -> Answer {
    let ms = number(ms, "runFor's time in ms", 0.0, (RUN_US_MAX / 1000) as f64)?;
    tank.run_for((ms * 1000.0) as u64);
    Ok((tank.with(|run| run.world().now_us()) as f64 / 1000.0).into())
}

fn set_speed(tank: &Tank, factor: &JsValue) -> Answer {
    tank.set_speed(number(factor, "speed", super::tank::SPEED_MIN, super::tank::SPEED_MAX)?);
    Ok(JsValue::UNDEFINED)
}

fn seek(tank: &Tank, to: &JsValue) -> Answer {
    tank.seek(tank.look(|timeline| bridge::target(to, timeline))?);
    tank.find_now();
    Ok((tank.with(|run| run.world().now_us()) as f64 / 1000.0).into())
}

fn load(tank: &Tank, recording: &JsValue) -> Answer {
    tank.load(&bridge::recording(recording)?).map_err(bridge::bad_recording)?;
    Ok(JsValue::UNDEFINED)
}

/// Five servers with RaftScope's timings, without the page: simulated seconds per second.
fn bench(seconds: &JsValue, options: &JsValue) -> Answer {
    let seconds = number(seconds, "seconds", 1.0, 100_000.0)?;
    let asked = |name: &str| Reflect::get(options, &name.into()).is_ok_and(|value| value.is_truthy());
    let (trace, requests) = (asked("trace"), asked("requests"));
    let workload_every_us = if requests { 100_000 } else { 0 };
    let setup = Setup { options: Options { workload_every_us, ..Options::raftscope() }, ..Setup::new(5, 1) };
    let until_us = (seconds * 1e6) as u64;
    let clock = web_sys::window().and_then(|window| window.performance()).ok_or(JsValue::UNDEFINED)?;
    let from_ms = clock.now();
    if trace {
        let mut run = Run::new(&setup).map_err(|why| error("BAD_ARGUMENT", &why.to_string()))?;
        run.run_until(until_us);
    } else {
        World::new(&setup).run_until(until_us, &mut Unobserved);
    }
    Ok((seconds * 1000.0 / (clock.now() - from_ms)).into())
}
