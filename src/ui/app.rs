//! The whole page.

use super::tank::Tank;
use yew::prelude::*;

/// What the page is mounted with.
#[derive(Clone, PartialEq, Properties)]
pub struct AppProps {
    /// The page's tank.
    pub tank: Tank,
}

/// The whole page.
#[component]
pub fn App(props: &AppProps) -> Html {
    html! {
        <ContextProvider<Tank> context={props.tank.clone()}>
            <main>{ "Wavetank" }</main>
        </ContextProvider<Tank>>
    }
}
