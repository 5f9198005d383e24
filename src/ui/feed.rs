//! The feed: every event in one plain sentence.

use yew::prelude::*;

/// The feed.
#[component]
pub fn Feed() -> Html {
    html! { <p class="empty">{ "Events will be told here." }</p> }
}
