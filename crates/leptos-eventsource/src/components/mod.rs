//! What many pages show of a stream, ready to use: [`ConnectionBadge`], [`EventLog`] and [`EventSourceInspector`].
//!
//! They are headless: semantic markup with classes and `data-` attributes, and no style of its own. Style them
//! yourself, or take [`STYLE`] and theme it. What a page does not use is not linked in.
//!
//! ```
//! use leptos::prelude::*;
//! use leptos_eventsource::components::{ComponentStyle, ConnectionBadge, EventLog};
//! use leptos_eventsource::{Text, use_event_source};
//!
//! #[component]
//! fn News() -> impl IntoView {
//!     let news = use_event_source::<Text>("/api/news");
//!     view! {
//!         <ComponentStyle />
//!         <ConnectionBadge stream=news />
//!         <EventLog stream=news capacity=20 />
//!     }
//! }
//! ```
//!
//! Every component takes attributes for its outermost element: `<ConnectionBadge stream attr:id="badge" />`.
//!
//! # Texts
//!
//! Each component has its words in a struct, in English by default: [`BadgeTexts`], [`EventLogTexts`],
//! [`InspectorTexts`]. Give it other ones, as a signal if the page changes its language. What is in braces is filled
//! in.
//!
//! # Theme
//!
//! [`STYLE`] takes its colours and sizes from custom properties, which you may set on the page or on any element
//! around a component:
//!
//! | property | what it is |
//! |---|---|
//! | `--sse-surface`, `--sse-raised` | the background of a panel, and of what stands out on it |
//! | `--sse-text`, `--sse-muted`, `--sse-line` | text, text of less weight, borders |
//! | `--sse-accent` | focus, and what is chosen |
//! | `--sse-good`, `--sse-good-soft` | open: text, and background |
//! | `--sse-warn`, `--sse-warn-soft` | connecting, waiting or stale |
//! | `--sse-bad`, `--sse-bad-soft` | closed; failures |
//! | `--sse-radius` | the corners of panels |
//! | `--sse-touch` | the least height of a button |
//! | `--sse-mono` | the typeface of ids and data |
//!
//! Their defaults have a light and a dark side, between which the page's `color-scheme` decides.
#![expect(unreachable_pub, reason = "the component macro writes `pub` items that it does not export")]

mod badge;
mod badge_texts;
mod clock;
mod event_log;
mod fill;
mod inspector;
mod style;

pub use badge::ConnectionBadge;
pub use badge_texts::BadgeTexts;
pub use event_log::{EventLog, EventLogTexts, Newest, Row};
pub use inspector::{EventSourceInspector, InspectorTexts};
pub use style::{ComponentStyle, STYLE};
