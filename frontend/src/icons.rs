//! Icons, drawn in the colour and the size of the text around them.

use leptos::prelude::*;

use crate::theme::Theme;

/// An icon, from the data of one path on a grid of 24.
fn stroked(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=path />
        </svg>
    }
}

/// The product: a pulse.
pub(crate) fn brand() -> impl IntoView {
    view! {
        <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="9" />
            <path d="M6 17h4.5L14 8.5l4.5 15 3-6.5H26" />
        </svg>
    }
}

/// Bars of a market.
pub(crate) fn market() -> impl IntoView {
    stroked("M6 4v3M6 15v4M4 7h4v8H4zM18 3v4M18 13v5M16 7h4v6h-4zM12 8v3M12 18v3M10 11h4v7h-4z")
}

/// Two speech bubbles.
pub(crate) fn chat() -> impl IntoView {
    stroked(
        "M4 5.5h11a2 2 0 0 1 2 2V12a2 2 0 0 1-2 2H8.5L5 17v-3H4a2 2 0 0 1-2-2V7.5a2 2 0 0 1 2-2zM20 9.5a2 2 0 0 1 2 2V16a2 2 0 0 1-2 2h-1v3l-3.5-3H12",
    )
}

/// Looking at what happens inside.
pub(crate) fn inspector() -> impl IntoView {
    stroked(
        "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3 20.5 20.5M7 10.5h1.8l1.2-2.5 1.6 5 1-2.5H14",
    )
}

/// The theme that is used.
pub(crate) fn theme(theme: Theme) -> impl IntoView {
    stroked(match theme {
        Theme::System => {
            "M4 4h16a1.5 1.5 0 0 1 1.5 1.5v10A1.5 1.5 0 0 1 20 17H4a1.5 1.5 0 0 1-1.5-1.5v-10A1.5 1.5 0 0 1 4 4zM8.5 21h7M12 17v4"
        }
        Theme::Light => {
            "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M19.1 4.9l-1.8 1.8M6.7 17.3l-1.8 1.8"
        }
        Theme::Dark => "M20.5 14.2A8.5 8.5 0 1 1 9.8 3.5a7 7 0 0 0 10.7 10.7z",
    })
}

/// Send.
pub(crate) fn send() -> impl IntoView {
    stroked("M12 19.5V5M5.5 11.5 12 5l6.5 6.5")
}

/// Down.
pub(crate) fn down() -> impl IntoView {
    stroked("M12 5v14M5.5 12.5 12 19l6.5-6.5")
}

/// Somebody.
pub(crate) fn people() -> impl IntoView {
    stroked(
        "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8",
    )
}

/// Done.
pub(crate) fn check() -> impl IntoView {
    stroked("M5 12.5 10 17.5 19.5 7")
}

/// Later.
pub(crate) fn clock() -> impl IntoView {
    stroked("M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2")
}

/// Something is wrong.
pub(crate) fn alert() -> impl IntoView {
    stroked("M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5v5.5M12 16.2v.3")
}
