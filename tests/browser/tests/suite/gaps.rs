use browser_tests::{Stream, Told, Watch};
use sse_proto::client::Gap;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;

/// Gaps and the data of events, in the order in which they were told.
fn story(watch: &Watch) -> Vec<String> {
    let chapter = |told| match told {
        Told::Gap(Gap::Trimmed { up_to }) => Some(format!("gap up to {up_to}")),
        Told::Gap(Gap::Reset) => Some("reset".to_owned()),
        Told::Event { data, .. } => Some(data),
        _ => None,
    };
    watch.told().into_iter().filter_map(chapter).collect()
}

#[wasm_bindgen_test]
async fn a_gap_is_told_before_the_events_after_it() {
    let stream = Stream::new(
        r#"event sse.open a.5 {}
        event - a.6 six
        end
        ---
        event sse.open a.6 {}
        event sse.gap - {"trimmed":9}
        event - a.10 ten"#,
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("ten").await;
    assert_eq!(story(&watch), ["six", "gap up to 9", "ten"]);
}

#[wasm_bindgen_test]
async fn a_new_epoch_is_told_once_before_its_first_event() {
    let stream = Stream::new(
        "event sse.open a.5 {}
        event - a.6 six
        end
        ---
        event sse.open b.0 {}
        event sse.reset - {}
        event - b.1 one of a new beginning",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one of a new beginning").await;
    assert_eq!(story(&watch), ["six", "reset", "one of a new beginning"]);
}

#[wasm_bindgen_test]
async fn what_the_server_repeats_after_a_resume_is_not_delivered_twice() {
    let stream = Stream::new(
        "event sse.open a.0 {}
        event - a.1 one
        event - a.2 two
        end
        ---
        event sse.open a.2 {}
        event - a.1 one
        event - a.2 two
        event - a.3 three",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("three").await;
    assert_eq!(story(&watch), ["one", "two", "three"]);
}

#[wasm_bindgen_test]
async fn control_events_are_not_delivered() {
    let stream = Stream::new(
        "event sse.open a.0 {}
        event sse.heartbeat - {}
        event - a.1 one",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    assert_eq!(story(&watch), ["one"]);
}
