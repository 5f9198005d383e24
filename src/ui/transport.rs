//! Play, pause, one event, speed; the time; ask, cut, heal; begin again.

use super::broken::EarlierRun;
use super::context::{use_tank, use_view};
use super::control::Act;
use super::link_presets::LinkPresets;
use super::options::{READ_MODES, READS};
use super::options_panel::value_of;
use super::page_state::{Change, use_page};
use super::requests;
use super::run_control::{reset_same, reset_seed};
use super::schedules::CalmButton;
use super::tank::{SPEED_MAX, SPEED_MIN};
use super::words::{speed_text, time_text};
use crate::raft::ServerSet;
use crate::sim::Action;
use crate::ui::math;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

/// The bar under the stage.
#[component]
pub fn Transport() -> Html {
    html! {
        <section class="transport" aria-label="Controls">
            <div class="transport-row">
                <PlayButtons />
                <Clock />
                <Speed />
            </div>
            <div class="transport-row">
                <Ask />
                <Cuts />
                <Resets />
            </div>
        </section>
    }
}

#[component]
fn PlayButtons() -> Html {
    let tank = use_tank();
    let page = use_page();
    let diagram = {
        let page = page.clone();
        move |_: MouseEvent| page.dispatch(Change::Diagram(!page.diagram_open))
    };
    let playing = use_view(|tank| tank.is_playing());
    let toggle = {
        let tank = tank.clone();
        move |_: MouseEvent| if tank.is_playing() { tank.pause() } else { tank.play() }
    };
    let step = move |_: MouseEvent| {
        tank.step_event();
    };
    let (label, icon) =
        if *playing { ("Pause", "M5 3h4v14H5zM11 3h4v14h-4z") } else { ("Play", "M5 2.5 17 10 5 17.5z") };
    html! {
        <div class="group">
            <button type="button" class="button primary play" onclick={toggle} title={format!("{label} (Space)")} data-do="play">
                <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true"><path d={icon} /></svg>
                { label }
            </button>
            <button type="button" class="button" onclick={step} title="Pause, and let exactly one event happen (.)" data-do="step">
                <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true"><path d="M4 3l9 7-9 7zM14 3h3v14h-3z" /></svg>
                { "Step" }
            </button>
            <button type="button" class="button" onclick={diagram} aria-pressed={page.diagram_open.to_string()} data-do="diagram"
                title="The space-time diagram: who could have known what, when (W)">{ "Diagram" }</button>
        </div>
    }
}

/// The virtual time, written by the frame loop.
#[component]
fn Clock() -> Html {
    let tank = use_tank();
    let place = use_node_ref();
    {
        let place = place.clone();
        use_effect_with(tank, move |tank| {
            let subscription = tank.on_frame(move |moment| {
                if let Some(element) = place.cast::<Element>() {
                    element.set_text_content(Some(&time_text(moment.view_us)));
                }
            });
            move || drop(subscription)
        });
    }
    html! { <div class="clock" title="Virtual time since the start"><span class="clock-label">{ "time" }</span><output ref={place}></output></div> }
}

#[component]
fn Speed() -> Html {
    let tank = use_tank();
    let speed = use_view(|tank| tank.speed());
    let oninput = {
        let tank = tank.clone();
        move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(input) = input {
                tank.set_speed(math::pow(10.0, input.value_as_number()));
            }
        }
    };
    let (low, high) = (math::log10(SPEED_MIN), math::log10(SPEED_MAX));
    let text = speed_text(*speed);
    html! {
        <label class="speed">
            <span>{ "speed" }</span>
            <input type="range" min={low.to_string()} max={high.to_string()} step="0.01" value={format!("{:.2}", math::log10(*speed))}
                aria-valuetext={format!("{text} of real time")} {oninput} />
            <output class="speed-text">{ format!("{text} ×") }</output>
        </label>
    }
}

