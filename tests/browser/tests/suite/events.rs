use browser_tests::{Stream, Told, Watch};
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

fn event(event_type: &str, data: &str, last_event_id: &str) -> Told {
    Told::Event {
        event_type: event_type.to_owned(),
        data: data.to_owned(),
        last_event_id: last_event_id.to_owned(),
    }
}

fn events(watch: &Watch) -> Vec<Told> {
    watch.told().into_iter().filter(|told| matches!(told, Told::Event { .. })).collect()
}

#[wasm_bindgen_test]
async fn p13_events_called_open_and_error_are_data() {
    let stream = Stream::new(
        "event error 1 not a failure
         event open 2 not an opening
         event - 3 last",
    )
    .await;
    let mut options = options();
    options.event_types = (&["error", "open", "message"]).into();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("last").await;
    assert_eq!(
        events(&watch),
        [
            event("error", "not a failure", "1"),
            event("open", "not an opening", "2"),
            event("message", "last", "3"),
        ]
    );
    assert_eq!(watch.failures(), []);
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn p13_a_real_failure_is_not_taken_for_an_event_called_error() {
    let stream = Stream::new(
        "event error - data
         end
         ---
         event - - last",
    )
    .await;
    let mut options = options();
    options.event_types = (&["error", "message"]).into();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("last").await;
    assert_eq!(watch.data(), ["data", "last"]);
    assert_eq!(watch.failures().len(), 1);
}

#[wasm_bindgen_test]
async fn p15_a_stream_that_comes_byte_by_byte_is_the_same_stream() {
    let stream = Stream::new(
        "bytes
         raw %ef%bb%bfid:1%0d%0adata:%20漢%0d%0adata%0d%0a%0d%0a
         event - 2 last",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("last").await;
    let first_id = if CARRIER.drops_a_mark_in_pieces() { "1" } else { "" };
    assert_eq!(events(&watch), [event("message", "漢\n", first_id), event("message", "last", "2")]);
}

#[wasm_bindgen_test]
async fn p02_a_mark_at_the_beginning_is_dropped() {
    let stream = Stream::new("raw %ef%bb%bfid:1%0adata:marked%0a%0a").await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("marked").await;
    assert_eq!(events(&watch), [event("message", "marked", "1")]);
}

#[wasm_bindgen_test]
async fn p14_an_unfinished_event_is_thrown_away() {
    // The test has read the event before the body is cut: a browser may throw away with it what is unread.
    let stream = Stream::new(
        "event - 1 whole
         raw id:2%0Adata:half%0A
         wait read
         cut
         ---
         event - - last",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("whole").await;
    stream.release("read").await;
    watch.until_data("last").await;
    assert_eq!(watch.data(), ["whole", "last"]);
    assert_eq!(CARRIER.cursor(&stream.report().await.visits[1]), Some("1"), "and so is its id");
}

#[wasm_bindgen_test]
async fn ten_thousand_events_in_one_chunk_all_arrive_in_order() {
    let stream = Stream::new("repeat 10000 event - {n} {n}").await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("10000").await;
    let expected: Vec<_> = (1..=10_000).map(|n: u32| n.to_string()).collect();
    assert_eq!(watch.data(), expected);
}

#[wasm_bindgen_test]
async fn events_of_several_types_that_come_together_keep_their_order_their_ids_and_their_text() {
    let types =
        ["tick", "message", "bar", "bar", "tick", "message", "error", "tick", "bar", "open", "message"];
    let texts = ["", "plain", "na\u{ef}ve", "\u{6f22}", "two\nlines", "\n", "\u{1f600}"];
    let sent = |chunk: usize| {
        (0..20).map(move |n| {
            // Latin-1 only at first, and wide characters now and then after that.
            let text = texts[(n * chunk) % texts.len()];
            (types[n % types.len()], format!("{chunk}.{n}"), format!("{text}{n}"))
        })
    };
    let chunk = |chunk: usize| {
        let fields = |(event_type, id, data): (&str, String, String)| {
            let data = data.split('\n').map(|line| format!("data: {line}%0A")).collect::<String>();
            format!("event: {event_type}%0Aid: {id}%0A{data}%0A")
        };
        let events = sent(chunk).map(fields).collect::<Vec<_>>();
        // One of the server's own in the middle.
        format!(
            "raw {}event: sse.heartbeat%0Adata: {{}}%0A%0A{}\n",
            events[..10].concat(),
            events[10..].concat()
        )
    };
    let script = (0..6).map(chunk).collect::<String>();
    let stream = Stream::new(&format!("{script}event - - last")).await;
    let mut options = options();
    options.event_types = (&["tick", "error", "message", "open", "bar"]).into();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("last").await;
    let mut expected: Vec<_> =
        (0..6).flat_map(sent).map(|(event_type, id, data)| event(event_type, &data, &id)).collect();
    expected.push(event("message", "last", "5.19"));
    assert_eq!(events(&watch), expected);
}
