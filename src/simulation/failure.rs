//! What happens when the library itself is at fault: no panic reaches the caller as anything but an error
//! with a code, and with the recording that leads there.
//!
//! A panic leaves what it was working on half done, so nothing of that is touched any more: what was asked
//! for is noted beside it, before it is done.

use super::bridge::{error, plain};
use crate::sim::Action;
use crate::timeline::{Recording, Stamp, Stamped};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

thread_local! {
    /// The run to which something was done last.
    static UNDER_WAY: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// The recording of a run, kept beside the run itself.
#[derive(Clone)]
pub(super) struct Noted(Rc<RefCell<Recording>>);

impl Noted {
    pub(super) fn begin(recording: Recording) -> Noted {
        Noted(Rc::new(RefCell::new(recording)))
    }

    /// Something is about to be done.
    pub(super) fn act(&self, when: Stamp, action: Action) {
        self.0.borrow_mut().actions.push(Stamped { when, action });
        self.pass(when);
    }

    /// Time is about to go by, until then. (Where it did before, more may be recorded.)
    pub(super) fn pass(&self, end: Stamp) {
        let mut recording = self.0.borrow_mut();
        recording.end = recording.end.max(end);
        UNDER_WAY.set(Some(self.clone()));
    }
}

/// The recording that leads to where something was done last, with what was done. Nothing before that.
#[wasm_bindgen(js_name = underWay)]
#[must_use]
pub fn under_way() -> JsValue {
    let noted = UNDER_WAY.with_borrow(Clone::clone);
    let recording = noted.and_then(|noted| plain(&*noted.0.try_borrow().ok()?).ok());
    recording.unwrap_or(JsValue::UNDEFINED)
}

/// From now on a panic is a JavaScript error with the code `PANIC`.
#[wasm_bindgen(start)]
pub fn watch_for_panics() {
    std::panic::set_hook(Box::new(|info| {
        let words = info.payload_as_str().unwrap_or("no words");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let message = format!(
            "Wavetank has failed ({words}, {place}). This is a fault of the library, not of yours, and not of Raft. \
             The error's `recording` leads to it."
        );
        wasm_bindgen::throw_val(error("PANIC", &message))
    }));
}
