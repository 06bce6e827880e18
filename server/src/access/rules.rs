use super::Rights;
use crate::config::{AccessConfig, TopicPattern};
use crate::secret::{Fingerprint, Secret};

/// What the configuration says of tokens and topics. Replaced as a whole when it is read again.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) publish_token: Option<Secret>,
    pub(super) read_token: Option<Secret>,
    pub(super) metrics_token: Option<Secret>,
    private: Vec<TopicPattern>,
}

impl Rules {
    pub(super) fn new(config: &AccessConfig) -> Self {
        Self {
            publish_token: config.publish_token.clone(),
            read_token: config.read_token.clone(),
            metrics_token: config.metrics_token.clone(),
            private: config.private_topics.clone(),
        }
    }

    /// Whether a token could read what is private.
    pub(super) fn has_token(&self) -> bool {
        self.read_token.is_some() || self.publish_token.is_some()
    }

    pub(super) fn is_private(&self, topic: &str) -> bool {
        self.private.iter().any(|pattern| pattern.matches(topic))
    }

    pub(super) fn rights_of(&self, token: &Fingerprint) -> Rights {
        let is = |secret: &Option<Secret>| secret.as_ref().is_some_and(|secret| secret.is(token));
        // All are always compared, so that the time does not tell which it was.
        match (is(&self.publish_token), is(&self.read_token), is(&self.metrics_token)) {
            (true, _, _) => Rights::Publish,
            (_, true, _) => Rights::Read,
            (_, _, true) => Rights::Metrics,
            _ => Rights::None,
        }
    }
}
