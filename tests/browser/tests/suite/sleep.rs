use std::time::Duration;

use browser_tests::{Stream, Watch, dispatch, until};
use sse_proto::client::{Failure, Silence};
use sse_web::{Connection, Wake};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

/// The wall clock went on while everything else stood still. It is put right when this is dropped.
pub(crate) struct Sleep(());

impl Sleep {
    pub(crate) fn of(duration: Duration) -> Self {
        eval(&format!(
            "globalThis.trueNow = Date.now; Date.now = () => globalThis.trueNow.call(Date) + {};",
            duration.as_millis()
        ));
        Self(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        eval("Date.now = globalThis.trueNow;");
    }
}

fn eval(script: &str) -> JsValue {
    js_sys::eval(script).expect("the script is well-formed")
}

const HOUR: Duration = Duration::from_secs(3600);

#[wasm_bindgen_test]
async fn c16_a_silence_counts_the_time_asleep() {
    let stream = Stream::new(
        r#"event sse.open a.0 {"heartbeat_ms":60000}
        event - a.1 one
        stall
        ---
        event - a.2 two"#,
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    let _sleep = Sleep::of(HOUR);
    dispatch("online");
    watch.until_data("two").await;
    assert_eq!(watch.failures(), [Failure::Silence]);
    assert_eq!(watch.phases(), ["connecting 1", "open", "waiting for 2", "connecting 2", "open"]);
    assert_eq!(CARRIER.cursor(&stream.report().await.visits[1]), Some("a.1"));
}

#[wasm_bindgen_test]
async fn c16_a_sleep_that_is_shorter_than_the_silence_may_last_changes_nothing() {
    let stream = Stream::new(
        r#"event sse.open a.0 {"heartbeat_ms":60000}
        event - a.1 one
        wait awake
        event - a.2 two"#,
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    let _sleep = Sleep::of(Duration::from_secs(60));
    dispatch("online");
    stream.release("awake").await;
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn a_wait_that_was_slept_through_is_over() {
    for wake in [Wake::Stay, Wake::ReconnectAfter(HOUR)] {
        let stream = Stream::new(
            "end
             ---
             event - - hi",
        )
        .await;
        let mut options = options();
        options.client.backoff.floor = HOUR / 2;
        options.wake = wake;
        let _hurry = Hurry::new();
        let watch = Watch::open(stream.url(), options);
        watch.until_phase("waiting for 2").await;
        // The browser says nothing that would cut the wait short.
        let sleep = Sleep::of(HOUR);
        stream.until("the next attempt", |report| report.visits.len() == 2).await;
        drop(sleep);
        watch.until_data("hi").await;
    }
}

#[wasm_bindgen_test]
async fn a_connection_that_may_be_silent_stays_after_a_sleep_unless_it_is_to_be_replaced() {
    let script = "event sse.open a.0 {}
        event - a.1 one
        wait awake
        event - a.2 two
        ---
        event sse.open a.0 {}
        event - a.1 one
        event - a.2 two";
    let limit = Wake::ReconnectAfter(HOUR / 2);
    for (wake, slept, replaced) in [(Wake::Stay, HOUR, false), (limit, HOUR / 4, false), (limit, HOUR, true)]
    {
        let stream = Stream::new(script).await;
        let mut options = options();
        options.wake = wake;
        let watch = Watch::open(stream.url(), options);
        watch.until_data("one").await;
        let _sleep = Sleep::of(slept);
        dispatch("online");
        if !replaced {
            stream.release("awake").await;
        }
        watch.until_data("two").await;
        assert_eq!(watch.data(), ["one", "two"]);
        assert_eq!(watch.failures(), []);
        assert_eq!(stream.report().await.visits.len(), 1 + usize::from(replaced), "{wake:?} {slept:?}");
    }
}

/// Lets timers of seconds hurry, and not those of minutes, so that a test need not wait for a look at the clock.
struct Hurry(());

impl Hurry {
    fn new() -> Self {
        eval(
            "globalThis.trueSetTimeout = setTimeout;
             globalThis.setTimeout = (f, ms) =>
                 globalThis.trueSetTimeout.call(globalThis, f, ms < 1000 || ms > 60000 ? ms : ms / 1000);",
        );
        Self(())
    }
}

impl Drop for Hurry {
    fn drop(&mut self) {
        eval("globalThis.setTimeout = globalThis.trueSetTimeout;");
    }
}

#[wasm_bindgen_test]
async fn a_sleep_is_noticed_also_when_the_browser_says_nothing() {
    let stream = Stream::new(
        "event - 1 one
         ---
         event - 2 two",
    )
    .await;
    let _hurry = Hurry::new();
    let mut options = options();
    options.wake = Wake::ReconnectAfter(HOUR / 2);
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    let sleep = Sleep::of(HOUR);
    stream.until("it was replaced", |report| report.visits.len() == 2).await;
    drop(sleep);
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn a_wait_behind_a_sleep_is_no_longer_than_it_says() {
    // The page has asked for the time so long ago that it notices the sleep when the connection fails.
    let stream = Stream::new(
        "event - 1 one
         wait awake
         sleep 1200ms
         end
         ---
         event - 2 two",
    )
    .await;
    let mut options = options();
    options.client.silence = Silence::After(HOUR / 60);
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    // The browser says nothing, and the timer for the silence has stood still, too.
    let _sleep = Sleep::of(HOUR);
    stream.release("awake").await;
    watch.until_data("two").await;
    assert_eq!(watch.failures(), [Failure::Ended]);
}

#[wasm_bindgen_test]
async fn a_connection_that_is_made_after_a_sleep_is_not_replaced_for_it() {
    let stream = Stream::new(
        "event - 1 one
         stall
         ---
         event - 2 two
         wait seen
         event - 3 three
         ---
         event - 3 three",
    )
    .await;
    let mut options = options();
    options.wake = Wake::ReconnectAfter(HOUR / 2);
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    watch.connection().with(Connection::close);
    let now = || eval("performance.now()").as_f64().expect("it is a number");
    let closed_at = now();
    let _sleep = Sleep::of(HOUR);
    until("the clocks are compared when they are next looked at", || now() - closed_at > 1000.0).await;
    watch.connection().with(Connection::reconnect);
    watch.until_data("two").await;
    dispatch("online");
    stream.release("seen").await;
    watch.until_data("three").await;
    assert_eq!(stream.report().await.visits.len(), 2);
}
