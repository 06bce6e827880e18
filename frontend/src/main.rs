//! The demo's page: a market, a chat, an assistant and the server's log, live over Server-Sent Events.
//!
//! # Layout
//!
//! - `app`, `not_found`: the frame around the pages, the routes, and what is shown where there is none.
//! - `market`: the market page. `quote`, `bars` and `spark` are plain Rust; `chart` binds the chart library.
//! - `chat`: the chat page. `room`, `timeline`, `outbox` and `post` decide, in plain Rust, what is shown and
//!   what is sent; the rest draws it.
//! - `assistant`: the assistant's page. `conversation` is plain Rust and decides; `asker` asks, and follows answers.
//!   `src/bin/markdown.rs` is a program of its own that the page loads.
//! - `notifications`: the bell and what is shown in passing. `inbox` is plain Rust and decides what is new.
//! - `logs`: the page of the server's log. `journal` is plain Rust and decides what is kept and shown.
//! - `badge`, `pause`: what the connection is doing, in words, and the button that stops it.
//! - `newer`: what is said when the server speaks of things that this page does not know.
//! - `inspector`: the developers' panel over all streams.
//! - `draft`, `tail`: a field in which somebody writes, and a list that stays at its end.
//! - `i18n`, `theme`, `stream`, `storage`, `title`, `icons`, `random`, `focus`, `module`: what every page needs.
//!
//! Whatever decides something is plain Rust with tests that run natively; what touches the browser does
//! nothing but that.
#![expect(
    unreachable_pub,
    reason = "the component macro writes `pub`, whatever the component's visibility is"
)]

mod app;
mod assistant;
mod badge;
mod chat;
mod draft;
mod focus;
mod i18n;
mod icons;
mod inspector;
mod logs;
mod market;
mod module;
mod newer;
mod not_found;
mod notifications;
mod pause;
mod random;
mod storage;
mod stream;
mod tail;
mod theme;
mod title;

use leptos::mount::mount_to_body;

fn main() {
    console_error_panic_hook::set_once();
    mount_to_body(app::App);
    // What index.html shows until now.
    if let Some(skeleton) = leptos::prelude::document().get_element_by_id("skeleton") {
        skeleton.remove();
    }
}
