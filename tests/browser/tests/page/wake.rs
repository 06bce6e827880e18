//! What tells a page that its device has woken up.

use std::time::Duration;

use browser_tests::{Stream, Watch, dispatch, dispatch_to};
use sse_proto::client::Failure;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;
use crate::suite::sleep::Sleep;

#[wasm_bindgen_test]
async fn a_page_that_is_shown_or_seen_or_thawed_after_a_sleep_replaces_a_connection_that_was_silent() {
    let document = web_sys::window().and_then(|window| window.document()).expect("this is a page");
    let wake_ups: [(&str, &dyn Fn()); 3] = [
        ("pageshow", &|| dispatch("pageshow")),
        ("visibilitychange", &|| dispatch_to(&document, "visibilitychange")),
        ("resume", &|| dispatch_to(&document, "resume")),
    ];
    for (name, wake_up) in wake_ups {
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
        let _sleep = Sleep::of(Duration::from_secs(3600));
        wake_up();
        watch.until_data("two").await;
        assert_eq!(watch.failures(), [Failure::Silence], "{name}");
    }
}
