//! Who waits for the page to do something.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::timer::Timer;

/// How long a test waits. Well below the 20 seconds after which `wasm-bindgen-test` ends a whole
/// program without saying which test hung.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tasks that wait. They look again whenever the page has done something.
#[derive(Clone, Default)]
pub(super) struct Pending(Rc<RefCell<Vec<Waker>>>);

impl Pending {
    /// Lets everybody look again.
    pub(super) fn wake(&self) {
        // Taken out first: who is woken may wait again at once.
        let wakers = self.0.take();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Waits until `find` finds something; `None` if it does not in time.
    pub(super) async fn until<T>(&self, find: impl Fn() -> Option<T>) -> Option<T> {
        if let Some(found) = find() {
            return Some(found);
        }
        let is_over = Rc::new(Cell::new(false));
        let _timer = Timer::after(PATIENCE, {
            let (is_over, pending) = (is_over.clone(), self.clone());
            move || {
                is_over.set(true);
                pending.wake();
            }
        });
        poll_fn(|context| {
            let found = find();
            if found.is_some() || is_over.get() {
                return Poll::Ready(found);
            }
            self.0.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}
