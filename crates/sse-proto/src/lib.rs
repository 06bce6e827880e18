//! Server-Sent Events without I/O.
//!
//! Bytes go in, events come out; inputs and the time go in, decisions come out. The crate never opens a
//! socket, reads a clock, draws a random number or panics on what the other side sent, so the same code
//! decides in a browser, in a server and in a simulation in virtual time.
//!
//! # Layout
//!
//! | module | what it holds | rules |
//! |---|---|---|
//! | [`decode`] | [`Decoder`]: bytes to [`Frame`]s at any chunk boundary | WHATWG HTML 9.2.5, 9.2.6 |
//! | [`encode`] | [`Event`]s, comments and `retry` to bytes that nobody can forge a field in | 9.2.5 |
//! | [`event`] | [`EventId`], [`EventType`], [`Event`]: validated at construction | 9.2.6 |
//! | [`cursor`] | [`Cursor`], the `<epoch>.<seq>` event id of servers that number their events | ours |
//! | [`control`] | [`Control`], the reserved `sse.` events of such a server | ours |
//! | [`client`] | [`Client`]: when to connect, wait, resume and give up | 9.2.3 |
//!
//! # Example
//!
//! ```
//! use sse_proto::{Decoder, Event, EventId, EventType, Frame, Limits, encode};
//!
//! let sent = Event::new("line one\nline two")
//!     .with_type(EventType::new("note")?)
//!     .with_id(EventId::new("41")?);
//! let mut wire = Vec::new();
//! encode::event(&mut wire, &sent);
//! assert_eq!(wire, b"id: 41\nevent: note\ndata: line one\ndata: line two\n\n");
//!
//! let mut decoder = Decoder::new(Limits::default());
//! let mut frames = decoder.decode(&wire);
//! while let Some(frame) = frames.next()? {
//!     if let Frame::Event(event) = frame {
//!         assert_eq!((event.event_type, event.data, event.last_event_id), ("note", "line one\nline two", "41"));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
// Always, so that a name from std that slips in does not compile; the feature only reaches memchr and simdutf8.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod client;
pub mod control;
pub mod cursor;
pub mod decode;
pub mod encode;
pub mod event;
mod time;

pub use client::{Client, ClientOptions};
pub use control::Control;
pub use cursor::{Cursor, Epoch};
pub use decode::{DecodeError, Decoder, EventRef, Frame, Frames, Ignored, Limits};
pub use event::{Event, EventId, EventType, InvalidField};
pub use time::Instant;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The media type of an event stream, without parameters (WHATWG HTML 9.2.7).
pub const MEDIA_TYPE: &str = "text/event-stream";

/// The event type of an event that names none (WHATWG HTML 9.2.6).
pub const MESSAGE: &str = "message";
