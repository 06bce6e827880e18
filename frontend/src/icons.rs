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

/// Back.
pub(crate) fn back() -> impl IntoView {
    stroked("M20 12H4.5M11 5.5 4.5 12l6.5 6.5")
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

/// A spark: the assistant.
pub(crate) fn assistant() -> impl IntoView {
    stroked(
        "M11 3.5l1.9 5.6 5.6 1.9-5.6 1.9L11 18.5l-1.9-5.6L3.5 11l5.6-1.9zM18.5 15.5l.9 2.6 2.6.9-2.6.9-.9 2.6-.9-2.6-2.6-.9 2.6-.9z",
    )
}

/// Lines of a log.
pub(crate) fn logs() -> impl IntoView {
    stroked("M4 5.5h.01M4 12h.01M4 18.5h.01M8.5 5.5H20M8.5 12H20M8.5 18.5h7")
}

/// A bell.
pub(crate) fn bell() -> impl IntoView {
    stroked("M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0")
}

/// Stop.
pub(crate) fn stop() -> impl IntoView {
    stroked("M7 6h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1z")
}

/// Copy.
pub(crate) fn copy() -> impl IntoView {
    stroked(
        "M9.5 9h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1zM5.5 15.5a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1h9a1 1 0 0 1 1 1",
    )
}

/// Elsewhere.
pub(crate) fn elsewhere() -> impl IntoView {
    stroked("M13.5 4.5h6v6M19.5 4.5l-8.5 8.5M18 14v4.5a1 1 0 0 1-1 1H5.5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1H10")
}

/// Once more.
pub(crate) fn again() -> impl IntoView {
    stroked("M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4.5V9H15")
}

/// Something new.
pub(crate) fn plus() -> impl IntoView {
    stroked("M12 5v14M5 12h14")
}

/// Away with it.
pub(crate) fn close() -> impl IntoView {
    stroked("M6.5 6.5l11 11M17.5 6.5l-11 11")
}

/// For a while.
pub(crate) fn pause() -> impl IntoView {
    stroked("M8.5 5.5v13M15.5 5.5v13")
}

/// On.
pub(crate) fn resume() -> impl IntoView {
    stroked("M8 5.5v13l10.5-6.5z")
}

/// Good to know.
pub(crate) fn info() -> impl IntoView {
    stroked("M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.5M12 7.8v.3")
}

/// Closed to strangers.
pub(crate) fn lock() -> impl IntoView {
    stroked(
        "M6.5 11h11a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    )
}
