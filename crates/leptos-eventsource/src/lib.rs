// The first definition of a link counts: here these are modules, in the README files.
//! [EventSourceOptions]: EventSourceOptions
//! [EventSet]: EventSet
//! [Keyed::signal]: Keyed::signal
//! [Scripted]: transport::Scripted
//! [ScriptedStream]: transport::ScriptedStream
//! [components]: components
//! [coming-from]: guide::coming_from
//! [options]: guide::options
//! [rendered-on-a-server]: guide::rendered_on_a_server
//! [troubleshooting]: guide::troubleshooting
#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! - [`use_event_source`], [`use_event_source_with_options`]: a stream that lives as long as its owner.
//! - [`StreamUrl`]: where it comes from, a text or a signal.
//! - [`EventSourceHandle`]: its state, its views and its controls.
//! - [`EventSourceOptions`], [`Delivery`]: how it behaves.
//! - [`Snapshot`]: where it begins on a page that a server has rendered; [`refetch_after_gap`]: how it begins anew.
//! - [`components`]: a connection badge, a live list of events and a developer's panel, headless.
//! - [`Sharing`]: one connection for several components, or for all tabs of a browser.
//! - [`transport`]: what carries it; [`transport::Fetch`] sends headers, bearer tokens and POST, and with
//!   [`transport::Scripted`] you test your components without a server.
//! - [`Error`]: what went wrong, apart by what you can do about it.
//! - [`guide`]: every option by when you need it, how to move here, and what to do when it does not work.
//!
//! Rules by number, as "conformance c07" or "p12", are those of `CONFORMANCE.md` in the repository.

mod binding;
pub mod components;
mod connection_handle;
mod error;
// For readers of the documentation, and so that its examples are compiled.
#[cfg(any(doc, doctest))]
pub mod guide;
mod handle;
mod hook;
mod listeners;
mod options;
mod refetch;
mod registry;
mod schedule;
mod scripted;
mod shown;
#[cfg(feature = "hydrate")]
mod taking_over;
mod url;
mod view;

pub use connection_handle::ConnectionHandle;
pub use error::Error;
pub use handle::EventSourceHandle;
pub use hook::{use_event_source, use_event_source_with_options};
pub use options::{Delivery, EventSourceOptions};
pub use refetch::refetch_after_gap;
/// The contract crate, for the derive macro and for custom codecs.
pub use sse_events;
pub use sse_events::{DecodeError, DecodeErrorKind, EventSet, Json, Snapshot, Text};
/// A point in time as a [`State`] gives it, on the clock of [`now`].
pub use sse_proto::Instant;
pub use sse_proto::client::{Backoff, ClientOptions, CloseReason, Failure, Gap, PauseReason, Silence, State};
pub use sse_web::{Background, InvalidUrl, Offline, Options as ConnectionOptions, Sharing, Wake, now};
pub use url::{IntoStreamUrl, StreamUrl};
pub use view::{Entry, EventStream, KEY_LIMIT, Keyed, Log};

/// Whether there can be a connection: not where an app is rendered on a server.
const IN_BROWSER: bool = cfg!(all(target_family = "wasm", not(feature = "ssr")));

/// What carries a stream: [`sse_web::transport`], and what a contract adds to it.
pub mod transport {
    pub use crate::scripted::ScriptedExt;
    pub use sse_web::EventRef;
    pub use sse_web::transport::*;
}
