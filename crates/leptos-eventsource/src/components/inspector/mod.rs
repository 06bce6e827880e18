//! A panel for developers: every stream of the page, and what happens on it.
//!
//! - `record`: what is counted and kept of one stream; plain Rust.
//! - `recorder`: hears what happens, and tells the page once a frame.
//! - `panel`: the markup.

mod panel;
mod record;
mod recorder;
mod texts;

pub use panel::EventSourceInspector;
pub use texts::InspectorTexts;
