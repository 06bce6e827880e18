//! How the demo's streams behave.

use std::time::Duration;

use leptos_eventsource::{Background, EventSourceOptions, Sharing};

/// For how long a stream that is only looked at goes on while nobody looks.
const UNSEEN: Duration = Duration::from_secs(60);

/// The options of a stream of which something is told also to those who do not look, such as in the page's title.
pub(crate) fn stream_options() -> EventSourceOptions {
    // On plain HTTP/1.1 a browser opens six connections to a server, so a seventh tab would show nothing.
    let mut options = EventSourceOptions::default().with_sharing(Sharing::browser());
    // While the server restarts, a proxy in front of it (`trunk serve` is one) answers for it, and the native
    // `EventSource` takes its 502 for the server's last word.
    options.connection.client.retry_rejected = true;
    options
}

/// Has a stream that is only looked at leave one of the browser's six connections to others while nobody looks. Its
/// cursor makes up for it.
pub(crate) fn while_seen(mut options: EventSourceOptions) -> EventSourceOptions {
    options.connection.background = Background::PauseAfter(UNSEEN);
    options
}
