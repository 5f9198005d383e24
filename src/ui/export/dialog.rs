//! The dialog: what, how, a look at it, and then a file or the clipboard.

use super::choice::{self, Choice, What};
use super::fields::Fields;
use super::logs::LogsPicture;
use super::picture::Picture;
use super::writing::{self, Desk};
use super::{file, made, on_page, picture, recording};
use crate::ui::context::{use_tank, use_view};
use crate::ui::dialog::{Dialog, use_still};
use crate::ui::later::later;
use crate::ui::logs;
use crate::ui::page_state::{Change, use_page};
use crate::ui::stage::Stage;
use crate::ui::tank::Tank;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{future_to_promise, spawn_local};
use web_sys::{Element, HtmlImageElement, Url};
use yew::prelude::*;

/// The most bytes that go to the clipboard: more make browsers stand still.
const CLIPBOARD_MAX: f64 = (16 << 20) as f64;
/// So long after a change the picture is made anew, in real milliseconds: by then the page shows it.
const SETTLED_MS: i32 = 60;

thread_local! {
    /// What was chosen last: the dialog exists only while it is open.
    static CHOICE: RefCell<Choice> = RefCell::default();
}

/// The dialog for exports.
#[component]
pub fn ExportDialog() -> Html {
    let page = use_page();
    let close = {
        let page = page.clone();
        Callback::from(move |()| page.dispatch(Change::Export(false)))
    };
    html! {
        <Dialog open={page.export_open} title="Export" on_close={close}>
            <ExportForm />
        </Dialog>
    }
}

/// What there is to say about the last export.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Nothing,
    /// It is being made, and is so far.
    Busy(u64),
    Done(String),
    Trouble(String),
}

#[component]
fn ExportForm() -> Html {
    let tank = use_tank();
    let choice = use_state(|| CHOICE.with_borrow(Clone::clone));
    let said = use_state(|| Said::Nothing);
    let desk = use_mut_ref(|| None);
    let room = use_node_ref();
    use_still(&tank);
    use_end(&desk);
    let last = use_view(|tank| logs::extent(tank).last);
    let ((first, end), columns_note) = choice::columns(choice.columns, *last);
    let shown = use_picture(&tank, &choice, &room);
    let change = {
        let (choice, said) = (choice.clone(), said.clone());
        Callback::from(move |new: Choice| {
            CHOICE.set(new.clone());
            choice.set(new);
            said.set(Said::Nothing);
        })
    };
    let export = |to_clipboard: bool| {
        let (tank, choice, desk, said, room) =
            (tank.clone(), (*choice).clone(), Rc::clone(&desk), said.setter(), room.clone());
        move |_: MouseEvent| export(&tank, &choice, room.cast::<Element>(), &desk, &said, to_clipboard)
    };
    let cancel = {
        let desk = Rc::clone(&desk);
        move |_: MouseEvent| writing::cancel(&desk)
    };
    // Whether the page has a stage does not change while the dialog covers it.
    let stageless = *use_memo((), |()| on_page("svg.stage").is_none());
    let busy = matches!(*said, Said::Busy(_));
    let end_us = recording(&tank, &choice).end.at_us;
    let follows = use_view(|tank| tank.look(|timeline| !timeline.is_at_end()));
    html! {
        <div class="export">
            <Fields choice={(*choice).clone()} last={*last} follows={*follows} size={shown.as_ref().and_then(|it| it.as_ref().ok()).map(|it| (it.width, it.height))} {change} />
            if choice.what.is_picture() {
                <Preview shown={(*shown).clone()} name={choice.what.name()} note={columns_note.filter(|_| choice.what == What::Logs)} />
            }
            if choice.what == What::Logs {
                <div class="export-room" aria-hidden="true" ref={room.clone()}><LogsPicture {first} last={end} /></div>
            }
            if choice.what == What::Stage && stageless {
                <div class="export-room" aria-hidden="true" ref={room.clone()}><Stage /></div>
            }
            <div class="export-end">
                <p role="status" class="export-said">
                    { match &*said {
                        Said::Nothing => html! { <span class="faint">{ "Time stands still while this is open." }</span> },
                        Said::Busy(_) => html! { "Writing …" },
                        Said::Done(text) => html! { text },
                        Said::Trouble(text) => html! { <span class="trouble">{ text }</span> },
                    } }
                </p>
                if let Said::Busy(at_us) = *said {
                    <progress max={end_us.to_string()} value={at_us.to_string()} aria-label="How much of the run is written"></progress>
                }
                <div class="group">
                    <button type="button" class="button primary" data-do="export-save" disabled={busy} onclick={export(false)}>{ "Save file" }</button>
                    <button type="button" class="button" data-do="export-copy" disabled={busy} onclick={export(true)}>{ "Copy" }</button>
                    if busy { <button type="button" class="button" data-do="export-cancel" onclick={cancel}>{ "Cancel" }</button> }
                </div>
            </div>
        </div>
    }
}

