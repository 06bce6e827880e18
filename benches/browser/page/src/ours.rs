use js_sys::Function;
use leptos::prelude::*;
use leptos_eventsource::transport::Transport;
use leptos_eventsource::{EventSourceOptions, use_event_source_with_options};
use wasm_bindgen::JsValue;

use crate::load::Load;

pub(crate) fn start<L: Load>(
    transport: impl Transport + 'static,
    url: String,
    events: u32,
    finished: Function,
) -> Box<dyn Fn() -> String> {
    let options = EventSourceOptions::default().with_transport(transport);
    let stream = use_event_source_with_options::<L::Set>(url, options);
    let folded = stream.fold(L::Folded::default(), move |folded, event| {
        if L::fold(folded, L::payload(event)) == events {
            let _ = finished.call0(&JsValue::NULL);
        }
    });
    Box::new(move || folded.with_untracked(L::checksum))
}
