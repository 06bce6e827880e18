//! The decoder against the [reference](mod@crate::reference), at any split of any bytes.
//!
//! An input is three characters, a line feed (any fourth byte will do) and the stream:
//!
//! 1. how the stream is cut ([`Chunks::chosen_by`]);
//! 2. the limits, two bits each: line, event, id; `0` is the default of all three ([`limits`]);
//! 3. the last event id of the connection before; `0` is none ([`LAST_EVENT_IDS`]).
//!
//! Besides what is told, the target checks when: a frame comes with the byte that ends its line, not later (p04),
//! and a limit is an error with the first byte past it (p16).

use std::fmt;

use arbitrary::{Arbitrary, Unstructured};
use sse_proto::{DecodeError, Decoder, Limits};

use crate::chunks::Chunks;
use crate::reference;
use crate::told::Told;

/// What the third character chooses from. The last one is longer than any limit that is chosen here, and no error:
/// limits are for what the stream says.
pub const LAST_EVENT_IDS: [&str; 6] =
    ["", "41", "5f3a.1207", "漢字", " ", "0123456789012345678901234567890123456789"];

/// A stream, and how to decode it.
#[derive(Clone)]
#[expect(missing_docs, reason = "the module says what they are")]
pub struct Input {
    pub chunks: Chunks,
    pub limits: Limits,
    pub last_event_id: &'static str,
    pub stream: Vec<u8>,
}

impl fmt::Debug for Input {
    /// The stream as text: whoever looks at a finding wants to see the lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chunks, limits, last_event_id, stream } = self;
        write!(f, "{chunks:?}, {limits:?}, last event id {last_event_id:?}")?;
        stream
            .split_inclusive(|&byte| byte == b'\n')
            .try_for_each(|line| write!(f, "\n{}", line.escape_ascii()))
    }
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let [chunks, limits, last_event_id, _] = u.arbitrary()?;
        Ok(Self {
            chunks: Chunks::chosen_by(chunks),
            limits: self::limits(limits),
            last_event_id: LAST_EVENT_IDS
                [usize::from(last_event_id.wrapping_sub(b'0')) % LAST_EVENT_IDS.len()],
            stream: u.bytes(u.len())?.to_vec(),
        })
    }
}

/// What the second character chooses.
#[must_use]
pub fn limits(character: u8) -> Limits {
    let bits = character.wrapping_sub(b'0');
    let of = |shift: u32, default, small: [usize; 3]| match (bits >> shift) & 3 {
        0 => default,
        chosen => small[usize::from(chosen) - 1],
    };
    let default = Limits::default();
    // A line holds at least a byte order mark, so that half of one need not be thought about.
    default
        .with_line(of(0, default.line, [8, 24, 64]))
        .with_event(of(2, default.event, [4, 16, 64]))
        .with_id(of(4, default.id, [2, 8, 32]))
}

/// Decodes the stream in several ways and compares each with the reference.
///
/// # Panics
/// If they differ.
pub fn run(input: &Input) {
    let expected = Expected::of(input);
    let all = Reader { diagnostics: true, looks_at_every: 1, stops_after: None };
    for chunks in [Chunks::Whole, Chunks::Every(1), input.chunks] {
        expected.check(chunks, all);
    }
    // What nobody asks for or looks at changes nothing for the rest.
    expected.check(input.chunks, Reader { diagnostics: false, looks_at_every: 2, ..all });
    expected.check(Chunks::Whole, Reader { diagnostics: false, ..all });
    // Which frame is the last one is left to chance: any byte more or less moves it.
    let frames = expected.lines.iter().filter(|line| line.told.is_some()).count();
    let stops_after = Some(input.stream.len() % (frames + 1));
    expected.check(input.chunks, Reader { stops_after, ..all });
    expected.check(Chunks::Whole, Reader { stops_after, diagnostics: false, ..all });
}

/// How the frames are read.
#[derive(Clone, Copy, Debug)]
struct Reader {
    diagnostics: bool,
    /// The others are dropped as they come.
    looks_at_every: usize,
    /// After so many frames, the rest of the chunk is dropped.
    stops_after: Option<usize>,
}

/// What the decoder is to tell, by the byte with which it is to tell it.
#[derive(Debug)]
struct Expected<'s> {
    stream: &'s [u8],
    limits: Limits,
    initial: &'static str,
    lines: Vec<ExpectedLine>,
    /// The limit that is passed, and how many bytes pass it.
    error: Option<(DecodeError, usize)>,
}

#[derive(Debug)]
struct ExpectedLine {
    /// How many bytes of the stream end the line. Of CRLF, the CR does.
    end: usize,
    /// Where the next line begins.
    next: usize,
    told: Option<Told>,
    last_event_id: String,
}

impl<'s> Expected<'s> {
    fn of(input: &'s Input) -> Self {
        let &Input { limits, last_event_id: initial, ref stream, .. } = input;
        let read = reference::read(stream, initial);
        let (wire, unfinished) = wire_lines(stream);
        assert_eq!(read.len(), wire.len(), "the reference and this target see different lines");
        let error = first_excess(stream, &wire, unfinished, limits);
        let lines = wire.iter().zip(read).map(|(wire, read)| ExpectedLine {
            end: wire.end + 1,
            next: wire.end + if stream[wire.end..].starts_with(b"\r\n") { 2 } else { 1 },
            told: read.told,
            last_event_id: read.last_event_id,
        });
        // Nothing is told of the line that passes a limit, nor of what comes after it.
        let lines = lines.take(error.map_or(usize::MAX, |error| error.line)).collect();
        Self { stream, limits, initial, lines, error: error.map(|error| (error.what, error.at)) }
    }

