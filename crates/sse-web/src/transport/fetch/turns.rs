use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use sse_proto::Instant;
use wasm_bindgen::JsValue;
use web_sys::MessageChannel;

use crate::clock;
use crate::listen::{Listener, listen};

/// How much is read before the next look at the clock.
const LOOK_AFTER: usize = 16 << 10;

/// For how long the rest of the page may have to wait: about a frame.
const SLICE: Duration = Duration::from_millis(16);

/// Gives the rest of the page its turn while a stream brings more than the page can take.
///
/// Chromium answers a read of what has come already in the same task, and so the next one. From a server that is quicker
/// than the page, a reader that only waits for its reads would read on until the server pauses, and until then nothing is
/// drawn, no click is heard, and no timer runs.
pub(super) struct Turns {
    /// Since the last look at the clock.
    read: usize,
    /// When the task was asked for that is to come next.
    since: Instant,
    /// Made when it is needed first: most streams bring little.
    task: Option<Task>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { read: 0, since: clock::now(), task: None }
    }

    /// So many bytes have been read and told. Waits for a task that was asked for a while ago and has not come: where
    /// tasks come by themselves between the reads, nothing is waited for.
    pub(super) async fn note(&mut self, bytes: usize) {
        self.read += bytes;
        if self.read < LOOK_AFTER {
            return;
        }
        self.read = 0;
        if clock::now().saturating_duration_since(self.since) < SLICE {
            return;
        }
        if self.task.is_none() {
            self.task = Task::new();
        }
        if let Some(task) = &self.task {
            task.has_come().await;
            task.ask();
        }
        self.since = clock::now();
    }
}

/// A task of its own: that of a message. A timer would be held back for up to a minute in a background tab.
struct Task {
    channel: MessageChannel,
    shared: Rc<Shared>,
    _listener: Listener,
}

/// What the listener tells.
#[derive(Default)]
struct Shared {
    is_asked_for: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Task {
    /// `None` if the browser has no such thing.
    fn new() -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        let shared = Rc::<Shared>::default();
        let port = channel.port1();
        let listener = listen(&port, "message", {
            let shared = shared.clone();
            move |_| {
                shared.is_asked_for.set(false);
                if let Some(waker) = shared.waker.take() {
                    waker.wake();
                }
            }
        });
        port.start();
        Some(Self { channel, shared, _listener: listener })
    }

    fn ask(&self) {
        self.shared.is_asked_for.set(true);
        // What can be copied can be posted.
        let _ = self.channel.port2().post_message(&JsValue::NULL);
    }

    /// Waits for it, if it was asked for.
    async fn has_come(&self) {
        poll_fn(|context| {
            if !self.shared.is_asked_for.get() {
                return Poll::Ready(());
            }
            self.shared.waker.set(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // A port that is open is never collected as garbage.
        self.channel.port1().close();
    }
}
