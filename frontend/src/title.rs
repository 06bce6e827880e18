//! The title of the document.

use std::fmt::Display;

use leptos::prelude::*;

const PRODUCT: &str = "leptos-eventsource";

/// Keeps the title of the document in step with a text of the page.
pub(crate) fn use_title<T: Display>(title: impl Fn() -> T + 'static) {
    Effect::new(move || document().set_title(&format!("{} · {PRODUCT}", title())));
}
