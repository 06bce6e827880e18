//! A `fetch` of the page's own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use browser_tests::{Stream, Watch};
use sse_proto::client::{CloseReason, Failure, State};
use sse_web::transport::{Fetch, Token};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Response, ResponseInit};

use super::over;
use super::refusal::{bodies, heard};

/// What a server would answer.
fn answer(status: u16, body: &str) -> Result<Response, JsValue> {
    let init = ResponseInit::new();
    init.set_status(status);
    let response = Response::new_with_opt_str_and_init(Some(body), &init)?;
    response.headers().set("content-type", "text/event-stream")?;
    Ok(response)
}

#[wasm_bindgen_test]
async fn it_is_given_the_whole_request() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let fetch_it = Fetch::post("{\"ü\":1}")
        .with_header("x-room", "blue")
        .expect("a valid header")
        .with_bearer(|_| async { Ok("secret".to_owned()) })
        .with_fetch({
            let seen = seen.clone();
            move |request| {
                let seen = seen.clone();
                async move {
                    let header = |name| request.headers().get(name).ok().flatten();
                    let headers = ["accept", "x-room", "authorization"].map(header);
                    let body = JsFuture::from(request.text()?).await?.as_string();
                    seen.lock().expect("nobody panics").push((
                        request.url(),
                        request.method(),
                        headers,
                        body,
                    ));
                    answer(200, "data: hi\n\nevent: sse.end\ndata: {}\n\n")
                }
            }
        });
    let watch = Watch::open("https://example.org/ask", over(fetch_it));
    watch.until_phase("closed").await;
    assert_eq!(watch.data(), ["hi"]);
    assert_eq!(watch.state(), State::Closed(CloseReason::Ended));
    let headers = ["text/event-stream", "blue", "Bearer secret"].map(|value| Some(value.to_owned()));
    let (url, post, body) = ("https://example.org/ask", "POST", "{\"ü\":1}");
    let expected = (url.to_owned(), post.to_owned(), headers, Some(body.to_owned()));
    assert_eq!(*seen.lock().expect("nobody panics"), [expected]);
}

#[wasm_bindgen_test]
async fn what_it_hands_on_is_aborted_with_the_connection() {
    let stream = Stream::new("event - 1 one\nstall").await;
    let fetch_it = Fetch::new().with_fetch(browser_tests::fetch);
    let watch = Watch::open(stream.url(), over(fetch_it));
    watch.until_data("one").await;
    drop(watch);
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn what_it_answers_is_judged_like_any_other_response() {
    let (sent, asked) = (AtomicU32::new(0), Arc::new(Mutex::new(Vec::new())));
    let fetch_it = Fetch::new()
        .with_bearer({
            let asked = asked.clone();
            move |which| {
                asked.lock().expect("nobody panics").push(which);
                async { Ok("x".to_owned()) }
            }
        })
        .with_fetch(move |_| {
            let answer = match sent.fetch_add(1, Ordering::Relaxed) {
                0 => answer(503, ""),
                1 => Err("the shell is not ready".into()),
                2 => answer(401, ""),
                _ => answer(200, "data: hi\n\n"),
            };
            async move { answer }
        });
    let watch = Watch::open("https://example.org/", over(fetch_it));
    watch.until_data("hi").await;
    let unavailable = Failure::Status { status: 503, retry_after: None };
    assert_eq!(watch.failures()[..2], [unavailable, Failure::Network]);
    let tokens = asked.lock().expect("nobody panics").clone();
    assert_eq!(tokens[..4], [Token::Any, Token::Any, Token::Any, Token::Fresh]);
}

/// An answer whose body is this chunk.
fn answer_in(chunk: &str, status: u16) -> Result<Response, JsValue> {
    let script = format!(
        "new Response(
             new ReadableStream({{ start(body) {{ body.enqueue({chunk}); body.close(); }} }}),
             {{ status: {status}, headers: {{ 'content-type': 'text/event-stream' }} }},
         )"
    );
    js_sys::eval(&script)?.dyn_into()
}

/// A chunk of text, which no browser's own `fetch` gives.
const TEXT: &str = r"'data: hi\n\n'";

/// The same in bytes that are no `Uint8Array` of this page, as those are not which another window's `fetch` has read.
const BYTES: &str = r"new DataView(new TextEncoder().encode('....data: hi\n\n').buffer, 4, 10)";

#[wasm_bindgen_test]
async fn chunks_that_are_no_bytes_close_the_stream() {
    let fetch = Fetch::new().with_fetch(|_| async { answer_in(TEXT, 200) });
    let watch = Watch::open("https://example.org/", over(fetch));
    watch.until_phase("closed").await;
    assert_eq!(watch.data(), [""; 0]);
    assert_eq!(watch.state(), State::Closed(CloseReason::Refused(Failure::Unsupported)));
}

#[wasm_bindgen_test]
async fn a_refusal_in_chunks_that_are_no_bytes_is_told_without_them() {
    let (fetch, refusals) = heard(Fetch::new().with_fetch(|_| async { answer_in(TEXT, 404) }));
    let watch = Watch::open("https://example.org/", over(fetch));
    watch.until_phase("closed").await;
    assert_eq!(bodies(&refusals), [(404, String::new())]);
}

#[wasm_bindgen_test]
async fn bytes_of_another_class_are_bytes() {
    let watch = Watch::open(
        "https://example.org/",
        over(Fetch::new().with_fetch(|_| async { answer_in(BYTES, 200) })),
    );
    watch.until_data("hi").await;
    let (fetch, refusals) = heard(Fetch::new().with_fetch(|_| async { answer_in(BYTES, 404) }));
    let watch = Watch::open("https://example.org/", over(fetch));
    watch.until_phase("closed").await;
    assert_eq!(bodies(&refusals), [(404, "data: hi\n\n".to_owned())]);
}
