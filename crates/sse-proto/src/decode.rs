//! Events from the wire (WHATWG HTML 9.2.5 and 9.2.6).
//!
//! [`Decoder::decode`] takes a chunk and gives its [`Frames`], one [`Frame`] at a time. Chunks may end anywhere. What
//! lies whole in one chunk is borrowed from it; only what the end of a chunk cuts is copied, once.
//!
//! Bad input is never an error: a line that has no effect is told to whoever asks
//! ([`Decoder::with_diagnostics`]), malformed UTF-8 becomes U+FFFD. Only a limit that is passed is an error, and it is
//! final.
//!
//! # Cost
//!
//! Linear in the bytes, however they are cut, and without an allocation once the buffers have their size; one of more
//! than 1 MiB is given back when its event has been told. A chunk is checked for UTF-8 once and as a whole, the ends of
//! its lines are found once and as bits of a mask, and a line that was cut is put together from its raw bytes and only
//! looked at when it is complete; large pieces of it are checked as they come. Heartbeats in a row are skipped
//! by the bits of two masks, without a look at each.

use alloc::string::String;
use core::fmt;
use core::mem;
use core::time::Duration;

use memchr::memchr2;

mod frames;
mod gathered;
mod line;
mod line_ends;
#[cfg(test)]
mod tests;
mod utf8;

pub use frames::Frames;
use gathered::{Gathered, RETAINED, STEP};
use line::Line;
use line_ends::BLOCK;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The most bytes that a decoder holds on to, by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Of one line, without its end. Default: 16 MiB.
    pub line: usize,
    /// Of the data of one event, with a line feed between its lines. Default: 16 MiB.
    pub event: usize,
    /// Of an event id. Default: 8 KiB (some public streams use JSON arrays as ids).
    pub id: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 16 << 20, event: 16 << 20, id: 8 << 10 }
    }
}

impl Limits {
    /// Sets the limit of a line, in bytes.
    #[must_use]
    pub const fn with_line(mut self, bytes: usize) -> Self {
        self.line = bytes;
        self
    }

    /// Sets the limit of the data of an event, in bytes.
    #[must_use]
    pub const fn with_event(mut self, bytes: usize) -> Self {
        self.event = bytes;
        self
    }

    /// Sets the limit of an event id, in bytes.
    #[must_use]
    pub const fn with_id(mut self, bytes: usize) -> Self {
        self.id = bytes;
        self
    }
}

/// The stream passed a limit. The decoder gives the same error ever after: close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A line is longer than [`Limits::line`].
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The data of an event is longer than [`Limits::event`].
    EventTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// An event id is longer than [`Limits::id`].
    IdTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, limit) = match self {
            Self::LineTooLong { limit } => ("line", limit),
            Self::EventTooLong { limit } => ("event", limit),
            Self::IdTooLong { limit } => ("event id", limit),
        };
        write!(f, "the stream holds a longer {what} than {limit} bytes")
    }
}

impl core::error::Error for DecodeError {}

