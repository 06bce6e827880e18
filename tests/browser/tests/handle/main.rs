//! The life of a `leptos-eventsource` handle, against a server.
#![cfg(target_arch = "wasm32")]

mod lifetime;
mod sharing;
mod state;
mod transport;
mod url;

use leptos_eventsource::{
    EventSourceHandle, EventSourceOptions, StreamUrl, Text, use_event_source_with_options,
};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// A stream with short waits, for the current owner.
pub(crate) fn use_stream(url: impl Into<StreamUrl>) -> EventSourceHandle<Text> {
    let options = EventSourceOptions::from(browser_tests::quick_options());
    use_event_source_with_options(url, options)
}
