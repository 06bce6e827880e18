//! What happens to a connection because it lives in a page.

mod background;
mod base;
mod busy;
mod cache;
mod freeze;
mod prerendering;
mod throttled;
mod wake;
