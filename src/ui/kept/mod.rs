//! Every run is kept as it goes.
//!
//! | where | what | when |
//! |---|---|---|
//! | an object of the window, and local storage (`journal`) | each action | before it is done |
//! | | the moment | every second, and when the page is left or hidden |
//! | IndexedDB (`store`) | the whole run | a moment after each action, every so many seconds while time goes by, when the page is left |
//!
//! **So a tab that crashes loses no action, and of time at most a second, which a replay plays again.** What a
//! browser has not yet written to the disk when the machine loses its power is the browser's.
//!
//! A run is shown by one tab at a time (`static/kept.js`); another tab that wants it gets a copy. Whatever tabs
//! do, no tab overwrites what another has stored: that is looked at within the transaction that stores.
//!
//! A run of an earlier meaning is *protected* until it is known to run as it did: nothing is stored in its place
//! and nothing noted; whoever goes on with it goes on in a copy.

mod journal;
mod list;
mod resume;
mod shelf;
mod store;

pub use list::RunsDialog;
pub use resume::{Resumed, address_is_ours, go_on, note_failure, resume, session};
pub use shelf::add_files;

use super::later::{Later, later};
use super::tank::{Tank, Tone};
use crate::sim::Action;
use crate::timeline::shelf::{Record, name_of_copy, surplus};
use crate::timeline::{Document, Opening, SEMANTICS, Stamp};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use store::Trouble;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use yew::Callback;

/// How long after an action the run is stored, in milliseconds: several actions at once are stored once.
const SOON_MS: i32 = 100;
/// How often the moment is noted, in milliseconds.
const TICK_MS: i32 = 1000;
/// After so many ticks in which time went by, the run is stored as a whole.
const TICKS_MAX: u32 = 15;
/// How many of the runs that this tab has left it can go back to.
const LEFT_MAX: usize = 12;

/// The run that is shown, as far as it is kept.
#[derive(Clone, Debug, Default)]
struct Shown {
    id: String,
    /// What it is called, when it began, and whether it stays: the rest of it follows from the run.
    record: Record,
    /// Whether it is in the storage.
    stored: bool,
    /// Whether it is a copy, which needs no protection: the run that it was copied from is there.
    copied: bool,
}

#[derive(Default)]
struct Keeper {
    shown: RefCell<Shown>,
    /// The run that is about to be shown, when it is one that is kept already.
    next: RefCell<Option<Shown>>,
    /// Runs that this tab has left, the last one first.
    left: RefCell<VecDeque<Shown>>,
    soon: RefCell<Option<Later>>,
    storing: Cell<bool>,
    /// Whether the branch that is shown is of an earlier meaning, and not taken over.
    protected: Cell<bool>,
    /// What could not be done when something was last stored.
    trouble: Cell<Option<Trouble>>,
    /// Whether it was said that runs made room.
    told_of_room: Cell<bool>,
    /// What was stored last: the number of the line, and the time of the moment.
    stored_at: Cell<(u64, u64)>,
    ticks: Cell<u32>,
    shown_well: RefCell<Option<Later>>,
    said: RefCell<Option<Later>>,
    /// Runs that were deleted in this tab, so that they can be brought back; the last one last.
    deleted: RefCell<Vec<shelf::Deleted>>,
    /// Who wants to hear what came of files, while the list is open.
    list: RefCell<Option<Callback<shelf::Said>>>,
}

thread_local! {
    static KEEPER: Keeper = Keeper::default();
}

fn with<T>(look: impl FnOnce(&Keeper) -> T) -> T {
    KEEPER.with(look)
}

fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// A name that no other run has.
fn new_id() -> String {
    let chance = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("{:x}-{chance:08x}", now_ms())
}

// What the tank tells.

/// Another run is shown from now on. The one before is kept.
pub fn begin(document: &Document) {
    leave();
    let record = || Record { began_ms: now_ms(), ..Record::default() };
    let fresh = || Shown { id: new_id(), record: record(), ..Shown::default() };
    let shown = with(|keeper| keeper.next.take()).unwrap_or_else(fresh);
    journal::begin(&shown.id, document, shown.record.line, shown.stored);
    hold(shown.id.clone());
    let own = document.branch().is_none_or(|branch| branch.recording.semantics == SEMANTICS);
    with(|keeper| {
        keeper.protected.set(!own && !shown.copied);
        keeper.left.borrow_mut().retain(|left| left.id != shown.id);
        keeper.shown.replace(shown);
    });
    resume::note_session();
    store_soon();
}

