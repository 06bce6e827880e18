use std::time::Duration;

use browser_tests::{Engine, Stream, Time, Told, Watch, dispatch, phase};
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::Connection;
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

#[wasm_bindgen_test]
async fn c07_the_end_of_the_body_clean_or_cut_is_followed_by_a_new_request() {
    for (ending, failure) in [("end", Failure::Ended), ("cut", CARRIER.cut()), ("reset", CARRIER.reset())] {
        // The test has read the event before the connection ends: a reset takes with it what is unread.
        let stream = Stream::new(&format!(
            "event - - one
             wait read
             {ending}
             ---
             event - - two"
        ))
        .await;
        let watch = Watch::open(stream.url(), options());
        watch.until_data("one").await;
        stream.release("read").await;
        watch.until_data("two").await;
        assert_eq!(
            watch.phases(),
            ["connecting 1", "open", "waiting for 2", "connecting 2", "open"],
            "{ending}"
        );
        assert_eq!(watch.failures(), [failure], "{ending}: told once");
    }
}

#[wasm_bindgen_test]
async fn c07_the_error_is_told_when_the_state_is_waiting_already() {
    let stream = Stream::new("end").await;
    let mut options = options();
    options.client.backoff.floor = Duration::from_secs(60);
    let watch = Watch::open_and_react(stream.url(), options, |told, slot| {
        if let Told::Failure(_) = told {
            slot.with(|connection| assert_eq!(phase(&connection.state()), "waiting for 2"));
        }
    });
    watch.until_phase("waiting for 2").await;
    assert_eq!(watch.failures(), [Failure::Ended]);
}

#[wasm_bindgen_test]
async fn c15_while_it_reconnects_it_never_claims_to_be_closed() {
    let stream = Stream::new(
        "end
         ---
         reset
         ---
         stall
         ---
         event - - back",
    )
    .await;
    let mut options = options();
    options.client.connect_timeout = Some(Duration::from_secs(4));
    let time = Time::stands_still();
    let watch = Watch::open(stream.url(), options);
    stream.until("the request that is not answered", |report| report.visits.len() == 3).await;
    time.pass_until("that is given up", || watch.failures().contains(&Failure::ConnectTimeout));
    watch.until_data("back").await;
    let mut failures = vec![Failure::Ended, Failure::Network, Failure::ConnectTimeout];
    if Engine::current().repeats_a_reset_request() {
        failures.remove(1);
    }
    assert_eq!(watch.failures(), failures);
    let mut phases = vec!["connecting 1".to_owned(), "open".to_owned()];
    for attempt in (2..).take(failures.len()) {
        phases.extend([format!("waiting for {attempt}"), format!("connecting {attempt}")]);
    }
    phases.push("open".to_owned());
    assert_eq!(watch.phases(), phases);
    assert_eq!(stream.report().await.visits.len(), 4);
}

#[wasm_bindgen_test]
async fn the_limit_of_retries_is_exact() {
    for max in [0, 1, 2] {
        let stream = Stream::new("end").await;
        let mut options = options();
        options.client.max_retries = Some(max);
        let watch = Watch::open(stream.url(), options);
        watch.until_phase("closed").await;
        let gave_up = CloseReason::GaveUp { failures: max + 1, last: Failure::Ended };
        assert_eq!(watch.state(), State::Closed(gave_up));
        assert_eq!(stream.until_nobody_is_connected().await, 1 + max as usize, "{max} retries");
    }
}

#[wasm_bindgen_test]
async fn c08_being_online_again_cuts_the_wait_short() {
    let stream = Stream::new(
        "end
         ---
         event - - back",
    )
    .await;
    let mut options = options();
    options.client.backoff.floor = Duration::from_secs(3600);
    let watch = Watch::open(stream.url(), options);
    watch.until_phase("waiting for 2").await;
    dispatch("online");
    watch.until_data("back").await;
}

#[wasm_bindgen_test]
async fn reconnect_makes_a_new_connection_in_place_of_the_old_one() {
    let stream = Stream::new(
        "event - 1 one
         ---
         event - 2 two",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    watch.connection().with(Connection::reconnect);
    watch.until_data("two").await;
    stream.until("the old connection is gone", |report| report.open == 1).await;
    assert_eq!(watch.failures(), []);
}

#[wasm_bindgen_test]
async fn pause_lets_go_of_the_server_and_resume_goes_on() {
    let stream = Stream::new(
        "event - 1 one
         ---
         event - 2 two",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    watch.connection().with(Connection::pause);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    watch.connection().with(Connection::resume);
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "paused Caller", "connecting 1", "open"]);
}
