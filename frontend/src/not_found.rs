//! The page at an address that is none.

use leptos::prelude::*;

use crate::i18n::use_locale;
use crate::title::use_title;

/// The page at an address that is none.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    let locale = use_locale();
    let texts = move || &locale.texts().not_found;
    use_title(move || texts().title);

    view! {
        <section class="lost" data-testid="not-found">
            <p class="lost-code" aria-hidden="true">"404"</p>
            <h1>{move || texts().title}</h1>
            <p>{move || texts().text}</p>
            <a class="button" href="/">{move || texts().home}</a>
        </section>
    }
}
