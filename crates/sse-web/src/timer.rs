//! Calls after a time.

use std::time::Duration;

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

    #[wasm_bindgen(js_name = setInterval)]
    fn set_interval(callback: &JsValue, millis: u32) -> i32;

    /// Of either kind (HTML, 8.7).
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear(timer: i32);
}

/// Calls until it is dropped.
///
/// That of gloo-timers would link a type of closure of its own.
pub(crate) struct Timer {
    id: i32,
    /// Freed with this.
    _callback: Callback,
}

impl Timer {
    /// Calls once, at `deadline`; or before, after a minute. Whoever is called looks at the clock.
    pub(crate) fn until(deadline: Instant, call: impl Fn() + 'static) -> Self {
        let wait = deadline.as_millis().saturating_sub(clock::now().as_millis());
        Self::set(set_timeout, wait.min(LONGEST_MILLIS) as u32, call)
    }

    /// Calls once.
    pub(crate) fn after(wait: Duration, call: impl Fn() + 'static) -> Self {
        Self::set(set_timeout, millis(wait), call)
    }

    /// Calls again and again.
    pub(crate) fn every(period: Duration, call: impl Fn() + 'static) -> Self {
        Self::set(set_interval, millis(period), call)
    }

    fn set(set: fn(&JsValue, u32) -> i32, millis: u32, call: impl Fn() + 'static) -> Self {
        let callback = Callback::new(move |_: &JsValue| call());
        Self { id: set(callback.as_ref(), millis), _callback: callback }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear(self.id);
    }
}

/// As a browser's timer takes it; a larger one wraps and fires at once.
fn millis(duration: Duration) -> u32 {
    duration.as_millis().min(i32::MAX as u128) as u32
}
