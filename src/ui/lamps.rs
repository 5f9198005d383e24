//! The lamps: which of Raft's promises hold. Always lit; a click explains the promise and, where it is
//! broken, shows how.

use super::broken::Offers;
use super::context::{use_tank, use_view, use_view_of};
use super::dialog::Dialog;
use super::page_state::{Change, use_page};
use super::tank::Tank;
use super::words::time_text;
use crate::check::{Property, Violation};
use crate::explain::{Scene, sentence};
use crate::sim::EventId;
use yew::prelude::*;

/// What one lamp stands for: its name, and the promises behind it. Figure 3's have a lamp each; what holds
/// on every single server shares one, which names what broke.
const LAMPS: [(&str, &[Property]); 8] = [
    ("Election", &[Property::ElectionSafety]),
    ("Append-only", &[Property::LeaderAppendOnly]),
    ("Matching", &[Property::LogMatching]),
    ("Completeness", &[Property::LeaderCompleteness]),
    ("State machine", &[Property::StateMachineSafety]),
    ("Linearizable", &[Property::Linearizability]),
    (
        "Invariants",
        &[
            Property::Monotone,
            Property::DurableCommit,
            Property::OneVote,
            Property::Order,
            Property::LatestConfiguration,
            Property::AtMostOnce,
        ],
    ),
    ("Liveness", &[Property::Liveness]),
];

/// Where a promise stands: Figure 3 and the sections of the paper (§), or of the dissertation (D).
pub fn source(property: Property) -> &'static str {
    match property {
        Property::ElectionSafety => "Figure 3, §5.2",
        Property::LeaderAppendOnly | Property::LogMatching => "Figure 3, §5.3",
        Property::LeaderCompleteness => "Figure 3, §5.4",
        Property::StateMachineSafety => "Figure 3, §5.4.3",
        Property::Monotone | Property::Order => "Figure 2",
        Property::DurableCommit => "§5.4, D10.2.1",
        Property::OneVote => "§5.2",
        Property::LatestConfiguration => "§6",
        Property::AtMostOnce => "§8, D6.3",
        Property::Linearizability => "§8, D6",
        Property::Liveness => "§5.2, D9",
    }
}

/// The lamps.
#[component]
pub fn Lamps() -> Html {
    let page = use_page();
    let undecided = use_view(undecided);
    let broken =
        use_view(|tank| tank.with(|run| run.violations().iter().map(|v| v.property).collect::<Vec<_>>()));
    let lamp = |(number, (name, properties)): (usize, &(&'static str, &'static [Property]))| {
        let fallen = properties.iter().find(|property| broken.contains(property));
        // A lamp for several promises names the one that broke.
        let shown = fallen.filter(|_| properties.len() > 1).map_or(*name, |property| property.name());
        let unsure = *undecided > 0 && properties.contains(&Property::Linearizability);
        let (mark, state) = match fallen {
            Some(_) => ("✕", "broken"),
            None if unsure => ("?", "undecided"),
            None => ("✓", "holds"),
        };
        let title = match (fallen, properties) {
            (Some(property), _) => format!("{property} is broken"),
            (None, [property]) if unsure => format!("{property} is undecided"),
            (None, [property]) => format!("{property} holds: {}", property.sentence()),
            (None, _) => "What must hold on every single server holds".into(),
        };
        let onclick = {
            let page = page.clone();
            move |_: MouseEvent| page.dispatch(Change::Promise(Some(number)))
        };
        html! {
            <li key={number}>
                <button type="button" class={classes!("lamp", state)} aria-label={title.clone()} {title} {onclick}>
                    <span class="lamp-mark" aria-hidden="true">{ mark }</span>
                    <span class="lamp-name">{ shown }</span>
                </button>
            </li>
        }
    };
    html! { <ul class="lamps" aria-label="Promises of Raft">{ for LAMPS.iter().enumerate().map(lamp) }</ul> }
}

/// How many answers to clients linearizability was not decided for.
fn undecided(tank: &Tank) -> u64 {
    tank.with(|run| run.checker().undecided())
}

/// What a lamp stands for, and how it was broken.
#[component]
pub fn PromiseDialog() -> Html {
    let page = use_page();
    let undecided = use_view(undecided);
    let tank = use_tank();
    let open = page.promise.is_some();
    // Put into words only while somebody reads them.
    let violations = use_view_of(tank, open, |tank, open| if *open { violations(tank) } else { Vec::new() });
    let on_close = {
        let page = page.clone();
        Callback::from(move |()| page.dispatch(Change::Promise(None)))
    };
    let lamp = page.promise.and_then(|number| LAMPS.get(number));
    let title = match lamp {
        Some((_, [property])) => property.name(),
        Some((name, _)) => name,
        None => "",
    };
    html! {
        <Dialog open={lamp.is_some()} {title} on_close={on_close.clone()}>
            <div>{ for lamp.into_iter().flat_map(|(_, properties)| properties.iter()).map(|property| {
                let violation = violations.iter().find(|(violation, _)| violation.property == *property);
                let unsure = if *property == Property::Linearizability { *undecided } else { 0 };
                promise(*property, violation, unsure, title, &on_close)
            }) }</div>
            <StopPreference />
        </Dialog>
    }
}

fn promise(
    property: Property,
    violation: Option<&(Violation, Vec<String>)>,
    undecided: u64,
    title: &str,
    on_done: &Callback<()>,
) -> Html {
    html! {
        <section key={property.name()} class="promise">
            if property.name() != title { <h3>{ property.name() }</h3> }
            <p>{ property.sentence() }{ " " }<span class="option-section">{ source(property) }</span></p>
            if let Some((violation, events)) = violation {
                <p class="trouble">{ format!("Broken at {}. {}", time_text(violation.at_us as f64), violation.sentence) }</p>
                <dl class="lines">{ for violation.values.iter().enumerate().map(|(n, fact)| html! {
                    <div key={n}><dt>{ &fact.label }</dt><dd>{ &fact.text }</dd></div>
                }) }</dl>
                <ul class="plain" aria-label="What made it so">{ for events.iter().enumerate().map(|(n, text)| html! { <li key={n}>{ text }</li> }) }</ul>
                <Offers violation={violation.clone()} on_done={on_done.clone()} />
            } else if undecided > 0 {
                <p class="warning">{ format!("Undecided: for {undecided} answers to clients too much was possible by then to find out in time.") }</p>
            } else {
                <p class="holds">{ "✓ It holds in this run." }</p>
            }
        </section>
    }
}

/// What was broken, with the events that made it so in words, as far as they are kept.
fn violations(tank: &Tank) -> Vec<(Violation, Vec<String>)> {
    tank.with(|run| {
        let words = |id: &EventId| {
            let event = run.event(*id)?;
            Some(format!("{}: {}", time_text(event.at_us as f64), sentence(event, Scene::of(run))))
        };
        let of = |violation: &Violation| violation.events.iter().filter_map(words).collect();
        run.violations().iter().map(|violation| (violation.clone(), of(violation))).collect()
    })
}

/// Whether a broken promise stops the run.
#[component]
fn StopPreference() -> Html {
    let tank = use_tank();
    let stops = use_view(|tank| tank.stops());
    let onchange = {
        let stops = *stops;
        move |_: Event| tank.set_stops(!stops)
    };
    html! {
        <label class="check"><input type="checkbox" name="stop" checked={*stops} {onchange} />{ "Stop the run when a promise is broken" }</label>
    }
}
