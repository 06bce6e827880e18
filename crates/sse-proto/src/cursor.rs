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
/// Both are written without leading zeros, so that a cursor has one spelling and ids compare as text.
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
        let (epoch, seq) = text.split_once('.').ok_or(NotACursor)?;
        Ok(Self { epoch: Epoch(number(epoch, 16)?), seq: number(seq, 10)? })
    }
}

/// Parses the one spelling that `Display` writes: no sign, no leading zero, no upper case.
fn number(digits: &str, radix: u32) -> Result<u64, NotACursor> {
    let canonical = (digits == "0" || !digits.starts_with('0'))
        && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !canonical {
        return Err(NotACursor);
    }
    u64::from_str_radix(digits, radix).map_err(|_| NotACursor)
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
