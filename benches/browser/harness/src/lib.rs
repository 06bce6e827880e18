//! What the benchmarks in a browser share: the browser, how long its main thread has run, and the median.

mod browser;
mod end;
mod median;

pub use browser::{Browser, main_thread_nanos};
pub use end::interrupted;
pub use median::median;
