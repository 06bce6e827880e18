use wasm_bindgen::JsCast;

/// How many intervals run.
///
/// From the first count on, every `setInterval` counts up and every `clearInterval` counts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals(i32);

impl Intervals {
    /// Counts them. Only the difference of two counts means something.
    #[must_use]
    pub fn count() -> Self {
        let count =
            js_sys::eval(COUNTER).expect("the counter is well-formed").unchecked_into::<js_sys::Number>();
        Self(count.value_of() as i32)
    }

    /// How many more there are than at `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }
}

/// Puts itself in between once, and returns the count.
const COUNTER: &str = "(() => {
    if (globalThis.runningIntervals === undefined) {
        globalThis.runningIntervals = new Set();
        const { setInterval, clearInterval } = globalThis;
        globalThis.setInterval = (...args) => {
            const interval = setInterval(...args);
            globalThis.runningIntervals.add(interval);
            return interval;
        };
        globalThis.clearInterval = (interval) => {
            globalThis.runningIntervals.delete(interval);
            clearInterval(interval);
        };
    }
    return globalThis.runningIntervals.size;
})()";
