use codee::string::JsonSerdeCodec;
use js_sys::Function;
use leptos::prelude::*;
use leptos_use_event_source::{UseEventSourceOptions, UseEventSourceReturn, use_event_source_with_options};
use wasm_bindgen::JsValue;

use crate::load::Load;

/// It tells of a message by a signal, so whoever wants all of them listens with an effect.
pub(crate) fn start<L: Load>(url: String, events: u32, finished: Function) -> Box<dyn Fn() -> String> {
    let options = UseEventSourceOptions::default().named_events(["tick".to_owned()]);
    let UseEventSourceReturn { message, .. } =
        use_event_source_with_options::<L::Event, JsonSerdeCodec>(url, options);
    let folded = RwSignal::new(L::Folded::default());
    Effect::new(move |_| {
        message.with(|message| {
            let Some(message) = message else { return };
            folded.update(|folded| {
                if L::fold(folded, &message.data) == events {
                    let _ = finished.call0(&JsValue::NULL);
                }
            });
        });
    });
    Box::new(move || folded.with_untracked(L::checksum))
}
