use std::time::Duration;

use browser_tests::{Stream, Time, Watch};
use sse_proto::client::Failure;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;

#[wasm_bindgen_test]
async fn c16_a_half_open_connection_turns_stale_and_is_replaced() {
    let stream = Stream::new(
        r#"event sse.open a.0 {"heartbeat_ms":1500}
        stall
        ---
        event - a.1 back"#,
    )
    .await;
    let time = Time::stands_still();
    let watch = Watch::open(stream.url(), options());
    watch.until_cursor("a.0").await;
    time.pass_until("it is stale", || watch.phases().len() > 2);
    assert_eq!(watch.phases(), ["connecting 1", "open", "stale"]);
    time.pass_until("it is dead", || watch.phases().len() > 3);
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
    let time = Time::stands_still();
    let watch = Watch::open(stream.url(), options());
    watch.until_cursor("a.0").await;
    time.pass_until("it is stale", || watch.phases().len() > 2);
    assert_eq!(watch.phases(), ["connecting 1", "open", "stale"]);
    stream.release("stale").await;
    watch.until_data("alive").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "stale", "open"]);
}

#[wasm_bindgen_test]
async fn c16_heartbeats_keep_it_open() {
    // Four times 1.5 s is longer than the three heartbeats after which silence is deadly.
    let beats = |n: u32| format!("wait {n}\nevent sse.heartbeat a.{n} {{}}\n");
    let beats = (1..=4).map(beats).collect::<String>();
    let stream = Stream::new(&format!(
        "event sse.open a.0 {{\"heartbeat_ms\":1500}}\n{beats}wait end\nevent - a.5 the same connection"
    ))
    .await;
    let time = Time::stands_still();
    let watch = Watch::open(stream.url(), options());
    watch.until_cursor("a.0").await;
    for beat in 1..=4 {
        time.pass(Duration::from_millis(1_500));
        stream.release(&beat.to_string()).await;
        watch.until_cursor(&format!("a.{beat}")).await;
    }
    stream.release("end").await;
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
