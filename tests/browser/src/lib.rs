//! What the tests in a browser have in common; the tests themselves are in `tests/`.
//!
//! ```sh
//! cargo xtask test --suite browser                      # in Chromium, Firefox and WebKit
//! cargo xtask test --suite browser --browser firefox    # in one of them
//! # or, by hand:
//! cargo run -p sse-testkit -- --listen 127.0.0.1:7357 &
//! wasm-pack test --headless --chrome tests/browser
//! ```
//!
//! # Layout
//!
//! | test program | what it holds |
//! |---|---|
//! | `native` | `suite/` over the browser's own `EventSource` in a page, and `page/`: what only a page has |
//! | `native_in_worker`, `native_in_shared_worker` | `suite/` in workers, where there is no `window` |
//! | `fetch`, `fetch_in_worker`, `fetch_in_shared_worker` | the same over the fetch transport |
//! | `signals` | the signals of `leptos-eventsource` over a transport that the test plays itself |
//! | `components` | the components of `leptos-eventsource`, over such a transport |
//! | `handle` | the life of a `leptos-eventsource` handle, against a server |
//! | `leaks` | that a thousand of them leave nothing behind |
//! | `sharing`, `sharing_in_worker` | `shared/`: several owners of one connection; `shared_page/`: what only a page has |
//!
//! `suite/` names no transport: a test program says which [`Carrier`] it runs over, and where two carriers must
//! differ, the carrier says how; what only one of them can do is in `over_native/` and `over_fetch/`. Where browsers
//! must differ, a test asks its [`Engine`]. Every test has a [`Stream`] of its own on the scripted server, so that
//! tests know nothing of one another. None sleeps and hopes: they wait [`until`] something holds, or let [`Time`] pass.
#![cfg(target_arch = "wasm32")]

mod carrier;
mod counted;
mod crossings;
mod engine;
mod history;
mod live;
mod mount;
mod network;
mod rejections;
mod replaced;
mod stream;
mod time;
mod wait;
mod watch;

pub use carrier::Carrier;
pub use counted::Counted;
pub use crossings::count_crossings;
pub use engine::Engine;
pub use history::History;
pub use live::Live;
pub use mount::{Mounted, mount, mount_view};
pub use network::Network;
pub use rejections::Rejections;
pub use replaced::Replaced;
pub use stream::Stream;
pub use time::Time;
pub use wait::{next_task, until};
pub use watch::{Slot, Told, Watch, phase};

use std::time::Duration;

use sse_web::transport::{Scripted, ScriptedStream};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventTarget, Request, Response};

#[wasm_bindgen]
extern "C" {
    /// That of the window or of the worker.
    #[wasm_bindgen(js_name = fetch)]
    fn js_fetch(request: &Request) -> js_sys::Promise;
}

/// The browser's own `fetch`.
///
/// # Errors
/// That of JavaScript.
pub async fn fetch(request: Request) -> Result<Response, JsValue> {
    JsFuture::from(js_fetch(&request)).await?.dyn_into()
}

/// Options with waits so short that a test need not wait for them.
#[must_use]
pub fn quick_options() -> sse_web::Options {
    let mut options = sse_web::Options::default();
    options.client.backoff.initial = Duration::from_millis(5);
    options.client.backoff.floor = Duration::from_millis(5);
    options
}

/// Waits for a request, and opens it.
#[track_caller]
pub fn open(transport: &Scripted) -> impl Future<Output = ScriptedStream> + use<> {
    let request = transport.accept();
    async move {
        let stream = request.await;
        stream.open();
        stream
    }
}

/// Lets the window or the worker see an event of this type, as if the browser had said it.
pub fn dispatch(event_type: &str) {
    dispatch_to(js_sys::global().unchecked_ref(), event_type);
}

/// Lets `target` see an event of this type.
pub fn dispatch_to(target: &EventTarget, event_type: &str) {
    let event = Event::new(event_type).expect("an event type is any string");
    target.dispatch_event(&event).expect("no listener is in the middle of it");
}
