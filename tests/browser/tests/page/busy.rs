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
            js_sys::eval("for (const begun = performance.now(); performance.now() < begun + 300;);")
                .expect("the script is well-formed");
        }
    });
    let is_over = || watch.data().iter().any(|data| data == "last") || !watch.failures().is_empty();
    until("the last event or a failure", is_over).await;
    assert_eq!(watch.failures(), []);
    assert_eq!(watch.data(), ["1", "2", "3", "4", "last"]);
}
