//! One file for each crate: from chunks to what it says about them, through its leanest public interface.

mod eventsource_client;
mod eventsource_stream;
mod ours;
mod sse_codec;
mod sse_core;
mod sse_parse;
mod sse_stream;
mod sseer;

pub use eventsource_client::EventsourceClient;
pub use eventsource_stream::EventsourceStream;
pub use ours::Ours;
pub use sse_codec::SseCodec;
pub use sse_core::SseCore;
pub use sse_parse::SseParse;
pub use sse_stream::SseStream;
pub use sseer::Sseer;

use crate::feed::Feed;
use crate::sink::Sink;
use crate::verdict::Retries;

/// A crate under comparison.
pub trait Decoder {
    /// Its name on crates.io.
    const NAME: &'static str;

    /// When it tells a reconnection time.
    const RETRIES: Retries = Retries::WithTheEvent;

    /// Decodes a body from its first byte to its end, to an error, or until the sink has seen enough.
    fn run(feed: Feed, sink: &mut impl Sink);
}
