use std::time::Duration;

use leptos_eventsource::transport::{Fetch, InvalidHeader, Refusal};
use serde::{Deserialize, Serialize};

use crate::piece::ApiError;

/// How long a model may read before it answers. A local one takes its time over a long conversation.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// How much of a refusal is shown that is not in the format.
const SHOWN: usize = 300;

/// One message of a conversation, as the format has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    pub(crate) role: Role,
    pub(crate) content: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    User,
    Assistant,
}

/// A question, with the conversation before it, and whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) base_url: String,
    pub(crate) key: String,
    pub(crate) model: String,
    pub(crate) messages: Vec<Message>,
}

impl Request {
    pub(crate) fn url(&self) -> String {
        format!("{}/chat/completions", self.base_url.trim().trim_end_matches('/'))
    }

    /// The POST that asks. It is sent once: an answer costs money, and what is lost of it is not sent again by itself.
    pub(crate) fn fetch(&self) -> Result<Fetch, InvalidHeader> {
        let fetch = Fetch::post(self.body()).with_header("content-type", "application/json")?;
        match self.key.trim() {
            // Servers on one's own machine need none.
            "" => Ok(fetch),
            // A header and not `with_bearer`: this key is the only one, so there is none to try after it.
            key => fetch.with_header("authorization", &format!("Bearer {key}")),
        }
    }

    fn body(&self) -> String {
        serde_json::json!({ "model": self.model.trim(), "messages": self.messages, "stream": true })
            .to_string()
    }
}

/// What a refusal says to a person: the error in it, or the beginning of what there is.
pub(crate) fn reason(refusal: &Refusal) -> String {
    #[derive(Deserialize)]
    struct Body {
        error: ApiError,
    }
    match serde_json::from_str::<Body>(&refusal.body) {
        Ok(body) => body.error.into_message(),
        Err(_) => refusal.body.chars().take(SHOWN).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(base_url: &str, key: &str) -> Request {
        let question = Message { role: Role::User, content: "why?".to_owned() };
        Request {
            base_url: base_url.to_owned(),
            key: key.to_owned(),
            model: "m".to_owned(),
            messages: vec![question],
        }
    }

    #[test]
    fn the_request_is_that_of_the_format() {
        let request = request("http://localhost:11434/v1/ ", "");
        assert_eq!(request.url(), "http://localhost:11434/v1/chat/completions");
        let body: serde_json::Value = serde_json::from_str(&request.body()).expect("is JSON");
        let expected = serde_json::json!({
            "model": "m",
            "messages": [{ "role": "user", "content": "why?" }],
            "stream": true,
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_key_that_cannot_be_sent_is_an_error() {
        assert!(request("/v1", "sk-1").fetch().is_ok());
        assert!(request("/v1", "sk-\u{201c}1\u{201d}").fetch().is_err());
    }
}
