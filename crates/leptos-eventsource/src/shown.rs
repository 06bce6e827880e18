//! What is told of a connection, as a signal for those who ask for one.

use std::cell::{OnceCell, RefCell};

use leptos::prelude::*;

/// A value that becomes a signal when somebody asks for it. What nobody asks for is not linked into an app: signals of a
/// type weigh more than all that is done with it here.
pub(crate) struct Shown<T: Send + Sync + 'static> {
    value: RefCell<T>,
    /// Behind a pointer, so that only whoever asks for a signal links what makes and sets it.
    signals: OnceCell<Box<dyn Tell<T>>>,
}

/// Who is told of a value.
trait Tell<T: Send + Sync + 'static> {
    /// Everybody.
    fn tell(&self, value: &RefCell<T>);

    fn tell_outside(&self, value: T);

    fn inside(&self, owner: &Owner) -> Signal<T>;

    fn outside(&self) -> Signal<T>;
}

/// `Arc`: they may still be set when the owner of whoever asked is gone.
struct Signals<T: Send + Sync + 'static> {
    /// For those who go with the stream: one, the same for all who ask, which goes with it too.
    inside: (ArcRwSignal<T>, OnceCell<Signal<T>>),
    /// For those who may outlive it: each gets a handle of its own.
    outside: ArcRwSignal<T>,
}

impl<T: Clone + Send + Sync + 'static> Tell<T> for Signals<T> {
    fn tell(&self, value: &RefCell<T>) {
        let now = || value.borrow().clone();
        self.inside.0.set(now());
        // Whoever has just been told may have set another.
        self.outside.set(now());
    }

    fn tell_outside(&self, value: T) {
        self.outside.set(value);
    }

    fn inside(&self, owner: &Owner) -> Signal<T> {
        let (signal, shared) = &self.inside;
        *shared.get_or_init(|| owner.with(|| signal.clone().into()))
    }

    fn outside(&self) -> Signal<T> {
        self.outside.clone().into()
    }
}

impl<T: Clone + Send + Sync> Shown<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { value: RefCell::new(value), signals: OnceCell::new() }
    }

    pub(crate) fn value(&self) -> T {
        self.value.borrow().clone()
    }

    /// Whether the value passes the test.
    pub(crate) fn is(&self, test: impl FnOnce(&T) -> bool) -> bool {
        test(&self.value.borrow())
    }

    pub(crate) fn set(&self, value: T) {
        self.value.replace(value);
        if let Some(signals) = self.signals.get() {
            signals.tell(&self.value);
        }
    }

    /// Sets it for those only who may outlive the stream. The others are going: what they would do now may need what has
    /// gone.
    pub(crate) fn set_outside(&self, value: T) {
        if let Some(signals) = self.signals.get() {
            signals.tell_outside(value);
        }
    }

    /// Whether anybody has asked for the signal.
    pub(crate) fn is_signal(&self) -> bool {
        self.signals.get().is_some()
    }

    /// The signal of those who go with the stream, whose `owner` is this.
    pub(crate) fn inside(&self, owner: &Owner) -> Signal<T> {
        self.signals().inside(owner)
    }

    /// A signal that lives as long as the current owner, whatever becomes of the stream.
    pub(crate) fn outside(&self) -> Signal<T> {
        self.signals().outside()
    }

    fn signals(&self) -> &dyn Tell<T> {
        &**self.signals.get_or_init(|| {
            let signal = || ArcRwSignal::new(self.value());
            Box::new(Signals { inside: (signal(), OnceCell::new()), outside: signal() })
        })
    }
}
