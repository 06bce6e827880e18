//! The page of the server's log.

mod journal;
mod log_view;
mod token_form;

use leptos::prelude::*;
use leptos_eventsource::transport::{Fetch, InvalidHeader};

use self::log_view::LogView;
use self::token_form::TokenForm;
use crate::i18n::use_locale;
use crate::storage::{self, Keep};
use crate::title::use_title;

const KEY: &str = "logs.token";

/// How the page gets at the log. `Copy`.
#[derive(Clone, Copy, Debug)]
struct Access {
    /// The token that is sent; empty for none.
    token: RwSignal<String>,
    /// How often it was tried: the same token may be accepted by a server that was restarted.
    attempt: RwSignal<u32>,
    /// Why the server refused, if it did.
    refusal: RwSignal<Option<Refused>>,
}

/// Why the server does not show its log.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    /// The HTTP status.
    status: u16,
    /// In the server's words; may be empty.
    detail: String,
}

impl Access {
    /// Tries a token.
    fn try_token(self, token: &str) {
        storage::save(Keep::Tab, KEY, token);
        self.refusal.set(None);
        self.token.set(token.to_owned());
        self.attempt.update(|attempt| *attempt += 1);
    }

    /// A GET with the token. There is no other to try after it, so it is a plain header.
    fn fetch(token: &str) -> Result<Fetch, InvalidHeader> {
        match token {
            "" => Ok(Fetch::new()),
            token => Fetch::new().with_header("authorization", &format!("Bearer {token}")),
        }
    }
}

/// The server's log, or the question for a token.
#[component]
pub(crate) fn LogsPage() -> impl IntoView {
    use_title(|t| t.logs.title);
    let locale = use_locale();
    let access = Access {
        token: RwSignal::new(storage::load(Keep::Tab, KEY).unwrap_or_default()),
        attempt: RwSignal::new(0),
        refusal: RwSignal::new(None),
    };

    view! {
        <section class="logs panel">
            {move || {
                access.attempt.track();
                // Another token is another stream: everything below begins anew.
                match Access::fetch(&access.token.get()) {
                    Ok(fetch) => view! {
                        <LogView access fetch />
                    }.into_any(),
                    // No server has given it out.
                    Err(InvalidHeader { .. }) => {
                        access.refusal.set(Some(Refused { status: 401, detail: String::new() }));
                        view! { <h1 class="sr-only">{locale.text(|t| t.logs.title)}</h1> }.into_any()
                    }
                }
            }}
            {move || access.refusal.get().map(|refused| view! { <TokenForm access refused /> })}
        </section>
    }
}
