use std::time::Duration;

use browser_tests::{Live, Stream, mount, next_task, quick_options, until};
use leptos::prelude::*;
use leptos_eventsource::{
    EventSourceHandle, EventSourceOptions, Sharing, State, Text, use_event_source_with_options,
};
use wasm_bindgen_test::wasm_bindgen_test;

fn use_shared(url: String) -> EventSourceHandle<Text> {
    let options = EventSourceOptions::from(quick_options()).with_sharing(Sharing::browser());
    use_event_source_with_options(url, options)
}

#[wasm_bindgen_test]
async fn components_share_a_connection_until_the_last_is_gone() {
    let stream = Stream::new(
        "event - 1 one
         wait second
         event - 2 two
         wait third
         event - 3 three",
    )
    .await;
    let component = |url: &str| {
        let url = url.to_owned();
        mount(move || {
            let stream = use_shared(url);
            (stream, stream.fold(String::new(), |all, Text(text)| *all += text))
        })
    };
    // Whatever is made once and kept has been made by the first count.
    let warm = Stream::new("event - 1 warm").await;
    let (mounted, (_, of_warm)) = component(warm.url());
    until("a first event of another stream", || of_warm.get_untracked() == "warm").await;
    drop(mounted);
    warm.until_nobody_is_connected().await;
    next_task().await;
    let before = Live::count();
    let (first, (_, of_first)) = component(stream.url());
    until("the first event", || of_first.get_untracked() == "one").await;
    let (second, (handle, of_second)) = component(stream.url());
    until("what has come so far", || of_second.get_untracked() == "one").await;
    assert!(handle.is_open().get_untracked());
    stream.release("second").await;
    until("the second event", || of_second.get_untracked() == "onetwo").await;
    assert_eq!(of_first.get_untracked(), "onetwo");
    drop(first);
    stream.release("third").await;
    until("the third event", || of_second.get_untracked() == "onetwothree").await;
    drop(second);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(Live::count().listeners(), before.listeners());
    before.again().await;
}

#[wasm_bindgen_test]
async fn who_joins_others_that_wait_is_told_why() {
    let stream = Stream::new("end").await;
    let component = || {
        let url = stream.url().to_owned();
        let mut connection = quick_options();
        connection.client.backoff.floor = Duration::from_secs(3600);
        mount(move || {
            let options = EventSourceOptions::from(connection).with_sharing(Sharing::page());
            use_event_source_with_options::<Text>(url, options)
        })
    };
    let (_first, first) = component();
    until("the first waits", || first.error().get_untracked().is_some()).await;
    let (_second, second) = component();
    until("the second waits", || matches!(second.state().get_untracked(), State::Waiting { .. })).await;
    assert_eq!(second.error().get_untracked(), first.error().get_untracked());
}
