//! What is sent.

use browser_tests::{Engine, Stream, Told, Watch};
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::Connection;
use sse_web::transport::Fetch;
use wasm_bindgen_test::wasm_bindgen_test;

use super::over;
use crate::suite::options;

#[wasm_bindgen_test]
async fn c02_it_asks_for_an_event_stream_and_costs_no_preflight() {
    let stream = Stream::new("event - - hi").await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("hi").await;
    let report = stream.report().await;
    let visit = &report.visits[0];
    assert_eq!(visit.method, "GET");
    assert_eq!(visit.headers.get("accept").map(String::as_str), Some("text/event-stream"));
    assert_eq!(visit.headers.get("cache-control").map(String::as_str), Some("no-cache"));
    assert_eq!(visit.cursor_header(), None);
    assert_eq!(visit.headers.get("cookie"), None);
    assert!(report.preflights.is_empty(), "{report:?}");
}

#[wasm_bindgen_test]
async fn c11_a_cursor_to_another_origin_is_preflighted_and_arrives() {
    let stream = Stream::new("event - 7 one\nend\n---\nevent - 8 two").await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("two").await;
    let report = stream.report().await;
    assert_eq!(report.preflights, ["last-event-id"], "the first request costs none");
    let cursors: Vec<_> = report.visits.iter().map(sse_testkit::Visit::cursor_header).collect();
    assert_eq!(cursors, [None, Some("7")]);
}

/// The browser's own `EventSource` keeps such an id to itself, and we never hear of it.
#[wasm_bindgen_test]
async fn p12_an_id_without_data_goes_with_the_next_request() {
    let stream = Stream::new("event - 41 first\nraw id:42%0A%0A\nend\n---\nevent - - last").await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("last").await;
    let report = stream.report().await;
    let cursors: Vec<_> = report.visits.iter().map(sse_testkit::Visit::cursor_header).collect();
    assert_eq!(cursors, [None, Some("42")]);
}

#[wasm_bindgen_test]
async fn c11_a_server_that_refuses_the_preflight_looks_like_a_dead_network() {
    let stream = Stream::new("event - 7 one\nend\n---\nno-cors\nevent - - never").await;
    // At once: the wait before the next attempt is short.
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::Failure(Failure::Network) = told {
            slot.with(Connection::close);
        }
    });
    watch.until_phase("closed").await;
    assert_eq!(watch.failures(), [Failure::Ended, Failure::Network]);
    let report = stream.report().await;
    assert_eq!((report.preflights.len(), report.visits.len()), (1, 1), "it was only asked");
}

#[wasm_bindgen_test]
async fn c10_the_cursor_is_sent_as_utf_8() {
    let stream = Stream::new("event - - hi").await;
    let mut options = options();
    options.last_event_id = "漢ü".to_owned();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    let header = Engine::current().header_of_bytes("漢ü");
    assert_eq!(stream.report().await.visits[0].cursor_header(), Some(header.as_str()));
}

#[wasm_bindgen_test]
async fn headers_are_sent() {
    let stream = Stream::new("event - - hi").await;
    let fetch = Fetch::new()
        .with_header("x-room", "caf\u{e9}")
        .and_then(|fetch| fetch.with_header("Accept", "text/event-stream, application/json"))
        .expect("valid headers");
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_data("hi").await;
    let headers = &stream.report().await.visits[0].headers;
    assert_eq!(headers.get("x-room").map(String::as_str), Some("caf\u{e9}"));
    assert_eq!(headers.get("accept").map(String::as_str), Some("text/event-stream, application/json"));
}

#[wasm_bindgen_test]
async fn c10_a_header_does_not_take_the_place_of_the_cursor() {
    let stream = Stream::new("event - 8 one\nend\n---\nevent - - two").await;
    let fetch = Fetch::new().with_header("Last-Event-ID", "7").expect("a valid header");
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_data("two").await;
    let visits = stream.report().await.visits;
    assert_eq!(visits[1].cursor_header(), Some("8"));
}

#[wasm_bindgen_test]
fn what_cannot_be_a_header_is_an_error_value() {
    for (name, value) in
        [("", "x"), ("a b", "x"), ("a:", "x"), ("ü", "x"), ("a", "x\ny"), ("a", "\0"), ("a", "漢")]
    {
        assert!(Fetch::new().with_header(name, value).is_err(), "{name:?}: {value:?}");
    }
}

#[wasm_bindgen_test]
async fn a_url_with_a_user_in_it_cannot_be_fetched_and_is_not_tried_for_ever() {
    let stream = Stream::new("event - - never").await;
    let url = stream.url().replace("://", "://user:password@");
    let watch = Watch::open(&url, options());
    watch.until_phase("closed").await;
    assert_eq!(watch.state(), State::Closed(CloseReason::Refused(Failure::Unsupported)));
    assert_eq!(stream.report().await.visits.len(), 0);
}
