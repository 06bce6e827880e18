use browser_tests::{Stream, mount, quick_options, until};
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
