//! What can be done with kept runs: open, rename, copy, delete and bring back, save as a file, add from files.

use super::resume::{Loaded, Unread, load};
use super::store::{self, Trouble};
use super::{Shown, journal, name_of_copy, new_id, now_ms, show, store_now, with};
use crate::timeline::shelf::Record;
use crate::timeline::{DOCUMENT, Document, NAME_MAX, TEXT_MAX};
use crate::ui::run_control;
use crate::ui::tank::{Tank, Tone};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;

/// Where a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this tab.
    Here,
    /// In another tab.
    Elsewhere,
    /// In none.
    Nowhere,
}

/// A run of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name in the storage.
    pub id: String,
    /// What is said of it.
    pub record: Record,
    /// Where it is shown.
    pub place: Place,
    /// Why it can't be read, if it can't.
    pub broken: Option<String>,
}

/// All kept runs, the latest first.
///
/// # Errors
/// See [`Trouble`].
pub async fn entries() -> Result<Vec<Entry>, Trouble> {
    store_now().await;
    let elsewhere = store::elsewhere().await;
    let mut entries = Vec::new();
    for (id, json) in store::records().await? {
        let place = if id == journal::id() {
            Place::Here
        } else if elsewhere.contains(&id) {
            Place::Elsewhere
        } else {
            Place::Nowhere
        };
        let record: Record = serde_json::from_str(&json).unwrap_or_default();
        // A run of this version was whole when it was stored. Of others nobody knows before they are read.
        let broken = if record.version == DOCUMENT { None } else { why_broken(&id).await? };
        entries.push(Entry { id, record, place, broken });
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.record.stored_ms));
    Ok(entries)
}

async fn why_broken(id: &str) -> Result<Option<String>, Trouble> {
    let text = store::text(id).await?.unwrap_or_default();
    Ok(Document::from_text(&text).err().map(|why| why.to_string()))
}

/// Reads a run that something is to be done with.
async fn read(id: &str) -> Result<Loaded, String> {
    load(id).await.map_err(|why| match why {
        Unread::Trouble(trouble) => trouble.sentence().to_owned(),
        Unread::Gone => "This run is no longer there: another tab may have deleted it.".to_owned(),
        Unread::Text(why) => why.to_string(),
    })
}

/// Shows a kept run; a copy of it, if another tab shows it.
///
/// # Errors
/// A sentence that says why it can't be shown; what was shown stays.
pub async fn open(tank: &Tank, id: &str) -> Result<(), String> {
    if id == journal::id() {
        return Ok(());
    }
    let free = store::hold(id, 0).await;
    let shown = match read(id).await {
        Ok(loaded) => {
            let resumed = if free {
                super::resume::own(id.to_owned(), loaded).await
            } else {
                super::resume::copy(loaded)
            };
            let shown = show(tank, &resumed.document);
            if shown.is_ok() && !free {
                tank.notify(Tone::Note, resumed.sentence);
            }
            shown
        }
        Err(why) => Err(why),
    };
    if shown.is_err() {
        with(|keeper| keeper.next.take());
        if free {
            store::release(id);
        }
    }
    shown
}

/// A name as it can stand in a document.
fn clipped(name: &str) -> String {
    name.trim().chars().take(NAME_MAX).collect()
}

/// Names a run. Without a name it is again one of those that make room.
///
/// # Errors
/// A sentence that says why not.
pub async fn rename(tank: &Tank, id: &str, name: &str) -> Result<(), String> {
    let name = clipped(name);
    let sentence = |trouble: Trouble| trouble.sentence().to_owned();
    if id == journal::id() {
        with(|keeper| keeper.shown.borrow_mut().record.kept = !name.is_empty());
        tank.set_name(&name);
        store_now().await;
        return with(|keeper| keeper.trouble.get()).map_or(Ok(()), |trouble| Err(sentence(trouble)));
    }
    let Loaded { mut record, mut document, .. } = read(id).await?;
    record.kept = !name.is_empty();
    document.name = name;
    put(id, record, &document).await.map_err(sentence)
}

/// Stores a run that no tab shows.
async fn put(id: &str, mut record: Record, document: &Document) -> Result<(), Trouble> {
    let text = serde_json::to_string(document).unwrap_or_default();
    record.describe(document, &text);
    store::store(id, &record, Some(&text), true).await?;
    journal::settle(id, record.line);
    store::tell();
    Ok(())
}

/// Makes a copy of a run, next to it.
///
/// # Errors
/// A sentence that says why not.
pub async fn duplicate(id: &str, taken: &[String]) -> Result<(), String> {
    let Loaded { record, mut document, .. } = read(id).await?;
    document.name = name_of_copy(&record.title(), taken);
    let now = now_ms();
    let record = Record { kept: true, began_ms: now, stored_ms: now, line: 0, ..record };
    put(&new_id(), record, &document).await.map_err(|trouble| trouble.sentence().to_owned())
}

/// A run that was deleted, so that it can be brought back.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    id: String,
    record: serde_json::Value,
    text: String,
    /// What it was called.
    pub title: String,
}

