//! Listeners to what the browser tells.

use std::borrow::Cow;

use gloo_events::EventListener;
use web_sys::{Event, EventTarget};

/// Calls `hear` with every event of this type until the listener is dropped.
///
/// Behind a pointer: what passes a closure to JavaScript and frees it again is large, and is linked once for each type of
/// closure.
pub(crate) fn listen(
    target: &EventTarget,
    event_type: impl Into<Cow<'static, str>>,
    hear: impl Fn(&Event) + 'static,
) -> EventListener {
    let hear: Box<dyn Fn(&Event)> = Box::new(hear);
    EventListener::new(target, event_type, move |event| hear(event))
}
