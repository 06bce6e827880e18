use std::cell::{Cell, RefCell};
use std::rc::Rc;

use browser_tests::{Carrier, Live, Network, mount, next_task, open, until};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{CloseReason, Delivery, Failure, State, Text, use_event_source_with_options};
use wasm_bindgen_test::wasm_bindgen_test;

/// Counts when a stream has come and gone: whatever is made once and kept has been made by then.
async fn count_when_warm() -> Live {
    let server = Scripted::new();
    let (mounted, ()) = mount({
        let server = server.clone();
        move || {
            let options = crate::options(Carrier::Native, Delivery::Immediate).with_transport(server);
            use_event_source_with_options::<Text>("/warm", options).on_event(|_| {});
        }
    });
    let stream = open(&server).await;
    drop(mounted);
    stream.closed().await;
    next_task().await;
    Live::count()
}

#[wasm_bindgen_test]
async fn a_transport_that_is_late_does_nothing() {
    let server = Scripted::new();
    let before = count_when_warm().await;
    let heard = Rc::new(Cell::new(0));
    let (mounted, (stream, latest)) = mount({
        let (server, heard) = (server.clone(), heard.clone());
        move || {
            let options = crate::options(Carrier::Native, Delivery::Immediate).with_transport(server);
            let stream = use_event_source_with_options::<Text>("/late", options);
            stream.on_event(move |_| heard.set(heard.get() + 1));
            (stream, stream.latest())
        }
    });
    let late = open(&server).await;
    late.message("in time");
    assert_eq!(heard.get(), 1);
    drop(mounted);
    assert!(!late.is_active());
    late.message("late");
    late.comment();
    late.retry(std::time::Duration::ZERO);
    late.open();
    late.fail(Failure::Network);
    late.message("later");
    assert_eq!(heard.get(), 1);
    assert_eq!(Rc::strong_count(&heard), 1, "the callback is freed");
    assert_eq!(latest.try_get_untracked(), None);
    assert_eq!(stream.state().get_untracked(), State::Closed(CloseReason::Caller));
    before.again().await;
    assert_eq!(server.requests().len(), 1, "it does not come back");
}

#[wasm_bindgen_test]
async fn a_frame_that_was_asked_for_is_cancelled() {
    let server = Scripted::new();
    let before = count_when_warm().await;
    let told = Rc::new(RefCell::new(Vec::new()));
    let (mounted, ()) = mount({
        let (server, told) = (server.clone(), told.clone());
        move || {
            let options = crate::options(Carrier::Native, Delivery::AnimationFrame).with_transport(server);
            let count =
                use_event_source_with_options::<Text>("/frames", options).fold(0, |count, _| *count += 1);
            Effect::new(move || told.borrow_mut().push(count.get()));
        }
    });
    let stream = open(&server).await;
    until("the effect ran at first", || !told.borrow().is_empty()).await;
    stream.message("one");
    stream.message("two");
    assert_eq!(Live::count().frames() - before.frames(), 1, "one for both");
    drop(mounted);
    assert_eq!(Live::count().frames() - before.frames(), 0);
    before.again().await;
    assert_eq!(*told.borrow(), [0]);
}

#[wasm_bindgen_test]
async fn a_stream_that_waits_for_the_network_or_the_page_leaves_nothing_either() {
    let _network = Network::says("offline");
    let server = Scripted::new();
    let before = count_when_warm().await;
    let (mounted, stream) = mount({
        let server = server.clone();
        move || {
            let options =
                crate::options_with_network(Carrier::Native, Delivery::Immediate).with_transport(server);
            use_event_source_with_options::<Text>("/offline", options)
        }
    });
    let is_paused = || matches!(stream.state().get_untracked(), leptos_eventsource::State::Paused { .. });
    until("it waits for the network", is_paused).await;
    drop(mounted);
    assert_eq!(server.active(), 0);
    before.again().await;
}
