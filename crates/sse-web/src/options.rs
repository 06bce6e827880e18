use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sse_proto::client::ClientOptions;

use crate::share::Sharing;
use crate::transport::{Native, Transport};

/// How a [`Connection`](crate::Connection) behaves. Start from the default and change what you need.
///
/// A page that people carry about, and leave open for days:
///
/// ```
/// use std::time::Duration;
///
/// use sse_web::{Background, Offline, Options, Wake};
///
/// let mut options = Options::default();
/// options.background = Background::PauseAfter(Duration::from_secs(60));
/// options.offline = Offline::Pause;
/// options.wake = Wake::ReconnectAfter(Duration::from_secs(5 * 60));
/// ```
///
/// They can be compared, and so be a property of a component in Yew or Dioxus. Two transports are equal if they are the
/// same `Arc`, or ask for the same by their [`share_key`](Transport::share_key): of one without a key, such as a POST,
/// keep the options and clone them. Where [`share_as`](crate::transport::Fetch::share_as) says for whom they are, tokens
/// and what sends the request do not count: let these read the token from where it changes.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Backoff, retry limit, timeouts and the silence watchdog.
    pub client: ClientOptions,
    /// What carries the stream. Default: the browser's own `EventSource`.
    pub transport: Arc<dyn Transport>,
    /// The event types to listen for. The native `EventSource` delivers no others: for types that are known only at run
    /// time, take [`Fetch`](crate::transport::Fetch), which brings all. Default: `message`.
    pub event_types: Cow<'static, [&'static str]>,
    /// Whether to send cookies to another origin. Default: no.
    pub with_credentials: bool,
    /// The cursor to go on from, for instance that of a page rendered on the server. Default: none.
    pub last_event_id: String,
    /// The query parameter that carries the cursor where no header can: the native `EventSource` sends
    /// `Last-Event-ID` only when it reconnects by itself. `None` sends no cursor there. Default:
    /// `last_event_id`; Mercure before 1.0 calls it `lastEventID`.
    ///
    /// A URL may have a parameter of that name itself, to say where a new page begins. It is sent as it is until there is a
    /// cursor, which takes its place.
    pub cursor_parameter: Option<Cow<'static, str>>,
    /// What becomes of the connection while the page is in a background tab. Default: it stays.
    pub background: Background,
    /// What becomes of the connection while the browser says that the device is offline. Default: it stays.
    pub offline: Offline,
    /// What becomes of an open connection when the device wakes up from sleep. Default: what the watchdog says.
    pub wake: Wake,
    /// With whom the connection is shared. Default: with nobody.
    pub sharing: Sharing,
}

/// What becomes of a connection while nobody sees the page.
///
/// A server with a history brings what was missed when the page is seen again. From a server that knows no cursors, it is
/// missed for good. A request that must not be sent again, like a POST, ends as
/// [`Interrupted`](sse_proto::client::CloseReason::Interrupted).
///
/// In the back/forward cache, in a tab that the browser has frozen to save energy, and in a page that is prerendered and
/// not yet opened, no connection is held whatever is said here.
///
/// In a worker this has no effect: let the page post a message, and call [`pause`](crate::Connection::pause) there.
///
/// ```
/// use std::time::Duration;
///
/// use sse_web::{Background, Options};
///
/// let mut options = Options::default();
/// options.background = Background::PauseAfter(Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Background {
    /// It stays open: for whatever must be noticed in the background too, such as messages that change the page's title.
    /// Browsers run the timers of background tabs late, by up to a minute each: there it takes up to two minutes more until
    /// a connection is found dead.
    #[default]
    Stay,
    /// It is closed at once, and resumed from its cursor when the page is seen again. For pages of which people keep many
    /// open, where each costs the server a connection, or one of the six that HTTP/1.1 allows.
    Pause,
    /// Like [`Pause`](Self::Pause), but only after this time in the background: who looks into another tab for a moment
    /// costs no reconnect. It is late by as much as the timers of background tabs are.
    PauseAfter(Duration),
}

/// What becomes of a connection while the browser says that the device is offline.
///
/// Either way, `online` cuts a wait for the next attempt short.
///
/// A pause ends a request that must not be sent again, like a POST, as
/// [`Interrupted`](sse_proto::client::CloseReason::Interrupted).
///
/// ```
/// use sse_web::{Offline, Options};
///
/// let mut options = Options::default();
/// options.offline = Offline::Pause;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offline {
    /// What the browser says is not believed: it says it also to machines that reach the server all the same, over a
    /// virtual network or on the machine itself. A connection that fails is tried again, ever more rarely.
    #[default]
    Stay,
    /// It is closed, and resumed from its cursor when the browser says `online`. For pages on the move, whose server is in
    /// the open internet: it saves the attempts in between, and [`State::Paused`](sse_proto::client::State::Paused) tells
    /// people why nothing comes.
    Pause,
}

