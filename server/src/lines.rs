//! Line breaks.

use std::borrow::Cow;

/// The text with each of its line breaks, CRLF, CR or LF, as LF.
pub(crate) fn line_feeds(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}
