//! What holds for a `Connection` over every transport, in a page and in a worker.

mod closing;
mod cursor;
mod events;
mod gaps;
mod limits;
mod offline;
mod opening;
mod reconnecting;
pub(crate) mod refusal;
mod silence;
pub(crate) mod sleep;

use sse_web::Options;

/// Options over the transport of this program, with short waits.
pub(crate) fn options() -> Options {
    let mut options = browser_tests::quick_options();
    options.transport = crate::CARRIER.transport();
    options
}
