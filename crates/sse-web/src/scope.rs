//! The global scope: that of a page or of a worker, without asking which of the two it is.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventTarget};

#[wasm_bindgen]
extern "C" {
    /// A `Window` or a `WorkerGlobalScope`.
    #[wasm_bindgen(extends = EventTarget)]
    pub(crate) type Scope;

    /// `None` in a worker.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn document(this: &Scope) -> Option<Document>;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn location(this: &Scope) -> Location;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn navigator(this: &Scope) -> Navigator;

    pub(crate) type Location;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn href(this: &Location) -> String;

    pub(crate) type Navigator;

    /// What the browser believes of the network.
    #[wasm_bindgen(method, getter, js_name = onLine)]
    pub(crate) fn on_line(this: &Navigator) -> bool;
}

/// The scope in which this runs.
pub(crate) fn scope() -> Scope {
    js_sys::global().unchecked_into()
}
