//! Times of day, as people read them.

use js_sys::Date;
use leptos::prelude::document;
use sse_proto::Instant;

use crate::handle::IN_BROWSER;

/// The time of day at `then`, as the page's language writes it. Empty where an app is rendered on a server.
pub(super) fn time_of_day(then: Instant) -> String {
    if !IN_BROWSER {
        return String::new();
    }
    let ago = sse_web::now().saturating_duration_since(then);
    let then = Date::new_0();
    then.set_time(then.get_time() - ago.as_millis() as f64);
    let language = document().document_element().and_then(|page| page.get_attribute("lang"));
    // Without a language: as the browser is set.
    let language = language.filter(|tag| !tag.is_empty());
    then.to_locale_time_string(language.as_deref().unwrap_or("default")).into()
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
