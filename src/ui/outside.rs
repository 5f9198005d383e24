//! The recording so far, kept outside of this module's memory, and what is shown when the module has
//! failed. A panic leaves borrowed state behind, so nothing of the tank is touched then.

use crate::sim::Action;
use crate::timeline::{Recording, Stamp, Stamped};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// Where the recording is kept: a property of the window with `head` (JSON without actions and end),
/// `actions` (JSON texts) and `end` (time and number).
const PLACE: &str = "__wavetank_recording";

fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn set(of: &JsValue, name: &str, value: impl Into<JsValue>) {
    // A window that refuses properties keeps no recording; the page runs all the same.
    let _ = Reflect::set(of, &name.into(), &value.into());
}

fn place() -> Option<JsValue> {
    Some(get(web_sys::window()?.as_ref(), PLACE)).filter(JsValue::is_object)
}

/// A run begins: this is what it starts from, with what was done in it.
pub fn begin(recording: &Recording) {
    let Some(window) = web_sys::window() else { return };
    let kept = Object::new();
    let head = Recording { actions: Vec::new(), ..recording.clone() };
    let actions: Array = recording.actions.iter().map(text).map(JsValue::from).collect();
    set(&kept, "head", serde_json::to_string(&head).unwrap_or_default());
    set(&kept, "actions", actions);
    set(window.as_ref(), PLACE, kept);
    passed(recording.end);
}

fn text(stamped: &Stamped) -> String {
    serde_json::to_string(stamped).unwrap_or_default()
}

/// Something is about to be done.
pub fn note(when: Stamp, action: &Action) {
    let Some(kept) = place() else { return };
    if let Ok(actions) = get(&kept, "actions").dyn_into::<Array>() {
        actions.push(&text(&Stamped { when, action: action.clone() }).into());
    }
    passed(when);
}

/// It is that late.
pub fn passed(end: Stamp) {
    let Some(kept) = place() else { return };
    set(&kept, "atUs", end.at_us as f64);
    set(&kept, "k", end.k);
}

/// The recording as it was last noted, as JSON.
#[must_use]
pub fn recording_json() -> Option<String> {
    let kept = place()?;
    let head = get(&kept, "head").as_string()?;
    let actions = get(&kept, "actions").dyn_into::<Array>().ok()?;
    let mut recording: serde_json::Value = serde_json::from_str(&head).ok()?;
    let actions: Vec<serde_json::Value> =
        actions.iter().filter_map(|text| serde_json::from_str(&text.as_string()?).ok()).collect();
    let at_us = get(&kept, "atUs").as_f64()? as u64;
    let k = get(&kept, "k").as_f64()? as u32;
    let end = serde_json::to_value(Stamp { at_us, k }).ok()?;
    let fields = recording.as_object_mut()?;
    fields.insert("actions".into(), actions.into());
    fields.insert("end".into(), end);
    serde_json::to_string_pretty(&recording).ok()
}

/// Never a blank page: from now on a panic says what happened, and offers the recording so far.
pub fn watch_for_panics() {
    // Yew sets its own hook when it starts, unless it is told of another one.
    yew::set_custom_panic_hook(Box::new(|info| {
        let words = info.to_string();
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
    let sentence = "This is a fault of the page, not of yours, and not of Raft. What you did is not lost: save the \
                    recording, load the page again, and drop the file onto it to get back to this moment.";
    inner.append_child(&*element("p", "", sentence)?)?;
    if let Some(json) = recording_json() {
        let parts = Array::of1(&json.into());
        let options = web_sys::BlobPropertyBag::new();
        options.set_type("application/json");
        let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
        let link = element("a", "button primary", "Save the recording")?;
        link.set_attribute("href", &web_sys::Url::create_object_url_with_blob(&blob)?)?;
        link.set_attribute("download", "wavetank-recording.json")?;
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
