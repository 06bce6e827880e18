//! What must not be in a log.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};

use crate::secret::Secret;

const REDACTED: &str = "[redacted]";

/// What a secret stands behind, in lower case, for those that are not ours or were made by us.
const MARKERS: [&str; 5] = ["bearer ", "ticket=", "sse_session=", "token=", "api_key="];

/// What stands before a name and a password in a URL.
const SCHEME_END: &str = "://";

/// The secrets of the configuration.
static SECRETS: RwLock<Vec<Secret>> = RwLock::new(Vec::new());

/// From now on the secret is in no line.
pub(crate) fn keep_out(secret: &Secret) {
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    if !secrets.contains(secret) {
        secrets.push(secret.clone());
    }
}

/// The text without secrets: those of the configuration, once a server runs with it, and what looks like one.
///
/// The server shows none on purpose. This is for what others print: an error that repeats a header or a value, a library
/// that is being debugged.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for secret in SECRETS.read().unwrap_or_else(PoisonError::into_inner).iter() {
        if text.contains(secret.expose()) {
            text = text.replace(secret.expose(), REDACTED).into();
        }
    }
    for marker in MARKERS {
        let mut from = 0;
        // Lower case in ASCII only: the places stay the same.
        while let Some(found) = text.get(from..).and_then(|rest| rest.to_ascii_lowercase().find(marker)) {
            let begin = from + found + marker.len();
            let is_end = |c: char| c.is_whitespace() || "\"'&;,)}]>\\".contains(c);
            let end =
                text.get(begin..).and_then(|rest| rest.find(is_end)).map_or(text.len(), |end| begin + end);
            from = begin;
            if end > begin && text.get(begin..end) != Some("[redacted") {
                text.to_mut().replace_range(begin..end, REDACTED);
                from += REDACTED.len();
            }
        }
    }
    redact_userinfo(text)
}

/// Cuts the name and the password out of URLs: `https://name:password@host`.
fn redact_userinfo(mut text: Cow<'_, str>) -> Cow<'_, str> {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(SCHEME_END)) {
        from += found + SCHEME_END.len();
        let is_end = |c: char| c.is_whitespace() || "/?#\"'<>`".contains(c);
        let authority = text.get(from..).and_then(|rest| rest.split(is_end).next()).unwrap_or_default();
        if let Some(at) = authority.rfind('@').filter(|at| authority[..*at] != *REDACTED) {
            text.to_mut().replace_range(from..from + at, REDACTED);
        }
    }
    text
}

/// A writer of log lines, each in one call.
#[derive(Debug)]
pub(super) struct Redacting<W>(W);

impl<W: Write> Redacting<W> {
    pub(super) fn new(writer: W) -> Self {
        Self(writer)
    }
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(redact(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_cut_out_wherever_they_stand() {
        keep_out(&"a-secret-of-this-test".parse().expect("a secret"));
        for (text, redacted) in [
            ("nothing to hide", "nothing to hide"),
            ("x a-secret-of-this-test, a-secret-of-this-test", "x [redacted], [redacted]"),
            ("\"authorization\": \"Bearer abc.def\" x", "\"authorization\": \"Bearer [redacted]\" x"),
            (
                "/api/events?topic=a&ticket=0123&x=1 /b?ticket=4567",
                "/api/events?topic=a&ticket=[redacted]&x=1 /b?ticket=[redacted]",
            ),
            ("Cookie: a=b; sse_session=0123; c=d", "Cookie: a=b; sse_session=[redacted]; c=d"),
            ("名 BEARER 名字 x bearer ", "名 BEARER [redacted] x bearer "),
            ("bearer a-secret-of-this-test", "bearer [redacted]"),
            ("\"http://ann:pass@host:80/v1\" x", "\"http://[redacted]@host:80/v1\" x"),
            ("a://u@h, b://u:p@ss@[::1] c://h/@x", "a://[redacted]@h, b://[redacted]@[::1] c://h/@x"),
            ("https:// @ ://", "https:// @ ://"),
        ] {
            assert_eq!(redact(text), redacted);
            assert_eq!(redact(redacted), redacted, "again");
        }
    }

    #[test]
    fn a_line_is_written_without_them() {
        let mut out = Vec::new();
        let line = "GET /x?ticket=0123\n";
        assert_eq!(Redacting::new(&mut out).write(line.as_bytes()).expect("written"), line.len());
        assert_eq!(out, b"GET /x?ticket=[redacted]\n");
    }
}