/// What the person asks of the cluster.
#[component]
fn Ask() -> Html {
    let tank = use_tank();
    let field = use_node_ref();
    let mode = use_state(|| None::<usize>);
    let view = use_view(|tank| {
        (requests::next(tank), tank.with(|run| run.world().clients().first().map(|c| c.target.to_string())))
    });
    let onsubmit = {
        let (field, mode) = (field.clone(), mode.map(|n| READ_MODES[n]));
        move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(input) = field.cast::<HtmlInputElement>() {
                requests::ask(&tank, &input.value(), None, mode);
                input.set_value("");
            }
        }
    };
    let choose = {
        let mode = mode.setter();
        move |event: Event| {
            let value = value_of(&event);
            mode.set(READS.iter().position(|(name, ..)| *name == value));
        }
    };
    let sentence = mode.map_or("As the options say.", |n| READS[n].2);
    let (next, target) = &*view;
    let target = target.clone().unwrap_or_default();
    html! {
        <>
        <form class="group ask" {onsubmit}>
            <input ref={field} class="field" type="text" aria-label="What the client asks: x=1 writes, x? reads" maxlength="4000"
                placeholder={next.clone()} autocomplete="off" spellcheck="false" />
            <select class="field reads" aria-label="How a read is answered" aria-description={sentence} title={format!("How a read (x?) is answered: {sentence}")} onchange={choose}>
                <option value="" selected={mode.is_none()}>{ "read: as set" }</option>
                { for READS.iter().enumerate().map(|(n, (name, label, _))| html! { <option key={*name} value={*name} selected={*mode == Some(n)}>{ format!("read: {label}") }</option> }) }
            </select>
            <button type="submit" class="button" data-do="ask" title={format!("Client C1 asks this of {target}, which it believes to lead (C)")}>
                { format!("Ask {target}") }
            </button>
        </form>
        if mode.is_some() { <p class="reads-note">{ sentence }</p> }
        </>
    }
}

#[component]
fn Cuts() -> Html {
    let tank = use_tank();
    let page = use_page();
    let manual = use_view(|tank| tank.with(|run| run.world().is_manual()));
    let servers = use_view(|tank| tank.with(|run| run.world().servers().len() as u8));
    let dispatch = |change: Change| {
        let page = page.clone();
        move |_: MouseEvent| page.dispatch(change)
    };
    let set_manual = {
        let (tank, on) = (tank.clone(), !*manual);
        move |_: MouseEvent| tank.act_or_say(Action::Manual { on })
    };
    let parted = page.partition.map(|set| {
        let groups = vec![ServerSet::first(*servers).minus(set), set];
        (set, Action::Partition { groups })
    });
    html! {
        <div class="group">
            if let Some((set, action)) = parted {
                <button type="button" class="button primary" data-do="cut" aria-disabled={set.is_empty().to_string()}
                    title={if set.is_empty() { "Would do nothing: tap at least one server onto side B" } else { "Cuts side A off from side B" }}
                    onclick={let (tank, page) = (tank.clone(), page.clone()); move |_: MouseEvent| if !set.is_empty() {
                        tank.act_or_say(action.clone());
                        page.dispatch(Change::Partition(false));
                    }}>{ "Cut A | B" }</button>
                <button type="button" class="button" onclick={dispatch(Change::Partition(false))}>{ "Cancel" }</button>
                <LinkPresets done={let page = page.clone(); Callback::from(move |()| page.dispatch(Change::Partition(false)))} />
            } else {
                <button type="button" class="button" data-do="partition" onclick={dispatch(Change::Partition(true))}
                    title="Choose servers, then cut them off from the rest; or cut links as a bridge, a ring, one way … (P)">{ "Partition" }</button>
                <Act action={Action::Heal} label="Heal" hint="All links work again (H)" />
            }
            <CalmButton />
            <button type="button" class="button" aria-pressed={manual.to_string()} onclick={set_manual} data-do="manual"
                title="Time stands still: you fire timers and deliver messages yourself (G)">{ "Manual" }</button>
        </div>
    }
}

#[component]
fn Resets() -> Html {
    let tank = use_tank();
    let seed = use_view(|tank| tank.with(|run| run.world().setup().seed.to_string()));
    // It stands beside the recording's own buttons, while one is done again.
    let again = use_view(|tank| tank.playback().is_some());
    let same = {
        let tank = tank.clone();
        move |_: MouseEvent| reset_same(&tank)
    };
    let other = move |_: MouseEvent| reset_seed(&tank);
    html! {
        <div class="group">
            <button type="button" class="button" onclick={same} data-do="reset" title={format!("The same run from the start, with seed {}", *seed)}>{ "Reset" }</button>
            <button type="button" class="button" onclick={other} data-do="new-seed" title="From the start with another seed: other timeouts, other delays">{ "New seed" }</button>
            if !*again { <EarlierRun /> }
        </div>
    }
}
