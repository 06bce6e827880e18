//! Keys that mean the same in every field of the page.

use leptos::ev::KeyboardEvent;

/// The key code of a key that an input method has swallowed. Safari ends the composition before it tells of
/// the Enter that ended it, so `isComposing` alone would send half a word.
const SWALLOWED: u32 = 229;

/// Whether a key sends what is in the field: Enter does, and with Shift it begins a new line.
pub(crate) fn sends(event: &KeyboardEvent) -> bool {
    let is_composing = event.is_composing() || event.key_code() == SWALLOWED;
    event.key() == "Enter" && !event.shift_key() && !is_composing
}
