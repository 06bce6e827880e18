//! Events from the wire (WHATWG HTML 9.2.5 and 9.2.6).
//!
//! [`Decoder::next`] takes what it needs from the front of a chunk and returns one [`Frame`] at a time, so a
//! caller that has seen enough simply stops asking. Chunks may end anywhere. What lies whole in one chunk is
//! borrowed from it; only what is cut by the end of a chunk is copied.
//!
//! Bad input is never an error: unknown fields are reported as [`Frame::Ignored`], malformed UTF-8 becomes
//! U+FFFD. Only a limit that is passed is an error, and it is final.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str;
use core::time::Duration;

use memchr::memchr2;

use crate::MESSAGE;

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
    /// A line that begins with a colon, without the colon. No event, but a sign of life.
    Comment(&'a str),
    /// A valid `retry` field: the new reconnection time, at most 2^31 - 1 ms. In force at once.
    Retry(Duration),
    /// A line that has no effect, for whoever looks for the reason.
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
/// An event that the end of the body cuts off is never dispatched: drop the decoder.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// How many bytes of the byte order mark have been seen at the start of the stream; `None` past it.
    mark: Option<usize>,
    /// A chunk ended in CR: if the next one begins with LF, the two are one line end (p04).
    skip_line_feed: bool,
    /// The beginning of a line whose end has not arrived, or the last complete line that had to be put together.
    line: Vec<u8>,
    /// Whether `line` has been used and is only kept for the frame that borrows it.
    line_used: bool,
    /// The data of the event so far, where it could not be borrowed.
    data: Vec<u8>,
    /// Whether the event has had a `data` field; an empty one counts (p12).
    has_data: bool,
    /// The `event` field so far, where it could not be borrowed.
    event_type: Vec<u8>,
    /// Whether `data` and `event_type` have been dispatched and are only kept for the frame that borrows them.
    dispatched: bool,
    /// The last event id buffer: what the next blank line makes the last event id.
    id: Vec<u8>,
    /// Whether `id` differs from what `last_event_id` was made from.
    id_changed: bool,
    last_event_id: String,
    /// Texts that needed U+FFFD, kept for the frame that borrows them.
    repaired: [String; 2],
    failed: Option<DecodeError>,
}

const BYTE_ORDER_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// The largest delay that a browser's timer takes; a larger one wraps and fires at once (p11).
const MAX_RETRY_MILLIS: u64 = (1 << 31) - 1;

/// The fields of the event so far, while they can still be borrowed from the chunk.
#[derive(Default)]
struct Borrowed<'c> {
    data: Option<&'c [u8]>,
    event_type: Option<&'c [u8]>,
}

/// A complete line: borrowed from the chunk, or put together in `Decoder::line`.
enum Line<'c> {
    InChunk(&'c [u8]),
    PutTogether,
}

/// What a line means to the event; bytes of a field's value lie in the line.
enum Effect {
    None,
    Dispatch,
    Comment,
    Retry(Duration),
    InvalidRetry,
    NulInId,
    UnknownField { name_len: usize },
}

