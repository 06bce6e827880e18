use std::cell::RefCell;
use std::rc::Rc;

use browser_tests::{Stream, Told, Watch};
use sse_web::Connection;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{SCOPES, options};

/// Whether this tells an event with this data.
fn is_event(told: &Told, expected: &str) -> bool {
    matches!(told, Told::Event { data, .. } if data == expected)
}

#[wasm_bindgen_test]
async fn an_owner_may_drop_its_connection_in_the_middle_of_being_told() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             event - 2 two",
        )
        .await;
        let open = |until: &'static str| {
            Watch::open_and_react(stream.url(), options(scope), move |told, slot| {
                if is_event(told, until) {
                    slot.clear();
                }
            })
        };
        let [first, second] = [open("one"), open("two")];
        second.until_data("two").await;
        assert_eq!(first.data(), ["one"]);
        assert_eq!(second.data(), ["one", "two"]);
        assert_eq!(stream.until_nobody_is_connected().await, 1);
        assert!(first.is_freed() && second.is_freed());
    }
}

#[wasm_bindgen_test]
async fn c09_an_owner_that_closes_in_the_middle_hears_no_more_and_the_others_do() {
    for scope in SCOPES {
        let stream = Stream::new("repeat 5 event - {n} {n}").await;
        let stops = Watch::open_and_react(stream.url(), options(scope), |told, slot| {
            if is_event(told, "3") {
                slot.with(Connection::close);
            }
        });
        let goes_on = Watch::open(stream.url(), options(scope));
        goes_on.until_data("5").await;
        assert_eq!(stops.data(), ["1", "2", "3"]);
        assert_eq!(goes_on.data(), ["1", "2", "3", "4", "5"]);
    }
}

#[wasm_bindgen_test]
async fn an_owner_that_closes_when_it_hears_of_the_attempt_has_no_connection() {
    for scope in SCOPES {
        let stream = Stream::new("event - 1 one").await;
        // The slot is empty while the connection opens, so the other one's is closed.
        let other = Rc::new(Watch::open(stream.url(), options(scope)));
        let reacting = Watch::open_and_react(stream.url(), options(scope), {
            let other = other.clone();
            move |_, slot| {
                other.connection().with(Connection::close);
                slot.with(Connection::close);
            }
        });
        reacting.until_phase("closed").await;
        assert_eq!(other.phases().last().map(String::as_str), Some("closed"));
        stream.until_nobody_is_connected().await;
    }
}

#[wasm_bindgen_test]
async fn another_may_come_in_the_middle_of_being_told() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             event - 2 two",
        )
        .await;
        let url = stream.url().to_owned();
        let second = Rc::new(RefCell::new(None));
        let first = Watch::open_and_react(stream.url(), options(scope), {
            let second = second.clone();
            move |told, _| {
                if is_event(told, "one") {
                    second.replace(Some(Watch::open(&url, options(scope))));
                }
            }
        });
        first.until_data("two").await;
        let second = second.take().expect("it came");
        second.until_data("two").await;
        assert_eq!(second.data(), ["one", "two"]);
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}
