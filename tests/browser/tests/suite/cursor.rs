use browser_tests::{Stream, Told, Watch};
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

/// The cursors that came with the connections of a stream.
async fn cursors(stream: &Stream) -> Vec<Option<String>> {
    let report = stream.report().await;
    report.visits.iter().map(|visit| CARRIER.cursor(visit).map(str::to_owned)).collect()
}

fn some(cursor: &str) -> Option<String> {
    Some(cursor.to_owned())
}

#[wasm_bindgen_test]
async fn c10_the_cursor_is_sent_on_every_reconnect_and_only_if_there_is_one() {
    let stream = Stream::new(
        "event - - first
         end
         ---
         event - a&b=%20 second
         end
         ---
         event - - third",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("third").await;
    assert_eq!(cursors(&stream).await, [None, None, some("a&b=%20")]);
}

#[wasm_bindgen_test]
async fn c10_the_cursor_survives_connections_that_bring_no_id() {
    let stream = Stream::new(
        "event - 41 first
         end
         ---
         end
         ---
         event - - without an id
         end
         ---
         event - - last",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("last").await;
    assert_eq!(cursors(&stream).await, [None, some("41"), some("41"), some("41")]);
    let at_events: Vec<_> = watch
        .told()
        .into_iter()
        .filter_map(|told| match told {
            Told::Event { last_event_id, .. } => Some(last_event_id),
            _ => None,
        })
        .collect();
    assert_eq!(at_events, ["41", "41", "41"]);
}

#[wasm_bindgen_test]
async fn p10_an_empty_id_resets_the_cursor() {
    let stream = Stream::new(
        "event - 41 first
         raw id%0Adata:reset%0A%0A
         end
         ---
         event - - last",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("last").await;
    assert_eq!(cursors(&stream).await, [None, None]);
}

#[wasm_bindgen_test]
async fn c10_a_cursor_from_elsewhere_goes_with_the_first_request() {
    let stream = Stream::new("event - 8 hi").await;
    let mut options = options();
    options.last_event_id = "7".to_owned();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(cursors(&stream).await, [some("7")]);
    watch.connection().with(|connection| assert_eq!(connection.last_event_id(), "8"));
}
