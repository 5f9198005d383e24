//! A run that is being written out in the worker, as the page sees it: what comes is put together, and it can
//! be ended at any time.

use super::file::{NO_ROOM, blob};
use super::write::Order;
use crate::ui::jobs::{Job, News};
use crate::ui::worker::Work;
use js_sys::{Array, Function, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use yew::Callback;

/// The one run that is being written, if one is.
pub type Desk = Rc<RefCell<Option<Writing>>>;

/// A run that is being written. Dropped, its worker ends at once.
pub struct Writing {
    _work: Work,
    reject: Function,
}

/// Ends what is being written, if anything is.
pub fn cancel(desk: &Desk) {
    let writing = desk.borrow_mut().take();
    if let Some(writing) = writing {
        // Who waits for it hears of it; who does not, need not.
        let _ = writing.reject.call1(&JsValue::NULL, &"Cancelled: nothing was written.".into());
    }
}

/// Writes a run. A promise of a blob of that kind, which is broken with a sentence; `progress` hears up to
/// which virtual time it is written.
pub fn write(order: Order, kind: &str, desk: &Desk, progress: Callback<u64>) -> Promise {
    cancel(desk);
    let job = Job::Export(order);
    Promise::new(&mut |resolve, reject| {
        let (parts, told, kind) = (Array::new(), reject.clone(), kind.to_owned());
        let (over, progress) = (Rc::clone(desk), progress.clone());
        let hear = move |news: News| match news {
            // As a blob each piece is the browser's, not the page's memory.
            News::Piece(piece) => match blob(&Array::of1(&piece.into()), "") {
                Ok(piece) => drop(parts.push(&piece)),
                Err(_) => end(&over, &told, &NO_ROOM.into()),
            },
            News::Writing { at_us } => progress.emit(at_us),
            News::Written => match blob(&parts, &kind) {
                Ok(whole) => end(&over, &resolve, &whole),
                Err(_) => end(&over, &told, &NO_ROOM.into()),
            },
            News::Failed(why) => end(&over, &told, &why.into()),
            _ => {}
        };
        match Work::start(&job, hear) {
            Ok(work) => *desk.borrow_mut() = Some(Writing { _work: work, reject }),
            Err(why) => end(desk, &reject, &why.into()),
        }
    })
}

fn end(desk: &Desk, tell: &Function, value: &JsValue) {
    let _ = tell.call1(&JsValue::NULL, value);
    let writing = desk.borrow_mut().take();
    // It is being called back right now, so it is dropped a little later.
    wasm_bindgen_futures::spawn_local(async move { drop(writing) });
}
