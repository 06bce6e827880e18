//! Somebody else's app on somebody else's hub: a back office that follows its shop over a Mercure hub.
//!
//! The app has its own data types, its own layout and its own router. It opens one stream for the whole app, with
//! several topics, and hands it to its pages through the context, so that it survives going from page to page.
//!
//! # Layout
//!
//! - `model`: what the shop publishes. Knows nothing of streams.
//! - `updates`: the one place that knows the hub, and turns its stream into signals of the model.
//! - `layout`, `orders`, `stock`: the pages.
//! - `live`: what the connection is doing, and what came last.
#![expect(
    unreachable_pub,
    reason = "the component macro writes `pub`, whatever the component's visibility is"
)]

mod layout;
mod live;
mod model;
mod orders;
mod stock;
mod updates;

fn main() {
    leptos::mount::mount_to_body(layout::App);
}
