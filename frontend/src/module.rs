//! The modules that are loaded when they are needed.

/// Where trunk puts the one of this `name` (index.html): absolute, for the page may be at any route. Some browsers
/// remember for ever that a module could not be loaded, so another `attempt`, counted from 0, needs another address.
pub(crate) fn address(name: &str, attempt: u32) -> String {
    if attempt == 0 { format!("/{name}") } else { format!("/{name}?attempt={attempt}") }
}
