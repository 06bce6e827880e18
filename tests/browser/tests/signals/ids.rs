//! The id of each event, for those who want it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use browser_tests::{Stream as Served, mount, open, quick_options, until};
use futures_core::Stream;
use leptos::prelude::*;
use leptos_eventsource::transport::{Fetch, Native, Scripted, ScriptedExt};
use leptos_eventsource::{
    Delivery, EventSourceHandle, EventSourceOptions, Text, use_event_source_with_options,
};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, use_market};

type Heard = Rc<RefCell<Vec<(String, String)>>>;

/// Notes what is heard, in the current owner.
fn hear(stream: EventSourceHandle<Text>) -> Heard {
    let heard = Heard::default();
    stream.on_event_with_id({
        let heard = heard.clone();
        move |Text(text), id| heard.borrow_mut().push((text.clone(), id.to_owned()))
    });
    heard
}

/// `one` with no id, `two` with its own, and `three` with that of `two`; then the server ends, and repeats itself.
const SCRIPT: &str = "
    event - - one
    event - 2 two
    event - - three
    end
    ---
    event - 2 two
    event - 4 four";

async fn hears_the_ids(options: EventSourceOptions) {
    let served = Served::new(SCRIPT).await;
    let url = served.url().to_owned();
    let (_mounted, (heard, folded)) = mount(move || {
        let stream = use_event_source_with_options::<Text>(url, options);
        let folded = stream.fold_with_id(Vec::new(), |ids: &mut Vec<String>, _, id| {
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        });
        (hear(stream), folded)
    });
    until("all events", || heard.borrow().len() == 5).await;
    let expected = [("one", ""), ("two", "2"), ("three", "2"), ("two", "2"), ("four", "4")];
    assert_eq!(*heard.borrow(), expected.map(|(text, id)| (text.to_owned(), id.to_owned())));
    assert_eq!(folded.get_untracked(), ["", "2", "4"], "each once");
}

#[wasm_bindgen_test]
async fn ids_come_with_the_events_over_the_native_transport() {
    let options = EventSourceOptions::from(quick_options()).with_transport(Native);
    hears_the_ids(options).await;
}

#[wasm_bindgen_test]
async fn ids_come_with_the_events_over_the_fetch_transport() {
    let options = EventSourceOptions::from(quick_options()).with_transport(Fetch::new());
    hears_the_ids(options).await;
}

#[wasm_bindgen_test]
async fn who_asks_for_ids_late_gets_them_from_the_next_event_on() {
    let served = Served::new(
        "event - 1 one
         wait asked
         event - - two",
    )
    .await;
    let url = served.url().to_owned();
    let (_mounted, (stream, count, owner)) = mount(move || {
        let options = EventSourceOptions::from(quick_options());
        let stream = use_event_source_with_options::<Text>(url, options);
        (stream, stream.fold(0, |count, _| *count += 1), Owner::new())
    });
    until("the first event", || count.get_untracked() == 1).await;
    let heard = owner.with(|| hear(stream));
    served.release("asked").await;
    until("the second event", || count.get_untracked() == 2).await;
    assert_eq!(*heard.borrow(), [("two".to_owned(), "1".to_owned())]);
    owner.cleanup();
    assert_eq!(Rc::strong_count(&heard), 1, "the callback is freed with its owner");
}

#[wasm_bindgen_test]
async fn a_stream_with_ids_has_each_event_beside_its_own() {
    let transport = Scripted::new();
    let (_mounted, mut events) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).stream_with_id(8)
    });
    let server = open(&transport).await;
    server.send(&Market::Closed, "a");
    server.send(&Market::Tick(("ACME".to_owned(), 1)), "b");
    let mut ids = Vec::new();
    while ids.len() < 2 {
        let next = poll_fn(|context| Pin::new(&mut events).poll_next(context)).await;
        let (event, id) = next.expect("the stream goes on");
        ids.push((event.price(), id));
    }
    assert_eq!(ids, [(None, "a".to_owned()), (Some(1), "b".to_owned())]);
}

#[wasm_bindgen_test]
async fn the_signal_of_the_last_event_id_follows_a_cursor_that_comes_without_an_event() {
    let transport = Scripted::new();
    let (_mounted, id) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).last_event_id()
    });
    let server = open(&transport).await;
    server.event("sse.open", "{}", "a.17");
    assert_eq!(id.get_untracked(), "a.17");
    server.event("sse.reset", "{}", "a.17");
    assert_eq!(id.get_untracked(), "a.17");
    server.end();
    let server = open(&transport).await;
    assert_eq!(server.last_event_id(), "a.17");
    // A reset that names no cursor leaves none: the one that it repeats is the one that is void.
    server.event("sse.reset", "{}", "");
    assert_eq!(id.get_untracked(), "");
}
