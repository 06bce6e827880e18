//! What a connection is doing, in the language of the page.

use leptos::prelude::*;
use leptos_eventsource::ConnectionHandle;
use leptos_eventsource::components::ConnectionBadge;

use crate::i18n::use_locale;

/// The badge of a stream.
#[component]
pub(crate) fn Badge(
    /// The stream.
    #[prop(into)]
    stream: ConnectionHandle,
) -> impl IntoView {
    let locale = use_locale();
    let texts = Signal::derive(move || locale.texts().badge.clone());
    view! { <ConnectionBadge stream texts attr:data-testid="badge" /> }
}
