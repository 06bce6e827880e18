//! Which web pages may read and post.

use std::str::FromStr;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use crate::problem::Refusal;
use crate::requests::REQUEST_ID;

/// A web origin: scheme, host and, if it is not the scheme's default, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Err("every origin is too many: name those that may".into());
        }
        let expected =
            || "expected an origin, such as https://example.org or http://localhost:8081".to_owned();
        let uri: Uri = text.parse().map_err(|_| expected())?;
        let (scheme, host) = parts(text).ok_or_else(expected)?;
        if !matches!(scheme, "http" | "https")
            || uri.host().is_none_or(str::is_empty)
            || host.contains(['@', '/', '?'])
        {
            return Err(expected());
        }
        // As browsers write it.
        let origin = format!("{scheme}://{}", without_default_port(scheme, host)).to_ascii_lowercase();
        HeaderValue::from_str(&origin).map(Self).map_err(|_| expected())
    }
}

/// Decides by the header `Origin`, which browsers send with every POST and pages cannot forge.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    allowed: Vec<HeaderValue>,
    /// The server listens where only this machine reaches it. Then local pages may read and post whatever their port
    /// is: the development server of trunk proxies from another one.
    loopback: bool,
}

impl Origins {
    pub(crate) fn new(allowed: &[Origin], loopback: bool) -> Self {
        Self { allowed: allowed.iter().map(|origin| origin.0.clone()).collect(), loopback }
    }

    /// Lets pages of the allowed origins read answers, and say where they left off: fetch asks first whether it may
    /// send `Last-Event-ID`.
    ///
    /// While the server listens where only this machine reaches it, pages of this machine may read as well, as they may
    /// post, but not with the cookies of whoever is at them: other people's programs may serve them.
    pub(crate) fn cors(&self) -> CorsLayer {
        let (readers, friends) = (self.clone(), self.clone());
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| {
                readers.is_named(origin) || readers.is_of_this_machine(origin)
            }))
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE, sse_hub::axum::LAST_EVENT_ID.clone()])
            .allow_credentials(AllowCredentials::predicate(move |origin, _| friends.is_named(origin)))
            .expose_headers([RETRY_AFTER, REQUEST_ID.clone()])
            .max_age(std::time::Duration::from_secs(600))
    }

    fn is_named(&self, origin: &HeaderValue) -> bool {
        self.allowed.contains(origin)
    }

    fn is_of_this_machine(&self, origin: &HeaderValue) -> bool {
        let host = origin.to_str().ok().and_then(parts).map(|(_, host)| host);
        self.loopback && host.is_some_and(is_loopback)
    }

    /// Whether the page that asks may do something in its reader's name.
    pub(crate) fn may_act(&self, headers: &HeaderMap) -> bool {
        // No `Origin`: not a browser, or one so old that it has no streams either.
        let Some(origin) = headers.get(ORIGIN) else {
            return true;
        };
        let Some((scheme, host)) = origin.to_str().ok().and_then(parts) else {
            return false;
        };
        // Browsers leave the default port out, and proxies may name it.
        let shortened = |host| without_default_port(scheme, host);
        let own = headers.get(HOST).and_then(|own| own.to_str().ok());
        let own = own.is_some_and(|own| shortened(own).eq_ignore_ascii_case(shortened(host)));
        // A name that a stranger has pointed at this machine (DNS rebinding) is its own page's host too.
        let own = own && (!self.loopback || is_loopback(host));
        own || self.is_named(origin) || self.is_of_this_machine(origin)
    }
}

/// Refuses what changes something, if the page that asks for it is a stranger's.
pub(crate) async fn guard(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !safe && !origins.may_act(request.headers()) {
        let detail =
            "pages of this origin may not post here; the server's flag --allow-origin names those that may";
        return Refusal::forbidden(detail).into_response();
    }
    next.run(request).await
}

/// The scheme of an origin, and its host and port.
fn parts(origin: &str) -> Option<(&str, &str)> {
    origin.split_once("://").filter(|(_, host)| !host.is_empty())
}

/// A host without its port, if that is what the scheme means anyway.
fn without_default_port<'a>(scheme: &str, host: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return host,
    };
    host.strip_suffix(port).unwrap_or(host)
}

/// Whether a host, with or without a port, is this machine by its name.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(host, _)| host),
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_post(loopback: bool, origin: &str, host: &str) -> bool {
        let allowed = ["https://friend.example".parse().expect("an origin")];
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().expect("a header"));
        headers.insert(HOST, host.parse().expect("a header"));
        Origins::new(&allowed, loopback).may_act(&headers)
    }

    #[test]
    fn a_page_may_post_to_its_own_server_and_a_stranger_may_not() {
        assert!(may_post(false, "https://demo.example", "demo.example"));
        assert!(may_post(false, "http://192.168.0.7:8080", "192.168.0.7:8080"));
        assert!(may_post(false, "https://friend.example", "demo.example"));
        for stranger in
            ["https://evil.example", "http://demo.example:81", "https://demo.example.evil", "null", "x"]
        {
            assert!(!may_post(false, stranger, "demo.example"), "{stranger}");
        }
    }

    /// Browsers leave the default port of the scheme out; proxies and those who write flags may not.
    #[test]
    fn the_default_port_of_a_scheme_is_the_same_as_none() {
        assert!(may_post(false, "https://demo.example", "demo.example:443"));
        assert!(may_post(false, "http://demo.example", "demo.example:80"));
        assert!(may_post(false, "https://[2001:db8::1]", "[2001:db8::1]:443"));
        assert!(may_post(false, "https://demo.example:443", "demo.example"));
        for (stranger, host) in [
            ("http://demo.example", "demo.example:443"),
            ("https://demo.example", "demo.example:80"),
            ("https://demo.example", "demo.example:8443"),
            ("https://demo.example:8443", "demo.example"),
        ] {
            assert!(!may_post(false, stranger, host), "{stranger} {host}");
        }
        for (named, sent) in [
            ("https://a.example:443", "https://a.example"),
            ("http://a.example:80", "http://a.example"),
            ("http://[::1]:80", "http://[::1]"),
            ("https://a.example:80", "https://a.example:80"),
        ] {
            let Origin(named) = named.parse().expect(named);
            assert_eq!(named, sent);
        }
    }

    #[test]
    fn local_pages_of_any_port_may_post_only_while_the_server_is_local() {
        for local in ["http://127.0.0.1:8081", "http://localhost:8081", "http://[::1]:8081"] {
            assert!(may_post(true, local, "127.0.0.1:8080"), "{local}");
            assert!(!may_post(false, local, "0.0.0.0:8080"), "{local}");
        }
        for stranger in ["http://localhost.evil.example", "http://127.0.0.1.evil.example:8081"] {
            assert!(!may_post(true, stranger, "127.0.0.1:8080"), "{stranger}");
        }
    }

    #[test]
    fn an_origin_has_no_path_and_is_not_every_origin() {
        for origin in ["https://a.example", "http://localhost:8081", "http://[::1]:80"] {
            origin.parse::<Origin>().expect(origin);
        }
        for wrong in [
            "*",
            "",
            "a.example",
            "https://",
            "https://:443",
            "https://a.example/",
            "ftp://a.example",
            "https://u@a.example",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
