//! The open streams whose right to read is asked for again.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::access::{Denied, Guard};
use crate::error::SubscribeError;
use crate::hub::Shared;
use crate::lock::lock;
use crate::signal::Signal;
use crate::topic_name::TopicName;

/// A grant that lasts no time would never let the guard rest.
const SHORTEST: Duration = Duration::from_millis(10);

/// All of a hub's.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    open: Mutex<HashMap<u64, Arc<Watched>>>,
    /// How many were found without their right. Whoever reads for several streams looks at it once for a page, and at
    /// the streams if it has changed.
    denials: AtomicU64,
}

/// A stream, as it is asked about.
#[derive(Debug)]
struct Watched {
    guard: Guard,
    topics: Vec<TopicName>,
    signal: Arc<Signal>,
    alarm: Mutex<Alarm>,
    runtime: Handle,
}

/// When its guard is asked without somebody calling for it.
#[derive(Debug)]
enum Alarm {
    Never,
    Set(AbortHandle),
    /// The stream is gone.
    Gone,
}

/// A stream that is asked about until this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    hub: Arc<Shared>,
    number: u64,
    watched: Arc<Watched>,
}

impl Watches {
    /// Asks about every stream. Returns how many end by it.
    pub(crate) fn review(hub: &Arc<Shared>) -> usize {
        // Guards are asked while nothing is locked: they are not ours.
        let all: Vec<_> = lock(&hub.watches.open).values().cloned().collect();
        all.into_iter().filter(|watched| watched.review(hub)).count()
    }

    /// Changes with every stream that is found without its right, after the stream's signal was told of it. Whoever sees
    /// what was published after a review has returned sees the change.
    #[cfg(feature = "serve")]
    pub(crate) fn denials(&self) -> u64 {
        self.denials.load(Ordering::SeqCst)
    }
}

impl Watch {
    /// Watches a stream that is about to begin, if it may.
    pub(crate) fn begin(
        hub: &Arc<Shared>,
        guard: Guard,
        topics: &[String],
        signal: &Arc<Signal>,
        runtime: &Handle,
    ) -> Result<Self, SubscribeError> {
        // What is no name is not repeated to the guard as if it were one.
        let name =
            |topic: &String| TopicName::new(topic).map_err(|_| SubscribeError::UnknownTopic(topic.clone()));
        let topics = topics.iter().map(name).collect::<Result<_, _>>()?;
        let watched = Arc::new(Watched {
            guard,
            topics,
            signal: Arc::clone(signal),
            alarm: Mutex::new(Alarm::Never),
            runtime: runtime.clone(),
        });
        let watch = Self { hub: Arc::clone(hub), number: hub.number(), watched };
        // Before it is asked: a right that ends after the answer is asked for again by whoever ends it.
        lock(&hub.watches.open).insert(watch.number, Arc::clone(&watch.watched));
        watch.watched.ask(hub)?;
        Ok(watch)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&self.hub.watches.open).remove(&self.number);
        let alarm = std::mem::replace(&mut *lock(&self.watched.alarm), Alarm::Gone);
        alarm.abort();
    }
}

impl Watched {
    /// Asks again, and ends the stream if it may not go on. Returns whether it did.
    fn review(self: &Arc<Self>, hub: &Arc<Shared>) -> bool {
        let denied = match catch_unwind(AssertUnwindSafe(|| self.ask(hub))) {
            Ok(Ok(())) => return false,
            Ok(Err((_, denied))) => denied,
            // Who cannot be asked about does not read on.
            Err(_) => Denied::unauthorized("whether you may read this could not be found out"),
        };
        let is_first = self.signal.deny(denied);
        // Also if it is not: who was first may not have come to this yet, and our caller relies on it.
        hub.watches.denials.fetch_add(1, Ordering::SeqCst);
        hub.counters.denied.add(usize::from(is_first));
        is_first
    }

    /// Asks the guard, and has it asked again when what it grants is over.
    fn ask(self: &Arc<Self>, hub: &Arc<Shared>) -> Result<(), (TopicName, Denied)> {
        // Locked while it is asked: of two who ask at the same time, the later answer sets the alarm.
        let mut alarm = lock(&self.alarm);
        let grant = self.guard.ask(&self.topics)?;
        if let Alarm::Gone = *alarm {
            return Ok(());
        }
        let next = match grant.lasts() {
            None => Alarm::Never,
            Some(lasts) => {
                // Neither is kept by it.
                let (hub, watched) = (Arc::downgrade(hub), Arc::downgrade(self));
                let asks = async move {
                    tokio::time::sleep(lasts.max(SHORTEST)).await;
                    if let (Some(hub), Some(watched)) = (hub.upgrade(), watched.upgrade()) {
                        watched.review(&hub);
                    }
                };
                Alarm::Set(self.runtime.spawn(asks).abort_handle())
            }
        };
        std::mem::replace(&mut *alarm, next).abort();
        Ok(())
    }
}

impl Alarm {
    fn abort(self) {
        if let Self::Set(task) = self {
            task.abort();
        }
    }
}
