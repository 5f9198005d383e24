//! In a browser the same promises fall without each rule as natively, and the same step refuses with it.

use super::kill::{RECORDINGS, index, judge_all};
use wasm_bindgen_test::wasm_bindgen_test;

/// The index that `tests/kill_matrix.rs` makes and compares natively.
const INDEX: &str = include_str!("../../static/broken/index.json");

#[wasm_bindgen_test]
fn every_recording_of_a_broken_rule_shows_what_it_shows_natively() {
    let now = index(&judge_all());
    for (now, golden) in now.lines().zip(INDEX.lines()) {
        assert_eq!(now, golden);
    }
    assert_eq!(now.lines().count(), INDEX.lines().count());
    assert!(RECORDINGS.len() > 50);
}
