//! Where the assistant's answers come from.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::{duration, number};
use crate::secret::{self, Secret};

/// Where the assistant's answers come from.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Assistant")]
pub struct AssistantConfig {
    /// The base of an OpenAI-compatible endpoint, such as https://api.openai.com/v1 or http://127.0.0.1:11434/v1.
    /// Without one, a small generator makes up answers
    #[arg(long = "assistant-url", env = "SSE_ASSISTANT_URL", value_name = "URL", hide_env_values = true)]
    pub url: Option<BaseUrl>,

    /// The endpoint's key, if it wants one. Better in the environment or the file than on the command line
    #[arg(long = "assistant-key", env = "SSE_ASSISTANT_KEY", value_name = "KEY", hide_env_values = true)]
    #[arg(value_parser = secret::key)]
    pub key: Option<Secret>,

    /// The model to ask the endpoint for
    #[arg(long = "assistant-model", env = "SSE_ASSISTANT_MODEL", value_name = "NAME", value_parser = model)]
    pub model: Option<String>,

    /// The longest that the endpoint may be silent, before an answer and within it
    #[arg(long = "assistant-timeout", env = "SSE_ASSISTANT_TIMEOUT", value_name = "TIME")]
    #[arg(default_value = "60s", value_parser = duration)]
    pub timeout: Duration,

    /// How long an answer goes on when nobody listens
    #[arg(long = "assistant-linger", env = "SSE_ASSISTANT_LINGER", value_name = "TIME")]
    #[arg(default_value = "30s", value_parser = duration)]
    pub linger: Duration,

    /// How many tokens a second the built-in generator makes up, from 1 to 10000
    #[arg(long = "assistant-pace", env = "SSE_ASSISTANT_PACE", value_name = "NUMBER", default_value = "30")]
    #[arg(value_parser = number(1.0..=10_000.0))]
    pub pace: f64,
}

impl Default for AssistantConfig {
    fn default() -> Self {
        crate::Config::default().assistant
    }
}

/// The base of an endpoint: `http` or `https`, and nothing in it that is secret, so it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The URL, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    /// Errors do not repeat the text: what is refused may be a URL with a password.
    fn from_str(text: &str) -> Result<Self, String> {
        let url: reqwest::Url =
            text.parse().map_err(|_| "expected a URL, such as https://api.example.org/v1".to_owned())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err("expected http or https, without a query".into());
        }
        match url.username().is_empty() && url.password().is_none() {
            true => Ok(Self(text.trim_end_matches('/').to_owned())),
            false => Err("a key belongs in assistant-key, not in the URL".into()),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn model(text: &str) -> Result<String, String> {
    match (1..=128).contains(&text.len()) && !text.chars().any(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err("expected a name of 1 to 128 bytes".into()),
    }
}
