use leptos::prelude::*;
use leptos_eventsource::components::{ConnectionBadge, EventLog, Newest, Row};
use leptos_eventsource::{Entry, Json};

use crate::model::Update;
use crate::updates::Updates;

/// How many updates are listed.
const LISTED: usize = 20;

/// What the connection is doing.
#[component]
pub(crate) fn Live() -> impl IntoView {
    let stream = Updates::expect().stream;
    let (is_open, error) = (stream.is_open(), stream.error());
    // While it is open, the error is of an event: the shop and this app disagree about the format.
    let problem = move || is_open.get().then(|| error.get()).flatten();
    view! {
        <div class="live">
            {move || problem().map(|problem| view! { <span class="problem">{problem.to_string()}</span> })}
            <ConnectionBadge stream />
        </div>
    }
}

/// What came last.
#[component]
pub(crate) fn Activity() -> impl IntoView {
    let stream = Updates::expect().stream;
    let row = Row::new(|Entry { event, last_event_id, .. }| {
        view! { <span data-id=last_event_id>{describe(&event)}</span> }
    });
    view! {
        <aside>
            <h2>"Activity"</h2>
            <EventLog stream capacity=LISTED newest=Newest::First row />
        </aside>
    }
}

fn describe(Json(update): &Json<Update>) -> String {
    match update {
        Update::Order(order) => format!("Order {}: {}, {}", order.id, order.article, order.status.label()),
        Update::Stock(stock) => format!("{}: {} left", stock.article, stock.left),
    }
}
