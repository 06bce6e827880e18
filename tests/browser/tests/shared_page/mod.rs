//! What happens to a shared connection because it lives in a page.

use std::cell::Cell;

use browser_tests::{Replaced, Stream, Told, Watch, dispatch, dispatch_to};
use sse_proto::client::State;
use sse_web::Sharing;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::EventTarget;

use crate::shared::{SCOPES, options};

fn document() -> EventTarget {
    web_sys::window().and_then(|window| window.document()).expect("this is a page").into()
}

#[wasm_bindgen_test]
async fn c17_a_page_that_is_put_away_closes_its_connection_and_goes_on_from_the_cursor() {
    for scope in SCOPES {
        let leave = || dispatch("pagehide");
        let come_back = || dispatch("pageshow");
        let freeze = || dispatch_to(&document(), "freeze");
        let thaw = || dispatch_to(&document(), "resume");
        for (away, back) in [(&leave as &dyn Fn(), &come_back as &dyn Fn()), (&freeze, &thaw)] {
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
            away();
            assert_eq!(stream.until_nobody_is_connected().await, 1);
            back();
            for watch in &watches {
                watch.until_data("two").await;
                assert_eq!(watch.data(), ["one", "two"]);
                let phases = ["connecting 1", "open", "paused PageHidden", "connecting 1", "open"];
                assert_eq!(watch.phases(), phases);
                assert_eq!(watch.failures(), []);
            }
            assert_eq!(stream.report().await.visits.len(), 2);
        }
    }
}

#[wasm_bindgen_test]
async fn an_owner_that_drops_its_connection_when_it_hears_a_state_hears_no_other() {
    for scope in SCOPES {
        let stream = Stream::new("event - 1 one").await;
        let watch = Watch::open_and_react(stream.url(), options(scope), {
            let is_away = Cell::new(false);
            move |told, slot| match told {
                Told::State(State::Paused { .. }) => is_away.set(true),
                Told::State(State::Connecting { .. }) if is_away.get() => slot.clear(),
                _ => {}
            }
        });
        watch.until_data("one").await;
        dispatch("pagehide");
        dispatch("pageshow");
        assert_eq!(watch.phases(), ["connecting 1", "open", "paused PageHidden", "connecting 1"]);
        assert!(watch.is_freed());
    }
}

fn navigator() -> JsValue {
    js_sys::Reflect::get(&js_sys::global(), &"navigator".into()).expect("it has one")
}

/// What this JavaScript says.
fn eval(source: &str) -> JsValue {
    js_sys::eval(source).expect("it is well-formed")
}

async fn expect_that_a_page_shares_with_itself() {
    let stream = Stream::new("event - 1 one").await;
    let watches = [(); 2].map(|()| Watch::open(stream.url(), options(Sharing::browser)));
    for watch in &watches {
        watch.until_data("one").await;
    }
    assert_eq!(stream.report().await.visits.len(), 1);
}

#[wasm_bindgen_test]
async fn without_locks_a_page_shares_with_itself() {
    let _without = Replaced::by(&JsValue::UNDEFINED, navigator(), "locks");
    expect_that_a_page_shares_with_itself().await;
}

#[wasm_bindgen_test]
async fn without_channels_a_page_shares_with_itself_and_says_so() {
    let without = Replaced::by_nothing(js_sys::global().into(), "BroadcastChannel");
    let said = eval("globalThis.said = []; (text) => said.push(text)");
    let console = js_sys::Reflect::get(&js_sys::global(), &"console".into()).expect("there is one");
    let listening = Replaced::by(&said, console, "warn");
    expect_that_a_page_shares_with_itself().await;
    drop((without, listening));
    assert_eq!(eval("said.filter((text) => text.includes('tabs share no connection here')).length"), 1.0);
}

#[wasm_bindgen_test]
async fn with_locks_that_cannot_even_be_asked_for_a_page_shares_with_itself() {
    let broken = eval("({ request() { throw new TypeError() } })");
    let _broken = Replaced::by(&broken, navigator(), "locks");
    expect_that_a_page_shares_with_itself().await;
}

#[wasm_bindgen_test]
async fn a_page_that_cannot_hear_others_does_not_wait_for_their_lock() {
    let taken = eval("({ request: () => new Promise(() => {}) })");
    let broken = eval("(function () { throw new DOMException('no', 'SecurityError') })");
    let _taken = Replaced::by(&taken, navigator(), "locks");
    let _broken = Replaced::by(&broken, js_sys::global().into(), "BroadcastChannel");
    expect_that_a_page_shares_with_itself().await;
}
