//! A tab goes on with the run that it showed: after a reload, after a crash, in a duplicated tab.

use super::store::Trouble;
use super::{Shown, journal, name_of_copy, new_id, now_ms, store, with};
use crate::timeline::shelf::Record;
use crate::timeline::{Document, DocumentError};
use crate::ui::later::later;
use crate::ui::tank::{Tank, Tone};
use wasm_bindgen_futures::spawn_local;

/// Where a tab remembers its run: the run's name, a space, and the address at that time.
const SESSION: &str = "wavetank.tab";
/// How often in a row the run could not be shown.
const TRIES: &str = "wavetank.tries";
/// So often it is tried.
const TRIES_MAX: u32 = 2;
/// How long one waits for another tab that may be just going (this very tab, when it is reloaded), in
/// milliseconds.
const PATIENCE_MS: u32 = 700;

/// How long it is said that a run goes on, in milliseconds.
const SAID_MS: i32 = 8000;

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

fn write(key: &str, value: &str) {
    if let Some(storage) = storage() {
        // A tab that remembers nothing begins anew; its run is in the list.
        let _ = storage.set_item(key, value);
    }
}

/// What of the page's address says which run is wanted.
fn address() -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |part: Option<String>| part.unwrap_or_default();
    let search = part(location.as_ref().and_then(|location| location.search().ok()));
    search + &part(location.as_ref().and_then(|location| location.hash().ok()))
}

/// Remembers which run this tab shows, and at which address.
pub(super) fn note_session() {
    write(SESSION, &format!("{} {}", journal::id(), address()));
}

/// The page has changed its address itself: it still belongs to the run that is shown.
pub fn address_is_ours() {
    note_session();
}

/// The run that this tab showed, unless its address asks for another one now.
#[must_use]
pub fn session() -> Option<String> {
    let noted = read(SESSION)?;
    let (id, address_then) = noted.split_once(' ')?;
    let now = address();
    // What a failed page links to is the page without what follows the `#`.
    let after_failure = tries() > 0 && address_then.split('#').next() == Some(now.as_str());
    (!id.is_empty() && (address_then == now || after_failure)).then(|| id.to_owned())
}

/// Another failure of the run that is shown.
pub fn note_failure() {
    // Of the moment as well, which nobody notes from now on.
    journal::note_moment();
    write(TRIES, &(tries() + 1).to_string());
}

/// The run is shown, and runs.
pub fn note_success() {
    write(TRIES, "0");
}

