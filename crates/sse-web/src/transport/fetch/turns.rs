use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use sse_proto::Instant;
use web_sys::MessageChannel;

use crate::clock;
use crate::listen::{Listener, listen};

/// How much is read before the next look at the clock.
const LOOK_AFTER: usize = 16 << 10;

/// For how long the rest of the page may have to wait: about a frame.
const SLICE: Duration = Duration::from_millis(16);

/// Gives the rest of the page its turn while a stream brings more than the page can take.
///
/// A read of what the browser has already is answered in the same task, and so is the next one. From a server that is
/// quicker than the page, a reader that only waits for its reads would read on until the server pauses, and until then
/// nothing is drawn, no click is heard, and no timer runs.
pub(super) struct Turns {
    /// Since the last look at the clock.
    read: usize,
    /// When the last turn of the page was over.
    since: Instant,
    /// Made when it is needed first: most streams bring little.
    task: Option<Task>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { read: 0, since: clock::now(), task: None }
    }

    /// So many bytes have been read. Waits for the page if that was to wait for long.
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
            task.come().await;
        }
        self.since = clock::now();
    }
}

/// A task of its own. A message is one at once, where a timer is held back for up to a minute in a background tab.
struct Task {
    channel: MessageChannel,
    awaited: Rc<Awaited>,
    _listener: Listener,
}

#[derive(Default)]
struct Awaited {
    has_come: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Task {
    /// `None` if the browser has no such thing.
    fn new() -> Option<Self> {
        let channel = MessageChannel::new().ok()?;
        let awaited = Rc::<Awaited>::default();
        let port = channel.port1();
        let listener = listen(&port, "message", {
            let awaited = awaited.clone();
            move |_| {
                awaited.has_come.set(true);
                if let Some(waker) = awaited.waker.take() {
                    waker.wake();
                }
            }
        });
        port.start();
        Some(Self { channel, awaited, _listener: listener })
    }

    /// Asks for it, and waits for it.
    async fn come(&self) {
        // What can be copied can be posted.
        let _ = self.channel.port2().post_message(&wasm_bindgen::JsValue::NULL);
        poll_fn(|context| {
            if self.awaited.has_come.take() {
                return Poll::Ready(());
            }
            self.awaited.waker.set(Some(context.waker().clone()));
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
