//! Answers from an OpenAI-compatible endpoint: streaming chat completions.

use std::collections::VecDeque;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use demo_contract::assistant::{FinishReason, Message, Question};
use reqwest::redirect;
use serde::{Deserialize, Serialize};
use sse_proto::{Decoder, Frame, Limits};
use tokio::time::timeout;

use super::model::{BrokenOff, Word};
use crate::config::AssistantConfig;
use crate::json::media_type;
use crate::origin::is_loopback;
use crate::problem::Refusal;
use crate::secret::Secret;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest line or event of a stream, in bytes. A usual one has three hundred.
const MAX_EVENT: usize = 1024 * 1024;

/// The most bytes of an error that are read, and the most characters that are passed on.
const MAX_ERROR: usize = 16 * 1024;
const MAX_SHOWN: usize = 200;

/// The longest that clients are told to wait because the endpoint said so.
const MAX_RETRY_AFTER: u64 = 3_600;

/// An endpoint.
#[derive(Debug)]
pub(super) struct Upstream {
    client: reqwest::Client,
    url: String,
    key: Option<Secret>,
    model: String,
    timeout: Duration,
}

/// An answer that is being streamed to us.
#[derive(Debug)]
pub(super) struct Completion {
    response: reqwest::Response,
    decoder: Decoder,
    /// What was decoded and not handed out. An error is the last of it.
    words: VecDeque<Result<Word, BrokenOff>>,
    /// What the model said of its end; the end itself follows.
    finish: Option<FinishReason>,
    timeout: Duration,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    messages: &'a [Message],
    stream: bool,
}

/// An event of the stream, as far as it is of use.
#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Failure>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<String>,
}

/// The body of an error, or an error in the stream. Some say it in an object, some in a string.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Failure {
    Object { message: String },
    Text(String),
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct FailureBody {
    error: Failure,
}

impl Upstream {
    /// The endpoint of the configuration, if it names one.
    pub(super) fn new(config: &AssistantConfig) -> Result<Option<Self>, String> {
        let Some(base) = &config.url else { return Ok(None) };
        let model = config.model.clone().ok_or("assistant-model: must be set with assistant-url")?;
        let url = format!("{base}/chat/completions");
        let mut client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // The question and the key are for this endpoint and no other.
            .redirect(redirect::Policy::none());
        let host = base.as_str().split("://").nth(1).and_then(|rest| rest.split('/').next());
        if host.is_some_and(is_loopback) {
            // No proxy of the environment knows this machine by that name.
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| format!("assistant-url: {error}"))?;
        let key = config.key.clone();
        Ok(Some(Self { client, url, key, model, timeout: config.timeout }))
    }

    pub(super) fn model(&self) -> &str {
        &self.model
    }

    /// Asks, and waits until the endpoint says that it will stream an answer.
    pub(super) async fn ask(&self, question: &Question) -> Result<Completion, Refusal> {
        let body = Request { model: &self.model, messages: &question.messages, stream: true };
        // Three fields of strings always serialise.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, sse_proto::MEDIA_TYPE)
            .body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose());
        }
        let response = match timeout(self.timeout, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let reason = format!("the model's endpoint was not reached: {}", error.without_url());
                return Err(bad_gateway("the model's endpoint cannot be reached").because(reason));
            }
            Err(_) => {
                let detail = "the model's endpoint did not answer in time";
                return Err(Refusal::new(StatusCode::GATEWAY_TIMEOUT, detail));
            }
        };
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        let media_type = media_type(response.headers());
        if media_type != sse_proto::MEDIA_TYPE {
            let detail = "the model's endpoint did not answer with an event stream";
            return Err(bad_gateway(detail).because(format_args!("{detail}, but with {media_type:?}")));
        }
        let limits = Limits::default().with_line(MAX_EVENT).with_event(MAX_EVENT);
        Ok(Completion {
            response,
            decoder: Decoder::new(limits),
            words: VecDeque::new(),
            finish: None,
            timeout: self.timeout,
        })
    }

    /// What the endpoint's refusal means to whoever asked us.
    async fn refused(&self, response: reqwest::Response) -> Refusal {
        let status = response.status();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let refusal = match status {
            // What it says of a key may hold a part of it.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                bad_gateway(format!("the model's endpoint refused this server's key ({})", status.as_u16()))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let wait = Duration::from_secs(retry_after.unwrap_or(10_u64).min(MAX_RETRY_AFTER));
                Refusal::unavailable("the model is asked too much at the moment", wait)
            }
            _ => {
                let said = timeout(self.timeout, read_failure(response)).await.ok().flatten();
                let said = said.map(|said| format!(": {}", self.presentable(&said))).unwrap_or_default();
                bad_gateway(format!("the model's endpoint refused the question ({}){said}", status.as_u16()))
            }
        };
        // What it said is not the log's: it may repeat what was asked.
        refusal.because(format_args!("the model's endpoint refused a question ({})", status.as_u16()))
    }

    /// Words of a stranger, for our clients: without our key, short, and on one line.
    fn presentable(&self, text: &str) -> String {
        let text = match &self.key {
            Some(key) => text.replace(key.expose(), "[key]"),
            None => text.to_owned(),
        };
        presentable(&text)
    }
}

