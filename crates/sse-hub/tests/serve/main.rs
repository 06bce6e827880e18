//! `sse_hub::serve`, with real sockets.

mod access;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod http;
mod limits;
#[cfg(all(feature = "tls", target_os = "linux"))]
mod memory;
#[cfg(feature = "tls")]
mod paced;
mod panics;
mod server;
mod shards;
mod slow;
#[cfg(feature = "tls")]
mod stalled;
mod talk;
#[cfg(feature = "tls")]
mod tls;
mod wire;
