//! What is shown when the module has failed. A panic leaves borrowed state behind, so nothing of the tank is
//! touched then: the run as it was last noted lies outside of this module's memory ([`super::kept`]).

use super::kept;
use js_sys::Array;
use std::sync::atomic::{AtomicBool, Ordering};
use wasm_bindgen::JsValue;

static FAILED: AtomicBool = AtomicBool::new(false);

/// Whether the module has failed: nothing of it may be relied on then.
#[must_use]
pub fn has_failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

/// Never a blank page: from now on a panic says what happened, and offers the recording so far.
pub fn watch_for_panics() {
    // Yew sets its own hook when it starts, unless it is told of another one.
    yew::set_custom_panic_hook(Box::new(|info| {
        let words = info.to_string();
        FAILED.store(true, Ordering::Relaxed);
        kept::note_failure();
        web_sys::console::error_1(&words.as_str().into());
        if show(&words).is_err() {
            web_sys::console::error_1(&"and the page could not show it".into());
        }
    }));
}

/// Shows the failure over the page, in plain DOM: the page's own components are gone.
fn show(words: &str) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::UNDEFINED)?;
    if document.get_element_by_id("failure").is_some() {
        return Ok(());
    }
    let element = |name: &str, class: &str, text: &str| -> Result<web_sys::Element, JsValue> {
        let element = document.create_element(name)?;
        element.set_class_name(class);
        element.set_text_content(Some(text));
        Ok(element)
    };
    let cover = element("div", "failure", "")?;
    cover.set_id("failure");
    cover.set_attribute("role", "alert")?;
    let inner = element("div", "failure-inner", "")?;
    inner.append_child(&*element("h2", "", "Wavetank has failed")?)?;
    let sentence = "This is a fault of the page, not of yours, and not of Raft. What you did is not lost: load the \
                    page again, and it goes on from here. Should that fail as well, a new run begins, and this one \
                    is in the list of runs. To be quite sure, save it as a file.";
    inner.append_child(&*element("p", "", sentence)?)?;
    if let Some(json) = kept::document_json() {
        let parts = Array::of1(&json.into());
        let options = web_sys::BlobPropertyBag::new();
        options.set_type("application/json");
        let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
        let link = element("a", "button primary", "Save the run")?;
        link.set_attribute("href", &web_sys::Url::create_object_url_with_blob(&blob)?)?;
        link.set_attribute("download", "run.wavetank.json")?;
        inner.append_child(&link)?;
    }
    let again = element("a", "button", "Load the page again")?;
    again.set_attribute("href", "")?;
    inner.append_child(&again)?;
    inner.append_child(&*element("pre", "failure-words", words)?)?;
    cover.append_child(&inner)?;
    document.body().ok_or(JsValue::UNDEFINED)?.append_child(&cover)?;
    Ok(())
}
