use std::fmt;
use std::sync::Arc;

use crate::secret::Fingerprint;

/// What a token is good for. Each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rights {
    /// What everybody may.
    #[default]
    None,
    /// Reading the metrics.
    Metrics,
    /// Reading every topic.
    Read,
    /// Publishing.
    Publish,
}

/// What somebody has shown. What it is good for is looked up whenever it is asked for: a session may have ended, and a
/// token may have been taken out of the configuration.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Nothing.
    #[default]
    None,
    /// A token, which may or may not be one of the configuration's.
    Token(Fingerprint),
    /// A cookie with the id of a session, which there may or may not be.
    Session(Arc<str>),
}

/// Without what is secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Token(_) => f.write_str("Token(..)"),
            Self::Session(_) => f.write_str("Session(..)"),
        }
    }
}
