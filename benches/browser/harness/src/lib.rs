//! What the benchmarks in a browser share: the browser, and how long its main thread has run.

mod browser;
mod end;

pub use browser::{Browser, main_thread_nanos};
pub use end::interrupted;
