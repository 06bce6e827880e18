use browser_tests::{Carrier, Live, Stream, mount, until};
use leptos::prelude::*;
use leptos_eventsource::{Delivery, StreamUrl, Text, use_event_source_with_options};
use wasm_bindgen_test::wasm_bindgen_test;

/// How many events have come.
fn use_stream(carrier: Carrier, url: impl Into<StreamUrl>) -> ReadSignal<u32> {
    let options = crate::options(carrier, Delivery::Immediate);
    use_event_source_with_options::<Text>(url, options).fold(0, |count, _| *count += 1)
}

async fn fifty_urls_leave_what_one_has(carrier: Carrier) {
    let stream = Stream::new("event - - hi").await;
    let url = RwSignal::new(stream.url().to_owned());
    // What is made once and kept is not to be counted.
    let warm_up = mount({
        let url = stream.url().to_owned();
        move || use_stream(carrier, url)
    });
    stream.until("a request", |report| report.open == 1).await;
    drop(warm_up);
    stream.until_nobody_is_connected().await;
    let nothing = Live::count();
    let (mounted, count) = mount(move || use_stream(carrier, url));
    let next_event = async || {
        let seen = count.get_untracked();
        until("an event", || count.get_untracked() > seen).await;
    };
    next_event().await;
    let one = Live::count();
    for number in 0..50 {
        url.set(format!("{}&number={number}", stream.url()));
        // Some live to see an event, some are replaced at once.
        if number % 5 == 4 {
            next_event().await;
        }
    }
    let report = stream.until("only the last is connected", |report| report.open == 1).await;
    let last = report.visits.iter().find(|visit| visit.open).expect("one is open");
    assert_eq!(last.query.get("number").map(String::as_str), Some("49"));
    one.again().await;
    drop(mounted);
    stream.until_nobody_is_connected().await;
    nothing.again().await;
}

#[wasm_bindgen_test]
async fn fifty_urls_leave_what_one_has_over_the_native_transport() {
    fifty_urls_leave_what_one_has(Carrier::Native).await;
}

#[wasm_bindgen_test]
async fn fifty_urls_leave_what_one_has_over_fetch() {
    fifty_urls_leave_what_one_has(Carrier::Fetch).await;
}
