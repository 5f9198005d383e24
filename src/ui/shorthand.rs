//! A whole state in shorthand: to copy, to type, to paste; and whether a run leads to it.

use super::address;
use super::context::{use_tank, use_view};
use super::desk;
use super::jobs::{Job, Wanted};
use super::options_panel::value_of;
use super::run_control;
use super::search_panel;
use super::tank::{Tank, Tone};
use crate::sim::notation;
use crate::timeline::Start;
use crate::timeline::link::is_link;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{ClipboardEvent, Element, HtmlInputElement};
use yew::prelude::*;

/// The longest state that is taken, in bytes.
const STATE_MAX: usize = 4000;
/// The most reasons that are shown.
const REASONS_MAX: usize = 5;

/// A state that can be opened.
fn read(text: &str) -> Result<Vec<notation::Shorthand>, String> {
    if text.len() > STATE_MAX {
        return Err(format!("it has {} bytes; {STATE_MAX} are the most", text.len()));
    }
    let states = notation::parse(text)?;
    if states.len() > 9 { Err("a cluster has 1 to 9 servers".into()) } else { Ok(states) }
}

/// Opens a state as the start of a new run, with the setup of this one. Time stands still: a state is to be
/// looked at first.
///
/// # Errors
/// A sentence that says why it is no state.
pub fn open(tank: &Tank, text: &str) -> Result<(), String> {
    let text = text.trim();
    let states = read(text).map_err(|why| format!("This is no state that can be opened: {why}."))?;
    let mut setup = tank.recording().setup;
    setup.servers = states.len() as u8;
    setup.options = tank.with(|run| run.world().options().clone());
    setup.rules_off = tank.with(|run| run.world().rules());
    if run_control::begin(tank, &setup, Start::State(text.to_owned())) {
        tank.pause();
    }
    Ok(())
}

/// What there is to say of a state, in a sentence or a few.
pub fn verdict(text: &str) -> String {
    let objections = notation::parse(text).map(|states| notation::objections(&states)).unwrap_or_default();
    match objections.split_first() {
        None => "The state was opened as a new run. Nothing speaks against it.".into(),
        Some((first, rest)) => {
            let more = match rest.len() {
                0 => String::new(),
                more => format!(" There is more against it ({more})."),
            };
            format!("The state was opened as a new run, but no run of Raft leads to it. {first}{more}")
        }
    }
}

/// Why no run of Raft leads to a state, if that is known.
pub fn reasons(text: &str) -> Html {
    let objections = read(text).map(|states| notation::objections(&states)).unwrap_or_default();
    if objections.is_empty() {
        return html! {};
    }
    let more = objections.len().saturating_sub(REASONS_MAX);
    html! {
        <div class="state-reasons">
            <p>{ "No run of Raft leads to this state, with all rules on and these servers from the beginning:" }</p>
            <ul>{ for objections.iter().take(REASONS_MAX).map(|objection| html! { <li key={objection.to_string()}>{ objection.to_string() }</li> }) }</ul>
            if more > 0 { <p>{ format!("And {more} more.") }</p> }
        </div>
    }
}

fn start_of(tank: &Tank) -> Option<String> {
    tank.with(|run| match run.start() {
        Start::State(text) => Some(text.clone()),
        Start::Empty => None,
    })
}

