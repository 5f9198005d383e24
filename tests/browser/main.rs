//! Tests in a real headless browser; `cargo xtask test` runs them. Natively there are none.
//!
//! One module a behaviour; `wasm_bindgen_test` in place of `test`.
#![cfg(target_arch = "wasm32")]

mod broken_rules;
#[path = "../common/golden_links.rs"]
mod golden_links;
#[path = "../common/golden_storms.rs"]
mod golden_storms;
#[path = "../common/kill.rs"]
mod kill;
mod links;
#[path = "../common/seeking.rs"]
mod moments;
mod same_run;
mod seeking;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Node would run most of these as well, and prove less.
#[wasm_bindgen_test]
fn these_tests_run_in_a_browser() {
    let window = web_sys::window().expect("a browser has a window");
    assert!(window.navigator().user_agent().expect("and names itself").contains("Mozilla"));
}
