//! The top of the page: its name, the status, and what concerns the whole run.

use super::context::use_tank;
use super::page_state::{Change, use_page};
use super::prefs::Theme;
use super::status::Status;
use super::{files, kept, run_control};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The top of the page.
#[component]
pub fn Header() -> Html {
    let tank = use_tank();
    let page = use_page();
    let theme = use_state(Theme::stored);
    let painted = tank.clone();
    use_effect_with(*theme, move |theme| {
        theme.apply();
        // What is painted on a canvas does not follow by itself.
        painted.touch();
    });
    let picker = use_node_ref();
    let pick = {
        let picker = picker.clone();
        move |_: MouseEvent| {
            if let Some(input) = picker.cast::<HtmlInputElement>() {
                input.click();
            }
        }
    };
    let onchange = {
        let tank = tank.clone();
        move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let Some(input) = input else { return };
            if let Some(files) = input.files() {
                kept::add_files(&tank, files::list(&files), true);
            }
            input.set_value("");
        }
    };
    let save = move |_: MouseEvent| run_control::save(&tank);
    let dispatch = |change: Change| {
        let page = page.clone();
        move |_: MouseEvent| page.dispatch(change)
    };
    let next = theme.next();
    let switch = {
        let theme = theme.clone();
        move |_: MouseEvent| theme.set(theme.next())
    };
    html! {
        <header class="top">
            <h1 class="brand">
                <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
                    <path class="wave" d="M2 12c4.7-6 9.3-6 14 0s9.300 6 14 0" />
                    <path class="wave faint" d="M2 21c4.7-6 9.3-6 14 0s9.300 6 14 0" />
                </svg>
                { "Wavetank" }
            </h1>
            <Status />
            <nav class="group" aria-label="Run and page">
                <button type="button" class="button" data-do="setup" onclick={dispatch(Change::Setup(true))} title="Servers, timings, network (S)">{ "Setup" }</button>
                <button type="button" class="button" data-do="runs" onclick={dispatch(Change::Runs(true))} title="The runs that this browser keeps">{ "Runs" }</button>
                <button type="button" class="button" onclick={pick} title="Open a run from a file; it can be dropped onto the page as well">{ "Open" }</button>
                <button type="button" class="button" onclick={save} title="Save this run as a file, with all its branches: it replays exactly">{ "Save" }</button>
                <button type="button" class="button" data-do="share" onclick={dispatch(Change::Share(true))} title="This run as a link, to be copied (Y)">{ "Share" }</button>
                <button type="button" class="button" data-do="export" onclick={dispatch(Change::Export(true))} title="Pictures for slides and print, the feed as text, files for other programs (O)">{ "Export" }</button>
                <button type="button" class="button" onclick={switch} title={format!("Colours: {}. Click for {}", theme.name(), next.name())} aria-label={format!("Theme: {}", theme.name())}>
                    { match *theme { Theme::System => "◐", Theme::Dark => "☾", Theme::Light => "☀" } }
                </button>
                <button type="button" class="button" data-do="keys" onclick={dispatch(Change::Keys(true))} title="The list of keys (?)" aria-label="Keys">{ "?" }</button>
                <input ref={picker} type="file" class="unseen" accept=".json,application/json" tabindex="-1" aria-hidden="true" {onchange} />
            </nav>
        </header>
    }
}
