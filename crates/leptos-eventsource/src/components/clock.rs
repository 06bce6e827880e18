//! Times of day, as people read them.

use js_sys::{Date, Function, Reflect};
use leptos::prelude::document;
use leptos::wasm_bindgen::{JsCast, JsValue};
use sse_proto::Instant;

use crate::IN_BROWSER;

/// The time of day at `then`, as the page's language writes it. Empty where an app is rendered on a server.
pub(super) fn time_of_day(then: Instant) -> String {
    if !IN_BROWSER {
        return String::new();
    }
    let ago = sse_web::now().saturating_duration_since(then);
    let then = Date::new_0();
    then.set_time(then.get_time() - ago.as_millis() as f64);
    let language = document().document_element().and_then(|page| page.get_attribute("lang"));
    let write = |language: &JsValue| {
        let write = Reflect::get(&then, &"toLocaleTimeString".into())?.unchecked_into::<Function>();
        write.call1(&then, language)
    };
    // It throws at a tag that is not well-formed, and then the browser's own language has to do.
    let time = language
        .filter(|tag| !tag.is_empty())
        .and_then(|tag| write(&tag.into()).ok())
        .or_else(|| write(&JsValue::UNDEFINED).ok());
    time.and_then(|time| time.as_string()).unwrap_or_default()
}

/// Milliseconds since the Unix epoch.
pub(super) fn wall_clock() -> f64 {
    Date::now()
}

/// The time of day with milliseconds: `13:04:05.067`.
pub(super) fn to_the_millisecond(millis: f64) -> String {
    let date = Date::new(&millis.into());
    let [hours, minutes, seconds, millis] =
        [date.get_hours(), date.get_minutes(), date.get_seconds(), date.get_milliseconds()];
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}
