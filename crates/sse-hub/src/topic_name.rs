use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The name of a topic: 1 to 64 of `A-Z a-z 0-9 . _ -`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicName(Arc<str>);

/// The text is not a [`TopicName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a topic name is 1 to {} of A-Z a-z 0-9 . _ -", TopicName::MAX_LEN)]
#[non_exhaustive]
pub struct InvalidTopicName;

impl TopicName {
    /// The most bytes a name may have.
    pub const MAX_LEN: usize = 64;

    /// Validates `name`.
    ///
    /// # Errors
    /// [`InvalidTopicName`] if it is empty, too long, or holds any other character.
    pub fn new(name: impl AsRef<str>) -> Result<Self, InvalidTopicName> {
        let name = name.as_ref();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > Self::MAX_LEN || !name.bytes().all(allowed) {
            return Err(InvalidTopicName);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Lets a map from names be asked with a `&str`: what is no name is then simply not found.
impl Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_name_holds_nothing_that_needs_escaping() {
        for name in ["a", "market.ACME", "chat.room-1_x", &"x".repeat(64)] {
            assert_eq!(TopicName::new(name).expect(name).as_str(), name);
        }
        for name in ["", "a b", "a/b", "a\n", "é", "a\0", &"x".repeat(65)] {
            assert_eq!(TopicName::new(name), Err(InvalidTopicName), "{name:?}");
        }
    }
}
