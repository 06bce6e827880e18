use std::fmt;
use std::sync::Arc;

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

/// What somebody has shown. What it is good for is looked up whenever it is asked for: a session may have ended.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A token with these rights, or nothing that gives any. Tokens are in the configuration, so they are good as long as
    /// the server runs.
    Token(Rights),
    /// A cookie with the id of a session, which there may or may not be.
    Session(Arc<str>),
}

/// Without the session's id, which is a secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(rights) => f.debug_tuple("Token").field(rights).finish(),
            Self::Session(_) => f.write_str("Session(..)"),
        }
    }
}
