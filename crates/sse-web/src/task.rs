//! Calls in a task of its own.

use wasm_bindgen::prelude::*;
use web_sys::MessagePort;

use crate::listen::{Listener, listen};

#[wasm_bindgen]
extern "C" {
    /// A `MessageChannel`. That of web-sys can fail, but every browser that runs WebAssembly has it.
    type Channel;

    #[wasm_bindgen(constructor, js_class = MessageChannel)]
    fn new() -> Channel;

    #[wasm_bindgen(method, getter)]
    fn port1(this: &Channel) -> MessagePort;

    #[wasm_bindgen(method, getter)]
    fn port2(this: &Channel) -> MessagePort;
}

/// Calls in the task that comes next, each time that it is asked for. Not once it is dropped.
///
/// The task is that of a message: a timer is held back in a background tab, for up to a minute.
pub(crate) struct Task {
    ask: MessagePort,
    come: MessagePort,
    /// Removed with this.
    _listener: Listener,
}

impl Task {
    pub(crate) fn new(call: impl Fn() + 'static) -> Self {
        let channel = Channel::new();
        let come = channel.port1();
        let listener = listen(&come, "message", move |_| call());
        come.start();
        Self { ask: channel.port2(), come, _listener: listener }
    }

    pub(crate) fn ask(&self) {
        // It holds nothing that could not be posted.
        let _ = self.ask.post_message(&JsValue::NULL);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // A port that is open is never collected as garbage (HTML, 9.4.5).
        self.come.close();
    }
}
