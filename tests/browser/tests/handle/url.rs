use browser_tests::{Counted, Stream, mount, next_task, quick_options, until};
use leptos::prelude::*;
use leptos_eventsource::{EventSourceOptions, State, Text, use_event_source_with_options};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::use_stream;

#[wasm_bindgen_test]
async fn a_url_that_changes_takes_the_connection_with_it_but_not_the_cursor() {
    let first = Stream::new("event - 41 first").await;
    let second = Stream::new("event - - second").await;
    let url = RwSignal::new(first.url().to_owned());
    let (_mounted, latest) = mount(move || {
        let mut connection = quick_options();
        connection.last_event_id = "40".to_owned();
        let options = EventSourceOptions::from(connection);
        use_event_source_with_options::<Text>(url, options).latest()
    });
    let is = |text: &str| latest.get_untracked() == Some(Text(text.to_owned()));
    until("the first stream", || is("first")).await;
    assert_eq!(first.report().await.visits[0].cursor_parameter(), Some("40"));
    url.set(second.url().to_owned());
    until("the second stream", || is("second")).await;
    assert_eq!(first.until_nobody_is_connected().await, 1);
    let report = second.report().await;
    assert_eq!(report.open, 1);
    assert_eq!(report.visits[0].cursor_parameter(), None, "ids mean nothing to another stream");
}

#[wasm_bindgen_test]
async fn a_url_that_changes_fifty_times_leaves_one_connection() {
    let stream = Stream::new("event - - hi").await;
    let url = RwSignal::new(stream.url().to_owned());
    let options = EventSourceOptions::from(quick_options());
    let transport = Counted::new(options.connection.transport.clone());
    let options = options.with_transport(transport.clone());
    let (_mounted, count) =
        mount(move || use_event_source_with_options::<Text>(url, options).fold(0, |count, _| *count += 1));
    for number in 0..50 {
        // One that nobody asks for: it is replaced first.
        url.set(format!("{}&burst={number}", stream.url()));
        url.set(format!("{}&number={number}", stream.url()));
        // Some live to see an event, some are replaced as soon as they have asked.
        if number % 5 == 0 {
            let seen = count.get_untracked();
            until("an event", || count.get_untracked() > seen).await;
        } else {
            next_task().await;
        }
    }
    // The first is replaced before it is asked for.
    assert_eq!(transport.requests(), 50, "each URL is asked for");
    let is_last = |visit: &sse_testkit::Visit| visit.query.get("number").is_some_and(|number| number == "49");
    let report = stream
        .until("only the last is connected", |report| report.open == 1 && report.visits.iter().any(is_last))
        .await;
    assert!(report.visits.iter().find(|visit| visit.open).is_some_and(is_last), "{report:?}");
}

#[wasm_bindgen_test]
async fn a_url_that_is_said_again_keeps_the_connection_and_the_cursor() {
    let stream = Stream::new("event - 7 hi\nwait more\nevent - 8 again").await;
    let url = RwSignal::new(stream.url().to_owned());
    let (_mounted, count) = mount(move || use_stream(url).fold(0, |count, _| *count += 1));
    until("the first event", || count.get_untracked() == 1).await;
    url.set(stream.url().to_owned());
    stream.release("more").await;
    until("the second event", || count.get_untracked() == 2).await;
    assert_eq!(stream.report().await.visits.len(), 1);
}

#[wasm_bindgen_test]
async fn without_a_url_nothing_is_connected_and_the_next_url_is_another_stream() {
    let first = Stream::new("event - 41 first").await;
    let second = Stream::new("event - - second").await;
    let url = RwSignal::new(None);
    let (_mounted, (handle, latest)) = mount(move || {
        let mut connection = quick_options();
        connection.last_event_id = "40".to_owned();
        let options = EventSourceOptions::from(connection);
        let handle = use_event_source_with_options::<Text>(url, options);
        (handle, handle.latest())
    });
    let (state, error) = (handle.state(), handle.error());
    let is_idle = || state.get_untracked() == State::Idle;
    let is = |text: &str| latest.get_untracked() == Some(Text(text.to_owned()));
    leptos::task::tick().await;
    assert!(is_idle(), "{:?}", state.get_untracked());
    url.set(Some(first.url().to_owned()));
    until("the first stream", || is("first")).await;
    assert_eq!(first.report().await.visits[0].cursor_parameter(), Some("40"), "it is the first URL");
    url.set(None);
    until("no stream", is_idle).await;
    assert_eq!(first.until_nobody_is_connected().await, 1);
    handle.reconnect();
    assert!(is_idle(), "{:?}", state.get_untracked());
    handle.pause();
    handle.resume();
    assert!(is_idle(), "{:?}", state.get_untracked());
    assert_eq!(error.get_untracked(), None, "to have no URL is no error");
    url.set(Some(second.url().to_owned()));
    until("the second stream", || is("second")).await;
    assert_eq!(first.report().await.visits.len(), 1);
    assert_eq!(
        second.report().await.visits[0].cursor_parameter(),
        None,
        "ids mean nothing to another stream"
    );
}
