use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRef, FromRequestParts, Query};
use axum::http::header::{AUTHORIZATION, COOKIE, FORWARDED, HOST};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName};
use serde::Deserialize;

use super::{Access, Credential, session};
use crate::client::Client;
use crate::origin::is_loopback;
use crate::secret::Fingerprint;

/// Who asks, as far as it can be told; by default, a stranger. Extracting it never fails: most paths are for everybody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    pub(super) credential: Credential,
    /// A ticket that it brought, not looked at yet.
    pub(super) ticket: Option<String>,
    pub(super) address: Option<IpAddr>,
    /// Whether it is somebody on this machine, and not a proxy's client.
    pub(super) local: bool,
}

#[derive(Deserialize)]
struct FromQuery {
    ticket: String,
}

impl<S: Sync> FromRequestParts<S> for Caller
where
    Access: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let access = Access::from_ref(state);
        let headers = &parts.headers;
        let client = client(&parts.extensions);
        let credential = match bearer(headers) {
            Some(token) => Credential::Token(Fingerprint::of(token)),
            None => by_cookie(&access, client, headers),
        };
        let ticket = Query::<FromQuery>::try_from_uri(&parts.uri).ok().map(|query| query.0.ticket);
        Ok(Self { credential, ticket, address: client.address, local: is_local(&access, client, headers) })
    }
}

/// Who asks, as [`crate::client::find`] has found out.
pub(super) fn client(extensions: &Extensions) -> Client {
    extensions.get::<Client>().copied().unwrap_or_default()
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// A browser sends a cookie whoever's page asks, so the page's origin counts too.
fn by_cookie(access: &Access, client: Client, headers: &HeaderMap) -> Credential {
    match session_id(client, headers) {
        Some(id) if access.0.origins.may_act(headers) => Credential::Session(id.into()),
        _ => Credential::None,
    }
}

/// What the session's cookie holds.
pub(super) fn session_id(client: Client, headers: &HeaderMap) -> Option<&str> {
    let name = session::cookie_name(client).as_bytes();
    // Bytes: the cookies beside it hold whatever other programs of the site have written.
    let cookies = headers.get_all(COOKIE).iter().flat_map(|all| all.as_bytes().split(|byte| *byte == b';'));
    let mut values = cookies.filter_map(|cookie| cookie.trim_ascii().strip_prefix(name)?.strip_prefix(b"="));
    values.find_map(|id| std::str::from_utf8(id).ok())
}

/// A proxy on this machine brings strangers from loopback, and says so; a name that a stranger has pointed at this
/// machine (DNS rebinding) is not a name of loopback; a stranger's page in a browser here says whose it is.
fn is_local(access: &Access, client: Client, headers: &HeaderMap) -> bool {
    const BY_A_PROXY: [HeaderName; 3] =
        [FORWARDED, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];
    !client.is_behind_proxy
        && client.address.is_some_and(|address| address.is_loopback())
        && !BY_A_PROXY.iter().any(|name| headers.contains_key(name))
        && access.0.origins.may_act(headers)
        && headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(is_loopback)
}
