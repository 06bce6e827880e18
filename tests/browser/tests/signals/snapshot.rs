use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use browser_tests::{Mounted, mount, open, until};
use js_sys::{Function, Reflect};
use leptos::prelude::*;
use leptos_eventsource::transport::Scripted;
use leptos_eventsource::{
    EventSourceOptions, Gap, Snapshot, refetch_after_gap, use_event_source_with_options,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::Market;

/// A page that was rendered with a sum of 40 at the event `a.7`.
struct Page {
    transport: Scripted,
    sum: ReadSignal<u32>,
    gaps: Rc<RefCell<Vec<Gap>>>,
    url: RwSignal<String>,
    _mounted: Mounted,
}

fn page() -> Page {
    let transport = Scripted::new();
    let gaps = Rc::new(RefCell::new(Vec::new()));
    let (mounted, (sum, url)) = mount({
        let (transport, gaps) = (transport.clone(), gaps.clone());
        move || {
            let snapshot = Snapshot::new(40, "a.7");
            let url = RwSignal::new("/market".to_owned());
            let options = EventSourceOptions::from(browser_tests::quick_options())
                .with_transport(transport)
                .with_last_event_id(snapshot.last_event_id);
            let market = use_event_source_with_options::<Market>(url, options);
            market.on_gap(move |gap| gaps.borrow_mut().push(gap));
            (market.fold(snapshot.value, |sum, event| *sum += event.price().unwrap_or_default()), url)
        }
    });
    Page { transport, sum, gaps, url, _mounted: mounted }
}

#[wasm_bindgen_test]
async fn a_stream_that_begins_at_a_snapshot_goes_on_behind_it() {
    let page = page();
    assert_eq!(page.sum.get_untracked(), 40, "what was rendered, before there is a connection");
    let stream = open(&page.transport).await;
    assert_eq!(page.transport.requests()[0].last_event_id(), "a.7");
    stream.event("sse.open", "{}", "a.7");
    stream.event("tick", r#"["ACME",2]"#, "a.8");
    assert_eq!(page.sum.get_untracked(), 42);
    assert_eq!(*page.gaps.borrow(), []);
}

#[wasm_bindgen_test]
async fn what_is_in_the_snapshot_already_is_not_counted_again() {
    let page = page();
    let stream = open(&page.transport).await;
    // A server that goes on from before the cursor, as one does that did not get it.
    stream.event("sse.open", "{}", "a.5");
    for (price, id) in [(100, "a.6"), (100, "a.7"), (1, "a.8"), (1, "a.9")] {
        stream.event("tick", &format!(r#"["ACME",{price}]"#), id);
    }
    assert_eq!(page.sum.get_untracked(), 42);
    assert_eq!(*page.gaps.borrow(), []);
}

#[wasm_bindgen_test]
async fn a_server_that_began_anew_since_the_snapshot_is_told_of_as_a_gap() {
    let page = page();
    let stream = open(&page.transport).await;
    stream.event("sse.open", "{}", "b.0");
    stream.event("sse.reset", "{}", "b.0");
    assert_eq!(*page.gaps.borrow(), [Gap::Reset]);
}

#[wasm_bindgen_test]
async fn the_snapshots_cursor_is_not_sent_to_another_url() {
    let page = page();
    let _first = open(&page.transport).await;
    page.url.set("/another".to_owned());
    browser_tests::until("another request", || page.transport.requests().len() == 2).await;
    assert_eq!(page.transport.requests()[1].last_event_id(), "");
}

#[wasm_bindgen_test]
async fn rows_begin_with_those_of_the_snapshot_and_go_on() {
    let transport = Scripted::new();
    let (_mounted, rows) = mount({
        let transport = transport.clone();
        move || {
            let market = crate::use_market(&transport, leptos_eventsource::Delivery::Immediate);
            market.keyed_fold_from(
                [("ACME".to_owned(), 40), ("INIT".to_owned(), 7)],
                Market::symbol,
                |sum, event| *sum += event.price().unwrap_or_default(),
            )
        }
    });
    let values = || ["ACME", "INIT", "NEW"].map(|symbol| rows.signal(&symbol.to_owned()).get_untracked());
    assert_eq!(
        (rows.keys().get_untracked(), values()),
        (vec!["ACME".to_owned(), "INIT".to_owned()], [40, 7, 0])
    );
    let stream = open(&transport).await;
    crate::tick(&stream, "ACME", 2);
    crate::tick(&stream, "NEW", 1);
    let keys = ["ACME", "INIT", "NEW"].map(str::to_owned);
    assert_eq!((rows.keys().get_untracked(), values()), (keys.to_vec(), [42, 7, 1]));
}

/// What the browser's function `name` is called with meanwhile: the last argument of each call, a number.
fn calls_of(name: &str, act: impl FnOnce()) -> Vec<f64> {
    let calls = Rc::new(RefCell::new(Vec::new()));
    let window = window();
    let own: Function = Reflect::get(&window, &name.into()).expect("it is there").unchecked_into();
    let noted = Closure::<dyn Fn(JsValue, JsValue) -> JsValue>::new({
        let (calls, own) = (calls.clone(), own.clone());
        move |first: JsValue, second: JsValue| {
            calls.borrow_mut().push(second.as_f64().or(first.as_f64()).expect("a number is last"));
            own.call2(&JsValue::UNDEFINED, &first, &second).expect("it does not throw")
        }
    });
    Reflect::set(&window, &name.into(), noted.as_ref()).expect("it can be replaced");
    act();
    Reflect::set(&window, &name.into(), &own).expect("it can be put back");
    calls.take()
}

fn timers_of(act: impl FnOnce()) -> Vec<f64> {
    calls_of("setTimeout", act)
}

#[wasm_bindgen_test]
async fn gaps_are_one_until_it_is_refetched_and_the_first_of_a_row_does_not_wait() {
    let asked = Arc::new(AtomicU32::new(0));
    let (mounted, after_gap) = mount({
        let asked = asked.clone();
        move || refetch_after_gap(move || _ = asked.fetch_add(1, Ordering::Relaxed))
    });
    let times = || asked.load(Ordering::Relaxed);
    let two_gaps = || (after_gap(Gap::Reset), after_gap(Gap::Reset));
    assert_eq!(timers_of(|| _ = two_gaps()), [0.0]);
    assert_eq!(times(), 0, "a stream that tells of a gap may be disposed by it");
    until("a snapshot", || times() > 0).await;

    let pauses = timers_of(|| _ = two_gaps());
    assert!(matches!(pauses[..], [pause] if (5_000.0..=10_000.0).contains(&pause)), "{pauses:?}");
    assert_eq!(times(), 1);
    assert_eq!(calls_of("clearTimeout", || drop(mounted)).len(), 1);
    // Nobody is there to ask.
    assert_eq!(timers_of(|| _ = two_gaps()), [0.0; 0]);
}
