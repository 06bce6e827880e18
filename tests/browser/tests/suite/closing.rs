use browser_tests::{Listeners, Stream, Told, Watch};
use sse_proto::client::{CloseReason, State};
use sse_web::Connection;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;

#[wasm_bindgen_test]
async fn c09_close_in_a_handler_stops_the_rest_of_the_chunk() {
    let stream = Stream::new("repeat 3 event - {n} {n}").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::Event { .. } = told {
            slot.with(Connection::close);
        }
    });
    watch.until_phase("closed").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.data(), ["1"]);
    assert_eq!(watch.phases(), ["connecting 1", "open", "closed"]);
}

#[wasm_bindgen_test]
async fn c09_dropping_it_in_a_handler_stops_everything() {
    let stream = Stream::new("repeat 3 event - {n} {n}").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::Event { .. } = told {
            slot.clear();
        }
    });
    watch.until_data("1").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.data(), ["1"]);
    assert_eq!(watch.phases(), ["connecting 1", "open"], "who drops it has stopped listening");
    assert!(watch.is_freed());
}

#[wasm_bindgen_test]
async fn c09_closing_while_it_waits_makes_no_further_request() {
    let stream = Stream::new("end").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::State(State::Waiting { .. }) = told {
            slot.with(Connection::close);
        }
    });
    watch.until_phase("closed").await;
    // Another stream with the same waits has come back three times: this one would have, too.
    let other = Stream::new("end").await;
    let _other = Watch::open(other.url(), options());
    other.until("three retries", |report| report.visits.len() > 3).await;
    assert_eq!(stream.report().await.visits.len(), 1);
    assert_eq!(watch.state(), State::Closed(CloseReason::Caller));
}

#[wasm_bindgen_test]
async fn c20_dropping_it_closes_the_connection_and_frees_everything() {
    let stream = Stream::new("event - - hi").await;
    let before = Listeners::count();
    let watch = Watch::open(stream.url(), options());
    watch.until_data("hi").await;
    assert!(Listeners::count().since(before) > 0, "the count counts");
    assert!(!watch.is_freed());
    watch.connection().clear();
    assert_eq!(Listeners::count().since(before), 0);
    assert!(watch.is_freed());
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn c20_a_hundred_connections_leave_nothing_behind() {
    let stream = Stream::new("event - - hi").await;
    let before = Listeners::count();
    for number in 0..100 {
        let watch = Watch::open(stream.url(), options());
        // Half of them are dropped before there is any response.
        if number % 2 == 0 {
            watch.until_data("hi").await;
        }
    }
    assert_eq!(Listeners::count().since(before), 0);
    assert!((50..=100).contains(&stream.until_nobody_is_connected().await));
}

#[wasm_bindgen_test]
async fn sse_end_closes_for_good() {
    let stream = Stream::new(
        "event - - last
         event sse.end - {}
         event - - never",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_phase("closed").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.state(), State::Closed(CloseReason::Ended));
    assert_eq!(watch.data(), ["last"]);
    assert_eq!(watch.failures(), []);
}
