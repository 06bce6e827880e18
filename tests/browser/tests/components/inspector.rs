use browser_tests::{Live, Mounted, mount_view, next_task, open, until};
use leptos::prelude::*;
use leptos_eventsource::components::EventSourceInspector;
use leptos_eventsource::transport::{Scripted, ScriptedStream};
use leptos_eventsource::{Failure, Json, Text};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

use crate::use_stream;

/// A stream of the page, which nobody shows.
fn mount_stream(transport: &Scripted) -> Mounted {
    let transport = transport.clone();
    mount_view(move || {
        use_stream::<Json<u32>>(&transport);
    })
}

fn mount_inspector() -> Mounted {
    mount_view(|| view! { <EventSourceInspector frames=10 /> })
}

fn fact(inspector: &Mounted, name: &str) -> String {
    inspector.texts(&format!("[data-fact={name}] dd")).pop().unwrap_or_default()
}

fn states(inspector: &Mounted) -> Vec<String> {
    let streams = inspector.all(".sse-inspector-stream");
    streams.iter().filter_map(|stream| stream.get_attribute("data-state")).collect()
}

/// The last frames of the only stream, newest first: kind and data.
fn frames(inspector: &Mounted) -> Vec<(String, String)> {
    let kinds = inspector.all("tbody tr").into_iter();
    let kinds = kinds.map(|row| row.get_attribute("data-kind").unwrap_or_default());
    kinds.zip(inspector.texts("tbody .sse-inspector-data")).collect()
}

/// A stream, and an inspector in which it is open and unfolded.
async fn inspected(transport: &Scripted) -> (Mounted, Mounted, ScriptedStream) {
    let stream = mount_stream(transport);
    let inspector = mount_inspector();
    let served = open(transport).await;
    until("the stream is listed", || states(&inspector) == ["open"]).await;
    inspector.click(".sse-inspector-summary");
    until("it is unfolded", || !frames(&inspector).is_empty()).await;
    (stream, inspector, served)
}

#[wasm_bindgen_test]
async fn streams_come_and_go_also_those_that_were_there_before() {
    let (early, late) = (Scripted::new(), Scripted::new());
    let first = mount_stream(&early);
    open(&early).await;
    let inspector = mount_inspector();
    until("the first", || states(&inspector) == ["open"]).await;
    let second = mount_stream(&late);
    until("the second", || states(&inspector) == ["open", "connecting"]).await;
    assert_eq!(inspector.texts(".sse-inspector-url"), ["/stream", "/stream"]);
    assert_eq!(inspector.texts(".sse-inspector-title"), ["Event streams: 2"]);
    assert_eq!(fact(&inspector, "transport"), "Scripted");
    drop(first);
    until("the second alone", || states(&inspector) == ["connecting"]).await;
    drop(second);
    until("none", || inspector.texts(".sse-inspector-empty") == ["This page has no event stream."]).await;
}

#[wasm_bindgen_test]
async fn it_shows_what_comes_and_what_goes_wrong() {
    let transport = Scripted::new();
    let (_stream, inspector, served) = inspected(&transport).await;
    served.event("sse.open", "{}", "a.0");
    served.event("message", "1234", "a.1");
    served.event("message", "no number", "a.2");
    until("two events", || fact(&inspector, "events") == "2").await;
    assert_eq!(fact(&inspector, "bytes"), "13");
    assert_eq!(fact(&inspector, "cursor"), "a.2");
    assert_eq!(fact(&inspector, "failures"), "1", "one did not decode");
    assert_eq!(inspector.texts("tbody tr:nth-child(3) td")[1..], ["message", "a.1", "1234"]);
    served.event("message", "5", "b.1");
    until("the gap", || fact(&inspector, "gaps") == "1").await;
    let kinds: Vec<_> = frames(&inspector).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds[..5], ["event", "gap", "failure", "event", "event"]);
    served.fail(Failure::Network);
    until("it waits", || states(&inspector) == ["waiting"]).await;
    let state = fact(&inspector, "state");
    assert!(state.contains(&format!(" · {} · retry in 1", Failure::Network)), "{state}");
    assert_eq!(fact(&inspector, "failures"), "2");
}

