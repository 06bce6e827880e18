//! Who is told of something.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::untrack;

/// Callbacks that may be added and removed while they are called. They are called in the order in which they came.
pub(crate) struct Listeners<F: ?Sized> {
    places: RefCell<Vec<Place<F>>>,
    /// Numbers the listeners; none is used twice, so that whoever removes one again removes no other.
    next: Cell<usize>,
    /// How many calls are under way, in which the places are counted.
    calls: Cell<usize>,
    /// Whether there are places whose listener has been removed.
    has_gaps: Cell<bool>,
}

/// The number of a listener, and the listener itself until it is removed.
type Place<F> = (usize, Option<Rc<F>>);

impl<F: ?Sized> Listeners<F> {
    pub(crate) const fn new() -> Self {
        Self {
            places: RefCell::new(Vec::new()),
            next: Cell::new(0),
            calls: Cell::new(0),
            has_gaps: Cell::new(false),
        }
    }

    /// Adds a listener and returns its number. One that comes during a call is called from the next one on.
    pub(crate) fn add(&self, listener: Rc<F>) -> usize {
        let number = self.next.get();
        self.next.set(number + 1);
        self.places.borrow_mut().push((number, Some(listener)));
        number
    }

    pub(crate) fn remove(&self, number: usize) {
        // Taken out first: what is dropped may call back.
        let place = |places: &mut Vec<Place<F>>| {
            places.iter_mut().find(|(it, _)| *it == number).and_then(|(_, listener)| listener.take())
        };
        let listener = place(&mut self.places.borrow_mut());
        self.has_gaps.set(true);
        self.close_gaps();
        drop(listener);
    }

    /// Removes all. Whoever comes during a call in which this happens may be called in it.
    pub(crate) fn clear(&self) {
        // Taken out first: what is dropped may call back, as may one that is being called.
        let places = self.places.take();
        drop(places);
    }

    pub(crate) fn each(&self, call: impl Fn(&F)) {
        self.calls.set(self.calls.get() + 1);
        let places = self.places.borrow().len();
        // An effect that closes a stream does not follow what is read by those who hear of it. And reading a
        // signal is no mistake there, of which the console of a debug build would have to warn.
        untrack(|| {
            for at in 0..places {
                let listener = self.places.borrow().get(at).and_then(|(_, listener)| listener.clone());
                if let Some(listener) = listener {
                    call(&listener);
                }
            }
        });
        self.calls.set(self.calls.get() - 1);
        self.close_gaps();
    }

    /// Not during a call, which counts the places.
    fn close_gaps(&self) {
        if self.calls.get() == 0 && self.has_gaps.replace(false) {
            self.places.borrow_mut().retain(|(_, listener)| listener.is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Called = Rc<RefCell<Vec<&'static str>>>;

    /// Notes `name` with every call, and listens anew under it when `is_once`.
    fn listen(listeners: &Rc<Listeners<dyn Fn()>>, called: &Called, name: &'static str, is_once: bool) {
        let number = Rc::new(Cell::new(0));
        let listener = {
            let (listeners, called, number) = (Rc::downgrade(listeners), called.clone(), number.clone());
            move || {
                called.borrow_mut().push(name);
                if is_once && let Some(listeners) = listeners.upgrade() {
                    listeners.remove(number.get());
                    listen(&listeners, &called, name, true);
                }
            }
        };
        number.set(listeners.add(Rc::new(listener)));
    }

    #[test]
    fn whoever_listens_anew_with_every_call_comes_last_and_leaves_no_place_behind() {
        let (listeners, called) = (Rc::new(Listeners::<dyn Fn()>::new()), Called::default());
        listen(&listeners, &called, "once", true);
        listen(&listeners, &called, "always", false);
        for _ in 0..3 {
            listeners.each(|listener| listener());
        }
        assert_eq!(*called.borrow(), ["once", "always", "always", "once", "always", "once"]);
        assert_eq!(listeners.places.borrow().len(), 2);
        listeners.clear();
        assert_eq!(listeners.places.borrow().len(), 0);
    }
}