impl Decoder {
    /// A decoder for the start of a response body.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            mark: Some(0),
            skip_line_feed: false,
            line: Vec::new(),
            line_used: false,
            data: Vec::new(),
            has_data: false,
            event_type: Vec::new(),
            dispatched: false,
            id: Vec::new(),
            id_changed: false,
            last_event_id: String::new(),
            repaired: [String::new(), String::new()],
            failed: None,
        }
    }

    /// Starts from the last event id of the connection before (9.2.3: it belongs to the event source).
    #[must_use]
    pub fn with_last_event_id(mut self, last_event_id: &str) -> Self {
        last_event_id.clone_into(&mut self.last_event_id);
        self.id.clear();
        self.id.extend_from_slice(last_event_id.as_bytes());
        self
    }

    /// The last event id: that of the last blank line, not of an `id` field whose event is still arriving.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// Takes bytes from the front of `chunk` until they make a frame; `None` when the chunk is used up.
    ///
    /// # Errors
    /// [`DecodeError`] once the stream has passed one of the [`Limits`], and ever after.
    pub fn next<'d, 'c: 'd>(&'d mut self, chunk: &mut &'c [u8]) -> Result<Option<Frame<'d>>, DecodeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.forget_lent();
        if self.mark.is_some() {
            self.strip_mark(chunk);
        }
        let mut borrowed = Borrowed::default();
        loop {
            let line = match self.take_line(chunk) {
                Ok(Some(line)) => line,
                Ok(None) => {
                    self.keep(&borrowed);
                    return Ok(None);
                }
                Err(error) => return Err(self.fail(error)),
            };
            let effect = match line {
                Line::InChunk(line) => self.apply(line, Some(line), &mut borrowed),
                Line::PutTogether => {
                    // The line moves out for the call, so that the fields can be written while it is read.
                    let line = core::mem::take(&mut self.line);
                    let effect = self.apply(&line, None, &mut borrowed);
                    self.line = line;
                    effect
                }
            };
            let effect = match effect {
                Ok(Effect::None) => {
                    self.forget_line();
                    continue;
                }
                Ok(Effect::Dispatch) => {
                    self.forget_line();
                    if self.dispatch() {
                        return Ok(Some(self.event(borrowed)));
                    }
                    borrowed = Borrowed::default();
                    continue;
                }
                Ok(effect) => effect,
                Err(error) => return Err(self.fail(error)),
            };
            // A frame in the middle of an event: what was borrowed has to outlive this call.
            self.keep(&borrowed);
            return Ok(Some(self.diagnostic(effect, line)));
        }
    }

    /// Clears what the frame of the last call was allowed to borrow.
    fn forget_lent(&mut self) {
        self.forget_line();
        if self.dispatched {
            self.dispatched = false;
            self.data.clear();
            self.has_data = false;
            self.event_type.clear();
        }
    }

    fn forget_line(&mut self) {
        if self.line_used {
            self.line_used = false;
            self.line.clear();
        }
    }

    /// Strips one byte order mark from the start of the stream. Half a one belongs to the first line (p02, p03).
    fn strip_mark(&mut self, chunk: &mut &[u8]) {
        while let (Some(seen), Some((&byte, rest))) = (self.mark, chunk.split_first()) {
            if byte == BYTE_ORDER_MARK[seen] {
                *chunk = rest;
                self.mark = (seen + 1 < BYTE_ORDER_MARK.len()).then_some(seen + 1);
            } else {
                self.line.extend_from_slice(&BYTE_ORDER_MARK[..seen]);
                self.mark = None;
            }
        }
    }

    /// Takes one line, without its end, from the front of `chunk`; `None` if its end has not arrived.
    fn take_line<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<Line<'c>>, DecodeError> {
        if self.skip_line_feed && !chunk.is_empty() {
            self.skip_line_feed = false;
            *chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        let limit = self.limits.line;
        let Some(end) = memchr2(b'\n', b'\r', chunk) else {
            if self.line.len() + chunk.len() > limit {
                return Err(DecodeError::LineTooLong { limit });
            }
            self.line.extend_from_slice(chunk);
            *chunk = &[];
            return Ok(None);
        };
        let (line, rest) = chunk.split_at(end);
        if self.line.len() + line.len() > limit {
            return Err(DecodeError::LineTooLong { limit });
        }
        *chunk = match rest {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.skip_line_feed = true;
                &[]
            }
            _ => &rest[1..],
        };
        if self.line.is_empty() {
            return Ok(Some(Line::InChunk(line)));
        }
        self.line.extend_from_slice(line);
        self.line_used = true;
        Ok(Some(Line::PutTogether))
    }

    /// Applies one line to the event. `borrowable` is the line again, if it lies in the chunk.
    fn apply<'c>(
        &mut self,
        line: &[u8],
        borrowable: Option<&'c [u8]>,
        borrowed: &mut Borrowed<'c>,
    ) -> Result<Effect, DecodeError> {
        if line.is_empty() {
            return Ok(Effect::Dispatch);
        }
        // The longest field name has five bytes, so the colon that ends a known one is near.
        let name_len = line.iter().take(6).position(|&byte| byte == b':').unwrap_or(line.len());
        let after_colon = line.get(name_len + 1..).unwrap_or_default();
        let value = after_colon.strip_prefix(b" ").unwrap_or(after_colon);
        let borrowable = borrowable.map(|line| &line[line.len() - value.len()..]);
        match &line[..name_len] {
            b"data" => self.append_data(value, borrowable, borrowed)?,
            b"event" => {
                self.event_type.clear();
                borrowed.event_type = borrowable;
                if borrowable.is_none() {
                    self.event_type.extend_from_slice(value);
                }
            }
            b"id" if value.contains(&0) => return Ok(Effect::NulInId),
            b"id" => {
                if value.len() > self.limits.id {
                    return Err(DecodeError::IdTooLong { limit: self.limits.id });
                }
                self.id.clear();
                self.id.extend_from_slice(value);
                self.id_changed = true;
            }
            b"retry" => return Ok(retry(value).map_or(Effect::InvalidRetry, Effect::Retry)),
            b"" => return Ok(Effect::Comment),
            _ => {
                let name_len = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
                return Ok(Effect::UnknownField { name_len });
            }
        }
        Ok(Effect::None)
    }

    /// Appends one `data` field: borrowed if it is the event's first and lies in the chunk (p09).
    fn append_data<'c>(
        &mut self,
        value: &[u8],
        borrowable: Option<&'c [u8]>,
        borrowed: &mut Borrowed<'c>,
    ) -> Result<(), DecodeError> {
        let before = borrowed.data.map_or(self.data.len(), <[u8]>::len);
        let first = !self.has_data;
        if before + usize::from(!first) + value.len() > self.limits.event {
            return Err(DecodeError::EventTooLong { limit: self.limits.event });
        }
        self.has_data = true;
        if first && borrowable.is_some() {
            borrowed.data = borrowable;
            return Ok(());
        }
        self.data.extend_from_slice(borrowed.data.take().unwrap_or_default());
        if !first {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        Ok(())
    }

    /// Copies what was borrowed from a chunk that goes away.
    fn keep(&mut self, borrowed: &Borrowed<'_>) {
        if let Some(data) = borrowed.data {
            self.data.extend_from_slice(data);
        }
        if let Some(event_type) = borrowed.event_type {
            self.event_type.extend_from_slice(event_type);
        }
    }

    /// The blank line (p12). True if an event is to be told.
    fn dispatch(&mut self) -> bool {
        if self.id_changed {
            self.id_changed = false;
            self.last_event_id.clear();
            push_repaired(&mut self.last_event_id, &self.id);
        }
        if !self.has_data {
            self.event_type.clear();
        }
        self.dispatched = self.has_data;
        self.has_data
    }

    fn event<'d>(&'d mut self, borrowed: Borrowed<'d>) -> Frame<'d> {
        let [repaired_type, repaired_data] = &mut self.repaired;
        let event_type = text(borrowed.event_type.unwrap_or(&self.event_type), repaired_type);
        Frame::Event(EventRef {
            event_type: if event_type.is_empty() { MESSAGE } else { event_type },
            data: text(borrowed.data.unwrap_or(&self.data), repaired_data),
            last_event_id: &self.last_event_id,
        })
    }

    fn diagnostic<'d>(&'d mut self, effect: Effect, line: Line<'d>) -> Frame<'d> {
        let line = match line {
            Line::InChunk(line) => line,
            Line::PutTogether => &self.line,
        };
        let repaired = &mut self.repaired[0];
        match effect {
            Effect::Retry(reconnection_time) => Frame::Retry(reconnection_time),
            Effect::NulInId => Frame::Ignored(Ignored::NulInId),
            Effect::UnknownField { name_len } => {
                Frame::Ignored(Ignored::UnknownField(text(&line[..name_len], repaired)))
            }
            Effect::InvalidRetry => {
                let value = line.strip_prefix(b"retry:").unwrap_or_default();
                Frame::Ignored(Ignored::InvalidRetry(text(
                    value.strip_prefix(b" ").unwrap_or(value),
                    repaired,
                )))
            }
            Effect::Comment | Effect::None | Effect::Dispatch => {
                Frame::Comment(text(line.strip_prefix(b":").unwrap_or(line), repaired))
            }
        }
    }

    fn fail(&mut self, error: DecodeError) -> DecodeError {
        // What has been read is of no use any more, and it is as large as the limit.
        self.line = Vec::new();
        self.data = Vec::new();
        self.failed = Some(error);
        error
    }
}

/// The value of a `retry` field, if it is one (p11).
fn retry(value: &[u8]) -> Option<Duration> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let millis = value.iter().fold(0_u64, |millis, digit| {
        millis.saturating_mul(10).saturating_add(u64::from(digit - b'0')).min(MAX_RETRY_MILLIS)
    });
    Some(Duration::from_millis(millis))
}

/// `bytes` as text: as they are if they are UTF-8, else repaired in `scratch` (p01).
///
/// Line ends and colons are ASCII and never part of a longer sequence, so decoding field by field gives
/// what one decoder over the whole stream would give.
fn text<'a>(bytes: &'a [u8], scratch: &'a mut String) -> &'a str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => {
            scratch.clear();
            push_repaired(scratch, bytes);
            scratch
        }
    }
}

/// Appends `bytes`, with U+FFFD for each maximal part of a sequence that cannot be completed.
fn push_repaired(out: &mut String, bytes: &[u8]) {
    for part in bytes.utf8_chunks() {
        out.push_str(part.valid());
        if !part.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests;
