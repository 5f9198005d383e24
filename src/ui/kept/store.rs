//! The browser's storage of runs, and the other tabs: `static/kept.js`, in our own types.

use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = store)]
    async fn js_store(id: &str, record: &str, text: Option<&str>, seize: bool) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = records)]
    async fn js_records() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = text)]
    async fn js_text(id: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = remove)]
    async fn js_remove(id: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = elsewhere)]
    async fn js_elsewhere() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = hold)]
    async fn js_hold(id: &str, ms: u32) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = release)]
    fn js_release(id: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = tell)]
    fn js_tell() -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_namespace = wavetankKept, js_name = listen)]
    fn js_listen(callback: &JsValue) -> Result<(), JsValue>;
}

/// Why the storage did not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The browser lets the page store nothing, or its storage is broken.
    Denied,
    /// There is no room for more.
    Full,
    /// Another tab has stored this run since.
    Taken,
}

impl Trouble {
    fn of(error: &JsValue) -> Trouble {
        let name = js_sys::Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
        match name.as_deref() {
            Some("QuotaExceededError") => Trouble::Full,
            Some("Taken") => Trouble::Taken,
            _ => Trouble::Denied,
        }
    }

    /// What to say of it.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Trouble::Denied => {
                "This browser lets the page store nothing, so runs are not kept: save this one as a file before you close the tab."
            }
            Trouble::Full => {
                "The browser’s storage is full, so runs are not kept now: delete some that you no longer need (Runs), or save this one as a file."
            }
            Trouble::Taken => "Another tab shows this run now.",
        }
    }
}

/// Stores a run, with its text unless only the record has changed. With `seize` it becomes this page's; without,
/// a run that another page has stored since is left alone.
///
/// # Errors
/// See [`Trouble`].
pub async fn store(
    id: &str,
    record: &impl Serialize,
    text: Option<&str>,
    seize: bool,
) -> Result<(), Trouble> {
    let record = serde_json::to_string(record).unwrap_or_default();
    js_store(id, &record, text, seize).await.map(drop).map_err(|error| Trouble::of(&error))
}

/// The names and records (JSON) of all runs.
///
/// # Errors
/// See [`Trouble`].
pub async fn records() -> Result<Vec<(String, String)>, Trouble> {
    let all = js_records().await.map_err(|error| Trouble::of(&error))?;
    let pair = |pair: JsValue| {
        let pair = js_sys::Array::from(&pair);
        Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
    };
    Ok(js_sys::Array::from(&all).iter().filter_map(pair).collect())
}

/// The text of a run, if there is one.
///
/// # Errors
/// See [`Trouble`].
pub async fn text(id: &str) -> Result<Option<String>, Trouble> {
    js_text(id).await.map(|text| text.as_string()).map_err(|error| Trouble::of(&error))
}

/// Removes a run.
///
/// # Errors
/// See [`Trouble`].
pub async fn remove(id: &str) -> Result<(), Trouble> {
    js_remove(id).await.map(drop).map_err(|error| Trouble::of(&error))
}

/// The runs that other tabs show; none, where that can't be found out.
pub async fn elsewhere() -> Vec<String> {
    let all = js_elsewhere().await.unwrap_or_default();
    if !all.is_object() {
        return Vec::new();
    }
    js_sys::Array::from(&all).iter().filter_map(|id| id.as_string()).collect()
}

/// Holds a run for this tab. Whether no other tab has it; waits so long for one that is just going.
pub async fn hold(id: &str, ms: u32) -> bool {
    js_hold(id, ms).await.is_ok_and(|held| held != JsValue::FALSE)
}

/// Lets go of a run. Where nothing can be held, nothing has to be let go.
pub fn release(id: &str) {
    let _ = js_release(id);
}

/// Tells the other tabs that the list has changed. Where they can't be told, they read it when it is opened.
pub fn tell() {
    let _ = js_tell();
}

/// Calls back when another tab has changed the list; the one before is no longer called.
pub fn listen(callback: &JsValue) {
    let _ = js_listen(callback);
}
