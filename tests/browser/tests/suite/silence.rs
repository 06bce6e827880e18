use browser_tests::{Stream, Watch};
use sse_proto::client::Failure;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;

#[wasm_bindgen_test]
async fn c16_a_half_open_connection_turns_stale_and_is_replaced() {
    // Stale after 2.25 s, dead after 4.5 s: a page that hangs for less than what lies in between has told both.
    let stream = Stream::new(
        r#"event sse.open a.0 {"heartbeat_ms":1500}
        stall
        ---
        event - a.1 back"#,
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("back").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "stale", "waiting for 2", "connecting 2", "open"]);
    assert_eq!(watch.failures(), [Failure::Silence]);
    stream.until("the half-open connection is let go", |report| report.open == 1).await;
}

#[wasm_bindgen_test]
async fn c16_an_event_after_a_silence_makes_it_open_again() {
    let stream = Stream::new(
        r#"event sse.open a.0 {"heartbeat_ms":2000}
        wait stale
        event sse.heartbeat - {}
        event - a.1 alive"#,
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_phase("stale").await;
    stream.release("stale").await;
    watch.until_data("alive").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "stale", "open"]);
}

#[wasm_bindgen_test]
async fn c16_heartbeats_keep_it_open() {
    // Twenty times 250 ms is longer than the three heartbeats after which silence is deadly.
    let beats = "sleep 250ms\nevent sse.heartbeat - {}\n".repeat(20);
    let stream = Stream::new(&format!(
        "event sse.open a.0 {{\"heartbeat_ms\":1500}}\n{beats}event - a.1 the same connection"
    ))
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("the same connection").await;
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn c16_a_server_that_promised_nothing_may_be_silent() {
    let stream = Stream::new(
        "event - - hi
         wait long
         event - - still here",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("hi").await;
    // Meanwhile, another connection has been given up for its silence.
    let silent = Stream::new("event sse.open a.0 {\"heartbeat_ms\":100}\nstall").await;
    let other = Watch::open(silent.url(), options());
    other.until_phase("waiting for 2").await;
    stream.release("long").await;
    watch.until_data("still here").await;
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}
