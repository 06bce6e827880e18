use browser_tests::{Stream, Time, Watch};
use sse_web::Connection;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{SCOPES, options};

/// More than is remembered, from whatever cursor.
const LONG: &str = "repeat 1100 event - {n} {n}
                    wait both
                    event - 1101 last";

fn all() -> Vec<String> {
    (1..=1100).map(|number| number.to_string()).chain(["last".to_owned()]).collect()
}

#[wasm_bindgen_test]
async fn who_comes_too_late_catches_up_by_a_connection_of_its_own_and_then_shares() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(LONG).await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("1100").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("1100").await;
        super::pass_the_end_of_a_snapshot(&time);
        let report = stream.until("its own connection is gone", |report| report.open == 1).await;
        assert_eq!(report.visits.len(), 2);
        stream.release("both").await;
        for watch in [&early, &late] {
            watch.until_data("last").await;
            assert_eq!(watch.data(), all());
        }
        assert_eq!(stream.report().await.visits.len(), 2);
    }
}

#[wasm_bindgen_test]
async fn who_was_away_too_long_catches_up_from_its_cursor() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(
            "event - 0 zero
             wait away
             repeat 1100 event - {n} {n}
             wait both
             event - 1101 last
             ---
             repeat 1100 event - {n} {n}
             stall",
        )
        .await;
        let [stays, away] = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        away.until_data("zero").await;
        away.connection().with(Connection::pause);
        stream.release("away").await;
        stays.until_data("1100").await;
        away.connection().with(Connection::resume);
        away.until_data("1100").await;
        super::pass_the_end_of_a_snapshot(&time);
        let report = stream.until("its own connection is gone", |report| report.open == 1).await;
        assert_eq!(report.visits[1].cursor_parameter(), Some("0"));
        stream.release("both").await;
        for watch in [&stays, &away] {
            watch.until_data("last").await;
            assert_eq!(watch.data()[1..], all());
        }
    }
}

#[wasm_bindgen_test]
async fn who_pauses_while_it_catches_up_has_no_connection_of_its_own() {
    for scope in SCOPES {
        let stream = Stream::new(
            "repeat 1100 event - {n} {n}
             ---
             event - 1 1
             stall",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("1100").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("1").await;
        assert_eq!(stream.report().await.open, 2);
        late.connection().with(Connection::pause);
        stream.until("the connection of the group is left", |report| report.open == 1).await;
        late.connection().with(Connection::resume);
        let report = stream.until("it goes on", |report| report.visits.len() == 3).await;
        assert_eq!(report.visits[2].cursor_parameter(), Some("1"));
        drop(late);
        stream.until("the connection of the group is left", |report| report.open == 1).await;
    }
}

#[wasm_bindgen_test]
async fn what_becomes_of_its_own_connection_is_told_while_it_catches_up() {
    for scope in SCOPES {
        let stream = Stream::new(
            "repeat 1100 event - {n} {n}
             ---
             event - 1 1
             cut
             ---
             status 404",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("1100").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_phase("closed").await;
        assert_eq!(late.failures().len(), 2);
        stream.until("the connection of the group is left", |report| report.open == 1).await;
        assert_eq!(early.failures(), []);
        assert_eq!(early.phases(), ["connecting 1", "open"]);
    }
}
