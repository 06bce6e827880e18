//! A kitchen's screen: the orders that are still to be cooked, and whether the restaurant can be reached.
//!
//! What is to be learnt from it is in `tests/kitchen.rs`: how its author tests it without a server.

use leptos::prelude::*;
use leptos_eventsource::transport::Fetch;
use leptos_eventsource::{
    CloseReason, EventSet, EventSourceOptions, Failure, Json, State, use_event_source_with_options,
};
use serde::{Deserialize, Serialize};

/// An order, as the waiter wrote it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number, another one for every order.
    pub number: u32,
    /// What to cook.
    pub dish: String,
}

/// What the restaurant tells its kitchen.
#[derive(Clone, Debug, PartialEq, Eq, EventSet)]
pub enum Kitchen {
    /// A guest wants something.
    Ordered(Order),
    /// The order with this number is on the table.
    Served(u32),
}

/// The orders that are still to be cooked.
///
/// The options are a property, so that a test can give it another transport. An app leaves them out: then it is
/// `Fetch`, because the browser's own `EventSource` does not tell a 401 from any other refusal.
#[component]
pub fn Orders(
    /// How the stream behaves.
    #[prop(default = EventSourceOptions::default().with_transport(Fetch::new()))]
    options: EventSourceOptions,
) -> impl IntoView {
    let kitchen = use_event_source_with_options::<Kitchen>("/api/kitchen", options);
    let open = kitchen.fold(Vec::new(), |open: &mut Vec<Order>, event| match event {
        Kitchen::Ordered(order) => open.push(order.clone()),
        Kitchen::Served(number) => open.retain(|order| order.number != *number),
    });
    let state = kitchen.state();
    view! {
        <p class="status">{move || state.with(status)}</p>
        <ul>
            <For each=move || open.get() key=|order| order.number let:order>
                <li class="dish">{order.dish}</li>
            </For>
        </ul>
    }
}

/// How many guests are in the house.
#[component]
pub fn Guests(
    /// How the stream behaves.
    #[prop(optional)]
    options: EventSourceOptions,
) -> impl IntoView {
    let guests = use_event_source_with_options::<Json<u32>>("/api/guests", options).latest();
    view! { <p class="guests">{move || guests.get().map(|Json(guests)| guests)}</p> }
}

fn status(state: &State) -> &'static str {
    match state {
        State::Open => "ready",
        State::Closed(CloseReason::Refused(Failure::Status { status: 401, .. })) => "please log in",
        State::Closed(_) => "closed",
        State::Waiting { .. } => "the restaurant cannot be reached",
        _ => "one moment",
    }
}
