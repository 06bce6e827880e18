use wasm_bindgen::JsCast;

/// How many promises were rejected without anybody who took note of it.
///
/// They are counted from the first count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejections(u32);

impl Rejections {
    /// Counts them. Only the difference of two counts means something.
    #[must_use]
    pub fn count() -> Self {
        let count =
            js_sys::eval(COUNTER).expect("the counter is well-formed").unchecked_into::<js_sys::Number>();
        Self(count.value_of() as u32)
    }

    /// How many more there are than at `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> u32 {
        self.0 - earlier.0
    }
}

/// Listens from the first time on, and returns the count.
const COUNTER: &str = "(() => {
    if (globalThis.unhandledRejections === undefined) {
        globalThis.unhandledRejections = 0;
        addEventListener('unhandledrejection', () => { globalThis.unhandledRejections += 1; });
    }
    return globalThis.unhandledRejections;
})()";
