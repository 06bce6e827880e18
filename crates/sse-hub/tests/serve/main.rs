//! `sse_hub::serve`, with real sockets.
#![cfg(feature = "serve")]

#[path = "../common/mod.rs"]
mod common;
mod server;
mod shards;
mod wire;
