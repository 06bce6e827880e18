use browser_tests::{Network, Stream, Watch, dispatch, dispatch_to};
use sse_web::Offline;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Document;

use crate::CARRIER;
use crate::suite::options;

fn document() -> Document {
    web_sys::window().and_then(|window| window.document()).expect("this is a page")
}

/// One connection before, and one after that repeats the last event: nothing is lost, and nothing comes twice.
const BEFORE_AND_AFTER: &str = "event sse.open a.0 {}
    event - a.1 one
    ---
    event sse.open a.0 {}
    event - a.1 one
    event - a.2 two
    event - a.3 three";

#[wasm_bindgen_test]
async fn a_page_that_is_frozen_holds_no_connection_and_goes_on_from_the_cursor_when_it_is_thawed() {
    let stream = Stream::new(BEFORE_AND_AFTER).await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    dispatch_to(&document(), "freeze");
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    dispatch_to(&document(), "resume");
    watch.until_data("three").await;
    assert_eq!(watch.data(), ["one", "two", "three"]);
    assert_eq!(watch.phases(), ["connecting 1", "open", "paused PageHidden", "connecting 1", "open"]);
    assert_eq!(watch.failures(), []);
    assert_eq!(CARRIER.cursor(&stream.report().await.visits[1]), Some("a.1"));
}

#[wasm_bindgen_test]
async fn a_page_that_comes_out_of_the_cache_is_thawed_and_shown_but_connects_once() {
    let stream = Stream::new(BEFORE_AND_AFTER).await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    dispatch("pagehide");
    dispatch_to(&document(), "freeze");
    stream.until_nobody_is_connected().await;
    dispatch_to(&document(), "resume");
    dispatch("pageshow");
    watch.until_data("three").await;
    assert_eq!(watch.data(), ["one", "two", "three"]);
    assert_eq!(stream.report().await.visits.len(), 2);
}

#[wasm_bindgen_test]
async fn a_page_that_was_frozen_while_the_network_came_back_knows_it_when_it_is_thawed() {
    let stream = Stream::new(BEFORE_AND_AFTER).await;
    let mut options = options();
    options.offline = Offline::Pause;
    let _network = Network::says("online");
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    let _network = Network::says("offline");
    dispatch_to(&document(), "freeze");
    let _network = Network::is_in_silence("online");
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    dispatch_to(&document(), "resume");
    watch.until_data("three").await;
    assert_eq!(watch.data(), ["one", "two", "three"]);
}
