//! Bytes for the wire (WHATWG HTML 9.2.5).
//!
//! Every function appends to a buffer of the caller's, so that one allocation can serve a whole stream. None
//! of them can be made to forge a field: ids and types are [validated](crate::event) before they get here,
//! and each line of data or of a comment gets a field name of its own.

use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::time::Duration;

use memchr::memchr2;

use crate::event::{Event, EventId, EventType};

/// Appends `event`, with the blank line that dispatches it.
pub fn event(out: &mut Vec<u8>, event: &Event) {
    fields(out, event.id.as_ref(), event.event_type.as_ref(), &event.data);
}

/// Appends an event from its parts, for a caller that has no [`Event`] to lend.
pub fn fields(out: &mut Vec<u8>, id: Option<&EventId>, event_type: Option<&EventType>, data: &str) {
    out.reserve(data.len() + 64);
    if let Some(id) = id {
        line(out, b"id: ", id.as_str().as_bytes());
    }
    if let Some(event_type) = event_type.filter(|event_type| !event_type.is_message()) {
        line(out, b"event: ", event_type.as_str().as_bytes());
    }
    lines(out, b"data: ", data);
    out.push(b'\n');
}

/// Appends a comment. Clients see it as activity and nothing else.
pub fn comment(out: &mut Vec<u8>, text: &str) {
    lines(out, b": ", text);
    out.push(b'\n');
}

/// Appends a `retry` field: how long clients are to wait before they reconnect, in whole milliseconds.
pub fn retry(out: &mut Vec<u8>, reconnection_time: Duration) {
    // Writing to memory cannot fail.
    let _ = write!(Text(out), "retry: {}\n\n", reconnection_time.as_millis());
}

/// A buffer to format into.
struct Text<'a>(&'a mut Vec<u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// One line of the wire for each line of `text`; CR, LF and CRLF all end one.
fn lines(out: &mut Vec<u8>, name: &[u8], text: &str) {
    let mut rest = text.as_bytes();
    while let Some(end) = memchr2(b'\n', b'\r', rest) {
        line(out, name, &rest[..end]);
        let crlf = rest[end] == b'\r' && rest.get(end + 1) == Some(&b'\n');
        rest = &rest[end + 1 + usize::from(crlf)..];
    }
    line(out, name, rest);
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("the encoder writes UTF-8")
    }

    #[test]
    fn every_line_break_in_data_becomes_a_data_line() {
        assert_eq!(
            encoded(|out| event(out, &Event::new("a\rb\nc\r\nd\n\re\r"))),
            "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \n\n"
        );
    }

    #[test]
    fn an_event_without_data_is_still_dispatched() {
        assert_eq!(encoded(|out| event(out, &Event::new(""))), "data: \n\n");
    }

    #[test]
    fn the_type_message_is_left_out() {
        let message = Event::new("x").with_type(EventType::new("message").expect("valid"));
        assert_eq!(encoded(|out| event(out, &message)), "data: x\n\n");
    }

    #[test]
    fn a_comment_cannot_leave_its_lines() {
        assert_eq!(encoded(|out| comment(out, "a\ndata: forged")), ": a\n: data: forged\n\n");
    }

    #[test]
    fn retry_is_in_whole_milliseconds() {
        assert_eq!(encoded(|out| retry(out, Duration::from_micros(2_500_400))), "retry: 2500\n\n");
    }
}
