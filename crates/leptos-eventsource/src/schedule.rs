//! When the page is told that a view has changed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_render::request_animation_frame;
use leptos::prelude::{ArcRwSignal, Notify};
use leptos::reactive::graph::Source;

use crate::options::Delivery;

/// Tells the page of changed views: at once, or all together with the next animation frame.
#[derive(Default)]
pub(crate) struct Schedule {
    delivery: Delivery,
    /// Weak: in a background tab no frame comes for hours, and a view that goes meanwhile must not wait for one.
    changed: RefCell<Vec<Weak<dyn Fn()>>>,
    /// Behind a pointer, so that only a page that waits for frames links what cancels one.
    frame: RefCell<Option<Box<dyn Any>>>,
}

impl Schedule {
    pub(crate) fn new(delivery: Delivery) -> Rc<Self> {
        Rc::new(Self { delivery, ..Self::default() })
    }

    /// Tells at once what was to be told with the next frame, as views may outlive their stream.
    pub(crate) fn stop(&self) {
        self.frame.take();
        self.tell_changed();
    }

    pub(crate) fn call(self: &Rc<Self>, tell: &Rc<dyn Fn()>) {
        let Some(later) = self.delivery.later else { return tell() };
        let mut changed = self.changed.borrow_mut();
        if changed.len() == changed.capacity() {
            changed.retain(|tell| tell.strong_count() > 0);
        }
        changed.push(Rc::downgrade(tell));
        drop(changed);
        if self.frame.borrow().is_none() {
            later(self);
        }
    }

    /// What [`Delivery::AnimationFrame`] means.
    pub(crate) fn tell_with_next_frame(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let frame = request_animation_frame(move |_| {
            let Some(this) = this.upgrade() else { return };
            this.frame.take();
            this.tell_changed();
        });
        self.frame.replace(Some(Box::new(frame)));
    }

    fn tell_changed(&self) {
        for tell in self.changed.take() {
            if let Some(tell) = tell.upgrade() {
                tell();
            }
        }
    }
}

/// A signal that is written with every event and told of when its schedule says so.
pub(crate) struct Folded<S: 'static> {
    signal: ArcRwSignal<S>,
    /// Written since the page was last told.
    changed: Rc<Cell<bool>>,
    tell: Rc<dyn Fn()>,
    schedule: Rc<Schedule>,
}

impl<S: Send + Sync + 'static> Folded<S> {
    pub(crate) fn new(schedule: &Rc<Schedule>, init: S) -> Self {
        let signal = ArcRwSignal::new(init);
        // A new one has room for two subscribers, and to tell them it copies that room: for a signal that is only looked at
        // now and then, an allocation with every event.
        signal.clear_subscribers();
        Self::over(schedule, signal)
    }

    /// Over a signal that others may write, too.
    pub(crate) fn over(schedule: &Rc<Schedule>, signal: ArcRwSignal<S>) -> Self {
        let changed = Rc::new(Cell::new(false));
        let tell: Rc<dyn Fn()> = Rc::new({
            let (signal, changed) = (signal.clone(), changed.clone());
            move || {
                changed.set(false);
                signal.notify();
            }
        });
        Self { signal, changed, tell, schedule: schedule.clone() }
    }

    pub(crate) fn signal(&self) -> &ArcRwSignal<S> {
        &self.signal
    }

    /// Tells at once what was to be told later.
    pub(crate) fn tell_changed(&self) {
        if self.changed.get() {
            (self.tell)();
        }
    }

    pub(crate) fn update(&self, f: impl FnOnce(&mut S)) {
        use leptos::prelude::UpdateUntracked;
        self.signal.update_untracked(f);
        if !self.changed.replace(true) {
            self.schedule.call(&self.tell);
        }
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_nobody_follows_changes_without_an_allocation() {
        let folded = Folded::new(&Schedule::new(Delivery::Immediate), 0_u32);
        let allocations = allocation_counter::measure(|| folded.update(|count| *count += 1));
        assert_eq!(allocations.count_total, 0);
    }
}
