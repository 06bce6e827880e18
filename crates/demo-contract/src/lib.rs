//! What the two halves of the demo share: the events on its streams, its routes, and its request bodies.
//!
//! Change a field here and both the server and the page stop compiling until they agree again.

pub mod chat;
pub mod market;
pub mod problem;

pub use chat::Chat;
pub use market::Market;
pub use problem::Problem;