/// What there is to say of the state that the run begins with, until it is closed.
#[component]
pub fn StartState() -> Html {
    let start = use_view(start_of);
    let closed = use_state(|| None::<String>);
    let Some(text) = (*start).clone().filter(|text| closed.as_ref() != Some(text)) else { return html! {} };
    let objections = read(&text).map(|states| notation::objections(&states)).unwrap_or_default();
    let close = {
        let (closed, text) = (closed.clone(), text.clone());
        move |_: MouseEvent| closed.set(Some(text.clone()))
    };
    html! {
        <section class={classes!("panel", "start-state", (!objections.is_empty()).then_some("impossible"))} aria-label="The state that this run begins with" data-possible={objections.is_empty().to_string()}>
            if objections.is_empty() {
                <p>{ "This run begins in a state that was typed. Nothing speaks against that a run of Raft leads there." }</p>
                <Way state={text} />
            } else {
                { reasons(&text) }
                <p class="faint">{ "It was opened all the same: what follows from it is worth looking at." }</p>
            }
            <button type="button" class="button small" onclick={close}>{ "Close this note" }</button>
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct WayProps {
    state: String,
}

/// Looks for a run that leads to a state, and shows it.
#[component]
fn Way(props: &WayProps) -> Html {
    let tank = use_tank();
    let trouble = use_state(String::new);
    let task = use_view(|_| desk::task());
    let is_mine =
        |job: &Job| matches!(job, Job::Search(wanted) if wanted.state.as_ref() == Some(&props.state));
    let task = (*task).as_ref().filter(|task| is_mine(&task.job));
    let busy = task.is_some_and(|task| task.result.is_none());
    let onclick = {
        let (tank, state, trouble) = (tank.clone(), props.state.clone(), trouble.setter());
        move |_: MouseEvent| match Wanted::state(&state) {
            Ok(wanted) => desk::start(&tank, Job::Search(wanted)),
            Err(why) => trouble.set(format!("Such a run can’t be looked for: {why}.")),
        }
    };
    let cancel = {
        let tank = tank.clone();
        move |_: MouseEvent| desk::cancel(&tank)
    };
    html! {
        <div class="state-way">
            <div class="group">
                if !busy {
                    <button type="button" class="button" data-do="find-way" {onclick} title="Looks for a run from servers that have never run to this state; other work of that kind ends">{ "Find a run that leads here" }</button>
                } else {
                    <button type="button" class="button" onclick={cancel}>{ "Cancel" }</button>
                }
            </div>
            <p class="trouble" role="alert">{ (*trouble).clone() }</p>
            { for task.map(|task| search_panel::shown(&tank, task)) }
        </div>
    }
}

/// The state at the moment in shorthand, and a field to type another one.
#[component]
pub fn Shorthand() -> Html {
    let tank = use_tank();
    let now = use_view(|tank| tank.with(crate::timeline::Run::shorthand));
    let typed = use_state(String::new);
    let said = use_state(String::new);
    let field = use_node_ref();
    let copy = {
        let (field, now, said) = (field.clone(), now.clone(), said.setter());
        move |_: MouseEvent| {
            let (field, text, said) = (field.clone(), (*now).clone(), said.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let clipboard = web_sys::window().map(|window| window.navigator().clipboard());
                let done = match clipboard {
                    Some(clipboard) if clipboard.is_object() => {
                        wasm_bindgen_futures::JsFuture::from(clipboard.write_text(&text)).await.is_ok()
                    }
                    _ => false,
                };
                if !done && let Some(field) = field.cast::<HtmlInputElement>() {
                    field.select();
                }
                said.set(
                    if done {
                        "Copied."
                    } else {
                        "The browser does not let the page copy: the text is selected, copy it by hand."
                    }
                    .into(),
                );
            });
        }
    };
    let oninput = {
        let (typed, said) = (typed.setter(), said.setter());
        move |event: InputEvent| {
            typed.set(value_of(&event));
            said.set(String::new());
        }
    };
    let onsubmit = {
        let (tank, typed, said) = (tank.clone(), typed.clone(), said.setter());
        move |event: SubmitEvent| {
            event.prevent_default();
            match open(&tank, &typed) {
                Ok(()) => said.set(verdict(&typed)),
                Err(why) => said.set(why),
            }
        }
    };
    let wrong = (!typed.trim().is_empty()).then(|| read(&typed).err()).flatten();
    html! {
        <div class="shorthand">
            <h3 id="shorthand-now">{ "In shorthand" }</h3>
            <div class="group">
                <input ref={field} class="field mono" type="text" readonly=true value={(*now).clone()} aria-labelledby="shorthand-now" spellcheck="false" />
                <button type="button" class="button" data-do="copy-state" onclick={copy} title="Copies the state: it can be typed or pasted anywhere on the page, and stand in the address after ?state=">{ "Copy" }</button>
            </div>
            <form class="group" {onsubmit}>
                <input class="field mono" type="text" name="open-state" value={(*typed).clone()} {oninput} maxlength={STATE_MAX.to_string()} aria-label="Another state, in shorthand"
                    placeholder="S1:L4 1122224 c2 / S2:F4 1122 / S3:x1 1" autocomplete="off" autocapitalize="off" spellcheck="false" aria-invalid={wrong.is_some().to_string()} />
                <button type="submit" class="button" title="Begins a new run in this state, with the setup of this one. This run can be gone back to">{ "Open this state" }</button>
            </form>
            <div role="status">
                { for wrong.map(|why| html! { <p class="trouble">{ format!("{why}.") }</p> }) }
                if !typed.trim().is_empty() { { reasons(&typed) } }
                if !said.is_empty() { <p>{ (*said).clone() }</p> }
            </div>
            <details class="faint">
                <summary>{ "How it is written" }</summary>
                <p>{ "S1:L4 1122224 c2 leads in term 4, has entries of the terms 1 1 2 2 2 2 4, and commitIndex 2. L leads, C stands for election, F follows, x has crashed. Without a term a server has that of its last entry. Terms above 9 are separated by dots: 9.10.12. Servers are separated by /." }</p>
            </details>
        </div>
    }
}

/// Opens states and links that are pasted anywhere but into a field.
#[hook]
pub fn use_paste(tank: &Tank) {
    use_effect_with(tank.clone(), |tank| {
        let tank = tank.clone();
        let closure = Closure::<dyn Fn(ClipboardEvent)>::new(move |event: ClipboardEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let typing = target.and_then(|it| it.closest("input, textarea, select, dialog").ok().flatten());
            let text = event.clipboard_data().and_then(|data| data.get_data("text/plain").ok());
            if let Some(link) = text.as_ref().filter(|text| typing.is_none() && is_link(text)) {
                event.prevent_default();
                if address::open_link(&tank, link) {
                    run_control::address_of(&tank);
                }
                return;
            }
            let Some(text) = text.filter(|text| typing.is_none() && looks_like_state(text)) else { return };
            event.prevent_default();
            match open(&tank, &text) {
                Ok(()) => tank.notify(Tone::Note, verdict(&text)),
                Err(why) => tank.notify(Tone::Trouble, why),
            }
        });
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(document) = &document {
            // Without it, the field does the same.
            let _ = document.add_event_listener_with_callback("paste", closure.as_ref().unchecked_ref());
        }
        move || {
            if let Some(document) = &document {
                let _ =
                    document.remove_event_listener_with_callback("paste", closure.as_ref().unchecked_ref());
            }
            drop(closure);
        }
    });
}

/// Whether somebody who pastes that means a state, be it well written or not.
fn looks_like_state(text: &str) -> bool {
    let text = text.trim();
    text.len() <= STATE_MAX && (text.starts_with("S1") || text.starts_with("s1"))
}
