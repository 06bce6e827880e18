//! What a screen reader is told: an answer once it has ended, and not each of its words.

use leptos::html::Div;
use leptos::prelude::*;

/// What is read aloud. `Copy`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announcer(RwSignal<String>);

impl Announcer {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(String::new()))
    }

    /// Has the text of an element read aloud, behind a heading.
    pub(super) fn announce(self, heading: &'static str, element: NodeRef<Div>) {
        // When its last words have been drawn.
        request_animation_frame(move || {
            let text = element.try_get_untracked().flatten().and_then(|element| element.text_content());
            self.0.try_set(format!("{heading}: {}", text.unwrap_or_default()));
        });
    }
}

/// Where it is read from.
#[component]
pub(super) fn Announcements(announcer: Announcer) -> impl IntoView {
    view! {
        <p class="sr-only" role="status" aria-live="polite" data-testid="announced">
            {announcer.0}
        </p>
    }
}
