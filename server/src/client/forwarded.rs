use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What one proxy says of whoever asked it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hop {
    /// `None` if it does not say, or not in a way that can be read.
    pub(super) address: Option<IpAddr>,
    pub(super) https: Option<bool>,
}

/// The hops of `X-Forwarded-For` and `X-Forwarded-Proto`, the nearest first. The two lists are of no standard; entries
/// with the same distance from the end are of the same proxy.
pub(super) fn x_forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let mut addresses = elements(headers, X_FORWARDED_FOR);
    let mut schemes = elements(headers, X_FORWARDED_PROTO);
    std::iter::from_fn(move || match (addresses.next(), schemes.next()) {
        (None, None) => None,
        (address, scheme) => Some(Hop { address: address.and_then(node), https: scheme.map(is_https) }),
    })
}

/// The hops of `Forwarded` (RFC 7239), the nearest first.
pub(super) fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    elements(headers, FORWARDED).map(|element| {
        let mut hop = Hop::default();
        if element.contains(&b'\\') {
            // No address needs one. Behind it, a quote would not end what it seems to end.
            return hop;
        }
        for pair in parts(element, b';').map(<[u8]>::trim_ascii) {
            let Some(equals) = pair.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = (&pair[..equals], unquoted(&pair[equals + 1..]));
            if name.eq_ignore_ascii_case(b"for") {
                hop.address = node(value);
            } else if name.eq_ignore_ascii_case(b"proto") {
                hop.https = Some(is_https(value));
            }
        }
        hop
    })
}

/// The elements of a list in all lines of a header, the last one first. Empty ones do not count (RFC 9110, 5.6.1).
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(name).iter().rev();
    lines
        .flat_map(|line| parts(line.as_bytes(), b','))
        .map(<[u8]>::trim_ascii)
        .filter(|part| !part.is_empty())
}

/// The parts between separators that are not quoted, the last one first. Looked for from the end, so that a quote which a
/// stranger began and did not close takes nothing of what a proxy has added.
fn parts(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let mut is_quoted = false;
        let at = text.iter().rposition(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == separator && !is_quoted
        });
        let Some(at) = at else { return Some(text) };
        rest = Some(&text[..at]);
        Some(&text[at + 1..])
    })
}

fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.or_else(|| in_brackets().map(IpAddr::V6)).map(|address| address.to_canonical())
}

fn is_https(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(b"https")
}
