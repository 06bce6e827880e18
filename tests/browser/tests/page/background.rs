use std::time::Duration;

use browser_tests::{Stream, Watch, dispatch_to};
use sse_web::Background;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Document;

use crate::CARRIER;
use crate::suite::options;

/// Says that nobody sees the page, until this is dropped.
struct Visibility(Document);

impl Visibility {
    fn hide() -> Self {
        let document = web_sys::window().and_then(|window| window.document()).expect("this is a page");
        let property = js_sys::Object::new();
        for (name, value) in [("value", JsValue::TRUE), ("configurable", JsValue::TRUE)] {
            js_sys::Reflect::set(&property, &name.into(), &value).expect("it is a plain object");
        }
        js_sys::Object::define_property(&document, &"hidden".into(), &property);
        dispatch_to(&document, "visibilitychange");
        Self(document)
    }
}

impl Drop for Visibility {
    fn drop(&mut self) {
        js_sys::Reflect::delete_property(self.0.unchecked_ref::<js_sys::Object>(), &"hidden".into())
            .expect("it is configurable");
        dispatch_to(&self.0, "visibilitychange");
    }
}

#[wasm_bindgen_test]
async fn a_connection_pauses_while_its_tab_is_in_the_background_if_it_is_told_to() {
    let stream = Stream::new(
        "event - 1 one
         ---
         event - 2 two",
    )
    .await;
    let mut options = options();
    options.background = Background::Pause;
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    let hidden = Visibility::hide();
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    drop(hidden);
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open", "paused Background", "connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn a_connection_that_begins_in_the_background_waits_to_be_seen() {
    let stream = Stream::new("event - - hi").await;
    let mut options = options();
    options.background = Background::Pause;
    let hidden = Visibility::hide();
    let watch = Watch::open(stream.url(), options);
    assert_eq!(watch.phases(), ["paused Background"]);
    drop(hidden);
    watch.until_data("hi").await;
    assert_eq!(stream.report().await.visits.len(), 1);
}

#[wasm_bindgen_test]
async fn who_looks_into_another_tab_for_a_moment_costs_no_reconnect() {
    let stream = Stream::new(
        "event - - one
         sleep 300ms
         event - - two",
    )
    .await;
    let mut options = options();
    options.background = Background::PauseAfter(Duration::from_millis(50));
    let watch = Watch::open(stream.url(), options);
    watch.until_data("one").await;
    drop(Visibility::hide());
    // That comes long after the page would have paused.
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}

#[wasm_bindgen_test]
async fn a_tab_that_is_in_the_background_for_long_pauses_and_then_misses_nothing() {
    let stream = Stream::new(
        "event sse.open a.0 {}
         event - a.1 one
         ---
         event sse.open a.0 {}
         event - a.1 one
         event - a.2 two
         event - a.3 three",
    )
    .await;
    let mut options = options();
    options.background = Background::PauseAfter(Duration::from_secs(2));
    let hidden = Visibility::hide();
    let watch = Watch::open(stream.url(), options);
    // It begins in the background, and has its time there too.
    watch.until_data("one").await;
    watch.until_phase("paused Background").await;
    stream.until_nobody_is_connected().await;
    drop(hidden);
    watch.until_data("three").await;
    assert_eq!(watch.data(), ["one", "two", "three"]);
    assert_eq!(watch.phases(), ["connecting 1", "open", "paused Background", "connecting 1", "open"]);
    assert_eq!(watch.failures(), []);
    assert_eq!(CARRIER.cursor(&stream.report().await.visits[1]), Some("a.1"));
}

#[wasm_bindgen_test]
async fn by_default_a_connection_stays_open_in_the_background() {
    let stream = Stream::new(
        "event - - one
         wait hidden
         event - - two",
    )
    .await;
    let watch = Watch::open(stream.url(), options());
    watch.until_data("one").await;
    let _hidden = Visibility::hide();
    stream.release("hidden").await;
    watch.until_data("two").await;
    assert_eq!(watch.phases(), ["connecting 1", "open"]);
}
