//! The list of kept runs, in a dialog.

use super::shelf::{self, Entry, Place, Said};
use super::store::{self, Trouble};
use super::with;
use crate::explain::duration;
use crate::timeline::shelf::{BYTES_MAX, UNNAMED_MAX, UNTOUCHED_MAX};
use crate::timeline::{NAME_MAX, shelf::Record};
use crate::ui::context::use_tank;
use crate::ui::dialog::Dialog;
use crate::ui::files;
use crate::ui::options_panel::value_of;
use crate::ui::page_state::{Change, use_page};
use js_sys::{Date, Object, Reflect};
use std::future::Future;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

/// The list of kept runs, in a dialog.
#[component]
pub fn RunsDialog() -> Html {
    let page = use_page();
    let on_close = {
        let page = page.clone();
        Callback::from(move |()| page.dispatch(Change::Runs(false)))
    };
    html! {
        <Dialog open={page.runs_open} title="Runs" {on_close}><Runs /></Dialog>
    }
}

type Listed = Option<Result<Rc<Vec<Entry>>, Trouble>>;

/// What the rows of the list need.
#[derive(Clone, PartialEq)]
struct List {
    said: UseStateSetter<Said>,
    read: Callback<()>,
}

impl List {
    /// Does something that takes a while, says why it came to nothing if so, and reads the list again.
    fn does(&self, what: impl Future<Output = Result<(), String>> + 'static) {
        let list = self.clone();
        spawn_local(async move {
            let result = what.await;
            list.said.set(result.err().map(|why| (false, why)).into_iter().collect());
            list.read.emit(());
        });
    }
}

#[component]
fn Runs() -> Html {
    let tank = use_tank();
    let entries = use_state(|| Listed::None);
    let said = use_state(Said::new);
    let list = {
        let entries = entries.setter();
        let read = Callback::from(move |()| {
            let entries = entries.clone();
            spawn_local(async move { entries.set(Some(shelf::entries().await.map(Rc::new))) });
        });
        List { said: said.setter(), read }
    };
    use_news(&list);
    let picker = use_node_ref();
    let pick = {
        let picker = picker.clone();
        move |_: MouseEvent| {
            if let Some(input) = picker.cast::<HtmlInputElement>() {
                input.click();
            }
        }
    };
    let onchange = move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        if let Some(files) = input.files() {
            super::add_files(&tank, files::list(&files), false);
        }
        input.set_value("");
    };
    html! {
        <div class="runs">
            <p class="faint">{ format!(
                "Every run is kept in this browser as it goes. A run with a name stays until you delete it. Of the others \
                 the latest {UNNAMED_MAX} stay, and {UNTOUCHED_MAX} in which nothing was done; in all there is room for {} MB.",
                BYTES_MAX >> 20
            ) }</p>
            <div class="group">
                <button type="button" class="button" data-do="add-runs" onclick={pick} title="Files of runs; they can be dropped here as well">{ "Add from files" }</button>
                <Undo list={list.clone()} />
                <input ref={picker} type="file" multiple=true class="unseen" accept=".json,application/json" tabindex="-1" aria-hidden="true" {onchange} />
            </div>
            <div role="status">
                { for said.iter().enumerate().map(|(n, (good, text))| html! { <p key={n} class={classes!((!good).then_some("trouble"))}>{ text }</p> }) }
            </div>
            { match &*entries {
                None => html! { <p>{ "Reading …" }</p> },
                Some(Err(trouble)) => html! { <p class="trouble">{ trouble.sentence() }</p> },
                Some(Ok(all)) => rows(all, &list),
            } }
        </div>
    }
}

/// Reads the list when it is opened, and whenever another tab has changed it or files were added.
#[hook]
fn use_news(list: &List) {
    let list = list.clone();
    use_effect_with((), move |()| {
        list.read.emit(());
        let read = list.read.clone();
        let closure = Closure::<dyn Fn()>::new(move || read.emit(()));
        store::listen(closure.as_ref());
        let files = Callback::from(move |said: Said| {
            list.said.set(said);
            list.read.emit(());
        });
        with(|keeper| keeper.list.replace(Some(files)));
        move || {
            with(|keeper| keeper.list.replace(None));
            store::listen(&Closure::<dyn Fn()>::new(|| {}).into_js_value());
            drop(closure);
        }
    });
}

fn rows(all: &Rc<Vec<Entry>>, list: &List) -> Html {
    let bytes: u64 = all.iter().map(|entry| entry.record.bytes).sum();
    let titles: Rc<Vec<String>> = Rc::new(all.iter().map(|entry| entry.record.title()).collect());
    html! {
        <>
        <ul class="plain run-list">
            { for all.iter().map(|entry| html! {
                <Row key={entry.id.clone()} entry={entry.clone()} titles={Rc::clone(&titles)} list={list.clone()} />
            }) }
        </ul>
        <p class="faint">{ format!("{}, {}.", counted(all.len() as u32, "run"), size(bytes)) }</p>
        </>
    }
}

