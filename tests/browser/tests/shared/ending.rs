use browser_tests::{Stream, Watch};
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::Connection;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{SCOPES, options};

#[wasm_bindgen_test]
async fn the_end_of_a_stream_is_the_end_for_all() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             wait both
             event sse.end - {}",
        )
        .await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
        }
        stream.release("both").await;
        for watch in &watches {
            watch.until_phase("closed").await;
            assert_eq!(watch.state(), State::Closed(CloseReason::Ended));
            assert_eq!(watch.failures(), []);
        }
        assert_eq!(stream.until_nobody_is_connected().await, 1);
    }
}

#[wasm_bindgen_test]
async fn a_refusal_is_told_to_each_and_tried_once() {
    for scope in SCOPES {
        let stream = Stream::new("status 404").await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_phase("closed").await;
            assert_eq!(watch.failures(), [Failure::Rejected]);
        }
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn who_comes_after_the_end_begins_anew_and_so_does_who_connects_anew() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             event sse.end - {}
             ---
             event - 2 two",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_phase("closed").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("two").await;
        assert_eq!(late.data(), ["two"]);
        early.connection().with(Connection::reconnect);
        // It shares again: its cursor is not in what is remembered, so it has to ask for what comes behind it.
        early.until_data("two").await;
        assert_eq!(early.data(), ["one", "two"]);
        let report = stream.until("one is left", |report| report.open == 1).await;
        assert_eq!(report.visits.len(), 3);
        assert_eq!(report.visits[2].cursor_parameter(), Some("1"));
    }
}
