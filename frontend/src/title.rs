//! The title of the document.

use leptos::prelude::*;

const PRODUCT: &str = "leptos-eventsource";

/// Keeps the title of the document in step with `title`.
pub(crate) fn use_title(title: impl Fn() -> &'static str + 'static) {
    Effect::new(move || document().set_title(&format!("{} · {PRODUCT}", title())));
}
