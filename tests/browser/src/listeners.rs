use wasm_bindgen::JsCast;

/// How many event listeners JavaScript objects hold, of whatever kind.
///
/// From the first count on, every `addEventListener` counts up and every `removeEventListener` counts down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listeners(i32);

impl Listeners {
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
    if (globalThis.liveListeners === undefined) {
        globalThis.liveListeners = 0;
        const { addEventListener, removeEventListener } = EventTarget.prototype;
        EventTarget.prototype.addEventListener = function (...args) {
            globalThis.liveListeners += 1;
            return addEventListener.apply(this, args);
        };
        EventTarget.prototype.removeEventListener = function (...args) {
            globalThis.liveListeners -= 1;
            return removeEventListener.apply(this, args);
        };
    }
    return globalThis.liveListeners;
})()";
