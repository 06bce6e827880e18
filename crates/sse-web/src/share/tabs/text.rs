//! Words in a text, each after its length: `5:hello3:abc`. No word needs escaping, and reading copies nothing.

use std::fmt::Write;

/// Writes words.
#[derive(Debug, Default)]
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn word(&mut self, word: &str) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{}:", word.len());
        self.0.push_str(word);
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.word(&number.to_string())
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Reads words back.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text)
    }

    pub(super) fn word(&mut self) -> Option<&'a str> {
        let (length, rest) = self.0.split_once(':')?;
        let length = length.parse().ok()?;
        let word = rest.get(..length)?;
        self.0 = &rest[length..];
        Some(word)
    }

    pub(super) fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        self.word()?.parse().ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
