//! What a server says when it refuses.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use browser_tests::{Stream, Watch};
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::Connection;
use sse_web::transport::{Fetch, Refusal};
use wasm_bindgen_test::wasm_bindgen_test;

use super::over;

#[derive(Clone, Default)]
pub(super) struct Refusals(Arc<Mutex<Vec<Refusal>>>);

impl Refusals {
    fn lock(&self) -> MutexGuard<'_, Vec<Refusal>> {
        self.0.lock().expect("nobody panics")
    }
}

/// A request that keeps what it is refused with.
pub(super) fn heard(fetch: Fetch) -> (Fetch, Refusals) {
    let refusals = Refusals::default();
    let fetch = fetch.with_refusal({
        let refusals = refusals.clone();
        move |refusal| refusals.lock().push(refusal)
    });
    (fetch, refusals)
}

pub(super) fn bodies(refusals: &Refusals) -> Vec<(u16, String)> {
    refusals.lock().iter().map(|refusal| (refusal.status, refusal.body.clone())).collect()
}

#[wasm_bindgen_test]
async fn a_refusal_is_told_with_its_body() {
    let stream =
        Stream::new("status 422\ntype application/json\nraw {\"error\":\"no%0Asuch %C3%BC\"}\nend").await;
    let (fetch, refusals) = heard(Fetch::post("{}"));
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_phase("closed").await;
    let failure = Failure::Status { status: 422, retry_after: None };
    assert_eq!(watch.state(), State::Closed(CloseReason::Refused(failure)));
    assert_eq!(bodies(&refusals), [(422, "{\"error\":\"no\nsuch \u{fc}\"}".to_owned())]);
    assert_eq!(refusals.lock()[0].content_type, "application/json");
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn each_refusal_is_told_and_a_stream_is_none() {
    let stream =
        Stream::new("status 503\nraw busy\nend\n---\nstatus 503\nraw still\ncut\n---\nevent - - hi").await;
    let (fetch, refusals) = heard(Fetch::new());
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_data("hi").await;
    let bodies = bodies(&refusals);
    assert_eq!(bodies[0], (503, "busy".to_owned()));
    // Of a body that is cut, a browser hands out what it had read before it noticed.
    assert!(bodies[1].0 == 503 && "still".starts_with(&bodies[1].1), "{bodies:?}");
    assert_eq!((bodies.len(), watch.failures().len()), (2, 2));
}

#[wasm_bindgen_test]
async fn of_a_long_refusal_the_beginning_is_told() {
    // About 200 KiB, and then no end.
    let line = "x".repeat(90);
    let stream = Stream::new(&format!("status 500\nrepeat 2000 event - - {line}\nstall")).await;
    let (fetch, refusals) = heard(Fetch::new());
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_phase("closed").await;
    assert_eq!(refusals.lock()[0].body.len(), 64 << 10);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn who_closes_hears_no_refusal() {
    let stream = Stream::new("status 500\nraw it\nwait closed\nend").await;
    let (fetch, refusals) = heard(Fetch::new());
    let watch = Watch::open(stream.url(), over(fetch));
    stream.until("a visit", |report| !report.visits.is_empty()).await;
    watch.connection().with(Connection::close);
    stream.release("closed").await;
    stream.until_nobody_is_connected().await;
    assert_eq!(bodies(&refusals), []);
    assert_eq!(watch.failures(), []);
}

#[wasm_bindgen_test]
async fn a_refusal_that_never_ends_is_not_waited_for_longer_than_a_connection() {
    let stream = Stream::new("status 500\nraw it is\nstall").await;
    let (fetch, refusals) = heard(Fetch::new());
    let mut options = over(fetch);
    options.client.connect_timeout = Some(Duration::from_secs(4));
    options.client.max_retries = Some(0);
    let watch = Watch::open(stream.url(), options);
    // The head goes out as soon as the request is there, which leaves it most of the time.
    stream.until("the head was sent", |report| report.visits.len() == 1).await;
    assert_eq!(watch.failures(), []);
    watch.until_phase("closed").await;
    assert_eq!(watch.failures(), [Failure::ConnectTimeout]);
    assert_eq!(bodies(&refusals), []);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}
