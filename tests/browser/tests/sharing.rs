//! A shared connection, in a page.
#![cfg(target_arch = "wasm32")]

mod shared;
mod shared_page;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
