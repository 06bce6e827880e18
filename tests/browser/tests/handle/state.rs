use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use browser_tests::{Engine, History, Stream, mount, open, phase, until};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{
    Error, EventSourceHandle, EventSourceOptions, Failure, Gap, Text, use_event_source_with_options,
};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::use_stream;

#[wasm_bindgen_test]
async fn c15_while_the_server_is_gone_the_state_says_so_and_the_error_says_why() {
    let stream = Stream::new(
        "event - 1 one
         end
         ---
         reset
         ---
         event - 2 two",
    )
    .await;
    let url = stream.url().to_owned();
    let (_mounted, (handle, latest, states, errors)) = mount(move || {
        let handle = use_stream(url);
        (handle, handle.latest(), History::of(handle.state()), History::of(handle.error()))
    });
    until("the stream is back", || latest.get_untracked() == Some(Text("two".to_owned()))).await;
    let mut phases = vec!["idle", "connecting 1", "open", "waiting for 2", "connecting 2"];
    let failed = |failure| Some(Error::Connection(failure));
    let mut told = vec![None, failed(Failure::Ended)];
    if !Engine::current().repeats_a_reset_request() {
        phases.extend(["waiting for 3", "connecting 3"]);
        told.push(failed(Failure::Network));
    }
    phases.push("open");
    told.push(None);
    assert_eq!(states.values().iter().map(phase).collect::<Vec<_>>(), phases);
    assert_eq!(errors.values(), told);
    assert_eq!(handle.last_event_id().get_untracked(), "2");
    assert_eq!(stream.report().await.visits[2].cursor_parameter(), Some("1"));
}

/// A stream over `transport` that waits this long after a failure.
fn use_patient_stream(transport: &Scripted, wait: Duration) -> EventSourceHandle<Text> {
    let mut connection = transport.options();
    connection.client.backoff.initial = Duration::ZERO;
    connection.client.backoff.floor = wait;
    let options = EventSourceOptions::from(connection);
    use_event_source_with_options("/stream".to_owned(), options)
}

#[wasm_bindgen_test]
async fn retry_in_counts_down_to_the_next_attempt() {
    let transport = Scripted::new();
    let (_mounted, (handle, counted)) = mount({
        let transport = transport.clone();
        move || {
            let handle = use_patient_stream(&transport, Duration::from_millis(3_300));
            (handle, History::of(handle.retry_in()))
        }
    });
    let stream = open(&transport).await;
    assert_eq!(handle.retry_in().get_untracked(), None);
    stream.fail(Failure::Ended);
    until("the next attempt", || transport.requests().len() == 2).await;
    // A page that hangs skips numbers, but does not say one twice.
    let counted = counted.values();
    let [None, Some(4), between @ .., None] = &counted[..] else { panic!("{counted:?}") };
    assert!(!between.is_empty() && between.iter().all(Option::is_some), "{counted:?}");
    assert!(counted[1..].is_sorted_by(|one, next| one > next), "{counted:?}");
}

#[wasm_bindgen_test]
async fn reconnect_does_not_wait_for_the_countdown() {
    let transport = Scripted::new();
    let (_mounted, handle) = mount({
        let transport = transport.clone();
        move || use_patient_stream(&transport, Duration::from_secs(3600))
    });
    let stream = open(&transport).await;
    stream.fail(Failure::Ended);
    assert_eq!(handle.retry_in().get_untracked(), Some(3600));
    handle.reconnect();
    assert_eq!(handle.retry_in().get_untracked(), None);
    open(&transport).await;
    assert_eq!(phase(&handle.state().get_untracked()), "open");
}

#[wasm_bindgen_test]
async fn a_gap_is_told_before_the_event_after_it() {
    let stream = Stream::new(
        r#"event sse.open a.5 {}
        event sse.gap - {"trimmed":9}
        event - a.10 ten"#,
    )
    .await;
    let url = stream.url().to_owned();
    let story = Rc::new(RefCell::new(Vec::new()));
    let (_mounted, ()) = mount({
        let story = story.clone();
        move || {
            let handle = use_stream(url);
            let (gaps, events) = (story.clone(), story);
            handle.on_gap(move |gap| gaps.borrow_mut().push(format!("{gap:?}")));
            handle.on_event(move |Text(text)| events.borrow_mut().push(text.clone()));
        }
    });
    until("the event", || story.borrow().len() == 2).await;
    assert_eq!(*story.borrow(), [format!("{:?}", Gap::Trimmed { up_to: 9 }), "ten".to_owned()]);
}
