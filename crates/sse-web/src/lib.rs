#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! - [`Connection`], [`Options`], [`Sink`]: an event stream, how it behaves, and who is told.
//! - [`Background`], [`Offline`], [`Wake`]: what becomes of it while nobody sees the page, without a network, after a sleep.
//! - [`Sharing`]: one connection for several owners, in a page or in all tabs of a browser.
//! - [`transport`]: what carries it. [`transport::Native`] is the browser's own `EventSource`, [`transport::Fetch`] a
//!   streaming `fetch`, for headers, tokens and POST, and for whoever wants to know why a server refuses;
//!   [`transport::Scripted`] is played by a test.
//! - [`now`]: the clock in which a [`State`] gives its times.
//!
//! Rules by number, as "conformance c07" or "p12", are those of `CONFORMANCE.md` in the repository.

mod clock;
mod connection;
mod direct;
mod life_cycle;
mod listen;
mod options;
mod scope;
mod share;
mod sink;
mod task;
mod timer;
pub mod transport;
mod url;

pub use clock::now;
pub use connection::Connection;
pub use options::{Background, Offline, Options, Wake};
pub use share::Sharing;
pub use sink::Sink;
/// What a [`Sink`] is told, and what [`Options`] are made of.
pub use sse_proto::client::{Backoff, ClientOptions, CloseReason, Failure, Gap, PauseReason, Silence, State};
pub use sse_proto::{EventRef, Instant};
pub use transport::Transport;
pub use url::InvalidUrl;
