//! The title of the document.

use leptos::prelude::*;

use crate::i18n::{Texts, use_locale};

const PRODUCT: &str = "leptos-eventsource";

/// Keeps the title of the document in step with a text of the page.
pub(crate) fn use_title(pick: fn(&'static Texts) -> &'static str) {
    let title = use_locale().text(pick);
    Effect::new(move || document().set_title(&format!("{} · {PRODUCT}", title())));
}
