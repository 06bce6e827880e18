//! What the browser keeps for us: preferences for ever, what belongs to a tab for as long as it lives.
//!
//! Storage may be full, forbidden by a policy, or throw on mere access (a page in a sandboxed frame, a browser
//! that blocks cookies). Then nothing is kept, and nothing else changes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use web_sys::Storage;

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Until the person clears it; shared by all tabs.
    Always,
    /// For the life of this tab, over reloads.
    Tab,
}

/// What was kept under `key`.
pub(crate) fn load(keep: Keep, key: &str) -> Option<String> {
    storage(keep)?.get_item(key).ok()?
}

/// Keeps `value` under `key` if the browser lets us.
pub(crate) fn save(keep: Keep, key: &str, value: &str) {
    if let Some(storage) = storage(keep) {
        let _ = storage.set_item(key, value);
    }
}

/// What was kept under `key`, or nothing of it if it cannot be read.
pub(crate) fn load_json<T: DeserializeOwned + Default>(keep: Keep, key: &str) -> T {
    load(keep, key).and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default()
}

/// Keeps `value` under `key` if the browser lets us.
pub(crate) fn save_json(keep: Keep, key: &str, value: &impl Serialize) {
    if let Ok(json) = serde_json::to_string(value) {
        save(keep, key, &json);
    }
}

/// Keeps nothing under `key` any more.
pub(crate) fn forget(keep: Keep, key: &str) {
    if let Some(storage) = storage(keep) {
        let _ = storage.remove_item(key);
    }
}

fn storage(keep: Keep) -> Option<Storage> {
    let window = web_sys::window()?;
    match keep {
        Keep::Always => window.local_storage(),
        Keep::Tab => window.session_storage(),
    }
    .ok()?
}
