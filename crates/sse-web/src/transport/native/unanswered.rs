use std::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Object};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{PerformanceObserver, PerformanceObserverEntryList};

use super::user_agent_includes;
use crate::listen::Callback;

#[wasm_bindgen]
extern "C" {
    /// A `PerformanceObserverInit` that names one type of entry.
    type What;

    #[wasm_bindgen(method, setter, js_name = type)]
    fn set_type(this: &What, entry_type: &str);

    /// A `PerformanceResourceTiming`.
    type Timing;

    #[wasm_bindgen(method, getter)]
    fn name(this: &Timing) -> String;

    /// 0: there was no response, or none that this page may see. Older browsers do not say.
    #[wasm_bindgen(method, getter, js_name = responseStatus)]
    fn response_status(this: &Timing) -> Option<u16>;
}

/// Whether the request of an `EventSource` came to nothing, for the one browser whose object does not say.
///
/// Firefox closes its object for good also where the standard has it try again: when the name of the host is not found
/// or the machine is offline, and to another origin whenever no connection comes about. Taken for a refusal, that would
/// end a stream at the first gap in the Wi-Fi. What Firefox measured of the request tells the two apart: it is noted
/// before the object fails. A refusal by CORS is noted in the same way (conformance c12).
///
/// In a worker Firefox measures nothing of an `EventSource`, so there every failure to connect is a refusal.
pub(super) struct Unanswered {
    observer: PerformanceObserver,
    url: Rc<str>,
    seen: Rc<Cell<bool>>,
    /// Freed with this.
    _callback: Callback,
}

impl Unanswered {
    /// Watches for the request to `url`, which was resolved. `None` where there is no need for it, or no way.
    pub(super) fn watch(url: &str) -> Option<Self> {
        if !user_agent_includes("Firefox/") {
            return None;
        }
        let url: Rc<str> = url.into();
        let seen = Rc::new(Cell::new(false));
        let callback = Callback::new({
            let (url, seen) = (url.clone(), seen.clone());
            move |list: &JsValue| {
                let list = list.unchecked_ref::<PerformanceObserverEntryList>();
                seen.set(seen.get() || names(&list.get_entries(), &url));
            }
        });
        let observer = PerformanceObserver::new(callback.as_ref().unchecked_ref()).ok()?;
        let what = Object::new().unchecked_into::<What>();
        what.set_type("resource");
        observer.observe(what.unchecked_ref());
        Some(Self { observer, url, seen, _callback: callback })
    }

    /// Whether there was no response, or none that this page may see.
    pub(super) fn is_certain(&self) -> bool {
        self.seen.get() || names(&self.observer.take_records(), &self.url)
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Whether one of these is about a request to `url` without a response.
fn names(timings: &Array, url: &str) -> bool {
    let is_it = |timing: &Timing| timing.response_status() == Some(0) && timing.name() == url;
    timings.iter().any(|timing| is_it(timing.unchecked_ref()))
}
