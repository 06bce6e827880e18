use leptos_eventsource::sse_events::EncodeError;
use leptos_eventsource::{DecodeError, EventSet};
use serde::{Deserialize, Serialize};

/// What comes as the data of the last event, in place of JSON.
const DONE: &str = "[DONE]";

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The text goes on with this; empty where a chunk says something else.
    Text(String),
    /// The server failed in the middle, and says why.
    Failed(String),
    /// The answer is complete.
    Done,
}

/// A chunk, as far as it matters here. Servers add fields, and leave out what they have nothing to say about.
#[derive(Serialize, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ApiError>,
}

#[derive(Serialize, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Serialize, Deserialize)]
struct Delta {
    content: Option<String>,
}

/// An error, in the stream or in place of it: some servers write an object, some a text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum ApiError {
    Object { message: String },
    Text(String),
}

impl ApiError {
    pub(crate) fn into_message(self) -> String {
        match self {
            Self::Object { message } | Self::Text(message) => message,
        }
    }
}

/// All chunks come under one type, or without one; some servers name the error.
impl EventSet for Piece {
    const EVENT_TYPES: &'static [&'static str] = &["message", "error"];

    fn event_type(&self) -> &'static str {
        "message"
    }

    fn encode(&self) -> Result<String, EncodeError> {
        let chunk = match self {
            Self::Done => return Ok(DONE.to_owned()),
            Self::Text(text) => {
                let delta = Delta { content: Some(text.clone()) };
                Chunk { choices: vec![Choice { delta }], error: None }
            }
            Self::Failed(message) => {
                let error = ApiError::Object { message: message.clone() };
                Chunk { choices: Vec::new(), error: Some(error) }
            }
        };
        serde_json::to_string(&chunk).map_err(|error| EncodeError::new(self.event_type(), error))
    }

    fn decode(event_type: &str, data: &str) -> Result<Self, DecodeError> {
        if data == DONE {
            return Ok(Self::Done);
        }
        let chunk: Chunk =
            serde_json::from_str(data).map_err(|error| DecodeError::data(event_type, data, error))?;
        if let Some(error) = chunk.error {
            return Ok(Self::Failed(error.into_message()));
        }
        let first = chunk.choices.into_iter().next();
        Ok(Self::Text(first.and_then(|choice| choice.delta.content).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(data: &str) -> Piece {
        Piece::decode("message", data).expect("is a piece")
    }

    #[test]
    fn chunks_as_servers_send_them() {
        for (data, text) in [
            (r#"{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}"#, "Hel"),
            (r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#, ""),
            (r#"{"choices":[{"index":0,"delta":{"content":null,"tool_calls":[]}}]}"#, ""),
            (r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, ""),
            (r#"{"choices":[],"usage":{"completion_tokens":3}}"#, ""),
        ] {
            assert_eq!(decoded(data), Piece::Text(text.to_owned()), "{data}");
        }
        assert_eq!(decoded("[DONE]"), Piece::Done);
    }

    #[test]
    fn an_error_is_told_in_the_words_of_the_server() {
        for data in [r#"{"error":{"message":"overloaded","code":529}}"#, r#"{"error":"overloaded"}"#] {
            assert_eq!(decoded(data), Piece::Failed("overloaded".to_owned()), "{data}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_an_error_and_not_silence() {
        for data in ["", "null", "<html>", "[done]"] {
            assert!(Piece::decode("message", data).is_err(), "{data}");
        }
    }

    #[test]
    fn what_is_encoded_can_be_decoded() {
        for piece in [Piece::Text("a\n\"b\"".to_owned()), Piece::Failed("no".to_owned()), Piece::Done] {
            let data = piece.encode().expect("can be encoded");
            assert_eq!(decoded(&data), piece);
        }
    }
}
