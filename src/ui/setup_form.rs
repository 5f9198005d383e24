//! The setup form: what can stand in the address, as fields.

use super::context::use_tank;
use super::dialog::Dialog;
use super::page_state::{Change, use_page};
use super::run_control;
use super::setup_url::{self, ms_text, percent_text, range_text};
use crate::raft::Backtracking;
use crate::sim::{Options, Setup};
use crate::timeline::Start;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// The texts in the fields, by the names that they have in the address.
#[derive(Clone, Debug, PartialEq)]
struct Fields(Vec<(&'static str, String)>);

/// Name in the address, label, what to write.
const TEXTS: [(&str, &str, &str); 8] = [
    ("seed", "seed", "chance, by number"),
    ("election", "election timeout, ms", "150-300"),
    ("heartbeat", "heartbeat, ms", "50"),
    ("latency", "latency one way, ms", "10-15"),
    ("fsync", "disk write, ms", "0.5-1.5"),
    ("loss", "messages lost, %", "0"),
    ("duplicate", "messages doubled, %", "0"),
    ("workload", "background writes every … ms (0: none)", "0"),
];

impl Fields {
    fn of(setup: &Setup, start: &Start) -> Fields {
        let options = &setup.options;
        Fields(vec![
            ("servers", setup.servers.to_string()),
            ("seed", setup.seed.to_string()),
            ("election", range_text(options.election)),
            ("heartbeat", ms_text(options.heartbeat_us)),
            ("latency", range_text(options.link.latency)),
            ("fsync", range_text(options.fsync)),
            ("loss", percent_text(options.link.loss_ppm)),
            ("duplicate", percent_text(options.link.duplicate_ppm)),
            ("workload", ms_text(options.workload_every_us)),
            ("noop", if options.noop { "yes" } else { "no" }.into()),
            (
                "backtrack",
                if options.backtracking == Backtracking::ConflictHints { "hints" } else { "step" }.into(),
            ),
            ("state", if let Start::State(text) = start { text.clone() } else { String::new() }),
            ("off", setup.rules_off.off().map(crate::raft::Rule::name).collect::<Vec<_>>().join(",")),
        ])
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
        Fields::of(&recording.setup, &recording.start)
    });
    let wanted = Rc::new(fields.read());
    let set = |name: &'static str| {
        let fields = fields.clone();
        move |event: Event| {
            let Some(target) = event.target() else { return };
            let value = match target.dyn_into::<HtmlInputElement>() {
                Ok(input) => input.value(),
                Err(other) => other.dyn_into::<HtmlSelectElement>().map(|s| s.value()).unwrap_or_default(),
            };
            fields.set(fields.with(name, value));
        }
    };
    let preset = |options: Options| {
        let (fields, setup) = (fields.clone(), wanted.setup.clone());
        move |_: MouseEvent| {
            let start = Start::Empty;
            fields.set(Fields::of(&Setup { options: options.clone(), ..setup.clone() }, &start));
        }
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
                <span>{ "Timings:" }</span>
                <button type="button" class="button" onclick={preset(Options::default())} title="Election timeout 150–300 ms (§9.3)">{ "Paper" }</button>
                <button type="button" class="button" onclick={preset(Options::raftscope())} title="Election timeout 100–200 ms">{ "RaftScope" }</button>
                <button type="button" class="button" onclick={dice}>{ "Another seed" }</button>
            </div>
            <div class="setup-grid">
                <label>{ "servers" }
                    <select class="field" onchange={set("servers")}>
                        { for (1..=9_u8).map(|n| html! { <option key={n} value={n.to_string()} selected={fields.get("servers") == n.to_string()}>{ n }</option> }) }
                    </select>
                </label>
                { for TEXTS.into_iter().map(|(name, label, example)| html! {
                    <label key={name}>{ label }
                        <input class="field" type="text" name={name} value={fields.get(name).to_owned()} placeholder={example} onchange={set(name)} autocomplete="off" />
                    </label>
                }) }
                <label>{ "a new leader’s first entry" }
                    <select class="field" onchange={set("noop")}>
                        <option value="no" selected={fields.get("noop") == "no"}>{ "none: Figure 2" }</option>
                        <option value="yes" selected={fields.get("noop") == "yes"}>{ "a no-op: §8" }</option>
                    </select>
                </label>
                <label>{ "log repair" }
                    <select class="field" onchange={set("backtrack")}>
                        <option value="step" selected={fields.get("backtrack") == "step"}>{ "back by one: §5.3" }</option>
                        <option value="hints" selected={fields.get("backtrack") == "hints"}>{ "with conflict hints" }</option>
                    </select>
                </label>
                <label class="wide">{ "begin in this state (empty: servers that have never run)" }
                    <input class="field mono" type="text" name="state" value={fields.get("state").to_owned()} maxlength="4000"
                        placeholder="S1:L4 1122224 c2 / S2 1113 / S3 11222" onchange={set("state")} autocomplete="off" spellcheck="false" />
                </label>
                <label class="wide">{ "rules switched off, by name (none: Raft as it is)" }
                    <input class="field mono" type="text" name="off" value={fields.get("off").to_owned()} maxlength="1000" onchange={set("off")} autocomplete="off" spellcheck="false" />
                </label>
            </div>
            <div aria-live="polite">
                { for wanted.troubles.iter().map(|text| html! { <p key={text.clone()} class="trouble">{ text.trim_start_matches("In the address, ").trim_end_matches(" The default stands.") }</p> }) }
                { for wanted.setup.options.warnings().into_iter().map(|text| html! { <p key={text.clone()} class="warning">{ text }</p> }) }
            </div>
            <button type="submit" class="button primary" aria-disabled={bad.to_string()}
                title={if bad { "Would do nothing: a field can’t be read" } else { "Ends this run and begins the new one" }}>{ "Begin this run" }</button>
        </form>
    }
}
