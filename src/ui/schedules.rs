//! Faults on a schedule: to be set, seen and ended.

use super::context::{use_tank, use_view};
use super::options_panel::value_of;
use super::setup_url::ms;
use super::tank::Tone;
use crate::explain::duration;
use crate::sim::{Action, Fault, LinkPreset, Schedule};
use yew::prelude::*;

/// The faults to choose from.
fn faults() -> impl Iterator<Item = Fault> {
    Fault::PLAIN.into_iter().chain(LinkPreset::ALL.map(Fault::Links))
}

/// What a fault is called in the list, and what it does in a sentence.
fn words(fault: Fault) -> (String, &'static str) {
    let (label, sentence) = match fault {
        Fault::Crash => ("crash a server", "A random server that runs crashes, and restarts in time."),
        Fault::CrashLeader => ("crash the leader", "Whoever leads crashes, and restarts in time."),
        Fault::Pause => ("pause a server", "A random server stands still, and goes on in time."),
        Fault::Cut => ("cut a link", "A random link is cut in one direction, and mended in time."),
        Fault::Partition => {
            ("partition", "The network falls apart into two random halves, and is healed in time.")
        }
        Fault::Transfer => ("transfer", "The leader hands its leadership over to a random voter (D3.10)."),
        Fault::StallDisk => ("stall a disk", "No write of a random server becomes durable for that long."),
        Fault::Links(preset) => return (format!("links: {}", preset.title()), preset.sentence()),
    };
    (label.into(), sentence)
}

/// A schedule in a few words: "crash a server every 5 s for 1 s".
fn told(schedule: &Schedule) -> String {
    let length = schedule.for_us.map(|us| format!(" for {}", duration(us))).unwrap_or_default();
    format!("{} every {}{length}", words(schedule.fault).0, duration(schedule.every_us))
}

/// The form, and the schedules in force, each with a button that ends it.
#[component]
pub fn Schedules() -> Html {
    let tank = use_tank();
    let running = use_view(|tank| tank.with(|run| run.world().schedules().running().to_vec()));
    let fault = use_state(|| Fault::Crash);
    let every = use_state(|| "5000".to_owned());
    let length = use_state(|| "1000".to_owned());
    let typed = |field: &UseStateHandle<String>| {
        let field = field.setter();
        move |event: Event| field.set(value_of(&event))
    };
    let choose = {
        let fault = fault.setter();
        move |event: Event| {
            let value = value_of(&event);
            if let Some(chosen) = faults().find(|fault| fault.to_string() == value) {
                fault.set(chosen);
            }
        }
    };
    let onsubmit = {
        let (tank, fault, every, length) = (tank.clone(), *fault, every.clone(), length.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let for_good = length.trim().is_empty() || !fault.ends();
            let length = if for_good { Ok(None) } else { ms(&length).map(Some) };
            match ms(&every).and_then(|every_us| Ok((every_us, length?))) {
                Ok((0, _)) => tank.notify(Tone::Trouble, "A schedule does something every 1 ms at most."),
                Ok((every_us, for_us)) => tank.act_or_say(Action::Schedule { fault, every_us, for_us }),
                Err(why) => tank.notify(Tone::Trouble, format!("No schedule was set: {why}.")),
            }
        }
    };
    let sentence = words(*fault).1;
    html! {
        <fieldset class="options">
            <legend>{ "Faults on a schedule" }</legend>
            <form {onsubmit}>
                <div class="option">
                    <label><span>{ "again and again" }</span>
                        <select class="field" name="fault" onchange={choose} aria-description={sentence}>
                            { for faults().map(|one| html! {
                                <option key={one.to_string()} value={one.to_string()} selected={one == *fault}>{ words(one).0 }</option>
                            }) }
                        </select>
                    </label>
                    <p>{ sentence }</p>
                </div>
                <div class="option">
                    <label><span>{ "every … ms" }</span>
                        <input class="field" type="text" name="every" value={(*every).clone()} onchange={typed(&every)} autocomplete="off" />
                    </label>
                    if fault.ends() {
                        <label><span>{ "for … ms; empty: for good" }</span>
                            <input class="field" type="text" name="for" value={(*length).clone()} onchange={typed(&length)} autocomplete="off" />
                        </label>
                    }
                </div>
                <button type="submit" class="button" data-do="schedule">{ "Start" }</button>
            </form>
            <ul class="schedules" aria-live="polite">
                { for running.iter().map(|schedule| {
                    let (tank, fault) = (tank.clone(), schedule.fault);
                    let stop = move |_: MouseEvent| tank.act_or_say(Action::Schedule { fault, every_us: 0, for_us: None });
                    html! {
                        <li key={fault.to_string()}>
                            <span>{ told(schedule) }</span>
                            <button type="button" class="button small" onclick={stop} aria-label={format!("Stop: {}", told(schedule))}>{ "Stop" }</button>
                        </li>
                    }
                }) }
            </ul>
        </fieldset>
    }
}

/// While schedules are in force: the button that ends them all.
#[component]
pub fn CalmButton() -> Html {
    let tank = use_tank();
    let running = use_view(|tank| tank.with(|run| run.world().schedules().running().to_vec()));
    if running.is_empty() {
        return Html::default();
    }
    let all: Vec<String> = running.iter().map(told).collect();
    let hint = format!("In force: {}. What they have begun still ends in its time.", all.join("; "));
    html! {
        <button type="button" class="button" data-do="calm" title={hint.clone()} aria-description={hint}
            onclick={move |_: MouseEvent| tank.act_or_say(Action::Calm)}>{ format!("Stop schedules ({})", running.len()) }</button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_name_of_its_own_and_a_sentence() {
        let names: std::collections::BTreeSet<String> = faults().map(|fault| words(fault).0).collect();
        assert_eq!(names.len(), faults().count());
        assert!(faults().all(|fault| words(fault).1.ends_with('.')));
    }
}
