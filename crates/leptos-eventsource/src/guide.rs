//! Beyond the reference: what an option is for, how to move here, and what to do when it does not work.

#[doc = include_str!("../docs/coming-from.md")]
pub mod coming_from {}
#[doc = include_str!("../docs/options.md")]
pub mod options {}
#[doc = include_str!("../docs/rendered-on-a-server.md")]
pub mod rendered_on_a_server {}
#[doc = include_str!("../docs/troubleshooting.md")]
pub mod troubleshooting {}
