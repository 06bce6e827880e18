//! What is made of an answer.

use std::time::Duration;

use browser_tests::{Stream, Watch};
use sse_proto::client::{Failure, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;

/// The wait that a connection is in.
fn wait(watch: &Watch) -> Duration {
    let State::Waiting { until, .. } = watch.state() else { panic!("{:?}", watch.state()) };
    until.saturating_duration_since(sse_web::now())
}

#[wasm_bindgen_test]
async fn c03_a_status_that_is_worth_it_is_tried_again() {
    let stream = Stream::new(
        "status 503
         ---
         status 429
         ---
         event - - hi",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("hi").await;
    assert_eq!(
        watch.failures(),
        [
            Failure::Status { status: 503, retry_after: None },
            Failure::Status { status: 429, retry_after: None }
        ]
    );
}

#[wasm_bindgen_test]
async fn c03_retry_after_is_a_floor() {
    let hour = Duration::from_secs(3600);
    for script in [
        "status 503\nheader retry-after 3600",
        "status 503\nheader date Sun, 06 Nov 1994 08:49:37 GMT\nheader retry-after Sun, 06 Nov 1994 09:49:37 GMT",
    ] {
        let stream = Stream::new(script).await;
        let watch = Watch::open(stream.url(), options());
        watch.until_phase("waiting for 2").await;
        assert_eq!(watch.failures(), [Failure::Status { status: 503, retry_after: Some(hour) }]);
        assert!(wait(&watch) > hour - Duration::from_secs(60), "{:?}", wait(&watch));
    }
}

#[wasm_bindgen_test]
async fn c03_an_answer_that_is_refused_is_let_go_of_while_it_still_comes() {
    for head in ["status 404", "status 503\nheader retry-after 3600", "type text/html"] {
        let stream = Stream::new(&format!("{head}\nevent - - hi\nstall")).await;
        let watch = Watch::open(stream.url(), options());
        assert_eq!(stream.until("a visit is over", |report| report.open < report.visits.len()).await.open, 0);
        assert_eq!(watch.failures().len(), 1, "{head}");
        assert_eq!(watch.data(), [""; 0], "{head}");
    }
}

#[wasm_bindgen_test]
async fn c05_a_reconnect_goes_where_the_last_response_came_from() {
    let stream = Stream::new(
        "redirect
         ---
         event - - arrived
         wait read
         end
         ---
         event - - again",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("arrived").await;
    stream.release("read").await;
    watch.until_data("again").await;
    let visits = stream.report().await.visits;
    assert_eq!(visits.len(), 3);
    assert_eq!(visits[2].query.get("redirected").map(String::as_str), Some("1"));
}

#[wasm_bindgen_test]
async fn c07_a_response_without_a_body_is_open_and_ends() {
    let stream = Stream::new("end\n---\nevent - - hi").await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("hi").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "waiting for 2", "connecting 2", "open"]);
    assert_eq!(watch.failures(), [Failure::Ended]);
}

#[wasm_bindgen_test]
async fn c16_bytes_that_are_no_event_are_a_sign_of_life() {
    let comments = "sleep 250ms\nraw :%0A%0A\n".repeat(26);
    let stream = Stream::new(&format!(
        "event sse.open a.0 {{\"heartbeat_ms\":2000}}\n{comments}event - a.1 the same connection"
    ))
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("the same connection").await;
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn p11_retry_is_seen() {
    let stream = Stream::new("raw retry:3600000%0A%0A\nend").await;
    let watch = Watch::open(stream.url(), options());
    watch.until_phase("waiting for 2").await;
    assert!(wait(&watch) > Duration::from_secs(3000), "{:?}", wait(&watch));
}
