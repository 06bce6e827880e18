//! What is shown while the server does not show its log.

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;

use super::{Access, Refused};
use crate::i18n::use_locale;
use crate::icons;

/// Says that the server refuses, why, and asks for a token where one would help.
#[component]
pub(super) fn TokenForm(access: Access, refused: Refused) -> impl IntoView {
    let locale = use_locale();
    let typed = RwSignal::new(String::new());
    let wants_token = refused.status == 401;
    let is_wrong = wants_token && !access.token.read_untracked().is_empty();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        access.try_token(typed.read_untracked().trim());
    };
    let field = NodeRef::<Input>::new();
    // Who has sent a token, or had it forgotten, was here already: the button that had the focus is gone.
    let was_here = access.attempt.get_untracked() > 0;
    Effect::new(move || {
        if let Some(field) = field.get().filter(|_| was_here) {
            let _ = field.focus();
        }
    });
    let form = move || {
        view! {
            <form class="token" on:submit=submit>
                <label class="sr-only" for="log-token">{locale.text(|t| t.logs.token)}</label>
                <input
                    id="log-token"
                    class="field"
                    data-testid="token-input"
                    node_ref=field
                    type="password"
                    autocomplete="off"
                    placeholder=locale.text(|t| t.logs.token)
                    aria-invalid=is_wrong.to_string()
                    aria-describedby="token-reason"
                    prop:value=typed
                    on:input:target=move |event| typed.set(event.target().value())
                />
                <button type="submit" class="button" data-testid="token-send" disabled=move || typed.read().trim().is_empty()>
                    {locale.text(|t| t.logs.use_token)}
                </button>
            </form>
        }
    };

    view! {
        <div class="empty logs-refused" data-testid="refused" data-status=refused.status.to_string()>
            <span class="logs-lock">{icons::lock()}</span>
            <h1>{move || {
                let texts = &locale.texts().logs;
                if wants_token { texts.needs_token } else { texts.forbidden }
            }}</h1>
            {wants_token.then(|| view! { <p>{locale.text(|t| t.logs.needs_token_text)}</p> })}
            <p id="token-reason" class="logs-reason" role="alert">
                // What the server says of a token is meant for who writes programs.
                {move || is_wrong.then(|| locale.texts().logs.wrong_token)}
                {(!wants_token).then(|| view! { <span lang="en">{refused.detail}</span> })}
            </p>
            {if wants_token {
                form().into_any()
            } else {
                view! {
                    <button type="button" class="button" on:click=move |_| access.try_token("")>
                        {locale.text(|t| t.logs.try_again)}
                    </button>
                }.into_any()
            }}
        </div>
    }
}
