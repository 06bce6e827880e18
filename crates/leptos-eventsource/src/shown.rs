//! What is told of a connection, as a signal for those who ask for one.

use std::cell::{OnceCell, RefCell};

use leptos::prelude::*;

/// A value that becomes a signal when somebody asks for it. What nobody asks for is not linked into an app: signals of a
/// type weigh more than all that is done with it here.
pub(crate) struct Shown<T: Send + Sync + 'static> {
    value: RefCell<T>,
    signal: OnceCell<Shows<T>>,
}

struct Shows<T: Send + Sync + 'static> {
    signal: Signal<T>,
    /// Behind a pointer, so that only whoever makes the signal links what sets it.
    set: Box<dyn Fn(T)>,
}

impl<T: Clone + Send + Sync> Shown<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { value: RefCell::new(value), signal: OnceCell::new() }
    }

    pub(crate) fn value(&self) -> T {
        self.value.borrow().clone()
    }

    /// Whether the value is such a one.
    pub(crate) fn is(&self, test: impl FnOnce(&T) -> bool) -> bool {
        test(&self.value.borrow())
    }

    pub(crate) fn set(&self, value: T) {
        if let Some(shows) = self.signal.get() {
            self.value.replace(value.clone());
            (shows.set)(value);
        } else {
            self.value.replace(value);
        }
    }

    /// Whether anybody has asked for the signal.
    pub(crate) fn is_signal(&self) -> bool {
        self.signal.get().is_some()
    }

    /// The signal, the same for all who ask. It lives as long as the owner in which it is first asked for.
    pub(crate) fn signal(&self) -> Signal<T> {
        let shows = self.signal.get_or_init(|| {
            // `Arc`: it may still be set when the owner is gone.
            let signal = ArcRwSignal::new(self.value());
            Shows {
                signal: RwSignal::from(signal.clone()).into(),
                set: Box::new(move |value| signal.set(value)),
            }
        });
        shows.signal
    }
}
