use std::fmt;

use web_sys::Url;

use crate::scope::scope;

/// The URL of an event stream cannot be used (conformance c01).
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

/// Resolves `url` against the document or the worker.
pub(crate) fn resolve(url: &str) -> Result<String, InvalidUrl> {
    match Url::new_with_base(url, &base()) {
        Ok(parsed) if matches!(parsed.protocol().as_str(), "http:" | "https:") => Ok(parsed.href()),
        _ => Err(InvalidUrl { url: url.to_owned() }),
    }
}

/// `url`, which was resolved, with the query parameter `name` set to `value`.
///
/// The rest of the query stays as it is spelled: a signed URL must not be written anew.
pub(crate) fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let Ok(parsed) = Url::new(url) else { return url.to_owned() };
    if parsed.search_params().has(name) {
        parsed.search_params().set(name, value);
        return parsed.href();
    }
    let query = parsed.search();
    let separator = if query.is_empty() { "?" } else { "&" };
    let encode = |text| String::from(js_sys::encode_uri_component(text));
    parsed.set_search(&[&query, separator, &encode(name), "=", &encode(value)].concat());
    parsed.href()
}

/// Whether two URLs that were resolved belong to the same origin.
pub(crate) fn is_same_origin(one: &str, other: &str) -> bool {
    let origin = |url| Url::new(url).ok().map(|url| url.origin());
    origin(one).is_some_and(|it| Some(it) == origin(other))
}

fn base() -> String {
    let scope = scope();
    let document = scope.document().and_then(|document| document.base_uri().ok()?);
    document.unwrap_or_else(|| scope.location().href())
}
