//! One signal from an event stream: the smallest page that there is a reason for.

use leptos::prelude::*;
use leptos_eventsource::{Json, use_event_source};

fn main() {
    mount_to_body(Price);
}

#[component]
fn Price() -> impl IntoView {
    let price = use_event_source::<Json<f64>>("/stock-price").latest();
    view! { <p>{move || price.get().map(|Json(price)| price)}</p> }
}
