use crate::client::Client;

/// The name of the cookie. With the prefix `__Host-`, browsers take and send it by https only, and no other host of the
/// domain can set one (RFC 6265bis, 4.1.3.2).
pub(super) fn cookie_name(client: Client) -> &'static str {
    if client.is_secure { "__Host-sse_session" } else { "sse_session" }
}

/// A cookie with a session's id, for so many seconds. No script can read it, and no other site's page sends it.
pub(super) fn cookie(client: Client, id: &str, seconds: u128) -> String {
    let name = cookie_name(client);
    let secure = if client.is_secure { "; Secure" } else { "" };
    format!("{name}={id}; Path=/{secure}; HttpOnly; SameSite=Strict; Max-Age={seconds}")
}
