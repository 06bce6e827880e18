use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use browser_tests::{Stream, Time, Told, Watch, next_task, until};
use send_wrapper::SendWrapper;
use sse_proto::EventRef;
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::transport::{ActiveRequest, Receiver, Request, Transport};
use sse_web::{Connection, Sharing};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{SCOPES, options};

#[wasm_bindgen_test]
async fn the_end_of_a_stream_is_the_end_for_all() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - 1 one
             wait both
             event sse.end - {}",
        )
        .await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
        }
        stream.release("both").await;
        for watch in &watches {
            watch.until_phase("closed").await;
            assert_eq!(watch.state(), State::Closed(CloseReason::Ended));
            assert_eq!(watch.failures(), []);
        }
        assert_eq!(stream.until_nobody_is_connected().await, 1);
    }
}

#[wasm_bindgen_test]
async fn who_finishes_a_shared_stream_has_come_to_its_end_alone() {
    for scope in SCOPES {
        let stream = Stream::new("event - 1 one\nwait more\nevent - 2 two").await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
        }
        watches[0].connection().with(Connection::finish);
        assert_eq!(watches[0].state(), State::Closed(CloseReason::Ended));
        stream.release("more").await;
        watches[1].until_data("two").await;
        assert_eq!(watches[0].data(), ["one"]);
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn a_refusal_is_told_to_each_and_tried_once() {
    for scope in SCOPES {
        let stream = Stream::new("status 404").await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_phase("closed").await;
            assert_eq!(watch.failures(), [Failure::Rejected]);
        }
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn who_comes_after_the_end_begins_anew_and_so_does_who_connects_anew() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(
            "event - 1 one
             event sse.end - {}
             ---
             event - 2 two",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_phase("closed").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("two").await;
        assert_eq!(late.data(), ["two"]);
        early.connection().with(Connection::reconnect);
        // It shares again: its cursor is not in what is remembered, so it has to ask for what comes behind it.
        early.until_data("two").await;
        super::pass_the_end_of_a_snapshot(&time);
        assert_eq!(early.data(), ["one", "two"]);
        let report = stream.until("one is left", |report| report.open == 1).await;
        assert_eq!(report.visits.len(), 3);
        assert_eq!(report.visits[2].cursor_parameter(), Some("1"));
    }
}

#[wasm_bindgen_test]
async fn who_was_paused_when_it_ended_is_told_the_rest_and_asks_nobody() {
    for scope in SCOPES {
        let stream = Stream::new(
            "event - - one
             wait paused
             event - - two
             event sse.end - {}",
        )
        .await;
        let watches = [(); 2].map(|()| Watch::open(stream.url(), options(scope)));
        for watch in &watches {
            watch.until_data("one").await;
        }
        let [other, paused] = &watches;
        paused.connection().with(Connection::pause);
        stream.release("paused").await;
        other.until_phase("closed").await;
        paused.connection().with(Connection::resume);
        paused.until_phase("closed").await;
        assert_eq!(paused.data(), ["one", "two"]);
        assert_eq!(paused.state(), State::Closed(CloseReason::Ended));
        assert_eq!(stream.report().await.visits.len(), 1);
    }
}

#[wasm_bindgen_test]
async fn who_comes_right_before_the_end_is_told_what_came_and_then_the_end() {
    for scope in SCOPES {
        let served = Served::new();
        let mut options = options(scope);
        options.transport = Arc::new(served.clone());
        let url = format!("https://example.org/{}", js_sys::Math::random());
        let second = Rc::new(RefCell::new(None));
        let first = Watch::open_and_react(&url, options.clone(), {
            let (url, second) = (url.clone(), second.clone());
            move |told, _| {
                if let Told::Event { .. } = told {
                    second.replace(Some(Watch::open(&url, options.clone())));
                }
            }
        });
        until("the request is made", || served.0.borrow().is_some()).await;
        next_task().await;
        // One chunk: nothing else runs in between.
        served.event("message", "one", "1");
        served.event("sse.end", "{}", "1");
        let second = second.take().expect("it came");
        second.until_phase("closed").await;
        assert_eq!(second.data(), ["one"]);
        for watch in [&first, &second] {
            assert_eq!(watch.state(), State::Closed(CloseReason::Ended));
        }
    }
}

#[wasm_bindgen_test]
async fn who_catches_up_with_a_stream_that_has_ended_is_closed_for_good() {
    for scope in SCOPES {
        let time = Time::stands_still();
        let stream = Stream::new(
            "repeat 1100 event - {n} {n}
             wait end
             event sse.end - {}
             ---
             event - 1099 almost
             wait met
             event - 1100 last",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("1100").await;
        let late = Watch::open(stream.url(), options(scope));
        late.until_data("almost").await;
        stream.release("end").await;
        early.until_phase("closed").await;
        stream.release("met").await;
        late.until_data("last").await;
        super::pass_the_end_of_a_snapshot(&time);
        late.until_phase("closed").await;
        assert_eq!(late.data(), ["almost", "last"]);
        stream.until_nobody_is_connected().await;
        late.connection().with(Connection::pause);
        late.connection().with(Connection::resume);
        assert_eq!(late.state(), State::Closed(CloseReason::Ended));
        assert_eq!(stream.report().await.visits.len(), 2);
    }
}

#[wasm_bindgen_test]
async fn who_connects_anew_at_the_end_is_told_what_the_others_who_did_have_brought_already() {
    let served = Served::new();
    let mut options = options(Sharing::page);
    options.transport = Arc::new(served.clone());
    let url = format!("https://example.org/{}", js_sys::Math::random());
    let open = || {
        let has_ended = Cell::new(false);
        Watch::open_and_react(&url, options.clone(), move |told, slot| {
            if matches!(told, Told::State(State::Closed(_))) && !has_ended.replace(true) {
                slot.with(Connection::reconnect);
            }
        })
    };
    let first = open();
    next_task().await;
    served.event("message", "one", "1");
    // It has not begun to hear when the stream ends, and the first is on its way to the next.
    let second = open();
    served.event("sse.end", "{}", "1");
    served.event("message", "two", "2");
    second.until_data("two").await;
    for watch in [&first, &second] {
        assert_eq!(watch.data(), ["one", "two"]);
    }
}

#[wasm_bindgen_test]
async fn who_connects_anew_at_the_end_does_not_wait_for_the_connection_by_which_it_caught_up() {
    for scope in SCOPES {
        let stream = Stream::new(
            "repeat 1100 event - {n} {n}
             wait end
             event sse.end - {}
             ---
             end
             ---
             event - 1 anew",
        )
        .await;
        let early = Watch::open(stream.url(), options(scope));
        early.until_data("1100").await;
        let mut patient = options(scope);
        patient.client.backoff.initial = Duration::from_secs(60);
        patient.client.backoff.floor = Duration::from_secs(60);
        let late = Watch::open(stream.url(), patient);
        late.until_phase("waiting for 2").await;
        stream.release("end").await;
        early.until_phase("closed").await;
        late.connection().with(Connection::reconnect);
        late.until_data("anew").await;
        assert_eq!(stream.report().await.visits.len(), 3);
    }
}

/// A transport on which a test says in one task what comes.
#[derive(Clone)]
struct Served(SendWrapper<Rc<RefCell<Option<Receiver>>>>);

impl Served {
    fn new() -> Self {
        Self(SendWrapper::new(Rc::default()))
    }

    fn event(&self, event_type: &str, data: &str, last_event_id: &str) {
        let receiver = self.0.borrow().clone().expect("a request was made");
        receiver.event(EventRef { event_type, data, last_event_id });
    }
}

impl Transport for Served {
    fn connect(&self, _: Request<'_>, receiver: Receiver) -> Result<Box<dyn ActiveRequest>, Failure> {
        self.0.replace(Some(receiver));
        Ok(Box::new(()))
    }

    fn share_key(&self) -> Option<String> {
        Some(String::new())
    }
}