/// What becomes of an open connection when the device wakes up from sleep.
///
/// The other end may have given it up meanwhile, and no browser says so: it looks open for ever.
///
/// ```
/// use std::time::Duration;
///
/// use sse_web::{Options, Wake};
///
/// // For a server without heartbeats.
/// let mut options = Options::default();
/// options.wake = Wake::ReconnectAfter(Duration::from_secs(5 * 60));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wake {
    /// The [silence watchdog](sse_proto::client::ClientOptions::silence) decides, which counts the time asleep: a
    /// connection that was silent past its limit is given up as soon as the page is seen or online again, and another
    /// one is made. One without a limit stays. Right for a server that announces its heartbeats, or whose longest
    /// silence is set.
    #[default]
    Stay,
    /// One through which the page did not run for this time is replaced, from its cursor. For a server that sends nothing
    /// for long times, so that its silence means nothing. Looks at the clock every ten seconds, in a background tab every
    /// minute: a time below two minutes takes that for a sleep. What must not be sent again stays, also here.
    ReconnectAfter(Duration),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client: ClientOptions::default(),
            transport: Arc::new(Native),
            event_types: Cow::Borrowed(&[sse_proto::MESSAGE]),
            with_credentials: false,
            last_event_id: String::new(),
            cursor_parameter: Some(Cow::Borrowed("last_event_id")),
            background: Background::default(),
            offline: Offline::default(),
            wake: Wake::default(),
            sharing: Sharing::none(),
        }
    }
}

impl PartialEq for Options {
    fn eq(&self, other: &Self) -> bool {
        // By name, so that a new option is not forgotten.
        let Self {
            client,
            transport,
            event_types,
            with_credentials,
            last_event_id,
            cursor_parameter,
            background,
            offline,
            wake,
            sharing,
        } = self;
        *client == other.client
            && is_same(transport, &other.transport)
            && *event_types == other.event_types
            && *with_credentials == other.with_credentials
            && *last_event_id == other.last_event_id
            && *cursor_parameter == other.cursor_parameter
            && *background == other.background
            && *offline == other.offline
            && *wake == other.wake
            && *sharing == other.sharing
    }
}

fn is_same(one: &Arc<dyn Transport>, other: &Arc<dyn Transport>) -> bool {
    Arc::ptr_eq(one, other) || one.share_key().is_some_and(|key| Some(key) == other.share_key())
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
            .field("offline", &self.offline)
            .field("wake", &self.wake)
            .field("sharing", &self.sharing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Fetch, NativeOrFetch};

    fn over(fetch: Fetch) -> Options {
        Options { transport: Arc::new(fetch), ..Options::default() }
    }

    #[test]
    fn options_are_equal_that_ask_for_the_same() {
        assert_eq!(Options::default(), Options::default());
        assert_eq!(over(Fetch::new()), over(Fetch::new()));
        let ask = over(Fetch::post("{}"));
        assert_eq!(ask, ask.clone());
        assert_ne!(ask, over(Fetch::post("{}")), "nobody knows what else they were given");
        assert_ne!(over(Fetch::new()), Options::default());
        let native_or =
            |fetch| Options { transport: Arc::new(NativeOrFetch::new(fetch)), ..Options::default() };
        assert_eq!(native_or(Fetch::new()), native_or(Fetch::new()));
        assert_ne!(native_or(Fetch::new()), over(Fetch::new()));
        assert_ne!(native_or(Fetch::new()), Options::default(), "they may ask for different things");
    }

    #[test]
    fn every_option_counts() {
        let changes: [fn(&mut Options); 10] = [
            |it| it.client.max_retries = Some(1),
            |it| it.transport = Arc::new(Fetch::new()),
            |it| it.event_types = vec!["tick"].into(),
            |it| it.with_credentials = true,
            |it| it.last_event_id = "7".to_owned(),
            |it| it.cursor_parameter = None,
            |it| it.background = Background::Pause,
            |it| it.offline = Offline::Pause,
            |it| it.wake = Wake::ReconnectAfter(Duration::ZERO),
            |it| it.sharing = Sharing::page(),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut options = Options::default();
            change(&mut options);
            assert_ne!(options, Options::default(), "change {number}");
        }
    }
}
