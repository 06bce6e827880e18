//! Time and chance, as the browser gives them in a page and in a worker.

use std::cell::Cell;

use sse_proto::Instant;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `performance.now()`: milliseconds since the page began. Unlike the wall clock it never jumps.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// By how many milliseconds the wall clock must have got ahead for that to be a sleep: less is a clock that is being
/// put right. And how long nobody need compare the two.
const SLEEP_MILLIS: f64 = 1_000.0;

thread_local! {
    /// Milliseconds for which `performance.now()` stood still.
    static ASLEEP: Cell<f64> = const { Cell::new(0.0) };
    /// By how much the wall clock was ahead of `performance.now()` when the two were last compared.
    static AHEAD: Cell<Option<f64>> = const { Cell::new(None) };
    /// When that was, in milliseconds of `performance.now()`.
    static COMPARED_AT: Cell<f64> = const { Cell::new(0.0) };
}

/// The current time on the clock in which states give theirs. It counts the time for which the device was asleep.
///
/// Each page and each worker has a clock of its own: to another one, post a duration from now and no [`Instant`].
///
/// ```
/// use sse_web::State;
///
/// fn silent_for(state: &State) -> Option<String> {
///     let State::Stale { since } = state else { return None };
///     let silence = sse_web::now().saturating_duration_since(*since);
///     Some(format!("nothing heard for {} s", silence.as_secs()))
/// }
/// ```
// Called in many places, and beside its call into JavaScript one more costs nothing.
#[inline(never)]
#[must_use]
pub fn now() -> Instant {
    let millis = performance_now();
    // Before a sign of life is given its time: after a sleep that nobody has noticed, it would be as old as the sleep.
    if millis - COMPARED_AT.get() >= SLEEP_MILLIS {
        notice_sleep();
    }
    // Times are small and not negative, so the conversion only drops the fraction.
    Instant::from_millis((millis + ASLEEP.get()) as u64)
}

/// Compares the clocks, so that [`now`] counts the time for which the device was asleep.
///
/// While a laptop sleeps, `performance.now()` and every timer stand still on Linux and macOS: a stream that was silent for
/// an hour would be given its full time to be silent again. The wall clock went on. It may be set by hand, too: set
/// forward, that is taken for a sleep, which costs a reconnect; set back, for nothing.
///
/// [`now`] does so by itself, once a second. Not for every event: it is two more calls into JavaScript.
pub(crate) fn notice_sleep() {
    let now = performance_now();
    COMPARED_AT.set(now);
    let ahead = js_sys::Date::now() - now;
    let gained = ahead - AHEAD.replace(Some(ahead)).unwrap_or(ahead);
    if gained >= SLEEP_MILLIS {
        ASLEEP.set(ASLEEP.get() + gained);
    }
}

/// For how many milliseconds the device has been asleep, as far as that was noticed. A browser's timer that was set before
/// is late by that.
pub(crate) fn asleep() -> u64 {
    ASLEEP.get() as u64
}

/// A seed for the jitter, another one for every connection.
pub(crate) fn seed() -> u64 {
    (js_sys::Math::random() * (1_u64 << 53) as f64) as u64
}
