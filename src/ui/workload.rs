//! Load: background clients, to be set to work, seen and stopped.

use super::context::{use_tank, use_view};
use super::options::{READ_MODES, READS};
use super::options_panel::value_of;
use super::setup_url::{decimal, ms, ms_text, percent_text};
use super::tank::Tone;
use crate::explain;
use crate::sim::{Action, BACKGROUND_MAX, Workload};
use yew::prelude::*;

/// The fields: a name, a label, and what is usual there.
const FIELDS: [(&str, &str); 6] = [
    ("clients", "clients, 1 to 5"),
    ("every", "each asks every … ms"),
    ("reads", "reads, %"),
    ("increments", "increments, %"),
    ("keys", "keys"),
    ("hot", "to the hot key k0, %; empty: all keys alike"),
];

fn written(workload: &Workload, name: &str) -> String {
    match name {
        "clients" => workload.clients.to_string(),
        "every" => ms_text(workload.every_us),
        "reads" => percent_text(workload.reads_ppm),
        "increments" => percent_text(workload.increments_ppm),
        "keys" => workload.keys.to_string(),
        _ => workload.hot_ppm.map_or(String::new(), percent_text),
    }
}

/// The workload with what was typed in a field.
fn set(workload: &mut Workload, name: &str, text: &str) -> Result<(), String> {
    let text = text.trim();
    let whole = || text.parse::<u32>().map_err(|_| "write a whole number, such as 3".to_owned());
    let share = || {
        let ppm = decimal(text.trim_end_matches('%'), 10_000).and_then(|ppm| u32::try_from(ppm).ok());
        ppm.ok_or_else(|| "write a percentage from 0 to 100".to_owned())
    };
    match name {
        "clients" => workload.clients = u8::try_from(whole()?).unwrap_or(u8::MAX),
        "every" => workload.every_us = ms(text)?,
        "reads" => workload.reads_ppm = share()?,
        "increments" => workload.increments_ppm = share()?,
        "keys" => workload.keys = whole()?,
        _ => workload.hot_ppm = if text.is_empty() { None } else { Some(share()?) },
    }
    Ok(())
}

/// The form, and what is asked now with a button that stops it.
#[component]
pub fn Load() -> Html {
    let tank = use_tank();
    let now = use_view(|tank| tank.with(|run| run.world().workload().copied()));
    let wanted = use_state(|| Workload { clients: 3, reads_ppm: 500_000, ..Workload::default() });
    let change = {
        let (tank, wanted) = (tank.clone(), wanted.clone());
        Callback::from(move |(name, value): (&'static str, String)| {
            let mut next = *wanted;
            match set(&mut next, name, &value) {
                Ok(()) => wanted.set(next),
                Err(why) => tank.notify(Tone::Trouble, format!("{name} stays as it was: {why}.")),
            }
        })
    };
    let choose = {
        let wanted = wanted.clone();
        move |event: Event| {
            let value = value_of(&event);
            let mode = READS.iter().position(|(name, ..)| *name == value).map(|n| READ_MODES[n]);
            wanted.set(Workload { mode, ..*wanted });
        }
    };
    let onsubmit = {
        let (tank, wanted) = (tank.clone(), *wanted);
        move |event: SubmitEvent| {
            event.prevent_default();
            tank.act_or_say(Action::Workload(wanted));
        }
    };
    let stop = move |_: MouseEvent| tank.act_or_say(Action::Workload(Workload::none()));
    html! {
        <fieldset class="options">
            <legend>{ "Workload" }</legend>
            <p>{ format!("Up to {BACKGROUND_MAX} clients beside yours, C2 to C6, ask again and again; what they ask is drawn from the seed.") }</p>
            <form {onsubmit}>
                { for FIELDS.into_iter().map(|(name, label)| {
                    let onchange = change.reform(move |event: Event| (name, value_of(&event)));
                    html! {
                        <div key={name} class="option"><label><span>{ label }</span>
                            <input class="field" type="text" name={format!("load-{name}")} value={written(&wanted, name)} {onchange} autocomplete="off" />
                        </label></div>
                    }
                }) }
                <div class="option"><label><span>{ "reads are answered" }</span>
                    <select class="field" name="load-mode" onchange={choose}>
                        <option value="" selected={wanted.mode.is_none()}>{ "as set" }</option>
                        { for READS.iter().zip(READ_MODES).map(|((name, label, _), mode)| html! {
                            <option key={*name} value={*name} selected={wanted.mode == Some(mode)}>{ *label }</option>
                        }) }
                    </select>
                </label></div>
                <button type="submit" class="button" data-do="workload">{ "Start" }</button>
            </form>
            <ul class="schedules" aria-live="polite">
                if let Some(workload) = &*now {
                    <li><span>{ explain::load(workload) }{ "." }</span>
                        <button type="button" class="button small" data-do="workload-stop" onclick={stop}>{ "Stop" }</button></li>
                }
            </ul>
        </fieldset>
    }
}
