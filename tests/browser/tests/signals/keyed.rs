use std::cell::Cell;
use std::rc::Rc;

use browser_tests::{mount, open, until};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{Delivery, KEY_LIMIT, Keyed};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, tick, use_market};

type Prices = Keyed<String, Option<Market>>;

fn price(prices: Prices, symbol: &str) -> Option<u32> {
    prices.signal(&symbol.to_owned()).with_untracked(|event| event.as_ref().and_then(Market::price))
}

#[wasm_bindgen_test]
async fn every_key_has_the_last_event_with_that_key() {
    let transport = Scripted::new();
    let (_mounted, prices) = mount({
        let transport = transport.clone();
        move || use_market(&transport, Delivery::Immediate).keyed(Market::symbol)
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    tick(&stream, "INIT", 2);
    stream.event("closed", "", "");
    tick(&stream, "ACME", 3);
    assert_eq!((price(prices, "ACME"), price(prices, "INIT")), (Some(3), Some(2)));
    assert_eq!(prices.keys().get_untracked(), ["ACME", "INIT"], "in the order in which they first came");
}

#[wasm_bindgen_test]
async fn one_tick_runs_the_effects_of_one_row() {
    let transport = Scripted::new();
    let runs = [(); 3].map(|()| Rc::new(Cell::new(0)));
    let [acme, init, keys] = runs.clone();
    let (_mounted, prices) = mount({
        let transport = transport.clone();
        move || {
            let prices: Prices = use_market(&transport, Delivery::Immediate).keyed(Market::symbol);
            for (symbol, runs) in [("ACME", acme), ("INIT", init)] {
                let row = prices.signal(&symbol.to_owned());
                Effect::new(move || {
                    row.track();
                    runs.set(runs.get() + 1);
                });
            }
            let all = prices.keys();
            Effect::new(move || {
                all.track();
                keys.set(keys.get() + 1);
            });
            prices
        }
    });
    let runs = || runs.each_ref().map(|runs| runs.get());
    let stream = open(&transport).await;
    until("every effect ran at first", || runs() == [1, 1, 1]).await;
    tick(&stream, "INIT", 1);
    until("INIT came", || runs() == [1, 2, 2]).await;
    tick(&stream, "INIT", 2);
    until("INIT moved", || runs() == [1, 3, 2]).await;
    tick(&stream, "ACME", 1);
    until("ACME came", || runs() == [2, 3, 3]).await;
    assert_eq!((price(prices, "ACME"), price(prices, "INIT")), (Some(1), Some(2)));
}

#[wasm_bindgen_test]
async fn a_signal_that_is_asked_for_before_its_key_comes_is_updated_when_it_does() {
    let transport = Scripted::new();
    let (_mounted, (prices, early)) = mount({
        let transport = transport.clone();
        move || {
            let prices: Prices = use_market(&transport, Delivery::Immediate).keyed(Market::symbol);
            (prices, prices.signal(&"ACME".to_owned()))
        }
    });
    let stream = open(&transport).await;
    assert_eq!(early.get_untracked(), None);
    assert!(prices.keys().get_untracked().is_empty(), "to ask for a key does not make it come");
    tick(&stream, "ACME", 5);
    assert_eq!(early.get_untracked().and_then(|event| event.price()), Some(5));
    assert_eq!(prices.keys().get_untracked(), ["ACME"]);
}

#[wasm_bindgen_test]
async fn a_row_can_be_a_fold() {
    let transport = Scripted::new();
    let (_mounted, volumes) = mount({
        let transport = transport.clone();
        move || {
            use_market(&transport, Delivery::Immediate).keyed_fold(
                Market::symbol,
                |volume: &mut u32, event| {
                    *volume += event.price().unwrap_or_default();
                },
            )
        }
    });
    let stream = open(&transport).await;
    for price in 1..=4 {
        tick(&stream, "ACME", price);
        tick(&stream, "INIT", 1);
    }
    let volume = |symbol: &str| volumes.signal(&symbol.to_owned()).get_untracked();
    assert_eq!((volume("ACME"), volume("INIT")), (10, 4));
}

#[wasm_bindgen_test]
async fn keys_have_a_limit_and_what_is_left_out_is_counted() {
    let transport = Scripted::new();
    let (_mounted, (prices, shown)) = mount({
        let transport = transport.clone();
        move || {
            let prices = use_market(&transport, Delivery::AnimationFrame).keyed(Market::symbol);
            let (left_out, shown) = (prices.left_out(), RwSignal::new(0));
            Effect::new(move || shown.set(left_out.get()));
            (prices, shown)
        }
    });
    let stream = open(&transport).await;
    for number in 0..KEY_LIMIT + 2 {
        tick(&stream, &number.to_string(), 1);
    }
    tick(&stream, "0", 2);
    assert_eq!(prices.keys().with_untracked(Vec::len), KEY_LIMIT);
    assert_eq!(price(prices, "0"), Some(2), "those that are in are still served");
    until("the page is told how many are left out", || shown.get_untracked() == 2).await;
}

#[wasm_bindgen_test]
async fn a_key_that_is_removed_is_none_of_the_keys_until_it_comes_again() {
    let transport = Scripted::new();
    let (_mounted, (prices, acme)) = mount({
        let transport = transport.clone();
        move || {
            let prices: Prices = use_market(&transport, Delivery::Immediate).keyed(Market::symbol);
            (prices, prices.signal(&"ACME".to_owned()))
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    tick(&stream, "INIT", 2);
    prices.remove(&"ACME".to_owned());
    prices.remove(&"NOPE".to_owned());
    assert_eq!(prices.keys().get_untracked(), ["INIT"]);
    assert_eq!((acme.get_untracked(), price(prices, "INIT")), (None, Some(2)));
    tick(&stream, "ACME", 3);
    assert_eq!(prices.keys().get_untracked(), ["INIT", "ACME"]);
    let shown = || acme.get_untracked().and_then(|event| event.price());
    assert_eq!(shown(), Some(3), "who has looked at it all the time sees it come again");
    prices.clear();
    assert!(prices.keys().get_untracked().is_empty());
    assert_eq!((shown(), price(prices, "INIT")), (None, None));
}

#[wasm_bindgen_test]
async fn keys_that_are_removed_and_looked_at_by_nobody_make_place_for_others() {
    let transport = Scripted::new();
    let (_mounted, (prices, looking)) = mount({
        let transport = transport.clone();
        move || (use_market(&transport, Delivery::Immediate).keyed(Market::symbol), Owner::new())
    });
    let stream = open(&transport).await;
    for number in 0..KEY_LIMIT {
        tick(&stream, &number.to_string(), 1);
    }
    let first = looking.with(|| prices.signal(&"0".to_owned()));
    prices.remove(&"0".to_owned());
    tick(&stream, "too many", 1);
    assert_eq!(prices.left_out().get_untracked(), 1, "somebody looks at the one that was removed");
    assert_eq!(first.get_untracked(), None);
    looking.cleanup();
    tick(&stream, "new", 2);
    prices.remove(&"1".to_owned());
    tick(&stream, "newer", 3);
    assert_eq!(prices.left_out().get_untracked(), 1);
    assert_eq!((price(prices, "new"), price(prices, "newer")), (Some(2), Some(3)));
    assert_eq!(prices.keys().with_untracked(Vec::len), KEY_LIMIT);
    tick(&stream, "newest", 4);
    assert_eq!(prices.left_out().get_untracked(), 2);
}
