use std::sync::{Arc, Mutex};

use browser_tests::{mount, open, until};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{
    CloseReason, DecodeErrorKind, Delivery, Error, EventSourceOptions, Failure, State, Text,
    use_event_source_with_options,
};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{tick, use_market};

#[wasm_bindgen_test]
async fn what_does_not_decode_is_an_error_that_carries_it_and_the_stream_goes_on() {
    let transport = Scripted::new();
    let (_mounted, (market, count)) = mount({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            (market, market.fold(0, |count, _| *count += 1))
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    stream.event("tick", "{", "41");
    let Some(Error::Decode(error)) = market.error().get_untracked() else {
        panic!("{:?}", market.error().get_untracked());
    };
    assert!(matches!(error.kind, DecodeErrorKind::Data(_)));
    assert_eq!((error.event_type.as_str(), error.data.as_str()), ("tick", "{"));
    assert_eq!(error.last_event_id, "41");
    tick(&stream, "ACME", 2);
    assert_eq!(count.get_untracked(), 2);
    assert_eq!(market.state().get_untracked(), State::Open);
}

#[wasm_bindgen_test]
async fn who_hears_of_errors_hears_of_all_that_come_at_once() {
    let transport = Scripted::new();
    let (_mounted, (market, heard)) = mount({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::AnimationFrame);
            let heard = StoredValue::new(Vec::new());
            market.on_error(move |error| {
                assert_eq!(
                    market.error().get_untracked().as_ref(),
                    Some(error),
                    "the signal says so already"
                );
                let what = match error {
                    Error::Decode(error) => error.data.clone(),
                    other => other.to_string(),
                };
                heard.update_value(|heard| heard.push(what));
            });
            (market, heard)
        }
    });
    let stream = open(&transport).await;
    for data in ["{", "[", "nonsense"] {
        stream.event("tick", data, "");
    }
    tick(&stream, "ACME", 1);
    stream.fail(Failure::Ended);
    assert_eq!(heard.get_value(), ["{", "[", "nonsense", &Failure::Ended.to_string()]);
    assert!(matches!(market.state().get_untracked(), State::Waiting { .. }));
}

#[wasm_bindgen_test]
async fn whoever_takes_an_end_for_complete_finishes_and_asks_no_more() {
    let transport = Scripted::new();
    let (_mounted, market) = mount({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            market.on_error(move |error| {
                if matches!(error, Error::Connection(Failure::Ended)) {
                    market.finish();
                }
            });
            market
        }
    });
    open(&transport).await.fail(Failure::Cut);
    assert!(matches!(market.state().get_untracked(), State::Waiting { .. }), "it was not complete");
    open(&transport).await.fail(Failure::Ended);
    assert_eq!(market.state().get_untracked(), State::Closed(CloseReason::Ended));
    assert_eq!(transport.requests().len(), 2);
}

#[wasm_bindgen_test]
async fn who_hears_of_openings_hears_of_each_before_its_first_event() {
    let transport = Scripted::new();
    let (_mounted, (market, symbols)) = mount({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            let symbols = StoredValue::new(vec!["from before".to_owned()]);
            market.on_open(move || {
                assert_eq!(market.state().get_untracked(), State::Open);
                symbols.update_value(Vec::clear);
            });
            market.on_event(move |event| symbols.update_value(|symbols| symbols.extend(event.symbol())));
            (market, symbols)
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    tick(&stream, "INIT", 1);
    assert_eq!(symbols.get_value(), ["ACME", "INIT"]);
    stream.fail(Failure::Ended);
    assert_eq!(symbols.get_value().len(), 2, "an end is no opening");
    market.reconnect();
    let stream = open(&transport).await;
    assert!(symbols.get_value().is_empty());
    tick(&stream, "ACME", 2);
    assert_eq!(symbols.get_value(), ["ACME"]);
}

#[wasm_bindgen_test]
async fn an_unknown_event_type_is_an_error_too() {
    let transport = Scripted::new();
    let (_mounted, market) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate)
    });
    let stream = open(&transport).await;
    stream.event("dividend", "12", "");
    let error = market.error().get_untracked();
    assert!(
        matches!(&error, Some(Error::Decode(error)) if error.kind == DecodeErrorKind::UnknownType && error.data == "12"),
        "{error:?}"
    );
}

