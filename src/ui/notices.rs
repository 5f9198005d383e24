//! Sentences for the person, until they dismiss them.

use super::context::{use_tank, use_view};
use super::tank::Tone;
use yew::prelude::*;

/// The notices.
#[component]
pub fn Notices() -> Html {
    let tank = use_tank();
    let notices = use_view(|tank| tank.notices());
    html! {
        <div class="notices" role="log" aria-label="Notices" aria-live="polite">
            { for notices.iter().map(|notice| {
                let (tank, id) = (tank.clone(), notice.id);
                html! {
                    <div key={id} class={classes!("notice", (notice.tone == Tone::Trouble).then_some("trouble"))}>
                        <span>{ &notice.text }</span>
                        <button type="button" class="button icon" aria-label="Dismiss" onclick={move |_: MouseEvent| tank.dismiss(id)}>{ "✕" }</button>
                    </div>
                }
            }) }
        </div>
    }
}
