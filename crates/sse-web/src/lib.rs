//! sse-web
