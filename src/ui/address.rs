//! The page's address: the setup after its `?`, and a whole run behind its `#`. A run wins; the setup is
//! what a page without one begins with.

use super::tank::{Tank, Tone};
use crate::timeline::Document;
use crate::timeline::link::is_link;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

fn hash() -> String {
    web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Opens the run in the address, if there is one.
pub fn open(tank: &Tank) {
    let hash = hash();
    if is_link(&hash) {
        open_link(tank, &hash);
    }
}

/// Opens the run in the address whenever another one comes there.
pub fn follow(tank: &Tank) {
    let Some(window) = web_sys::window() else { return };
    let tank = tank.clone();
    let function = Closure::<dyn Fn()>::new(move || open(&tank)).into_js_value();
    // Without it, a link opens when the page is loaded.
    let _ = window.add_event_listener_with_callback("hashchange", function.unchecked_ref());
}

/// Opens the run in a link. A broken one says what is wrong with it, stays where it is, to be mended or copied,
/// and what runs goes on. Whether it could be opened.
pub fn open_link(tank: &Tank, text: &str) -> bool {
    let opened = Document::from_text(text)
        .map_err(|why| why.to_string())
        .and_then(|document| tank.open_document(&document).map_err(|why| why.to_string()));
    let (tone, text) = match &opened {
        Ok(()) => (
            Tone::Note,
            "This run came with the link. What you do here changes nothing for whoever sent it.".to_owned(),
        ),
        Err(why) => (Tone::Trouble, format!("The link was not opened. {why}")),
    };
    tank.notify(tone, text);
    opened.is_ok()
}

/// The address of a link, without what this page was set up with.
#[must_use]
pub fn of_link(link: &str) -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |part: Option<Result<String, JsValue>>| part.and_then(Result::ok).unwrap_or_default();
    // Of a page that lies in a file, the origin is no address.
    let whole = part(location.map(|location| location.href()));
    let page = whole.split(['?', '#']).next().unwrap_or_default();
    format!("{page}#{link}")
}

/// Puts a setup into the address, in the place of what was there.
pub fn set(query: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        // An address that can't be changed (in a frame, for instance) stays as it is.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(query));
    }
}
