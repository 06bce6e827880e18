//! One connection for several owners: in a page, or in all tabs of a browser.
//!
//! Who shares is a [`Member`] of a [`Group`], which keeps a [`Log`](log::Log) of what its [`Source`] brings. A member
//! reads the log at its own pace, from its own [`Place`](place::Place). One that comes too late for the log opens a
//! connection of its own, until the two have met: then it has lost nothing and hears nothing twice, from any server
//! that sends ids.
//!
//! # Layout
//!
//! | file | |
//! |---|---|
//! | `group.rs`, `member.rs` | a group, and each of its members |
//! | `source.rs` | where a group has its events from: a connection of the page |
//! | `browser.rs`, `channel.rs`, `lock.rs` | or the tab that leads |
//! | `tabs/` | who leads, and how the others keep up; no I/O |
//! | `log.rs`, `place.rs` | the recent past, and where somebody stands in it; no I/O |
//! | `snapshot.rs` | how long a connection may be giving a snapshot |
//! | `key.rs` | who can share |

mod browser;
mod channel;
mod group;
mod key;
mod lock;
mod log;
mod member;
mod place;
mod snapshot;
mod source;
mod tabs;

use std::fmt;

use sse_proto::client::Command;

use crate::connection::Link;
use crate::direct::Direct;
use crate::life_cycle::Interest;
use crate::options::Options;
use crate::sink::Sink;
use group::Reach;
use member::Membership;

/// With whom a [`Connection`](crate::Connection) is shared.
///
/// Those share one that have the same URL, event types, credentials and cursor parameter, transports that ask for the
/// same ([`Transport::share_key`](crate::Transport::share_key)), and the same rules for giving up
/// ([`max_retries`](sse_proto::client::ClientOptions::max_retries), `retry_statuses`, `retry_rejected`); for the rest,
/// the options of whoever holds the connection count. Each remains its own master: it can be closed, paused and dropped
/// without the others, hears every event once, and goes on from its own cursor. Only
/// [`reconnect`](crate::Connection::reconnect) is for all of them. The connection is open while any of them wants it.
///
/// Who comes late is told what has come so far. That is remembered up to 1,024 events or 1 MiB; who needs more opens a
/// connection of its own for as long as it takes to catch up. So does who brings a cursor to a stream that others have
/// begun without one: the server may be giving them a snapshot, which leaves out what the cursor asks for. sse-hub says
/// where its snapshot ends; that of another server is taken for over when something has come and then nothing for two
/// seconds, or after half a minute. A stream without ids cannot be resumed: then those who come late are told what is
/// remembered, and nothing before.
///
/// Not shared, whatever is asked for (the console of a debug build says so): a request with a body, a
/// [`Fetch`](crate::transport::Fetch) with `with_refusal`, or with a token, an `Authorization` header or `with_fetch` and
/// without [`share_as`](crate::transport::Fetch::share_as), [`Ticketed`](crate::transport::Ticketed),
/// [`Scripted`](crate::transport::Scripted), a transport of your own without a
/// [`share_key`](crate::Transport::share_key), and what must not be sent again.
///
/// What is not asked for is not linked into an app.
///
/// ```
/// use sse_web::{Options, Sharing};
///
/// // Eight tabs, one connection.
/// let mut options = Options::default();
/// options.sharing = Sharing::browser();
/// ```
#[derive(Clone, Copy)]
pub struct Sharing {
    name: &'static str,
    join: Option<Join>,
}

type Join = fn(String, Options, Box<dyn Sink>) -> Box<dyn Link>;

impl Sharing {
    /// With nobody. The default; for the one stream that is not to be shared where all others are:
    ///
    /// ```
    /// use sse_web::{Options, Sharing};
    ///
    /// fn alone(mut shared: Options) -> Options {
    ///     shared.sharing = Sharing::none();
    ///     shared
    /// }
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self { name: "none", join: None }
    }

    /// With others in this page or worker.
    #[must_use]
    pub const fn page() -> Self {
        Self { name: "page", join: Some(|url, options, sink| join(PAGE, url, options, sink)) }
    }

    /// With others of this origin in all tabs, windows and workers of this browser: however many there are, the
    /// server sees one connection. On plain HTTP/1.1, the seventh tab would otherwise hang (conformance c19).
    ///
    /// One of the tabs holds the connection and tells the others. When it is closed, put away or frozen, the next one
    /// goes on from the cursor. One that freezes without a word is found out after some eight seconds of silence; it
    /// may hold its connection beside the new one until the browser lets it run again.
    /// A tab that hears of no other, though another takes the lead from it again and again, goes on by itself.
    ///
    /// The tabs are told what came for whoever was signed in when the connection was made. Where that is known by a cookie
    /// and may change from tab to tab, put who it is into the URL: another URL is another connection.
    ///
    /// Needs Web Locks and `BroadcastChannel`, and so a page that came over https or from this machine; elsewhere it
    /// is [`Self::page`].
    #[must_use]
    pub const fn browser() -> Self {
        Self { name: "browser", join: Some(|url, options, sink| join(BROWSER, url, options, sink)) }
    }

    /// Opens a connection to `url`, which is resolved.
    pub(crate) fn open(self, url: String, options: Options, sink: Box<dyn Sink>) -> Box<dyn Link> {
        match self.join {
            Some(join) => join(url, options, sink),
            None => alone(url, options, sink),
        }
    }
}

impl Default for Sharing {
    fn default() -> Self {
        Self::none()
    }
}

/// By name: the compiler may give one function two addresses, and two functions the same.
impl PartialEq for Sharing {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Sharing {}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sharing::{}()", self.name)
    }
}

const PAGE: Reach = Reach { name: "page", source: source::in_page };
const BROWSER: Reach = Reach { name: "browser", source: browser::across_tabs };

/// Tells a developer.
fn warn(text: &str) {
    if cfg!(debug_assertions) {
        web_sys::console::warn_1(&text.into());
    }
}

fn alone(url: String, options: Options, sink: Box<dyn Sink>) -> Box<dyn Link> {
    let direct = Direct::new(url, options, Interest::All, sink);
    direct.command(Command::Open);
    Box::new(direct)
}

fn join(reach: Reach, url: String, options: Options, sink: Box<dyn Sink>) -> Box<dyn Link> {
    match key::of(&url, &options) {
        Some(key) => Box::new(Membership::open(reach, key, url, options, sink)),
        None => {
            warn(&format!("{url} cannot be shared: see `Sharing`"));
            alone(url, options, sink)
        }
    }
}
