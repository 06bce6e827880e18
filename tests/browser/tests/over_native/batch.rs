//! Events that come together, and are handed on together.

use browser_tests::{Stream, Told, Watch, next_task, until};
use sse_web::Connection;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{EventTarget, MessageEvent, MessageEventInit};

use crate::suite::options;

/// A stream of which the test hands out the events itself: what a polyfill or a mock says is not always what a server
/// could have said.
async fn by_hand(watch: impl FnOnce(&str) -> Watch) -> (Watch, EventTarget) {
    let eval = |script: &str| js_sys::eval(script).expect("the script is well-formed");
    let stream = Stream::new("comment hi").await;
    eval(
        "globalThis.TrueEventSource = EventSource;
         globalThis.EventSource = class extends TrueEventSource {
             constructor(...args) { super(...args); globalThis.byHand = this; }
         };",
    );
    let watch = watch(stream.url());
    eval("EventSource = TrueEventSource;");
    watch.until_phase("open").await;
    (watch, eval("byHand").unchecked_into())
}

/// Has `source` hand out these, all in one go: the type, the id and the data.
fn hand_out(source: &EventTarget, events: impl IntoIterator<Item = (&'static str, u32, String)>) {
    for (event_type, id, data) in events {
        let init = MessageEventInit::new();
        init.set_data(&data.into());
        init.set_last_event_id(&id.to_string());
        let event = MessageEvent::new_with_event_init_dict(event_type, &init);
        let event = event.expect("an event type is any string");
        source.dispatch_event(&event).expect("no listener is in the middle of it");
    }
}

/// Texts that are no trouble to a server, now and then.
fn text(number: u32) -> String {
    let text = ["plain", "", "two\nlines", "\n", "漢ü", "", "😀\u{80}"];
    format!(
        "{}{}",
        text[number as usize % text.len()],
        if number.is_multiple_of(5) { String::new() } else { number.to_string() }
    )
}

fn told(event_type: &str, id: u32, data: &str) -> Told {
    Told::Event { event_type: event_type.to_owned(), data: data.to_owned(), last_event_id: id.to_string() }
}

fn events(watch: &Watch) -> Vec<Told> {
    watch.told().into_iter().filter(|told| matches!(told, Told::Event { .. })).collect()
}

/// `data` makes the data of an event of its number.
async fn assert_told_as_handed_out(data: fn(u32) -> String) {
    for types in [&["message"][..], &["message", "tick"]] {
        let mut options = options();
        options.event_types = types.to_vec().into();
        let (watch, source) = by_hand(|url| Watch::open(url, options)).await;
        let mut all = 0;
        // One, a few and many, also around powers of two.
        for count in [1, 2, 63, 64, 65, 127, 128, 129, 1_000] {
            let sent = move || {
                (all..all + count).map(move |id| (types[id as usize % 3 % types.len()], id, data(id)))
            };
            hand_out(&source, sent());
            all += count;
            until("the last event", || events(&watch).len() >= all as usize).await;
            let last: Vec<_> = sent().map(|(event_type, id, data)| told(event_type, id, &data)).collect();
            assert_eq!(events(&watch)[(all - count) as usize..], last);
        }
    }
}

#[wasm_bindgen_test]
async fn events_that_come_together_are_told_one_by_one_whatever_is_in_them() {
    assert_told_as_handed_out(text).await;
}

/// No line of an event stream has one in it, but an event that is made by hand can.
#[wasm_bindgen_test]
async fn a_carriage_return_in_an_event_that_is_no_servers_parts_nothing() {
    assert_told_as_handed_out(|id| match id % 100 {
        7 => "one\rtwo".to_owned(),
        8 => "\r".to_owned(),
        _ => text(id),
    })
    .await;
}

#[wasm_bindgen_test]
async fn c09_who_closes_in_the_middle_of_what_came_together_is_told_no_more_of_it() {
    for last in [0, 1, 63, 64, 100, 198] {
        for crack in ["", "\r"] {
            let (watch, source) = by_hand(|url| {
                Watch::open_and_react(url, options(), move |told, slot| {
                    if matches!(told, Told::Event { last_event_id, .. } if *last_event_id == last.to_string())
                    {
                        slot.with(Connection::close);
                    }
                })
            })
            .await;
            let sent = || (0..200).map(|id| ("message", id, format!("{}{crack}", text(id))));
            hand_out(&source, sent());
            watch.until_phase("closed").await;
            next_task().await;
            let expected: Vec<_> =
                sent().take(last as usize + 1).map(|(_, id, data)| told("message", id, &data)).collect();
            assert_eq!(events(&watch), expected);
            watch.connection().with(|connection| assert_eq!(connection.last_event_id(), last.to_string()));
        }
    }
}
