//! What holds for those who share a connection, in a page and in a worker.
//!
//! One tab that shares with the whole browser must do all that one does that shares with its page, so most of it runs
//! with both. What only several tabs can do is in `tests/e2e/specs/sharing.spec.mjs`.

mod apart;
mod catching_up;
mod ending;
mod late;
mod members;
mod reentrant;

use std::time::Duration;

use browser_tests::Time;
use sse_web::{Options, Sharing};

/// With whom a connection can be shared.
pub(crate) const SCOPES: [fn() -> Sharing; 2] = [Sharing::page, Sharing::browser];

/// Lets pass what a snapshot that has come is given to go on.
pub(crate) fn pass_the_end_of_a_snapshot(time: &Time) {
    for _ in 0..2 {
        time.pass(Duration::from_secs(2));
    }
}

/// Options of a connection that is shared, with short waits.
pub(crate) fn options(scope: fn() -> Sharing) -> Options {
    let mut options = browser_tests::quick_options();
    options.sharing = scope();
    options
}
