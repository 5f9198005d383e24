//! What the person prefers: theme, single-key shortcuts, motion. Kept in the browser, outside of runs.

use std::cell::Cell;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use yew::prelude::*;

/// Which colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl Theme {
    /// The name in the page and in storage.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Dark => "dark",
            Theme::Light => "light",
        }
    }

    /// The theme after this one, around.
    #[must_use]
    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Dark,
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::System,
        }
    }

    /// The theme that was chosen last.
    #[must_use]
    pub fn stored() -> Theme {
        match read("theme").as_deref() {
            Some("dark") => Theme::Dark,
            Some("light") => Theme::Light,
            _ => Theme::System,
        }
    }

    /// Puts the theme in force, and remembers it.
    pub fn apply(self) {
        write("theme", self.name());
        let root = web_sys::window().and_then(|w| w.document()).and_then(|d| d.document_element());
        if let Some(root) = root {
            // The attribute only picks a style; a page that refuses it keeps the system's.
            let _ = root.set_attribute("data-theme", self.name());
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// A preference that was stored, where the browser stores any.
#[must_use]
pub fn read(name: &str) -> Option<String> {
    storage()?.get_item(&format!("wavetank.{name}")).ok()?
}

/// Stores a preference, where the browser stores any.
pub fn write(name: &str, value: &str) {
    if let Some(storage) = storage() {
        // A full or forbidden storage forgets, no more.
        let _ = storage.set_item(&format!("wavetank.{name}"), value);
    }
}

/// Whether single-key shortcuts are on.
#[must_use]
pub fn shortcuts() -> bool {
    read("shortcuts").as_deref() != Some("off")
}

/// Whether the browser is asked for less motion. Asked once a second at most matters to nobody, so it
/// is asked each time.
#[must_use]
pub fn reduced_motion() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

fn matches(query: &str) -> bool {
    web_sys::window()
        .and_then(|window| window.match_media(query).ok().flatten())
        .is_some_and(|list| list.matches())
}

/// Whether a media query matches; re-renders when that changes.
#[hook]
pub fn use_media(query: &'static str) -> bool {
    let state = use_state(|| matches(query));
    let setter = state.setter();
    use_effect_with(query, move |query| {
        let list = web_sys::window().and_then(|window| window.match_media(query).ok().flatten());
        let watched = list.clone();
        let last = Cell::new(matches(query));
        let closure = Closure::<dyn Fn()>::new(move || {
            let now = watched.as_ref().is_some_and(|list| list.matches());
            if last.replace(now) != now {
                setter.set(now);
            }
        });
        if let Some(list) = &list {
            list.set_onchange(Some(closure.as_ref().unchecked_ref()));
        }
        move || {
            if let Some(list) = &list {
                list.set_onchange(None);
            }
            drop(closure);
        }
    });
    *state
}