/// Deletes a run.
///
/// # Errors
/// A sentence that says why not.
pub async fn delete(id: &str, title: String) -> Result<Deleted, String> {
    let sentence = |trouble: Trouble| trouble.sentence().to_owned();
    let all = store::records().await.map_err(sentence)?;
    let json = all.into_iter().find(|(other, _)| other == id).map(|(_, json)| json).unwrap_or_default();
    let text = store::text(id).await.map_err(sentence)?.unwrap_or_default();
    store::remove(id).await.map_err(sentence)?;
    journal::forget(id);
    store::tell();
    Ok(Deleted { id: id.to_owned(), record: serde_json::from_str(&json).unwrap_or_default(), text, title })
}

/// Brings a deleted run back, as it was.
///
/// # Errors
/// A sentence that says why not.
pub async fn bring_back(deleted: &Deleted) -> Result<(), String> {
    let result = store::store(&deleted.id, &deleted.record, Some(&deleted.text), true).await;
    store::tell();
    result.map_err(|trouble| trouble.sentence().to_owned())
}

/// Hands a run to the person as a file; one that can't be read, just as it is stored.
///
/// # Errors
/// A sentence that says why not.
pub async fn export(id: &str, title: &str) -> Result<(), String> {
    let text = match load(id).await {
        Ok(loaded) => loaded.document.to_json(),
        Err(Unread::Text(_)) => {
            store::text(id).await.map_err(|trouble| trouble.sentence().to_owned())?.unwrap_or_default()
        }
        Err(Unread::Trouble(trouble)) => return Err(trouble.sentence().to_owned()),
        Err(Unread::Gone) => {
            return Err("This run is no longer there: another tab may have deleted it.".into());
        }
    };
    run_control::offer(&text, &file_name(title))
        .map_err(|_| "The browser did not take the file: allow downloads and try again.".to_owned())
}

/// A title as a name of a file.
fn file_name(title: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = title.chars().take(60).map(plain).collect();
    format!("{}.wavetank.json", name.trim_matches(['-', '.']))
}

/// Takes files in, as runs of the list. A single one is shown as well, if `show_one` and the list is not open.
/// Says what came of it.
pub fn add_files(tank: &Tank, files: Vec<File>, show_one: bool) {
    let (tank, list) = (tank.clone(), with(|keeper| keeper.list.borrow().clone()));
    spawn_local(async move {
        if let Some(list) = list {
            return list.emit(add(&tank, files, false).await);
        }
        for (good, sentence) in add(&tank, files, show_one).await {
            tank.notify(if good { Tone::Note } else { Tone::Trouble }, sentence);
        }
    });
}

/// Sentences, and whether each is good news.
pub type Said = Vec<(bool, String)>;

/// The same; what came of it is returned.
pub async fn add(tank: &Tank, files: Vec<File>, show_one: bool) -> Said {
    let (count, mut added, mut said) = (files.len(), 0, Vec::new());
    for file in files {
        let result = match read_file(&file).await {
            Ok(document) if show_one && count == 1 => open_new(tank, &document).map(|()| {
                said.push((
                    true,
                    "The run in the file is shown where it was left. Play goes on from there.".into(),
                ));
            }),
            Ok(document) => keep_new(&document).await.map(|()| added += 1),
            Err(why) => Err(why),
        };
        if let Err(why) = result {
            said.push((false, format!("“{}” was not added. {why}", file.name())));
        }
    }
    match added {
        0 => {}
        1 => said.insert(0, (true, "One run was added to the list (Runs).".into())),
        _ => said.insert(0, (true, format!("{added} runs were added to the list (Runs)."))),
    }
    said
}

async fn read_file(file: &File) -> Result<Document, String> {
    if file.size() > TEXT_MAX as f64 {
        let (megabytes, most) = (file.size() / 1e6, TEXT_MAX >> 20);
        return Err(format!("It has {megabytes:.0} MB; a run has {most} at most. Is it the right file?"));
    }
    let text = JsFuture::from(file.text()).await.map_err(|_| "It could not be read: choose it again.")?;
    let mut document =
        Document::from_text(&text.as_string().unwrap_or_default()).map_err(|why| why.to_string())?;
    if document.name.is_empty() {
        let name = file.name();
        let stem = name.trim_end_matches(".json").trim_end_matches(".wavetank");
        document.name = clipped(stem);
    }
    Ok(document)
}

fn new_record(document: &Document) -> Record {
    let now = now_ms();
    Record { name: document.name.clone(), kept: true, began_ms: now, stored_ms: now, ..Record::default() }
}

/// Shows a run that comes from elsewhere.
fn open_new(tank: &Tank, document: &Document) -> Result<(), String> {
    let next = Shown { id: new_id(), record: new_record(document), ..Shown::default() };
    with(|keeper| keeper.next.replace(Some(next)));
    let shown = show(tank, document);
    with(|keeper| keeper.next.take());
    if shown.is_ok() {
        run_control::address_of(tank);
    }
    shown
}

async fn keep_new(document: &Document) -> Result<(), String> {
    put(&new_id(), new_record(document), document).await.map_err(|trouble| trouble.sentence().to_owned())
}
