//! One connection, as the network carries it: bytes in random pieces, late, and perhaps not all of them.

use sse_proto::client::ConnectionId;
use sse_proto::{Decoder, Limits};

use crate::rng::Rng;

/// What the server says to a request, or what is said in its place.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Nothing, ever.
    Hang,
    Unreachable,
    Status {
        status: u16,
        retry_after: Option<u64>,
    },
    WrongType,
    /// An event stream, from this URL if the carrier tells.
    Open {
        url: Option<String>,
    },
}

/// What goes wrong on a connection, after so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The connection is cut, wherever in an event or a character that is.
    Drop,
    /// The body ends.
    End,
    /// Nothing comes any more, and nobody is told.
    HalfOpen,
    /// Nothing comes for so many milliseconds. Then it all does.
    Stall(u64),
}

/// How the network cuts up what it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pieces {
    Whole,
    Some,
    Tiny,
}

/// Where a hub's stream stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) epoch: u64,
    pub(crate) position: u64,
    /// A server that cannot write reads on later, and finds what is gone by then.
    pub(crate) blocked_until: u64,
}

#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) id: ConnectionId,
    pub(crate) url: Option<String>,
    /// The `Last-Event-ID` that came with the request.
    pub(crate) cursor: String,
    pub(crate) answer: Answer,
    pub(crate) session: Option<Session>,
    pub(crate) fault: Fault,
    /// The bytes that still come through before the fault.
    pub(crate) sound: usize,
    pub(crate) pieces: Pieces,
    pub(crate) last_arrival: u64,
    /// The server's side is over.
    pub(crate) is_over: bool,
    /// The client has dropped it.
    pub(crate) is_dropped: bool,
    pub(crate) decoder: Decoder,
    /// Over native: whether an id came with this object (sse-web's `LastEventId`).
    pub(crate) id_came: bool,
    /// Whether an event without an id is expected to be a repetition.
    pub(crate) repeats: bool,
}

/// What becomes of bytes that are written.
#[derive(Debug)]
pub(crate) enum Carried {
    /// They arrive at this time.
    Bytes(u64, Vec<u8>),
    /// The connection is found to be gone at this time.
    Gone(u64),
}

impl Conn {
    pub(crate) fn new(id: ConnectionId, url: Option<String>, cursor: String, rng: &mut Rng) -> Self {
        Self {
            id,
            url,
            cursor,
            answer: Answer::Hang,
            session: None,
            fault: Fault::None,
            sound: 0,
            pieces: rng.pick(&[Pieces::Whole, Pieces::Whole, Pieces::Some, Pieces::Tiny]),
            last_arrival: 0,
            is_over: false,
            is_dropped: false,
            decoder: Decoder::new(Limits::default()),
            id_came: false,
            repeats: false,
        }
    }

    /// Sends `bytes` at `now`.
    pub(crate) fn write(&mut self, now: u64, mut bytes: &[u8], rng: &mut Rng) -> Vec<Carried> {
        let mut carried = Vec::new();
        while !bytes.is_empty() && !self.is_over {
            if self.fault != Fault::None && self.sound == 0 {
                match self.fault {
                    Fault::Drop | Fault::End => {
                        self.is_over = true;
                        carried.push(Carried::Gone(self.arrival(now, rng)));
                    }
                    Fault::Stall(time) => {
                        self.fault = Fault::None;
                        self.last_arrival = self.last_arrival.max(now) + time;
                        continue;
                    }
                    // The server believes that it sends.
                    Fault::HalfOpen | Fault::None => {}
                }
                break;
            }
            let most = match self.pieces {
                Pieces::Whole => bytes.len(),
                Pieces::Some => rng.within(1..=120) as usize,
                Pieces::Tiny => rng.within(1..=12) as usize,
            };
            let sound = if self.fault == Fault::None { usize::MAX } else { self.sound };
            let (piece, rest) = bytes.split_at(most.min(bytes.len()).min(sound));
            self.sound = self.sound.saturating_sub(piece.len());
            carried.push(Carried::Bytes(self.arrival(now, rng), piece.to_vec()));
            bytes = rest;
        }
        carried
    }

    /// When something sent now arrives: later than what was sent before.
    pub(crate) fn arrival(&mut self, now: u64, rng: &mut Rng) -> u64 {
        let delay = if rng.chance(5) { rng.within(0..=1_500) } else { rng.within(0..=30) };
        self.last_arrival = self.last_arrival.max(now + delay);
        self.last_arrival
    }
}
