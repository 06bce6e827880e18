use alloc::string::String;
use core::fmt;
use core::mem;

use memchr::memchr2;

use super::line::{self, Line};
use super::line_ends::{BLOCK, LineEnds};
use super::{BYTE_ORDER_MARK, DecodeError, Decoder, EventRef, Frame, Stopped, Told, utf8};
use crate::MESSAGE;

/// The frames of one chunk, from [`Decoder::decode`].
///
/// Ask for them until there are no more: what a chunk leaves unfinished is kept at its end. To drop this earlier is to
/// stop reading the stream, and the decoder tells nothing more (conformance c09).
#[must_use = "nothing is decoded until the frames are asked for"]
pub struct Frames<'d, 'c> {
    decoder: &'d mut Decoder,
    /// The rest of the chunk, from `text` on.
    chunk: &'c [u8],
    /// What is being read: well-formed bytes from the front of the rest.
    text: &'c str,
    /// Where the next line begins in `text`.
    at: usize,
    line_ends: LineEnds,
    /// What is known of the line at the front of the rest.
    front: Front,
    /// Whether everything is read, and what is unfinished is kept.
    used_up: bool,
    // The fields of the event, while they can be borrowed from the chunk.
    data: Option<&'c str>,
    event_type: Option<&'c str>,
    id: Option<&'c str>,
    last_event_id: Option<&'c str>,
}

/// What is known of the line at the front of the rest of a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Front {
    /// Nothing.
    Unknown,
    /// Its beginning came in an earlier chunk, and it ends here.
    Ends(usize),
    /// It is malformed.
    Malformed,
    /// Its end is not in the chunk.
    Unfinished,
}

