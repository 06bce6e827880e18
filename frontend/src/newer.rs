//! What is said once the server has been replaced and speaks of things that this page does not know: a page lives on
//! while a newer one is served, and what it cannot read it cannot show.

use std::time::Duration;

use gloo_net::http::Request;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_eventsource::{Instant, now};
use web_sys::RequestCache;

use crate::i18n::use_locale;

/// How long to wait before another page is looked for anew: many events in a row may not be understood.
const LOOK_AFTER: Duration = Duration::from_secs(60);

/// Whether it is known that there is a newer version of the page. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newer {
    is_known: RwSignal<bool>,
    looked: StoredValue<Option<Instant>>,
}

impl Newer {
    /// Something was not understood: there may be one. Or it was written for a page of before, and read by an old server;
    /// then there is none, and to load this one again would help nobody.
    pub(crate) fn look(self) {
        let is_recent = |looked: Option<Instant>| {
            looked.is_some_and(|looked| now().saturating_duration_since(looked) < LOOK_AFTER)
        };
        if self.is_known.try_get_untracked() != Some(false) || is_recent(self.looked.get_value()) {
            return;
        }
        self.looked.set_value(Some(now()));
        spawn_local(async move {
            if is_another_served().await {
                self.is_known.try_set(true);
            }
        });
    }
}

/// Whether the server's page begins another program than this.
async fn is_another_served() -> bool {
    let program = document().query_selector("link[rel=modulepreload]").ok().flatten();
    let Some(program) = program.and_then(|link| link.get_attribute("href")) else { return false };
    let Ok(served) = Request::get("/").cache(RequestCache::NoStore).send().await else { return false };
    served.ok() && served.text().await.is_ok_and(|page| !page.contains(&program))
}

/// Provides a [`Newer`] to everything below.
pub(crate) fn provide_newer() {
    provide_context(Newer { is_known: RwSignal::new(false), looked: StoredValue::new(None) });
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
            <Show when=move || newer.is_known.get()>
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
