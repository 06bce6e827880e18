//! sse-hub
