//! What the head of a response says (conformance c03, c04, c05).

use alloc::string::String;
use core::time::Duration;

use super::state::Failure;
use crate::MEDIA_TYPE;

/// The head of a response, as it came. The client judges it, so that every transport judges alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status. Only 200 opens (c03).
    pub status: u16,
    /// The `Content-Type` header; several joined by commas, as `Headers.get` gives them (c04).
    pub content_type: Option<String>,
    /// The `Retry-After` header: seconds, or a date (RFC 9110, 10.2.3). A date counts only together with `date`.
    pub retry_after: Option<String>,
    /// The `Date` header: what time it is for the server. A `Retry-After` that is a date is measured from it, so
    /// that it means the same to a device whose clock is wrong.
    pub date: Option<String>,
    /// Where the response came from, after redirects; a reconnect goes there (c05). `None` if the transport does not
    /// know, or if the same request cannot be sent there: a POST may have been redirected to where only GET is
    /// answered.
    pub url: Option<String>,
}

impl Response {
    /// A response with this status and no headers.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Sets the `Content-Type` header.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<Option<String>>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// Sets the `Retry-After` header.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: impl Into<Option<String>>) -> Self {
        self.retry_after = retry_after.into();
        self
    }

    /// Sets the `Date` header.
    #[must_use]
    pub fn with_date(mut self, date: impl Into<Option<String>>) -> Self {
        self.date = date.into();
        self
    }

    /// Sets the URL after redirects.
    #[must_use]
    pub fn with_url(mut self, url: impl Into<Option<String>>) -> Self {
        self.url = url.into();
        self
    }

    /// Why it is not an event stream, if it is not.
    pub(super) fn refusal(&self) -> Option<Failure> {
        if self.status != 200 {
            let retry_after = self.retry_after.as_deref();
            let retry_after = retry_after.and_then(|value| delay(value, self.date.as_deref()));
            return Some(Failure::Status { status: self.status, retry_after });
        }
        let content_type = self.content_type.as_deref().unwrap_or_default();
        (!is_event_stream(content_type)).then(|| Failure::ContentType(content_type.into()))
    }
}

/// Whether a `Content-Type` says event stream: the essence of the last valid value counts (Fetch, "extract a MIME
/// type"; MIME Sniffing, "parse a MIME type").
fn is_event_stream(content_type: &str) -> bool {
    values(content_type)
        .filter_map(essence)
        .filter(|&(kind, subtype)| (kind, subtype) != ("*", "*"))
        .last()
        .is_some_and(|(kind, subtype)| {
            let (event_kind, event_subtype) = MEDIA_TYPE.split_once('/').unwrap_or_default();
            kind.eq_ignore_ascii_case(event_kind) && subtype.eq_ignore_ascii_case(event_subtype)
        })
}

/// The values of a header, split at the commas that are not inside a quoted string (Fetch, "get, decode, and
/// split").
fn values(header: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    header.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => return true,
            _ => {}
        }
        false
    })
}

/// Type and subtype of a MIME type, if it has valid ones. What its parameters are cannot make it invalid.
fn essence(value: &str) -> Option<(&str, &str)> {
    const WHITESPACE: [char; 4] = [' ', '\t', '\r', '\n'];
    let (kind, rest) = value.trim_matches(WHITESPACE).split_once('/')?;
    let subtype = rest.split(';').next()?.trim_end_matches(WHITESPACE);
    (is_token(kind) && is_token(subtype)).then_some((kind, subtype))
}

/// Whether this is one or more of the characters of an HTTP token (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// How long a `Retry-After` asks for. One that says neither seconds nor, with the server's `date`, a time asks for
/// nothing; a time that is over asks for no wait.
fn delay(retry_after: &str, date: Option<&str>) -> Option<Duration> {
    let value = retry_after.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only too many digits fail: longer than anybody lives.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let seconds = http_date(value)?.saturating_sub(http_date(date?.trim())?);
    Some(Duration::from_secs(seconds))
}

