use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use browser_tests::{History, mount, open, until};
use leptos::prelude::*;
use leptos_eventsource::Delivery;
use leptos_eventsource::transport::Scripted;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{tick, use_market};

/// Brings `bursts` of a hundred ticks each, every one as soon as the effect has seen the one before, and
/// returns what an effect over a count of them saw.
async fn seen(delivery: Delivery, bursts: usize) -> Vec<usize> {
    let transport = Scripted::new();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (_mounted, count) = mount({
        let (transport, seen) = (transport.clone(), seen.clone());
        move || {
            let count = use_market(&transport, delivery).fold(0, |count, _| *count += 1);
            Effect::new(move || seen.borrow_mut().push(count.get()));
            count
        }
    });
    let stream = open(&transport).await;
    until("the effect ran at first", || *seen.borrow() == [0]).await;
    for burst in 1..=bursts {
        for price in 1..=100 {
            tick(&stream, "ACME", price);
        }
        assert_eq!(count.get_untracked(), 100 * burst, "every event is folded at once");
        until("the effect ran", || seen.borrow().last() == Some(&(100 * burst))).await;
    }
    seen.take()
}

#[wasm_bindgen_test]
async fn once_a_frame_a_burst_is_told_once() {
    assert_eq!(seen(Delivery::AnimationFrame, 3).await, [0, 100, 200, 300]);
}

#[wasm_bindgen_test]
async fn at_once_a_burst_of_one_turn_is_told_in_that_turn() {
    assert_eq!(seen(Delivery::Immediate, 3).await, [0, 100, 200, 300]);
}

#[wasm_bindgen_test]
async fn once_a_frame_nobody_is_told_before_the_frame() {
    let transport = Scripted::new();
    let (_mounted, (count, told)) = mount({
        let transport = transport.clone();
        move || {
            let count = use_market(&transport, Delivery::AnimationFrame).fold(0, |count, _| *count += 1);
            (count, History::of(count))
        }
    });
    let stream = open(&transport).await;
    for price in 1..=100 {
        tick(&stream, "ACME", price);
    }
    assert_eq!((count.get_untracked(), told.values()), (100, vec![0]));
    until("the frame", || told.values() == [0, 100]).await;
}

#[wasm_bindgen_test]
async fn a_frame_that_comes_after_the_end_does_nothing() {
    let transport = Scripted::new();
    let (folded, told) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (mounted, _count) = mount({
        let (transport, folded, told) = (transport.clone(), folded.clone(), told.clone());
        move || {
            let count = use_market(&transport, Delivery::AnimationFrame).fold(0, move |count, _| {
                *count += 1;
                folded.set(*count);
            });
            Effect::new(move || {
                count.track();
                told.set(told.get() + 1);
            });
            count
        }
    });
    let stream = open(&transport).await;
    until("the effect ran at first", || told.get() == 1).await;
    tick(&stream, "ACME", 1);
    drop(mounted);
    tick(&stream, "ACME", 2);
    // The next frame of another stream comes and goes.
    assert_eq!(seen(Delivery::AnimationFrame, 1).await, [0, 100]);
    assert_eq!((folded.get(), told.get()), (1, 1));
}

#[wasm_bindgen_test]
async fn a_view_that_is_gone_before_the_frame_is_freed_at_once() {
    let transport = Scripted::new();
    let (_mounted, (market, owner)) = mount({
        let transport = transport.clone();
        move || (use_market(&transport, Delivery::AnimationFrame), Owner::new())
    });
    let stream = open(&transport).await;
    let held = Arc::new(());
    // No frame comes in between, as in a background tab.
    for price in 1..=100 {
        let view = owner.with(|| market.fold(held.clone(), |_, _| {}));
        tick(&stream, "ACME", price);
        assert_eq!(view.with_untracked(Arc::strong_count), 2);
        owner.cleanup();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[wasm_bindgen_test]
async fn a_signal_of_the_page_is_folded_into_and_told_of_once_a_frame() {
    let transport = Scripted::new();
    let (_mounted, (sum, told)) = mount({
        let transport = transport.clone();
        move || {
            let sum = RwSignal::new(1_000);
            let market = use_market(&transport, Delivery::AnimationFrame);
            market.fold_into(sum, |sum, event| *sum += event.price().unwrap_or_default());
            (sum, History::of(sum))
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 1);
    tick(&stream, "ACME", 2);
    assert_eq!((sum.get_untracked(), told.values()), (1_003, vec![1_000]));
    until("the frame", || told.values() == [1_000, 1_003]).await;
    sum.set(0);
    until("the page's own word", || told.values().last() == Some(&0)).await;
    tick(&stream, "ACME", 3);
    until("the next frame", || told.values() == [1_000, 1_003, 0, 3]).await;
}

#[wasm_bindgen_test]
async fn who_folds_into_a_signal_that_stays_tells_of_the_last_change_before_it_goes() {
    let transport = Scripted::new();
    let (_mounted, (sum, told, folder)) = mount({
        let transport = transport.clone();
        move || {
            let sum = RwSignal::new(0);
            let market = use_market(&transport, Delivery::AnimationFrame);
            let folder = Owner::new();
            folder.with(|| market.fold_into(sum, |sum, event| *sum += event.price().unwrap_or_default()));
            (sum, History::of(sum), folder)
        }
    });
    let stream = open(&transport).await;
    tick(&stream, "ACME", 7);
    // Before the frame.
    folder.cleanup();
    until("the last change", || told.values() == [0, 7]).await;
    tick(&stream, "ACME", 1);
    assert_eq!(sum.get_untracked(), 7);
}
