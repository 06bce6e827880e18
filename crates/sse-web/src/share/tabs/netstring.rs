//! Netstrings without the comma: `5:hello3:abc`. Nothing needs escaping, and reading copies nothing.

use std::fmt::Write;

/// Writes strings.
#[derive(Debug, Default)]
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn string(&mut self, string: &str) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{}:", string.len());
        self.0.push_str(string);
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.string(&number.to_string())
    }

    pub(super) fn flag(&mut self, flag: bool) -> &mut Self {
        self.number(u64::from(flag))
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Reads them back.
#[derive(Debug)]
pub(super) struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text)
    }

    pub(super) fn string(&mut self) -> Option<&'a str> {
        let (length, rest) = self.0.split_once(':')?;
        let length = number(length)?;
        let string = rest.get(..length)?;
        self.0 = &rest[length..];
        Some(string)
    }

    pub(super) fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        number(self.string()?)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.string()? {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A number as it is written here, and in no other spelling: what differs was written by somebody else.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let is_ours = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    is_ours.then(|| text.parse().ok())?
}
