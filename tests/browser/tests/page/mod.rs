//! What happens to a connection because it lives in a page.

mod background;
mod cache;
mod freeze;
mod wake;
