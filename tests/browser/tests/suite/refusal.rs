use browser_tests::{Stream, Told, Watch};
use sse_proto::client::{CloseReason, Failure, State};
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

/// Plays `script` to a connection, and expects it to close with this failure, told once, after one request.
pub(crate) async fn assert_closes(script: &str, failure: &Failure) {
    let stream = Stream::new(script).await;
    let watch = Watch::open(stream.url(), options());
    watch.until_phase("closed").await;
    assert_eq!(
        watch.told().as_slice(),
        [
            Told::State(State::Connecting { attempt: 1 }),
            Told::Failure(failure.clone()),
            Told::State(State::Closed(CloseReason::Refused(failure.clone()))),
        ],
        "{script}"
    );
    assert_eq!(stream.until_nobody_is_connected().await, 1, "{script}");
}

#[wasm_bindgen_test]
async fn c03_a_status_other_than_200_closes_with_one_error() {
    for status in [204, 401, 404, 500] {
        assert_closes(&format!("status {status}"), &CARRIER.refusal(status)).await;
    }
}

#[wasm_bindgen_test]
async fn c04_another_content_type_closes_with_one_error() {
    for content_type in ["text/html", "text/event-streams", "application/json"] {
        let script = format!("type {content_type}\nevent - - never");
        assert_closes(&script, &CARRIER.wrong_type(content_type)).await;
    }
    // Without a type, Chromium waits for enough of the body to guess one; so this body ends.
    assert_closes("type -\nevent - - never\nend", &CARRIER.wrong_type("")).await;
}

#[wasm_bindgen_test]
async fn c04_the_content_type_is_judged_by_its_essence() {
    for content_type in ["Text/Event-Stream", "text/event-stream;charset=utf-8", "text/event-stream; x=y"] {
        let stream = Stream::new(&format!("type {content_type}\nevent - - hi")).await;
        let watch = Watch::open(stream.url(), options());
        watch.until_data("hi").await;
        assert_eq!(watch.failures(), [], "{content_type}");
    }
}

#[wasm_bindgen_test]
async fn c12_a_host_that_is_not_found_is_no_refusal() {
    let watch = Watch::open("http://no-such-host.invalid/stream", options());
    if CARRIER.takes_an_outage_for_a_refusal() {
        watch.until_phase("closed").await;
        assert_eq!(watch.failures(), [Failure::Rejected]);
    } else {
        watch.until_phase("waiting for 3").await;
        // Perhaps it has failed once more by now.
        assert!(watch.failures().iter().all(|it| *it == Failure::Network), "{:?}", watch.failures());
    }
}

#[wasm_bindgen_test]
async fn c12_a_page_that_cors_refuses_is_told_and_not_left_in_the_dark() {
    let script = "no-cors\nevent - - never";
    let failure = CARRIER.refusal_by_cors();
    if failure == Failure::Rejected {
        return assert_closes(script, &failure).await;
    }
    let stream = Stream::new(script).await;
    let watch = Watch::open(stream.url(), options());
    watch.until_phase("waiting for 2").await;
    assert_eq!(watch.failures()[0], Failure::Network);
    assert!(Failure::Network.to_string().contains("CORS"), "it says that it may be this");
    assert_eq!(watch.data(), [""; 0]);
}
