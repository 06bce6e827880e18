use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

use wasm_bindgen::JsValue;
use web_sys::{AbortController, AbortSignal};

/// Tells a task that nobody wants it any more, and the browser that nobody wants its request.
#[derive(Debug)]
pub(super) struct Cancellation {
    is_cancelled: Cell<bool>,
    task: RefCell<Option<Waker>>,
    request: RefCell<AbortController>,
}

impl Cancellation {
    /// # Errors
    /// If the browser cannot abort requests.
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self {
            is_cancelled: Cell::new(false),
            task: RefCell::new(None),
            request: RefCell::new(AbortController::new()?),
        })
    }

    /// May be called from within the task; then it goes on until it waits for something.
    pub(super) fn cancel(&self) {
        // First, so that the task does not live to see the abort as a failure.
        self.is_cancelled.set(true);
        if let Some(task) = self.task.take() {
            task.wake();
        }
        self.request.borrow().abort();
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.get()
    }

    /// What a request has to be made with to end with this.
    pub(super) fn signal(&self) -> AbortSignal {
        self.request.borrow().signal()
    }

    /// Aborts the request that was made, and lets the task make another one.
    ///
    /// # Errors
    /// If the browser cannot abort requests.
    pub(super) fn abort_request(&self) -> Result<(), JsValue> {
        let request = self.request.replace(AbortController::new()?);
        request.abort();
        Ok(())
    }

    /// Runs `task`, and drops it where it stands when it is cancelled: what it waits for may never come.
    pub(super) async fn stops(&self, task: impl Future<Output = ()>) {
        let mut task = pin!(task);
        poll_fn(|context| {
            if self.is_cancelled() {
                return Poll::Ready(());
            }
            self.task.replace(Some(context.waker().clone()));
            task.as_mut().poll(context)
        })
        .await;
    }
}
