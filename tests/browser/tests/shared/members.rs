use std::cell::RefCell;
use std::sync::Arc;

use browser_tests::{Live, Stream, Watch, next_task, until};
use sse_web::transport::Fetch;
use sse_web::{Connection, Sharing};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{SCOPES, options};

#[wasm_bindgen_test]
async fn several_owners_have_one_connection_and_each_hears_everything_once() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             wait both
             event - 2 two",
        )
        .await;
        let watches = [(); 3].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
        }
        stream.release("both").await;
        for watch in &watches {
            watch.until_data("two").await;
            assert_eq!(watch.data(), ["one", "two"]);
            assert_eq!(watch.phases(), ["connecting 1", "open"]);
            watch.connection().with(|connection| assert_eq!(connection.last_event_id(), "2"));
        }
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn what_one_owner_does_is_its_own_affair() {
    for scope in SCOPES {
        for (leave, phase) in
            [(Connection::close as fn(&Connection), "closed"), (Connection::pause, "paused Caller")]
        {
            let stream = Stream::new(
                "event - 1 one
                 wait left
                 event - 2 two",
            )
            .await;
            let [goes, stays] = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
            goes.until_data("one").await;
            stays.until_data("one").await;
            goes.connection().with(leave);
            stream.release("left").await;
            stays.until_data("two").await;
            assert_eq!(goes.data(), ["one"]);
            assert_eq!(goes.phases(), ["connecting 1", "open", phase]);
            assert_eq!(stays.phases(), ["connecting 1", "open"]);
            assert_eq!(stream.report().await.open, 1);
        }
    }
}

#[wasm_bindgen_test]
async fn who_was_away_is_told_what_it_has_missed() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             wait away
             event - 2 two
             event - - without an id
             event - 3 three",
        )
        .await;
        let [away, stays] = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        away.until_data("one").await;
        away.connection().with(Connection::pause);
        stream.release("away").await;
        stays.until_data("three").await;
        away.connection().with(Connection::resume);
        away.until_data("three").await;
        assert_eq!(away.data(), ["one", "two", "without an id", "three"]);
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn the_connection_is_dropped_when_nobody_wants_it_and_goes_on_from_the_cursor() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             ---
             event - 2 two",
        )
        .await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
            watch.connection().with(Connection::pause);
        }
        assert_eq!(stream.until_nobody_is_connected().await, 1);
        for watch in &watches {
            watch.connection().with(Connection::resume);
        }
        for watch in &watches {
            watch.until_data("two").await;
            assert_eq!(watch.data(), ["one", "two"]);
        }
        let report = stream.report().await;
        assert_eq!(report.visits.len(), 2);
        assert_eq!(report.visits[1].cursor_parameter(), Some("1"));
    }
}

#[wasm_bindgen_test]
async fn a_reconnect_of_one_is_one_of_all() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             ---
             event - 2 two",
        )
        .await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
        }
        watches[1].connection().with(Connection::reconnect);
        for watch in &watches {
            watch.until_data("two").await;
            assert_eq!(watch.phases(), ["connecting 1", "open", "connecting 1", "open"]);
        }
        assert_eq!(stream.report().await.visits.len(), 2);
    }
}

/// Counts when a shared connection has come and gone: whatever is made once and kept has been made by then.
async fn count_when_warm(scope: fn() -> Sharing) -> Live {
    let stream = Stream::new("event - 1 warm").await;
    // From the first count on: what was made in front of it would be missing when it goes.
    let _ = Live::count();
    let watch = Watch::open(stream.url(), options(scope));
    watch.until_data("warm").await;
    drop(watch);
    stream.until_nobody_is_connected().await;
    // The browser says a moment later that the lock is given back.
    next_task().await;
    Live::count()
}

#[wasm_bindgen_test]
async fn c20_the_last_to_go_takes_everything_along() {
    for scope in SCOPES {
        let stream = Stream::new("event - 1 one").await;
        let before = count_when_warm(scope).await;
        let watches = [(); 3].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
        }
        let [first, second, last] = watches;
        for gone in [first, second] {
            gone.connection().clear();
            assert!(gone.is_freed());
            assert_eq!(stream.report().await.open, 1);
        }
        last.connection().clear();
        assert!(last.is_freed());
        assert_eq!(stream.until_nobody_is_connected().await, 1);
        assert_eq!(Live::count().listeners(), before.listeners());
        before.again().await;
    }
}

