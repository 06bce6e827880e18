use browser_tests::{mount, open};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{Delivery, Log};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, tick, use_market};

fn prices(log: Log<Market>) -> Vec<Option<u32>> {
    log.entries().with_untracked(|entries| entries.iter().map(|entry| entry.event.price()).collect())
}

#[wasm_bindgen_test]
async fn a_log_holds_the_last_events_and_counts_what_it_dropped() {
    let transport = Scripted::new();
    let (_mounted, log) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).log(3)
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    assert_eq!((prices(log), log.dropped().get_untracked()), (vec![Some(1)], 0));
    for price in 2..=10 {
        tick(&stream, "ACME", price);
    }
    assert_eq!(prices(log), [Some(8), Some(9), Some(10)]);
    assert_eq!(log.dropped().get_untracked(), 7);
    let serials: Vec<_> =
        log.entries().with_untracked(|entries| entries.iter().map(|it| it.serial).collect());
    assert_eq!(serials, [7, 8, 9], "keys for a list");
}

#[wasm_bindgen_test]
async fn an_entry_knows_its_event_id() {
    let transport = Scripted::new();
    let (_mounted, log) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).log(3)
    });
    let stream = open(&transport).await;
    stream.event("closed", "", "17");
    assert_eq!(log.entries().with_untracked(|entries| entries[0].last_event_id.clone()), "17");
}

#[wasm_bindgen_test]
async fn a_log_without_room_counts_every_event_as_dropped() {
    let transport = Scripted::new();
    let (_mounted, log) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).log(0)
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    tick(&stream, "ACME", 2);
    assert_eq!((prices(log), log.dropped().get_untracked()), (vec![], 2));
}
