//! c21: the suite over the fetch transport, in a dedicated worker, where there is no `window`.
#![cfg(target_arch = "wasm32")]

mod over_fetch;
mod suite;

use browser_tests::Carrier;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// What carries the streams of this program.
const CARRIER: Carrier = Carrier::Fetch;

#[wasm_bindgen_test::wasm_bindgen_test]
fn there_is_no_window() {
    assert!(web_sys::window().is_none());
}