/// The branch that is shown from now on is of an earlier meaning, or not.
pub fn protect(earlier: bool) {
    with(|keeper| keeper.protected.set(earlier && !keeper.shown.borrow().copied));
}

/// Whether the branch that is shown is of an earlier meaning, and neither taken over nor in a copy.
#[must_use]
pub fn is_protected() -> bool {
    with(|keeper| keeper.protected.get())
}

/// The branch that is shown runs as it did where it was made.
pub fn take_over() {
    if with(|keeper| keeper.protected.replace(false)) {
        store_soon();
    }
}

/// If the run is protected: it stays as it is, and what is done from now on is done in a copy.
pub fn go_on_in_copy() {
    let (Some(tank), true) = (Tank::page(), is_protected()) else { return };
    let (document, line) = (journal::document(), journal::line());
    let mut shown = with(|keeper| keeper.shown.borrow().clone());
    if let Some(document) = document.filter(|_| !is_settled(&shown)) {
        shown.record.describe(&document, "");
        let mut old = shown.clone();
        spawn_local(async move {
            if put(&mut old, &document, line).await.is_ok() {
                journal::forget(&old.id);
            }
            store::release(&old.id);
        });
    } else {
        journal::forget(&shown.id);
        store::release(&shown.id);
    }
    tank.go_on_here();
    copy_of(&tank, shown, |name| {
        format!(
            "The run stays in the list (Runs) as an earlier version made it. This goes on in a copy, “{name}”."
        )
    });
}

/// Whether the storage has everything that was noted of a run.
fn is_settled(shown: &Shown) -> bool {
    shown.stored && shown.record.line == journal::line()
}

/// The same run has other branches from now on, or shows another one. Comes before what is then done in it.
pub fn change(document: &Document) {
    journal::change(document);
    store_soon();
}

/// Something is about to be done in the run.
pub fn note(when: Stamp, action: &Action) {
    journal::note(when, action);
    store_soon();
}

/// This moment of the run is shown.
pub fn passed(at: Stamp, events: u64) {
    if is_protected() {
        return;
    }
    journal::passed(at, events);
}

/// What the run that is shown is called in the storage.
#[must_use]
pub fn id() -> String {
    journal::id()
}

/// The run that is shown next is one that this tab has shown before.
pub fn again(id: &str) {
    let left = with(|keeper| keeper.left.borrow().iter().find(|left| left.id == id).cloned());
    if let Some(left) = left {
        with(|keeper| keeper.next.replace(Some(left)));
    }
}

/// The run that is shown, as it was last noted, as JSON: for when nothing else is to be had.
#[must_use]
pub fn document_json() -> Option<String> {
    journal::document().map(|document| document.to_json())
}

/// The run that was shown gives way to another one.
fn leave() {
    let shown = with(|keeper| keeper.shown.take());
    let untouchable = with(|keeper| keeper.protected.take()) && is_settled(&shown);
    let Some(document) = journal::document().filter(|_| !shown.id.is_empty()) else { return };
    let untouched = document.branches.iter().all(|branch| branch.recording.actions.is_empty());
    if untouched && !shown.stored && journal::moment().at == Stamp::default() {
        // Nothing ever happened in it.
        journal::forget(&shown.id);
        return store::release(&shown.id);
    }
    let line = journal::line();
    with(|keeper| {
        let mut all = keeper.left.borrow_mut();
        let record = Record { line, ..shown.record.clone() };
        // Its journal begins anew when it is shown again: the storage may not have it by then.
        all.push_front(Shown { record, stored: untouchable, ..shown.clone() });
        all.truncate(LEFT_MAX);
    });
    if untouchable {
        journal::forget(&shown.id);
        return store::release(&shown.id);
    }
    spawn_local(async move {
        let mut shown = shown;
        let stored = put(&mut shown, &document, line).await.is_ok();
        // Meanwhile it may be shown again.
        if journal::id() != shown.id {
            if stored {
                journal::forget(&shown.id);
            }
            store::release(&shown.id);
        }
    });
}

