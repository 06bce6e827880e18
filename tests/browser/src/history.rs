use std::sync::{Arc, Mutex, PoisonError};

use leptos::prelude::*;

/// Every value that a signal ever held, in order, without repetitions.
///
/// An effect would miss those that are replaced before it runs; this hears each at once.
#[derive(Clone, Debug)]
pub struct History<T>(Arc<Mutex<Vec<T>>>);

impl<T: Clone + PartialEq + Send + 'static> History<T> {
    /// Listens to `signal` for as long as the current owner lives.
    #[must_use]
    pub fn of(signal: impl Get<Value = T> + Send + Sync + 'static) -> Self {
        let values = Arc::new(Mutex::new(Vec::new()));
        ImmediateEffect::new_scoped({
            let values = values.clone();
            move || {
                let value = signal.get();
                let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
                if values.last() != Some(&value) {
                    values.push(value);
                }
            }
        });
        Self(values)
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> Vec<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
