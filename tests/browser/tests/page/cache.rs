use browser_tests::{Stream, Watch, dispatch};
use sse_web::Connection;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::CARRIER;
use crate::suite::options;

#[wasm_bindgen_test]
async fn c17_a_page_that_is_left_closes_and_one_that_is_shown_again_goes_on_without_an_error() {
    let stream = Stream::new(
        "event - 1 one
         ---
         event - 2 two",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    dispatch("pagehide");
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    dispatch("pageshow");
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "paused PageHidden", "connecting 1", "open"]);
    assert_eq!(watch.failures(), []);
    let report = stream.report().await;
    assert_eq!(CARRIER.cursor(&report.visits[1]), Some("1"));
}

#[wasm_bindgen_test]
async fn c17_pageshow_does_not_open_what_its_owner_closed_or_paused() {
    let stream = Stream::new("event - - hi").await;
    for (leave, phase) in
        [(Connection::close as fn(&Connection), "closed"), (Connection::pause, "paused Caller")]
    {
        let watch = Watch::open(stream.url(), options());
        watch.until_data("hi").await;
        watch.connection().with(leave);
        dispatch("pagehide");
        dispatch("pageshow");
        assert_eq!(watch.phases(), ["connecting 1", "open", phase]);
    }
    assert_eq!(stream.until_nobody_is_connected().await, 2);
}
