use alloc::string::String;

/// The value of the `Last-Event-ID` header for a cursor (WHATWG HTML 9.2.4, conformance c10); `None` if the header
/// is not to be sent.
///
/// A header holds bytes, and those of the cursor are UTF-8. But the functions that set a header in a browser
/// (`Headers.set`, `fetch`) take a string of characters up to U+00FF that stand for one byte each, and throw when
/// they are given `漢`. So each byte becomes the character of that number. A client that writes its headers as
/// bytes sends those of the cursor as they are.
///
/// An empty cursor is not sent. Neither is one with CR, LF or NUL, which no server can have sent and no header can
/// hold.
///
/// ```
/// use sse_proto::client::last_event_id_header;
///
/// assert_eq!(last_event_id_header("41").as_deref(), Some("41"));
/// assert_eq!(last_event_id_header("é").as_deref(), Some("\u{c3}\u{a9}"));
/// assert_eq!(last_event_id_header(""), None);
/// ```
#[must_use]
pub fn last_event_id_header(last_event_id: &str) -> Option<String> {
    let cannot_be_sent = |byte| matches!(byte, b'\r' | b'\n' | 0);
    if last_event_id.is_empty() || last_event_id.bytes().any(cannot_be_sent) {
        return None;
    }
    Some(last_event_id.bytes().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c10_each_byte_of_the_cursor_is_a_character_of_the_header() {
        assert_eq!(last_event_id_header("a b\t~").as_deref(), Some("a b\t~"));
        assert_eq!(last_event_id_header("漢ü").as_deref(), Some("\u{e6}\u{bc}\u{a2}\u{c3}\u{bc}"));
    }

    #[test]
    fn c10_a_cursor_that_is_empty_or_cannot_be_sent_is_not_sent() {
        for last_event_id in ["", "a\nb", "\r", "a\0"] {
            assert_eq!(last_event_id_header(last_event_id), None, "{last_event_id:?}");
        }
    }
}
