use std::cell::RefCell;
use std::rc::Rc;

use browser_tests::{Live, mount, open};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{
    CloseReason, Delivery, EventSourceHandle, EventSourceOptions, Failure, PauseReason, State, Text,
    use_event_source_with_options,
};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, use_market};

/// The prices that are delivered when the gap in front of the second tick makes its hearer do something.
async fn prices_when_a_gap(react: impl Fn(EventSourceHandle<Market>) + 'static) -> Vec<Option<u32>> {
    let transport = Scripted::new();
    let prices = Rc::new(RefCell::new(Vec::new()));
    let (_mounted, ()) = mount({
        let (transport, prices) = (transport.clone(), prices.clone());
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            market.on_event(move |event| prices.borrow_mut().push(event.price()));
            market.on_gap(move |_| react(market));
        }
    });
    let stream = open(&transport).await;
    stream.event("sse.open", "{}", "a.0");
    stream.event("tick", r#"["ACME",1]"#, "a.1");
    stream.event("tick", r#"["ACME",2]"#, "b.1");
    prices.take()
}

#[wasm_bindgen_test]
async fn who_connects_anew_at_a_gap_goes_on_behind_the_event_after_it_and_gets_that_too() {
    assert_eq!(prices_when_a_gap(|market| market.reconnect()).await, [Some(1), Some(2)]);
    assert_eq!(prices_when_a_gap(|market| market.pause()).await, [Some(1), Some(2)]);
}

#[wasm_bindgen_test]
async fn c09_who_closes_at_a_gap_gets_nothing_any_more() {
    assert_eq!(prices_when_a_gap(|market| market.close()).await, [Some(1)]);
}

/// What is shown in the end if the hearer of the countdown does something when it begins.
async fn shown_if_at_the_countdown(
    react: impl Fn(EventSourceHandle<Market>) + Send + Sync + 'static,
) -> State {
    let transport = Scripted::new();
    let (_mounted, market) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate)
    });
    let stream = open(&transport).await;
    let (state, retry_in) = (market.state(), market.retry_in());
    let before = Live::count().intervals();
    let _effect = ImmediateEffect::new(move || {
        if retry_in.get().is_some() {
            react(market);
        }
    });
    stream.fail(Failure::Network);
    assert_eq!(retry_in.get_untracked(), None);
    assert_eq!(Live::count().intervals(), before, "nothing is counted any more");
    state.get_untracked()
}

#[wasm_bindgen_test]
async fn what_is_read_by_who_hears_of_the_end_is_not_followed_by_the_effect_that_closes() {
    let transport = Scripted::new();
    let (_mounted, (market, noise)) = mount({
        let transport = transport.clone();
        move || {
            let (market, noise) = (use_market(&transport, Delivery::Immediate), RwSignal::new(0));
            market.on_close(move |_| _ = noise.get());
            (market, noise)
        }
    });
    open(&transport).await;
    let runs = StoredValue::new(0);
    let _effect = ImmediateEffect::new(move || {
        runs.update_value(|runs| *runs += 1);
        market.close();
    });
    noise.set(1);
    assert_eq!(runs.get_value(), 1);
}

#[wasm_bindgen_test]
async fn who_does_something_when_the_countdown_begins_is_shown_what_came_of_it() {
    let closed = State::Closed(CloseReason::Caller);
    assert_eq!(shown_if_at_the_countdown(|market| market.close()).await, closed);
    let paused = State::Paused { why: PauseReason::Caller };
    assert_eq!(shown_if_at_the_countdown(|market| market.pause()).await, paused);
    let connecting = State::Connecting { attempt: 1 };
    assert_eq!(shown_if_at_the_countdown(|market| market.reconnect()).await, connecting);
}

#[wasm_bindgen_test]
async fn who_closes_when_an_error_is_over_is_shown_that_it_is_closed() {
    let transport = Scripted::new();
    let (_mounted, market) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate)
    });
    open(&transport).await.fail(Failure::Network);
    let (state, error) = (market.state(), market.error());
    let _effect = ImmediateEffect::new(move || {
        if error.get().is_none() {
            market.close();
        }
    });
    open(&transport).await;
    assert_eq!(state.get_untracked(), State::Closed(CloseReason::Caller));
}

