use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use browser_tests::{Stream, Time, Told, Watch, until};
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::Connection;
use sse_web::transport::{ActiveRequest, Native, Receiver, Request, Transport};
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
async fn the_cursor_at_a_gap_is_that_in_front_of_the_event_behind_it() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event sse.open a.5 {}
             event - a.6 six
             event - b.1 one
             event - b.2 two",
        )
        .await;
        let at_gap = Rc::new(RefCell::new(None));
        let watch = Watch::open_and_react(stream.url(), options(scope), {
            let at_gap = at_gap.clone();
            move |told, slot| {
                if let Told::Gap(_) = told {
                    slot.with(|connection| drop(at_gap.replace(Some(connection.last_event_id()))));
                }
            }
        });
        watch.until_data("two").await;
        assert_eq!(watch.data(), ["six", "one", "two"]);
        assert_eq!(at_gap.take().as_deref(), Some("a.6"));
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

/// Counts the requests that are made, also those that are dropped before they leave the browser.
struct Counted(Arc<AtomicUsize>);

impl Transport for Counted {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Native.connect(request, receiver)
    }

    fn share_key(&self) -> Option<String> {
        Native.share_key()
    }
}

#[wasm_bindgen_test]
async fn an_owner_that_closes_when_it_hears_of_an_attempt_makes_no_request() {
    for scope in SCOPES {
        for attempts in [1, 2] {
            let stream = Stream::new("event - 1 one").await;
            let requests = Arc::new(AtomicUsize::new(0));
            let mut options = options(scope);
            options.transport = Arc::new(Counted(requests.clone()));
            let watch = Watch::open_and_react(stream.url(), options, {
                let seen = Cell::new(0);
                move |told, slot| {
                    if matches!(told, Told::State(State::Connecting { .. })) {
                        seen.set(seen.get() + 1);
                        // The slot is empty while the connection opens.
                        if seen.get() > attempts {
                            slot.with(Connection::close);
                        }
                    }
                }
            });
            for made in 1..=attempts {
                until("the attempt is open", || {
                    watch.phases().iter().filter(|it| *it == "open").count() == made
                })
                .await;
                watch.connection().with(Connection::reconnect);
            }
            assert_eq!(watch.state(), State::Closed(CloseReason::Caller));
            assert_eq!(requests.load(Ordering::Relaxed), attempts);
            stream.until_nobody_is_connected().await;
        }
    }
}

#[wasm_bindgen_test]
async fn c09_an_owner_that_closes_when_it_shares_again_hears_no_more() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(
            "repeat 1100 event - {n} {n}
             wait more
             event - 1101 1101
             event - 1102 1102
             cut
             ---
             event - 1 1
             wait met
             event - 1101 1101
             event - 1102 1102",
        )
        .await;
        let mut options = options(scope);
        options.client.backoff.initial = Duration::from_secs(60);
        options.client.backoff.floor = Duration::from_secs(60);
        let early = Watch::open(stream.url(), options.clone());
        early.until_data("1100").await;
        let late = Watch::open_and_react(stream.url(), options, |told, slot| {
            if matches!(told, Told::State(State::Waiting { .. })) {
                slot.with(Connection::close);
            }
        });
        late.until_data("1").await;
        stream.release("more").await;
        early.until_phase("waiting for 2").await;
        stream.release("met").await;
        late.until_data("1102").await;
        super::pass_the_end_of_a_snapshot(&time);
        late.until_phase("closed").await;
        assert_eq!(late.data(), ["1", "1101", "1102"]);
        assert_eq!(late.phases().last().map(String::as_str), Some("closed"));
    }
}

#[wasm_bindgen_test]
async fn who_pauses_for_a_moment_when_it_has_to_catch_up_is_caught_up() {
    for scope in SCOPES {
        let stream = Stream::new("event - 1 one").await;
        let mut from = options(scope);
        from.last_event_id = "0".to_owned();
        let early = Watch::open(stream.url(), from);
        early.until_data("one").await;
        // What is remembered begins behind a cursor, and this one has none.
        let late = Watch::open_and_react(stream.url(), options(scope), {
            let has_paused = Cell::new(false);
            move |told, slot| {
                let is_catching_up = matches!(told, Told::State(State::Connecting { .. }));
                if is_catching_up && !has_paused.replace(true) {
                    slot.with(|connection| {
                        connection.pause();
                        connection.resume();
                    });
                }
            }
        });
        late.until_data("one").await;
        assert_eq!(late.data(), ["one"]);
        assert!(late.phases().contains(&"paused Caller".to_owned()));
    }
}

/// Makes one request and no more.
struct Once(AtomicBool);

impl Transport for Once {
    fn connect(&self, request: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        if self.0.swap(true, Ordering::Relaxed) {
            Err(Failure::Unsupported)
        } else {
            Native.connect(request, receiver)
        }
    }

    fn share_key(&self) -> Option<String> {
        Native.share_key()
    }
}

#[wasm_bindgen_test]
async fn a_stream_that_ends_in_the_middle_of_being_told_is_told_to_its_end() {
    for scope in SCOPES {
        let stream = Stream::new("repeat 3 event - {n} {n}").await;
        let mut options = options(scope);
        options.transport = Arc::new(Once(AtomicBool::new(false)));
        let early = Watch::open(stream.url(), options.clone());
        early.until_data("3").await;
        let late = Watch::open_and_react(stream.url(), options, |told, slot| {
            if is_event(told, "1") {
                slot.with(Connection::reconnect);
            }
        });
        for watch in [&early, &late] {
            watch.until_phase("closed").await;
            assert_eq!(watch.data(), ["1", "2", "3"]);
            assert_eq!(watch.state(), State::Closed(CloseReason::Refused(Failure::Unsupported)));
        }
    }
}
