//! What must not be shown.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A token or a key from the configuration. Never shown, also not by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the one header that it goes into.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is this one. Takes the same time whatever the difference is: compared are the hashes, so that not even
    /// the length can be measured.
    pub(crate) fn is(&self, presented: &Fingerprint) -> bool {
        Fingerprint::of(&self.0) == *presented
    }
}

/// The hash of a token that somebody has shown: enough to know it again for as long as its stream is open, and nothing
/// that could be used or shown.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented).into())
    }
}

/// Takes the same time whatever the difference is.
impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Fingerprint {}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text is not repeated: it may be a secret that was only copied with its line break.
        if !(16..=512).contains(&text.len()) {
            return Err("expected 16 to 512 characters, such as `openssl rand -hex 16` makes".into());
        }
        match text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Self(text.to_owned())),
            false => Err("expected visible ASCII characters without spaces".into()),
        }
    }
}

/// A key that somebody else has given out, of whatever length.
pub(crate) fn key(text: &str) -> Result<Secret, String> {
    match (1..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(Secret(text.to_owned())),
        false => Err("expected 1 to 512 visible ASCII characters without spaces".into()),
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// 128 bits that nobody can guess, as 32 hexadecimal digits. `None` if the system has no random numbers.
pub(crate) fn unguessable() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_and_matches_only_itself() {
        let secret: Secret = "0123456789abcdef".parse().expect("a secret");
        assert!(!format!("{secret:?}").contains("0123"));
        let is = |presented| secret.is(&Fingerprint::of(presented));
        assert!(is("0123456789abcdef"));
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeg"] {
            assert!(!is(other), "{other}");
        }
    }

    #[test]
    fn a_wrong_secret_is_refused_without_repeating_it() {
        for wrong in ["", "short", "with a space in it", "0123456789abcdef\n", &"x".repeat(513)] {
            let error = wrong.parse::<Secret>().expect_err("refused");
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
    }
}
