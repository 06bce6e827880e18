use browser_tests::{Carrier, Live, Stream, mount, mount_view, next_task, open, until};
use leptos::prelude::*;
use leptos_eventsource::components::{ConnectionBadge, EventLog};
use leptos_eventsource::transport::{Scripted, Ticketed};
use leptos_eventsource::{Delivery, EventSourceOptions, Sharing, Text, use_event_source_with_options};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;

/// In each round a hundred are mounted, on a stream of their own.
const ROUNDS: u32 = 10;

/// Rounds before the first count: whatever is made once and kept has been made by then.
const WARM_UP: u32 = 2;

/// So many times a thousand may need more memory than any before. A leak of 70 bytes each needs more every time.
const PEAKS: u32 = 4;

/// How long a component lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// It is gone before its effects run.
    None,
    /// It is gone before there is an answer.
    Asks,
    /// It shows an event.
    Shows,
    /// It waits for the next attempt, and counts down to it.
    Waits,
    /// Its stream was closed, and it stays.
    Closed,
}

impl Life {
    /// That of the component with this number.
    fn of(number: u32) -> Self {
        match number % 10 {
            0 => Self::Shows,
            1 => Self::Waits,
            2 => Self::Closed,
            3..=5 => Self::Asks,
            _ => Self::None,
        }
    }
}

/// A component that uses everything there is.
fn component(url: String, options: EventSourceOptions) -> impl IntoView {
    let stream = use_event_source_with_options::<Text>(url, options);
    let latest = stream.latest();
    let count = stream.fold(0, |count, _| *count += 1);
    let log = stream.log(10);
    let keyed = stream.keyed(|Text(text)| Some(text.clone()));
    let keys = keyed.keys();
    stream.on_event(move |Text(text)| {
        if text == "close" {
            stream.close();
        }
    });
    stream.on_gap(|_| {});
    drop(stream.stream(10));
    let (state, error, id) = (stream.state(), stream.error(), stream.last_event_id());
    view! {
        <p>{move || latest.get().map(|Text(text)| text)}</p>
        <p>{move || count.get()} {move || log.entries().with(|entries| entries.len())} {move || keys.get().len()}</p>
        <ConnectionBadge stream />
        <EventLog stream capacity=10 />
        <p>{move || format!("{:?} {:?} {:?}", state.get(), error.get(), stream.retry_in().get())} {move || id.get()}</p>
    }
}

async fn round(options: &EventSourceOptions) {
    let shows = Stream::new("event - 1 shown").await;
    let waits = Stream::new("event - 1 shown\nend").await;
    let closes = Stream::new("event - 1 close").await;
    let mut shown = 0;
    for number in 0..100 {
        let life = Life::of(number);
        let mut options = options.clone();
        let url = match life {
            Life::Waits => {
                options.connection.client.backoff.floor = std::time::Duration::from_secs(3600);
                waits.url()
            }
            Life::Closed => closes.url(),
            Life::None | Life::Asks | Life::Shows => shows.url(),
        };
        let url = url.to_owned();
        let mounted = mount_view(move || component(url, options));
        let wanted = match life {
            Life::None => continue,
            Life::Asks => {
                next_task().await;
                continue;
            }
            Life::Shows => "shown",
            Life::Waits => "Waiting",
            Life::Closed => "Closed",
        };
        until(wanted, || mounted.text().contains(wanted)).await;
        shown += 1;
    }
    assert_eq!(shown, 30);
    assert!((10..=100).contains(&shows.until_nobody_is_connected().await));
    assert_eq!(waits.until_nobody_is_connected().await, 10);
    assert_eq!(closes.until_nobody_is_connected().await, 10);
}

/// Bytes of memory that WebAssembly has. It is never given back, so growth is a leak or a new peak.
fn memory() -> u32 {
    let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>();
    memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length()
}

async fn a_thousand(options: EventSourceOptions) {
    for _ in 0..WARM_UP {
        round(&options).await;
    }
    let before = Live::count();
    let mut sizes = vec![memory()];
    for _ in 0..=PEAKS {
        for _ in 0..ROUNDS {
            round(&options).await;
        }
        before.again().await;
        sizes.push(memory());
        if sizes.ends_with(&[memory(); 2]) {
            return;
        }
    }
    panic!("every thousand needs more memory: {sizes:?} bytes");
}

#[wasm_bindgen_test]
async fn c20_a_thousand_components_leave_nothing_behind_over_the_native_transport() {
    a_thousand(crate::options(Carrier::Native, Delivery::Immediate)).await;
}

#[wasm_bindgen_test]
async fn c20_a_thousand_components_leave_nothing_behind_over_fetch() {
    a_thousand(crate::options(Carrier::Fetch, Delivery::Immediate)).await;
}

#[wasm_bindgen_test]
async fn c20_a_thousand_components_leave_nothing_behind_with_a_frame_for_each_burst() {
    a_thousand(crate::options(Carrier::Native, Delivery::AnimationFrame)).await;
}

#[wasm_bindgen_test]
async fn c20_a_thousand_components_leave_nothing_behind_over_fetch_with_a_frame_for_each_burst() {
    a_thousand(crate::options(Carrier::Fetch, Delivery::AnimationFrame)).await;
}

#[wasm_bindgen_test]
async fn c20_a_thousand_components_leave_nothing_behind_that_share_with_the_browser() {
    let options = crate::options(Carrier::Native, Delivery::Immediate);
    a_thousand(options.with_sharing(Sharing::browser())).await;
}

#[wasm_bindgen_test]
async fn c20_a_thousand_components_leave_nothing_behind_that_ask_for_tickets() {
    // It comes late, so that some are gone before.
    let ticketed = Ticketed::new("ticket", async || {
        next_task().await;
        Ok("one".to_owned())
    });
    let options = crate::options(Carrier::Native, Delivery::Immediate);
    a_thousand(options.with_transport(ticketed)).await;
}

#[wasm_bindgen_test]
async fn a_thousand_event_streams_that_nobody_holds_any_more_leave_nothing_behind() {
    let transport = Scripted::new();
    let (_mounted, stream) = mount({
        let options = crate::options(Carrier::Native, Delivery::Immediate).with_transport(transport.clone());
        move || use_event_source_with_options::<Text>("/asked", options)
    });
    let server = open(&transport).await;
    // As in a click: what is asked for there is nobody's.
    assert!(Owner::current().is_none());
    let mut sizes = vec![memory()];
    for _ in 0..=WARM_UP + PEAKS {
        for _ in 0..1_000 {
            drop(stream.stream(10));
            server.message("hi");
        }
        sizes.push(memory());
        if sizes.ends_with(&[memory(); 2]) {
            return;
        }
    }
    panic!("every thousand needs more memory: {sizes:?} bytes");
}
