//! A button for an action: disabled, with the reason, when the action would do nothing.

use super::context::{use_tank, use_view_of};
use crate::sim::Action;
use yew::prelude::*;

/// What an action's button needs.
#[derive(Clone, PartialEq, Properties)]
pub struct ActProps {
    /// What it does.
    pub action: Action,
    /// What stands on it.
    pub label: AttrValue,
    /// What it is for, in a sentence.
    #[prop_or_default]
    pub hint: AttrValue,
    /// The key that does the same.
    #[prop_or_default]
    pub key_hint: AttrValue,
    /// More classes.
    #[prop_or_default]
    pub class: Classes,
}

/// An action to offer: what it does, what stands on its button, what it is for, its key, more classes.
pub type Offer = (Action, &'static str, &'static str, &'static str, &'static str);

/// Buttons for actions, in a group with a name, with something more at the end.
pub fn offers(name: String, offers: Vec<Offer>, more: Html) -> Html {
    html! {
        <div class="actions" role="group" aria-label={name}>
            { for offers.into_iter().map(|(action, label, hint, key_hint, class)| html! {
                <Act key={label} {action} {label} {hint} {key_hint} {class} />
            }) }
            { more }
        </div>
    }
}

/// A button for an action. It stays focusable when it would do nothing, so that the reason can be read.
#[component]
pub fn Act(props: &ActProps) -> Html {
    let tank = use_tank();
    let why = use_view_of(tank.clone(), props.action.clone(), |tank, action| {
        tank.refusal(action).map(|why| why.to_string())
    });
    let onclick = {
        let (action, why) = (props.action.clone(), why.clone());
        move |_: MouseEvent| {
            if why.is_none() {
                tank.act_or_say(action.clone());
            }
        }
    };
    let sentence = why.as_deref().map_or(props.hint.to_string(), |why| format!("Would do nothing: {why}."));
    html! {
        <button type="button" class={classes!("button", props.class.clone())} aria-disabled={why.is_some().to_string()}
            title={sentence.clone()} aria-description={sentence} {onclick}>
            { &props.label }
            if !props.key_hint.is_empty() { <kbd aria-hidden="true">{ &props.key_hint }</kbd> }
        </button>
    }
}
