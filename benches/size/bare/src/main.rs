//! The same page without an event stream: what Leptos itself weighs.

use std::time::Duration;

use leptos::prelude::*;

fn main() {
    mount_to_body(Price);
}

#[component]
fn Price() -> impl IntoView {
    let (price, set_price) = signal(None::<f64>);
    set_interval(
        move || set_price.update(|price| *price = Some(price.unwrap_or(100.0) + 0.01)),
        Duration::from_secs(1),
    );
    view! { <p>{move || price.get()}</p> }
}
