//! What one seed means: who talks to whom, and how bad the day is.

use std::time::Duration;

use sse_proto::client::{ClientOptions, Silence};

use crate::rng::Rng;

/// How the client is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// Like a browser's `EventSource`: it says `Opened`, `Failed` and events, and nothing of heads, comments and
    /// `retry`.
    Native,
    /// Like a fetch: `Responded`, `Activity` for every chunk, `Retry`.
    Fetch,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One that numbers its events, keeps some and replays them.
    Hub,
    /// One that sends what happens while somebody is connected.
    Foreign,
}

/// The ids of a foreign server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    None,
    Opaque,
    /// They look like those of a hub, and go down as well as up.
    LikeCursors,
    /// Some, none and empty ones.
    Mixed,
}

#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) carrier: Carrier,
    pub(crate) kind: Kind,
    pub(crate) options: ClientOptions,
    pub(crate) heartbeat: u64,
    /// How many events the hub keeps.
    pub(crate) retention: u64,
    /// Whether the hub says `sse.reset`, or leaves it to the epoch in `sse.open`.
    pub(crate) says_reset: bool,
    pub(crate) ids: Ids,
    /// How many connections of a hundred meet a fault.
    pub(crate) faults: u64,
    /// The longest time between two events.
    pub(crate) publish_gap: u64,
    /// The longest time between two commands of the owner; 0: there are none.
    pub(crate) command_gap: u64,
    /// How many handlers of a hundred command something in the middle of a chunk.
    pub(crate) handler: u64,
    /// Whether an old connection goes on to speak after it was dropped.
    pub(crate) late: bool,
    /// When the network heals, in milliseconds.
    pub(crate) heal: u64,
}

impl Schedule {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let carrier = rng.pick(&[Carrier::Native, Carrier::Fetch]);
        let kind = rng.pick(&[Kind::Hub, Kind::Hub, Kind::Hub, Kind::Foreign]);
        let millis = Duration::from_millis;
        let mut options = ClientOptions::default();
        options.backoff.initial = millis(rng.pick(&[0, 100, 1_000]));
        options.backoff.max = millis(rng.pick(&[1_000, 5_000, 10_000]));
        options.backoff.floor = millis(rng.pick(&[1, 250, 1_000]));
        options.max_retries = rng.pick(&[None, None, None, Some(0), Some(2), Some(4)]);
        options.connect_timeout = Some(millis(rng.pick(&[2_000, 10_000, 20_000])));
        options.retry_rejected = rng.chance(40);
        options.resend = !rng.chance(8);
        // Comments are no heartbeat over native, so there a foreign server cannot be watched (c16).
        if kind == Kind::Foreign {
            options.silence =
                if carrier == Carrier::Fetch { Silence::After(millis(12_000)) } else { Silence::Off };
        }
        Self {
            carrier,
            kind,
            options,
            heartbeat: rng.pick(&[2_000, 5_000, 10_000]),
            retention: rng.pick(&[0, 1, 3, 10, 1_000]),
            says_reset: rng.chance(60),
            ids: rng.pick(&[Ids::None, Ids::Opaque, Ids::LikeCursors, Ids::Mixed]),
            faults: rng.pick(&[0, 20, 50, 90]),
            publish_gap: rng.pick(&[500, 2_000, 8_000]),
            command_gap: rng.pick(&[0, 3_000, 20_000]),
            handler: rng.pick(&[0, 0, 5]),
            late: rng.chance(60),
            heal: rng.within(5_000..=50_000),
        }
    }
}
