//! An auction that is rendered by a server and goes on live in the browser. `README.md` says how to run it.
//!
//! # Layout
//!
//! - [`auction`]: what both halves share: the lots, the bids, and how a bid changes the lots.
//! - [`app`]: the page, rendered on the server and taken over in the browser.
//! - [`house`], [`routes`]: the server's half: the lots and their topic, and what is served.

pub mod app;
pub mod auction;
#[cfg(feature = "ssr")]
pub mod house;
#[cfg(feature = "ssr")]
pub mod routes;

/// Takes over the page that the server has rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
