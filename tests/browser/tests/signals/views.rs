use std::cell::{Cell, RefCell};
use std::rc::Rc;

use browser_tests::{mount, mount_view, open, until};
use js_sys::Reflect;
use leptos::prelude::*;
use leptos_eventsource::Delivery;
use leptos_eventsource::transport::Scripted;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, tick, use_market};

#[wasm_bindgen_test]
async fn latest_is_the_last_event() {
    let transport = Scripted::new();
    let (_mounted, latest) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).latest()
    });
    let stream = open(&transport).await;
    assert_eq!(latest.get_untracked(), None);
    tick(&stream, "ACME", 1);
    stream.event("closed", "", "");
    assert_eq!(latest.get_untracked(), Some(Market::Closed));
}

#[wasm_bindgen_test]
async fn fold_sees_every_event_even_if_no_effect_runs_in_between() {
    let transport = Scripted::new();
    let (_mounted, sum) = mount({
        let transport = transport.clone();
        move || {
            use_market(&transport, Delivery::Immediate)
                .fold(0, |sum, event| *sum += event.price().unwrap_or_default())
        }
    });
    let stream = open(&transport).await;
    for price in 1..=100 {
        tick(&stream, "ACME", price);
    }
    assert_eq!(sum.get_untracked(), 5050);
}

/// How many warnings come into the console while `f` runs.
fn warnings(f: impl FnOnce()) -> u32 {
    let count = Rc::new(Cell::new(0));
    let warn = Closure::<dyn Fn()>::new({
        let count = count.clone();
        move || count.set(count.get() + 1)
    });
    let console = Reflect::get(&js_sys::global(), &"console".into()).expect("there is a console");
    let own = Reflect::get(&console, &"warn".into()).expect("it can be read");
    Reflect::set(&console, &"warn".into(), warn.as_ref()).expect("it can be replaced");
    f();
    Reflect::set(&console, &"warn".into(), &own).expect("it can be put back");
    count.get()
}

#[wasm_bindgen_test]
async fn who_hears_an_event_may_read_a_signal_without_a_warning() {
    let transport = Scripted::new();
    let (_mounted, (is_muted, heard)) = mount({
        let transport = transport.clone();
        move || {
            let (is_muted, heard) = (RwSignal::new(false), StoredValue::new(0));
            use_market(&transport, Delivery::Immediate).on_event(move |_| {
                if !is_muted.get() {
                    heard.update_value(|heard| *heard += 1);
                }
            });
            (is_muted, heard)
        }
    });
    let stream = open(&transport).await;
    assert_eq!(warnings(|| tick(&stream, "ACME", 1)), 0);
    assert_eq!(heard.get_value(), 1);
    // As of whoever reads one where it may be a mistake.
    assert_eq!(warnings(|| _ = is_muted.get()), 1);
}

#[wasm_bindgen_test]
async fn on_event_hears_events_in_order_until_its_owner_is_disposed() {
    let transport = Scripted::new();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let (_mounted, (market, child)) = mount({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            (market, Owner::new())
        }
    });
    let stream = open(&transport).await;
    child.with({
        let heard = heard.clone();
        move || market.on_event(move |event| heard.borrow_mut().push(event.price()))
    });
    tick(&stream, "ACME", 1);
    tick(&stream, "ACME", 2);
    assert_eq!(*heard.borrow(), [Some(1), Some(2)]);
    child.cleanup();
    tick(&stream, "ACME", 3);
    assert_eq!(heard.borrow().len(), 2);
    assert_eq!(Rc::strong_count(&heard), 1, "the callback is freed");
    assert_eq!(transport.active(), 1, "the connection belongs to the parent");
}

#[wasm_bindgen_test]
async fn an_event_handler_may_close_the_stream() {
    let transport = Scripted::new();
    let (_mounted, count) = mount({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            let count = market.fold(0, |count, _| *count += 1);
            market.on_event(move |_| market.close());
            count
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    tick(&stream, "ACME", 2);
    assert_eq!((count.get_untracked(), transport.active()), (1, 0));
}

#[wasm_bindgen_test]
async fn an_event_handler_may_add_a_view() {
    let transport = Scripted::new();
    let late = Rc::new(RefCell::new(Vec::new()));
    let (_mounted, ()) = mount({
        let (transport, late) = (transport.clone(), late.clone());
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            let owner = Owner::current().expect("a component has one");
            market.on_event(move |_| {
                late.borrow_mut().push(owner.with(|| market.fold(0, |count, _| *count += 1)));
            });
        }
    });
    let stream = open(&transport).await;
    for price in 1..=3 {
        tick(&stream, "ACME", price);
    }
    assert_eq!(late.borrow().len(), 3);
    assert!(late.borrow()[0].get_untracked() >= 2, "it sees the events from then on");
}

#[wasm_bindgen_test]
async fn a_view_shows_what_the_signal_holds() {
    let transport = Scripted::new();
    let mounted = mount_view({
        let transport = transport.clone();
        move || {
            let price = use_market(&transport, Delivery::Immediate).latest();
            view! { <p>{move || price.get().and_then(|event| event.price())}</p> }
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 7);
    until("the price is shown", || mounted.text() == "7").await;
}

#[wasm_bindgen_test]
async fn the_last_event_id_is_told_from_the_first_time_it_is_asked_for() {
    let transport = Scripted::new();
    let (_mounted, market) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate)
    });
    let stream = open(&transport).await;
    stream.event("closed", "", "1");
    let last_event_id = market.last_event_id();
    assert_eq!(last_event_id.get_untracked(), "1");
    stream.event("closed", "", "2");
    assert_eq!(last_event_id.get_untracked(), "2");
}
