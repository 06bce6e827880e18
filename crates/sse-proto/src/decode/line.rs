//! What a line says (WHATWG HTML 9.2.6).

use core::time::Duration;

use super::{Frame, Ignored};
use crate::time::MAX_RETRY_MILLIS;

/// A line, with the position at which its value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The end of an event.
    Blank,
    /// It begins with a colon (p05).
    Comment,
    Data(usize),
    EventType(usize),
    Id(usize),
    Retry(usize),
    /// Another field name (p08).
    Unknown,
}

impl Line {
    #[inline(always)]
    pub(super) fn parse(line: &[u8]) -> Self {
        match line {
            [] => Self::Blank,
            [b':', ..] => Self::Comment,
            // The usual spelling of the frequent ones; the general rule gives the same.
            [b'd', b'a', b't', b'a', b':', b' ', ..] => Self::Data(6),
            [b'i', b'd', b':', b' ', ..] => Self::Id(4),
            [b'e', b'v', b'e', b'n', b't', b':', b' ', ..] => Self::EventType(7),
            _ => Self::parse_field(line),
        }
    }

    /// The first colon ends the name, and one space after it goes (p06). No colon: all is name (p07).
    fn parse_field(line: &[u8]) -> Self {
        // The longest name that counts has five bytes, so a colon further on does not matter.
        let colon = line.iter().take(6).position(|&byte| byte == b':');
        let (name, value) = match colon {
            Some(colon) if line.get(colon + 1) == Some(&b' ') => (&line[..colon], colon + 2),
            Some(colon) => (&line[..colon], colon + 1),
            None => (line, line.len()),
        };
        // Byte for byte (p08).
        match name {
            b"data" => Self::Data(value),
            b"event" => Self::EventType(value),
            b"id" => Self::Id(value),
            b"retry" => Self::Retry(value),
            _ => Self::Unknown,
        }
    }
}

/// The value of a `retry` field, if it is one (p11).
pub(super) fn retry(value: &[u8]) -> Option<Duration> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let millis = value.iter().fold(0_u64, |millis, digit| {
        millis.saturating_mul(10).saturating_add(u64::from(digit - b'0')).min(MAX_RETRY_MILLIS)
    });
    Some(Duration::from_millis(millis))
}

/// The frame of a line that has no effect.
pub(super) fn without_effect(line: &str) -> Frame<'_> {
    match Line::parse(line.as_bytes()) {
        Line::Comment => Frame::Comment(&line[1..]),
        Line::Id(_) => Frame::Ignored(Ignored::NulInId),
        Line::Retry(value) => Frame::Ignored(Ignored::InvalidRetry(&line[value..])),
        _ => Frame::Ignored(Ignored::UnknownField(line.split(':').next().unwrap_or(line))),
    }
}

/// Whether an id holds U+0000 (p10). Ids are short: a search that can stop early takes longer than one that cannot.
#[inline(always)]
pub(super) fn has_nul(id: &[u8]) -> bool {
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    let (words, rest) = id.as_chunks::<8>();
    // What is left of a byte's highest bit when one is taken from each, and it was not set before.
    let zeros = words
        .iter()
        .map(|&word| u64::from_ne_bytes(word))
        .fold(0, |zeros, word| zeros | (word.wrapping_sub(LOW) & !word & (LOW << 7)));
    rest.iter().fold(zeros != 0, |has_nul, &byte| has_nul | (byte == 0))
}
