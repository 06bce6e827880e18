use std::fmt;

use sse_proto::client::{Command, PauseReason, State};

use crate::options::Options;
use crate::sink::Sink;
use crate::url::{self, InvalidUrl};

/// One event stream, kept alive until this is dropped.
///
/// ```
/// use sse_web::{Connection, EventRef, InvalidUrl, Options, Sink};
///
/// struct Print;
///
/// impl Sink for Print {
///     fn event(&self, event: EventRef<'_>) {
///         web_sys::console::log_1(&event.data.into());
///     }
/// }
///
/// /// Ends when the player is dropped.
/// struct Player {
///     scores: Connection,
/// }
///
/// impl Player {
///     fn new() -> Result<Self, InvalidUrl> {
///         Ok(Self { scores: Connection::open("/scores", Options::default(), Print)? })
///     }
///
///     fn set_watching(&self, is_watching: bool) {
///         if is_watching { self.scores.resume() } else { self.scores.pause() }
///     }
///
///     /// The final whistle. Who comes back later goes on from here.
///     fn leave(&self) -> String {
///         self.scores.close();
///         self.scores.last_event_id()
///     }
///
///     fn try_again(&self) {
///         if !self.scores.state().is_open() {
///             self.scores.reconnect();
///         }
///     }
/// }
/// ```
pub struct Connection {
    link: Box<dyn Link>,
}

/// What stands behind a [`Connection`]: a connection of its own, or a part in a shared one. Dropping it ends it.
pub(crate) trait Link {
    fn url(&self) -> &str;
    fn state(&self) -> State;
    fn last_event_id(&self) -> String;
    fn command(&self, command: Command);
}

impl Connection {
    /// Connects to `url`, which is resolved against the document or the worker. The sink is told the first state
    /// before this returns.
    ///
    /// # Errors
    /// [`InvalidUrl`] if it is empty, or not an http or https URL.
    ///
    /// # Panics
    /// Outside of a browser, as where a page is rendered on a server: open it in an effect.
    pub fn open(url: &str, options: Options, sink: impl Sink + 'static) -> Result<Self, InvalidUrl> {
        let url = url::resolve(url)?;
        let link = options.sharing.open(url, options, Box::new(sink));
        Ok(Self { link })
    }

    /// What can be shown to a person.
    #[must_use]
    pub fn state(&self) -> State {
        self.link.state()
    }

    /// The cursor from which a reconnect goes on: the id of the last event, before the first one
    /// [`Options::last_event_id`], and also what the server has named without an event (`sse.open`). Empty if there is
    /// none.
    #[must_use]
    pub fn last_event_id(&self) -> String {
        self.link.last_event_id()
    }

    /// Closes the stream. Nothing is delivered afterwards, not even what has arrived already.
    pub fn close(&self) {
        self.link.command(Command::Close);
    }

    /// [Closes](Self::close) it as [`Ended`](sse_proto::client::CloseReason::Ended), for a server that says in the data
    /// that the stream is complete.
    pub fn finish(&self) {
        self.link.command(Command::Finish);
    }

    /// Connects anew, at once and with a clean record, from the cursor.
    ///
    /// It drops a connection that is open, sends a POST again, does not wait until a `Retry-After` is over, and asks
    /// the connection's own URL and not where that has redirected to. It does not end a pause of a page that is in the
    /// background or offline. A [shared](crate::Sharing) connection is made anew for all who share it.
    pub fn reconnect(&self) {
        self.link.command(Command::Reconnect);
    }

    /// Closes the stream until [`resume`](Self::resume).
    ///
    /// A request that must not be sent again, like a POST, cannot be paused: once it is sent, a pause ends the stream
    /// as [`Interrupted`](sse_proto::client::CloseReason::Interrupted), and only [`reconnect`](Self::reconnect) sends
    /// it again.
    pub fn pause(&self) {
        self.link.command(Command::Pause(PauseReason::Caller));
    }

    /// Goes on from the cursor after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.link.command(Command::Resume(PauseReason::Caller));
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("url", &self.link.url()).finish_non_exhaustive()
    }
}