/// Holds a run that nobody else can have, or that was held before.
fn hold(id: String) {
    spawn_local(async move {
        store::hold(&id, 0).await;
    });
}

// Storing.

/// Notes the moment that is shown.
fn note_moment() {
    if is_protected() {
        return;
    }
    if let Some(tank) = Tank::page() {
        let (at, events) = tank.with(|run| (run.stamp(), run.world().events()));
        journal::passed(at, events);
    }
    journal::note_moment();
}

/// Shows another run, where it was left, paused.
fn show(tank: &Tank, document: &Document) -> Result<(), String> {
    let open = Opening { playing: false, ..document.open };
    tank.open_document(&Document { open, ..document.clone() }).map_err(|why| why.to_string())
}

/// Starts to keep the tank's run.
pub fn install() {
    forever("pagehide", store_at_once);
    forever("visibilitychange", store_at_once);
    let function = Closure::<dyn Fn()>::new(tick).into_js_value();
    if let Some(window) = web_sys::window() {
        // Without it the moment is noted with the actions.
        let _ =
            window.set_interval_with_callback_and_timeout_and_arguments_0(function.unchecked_ref(), TICK_MS);
    }
    resume::take_in_orphans();
    // The run is shown, and runs: a failure from now on is the first one.
    with(|keeper| keeper.shown_well.replace(Some(later(SOON_MS, resume::note_success))));
}

/// Waits so many milliseconds.
async fn wait(ms: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            // A page that has no time any more waits for ever, which is as well.
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
        }
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// Listens for as long as the page lives.
fn forever(event: &str, callback: fn()) {
    let target = web_sys::window().and_then(|window| window.document());
    let window: Option<web_sys::EventTarget> = match (event, target) {
        ("visibilitychange", Some(document)) => Some(document.into()),
        _ => web_sys::window().map(Into::into),
    };
    let function = Closure::<dyn Fn()>::new(callback).into_js_value();
    if let Some(target) = window {
        // Without it, the ticks do.
        let _ = target.add_event_listener_with_callback(event, function.unchecked_ref());
    }
}

fn tick() {
    if super::outside::has_failed() {
        return;
    }
    note_moment();
    resume::note_session();
    let (line, at_us) = with(|keeper| keeper.stored_at.get());
    let went_on = journal::moment().at.at_us != at_us;
    let ticks = with(|keeper| keeper.ticks.get()) + 1;
    with(|keeper| keeper.ticks.set(ticks));
    if journal::line() != line || went_on && ticks >= TICKS_MAX {
        store_soon();
    }
}

fn store_soon() {
    with(|keeper| {
        let mut soon = keeper.soon.borrow_mut();
        if soon.as_ref().is_none_or(Later::is_over) {
            *soon = Some(later(SOON_MS, || spawn_local(store_now())));
        }
    });
}

/// The page is being hidden or left: what can be done at once is done at once.
fn store_at_once() {
    if super::outside::has_failed() {
        return;
    }
    note_moment();
    resume::note_session();
    spawn_local(store_now());
}

/// Stores the run that is shown, once what is being stored now is.
async fn store_now() {
    while with(|keeper| keeper.storing.get()) {
        wait(20).await;
    }
    if super::outside::has_failed() {
        return;
    }
    with(|keeper| keeper.storing.set(true));
    note_moment();
    let line = journal::line();
    let at_us = journal::moment().at.at_us;
    let mut shown = with(|keeper| keeper.shown.borrow().clone());
    let document = Tank::page().map(|tank| tank.document()).or_else(journal::document);
    let untouchable = is_protected() && is_settled(&shown);
    if let Some(document) = document.filter(|_| !shown.id.is_empty() && !untouchable) {
        let new = !shown.stored;
        let result = put(&mut shown, &document, line).await;
        with(|keeper| {
            keeper.stored_at.set((line, at_us));
            keeper.ticks.set(0);
            let mut now = keeper.shown.borrow_mut();
            if now.id == shown.id && result.is_ok() {
                now.stored = true;
                now.record = Record { kept: now.record.kept, ..shown.record.clone() };
            }
        });
        match result {
            Ok(()) if new => make_room().await,
            Ok(()) => {}
            Err(Trouble::Taken) => become_copy(),
            Err(_) => {}
        }
        say(result.err());
    }
    with(|keeper| keeper.storing.set(false));
    if journal::line() != line && with(|keeper| keeper.trouble.get()).is_none() {
        store_soon();
    }
}

