//! The setup form: what can stand in the address, as fields.

use super::context::use_tank;
use super::dialog::Dialog;
use super::options;
use super::options_panel::{option_rows, presets, value_of};
use super::page_state::{Change, use_page};
use super::run_control;
use super::setup_url;
use crate::sim::{Options, Setup};
use crate::timeline::Start;
use std::rc::Rc;
use yew::prelude::*;

/// The texts in the fields, by the names that they have in the address.
#[derive(Clone, Debug, PartialEq)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn of(setup: &Setup, start: &Start) -> Fields {
        let mut fields = vec![
            ("servers", setup.servers.to_string()),
            ("seed", setup.seed.to_string()),
            ("state", if let Start::State(text) = start { text.clone() } else { String::new() }),
            ("off", setup.rules_off.off().map(crate::raft::Rule::name).collect::<Vec<_>>().join(",")),
        ];
        fields.extend(options::rows().map(|row| (row.name, row.get(&setup.options))));
        Fields(fields)
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value)
    }

    fn with(&self, name: &str, value: String) -> Fields {
        let mut fields = self.clone();
        if let Some((_, it)) = fields.0.iter_mut().find(|(it, _)| *it == name) {
            *it = value;
        }
        fields
    }

    /// The setup that the fields make, or what is wrong with them.
    fn read(&self) -> setup_url::Wanted {
        let pairs = self.0.iter().filter(|(name, value)| match *name {
            "state" | "off" => !value.trim().is_empty(),
            // A state brings its number of servers with it.
            "servers" => self.get("state").trim().is_empty(),
            _ => true,
        });
        let query: Vec<String> =
            pairs.map(|(name, value)| format!("{name}={}", setup_url::encode(value))).collect();
        setup_url::parse(&query.join("&"))
    }
}

/// The setup form, in a dialog.
#[component]
pub fn SetupDialog() -> Html {
    let page = use_page();
    let close = {
        let page = page.clone();
        Callback::from(move |()| page.dispatch(Change::Setup(false)))
    };
    html! {
        <Dialog open={page.setup_open} title="Setup" on_close={close.clone()}>
            <SetupForm on_close={close} />
        </Dialog>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct FormProps {
    on_close: Callback<()>,
}

#[component]
fn SetupForm(props: &FormProps) -> Html {
    let tank = use_tank();
    let fields = use_state(|| {
        let recording = tank.recording();
        // What was switched while the run went on is what one has in mind.
        let options = tank.with(|run| run.world().options().clone());
        Fields::of(&Setup { options, ..recording.setup }, &recording.start)
    });
    let wanted = Rc::new(fields.read());
    let change = {
        let fields = fields.clone();
        Callback::from(move |(name, value): (&'static str, String)| fields.set(fields.with(name, value)))
    };
    let set = |name: &'static str| change.reform(move |event: Event| (name, value_of(&event)));
    let preset = {
        let (fields, setup) = (fields.clone(), wanted.setup.clone());
        Callback::from(move |options: Options| {
            fields.set(Fields::of(&Setup { options, ..setup.clone() }, &Start::Empty));
        })
    };
    let dice = {
        let fields = fields.clone();
        move |_: MouseEvent| fields.set(fields.with("seed", run_control::fresh_seed().to_string()))
    };
    let onsubmit = {
        let (wanted, tank, on_close) = (Rc::clone(&wanted), tank.clone(), props.on_close.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            if wanted.troubles.is_empty() && run_control::begin(&tank, &wanted.setup, wanted.start.clone()) {
                on_close.emit(());
            }
        }
    };
    let bad = !wanted.troubles.is_empty();
    html! {
        <form class="setup" {onsubmit}>
            <div class="group presets" role="group" aria-label="Presets">
                { presets(&wanted.setup.options, &preset) }
                <button type="button" class="button" onclick={dice}>{ "Another seed" }</button>
            </div>
            <div class="setup-grid">
                <label>{ "servers" }
                    <select class="field" onchange={set("servers")}>
                        { for (1..=9_u8).map(|n| html! { <option key={n} value={n.to_string()} selected={fields.get("servers") == n.to_string()}>{ n }</option> }) }
                    </select>
                </label>
                <label>{ "seed: chance, by number" }
                    <input class="field" type="text" name="seed" value={fields.get("seed").to_owned()} onchange={set("seed")} autocomplete="off" />
                </label>
            </div>
            { option_rows(&|row| fields.get(row.name).to_owned(), &change) }
            <div class="setup-grid">
                <label class="wide">{ "begin in this state (empty: servers that have never run)" }
                    <input class="field mono" type="text" name="state" value={fields.get("state").to_owned()} maxlength="4000"
                        placeholder="S1:L4 1122224 c2 / S2 1113 / S3 11222" onchange={set("state")} autocomplete="off" spellcheck="false" />
                </label>
                <label class="wide">{ "rules switched off, by name (none: Raft as it is)" }
                    <input class="field mono" type="text" name="off" value={fields.get("off").to_owned()} maxlength="1000" onchange={set("off")} autocomplete="off" spellcheck="false" />
                </label>
            </div>
            <div class="setup-end">
            <div aria-live="polite">
                { for wanted.troubles.iter().map(|text| html! { <p key={text.clone()} class="trouble">{ text.trim_start_matches("In the address, ").trim_end_matches(" The default stands.") }</p> }) }
                { super::options_panel::warnings(&wanted.setup.options) }
                if let Start::State(state) = &wanted.start { { super::shorthand::reasons(state) } }
            </div>
            <button type="submit" class="button primary" aria-disabled={bad.to_string()}
                title={if bad { "Would do nothing: a field can’t be read" } else { "Ends this run and begins the new one" }}>{ "Begin this run" }</button>
            </div>
        </form>
    }
}
