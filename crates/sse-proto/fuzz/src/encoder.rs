//! What is encoded comes out of a decoder again, and nothing that was not encoded does.
//!
//! An input is text in records that end at U+001E, whose fields end at U+001F. The first record is a character that
//! says how the wire is cut ([`Chunks::chosen_by`]); each other one is something to be sent:
//!
//! | fields | |
//! |---|---|
//! | `e`, id, type, data | an event; an id or a type that is not valid is left out, after a look at the reason |
//! | `n`, epoch, sequence, data | an event of a server that numbers its events |
//! | `s`, a character, a number | a control event of such a server |
//! | `c`, text | a comment |
//! | `r`, milliseconds | a reconnection time; the longest there is if it is not a number |
//!
//! A field `4097<U+001D>x` is `x` repeated 4097 times, to reach the limits.

use std::fmt::Debug;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use sse_proto::{
    Control, Cursor, Decoder, Epoch, Event, EventId, EventType, Frame, InvalidField, Limits, encode,
};

use crate::chunks::Chunks;
use crate::reference;
use crate::told::Told;

/// The longest reconnection time that is told (p11).
const LONGEST_RETRY: Duration = Duration::from_millis((1 << 31) - 1);

/// The most bytes that a repeated field has: past the longest limit of a field.
const MAX_REPEATED: usize = 5000;

/// The most bytes that are decoded one by one.
const SMALL: usize = 1000;

/// What is sent, and how the wire is cut.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the module says what they are")]
pub struct Input {
    pub chunks: Chunks,
    pub items: Vec<Item>,
}

/// Something to be sent.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the module says what they are")]
pub enum Item {
    Event { id: String, event_type: String, data: String },
    Numbered { cursor: Cursor, data: String },
    Control(Control),
    Comment(String),
    Retry(Duration),
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut records = u.bytes(u.len())?.split(|&byte| byte == 0x1E);
        let chunks = records.next().and_then(<[u8]>::first).copied().unwrap_or(b'0');
        Ok(Self { chunks: Chunks::chosen_by(chunks), items: records.filter_map(item).collect() })
    }
}

fn item(record: &[u8]) -> Option<Item> {
    let mut fields = record.split(|&byte| byte == 0x1F).map(field);
    let kind = fields.next()?;
    let mut next = || fields.next().unwrap_or_default();
    let number = |text: String| text.parse().unwrap_or(u64::MAX);
    Some(match kind.as_str() {
        "e" => Item::Event { id: next(), event_type: next(), data: next() },
        "n" => {
            let cursor = Cursor { epoch: Epoch::new(number(next())), seq: number(next()) };
            Item::Numbered { cursor, data: next() }
        }
        "s" => Item::Control(match (next().as_str(), number(next())) {
            ("o", u64::MAX) => Control::Open { heartbeat: None, snapshot_through: None },
            ("o", millis) => {
                Control::Open { heartbeat: Some(Duration::from_millis(millis)), snapshot_through: None }
            }
            ("t", millis) => Control::Retry(Duration::from_millis(millis)),
            ("g", trimmed) => Control::Gap { trimmed, snapshot_through: Some(trimmed) },
            ("r", _) => Control::Reset,
            ("e", _) => Control::End,
            _ => Control::Heartbeat,
        }),
        "c" => Item::Comment(next()),
        "r" => Item::Retry(next().parse().map_or(Duration::MAX, Duration::from_millis)),
        _ => return None,
    })
}

fn field(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.split_once('\u{1D}') {
        Some((count, text)) if !text.is_empty() => {
            text.repeat(count.parse().unwrap_or(0).min(MAX_REPEATED / text.len()))
        }
        _ => text.into_owned(),
    }
}

/// Encodes everything, decodes it in several ways and compares.
///
/// # Panics
/// If something is missing, changed or forged.
pub fn run(input: &Input) {
    let mut wire = Vec::new();
    let mut expected = Vec::new();
    let mut last_event_id = String::new();
    for item in &input.items {
        let before = wire.len();
        let mut alone = Vec::new();
        item.encode(&mut alone);
        item.encode(&mut wire);
        assert_eq!(wire[before..], alone, "what is in the buffer before does not matter");
        item.expect(&mut last_event_id, &mut expected);
    }
    assert!(std::str::from_utf8(&wire).is_ok(), "the encoder writes UTF-8");

    let read: Vec<Told> = reference::read(&wire, "").into_iter().filter_map(|line| line.told).collect();
    assert_eq!(read, expected, "read by the reference");
    // A field that is long to reach a limit is the same byte again and again, and not worth a call for each.
    let small = if wire.len() <= SMALL { Chunks::Every(1) } else { Chunks::Every(61) };
    for chunks in [Chunks::Whole, small, input.chunks] {
        let mut decoder = Decoder::new(Limits::default()).with_diagnostics();
        let mut expected = expected.iter();
        for chunk in chunks.cut(&wire) {
            let mut frames = decoder.decode(chunk);
            while let Some(frame) = frames.next().expect("no limit is passed") {
                if let Frame::Event(event) = frame {
                    check_control(event.event_type, event.data);
                }
                assert_eq!(Some(&Told::from(frame)), expected.next(), "cut {chunks:?}");
            }
        }
        assert_eq!(expected.next(), None, "cut {chunks:?}");
        assert_eq!(decoder.last_event_id(), last_event_id, "cut {chunks:?}");
    }
}

