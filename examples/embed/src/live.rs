use leptos::prelude::*;
use leptos_eventsource::{Json, State};

use crate::model::Update;
use crate::updates::Updates;

/// What the connection is doing, in the words of this app.
// PLACE FOR <ConnectionBadge/>: it takes the same handle, `Updates::expect().stream`.
#[component]
pub(crate) fn Live() -> impl IntoView {
    let stream = Updates::expect().stream;
    let (state, retry_in, error) = (stream.state(), stream.retry_in(), stream.error());
    let text = move || match state.get() {
        State::Open => "live".to_owned(),
        State::Waiting { cause, .. } => {
            let seconds = retry_in.get().unwrap_or_default();
            format!("{cause}; next attempt in {seconds} s")
        }
        State::Paused { .. } => "paused".to_owned(),
        State::Closed(_) => "closed".to_owned(),
        _ => "connecting".to_owned(),
    };
    // While it is open, the error is of an event: the shop and this app disagree about the format.
    let problem = move || stream.is_open().get().then(|| error.get().map(|error| error.to_string()));
    view! {
        <p class="live" data-live=move || stream.is_open().get().to_string() title=problem>
            <span role="status">{text}</span>
            <Show when=move || stream.is_open().get() && error.read().is_some()>" (with errors)"</Show>
        </p>
    }
}

/// What came last.
// PLACE FOR <EventLog/>: it takes the same log, `Updates::expect().log`.
#[component]
pub(crate) fn Activity() -> impl IntoView {
    let entries = Updates::expect().log.entries();
    let latest_first = move || entries.read().iter().rev().cloned().collect::<Vec<_>>();
    view! {
        <aside>
            <h2>"Activity"</h2>
            <ol>
                <For each=latest_first key=|entry| entry.serial let:entry>
                    <li data-id=entry.last_event_id.clone()>{describe(&entry.event)}</li>
                </For>
            </ol>
        </aside>
    }
}

fn describe(Json(update): &Json<Update>) -> String {
    match update {
        Update::Order(order) => format!("Order {}: {}, {}", order.id, order.article, order.status.label()),
        Update::Stock(stock) => format!("{}: {} left", stock.article, stock.left),
    }
}
