//! The global scope: that of a page or of a worker, without asking which of the two it is.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

#[wasm_bindgen]
extern "C" {
    /// A `Window` or a `WorkerGlobalScope`.
    #[wasm_bindgen(extends = EventTarget)]
    pub(crate) type Scope;

    /// `None` in a worker.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn document(this: &Scope) -> Option<Document>;

    /// An object whose text is the URL of the page or of the worker.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn location(this: &Scope) -> JsValue;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn navigator(this: &Scope) -> Navigator;

    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone)]
    pub(crate) type Document;

    /// The text against which the URLs of the page are resolved.
    #[wasm_bindgen(method, getter, js_name = baseURI)]
    pub(crate) fn base_uri(this: &Document) -> JsValue;

    /// Whether nobody sees the page. The state of visibility says the same in words, which take more to be read.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn hidden(this: &Document) -> bool;

    /// Whether the page is made in advance, and perhaps for nobody (Prerendering Revamped, WICG). `None` in browsers that
    /// do no such thing.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn prerendering(this: &Document) -> Option<bool>;

    pub(crate) type Navigator;

    /// What the browser believes of the network.
    #[wasm_bindgen(method, getter, js_name = onLine)]
    pub(crate) fn on_line(this: &Navigator) -> bool;
}

/// The scope in which this runs.
pub(crate) fn scope() -> Scope {
    js_sys::global().unchecked_into()
}
