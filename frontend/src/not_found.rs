//! The page at an address that is none.

use leptos::prelude::*;

use crate::i18n::use_locale;
use crate::title::use_title;

/// The page at an address that is none.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    let locale = use_locale();
    use_title(locale.text(|t| t.not_found.title));

    view! {
        <section class="lost" data-testid="not-found">
            <p class="lost-code" aria-hidden="true">"404"</p>
            <h1>{locale.text(|t| t.not_found.title)}</h1>
            <p>{locale.text(|t| t.not_found.text)}</p>
            <a class="button" href="/">{locale.text(|t| t.not_found.home)}</a>
        </section>
    }
}