// What is inlined by force below is the path of every chunk. As calls between functions that keep all of this in memory,
// chunks of one packet take a sixth longer and chunks of 64 bytes a tenth.
impl<'d, 'c> Frames<'d, 'c> {
    #[inline(always)]
    pub(super) fn new(decoder: &'d mut Decoder, mut chunk: &'c [u8]) -> Self {
        if decoder.after_cr && !chunk.is_empty() {
            decoder.after_cr = false;
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        if let Some(last) = chunk.last() {
            decoder.after_cr = *last == b'\r';
        }
        let mut used_up = false;
        let mut front = Front::Unknown;
        let mut line_ends = LineEnds::default();
        if decoder.line.len() != 0 {
            let end = if chunk.len() <= BLOCK {
                // As fast as to look for the first one, and the others are known too.
                line_ends = LineEnds::of_block(chunk);
                let end = line_ends.next_of_block();
                if end.is_none() {
                    decoder.keep(chunk);
                }
                end
            } else {
                decoder.find_line_end(&mut chunk)
            };
            match end {
                Some(end) => front = Front::Ends(end),
                // The middle of a long line.
                None => used_up = true,
            }
        }
        Self {
            decoder,
            chunk,
            text: "",
            at: 0,
            line_ends,
            front,
            used_up,
            data: None,
            event_type: None,
            id: None,
            last_event_id: None,
        }
    }

    /// The next frame; `None` when the chunk is used up.
    ///
    /// # Errors
    /// [`DecodeError`] once the stream has passed one of the [`Limits`](super::Limits), and ever after.
    #[inline(always)]
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator's items cannot borrow from it, and frames do"
    )]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        // What every chunk ends with, and all that the middle of a long line brings.
        if self.used_up && !self.decoder.lent && self.decoder.stopped.is_none() {
            return Ok(None);
        }
        self.next_frame()
    }

    /// The next frame of a chunk that may have one.
    #[inline(always)]
    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        if self.decoder.lent {
            self.decoder.take_back();
        }
        match self.advance() {
            Ok(Told::Nothing) => Ok(None),
            Ok(Told::Event) => Ok(Some(Frame::Event(self.event()))),
            Ok(Told::LastEventId) => Ok(Some(Frame::LastEventId(self.last_event_id()))),
            Ok(Told::Retry(time)) => Ok(Some(Frame::Retry(time))),
            Ok(Told::Ignored(line)) => Ok(Some(line::without_effect(line))),
            Ok(Told::IgnoredMade) => Ok(Some(line::without_effect(&self.decoder.made))),
            Err(error) => {
                self.fail(error);
                Err(error)
            }
        }
    }

    /// The last event id so far.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.last_event_id.unwrap_or(&self.decoder.last_event_id)
    }

    #[inline(always)]
    fn advance(&mut self) -> Result<Told<'c>, DecodeError> {
        loop {
            if self.at < self.text.len() {
                match self.read_text()? {
                    Told::Nothing => {}
                    told => return Ok(told),
                }
            }
            if self.used_up || self.decoder.stopped.is_some() {
                return self.end();
            }
            match self.next_text()? {
                Told::Nothing => {}
                told => return Ok(told),
            }
        }
    }

    /// Applies the lines of the text, up to the next frame.
    #[inline(always)]
    fn read_text(&mut self) -> Result<Told<'c>, DecodeError> {
        // Copied, so that they can live in registers.
        let text = self.text;
        let bytes = text.as_bytes();
        let mut line_ends = self.line_ends;
        let mut at = self.at;
        let limit = self.decoder.limits.line;
        let told = loop {
            let Some(end) = line_ends.next(bytes) else { break Ok(Told::Nothing) };
            let start = at;
            at = if bytes[end] == b'\r' { line_ends.skip_lf(bytes, end + 1) } else { end + 1 };
            if end - start > limit {
                break Err(DecodeError::LineTooLong { limit });
            }
            match Line::parse(&bytes[start..end]) {
                // A heartbeat. What follows is its blank line, and on a quiet connection the next one.
                Line::Comment if self.decoder.skips_idle() => at = line_ends.skip_idle(bytes, at),
                // There is nothing to end; or it is no line at all, but the LF of a CRLF that two blocks share.
                Line::Blank if !self.decoder.in_event || is_inside_crlf(bytes, end) => {}
                Line::Blank => match self.dispatch() {
                    Told::Nothing => {}
                    told => break Ok(told),
                },
                Line::Data(value) => {
                    if let Err(error) = self.append_data(&text[start + value..end]) {
                        break Err(error);
                    }
                }
                Line::EventType(value) => {
                    self.decoder.in_event = true;
                    self.event_type = Some(&text[start + value..end]);
                }
                Line::Id(value) if !line::has_nul(&bytes[start + value..end]) => {
                    if let Err(error) = self.decoder.check_id(end - start - value) {
                        break Err(error);
                    }
                    self.decoder.in_event = true;
                    self.id = Some(&text[start + value..end]);
                }
                Line::Retry(value) if let Some(time) = line::retry(&bytes[start + value..end]) => {
                    break Ok(Told::Retry(time));
                }
                Line::Comment | Line::Id(_) | Line::Retry(_) | Line::Unknown => {
                    if self.decoder.diagnostics {
                        break Ok(Told::Ignored(&text[start..end]));
                    }
                }
            }
        };
        self.line_ends = line_ends;
        self.at = at;
        told
    }

    /// Goes to the next text, by way of a line that cannot be read as text.
    #[inline(always)]
    fn next_text(&mut self) -> Result<Told<'c>, DecodeError> {
        self.chunk = &self.chunk[self.at..];
        self.text = "";
        self.at = 0;
        if self.chunk.is_empty() {
            self.keep_rest();
            return Ok(Told::Nothing);
        }
        match self.front {
            Front::Unknown => {
                self.check_text();
                Ok(Told::Nothing)
            }
            Front::Ends(end) => self.finish_line(end),
            Front::Malformed if let Some(end) = memchr2(b'\n', b'\r', self.chunk) => self.finish_line(end),
            Front::Malformed | Front::Unfinished => {
                self.keep_rest();
                Ok(Told::Nothing)
            }
        }
    }

    /// Takes as much of the rest as is well-formed for text.
    #[inline]
    fn check_text(&mut self) {
        if self.decoder.at_start {
            self.strip_mark();
        }
        let whole = if self.chunk.len() <= BLOCK {
            if self.line_ends.is_new() {
                self.line_ends = LineEnds::of_block(self.chunk);
            }
            self.skip_idle();
            // Only whole lines: so short a chunk is often hardly more than pieces, which are checked with their lines.
            let whole = self.line_ends.whole_lines();
            if whole == 0 {
                return self.keep_rest();
            }
            whole
        } else {
            self.line_ends = LineEnds::default();
            // To end inside a character is no fault, so that much is left out before the rest is checked at full speed.
            self.chunk.len() - utf8::begun_len(self.chunk)
        };
        match utf8::check(&self.chunk[..whole]) {
            Ok(text) => {
                self.text = text;
                self.front = Front::Unfinished;
            }
            Err(valid) => {
                self.text = utf8::check(&self.chunk[..valid]).unwrap_or_default();
                self.front = Front::Malformed;
                self.line_ends = LineEnds::default();
            }
        }
    }

    /// Skips heartbeats at the front of the rest, which is one block. Nobody sees their text, so it is not checked.
    #[inline(always)]
    fn skip_idle(&mut self) {
        if matches!(self.chunk.first(), Some(b':' | b'\n' | b'\r')) && self.decoder.skips_idle() {
            let idle = self.line_ends.skip_idle(self.chunk, 0);
            self.line_ends.drop_front(idle);
            self.chunk = &self.chunk[idle..];
        }
    }

    /// Strips a byte order mark. One that the chunk ends in the middle of is left to [`Decoder::finish_line`].
    #[cold]
    fn strip_mark(&mut self) {
        if let Some(chunk) = self.chunk.strip_prefix(BYTE_ORDER_MARK) {
            self.chunk = chunk;
            self.decoder.at_start = false;
        } else {
            self.decoder.at_start = BYTE_ORDER_MARK.starts_with(self.chunk);
        }
    }

    /// Applies the line at the front of the rest, which ends at `end`, and the blank line that often follows.
    #[inline]
    fn finish_line(&mut self, end: usize) -> Result<Told<'c>, DecodeError> {
        if self.front == Front::Malformed {
            self.spill();
            self.line_ends = LineEnds::default();
        }
        self.decoder.extend_line(&self.chunk[..end])?;
        let mut begin = after_line_end(self.chunk, end);
        self.front = Front::Unknown;
        let mut told = self.decoder.finish_line()?;
        if let Told::Nothing = told {
            if self.decoder.skips_idle() {
                begin = self.line_ends.skip_idle(self.chunk, begin);
            } else if let Some(b'\n' | b'\r') = self.chunk.get(begin)
                && self.decoder.in_event
            {
                begin = after_line_end(self.chunk, begin);
                told = self.dispatch();
            }
        }
        self.chunk = &self.chunk[begin..];
        self.line_ends.drop_front(begin);
        Ok(told)
    }

    /// Keeps what the chunk leaves unfinished.
    #[inline]
    fn keep_rest(&mut self) {
        self.used_up = true;
        self.spill();
        self.decoder.keep(self.chunk);
    }

    /// Applies a `data` field that lies in the chunk (p09).
    #[inline(always)]
    fn append_data(&mut self, value: &'c str) -> Result<(), DecodeError> {
        if self.decoder.has_data {
            self.decoder.check_data(self.data.map_or(0, str::len) + 1 + value.len())?;
            self.spill_data();
            self.decoder.data.push(b"\n");
            self.decoder.data.push(value.as_bytes());
        } else {
            self.decoder.check_data(value.len())?;
            self.decoder.begin_data(0);
            self.data = Some(value);
        }
        Ok(())
    }

    /// Ends the event: sets the last event id, and tells what there is to tell (p12).
    #[inline(always)]
    fn dispatch(&mut self) -> Told<'c> {
        let decoder = &mut *self.decoder;
        let mut told = Told::Nothing;
        if let Some(id) = self.id.take() {
            self.last_event_id = Some(id);
            decoder.id_set = false;
            told = Told::LastEventId;
        } else if decoder.id_set {
            decoder.id_set = false;
            mem::swap(&mut decoder.id, &mut decoder.last_event_id);
            self.last_event_id = None;
            told = Told::LastEventId;
        }
        decoder.in_event = false;
        if mem::take(&mut decoder.has_data) {
            return Told::Event;
        }
        self.event_type = None;
        decoder.event_type.clear();
        told
    }

    /// The event that was dispatched.
    #[inline(always)]
    fn event(&mut self) -> EventRef<'_> {
        let decoder = &mut *self.decoder;
        if self.data.is_none() || !decoder.event_type.is_empty() {
            decoder.lent = true;
        }
        let data = match self.data.take() {
            Some(data) => data,
            None => decoder.data.text(decoder.data_start),
        };
        let event_type = self.event_type.take().unwrap_or(&decoder.event_type);
        EventRef {
            event_type: if event_type.is_empty() { MESSAGE } else { event_type },
            data,
            last_event_id: self.last_event_id.unwrap_or(&decoder.last_event_id),
        }
    }

    /// Copies what is borrowed from the chunk: it ends, or a line comes that cannot be borrowed.
    #[inline]
    fn spill(&mut self) {
        self.spill_data();
        let decoder = &mut *self.decoder;
        if let Some(event_type) = self.event_type.take() {
            copy(event_type, &mut decoder.event_type);
        }
        if let Some(id) = self.id.take() {
            copy(id, &mut decoder.id);
            decoder.id_set = true;
        }
        if let Some(id) = self.last_event_id.take() {
            copy(id, &mut decoder.last_event_id);
        }
    }

    #[inline]
    fn spill_data(&mut self) {
        if let Some(data) = self.data.take() {
            self.decoder.data.push(data.as_bytes());
        }
    }

    #[inline]
    fn end(&mut self) -> Result<Told<'c>, DecodeError> {
        self.used_up = true;
        match self.decoder.stopped {
            Some(Stopped::Failed(error)) => Err(error),
            Some(Stopped::Left) | None => Ok(Told::Nothing),
        }
    }

    /// Reads no further, in this chunk and in those to come.
    #[cold]
    fn fail(&mut self, error: DecodeError) {
        self.spill();
        self.decoder.fail(error);
        self.text = "";
        self.at = 0;
        self.used_up = true;
    }

    /// The caller stops asking.
    #[cold]
    fn leave(&mut self) {
        self.spill();
        let begin = if is_inside_crlf(self.chunk, self.at) { self.at + 1 } else { self.at };
        self.chunk = &self.chunk[begin..];
        if memchr2(b'\n', b'\r', self.chunk).is_some() {
            self.decoder.stopped.get_or_insert(Stopped::Left);
        } else {
            self.keep_rest();
        }
    }
}

impl Drop for Frames<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        if !self.used_up {
            self.leave();
        }
    }
}

impl fmt::Debug for Frames<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}

/// Where the line begins that follows the line end at `end`.
#[inline(always)]
fn after_line_end(bytes: &[u8], end: usize) -> usize {
    if bytes[end] == b'\r' && bytes.get(end + 1) == Some(&b'\n') { end + 2 } else { end + 1 }
}

/// Whether the byte at `at` is the LF of a CRLF.
#[inline(always)]
fn is_inside_crlf(bytes: &[u8], at: usize) -> bool {
    bytes[..at].last() == Some(&b'\r') && bytes.get(at) == Some(&b'\n')
}

/// Sets `to` to `from`, in the memory that it has.
#[inline]
fn copy(from: &str, to: &mut String) {
    to.clear();
    to.push_str(from);
}
