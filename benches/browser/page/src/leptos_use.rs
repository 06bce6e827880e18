use codee::string::JsonSerdeCodec;
use js_sys::Function;
use leptos::prelude::*;
use leptos_use_event_source::{
    UseEventSourceMessage, UseEventSourceOnEventReturn, UseEventSourceOptions, UseEventSourceReturn,
    use_event_source_with_options,
};
use wasm_bindgen::JsValue;

use crate::load::Load;

/// It tells of a message by a signal, so whoever wants all of them listens with an effect.
pub(crate) fn start<L: Load>(url: String, events: u32, finished: Function) -> Box<dyn Fn() -> String> {
    let UseEventSourceReturn { message, .. } =
        use_event_source_with_options::<L::Event, JsonSerdeCodec>(url, options());
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

/// It calls a handler with every event before it makes a message of it, which the handler can forbid: without a signal
/// and an effect for each.
pub(crate) fn start_on_event<L: Load>(
    url: String,
    events: u32,
    finished: Function,
) -> Box<dyn Fn() -> String> {
    let folded = RwSignal::new(L::Folded::default());
    // The handler has to be `Send`, which a function of JavaScript is not.
    let finished = StoredValue::new_local(finished);
    let options = options().on_event(move |event: &web_sys::Event| {
        // Opening comes here too, and is no message.
        let message = UseEventSourceMessage::<L::Event, JsonSerdeCodec>::try_from(event.clone());
        let Ok(message) = message else { return UseEventSourceOnEventReturn::ProcessMessage };
        folded.update(|folded| {
            if L::fold(folded, &message.data) == events {
                finished.with_value(|finished| drop(finished.call0(&JsValue::NULL)));
            }
        });
        UseEventSourceOnEventReturn::IgnoreProcessingMessage
    });
    let _running = use_event_source_with_options::<L::Event, JsonSerdeCodec>(url, options);
    Box::new(move || folded.with_untracked(L::checksum))
}

fn options<T: 'static>() -> UseEventSourceOptions<T> {
    UseEventSourceOptions::default().named_events(["tick".to_owned()])
}
