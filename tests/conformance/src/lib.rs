//! Protocol vectors: what a stream says (`vectors/*.sse`) and what it means (`vectors/*.json`).
//!
//! Each vector is named after the rule of the event-stream algorithm (WHATWG HTML 9.2.5 and 9.2.6) that it holds.
//! They are data, so that any decoder can be held against them; `tests/vectors.rs` holds ours.