/// What the wire said next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// An event was dispatched.
    Event(EventRef<'a>),
    /// An id without data: no event, but the last event id is this one now (p12).
    LastEventId(&'a str),
    /// A line that begins with a colon, without the colon. No event, but a sign of life (p05). Told after
    /// [`Decoder::with_diagnostics`].
    Comment(&'a str),
    /// A valid `retry` field: the new reconnection time, at most 2^31 - 1 ms. In force at once.
    Retry(Duration),
    /// A line that has no effect, for whoever looks for the reason. Told after [`Decoder::with_diagnostics`].
    Ignored(Ignored<'a>),
}

/// A dispatched event, borrowed from the chunk or from the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventRef<'a> {
    /// The event type; `message` if the event names none.
    pub event_type: &'a str,
    /// The data, its lines joined by line feeds.
    pub data: &'a str,
    /// The last event id at this point of the stream; empty if there is none.
    pub last_event_id: &'a str,
}

/// A line that has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored<'a> {
    /// The field name is none of `data`, `event`, `id` and `retry`, byte for byte.
    UnknownField(&'a str),
    /// The value of `retry` is not all ASCII digits.
    InvalidRetry(&'a str),
    /// The value of `id` holds U+0000.
    NulInId,
}

/// Decodes one connection's bytes.
///
/// Make a new one for every connection: the byte order mark, the line ends and a half-read event belong to a
/// connection. Only the last event id outlives it; hand it on with [`Decoder::with_last_event_id`].
///
/// An event that the end of the body cuts off is never dispatched: drop the decoder (p14).
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    diagnostics: bool,
    /// Whether the first line is still to come: a byte order mark in front of it is no part of it (p02).
    at_start: bool,
    /// Whether the last chunk ended in CR: an LF that comes next is part of the same line end (p04).
    after_cr: bool,
    /// The beginning of a line whose end has not arrived.
    line: Gathered,
    /// Whether there has been a field since the last blank line, so that the next one has something to do.
    in_event: bool,
    /// Whether the event has had a `data` field; an empty one counts (p12).
    has_data: bool,
    /// The data of the event where it could not be borrowed, from `data_start` on: the line that brought it has moved in
    /// here whole.
    data: Gathered,
    data_start: usize,
    /// The event type where it could not be borrowed.
    event_type: String,
    /// The last event id buffer where it could not be borrowed.
    id: String,
    /// Whether `id` was set since the last blank line.
    id_set: bool,
    last_event_id: String,
    /// A text that is not told from where it lies: one with U+FFFD in it, or a line that was put together.
    made: String,
    /// Whether the event in `data` and `event_type` has been dispatched and is only kept for the frame that borrows it.
    lent: bool,
    /// Why nothing is told any more.
    stopped: Option<Stopped>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopped {
    Failed(DecodeError),
    /// The caller stopped reading in the middle of a chunk.
    Left,
}

/// What a line brought about.
enum Told<'c> {
    Nothing,
    Event,
    LastEventId,
    Retry(Duration),
    /// This line of the chunk has no effect.
    Ignored(&'c str),
    /// The line in `Decoder::made` has none.
    IgnoredMade,
}

impl Decoder {
    /// A decoder for the start of a response body. It tells events and reconnection times.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            diagnostics: false,
            at_start: true,
            after_cr: false,
            line: Gathered::default(),
            in_event: false,
            has_data: false,
            data: Gathered::default(),
            data_start: 0,
            event_type: String::new(),
            id: String::new(),
            id_set: false,
            last_event_id: String::new(),
            made: String::new(),
            lent: false,
            stopped: None,
        }
    }

    /// Starts from the last event id of the connection before (9.2.3: it belongs to the event source).
    #[must_use]
    pub fn with_last_event_id(mut self, last_event_id: &str) -> Self {
        self.last_event_id = last_event_id.into();
        self
    }

    /// Tells lines without effect too: [`Frame::Comment`] and [`Frame::Ignored`]. For tests and tools; a client needs
    /// none of it.
    #[must_use]
    pub fn with_diagnostics(mut self) -> Self {
        self.diagnostics = true;
        self
    }

    /// The last event id: that of the last blank line, not of an `id` field whose event is still arriving.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Decodes the next bytes of the body. Ask for the frames until there are no more.
    #[inline(always)]
    pub fn decode<'d, 'c>(&'d mut self, chunk: &'c [u8]) -> Frames<'d, 'c> {
        Frames::new(self, chunk)
    }

    /// Whether comments and blank lines have no effect, as long as they end in the block that they begin in.
    #[inline(always)]
    fn skips_idle(&self) -> bool {
        !self.in_event && !self.diagnostics && self.limits.line >= BLOCK
    }

    /// Appends to the line whose end has not arrived. Looks before it copies: a chunk may be of any size.
    #[inline]
    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if self.at_start {
            return self.extend_first_line(bytes);
        }
        if self.line.len() + bytes.len() > self.limits.line {
            return Err(DecodeError::LineTooLong { limit: self.limits.line });
        }
        self.line.push(bytes);
        Ok(())
    }

    /// Appends to the first line. A byte order mark in front of it is no part of it (p02), and half a mark is none: it is
    /// malformed, and belongs to the field name (p03).
    #[cold]
    fn extend_first_line(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let missing = BYTE_ORDER_MARK.len().saturating_sub(self.line.len());
        let (front, rest) = bytes.split_at(bytes.len().min(missing));
        self.line.push(front);
        if self.line.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(self.line.bytes()) {
            return Ok(());
        }
        self.at_start = false;
        self.line.strip(BYTE_ORDER_MARK);
        self.extend_line(rest)
    }

    /// Where the line that is begun ends in `chunk`. What is in front of the step with the end is kept; all, if there is none.
    #[inline(always)]
    fn find_line_end(&mut self, chunk: &mut &[u8]) -> Option<usize> {
        while !chunk.is_empty() {
            let (step, rest) = chunk.split_at(chunk.len().min(STEP));
            let fits = self.stopped.is_none() && self.line.len() + step.len() <= self.limits.line;
            if !fits || !self.line.push_inside(step) {
                let end = memchr2(b'\n', b'\r', step);
                if end.is_some() {
                    return end;
                }
                self.keep(step);
            }
            *chunk = rest;
        }
        None
    }

    /// Keeps the unfinished line that a chunk ends with.
    #[inline]
    fn keep(&mut self, line: &[u8]) {
        if self.stopped.is_none()
            && let Err(error) = self.extend_line(line)
        {
            self.fail(error);
        }
    }

    /// Applies the line that is in `line`: a part of it came in an earlier chunk, or it is malformed.
    fn finish_line(&mut self) -> Result<Told<'static>, DecodeError> {
        if self.at_start {
            // It is over before there could be a whole mark.
            self.at_start = false;
            self.extend_line(&[])?;
        }
        self.line.complete();
        let told = self.apply_line();
        self.line.clear();
        told
    }

    fn apply_line(&mut self) -> Result<Told<'static>, DecodeError> {
        let line = self.line.bytes();
        match Line::parse(line) {
            Line::Blank => {}
            Line::Data(value) if self.has_data => {
                self.check_data(1 + self.line.len() - value)?;
                self.data.push(b"\n");
                self.data.append(&self.line, value);
            }
            Line::Data(value) => {
                self.check_data(self.line.len() - value)?;
                self.begin_data(value);
                // A long one is not copied once more.
                mem::swap(&mut self.line, &mut self.data);
            }
            Line::EventType(value) => {
                self.in_event = true;
                utf8::copy(&line[value..], &mut self.event_type);
            }
            Line::Id(value) if !line::has_nul(&line[value..]) => {
                self.check_id(self.line.len() - value)?;
                self.in_event = true;
                self.id_set = true;
                utf8::copy(&line[value..], &mut self.id);
            }
            Line::Retry(value) if let Some(time) = line::retry(&line[value..]) => {
                return Ok(Told::Retry(time));
            }
            Line::Comment | Line::Id(_) | Line::Retry(_) | Line::Unknown => {
                if self.diagnostics {
                    utf8::copy(line, &mut self.made);
                    return Ok(Told::IgnoredMade);
                }
            }
        }
        Ok(Told::Nothing)
    }

    /// The event gets data, which begins at `start` in `data`.
    #[inline]
    fn begin_data(&mut self, start: usize) {
        self.in_event = true;
        self.has_data = true;
        self.data_start = start;
    }

    #[inline]
    fn check_data(&self, more: usize) -> Result<(), DecodeError> {
        let limit = self.limits.event;
        if self.data.len() - self.data_start + more > limit {
            Err(DecodeError::EventTooLong { limit })
        } else {
            Ok(())
        }
    }

    #[inline]
    fn check_id(&self, len: usize) -> Result<(), DecodeError> {
        let limit = self.limits.id;
        if len > limit { Err(DecodeError::IdTooLong { limit }) } else { Ok(()) }
    }

    /// Clears what the last frame borrowed.
    fn take_back(&mut self) {
        self.lent = false;
        self.event_type.clear();
        self.data.clear();
        self.data_start = 0;
        if self.made.capacity() > RETAINED {
            self.made = String::new();
        }
    }

    #[cold]
    fn fail(&mut self, error: DecodeError) {
        // What has been read is of no use any more, and it is as large as the limit.
        self.line = Gathered::default();
        self.data = Gathered::default();
        self.data_start = 0;
        self.stopped = Some(Stopped::Failed(error));
    }
}
