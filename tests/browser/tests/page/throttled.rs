//! Timers come late in a hidden page, and behind whatever keeps a page busy.

use std::time::Duration;

use browser_tests::{Stream, Time, Watch};
use sse_proto::client::Silence;
use sse_web::Wake;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;

#[wasm_bindgen_test]
async fn a_timer_that_comes_once_a_minute_is_no_sleep() {
    let stream = Stream::new(
        "event - 1 one
         wait seen
         event - 2 two",
    )
    .await;
    let mut options = options();
    options.wake = Wake::ReconnectAfter(Duration::from_secs(120));
    let time = Time::stands_still();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    for _ in 0..4 {
        time.pass(Duration::from_secs(60));
    }
    stream.release("seen").await;
    watch.until_data("two").await;
    assert_eq!(stream.report().await.visits.len(), 1);
}

#[wasm_bindgen_test]
async fn what_comes_behind_a_late_timer_sets_none() {
    let beats = "sleep 20ms\nevent - 1 beat\n".repeat(10);
    let stream = Stream::new(&format!("event - 1 one\nwait late\n{beats}event - 2 two\nstall")).await;
    let mut options = options();
    options.client.silence = Silence::After(Duration::from_secs(10));
    let time = Time::stands_still();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    time.pass(Duration::from_secs(12));
    let timers = time.immediate_timers();
    stream.release("late").await;
    watch.until_data("two").await;
    assert_eq!(time.immediate_timers(), timers);
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}