fn counted(count: u32, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// A moment in the person's own way of writing it.
fn when(ms: u64) -> String {
    let options = Object::new();
    for (name, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        // Without it, the date is longer.
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    let language = web_sys::window().and_then(|window| window.navigator().language());
    let date = Date::new(&(ms as f64).into());
    date.to_locale_string(language.as_deref().unwrap_or("en"), &options).into()
}

/// What is said of a run.
fn facts(record: &Record) -> String {
    let mut facts = vec![when(record.stored_ms), format!("{} long", duration(record.end_us))];
    facts.push(counted(u32::from(record.servers), "server"));
    if !record.name.is_empty() {
        facts.push(format!("seed {}", record.seed));
    }
    facts.push(if record.actions == 0 { "no actions".into() } else { counted(record.actions, "action") });
    if record.branches > 1 {
        facts.push(counted(record.branches, "branch").replace("branchs", "branches"));
    }
    facts.join(" · ")
}

#[derive(Clone, PartialEq, Properties)]
struct RowProps {
    entry: Entry,
    /// What all runs are called.
    titles: Rc<Vec<String>>,
    list: List,
}

#[component]
fn Row(props: &RowProps) -> Html {
    let RowProps { entry, titles, list } = props;
    let (tank, page) = (use_tank(), use_page());
    let Entry { id, record, place, broken } = entry.clone();
    let title = match &broken {
        Some(_) if record.name.is_empty() && record.seed.is_empty() => "A run that can’t be read".to_owned(),
        _ => record.title(),
    };
    let elsewhere = (place == Place::Elsewhere).then_some("another tab shows it");
    let here = (place == Place::Here).then_some("it is the one on the page");
    let unreadable = broken.is_some().then_some("it can’t be read");
    let rename = {
        let (tank, list, id) = (tank.clone(), list.clone(), id.clone());
        move |event: Event| {
            let (tank, id, name) = (tank.clone(), id.clone(), value_of(&event));
            list.does(async move { shelf::rename(&tank, &id, &name).await });
        }
    };
    let open = {
        let (list, id) = (list.clone(), id.clone());
        Callback::from(move |_: MouseEvent| {
            let (tank, page, id) = (tank.clone(), page.clone(), id.clone());
            list.does(async move {
                shelf::open(&tank, &id).await?;
                page.dispatch(Change::Runs(false));
                Ok(())
            });
        })
    };
    let duplicate = {
        let (list, id, titles) = (list.clone(), id.clone(), Rc::clone(titles));
        Callback::from(move |_: MouseEvent| {
            let (id, titles) = (id.clone(), Rc::clone(&titles));
            list.does(async move { shelf::duplicate(&id, &titles).await });
        })
    };
    let export = {
        let (list, id, title) = (list.clone(), id.clone(), title.clone());
        Callback::from(move |_: MouseEvent| {
            let (id, title) = (id.clone(), title.clone());
            list.does(async move { shelf::export(&id, &title).await });
        })
    };
    let delete = {
        let (list, id, title) = (list.clone(), id.clone(), title.clone());
        Callback::from(move |_: MouseEvent| {
            let (id, title) = (id.clone(), title.clone());
            list.does(async move {
                let deleted = shelf::delete(&id, title).await?;
                with(|keeper| keeper.deleted.borrow_mut().push(deleted));
                Ok(())
            });
        })
    };
    let open_label = if elsewhere.is_some() { "Open a copy" } else { "Open" };
    html! {
        <li class={classes!("run-row", here.map(|_| "is-here"))}>
            <div class="group">
                <input class="field run-name" type="text" value={record.name.clone()} placeholder={title.clone()} maxlength={NAME_MAX.to_string()}
                    aria-label={format!("Name of {title}")} readonly={elsewhere.or(unreadable).is_some()} onchange={rename} autocomplete="off" />
                if here.is_some() { <span class="run-place">{ "on the page" }</span> }
                if elsewhere.is_some() { <span class="run-place">{ "in another tab" }</span> }
            </div>
            <p class="run-facts">{ match &broken {
                Some(why) => format!("{} · {why}", when(record.stored_ms)),
                None => facts(&record),
            } }</p>
            <div class="group" role="group" aria-label={format!("What to do with {title}")}>
                { does(open_label, "Shows it on the page, where it was left", here.or(unreadable), open) }
                { does("Duplicate", "Makes a copy of it", unreadable, duplicate) }
                { does("Save as file", "As a file that can be opened anywhere", None, export) }
                { does("Delete", "Takes it out of the list; that can be undone", here.or(elsewhere), delete) }
            </div>
        </li>
    }
}

/// A button that says why it would do nothing, if so.
fn does(label: &str, hint: &str, why: Option<&str>, onclick: Callback<MouseEvent>) -> Html {
    let sentence = why.map_or(hint.to_owned(), |why| format!("Would do nothing: {why}."));
    let onclick = if why.is_some() { Callback::noop() } else { onclick };
    html! {
        <button type="button" class="button small" aria-disabled={why.is_some().to_string()} title={sentence.clone()}
            aria-description={sentence} {onclick}>{ label }</button>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct UndoProps {
    list: List,
}

/// Brings back what was deleted last.
#[component]
fn Undo(props: &UndoProps) -> Html {
    let last = with(|keeper| keeper.deleted.borrow().last().cloned());
    let count = with(|keeper| keeper.deleted.borrow().len());
    let place = use_node_ref();
    {
        let (place, before) = (place.clone(), use_mut_ref(|| count));
        use_effect_with(count, move |count| {
            // The button that was pressed is gone: the focus goes to the one that undoes it.
            if *count > before.replace(*count)
                && let Some(button) = place.cast::<HtmlElement>()
            {
                let _ = button.focus();
            }
        });
    }
    let Some(last) = last else { return Html::default() };
    let text = format!("“{}” was deleted.", last.title);
    let onclick = {
        let list = props.list.clone();
        move |_: MouseEvent| {
            let last = last.clone();
            list.does(async move {
                shelf::bring_back(&last).await?;
                with(|keeper| keeper.deleted.borrow_mut().retain(|deleted| *deleted != last));
                Ok(())
            });
        }
    };
    html! {
        <span class="group run-undo">
            <span role="status">{ text }</span>
            <button ref={place} type="button" class="button" data-do="undo-delete" {onclick}>{ "Undo" }</button>
        </span>
    }
}
