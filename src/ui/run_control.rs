//! Beginning runs: from the address, with another seed, from a file; and saving them.

use super::export::file;
use super::tank::{Tank, Tone};
use super::{address, kept, setup_url};
use crate::sim::{Seed, Setup};
use crate::timeline::Start;
use wasm_bindgen::JsValue;

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
            address_of(tank);
            true
        }
        Err(error) => {
            tank.notify(Tone::Trouble, error.to_string());
            false
        }
    }
}

/// The page's address names the setup of the run, and no other run.
pub fn address_of(tank: &Tank) {
    let recording = tank.recording();
    address::set(&setup_url::print(&recording.setup, &recording.start));
    kept::address_is_ours();
}

/// Hands the run to the person as a file, with all its branches.
pub fn save(tank: &Tank) {
    let document = tank.document();
    let (seed, at_us) = tank.with(|run| (run.world().setup().seed, run.world().now_us()));
    let name = format!("wavetank-seed{seed}-{}ms.wavetank.json", at_us / 1000);
    if offer(&document.to_json(), &name).is_err() {
        tank.notify(Tone::Trouble, "The browser did not take the file: allow downloads and save again.");
    }
}

/// Hands a text to the person as a file.
///
/// # Errors
/// When the browser does not take it.
pub(super) fn offer(text: &str, name: &str) -> Result<(), JsValue> {
    file::save(&file::blob(&js_sys::Array::of1(&text.into()), "application/json")?, name)
}
