//! The suite over the fetch transport, in a page.
#![cfg(target_arch = "wasm32")]

mod over_fetch;
mod page;
mod suite;

use browser_tests::Carrier;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// What carries the streams of this program.
const CARRIER: Carrier = Carrier::Fetch;
