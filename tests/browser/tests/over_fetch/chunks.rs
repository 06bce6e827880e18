//! What comes in one chunk, and what a handler may do in the middle of it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use browser_tests::{Engine, Stream, Told, Watch, count_crossings};
use sse_proto::client::{Failure, Silence, State};
use sse_proto::{DecodeError, Limits};
use sse_web::Connection;
use sse_web::transport::Fetch;
use wasm_bindgen_test::wasm_bindgen_test;

use super::over;
use crate::suite::options;

/// Whether this is the event with that data.
fn is(told: &Told, expected: &str) -> bool {
    matches!(told, Told::Event { data, .. } if data == expected)
}

#[wasm_bindgen_test]
async fn c09_close_in_a_handler_stops_the_rest_of_the_chunk() {
    // The last of these is past the bytes that are decoded in one go.
    for last in [1, 3, 20_000] {
        let comments = "sleep 100ms\ncomment still here\n".repeat(9);
        let stream = Stream::new(&format!("repeat 40000 event - {{n}} {{n}}\nwait closed\n{comments}")).await;
        let watch = Watch::open_and_react(stream.url(), options(), move |told, slot| {
            if is(told, &last.to_string()) {
                slot.with(Connection::close);
            }
        });
        watch.until_phase("closed").await;
        if Engine::current().keeps_a_request_that_is_busy() {
            stream.release("closed").await;
        }
        assert_eq!(stream.until_nobody_is_connected().await, 1);
        let expected: Vec<_> = (1..=last).map(|n: u32| n.to_string()).collect();
        assert_eq!(watch.data(), expected);
        assert_eq!(watch.failures(), []);
    }
}

#[wasm_bindgen_test]
async fn c09_dropping_it_in_a_handler_stops_the_rest_of_the_chunk() {
    let stream = Stream::new("repeat 100 event - {n} {n}").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if is(told, "3") {
            slot.clear();
        }
    });
    watch.until_data("3").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.data(), ["1", "2", "3"]);
    assert!(watch.is_freed());
}

#[wasm_bindgen_test]
async fn c09_connecting_anew_in_a_handler_drops_the_rest_of_the_chunk() {
    let stream = Stream::new("repeat 100 event - {n} {n}\n---\nevent - 4 four").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if is(told, "3") {
            slot.with(Connection::reconnect);
        }
    });
    watch.until_data("four").await;
    let report = stream.until("the old connection is gone", |report| report.open == 1).await;
    assert_eq!(watch.data(), ["1", "2", "3", "four"]);
    assert_eq!(watch.failures(), []);
    assert_eq!(report.visits[1].cursor_header(), Some("3"));
}

#[wasm_bindgen_test]
async fn c09_a_pause_in_a_handler_goes_on_behind_that_event() {
    let stream = Stream::new("repeat 100 event - {n} {n}\n---\nevent - 4 four").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if is(told, "3") {
            slot.with(Connection::pause);
        }
    });
    watch.until_phase("paused Caller").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.data(), ["1", "2", "3"]);
    watch.connection().with(Connection::resume);
    watch.until_data("four").await;
    assert_eq!(watch.failures(), []);
    assert_eq!(stream.report().await.visits[1].cursor_header(), Some("3"));
}

#[wasm_bindgen_test]
async fn c09_whoever_closes_it_when_it_opens_gets_no_event() {
    let stream = Stream::new("event - - never").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::State(State::Open) = told {
            slot.with(Connection::close);
        }
    });
    watch.until_phase("closed").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.phases(), ["connecting 1", "open", "closed"]);
    assert_eq!(watch.data(), [""; 0]);
}

#[wasm_bindgen_test]
async fn c09_whoever_closes_it_at_a_sign_of_life_does_not_get_what_came_with_it() {
    let stream = Stream::new("event - - first\nwait stale\nevent - - never").await;
    let mut options = options();
    options.client.silence = Silence::After(Duration::from_secs(2));
    let was_stale = Cell::new(false);
    let watch = Watch::open_and_react(stream.url(), options, move |told, slot| match told {
        Told::State(State::Stale { .. }) => was_stale.set(true),
        Told::State(State::Open) if was_stale.get() => slot.with(Connection::close),
        _ => {}
    });
    watch.until_phase("stale").await;
    stream.release("stale").await;
    watch.until_phase("closed").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.data(), ["first"]);
}

#[wasm_bindgen_test]
async fn a_small_event_of_a_chunk_asks_nothing_of_javascript() {
    let stream = Stream::new("repeat 10000 event - - {n}").await;
    // In front of how many events something was asked. What the test itself asks while it waits lies between chunks.
    let (last, asking) = (Cell::new(count_crossings()), Rc::new(Cell::new(0)));
    let watch = Watch::open_and_react(stream.url(), options(), {
        let asking = asking.clone();
        move |told, _| {
            if let Told::Event { .. } = told {
                let now = count_crossings();
                // The one more is this question itself.
                if now > last.replace(now) + 1.0 {
                    asking.set(asking.get() + 1);
                }
            }
        }
    });
    watch.until_data("10000").await;
    assert!((1..100).contains(&asking.get()), "something was asked in front of {} events", asking.get());
}

#[wasm_bindgen_test]
async fn p01_a_character_may_be_cut_by_a_chunk() {
    let stream = Stream::new("bytes\nevent 漢 - 漢字\nevent - - last").await;
    let mut options = options();
    options.event_types = (&["漢", "message"]).into();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("last").await;
    assert_eq!(watch.data(), ["漢字", "last"]);
}

#[wasm_bindgen_test]
async fn p15_an_event_that_is_larger_than_what_is_decoded_in_one_go_is_whole() {
    // `data: ` and the letters end 4 bytes before a power of two, so that one character is cut by it.
    let letters = "x".repeat((64 << 10) - 10);
    let data = format!("{letters}{}", "漢".repeat(2_000));
    let stream = Stream::new(&format!("event - - {data}\nevent - - last")).await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("last").await;
    assert!(watch.data() == [data.as_str(), "last"], "{} bytes", watch.data()[0].len());
}

#[wasm_bindgen_test]
async fn p16_a_limit_that_is_passed_closes_the_stream_and_lets_go_of_the_server() {
    let stream = Stream::new("raw data:in%0A%0Adata:0123456789%0A%0Adata:out%0A%0A\nstall").await;
    let watch = Watch::open(stream.url(), over(Fetch::new().with_limits(Limits::default().with_line(8))));
    watch.until_phase("closed").await;
    assert_eq!(watch.failures(), [Failure::Limit(DecodeError::LineTooLong { limit: 8 })]);
    assert_eq!(watch.data(), ["in"]);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}