/// What is being written ends with the dialog.
#[hook]
fn use_end(desk: &Desk) {
    let desk = Rc::clone(desk);
    use_effect_with((), move |()| move || writing::cancel(&desk));
}

/// The picture that was chosen, made anew a little after the choice or the page has changed.
#[hook]
fn use_picture(
    tank: &Tank,
    choice: &Choice,
    room: &NodeRef,
) -> UseStateHandle<Option<Result<Rc<Picture>, String>>> {
    let shown = use_state(|| None);
    let revision = use_view(Tank::revision);
    let (tank, room, setter) = (tank.clone(), room.clone(), shown.setter());
    use_effect_with((choice.clone(), *revision), move |(choice, _)| {
        let choice = choice.clone();
        let making = later(SETTLED_MS, move || {
            let made = choice.what.is_picture().then(|| picture(&tank, &choice, room.cast::<Element>()));
            setter.set(made.map(|made| made.map(Rc::new)));
        });
        move || drop(making)
    });
    shown
}

/// Makes what was chosen and hands it over.
fn export(
    tank: &Tank,
    choice: &Choice,
    room: Option<Element>,
    desk: &Desk,
    said: &UseStateSetter<Said>,
    to_clipboard: bool,
) {
    said.set(Said::Busy(0));
    let progress = {
        let said = said.clone();
        Callback::from(move |at_us| said.set(Said::Busy(at_us)))
    };
    let (end, kind) = file_of(choice);
    let kind = if to_clipboard && kind != "image/png" { "text/plain" } else { kind };
    let run = recording(tank, choice);
    let name = choice::file_name(run.setup.seed, run.end.at_us, &end);
    let made = made(tank.clone(), choice.clone(), room, kind, Rc::clone(desk), progress);
    let said = said.clone();
    if !to_clipboard {
        return spawn_local(async move {
            let saved = made.await.and_then(|blob| {
                let refused = "The browser did not take the file: allow downloads and save again.";
                file::save(&blob, &name).map_err(|_| refused.to_owned())
            });
            said.set(saved.map_or_else(Said::Trouble, |()| Said::Done(format!("Saved: {name}"))));
        });
    }
    // What went wrong on the way: the clipboard tells only that something did.
    let trouble = Rc::new(RefCell::new(None));
    let told = Rc::clone(&trouble);
    let promise = future_to_promise(async move {
        let made = made.await.and_then(|blob| match blob.size() {
            size if size > CLIPBOARD_MAX => Err(format!(
                "The text has {:.0} MB, and the clipboard takes {:.0} at most: save the file instead.",
                size / 1e6,
                CLIPBOARD_MAX / 1e6
            )),
            _ => Ok(JsValue::from(blob)),
        });
        made.map_err(|why| {
            let value = JsValue::from(&why);
            *told.borrow_mut() = Some(why);
            value
        })
    });
    spawn_local(async move {
        said.set(match file::copy(kind, &promise).await {
            Ok(()) => Said::Done("Copied.".into()),
            Err(_) => {
                Said::Trouble(trouble.take().unwrap_or_else(|| {
                    "The browser did not allow the clipboard: save the file instead.".into()
                }))
            }
        });
    });
}

/// The end of the file's name, and of what kind it is.
fn file_of(choice: &Choice) -> (String, &'static str) {
    match (choice.what.is_picture(), choice.form) {
        (true, form) => (choice::picture_end(choice.what, form), form.kind()),
        (false, _) => {
            let (end, kind) = choice.what.text_file();
            (end.to_owned(), kind)
        }
    }
}

#[derive(Clone, PartialEq, Properties)]
struct PreviewProps {
    shown: Option<Result<Rc<Picture>, String>>,
    name: &'static str,
    note: Option<String>,
}

/// The picture as it will be.
#[component]
fn Preview(props: &PreviewProps) -> Html {
    let image = use_node_ref();
    {
        let image = image.clone();
        use_effect_with(props.shown.clone(), move |shown| {
            let svg = shown
                .as_ref()
                .and_then(|shown| shown.as_ref().ok())
                .map(|picture| JsValue::from(&picture.svg));
            let blob = svg.and_then(|svg| file::blob(&js_sys::Array::of1(&svg), "image/svg+xml").ok());
            let address = blob.and_then(|blob| Url::create_object_url_with_blob(&blob).ok());
            if let (Some(image), Some(address)) = (image.cast::<HtmlImageElement>(), &address) {
                image.set_src(address);
            }
            move || {
                // An address that is not given back is given back with the page.
                let _ = address.map(|address| Url::revoke_object_url(&address));
            }
        });
    }
    let why = props.shown.as_ref().and_then(|shown| shown.as_ref().err());
    html! {
        <div class="export-preview">
            <img ref={image} alt={format!("{} as it will be exported", props.name)} />
            if let Some(why) = why { <p class="trouble">{ why }</p> }
            if let Some(note) = &props.note { <p class="warning">{ note }</p> }
        </div>
    }
}
