use std::panic::Location;
use std::time::Duration;

use gloo_timers::future::sleep;
use wasm_bindgen::prelude::*;

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// Far longer than anything takes, also on a machine that compiles beside it.
const DEADLINE: Duration = Duration::from_secs(15);

/// Waits until `condition` holds.
///
/// # Panics
/// If it does not hold in time; says that it waited for `what`, and where.
#[track_caller]
pub fn until<F: Fn() -> bool>(what: &str, condition: F) -> impl Future<Output = ()> + use<F> {
    let mut patience = Patience::new(what);
    async move {
        while !condition() {
            patience.spend().await;
        }
    }
}

/// Waits until the browser has done what was queued before.
pub async fn next_task() {
    sleep(Duration::ZERO).await;
}

/// The time that is left for something to happen.
pub(crate) struct Patience {
    what: String,
    place: &'static Location<'static>,
    /// In milliseconds of a clock that only [`Time`](crate::Time) can put forward, unlike that of `sse_web`.
    end: f64,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

impl Patience {
    #[track_caller]
    pub(crate) fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            place: Location::caller(),
            end: performance_now() + DEADLINE.as_secs_f64() * 1e3,
        }
    }

    /// Says more exactly what it waits for.
    pub(crate) fn waits_for(&mut self, what: String) {
        self.what = what;
    }

    /// Waits for a moment, before the next look.
    pub(crate) async fn spend(&mut self) {
        assert!(
            performance_now() < self.end,
            "waited {} s for: {} ({})",
            DEADLINE.as_secs(),
            self.what,
            self.place
        );
        sleep(INTERVAL).await;
    }
}
