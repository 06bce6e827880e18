//! The published Rust crates that decode event streams, beside ours, on the same bytes.
//!
//! Two questions are asked of each: how fast is it (`cargo xtask bench decode`), and what does it do with the hard
//! cases (`tests/hard_cases.rs`, whose table is in the README of sse-proto). Each crate answers both through the same
//! few lines of [`crates`], which use its leanest public interface:
//!
//! | crate | how it is fed |
//! |---|---|
//! | sse-proto | `Decoder::decode` over each chunk |
//! | sse-stream | `SseByteStream`, its stream over byte buffers without the adapter for HTTP bodies |
//! | sse-core | `SseDecoder::next` over each chunk |
//! | sse-parse | `SseParser::feed`, then `next_event` until there is none |
//! | sseer | `EventStream`, with the feature `std` for the run-time choice of search routines |
//! | eventsource-stream | `EventStream` |
//! | eventsource-client | its parser is private, so the whole client, over a transport that hands out the chunks |
//! | sse-codec | `SSECodec::decode` on one buffer; its own `FramedRead` would copy every byte twice |
//!
//! Streams are polled by hand with a waker that does nothing: the chunks are always ready, so no crate pays for an
//! async runtime, not even the client, whose timers are never armed.
//!
//! # Layout
//!
//! - [`peer`]: the list, and the two ways to run a crate.
//! - [`feed`]: the chunks, and how a run that takes too long is stopped.
//! - [`sink`]: what a crate says, counted for the clock or collected for the comparison.
//! - [`crates`]: one file for each crate.
//! - [`verdict`]: what a crate did with a hard case, in a word.
//! - [`inputs`]: what the benchmark decodes.

pub mod crates;
pub mod feed;
pub mod inputs;
pub mod peer;
pub mod sink;
pub mod verdict;

pub use feed::{Brake, Feed};
pub use inputs::{Case, Chunking, Input};
pub use peer::{PEERS, Peer};
pub use sink::{Decoded, Event, Tally};
