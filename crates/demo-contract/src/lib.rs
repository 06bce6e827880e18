//! What the two halves of the demo share: the events on its streams, its routes, and its request bodies.
//!
//! Change a field here and both the server and the page stop compiling until they agree again.

pub mod access;
pub mod assistant;
pub mod chat;
pub mod logs;
pub mod market;
pub mod notifications;
pub mod problem;
pub mod publish;

pub use assistant::Assistant;
pub use chat::Chat;
pub use logs::Logs;
pub use market::Market;
pub use notifications::Notifications;
pub use problem::Problem;
