//! The options, as fields with a sentence each: in the setup for the next run, and in a panel for the
//! one that runs.

use super::context::{use_tank, use_view};
use super::options::{self, Field, GROUPS, PRESETS, Row};
use super::schedules::Schedules;
use super::tank::Tone;
use super::workload::Load;
use crate::sim::{Action, Options};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// What now stands in a field.
pub fn value_of(event: &impl AsRef<Event>) -> String {
    let Some(target) = event.as_ref().target() else { return String::new() };
    match target.dyn_into::<HtmlInputElement>() {
        Ok(input) if input.type_() == "checkbox" => if input.checked() { "yes" } else { "no" }.into(),
        Ok(input) => input.value(),
        Err(other) => other.dyn_into::<HtmlSelectElement>().map(|s| s.value()).unwrap_or_default(),
    }
}

/// Buttons for the presets.
pub fn presets(now: &Options, choose: &Callback<Options>) -> Html {
    html! {
        { for PRESETS.into_iter().filter_map(|(name, label, sentence)| {
            let options = options::preset(name, now)?;
            let onclick = choose.reform(move |_: MouseEvent| options.clone());
            Some(html! { <button key={name} type="button" class="button" title={sentence} data-preset={name} {onclick}>{ label }</button> })
        }) }
    }
}

/// What these options will do that one may not want.
pub fn warnings(options: &Options) -> Html {
    html! { { for options.warnings().into_iter().map(|text| html! { <p key={text.clone()} class="warning">{ text }</p> }) } }
}

/// All options by group. `get` tells what stands in a field; `change` hears a field's name and text.
pub fn option_rows(get: &dyn Fn(&Row) -> String, change: &Callback<(&'static str, String)>) -> Html {
    html! {
        <>
            <p class="options-key">{ "§: the Raft paper, extended version. D: Diego Ongaro’s dissertation, “Consensus: Bridging Theory and Practice”." }</p>
            <div class="options-grid">
                { for GROUPS.into_iter().map(|(group, rows)| html! {
                    <fieldset key={group} class="options">
                        <legend>{ group }</legend>
                        { for rows.iter().map(|row| option_row(row, get(row), change)) }
                    </fieldset>
                }) }
            </div>
        </>
    }
}

fn option_row(row: &'static Row, value: String, change: &Callback<(&'static str, String)>) -> Html {
    let onchange = change.reform(move |event: Event| (row.name, value_of(&event)));
    let choices = row.choices();
    let flag = matches!(row.field, Field::Flag(_));
    let wide = matches!(row.field, Field::Range(_));
    let field = if flag {
        html! { <input type="checkbox" name={row.name} checked={value == "yes"} {onchange} aria-description={row.sentence} /> }
    } else if choices.is_empty() {
        html! { <input class={classes!("field", wide.then_some("wide"))} type="text" name={row.name} {value} {onchange} autocomplete="off" aria-description={row.sentence} /> }
    } else {
        html! {
            <select class="field" name={row.name} {onchange} aria-description={row.sentence}>
                { for choices.into_iter().map(|(name, label)| html! { <option key={name} value={name} selected={value == name}>{ label }</option> }) }
            </select>
        }
    };
    html! {
        <div key={row.name} class={classes!("option", flag.then_some("flag"))}>
            <label>
                if flag { { field.clone() } }
                <span>{ row.label }</span>
                if !flag { { field } }
            </label>
            <p>{ row.sentence }{ " " }<span class="option-section">{ row.section }</span></p>
        </div>
    }
}

/// The options of the run, to be changed while it goes on.
#[component]
pub fn OptionsPanel() -> Html {
    let tank = use_tank();
    let options = use_view(|tank| tank.with(|run| run.world().options().clone()));
    let put = {
        let tank = tank.clone();
        Callback::from(move |options: Options| tank.act_or_say(Action::SetOptions { options }))
    };
    let change = {
        let put = put.clone();
        Callback::from(move |(name, value): (&'static str, String)| {
            let mut options = tank.with(|run| run.world().options().clone());
            let row = options::rows().find(|row| row.name == name);
            match row.map(|row| row.set(&mut options, &value)) {
                Some(Err(why)) => tank.notify(Tone::Trouble, format!("{name} stays as it was: {why}.")),
                _ => put.emit(options),
            }
        })
    };
    html! {
        <div class="options-panel">
            <p class="faint">{ "From now on, in this run: Reset and New seed go back to the setup's options. Timers that run go on as they are." }</p>
            <div class="group" role="group" aria-label="Presets">{ presets(&options, &put) }</div>
            <div aria-live="polite">{ warnings(&options) }</div>
            <Schedules />
            <Load />
            { option_rows(&|row| row.get(&options), &change) }
        </div>
    }
}
