//! The [`Journal`] of the run that is shown, in two places outside of this module's memory: an object of the
//! window, which is there after a panic, and the local storage, which is there after the tab has gone.
//! **Each action is in both before it is done.** Nothing here waits for anything.

use crate::sim::Action;
use crate::timeline::{Document, Journal, Moment, Stamp, Stamped};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The object of the window: `id`, `line` (the number of the last line), `document` (the whole run when it
/// began or when its branches last changed, as text), `actions` since (texts), `atUs`, `k`, `events` (the moment).
const PLACE: &str = "__wavetank_run";
/// Before the keys in local storage. Then come the run's name, a dot, and `whole`, `moment` or a line's number.
const KEYS: &str = "wavetank.journal.";

fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn set(of: &JsValue, name: &str, value: impl Into<JsValue>) {
    // A window that refuses properties keeps nothing; the page runs all the same.
    let _ = Reflect::set(of, &name.into(), &value.into());
}

fn place() -> Option<JsValue> {
    Some(get(web_sys::window()?.as_ref(), PLACE)).filter(JsValue::is_object)
}

fn number(of: &JsValue, name: &str) -> u64 {
    get(of, name).as_f64().unwrap_or_default() as u64
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// Writes a line into local storage. Whether it is there now.
fn write(id: &str, what: &str, text: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(&format!("{KEYS}{id}.{what}"), text).is_ok())
}

/// Another run is shown. `line` is the number of the last line that its stored form contains; a run that is
/// not `stored` as it is now is noted as a whole.
pub fn begin(id: &str, document: &Document, line: u64, stored: bool) {
    let Some(window) = web_sys::window() else { return };
    let kept = Object::new();
    set(&kept, "id", id);
    set(&kept, "line", line as f64);
    set(window.as_ref(), PLACE, &kept);
    put_whole(&kept, document);
    if !stored {
        note_whole(&kept);
    }
    let end = document.branch().map(|branch| branch.recording.end).unwrap_or_default();
    passed(end, document.open.events.unwrap_or_default());
}

/// The branches of the run have changed, or another one of them is shown.
pub fn change(document: &Document) {
    let Some(kept) = place() else { return };
    put_whole(&kept, document);
    note_whole(&kept);
}

fn put_whole(kept: &JsValue, document: &Document) {
    set(kept, "document", serde_json::to_string(document).unwrap_or_default());
    set(kept, "actions", Array::new());
}

fn note_whole(kept: &JsValue) {
    let line = number(kept, "line") + 1;
    set(kept, "line", line as f64);
    let (id, text) = (id(), get(kept, "document").as_string().unwrap_or_default());
    if !write(&id, "whole", &format!("{line} {text}")) {
        // Without room for the run, at least it is known that what follows belongs to another one.
        write(&id, "whole", &line.to_string());
    }
}

/// The run that is shown.
#[must_use]
pub fn id() -> String {
    place().and_then(|kept| get(&kept, "id").as_string()).unwrap_or_default()
}

/// The number of the last line.
#[must_use]
pub fn line() -> u64 {
    place().map_or(0, |kept| number(&kept, "line"))
}

/// Something is about to be done.
pub fn note(when: Stamp, action: &Action) {
    let Some(kept) = place() else { return };
    let line = number(&kept, "line") + 1;
    set(&kept, "line", line as f64);
    let text = serde_json::to_string(&Stamped { when, action: action.clone() }).unwrap_or_default();
    write(&id(), &line.to_string(), &text);
    if let Ok(actions) = get(&kept, "actions").dyn_into::<Array>() {
        actions.push(&text.into());
    }
    set(&kept, "atUs", when.at_us as f64);
    set(&kept, "k", when.k);
}

/// This moment is shown.
pub fn passed(at: Stamp, events: u64) {
    let Some(kept) = place() else { return };
    set(&kept, "atUs", at.at_us as f64);
    set(&kept, "k", at.k);
    set(&kept, "events", events as f64);
}

/// The moment that is shown.
#[must_use]
pub fn moment() -> Moment {
    place().map_or(Moment::default(), |kept| moment_of(&kept))
}

fn moment_of(kept: &JsValue) -> Moment {
    let at = Stamp { at_us: number(kept, "atUs"), k: number(kept, "k") as u32 };
    Moment { at, events: number(kept, "events") }
}

/// Writes the moment into local storage.
pub fn note_moment() {
    let Some(kept) = place() else { return };
    if let Ok(text) = serde_json::to_string(&(number(&kept, "line"), moment_of(&kept))) {
        write(&id(), "moment", &text);
    }
}

/// The run that is shown, as it was last noted. It is whole: nothing stored is needed.
#[must_use]
pub fn document() -> Option<Document> {
    let kept = place()?;
    let texts = get(&kept, "actions").dyn_into::<Array>().ok()?;
    let actions = texts.iter().filter_map(|text| serde_json::from_str(&text.as_string()?).ok());
    let journal = Journal {
        whole: Some((1, get(&kept, "document").as_string())),
        actions: (2..).zip(actions).collect(),
        moment: Some((u64::MAX - 1, moment_of(&kept))),
    };
    Some(journal.applied_to(None)?.0)
}

// What is in local storage, of this run and of others.

/// The keys of a run, without what they have in common.
fn keys(id: &str) -> Vec<String> {
    let prefix = format!("{KEYS}{id}.");
    all_keys().filter_map(|key| key.strip_prefix(&prefix).map(str::to_owned)).collect()
}

fn all_keys() -> impl Iterator<Item = String> {
    let storage = storage();
    let count = storage.as_ref().and_then(|storage| storage.length().ok()).unwrap_or(0);
    (0..count).filter_map(move |n| storage.as_ref()?.key(n).ok()?)
}

/// The runs of which there are lines.
#[must_use]
pub fn runs() -> Vec<String> {
    let id = |key: String| Some(key.strip_prefix(KEYS)?.rsplit_once('.')?.0.to_owned());
    let mut runs: Vec<String> = all_keys().filter_map(id).collect();
    runs.sort();
    runs.dedup();
    runs
}

/// The lines of a run.
#[must_use]
pub fn read(id: &str) -> Journal {
    let mut journal = Journal::default();
    let text = |what: &str| storage()?.get_item(&format!("{KEYS}{id}.{what}")).ok()?;
    for key in keys(id) {
        let Some(text) = text(&key) else { continue };
        match (key.as_str(), key.parse()) {
            ("whole", _) => {
                let (line, whole) = text.split_once(' ').unwrap_or((&text, ""));
                let whole = (!whole.is_empty()).then(|| whole.to_owned());
                journal.whole = line.parse().ok().map(|line| (line, whole));
            }
            ("moment", _) => journal.moment = serde_json::from_str(&text).ok(),
            (_, Ok(line)) => journal.actions.extend(serde_json::from_str(&text).ok().map(|it| (line, it))),
            _ => {}
        }
    }
    journal.actions.sort_by_key(|(line, _)| *line);
    journal
}

/// The run is stored up to this line: the lines up to it have done their work.
pub fn settle(id: &str, line: u64) {
    let whole = read(id).whole;
    for key in keys(id) {
        let number = match key.as_str() {
            "moment" => continue,
            "whole" => whole.as_ref().map(|(line, _)| *line),
            number => number.parse().ok(),
        };
        if number.is_none_or(|number| number <= line) {
            forget_line(id, &key);
        }
    }
}

/// The run is stored as a whole, or nobody wants it: its lines have done their work.
pub fn forget(id: &str) {
    keys(id).iter().for_each(|key| forget_line(id, key));
}

fn forget_line(id: &str, key: &str) {
    if let Some(storage) = storage() {
        // What can't be removed is ignored by its number.
        let _ = storage.remove_item(&format!("{KEYS}{id}.{key}"));
    }
}
