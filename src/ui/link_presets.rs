//! The ways in which links fail that have a name, to be chosen from a list.

use super::context::{use_tank, use_view_of};
use super::options_panel::value_of;
use crate::sim::{Action, LinkPreset};
use yew::prelude::*;

/// What the list needs.
#[derive(Clone, PartialEq, Properties)]
pub struct LinkPresetsProps {
    /// The links were cut.
    pub done: Callback<()>,
}

/// The list, what the chosen way does in a sentence, and the button that does it.
#[component]
pub fn LinkPresets(props: &LinkPresetsProps) -> Html {
    let tank = use_tank();
    let preset = use_state(|| LinkPreset::ALL[0]);
    let action = Action::LinkPreset { preset: *preset };
    let why = use_view_of(tank.clone(), action.clone(), |tank, action| {
        tank.refusal(action).map(|why| why.to_string())
    });
    let onchange = {
        let preset = preset.setter();
        move |event: Event| {
            let value = value_of(&event);
            if let Some(chosen) = LinkPreset::ALL.into_iter().find(|preset| preset.name() == value) {
                preset.set(chosen);
            }
        }
    };
    let onclick = {
        let (why, done) = (why.clone(), props.done.clone());
        move |_: MouseEvent| {
            if why.is_none() {
                tank.act_or_say(action.clone());
                done.emit(());
            }
        }
    };
    let sentence =
        why.as_deref().map_or(preset.sentence().to_owned(), |why| format!("Would do nothing: {why}."));
    html! {
        <div class="group link-presets" role="group" aria-label="Cut links in a way that has a name">
            <select class="field" aria-label="In which way links fail" aria-description={preset.sentence()} {onchange}>
                { for LinkPreset::ALL.into_iter().map(|one| html! {
                    <option key={one.name()} value={one.name()} selected={one == *preset}>{ one.title() }</option>
                }) }
            </select>
            <button type="button" class="button" data-do="link-preset" aria-disabled={why.is_some().to_string()}
                title={sentence.clone()} aria-description={sentence.clone()} {onclick}>{ "Cut so" }</button>
            <p class="reads-note" aria-live="polite">{ sentence }</p>
        </div>
    }
}
