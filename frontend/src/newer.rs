//! What is said once the server has been replaced and speaks of things that this page does not know: a page lives on
//! while a newer one is served, and what it cannot read it cannot show.

use leptos::prelude::*;

use crate::i18n::use_locale;

/// Whether it is known that there is a newer version of the page. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newer(RwSignal<bool>);

impl Newer {
    /// There is one.
    pub(crate) fn tell(self) {
        if self.0.try_get_untracked() == Some(false) {
            self.0.set(true);
        }
    }
}

/// Provides a [`Newer`] to everything below.
pub(crate) fn provide_newer() {
    provide_context(Newer(RwSignal::new(false)));
}

/// What [`provide_newer`] provides.
pub(crate) fn use_newer() -> Newer {
    expect_context()
}

/// Says that there is a newer version of the page, until it is loaded.
#[component]
pub(crate) fn NewerNotice() -> impl IntoView {
    let locale = use_locale();
    let newer = use_newer();
    // Always there: a region that comes with its first text is not read aloud.
    view! {
        <div class="newer" role="status">
            <Show when=move || newer.0.get()>
                <p data-testid="newer">{locale.text(|t| t.shell.newer)}</p>
                <button
                    type="button"
                    class="button"
                    data-testid="reload"
                    on:click=move |_| {
                        let _ = window().location().reload();
                    }
                >
                    {locale.text(|t| t.shell.reload)}
                </button>
            </Show>
        </div>
    }
}
