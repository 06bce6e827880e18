#![doc = include_str!("../README.md")]
//!
//! # Layout
//!
//! - [`EventSet`]: the trait, and its derive macro: one variant for each event type.
//! - [`Json`] and [`Text`]: sets of one, for the many servers that send a single unnamed event type.
//! - [`EncodeError`], [`DecodeError`]: what can go wrong.
//! - [`Snapshot`]: a value and its place in the stream, from a server to the page that it renders.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `derive` | yes | `#[derive(EventSet)]` |

mod error;
mod single;
mod snapshot;

/// For [`EventSet`]'s attribute `codec`.
pub use codee;
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use single::{Json, Text};
pub use snapshot::Snapshot;
#[cfg(feature = "derive")]
pub use sse_events_derive::EventSet;

/// What the derive macro's output names; not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use codee::string::JsonSerdeCodec;
    pub use codee::{Decoder, Encoder};
}

/// The events that a stream carries.
///
/// Derive it for an enum whose variants hold one payload each, or none. The event type is the variant's name
/// in `snake_case`, and the codec is JSON by serde:
///
/// | attribute | on | meaning |
/// |---|---|---|
/// | `#[event(name = "…")]` | variant | the event type on the wire |
/// | `#[event(codec = path)]` | enum or variant | a [`codee`] codec from and to strings |
///
/// Data that is no JSON but plain text:
///
/// ```
/// use sse_events::EventSet;
/// use sse_events::codee::string::FromToStringCodec;
///
/// #[derive(Debug, PartialEq, EventSet)]
/// #[event(codec = FromToStringCodec)]
/// enum Answer {
///     Token(String),
/// }
///
/// assert_eq!(Answer::decode("token", "hello")?, Answer::Token("hello".to_owned()));
/// # Ok::<_, sse_events::DecodeError>(())
/// ```
///
/// An event type that is empty, holds a line break or U+0000, begins with the reserved prefix `sse.`, or is
/// used twice does not compile. Nor does a codec of a variant that holds nothing:
///
/// ```compile_fail
/// #[derive(sse_events::EventSet)]
/// enum Forged {
///     #[event(name = "a\ndata: b")]
///     A(String),
/// }
/// ```
/// ```compile_fail
/// #[derive(sse_events::EventSet)]
/// enum Reserved {
///     #[event(name = "sse.open")]
///     A(String),
/// }
/// ```
/// ```compile_fail
/// #[derive(sse_events::EventSet)]
/// enum Twice {
///     A(String),
///     #[event(name = "a")]
///     B(String),
/// }
/// ```
/// ```compile_fail
/// #[derive(sse_events::EventSet)]
/// enum Unused {
///     #[event(codec = sse_events::codee::string::FromToStringCodec)]
///     A,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no set of events",
    note = "for unnamed JSON events use `Json<{Self}>`, for several types an enum with `#[derive(EventSet)]`"
)]
pub trait EventSet: Sized + 'static {
    /// Every event type of the set. Browsers deliver only the types that somebody listens for.
    const EVENT_TYPES: &'static [&'static str];

    /// The type under which this event is sent: one of [`Self::EVENT_TYPES`].
    fn event_type(&self) -> &'static str;

    /// The data field of this event.
    ///
    /// # Errors
    /// [`EncodeError`] if the codec refuses the payload.
    fn encode(&self) -> Result<String, EncodeError>;

    /// The event that arrived as `event_type` with `data`.
    ///
    /// # Errors
    /// [`DecodeError`] if the set has no such type, or the codec refuses the data.
    fn decode(event_type: &str, data: &str) -> Result<Self, DecodeError>;
}
