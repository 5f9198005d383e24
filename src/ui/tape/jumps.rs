//! Buttons that go from landmark to landmark.

use crate::timeline::Landmark;
use crate::ui::context::use_tank;
use yew::prelude::*;

/// What one goes to, what it is called, and what the two buttons do.
const JUMPS: [(Landmark, &str, &str, &str); 6] = [
    (Landmark::Event, "event", "Back by one event", "On by one event"),
    (
        Landmark::Message,
        "message",
        "Back to the last message that arrived",
        "On to the next message that arrives",
    ),
    (Landmark::Commit, "commit", "Back to the last commit", "On to the next commit"),
    (
        Landmark::Leader,
        "leader",
        "Back to the last election of a leader",
        "On to the next election of a leader",
    ),
    (Landmark::Action, "action", "Back to the last thing somebody did", "On to the next thing somebody did"),
    (Landmark::Violation, "violation", "Back to the last broken promise", "On to the next broken promise"),
];

/// The buttons, two for each sort of landmark.
#[component]
pub fn Jumps() -> Html {
    let tank = use_tank();
    html! {
        <div class="tape-jumps" role="group" aria-label="Go to">
            { for JUMPS.iter().map(|(what, name, back, on)| {
                let go = |forward: bool| {
                    let (tank, what) = (tank.clone(), *what);
                    move |_: MouseEvent| tank.go_to(what, forward)
                };
                html! {
                    <span key={*name} class="tape-jump">
                        <button type="button" class="button small" data-do={format!("back-{name}")} title={*back} aria-label={*back} onclick={go(false)}>{ "◂" }</button>
                        <span class="tape-jump-name" aria-hidden="true">{ *name }</span>
                        <button type="button" class="button small" data-do={format!("on-{name}")} title={*on} aria-label={*on} onclick={go(true)}>{ "▸" }</button>
                    </span>
                }
            }) }
        </div>
    }
}
