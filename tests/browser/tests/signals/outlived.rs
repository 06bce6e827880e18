//! A handle, and what was asked of it, after its owner is disposed.

use browser_tests::{History, Mounted, mount, mount_view, next_task, open, until};
use leptos::prelude::*;
use leptos_eventsource::transport::{Scripted, ScriptedStream};
use leptos_eventsource::{CloseReason, ConnectionHandle, Delivery, EventSourceHandle, Failure, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{Market, tick, use_market};

const GONE: State = State::Closed(CloseReason::Caller);

/// A stream that is open, and its component.
async fn opened(transport: &Scripted) -> (Mounted, EventSourceHandle<Market>, ScriptedStream) {
    opened_with(transport, Delivery::Immediate).await
}

async fn opened_with(
    transport: &Scripted,
    delivery: Delivery,
) -> (Mounted, EventSourceHandle<Market>, ScriptedStream) {
    let (component, market) = mount({
        let transport = transport.clone();
        move || use_market(&transport, delivery)
    });
    let stream = open(transport).await;
    (component, market, stream)
}

/// A component of its own, in which `f` runs.
fn elsewhere<T: 'static>(f: impl FnOnce() -> T + 'static) -> (Mounted, T) {
    mount(f)
}

#[wasm_bindgen_test]
async fn signals_asked_for_elsewhere_show_that_the_stream_is_closed() {
    let transport = Scripted::new();
    let (component, market, stream) = opened(&transport).await;
    let (_other, (state, is_open, retry_in, error, id)) = elsewhere(move || {
        (market.state(), market.is_open(), market.retry_in(), market.error(), market.last_event_id())
    });
    stream.event("closed", "", "7");
    assert_eq!((state.get_untracked(), is_open.get_untracked()), (State::Open, true));
    stream.fail(Failure::Network);
    assert!(matches!(state.get_untracked(), State::Waiting { .. }));
    until("a countdown", || retry_in.get_untracked().is_some()).await;
    let last = error.get_untracked();
    assert!(last.is_some());

    drop(component);
    assert_eq!((state.get_untracked(), is_open.get_untracked()), (GONE, false));
    assert_eq!((retry_in.get_untracked(), error.get_untracked()), (None, last), "the last one");
    assert_eq!(id.get_untracked(), "7");
}

#[wasm_bindgen_test]
async fn views_asked_for_elsewhere_keep_what_they_hold() {
    let transport = Scripted::new();
    let (component, market, stream) = opened(&transport).await;
    let (_other, (latest, count, log, keyed)) = elsewhere(move || {
        let count = market.fold(0, |count, _| *count += 1);
        (market.latest(), count, market.log(5), market.keyed(Market::symbol))
    });
    tick(&stream, "ACME", 1);
    drop(component);
    tick(&stream, "ACME", 2);
    let price = |event: Option<Market>| event.and_then(|event| event.price());
    assert_eq!((price(latest.get_untracked()), count.get_untracked()), (Some(1), 1));
    assert_eq!((log.entries().get_untracked().len(), log.dropped().get_untracked()), (1, 0));
    assert_eq!(price(keyed.signal(&"ACME".to_owned()).get_untracked()), Some(1));
}

#[wasm_bindgen_test]
async fn views_asked_for_elsewhere_show_what_came_since_the_last_frame() {
    let transport = Scripted::new();
    let (component, market, stream) = opened_with(&transport, Delivery::AnimationFrame).await;
    let (_other, told) = elsewhere(move || History::of(market.fold(0, |count, _| *count += 1)));
    tick(&stream, "ACME", 1);
    tick(&stream, "ACME", 2);
    assert_eq!(told.values(), [0], "no frame has come");
    drop(component);
    assert_eq!(told.values(), [0, 2]);
}

#[wasm_bindgen_test]
async fn whatever_is_asked_of_a_stream_that_is_gone_is_closed_and_empty() {
    let transport = Scripted::new();
    let (component, market, _) = opened(&transport).await;
    // Made inside, as for a context, and used elsewhere.
    let connection = ConnectionHandle::from(market);
    drop(component);
    let ask = move || {
        assert_eq!(market.state().get_untracked(), GONE);
        assert!(!market.is_open().get_untracked());
        assert_eq!(market.retry_in().get_untracked(), None);
        assert_eq!(market.error().get_untracked(), None);
        assert_eq!(market.last_event_id().get_untracked(), "");
        assert_eq!(market.latest().get_untracked(), None);
        assert_eq!(market.fold(0, |_, _| {}).get_untracked(), 0);
        assert!(market.log(5).entries().get_untracked().is_empty());
        assert!(market.keyed(Market::symbol).keys().get_untracked().is_empty());
        market.on_event(|_| {});
        market.on_gap(|_| {});
        market.on_error(|_| {});
        market.on_open(|| {});
        assert_eq!((connection.state().get_untracked(), connection.retry_in().get_untracked()), (GONE, None));
        assert_eq!((connection.is_open().get_untracked(), connection.error().get_untracked()), (false, None));
        assert_eq!(connection.last_event_id().get_untracked(), "");
        for control in [ConnectionHandle::reconnect, ConnectionHandle::resume] {
            control(&connection);
        }
        market.close();
        market.pause();
        market.resume();
        market.reconnect();
    };
    // In a component, and outside of any.
    let (_other, ()) = elsewhere(ask);
    ask();
    next_task().await;
    assert_eq!((transport.requests().len(), transport.active()), (1, 0), "it does not come back");
}

