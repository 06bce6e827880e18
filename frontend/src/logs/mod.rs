//! The page of the server's log.

mod journal;
mod log_view;
mod token_form;

use leptos::prelude::*;
use leptos_eventsource::transport::{Fetch, InvalidHeader};

use self::journal::Journal;
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
    /// Where to go on after the browser's own `EventSource` was refused, which does not tell why.
    unexplained: RwSignal<Option<String>>,
    /// What came of it so far.
    journal: RwSignal<Journal>,
}

/// What carries the log.
enum Way {
    /// One connection for all tabs that have no token.
    Shared,
    /// A connection of the page's own, which can send a token and tells why a server refuses.
    Own { fetch: Fetch, cursor: String },
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
        self.unexplained.set(None);
        // Another token is another stream, which is told from its beginning.
        self.journal.set(Journal::default());
        self.token.set(token.to_owned());
        self.attempt.update(|attempt| *attempt += 1);
    }

    /// Goes on from the cursor by a request that says why it is refused.
    fn ask_why(self, cursor: String) {
        self.unexplained.set(Some(cursor));
    }

    /// How to get at the log now. There is no other token to try after this one, so it is a plain header.
    fn way(self) -> Result<Way, InvalidHeader> {
        let cursor = self.unexplained.get();
        match self.token.read().as_str() {
            "" => Ok(cursor.map_or(Way::Shared, |cursor| Way::Own { fetch: Fetch::new(), cursor })),
            token => {
                let fetch = Fetch::new().with_header("authorization", &format!("Bearer {token}"))?;
                Ok(Way::Own { fetch, cursor: String::new() })
            }
        }
    }
}

/// The server's log, or the question for a token.
#[component]
pub(crate) fn LogsPage() -> impl IntoView {
    use_title(use_locale().text(|t| t.logs.title));
    let access = Access {
        token: RwSignal::new(storage::load(Keep::Tab, KEY).unwrap_or_default()),
        attempt: RwSignal::new(0),
        refusal: RwSignal::new(None),
        unexplained: RwSignal::new(None),
        journal: RwSignal::new(Journal::default()),
    };

    view! {
        <section class="logs panel">
            {move || {
                access.attempt.track();
                match access.way() {
                    Ok(way) => view! {
                        <LogView access way />
                    }.into_any(),
                    // No server has given it out.
                    Err(InvalidHeader { .. }) => {
                        access.refusal.set(Some(Refused { status: 401, detail: String::new() }));
                        ().into_any()
                    }
                }
            }}
            {move || access.refusal.get().map(|refused| view! { <TokenForm access refused /> })}
        </section>
    }
}
