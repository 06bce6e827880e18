//! Timers come late in a hidden page, and behind whatever keeps a page busy.

use std::time::Duration;

use browser_tests::{Stream, Watch};
use sse_proto::client::Silence;
use sse_web::Wake;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;

/// Timers of a second and more wait until the test lets time pass. The browser's own are there again when this is dropped.
struct Throttled(());

impl Throttled {
    fn new() -> Self {
        eval(
            "const page = globalThis;
             const own = { set: page.setTimeout, clear: page.clearTimeout, now: performance.now.bind(performance) };
             let passed = 0, timers = new Map(), number = -1;
             performance.now = () => own.now() + passed;
             page.setTimeout = (f, millis) => {
                 if (!(millis >= 1000)) {
                     page.immediate += millis === 0;
                     return own.set.call(page, f, millis);
                 }
                 timers.set(--number, { f, at: performance.now() + millis });
                 return number;
             };
             page.clearTimeout = (timer) => timers.delete(timer) || own.clear.call(page, timer);
             page.immediate = 0;
             page.pass = (millis) => {
                 passed += millis;
                 for (const [number, timer] of [...timers]) {
                     if (timer.at <= performance.now() && timers.delete(number)) timer.f();
                 }
             };
             page.release = () => {
                 Object.assign(page, { setTimeout: own.set, clearTimeout: own.clear });
                 delete performance.now;
                 for (const { f, at } of timers.values()) own.set.call(page, f, at - own.now() - passed);
             };",
        );
        Self(())
    }

    fn pass(&self, time: Duration) {
        eval(&format!("pass({});", time.as_millis()));
    }
}

impl Drop for Throttled {
    fn drop(&mut self) {
        eval("release();");
    }
}

fn eval(script: &str) -> f64 {
    js_sys::eval(&format!("{{ {script} }}")).expect("the script is well-formed").as_f64().unwrap_or_default()
}

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
    let throttled = Throttled::new();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    for _ in 0..4 {
        throttled.pass(Duration::from_secs(60));
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
    let throttled = Throttled::new();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    throttled.pass(Duration::from_secs(12));
    eval("immediate = 0;");
    stream.release("late").await;
    watch.until_data("two").await;
    assert_eq!(eval("immediate;"), 0.0);
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}
