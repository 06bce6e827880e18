//! The frame around the pages, and the routes.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::assistant::{AssistantPage, provide_asker};
use crate::chat::{ChatPage, provide_courier, provide_identity};
use crate::focus::keep_focus;
use crate::i18n::{provide_locale, use_locale};
use crate::icons;
use crate::inspector::{Inspector, InspectorButton, provide_inspecting};
use crate::logs::LogsPage;
use crate::market::MarketPage;
use crate::newer::{NewerNotice, provide_newer};
use crate::not_found::NotFoundPage;
use crate::notifications::{Bell, Toasts, provide_notifications};
use crate::theme::{Theme, provide_theme, use_theme};

/// The page.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_locale();
    provide_theme();
    provide_newer();
    // Above the routes: what was said in a room is still sent when its page is left, and an answer goes on.
    provide_identity();
    provide_courier();
    provide_asker();
    provide_notifications();
    provide_inspecting();
    keep_focus();
    let locale = use_locale();

    view! {
        <Router>
            // `external`, or the router takes the click, and nothing has the focus.
            <a class="skip" href="#main" rel="external">{locale.text(|t| t.shell.skip)}</a>
            <header class="topbar">
                <a class="brand" href="/">{icons::brand()} <span>"leptos-eventsource"</span></a>
                // In the order in which they are seen on a wide page, also for the keyboard.
                <Navigation />
                <Tools />
            </header>
            <NewerNotice />
            <main id="main" tabindex="-1">
                <Routes fallback=NotFoundPage>
                    <Route path=path!("/") view=MarketPage />
                    <Route path=path!("/market") view=MarketPage />
                    <Route path=path!("/chat") view=ToLobby />
                    <Route path=path!("/chat/:room") view=ChatPage />
                    <Route path=path!("/assistant") view=AssistantPage />
                    <Route path=path!("/logs") view=LogsPage />
                </Routes>
            </main>
            <Toasts />
            <Inspector />
        </Router>
    }
}

#[component]
fn ToLobby() -> impl IntoView {
    view! {
        <Redirect
            path="/chat/lobby"
            options=NavigateOptions { replace: true, ..NavigateOptions::default() }
        />
    }
}

/// On a wide page in the bar at the top, on a phone at the bottom, where the thumb is.
#[component]
fn Navigation() -> impl IntoView {
    let locale = use_locale();
    let path = use_location().pathname;
    let in_chat = Memo::new(move |_| path.read().starts_with("/chat"));
    let in_market = Memo::new(move |_| matches!(path.read().as_str(), "/" | "/market"));
    let in_assistant = Memo::new(move |_| path.read().starts_with("/assistant"));
    let in_logs = Memo::new(move |_| path.read().starts_with("/logs"));
    let current = |is_here: Memo<bool>| move || is_here.get().then_some("page");

    view! {
        <nav class="navigation" aria-label=locale.text(|t| t.shell.navigation)>
            <a href="/" data-testid="nav-market" aria-current=current(in_market)>
                {icons::market()} <span>{locale.text(|t| t.shell.market)}</span>
            </a>
            <a href="/chat/lobby" data-testid="nav-chat" aria-current=current(in_chat)>
                {icons::chat()} <span>{locale.text(|t| t.shell.chat)}</span>
            </a>
            <a href="/assistant" data-testid="nav-assistant" aria-current=current(in_assistant)>
                {icons::assistant()} <span>{locale.text(|t| t.shell.assistant)}</span>
            </a>
            <a href="/logs" data-testid="nav-logs" aria-current=current(in_logs)>
                {icons::logs()} <span>{locale.text(|t| t.shell.logs)}</span>
            </a>
        </nav>
    }
}

#[component]
fn Tools() -> impl IntoView {
    let locale = use_locale();
    let theme = use_theme();
    let theme_label = move || {
        let texts = &locale.texts().shell;
        match theme.get() {
            Theme::System => texts.theme_system,
            Theme::Light => texts.theme_light,
            Theme::Dark => texts.theme_dark,
        }
    };
    let other_lang = move || locale.lang().other().tag();

    view! {
        <div class="tools">
            <Bell />
            <InspectorButton />
            <button
                type="button"
                class="tool"
                data-testid="lang-toggle"
                lang=other_lang
                on:click=move |_| locale.toggle()
            >
                {locale.text(|t| t.shell.other_language)}
            </button>
            <button
                type="button"
                class="tool tool-icon"
                data-testid="theme-toggle"
                aria-label=theme_label
                title=theme_label
                on:click=move |_| theme.update(|theme| *theme = theme.next())
            >
                {move || icons::theme(theme.get())}
            </button>
        </div>
    }
}
