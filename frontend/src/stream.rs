//! How the demo's streams behave.

use leptos_eventsource::EventSourceOptions;

/// The options of both pages.
pub(crate) fn stream_options() -> EventSourceOptions {
    let mut options = EventSourceOptions::default();
    // While the server restarts, a proxy in front of it (`trunk serve` is one) answers for it, and the native
    // `EventSource` takes its 502 for the server's last word.
    options.connection.client.retry_rejected = true;
    options
}