    fn check(&self, chunks: Chunks, reader: Reader) {
        let mut decoder = Decoder::new(self.limits).with_last_event_id(self.initial);
        if reader.diagnostics {
            decoder = decoder.with_diagnostics();
        }
        let mut place = Place { lines: &self.lines, at: 0, last_event_id: self.initial };
        let mut arrived = 0;
        let mut frames = 0;
        for chunk in chunks.cut(self.stream) {
            arrived += chunk.len();
            let error = self.error.filter(|&(_, at)| at <= arrived).map(|(error, _)| error);
            let mut told = decoder.decode(chunk);
            let stops = loop {
                if reader.stops_after == Some(frames) {
                    frames += 1;
                    break true;
                }
                let due = place.advance(arrived, reader.diagnostics);
                let context = || format!("frame {frames}, {arrived} bytes in, cut {chunks:?}, {reader:?}");
                match told.next() {
                    Ok(Some(frame)) if frames.is_multiple_of(reader.looks_at_every) => {
                        assert_eq!(Some(&Told::from(frame)), due, "{}", context());
                    }
                    Ok(Some(_)) => assert!(due.is_some(), "a frame too many: {}", context()),
                    Ok(None) => {
                        assert_eq!(due, None, "not told: {}", context());
                        assert_eq!(error, None, "not noticed: {}", context());
                    }
                    Err(noticed) => {
                        assert_eq!(due, None, "{noticed} instead: {}", context());
                        assert_eq!(Some(noticed), error, "{}", context());
                        assert_eq!(told.next(), Err(noticed), "the error is final");
                        drop(told);
                        assert_eq!(decoder.decode(MORE).next(), Err(noticed), "the error is final");
                        assert_eq!(decoder.last_event_id(), place.last_event_id, "{}", context());
                        return;
                    }
                }
                assert_eq!(told.last_event_id(), place.last_event_id, "{}", context());
                if due.is_none() {
                    break false;
                }
                frames += 1;
            };
            drop(told);
            assert_eq!(decoder.last_event_id(), place.last_event_id, "{arrived} bytes in, {reader:?}");
            let unread = &self.stream[place.at.min(arrived)..arrived];
            if stops && unread.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
                // A line is left out, so nothing that follows can be told rightly (c09).
                assert_eq!(decoder.decode(MORE).next(), Ok(None), "the caller stopped reading");
                assert_eq!(decoder.last_event_id(), place.last_event_id, "{arrived} bytes in, {reader:?}");
                return;
            }
        }
    }
}

/// What does not matter any more when it comes.
const MORE: &[u8] = b"\n\nid: more\ndata: more\n\n";

/// How far a decoder is to have got.
#[derive(Debug)]
struct Place<'e> {
    /// The lines ahead.
    lines: &'e [ExpectedLine],
    /// Where the first of them begins.
    at: usize,
    last_event_id: &'e str,
}

impl<'e> Place<'e> {
    /// Goes on past the next line that tells something, or past all lines that have arrived.
    fn advance(&mut self, arrived: usize, diagnostics: bool) -> Option<&'e Told> {
        while let Some((line, ahead)) = self.lines.split_first().filter(|(line, _)| line.end <= arrived) {
            self.lines = ahead;
            self.at = line.next;
            self.last_event_id = &line.last_event_id;
            match &line.told {
                Some(told @ (Told::Event { .. } | Told::LastEventId(_) | Told::Retry { .. })) => {
                    return Some(told);
                }
                Some(told) if diagnostics => return Some(told),
                _ => {}
            }
        }
        None
    }
}

/// Where a line begins and ends, without its end.
type WireLine = std::ops::Range<usize>;

/// The complete lines of `stream`, and where the unfinished one begins. The limits count bytes of the wire, which the
/// reference does not see.
fn wire_lines(stream: &[u8]) -> (Vec<WireLine>, usize) {
    let mut lines = Vec::new();
    let mut start = if stream.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut at = start;
    while at < stream.len() {
        if matches!(stream[at], b'\r' | b'\n') {
            lines.push(start..at);
            at += usize::from(stream[at..].starts_with(b"\r\n"));
            start = at + 1;
        }
        at += 1;
    }
    (lines, start)
}

#[derive(Clone, Copy, Debug)]
struct Excess {
    /// The number of the line that passes the limit.
    line: usize,
    what: DecodeError,
    /// How many bytes of the stream are one too many.
    at: usize,
}

/// The first limit that the stream passes. A limit of a line counts as the line arrives, the others at its end.
fn first_excess(stream: &[u8], lines: &[WireLine], unfinished: usize, limits: Limits) -> Option<Excess> {
    let too_long = |line: usize, wire: &WireLine| {
        let what = DecodeError::LineTooLong { limit: limits.line };
        (wire.len() > limits.line).then_some(Excess { line, what, at: wire.start + limits.line + 1 })
    };
    // The bytes of the event's data, once it has any.
    let mut data: Option<usize> = None;
    for (number, wire) in lines.iter().enumerate() {
        if let Some(excess) = too_long(number, wire) {
            return Some(excess);
        }
        let line = &stream[wire.clone()];
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = colon.map_or((line, &[][..]), |colon| (&line[..colon], &line[colon + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let what = match name {
            b"" if line.is_empty() => {
                data = None;
                continue;
            }
            b"data" => {
                let bytes = data.map_or(0, |before| before + 1) + value.len();
                data = Some(bytes);
                (bytes > limits.event).then_some(DecodeError::EventTooLong { limit: limits.event })
            }
            b"id" if !value.contains(&0) => {
                (value.len() > limits.id).then_some(DecodeError::IdTooLong { limit: limits.id })
            }
            _ => None,
        };
        if let Some(what) = what {
            return Some(Excess { line: number, what, at: wire.end + 1 });
        }
    }
    too_long(lines.len(), &(unfinished.min(stream.len())..stream.len()))
}
