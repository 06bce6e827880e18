//! c18: what a POST may do by itself, and what not; and a QUERY, which may be sent again.

use std::time::Duration;

use browser_tests::{Stream, Watch};
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::Connection;
use sse_web::transport::{Body, Fetch};
use wasm_bindgen_test::wasm_bindgen_test;

use super::over;
use crate::CARRIER;

fn interrupted(cause: Option<Failure>) -> State {
    State::Closed(CloseReason::Interrupted { cause })
}

#[wasm_bindgen_test]
async fn a_body_is_sent_as_it_was_given() {
    let bytes = Body::Bytes(b"\x00{}".to_vec());
    for (body, sent, content_type) in [
        (Body::from("{\"ü\":1}"), "{\"ü\":1}", "text/plain;charset=UTF-8"),
        (bytes, "\0{}", "application/json"),
    ] {
        let stream = Stream::new("event - - hi").await;
        let mut fetch = Fetch::post(body);
        if content_type == "application/json" {
            fetch = fetch.with_header("content-type", content_type).expect("a valid header");
        }
        let watch = Watch::open(stream.url(), over(fetch));
        watch.until_data("hi").await;
        let visit = &stream.report().await.visits[0];
        assert_eq!((visit.method.as_str(), visit.body.as_str()), ("POST", sent));
        assert_eq!(visit.headers.get("content-type").map(String::as_str), Some(content_type));
    }
}

#[wasm_bindgen_test]
async fn c18_a_post_is_not_repeated_when_it_drops() {
    for (ending, cause) in [("end", Failure::Ended), ("cut", CARRIER.cut()), ("reset", CARRIER.reset())] {
        let stream = Stream::new(&format!("event - 1 one\nwait read\n{ending}")).await;
        let watch = Watch::open(stream.url(), over(Fetch::post("{}")));
        watch.until_data("one").await;
        stream.release("read").await;
        watch.until_phase("closed").await;
        assert_eq!(watch.state(), interrupted(Some(cause.clone())));
        assert_eq!(watch.failures(), [cause]);
        assert_eq!(stream.until_nobody_is_connected().await, 1);
    }
}

#[wasm_bindgen_test]
async fn c18_a_post_is_not_repeated_when_it_is_not_answered_in_time() {
    let stream = Stream::new("stall").await;
    let mut options = over(Fetch::post("{}"));
    options.client.connect_timeout = Some(Duration::from_secs(4));
    let watch = Watch::open(stream.url(), options);
    watch.until_phase("closed").await;
    assert_eq!(watch.state(), interrupted(Some(Failure::ConnectTimeout)));
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn c18_a_post_that_is_paused_is_over() {
    let stream = Stream::new("event - 1 one").await;
    let watch = Watch::open(stream.url(), over(Fetch::post("{}")));
    watch.until_data("one").await;
    watch.connection().with(Connection::pause);
    assert_eq!(watch.state(), interrupted(None));
    watch.connection().with(Connection::resume);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.failures(), []);
}

#[wasm_bindgen_test]
async fn c18_a_post_that_is_refused_is_refused() {
    let stream = Stream::new("status 503\nheader retry-after 0").await;
    let watch = Watch::open(stream.url(), over(Fetch::post("{}")));
    watch.until_phase("closed").await;
    let refusal = Failure::Status { status: 503, retry_after: Some(Duration::ZERO) };
    assert_eq!(watch.state(), State::Closed(CloseReason::Refused(refusal)));
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn c18_the_owner_may_send_a_post_again() {
    let stream = Stream::new("event - 1 one\nend\n---\nevent - 2 two").await;
    let watch = Watch::open(stream.url(), over(Fetch::post("{}")));
    watch.until_phase("closed").await;
    watch.connection().with(Connection::reconnect);
    watch.until_data("two").await;
    let visits = stream.report().await.visits;
    assert_eq!((visits[1].method.as_str(), visits[1].body.as_str()), ("POST", "{}"));
}

#[wasm_bindgen_test]
async fn c18_a_post_is_repeated_from_its_cursor_when_that_is_allowed() {
    let stream = Stream::new("event - 1 one\nend\n---\nevent - 2 two").await;
    let watch = Watch::open(stream.url(), over(Fetch::post("{}").repeatable()));
    watch.until_data("two").await;
    let visits = stream.report().await.visits;
    assert_eq!((visits[1].method.as_str(), visits[1].body.as_str()), ("POST", "{}"));
    assert_eq!(visits[1].cursor_header(), Some("1"));
}

#[wasm_bindgen_test]
async fn c05_a_post_is_repeated_where_its_owner_sent_it() {
    let stream = Stream::new(
        "redirect
         ---
         event - - arrived
         end
         ---
         event - - again",
    )
    .await;
    let watch = Watch::open(stream.url(), over(Fetch::post("{}").repeatable()));
    watch.until_data("again").await;
    let visits = stream.report().await.visits;
    let redirected: Vec<_> = visits.iter().map(|visit| visit.query.contains_key("redirected")).collect();
    assert_eq!(redirected, [false, true, false]);
    assert!(visits.iter().all(|visit| visit.body == "{}"), "{visits:?}");
}

#[wasm_bindgen_test]
async fn c18_a_post_that_ends_by_itself_is_complete() {
    let stream = Stream::new("event sse.open a.0 {}\nevent - a.1 one\nevent sse.end - {}").await;
    let watch = Watch::open(stream.url(), over(Fetch::post("{}")));
    watch.until_phase("closed").await;
    assert_eq!(watch.state(), State::Closed(CloseReason::Ended));
    assert_eq!(watch.failures(), []);
}

#[wasm_bindgen_test]
async fn c18_a_query_is_sent_with_its_body_and_again_when_it_drops() {
    let stream = Stream::new("event - 1 one\nend\n---\nevent - 2 two").await;
    let watch = Watch::open(stream.url(), over(Fetch::query("{}")));
    watch.until_data("two").await;
    let visits = stream.report().await.visits;
    let sent: Vec<_> = visits.iter().map(|visit| (visit.method.as_str(), visit.body.as_str())).collect();
    assert_eq!(sent, [("QUERY", "{}"); 2]);
    assert_eq!(visits[1].cursor_header(), Some("1"));
}
