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
    sought: Rc<Sought>,
    /// Freed with this.
    _callback: Callback,
}

/// A request without a response.
struct Sought {
    url: String,
    is_found: Cell<bool>,
}

impl Unanswered {
    /// Watches for the request to `url`, which was resolved. `None` where there is no need for it, or no way.
    pub(super) fn watch(url: &str) -> Option<Self> {
        if !user_agent_includes("Firefox/") {
            return None;
        }
        let sought = Rc::new(Sought { url: url.to_owned(), is_found: Cell::new(false) });
        let callback = Callback::new({
            let sought = sought.clone();
            move |list: &JsValue| {
                sought.look(&list.unchecked_ref::<PerformanceObserverEntryList>().get_entries());
            }
        });
        let observer = PerformanceObserver::new(callback.as_ref().unchecked_ref()).ok()?;
        let what = Object::new().unchecked_into::<What>();
        what.set_type("resource");
        observer.observe(what.unchecked_ref());
        Some(Self { observer, sought, _callback: callback })
    }

    /// Whether there was no response, or none that this page may see.
    pub(super) fn is_certain(&self) -> bool {
        self.sought.look(&self.observer.take_records());
        self.sought.is_found.get()
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

impl Sought {
    /// Looks for it among these.
    fn look(&self, timings: &Array) {
        let is_it = |timing: &Timing| timing.response_status() == Some(0) && timing.name() == self.url;
        if timings.iter().any(|timing| is_it(timing.unchecked_ref())) {
            self.is_found.set(true);
        }
    }
}
