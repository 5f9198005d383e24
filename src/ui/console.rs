//! The console: commands typed by hand.

use yew::prelude::*;

/// The console.
#[component]
pub fn Console() -> Html {
    html! { <p class="empty">{ "Commands will be typed here." }</p> }
}
