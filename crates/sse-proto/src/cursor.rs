//! The event ids of a server that numbers its events.

use core::fmt;
use core::str::FromStr;

/// Names one unbroken numbering of a server's events. It changes when history was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch named by `value`.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The value that names it.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// How far a client has got: the epoch in lower-case hexadecimal and the sequence in decimal, `5f3a.1207`.
///
/// Both are written without leading zeros, so that a cursor has one spelling, and equal ids are equal texts. Their
/// order is that of the numbers, not of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The numbering in which `seq` counts.
    pub epoch: Epoch,
    /// The sequence of the last event seen. Zero: none yet.
    pub seq: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

/// The text is not a cursor: it comes from another server, or was made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACursor;

impl fmt::Display for NotACursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of the form <epoch>.<seq>")
    }
}

impl core::error::Error for NotACursor {}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        // By bytes: what the standard library needs to search text and to parse numbers of any radix would weigh more than
        // all of this file in a page.
        let text = text.as_bytes();
        let dot = text.iter().position(|&byte| byte == b'.').ok_or(NotACursor)?;
        let (epoch, seq) = (number(&text[..dot], 16), number(&text[dot + 1..], 10));
        Ok(Self { epoch: Epoch(epoch.ok_or(NotACursor)?), seq: seq.ok_or(NotACursor)? })
    }
}

/// Parses the one spelling that `Display` writes: no sign, no leading zero, no upper case.
fn number(digits: &[u8], radix: u64) -> Option<u64> {
    let is_canonical = digits == b"0" || !digits.is_empty() && digits[0] != b'0';
    let mut number = is_canonical.then_some(0_u64)?;
    for &byte in digits {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        let digit = Some(u64::from(digit)).filter(|&digit| digit < radix)?;
        number = number.checked_mul(radix)?.checked_add(digit)?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_cursor_has_exactly_one_spelling() {
        for text in ["0.0", "5f3a.1207", "ffffffffffffffff.18446744073709551615"] {
            assert_eq!(text.parse::<Cursor>().expect(text).to_string(), text);
        }
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".1",
            "01.1",
            "1.01",
            "+1.1",
            "1.-1",
            "A.1",
            "1.a",
            "1.1.1",
            " 1.1",
            "1.1\n",
            "10000000000000000.1",
            "1.18446744073709551616",
            "١.١",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text:?}");
        }
    }
}
