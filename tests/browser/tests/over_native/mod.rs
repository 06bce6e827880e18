//! What holds over the browser's own `EventSource` only.

mod batch;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use browser_tests::{Engine, Live, Replaced, Stream, Told, Watch};
use send_wrapper::SendWrapper;
use sse_proto::client::{CloseReason, Failure, State};
use sse_testkit::{Report, Visit};
use sse_web::transport::{Fetch, NativeOrFetch, Ticketed};
use sse_web::{Connection, Options, Wake};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;
use crate::suite::refusal::assert_closes;

#[wasm_bindgen_test]
async fn c03_a_503_closes_too_as_it_cannot_be_told_apart() {
    assert_closes("status 503\nheader retry-after 0", &Failure::Rejected).await;
}

#[wasm_bindgen_test]
async fn c03_a_refusal_is_tried_again_on_request() {
    let stream = Stream::new(
        "status 503
         ---
         status 503
         ---
         event - - hi",
    )
    .await;
    let mut options = options();
    options.client.retry_rejected = true;
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(watch.failures(), [Failure::Rejected, Failure::Rejected]);
    assert_eq!(stream.report().await.visits.len(), 3);
}

#[wasm_bindgen_test]
async fn c10_the_cursor_is_sent_as_utf_8() {
    let stream = Stream::new("event - - hi").await;
    let mut options = options();
    options.last_event_id = "漢ü".to_owned();
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(stream.report().await.visits[0].cursor_parameter(), Some("漢ü"));
}

#[wasm_bindgen_test]
async fn c10_the_parameter_can_have_another_name_or_be_left_out() {
    for (name, sent) in [(Some("lastEventID"), Some("7")), (None, None)] {
        let stream = Stream::new("event - - hi").await;
        let mut options = options();
        options.last_event_id = "7".to_owned();
        options.cursor_parameter = name.map(Into::into);
        let watch = Watch::open(stream.url(), options);
        watch.until_data("hi").await;
        let report = stream.report().await;
        assert_eq!(report.visits[0].query.get("lastEventID").map(String::as_str), sent);
        assert_eq!(report.visits[0].cursor_parameter(), None);
    }
}

#[wasm_bindgen_test]
async fn c10_a_parameter_of_the_url_says_where_to_begin_until_there_is_a_cursor() {
    let stream = Stream::new("event - - one\nend\n---\nevent - 41 two\nend\n---\nevent - - three").await;
    let url = format!("{}&last%5fevent_id=3&from=a%20b+c", stream.url());
    let watch = Watch::open(&url, options());
    watch.until_data("three").await;
    let report = stream.report().await;
    let sent: Vec<_> = report.visits.iter().map(Visit::cursor_parameter).collect();
    assert_eq!(sent, [Some("3"), Some("3"), Some("41")]);
    assert!(report.visits.iter().all(|visit| visit.query.get("from").is_some_and(|from| from == "a b c")));
}

/// What `ticket` makes of how often it was asked is the ticket.
fn ticketed(ticket: impl Fn(u32) -> Result<String, String> + Send + Sync + 'static) -> Options {
    let asked = AtomicU32::new(0);
    let mut options = options();
    options.transport = Arc::new(Ticketed::new("ticket", move || {
        std::future::ready(ticket(asked.fetch_add(1, Ordering::Relaxed) + 1))
    }));
    options
}

#[wasm_bindgen_test]
async fn every_attempt_has_a_ticket_of_its_own_and_the_cursor() {
    let stream = Stream::new("event - 7 one\nend\n---\nevent - 8 two").await;
    let watch = Watch::open(stream.url(), ticketed(|asked| Ok(format!("t&{asked}"))));
    watch.until_data("two").await;
    let report = stream.report().await;
    let sent: Vec<_> = report
        .visits
        .iter()
        .map(|visit| (visit.query.get("ticket").map(String::as_str), visit.cursor_parameter()))
        .collect();
    assert_eq!(sent, [(Some("t&1"), None), (Some("t&2"), Some("7"))]);
}

#[wasm_bindgen_test]
async fn a_ticket_that_is_not_given_is_told_and_asked_for_again() {
    let stream = Stream::new("event - - hi").await;
    let no_ticket = "the session is over";
    let options =
        ticketed(move |asked| if asked == 1 { Err(no_ticket.to_owned()) } else { Ok("t".to_owned()) });
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(watch.failures(), [Failure::Token(no_ticket.to_owned())]);
    assert_eq!(stream.report().await.visits.len(), 1);
}

#[wasm_bindgen_test]
async fn a_stream_that_is_closed_while_it_waits_for_a_ticket_makes_no_request() {
    let stream = Stream::new("event - - never\n---\nevent - - hi").await;
    let asked = SendWrapper::new(Rc::new(Cell::new(false)));
    let give = SendWrapper::new(Rc::new(Cell::new(None)));
    let mut options = options();
    options.transport = Arc::new(Ticketed::new("ticket", {
        let (give, asked) = (give.clone(), asked.clone());
        move || {
            asked.set(true);
            let give = give.clone();
            let promise = js_sys::Promise::new(&mut |resolve, _| give.set(Some(resolve)));
            async move {
                let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
                Ok("t".to_owned())
            }
        }
    }));
    let watch = Watch::open(stream.url(), options);
    browser_tests::until("a ticket is asked for", || asked.get()).await;
    watch.connection().with(Connection::close);
    let resolve: js_sys::Function = (*give).take().expect("somebody waits for it");
    resolve.call0(&wasm_bindgen::JsValue::UNDEFINED).expect("a promise can be kept");
    // A request that was made is answered before one that is made later.
    let after = Watch::open(stream.url(), super::suite::options());
    after.until_data("never").await;
    assert_eq!(stream.report().await.visits.len(), 1);
}