#[wasm_bindgen_test]
async fn a_stream_that_is_disposed_while_it_tells_its_state_stays_closed() {
    let transport = Scripted::new();
    let (component, market, stream) = opened(&transport).await;
    stream.fail(Failure::Network);
    let component = StoredValue::new_local(Some(component));
    let (_other, (state, _effect)) = elsewhere(move || {
        let retry_in = market.retry_in();
        // The countdown ends just before the next state is told.
        let effect = ImmediateEffect::new_mut({
            let mut is_counting = false;
            move || {
                let was_counting = std::mem::replace(&mut is_counting, retry_in.get().is_some());
                if was_counting && !is_counting {
                    component.set_value(None);
                }
            }
        });
        (market.state(), effect)
    });
    assert!(matches!(state.get_untracked(), State::Waiting { .. }));
    market.reconnect();
    assert!(component.with_value(Option::is_none), "it was disposed meanwhile");
    assert_eq!(state.get_untracked(), GONE);
}

#[wasm_bindgen_test]
async fn the_signals_of_a_stream_outside_of_any_owner_do_not_go_with_who_asks_first() {
    let transport = Scripted::new();
    assert_eq!(Owner::current(), None);
    let market = use_market(&transport, Delivery::Immediate);
    let (first, state) = elsewhere(move || market.state());
    assert_eq!(state.get_untracked(), State::Idle);
    open(&transport).await;
    drop(first);
    let (_second, state) = elsewhere(move || market.state());
    assert_eq!(state.get_untracked(), State::Open);
    market.close();
    assert_eq!(state.get_untracked(), GONE);
}

#[wasm_bindgen_test]
async fn a_component_that_goes_with_its_stream_is_not_told_of_its_end() {
    let transport = Scripted::new();
    let (told, heard) = (RwSignal::new(0), StoredValue::new(0));
    let mounted = mount_view({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            let state = market.state();
            ImmediateEffect::new_scoped(move || {
                if state.get() == GONE {
                    heard.set_value(1);
                }
            });
            move || told.set(usize::from(state.get().is_open()))
        }
    });
    open(&transport).await;
    until("the view has seen it open", || told.get_untracked() == 1).await;
    drop(mounted);
    next_task().await;
    assert_eq!((told.get_untracked(), heard.get_value()), (1, 0));
}

#[wasm_bindgen_test]
async fn who_asks_again_and_again_below_the_stream_gets_the_same_signals() {
    let transport = Scripted::new();
    let (_component, (market, below)) = mount({
        let transport = transport.clone();
        move || (use_market(&transport, Delivery::Immediate), Owner::new())
    });
    let ask =
        move || (market.state(), market.is_open(), market.error(), market.retry_in(), market.last_event_id());
    let signals = ask();
    assert_eq!(ask(), signals, "outside of any owner, as in a timer");
    assert_eq!(below.with(ask), signals);
    assert_eq!(below.child().with(ask), signals);
    let (_other, of_another) = elsewhere(ask);
    assert_ne!(of_another, signals, "who may outlive the stream has signals of its own");
    assert_ne!(of_another.1, signals.1);
    open(&transport).await;
    assert!(signals.1.get_untracked() && of_another.1.get_untracked());
}

#[wasm_bindgen_test]
async fn who_asks_a_view_for_a_row_with_every_event_gets_the_same_signal() {
    let transport = Scripted::new();
    let (_component, (prices, owner)) = mount({
        let transport = transport.clone();
        move || {
            let market = use_market(&transport, Delivery::Immediate);
            (market.keyed(|event| event.symbol()), Owner::current().expect("a component has one"))
        }
    });
    let ask = move || prices.signal(&"ACME".to_owned());
    let signal = ask();
    assert_eq!(ask(), signal, "outside of any owner, as in a handler");
    assert_eq!(owner.with(ask), signal);
    let (_other, of_another) = elsewhere(ask);
    assert_ne!(of_another, signal, "it goes with who has asked, and gives up its place");
    let stream = open(&transport).await;
    tick(&stream, "ACME", 7);
    let price = |signal: ReadSignal<Option<Market>>| signal.with_untracked(|it| it.as_ref()?.price());
    assert_eq!((price(signal), price(of_another)), (Some(7), Some(7)));
}

#[wasm_bindgen_test]
async fn in_a_page_that_was_taken_over_handlers_get_the_same_signals_too() {
    let transport = Scripted::new();
    let _runs_tasks = mount(|| ());
    // There, the owner of the page is the current one wherever nobody has set another.
    let page = Owner::new_root(None);
    let component = page.with(Owner::new);
    let (market, prices) = component.with(|| {
        let market = use_market(&transport, Delivery::Immediate);
        (market, market.keyed(|event| event.symbol()))
    });
    let ask = move || (market.state(), market.is_open(), prices.signal(&"ACME".to_owned()));
    let signals = component.with(ask);
    assert_eq!(page.with(ask), signals);
    page.clone().unset();
    assert_eq!(ask(), signals);
}
