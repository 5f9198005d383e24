//! Panels behind tabs. Only the one in sight exists.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

/// What tabs need.
#[derive(Clone, PartialEq, Properties)]
pub struct TabsProps {
    /// Names and panels.
    pub tabs: Vec<(&'static str, Html)>,
}

/// Panels behind tabs.
#[component]
pub fn Tabs(props: &TabsProps) -> Html {
    let open = use_state(|| 0_usize);
    let count = props.tabs.len();
    let onkeydown = {
        let open = open.clone();
        move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowRight" => (*open + 1) % count,
                "ArrowLeft" => (*open + count - 1) % count,
                _ => return,
            };
            event.prevent_default();
            open.set(to);
            let list = event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
            let tab = list.and_then(|list| list.children().item(to as u32)?.dyn_into::<HtmlElement>().ok());
            if let Some(tab) = tab {
                // The focus follows the choice where it can.
                let _ = tab.focus();
            }
        }
    };
    let current = *open;
    html! {
        <section class="panel tabs" aria-label="More">
            <div class="tab-list" role="tablist" aria-label="Panels" {onkeydown}>
                { for props.tabs.iter().enumerate().map(|(n, (name, _))| {
                    let open = open.clone();
                    html! {
                        <button key={*name} type="button" class="tab" role="tab" id={format!("tab-{n}")} aria-selected={(n == current).to_string()}
                            aria-controls="tab-panel" tabindex={if n == current { "0" } else { "-1" }} onclick={move |_: MouseEvent| open.set(n)}>{ *name }</button>
                    }
                }) }
            </div>
            <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={format!("tab-{current}")} tabindex="0">
                { for props.tabs.get(current).map(|(name, panel)| html! { <div class="tab-inner" key={*name}>{ panel.clone() }</div> }) }
            </div>
        </section>
    }
}
