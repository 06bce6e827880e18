//! What a browser allows: six connections at a time to one host over HTTP/1.1.

use std::time::Duration;

use browser_tests::{Stream, Watch};
use sse_proto::client::Failure;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;

#[wasm_bindgen_test]
async fn c19_a_seventh_connection_waits_for_one_of_the_six_and_is_not_called_open() {
    let stream = Stream::new("event - - hi").await;
    // Under this name the server is another host: the test itself must still reach it.
    let url = stream.url_of_another_origin();
    let mut six: Vec<_> = (0..6).map(|_| Watch::open(&url, options())).collect();
    for watch in &six {
        watch.until_data("hi").await;
    }
    let mut options = options();
    options.client.connect_timeout = Some(Duration::from_secs(1));
    let seventh = Watch::open(&url, options);
    seventh.until_phase("waiting for 3").await;
    assert_eq!(seventh.failures(), [Failure::ConnectTimeout, Failure::ConnectTimeout]);
    assert_eq!(stream.report().await.visits.len(), 6, "the server knows nothing of it");
    // The first that goes makes room for it. By now WebKit has collected its garbage, and would have forgotten how to
    // abort a request that nobody holds.
    six.pop();
    seventh.until_data("hi").await;
    assert!(!seventh.phases()[..5].contains(&"open".to_owned()), "{:?}", seventh.phases());
    let report = stream.until("six are connected again", |report| report.open == 6).await;
    assert!(report.visits.len() > 6);
}
