use std::time::Duration;

use browser_tests::{Stream, Told, Watch, until};
use sse_proto::client::Silence;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;

#[wasm_bindgen_test]
async fn c16_a_page_that_is_busy_with_what_came_does_not_take_that_for_silence() {
    // Dead after a second: the four events keep the page busy for longer, and each by itself does not.
    let stream = Stream::new(
        "repeat 4 event - {n} {n}
         sleep 1400ms
         event - 5 last",
    )
    .await;
    let mut options = options();
    options.client.silence = Silence::After(Duration::from_millis(500));
    let watch = Watch::open_and_react(stream.url(), options, |told, _| {
        if let Told::Event { .. } = told {
            eval(&hang(300));
        }
    });
    until_last_or_failure(&watch).await;
    assert_eq!(watch.failures(), []);
    assert_eq!(watch.data(), ["1", "2", "3", "4", "last"]);
}

#[wasm_bindgen_test]
async fn c16_what_came_while_the_page_was_busy_with_something_else_is_heard_before_silence_is_judged() {
    // Dead after a second, and the page hangs for three, as it does behind an `alert`. The server speaks all the time.
    let beats = "sleep 100ms\nevent - - beat\n".repeat(40);
    let stream = Stream::new(&format!("event - - first\n{beats}event - - last\nstall")).await;
    let mut options = options();
    options.client.silence = Silence::After(Duration::from_millis(500));
    let watch = Watch::open(stream.url(), options);
    watch.until_data("first").await;
    eval(
        "setTimeout(() => { for (const begun = performance.now(); performance.now() < begun + 3000;); }, 0);",
    );
    until_last_or_failure(&watch).await;
    assert_eq!(watch.failures(), []);
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn a_response_that_came_while_the_page_was_busy_is_heard_before_it_is_called_late() {
    let stream = Stream::new("sleep 500ms\nevent - - last\nstall").await;
    let mut options = options();
    options.client.connect_timeout = Some(Duration::from_secs(1));
    let watch = Watch::open(stream.url(), options);
    // Not before the request is made.
    eval(&format!("setTimeout(() => {{ {} }}, 200);", hang(3000)));
    until_last_or_failure(&watch).await;
    assert_eq!(watch.failures(), []);
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}

/// Keeps the page busy for so many milliseconds.
fn hang(millis: u32) -> String {
    format!("for (const begun = performance.now(); performance.now() < begun + {millis};);")
}

fn eval(script: &str) {
    js_sys::eval(script).expect("the script is well-formed");
}

async fn until_last_or_failure(watch: &Watch) {
    let is_over = || watch.data().iter().any(|data| data == "last") || !watch.failures().is_empty();
    until("the last event or a failure", is_over).await;
}