/// Stores a run, and lets go of the lines of its journal that it now contains.
async fn put(shown: &mut Shown, document: &Document, line: u64) -> Result<(), Trouble> {
    let text = serde_json::to_string(document).unwrap_or_default();
    shown.record.describe(document, &text);
    shown.record.line = line;
    shown.record.stored_ms = now_ms();
    let mut result = store::store(&shown.id, &shown.record, Some(&text), false).await;
    if result == Err(Trouble::Full) && free(u64::max(text.len() as u64, 1 << 20)).await {
        result = store::store(&shown.id, &shown.record, Some(&text), false).await;
    }
    if result.is_ok() {
        journal::settle(&shown.id, line);
    }
    result
}

/// Says once what is the matter with the storage.
fn say(trouble: Option<Trouble>) {
    let before = with(|keeper| keeper.trouble.replace(trouble));
    if let (Some(trouble), Some(tank)) = (trouble.filter(|it| before != Some(*it)), Tank::page())
        && trouble != Trouble::Taken
    {
        tank.notify(Tone::Note, trouble.sentence());
    }
}

/// Another tab has taken this run over: what is done here goes on in a copy.
fn become_copy() {
    let Some(tank) = Tank::page() else { return };
    let shown = with(|keeper| keeper.shown.borrow().clone());
    store::release(&shown.id);
    journal::forget(&shown.id);
    copy_of(&tank, shown, |name| {
        format!("Another tab has gone on with this run, so this tab goes on with a copy of it, “{name}”.")
    });
}

/// What is shown is a copy of that run from now on; `text` says so, with the copy's name.
fn copy_of(tank: &Tank, shown: Shown, text: impl FnOnce(&str) -> String) {
    let mut document = tank.document();
    let name = name_of_copy(&shown.record.title(), &[]);
    let text = text(&name);
    document.name.clone_from(&name);
    let record = Record { kept: false, line: 0, ..shown.record };
    let copied = shown.copied || with(|keeper| keeper.protected.take());
    let copy = Shown { id: new_id(), record, stored: false, copied };
    journal::begin(&copy.id, &document, 0, false);
    hold(copy.id.clone());
    with(|keeper| keeper.shown.replace(copy));
    resume::note_session();
    tank.set_name(&name);
    tank.notify(Tone::Note, text);
    store_soon();
}

/// All runs that can be read, with their names.
async fn runs() -> Result<Vec<(String, Record)>, Trouble> {
    let read = |(id, json): (String, String)| (id, serde_json::from_str(&json).unwrap_or_default());
    Ok(store::records().await?.into_iter().map(read).collect())
}

/// The runs that must not make room: they are shown, here or in another tab.
async fn spared() -> Vec<String> {
    let mut spared = store::elsewhere().await;
    spared.push(journal::id());
    spared
}

/// The oldest runs that nobody named make room, if there are too many.
async fn make_room() {
    let Ok(runs) = runs().await else { return };
    let go = surplus(&runs, &spared().await);
    let touched = runs.iter().any(|(id, record)| go.contains(id) && !record.is_untouched());
    for id in &go {
        // What does not go now goes with the next one.
        let _ = store::remove(id).await;
        journal::forget(id);
    }
    store::tell();
    if touched && !with(|keeper| keeper.told_of_room.replace(true)) {
        let text = "The oldest runs without a name have made room for new ones. Give a run a name (Runs), and it stays.";
        if let Some(tank) = Tank::page() {
            tank.notify(Tone::Note, text);
        }
    }
}

/// The browser has no room: the oldest runs that nobody named go until there should be so many bytes.
/// Whether any did.
async fn free(bytes: u64) -> bool {
    let Ok(mut runs) = runs().await else { return false };
    let spared = spared().await;
    runs.retain(|(id, record)| !record.kept && !spared.contains(id));
    runs.sort_by_key(|(_, record)| record.stored_ms);
    let mut freed = 0;
    for (id, record) in runs {
        if freed >= bytes || store::remove(&id).await.is_err() {
            break;
        }
        journal::forget(&id);
        freed += record.bytes;
    }
    freed > 0
}
