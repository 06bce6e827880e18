use std::sync::Arc;

use browser_tests::quick_options;
use sse_proto::EventRef;
use sse_web::transport::Scripted;
use sse_web::{Connection, Sink};
use wasm_bindgen_test::wasm_bindgen_test;

struct Deaf;

impl Sink for Deaf {
    fn event(&self, _: EventRef<'_>) {}
}

#[wasm_bindgen_test]
fn c01_a_relative_url_is_resolved_against_the_base_of_the_document() {
    let transport = Scripted::new();
    let mut options = quick_options();
    options.transport = Arc::new(transport.clone());
    let document = web_sys::window().and_then(|window| window.document()).expect("this is a page");
    let base = document.create_element("base").expect("a base can be made");
    base.set_attribute("href", "/app/index.html").expect("every element takes it");
    document.body().expect("the page has a body").append_child(&base).expect("it takes a base");
    let connections =
        ["stream?a=1", "../stream", "?a=1"].map(|url| Connection::open(url, options.clone(), Deaf));
    // Before anything can fail: all that is relative in this page is relative to it.
    base.remove();
    for connection in connections {
        drop(connection.expect("the URL is valid"));
    }
    let origin = web_sys::window().and_then(|window| window.location().origin().ok());
    let origin = origin.expect("a page has an origin");
    let asked: Vec<_> = transport.requests().iter().map(|request| request.url().to_owned()).collect();
    let expected = ["/app/stream?a=1", "/stream", "/app/index.html?a=1"].map(|path| origin.clone() + path);
    assert_eq!(asked, expected);
}
