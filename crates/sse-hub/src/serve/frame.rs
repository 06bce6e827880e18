//! Chunks as they go on the wire.

use std::io::Write;

use bytes::Bytes;

use super::handoff::Framing;
use crate::history::Entry;

/// How many bytes `size` and the line ends around the data take at most.
const OVERHEAD: usize = 16 + 4;

/// Some events as they go on the wire.
pub(super) fn events(framing: Framing, entries: &[Entry]) -> Bytes {
    if let (Framing::Bare, [entry]) = (framing, entries) {
        return entry.frame.clone();
    }
    let frames = || entries.iter().map(|entry| &entry.frame[..]);
    frame(framing, frames().map(<[u8]>::len).sum(), frames())
}

/// A chunk of a stream as it goes on the wire.
pub(super) fn chunk(framing: Framing, chunk: Bytes) -> Bytes {
    match framing {
        Framing::Bare => chunk,
        Framing::Chunked => frame(framing, chunk.len(), std::iter::once(&chunk[..])),
    }
}

/// What ends a body.
pub(super) fn end(framing: Framing) -> Bytes {
    match framing {
        Framing::Bare => Bytes::new(),
        Framing::Chunked => Bytes::from_static(b"0\r\n\r\n"),
    }
}

/// RFC 9112, 7.1: an empty chunk would end the body, so nothing makes none.
fn frame<'a>(framing: Framing, size: usize, parts: impl Iterator<Item = &'a [u8]>) -> Bytes {
    if size == 0 {
        return Bytes::new();
    }
    let mut out = Vec::with_capacity(size + OVERHEAD);
    if framing == Framing::Chunked {
        // Writing to a `Vec` cannot fail.
        let _ = write!(out, "{size:x}\r\n");
    }
    parts.for_each(|part| out.extend_from_slice(part));
    if framing == Framing::Chunked {
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(frames: &[&'static str]) -> Vec<Entry> {
        let entry = |frame: &&'static str| Entry { seq: 1, frame: Bytes::from_static(frame.as_bytes()) };
        frames.iter().map(entry).collect()
    }

    #[test]
    fn events_go_in_one_chunk_with_its_size_in_hexadecimal() {
        assert_eq!(
            events(Framing::Chunked, &entries(&["a: 1\n\n", "b: 2222\n\n"])),
            "f\r\na: 1\n\nb: 2222\n\n\r\n"
        );
        assert_eq!(events(Framing::Bare, &entries(&["a: 1\n\n", "b: 2\n\n"])), "a: 1\n\nb: 2\n\n");
        let large = Bytes::from(vec![b'x'; 0x1234]);
        assert!(chunk(Framing::Chunked, large).starts_with(b"1234\r\nx"));
    }

    #[test]
    fn nothing_makes_no_chunk_because_an_empty_one_is_the_end() {
        assert_eq!(events(Framing::Chunked, &[]), "");
        assert_eq!(chunk(Framing::Chunked, Bytes::new()), "");
        assert_eq!(end(Framing::Chunked), "0\r\n\r\n");
        assert_eq!(end(Framing::Bare), "");
    }
}
