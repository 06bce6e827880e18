//! How the demo's streams behave.

use leptos_eventsource::{EventSourceOptions, Sharing};

/// The options of both pages.
pub(crate) fn stream_options() -> EventSourceOptions {
    // On plain HTTP/1.1 a browser opens six connections to a server, so a seventh tab would show nothing.
    let mut options = EventSourceOptions::default().with_sharing(Sharing::browser());
    // While the server restarts, a proxy in front of it (`trunk serve` is one) answers for it, and the native
    // `EventSource` takes its 502 for the server's last word.
    options.connection.client.retry_rejected = true;
    options
}
