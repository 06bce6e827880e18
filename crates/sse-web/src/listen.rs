//! Listeners to what the browser tells.

use std::borrow::Cow;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    target: EventTarget,
    event_type: Cow<'static, str>,
    hear: Closure<dyn Fn(&Event)>,
}

/// Calls `hear` with every event of this type until the listener is dropped.
pub(crate) fn listen(
    target: &EventTarget,
    event_type: impl Into<Cow<'static, str>>,
    hear: impl Fn(&Event) + 'static,
) -> Listener {
    // Behind a pointer from here: what passes a closure to JavaScript and frees it again is linked once.
    Listener::new(target.clone(), event_type.into(), Box::new(hear))
}

impl Listener {
    fn new(target: EventTarget, event_type: Cow<'static, str>, hear: Box<dyn Fn(&Event)>) -> Self {
        let hear = Closure::wrap(hear);
        // Neither this nor its opposite throws.
        let _ = target.add_event_listener_with_callback(&event_type, hear.as_ref().unchecked_ref());
        Self { target, event_type, hear }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let hear = self.hear.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(&self.event_type, hear);
    }
}
