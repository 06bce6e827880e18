//! c21: a shared connection in a dedicated worker, where there is no `window`.
#![cfg(target_arch = "wasm32")]

mod shared;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test::wasm_bindgen_test]
fn there_is_no_window() {
    assert!(web_sys::window().is_none());
}
