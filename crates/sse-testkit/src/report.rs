//! What the server saw of the clients of one key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Every connection under one key, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How many of them are open now.
    pub open: usize,
    /// For each CORS preflight, the headers that it asked for, in lower case and joined by commas.
    pub preflights: Vec<String>,
    /// The connections. A redirect that is followed is another one.
    pub visits: Vec<Visit>,
}

/// One connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The request method.
    pub method: String,
    /// The query without the script. Of a name that comes twice, the last value.
    pub query: BTreeMap<String, String>,
    /// The request headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The request body; what is not UTF-8 in it is replaced.
    pub body: String,
    /// Whether both sides still hold it.
    pub open: bool,
}

impl Visit {
    /// The cursor that came in the query, as the native `EventSource` has to send it after a re-creation.
    #[must_use]
    pub fn cursor_parameter(&self) -> Option<&str> {
        self.query.get("last_event_id").map(String::as_str)
    }

    /// The cursor that came in the header.
    #[must_use]
    pub fn cursor_header(&self) -> Option<&str> {
        self.headers.get("last-event-id").map(String::as_str)
    }
}
