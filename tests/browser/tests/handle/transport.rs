use std::cell::Cell;
use std::rc::Rc;

use browser_tests::{Stream, count_crossings, mount, quick_options, until};
use leptos::prelude::*;
use leptos_eventsource::transport::Fetch;
use leptos_eventsource::{Error, EventSourceOptions, Failure, Text, use_event_source_with_options};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn a_stream_can_be_fetched_with_a_token_and_ends_with_its_owner() {
    let stream = Stream::new("event - - hi").await;
    let url = stream.url().to_owned();
    let (mounted, latest) = mount(move || {
        let fetch = Fetch::new().with_bearer(|_| async { Ok("x".to_owned()) });
        let options = EventSourceOptions::from(quick_options()).with_transport(fetch);
        use_event_source_with_options::<Text>(url, options).latest()
    });
    until("an event", || latest.get_untracked() == Some(Text("hi".to_owned()))).await;
    drop(mounted);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    let visits = stream.report().await.visits;
    assert_eq!(visits[0].headers.get("authorization").map(String::as_str), Some("Bearer x"));
}

#[wasm_bindgen_test]
async fn the_error_says_why_a_server_refuses_a_fetch() {
    let stream = Stream::new("status 404").await;
    let url = stream.url().to_owned();
    let (_mounted, error) = mount(move || {
        let options = EventSourceOptions::from(quick_options()).with_transport(Fetch::new());
        use_event_source_with_options::<Text>(url, options).error()
    });
    until("an error", || error.get_untracked().is_some()).await;
    let refused = Failure::Status { status: 404, retry_after: None };
    assert_eq!(error.get_untracked(), Some(Error::Connection(refused)));
}

#[wasm_bindgen_test]
async fn a_small_event_that_is_folded_with_its_id_asks_nothing_of_javascript() {
    let stream = Stream::new("repeat 10000 event - {n} {n}").await;
    let url = stream.url().to_owned();
    // In front of how many events something was asked. What the test itself asks while it waits lies between chunks.
    let asking = Rc::new(Cell::new(0));
    let last = Cell::new(count_crossings());
    let (_mounted, id) = mount({
        let asking = asking.clone();
        move || {
            let options = EventSourceOptions::from(quick_options()).with_transport(Fetch::new());
            let stream = use_event_source_with_options::<Text>(url, options);
            let count = stream.fold(0, |count, _| *count += 1);
            Effect::new(move |_| count.get());
            stream.fold_with_id(String::new(), move |last_id, _, id| {
                id.clone_into(last_id);
                let now = count_crossings();
                // The one more is this question itself.
                if now > last.replace(now) + 1.0 {
                    asking.set(asking.get() + 1);
                }
            })
        }
    });
    until("the last event", || id.get_untracked() == "10000").await;
    assert!((1..100).contains(&asking.get()), "something was asked in front of {} events", asking.get());
}
