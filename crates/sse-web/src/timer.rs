//! Calls after a time.

use sse_proto::Instant;
use wasm_bindgen::prelude::*;

use crate::clock;
use crate::listen::Callback;

/// The longest time for which a timer is set. It stands still while the device sleeps, so a long wait is cut in pieces of
/// this: one that was slept through is then over soon, also where the browser says nothing when the device wakes up.
const LONGEST_MILLIS: u64 = 60_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, millis: u32) -> i32;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: i32);
}

/// Calls once, unless it is dropped before.
///
/// That of gloo-timers would link a type of closure of its own.
pub(crate) struct Timeout {
    timer: i32,
    /// Freed with this.
    _callback: Callback,
}

impl Timeout {
    /// Calls at `deadline`; or before, after a minute. Whoever is called looks at the clock.
    pub(crate) fn until(deadline: Instant, call: impl Fn() + 'static) -> Self {
        let wait = deadline.as_millis().saturating_sub(clock::now().as_millis());
        Self::new(wait.min(LONGEST_MILLIS) as u32, call)
    }

    pub(crate) fn new(millis: u32, call: impl Fn() + 'static) -> Self {
        let callback = Callback::new(move |_: &JsValue| call());
        Self { timer: set_timeout(callback.as_ref(), millis), _callback: callback }
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        clear_timeout(self.timer);
    }
}
