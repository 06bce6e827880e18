use std::cell::RefCell;
use std::rc::Rc;

use browser_tests::{mount, open};
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{Delivery, EventSourceHandle};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, use_market};

/// The prices that are delivered when the gap in front of the second tick makes its hearer do something.
async fn prices_when_a_gap(react: impl Fn(EventSourceHandle<Market>) + 'static) -> Vec<Option<u32>> {
    let transport = Scripted::new();
    let prices = Rc::new(RefCell::new(Vec::new()));
    let (_mounted, ()) = mount({
        let (transport, prices) = (transport.clone(), prices.clone());
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            market.on_event(move |event| prices.borrow_mut().push(event.price()));
            market.on_gap(move |_| react(market));
        }
    });
    let stream = open(&transport).await;
    stream.event("sse.open", "{}", "a.0");
    stream.event("tick", r#"["ACME",1]"#, "a.1");
    stream.event("tick", r#"["ACME",2]"#, "b.1");
    prices.take()
}

#[wasm_bindgen_test]
async fn who_connects_anew_at_a_gap_goes_on_behind_the_event_after_it_and_gets_that_too() {
    assert_eq!(prices_when_a_gap(|market| market.reconnect()).await, [Some(1), Some(2)]);
    assert_eq!(prices_when_a_gap(|market| market.pause()).await, [Some(1), Some(2)]);
}

#[wasm_bindgen_test]
async fn c09_who_closes_at_a_gap_gets_nothing_any_more() {
    assert_eq!(prices_when_a_gap(|market| market.close()).await, [Some(1)]);
}
