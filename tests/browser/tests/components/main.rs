//! The components of `leptos-eventsource`, over a transport that the test plays itself.
#![cfg(target_arch = "wasm32")]

mod badge;
mod inspector;
mod log;

use std::sync::Arc;
use std::time::Duration;

use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{EventSet, EventSourceHandle, EventSourceOptions, use_event_source_with_options};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// A wait that no test sees the end of.
const LONG: Duration = Duration::from_secs(120);

/// A stream over `transport`, for the current owner, that waits long before it tries again.
pub(crate) fn use_stream<E: EventSet>(transport: &Scripted) -> EventSourceHandle<E> {
    use_stream_with(transport, |connection| {
        connection.client.backoff.initial = LONG;
        connection.client.backoff.floor = LONG;
    })
}

/// A stream over `transport` that is otherwise set by `set`.
pub(crate) fn use_stream_with<E: EventSet>(
    transport: &Scripted,
    set: impl FnOnce(&mut leptos_eventsource::ConnectionOptions),
) -> EventSourceHandle<E> {
    let mut connection = browser_tests::quick_options();
    connection.transport = Arc::new(transport.clone());
    set(&mut connection);
    let options = EventSourceOptions::from(connection);
    use_event_source_with_options("/stream".to_owned(), options)
}