/// Seconds since the year 0 of a date like `Sun, 06 Nov 1994 08:49:37 GMT`, the one form in which dates are sent
/// (RFC 9110, 5.6.7).
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_day_of_week, date) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let mut parts = date.split([' ', ':']);
    let mut part = || parts.next();
    let day = number(part()?, 2)?;
    let month = part()?;
    let month = MONTHS.iter().zip(0..).find_map(|(&name, at)| (name == month).then_some(at))?;
    let year = number(part()?, 4)?;
    let (hour, minute, second) = (number(part()?, 2)?, number(part()?, 2)?, number(part()?, 2)?);
    if part().is_some() {
        return None;
    }
    // Years that begin in March end with the leap day, and then its months fit one formula.
    let (year, month) = if month < 2 { (year.checked_sub(1)?, month + 10) } else { (year, month - 2) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(content_type: &str) -> Option<Failure> {
        Response::new(200).with_content_type(String::from(content_type)).refusal()
    }

    #[test]
    fn c03_only_200_is_an_event_stream() {
        for status in [0, 100, 199, 201, 202, 204, 205, 206, 301, 304, 400, 401, 404, 429, 500, 503, 999] {
            let response = Response::new(status).with_content_type(String::from(MEDIA_TYPE));
            assert_eq!(response.refusal(), Some(Failure::Status { status, retry_after: None }));
        }
        assert_eq!(ok(MEDIA_TYPE), None);
    }

    #[test]
    fn c04_the_last_valid_essence_decides() {
        for content_type in [
            "text/event-stream",
            "TEXT/Event-Stream",
            " \ttext/event-stream\r\n",
            "text/event-stream;charset=utf-8",
            "text/event-stream ; charset=\"",
            "text/event-stream;",
            "text/event-stream;\u{fc}",
            "text/html, text/event-stream",
            "text/html;charset=\"a,b\\\",text/plain\", text/event-stream",
            "text/event-stream, */*",
            "text/event-stream, nonsense",
            "text/event-stream,",
            ",text/event-stream",
            "text/event-stream, text/",
            "text/event-stream, te xt/html",
            "text/event-stream; x=\"a, text/html",
        ] {
            assert_eq!(ok(content_type), None, "{content_type:?}");
        }
        for content_type in [
            "",
            "text",
            "text/",
            "/event-stream",
            "text/event-streams",
            "text/event-stream charset=utf-8",
            "text/event-stream, text/html",
            "text/event-stream, text/html;charset=\"text/event-stream\"",
            "text/html;charset=\"a, text/event-stream",
            "text /event-stream",
            "text/ event-stream",
            "*/*",
            "\u{a0}text/event-stream",
            "text/event-stream\u{fc}",
        ] {
            assert_eq!(ok(content_type), Some(Failure::ContentType(content_type.into())), "{content_type:?}");
        }
        assert_eq!(Response::new(200).refusal(), Some(Failure::ContentType(String::new())));
    }

    #[test]
    fn c03_retry_after_is_seconds_or_a_date_by_the_clock_of_the_server() {
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let seconds = |n| Some(Duration::from_secs(n));
        for (value, date, expected) in [
            ("120", None, seconds(120)),
            (" 0 ", None, seconds(0)),
            ("99999999999999999999999", None, seconds(u64::MAX)),
            ("Sun, 06 Nov 1994 08:50:00 GMT", now, seconds(23)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", now, seconds(86_400)),
            ("Tue, 06 Dec 1994 08:49:37 GMT", now, seconds(30 * 86_400)),
            ("Mon, 06 Nov 1995 08:49:37 GMT", now, seconds(365 * 86_400)),
            ("Wed, 06 Nov 1996 08:49:37 GMT", now, seconds(731 * 86_400)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", now, seconds(0)),
            ("Sun, 06 Nov 1994 08:50:00 GMT", None, None),
            ("Sun, 06 Nov 1994 08:50:00 GMT", Some("yesterday"), None),
            ("Sun, 06 Nov 1994 08:50 GMT", now, None),
            ("Sun, 06 Nov 1994 08:50:00:00 GMT", now, None),
            ("Sun, 06 Nov 1994 08:50:00", now, None),
            ("Sun, 06 Nov +199 08:50:00 GMT", now, None),
            ("Sun, 01 Jan 0000 00:00:00 GMT", now, None),
            ("", None, None),
            ("-1", None, None),
            ("1.5", None, None),
            ("soon", None, None),
        ] {
            assert_eq!(delay(value, date), expected, "{value:?}");
        }
    }

    #[test]
    fn c03_a_date_crosses_leap_days_and_centuries() {
        let days = |from, to| (http_date(to).expect(to) - http_date(from).expect(from)) / 86_400;
        for (from, to, expected) in [
            ("Mon, 28 Feb 2000 00:00:00 GMT", "Wed, 01 Mar 2000 00:00:00 GMT", 2),
            ("Sun, 28 Feb 2100 00:00:00 GMT", "Mon, 01 Mar 2100 00:00:00 GMT", 1),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "Sat, 21 Nov 2026 00:00:00 GMT", 20_778),
            ("Sat, 31 Dec 2022 00:00:00 GMT", "Sun, 01 Jan 2023 00:00:00 GMT", 1),
            ("Tue, 31 Jan 2023 00:00:00 GMT", "Wed, 01 Feb 2023 00:00:00 GMT", 1),
        ] {
            assert_eq!(days(from, to), expected, "{from} to {to}");
        }
    }
}
