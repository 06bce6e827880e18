use browser_tests::{Network, Stream, Watch, dispatch};
use sse_web::Offline;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

#[wasm_bindgen_test]
async fn a_connection_pauses_while_the_device_is_offline_if_it_is_told_to_and_then_misses_nothing() {
    let stream = Stream::new(
        "event sse.open a.0 {}
         event - a.1 one
         ---
         event sse.open a.0 {}
         event - a.1 one
         event - a.2 two
         event - a.3 three",
    )
    .await;
    let mut options = options();
    options.offline = Offline::Pause;
    let _network = Network::says("online");
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    let _network = Network::says("offline");
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    let _network = Network::says("online");
    watch.until_data("three").await;
    assert_eq!(watch.data(), ["one", "two", "three"]);
    assert_eq!(watch.phases(), ["connecting 1", "open", "paused Offline", "connecting 1", "open"]);
    assert_eq!(watch.failures(), []);
    assert_eq!(CARRIER.cursor(&stream.report().await.visits[1]), Some("a.1"));
}

#[wasm_bindgen_test]
async fn a_connection_that_begins_offline_waits_for_the_network_if_it_is_told_to() {
    let stream = Stream::new("event - - hi").await;
    let mut options = options();
    options.offline = Offline::Pause;
    let _network = Network::says("offline");
    let watch = Watch::open(stream.url(), options);
    assert_eq!(watch.phases(), ["paused Offline"]);
    let _network = Network::says("online");
    watch.until_data("hi").await;
    assert_eq!(stream.report().await.visits.len(), 1);
}

#[wasm_bindgen_test]
async fn by_default_a_browser_that_says_offline_is_not_believed() {
    let stream = Stream::new(
        "event - - one
         wait offline
         event - - two",
    )
    .await;
    let _network = Network::says("offline");
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    dispatch("offline");
    stream.release("offline").await;
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}
