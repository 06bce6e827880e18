//! What holds over the fetch transport only.

mod chunks;
mod flood;
mod freed;
mod post;
mod refusal;
mod request;
mod response;
mod sender;
mod token;

use std::sync::Arc;

use sse_web::Options;
use sse_web::transport::Fetch;

use crate::suite::options;

/// Options over this request, with short waits.
fn over(fetch: Fetch) -> Options {
    let mut options = options();
    options.transport = Arc::new(fetch);
    options
}
