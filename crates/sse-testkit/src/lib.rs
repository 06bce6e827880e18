//! A scripted, faulty server of Server-Sent Events, for tests.
//!
//! The script of a stream comes with the request, so a test says in one place what the server does and what
//! the client must make of it, and no test knows of another. The server speaks plain TCP: it can cut a body in
//! the middle of a chunk, reset a connection, or accept a request and never answer. It remembers every
//! connection, so that a test can ask what the client really sent, and whether it let go. Everything in it has
//! a limit: a script that never ends is cut off, and a client that never leaves is shown out.
//!
//! ```
//! use sse_testkit::script::{Ending, Script};
//!
//! let script: Script = "
//!     event tick 1.1 {\"price\":12.5}
//!     wait received
//!     cut
//!     ---
//!     event tick 1.2 {\"price\":12.6}
//! "
//! .parse()?;
//! assert_eq!(script.part(0).ending, Ending::Cut);
//! // The last part serves every connection from then on; it does not say how it ends, so it stays open.
//! assert_eq!(script.part(9).ending, Ending::Stall);
//! # Ok::<(), sse_testkit::script::ScriptError>(())
//! ```
//!
//! # Interface
//!
//! | request | what it does |
//! |---|---|
//! | `GET /stream/<key>?script=…` | plays the [`script`]; the first connection under a key gets its first part, and so on |
//! | `POST /release/<key>/<name>` | lets the connections go on that `wait` for this name, now and later |
//! | `GET /report/<key>` | the [`Report`] of all connections under this key, as JSON |
//! | `GET /healthz` | answers |
//! | `OPTIONS` anything | allows everything, unless the script says `no-cors`: the page that runs the test has another origin |
//!
//! # Layout
//!
//! - [`script`]: the language, as a value. Parsing is pure.
//! - [`report`]: what the server saw. Compiled into browser tests too.
//! - [`server`]: plays scripts. Not on wasm.

mod percent;
pub mod report;
pub mod script;
#[cfg(not(target_arch = "wasm32"))]
pub mod server;

pub use report::{Report, Visit};
