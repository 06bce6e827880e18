//! One-time tickets, for a browser's own `EventSource`, which can set no header.
//!
//! A URL ends up in logs and histories. What ends up there is of little use to anybody: a ticket is good until
//! something is delivered for it, for some topics, and for a short time. A HEAD, or a stream that is refused, delivers
//! nothing.

use std::time::Duration;

use super::Caller;

/// How long a ticket may be kept. A page asks for one when it is about to connect.
pub(super) const LIFETIME: Duration = Duration::from_secs(30);

/// What a ticket is good for: topics, as long as whoever asked for it may read them.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) topics: Vec<String>,
    /// Without a ticket.
    pub(super) issuer: Caller,
}
