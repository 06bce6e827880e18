use browser_tests::{Stream, Time, Told, Watch};
use sse_proto::client::Gap;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{SCOPES, options};

#[wasm_bindgen_test]
async fn who_comes_late_is_told_what_has_come() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             event - 2 two
             wait late
             event - 3 three",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("two").await;
        let late = Watch::open(stream.url(), options(scope));
        assert_eq!(late.phases(), ["open"], "the state at once");
        assert_eq!(late.data(), [""; 0], "and the events when its owner has got it");
        late.until_data("two").await;
        stream.release("late").await;
        for watch in [&early, &late] {
            watch.until_data("three").await;
            assert_eq!(watch.data(), ["one", "two", "three"]);
        }
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn who_comes_with_a_cursor_is_told_what_came_behind_it() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             event - 2 two
             event - 3 three",
        )
        .await;
        let from = |cursor: &str| {
            let mut options = options(scope);
            options.last_event_id = cursor.to_owned();
            Watch::open(stream.url(), options)
        };
        let early = from("0");
        early.until_data("three").await;
        let late = from("2");
        late.until_data("three").await;
        assert_eq!(late.data(), ["three"]);
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn who_comes_with_a_cursor_is_told_also_what_a_snapshot_leaves_out() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(
            "event - 60 sixty
             event - 95 ninety-five
             wait both
             event - 96 last
             ---
             event - 60 sixty
             event - 61 sixty-one
             event - 95 ninety-five",
        )
        .await;
        let from = |cursor: &str| {
            let mut options = options(scope);
            options.last_event_id = cursor.to_owned();
            Watch::open(stream.url(), options)
        };
        let early = from("");
        early.until_data("ninety-five").await;
        let late = [from("50"), from("60")];
        for late in &late {
            late.until_data("ninety-five").await;
        }
        super::pass_the_end_of_a_snapshot(&time);
        let report =
            stream.until("both have caught up", |report| report.visits.len() == 3 && report.open == 1);
        assert_eq!(report.await.visits.len(), 3);
        stream.release("both").await;
        for watch in [&early, &late[0], &late[1]] {
            watch.until_data("last").await;
        }
        assert_eq!(early.data(), ["sixty", "ninety-five", "last"]);
        assert_eq!(late[0].data(), ["sixty", "sixty-one", "ninety-five", "last"]);
        assert_eq!(late[1].data()[1..], ["sixty-one", "ninety-five", "last"]);
    }
}

#[wasm_bindgen_test]
async fn who_comes_with_a_cursor_behind_a_snapshot_shares_at_once_if_the_server_says_where_that_ends() {
    for scope in SCOPES {
        let stream = Stream::new(
            r#"event sse.open a.0 {"snapshot_through":95}
            event - a.60 sixty
            event - a.95 ninety-five
            wait late
            event - a.96 last"#,
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("ninety-five").await;
        let mut options = options(scope);
        options.last_event_id = "a.95".to_owned();
        let late = Watch::open(stream.url(), options);
        late.until_phase("open").await;
        stream.release("late").await;
        late.until_data("last").await;
        assert_eq!(late.data(), ["last"]);
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn who_comes_with_a_cursor_while_a_snapshot_still_comes_is_told_what_it_leaves_out() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(
            "event - 12 twelve
             event - 60 sixty
             wait rest
             event - 95 ninety-five
             wait both
             event - 96 last
             ---
             event - 61 sixty-one
             wait rest
             event - 95 ninety-five",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("sixty").await;
        let mut options = options(scope);
        options.last_event_id = "60".to_owned();
        let late = Watch::open(stream.url(), options);
        late.until_data("sixty-one").await;
        stream.release("rest").await;
        for watch in [&early, &late] {
            watch.until_data("ninety-five").await;
        }
        super::pass_the_end_of_a_snapshot(&time);
        let report = stream.until("it shares", |report| report.visits.len() == 2 && report.open == 1).await;
        assert_eq!(report.visits[1].cursor_parameter(), Some("60"));
        stream.release("both").await;
        for watch in [&early, &late] {
            watch.until_data("last").await;
        }
        assert_eq!(early.data(), ["twelve", "sixty", "ninety-five", "last"]);
        assert_eq!(late.data(), ["sixty-one", "ninety-five", "last"]);
    }
}

#[wasm_bindgen_test]
async fn who_begins_with_a_snapshot_in_no_order_is_told_all_of_it() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(
            "repeat 1100 event - {n} {n}
             event - 1200 live
             wait both
             event - 1201 last
             ---
             event - 1200 of one key
             sleep 100ms
             event - 7 of another
             wait both
             event - 1201 last",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("live").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("of another").await;
        stream.release("both").await;
        for watch in [&early, &late] {
            watch.until_data("last").await;
        }
        super::pass_the_end_of_a_snapshot(&time);
        assert_eq!(late.data(), ["of one key", "of another", "last"]);
        let report = stream.until("it shares", |report| report.open == 1).await;
        assert_eq!(report.visits.len(), 2);
    }
}

#[wasm_bindgen_test]
async fn a_gap_is_told_in_its_place_also_to_those_who_come_late() {
    for scope in SCOPES {
        let stream = Stream::new(
            r#"event sse.open 5.1 {}
               event - 5.2 before
               event sse.gap - {"trimmed":8}
               event - 5.9 behind"#,
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("behind").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("behind").await;
        for watch in [&early, &late] {
            let order: Vec<_> = watch
                .told()
                .into_iter()
                .filter_map(|told| match told {
                    Told::Event { data, .. } => Some(data),
                    Told::Gap(Gap::Trimmed { up_to }) => Some(format!("gap up to {up_to}")),
                    _ => None,
                })
                .collect();
            assert_eq!(order, ["before", "gap up to 8", "behind"]);
        }
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn a_stream_without_ids_is_told_as_far_as_it_is_remembered() {
    for scope in SCOPES {
        let stream = Stream::new("repeat 1030 event - - {n}").await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("1030").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("1030").await;
        assert_eq!(late.data().len(), 1_024);
        assert_eq!(late.data()[0], "7");
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}