impl Item {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Event { id, event_type, data } => {
                let event =
                    Event { id: self::id(id), event_type: self::event_type(event_type), data: data.clone() };
                let start = out.len();
                encode::event(out, &event);
                let mut parts = Vec::new();
                encode::fields(&mut parts, event.id.as_ref(), event.event_type.as_ref(), data);
                assert_eq!(out[start..], parts, "an event and its parts are the same");
            }
            Self::Numbered { cursor, data } => {
                encode::event(out, &Event::new(data.as_str()).with_id(EventId::from(*cursor)));
            }
            Self::Control(control) => {
                let event_type = EventType::new(control.event_type()).expect("a valid type");
                encode::event(out, &Event::new(control.data()).with_type(event_type));
            }
            Self::Comment(text) => encode::comment(out, text),
            Self::Retry(time) => encode::retry(out, *time),
        }
    }

    /// What a decoder is to tell of it.
    fn expect(&self, last_event_id: &mut String, told: &mut Vec<Told>) {
        let (event_type, data) = match self {
            Self::Event { id, event_type, data } => {
                if let Some(id) = self::id(id) {
                    *last_event_id = id.into_string();
                }
                (self::event_type(event_type).map(EventType::into_string), data.clone())
            }
            Self::Numbered { cursor, data } => {
                *last_event_id = cursor.to_string();
                (None, data.clone())
            }
            Self::Control(control) => {
                let (event_type, data) = (control.event_type(), control.data());
                let read = match *control {
                    Control::Retry(time) => Control::Retry(time.min(LONGEST_RETRY)),
                    control => control,
                };
                assert_eq!(Control::parse(event_type, &data), Some(read));
                (Some(event_type.to_owned()), data)
            }
            Self::Comment(text) => {
                return told
                    .extend(with_line_feeds(text).split('\n').map(|line| Told::Comment(format!(" {line}"))));
            }
            Self::Retry(time) => {
                return told.push(Told::Retry { millis: (*time).min(LONGEST_RETRY).as_millis() });
            }
        };
        told.push(Told::Event {
            event_type: event_type.unwrap_or_else(|| "message".to_owned()),
            data: with_line_feeds(&data),
            last_event_id: last_event_id.clone(),
        });
    }
}

/// The format has no other line end that could be kept.
fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn id(text: &str) -> Option<EventId> {
    let id = validated(text, EventId::MAX_LEN, EventId::new(text));
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string(), text, "a cursor has one spelling");
        assert_eq!(id, Some(EventId::from(cursor)));
    }
    assert_eq!(id.as_ref().map_or(text, EventId::as_str), text);
    id
}

fn event_type(text: &str) -> Option<EventType> {
    let event_type = validated(text, EventType::MAX_LEN, EventType::new(text));
    assert_eq!(event_type.as_ref().map_or(text, EventType::as_str), text);
    event_type
}

/// Checks that a field was accepted or rejected for a reason.
fn validated<T: Debug>(text: &str, max: usize, result: Result<T, InvalidField>) -> Option<T> {
    let has = |characters: &[char]| text.contains(characters);
    match result {
        Ok(valid) => {
            let survives = !text.is_empty() && text.len() <= max && !has(&['\r', '\n', '\0']);
            assert!(survives, "{valid:?} would not survive as the value of a field");
            return Some(valid);
        }
        Err(InvalidField::Empty) => assert_eq!(text, ""),
        Err(InvalidField::LineBreak) => assert!(has(&['\r', '\n']), "{text:?}"),
        Err(InvalidField::Nul) => assert!(has(&['\0']), "{text:?}"),
        Err(InvalidField::TooLong { limit }) => {
            assert_eq!(limit, max);
            assert!(text.len() > max, "{text:?}");
        }
        Err(other) => panic!("a reason that this target does not know: {other}"),
    }
    None
}

/// Whatever an event says, reading it as a control event does no harm.
fn check_control(event_type: &str, data: &str) {
    let Some(control) = Control::parse(event_type, data) else {
        // Which says nothing without a time.
        let is_known = event_type != "sse.retry" && Control::EVENT_TYPES.contains(&event_type);
        assert!(!is_known, "{event_type} is a control event");
        return;
    };
    assert_eq!(control.event_type(), event_type);
    assert_eq!(Control::parse(event_type, &control.data()), Some(control), "{data:?}");
}
