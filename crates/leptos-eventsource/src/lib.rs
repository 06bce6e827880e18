//! Typed Server-Sent Events as [Leptos](leptos) signals.
//!
//! ```
//! use leptos::prelude::*;
//! use leptos_eventsource::{Json, use_event_source};
//!
//! #[component]
//! fn Price() -> impl IntoView {
//!     let stream = use_event_source::<Json<f64>>("/stock-price");
//!     let price = stream.latest();
//!     view! { <p>{move || price.get().map(|Json(price)| price)}</p> }
//! }
//! ```
//!
//! The connection belongs to the component: it reconnects with backoff, goes on from the last event id, says
//! honestly what it is doing, and is closed and freed with its owner.
//!
//! # Many event types
//!
//! Derive [`EventSet`] for an enum, on both sides if the server is Rust too:
//!
//! ```
//! use leptos::prelude::*;
//! use leptos_eventsource::{EventSet, State, use_event_source};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize)]
//! struct Tick {
//!     symbol: String,
//!     price: f64,
//! }
//!
//! #[derive(Clone, EventSet)]
//! enum Market {
//!     Tick(Tick),
//!     Closed,
//! }
//!
//! #[component]
//! fn Watchlist() -> impl IntoView {
//!     let market = use_event_source::<Market>("/api/market");
//!     // One signal for each symbol: a tick updates one row.
//!     let rows = market.keyed_fold(
//!         |event| match event {
//!             Market::Tick(tick) => Some(tick.symbol.clone()),
//!             Market::Closed => None,
//!         },
//!         |price: &mut f64, event| {
//!             if let Market::Tick(tick) = event {
//!                 *price = tick.price;
//!             }
//!         },
//!     );
//!     let keys = rows.keys();
//!     view! {
//!         <p>{move || matches!(market.state().get(), State::Open).then_some("live")}</p>
//!         <For each=move || keys.get() key=Clone::clone let:symbol>
//!             <p>{symbol.clone()} " " {rows.signal(&symbol)}</p>
//!         </For>
//!     }
//! }
//! ```
//!
//! # Layout
//!
//! - [`use_event_source`], [`use_event_source_with_options`]: a stream that lives as long as its owner.
//! - [`EventSourceHandle`]: its state, its views (`latest`, `fold`, `log`, `keyed`, `on_event`, `stream`) and its controls.
//! - [`EventSourceOptions`], [`Delivery`]: how it behaves.
//! - [`transport`]: what carries it; [`transport::Fetch`] sends headers, bearer tokens and POST.
//! - [`Error`]: what went wrong, apart by what you can do about it.
//!
//! # Features
//!
//! | feature | what it is for |
//! |---|---|
//! | `csr` | an app that is rendered in the browser only |
//! | `hydrate` | an app that is rendered on the server and taken over in the browser |
//! | `ssr` | the server's half of it: signals are inert, and no JavaScript object is ever made |

mod binding;
mod error;
mod handle;
mod options;
mod schedule;
mod view;

pub use error::Error;
pub use handle::{EventSourceHandle, use_event_source, use_event_source_with_options};
pub use options::{Delivery, EventSourceOptions};
/// The contract crate, for the derive macro and for custom codecs.
pub use sse_events;
pub use sse_events::{DecodeError, DecodeErrorKind, EventSet, Json, Text};
pub use sse_proto::client::{Backoff, ClientOptions, CloseReason, Failure, Gap, PauseReason, Silence, State};
pub use sse_web::{Background, InvalidUrl, Options as ConnectionOptions, transport};
pub use view::{Entry, EventLog, EventStream, KEY_LIMIT, Keyed};
