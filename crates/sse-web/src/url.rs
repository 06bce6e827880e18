use std::{fmt, iter};

use wasm_bindgen::prelude::*;

use crate::scope::scope;

/// The URL of an event stream cannot be used (conformance c01). Nor can an empty one, which a browser takes for the page
/// itself: it is no URL yet.
///
/// In a worker that was made of a `Blob`, a relative one cannot be used either, nor by the browser's own `EventSource`:
/// there is nothing to which it could be relative. Put the origin in front of it (`self.origin` in JavaScript).
///
/// ```
/// use sse_web::{Connection, InvalidUrl, Options, Sink};
///
/// fn open(url: &str, sink: impl Sink + 'static) -> Result<Connection, String> {
///     Connection::open(url, Options::default(), sink)
///         .map_err(|InvalidUrl { url, .. }| format!("please look at the setting \"stream\": {url}"))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidUrl {
    /// What was given.
    pub url: String,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a URL of an event stream (http or https, absolute or relative): {:?}", self.url)
    }
}

impl std::error::Error for InvalidUrl {}

#[wasm_bindgen]
extern "C" {
    /// Takes a text as it is here, where that of js-sys would first make a `JsString` of what it gives.
    #[wasm_bindgen(js_name = encodeURIComponent)]
    fn encode(text: &str) -> String;

    /// Takes any object for a base whose text is one, so that the text need not come here first. `undefined` is none.
    #[wasm_bindgen(js_name = URL)]
    type Url;

    #[wasm_bindgen(constructor, js_class = "URL", catch)]
    fn new(url: &str, base: &JsValue) -> Result<Url, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn href(this: &Url) -> String;

    #[wasm_bindgen(method, getter)]
    fn origin(this: &Url) -> String;
}

/// Resolves `url` against the document or the worker.
pub(crate) fn resolve(url: &str) -> Result<String, InvalidUrl> {
    match Url::new(url, &base()).map(|parsed| parsed.href()) {
        Ok(href) if !url.is_empty() && (href.starts_with("http:") || href.starts_with("https:")) => Ok(href),
        _ => Err(InvalidUrl { url: url.to_owned() }),
    }
}

/// `url`, which was resolved, with the query parameter `name` set to `value`, in place of what it said of it before: to a
/// server that got both, either could be the right one.
///
/// The rest of the query stays as it is spelled: a signed URL must not be written anew.
pub(crate) fn with_parameter(url: &str, name: &str, value: &str) -> String {
    replace(url, name, &(encode(name) + "=" + &encode(value)))
}

/// `url`, whose query has `parameter`, as it is spelled, and no other of that name.
fn replace(url: &str, name: &str, parameter: &str) -> String {
    let (rest, fragment) = cut(url, b'#');
    let (path, query) = cut(rest, b'?');
    let mut replaced = path.to_owned() + "?";
    let mut query = query.filter(|query| !query.is_empty());
    while let Some(rest) = query {
        let (other, after) = cut(rest, b'&');
        query = after;
        if !is_named(other, name) {
            replaced += other;
            replaced += "&";
        }
    }
    replaced += parameter;
    if let Some(fragment) = fragment {
        replaced += "#";
        replaced += fragment;
    }
    replaced
}

/// What lies before the first such byte, which is ASCII, and what lies behind it.
///
/// By bytes: what the standard library needs to search text would weigh more than all of this file in a page.
#[inline(never)]
fn cut(text: &str, byte: u8) -> (&str, Option<&str>) {
    let at = text.bytes().position(|it| it == byte);
    match at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

/// Whether a parameter of a query, as it is spelled, has this name (WHATWG URL 5.1).
fn is_named(parameter: &str, name: &str) -> bool {
    let hex = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let mut rest = cut(parameter, b'=').0.as_bytes();
    let decoded = iter::from_fn(|| {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        if let (b'%', [high, low, after @ ..]) = (byte, after)
            && let Some((high, low)) = hex(*high).zip(hex(*low))
        {
            rest = after;
            return Some(high << 4 | low);
        }
        Some(if byte == b'+' { b' ' } else { byte })
    });
    decoded.eq(name.bytes())
}

/// Whether two URLs that were resolved belong to the same origin.
pub(crate) fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |url| Url::new(url, &JsValue::UNDEFINED).ok().map(|url| url.origin());
    origin(one).is_some_and(|it| Some(it) == origin(other))
}

fn base() -> JsValue {
    let scope = scope();
    match scope.document() {
        Some(document) => document.base_uri(),
        None => scope.location(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_takes_the_place_of_all_that_the_url_said_of_it() {
        for (url, expected) in [
            ("http://a/b", "http://a/b?id=7"),
            ("http://a/b?", "http://a/b?id=7"),
            ("http://a/b?id=3", "http://a/b?id=7"),
            ("http://a/b?id", "http://a/b?id=7"),
            ("http://a/b?id=3&x=1&id=4#c?id=5", "http://a/b?x=1&id=7#c?id=5"),
            ("http://a/b?%69d=3&i%64=4", "http://a/b?id=7"),
        ] {
            assert_eq!(replace(url, "id", "id=7"), expected, "{url}");
        }
        assert_eq!(replace("http://a/?my+id=3&my%20id=4", "my id", "my%20id=7"), "http://a/?my%20id=7");
        assert_eq!(replace("http://a/?%E6%BC%A2=3", "\u{6f22}", "%E6%BC%A2=7"), "http://a/?%E6%BC%A2=7");
    }

    #[test]
    fn the_rest_of_a_query_stays_as_it_is_spelled() {
        let signed = "x=a%20b+c~&&flag&ID=1&idx=2&%zz=%&%6=&sig=A%2fb%3D%3D&?id=1&%+9id=5";
        let url = ["http://a/b?", signed].concat();
        assert_eq!(replace(&url, "id", "id=7"), [&url, "&id=7"].concat());
        assert_eq!(
            replace(&url, "\tid", "id=7"),
            [&url, "&id=7"].concat(),
            "two hexadecimal digits and no sign"
        );
        let with_own = ["http://a/b?id=3&", signed].concat();
        assert_eq!(replace(&with_own, "id", "id=7"), [&url, "&id=7"].concat());
    }
}
