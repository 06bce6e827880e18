use std::cell::Cell;
use std::rc::Rc;

use browser_tests::{Live, Stream, mount, mount_view, next_task, until};
use leptos::prelude::*;
use leptos_eventsource::{State, Text};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::use_stream;

#[wasm_bindgen_test]
async fn a_hundred_events_in_one_chunk_are_all_folded() {
    let stream = Stream::new("repeat 100 event - {n} {n}").await;
    let url = stream.url().to_owned();
    let (_mounted, all) = mount(move || {
        use_stream(url).fold(Vec::new(), |all: &mut Vec<u32>, Text(text)| all.extend(text.parse::<u32>()))
    });
    until("a hundred events", || all.with_untracked(Vec::len) == 100).await;
    assert_eq!(all.get_untracked(), (1..=100).collect::<Vec<_>>());
}

#[wasm_bindgen_test]
async fn c20_disposing_the_owner_closes_the_connection_and_later_events_do_nothing() {
    let stream = Stream::new(
        "event - - before
         wait disposed
         event - - after",
    )
    .await;
    let before = Live::count().listeners();
    let heard = Rc::new(Cell::new(0));
    let (mounted, handle) = mount({
        let (url, heard) = (stream.url().to_owned(), heard.clone());
        move || {
            let handle = use_stream(url);
            handle.on_event(move |_| heard.set(heard.get() + 1));
            handle
        }
    });
    until("an event", || heard.get() == 1).await;
    drop(mounted);
    stream.release("disposed").await;
    assert_eq!(stream.until_nobody_is_connected().await, 1);
    assert_eq!(heard.get(), 1);
    assert_eq!(Rc::strong_count(&heard), 1, "the callback is freed");
    assert_eq!(Live::count().listeners() - before, 0);
    // What is left of the handle does nothing, and above all does not panic.
    handle.reconnect();
    handle.pause();
    handle.resume();
    handle.close();
    assert_eq!(stream.report().await.visits.len(), 1);
}

#[wasm_bindgen_test]
async fn c20_mounting_a_hundred_times_leaves_nothing_behind() {
    let stream = Stream::new("event - - hi").await;
    let before = Live::count().listeners();
    for number in 0..100 {
        let url = stream.url().to_owned();
        let mounted = mount_view(move || {
            let latest = use_stream(url).latest();
            view! { <p>{move || latest.get().map(|Text(text)| text)}</p> }
        });
        // Some live to see an event, some are gone before their request has left.
        if number % 3 == 0 {
            until("an event is shown", || mounted.text() == "hi").await;
        }
    }
    assert_eq!(Live::count().listeners() - before, 0);
    assert!((34..=100).contains(&stream.until_nobody_is_connected().await));
}

#[wasm_bindgen_test]
async fn the_handle_closes_reconnects_pauses_and_resumes() {
    let stream = Stream::new("event - - hi").await;
    let url = stream.url().to_owned();
    let (_mounted, (handle, count)) = mount(move || {
        let handle = use_stream(url);
        (handle, handle.fold(0, |count, _| *count += 1))
    });
    until("an event", || count.get_untracked() == 1).await;
    handle.pause();
    assert!(matches!(handle.state().get_untracked(), State::Paused { .. }));
    stream.until_nobody_is_connected().await;
    handle.resume();
    until("another", || count.get_untracked() == 2).await;
    handle.close();
    assert!(matches!(handle.state().get_untracked(), State::Closed(_)));
    stream.until_nobody_is_connected().await;
    handle.reconnect();
    until("one more", || count.get_untracked() == 3).await;
    assert_eq!(stream.report().await.open, 1);
}

#[wasm_bindgen_test]
async fn what_is_asked_for_before_the_stream_is_open_counts() {
    let stream = Stream::new("event - - hi").await;
    let url = stream.url().to_owned();
    let (_mounted, (handle, latest)) = mount(move || {
        let handle = use_stream(url);
        handle.pause();
        (handle, handle.latest())
    });
    until("paused", || matches!(handle.state().get_untracked(), State::Paused { .. })).await;
    assert_eq!(stream.report().await.visits.len(), 0);
    handle.resume();
    until("an event", || latest.get_untracked().is_some()).await;
    handle.close();
    assert_eq!(stream.until_nobody_is_connected().await, 1);
}

#[wasm_bindgen_test]
async fn two_readers_of_the_last_event_id_do_not_keep_each_other_busy() {
    let stream = Stream::new("event - 7 hi").await;
    let url = stream.url().to_owned();
    let runs = Rc::new(Cell::new(0));
    let (_mounted, handle) = mount({
        let runs = runs.clone();
        move || {
            let handle = use_stream(url);
            for _ in 0..2 {
                let runs = runs.clone();
                Effect::new(move || {
                    handle.last_event_id().track();
                    runs.set(runs.get() + 1);
                });
            }
            handle
        }
    });
    until("the id", || handle.last_event_id().get_untracked() == "7").await;
    // Time for those that would go on.
    for _ in 0..10 {
        next_task().await;
    }
    // Each has run for the empty id, perhaps for the beginning, and for this one.
    assert!(runs.get() <= 8, "{}", runs.get());
}
