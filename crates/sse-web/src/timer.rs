//! Calls after a time.

use wasm_bindgen::prelude::*;

use crate::listen::Callback;

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
