//! `EventSource` as it should be, for any Rust program in a browser.
//!
//! A [`Connection`] keeps one event stream alive: it reconnects with backoff and jitter, goes on from the last
//! event id, notices connections that only look open, and says honestly what it is doing. Dropping it closes
//! the connection and frees every closure, listener and timer.
//!
//! The decisions are made by [`sse_proto::Client`]; this crate gives it a clock, timers, a [`Transport`] and
//! the page's life cycle. It works in pages and in workers, and knows nothing of any UI framework.
//!
//! # Layout
//!
//! - [`Connection`], [`Options`], [`Sink`]: an event stream, how it behaves, and who is told.
//! - [`Background`], [`Offline`], [`Wake`]: what becomes of it while nobody sees the page, without a network, after a sleep.
//! - [`Sharing`]: one connection for several owners, in a page or in all tabs of a browser.
//! - [`transport`]: what carries it. [`transport::Native`] is the browser's own `EventSource`, [`transport::Fetch`] a
//!   streaming `fetch`, for headers, tokens and POST, and for whoever wants to know why a server refuses;
//!   [`transport::Scripted`] is played by a test.
//! - [`now`]: the clock in which a [`State`](sse_proto::client::State) gives its times.
//!
//! # Example
//!
//! ```no_run
//! use sse_proto::EventRef;
//! use sse_web::{Connection, Options, Sink};
//!
//! struct Print;
//!
//! impl Sink for Print {
//!     fn event(&self, event: EventRef<'_>) {
//!         web_sys::console::log_2(&event.event_type.into(), &event.data.into());
//!     }
//! }
//!
//! # fn main() -> Result<(), sse_web::InvalidUrl> {
//! let connection = Connection::open("/stock-price", Options::default(), Print)?;
//! // … and when it is no longer needed:
//! drop(connection);
//! # Ok(())
//! # }
//! ```
//!
//! The same with a bearer token, over [`transport::Fetch`]:
//!
//! ```
//! use std::rc::Rc;
//!
//! use sse_web::Options;
//! use sse_web::transport::{Fetch, Token};
//!
//! async fn token(which: Token) -> Result<String, String> {
//!     match which {
//!         Token::Any => Ok("from memory".to_owned()),
//!         Token::Fresh => Ok("from the identity provider, as the other was refused".to_owned()),
//!     }
//! }
//!
//! let mut options = Options::default();
//! options.transport = Rc::new(Fetch::new().with_bearer(token));
//! ```

mod clock;
mod connection;
mod life_cycle;
mod listen;
mod options;
mod share;
mod sink;
pub mod transport;
mod url;

pub use clock::now;
pub use connection::Connection;
pub use options::{Background, Offline, Options, Wake};
pub use share::Sharing;
pub use sink::Sink;
pub use transport::Transport;
pub use url::InvalidUrl;
