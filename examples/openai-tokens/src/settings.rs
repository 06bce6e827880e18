use leptos::prelude::*;

/// Which server is asked, which model of it, and in whose name. Kept in memory only: a key in the browser's storage
/// could be read by every script of the page.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) base_url: RwSignal<String>,
    pub(crate) key: RwSignal<String>,
    pub(crate) model: RwSignal<String>,
}

impl Settings {
    /// Those of the server in this folder.
    pub(crate) fn new() -> Self {
        Self {
            base_url: RwSignal::new("http://127.0.0.1:3000/v1".to_owned()),
            key: RwSignal::new("sk-demo".to_owned()),
            model: RwSignal::new("echo".to_owned()),
        }
    }
}

#[component]
pub(crate) fn SettingsForm(settings: Settings) -> impl IntoView {
    view! {
        <fieldset>
            <legend>"Server"</legend>
            <label>
                "Base URL" <input type="url" required bind:value=settings.base_url spellcheck="false" />
            </label>
            <label>"Model" <input required bind:value=settings.model spellcheck="false" /></label>
            <label>"Key" <input type="password" bind:value=settings.key autocomplete="off" /></label>
        </fieldset>
    }
}