#[wasm_bindgen_test]
async fn its_buttons_steer_the_stream() {
    let transport = Scripted::new();
    let (_stream, inspector, _served) = inspected(&transport).await;
    let button = |number: u32| format!(".sse-inspector-button:nth-child({number})");
    let is_disabled =
        |number| inspector.attribute(&button(number), "aria-disabled").as_deref() == Some("true");
    assert_eq!(inspector.texts(".sse-inspector-button"), ["Pause", "Resume", "Reconnect", "Close"]);
    assert!(is_disabled(2), "it is not paused");
    let pause = inspector.find(&button(1)).expect("it is there");
    pause.unchecked_ref::<HtmlElement>().focus().expect("it can have the focus");
    inspector.click(&button(1));
    until("it is paused", || states(&inspector) == ["paused"] && is_disabled(1)).await;
    assert_eq!(transport.active(), 0);
    assert_eq!(document().active_element(), Some(pause), "it keeps the focus");
    inspector.click(&button(2));
    open(&transport).await;
    until("it is resumed", || states(&inspector) == ["open"]).await;
    inspector.click(&button(4));
    until("it is closed", || states(&inspector) == ["closed"] && is_disabled(4)).await;
    inspector.click(&button(3));
    open(&transport).await;
    until("it is connected anew", || states(&inspector) == ["open"]).await;
    assert_eq!(fact(&inspector, "attempts"), "3 (0 after a failure)");
}

#[wasm_bindgen_test]
async fn a_flood_is_counted_at_once_and_drawn_once_a_frame() {
    let transport = Scripted::new();
    let (_stream, inspector, served) = inspected(&transport).await;
    until("nothing is due", || fact(&inspector, "events") == "0").await;
    for number in 1..=10_000 {
        served.message(&number.to_string());
        if number % 1_000 == 0 {
            // What Leptos would draw by itself, it draws now.
            microtasks().await;
        }
    }
    assert_eq!(fact(&inspector, "events"), "0", "no frame has been drawn yet");
    until("all are counted", || fact(&inspector, "events") == "10000").await;
    let shown: Vec<_> = frames(&inspector).into_iter().map(|(_, data)| data).collect();
    let newest: Vec<_> = (9_991..=10_000).rev().map(|number: u32| number.to_string()).collect();
    assert_eq!(shown, newest, "no more than it keeps");
}

/// Lets effects run, but no frame be drawn.
async fn microtasks() {
    for _ in 0..3 {
        let done = js_sys::Promise::resolve(&JsValue::NULL);
        JsFuture::from(done).await.expect("it is resolved");
    }
}

#[wasm_bindgen_test]
async fn nothing_is_drawn_while_nobody_looks() {
    let transport = Scripted::new();
    let (_stream, inspector, served) = inspected(&transport).await;
    until("nothing is due", || fact(&inspector, "events") == "0").await;
    inspector.click(".sse-inspector-title");
    until("it is folded", || inspector.attribute(".sse-inspector", "open").is_none()).await;
    next_task().await;
    served.message("1");
    // Another panel has drawn it meanwhile.
    let other = mount_inspector();
    served.message("2");
    until("the other shows it", || fact(&other, "events") == "1").await;
    assert_eq!(fact(&inspector, "events"), "0");
    inspector.click(".sse-inspector-title");
    until("what came meanwhile", || fact(&inspector, "events") == "2").await;
}

#[wasm_bindgen_test]
async fn c20_it_leaves_nothing_behind_and_streams_go_on_without_it() {
    let transport = Scripted::new();
    let heard = RwSignal::new(0);
    let stream = mount_view({
        let transport = transport.clone();
        move || use_stream::<Text>(&transport).on_event(move |_| heard.update(|heard| *heard += 1))
    });
    let served = open(&transport).await;
    // What the tests before left to be freed.
    next_task().await;
    let (listeners, intervals) = (Live::count().listeners(), Live::count().intervals());
    for _ in 0..20 {
        let inspector = mount_inspector();
        until("the stream is listed", || states(&inspector) == ["open"]).await;
        served.message("hi");
        drop(inspector);
        served.message("hi");
    }
    // Leptos frees what holds a `For` with the next task.
    next_task().await;
    assert_eq!((Live::count().listeners() - listeners, Live::count().intervals() - intervals), (0, 0));
    assert_eq!(heard.get_untracked(), 40);
    drop(stream);
}
