use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use browser_tests::{mount, open};
use futures_core::Stream;
use leptos::prelude::Owner;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{Delivery, EventStream};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, tick, use_market};

async fn next(stream: &mut EventStream<Market>) -> Option<Option<u32>> {
    let event = poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await;
    event.map(|event| event.price())
}

async fn is_empty(stream: &mut EventStream<Market>) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *stream).poll_next(context).is_pending())).await
}

#[wasm_bindgen_test]
async fn a_stream_gives_every_event_in_order_and_wakes_whoever_waits() {
    let transport = Scripted::new();
    let (_mounted, mut stream) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).stream(8)
    });
    let server = open(&transport).await;
    tick(&server, "ACME", 1);
    tick(&server, "ACME", 2);
    assert_eq!(next(&mut stream).await, Some(Some(1)));
    assert_eq!(next(&mut stream).await, Some(Some(2)));
    assert!(is_empty(&mut stream).await);
    wasm_bindgen_futures::spawn_local(async move {
        browser_tests::next_task().await;
        tick(&server, "ACME", 3);
    });
    assert_eq!(next(&mut stream).await, Some(Some(3)));
    assert_eq!(stream.dropped(), 0);
}

#[wasm_bindgen_test]
async fn a_stream_that_nobody_reads_keeps_the_newest_and_counts_the_rest() {
    let transport = Scripted::new();
    let (_mounted, mut stream) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).stream(2)
    });
    let server = open(&transport).await;
    for price in 1..=5 {
        tick(&server, "ACME", price);
    }
    assert_eq!(stream.dropped(), 3);
    assert_eq!(next(&mut stream).await, Some(Some(4)));
    assert_eq!(next(&mut stream).await, Some(Some(5)));
}

#[wasm_bindgen_test]
async fn a_stream_ends_with_its_owner_and_not_before_what_is_left_was_taken() {
    let transport = Scripted::new();
    let (mounted, mut stream) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).stream(2)
    });
    let server = open(&transport).await;
    tick(&server, "ACME", 1);
    drop(mounted);
    assert_eq!(next(&mut stream).await, Some(Some(1)));
    assert_eq!(next(&mut stream).await, None);
}

#[wasm_bindgen_test]
async fn a_stream_that_was_dropped_takes_nobody_else_along_when_its_owner_goes() {
    let transport = Scripted::new();
    let (_mounted, (market, owner)) = mount({
        let transport = transport.clone();
        move || (use_market(&transport, Delivery::Immediate), Owner::new())
    });
    let server = open(&transport).await;
    drop(owner.with(|| market.stream(8)));
    // With this event it is forgotten, and its place is free for the next.
    tick(&server, "ACME", 1);
    let mut next_one = market.stream(8);
    owner.cleanup();
    tick(&server, "ACME", 2);
    assert_eq!(next(&mut next_one).await, Some(Some(2)));
}
