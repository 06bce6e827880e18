//! Time and chance, as the browser gives them in a page and in a worker.

use sse_proto::Instant;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `performance.now()`: milliseconds since the page began. Unlike the wall clock it never jumps.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// The current time on the clock in which states give theirs.
#[must_use]
pub fn now() -> Instant {
    // Times are small and not negative, so the conversion only drops the fraction.
    Instant::from_millis(performance_now() as u64)
}

/// A seed for the jitter, another one for every connection.
pub(crate) fn seed() -> u64 {
    (js_sys::Math::random() * (1_u64 << 53) as f64) as u64
}
