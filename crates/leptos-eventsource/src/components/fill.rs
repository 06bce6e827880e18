use std::fmt::Display;

/// `text` with `value` in place of `{name}`.
pub(super) fn fill(text: &str, name: &str, value: impl Display) -> String {
    match text.split_once(name) {
        Some((before, after)) => format!("{before}{value}{after}"),
        None => text.to_owned(),
    }
}