impl Completion {
    /// The next of the answer.
    pub(super) async fn next(&mut self) -> Result<Word, BrokenOff> {
        loop {
            if let Some(word) = self.words.pop_front() {
                return word;
            }
            let broke = match timeout(self.timeout, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    // What came before an error is part of the answer.
                    if let Err(error) = self.handle_chunk(&chunk) {
                        self.words.push_back(Err(error));
                    }
                    continue;
                }
                Ok(Ok(None)) => "the model's endpoint closed the stream in the middle",
                Ok(Err(error)) => {
                    tracing::warn!(error = %error.without_url(), "the model's stream broke");
                    "the connection to the model broke"
                }
                Err(_) => "the model fell silent",
            };
            // Some say how the answer ended, and then no more.
            return match self.finish {
                Some(finish) => Ok(Word::Finished(finish)),
                None => {
                    tracing::warn!(broke, "an answer broke off");
                    Err(broken(broke))
                }
            };
        }
    }

    fn handle_chunk(&mut self, chunk: &[u8]) -> Result<(), BrokenOff> {
        let mut frames = self.decoder.decode(chunk);
        loop {
            let frame = frames.next().map_err(|error| {
                tracing::warn!(%error, "the model's stream passed a limit");
                broken("the model sent more at once than is taken")
            })?;
            let data = match frame {
                Some(Frame::Event(event)) => event.data,
                Some(_) => continue,
                None => return Ok(()),
            };
            if data == "[DONE]" {
                self.words.push_back(Ok(Word::Finished(self.finish.unwrap_or(FinishReason::Complete))));
                return Ok(());
            }
            let chunk: Chunk = match serde_json::from_str(data) {
                Ok(chunk) => chunk,
                Err(error) => {
                    tracing::warn!(%error, "the model sent what is no piece of an answer");
                    return Err(broken("the model sent something that is no piece of an answer"));
                }
            };
            if let Some(failure) = chunk.error {
                // Not shown: in the middle of a stream it is about the endpoint's own affairs.
                tracing::warn!(said = presentable(&failure.into_text()), "the model's endpoint failed");
                return Err(broken("the model's endpoint failed"));
            }
            // One answer was asked for.
            let Some(choice) = chunk.choices.into_iter().next() else { continue };
            if let Some(text) = choice.delta.and_then(|delta| delta.content).filter(|text| !text.is_empty()) {
                self.words.push_back(Ok(Word::Token(text)));
            }
            if let Some(reason) = choice.finish_reason {
                self.finish = Some(match reason.as_str() {
                    "length" => FinishReason::Length,
                    "content_filter" => FinishReason::Filtered,
                    _ => FinishReason::Complete,
                });
            }
        }
    }
}

impl Failure {
    fn into_text(self) -> String {
        match self {
            Self::Object { message } => message,
            Self::Text(text) => text,
            Self::Other(_) => "something without words".into(),
        }
    }
}

async fn read_failure(mut response: reqwest::Response) -> Option<String> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ERROR {
            return None;
        }
    }
    serde_json::from_slice::<FailureBody>(&body).ok().map(|body| body.error.into_text())
}

fn presentable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SHOWN).collect()
}

fn bad_gateway(detail: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_GATEWAY, detail)
}

fn broken(detail: &str) -> BrokenOff {
    BrokenOff(detail.to_owned())
}
