//! Bearer tokens: where they come from, and where they go to.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use browser_tests::{Engine, Stream, Watch};
use sse_proto::client::{CloseReason, Failure, State};
use sse_testkit::Report;
use sse_web::transport::{Fetch, Token};
use wasm_bindgen_test::wasm_bindgen_test;

use super::over;
use super::refusal::{bodies, heard};

/// The token that came with each request.
fn tokens(report: &Report) -> Vec<Option<&str>> {
    report.visits.iter().map(|visit| visit.headers.get("authorization").map(String::as_str)).collect()
}

/// `token-1`, `token-2` and so on.
fn with_new_tokens(fetch: Fetch) -> Fetch {
    let asked = AtomicU32::new(0);
    fetch.with_bearer(move |_| {
        let token = format!("token-{}", asked.fetch_add(1, Ordering::Relaxed) + 1);
        async move { Ok(token) }
    })
}

/// Always the same.
fn with_token(token: &'static str) -> Fetch {
    Fetch::new().with_bearer(move |_| async move { Ok(token.to_owned()) })
}

#[wasm_bindgen_test]
async fn a_token_that_is_refused_is_asked_for_once_more() {
    let stream = Stream::new("status 401\n---\nevent - - hi").await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let fetch = Fetch::new().with_bearer({
        let asked = asked.clone();
        move |which| {
            let mut asked = asked.lock().expect("nobody panics");
            asked.push(which);
            let token = format!("token-{}", asked.len());
            async move { Ok(token) }
        }
    });
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_data("hi").await;
    assert_eq!(*asked.lock().expect("nobody panics"), [Token::Any, Token::Fresh]);
    assert_eq!(tokens(&stream.report().await), [Some("Bearer token-1"), Some("Bearer token-2")]);
    assert_eq!(watch.failures(), [], "the page is not told");
}

#[wasm_bindgen_test]
async fn a_token_is_asked_for_before_every_request() {
    let stream = Stream::new("end\n---\nevent - - hi").await;
    let watch = Watch::open(stream.url(), over(with_new_tokens(Fetch::new())));
    watch.until_data("hi").await;
    assert_eq!(tokens(&stream.report().await), [Some("Bearer token-1"), Some("Bearer token-2")]);
}

#[wasm_bindgen_test]
async fn a_refusal_that_a_fresh_token_answers_is_let_go_of_while_it_still_comes() {
    // Also where somebody wants to hear of refusals.
    for fetch in [with_token("x"), heard(with_token("x")).0] {
        let stream = Stream::new("status 401\nevent - - refused\nstall\n---\nevent - - hi").await;
        let mut options = over(fetch);
        options.client.connect_timeout = Some(Duration::from_secs(4));
        let watch = Watch::open(stream.url(), options);
        watch.until_data("hi").await;
        stream.until("the refused request is gone", |report| report.open == 1).await;
        assert_eq!(watch.data(), ["hi"]);
        let shown = Engine::current().shows_a_401_before_its_end();
        assert_eq!(watch.failures(), if shown { vec![] } else { vec![Failure::ConnectTimeout] });
    }
}

#[wasm_bindgen_test]
async fn a_fresh_token_that_is_refused_too_is_a_refusal() {
    let stream = Stream::new("status 401").await;
    let watch = Watch::open(stream.url(), over(with_token("x")));
    watch.until_phase("closed").await;
    assert_eq!(watch.failures(), [Failure::Status { status: 401, retry_after: None }]);
    assert_eq!(stream.until_nobody_is_connected().await, 2);
}

#[wasm_bindgen_test]
async fn a_token_that_cannot_be_had_is_a_failure_that_is_tried_again() {
    let stream = Stream::new("event - - hi").await;
    let tries = AtomicU32::new(0);
    let fetch = Fetch::new().with_bearer(move |_| {
        let is_first = tries.fetch_add(1, Ordering::Relaxed) == 0;
        let token = if is_first { Err("not yet".to_owned()) } else { Ok("x".to_owned()) };
        async move { token }
    });
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_data("hi").await;
    assert_eq!(watch.failures(), [Failure::Token("not yet".to_owned())]);
}

#[wasm_bindgen_test]
async fn a_token_that_takes_too_long_is_asked_for_again() {
    let stream = Stream::new("event - - hi").await;
    let tries = AtomicU32::new(0);
    let mut options = over(Fetch::new().with_bearer(move |_| {
        let is_first = tries.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            Ok("x".to_owned())
        }
    }));
    options.client.connect_timeout = Some(Duration::from_secs(4));
    let watch = Watch::open(stream.url(), options);
    watch.until_data("hi").await;
    assert_eq!(watch.failures(), [Failure::ConnectTimeout]);
}

