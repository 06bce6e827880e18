//! A server that is quicker than the page.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use browser_tests::{Engine, next_task, until};
use sse_proto::EventRef;
use sse_web::{Connection, Sink};
use wasm_bindgen::externref_heap_live_count;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::suite::options;

/// A server whose bytes have always come already: the browser answers each read within the task. Until this is dropped.
struct Ready(());

/// How many events there are.
const EVENTS: usize = 400;

impl Ready {
    fn new() -> Self {
        eval(&format!(
            "globalThis.trueFetch = fetch;
             globalThis.fetch = async () => {{
                 const bytes = new TextEncoder().encode('data: ' + 'x'.repeat(20_000) + '\\n\\n');
                 let left = {EVENTS};
                 const pull = (body) => {{
                     if (left === 0) return;
                     left -= 1;
                     const view = body.byobRequest.view;
                     new Uint8Array(view.buffer, view.byteOffset).set(bytes);
                     body.byobRequest.respond(bytes.length);
                 }};
                 const body = new ReadableStream({{ type: 'bytes', pull }});
                 return new Response(body, {{ headers: {{ 'content-type': 'text/event-stream' }} }});
             }};"
        ));
        Self(())
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        eval("globalThis.fetch = globalThis.trueFetch;");
    }
}

fn eval(script: &str) {
    js_sys::eval(script).expect("the script is well-formed");
}

/// Takes its time over each event.
struct Slow(Rc<Cell<usize>>);

impl Sink for Slow {
    fn event(&self, _: EventRef<'_>) {
        let begun = sse_web::now();
        while sse_web::now().saturating_duration_since(begun) < Duration::from_millis(2) {}
        self.0.set(self.0.get() + 1);
    }
}

#[wasm_bindgen_test]
async fn a_server_that_is_quicker_than_the_page_leaves_the_page_its_turns() {
    if !Engine::current().reads_into_memory_of_the_page() {
        return;
    }
    let _ready = Ready::new();
    let before = externref_heap_live_count();
    let told = Rc::new(Cell::new(0));
    let connection = Connection::open("/flood", options(), Slow(told.clone())).expect("the URL is valid");
    until("the first event", || told.get() > 0).await;
    let mut turns = 0;
    while told.get() < EVENTS / 2 {
        next_task().await;
        turns += 1;
    }
    assert!(turns >= 10, "the page had {turns} turns while it was told {} events", told.get());
    connection.close();
    let at_close = told.get();
    for _ in 0..10 {
        next_task().await;
    }
    assert_eq!(told.get(), at_close, "who gets its turn can close the stream");
    drop(connection);
    until("every object is let go of", || externref_heap_live_count() <= before).await;
}
