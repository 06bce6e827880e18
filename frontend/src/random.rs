//! Chance.

use leptos::prelude::window;

/// Sixteen random characters of `0-9a-v`: 80 bits, that nobody guesses and no two tabs draw.
pub(crate) fn random_id() -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    random::<16>().iter().map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect()
}

/// Random bytes. `crypto.randomUUID` is refused to pages that are not served securely, this is not.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let filled = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if filled.is_err() {
        bytes.fill_with(|| (js_sys::Math::random() * 256.0) as u8);
    }
    bytes
}
