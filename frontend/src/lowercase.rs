//! Text without regard to case.

/// `text` in lower case. It is the browser who does it: `str::to_lowercase` brings its tables for every script along,
/// which the browser has already.
pub(crate) fn lowercase(text: &str) -> String {
    if cfg!(target_arch = "wasm32") {
        js_sys::JsString::from(text).to_lower_case().into()
    } else {
        text.to_lowercase()
    }
}
