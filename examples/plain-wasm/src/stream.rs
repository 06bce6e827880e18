use std::cell::RefCell;

use sse_web::{Connection, Options};

use crate::board::Board;

/// A stream that can be closed and opened again without missing an event.
pub(crate) struct Stream {
    url: &'static str,
    options: Options,
    board: Board,
    connection: RefCell<Option<Connection>>,
    /// Where the last connection was. A connection keeps this for itself over every reconnect; it must be kept for
    /// it only here, where the connection goes.
    last_event_id: RefCell<String>,
}

impl Stream {
    pub(crate) fn new(url: &'static str, options: Options, board: Board) -> Self {
        Self { url, options, board, connection: RefCell::new(None), last_event_id: RefCell::default() }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.connection.borrow().is_some()
    }

    pub(crate) fn open(&self) {
        let mut options = self.options.clone();
        options.last_event_id = self.last_event_id.borrow().clone();
        match Connection::open(self.url, options, self.board.clone()) {
            Ok(connection) => drop(self.connection.replace(Some(connection))),
            Err(error) => self.board.tell(&error.to_string()),
        }
    }

    /// Drops the connection. That closes it on the wire too, and frees all that belonged to it.
    pub(crate) fn close(&self) {
        let Some(connection) = self.connection.take() else { return };
        self.last_event_id.replace(connection.last_event_id());
        drop(connection);
        self.board.tell("closed");
    }
}
