//! Files dropped onto the page.

use super::kept;
use super::tank::Tank;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{DragEvent, File, FileList};
use yew::prelude::*;

/// The files of a browser's list.
#[must_use]
pub fn list(files: &FileList) -> Vec<File> {
    (0..files.length()).filter_map(|n| files.item(n)).collect()
}

/// Takes runs that are dropped anywhere on the page. Whether one hangs over it now.
#[hook]
pub fn use_drop(tank: &Tank) -> bool {
    let over = use_state(|| false);
    let setter = over.setter();
    use_effect_with(tank.clone(), move |tank| {
        let tank = tank.clone();
        let closure = Closure::<dyn Fn(DragEvent)>::new(move |event: DragEvent| {
            let Some(data) = event.data_transfer() else { return };
            let has_files = data.types().includes(&"Files".into(), 0);
            match event.type_().as_str() {
                "dragover" if has_files => {
                    event.prevent_default();
                    setter.set(true);
                }
                "drop" => {
                    setter.set(false);
                    if let Some(files) = data.files().filter(|files| files.length() > 0) {
                        event.prevent_default();
                        kept::add_files(&tank, list(&files), true);
                    }
                }
                "dragleave" if event.related_target().is_none() => setter.set(false),
                _ => {}
            }
        });
        let document = web_sys::window().and_then(|window| window.document());
        let kinds = ["dragover", "drop", "dragleave"];
        if let Some(document) = &document {
            for kind in kinds {
                // Without it, the Open button does the same.
                let _ = document.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
            }
        }
        move || {
            if let Some(document) = &document {
                for kind in kinds {
                    let _ =
                        document.remove_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
                }
            }
            drop(closure);
        }
    });
    *over
}
