//! What a component leaves behind when it is gone: no connection, listener, timer, frame, closure or memory.
#![cfg(target_arch = "wasm32")]

mod disposal;
mod mounting;
mod url;

use std::time::Duration;

use browser_tests::Carrier;
use leptos_eventsource::{Background, Delivery, EventSourceOptions, Offline, Wake};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Every option that listens to something or runs a timer, with short waits.
fn options(carrier: Carrier, delivery: Delivery) -> EventSourceOptions {
    let mut connection = browser_tests::quick_options();
    connection.transport = carrier.transport();
    connection.background = Background::PauseAfter(Duration::from_secs(60));
    connection.wake = Wake::ReconnectAfter(Duration::from_secs(600));
    EventSourceOptions::from(connection).with_delivery(delivery)
}

/// [`options`] that also listen to the network. A machine that has no network but its own is offline, so that a
/// connection would never come about.
fn options_with_network(carrier: Carrier, delivery: Delivery) -> EventSourceOptions {
    let mut options = options(carrier, delivery);
    options.connection.offline = Offline::Pause;
    options
}
