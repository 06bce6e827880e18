//! Who may do what, and how often.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command};
use sse_hub::TopicName;

use super::duration;
use crate::secret::Secret;

/// Who may do what, and how often.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Access")]
pub struct AccessConfig {
    /// The token that may publish, as `Authorization: Bearer TOKEN`: 16 to 512 visible ASCII characters. Without one,
    /// nobody may. Better in the environment or the file than on the command line, which others can see
    #[arg(long, env = "SSE_PUBLISH_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub publish_token: Option<Secret>,

    /// The token that may read private topics and the log, and get tickets and cookies for them: 16 to 512 visible
    /// ASCII characters. Without a token the log and the metrics are for this machine, and so for everybody who comes by
    /// a proxy on it that hides its clients: one that sends no X-Forwarded-For and is not named by --trusted-proxies
    #[arg(long, env = "SSE_READ_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub read_token: Option<Secret>,

    /// The token that may read the metrics, and nothing else: 16 to 512 visible ASCII characters. Who has the token to
    /// read or to publish may, too
    #[arg(long, env = "SSE_METRICS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub metrics_token: Option<Secret>,

    /// A topic that only a token, a ticket or a cookie may read; can be repeated. A star at the end stands for
    /// anything: orders.*
    #[arg(long = "private-topic", env = "SSE_PRIVATE_TOPIC", value_name = "TOPIC", value_delimiter = ',')]
    pub private_topics: Vec<TopicPattern>,

    /// How long a cookie is good that was got for a token. Then the streams end that were opened with it
    #[arg(long, env = "SSE_SESSION_LIFETIME", value_name = "TIME", default_value = "12h", value_parser = duration)]
    pub session_lifetime: Duration,

    /// How many streams a second one address may open, with a burst of five seconds' worth
    #[arg(long, env = "SSE_CONNECT_RATE", value_name = "NUMBER", default_value = "0", value_parser = rate)]
    pub connect_rate: f64,

    /// How many requests a second one address may post (messages, questions, tickets), with a burst of five seconds'
    /// worth
    #[arg(long, env = "SSE_POST_RATE", value_name = "NUMBER", default_value = "0", value_parser = rate)]
    pub post_rate: f64,

    /// How many events a second may be published to a topic, with a burst of one second's worth. A single event too
    /// many is refused; of lines, the next is read when its time has come
    #[arg(long, env = "SSE_PUBLISH_RATE", value_name = "NUMBER", default_value = "0", value_parser = rate)]
    pub publish_rate: f64,

    /// Which of the keys that are read again a flag or an environment variable sets. The file cannot change those.
    #[arg(skip)]
    pub fixed: Vec<String>,
}

/// What takes the place of what was there before when the file is read again.
const READ_AGAIN: [&str; 4] = ["publish-token", "read-token", "metrics-token", "private-topic"];

/// Which of those do not come from the file.
pub(super) fn fixed(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let is_fixed = |arg: &&Arg| {
        let source = matches.value_source(arg.get_id().as_str());
        // What the file says is a default.
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    let keys = command.get_arguments().filter(is_fixed).filter_map(Arg::get_long);
    keys.filter(|key| READ_AGAIN.contains(key)).map(str::to_owned).collect()
}

impl AccessConfig {
    /// What must not be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [&self.publish_token, &self.read_token, &self.metrics_token].into_iter().flatten()
    }
}

impl Default for AccessConfig {
    fn default() -> Self {
        crate::Config::default().access
    }
}

/// A topic, or all whose names begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPattern(String);

impl TopicPattern {
    /// Whether `topic` is meant.
    #[must_use]
    pub fn matches(&self, topic: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => topic.starts_with(beginning),
            None => topic == self.0,
        }
    }
}

impl FromStr for TopicPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let beginning = text.strip_suffix('*').unwrap_or(text);
        match text == "*" || TopicName::new(beginning).is_ok() {
            true => Ok(Self(text.to_owned())),
            false => Err("expected the name of a topic, with or without a star at its end".into()),
        }
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate == 0.0 || (0.001..=1_000_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.001 to 1000000, or 0 for no limit".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_topic_or_a_beginning() {
        let matches = |pattern: &str, topic| pattern.parse::<TopicPattern>().expect(pattern).matches(topic);
        assert!(matches("orders", "orders") && !matches("orders", "orders.eu"));
        assert!(matches("orders.*", "orders.eu") && !matches("orders.*", "orders"));
        assert!(matches("*", "anything"));
        for wrong in ["", "a b", "a*b", "**", "a/b"] {
            assert!(wrong.parse::<TopicPattern>().is_err(), "{wrong}");
        }
    }
}