/// A browser without an `EventSource`, and one that blocks it, until that is dropped.
const WITHOUT_EVENT_SOURCE: [fn() -> Replaced; 2] = [
    || Replaced::by_nothing(js_sys::global().into(), "EventSource"),
    || {
        let blocked = js_sys::eval("(function () { throw new DOMException('no', 'SecurityError') })");
        Replaced::by(&blocked.expect("it is well-formed"), js_sys::global().into(), "EventSource")
    },
];

#[wasm_bindgen_test]
async fn without_an_event_source_the_stream_closes_or_is_fetched_where_that_was_asked_for() {
    for without in WITHOUT_EVENT_SOURCE {
        let stream = Stream::new("event - 8 one\nend\n---\nevent - 9 two").await;
        let _without = without();
        let watch = Watch::open(stream.url(), options());
        watch.until_phase("closed").await;
        assert_eq!(watch.state(), State::Closed(CloseReason::Refused(Failure::Unsupported)));

        let watch = Watch::open(stream.url(), native_or_fetch("7"));
        watch.until_data("two").await;
        assert_eq!(watch.data(), ["one", "two"]);
        assert_eq!(cursors(&stream.report().await), [(None, Some("7")), (None, Some("8"))]);
    }
}

#[wasm_bindgen_test]
async fn an_event_source_that_is_there_is_taken() {
    let stream = Stream::new("event - 8 one\nend\n---\nevent - 9 two").await;
    let watch = Watch::open(stream.url(), native_or_fetch("7"));
    watch.until_data("two").await;
    assert_eq!(cursors(&stream.report().await), [(Some("7"), None), (Some("8"), None)]);
}

fn native_or_fetch(last_event_id: &str) -> Options {
    let mut options = options();
    options.transport = Arc::new(NativeOrFetch::new(Fetch::new()));
    options.last_event_id = last_event_id.to_owned();
    options
}

/// The cursor that came in the query of each request, and that in its header.
fn cursors(report: &Report) -> Vec<(Option<&str>, Option<&str>)> {
    report.visits.iter().map(|visit| (visit.cursor_parameter(), visit.cursor_header())).collect()
}

/// Counts the characters of the events that the browser has handed out, before anybody else hears of them.
const COUNTER: &str = "
    globalThis.TrueEventSource = EventSource;
    globalThis.handedOut = 0;
    globalThis.EventSource = class extends TrueEventSource {
        constructor(...args) {
            super(...args);
            this.addEventListener('message', ({ data }) => { globalThis.handedOut += data.length; });
        }
    };";

/// What Chromium hands out goes into an array, which is read in a task of its own. What bounds the array is that
/// Chromium lets such a task come between the pieces of a stream: they are of 1 MiB, and 1,040,204 characters were the
/// most that was seen in it. The other engines hand out all of this in one task, and there nothing may be kept back.
#[wasm_bindgen_test]
async fn what_is_kept_back_of_a_flood_has_a_bound() {
    let most = if Engine::current() == Engine::Chrome { 4 << 20 } else { 0 };
    let eval = |script: &str| js_sys::eval(script).expect("the script is well-formed");
    let behind = Rc::new(Cell::new(0.0));
    let stream = Stream::new(&format!("repeat 12000 event - - {{n}} {}", "x".repeat(1_000))).await;
    eval(COUNTER);
    let (told, count) = (Cell::new(0.0), Rc::new(Cell::new(0)));
    let _watch = Watch::open_and_react(stream.url(), options(), {
        let (behind, count) = (behind.clone(), count.clone());
        move |what, _| {
            if let Told::Event { data, .. } = what {
                count.set(count.get() + 1);
                told.set(told.get() + data.len() as f64);
                let handed_out = eval("handedOut").as_f64().expect("it is a number");
                behind.set(f64::max(behind.get(), handed_out - told.get()));
            }
        }
    });
    eval("EventSource = TrueEventSource;");
    browser_tests::until("the last event", || count.get() == 12_000).await;
    assert!(behind.get() <= f64::from(most), "{} characters were kept back", behind.get());
}

#[wasm_bindgen_test]
async fn a_stream_that_is_closed_at_a_sign_of_life_leaves_nothing() {
    let stream = Stream::new(
        r#"event - - warm
        ---
        event sse.open a.0 {"heartbeat_ms":1500}
        wait stale
        event - a.1 alive"#,
    )
    .await;
    // What is made once and kept is made by then.
    let warm = Watch::open(stream.url(), options());
    warm.until_data("warm").await;
    drop(warm);
    let before = Live::count();
    let was_stale = Cell::new(false);
    let watch = Watch::open_and_react(stream.url(), options(), move |told, connection| {
        if let Told::State(state) = told {
            let is_alive = was_stale.replace(matches!(state, State::Stale { .. })) && state.is_open();
            if is_alive {
                connection.with(Connection::close);
            }
        }
    });
    watch.until_phase("stale").await;
    stream.release("stale").await;
    watch.until_phase("closed").await;
    assert_eq!(watch.data(), [""; 0]);
    drop(watch);
    before.again().await;
}

#[wasm_bindgen_test]
async fn a_connection_that_is_closed_looks_at_no_clock() {
    let stream = Stream::new("event - - hi\nstall").await;
    let before = Live::count().timeouts();
    let mut options = options();
    options.wake = Wake::ReconnectAfter(Duration::from_secs(3600));
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(Live::count().timeouts() - before, 1);
    watch.connection().with(Connection::close);
    assert_eq!(Live::count().timeouts(), before);
}
