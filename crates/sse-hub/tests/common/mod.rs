//! What the suites share: a set of events, a hub with ids that can be read, and a client.
#![expect(dead_code, reason = "each suite uses its own part of it")]

pub(crate) mod reading;

use std::collections::VecDeque;
use std::time::Duration;

use sse_events::EventSet;
use sse_hub::{Hub, HubOptions, MemoryHistory, Subscription};
use sse_proto::{Decoder, Epoch, Frame, Limits};

#[derive(Clone, Debug, PartialEq, EventSet)]
pub(crate) enum News {
    Note(String),
    Count(u64),
}

/// An event as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) event_type: String,
    pub(crate) data: String,
    pub(crate) last_event_id: String,
}

pub(crate) fn hub(options: HubOptions) -> Hub {
    Hub::with_history(options, MemoryHistory::with_epoch(Epoch::new(0xe)))
}

/// Where a hub's events are kept.
pub(crate) enum Engine {
    Memory,
    #[cfg(feature = "redb")]
    File {
        folder: tempfile::TempDir,
        options: sse_hub::history::redb::RedbOptions,
    },
}

impl Engine {
    #[cfg(feature = "redb")]
    pub(crate) fn file(options: sse_hub::history::redb::RedbOptions) -> Self {
        Self::File { folder: tempfile::tempdir().expect("a folder"), options }
    }

    /// A hub over what was kept before, if it was.
    pub(crate) fn hub(&self, options: HubOptions) -> Hub {
        match self {
            Self::Memory => hub(options),
            #[cfg(feature = "redb")]
            Self::File { folder, options: of_file } => {
                let history = sse_hub::history::redb::RedbHistory::open(folder, of_file.clone());
                Hub::with_history(options, history.expect("opened"))
            }
        }
    }

    pub(crate) fn outlives_the_hub(&self) -> bool {
        !matches!(self, Self::Memory)
    }
}

pub(crate) fn note(text: &str) -> News {
    News::Note(text.to_owned())
}

/// Reads a subscription the way a browser does, by its bytes.
pub(crate) struct Client {
    stream: Subscription,
    decoder: Decoder,
    seen: VecDeque<Seen>,
    pub(crate) retry: Option<Duration>,
}

impl Client {
    pub(crate) fn new(stream: Subscription) -> Self {
        Self { stream, decoder: Decoder::new(Limits::default()), seen: Default::default(), retry: None }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Seen> {
        while self.seen.is_empty() {
            let chunk = self.stream.next().await?;
            hear(&mut self.decoder, &chunk, &mut self.seen, &mut self.retry);
        }
        self.seen.pop_front()
    }

    /// The next `count` events as `type:data`.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<String> {
        let mut taken = Vec::new();
        for _ in 0..count {
            let seen = self.next().await.expect("the stream goes on");
            taken.push(format!("{}:{}", seen.event_type, seen.data));
        }
        taken
    }

    /// Every event until nothing more comes at once.
    pub(crate) async fn drain(&mut self) -> Vec<Seen> {
        let mut drained = Vec::new();
        while let Ok(Some(seen)) = tokio::time::timeout(Duration::from_millis(1), self.next()).await {
            drained.push(seen);
        }
        drained
    }
}

/// Adds to `seen` what a chunk brings, and keeps a time to come back.
pub(crate) fn hear(
    decoder: &mut Decoder,
    chunk: &[u8],
    seen: &mut VecDeque<Seen>,
    retry: &mut Option<Duration>,
) {
    let mut frames = decoder.decode(chunk);
    while let Some(frame) = frames.next().expect("within the limits") {
        match frame {
            // Says what the field says.
            Frame::Event(event) if event.event_type == "sse.retry" => {}
            Frame::Event(event) => seen.push_back(Seen {
                event_type: event.event_type.to_string(),
                data: event.data.to_string(),
                last_event_id: event.last_event_id.to_string(),
            }),
            Frame::Retry(time) => *retry = Some(time),
            _ => {}
        }
    }
}

/// `type:data` of each.
pub(crate) fn told(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|seen| format!("{}:{}", seen.event_type, seen.data)).collect()
}
