//! c20: what is left of a request that was dropped. Nothing, wherever it stood.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use browser_tests::{Engine, Rejections, Stream, Told, Watch, next_task, until};
use sse_proto::client::State;
use sse_web::Connection;
use sse_web::transport::{Fetch, Token};
use wasm_bindgen::externref_heap_live_count;
use wasm_bindgen_test::wasm_bindgen_test;

use super::over;
use crate::suite::options;

#[wasm_bindgen_test]
async fn c20_a_hundred_requests_leave_no_javascript_object_behind() {
    // Firefox in a worker lets go of an aborted one now and then only with the next byte.
    let beats = "sleep 250ms\ncomment beat\n".repeat(20);
    let stream = Stream::new(&format!("repeat 3 event - - hi\n{beats}stall")).await;
    let refused = Stream::new("status 404").await;
    let before = externref_heap_live_count();
    for number in 0..100 {
        let url = if number % 5 == 4 { refused.url() } else { stream.url() };
        let watch = Watch::open_and_react(url, options(), move |told, slot| {
            if let (Told::Event { .. }, 3) = (told, number % 5) {
                slot.clear();
            }
        });
        match number % 5 {
            // Before its request has left, while it is under way, while it is read, and in the middle of a chunk.
            0 => {}
            1 => next_task().await,
            2 | 3 => watch.until_data("hi").await,
            _ => watch.until_phase("closed").await,
        }
    }
    stream.until_nobody_is_connected().await;
    until("every object is let go of", || externref_heap_live_count() <= before).await;
}

#[wasm_bindgen_test]
async fn c20_reconnecting_leaves_no_javascript_object_behind() {
    let stream = Stream::new("event - - hi\nend").await;
    let mut options = options();
    options.client.backoff.max = options.client.backoff.initial;
    let watch = Watch::open(stream.url(), options);
    let reads = || watch.data().len();
    until("the first rounds", || reads() >= 3).await;
    watch.connection().with(Connection::pause);
    stream.until_nobody_is_connected().await;
    next_task().await;
    let before = externref_heap_live_count();
    watch.connection().with(Connection::resume);
    until("more rounds", || reads() >= 20).await;
    watch.connection().with(Connection::pause);
    stream.until_nobody_is_connected().await;
    until("every object is let go of", || externref_heap_live_count() <= before).await;
}

#[wasm_bindgen_test]
async fn c20_an_abort_is_no_failure_and_no_unhandled_rejection() {
    let before = Rejections::count();
    for script in
        ["stall", "wait never\nevent - - hi", "open\nstall", "event - - hi", "bytes\ncomment x\nstall"]
    {
        for drop_it in [false, true] {
            let stream = Stream::new(script).await;
            let watch = Watch::open(stream.url(), options());
            stream.until("a request", |report| report.open == 1).await;
            match script {
                "stall" | "wait never\nevent - - hi" => {}
                "open\nstall" if !Engine::current().shows_a_head_without_a_body() => {}
                _ => until("it is open", || watch.state() == State::Open).await,
            }
            if drop_it {
                watch.connection().clear();
                assert!(watch.is_freed(), "{script}");
            } else {
                watch.connection().with(Connection::close);
            }
            assert_eq!(stream.until_nobody_is_connected().await, 1, "{script}");
            next_task().await;
            assert_eq!(watch.failures(), [], "{script}");
        }
    }
    assert_eq!(Rejections::count().since(before), 0);
}

/// A request that asks for its token until the test releases it, and what it holds while it does.
fn asks_for(waits_for: Token) -> (Fetch, Arc<AtomicBool>) {
    let released = Arc::new(AtomicBool::new(false));
    let fetch = Fetch::new().with_bearer({
        let released = released.clone();
        move |which| {
            let released = released.clone();
            async move {
                if which == waits_for {
                    while !released.load(Ordering::Relaxed) {
                        next_task().await;
                    }
                }
                Ok("x".to_owned())
            }
        }
    });
    (fetch, released)
}

/// How many requests the server has seen when it has seen one more, made behind all that there may be.
async fn visits_with_one_behind(stream: &Stream) -> usize {
    // The token comes, and a request that waited for it leaves.
    for _ in 0..3 {
        next_task().await;
    }
    let behind = Watch::open(stream.url(), options());
    behind.until_data("behind").await;
    stream.report().await.visits.len()
}

#[wasm_bindgen_test]
async fn c20_a_request_that_is_dropped_while_it_asks_for_a_token_is_never_made() {
    let stream = Stream::new("event - - behind").await;
    let (fetch, released) = asks_for(Token::Any);
    let watch = Watch::open(stream.url(), over(fetch));
    next_task().await;
    watch.connection().with(Connection::close);
    released.store(true, Ordering::Relaxed);
    assert_eq!(visits_with_one_behind(&stream).await, 1, "it was made");
    assert_eq!(watch.failures(), []);
}

#[wasm_bindgen_test]
async fn c20_a_request_that_is_dropped_while_it_asks_for_a_fresh_token_is_not_made_again() {
    let stream = Stream::new("status 401\n---\nevent - - behind").await;
    let (fetch, released) = asks_for(Token::Fresh);
    let watch = Watch::open(stream.url(), over(fetch));
    stream.until("it was refused and let go of", |report| report.visits.len() == 1 && report.open == 0).await;
    watch.connection().with(Connection::close);
    released.store(true, Ordering::Relaxed);
    assert_eq!(visits_with_one_behind(&stream).await, 2, "it was made again");
    assert_eq!(watch.failures(), []);
}

#[wasm_bindgen_test]
async fn c20_a_token_that_never_comes_is_not_waited_for_when_nobody_wants_it() {
    let stream = Stream::new("event - - never").await;
    let held = Arc::new(());
    let fetch = Fetch::new().with_bearer({
        let held = held.clone();
        move |_| {
            let held = held.clone();
            async move {
                std::future::pending::<()>().await;
                drop(held);
                Ok(String::new())
            }
        }
    });
    let watch = Watch::open(stream.url(), over(fetch));
    until("it was asked for", || Arc::strong_count(&held) == 3).await;
    watch.connection().clear();
    until("everything is let go of", || Arc::strong_count(&held) == 1).await;
}
