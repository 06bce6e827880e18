use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use browser_tests::{Live, Mounted, mount_view, next_task, open, until};
use leptos::prelude::*;
use leptos_eventsource::components::{EventLog, Newest, Row};
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{Entry, Text};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

use crate::use_stream;

fn mount_log(transport: &Scripted, capacity: usize, newest: Newest) -> Mounted {
    let transport = transport.clone();
    mount_view(move || {
        let stream = use_stream::<Text>(&transport);
        view! { <EventLog stream capacity newest /> }
    })
}

fn data(log: &Mounted) -> Vec<String> {
    log.texts(".sse-log-row .sse-log-data")
}

async fn until_data(log: &Mounted, expected: &[&str]) {
    until(&format!("rows {expected:?}"), || data(log) == expected).await;
}

#[wasm_bindgen_test]
async fn a_row_shows_type_id_and_data() {
    let transport = Scripted::new();
    let log = mount_log(&transport, 10, Newest::Last);
    let served = open(&transport).await;
    served.event("message", "<b>hello</b>", "e1.7");
    until_data(&log, &["<b>hello</b>"]).await;
    assert_eq!(log.texts(".sse-log-type"), ["message"]);
    assert_eq!(log.texts(".sse-log-id"), ["e1.7"]);
    assert!(log.find("b").is_none(), "markup is text");
}

#[wasm_bindgen_test]
async fn a_new_event_leaves_the_other_rows_alone() {
    let transport = Scripted::new();
    let log = mount_log(&transport, 3, Newest::Last);
    let served = open(&transport).await;
    for text in ["a", "b", "c"] {
        served.message(text);
    }
    until_data(&log, &["a", "b", "c"]).await;
    let before = log.all(".sse-log-row");
    served.message("d");
    until_data(&log, &["b", "c", "d"]).await;
    let after = log.all(".sse-log-row");
    assert!(before[1].is_same_node(Some(&after[0])) && before[2].is_same_node(Some(&after[1])));
    assert!(log.text().contains("Earlier events no longer shown: 1"), "{}", log.text());
}

#[wasm_bindgen_test]
async fn the_newest_event_may_be_the_first() {
    let transport = Scripted::new();
    let log = mount_log(&transport, 2, Newest::First);
    let served = open(&transport).await;
    for text in ["a", "b", "c"] {
        served.message(text);
    }
    until_data(&log, &["c", "b"]).await;
    assert_eq!(log.attribute(".sse-log", "data-newest").as_deref(), Some("first"));
}

#[wasm_bindgen_test]
async fn while_it_is_paused_it_stands_still_and_counts_what_comes() {
    let transport = Scripted::new();
    let log = mount_log(&transport, 3, Newest::Last);
    let served = open(&transport).await;
    served.message("a");
    until_data(&log, &["a"]).await;
    log.click(".sse-log-pause");
    until("it is paused", || log.attribute(".sse-log", "data-following").as_deref() == Some("false")).await;
    assert_eq!(log.attribute(".sse-log-pause", "aria-pressed").as_deref(), Some("true"));
    for text in ["b", "c", "d", "e"] {
        served.message(text);
    }
    until("they are counted", || log.texts(".sse-log-newer") == ["New events: 4"]).await;
    assert_eq!(data(&log), ["a"], "also though it is no longer among the last three");
    log.click(".sse-log-newer");
    until_data(&log, &["c", "d", "e"]).await;
    assert_eq!(log.attribute(".sse-log-pause", "aria-pressed").as_deref(), Some("false"));
    assert!(log.find(".sse-log-newer").is_none());
    assert_eq!(
        document().active_element(),
        log.find(".sse-log-scroll"),
        "the button's focus went where it led"
    );
}

#[wasm_bindgen_test]
async fn a_reader_who_scrolls_away_is_left_alone_until_coming_back() {
    let transport = Scripted::new();
    let log = mount_log(&transport, 100, Newest::Last);
    let scroll = log.find(".sse-log-scroll").expect("a log scrolls");
    scroll.set_attribute("style", "height: 50px; overflow: auto").expect("any style may be set");
    let below = |scroll: &Element| scroll.scroll_height() - scroll.client_height() - scroll.scroll_top();
    let served = open(&transport).await;
    for number in 0..50 {
        served.message(&number.to_string());
    }
    until("it follows the newest", || data(&log).len() == 50 && below(&scroll) <= 1).await;

    scroll.set_scroll_top(0);
    until("it no longer follows", || log.attribute(".sse-log", "data-following").as_deref() == Some("false"))
        .await;
    served.message("50");
    until("it is counted", || log.texts(".sse-log-newer") == ["New events: 1"]).await;
    assert_eq!((data(&log).len(), scroll.scroll_top()), (50, 0));

    scroll.set_scroll_top(scroll.scroll_height());
    until("it follows again", || data(&log).len() == 51 && below(&scroll) <= 1).await;
}

