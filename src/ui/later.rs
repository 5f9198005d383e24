//! One thing done once, after some real time.

use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Something that will be done. Dropped before, it is not.
pub struct Later {
    over: Rc<Cell<bool>>,
    timeout: Option<i32>,
    _closure: Closure<dyn FnMut()>,
}

impl Later {
    /// Whether it was done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.get()
    }
}

/// Does something after so many real milliseconds.
#[must_use]
pub fn later(ms: i32, what: impl FnOnce() + 'static) -> Later {
    let over = Rc::new(Cell::new(false));
    let mut what = Some(what);
    let done = Rc::clone(&over);
    let closure = Closure::<dyn FnMut()>::new(move || {
        done.set(true);
        if let Some(what) = what.take() {
            what();
        }
    });
    let timeout = web_sys::window().and_then(|window| {
        let function = closure.as_ref().unchecked_ref();
        window.set_timeout_with_callback_and_timeout_and_arguments_0(function, ms).ok()
    });
    Later { over, timeout, _closure: closure }
}

impl Drop for Later {
    fn drop(&mut self) {
        if let (Some(window), Some(timeout)) = (web_sys::window(), self.timeout) {
            window.clear_timeout_with_handle(timeout);
        }
    }
}
