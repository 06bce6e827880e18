//! The contenders of the browser benchmark that are written in Rust: what an app would write with each of them.
//!
//! # Layout
//!
//! - `load`: what the streams carry, and what is made of it.
//! - `ours`, `leptos_use`: a stream that is folded into a signal, with each crate.
//!
//! `main.mjs` beside this package holds the contenders in JavaScript, and runs them all.

mod leptos_use;
mod load;
mod ours;

use js_sys::Function;
use leptos::mount::mount_to_body;
use leptos::prelude::Owner;
use leptos_eventsource::transport::{Fetch, Native};
use wasm_bindgen::prelude::*;

use load::{Load, Ticks, Tokens};

/// Who is measured.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub enum Contender {
    /// leptos-eventsource over the browser's `EventSource`.
    Native,
    /// leptos-eventsource over `fetch`.
    Fetch,
    /// leptos-use, by its signal.
    LeptosUse,
    /// leptos-use, by its handler.
    LeptosUseOnEvent,
}

/// Which stream it reads.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// Small typed events.
    Ticks,
    /// The chunks of a language model's answer.
    Tokens,
}

/// A stream that is being folded. Dropping it closes the stream.
#[wasm_bindgen]
pub struct Running {
    checksum: Box<dyn Fn() -> String>,
    _owner: Owner,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

#[wasm_bindgen]
impl Running {
    /// What was made of all events.
    #[must_use]
    pub fn checksum(&self) -> String {
        (self.checksum)()
    }
}

/// Makes Leptos ready.
#[wasm_bindgen(start)]
pub fn main() {
    mount_to_body(|| ());
}

/// Opens the stream at `url`, and calls `finished` with the last of its `events` folded.
#[wasm_bindgen]
pub fn start(contender: Contender, stream: Stream, url: String, events: u32, finished: Function) -> Running {
    match stream {
        Stream::Ticks => start_load::<Ticks>(contender, url, events, finished),
        Stream::Tokens => start_load::<Tokens>(contender, url, events, finished),
    }
}

fn start_load<L: Load>(contender: Contender, url: String, events: u32, finished: Function) -> Running {
    let owner = Owner::new();
    let checksum = owner.with(|| match contender {
        Contender::Native => ours::start::<L>(Native, url, events, finished),
        Contender::Fetch => ours::start::<L>(Fetch::new(), url, events, finished),
        Contender::LeptosUse => leptos_use::start::<L>(url, events, finished),
        Contender::LeptosUseOnEvent => leptos_use::start_on_event::<L>(url, events, finished),
    });
    Running { checksum, _owner: owner }
}
