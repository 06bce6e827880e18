//! Tickets and sessions: how a page reads a private topic.

use serde::{Deserialize, Serialize};

/// The route of tickets: `POST` a [`NewTicket`] to get a [`Ticket`].
pub const TICKET_ROUTE: &str = "/api/ticket";

/// The route of sessions: `POST` with a token sets a cookie, `DELETE` forgets it.
pub const SESSION_ROUTE: &str = "/api/session";

/// The body of a `POST` for a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTicket {
    /// The hub topics that it shall open, 1 to 64.
    pub topics: Vec<String>,
}

/// A ticket: `?ticket=..` opens one stream, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The ticket.
    pub ticket: String,
    /// For how many milliseconds it is good.
    pub expires_ms: u64,
}
