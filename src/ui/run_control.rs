//! Beginning runs: from the address, with another seed, from a file; and saving them.

use super::tank::{Tank, Tone};
use super::{kept, setup_url};
use crate::sim::{Seed, Setup};
use crate::timeline::Start;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlAnchorElement;

/// A seed that nobody chose. Small, so that it can be read out; without a source of chance it is 1.
#[must_use]
pub fn fresh_seed() -> Seed {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Seed(u64::from(u32::from_le_bytes(bytes) % 9999) + 1),
        Err(_) => Seed(1),
    }
}

/// What the page's address asks for.
#[must_use]
pub fn wanted() -> setup_url::Wanted {
    let query = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let mut wanted = setup_url::parse(&query);
    if !wanted.has_seed {
        wanted.setup.seed = fresh_seed();
    }
    wanted
}

/// The same run, from its start.
pub fn reset_same(tank: &Tank) {
    let recording = tank.recording();
    begin(tank, &recording.setup, recording.start);
}

/// The same setup with another seed.
pub fn reset_seed(tank: &Tank) {
    let recording = tank.recording();
    let setup = Setup { seed: fresh_seed(), ..recording.setup };
    begin(tank, &setup, recording.start);
}

/// A new run, which the page's address then names. Whether it could begin.
pub fn begin(tank: &Tank, setup: &Setup, start: Start) -> bool {
    match tank.reset_to(setup, start.clone()) {
        Ok(()) => {
            let query = setup_url::print(setup, &start);
            if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
                // An address that can't be changed (in a frame, for instance) stays as it is.
                let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&query));
                kept::address_is_ours();
            }
            true
        }
        Err(error) => {
            tank.notify(Tone::Trouble, error.to_string());
            false
        }
    }
}

/// Hands the run to the person as a file.
pub fn save(tank: &Tank) {
    let recording = tank.recording();
    let name = format!("wavetank-seed{}-{}ms.json", recording.setup.seed, recording.end.at_us / 1000);
    if offer(&recording.to_json(), &name).is_err() {
        tank.notify(Tone::Trouble, "The browser did not take the file: allow downloads and save again.");
    }
}

/// Hands a text to the person as a file.
///
/// # Errors
/// When the browser does not take it.
pub(super) fn offer(text: &str, name: &str) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type("application/json");
    let parts = js_sys::Array::of1(&text.into());
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let document = web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)?;
    let link: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    web_sys::Url::revoke_object_url(&address)
}
