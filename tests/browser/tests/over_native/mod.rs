//! What holds over the browser's own `EventSource` only.

use browser_tests::{Stream, Watch};
use sse_proto::client::Failure;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;
use crate::suite::refusal::assert_closes;

#[wasm_bindgen_test]
async fn c03_a_503_closes_too_as_it_cannot_be_told_apart() {
    assert_closes("status 503\nheader retry-after 0", &Failure::Rejected).await;
}

#[wasm_bindgen_test]
async fn c03_a_refusal_is_tried_again_on_request() {
    let stream = Stream::new(
        "status 503
         ---
         status 503
         ---
         event - - hi",
    )
    .await;
    let mut options = options();
    options.client.retry_rejected = true;
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(watch.failures(), [Failure::Rejected, Failure::Rejected]);
    assert_eq!(stream.report().await.visits.len(), 3);
}

#[wasm_bindgen_test]
async fn c10_the_cursor_is_sent_as_utf_8() {
    let stream = Stream::new("event - - hi").await;
    let mut options = options();
    options.last_event_id = "漢ü".to_owned();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(stream.report().await.visits[0].cursor_parameter(), Some("漢ü"));
}

#[wasm_bindgen_test]
async fn c10_the_parameter_can_have_another_name_or_be_left_out() {
    for (name, sent) in [(Some("lastEventID"), Some("7")), (None, None)] {
        let stream = Stream::new("event - - hi").await;
        let mut options = options();
        options.last_event_id = "7".to_owned();
        options.cursor_parameter = name.map(Into::into);
        let watch = Watch::open(stream.url(), options);
        watch.until_data("hi").await;
        let report = stream.report().await;
        assert_eq!(report.visits[0].query.get("lastEventID").map(String::as_str), sent);
        assert_eq!(report.visits[0].cursor_parameter(), None);
    }
}
