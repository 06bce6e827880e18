use browser_tests::{Stream, Watch, dispatch, dispatch_to};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;

fn set_prerendering(script: &str) {
    js_sys::eval(script).expect("the script is well-formed");
}

#[wasm_bindgen_test]
async fn a_page_that_is_made_in_advance_connects_when_somebody_opens_it() {
    let document = web_sys::window().and_then(|window| window.document()).expect("this is a page");
    let stream = Stream::new("event - 1 one").await;
    set_prerendering("Object.defineProperty(document, 'prerendering', { value: true, configurable: true })");
    let watch = Watch::open(stream.url(), options());
    // It is loaded.
    dispatch("pageshow");
    assert_eq!(watch.phases(), ["paused PageHidden"]);
    set_prerendering("delete document.prerendering");
    dispatch_to(&document, "prerenderingchange");
    watch.until_data("one").await;
    assert_eq!(watch.phases(), ["paused PageHidden", "connecting 1", "open"]);
    assert_eq!(stream.report().await.visits.len(), 1);
}
