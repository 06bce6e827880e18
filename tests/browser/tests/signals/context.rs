use browser_tests::{mount_view, open, until};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{Delivery, EventSourceHandle};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, tick, use_market};

#[component]
fn Price() -> impl IntoView {
    let market = use_context::<EventSourceHandle<Market>>().expect("a parent provides it");
    let price = market.latest();
    view! { <p>{move || price.get().and_then(|event| event.price())}</p> }
}

#[wasm_bindgen_test]
async fn a_child_uses_the_handle_of_its_parent() {
    let transport = Scripted::new();
    let mounted = mount_view({
        let transport = transport.clone();
        move || {
            provide_context(use_market(&transport, Delivery::Immediate));
            let shown = RwSignal::new(true);
            view! {
                <button on:click=move |_| shown.set(false)>"hide"</button>
                <Show when=move || shown.get()>
                    <Price />
                    <Price />
                </Show>
            }
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 7);
    until("both children show it", || mounted.text() == "hide77").await;
    assert_eq!(transport.requests().len(), 1, "over one connection");
}

fn assert_fits_a_context<T: Copy + Send + Sync + 'static>() {}

#[wasm_bindgen_test]
fn a_handle_is_copy_and_may_go_anywhere() {
    assert_fits_a_context::<EventSourceHandle<Market>>();
}