#[wasm_bindgen_test]
async fn a_row_may_be_anything_and_is_made_once() {
    let transport = Scripted::new();
    let made = Arc::new(AtomicU32::new(0));
    let log = mount_view({
        let (transport, made) = (transport.clone(), made.clone());
        move || {
            let row = Row::new(move |entry: Entry<Text>| {
                made.fetch_add(1, Ordering::Relaxed);
                view! { <i>{entry.serial} ":" {entry.event.0}</i> }
            });
            let stream = use_stream::<Text>(&transport);
            view! { <EventLog stream row announce=false /> }
        }
    });
    let served = open(&transport).await;
    for text in ["a", "b"] {
        served.message(text);
    }
    until("two rows", || log.texts(".sse-log-row i") == ["0:a", "1:b"]).await;
    served.message("c");
    until("three rows", || log.texts(".sse-log-row i").len() == 3).await;
    assert_eq!(made.load(Ordering::Relaxed), 3);
    assert_eq!(log.attribute("[role=log]", "aria-live").as_deref(), Some("off"));
    drop(log);
    next_task().await;
    assert_eq!(Arc::strong_count(&made), 1, "the row is freed");
}

#[wasm_bindgen_test]
async fn c20_it_leaves_nothing_behind() {
    // What the tests before left to be freed.
    next_task().await;
    let before = Live::count().listeners();
    for _ in 0..20 {
        let transport = Scripted::new();
        let log = mount_log(&transport, 3, Newest::Last);
        let served = open(&transport).await;
        log.click(".sse-log-pause");
        served.message("a");
        until("the button", || log.find(".sse-log-newer").is_some()).await;
        drop(log);
        // Leptos frees what holds a `For` with the next task.
        next_task().await;
        served.message("b");
        assert_eq!(transport.active(), 0);
    }
    assert_eq!(Live::count().listeners() - before, 0);
}

/// Waits for the browser's next animation frame, and until the events of its beginning were heard.
async fn next_frame() {
    let (frame, came) = (RefCell::new(None), Rc::new(Cell::new(false)));
    let told = came.clone();
    frame.replace(Some(gloo_render::request_animation_frame(move |_| told.set(true))));
    until("a frame", || came.get()).await;
}

#[wasm_bindgen_test]
async fn it_follows_a_steady_stream_by_itself() {
    let transport = Scripted::new();
    let log = mount_log(&transport, 20, Newest::Last);
    let scroll = log.find(".sse-log-scroll").expect("a log scrolls");
    let style = "height: 50px; overflow: auto; overflow-anchor: none";
    scroll.set_attribute("style", style).expect("any style may be set");
    let served = open(&transport).await;
    for number in 0..60 {
        served.message(&number.to_string());
        next_frame().await;
        assert_eq!(log.attribute(".sse-log", "data-following").as_deref(), Some("true"), "at event {number}");
    }
    until("the last row", || data(&log).last().is_some_and(|last| last == "59")).await;
}

#[wasm_bindgen_test]
async fn rows_that_are_gone_leave_nothing_in_memory() {
    let transport = Scripted::new();
    let log = mount_log(&transport, 50, Newest::Last);
    let served = open(&transport).await;
    let bring = async |first: u32, count: u32| {
        for number in first..first + count {
            served.message(&number.to_string());
            if number % 50 == 49 {
                next_task().await;
            }
        }
        let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
        let buffer: js_sys::ArrayBuffer = memory.buffer().unchecked_into();
        buffer.byte_length()
    };
    let full = bring(0, 5_000).await;
    let later = bring(5_000, 20_000).await;
    until("the last row", || data(&log).last().is_some_and(|last| last == "24999")).await;
    assert!(later - full < 512 << 10, "{full} {later}");
}