fn tries() -> u32 {
    read(TRIES).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A run to go on with.
pub struct Resumed {
    /// The run.
    pub document: Document,
    /// What to say when it is shown.
    pub sentence: String,
}

/// Finds the run that this tab showed. The next run that is shown is taken for it.
///
/// # Errors
/// A sentence that says why there is none.
pub async fn resume(id: String) -> Result<Resumed, String> {
    if tries() >= TRIES_MAX {
        note_success();
        return Err(
            "The run that this tab showed failed again when it was opened, so here is a new one. The other \
                    one is in the list (Runs): it can be saved as a file from there."
                .into(),
        );
    }
    note_failure();
    let free = store::hold(&id, PATIENCE_MS).await;
    let loaded = load(&id).await.map_err(|why| match why {
        Unread::Trouble(trouble) => trouble.sentence().to_owned(),
        Unread::Gone => "The run that this tab showed is no longer in the browser’s storage.".to_owned(),
        Unread::Text(why) => format!("The run that this tab showed can’t be opened again. {why}"),
    })?;
    Ok(if free { own(id, loaded).await } else { copy(loaded) })
}

/// The tab's own run.
pub(super) async fn own(id: String, loaded: Loaded) -> Resumed {
    let Loaded { mut record, document, as_stored } = loaded;
    let text = (!as_stored).then(|| serde_json::to_string(&document).unwrap_or_default());
    if let Some(text) = &text {
        record.describe(&document, text);
    }
    // From now on it is this load of the page that stores it.
    let stored = store::store(&id, &record, text.as_deref(), true).await.is_ok();
    let sentence = "This tab goes on with its run, paused where it was.".to_owned();
    with(|keeper| keeper.next.replace(Some(Shown { id, record, stored, copied: false })));
    Resumed { document, sentence }
}

/// A copy of a run that another tab shows.
pub(super) fn copy(loaded: Loaded) -> Resumed {
    let Loaded { record, mut document, .. } = loaded;
    let name = name_of_copy(&record.title(), &[]);
    document.name.clone_from(&name);
    let sentence = format!("Another tab shows this run, so this tab goes on with a copy of it, “{name}”.");
    let record = Record { name, kept: false, began_ms: now_ms(), line: 0, ..record };
    with(|keeper| keeper.next.replace(Some(Shown { id: new_id(), record, stored: false, copied: true })));
    Resumed { document, sentence }
}

/// Why a run can't be had.
pub(super) enum Unread {
    /// The storage.
    Trouble(Trouble),
    /// It is not there.
    Gone,
    /// It is there, and can't be read.
    Text(DocumentError),
}

/// A kept run, brought up to date by its journal.
pub(super) struct Loaded {
    /// What the list says of it.
    pub record: Record,
    /// The run.
    pub document: Document,
    /// Whether the journal had nothing that is not in the storage.
    pub as_stored: bool,
}

/// Reads a kept run.
pub(super) async fn load(id: &str) -> Result<Loaded, Unread> {
    let all = store::records().await.map_err(Unread::Trouble)?;
    let json = all.into_iter().find(|(other, _)| other == id).map(|(_, json)| json);
    let mut record: Record = json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    let text = store::text(id).await.map_err(Unread::Trouble)?;
    let stored = match &text {
        Some(text) => Some((Document::from_text(text).map_err(Unread::Text)?, record.line)),
        None => None,
    };
    let (document, line) = journal::read(id).applied_to(stored.clone()).ok_or(Unread::Gone)?;
    let as_stored =
        stored.is_some_and(|(stored, known)| known == line && stored.branches == document.branches);
    record.line = line;
    Ok(Loaded { record, document, as_stored })
}

/// Runs of tabs that have gone in the middle of something: their journals are put into their runs.
pub(super) fn take_in_orphans() {
    spawn_local(async {
        let elsewhere = store::elsewhere().await;
        for id in journal::runs() {
            if id != journal::id() && !elsewhere.contains(&id) && store::hold(&id, 0).await {
                take_in(&id).await;
                store::release(&id);
            }
        }
    });
}

async fn take_in(id: &str) {
    match load(id).await {
        Ok(Loaded { mut record, document, .. }) => {
            let text = serde_json::to_string(&document).unwrap_or_default();
            record.describe(&document, &text);
            record.stored_ms = if record.stored_ms == 0 { now_ms() } else { record.stored_ms };
            record.began_ms = if record.began_ms == 0 { record.stored_ms } else { record.began_ms };
            if store::store(id, &record, Some(&text), true).await.is_ok() {
                journal::forget(id);
            }
        }
        // Lines that belong to no run.
        Err(Unread::Gone) => journal::forget(id),
        // Perhaps another time, or another version of the page.
        Err(_) => {}
    }
}

/// Shows a run that goes on, paused where it was. If it can't be shown, says so, and begins a new one of the
/// same setup.
#[must_use]
pub fn go_on(resumed: Resumed) -> Option<Tank> {
    let Resumed { document, sentence } = resumed;
    let next = with(|keeper| keeper.next.take());
    let recording = &document.branch()?.recording;
    let tank = Tank::new(&recording.setup, recording.start.clone()).ok()?;
    with(|keeper| keeper.next.replace(next));
    match super::show(&tank, &document) {
        Ok(()) => say_for_a_while(&tank, sentence),
        Err(why) => tank.notify(Tone::Trouble, why),
    }
    with(|keeper| keeper.next.take());
    Some(tank)
}

/// Says something that is of no interest for long.
fn say_for_a_while(tank: &Tank, sentence: String) {
    tank.notify(Tone::Note, sentence.clone());
    let tank = tank.clone();
    let over = later(SAID_MS, move || {
        if let Some(notice) = tank.notices().iter().find(|notice| notice.text == sentence) {
            tank.dismiss(notice.id);
        }
    });
    with(|keeper| keeper.said.replace(Some(over)));
}
