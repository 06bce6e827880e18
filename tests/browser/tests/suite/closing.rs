use std::cell::Cell;
use std::time::Duration;

use browser_tests::{Live, Slot, Stream, Time, Told, Watch};
use sse_proto::client::{CloseReason, Gap, Silence, State};
use sse_web::Connection;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

#[wasm_bindgen_test]
async fn c09_close_in_a_handler_stops_the_rest_of_the_chunk() {
    let stream = Stream::new("repeat 3 event - {n} {n}").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::Event { .. } = told {
            slot.with(Connection::close);
        }
    });
    watch.until_phase("closed").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.data(), ["1"]);
    assert_eq!(watch.phases(), ["connecting 1", "open", "closed"]);
}

/// Closes it when it is told the first of this.
fn close_once(is_it: impl Fn(&Told) -> bool + 'static) -> impl Fn(&Told, &Slot) + 'static {
    let is_done = Cell::new(false);
    move |told, slot| {
        if is_it(told) && !is_done.replace(true) {
            slot.with(Connection::close);
        }
    }
}

#[wasm_bindgen_test]
async fn c09_who_closes_at_a_gap_is_brought_the_event_behind_it_by_a_reconnect() {
    let stream = Stream::new(
        "event sse.open a.5 {}
         event - a.6 six
         event - b.1 one
         event - b.2 two
         ---
         event sse.open b.0 {}
         event - b.1 one
         event - b.2 two",
    )
    .await;
    let watch = Watch::open_and_react(
        stream.url(),
        options(),
        close_once(|told| matches!(told, Told::Gap(Gap::Reset))),
    );
    watch.until_phase("closed").await;
    watch.connection().with(|connection| {
        assert_eq!(connection.last_event_id(), "a.6");
        connection.reconnect();
    });
    watch.until_data("two").await;
    assert_eq!(watch.data(), ["six", "one", "two"]);
    assert_eq!(CARRIER.cursor(&stream.report().await.visits[1]), Some("a.6"));
}

#[wasm_bindgen_test]
async fn c09_who_closes_when_it_is_open_again_is_brought_the_event_behind_that_by_a_reconnect() {
    // Over the native transport, it is the event that makes it open again.
    for opening in ["event sse.open a.5 {\"heartbeat_ms\":2000}", "event - 5 five"] {
        let id =
            |number: u32| if opening.contains("a.5") { format!("a.{number}") } else { number.to_string() };
        let (six, seven) = (id(6), id(7));
        let stream = Stream::new(&format!(
            "{opening}
             wait stale
             event - {six} six
             event - {seven} seven
             ---
             {opening}
             event - {six} six
             event - {seven} seven"
        ))
        .await;
        let mut options = options();
        if six == "6" {
            options.client.silence = Silence::After(Duration::from_secs(2));
        }
        let time = Time::stands_still();
        let watch = Watch::open_and_react(stream.url(), options, {
            let was_stale = Cell::new(false);
            move |told, slot| match told {
                Told::State(State::Stale { .. }) => was_stale.set(true),
                Told::State(State::Open) if was_stale.take() => slot.with(Connection::close),
                _ => {}
            }
        });
        watch.until_cursor(&id(5)).await;
        time.pass_until("it is stale", || watch.phases().iter().any(|phase| phase == "stale"));
        stream.release("stale").await;
        watch.until_phase("closed").await;
        watch.connection().with(|connection| {
            assert_eq!(connection.last_event_id(), id(5));
            connection.reconnect();
        });
        watch.until_data("seven").await;
        assert_eq!(watch.data().iter().filter(|data| *data != "five").collect::<Vec<_>>(), ["six", "seven"]);
        assert_eq!(
            watch.phases(),
            ["connecting 1", "open", "stale", "open", "closed", "connecting 1", "open"],
            "it was not cut for its silence"
        );
        assert_eq!(CARRIER.cursor(&stream.report().await.visits[1]), Some(&*id(5)));
    }
}

#[wasm_bindgen_test]
async fn c09_dropping_it_in_a_handler_stops_everything() {
    let stream = Stream::new("repeat 3 event - {n} {n}").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::Event { .. } = told {
            slot.clear();
        }
    });
    watch.until_data("1").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.data(), ["1"]);
    assert_eq!(watch.phases(), ["connecting 1", "open"], "who drops it has stopped listening");
    assert!(watch.is_freed());
}

#[wasm_bindgen_test]
async fn c09_closing_while_it_waits_makes_no_further_request() {
    let stream = Stream::new("end").await;
    let watch = Watch::open_and_react(stream.url(), options(), |told, slot| {
        if let Told::State(State::Waiting { .. }) = told {
            slot.with(Connection::close);
        }
    });
    watch.until_phase("closed").await;
    // Another stream with the same waits has come back three times: this one would have, too.
    let other = Stream::new("end").await;
    let _other = Watch::open(other.url(), options());
    other.until("three retries", |report| report.visits.len() > 3).await;
    assert_eq!(stream.report().await.visits.len(), 1);
    assert_eq!(watch.state(), State::Closed(CloseReason::Caller));
}

#[wasm_bindgen_test]
async fn c20_dropping_it_closes_the_connection_and_frees_everything() {
    let stream = Stream::new("event - - hi").await;
    let before = Live::count().listeners();
    let watch = Watch::open(stream.url(), options());
    watch.until_data("hi").await;
    assert!(Live::count().listeners() - before > 0, "the count counts");
    assert!(!watch.is_freed());
    watch.connection().clear();
    assert_eq!(Live::count().listeners() - before, 0);
    assert!(watch.is_freed());
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn c20_a_hundred_connections_leave_nothing_behind() {
    let stream = Stream::new("event - - hi").await;
    let before = Live::count().listeners();
    for number in 0..100 {
        let watch = Watch::open(stream.url(), options());
        // Half of them are dropped before there is any response.
        if number % 2 == 0 {
            watch.until_data("hi").await;
        }
    }
    assert_eq!(Live::count().listeners() - before, 0);
    assert!((50..=100).contains(&stream.until_nobody_is_connected().await));
}

#[wasm_bindgen_test]
async fn sse_end_closes_for_good() {
    let stream = Stream::new(
        "event - - last
         event sse.end - {}
         event - - never",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_phase("closed").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(watch.state(), State::Closed(CloseReason::Ended));
    assert_eq!(watch.data(), ["last"]);
    assert_eq!(watch.failures(), []);
}
