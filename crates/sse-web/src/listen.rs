//! Listeners to what the browser tells.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

/// A function for JavaScript to call, freed with this.
///
/// One type for all that every page links: what passes a closure to JavaScript and frees it again is linked for each
/// type of closure. What a page links only if it asks for it, such as sharing across tabs, may have another.
pub(crate) type Callback = Closure<dyn Fn(&JsValue)>;

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    target: EventTarget,
    event_type: &'static str,
    hear: Callback,
}

/// Calls `hear` with every event of this type until the listener is dropped.
pub(crate) fn listen(
    target: &EventTarget,
    event_type: &'static str,
    hear: impl Fn(&Event) + 'static,
) -> Listener {
    // Behind a pointer from here, for the same reason.
    Listener::new(target.clone(), event_type, Box::new(move |event| hear(event.unchecked_ref())))
}

impl Listener {
    #[inline(never)]
    fn new(target: EventTarget, event_type: &'static str, hear: Box<dyn Fn(&JsValue)>) -> Self {
        let hear = Closure::wrap(hear);
        // Neither this nor its opposite throws.
        let _ = target.add_event_listener_with_callback(event_type, hear.as_ref().unchecked_ref());
        Self { target, event_type, hear }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let hear = self.hear.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.event_type, hear);
    }
}