#[wasm_bindgen_test]
async fn a_token_that_cannot_be_sent_is_said_to_be_so() {
    let stream = Stream::new("event - - never").await;
    let watch = Watch::open(stream.url(), over(with_token("漢")));
    watch.until_phase("waiting for 2").await;
    assert!(matches!(&watch.failures()[0], Failure::Token(_)), "{:?}", watch.failures());
    assert_eq!(stream.report().await.visits.len(), 0);
}

#[wasm_bindgen_test]
async fn c05_a_token_is_not_sent_to_where_a_redirect_leads_to_another_origin() {
    let by_header = Fetch::new().with_header("Authorization", "Bearer x").expect("a valid header");
    for fetch in [with_token("x"), by_header] {
        let comments = "sleep 100ms\ncomment still here\n".repeat(9);
        let elsewhere =
            Stream::new(&format!("event - 1 one\nend\n---\nevent - 2 two\nwait dropped\n{comments}")).await;
        let location = elsewhere.url_of_another_origin();
        let stream = Stream::new(&format!("status 307\nheader location {location}")).await;
        let watch = Watch::open(stream.url(), over(fetch));
        watch.until_data("two").await;
        assert_eq!(tokens(&elsewhere.report().await), [None, None]);
        assert_eq!(tokens(&stream.report().await), [Some("Bearer x"), Some("Bearer x")]);
        drop(watch);
        if Engine::current().keeps_a_redirected_request() {
            elsewhere.release("dropped").await;
        }
        assert_eq!(elsewhere.until_nobody_is_connected().await, 2);
    }
}

#[wasm_bindgen_test]
async fn c05_a_redirect_within_an_origin_is_remembered_with_a_token_too() {
    let stream = Stream::new("redirect\n---\nevent - - one\nend\n---\nevent - - two").await;
    let watch = Watch::open(stream.url(), over(with_token("x")));
    watch.until_data("two").await;
    let report = stream.report().await;
    assert_eq!(tokens(&report), [Some("Bearer x"); 3]);
    assert!(report.visits[2].query.contains_key("redirected"), "{report:?}");
}

#[wasm_bindgen_test]
async fn c18_what_is_sent_once_is_sent_again_with_a_fresh_token_as_a_401_has_done_nothing() {
    let stream = Stream::new("status 401\n---\nevent - - hi").await;
    let watch = Watch::open(stream.url(), over(with_new_tokens(Fetch::post("{}"))));
    watch.until_data("hi").await;
    let report = stream.report().await;
    let sent: Vec<_> =
        report.visits.iter().map(|visit| (visit.method.as_str(), visit.body.as_str())).collect();
    assert_eq!(sent, [("POST", "{}"); 2]);
    assert_eq!(tokens(&report), [Some("Bearer token-1"), Some("Bearer token-2")]);
    assert_eq!(watch.failures(), [], "the page is not told");
}

#[wasm_bindgen_test]
async fn c18_what_is_sent_once_is_not_sent_a_third_time() {
    let stream = Stream::new("status 401").await;
    let watch = Watch::open(stream.url(), over(with_new_tokens(Fetch::post("{}"))));
    watch.until_phase("closed").await;
    let refusal = Failure::Status { status: 401, retry_after: None };
    assert_eq!(watch.state(), State::Closed(CloseReason::Refused(refusal)));
    assert_eq!(stream.until_nobody_is_connected().await, 2);
}

#[wasm_bindgen_test]
async fn c18_what_is_sent_once_is_refused_where_no_token_is_to_be_had_and_the_page_hears_why() {
    let stream = Stream::new("status 401\nraw Incorrect API key\nend\n---\nevent - - hi").await;
    let (fetch, refusals) = heard(Fetch::post("{}").with_bearer(|which| async move {
        match which {
            Token::Any => Ok("x".to_owned()),
            Token::Fresh => Err("log in again".to_owned()),
        }
    }));
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_phase("closed").await;
    let refused = CloseReason::Refused(Failure::Token("log in again".to_owned()));
    assert_eq!(watch.state(), State::Closed(refused));
    assert_eq!(bodies(&refusals), [(401, "Incorrect API key".to_owned())]);
    assert_eq!(stream.until_nobody_is_connected().await, 1, "it is not sent again");
}

#[wasm_bindgen_test]
async fn a_refusal_that_a_fresh_token_answers_is_not_told() {
    let stream = Stream::new("status 401\nraw expired\nend\n---\nevent - - hi").await;
    let (fetch, refusals) = heard(with_token("x"));
    let watch = Watch::open(stream.url(), over(fetch));
    watch.until_data("hi").await;
    assert_eq!(bodies(&refusals), []);
}
