use browser_tests::{Carrier, Counted, Live, Stream, mount, next_task, until};
use leptos::prelude::*;
use leptos_eventsource::{Delivery, EventSourceOptions, StreamUrl, Text, use_event_source_with_options};
use wasm_bindgen_test::wasm_bindgen_test;

/// How many events have come.
fn use_stream(options: EventSourceOptions, url: impl Into<StreamUrl>) -> ReadSignal<u32> {
    use_event_source_with_options::<Text>(url, options).fold(0, |count, _| *count += 1)
}

async fn fifty_urls_leave_what_one_has(carrier: Carrier) {
    let stream = Stream::new("event - - hi").await;
    let url = RwSignal::new(stream.url().to_owned());
    let options = crate::options(carrier, Delivery::Immediate);
    let transport = Counted::new(options.connection.transport.clone());
    // What is made once and kept is not to be counted.
    let warm_up = mount({
        let url = stream.url().to_owned();
        move || use_stream(options, url)
    });
    stream.until("a request", |report| report.open == 1).await;
    drop(warm_up);
    stream.until_nobody_is_connected().await;
    let nothing = Live::count();
    let (mounted, count) = mount({
        let options = crate::options(carrier, Delivery::Immediate).with_transport(transport.clone());
        move || use_stream(options, url)
    });
    let next_event = async || {
        let seen = count.get_untracked();
        until("an event", || count.get_untracked() > seen).await;
    };
    next_event().await;
    let one = Live::count();
    for number in 0..50 {
        // One that nobody asks for: it is replaced first.
        url.set(format!("{}&burst={number}", stream.url()));
        url.set(format!("{}&number={number}", stream.url()));
        // Some live to see an event, some are replaced as soon as they have asked.
        if number % 5 == 4 {
            next_event().await;
        } else {
            next_task().await;
        }
    }
    assert_eq!(transport.requests(), 51, "each URL is asked for");
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
