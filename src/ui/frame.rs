//! The page's one loop of animation frames.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// What the browser calls back.
type OnFrame = Closure<dyn Fn(f64)>;

struct Inner {
    /// The frame that was asked for, if one was.
    asked: Cell<Option<i32>>,
    /// When the last frame was, in real milliseconds; nothing when there was a pause before.
    last_ms: Cell<Option<f64>>,
    closure: RefCell<Option<OnFrame>>,
}

/// Calls back once a frame, as long as that is wanted. It ends when it is dropped.
pub struct FrameLoop(Rc<Inner>);

impl FrameLoop {
    /// A loop that stands still until it is woken. `frame` gets the real milliseconds since the frame
    /// before, and says whether another one should follow.
    pub fn new(frame: impl Fn(f64) -> bool + 'static) -> FrameLoop {
        let inner =
            Rc::new(Inner { asked: Cell::new(None), last_ms: Cell::new(None), closure: RefCell::new(None) });
        let weak = Rc::downgrade(&inner);
        let closure = OnFrame::new(move |now_ms: f64| {
            let Some(inner) = weak.upgrade() else { return };
            inner.asked.set(None);
            let passed_ms = inner.last_ms.get().map_or(16.0, |last_ms| now_ms - last_ms);
            inner.last_ms.set(Some(now_ms));
            if frame(passed_ms) {
                inner.ask();
            } else if inner.asked.get().is_none() {
                inner.last_ms.set(None);
            }
        });
        *inner.closure.borrow_mut() = Some(closure);
        FrameLoop(inner)
    }

    /// Asks for a frame, if none was asked for.
    pub fn wake(&self) {
        self.0.ask();
    }
}

impl Inner {
    fn ask(&self) {
        if self.asked.get().is_some() {
            return;
        }
        let closure = self.closure.borrow();
        if let (Some(window), Some(closure)) = (web_sys::window(), closure.as_ref()) {
            self.asked.set(window.request_animation_frame(closure.as_ref().unchecked_ref()).ok());
        }
    }
}

impl Drop for FrameLoop {
    fn drop(&mut self) {
        if let (Some(window), Some(asked)) = (web_sys::window(), self.0.asked.get()) {
            // A frame that can't be cancelled finds nobody to call.
            let _ = window.cancel_animation_frame(asked);
        }
    }
}
