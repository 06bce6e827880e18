use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::client::Client;
use crate::problem::Refusal;
use crate::secret::{Fingerprint, unguessable};
use crate::task::lock;

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

/// The most sessions at a time.
const MAX_SESSIONS: usize = 10_000;

/// Who has got a cookie for a token. They are forgotten when the server stops.
#[derive(Debug)]
pub(super) struct Sessions {
    /// How long a cookie is good.
    pub(super) lifetime: Duration,
    open: Mutex<HashMap<String, Session>>,
}

#[derive(Debug)]
struct Session {
    /// By which it was opened. It is good for as much, and as long, as that.
    token: Fingerprint,
    expires: Instant,
}

impl Sessions {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, open: Mutex::default() }
    }

    /// The id of a session of whoever has shown this token.
    pub(super) fn open(&self, token: Fingerprint) -> Result<String, Refusal> {
        let unavailable =
            || Refusal::unavailable("no session can be had at the moment", Duration::from_secs(60));
        let now = Instant::now();
        let id = unguessable().ok_or_else(unavailable)?;
        let mut open = lock(&self.open);
        if open.len() >= MAX_SESSIONS {
            open.retain(|_, session| session.expires > now);
        }
        if open.len() >= MAX_SESSIONS {
            return Err(unavailable());
        }
        open.insert(id.clone(), Session { token, expires: now + self.lifetime });
        Ok(id)
    }

    /// By which token a session was opened, and for how long from now it is good.
    pub(super) fn token(&self, id: &str) -> Option<(Fingerprint, Duration)> {
        let open = lock(&self.open);
        let session = open.get(id)?;
        let lasts = session.expires.saturating_duration_since(Instant::now());
        (!lasts.is_zero()).then_some((session.token, lasts))
    }

    /// Closes those whose token is not good any more.
    pub(super) fn retain(&self, is_good: impl Fn(&Fingerprint) -> bool) {
        let mut open = lock(&self.open);
        open.retain(|_, session| is_good(&session.token));
    }

    /// Whether there was such a session.
    pub(super) fn close(&self, id: &str) -> bool {
        lock(&self.open).remove(id).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_session_reads_until_it_is_closed_or_too_old() {
        let lifetime = Duration::from_secs(60);
        let sessions = Sessions::new(lifetime);
        let [one, other] = ["one", "other"].map(Fingerprint::of);
        let [closed, old] = [one, other].map(|token| sessions.open(token).expect("opened"));
        assert_eq!(sessions.token(&closed), Some((one, lifetime)));
        assert_eq!(sessions.token("guessed"), None);
        assert!(sessions.close(&closed));
        assert!(!sessions.close(&closed) && !sessions.close("guessed"));
        assert_eq!(sessions.token(&closed), None);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(sessions.token(&old), Some((other, Duration::from_secs(1))));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(sessions.token(&old), None);
    }

    #[test]
    fn sessions_are_closed_whose_token_is_gone() {
        let sessions = Sessions::new(Duration::from_secs(60));
        let [one, other] = ["one", "other"].map(Fingerprint::of);
        let [of_one, of_other] = [one, other].map(|token| sessions.open(token).expect("opened"));
        sessions.retain(|token| *token == one);
        assert!(sessions.token(&of_one).is_some() && sessions.token(&of_other).is_none());
    }
}
