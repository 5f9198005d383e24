//! A dialog: the browser's own, so that focus and Escape behave.

use super::tank::Tank;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

/// What a dialog needs.
#[derive(Clone, PartialEq, Properties)]
pub struct DialogProps {
    /// Whether it is open.
    pub open: bool,
    /// Its heading.
    pub title: AttrValue,
    /// It was closed.
    pub on_close: Callback<()>,
    /// What stands in it.
    pub children: Html,
}

/// A dialog.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let place = use_node_ref();
    {
        let place = place.clone();
        use_effect_with(props.open, move |open| {
            if let Some(dialog) = place.cast::<HtmlDialogElement>() {
                match (*open, dialog.open()) {
                    // A dialog that can't be modal does not open; its keys and buttons remain.
                    (true, false) => drop(dialog.show_modal()),
                    (false, true) => dialog.close(),
                    _ => {}
                }
            }
        });
    }
    let onclose = props.on_close.reform(|_: Event| ());
    let close = props.on_close.reform(|_: MouseEvent| ());
    html! {
        <dialog ref={place} class="dialog" aria-label={props.title.clone()} {onclose}>
            <header class="panel-head">
                <h2>{ &props.title }</h2>
                <button type="button" class="button icon" onclick={close} aria-label="Close">{ "✕" }</button>
            </header>
            if props.open { { props.children.clone() } }
        </dialog>
    }
}

/// Time stands still while a dialog is open that is about the moment.
#[hook]
pub fn use_still(tank: &Tank) {
    let tank = tank.clone();
    use_effect_with((), move |()| {
        let played = tank.is_playing();
        tank.pause();
        move || {
            if played {
                tank.play();
            }
        }
    });
}
