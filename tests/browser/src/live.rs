use std::fmt;

use js_sys::Reflect;
use wasm_bindgen::{JsValue, externref_heap_live_count};

use crate::wait::Patience;

/// What this program holds of the browser: counted where it is asked for and where it is given back.
///
/// From the first count on, the functions that hand out listeners, timers, frames, streams and requests are wrapped.
/// Two counts are equal if whatever came in between has left nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Live {
    counts: [i32; KINDS.len()],
    /// Objects and closures that WebAssembly holds.
    objects: u32,
}

/// The names are those of the counter below.
const KINDS: [&str; 6] = ["listeners", "timeouts", "intervals", "frames", "sources", "requests"];

impl Live {
    /// Counts.
    #[must_use]
    pub fn count() -> Self {
        let counter = js_sys::eval(COUNTER).expect("the counter is well-formed");
        let count = |kind: &str| {
            let count = Reflect::get(&counter, &JsValue::from(kind)).expect("it has all kinds");
            count.as_f64().expect("they are numbers") as i32
        };
        let counts = KINDS.map(count);
        drop(counter);
        Self { counts, objects: externref_heap_live_count() }
    }

    /// How many event listeners there are.
    #[must_use]
    pub fn listeners(&self) -> i32 {
        let [listeners, ..] = self.counts;
        listeners
    }

    /// How many timeouts run.
    #[must_use]
    pub fn timeouts(&self) -> i32 {
        let [_, timeouts, ..] = self.counts;
        timeouts
    }

    /// How many intervals run.
    #[must_use]
    pub fn intervals(&self) -> i32 {
        let [_, _, intervals, ..] = self.counts;
        intervals
    }

    /// How many animation frames are asked for that have not come.
    #[must_use]
    pub fn frames(&self) -> i32 {
        let [.., frames, _, _] = self.counts;
        frames
    }

    /// Waits until no more of anything is there than was at this count. A task that was cancelled is freed a moment later.
    ///
    /// # Panics
    /// If that does not come in time; says what is left, and where it was waited for.
    #[track_caller]
    pub fn again(self) -> impl Future<Output = ()> {
        let mut patience = Patience::new("nothing is left");
        async move {
            loop {
                let now = Self::count();
                if now.is_no_more_than(&self) {
                    return;
                }
                patience.waits_for(format!("no more than {self:?}, and there is {now:?}"));
                patience.spend().await;
            }
        }
    }

    fn is_no_more_than(&self, earlier: &Self) -> bool {
        self.objects <= earlier.objects
            && self.counts.iter().zip(earlier.counts).all(|(now, then)| *now <= then)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        map.entries(KINDS.iter().zip(self.counts)).entry(&"objects", &self.objects).finish()
    }
}

/// Puts itself in between once, and returns the counts.
const COUNTER: &str = "(() => {
    if (globalThis.live) return globalThis.live;
    const live = globalThis.live =
        { listeners: 0, timeouts: 0, intervals: 0, frames: 0, sources: 0, requests: 0 };

    // A listener that is added twice counts once, and one that was never added is not removed.
    const added = new WeakMap();
    const key = (type, options) => type + (typeof options === 'object' ? !!options?.capture : !!options);
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const of = (target, listener) => {
        if (!added.has(target)) added.set(target, new Map());
        const listeners = added.get(target);
        if (!listeners.has(listener)) listeners.set(listener, new Set());
        return listeners.get(listener);
    };
    EventTarget.prototype.addEventListener = function (type, listener, options) {
        const target = this ?? globalThis;
        const known = of(target, listener);
        if (!known.has(key(type, options))) {
            known.add(key(type, options));
            live.listeners += 1;
        }
        return addEventListener.call(target, type, listener, options);
    };
    EventTarget.prototype.removeEventListener = function (type, listener, options) {
        const target = this ?? globalThis;
        const known = of(target, listener);
        if (known.delete(key(type, options))) live.listeners -= 1;
        if (known.size === 0) added.get(target).delete(listener);
        return removeEventListener.call(target, type, listener, options);
    };

    const timer = (set, clear, kind, once, running) => {
        if (!globalThis[set]) return;
        const [trueSet, trueClear] = [globalThis[set], globalThis[clear]];
        const gone = (id) => {
            const kind = running.get(id);
            if (running.delete(id)) live[kind] -= 1;
        };
        globalThis[set] = (f, ...args) => {
            const id = trueSet.call(globalThis, (...of) => { if (once) gone(id); return f(...of); }, ...args);
            running.set(id, kind);
            live[kind] += 1;
            return id;
        };
        globalThis[clear] = (id) => { gone(id); return trueClear.call(globalThis, id); };
    };
    // Each of both is cleared by the other's function, too (HTML, 8.7).
    const timers = new Map();
    timer('setTimeout', 'clearTimeout', 'timeouts', true, timers);
    timer('setInterval', 'clearInterval', 'intervals', false, timers);
    timer('requestAnimationFrame', 'cancelAnimationFrame', 'frames', true, new Map());

    globalThis.EventSource = class extends EventSource {
        #open = true;
        constructor(...args) { super(...args); live.sources += 1; }
        close() {
            if (this.#open) live.sources -= 1;
            this.#open = false;
            super.close();
        }
    };

    // A request is over when it has failed or was aborted: whoever drops one aborts it, also one that has ended.
    const trueFetch = globalThis.fetch;
    globalThis.fetch = (request, ...args) => {
        const response = trueFetch.call(globalThis, request, ...args);
        // What the tests themselves ask the server is no stream.
        if (!request.url?.includes('/stream/')) return response;
        let open = true;
        const over = () => { if (open) live.requests -= 1; open = false; };
        live.requests += 1;
        addEventListener.call(request.signal, 'abort', over);
        response.catch(over);
        return response;
    };
    return live;
})()";
