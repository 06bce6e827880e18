//! Text from bytes: malformed ones become U+FFFD (WHATWG Encoding 4.3, error mode "replacement"; p01).
//!
//! Line ends and colons are ASCII and never part of a longer sequence, so decoding line by line gives what one
//! decoder over the whole stream would give.

use alloc::string::String;

/// Up to this length the standard library is the faster one: it need not find out what the processor can do.
const SHORT: usize = 64;

/// `bytes` as text; else how many at the front are well-formed.
#[inline]
pub(super) fn check(bytes: &[u8]) -> Result<&str, usize> {
    if bytes.len() < SHORT {
        core::str::from_utf8(bytes).map_err(|error| error.valid_up_to())
    } else {
        simdutf8::compat::from_utf8(bytes).map_err(|error| error.valid_up_to())
    }
}

/// How many bytes at the end of `bytes` are the beginning of a character: zero to three.
#[inline]
pub(super) fn begun_len(bytes: &[u8]) -> usize {
    if bytes.last().is_none_or(u8::is_ascii) {
        return 0;
    }
    let is_begun = |&len: &usize| {
        core::str::from_utf8(&bytes[bytes.len() - len..])
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=bytes.len().min(3)).find(is_begun).unwrap_or(0)
}

/// Sets `to` to `bytes`, with U+FFFD for each maximal part of a sequence that cannot be completed.
#[inline]
pub(super) fn copy(bytes: &[u8], to: &mut String) {
    to.clear();
    match check(bytes) {
        Ok(text) => to.push_str(text),
        Err(_) => repair(bytes, to),
    }
}

/// Appends `bytes` to `to` in the same way. For long ones, so not inlined: the program stays smaller.
pub(super) fn append(bytes: &[u8], to: &mut String) {
    match check(bytes) {
        Ok(text) => to.push_str(text),
        Err(_) => repair(bytes, to),
    }
}

#[cold]
fn repair(bytes: &[u8], to: &mut String) {
    for part in bytes.utf8_chunks() {
        to.push_str(part.valid());
        if !part.invalid().is_empty() {
            to.push(char::REPLACEMENT_CHARACTER);
        }
    }
}
