//! What `tests/timeline.rs` shows natively holds in a browser as well.

use super::moments::seek_everywhere;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn any_recording_sought_in_any_order_is_what_a_straight_replay_shows() {
    let mut backwards = 0;
    for seed in 0..60 {
        let until_us = if seed % 16 == 5 { 20_000_000 } else { 1_000_000 + 500_000 * (seed % 8) };
        backwards += seek_everywhere(seed, until_us, 12).backwards;
    }
    assert!(backwards > 60, "{backwards}");
}
