//! The golden links open in a browser as well, and come to the same digests as natively.

use super::golden_links;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn every_golden_link_comes_to_the_same_digest_as_natively() {
    golden_links::all_open_and_come_to_the_same();
}