#[wasm_bindgen_test]
async fn c20_one_that_is_dropped_at_once_leaves_nothing_behind() {
    for scope in SCOPES {
        let stream = Stream::new("event - 1 one").await;
        let before = count_when_warm(scope).await;
        for _ in 0..100 {
            let watch = Watch::open(stream.url(), options(scope));
            watch.connection().clear();
            assert!(watch.is_freed());
        }
        // The lock can be had again: nobody who is gone waits for it.
        let watch = Watch::open(stream.url(), options(scope));
        watch.until_data("one").await;
        drop(watch);
        stream.until_nobody_is_connected().await;
        assert_eq!(Live::count().listeners(), before.listeners());
        before.again().await;
    }
}

#[wasm_bindgen_test]
async fn a_dropped_connection_is_tried_again_once_for_all() {
    let stream = Stream::new(
        "event - 1 one
         cut
         ---
         event - 2 two",
    )
    .await;
    let watches = [(); 2].map(|()| Watch::open(stream.url(), options(Sharing::browser)));
    for watch in &watches {
        watch.until_data("two").await;
        assert_eq!(watch.data(), ["one", "two"]);
        assert_eq!(watch.failures().len(), 1);
        assert_eq!(
            watch.phases(),
            ["connecting 1", "open", "waiting for 2", "connecting 2", "open"],
            "as alone"
        );
    }
    assert_eq!(stream.report().await.visits.len(), 2);
}

#[wasm_bindgen_test]
async fn a_cursor_that_came_before_any_event_is_not_forgotten() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event sse.open 100 {}
             ---
             event - 101 missed",
        )
        .await;
        let watch = Watch::open(stream.url(), options(scope));
        let last_event_id = || {
            let id = RefCell::new(String::new());
            watch.connection().with(|connection| drop(id.replace(connection.last_event_id())));
            id.into_inner()
        };
        until("the cursor is known", || last_event_id() == "100").await;
        watch.connection().with(Connection::pause);
        assert_eq!(last_event_id(), "100");
        stream.until_nobody_is_connected().await;
        watch.connection().with(Connection::resume);
        watch.until_data("missed").await;
        assert_eq!(stream.report().await.visits[1].cursor_parameter(), Some("100"));
    }
}

#[wasm_bindgen_test]
async fn who_pauses_and_resumes_does_not_come_before_the_server_allows_it() {
    for scope in SCOPES {
        let stream = Stream::new(
            "status 503
             header retry-after 3600
             ---
             event - 1 one",
        )
        .await;
        let mut options = options(scope);
        options.transport = Arc::new(Fetch::new());
        let watch = Watch::open(stream.url(), options);
        watch.until_phase("waiting for 2").await;
        watch.connection().with(Connection::pause);
        watch.connection().with(Connection::resume);
        until("it waits again", || watch.phases().last().is_some_and(|last| last == "waiting for 2")).await;
        assert_eq!(stream.report().await.visits.len(), 1);
        // Who asks for it expressly does.
        watch.connection().with(Connection::pause);
        watch.connection().with(Connection::reconnect);
        watch.until_data("one").await;
        assert_eq!(stream.report().await.visits.len(), 2);
    }
}

#[wasm_bindgen_test]
async fn who_was_away_and_connects_anew_does_not_wait_with_the_others() {
    for scope in SCOPES {
        for leave in [Connection::pause as fn(&Connection), Connection::close] {
            let stream = Stream::new(
                "status 503
                 header retry-after 3600
                 ---
                 event - 1 one",
            )
            .await;
            let mut options = options(scope);
            options.transport = Arc::new(Fetch::new());
            let [away, stays] = [(); 2].map(|()| Watch::open(stream.url(), options.clone()));
            stays.until_phase("waiting for 2").await;
            away.connection().with(leave);
            away.connection().with(Connection::reconnect);
            for watch in [&away, &stays] {
                watch.until_data("one").await;
            }
            assert_eq!(stream.report().await.visits.len(), 2);
        }
    }
}
