use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc;

use super::{Message, Shard};
use crate::serve::options::Options;

/// Runs a shard, and another one in its place when it panics.
///
/// Code of others runs in a shard, such as a history, or what a layer has put around a body and is dropped with it. Its
/// streams are cut, since nobody knows in which state they are, and come back with their cursors. Without this they would
/// hang, and so would every stream that is handed to the shard from then on.
pub(super) struct Supervisor {
    options: Options,
    messages: mpsc::UnboundedReceiver<Message>,
    shard: Shard,
}

impl Supervisor {
    pub(super) fn new(options: Options, messages: mpsc::UnboundedReceiver<Message>) -> Self {
        Self { shard: Shard::new(options.clone()), options, messages }
    }

    fn replace_shard(&mut self) {
        let mut shard = Shard::new(self.options.clone());
        if let Some(drain) = self.shard.drain.take() {
            shard.begin_drain(drain);
        }
        let broken = std::mem::replace(&mut self.shard, shard);
        let streams = broken.clients.len();
        broken.counters.panics.add(1);
        tracing::error!(
            streams,
            "a shard has panicked: its streams are cut, and another one takes its place"
        );
        // Whatever has panicked may do so again.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(broken)));
    }
}

impl Future for Supervisor {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // Of a shard that has panicked nothing is used again but its drain, which does not change.
        match catch_unwind(AssertUnwindSafe(|| this.shard.poll(&mut this.messages, cx))) {
            Ok(polled) => polled,
            Err(_) => {
                this.replace_shard();
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::serve::drain::Drain;

    #[tokio::test(start_paused = true)]
    async fn the_shard_that_takes_the_place_ends_at_the_same_deadline() {
        let (_sender, messages) = mpsc::unbounded_channel();
        let mut supervisor = Supervisor::new(Options::default(), messages);
        let (started, deadline) = (Instant::now(), Duration::from_secs(5));
        supervisor.shard.begin_drain(Drain::begin(Duration::ZERO, 1, deadline));
        supervisor.replace_shard();
        timeout(deadline * 2, supervisor).await.expect("an end");
        assert_eq!(started.elapsed().as_secs(), deadline.as_secs());
    }
}