#[wasm_bindgen_test]
async fn the_event_types_of_the_set_and_the_reserved_ones_are_listened_for() {
    let transport = Scripted::new();
    let (_mounted, _market) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate)
    });
    let stream = open(&transport).await;
    let listened = &stream.event_types();
    for event_type in ["tick", "closed", "sse.open", "sse.heartbeat", "sse.gap", "sse.reset", "sse.end"] {
        assert!(listened.contains(&event_type), "{event_type} is not in {listened:?}");
    }
}

#[wasm_bindgen_test]
async fn a_failure_is_an_error_until_the_connection_is_open_again() {
    let transport = Scripted::new();
    let (_mounted, market) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate)
    });
    let stream = open(&transport).await;
    stream.fail(Failure::Ended);
    assert_eq!(market.error().get_untracked(), Some(Error::Connection(Failure::Ended)));
    open(&transport).await;
    assert_eq!(market.error().get_untracked(), None);
}

#[wasm_bindgen_test]
async fn c01_an_invalid_url_is_an_error_and_a_valid_one_after_it_connects() {
    let transport = Scripted::new();
    let (_mounted, (handle, set_url)) = mount({
        let transport = transport.clone();
        move || {
            let (url, set_url) = signal("http://".to_owned());
            let options = EventSourceOptions::from(transport.options());
            (use_event_source_with_options::<Text>(url, options), set_url)
        }
    });
    let error = handle.error();
    until("an error", || matches!(error.get_untracked(), Some(Error::InvalidUrl(_)))).await;
    assert_eq!(handle.state().get_untracked(), State::Idle);
    set_url.set("/valid".to_owned());
    let stream = open(&transport).await;
    assert_eq!(error.get_untracked(), None);
    stream.fail(Failure::Ended);
    assert!(handle.retry_in().get_untracked().is_some());
    set_url.set("http://".to_owned());
    until("an error again", || matches!(error.get_untracked(), Some(Error::InvalidUrl(_)))).await;
    assert_eq!(transport.active(), 0);
    assert_eq!(handle.retry_in().get_untracked(), None, "nothing is counted down to");
}

#[wasm_bindgen_test]
async fn the_cursor_of_the_options_is_for_the_first_url_that_is_one() {
    let transport = Scripted::new();
    let (_mounted, (handle, url)) = mount({
        let transport = transport.clone();
        move || {
            let url = RwSignal::new(String::new());
            let options = EventSourceOptions::from(transport.options());
            let options = options.with_last_event_id("40");
            (use_event_source_with_options::<Text>(url, options), url)
        }
    });
    let error = handle.error();
    until("an error", || matches!(error.get_untracked(), Some(Error::InvalidUrl(_)))).await;
    url.set("/one".to_owned());
    assert_eq!(transport.accept_at("/one").await.last_event_id(), "40");
    url.set("/another".to_owned());
    assert_eq!(transport.accept_at("/another").await.last_event_id(), "");
}

#[wasm_bindgen_test]
async fn to_pause_a_refused_stream_does_not_keep_the_next_url_from_opening() {
    let transport = Scripted::new();
    let (_mounted, (market, url)) = mount({
        let transport = transport.clone();
        move || {
            let url = RwSignal::new("/refused".to_owned());
            let options = EventSourceOptions::from(transport.options());
            (use_event_source_with_options::<crate::Market>(url, options), url)
        }
    });
    transport.accept_at("/refused").await.refuse(404);
    market.pause();
    assert!(matches!(market.state().get_untracked(), State::Closed(_)), "there is nothing to pause");
    url.set("/another".to_owned());
    transport.accept_at("/another").await.open();
    assert!(market.is_open().get_untracked());
}

#[wasm_bindgen_test]
async fn who_hears_of_closings_hears_of_each_with_its_reason_and_not_of_the_end_of_the_owner() {
    let transport = Scripted::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (mounted, market) = mount({
        let (transport, heard) = (transport.clone(), heard.clone());
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            market.on_close(move |reason| {
                assert_eq!(market.state().get_untracked(), State::Closed(reason.clone()));
                heard.lock().expect("nobody panics").push(reason.clone());
            });
            market
        }
    });
    open(&transport).await.event("sse.end", "{}", "");
    market.reconnect();
    transport.accept().await.refuse(404);
    market.reconnect();
    open(&transport).await;
    market.close();
    market.close();
    market.reconnect();
    open(&transport).await;
    drop(mounted);
    let refused = CloseReason::Refused(Failure::Status { status: 404, retry_after: None });
    assert_eq!(*heard.lock().expect("nobody panics"), [CloseReason::Ended, refused, CloseReason::Caller]);
}