#[wasm_bindgen_test]
async fn who_connects_anew_when_the_url_changes_asks_once_and_without_the_cursor_of_the_last() {
    let transport = Scripted::new();
    let (_mounted, (market, url)) = mount({
        let transport = transport.clone();
        move || {
            let url = RwSignal::new("/one".to_owned());
            let options = EventSourceOptions::from(transport.options());
            (use_event_source_with_options::<Market>(url, options), url)
        }
    });
    let stream = transport.accept_at("/one").await;
    stream.open();
    let id = market.last_event_id();
    stream.event("closed", "", "7");
    stream.fail(Failure::Network);
    market.pause();
    assert_eq!(id.get_untracked(), "7");
    let (state, error) = (market.state(), market.error());
    let _effect = ImmediateEffect::new(move || {
        if error.get().is_none() && matches!(state.get_untracked(), State::Paused { .. }) {
            market.reconnect();
        }
    });
    url.set("/another".to_owned());
    transport.accept_at("/another").await.open();
    let requests = transport.requests();
    assert_eq!(requests.iter().map(|request| request.last_event_id()).collect::<Vec<_>>(), ["", ""]);
    assert!(market.is_open().get_untracked());
}

#[wasm_bindgen_test]
async fn who_disposes_the_stream_when_it_connects_anew_sends_no_request() {
    let transport = Scripted::new();
    let (_mounted, (market, owner)) = mount({
        let transport = transport.clone();
        move || {
            let owner = Owner::new();
            (owner.with(|| use_market(&transport, Delivery::Immediate)), owner)
        }
    });
    open(&transport).await;
    // It outlives the stream.
    let outside = Owner::new();
    let state = outside.with(|| market.state());
    let _effect = ImmediateEffect::new(move || {
        if matches!(state.get(), State::Connecting { .. }) {
            owner.cleanup();
        }
    });
    market.reconnect();
    assert_eq!(state.get_untracked(), State::Closed(CloseReason::Caller));
    assert_eq!(transport.requests().len(), 1);
}

#[wasm_bindgen_test]
async fn a_stream_that_is_finished_has_ended_and_another_url_is_opened() {
    let transport = Scripted::new();
    let (_mounted, (url, stream, text)) = mount({
        let transport = transport.clone();
        move || {
            let url = RwSignal::new("/answers/1".to_owned());
            let stream =
                use_event_source_with_options::<Text>(url, EventSourceOptions::from(transport.options()));
            stream.on_event(move |Text(text)| {
                if text == "[DONE]" {
                    stream.finish();
                }
            });
            (url, stream, stream.fold(String::new(), |text, Text(more)| text.push_str(more)))
        }
    });
    let first = open(&transport).await;
    first.message("one ");
    first.message("[DONE]");
    assert!(!first.is_active());
    assert_eq!(stream.state().get_untracked(), State::Closed(CloseReason::Ended));
    stream.close();
    assert_eq!(stream.state().get_untracked(), State::Closed(CloseReason::Ended), "it is closed already");
    stream.reconnect();
    open(&transport).await.message("[DONE]");
    assert_eq!(stream.state().get_untracked(), State::Closed(CloseReason::Ended));
    url.set("/answers/2".to_owned());
    let second = transport.accept_at("/answers/2").await;
    second.open();
    second.message("two");
    assert_eq!(text.get_untracked(), "one [DONE][DONE]two");
}

#[wasm_bindgen_test]
async fn a_stream_that_is_finished_while_it_is_paused_opens_another_url_too() {
    let transport = Scripted::new();
    let (_mounted, (url, stream)) = mount({
        let transport = transport.clone();
        move || {
            let url = RwSignal::new("/answers/1".to_owned());
            let options = EventSourceOptions::from(transport.options());
            (url, use_event_source_with_options::<Text>(url, options))
        }
    });
    open(&transport).await;
    stream.pause();
    stream.finish();
    assert_eq!(stream.state().get_untracked(), State::Closed(CloseReason::Ended));
    url.set("/answers/2".to_owned());
    transport.accept_at("/answers/2").await.open();
    assert_eq!(stream.state().get_untracked(), State::Open);
}
