//! The crates that are compared, and the two ways to run each.

use crate::crates::{
    Decoder, EventsourceClient, EventsourceStream, Ours, SseCodec, SseCore, SseParse, SseStream, Sseer,
};
use crate::feed::Feed;
use crate::sink::{Collecting, Counting, Decoded, Tally};
use crate::verdict::Retries;

/// A crate that decodes event streams.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its name on crates.io.
    pub name: &'static str,
    /// When it tells a reconnection time.
    pub retries: Retries,
    decode: fn(Feed) -> Decoded,
    drain: fn(Feed) -> Tally,
}

/// Ours first, then the peers.
pub const PEERS: [Peer; 8] = [
    Peer::of::<Ours>(),
    Peer::of::<SseStream>(),
    Peer::of::<SseCore>(),
    Peer::of::<SseParse>(),
    Peer::of::<Sseer>(),
    Peer::of::<EventsourceStream>(),
    Peer::of::<EventsourceClient>(),
    Peer::of::<SseCodec>(),
];

impl Peer {
    const fn of<D: Decoder>() -> Self {
        Self { name: D::NAME, retries: D::RETRIES, decode: decode::<D>, drain: drain::<D> }
    }

    /// Everything that the crate says about a stream.
    #[must_use]
    pub fn decode(&self, feed: Feed) -> Decoded {
        (self.decode)(feed)
    }

    /// Decodes, touches every event and keeps none.
    #[must_use]
    pub fn drain(&self, feed: Feed) -> Tally {
        (self.drain)(feed)
    }

    /// The version that the lock file of this package names.
    #[must_use]
    pub fn version(&self) -> &'static str {
        let name = format!("name = \"{}\"", self.name);
        let mut lines = include_str!("../Cargo.lock").lines().skip_while(|line| *line != name);
        let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
        version.unwrap_or("?")
    }
}

fn decode<D: Decoder>(feed: Feed) -> Decoded {
    let mut sink = Collecting::default();
    D::run(feed, &mut sink);
    sink.decoded
}

fn drain<D: Decoder>(feed: Feed) -> Tally {
    let mut sink = Counting { tally: Tally::default(), brake: feed.brake() };
    D::run(feed, &mut sink);
    sink.tally
}
