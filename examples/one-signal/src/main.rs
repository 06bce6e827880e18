//! The smallest page with a live signal.

use leptos::mount::mount_to_body;
use leptos::prelude::*;
use leptos_eventsource::{Json, use_event_source};

fn main() {
    mount_to_body(Price);
}

#[component]
fn Price() -> impl IntoView {
    let stream = use_event_source::<Json<f64>>("/price");
    let price = stream.latest();
    view! { <p>{move || price.get().map(|Json(price)| price)}</p> }
}
