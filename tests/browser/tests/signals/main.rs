//! The signals of `leptos-eventsource`, over a transport that the test plays itself.
#![cfg(target_arch = "wasm32")]

mod context;
mod controls;
mod delivery;
mod errors;
mod ids;
mod keyed;
mod log;
mod outlived;
mod scripted;
mod snapshot;
mod stream;
mod views;

use leptos_eventsource::transport::{Scripted, ScriptedExt, ScriptedStream};
use leptos_eventsource::{
    Delivery, EventSet, EventSourceHandle, EventSourceOptions, use_event_source_with_options,
};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// The events of the tests.
#[derive(Clone, Debug, PartialEq, EventSet)]
pub(crate) enum Market {
    /// A price of a symbol.
    Tick((String, u32)),
    /// The market has closed.
    Closed,
}

impl Market {
    fn symbol(&self) -> Option<String> {
        match self {
            Self::Tick((symbol, _)) => Some(symbol.clone()),
            Self::Closed => None,
        }
    }

    fn price(&self) -> Option<u32> {
        match self {
            Self::Tick((_, price)) => Some(*price),
            Self::Closed => None,
        }
    }
}

/// Brings a tick.
pub(crate) fn tick(stream: &ScriptedStream, symbol: &str, price: u32) {
    stream.send(&Market::Tick((symbol.to_owned(), price)), "");
}

/// A stream over `transport`, for the current owner.
pub(crate) fn use_market(transport: &Scripted, delivery: Delivery) -> EventSourceHandle<Market> {
    let options = EventSourceOptions::from(transport.options()).with_delivery(delivery);
    use_event_source_with_options("/market".to_owned(), options)
}
