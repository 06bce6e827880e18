//! Light, dark, or as the system has it.
//!
//! The choice is one attribute on `<html>`; everything else is CSS (`color-scheme` and `light-dark()` in
//! styles/tokens.css), but for the colour of a phone's own bars, which is that of one of two `<meta>`. `early.js` sets
//! the same attributes before the first paint.

use leptos::prelude::*;

use crate::storage::{self, Keep};

/// Also read by `early.js`.
const KEY: &str = "theme";

/// Which colours the page wears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it, also when it changes.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The one that a press of the button brings.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Where the colour of this one is that of the browser's bars, while `chosen` is.
    fn media(self, chosen: Self) -> &'static str {
        match (self, chosen) {
            (Self::Dark, Self::System) => "(prefers-color-scheme: dark)",
            (_, Self::System) => "(prefers-color-scheme: light)",
            _ if self == chosen => "all",
            _ => "not all",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Provides the theme to everything below, and keeps `<html>` and the storage in step with it.
pub(crate) fn provide_theme() {
    let kept = storage::load(Keep::Always, KEY).map(|kept| Theme::parse(&kept));
    let theme = RwSignal::new(kept.unwrap_or_default());
    provide_context(theme);

    Effect::new(move |before: Option<Theme>| {
        let theme = theme.get();
        if before.is_some() {
            storage::save(Keep::Always, KEY, theme.as_str());
        }
        if let Some(root) = document().document_element() {
            let _ = match theme {
                Theme::System => root.remove_attribute("data-theme"),
                Theme::Light | Theme::Dark => root.set_attribute("data-theme", theme.as_str()),
            };
        }
        for one in [Theme::Light, Theme::Dark] {
            if let Some(color) = document().get_element_by_id(&format!("color-{}", one.as_str())) {
                let _ = color.set_attribute("media", one.media(theme));
            }
        }
        theme
    });
}

/// The theme that [`provide_theme`] provides.
pub(crate) fn use_theme() -> RwSignal<Theme> {
    expect_context()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_presses_of_the_button_come_back_to_the_start() {
        assert_eq!(Theme::System.next().next().next(), Theme::System);
    }

    #[test]
    fn a_theme_reads_back_as_it_was_kept_and_nonsense_is_the_systems() {
        for theme in [Theme::System, Theme::Light, Theme::Dark] {
            assert_eq!(Theme::parse(theme.as_str()), theme);
        }
        assert_eq!(Theme::parse("<script>"), Theme::System);
    }
}
