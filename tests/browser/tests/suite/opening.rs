use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use browser_tests::{Carrier, Engine, Stream, Time, Told, Watch};
use sse_proto::EventRef;
use sse_proto::client::{Failure, State};
use sse_web::transport::Scripted;
use sse_web::{Connection, Sink};
use wasm_bindgen_test::wasm_bindgen_test;

use super::options;
use crate::CARRIER;

struct Deaf;

impl Sink for Deaf {
    fn event(&self, _: EventRef<'_>) {}
}

#[wasm_bindgen_test]
fn c01_an_invalid_url_is_an_error_value() {
    // The empty one would be the page's own.
    for url in
        ["", "http://", "http://a:b", "http://[::1", "ftp://host/", "data:text/event-stream,", "javascript:0"]
    {
        let error = Connection::open(url, options(), Deaf).expect_err(url);
        assert_eq!(error.url, url);
    }
}

#[wasm_bindgen_test]
fn c01_a_relative_url_is_resolved_against_the_document_or_the_worker() {
    let transport = Scripted::new();
    let mut options = options();
    options.transport = Arc::new(transport.clone());
    let _watch = Watch::open("/some/../stream?a=ü", options);
    let asked = transport.requests();
    assert!(asked[0].url().starts_with("http://"), "{asked:?}");
    assert!(asked[0].url().ends_with("/stream?a=%C3%BC"), "{asked:?}");
}

#[wasm_bindgen_test]
async fn c05_a_redirect_is_followed() {
    let comments = "sleep 100ms\ncomment still here\n".repeat(9);
    let stream = Stream::new(&format!(
        "redirect
         ---
         event - - arrived
         wait dropped
         {comments}"
    ))
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("arrived").await;
    let report = stream.report().await;
    assert_eq!(report.visits.len(), 2);
    assert_eq!(report.visits[1].query.get("redirected").map(String::as_str), Some("1"));
    assert_eq!(watch.phases(), ["connecting 1", "open"], "a redirect is not a failure");
    drop(watch);
    if CARRIER == Carrier::Fetch && Engine::current().keeps_a_redirected_request() {
        stream.release("dropped").await;
    }
    assert_eq!(stream.until_nobody_is_connected().await, 2);
}

#[wasm_bindgen_test]
async fn c06_open_is_told_after_the_state_is_open() {
    let stream = Stream::new("event - - hi").await;
    let seen = Rc::new(RefCell::new(Vec::new()));
    let watch = Watch::open_and_react(stream.url(), options(), {
        let seen = seen.clone();
        move |told, slot| {
            if let Told::State(told) = told {
                slot.with(|connection| seen.borrow_mut().push((told.clone(), connection.state())));
            }
        }
    });
    watch.until_data("hi").await;
    assert_eq!(*seen.borrow(), [(State::Open, State::Open)]);
}

#[wasm_bindgen_test]
async fn c06_open_is_not_told_after_close() {
    let stream = Stream::new(
        "wait closed
         event - - hi",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    stream.until("a request", |report| report.open == 1).await;
    watch.connection().with(Connection::close);
    stream.release("closed").await;
    stream.until_nobody_is_connected().await;
    assert_eq!(watch.phases(), ["connecting 1", "closed"]);

    // And when the response was under way already.
    let transport = Scripted::new();
    let mut options = options();
    options.transport = Arc::new(transport.clone());
    let watch = Watch::open("/stream", options);
    watch.connection().with(Connection::close);
    let late = &transport.requests()[0];
    late.open();
    late.message("hi");
    assert_eq!(watch.phases(), ["connecting 1", "closed"]);
    assert_eq!(watch.data(), [""; 0]);
}

#[wasm_bindgen_test]
async fn c19_a_request_that_hangs_is_given_up_and_made_again() {
    let stream = Stream::new(
        "stall
         ---
         event - - hi",
    )
    .await;
    let mut options = options();
    options.client.connect_timeout = Some(Duration::from_secs(4));
    let time = Time::stands_still();
    let watch = Watch::open(stream.url(), options);
    stream.until("a request", |report| report.visits.len() == 1).await;
    time.pass_until("it is given up", || !watch.failures().is_empty());
    watch.until_data("hi").await;
    assert_eq!(watch.failures(), [Failure::ConnectTimeout]);
    assert_eq!(watch.phases(), ["connecting 1", "waiting for 2", "connecting 2", "open"]);
    stream.until("the first request is aborted", |report| report.open == 1).await;
}

#[wasm_bindgen_test]
async fn cookies_go_to_another_origin_only_if_that_is_asked_for() {
    // The first connections set the cookie and send it; then it is there, and must not be sent.
    for (with_credentials, cookie) in [(true, Some("seen=1")), (false, None)] {
        let stream = Stream::new(
            "header set-cookie seen=1; Max-Age=60
             event - - one
             end
             ---
             event - - two",
        )
        .await;
        let mut options = options();
        options.with_credentials = with_credentials;
        let watch = Watch::open(stream.url(), options);
        watch.until_data("two").await;
        let visits = stream.report().await.visits;
        assert_eq!(visits[1].headers.get("cookie").map(String::as_str), cookie);
    }
}
