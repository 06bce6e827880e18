use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use sse_proto::client::ClientOptions;

use crate::transport::{Native, Transport};

/// How a [`Connection`](crate::Connection) behaves. Start from the default and change what you need.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Backoff, retry limit, timeouts and the silence watchdog.
    pub client: ClientOptions,
    /// What carries the stream. Default: the browser's own `EventSource`.
    pub transport: Rc<dyn Transport>,
    /// The event types to listen for. The native `EventSource` delivers no others. Default: `message`.
    pub event_types: Cow<'static, [&'static str]>,
    /// Whether to send cookies to another origin. Default: no.
    pub with_credentials: bool,
    /// The cursor to go on from, for instance that of a page rendered on the server. Default: none.
    pub last_event_id: String,
    /// The query parameter that carries the cursor where no header can: the native `EventSource` sends
    /// `Last-Event-ID` only when it reconnects by itself. `None` sends no cursor there. Default:
    /// `last_event_id`; Mercure calls it `lastEventID`.
    pub cursor_parameter: Option<Cow<'static, str>>,
    /// What becomes of the connection while the page is in a background tab. Default: it stays.
    pub background: Background,
}

/// What becomes of a connection while nobody sees the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// It stays open.
    #[default]
    Stay,
    /// It is closed, and resumed from its cursor when the page is seen again.
    Pause,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client: ClientOptions::default(),
            transport: Rc::new(Native),
            event_types: Cow::Borrowed(&[sse_proto::MESSAGE]),
            with_credentials: false,
            last_event_id: String::new(),
            cursor_parameter: Some(Cow::Borrowed("last_event_id")),
            background: Background::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("client", &self.client)
            .field("event_types", &self.event_types)
            .field("with_credentials", &self.with_credentials)
            .field("last_event_id", &self.last_event_id)
            .field("cursor_parameter", &self.cursor_parameter)
            .field("background", &self.background)
            .finish_non_exhaustive()
    }
}
