//! What tabs of a browser say to one another.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, MessageEvent};

use crate::listen::{Listener, listen};

/// A channel to all other tabs that have opened it too. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Channel {
    channel: BroadcastChannel,
    /// Removed with it.
    _listener: Listener,
}

/// Whether there are channels here.
pub(super) fn is_supported() -> bool {
    js_sys::Reflect::has(&js_sys::global(), &"BroadcastChannel".into()) == Ok(true)
}

impl Channel {
    pub(super) fn open(name: &str, hear: impl Fn(String) + 'static) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        let listener = listen(&channel, "message", move |event| {
            if let Some(text) = event.unchecked_ref::<MessageEvent>().data().as_string() {
                hear(text);
            }
        });
        Some(Self { channel, _listener: listener })
    }

    pub(super) fn post(&self, text: &str) {
        // A string can always be posted, and the channel is open for as long as this lives.
        let _ = self.channel.post_message(&JsValue::from_str(text));
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.close();
    }
}
