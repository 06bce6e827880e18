use std::fmt;

/// A payload could not be encoded. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeError {
    /// The event's type.
    pub event_type: &'static str,
    /// What the codec said.
    pub message: String,
}

impl EncodeError {
    /// An error of the codec for `event_type`.
    ///
    /// Takes `Debug`, not `Display`: codecs that cannot fail have `()` for an error.
    pub fn new(event_type: &'static str, error: impl fmt::Debug) -> Self {
        Self { event_type, message: format!("{error:?}") }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot encode an event of type {:?}: {}", self.event_type, self.message)
    }
}

impl std::error::Error for EncodeError {}

/// An event arrived that is not one of the set. It was not delivered; everything it said is here.
///
/// ```
/// use sse_events::{EventSet, Json};
///
/// let error = Json::<f64>::decode("message", "twelve").unwrap_err();
/// assert_eq!((error.event_type.as_str(), error.data.as_str()), ("message", "twelve"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// What is wrong with it.
    pub kind: DecodeErrorKind,
    /// Its event type.
    pub event_type: String,
    /// Its data, as it came.
    pub data: String,
    /// The last event id at that point of the stream; empty if there is none, or if nobody filled it in.
    pub last_event_id: String,
}

/// What is wrong with an event.
///
/// ```
/// use sse_events::{DecodeError, DecodeErrorKind, EventSet, Text};
///
/// fn advice(error: &DecodeError) -> String {
///     match &error.kind {
///         DecodeErrorKind::UnknownType => "Please reload: the server is newer than this page.".to_owned(),
///         DecodeErrorKind::Data(message) => format!("The server sent something else: {message}"),
///         other => format!("{other:?}"),
///     }
/// }
///
/// let error = Text::decode("tick", "104.53").unwrap_err();
/// assert_eq!(advice(&error), "Please reload: the server is newer than this page.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The set has no such event type: the server is newer than the page, or another one.
    UnknownType,
    /// The codec refused the data, and said this.
    Data(String),
}

impl DecodeError {
    /// The set has no event type `event_type`.
    #[must_use]
    #[cold]
    pub fn unknown_type(event_type: &str, data: &str) -> Self {
        Self::new(DecodeErrorKind::UnknownType, event_type, data)
    }

    /// The codec refused `data`.
    #[cold]
    #[inline(never)]
    pub fn data(event_type: &str, data: &str, error: impl fmt::Display) -> Self {
        Self::new(DecodeErrorKind::Data(error.to_string()), event_type, data)
    }

    fn new(kind: DecodeErrorKind, event_type: &str, data: &str) -> Self {
        Self { kind, event_type: event_type.to_owned(), data: data.to_owned(), last_event_id: String::new() }
    }

    /// Says where in the stream it happened.
    #[must_use]
    pub fn at(mut self, last_event_id: &str) -> Self {
        last_event_id.clone_into(&mut self.last_event_id);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DecodeErrorKind::UnknownType => write!(f, "unknown event type {:?}", self.event_type),
            DecodeErrorKind::Data(message) => {
                write!(f, "cannot decode the data of an event of type {:?}: {message}", self.event_type)
            }
        }
    }
}

impl std::error::Error for DecodeError {}
